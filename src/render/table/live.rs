//! What is said of a workload's pods, where they fare differently from its template.

use std::io::{self, Write};

use crate::render::measure::wrap;
use crate::render::style::{Style, Tone, counted, plural, sanitize};
use crate::render::words;
use crate::report::{Asked, Basis, Live, PlacedFinding, PodGroup, Verdict};

/// Most pods that are named; the others are counted.
const NAMED: usize = 5;

/// Writes what is to be known of a workload's pods beyond its template; nothing where they are as the template is.
pub(super) fn write(basis: Basis, verdict: &Verdict, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(live) = &verdict.live else { return Ok(()) };
    // Only a namespace's own labels keep a pod from coming back.
    let writer = Writer { verdict, style, is_enforced: basis.asked == Asked::Namespace };
    for group in live.groups.iter().filter(|group| words::differs(verdict, group)) {
        writer.group(out, group)?;
    }
    writer.refusals(out, live)
}

struct Writer<'a> {
    verdict: &'a Verdict,
    style: &'a Style,
    is_enforced: bool,
}

impl Writer<'_> {
    fn group(&self, out: &mut dyn Write, group: &PodGroup) -> io::Result<()> {
        let pods = counted(group.pods.len(), "pod", "pods");
        let head = format!("{pods} of {}: {}", words::object(self.verdict), names(&group.pods));
        writeln!(out, "{}\n", self.style.paint(Tone::Strong, &head))?;
        if !group.injected.is_empty() {
            let containers = group.injected.iter().map(|name| sanitize(name)).collect::<Vec<_>>().join(", ");
            let what = plural(group.injected.len(), "container", "containers");
            self.line(out, &format!("{what} not in the template, hence injected: {containers}"))?;
            for advice in words::injector_advice(&group.injected) {
                self.line(out, &format!("= {advice}"))?;
            }
        }
        self.findings(out, &group.findings)?;
        if !group.ephemeral.is_empty() {
            let containers =
                group.ephemeral_containers.iter().map(|name| sanitize(name)).collect::<Vec<_>>().join(", ");
            self.line(out, &format!("ephemeral containers ({containers}) cannot be removed; they go with the pod:"))?;
            self.findings(out, &group.ephemeral)?;
        }
        if !group.comes_back && self.is_enforced {
            let text = plural(group.pods.len(), "it would not come back", "they would not come back");
            let why = "admission refuses such a pod when it has to be made again";
            writeln!(out, "  {}: {why}", self.style.paint(Tone::StrongBad, text))?;
        }
        writeln!(out)
    }

    fn findings(&self, out: &mut dyn Write, findings: &[PlacedFinding]) -> io::Result<()> {
        for placed in findings {
            let reason = sanitize(&placed.finding.reason);
            writeln!(out, "  {}", self.style.paint(Tone::broken(placed.finding.level).strong(), &reason))?;
            self.indented(out, &placed.finding.detail, 4)?;
        }
        Ok(())
    }

    fn refusals(&self, out: &mut dyn Write, live: &Live) -> io::Result<()> {
        if live.refusals.is_empty() {
            return Ok(());
        }
        let head = format!("{} could not make pods lately", words::object(self.verdict));
        writeln!(out, "{}\n", self.style.paint(Tone::StrongBad, &head))?;
        for message in &live.refusals {
            self.indented(out, message, 2)?;
        }
        writeln!(out)
    }

    fn line(&self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        self.indented(out, text, 2)
    }

    fn indented(&self, out: &mut dyn Write, text: &str, indent: usize) -> io::Result<()> {
        let width = self.style.width.map(|width| width.saturating_sub(indent));
        for line in wrap(&sanitize(text), width).into_iter().filter(|line| !line.is_empty()) {
            writeln!(out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }
}

fn names(pods: &[String]) -> String {
    let mut names: Vec<String> = pods.iter().take(NAMED).map(|name| sanitize(name).into_owned()).collect();
    if pods.len() > NAMED {
        names.push(format!("and {} more", pods.len() - NAMED));
    }
    names.join(", ")
}
