//! Cuts a file into documents exactly where kubectl does.
//!
//! That is not where YAML does: any line that starts with `---` is a separator, inside block scalars too, and two
//! separators in a row hold no document between them (`YAMLReader` in `k8s.io/apimachinery/pkg/util/yaml`).

use super::Error;
use super::json;
use super::problem::{characters, shown};

/// What a line between documents starts with.
const SEPARATOR: &str = "---";

/// One document of a file, not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Position in the file, counted from 0, empty documents included.
    pub index: usize,
    /// Byte offset of `text` in the file's text.
    pub offset: usize,
    /// Line of the file on which `text` starts, counted from 1.
    pub line: usize,
    /// Column in characters at which `text` starts, counted from 1. Only JSON documents start inside a line.
    pub column: usize,
    /// The document.
    pub text: &'a str,
    /// What the text is.
    pub kind: ChunkKind,
}

/// What a [`Chunk`]'s text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkKind {
    /// A YAML document.
    Yaml,
    /// One JSON value, known to be valid.
    Json,
    /// Something that kubectl refuses to cut.
    Broken(Box<Error>),
}

/// How far into a file kubectl looks for the brace that makes it JSON.
const LOOK_AHEAD: usize = 4096;

/// The documents of `text`, in order.
pub fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    visit_chunks(text, &mut |chunk| chunks.push(chunk));
    chunks
}

/// Hands out [`chunks`] one by one: of documents of a few bytes each, all of them take many times as much memory as their
/// text.
fn visit_chunks<'a>(text: &'a str, visit: &mut dyn FnMut(Chunk<'a>)) {
    let mut cutter = Cutter::new(text, Start::default(), visit);
    if !(starts_as_json(text) && cutter.json()) {
        cutter.yaml();
    }
}

/// Whether a text has as many documents as these, and each is as it should be. They are not all put beside one another:
/// there may be very many of them.
pub fn are_chunks<'t, 'o: 'c, 'c>(
    text: &'t str,
    others: impl IntoIterator<Item = &'c Chunk<'o>>,
    mut is_right: impl FnMut(&Chunk<'t>, &Chunk<'o>) -> bool,
) -> bool {
    let (mut others, mut are_right) = (others.into_iter(), true);
    visit_chunks(text, &mut |chunk| {
        are_right = are_right && others.next().is_some_and(|other| is_right(&chunk, other))
    });
    are_right && others.next().is_none()
}

/// The documents of a part of a file, which is where [`whole_documents`] cut it, or the file's end.
pub fn chunks_from(text: &str, start: Start) -> Vec<Chunk<'_>> {
    if start == Start::default() {
        return chunks(text);
    }
    let mut chunks = Vec::new();
    Cutter::new(text, start, &mut |chunk| chunks.push(chunk)).yaml();
    chunks
}

/// Where in a file a part of it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Position of its first document, counted from 0.
    pub document: usize,
}

impl Default for Start {
    /// That of a whole file.
    fn default() -> Self {
        Self { line: 1, document: 0 }
    }
}

/// Whether kubectl would try to read a file that starts with `text` as JSON, whose values can only be told apart by
/// reading them.
#[must_use]
pub fn starts_as_json(text: &str) -> bool {
    let start = text.len() - text.trim_start().len();
    start < LOOK_AHEAD && text[start..].starts_with('{')
}

/// How many bytes of a text that goes on are whole documents for sure, and how many documents they are: up to the last
/// separator behind which nothing depends on what came before. The text is YAML in UTF-8 and starts where a document does;
/// bytes that are no characters may be in it.
#[must_use]
pub fn whole_documents(text: &[u8]) -> Option<(usize, usize)> {
    let (mut start, mut at, mut documents) = (0, 0, 0);
    let mut found = None;
    while let Some(separator) = separator(text, at) {
        let Some(feed) = memchr::memchr(b'\n', &text[separator..]) else { break };
        let after = separator + feed + 1;
        let line = String::from_utf8_lossy(&text[separator + SEPARATOR.len()..after]);
        if separator > start {
            documents += 1;
            start = after;
        }
        if is_separator_rest(line.trim()) {
            at = after;
            found = if start == after { Some((after, documents)) } else { found };
        } else {
            let Some(next) = self::separator(text, after) else { break };
            documents += 1;
            (start, at) = (next, next);
        }
    }
    found
}

/// The first line from `at` on that starts with a separator; `at` must start a line, or follow JSON in one.
fn separator(text: &[u8], at: usize) -> Option<usize> {
    if text[at..].starts_with(SEPARATOR.as_bytes()) {
        return Some(at);
    }
    let feed = memchr::memmem::find(&text[at..], b"\n---")?;
    Some(at + feed + 1)
}

