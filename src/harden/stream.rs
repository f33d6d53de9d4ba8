//! Edited texts put together: as one stream of documents, or as objects.

use std::sync::Arc;

use serde::ser::{Error as _, Serialize, SerializeSeq as _, Serializer};

use super::document::is_too_deep;
use super::files::Hardening;
use crate::report::harden::HardenedFile;
use crate::report::{Problem, Source};
use crate::source::visit_objects;
use crate::yaml::{Chunk, ChunkKind, Document, ValueRef, chunks};

impl Hardening {
    /// All edited texts in order: of one file its very bytes, of several one stream in UTF-8 with separators between them.
    #[must_use]
    pub fn stream(&self) -> Vec<u8> {
        if let ([file], [origin]) = (self.report.files.as_slice(), self.origins.as_slice()) {
            return origin.encoding.encode(file.after());
        }
        let mut stream = String::new();
        for file in &self.report.files {
            add(&mut stream, file.after());
        }
        stream.into_bytes()
    }

    /// The objects of all edited texts, those that were not edited too.
    #[must_use]
    pub fn objects(&self) -> Objects<'_> {
        Objects(&self.report.files)
    }
}

/// The objects of texts, read again one by one: as trees, all of them would take many times as much memory as the texts.
///
/// What cannot be read was told when it was hardened, and is left out; so is what is nested too deeply.
#[derive(Debug, Clone, Copy)]
pub struct Objects<'h>(&'h [HardenedFile]);

/// The first of some objects.
#[derive(Debug, Clone, Copy)]
pub struct First<'h>(Objects<'h>);

impl<'h> Objects<'h> {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> usize {
        let mut count = 0;
        self.each(|_, _, object| count += usize::from(!is_too_deep(object)));
        count
    }

    /// The first one alone, as it is. Of none it cannot be written.
    #[must_use]
    pub fn first(self) -> First<'h> {
        First(self)
    }

    /// What is nested too deeply to be written as JSON.
    #[must_use]
    pub fn problems(self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.each(|file, chunk, object| problems.extend(is_too_deep(object).then(|| too_deep(file, chunk, object))));
        problems
    }

    fn each(self, mut see: impl FnMut(&HardenedFile, &Chunk<'_>, ValueRef<'_>)) {
        for file in self.0 {
            for chunk in chunks(file.after()) {
                let Ok(document) = Document::parse(&chunk) else { continue };
                visit_objects(&document, &mut |object| {
                    if let Ok(object) = object {
                        see(file, &chunk, object.value);
                    }
                });
            }
        }
    }
}

/// As a list.
impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut outcome = Ok(());
        self.each(|_, _, object| {
            if outcome.is_ok() && !is_too_deep(object) {
                outcome = list.serialize_element(&object);
            }
        });
        outcome.and_then(|()| list.end())
    }
}

impl Serialize for First<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut serializer, mut outcome) = (Some(serializer), None);
        self.0.each(|_, _, object| {
            if !is_too_deep(object)
                && let Some(serializer) = serializer.take()
            {
                outcome = Some(object.serialize(serializer));
            }
        });
        outcome.unwrap_or_else(|| Err(S::Error::custom("there is no object")))
    }
}

fn too_deep(file: &HardenedFile, chunk: &Chunk<'_>, object: ValueRef<'_>) -> Problem {
    let span = object.span();
    let (document, line, column) = (Some(chunk.index), Some(span.line), Some(span.column));
    let source = Source { document, line, column, ..Source::file(Arc::clone(&file.name)) };
    Problem { source, message: "this object is nested too deeply to be written as JSON".to_owned() }
}

/// Adds a text to a stream of YAML documents. JSON is YAML too, but only a value at a time, and not at the start, where the
/// whole stream would be taken for JSON.
fn add(stream: &mut String, text: &str) {
    let cut = chunks(text);
    if cut.iter().all(|chunk| chunk.kind == ChunkKind::Json) {
        return cut.iter().for_each(|chunk| add_document(stream, chunk.text.trim()));
    }
    add_document(stream, text);
}

fn add_document(stream: &mut String, text: &str) {
    if !stream.is_empty() && !stream.ends_with('\n') {
        stream.push('\n');
    }
    let starts_json = stream.is_empty() && text.trim_start().starts_with('{');
    if (!stream.is_empty() || starts_json) && !text.starts_with("---") {
        stream.push_str("---\n");
    }
    stream.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(texts: &[&str]) -> String {
        let mut stream = String::new();
        texts.iter().for_each(|text| add(&mut stream, text));
        stream
    }

    #[test]
    fn files_are_separated_and_nothing_else() {
        assert_eq!(joined(&["a: 1\n---\nb: 2", "---\nc: 3\n", "d: 4\n"]), "a: 1\n---\nb: 2\n---\nc: 3\n---\nd: 4\n");
        assert_eq!(joined(&["{\"a\":1} {\"b\":2}\n", "c: 3\n"]), "---\n{\"a\":1}\n---\n{\"b\":2}\n---\nc: 3\n");
        let text = joined(&["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(chunks(&text).iter().filter(|chunk| Document::parse(chunk).is_ok()).count(), 2);
    }
}
