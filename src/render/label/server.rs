//! What the server said of the same change: why it could not be asked, where it differs, its warnings.

use std::io::{self, Write};

use super::table::Detail;
use super::{text, words};
use crate::render::columns::Sign;
use crate::render::style::{Painted, Style, Tone, sanitize};
use crate::report::label::{LabelReport, ModeRow};

/// Namespaces that are named where not everything is.
const MOST_NAMES: usize = 6;

/// Writes refusals and differences, in the wide format warnings too, and an empty line; nothing where there are none.
pub(super) fn write(report: &LabelReport, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut is_written = false;
    let sign = Sign::Warned.paint(style);
    for (why, names) in refusals(report) {
        let names = words::list(names, detail.most(MOST_NAMES));
        write!(out, "  {sign} ")?;
        text::hanging(out, style, 4, &format!("{names}: {}", sanitize(why)))?;
        is_written = true;
    }
    is_written |= each(report, |mode| &mode.differences, &sign, style, out)?;
    if detail == Detail::Wide {
        is_written |= each(report, warnings, &style.paint(Tone::Faint, ">"), style, out)?;
    }
    if is_written { writeln!(out) } else { Ok(()) }
}

fn warnings(mode: &ModeRow) -> &[String] {
    mode.server.as_ref().map_or(&[], |answer| &answer.warnings)
}

/// Writes `! shop, enforce baseline:v1.36: …` for each text of each mode; whether there were any.
fn each(
    report: &LabelReport,
    of: impl Fn(&ModeRow) -> &[String],
    sign: &Painted<'_>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let mut is_written = false;
    for (row, mode) in report.namespaces.iter().flat_map(|row| row.modes.iter().map(move |mode| (row, mode))) {
        for said in of(mode) {
            write!(out, "  {sign} ")?;
            let about = format!("{}, {} {}", sanitize(&row.name), mode.mode, mode.to);
            text::hanging(out, style, 4, &format!("{about}: {}", sanitize(said)))?;
            is_written = true;
        }
    }
    Ok(is_written)
}

/// Why the server did not answer, each reason with the namespaces: who may not ask may not ask anywhere.
fn refusals(report: &LabelReport) -> Vec<(&str, Vec<String>)> {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    for row in &report.namespaces {
        for (_, why) in words::refusals(row) {
            let name = sanitize(&row.name).into_owned();
            match all.iter_mut().find(|(other, _)| *other == why) {
                Some((_, names)) if names.last() == Some(&name) => {}
                Some((_, names)) => names.push(name),
                None => all.push((why, vec![name])),
            }
        }
    }
    all
}
