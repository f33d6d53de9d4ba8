//! What is wrong with one workload, finding by finding.

use std::io::{self, Write};

use super::Detail;
use super::frame::Frames;
use crate::checks;
use crate::render::measure::{columns, wrap};
use crate::render::spots::spots;
use crate::render::style::{Style, Tone, plural, sanitize};
use crate::render::words::{Objection, fix_words, object, objections, remedy};
use crate::report::{Basis, PlacedFinding, Verdict};

/// Where lines end that have something at their right, unless the terminal ends before.
const RIGHT_EDGE: usize = 88;

/// Writes a heading and the findings per policy that the workload does not meet; nothing where it meets all.
pub(super) fn write(
    basis: Basis,
    verdict: &Verdict,
    detail: Detail,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let objections = objections(basis, verdict);
    let places = objections.iter().flat_map(|objection| objection.findings).flat_map(|placed| &placed.places);
    let digits = places.map(|place| place.line).max().map_or(0, |line| line.to_string().len());
    let block = Block { verdict, detail, style, digits };
    for (at, objection) in objections.iter().enumerate() {
        block.write_heading(out, objection)?;
        for placed in objection.findings {
            let shown = objections.iter().take(at).flat_map(|earlier| earlier.findings);
            if shown.into_iter().any(|other| other.finding == placed.finding) {
                block.write_reason(out, placed, "see above", Tone::Faint)?;
                writeln!(out)?;
            } else {
                block.write_finding(out, placed)?;
            }
        }
    }
    Ok(())
}

struct Block<'a> {
    verdict: &'a Verdict,
    detail: Detail,
    style: &'a Style,
    /// Length of the longest line number.
    digits: usize,
}

impl Block<'_> {
    /// `deployment/web (shop) does not meet restricted:v1.37`, and for which modes.
    fn write_heading(&self, out: &mut dyn Write, objection: &Objection<'_>) -> io::Result<()> {
        let object = object(self.verdict);
        let policy = objection.policy_text();
        let tone = if objection.refuses() { Tone::StrongBad } else { Tone::StrongWarning };
        write!(out, "{} does not meet {}", self.style.paint(Tone::Strong, &object), self.style.paint(tone, &policy))?;
        if !objection.modes.is_empty() {
            write!(out, ", {} {}", plural(objection.modes.len(), "mode", "modes"), objection.modes_text())?;
        }
        writeln!(out, "\n")
    }

    fn write_finding(&self, out: &mut dyn Write, placed: &PlacedFinding) -> io::Result<()> {
        let finding = &placed.finding;
        self.write_reason(out, placed, fix_words(finding.fix), Tone::fix(finding.fix))?;
        let width = self.style.width.map(|width| width.saturating_sub(4));
        for line in wrap(&sanitize(&finding.detail), width).into_iter().filter(|line| !line.is_empty()) {
            writeln!(out, "    {line}")?;
        }
        let spots = spots(placed);
        let frames = Frames::new(self.style, self.verdict, Tone::broken(finding.level), self.digits);
        frames.write(out, &spots)?;
        frames.write_remark(out, "fix", remedy(finding))?;
        if let (Detail::Wide, Some(check)) = (self.detail, checks::by_id(finding.check)) {
            frames.write_remark(out, "why", check.meaning.why)?;
            frames.write_remark(out, "may break", check.meaning.breaks)?;
        }
        writeln!(out)
    }

    /// The reason, with a remark at the right.
    fn write_reason(&self, out: &mut dyn Write, placed: &PlacedFinding, remark: &str, tone: Tone) -> io::Result<()> {
        let reason = sanitize(&placed.finding.reason);
        let edge = self.style.width.unwrap_or(RIGHT_EDGE).min(RIGHT_EDGE);
        let gap = edge.saturating_sub(2 + columns(&reason) + columns(remark)).max(2);
        let strong = Tone::broken(placed.finding.level).strong();
        let remark = self.style.paint(tone, remark);
        writeln!(out, "  {}{:gap$}{remark}", self.style.paint(strong, &reason), "")
    }
}
