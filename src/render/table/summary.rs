//! The summary of a whole cluster: a line per namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use crate::policy::Level;
use crate::render::measure::columns;
use crate::render::style::{Style, Tone, sanitize};
use crate::report::Verdict;

/// How the workloads of each namespace fare, by context and name.
#[derive(Debug, Default)]
pub(in crate::render) struct Namespaces(BTreeMap<(Arc<str>, String), Counts>);

/// How the workloads of a namespace fare.
#[derive(Debug, Default)]
struct Counts {
    workloads: usize,
    pods: usize,
    /// By level, how many workloads meet it and no stricter one.
    meets: [usize; Level::ALL.len()],
}

impl Namespaces {
    /// Counts a verdict, if it is about something in a cluster.
    pub(super) fn push(&mut self, verdict: &Verdict) {
        let Some(live) = &verdict.live else { return };
        let namespace = verdict.namespace.clone().unwrap_or_default();
        let counts = self.0.entry((Arc::clone(&verdict.source.file), namespace)).or_default();
        counts.workloads += 1;
        counts.pods += live.pods;
        counts.meets[verdict.meets as usize] += 1;
    }

    /// Adds the counts of other workloads.
    pub(in crate::render) fn add(&mut self, others: Self) {
        for (namespace, other) in others.0 {
            let counts = self.0.entry(namespace).or_default();
            counts.workloads += other.workloads;
            counts.pods += other.pods;
            counts.meets.iter_mut().zip(other.meets).for_each(|(count, other)| *count += other);
        }
    }

    /// Writes how many workloads of each namespace meet which level; nothing for manifests or for a single namespace.
    pub(super) fn write(&self, style: &Style, out: &mut dyn Write) -> io::Result<()> {
        if self.0.len() < 2 { Ok(()) } else { write(&self.0, style, out) }
    }
}

fn write(namespaces: &BTreeMap<(Arc<str>, String), Counts>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let contexts: BTreeSet<&str> = namespaces.keys().map(|(context, _)| &**context).collect();
    let mut columns = vec![Column::new("NAMESPACE", namespaces.keys().map(|(_, namespace)| &**namespace))];
    if contexts.len() > 1 {
        columns.insert(0, Column::new("CONTEXT", namespaces.keys().map(|(context, _)| &**context)));
    }
    let names: String = columns.iter().map(|column| column.padded(column.name)).collect();
    let head = format!("{names}WORKLOADS  PODS   RESTRICTED  BASELINE  PRIVILEGED");
    writeln!(out, "    {}", style.paint(Tone::Strong, &head))?;
    for ((context, namespace), counts) in namespaces {
        let texts = [&**context, &**namespace];
        let texts = &texts[texts.len() - columns.len()..];
        let names: String = columns.iter().zip(texts).map(|(column, text)| column.padded(text)).collect();
        write!(out, "    {names}{:<9}  {:<5}", counts.workloads, counts.pods)?;
        for (level, width) in [(Level::Restricted, 10), (Level::Baseline, 8), (Level::Privileged, 10)] {
            let count = counts.meets[level as usize];
            let tone = if count == 0 { Tone::Faint } else { Tone::met(level) };
            write!(out, "  {}", style.paint(tone, &format!("{count:<width$}")))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// A column of names.
struct Column {
    name: &'static str,
    width: usize,
}

impl Column {
    fn new<'a>(name: &'static str, texts: impl Iterator<Item = &'a str>) -> Self {
        let width = texts.map(|text| columns(&sanitize(text))).chain([name.len()]).max().unwrap_or(0);
        Self { name, width }
    }

    /// A text of the column with the gap to the next one.
    fn padded(&self, text: &str) -> String {
        let text = sanitize(text);
        let gap = self.width.saturating_sub(columns(&text)) + 2;
        format!("{text}{:gap$}", "")
    }
}
