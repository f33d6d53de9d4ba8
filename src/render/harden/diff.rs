//! Unified diffs of files, and edited files themselves.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

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
    let changed = report.files.iter().filter(|file| file.is_changed());
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
        let new: Vec<&str> = file.after().split_inclusive('\n').collect();
        let name = header(&file.name);
        self.line(out, Tone::Strong, &format!("--- {name}"))?;
        self.line(out, Tone::Strong, &format!("+++ {name}"))?;
        group_diff_ops(operations(&file.changes, &old, &new), CONTEXT)
            .iter()
            .try_for_each(|hunk| self.hunk(hunk, &old, &new, out))
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

/// What makes the new lines of the old ones. Only the lines with changes are compared, where those are known: comparing
/// takes far more than twice as long for twice as many lines.
fn operations(changes: &[(Range<usize>, usize)], old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    let known = if changes.is_empty() { None } else { around(changes, old, new) };
    known.unwrap_or_else(|| capture_diff_slices(Algorithm::Myers, old, new))
}

/// As `operations`; `None` where lines outside of the changes differ.
fn around(changes: &[(Range<usize>, usize)], old: &[&str], new: &[&str]) -> Option<Vec<DiffOp>> {
    let mut all: Vec<DiffOp> = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for (lines, added) in changed_lines(changes, old) {
        let length = lines.start - old_at;
        add_equal(&mut all, old, new, (old_at, new_at), length)?;
        new_at += length;
        let bytes: usize = old[lines.clone()].iter().map(|line| line.len()).sum();
        let changed = count(new.get(new_at..)?, bytes.checked_add_signed(added)?)?;
        for operation in compared(&old[lines.clone()], &new[new_at..new_at + changed]) {
            add(&mut all, moved(operation, lines.start, new_at));
        }
        (old_at, new_at) = (lines.end, new_at + changed);
    }
    if old.len() - old_at != new.len() - new_at {
        return None;
    }
    add_equal(&mut all, old, new, (old_at, new_at), old.len() - old_at)?;
    Some(all)
}

/// The most lines that are compared, which takes their number squared. Where one change is longer, it is not looked for
/// lines in its middle that stayed.
const COMPARED: usize = 1 << 11;

