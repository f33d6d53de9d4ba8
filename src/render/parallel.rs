//! Writes long lists with all processors at work.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use rayon::prelude::*;

/// Items rendered before anything of them is written: bounds what is held in memory.
const WINDOW: usize = 512;
/// Items that one processor takes at a time.
const PART: usize = 32;

/// Windows that wait to be written while the next one is rendered.
const WAITING: usize = 2;

/// Renders each item by `render` and writes the texts in the order of the items. Rendering and writing go on at once.
pub(super) fn in_order<T: Sync>(
    items: &[T],
    out: &mut dyn Write,
    render: impl Fn(&T, &mut Vec<u8>) -> io::Result<()> + Sync,
) -> io::Result<()> {
    let texts = |window: &[T]| -> io::Result<Vec<Vec<u8>>> {
        window
            .par_chunks(PART)
            .map(|part| {
                let mut text = Vec::with_capacity(part.len() * 2048);
                part.iter().try_for_each(|item| render(item, &mut text))?;
                Ok(text)
            })
            .collect()
    };
    if items.len() <= PART {
        return texts(items)?.iter().try_for_each(|text| out.write_all(text));
    }
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        // Ends by itself when nobody takes its texts any more.
        scope.spawn(move || items.chunks(WINDOW).all(|window| sender.send(texts(window)).is_ok()));
        for window in receiver {
            window?.iter().try_for_each(|text| out.write_all(text))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_over_many_windows() {
        let items: Vec<usize> = (0..WINDOW * 2 + 5).collect();
        let mut out = Vec::new();
        in_order(&items, &mut out, |item, text| writeln!(text, "{item}")).unwrap();
        let expected: String = items.iter().map(|item| format!("{item}\n")).collect();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_first_error_ends_it() {
        let fails = |item: &u8, _: &mut Vec<u8>| if *item == 7 { Err(io::Error::other("seven")) } else { Ok(()) };
        let error = in_order(&[1, 7, 9], &mut Vec::new(), fails).unwrap_err();
        assert_eq!(error.to_string(), "seven");
    }
}
