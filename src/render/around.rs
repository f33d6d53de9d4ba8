//! A document with a list in its middle, of which the items are written while others are still to come.

use std::io::{self, Write};

use memchr::memmem;

/// What stands before and behind the items of the list. What stands before is the same however many items come.
#[derive(Debug)]
pub(super) struct Around {
    /// The whole document where there is no item.
    text: Vec<u8>,
    /// Where in the text the list stands.
    list: std::ops::Range<usize>,
    open: &'static str,
    close: String,
}

impl Around {
    /// Splits a document at the first place where the list stands in it, empty. Where it has items, what `open` says
    /// begins it, and what `close` says ends it.
    pub(super) fn split(text: Vec<u8>, empty: &str, open: &'static str, close: &str) -> Self {
        let start = memmem::find(&text, empty.as_bytes());
        debug_assert!(start.is_some(), "the document has the list");
        let list = start.map_or(text.len()..text.len(), |start| start..start + empty.len());
        Self { text, list, open, close: close.to_owned() }
    }

    /// Writes what comes before the first item.
    pub(super) fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.text.get(..self.list.start).unwrap_or_default())?;
        out.write_all(self.open.as_bytes())
    }

    /// Writes what comes after the last item.
    pub(super) fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.close.as_bytes())?;
        out.write_all(self.text.get(self.list.end..).unwrap_or_default())
    }

    /// Writes the document with no item in it.
    pub(super) fn empty(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.text)
    }
}
