//! The list on top: a line per workload.

use std::io::{self, Write};

use super::Detail;
use super::rows::{Row, Rows, Sign};
use crate::render::measure::{columns, cut, cut_front};
use crate::render::style::{Style, Tone};
use crate::report::Report;

/// Columns that names keep, however narrow the terminal; files go altogether before they get fewer.
const SHORTEST: usize = 16;

/// Columns of the widest column; a longer text moves what stands behind it in its line.
const LONGEST: usize = 72;

/// Columns of the last cell that others make room for; what is longer is cut where the terminal ends.
const MOST_OF_LAST: usize = 12;

/// Columns before the first cell: the sign and the spaces around it.
const MARGIN: usize = 4;

/// Writes the list and the empty line after it, or nothing when there is nothing to list.
pub(super) fn write(report: &Report, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if report.results.is_empty() {
        return Ok(());
    }
    let rows = Rows::new(report, detail);
    let list = List { style, widths: widths(&rows, style), files: rows.flexible()[0] };
    rows.header().iter().try_for_each(|header| list.write_row(out, header))?;
    rows.all().try_for_each(|row| list.write_row(out, &row))?;
    writeln!(out)
}

/// Columns of each cell but the last.
fn widths(rows: &Rows<'_>, style: &Style) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.header().into_iter().chain(rows.all()) {
        widths.resize(row.cells.len(), 0);
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(columns(&cell.text).min(LONGEST));
        }
    }
    let last = widths.pop().unwrap_or(0).min(MOST_OF_LAST);
    let Some(room) = style.width else { return widths };
    let [files, names] = rows.flexible();
    for at in [files, names].into_iter().flatten() {
        let over = (MARGIN + widths.iter().map(|width| width + 2).sum::<usize>() + last).saturating_sub(room);
        let Some(width) = widths.get_mut(at) else { continue };
        *width = match width.saturating_sub(over) {
            enough if enough >= SHORTEST.min(*width) => enough,
            _ if files == Some(at) => 0,
            _ => SHORTEST.min(*width),
        };
    }
    widths
}

struct List<'a> {
    style: &'a Style,
    widths: Vec<usize>,
    /// The column of file names, which are cut at their front.
    files: Option<usize>,
}

impl List<'_> {
    fn write_row(&self, out: &mut dyn Write, row: &Row<'_>) -> io::Result<()> {
        let (sign, tone) = self.sign(row.sign);
        write!(out, "  {}", self.style.paint(tone, sign))?;
        let mut written = MARGIN - 1;
        let mut start = MARGIN;
        for (at, cell) in row.cells.iter().enumerate() {
            let width = self.widths.get(at).copied();
            let room = self.style.width.map_or(usize::MAX, |all| width.unwrap_or(all.saturating_sub(start)));
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

    fn sign(&self, sign: Sign) -> (&'static str, Tone) {
        let (unicode, ascii, tone) = match sign {
            Sign::Passes => ("✓", "+", Tone::StrongGood),
            Sign::Warned => ("!", "!", Tone::StrongWarning),
            Sign::Fails => ("✗", "x", Tone::StrongBad),
            Sign::Exempt => ("-", "-", Tone::Faint),
            Sign::None => (" ", " ", Tone::Plain),
        };
        (if self.style.unicode { unicode } else { ascii }, tone)
    }
}
