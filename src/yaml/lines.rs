//! From byte offsets to lines and columns.

use super::problem::characters;

/// Where the lines of a text start. Made when the first line is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lines {
    starts: Vec<u32>,
    /// How many characters there are before each block of text; empty where characters are bytes.
    ///
    /// A line may be as long as the document, and columns are asked for by the thousand.
    characters: Vec<u32>,
}

/// The block size, in bytes.
const BLOCK: usize = 1024;

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        // Counted first: where all lines are empty, growing would take more room than the text.
        let mut starts = Vec::with_capacity(memchr::memchr_iter(b'\n', bytes).count() + 1);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|feed| super::scanner::small(feed + 1)));
        let characters = if bytes.is_ascii() { Vec::new() } else { sums(bytes) };
        Self { starts, characters }
    }

    /// Line, and column in characters, of an offset; both counted from 0.
    pub(super) fn place(&self, text: &str, at: u32) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at) - 1;
        let (start, at) = (self.starts[line] as usize, (at as usize).min(text.len()));
        let column = match self.characters.is_empty() {
            true => at.saturating_sub(start),
            false if at.saturating_sub(start) < BLOCK => characters(&text.as_bytes()[start.min(at)..at]),
            false => self.before(text, at) - self.before(text, start),
        };
        (line, column)
    }

    /// How many characters there are before an offset.
    fn before(&self, text: &str, at: usize) -> usize {
        let block = at / BLOCK;
        self.characters[block] as usize + characters(&text.as_bytes()[block * BLOCK..at])
    }
}

fn sums(bytes: &[u8]) -> Vec<u32> {
    let mut total = 0;
    let mut sums = vec![0];
    sums.extend(bytes.chunks(BLOCK).map(|block| {
        total += super::scanner::small(characters(block));
        total
    }));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\né€😀b\n\nc";
        let lines = Lines::of(text);
        let places: Vec<_> = text.char_indices().map(|(at, _)| lines.place(text, u32::try_from(at).unwrap())).collect();
        assert_eq!(places, [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 0), (3, 0)]);
        assert_eq!(lines.place(text, 15), (3, 1));
    }

    #[test]
    fn long_lines_have_columns_too() {
        let text = format!("x\n{}", "aé€".repeat(5000));
        let lines = Lines::of(&text);
        for (column, (at, _)) in text[2..].char_indices().enumerate() {
            assert_eq!(lines.place(&text, u32::try_from(at + 2).unwrap()), (1, column));
        }
        let ascii = "a".repeat(5000);
        assert_eq!(Lines::of(&ascii).place(&ascii, 4999), (0, 4999));
    }
}
