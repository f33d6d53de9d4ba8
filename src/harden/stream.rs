//! Edited texts put together: as one stream of documents, or as objects.

use std::sync::Arc;

use serde_json::Value;

use super::document::is_too_deep;
use super::files::Hardening;
use crate::report::harden::HardenedFile;
use crate::report::{Problem, Source};
use crate::source::objects;
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

    /// The objects of all edited texts, those that were not edited too. What cannot be read was told before; what is
    /// nested too deeply becomes a problem.
    #[must_use]
    pub fn objects(&self) -> (Vec<Value>, Vec<Problem>) {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for file in &self.report.files {
            for chunk in chunks(file.after()) {
                let Ok(document) = Document::parse(&chunk) else { continue };
                for object in objects(&document).into_iter().flatten() {
                    if is_too_deep(object.value) {
                        problems.push(too_deep(file, &chunk, object.value));
                    } else {
                        found.push(object.value.to_json());
                    }
                }
            }
        }
        (found, problems)
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
