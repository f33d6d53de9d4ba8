//! Lists for people: a sign and cells in columns that fit the terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::measure::{columns, cut, cut_front};
use super::style::{Painted, Style, Tone};

/// A line, before it is laid out.
pub(super) struct Row<'a> {
    /// How it went, in one character.
    pub(super) sign: Sign,
    /// As many in each row.
    pub(super) cells: Vec<Cell<'a>>,
}

/// How what a line is about fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Sign {
    /// It passes.
    Passes,
    /// It is let in, but there is something to say.
    Warned,
    /// It is not let in.
    Fails,
    /// It could be stricter.
    Room,
    /// Nobody looks at it.
    Exempt,
    /// For the header.
    None,
}

impl Sign {
    /// The sign itself, coloured.
    pub(super) fn paint(self, style: &Style) -> Painted<'static> {
        let (unicode, ascii, tone) = match self {
            Self::Passes => ("✓", "+", Tone::StrongGood),
            Self::Warned => ("!", "!", Tone::StrongWarning),
            Self::Fails => ("✗", "x", Tone::StrongBad),
            Self::Room => ("↑", "^", Tone::Hint),
            Self::Exempt => ("-", "-", Tone::Faint),
            Self::None => (" ", " ", Tone::Plain),
        };
        style.paint(tone, if style.unicode { unicode } else { ascii })
    }
}

/// A piece of a line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cell<'a> {
    /// Safe to print.
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
    /// How it is coloured.
    pub(super) tone: Tone,
}

impl<'a> Cell<'a> {
    pub(super) fn new(tone: Tone, text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), tone }
    }

    pub(super) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// Columns that names keep, however narrow the terminal; what is cut at its front goes altogether before it gets fewer.
const SHORTEST: usize = 16;

/// Columns that names keep in a list of which nothing else is cut.
const SHORTEST_BESIDE_WHOLE: usize = 10;

/// Columns that what follows its row's first cell is indented by, where a row takes several lines.
const INDENT: usize = 6;

/// Columns of the widest column; a longer text moves what stands behind it in its line.
const LONGEST: usize = 72;

/// Columns of the last cell that others make room for; what is longer is cut where the terminal ends.
const MOST_OF_LAST: usize = 12;

/// Columns before the first cell: the sign and the spaces around it.
const MARGIN: usize = 4;

/// How a list is laid out.
pub(super) struct Columns<'a> {
    style: &'a Style,
    /// Columns of each cell but the last.
    widths: Vec<usize>,
    /// The column of file names, which are cut at their front.
    files: Option<usize>,
    /// Whether the last cell is cut where the terminal ends.
    cuts_last: bool,
    /// The texts of the header where the terminal is too narrow for columns; each row then takes several lines.
    heads: Vec<String>,
}

impl<'a> Columns<'a> {
    /// For rows whose widest cells, the header's among them, take these columns. The columns that give way where the terminal is
    /// narrow are `flexible`: of files, then of names.
    pub(super) fn of_widths(style: &'a Style, flexible: [Option<usize>; 2], mut widths: Vec<usize>) -> Self {
        widths.iter_mut().for_each(|width| *width = (*width).min(LONGEST));
        let last = widths.pop().unwrap_or(0).min(MOST_OF_LAST);
        fit(&mut widths, last, flexible, style.width, SHORTEST);
        Self { style, widths, files: flexible[0], cuts_last: true, heads: Vec::new() }
    }

    /// For rows of which only the first cell is cut, and that not by much: where the terminal is too narrow for that, each
    /// row takes several lines.
    pub(super) fn whole<'r>(style: &'a Style, header: &Row<'_>, rows: impl Iterator<Item = Row<'r>>) -> Self {
        let mut widths = widths(rows);
        for (width, cell) in widths.iter_mut().zip(&header.cells) {
            *width = (*width).max(columns(&cell.text));
        }
        let last = widths.pop().unwrap_or(0);
        fit(&mut widths, last, [None, Some(0)], style.width, SHORTEST_BESIDE_WHOLE);
        let is_too_narrow = style.width.is_some_and(|width| taken(&widths, last) > width);
        let heads = header.cells.iter().filter(|_| is_too_narrow).map(|cell| cell.text.to_string()).collect();
        Self { style, widths, files: None, cuts_last: false, heads }
    }

    /// Writes the header, where there is one.
    pub(super) fn write_header(&self, out: &mut dyn Write, header: &Row<'_>) -> io::Result<()> {
        if self.heads.is_empty() { self.write(out, header) } else { Ok(()) }
    }

    /// Writes the first cell, and under it the others, as many to a line as fit, each behind its head.
    fn write_lines(&self, out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
        let Some((first, others)) = row.cells.split_first() else { return Ok(()) };
        write!(out, "  {} {}", row.sign.paint(self.style), self.style.paint(first.tone, &first.text))?;
        let room = self.style.width.unwrap_or(usize::MAX);
        let mut used = room;
        for (cell, head) in others.iter().zip(self.heads.iter().skip(1)) {
            let width = columns(head) + 1 + columns(&cell.text);
            if used.saturating_add(2 + width) > room {
                write!(out, "\n{:INDENT$}", "")?;
                used = INDENT + width;
            } else {
                write!(out, "  ")?;
                used += 2 + width;
            }
            write!(out, "{} {}", self.style.paint(Tone::Faint, head), self.style.paint(cell.tone, &cell.text))?;
        }
        writeln!(out)
    }

    /// Writes a row.
    pub(super) fn write(&self, out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
        if !self.heads.is_empty() {
            return self.write_lines(out, row);
        }
        write!(out, "  {}", row.sign.paint(self.style))?;
        let mut written = MARGIN - 1;
        let mut start = MARGIN;
        for (at, cell) in row.cells.iter().enumerate() {
            let width = self.widths.get(at).copied();
            let room = self.style.width.filter(|_| width.is_some() || self.cuts_last);
            let room = room.map_or(usize::MAX, |all| width.unwrap_or(all.saturating_sub(start)));
            let cut = if self.files == Some(at) { cut_front } else { cut };
            let text = cut(&cell.text, room, self.style.ellipsis());
            if !text.is_empty() {
                write!(out, "{:1$}{2}", "", start - written, self.style.paint(cell.tone, &text))?;
                written = start + columns(&text);
            }
            start = (start + width.unwrap_or(0)).max(written) + 2;
        }
        writeln!(out)
    }
}

/// Columns of each cell.
fn widths<'r>(rows: impl Iterator<Item = Row<'r>>) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(row.cells.len(), 0);
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(columns(&cell.text).min(LONGEST));
        }
    }
    widths
}

/// Columns of a line with a last cell of so many.
fn taken(widths: &[usize], last: usize) -> usize {
    MARGIN + widths.iter().map(|width| width + 2).sum::<usize>() + last
}

fn fit(widths: &mut [usize], last: usize, flexible: [Option<usize>; 2], room: Option<usize>, shortest: usize) {
    let Some(room) = room else { return };
    let [files, names] = flexible;
    for at in [files, names].into_iter().flatten() {
        let over = taken(widths, last).saturating_sub(room);
        let Some(width) = widths.get_mut(at) else { continue };
        *width = match width.saturating_sub(over) {
            enough if enough >= shortest.min(*width) => enough,
            _ if files == Some(at) => 0,
            _ => shortest.min(*width),
        };
    }
}
