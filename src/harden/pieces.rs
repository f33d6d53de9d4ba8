//! Long files are hardened piece by piece, so that few of their documents are in memory as trees, and on all processors.

use crate::yaml::{Chunk, are_chunks, chunks};

/// How much text makes a piece, in bytes. A document is never cut.
const PIECE: usize = 1 << 20;

/// Some documents of a file that are read the same when nothing else stands around them.
#[derive(Debug)]
pub(super) struct Piece<'t> {
    /// Where in the file's text it begins.
    pub(super) offset: usize,
    /// Its text.
    pub(super) text: &'t str,
    /// How many documents stand before it.
    pub(super) before: usize,
    /// Its documents; positions and offsets are those in the piece, lines those in the file.
    pub(super) chunks: Vec<Chunk<'t>>,
}

impl<'t> Piece<'t> {
    fn new(text: &'t str, offset: usize, cut: Vec<Chunk<'t>>) -> Self {
        let before = cut.first().map_or(0, |chunk| chunk.index);
        let of_piece = |chunk: Chunk<'t>| Chunk { index: chunk.index - before, offset: chunk.offset - offset, ..chunk };
        Self { offset, text, before, chunks: cut.into_iter().map(of_piece).collect() }
    }

    /// The whole file as one piece.
    pub(super) fn whole(text: &'t str) -> Self {
        Self::new(text, 0, chunks(text))
    }

    /// Whether the piece alone has the same documents.
    fn is_read_alone(&self) -> bool {
        let is_same = |one: &Chunk<'_>, other: &Chunk<'_>| {
            (one.text, one.offset, &one.kind) == (other.text, other.offset, &other.kind)
        };
        are_chunks(self.text, &self.chunks, is_same)
    }
}

/// The pieces of a file, in order: one where it cannot be parted.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let whole = || vec![Piece::whole(text)];
    if text.len() < 2 * PIECE {
        return whole();
    }
    let mut pieces = Vec::new();
    let mut part: Vec<Chunk<'_>> = Vec::new();
    let mut cut = chunks(text).into_iter().peekable();
    while let Some(chunk) = cut.next() {
        part.push(chunk);
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let (start, end) = (first.offset, last.offset + last.text.len());
        if end - start >= PIECE || cut.peek().is_none() {
            pieces.push(Piece::new(&text[start..end], start, std::mem::take(&mut part)));
        }
    }
    if pieces.iter().all(Piece::is_read_alone) { pieces } else { whole() }
}

/// The file's text with the new texts of its pieces; `None` where no piece has one.
///
/// # Errors
///
/// Together they would not be read as they are alone.
pub(super) fn joined(
    text: &str,
    pieces: &[Piece<'_>],
    mut edited: Vec<Option<String>>,
) -> Result<Option<String>, Misread> {
    if edited.iter().all(Option::is_none) {
        return Ok(None);
    }
    if let ([whole], [only]) = (pieces, edited.as_mut_slice())
        && whole.text.len() == text.len()
    {
        return Ok(only.take());
    }
    let mut new = String::with_capacity(text.len() + text.len() / 8);
    let mut done = 0;
    for (piece, edited) in pieces.iter().zip(&edited) {
        new.push_str(&text[done..piece.offset]);
        new.push_str(edited.as_deref().unwrap_or(piece.text));
        done = piece.offset + piece.text.len();
    }
    new.push_str(&text[done..]);
    new.shrink_to_fit();
    let kind = |chunk: &Chunk<'_>| std::mem::discriminant(&chunk.kind);
    let old = pieces.iter().flat_map(|piece| &piece.chunks);
    if are_chunks(&new, old, |new, old| kind(new) == kind(old)) { Ok(Some(new)) } else { Err(Misread) }
}

/// Pieces that are not read alike once they stand together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misread;

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(text: &str) -> Vec<(usize, usize)> {
        pieces(text).iter().map(|piece| (piece.offset, piece.before)).collect()
    }

    #[test]
    fn long_files_are_parted_between_documents() {
        let long = format!("a: {}\n", "x".repeat(PIECE - 5));
        let text = format!("---\n{long}---\nb: 1\n---\n{long}---\nc: 1\n");
        // A separator at the start belongs to the first document, those between to none.
        assert_eq!(offsets(&text), [(0, 0), (PIECE + 7, 1), (2 * PIECE + 19, 3)]);
        assert_eq!(offsets(&text[..PIECE]), [(0, 0)]);
        // The start of a file decides whether it is JSON, so that a piece which starts with a brace would be another file.
        let braces = format!("{long}b: 1\n---\n{{\"a\": 1}}\n---\n{long}---\nc: 1\n");
        assert_eq!(offsets(&braces), [(0, 0)]);
        let values = format!("{{\"a\":\"{}\"}}\n", "x".repeat(PIECE)).repeat(3);
        assert_eq!(offsets(&values).len(), 3);
    }

    #[test]
    fn new_texts_come_where_the_old_ones_stood() {
        let long = format!("a: {}\n", "x".repeat(PIECE));
        let text = format!("{long}--- # one\n{long}---\n{long}");
        let parts = pieces(&text);
        assert_eq!(parts.len(), 3);
        assert_eq!(joined(&text, &parts, vec![None, None, None]), Ok(None));
        let new = joined(&text, &parts, vec![None, Some("b: 1\n".to_owned()), None]).unwrap().unwrap();
        assert_eq!(new, format!("{long}--- # one\nb: 1\n---\n{long}"));
        // Without its line break the next separator would be none.
        assert_eq!(joined(&text, &parts, vec![None, Some("b: 1".to_owned()), None]), Err(Misread));
    }
}
