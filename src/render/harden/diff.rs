//! Unified diffs of files, and edited files themselves.

use std::borrow::Cow;
use std::io::{self, Write};

use similar::{Algorithm, ChangeTag, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use crate::render::style::{Style, Tone, is_harmful, push_safe};
use crate::report::harden::{HardenReport, HardenedFile};

/// How many unchanged lines stand around a change.
const CONTEXT: usize = 3;

/// Writes a diff of each changed file that `patch -p0` and `git apply -p0` take. `is_for_people` makes characters
/// harmless, which a program that applies the diff needs as they are.
///
/// # Errors
/// Those of `out`.
pub fn diff(report: &HardenReport, is_for_people: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let changed = report.files.iter().filter(|file| file.before != file.after);
    changed.into_iter().try_for_each(|file| Writer { style, is_for_people }.file(file, out))
}

/// Writes the edited text of files; harmless where people read it.
///
/// # Errors
/// Those of `out`.
pub fn stream(bytes: &[u8], is_for_people: bool, out: &mut dyn Write) -> io::Result<()> {
    if !is_for_people {
        return out.write_all(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    out.write_all(harmless(text).as_bytes())
}

/// A text whose line breaks and tabs stay, and nothing else that a terminal would act on.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_layout = |c: char| c == '\n' || c == '\t';
    if !text.chars().any(|c| is_harmful(c) && !is_layout(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let unix = text.replace("\r\n", "\n");
    for c in unix.chars() {
        if is_layout(c) {
            safe.push(c);
        } else {
            push_safe(&mut safe, c);
        }
    }
    Cow::Owned(safe)
}

struct Writer<'a> {
    style: &'a Style,
    is_for_people: bool,
}

impl Writer<'_> {
    fn file(&self, file: &HardenedFile, out: &mut dyn Write) -> io::Result<()> {
        // Programs that apply diffs know no other line breaks.
        let old: Vec<&str> = file.before.split_inclusive('\n').collect();
        let new: Vec<&str> = file.after.split_inclusive('\n').collect();
        let name = header(&file.name);
        self.line(out, Tone::Strong, &format!("--- {name}"))?;
        self.line(out, Tone::Strong, &format!("+++ {name}"))?;
        group_diff_ops(operations(&old, &new), CONTEXT).iter().try_for_each(|hunk| self.hunk(hunk, &old, &new, out))
    }

    fn hunk(&self, operations: &[DiffOp], old: &[&str], new: &[&str], out: &mut dyn Write) -> io::Result<()> {
        let Some((first, last)) = operations.first().zip(operations.last()) else { return Ok(()) };
        let olds = range(first.old_range().start, last.old_range().end);
        let news = range(first.new_range().start, last.new_range().end);
        self.line(out, Tone::Hint, &format!("@@ -{olds} +{news} @@"))?;
        for change in operations.iter().flat_map(|operation| operation.iter_changes(old, new)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Tone::Plain),
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Insert => ('+', Tone::Good),
            };
            let line = change.value();
            self.line(out, tone, &format!("{sign}{}", line.strip_suffix('\n').unwrap_or(line)))?;
            if !line.ends_with('\n') {
                self.line(out, Tone::Faint, "\\ No newline at end of file")?;
            }
        }
        Ok(())
    }

    fn line(&self, out: &mut dyn Write, tone: Tone, line: &str) -> io::Result<()> {
        let line = if self.is_for_people { harmless(line.trim_end_matches('\r')) } else { line.into() };
        writeln!(out, "{}", self.style.paint(tone, &line))
    }
}

/// Lines from and to, counted from 0, as the head of a hunk has them.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        lines => format!("{},{lines}", start + 1),
    }
}

