//! Code frames: the lines that a finding is about, with carets and notes under them.

use std::io::{self, Write};
use std::ops::Range;

use super::line::SourceLine;
use crate::model::{FieldPath, Violation};
use crate::render::measure::{columns, cut_front, wrap};
use crate::render::spots::Spot;
use crate::render::style::{Style, Tone, sanitize};
use crate::render::words;
use crate::report::{Place, Verdict};

/// What the frames of a finding share.
pub(in crate::render) struct Frames<'a> {
    style: &'a Style,
    verdict: &'a Verdict,
    tone: Tone,
    /// Columns before the text of a source line, the bar included.
    gutter: usize,
}

/// Spaces before the line numbers.
const INDENT: usize = 4;

/// Columns that a note gets, if need be to the left of its carets.
const SHORTEST_NOTE: usize = 40;

/// Notes at one spot; more than these are only counted.
const MOST_NOTES: usize = 8;

/// A line of the source with all that is to be marked in it.
struct Frame<'a> {
    place: &'a Place,
    line: SourceLine,
    marks: Vec<Mark>,
    violations: Vec<&'a Violation>,
}

struct Mark {
    columns: Range<usize>,
    notes: Vec<String>,
}

impl<'a> Frames<'a> {
    /// `digits` is the length of the longest line number.
    pub(in crate::render) fn new(style: &'a Style, verdict: &'a Verdict, tone: Tone, digits: usize) -> Self {
        Self { style, verdict, tone, gutter: INDENT + digits + 1 }
    }

