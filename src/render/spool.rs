//! Text that has to wait until what comes before it is known: in memory while it is short, then in a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes that are kept in memory.
const MOST: usize = 4 << 20;

/// Takes text, and gives it back once.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    /// Holds what came before `memory`; it has no name any more and goes with the process.
    file: Option<File>,
    /// Whether there is nowhere to put a file: then memory has to do.
    has_no_place: bool,
}

impl Spool {
    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.file.is_none()
    }

    /// Everything that was written, from the beginning.
    pub(super) fn into_reader(self) -> io::Result<impl Read> {
        let file: Box<dyn Read> = match self.file {
            Some(mut file) => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
            None => Box::new(io::empty()),
        };
        Ok(file.chain(io::Cursor::new(self.memory)))
    }

    /// Writes everything to `out` but the first `skipped` bytes.
    pub(super) fn copy(self, skipped: u64, out: &mut dyn Write) -> io::Result<()> {
        let mut reader = self.into_reader()?;
        io::copy(&mut reader.by_ref().take(skipped), &mut io::sink())?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(()),
                read => out.write_all(&buffer[..read])?,
            }
        }
    }

    fn roll(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            match tempfile::tempfile() {
                Ok(file) => self.file = Some(file),
                Err(_) => self.has_no_place = true,
            }
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        Ok(())
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > MOST && !self.has_no_place {
            self.roll()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(spool: Spool, skipped: u64) -> Vec<u8> {
        let mut out = Vec::new();
        spool.copy(skipped, &mut out).unwrap();
        out
    }

    #[test]
    fn gives_back_what_it_took_however_much_it_is() {
        for size in [0, 1, MOST, MOST * 2 + 3] {
            let text: Vec<u8> = (0..size).map(|at| (at / 7) as u8).collect();
            for part in [1 << 12, MOST + 1] {
                let mut spool = Spool::default();
                text.chunks(part).for_each(|part| spool.write_all(part).unwrap());
                assert_eq!(spool.is_empty(), size == 0);
                assert_eq!(spool.file.is_some(), size > MOST);
                assert!(text_of(spool, 0) == text, "{size} by {part}");
            }
        }
    }

    #[test]
    fn begins_where_it_is_told_to() {
        let mut spool = Spool::default();
        spool.write_all(b",abc").unwrap();
        assert_eq!(text_of(spool, 1), b"abc");
    }

    #[test]
    fn memory_has_to_do_where_there_is_no_place_for_a_file() {
        let mut spool = Spool { has_no_place: true, ..Spool::default() };
        spool.write_all(&vec![b'x'; MOST + 1]).unwrap();
        assert!(spool.file.is_none());
        assert_eq!(text_of(spool, 0).len(), MOST + 1);
    }
}
