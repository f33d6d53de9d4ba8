//! The page about a field that no check judges.

use std::io;

use super::page::{INDENT, Page};
use crate::explain::Field;
use crate::render::style::Tone;

/// Writes all that is known about a field.
pub(super) fn write(page: &mut Page<'_>, field: &Field) -> io::Result<()> {
    page.gap()?;
    for path in field.paths {
        page.label("FIELD", path, Tone::Strong)?;
    }
    page.label("LEVEL", field.judged, Tone::Plain)?;
    page.section("DESCRIPTION:", field.what)?;
    page.section("WHEN TO SET IT:", field.when)?;
    writeln!(page.out)?;
    page.yaml(INDENT + 4, field.example)?;
    page.section("WHAT MAY BREAK:", field.breaks)
}