    /// Writes a frame per line; what has no place is only named.
    pub(in crate::render) fn write(&self, out: &mut dyn Write, spots: &[Spot<'_>]) -> io::Result<()> {
        for frame in self.frames(spots) {
            self.write_frame(out, &frame)?;
        }
        for (violation, _) in spots.iter().filter(|spot| spot.place.is_none()).flat_map(|spot| &spot.violations) {
            let path = words::path(&violation.path);
            let statement = words::statement(violation, "not set");
            writeln!(out, "{:INDENT$}{path} {}", "", self.style.paint(self.tone, &statement))?;
        }
        Ok(())
    }

    /// Writes `= name: text` below the bar of the frames.
    pub(in crate::render) fn write_remark(&self, out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
        let head = format!("{name}:");
        let indent = self.gutter + 2 + head.len() + 1;
        let width = self.style.width.map(|width| width.saturating_sub(indent).max(20));
        let sign = self.style.paint(Tone::Faint, "=");
        let mut lines = wrap(text, width).into_iter();
        let first = lines.next().unwrap_or_default();
        writeln!(out, "{:1$}{sign} {2} {first}", "", self.gutter, self.style.paint(Tone::Hint, &head))?;
        lines.try_for_each(|line| writeln!(out, "{:indent$}{line}", ""))
    }

    /// One frame per line where the whole line can be seen, else one per spot.
    fn frames<'s>(&self, spots: &[Spot<'s>]) -> Vec<Frame<'s>> {
        let mut frames: Vec<Frame<'s>> = Vec::new();
        for spot in spots {
            let Some(place) = spot.place else { continue };
            let mark = |line: &SourceLine| Mark {
                columns: line.range(place.column, spot.width()),
                notes: notes(spot, &self.verdict.template),
            };
            let violations = spot.violations.iter().map(|(violation, _)| *violation);
            match frames.last_mut() {
                Some(last)
                    if last.place.line == place.line && last.place.cut == place.cut && last.line.fits(self.room()) =>
                {
                    last.marks.push(mark(&last.line));
                    last.violations.extend(violations);
                }
                _ => {
                    let line = SourceLine::new(place);
                    let marks = vec![mark(&line)];
                    frames.push(Frame { place, line, marks, violations: violations.collect() });
                }
            }
        }
        frames
    }

    fn write_frame(&self, out: &mut dyn Write, frame: &Frame<'_>) -> io::Result<()> {
        self.write_head(out, frame)?;
        self.bar(out, "")?;
        writeln!(out)?;
        let Some(first) = frame.marks.first() else { return Ok(()) };
        let view = frame.line.view(&first.columns, self.room(), self.style.ellipsis());
        self.bar(out, &frame.place.line.to_string())?;
        writeln!(out, "{}{}", if view.text.is_empty() { "" } else { " " }, view.text.trim_end())?;
        for mark in &frame.marks {
            self.write_mark(out, view.locate(&mark.columns), &mark.notes)?;
        }
        Ok(())
    }

    /// `--> shop.yaml:21:9  spec.containers[0]…`, the path without its front where it does not fit.
    fn write_head(&self, out: &mut dyn Write, frame: &Frame<'_>) -> io::Result<()> {
        let file = sanitize(&self.verdict.source.file);
        let position = format!("{file}:{}:{}", frame.place.line, frame.place.column);
        let used = self.gutter + 3 + columns(&position) + 2;
        let path = words::path(&common_path(&frame.violations));
        let room = self.style.width.map_or(usize::MAX, |width| width.saturating_sub(used));
        let path = if room < 20 { "".into() } else { cut_front(&path, room, self.style.ellipsis()) };
        let gap = if path.is_empty() { "" } else { "  " };
        let arrow = self.style.paint(Tone::Faint, "-->");
        writeln!(out, "{:1$}{arrow} {position}{gap}{2}", "", self.gutter - 1, self.style.paint(Tone::Faint, &path))
    }

    fn write_mark(&self, out: &mut dyn Write, (start, carets): (usize, usize), notes: &[String]) -> io::Result<()> {
        let longest = notes.iter().map(|note| columns(note)).max().unwrap_or(0);
        let beside = start + carets + 1;
        let fits = self.room().is_none_or(|room| beside + longest <= room);
        let below = self.room().unwrap_or(0).saturating_sub(longest.min(SHORTEST_NOTE)).min(start);
        let column = if fits { beside } else { below };
        let width = self.room().map(|room| room.saturating_sub(column).max(20));
        let mut lines = notes.iter().flat_map(|note| wrap(note, width));
        let first = if fits { lines.next().unwrap_or_default() } else { "" };
        let text = format!("{}{}{first}", "^".repeat(carets), if first.is_empty() { "" } else { " " });
        self.write_note(out, start, &text)?;
        lines.try_for_each(|line| self.write_note(out, column, line))
    }

    fn write_note(&self, out: &mut dyn Write, column: usize, text: &str) -> io::Result<()> {
        self.bar(out, "")?;
        writeln!(out, " {:column$}{}", "", self.style.paint(self.tone, text))
    }

    /// The line number and the bar, without a space after it.
    fn bar(&self, out: &mut dyn Write, number: &str) -> io::Result<()> {
        let text = format!("{number:>0$} |", self.gutter - 1);
        let indent = text.len() - text.trim_start().len();
        let (indent, text) = text.split_at(indent);
        write!(out, "{indent}{}", self.style.paint(Tone::Faint, text))
    }

    /// Columns for the text of a source line.
    fn room(&self) -> Option<usize> {
        self.style.width.map(|width| width.saturating_sub(self.gutter + 2))
    }
}

/// What is said about a spot, nothing twice.
fn notes(spot: &Spot<'_>, template: &FieldPath) -> Vec<String> {
    let mut notes = Vec::new();
    for (at, (violation, place)) in spot.violations.iter().enumerate() {
        let Some(place) = place else { continue };
        if notes.len() == MOST_NOTES {
            notes.push(format!("and {} more", spot.violations.len() - at));
            break;
        }
        let note = words::note(violation, template, place);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// The longest path that leads to all of them.
fn common_path(violations: &[&Violation]) -> FieldPath {
    let Some((first, others)) = violations.split_first() else { return FieldPath::root() };
    let mut common = first.path.segments();
    for other in others {
        let same = common.iter().zip(other.path.segments()).take_while(|(one, other)| one == other).count();
        common = &common[..same];
    }
    first.path.head(common.len())
}