/// What makes the new lines of the old ones. Edits leave documents where they are, so that each is compared with itself:
/// comparing takes far more than twice as long for twice as many lines.
fn operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    fn documents<'l>(lines: &'l [&'l str]) -> Vec<&'l [&'l str]> {
        lines.chunk_by(|_, next| !next.starts_with("---")).collect()
    }
    let (olds, news) = (documents(old), documents(new));
    if olds.len() != news.len() {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let mut all: Vec<DiffOp> = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for (one, other) in olds.into_iter().zip(news) {
        for operation in capture_diff_slices(Algorithm::Myers, one, other) {
            add(&mut all, moved(operation, old_at, new_at));
        }
        (old_at, new_at) = (old_at + one.len(), new_at + other.len());
    }
    all
}

fn moved(operation: DiffOp, by_old: usize, by_new: usize) -> DiffOp {
    let (old, new) = (operation.old_range(), operation.new_range());
    let (old_index, new_index) = (old.start + by_old, new.start + by_new);
    let (old_len, new_len) = (old.len(), new.len());
    match operation.tag() {
        DiffTag::Equal => DiffOp::Equal { old_index, new_index, len: old_len },
        DiffTag::Delete => DiffOp::Delete { old_index, old_len, new_index },
        DiffTag::Insert => DiffOp::Insert { old_index, new_index, new_len },
        DiffTag::Replace => DiffOp::Replace { old_index, old_len, new_index, new_len },
    }
}

/// Adds an operation; equal lines that follow equal lines are one run.
fn add(all: &mut Vec<DiffOp>, operation: DiffOp) {
    if let (Some(DiffOp::Equal { len, .. }), DiffOp::Equal { len: more, .. }) = (all.last_mut(), operation) {
        *len += more;
    } else {
        all.push(operation);
    }
}

/// A file's name in the head of a diff: quoted as C does where it holds what a program would stumble over, and with a tab
/// behind it where it has blanks, as GNU diff does.
fn header(name: &str) -> String {
    // git takes no path that begins so.
    let name = name.trim_start_matches("./");
    if name.chars().any(|c| is_harmful(c) || matches!(c, '"' | '\\')) {
        let octal = name.bytes().map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\{byte:03o}"),
        });
        return format!("\"{}\"", octal.collect::<String>());
    }
    if name.contains(' ') { format!("{name}\t") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::harden::sample;

    fn written(before: &str, after: &str, is_for_people: bool) -> String {
        let mut out = Vec::new();
        diff(&sample::of_text("a.yaml", before, after), is_for_people, &Style::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_unified_diff_with_context_and_missing_line_breaks() {
        let before = "a\nb\nc\nd\ne\nf";
        assert_eq!(
            written(before, "a\nb\nc\nd\nX\ne\nf", false),
            "--- a.yaml\n+++ a.yaml\n@@ -2,5 +2,6 @@\n b\n c\n d\n+X\n e\n f\n\\ No newline at end of file\n"
        );
        assert_eq!(written(before, before, false), "");
    }

    #[test]
    fn documents_are_compared_each_with_itself() {
        let before = "a\n---\na\n---\na\nb\nc\nd\n";
        let after = "a\n---\na\nx\n---\na\nb\nc\nd\ny\n";
        let expected = "--- a.yaml\n+++ a.yaml\n@@ -1,8 +1,10 @@\n a\n ---\n a\n+x\n ---\n a\n b\n c\n d\n+y\n";
        assert_eq!(written(before, after, false), expected);
        assert_eq!(written("", "a\n", false), "--- a.yaml\n+++ a.yaml\n@@ -0,0 +1 @@\n+a\n");
    }

    #[test]
    fn people_get_harmless_characters_and_programs_get_all() {
        let (before, after) = ("a: \u{202e}\r\n", "a: \u{202e}\r\nb: 1\r\n");
        let head = "--- a.yaml\n+++ a.yaml\n@@ -1 +1,2 @@\n";
        assert_eq!(written(before, after, true), format!("{head} a: \\u{{202e}}\n+b: 1\n"));
        assert_eq!(written(before, after, false), format!("{head} a: \u{202e}\r\n+b: 1\r\n"));
    }

    #[test]
    fn names_are_quoted_where_they_must() {
        assert_eq!((header("a/b.yaml"), header("./a.yaml")), ("a/b.yaml".to_owned(), "a.yaml".to_owned()));
        assert_eq!(header("a b.yaml"), "a b.yaml\t");
        assert_eq!(header("a\n\"ü"), "\"a\\012\\\"\\303\\274\"");
    }
}