/// What makes the new lines of the old ones, which are all that changed.
fn compared(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    if old.len() + new.len() <= COMPARED {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(same).count();
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    let equal = |old_index: usize, new_index: usize, len: usize| DiffOp::Equal { old_index, new_index, len };
    let changed = match (old_len, new_len) {
        (old_len, 0) => DiffOp::Delete { old_index: head, old_len, new_index: head },
        (0, new_len) => DiffOp::Insert { old_index: head, new_index: head, new_len },
        _ => DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
    };
    let all = [equal(0, 0, head), changed, equal(head + old_len, head + new_len, tail)];
    all.into_iter().filter(|operation| !operation.old_range().is_empty() || !operation.new_range().is_empty()).collect()
}

/// Lines of changes that are compared in one go. What comes behind begins at a line of its own, so it can be left for the
/// next go.
const MANY: usize = 64;

/// Lines that hold changes, and how many bytes those add. Runs of lines that touch are one, unless that gets long.
fn changed_lines(changes: &[(Range<usize>, usize)], old: &[&str]) -> Vec<(Range<usize>, isize)> {
    let starts: Vec<usize> = old
        .iter()
        .scan(0, |at, line| {
            *at += line.len();
            Some(*at - line.len())
        })
        .collect();
    let line_of = |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
    let mut all: Vec<(Range<usize>, isize)> = Vec::new();
    let starts_line = |offset: usize| starts.binary_search(&offset).is_ok();
    for (range, length) in changes {
        // Where whole lines go, the next one is not touched.
        let is_whole = *length == 0 && starts_line(range.start) && starts_line(range.end);
        let lines = line_of(range.start)..(line_of(range.end) + usize::from(!is_whole)).min(old.len());
        let added = length.cast_signed() - range.len().cast_signed();
        let follows = |last: &Range<usize>| lines.start < last.end || lines.start == last.end && last.len() < MANY;
        match all.last_mut().filter(|(last, _)| follows(last)) {
            Some((last, more)) => (last.end, *more) = (last.end.max(lines.end), *more + added),
            None => all.push((lines, added)),
        }
    }
    all
}

/// How many lines have so many bytes.
fn count(lines: &[&str], mut bytes: usize) -> Option<usize> {
    for (at, line) in lines.iter().enumerate() {
        if bytes == 0 {
            return Some(at);
        }
        bytes = bytes.checked_sub(line.len())?;
    }
    (bytes == 0).then_some(lines.len())
}

/// Adds so many lines that are the same from two places on; `None` where they are not.
fn add_equal(all: &mut Vec<DiffOp>, old: &[&str], new: &[&str], at: (usize, usize), len: usize) -> Option<()> {
    let (old_index, new_index) = at;
    if old.get(old_index..old_index + len)? != new.get(new_index..new_index + len)? {
        return None;
    }
    if len > 0 {
        add(all, DiffOp::Equal { old_index, new_index, len });
    }
    Some(())
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
    use crate::edit::{Splice, spliced};
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

    /// Of texts of which it is known where they differ: old text, new text and place.
    fn around_changes(before: &str, splices: &[(Range<usize>, &str)]) -> (String, String) {
        let list = splices.iter().map(|(range, text)| Splice { range: range.clone(), text: (*text).to_owned() });
        let after = spliced(before, &list.collect::<Vec<_>>());
        let mut report = sample::of_text("a", before, &after);
        report.files[0].changes = splices.iter().map(|(range, text)| (range.clone(), text.len())).collect();
        let [mut known, mut whole] = [Vec::new(), Vec::new()];
        diff(&report, false, &Style::default(), &mut known).unwrap();
        report.files[0].changes.clear();
        diff(&report, false, &Style::default(), &mut whole).unwrap();
        (String::from_utf8(known).unwrap(), String::from_utf8(whole).unwrap())
    }

    #[test]
    fn only_lines_with_changes_are_compared() {
        let same = |before: &str, splices: &[(Range<usize>, &str)]| {
            let (known, whole) = around_changes(before, splices);
            assert_eq!(known, whole, "{before:?} {splices:?}");
        };
        let text = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        same(text, &[(2..2, "x\n")]);
        same(text, &[(0..2, "")]);
        same(text, &[(3..3, " y"), (4..6, ""), (18..18, "z\n")]);
        same(text, &[(1..1, "\n1"), (19..19, "\n2"), (20..20, "3\n")]);
        same(text, &[(20..20, "end")]);
        same("a\nb", &[(3..3, "\nc")]);
        same("", &[(0..0, "a\n")]);
        same("a: {}\r\nb: 1\r\n", &[(2..5, "\r\n  c: 1")]);
    }

    #[test]
    fn of_a_long_change_only_the_ends_are_compared() {
        let line = |at: usize| format!("line {at}\n");
        let before: String = (0..5000).map(line).collect();
        let place = |at: usize| before.find(&line(at)).unwrap();
        for (new, added) in [("line 10\nx\nline 4989\n", 1), ("line 10\n", 0)] {
            let (known, _) = around_changes(&before, &[(place(10)..place(4990), new)]);
            let (removed, new): (Vec<_>, Vec<_>) = known
                .lines()
                .skip(2)
                .filter(|line| line.starts_with(['-', '+']))
                .partition(|line| line.starts_with('-'));
            assert_eq!((removed.len(), new.len()), (4980 - 2 + usize::from(added == 0), added));
            assert_eq!((removed[0], new.first()), ("-line 11", (added == 1).then_some(&"+x")));
        }
    }

    #[test]
    fn runs_of_whole_lines_are_cut() {
        let before: String = (0..1000).map(|at| format!("line {at}\n")).collect();
        let starts: Vec<usize> = before.match_indices("line").map(|(at, _)| at).collect();
        let splices: Vec<_> = (100..900).map(|at| (starts[at]..starts[at + 1], "")).collect();
        let (known, whole) = around_changes(&before, &splices);
        assert_eq!(known, whole);
    }

    #[test]
    fn wrong_places_do_no_harm() {
        let mut report = sample::of_text("a", "a\nb\nc\n", "a\nx\nc\n");
        for changes in [vec![(0..1, 1)], vec![(4..5, 9)], vec![(0..5, 0)], vec![(90..99, 1)]] {
            report.files[0].changes = changes;
            let mut out = Vec::new();
            diff(&report, false, &Style::default(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), "--- a\n+++ a\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        }
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
