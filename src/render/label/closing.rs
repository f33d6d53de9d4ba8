//! The last lines: how many namespaces fare how, and what to type next.

use std::cmp::Ordering;
use std::io::{self, Write};

use super::edits::policy_of;
use super::table::Detail;
use super::{text, words};
use crate::policy::Mode;
use crate::render::sentence::{listed, sentence};
use crate::render::style::{Style, Tone, counted, plural, sanitize};
use crate::render::words::ended as ended_pods;
use crate::report::label::{LabelReport, ModeRow, NamespaceRow, Question};

/// Writes the count, and the next command where there is one.
pub(super) fn write(report: &LabelReport, detail: Detail, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let namespaces = counted(report.namespaces.len(), "namespace", "namespaces");
    let parts = match report.question {
        Question::Matrix => matrix(report),
        Question::Labels => labels(report),
        Question::Upgrade { .. } => upgrade(report),
    };
    // Of no namespace there is nothing good to say either.
    let parts = if report.namespaces.is_empty() { Vec::new() } else { parts };
    let mut pieces = vec![(Tone::Plain, format!("{namespaces} {}", versions(report)))];
    pieces.extend(listed(parts));
    let ended: usize = report.namespaces.iter().map(|row| row.ended).sum();
    if ended > 0 {
        pieces.extend([(Tone::Plain, " ".to_owned()), (Tone::Faint, ended_pods(ended))]);
    }
    if !report.errors.is_empty() {
        let errors = counted(report.errors.len(), "error", "errors");
        pieces.extend([(Tone::Plain, "; ".to_owned()), (Tone::StrongBad, errors)]);
    }
    sentence(out, style, 0, &pieces)?;
    if detail == Detail::Short {
        let text = "only the checks are named here, so much violates: -o wide tells every field of every workload";
        text::toned(out, style, Tone::Faint, 0, text)?;
    }
    match &style.next {
        Some(command) => writeln!(out, "{} {}", style.paint(Tone::Hint, "next:"), sanitize(command)),
        None => Ok(()),
    }
}

/// `at v1.36`, `upgraded from v1.36 to v1.37`.
fn versions(report: &LabelReport) -> String {
    match report.question {
        Question::Upgrade { from, to } => match from.cmp(&to) {
            Ordering::Less => format!("upgraded from v1.{from} to v1.{to}"),
            Ordering::Equal => format!("at v1.{to} before and after"),
            Ordering::Greater => format!("downgraded from v1.{from} to v1.{to}"),
        },
        Question::Matrix | Question::Labels => format!("at v1.{}", report.server),
    }
}

type Parts = Vec<(Tone, String)>;

fn matrix(report: &LabelReport) -> Parts {
    let stands = |row: &NamespaceRow| {
        let now = words::now(row, Mode::Enforce).unwrap_or(policy_of(&row.labels).enforce);
        row.exempt.is_none().then(|| now.level.cmp(&row.strictest))
    };
    let (known, unknown): (Vec<_>, Vec<_>) =
        report.namespaces.iter().partition(|row| row.exempt.is_some() || row.unread.is_empty());
    let count = |wanted: Option<Ordering>| known.iter().filter(|row| stands(row) == wanted).count();
    let (equal, less, more) =
        (count(Some(Ordering::Equal)), count(Some(Ordering::Less)), count(Some(Ordering::Greater)));
    let (exempt, unknown) = (count(None), unknown.len());
    let parts = [
        (Tone::StrongGood, equal, format!("{equal} {} what is safe", plural(equal, "enforces", "enforce"))),
        (Tone::Hint, less, format!("{less} could enforce more")),
        (Tone::StrongBad, more, format!("{more} {} more than what runs meets", plural(more, "enforces", "enforce"))),
        (Tone::Plain, exempt, format!("{exempt} {} exempt", plural(exempt, "is", "are"))),
        (Tone::StrongWarning, unknown, format!("{unknown} {}", words::NOT_KNOWN)),
    ];
    parts.into_iter().filter(|(_, count, _)| *count > 0).map(|(tone, _, text)| (tone, text)).collect()
}

/// How many workloads, in how many namespaces, do something under a mode.
fn counts(report: &LabelReport, mode: Mode, of: impl Fn(&ModeRow) -> usize) -> (usize, usize) {
    let entries = report.namespaces.iter().map(|row| {
        let entries = row.modes.iter().filter(|entry| entry.mode == mode && row.exempt.is_none());
        entries.map(&of).sum::<usize>()
    });
    entries
        .filter(|count| *count > 0)
        .fold((0, 0), |(workloads, namespaces), count| (workloads + count, namespaces + 1))
}

fn labels(report: &LabelReport) -> Parts {
    let mut parts = Vec::new();
    for (mode, tone, does) in [
        (Mode::Enforce, Tone::StrongBad, "enforce breaks"),
        (Mode::Warn, Tone::StrongWarning, "warn tells of"),
        (Mode::Audit, Tone::StrongWarning, "audit marks"),
    ] {
        let (workloads, namespaces) = counts(report, mode, |entry| entry.workloads.violating);
        if workloads > 0 {
            let workloads = counted(workloads, "workload", "workloads");
            let place = format!(" in {}", counted(namespaces, "namespace", "namespaces"));
            let place = if report.namespaces.len() > 1 { place } else { String::new() };
            parts.push((tone, format!("{does} {workloads}{place}")));
        }
    }
    if parts.is_empty() {
        let changes = report.namespaces.iter().any(|row| !row.modes.is_empty());
        let is_whole = report.namespaces.iter().all(|row| row.unread.is_empty());
        parts.push(match (changes, is_whole) {
            // What violates the labels of now is told by a notice.
            (false, _) => (Tone::Plain, "these labels change nothing".to_owned()),
            (true, true) => (Tone::StrongGood, "nothing violates these labels".to_owned()),
            (true, false) => (Tone::StrongWarning, "nothing that could be read violates these labels".to_owned()),
        });
    }
    parts
}

fn upgrade(report: &LabelReport) -> Parts {
    let (denied, _) = counts(report, Mode::Enforce, |entry| entry.violating.len());
    let (admitted, _) = counts(report, Mode::Enforce, |entry| entry.newly_allowed.len());
    let mut parts = Vec::new();
    if denied > 0 {
        parts.push((Tone::StrongBad, format!("{} newly refused", counted(denied, "workload", "workloads"))));
    }
    if admitted > 0 {
        parts.push((Tone::StrongGood, format!("{} newly admitted", counted(admitted, "workload", "workloads"))));
    }
    if parts.is_empty() {
        parts.push(match report.namespaces.iter().all(|row| row.unread.is_empty()) {
            true => (Tone::StrongGood, "nothing is newly refused".to_owned()),
            false => (Tone::StrongWarning, "nothing that could be read is newly refused".to_owned()),
        });
    }
    parts
}
