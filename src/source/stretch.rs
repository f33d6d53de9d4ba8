//! Reads an input a stretch of documents at a time, so that a file may be larger than memory.

use std::fs;
use std::io::{self, Read};
use std::sync::Arc;

use super::binary::{NO_TEXT, TELLING, are_binary, is_binary, is_utf_16};
use super::input::{self, Input, describe};
use super::{Manifest, bytes};
use crate::report::Origin;
use crate::yaml::{Start, Text, starts_as_json, whole_documents};

/// Bytes of a stretch, unless a document is longer.
const STRETCH: usize = 1 << 17;

/// Whether an input is a file that comes to one stretch.
#[must_use]
pub fn is_short(input: &Input) -> bool {
    let Input::File { path, .. } = input else { return false };
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= STRETCH as u64)
}

/// Opens an input to be read a stretch at a time. Files and standard input are read along the way; what is JSON or UTF-16
/// comes in one stretch, since it can be cut nowhere without reading it.
///
/// # Errors
///
/// A sentence that says what could not be read and why.
pub fn stretches(input: &Input) -> Result<Stretches, String> {
    let (reader, left): (Box<dyn Read + Send>, _) = match input {
        Input::Stdin => (Box::new(io::stdin()), 0),
        Input::File { path, .. } => {
            let file = input::open(path)?;
            let length = input::length(&file);
            (Box::new(file), length)
        }
        _ => {
            let bytes = bytes(input)?;
            let length = bytes.len();
            (Box::new(io::Cursor::new(bytes)), length)
        }
    };
    Ok(Stretches { left, ..Stretches::new(input.name(), input.origin(), reader, STRETCH) })
}

/// The stretches of an input, in order. The first error is the last item.
pub struct Stretches {
    name: Arc<str>,
    origin: Origin,
    /// `None` where nothing is to come any more.
    reader: Option<Box<dyn Read + Send>>,
    /// How many bytes the reader still has, as far as is known.
    left: usize,
    /// What was read and not handed out yet.
    buffer: Vec<u8>,
    /// Bytes of a stretch, unless a document is longer.
    size: usize,
    start: Start,
}

impl Stretches {
    fn new(name: Arc<str>, origin: Origin, reader: Box<dyn Read + Send>, size: usize) -> Self {
        Self { name, origin, reader: Some(reader), left: 0, buffer: Vec::new(), size, start: Start::default() }
    }

    /// The next stretch; an empty file has an empty one.
    fn read(&mut self) -> Result<Option<Manifest>, String> {
        if self.reader.is_none() {
            return Ok(None);
        }
        let start = self.start;
        let is_first = start == Start::default();
        self.fill(self.size)?;
        let binary = || Err(NO_TEXT.to_owned());
        if is_first && are_binary(&self.buffer) {
            // Without reading on: it may be a device that never ends.
            return binary();
        }
        if is_first && must_be_whole(&self.buffer) {
            self.fill(usize::MAX)?;
        }
        let text = Text::decode(self.cut()?);
        if is_first && is_binary(&text) {
            return binary();
        }
        Ok(Some(Manifest { name: Arc::clone(&self.name), text, origin: self.origin.clone(), start }))
    }

    /// Takes whole documents out of the buffer, for which more is read if need be.
    fn cut(&mut self) -> Result<Vec<u8>, String> {
        let mut wanted = self.size;
        while self.reader.is_some() {
            if let Some((length, documents)) = whole_documents(&self.buffer) {
                let rest = self.buffer.split_off(length);
                let whole = std::mem::replace(&mut self.buffer, rest);
                self.start.line += memchr::memchr_iter(b'\n', &whole).count();
                self.start.document += documents;
                return Ok(whole);
            }
            // Twice as much each time, so that a long document is not looked through too often.
            wanted = wanted.saturating_mul(2);
            self.fill(wanted)?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Reads until the buffer holds this many bytes, or to the end.
    fn fill(&mut self, size: usize) -> Result<(), String> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        let missing = size.saturating_sub(self.buffer.len());
        /// Room that costs nothing where it is not used; to make it bit by bit, what was read would be moved as often.
        const ROOM: usize = 64 << 20;
        let expected = if missing <= self.size { missing } else { missing.max(ROOM).min(self.left) };
        self.buffer.try_reserve_exact(expected).map_err(|error| error.to_string())?;
        let read = reader.take(missing as u64).read_to_end(&mut self.buffer).map_err(|error| describe(&error))?;
        self.left = self.left.saturating_sub(read);
        if read < missing {
            self.reader = None;
        }
        Ok(())
    }
}

/// Whether a file that starts with these bytes can be cut nowhere.
fn must_be_whole(bytes: &[u8]) -> bool {
    is_utf_16(bytes) || bytes.starts_with(b"\xEF\xBB\xBF") || {
        let head = &bytes[..bytes.len().min(TELLING)];
        starts_as_json(&String::from_utf8_lossy(head))
    }
}

impl Iterator for Stretches {
    type Item = Result<Manifest, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if next.is_err() {
            self.reader = None;
            self.buffer = Vec::new();
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::chunks;

    fn of(bytes: &[u8], size: usize) -> Stretches {
        let reader = Box::new(io::Cursor::new(bytes.to_vec()));
        Stretches::new("a.yaml".into(), Origin::File, reader, size)
    }

    /// Index, line and text of each document.
    fn documents(stretches: Stretches) -> Vec<(usize, usize, String)> {
        let manifests: Vec<Manifest> = stretches.map(Result::unwrap).collect();
        let cut = manifests.iter().flat_map(Manifest::chunks);
        cut.map(|chunk| (chunk.index, chunk.line, chunk.text.to_owned())).collect()
    }

    fn at_once(text: &str) -> Vec<(usize, usize, String)> {
        chunks(text).into_iter().map(|chunk| (chunk.index, chunk.line, chunk.text.to_owned())).collect()
    }

    #[test]
    fn stretches_hold_the_documents_of_the_file() {
        let text: String = (0..200).map(|at| format!("# {}\n---\na: {at}\n", "é".repeat(at))).collect();
        for size in [1, 100, 5000, 1 << 20] {
            assert_eq!(documents(of(text.as_bytes(), size)), at_once(&text), "by {size}");
        }
        let most = of(text.as_bytes(), 1000).map(|stretch| stretch.unwrap().text.len()).max();
        assert!(most < Some(2000), "{most:?}");
    }

    #[test]
    fn json_and_utf_16_come_whole() {
        let json = "  {\"a\": 1}\n{\"a\":\n2}\n".repeat(300);
        assert_eq!(documents(of(json.as_bytes(), 10)), at_once(&json));
        let yaml = "a: 1\n---\nb: 2\n";
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(yaml.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(documents(of(&utf16, 2)), at_once(yaml));
        let marked = format!("\u{FEFF}{yaml}");
        assert_eq!(documents(of(marked.as_bytes(), 3)), at_once(yaml));
    }

    #[test]
    fn what_is_empty_or_binary_is_one_stretch() {
        assert_eq!(of(b"", 10).count(), 1);
        let binary = [b"a: 1\n---\n".repeat(10), vec![0], b"---\na: 1\n".repeat(5000)].concat();
        let read: Vec<_> = of(&binary, 8192).collect();
        assert_eq!(read.len(), 1);
        assert!(read[0].is_err());
    }
}
