//! Writes explanations: of checks and fields, of pasted messages, of what is wrong with objects.

mod check;
mod field;
mod json;
mod lines;
mod list;
mod message;
mod page;
mod walk;

use std::io::{self, BufWriter, Write};

use super::style::Style;
use crate::checks::Check;
use crate::explain::{Answer, Field, Pasted};
use crate::report::Report;
use page::Page;

/// What is explained.
#[derive(Debug, Clone, Copy)]
pub enum Explanation<'a> {
    /// All checks, a line each.
    List,
    /// What was asked for by name.
    Answers(&'a [Answer]),
    /// Pasted text.
    Messages(&'a Pasted),
    /// Objects of manifests.
    Objects(&'a Report),
}

/// Most checks and fields below a parent that are told about in full.
const MOST_IN_FULL: usize = 3;

/// Writes an explanation for people.
///
/// # Errors
/// Those of `out`.
pub fn explanation(explanation: Explanation<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut page = Page::new(style, &mut out);
    match explanation {
        Explanation::List => list::write_all(&mut page)?,
        Explanation::Answers(answers) => write_answers(&mut page, answers)?,
        Explanation::Messages(pasted) => message::write(&mut page, pasted)?,
        Explanation::Objects(report) => walk::write(&mut page, report)?,
    }
    out.flush()
}

/// Writes an explanation as the version 1 document, in JSON.
///
/// # Errors
/// Those of `out`.
pub fn explanation_json(explanation: Explanation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    json::write(explanation, &mut out)?;
    out.flush()
}

fn write_answers(page: &mut Page<'_>, answers: &[Answer]) -> io::Result<()> {
    let full = |answer: &&Answer| !answer.is_parent || answer.checks.len() + answer.fields.len() <= MOST_IN_FULL;
    for answer in answers.iter().filter(full) {
        answer.checks.iter().try_for_each(|one| page.once(one.id, |page| check::write(page, one)))?;
        answer.fields.iter().try_for_each(|one| page.once(one.path(), |page| field::write(page, one)))?;
    }
    for answer in answers.iter().filter(|answer| !full(answer)) {
        list::write_below(page, &answer.checks, &answer.fields)?;
    }
    Ok(())
}

/// All checks and fields that an explanation is about, each once, checks in their usual order.
fn subjects(explanation: Explanation<'_>) -> (Vec<&'static Check>, Vec<&'static Field>) {
    let mut ids: Vec<&str> = Vec::new();
    let mut fields: Vec<&Field> = Vec::new();
    match explanation {
        Explanation::List => ids.extend(crate::checks::CHECKS.iter().map(|check| check.id)),
        Explanation::Answers(answers) => {
            ids.extend(answers.iter().flat_map(|answer| &answer.checks).map(|check| check.id));
            fields.extend(answers.iter().flat_map(|answer| &answer.fields));
        }
        Explanation::Messages(pasted) => {
            ids.extend(pasted.messages.iter().flat_map(|message| &message.parts).map(|part| part.check));
        }
        Explanation::Objects(report) => {
            let of_modes = report.results.iter().flat_map(|verdict| &verdict.modes).flat_map(|mode| &mode.findings);
            let findings = report.results.iter().flat_map(|verdict| &verdict.findings).chain(of_modes);
            ids.extend(findings.map(|placed| placed.finding.check));
        }
    }
    let checks = crate::checks::CHECKS.iter().copied().filter(|check| ids.contains(&check.id)).collect();
    let is_asked = |known: &&Field| fields.iter().any(|field| std::ptr::eq(*field, *known));
    (checks, crate::explain::FIELDS.iter().filter(is_asked).collect())
}