/// Whether this may stand on a separator's line, behind it.
fn is_separator_rest(content: &str) -> bool {
    content.is_empty() || content.starts_with('#')
}

struct Cutter<'a, 'v> {
    text: &'a str,
    /// Where the next document starts.
    place: Place,
    index: usize,
    visit: &'v mut dyn FnMut(Chunk<'a>),
}

/// A place in the file: lines and columns are counted along the way, not from the start each time.
#[derive(Clone, Copy)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    /// The place behind some text.
    fn behind(self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let offset = self.offset + text.len();
        match memchr::memrchr(b'\n', bytes) {
            None => Self { offset, line: self.line, column: self.column + characters(bytes) },
            Some(feed) => {
                let line = self.line + memchr::memchr_iter(b'\n', bytes).count();
                Self { offset, line, column: 1 + characters(&bytes[feed + 1..]) }
            }
        }
    }
}

impl<'a, 'v> Cutter<'a, 'v> {
    fn new(text: &'a str, start: Start, visit: &'v mut dyn FnMut(Chunk<'a>)) -> Self {
        let place = Place { offset: 0, line: start.line, column: 1 };
        Self { text, place, index: start.document, visit }
    }

    fn push(&mut self, place: Place, text: &'a str, kind: ChunkKind) {
        let Place { offset, line, column } = place;
        (self.visit)(Chunk { index: self.index, offset, line, column, text, kind });
        self.index += 1;
    }

    /// Cuts JSON values as long as there are any; false when the rest is YAML.
    ///
    /// kubectl tries JSON first where a file starts with a brace. When that fails at the first value, or right after
    /// it, the rest is taken for YAML; after two values it is an error.
    fn json(&mut self) -> bool {
        loop {
            let start = json::skip_space(self.text.as_bytes(), self.place.offset);
            if start == self.text.len() {
                return true;
            }
            let place = self.place.behind(&self.text[self.place.offset..start]);
            match json::end_of_value(self.text, start) {
                Ok(end) => {
                    let text = &self.text[start..end];
                    self.push(place, text, ChunkKind::Json);
                    self.place = place.behind(text);
                }
                Err(_) if self.index <= 1 && self.skip_blank_rest_of_line() => return false,
                Err(problem) => {
                    let Place { line, column, .. } = place.behind(&self.text[start..problem.at]);
                    let error = Error { line, column, message: problem.message };
                    self.push(place, &self.text[start..], ChunkKind::Broken(Box::new(error)));
                    return true;
                }
            }
        }
    }

    /// What follows a JSON value on its line, if only blanks, is not part of the YAML after it.
    ///
    /// kubectl looks at the text four bytes at a time, and fails where there are no more four.
    fn skip_blank_rest_of_line(&mut self) -> bool {
        const WINDOW: usize = 4;
        let rest = &self.text[self.place.offset..];
        let blank = rest.find(|c: char| c == '\n' || !c.is_whitespace()).unwrap_or(rest.len());
        if rest.len() - blank < WINDOW || rest[blank..].starts_with(char::REPLACEMENT_CHARACTER) {
            return false;
        }
        let end = if rest[blank..].starts_with('\n') { blank + 1 } else { blank };
        self.place = self.place.behind(&rest[..end]);
        true
    }

    fn yaml(&mut self) {
        let mut start = self.place;
        let mut at = start;
        while let Some(separator) = separator(self.text.as_bytes(), at.offset) {
            at = at.behind(&self.text[at.offset..separator]);
            let after = self.behind_line(at);
            let content = self.text[at.offset..after.offset][SEPARATOR.len()..].trim();
            if at.offset > start.offset {
                self.push(start, &self.text[start.offset..at.offset], ChunkKind::Yaml);
                start = after;
            }
            if !is_separator_rest(content) {
                (at, start) = self.bad_separator(at, after, content);
            } else {
                at = after;
            }
        }
        if start.offset < self.text.len() {
            self.push(start, &self.text[start.offset..], ChunkKind::Yaml);
        }
    }

    /// The place behind the line that starts at a place.
    fn behind_line(&self, place: Place) -> Place {
        let rest = &self.text[place.offset..];
        let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |feed| feed + 1);
        Place { offset: place.offset + length, line: place.line + 1, column: 1 }
    }

