//! The summary of a whole cluster: a line per namespace.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::policy::Level;
use crate::render::measure::columns;
use crate::render::style::{Style, Tone, sanitize};
use crate::report::{Report, Verdict};

/// How the workloads of a namespace fare.
#[derive(Default)]
struct Counts {
    workloads: usize,
    pods: usize,
    /// By level, how many workloads meet it and no stricter one.
    meets: [usize; Level::ALL.len()],
}

/// Writes how many workloads of each namespace meet which level; nothing for manifests or for a single namespace.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let mut namespaces: BTreeMap<&str, Counts> = BTreeMap::new();
    for verdict in report.results.iter().filter(|verdict| verdict.live.is_some()) {
        namespaces.entry(verdict.namespace.as_deref().unwrap_or_default()).or_default().add(verdict);
    }
    if namespaces.len() < 2 {
        return Ok(());
    }
    let longest = namespaces.keys().map(|name| columns(&sanitize(name))).chain(["NAMESPACE".len()]).max().unwrap_or(0);
    let head = format!("{:longest$}  WORKLOADS  PODS   RESTRICTED  BASELINE  PRIVILEGED", "NAMESPACE");
    writeln!(out, "    {}", style.paint(Tone::Strong, &head))?;
    for (name, counts) in &namespaces {
        let name = sanitize(name);
        let gap = longest - columns(&name);
        write!(out, "    {name}{:gap$}  {:<9}  {:<5}", "", counts.workloads, counts.pods)?;
        for (level, width) in [(Level::Restricted, 10), (Level::Baseline, 8), (Level::Privileged, 10)] {
            let count = counts.meets[level as usize];
            let tone = if count == 0 { Tone::Faint } else { Tone::met(level) };
            write!(out, "  {}", style.paint(tone, &format!("{count:<width$}")))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.workloads += 1;
        self.pods += verdict.live.as_ref().map_or(0, |live| live.pods);
        self.meets[verdict.meets as usize] += 1;
    }
}
