//! Cuts a file into documents exactly where kubectl does.
//!
//! That is not where YAML does: any line that starts with `---` is a separator, inside block scalars too, and two
//! separators in a row hold no document between them (`YAMLReader` in `k8s.io/apimachinery/pkg/util/yaml`).

use super::Error;
use super::json;

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
    Broken(Error),
}

/// The documents of `text`, in order.
pub fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut cutter = Cutter { text, offset: 0, line: 1, index: 0, chunks: Vec::new() };
    if text.trim_start().starts_with('{') && cutter.json() {
        return cutter.chunks;
    }
    cutter.yaml();
    cutter.chunks
}

struct Cutter<'a> {
    text: &'a str,
    /// Where the next document starts.
    offset: usize,
    line: usize,
    index: usize,
    chunks: Vec<Chunk<'a>>,
}

impl<'a> Cutter<'a> {
    fn push(&mut self, start: usize, line: usize, text: &'a str, kind: ChunkKind) {
        let column = json::column(self.text, start);
        self.chunks.push(Chunk { index: self.index, offset: start, line, column, text, kind });
        self.index += 1;
    }

    /// Cuts JSON values as long as there are any; false when the rest is YAML.
    ///
    /// kubectl tries JSON first where a file starts with a brace. When that fails at the first value, or right after
    /// it, the rest is taken for YAML; after two values it is an error.
    fn json(&mut self) -> bool {
        loop {
            let rest = &self.text[self.offset..];
            let start = self.offset + (rest.len() - rest.trim_start().len());
            if start == self.text.len() {
                return true;
            }
            let line = self.line + json::newlines(&self.text[self.offset..start]);
            match json::value_length(&self.text[start..]) {
                Ok(length) => {
                    let text = &self.text[start..start + length];
                    self.push(start, line, text, ChunkKind::Json);
                    self.offset = start + length;
                    self.line = line + json::newlines(text);
                }
                Err(_) if self.index <= 1 => {
                    self.skip_blank_rest_of_line();
                    return false;
                }
                Err(mut error) => {
                    if error.line == 1 {
                        error.column += json::column(self.text, start) - 1;
                    }
                    error.line += line - 1;
                    self.push(start, line, &self.text[start..], ChunkKind::Broken(error));
                    return true;
                }
            }
        }
    }

    /// What follows a JSON value on its line, if only blanks, is not part of the YAML after it.
    fn skip_blank_rest_of_line(&mut self) {
        for (at, c) in self.text[self.offset..].char_indices() {
            if !c.is_whitespace() {
                self.offset += at;
                return;
            }
            if c == '\n' {
                self.offset += at + 1;
                self.line += 1;
                return;
            }
        }
    }

    fn yaml(&mut self) {
        let (mut start, mut start_line) = (self.offset, self.line);
        let (mut at, mut line) = (start, start_line);
        while at < self.text.len() {
            let end = json::line_end(self.text, at);
            if let Some(after) = self.text[at..end].strip_prefix("---") {
                let trimmed = after.trim();
                let is_clean = trimmed.is_empty() || trimmed.starts_with('#');
                if at > start {
                    self.push(start, start_line, &self.text[start..at], ChunkKind::Yaml);
                    (start, start_line) = (end, line + 1);
                }
                if !is_clean {
                    (at, line) = self.bad_separator(at, end, line, trimmed);
                    (start, start_line) = (at, line);
                    continue;
                }
            }
            at = end;
            line += 1;
        }
        if start < self.text.len() {
            self.push(start, start_line, &self.text[start..], ChunkKind::Yaml);
        }
    }

    /// kubectl gives up at a separator with something on its line. What follows up to the next separator cannot be
    /// told apart from what was meant to be on the line, so it goes with it. Returns where to go on.
    fn bad_separator(&mut self, at: usize, end: usize, line: usize, trimmed: &str) -> (usize, usize) {
        let (mut next, mut next_line) = (end, line + 1);
        while next < self.text.len() && !self.text[next..].starts_with("---") {
            next = json::line_end(self.text, next);
            next_line += 1;
        }
        let shown: String = trimmed.chars().take(40).collect();
        let message =
            format!("invalid document separator: only blanks and a comment may follow \"---\", found {shown:?}");
        self.push(at, line, &self.text[at..next], ChunkKind::Broken(Error { line, column: 4, message }));
        (next, next_line)
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
        let found = chunks("{}{} x");
        let ChunkKind::Broken(error) = &found[2].kind else { panic!("{:?}", found[2]) };
        assert_eq!((error.line, error.column), (1, 6));
    }
}