    /// kubectl gives up at a separator with something on its line. What follows up to the next separator cannot be
    /// told apart from what was meant to be on the line, so it goes with it. Returns where to go on.
    fn bad_separator(&mut self, at: Place, after: Place, content: &str) -> (Place, Place) {
        let end = separator(self.text.as_bytes(), after.offset).unwrap_or(self.text.len());
        let next = after.behind(&self.text[after.offset..end]);
        let message = format!(
            "invalid document separator: only blanks and a comment may follow \"---\", found {}",
            shown(content)
        );
        let error = Error { line: at.line, column: at.column + SEPARATOR.len(), message };
        self.push(at, &self.text[at.offset..end], ChunkKind::Broken(Box::new(error)));
        (next, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(usize, usize, &str)> {
        chunks(text).into_iter().map(|chunk| (chunk.index, chunk.line, chunk.text)).collect()
    }

    // Expected values follow YAMLReader.Read in k8s.io/apimachinery/pkg/util/yaml/decoder.go.
    #[test]
    fn cuts_at_lines_that_start_with_three_dashes() {
        assert_eq!(cut(""), []);
        assert_eq!(cut("a: 1\n"), [(0, 1, "a: 1\n")]);
        assert_eq!(cut("a: 1\n---\nb: 2"), [(0, 1, "a: 1\n"), (1, 3, "b: 2")]);
        assert_eq!(cut("---\na: 1\n--- # c\nb: 2"), [(0, 1, "---\na: 1\n"), (1, 4, "b: 2")]);
        assert_eq!(cut("a\n---\n---\nb"), [(0, 1, "a\n"), (1, 3, "---\nb")]);
        assert_eq!(cut("---\n---\nb"), [(0, 1, "---\n"), (1, 3, "b")]);
        assert_eq!(cut("a: |\n  x\n---\n"), [(0, 1, "a: |\n  x\n")]);
    }

    #[test]
    fn a_separator_with_content_is_an_error_of_its_own() {
        let found = chunks("a: 1\n--- b\nc: 2\n---\nd: 3\n");
        assert_eq!(found.iter().map(|c| c.text).collect::<Vec<_>>(), ["a: 1\n", "--- b\nc: 2\n", "---\nd: 3\n"]);
        let ChunkKind::Broken(error) = &found[1].kind else { panic!("{:?}", found[1]) };
        assert_eq!((error.line, error.column), (2, 4));
    }

    /// The documents of a text that comes in parts of at least `size` bytes, each cut off where that is safe.
    fn cut_in_parts(text: &str, size: usize) -> Vec<(usize, usize, String, bool)> {
        let (mut at, mut start, mut found) = (0, Start::default(), Vec::new());
        while at < text.len() {
            let come = (at + size..text.len()).find_map(|end| whole_documents(&text.as_bytes()[at..end]));
            let (length, documents) = come.unwrap_or((text.len() - at, 0));
            let part = &text[at..at + length];
            found.extend(chunks_from(part, start).into_iter().map(described));
            start.line += part.matches('\n').count();
            start.document += documents;
            at += length;
        }
        found
    }

    fn described(chunk: Chunk<'_>) -> (usize, usize, String, bool) {
        (chunk.index, chunk.line, chunk.text.to_owned(), chunk.kind == ChunkKind::Yaml)
    }

    #[test]
    fn parts_of_a_file_give_its_documents() {
        let lines = ["a: 1", "---", "--- # c", "--- b", "---\u{a0}", "", "  ---", "- é", "----"];
        // All files of four lines, by the digits of a number.
        for number in 0..lines.len().pow(4) {
            let digits = (0..4).map(|place| number / lines.len().pow(place) % lines.len());
            let text: String = digits.map(|digit| format!("{}\n", lines[digit])).collect();
            let whole: Vec<_> = chunks(&text).into_iter().map(described).collect();
            for size in [1, 9] {
                assert_eq!(cut_in_parts(&text, size), whole, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn json_values_need_no_separator() {
        let found = chunks(" {\"a\":1}{\"b\":\n2}\n");
        assert_eq!(
            found.iter().map(|c| (c.line, c.column, c.text)).collect::<Vec<_>>(),
            [(1, 2, "{\"a\":1}"), (1, 9, "{\"b\":\n2}"),]
        );
        let found = chunks("{\"a\":1}\n---\n{\"b\":2}\n");
        assert_eq!(
            found.iter().map(|c| (c.line, c.text)).collect::<Vec<_>>(),
            [(1, "{\"a\":1}"), (2, "---\n{\"b\":2}\n"),]
        );
        let found = chunks("{a: 1}\n");
        assert_eq!(found[0].kind, ChunkKind::Yaml);
        let found = chunks("{a}");
        assert!(matches!(found[0].kind, ChunkKind::Broken(_)), "kubectl: invalid character 'a'");
        let found = chunks("{}{} x");
        let ChunkKind::Broken(error) = &found[2].kind else { panic!("{:?}", found[2]) };
        assert_eq!((error.line, error.column), (1, 6));
    }

    #[test]
    fn many_json_values_on_one_line_have_their_columns() {
        let text = "{\"é\":1} ".repeat(20_000);
        let found = chunks(&text);
        assert_eq!((found.len(), found[19_999].line, found[19_999].column), (20_000, 1, 19_999 * 8 + 1));
    }
}
