//! The list on top: a line per workload.

use std::io::{self, Write};

use super::Detail;
use super::rows::Rows;
use crate::render::columns::Columns;
use crate::render::style::Style;
use crate::report::Report;

/// Writes the list and the empty line after it, or nothing when there is nothing to list.
pub(super) fn write(report: &Report, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if report.results.is_empty() {
        return Ok(());
    }
    let rows = Rows::new(report, detail);
    let columns = Columns::new(style, rows.flexible(), rows.header().into_iter().chain(rows.all()));
    rows.header().iter().try_for_each(|header| columns.write(out, header))?;
    rows.all().try_for_each(|row| columns.write(out, &row))?;
    writeln!(out)
}
