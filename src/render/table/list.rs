//! The list on top: a line per workload.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use super::Detail;
use super::rows::{COLUMNS, Column, FullRow};
use crate::render::columns::{Cell, Columns, Row, Sign};
use crate::render::measure::columns;
use crate::render::spool::Spool;
use crate::render::style::{Style, Tone};
use crate::report::{Asked, Basis, Summary, Verdict};

/// What is known of a list's rows.
#[derive(Debug, Default)]
pub(in crate::render) struct List {
    /// How wide each column's widest cell is.
    widths: [usize; COLUMNS],
    /// Whether any object names a namespace.
    namespaces: bool,
    /// The file or context of the first one.
    file: Option<Arc<str>>,
    /// Whether objects come from several files or contexts.
    files: bool,
    /// Whether they come from a cluster.
    live: bool,
}

impl List {
    /// Adds the row of a verdict, and writes it to be laid out when all are known.
    pub(super) fn push(
        &mut self,
        basis: Basis,
        verdict: &Verdict,
        detail: Detail,
        rows: &mut Vec<u8>,
    ) -> io::Result<()> {
        let row = FullRow::new(basis, verdict, detail);
        let mut next = Self {
            namespaces: verdict.namespace.is_some(),
            file: Some(Arc::clone(&verdict.source.file)),
            live: verdict.live.is_some(),
            ..Self::default()
        };
        for (width, cell) in next.widths.iter_mut().zip(&row.cells) {
            *width = columns(&cell.text);
        }
        self.add(next);
        serde_json::to_writer(&mut *rows, &row)?;
        writeln!(rows)
    }

    /// Adds what is known of the rows that come next.
    pub(in crate::render) fn add(&mut self, next: Self) {
        for (width, other) in self.widths.iter_mut().zip(next.widths) {
            *width = (*width).max(other);
        }
        self.namespaces |= next.namespaces;
        self.live |= next.live;
        self.files |= next.files || self.file.as_ref().zip(next.file.as_ref()).is_some_and(|(one, other)| one != other);
        self.file = self.file.take().or(next.file);
    }

    /// Writes the list and the empty line after it, or nothing when there is nothing to list.
    pub(super) fn write(
        &self,
        rows: Spool,
        detail: Detail,
        summary: &Summary,
        style: &Style,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let shown = self.shown(detail);
        let header = self.header(&shown, detail, summary);
        let widths = shown.iter().enumerate().map(|(at, column)| {
            let name = header.as_ref().map_or(0, |header| columns(&header.cells[at].text));
            self.widths[*column as usize].max(name)
        });
        let layout = Columns::of_widths(style, flexible(&shown, self.live), widths.collect());
        header.iter().try_for_each(|header| layout.write(out, header))?;
        let mut rows = io::BufReader::new(rows.into_reader()?);
        let mut line = Vec::new();
        while rows.read_until(b'\n', &mut line)? > 0 {
            let FullRow { sign, cells } = serde_json::from_slice(&line)?;
            let mut cells = cells.map(Some);
            let cells = shown.iter().filter_map(|column| cells[*column as usize].take()).collect();
            layout.write(out, &Row { sign, cells })?;
            line.clear();
        }
        writeln!(out)
    }

    /// The columns that are shown, in order.
    fn shown(&self, detail: Detail) -> Vec<Column> {
        use Column::{ApiVersion, Context, Meets, Namespace, Place, Pods, Remarks, Workload};
        let (wide, live) = (detail == Detail::Wide, self.live);
        let columns: &[(bool, Column)] = if wide || live {
            &[
                (live && self.files, Context),
                (true, Namespace),
                (true, Workload),
                (wide, ApiVersion),
                (live, Pods),
                (true, Meets),
                (!live, Place),
                (true, Remarks),
            ]
        } else {
            &[(true, Workload), (self.namespaces, Namespace), (true, Meets), (self.files, Place), (true, Remarks)]
        };
        columns.iter().filter(|(is_shown, _)| *is_shown).map(|(_, column)| *column).collect()
    }

    /// The names of the columns, where they are written.
    fn header(&self, shown: &[Column], detail: Detail, summary: &Summary) -> Option<Row<'static>> {
        if detail == Detail::Normal && !self.live {
            return None;
        }
        let cells = shown.iter().map(|column| Cell::new(Tone::Strong, name(*column, summary)));
        Some(Row { sign: Sign::None, cells: cells.collect() })
    }
}

fn name(column: Column, summary: &Summary) -> String {
    let name = match column {
        Column::Context => "CONTEXT",
        Column::Namespace => "NAMESPACE",
        Column::Workload => "WORKLOAD",
        Column::ApiVersion => "APIVERSION",
        Column::Pods => "PODS",
        Column::Meets => "MEETS",
        Column::Place => "FILE:LINE",
        Column::Remarks if summary.basis.asked == Asked::Namespace => "MISSING",
        Column::Remarks => return format!("MISSING FOR {}", summary.policy_text()),
    };
    name.to_owned()
}

/// The columns that give way where the terminal is narrow: of files, then of names.
fn flexible(shown: &[Column], live: bool) -> [Option<usize>; 2] {
    let position = |wanted| shown.iter().position(|column| *column == wanted);
    [position(Column::Place).filter(|_| !live), position(Column::Workload)]
}
