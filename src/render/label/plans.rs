//! What is recommended, and what became of it; namespaces with the same plan together.

use std::io::{self, Write};

use super::table::Detail;
use super::{text, words};
use crate::render::columns::Sign;
use crate::render::measure::columns;
use crate::render::style::{Style, Tone, sanitize};
use crate::report::label::{Applied, LabelReport, NamespaceRow, Step};

/// Namespaces that are named where not everything is.
const MOST_NAMES: usize = 8;

/// Writes the plans and what was applied, each with an empty line after it; nothing where there are none.
pub(super) fn write(report: &LabelReport, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (steps, rows) in plans(report) {
        let names = words::list(names(&rows), detail.most(MOST_NAMES));
        text::toned(out, style, Tone::Strong, 2, &format!("recommended for {names}"))?;
        for (at, step) in steps.iter().enumerate() {
            write_step(at + 1, step, style, out)?;
        }
        writeln!(out)?;
    }
    applied(report, style, out)
}

fn names(rows: &[&NamespaceRow]) -> Vec<String> {
    rows.iter().map(|row| sanitize(&row.name).into_owned()).collect()
}

/// The different plans in the order of the namespaces, each with those that it is for.
fn plans(report: &LabelReport) -> Vec<(&[Step], Vec<&NamespaceRow>)> {
    let mut plans: Vec<(&[Step], Vec<&NamespaceRow>)> = Vec::new();
    for row in report.namespaces.iter().filter(|row| !row.plan.is_empty()) {
        match plans.iter_mut().find(|(steps, _)| *steps == row.plan) {
            Some((_, rows)) => rows.push(row),
            None => plans.push((&row.plan, vec![row])),
        }
    }
    plans
}

/// `1. now: warn=restricted warn-version=v1.36`, and why.
fn write_step(number: usize, step: &Step, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut labels = words::labels(step.labels.iter());
    step.remove.iter().for_each(|key| labels.push_str(&format!(" {}-", words::short(key))));
    write!(out, "  {number}. ")?;
    let when = sanitize(&step.when);
    // What is to be left alone has a reason and no labels.
    let what = if labels.is_empty() { when.into_owned() } else { format!("{when}: {}", labels.trim_start()) };
    text::hanging(out, style, 5, &what)?;
    text::indented(out, style, Tone::Faint, 5, &sanitize(&step.why))
}

fn applied(report: &LabelReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<_> = report.namespaces.iter().filter_map(|row| Some((row, row.applied.as_ref()?))).collect();
    if all.is_empty() {
        return Ok(());
    }
    let longest = all.iter().map(|(row, _)| columns(&sanitize(&row.name))).max().unwrap_or(0).min(40);
    for (row, applied) in all {
        let name = sanitize(&row.name);
        let (sign, what) = match applied {
            Applied::Done => (Sign::Passes, "labelled, and read back".into()),
            Applied::Unchanged => (Sign::Passes, "has these labels already".into()),
            Applied::Skipped(why) => (Sign::Exempt, format!("not labelled: {}", sanitize(why))),
            Applied::Failed(why) => (Sign::Fails, format!("failed: {}", sanitize(why))),
        };
        let gap = longest.saturating_sub(columns(&name)) + 2;
        writeln!(out, "  {} {name}{:gap$}{what}", sign.paint(style), "")?;
    }
    writeln!(out)
}
