//! Unified diffs of files, and edited files themselves.

use std::borrow::Cow;
use std::io::{self, Write};

use similar::{ChangeTag, TextDiff};

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
        let changes = TextDiff::from_slices(&old, &new);
        for hunk in changes.unified_diff().context_radius(CONTEXT).iter_hunks() {
            self.line(out, Tone::Hint, hunk.header().to_string().trim_end())?;
            for change in hunk.iter_changes() {
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
        }
        Ok(())
    }

    fn line(&self, out: &mut dyn Write, tone: Tone, line: &str) -> io::Result<()> {
        let line = if self.is_for_people { harmless(line.trim_end_matches('\r')) } else { line.into() };
        writeln!(out, "{}", self.style.paint(tone, &line))
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
