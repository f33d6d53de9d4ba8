//! What is wrong with objects, finding by finding, with all that a check's file has to say about it.

use std::io;

use super::lines::Lines;
use super::page::Page;
use crate::checks;
use crate::render::measure::columns;
use crate::render::spots::spots;
use crate::render::style::{Tone, plural, sanitize};
use crate::render::table::Frames;
use crate::render::words::{Objection, fix_words, object, objections};
use crate::report::{PlacedFinding, Report, Verdict};

/// Writes every object that violates something, and counts the others.
pub(super) fn write(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    for verdict in &report.results {
        let objections = objections(report.basis(), verdict);
        if objections.is_empty() {
            page.gap()?;
            let end = match &verdict.exempt {
                Some(reason) => format!(" is exempt: {}", sanitize(reason)),
                None => format!(" meets {}: nothing to explain", verdict.policy_text()),
            };
            page.hanging(0, "", &format!("{}{end}", object(verdict)))?;
        }
        for (at, objection) in objections.iter().enumerate() {
            let told = objections.iter().take(at).flat_map(|earlier| earlier.findings).collect::<Vec<_>>();
            write_objection(page, verdict, objection, &told)?;
        }
    }
    Ok(())
}

fn write_objection(
    page: &mut Page<'_>,
    verdict: &Verdict,
    objection: &Objection<'_>,
    told: &[&PlacedFinding],
) -> io::Result<()> {
    page.gap()?;
    let tone = if objection.refuses() { Tone::StrongBad } else { Tone::StrongWarning };
    let (object, policy) = (object(verdict), objection.policy_text());
    let modes = match objection.modes.len() {
        0 => String::new(),
        count => format!(", {} {}", plural(count, "mode", "modes"), objection.modes_text()),
    };
    writeln!(
        page.out,
        "{} does not meet {}{modes}",
        page.style.paint(Tone::Strong, &object),
        page.style.paint(tone, &policy)
    )?;
    let mut lines = Lines::default();
    for placed in objection.findings.iter().filter(|placed| !told.iter().any(|other| other.finding == placed.finding)) {
        write_finding(page, verdict, placed)?;
        placed.finding.violations.iter().for_each(|violation| lines.add_violation(violation));
    }
    let text = lines.into_text();
    if text.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.hanging(2, "", "lines to write:")?;
    writeln!(page.out)?;
    page.yaml(4, &text)
}

fn write_finding(page: &mut Page<'_>, verdict: &Verdict, placed: &PlacedFinding) -> io::Result<()> {
    let finding = &placed.finding;
    let Some(check) = checks::by_id(finding.check) else { return Ok(()) };
    page.gap()?;
    let remark = fix_words(finding.fix);
    let gap = page.width().saturating_sub(2 + columns(check.id) + columns(remark)).max(2);
    let (id, remark) = (
        page.style.paint(Tone::broken(finding.level).strong(), check.id),
        page.style.paint(Tone::fix(finding.fix), remark),
    );
    writeln!(page.out, "  {id}{:gap$}{remark}", "")?;
    let reason = sanitize(&finding.reason);
    let words = if finding.detail.is_empty() {
        reason.into_owned()
    } else {
        format!("{reason} ({})", sanitize(&finding.detail))
    };
    page.hanging(4, "", &words)?;
    let digits = placed.places.iter().map(|place| place.line).max().map_or(0, |line| line.to_string().len());
    let style = page.style.clone();
    let frames = Frames::new(&style, verdict, Tone::broken(finding.level), digits);
    frames.write(page.out, &spots(placed))?;
    frames.write_remark(page.out, "fix", check.meaning.remedy)?;
    if page.was_told(check.id) {
        return Ok(());
    }
    frames.write_remark(page.out, "why", check.meaning.why)?;
    frames.write_remark(page.out, "risk", check.meaning.breaks)
}
