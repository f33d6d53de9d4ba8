//! What violates in a namespace: by what mode, which workloads for which cause, and what becomes of them.

use std::io::{self, Write};

use super::causes::{Cause, Change, Said, causes, changes, distinct};
use super::table::Detail;
use super::{text, words};
use crate::model::Finding;
use crate::policy::Mode;
use crate::render::measure::columns;
use crate::render::sentence::sentence;
use crate::render::style::{Style, Tone, counted, sanitize};
use crate::render::words::{fix_words, path, remedy, statement};
use crate::report::label::{LabelReport, ModeRow, NamespaceRow, Question, Violator};

/// Where lines end that have something at their right, unless the terminal ends before.
const RIGHT_EDGE: usize = 88;

/// Workloads, texts, fields and causes that are shown where not everything is.
const MOST_NAMES: usize = 6;
const MOST_TEXTS: usize = 3;
const MOST_PATHS: usize = 4;
const MOST_CAUSES: usize = 5;

/// Writes what violates in a namespace; nothing where nothing does.
pub(super) fn write(
    report: &LabelReport,
    row: &NamespaceRow,
    detail: Detail,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let block = Block { report, row, detail, style };
    let mut shown: Vec<&Violator> = Vec::new();
    for change in changes(row) {
        let Some(first) = change.first() else { continue };
        if first.violating.is_empty() && first.newly_allowed.is_empty() {
            continue;
        }
        block.heading(out, &change, first)?;
        if detail == Detail::Short {
            block.short(out, first)?;
        } else {
            block.effects(out, &change, first)?;
            block.causes(out, first, &shown)?;
        }
        shown.extend(&first.violating);
    }
    Ok(())
}

struct Block<'a> {
    report: &'a LabelReport,
    row: &'a NamespaceRow,
    detail: Detail,
    style: &'a Style,
}

impl Block<'_> {
    /// `shop: enforce restricted:v1.36 (now baseline), 2 of 5 break`.
    fn heading(&self, out: &mut dyn Write, change: &Change<'_>, first: &ModeRow) -> io::Result<()> {
        let head = format!("{}: {} {}", sanitize(&self.row.name), change.modes(), first.to);
        let is_upgrade = matches!(self.report.question, Question::Upgrade { .. });
        let now = match words::policy_now(self.row, first.mode, first.from) {
            _ if is_upgrade => format!(" (before: {})", first.from),
            now if now == "-" => String::new(),
            now => format!(" (now {now})"),
        };
        let mode = if change.enforces() { Mode::Enforce } else { first.mode };
        let outcome = if is_upgrade { words::upgraded(first) } else { words::outcome(self.row, mode, first.workloads) };
        let tone = match mode {
            _ if first.violating.is_empty() => Tone::StrongGood,
            Mode::Enforce => Tone::StrongBad,
            Mode::Audit | Mode::Warn => Tone::StrongWarning,
        };
        let mut pieces = vec![(Tone::Strong, head), (Tone::Plain, format!("{now}, ")), (tone, outcome)];
        let lost: usize = first.violating.iter().map(|violator| violator.lost).sum();
        if self.detail == Detail::Short && change.enforces() && lost > 0 {
            let lost = format!(", {} would not come back", counted(lost, "running pod", "running pods"));
            pieces.push((Tone::Plain, lost));
        }
        sentence(out, self.style, 2, &pieces)
    }

    /// What each mode does about it.
    fn effects(&self, out: &mut dyn Write, change: &Change<'_>, first: &ModeRow) -> io::Result<()> {
        for mode in change.rows.iter().filter(|mode| !mode.violating.is_empty()) {
            let tone = if mode.mode == Mode::Enforce { Tone::StrongBad } else { Tone::StrongWarning };
            self.led(out, tone, mode.mode.as_str(), &words::effect(mode.mode, &mode.violating))?;
        }
        if !first.newly_allowed.is_empty() {
            let names = words::list(names(&first.newly_allowed), self.detail.most(MOST_NAMES));
            self.led(out, Tone::StrongGood, words::allowed(first.mode), &names)?;
        }
        writeln!(out)
    }

    /// A line per cause: the checks, and who.
    fn short(&self, out: &mut dyn Write, first: &ModeRow) -> io::Result<()> {
        let causes = causes(&first.violating);
        for cause in causes.iter().take(MOST_CAUSES) {
            let findings = cause.first().map_or(&[][..], |who| &who.findings);
            let checks = words::list(findings.iter().map(|finding| finding.check.to_owned()).collect(), MOST_NAMES);
            let names = words::list(cause.who.iter().map(|who| words::name(who)).collect(), MOST_TEXTS);
            write!(out, "  {:>4}  ", cause.who.len())?;
            text::hanging(out, self.style, 8, &format!("{checks}: {names}"))?;
        }
        self.rest(out, 8, &causes)?;
        writeln!(out)
    }

    /// Each cause with its fields. Workloads of which the same has been said above are only named.
    fn causes(&self, out: &mut dyn Write, first: &ModeRow, shown: &[&Violator]) -> io::Result<()> {
        let is_known = |one: &Violator| {
            shown
                .iter()
                .any(|other| (&other.kind, &other.name, &other.findings) == (&one.kind, &one.name, &one.findings))
        };
        let (known, new): (Vec<&Violator>, Vec<&Violator>) = first.violating.iter().partition(|one| is_known(one));
        let causes = causes(new);
        causes.iter().take(self.detail.most(MOST_CAUSES)).try_for_each(|cause| self.cause(out, cause))?;
        if causes.len() > self.detail.most(MOST_CAUSES) {
            self.rest(out, 2, &causes)?;
            writeln!(out)?;
        }
        if known.is_empty() {
            return Ok(());
        }
        let names = known.iter().map(|who| words::name(who)).collect();
        let text = format!("as above: {}", words::list(names, self.detail.most(MOST_NAMES)));
        text::indented(out, self.style, Tone::Plain, 2, &text)?;
        writeln!(out)
    }

    fn rest(&self, out: &mut dyn Write, indent: usize, causes: &[Cause<'_>]) -> io::Result<()> {
        let hidden: usize = causes.iter().skip(self.detail.most(MOST_CAUSES)).map(|cause| cause.who.len()).sum();
        if hidden == 0 {
            return Ok(());
        }
        let others = counted(hidden, "other workload", "other workloads");
        self.faint(out, indent, &format!("and {others} for other reasons (-o wide)"))
    }

    fn cause(&self, out: &mut dyn Write, cause: &Cause<'_>) -> io::Result<()> {
        let names = cause.who.iter().map(|who| words::name_with_pods(who)).collect();
        let names = words::list(names, self.detail.most(MOST_NAMES));
        text::indented(out, self.style, Tone::Strong, 2, &names)?;
        for said in cause.findings() {
            self.finding(out, &said)?;
        }
        let remarks = cause.first().map(words::remarks).unwrap_or_default();
        remarks.iter().try_for_each(|remark| text::indented(out, self.style, Tone::Plain, 4, remark))?;
        writeln!(out)
    }

    /// A check's reason, and what it says of each of the workloads of a cause.
    fn finding(&self, out: &mut dyn Write, said: &[(&Violator, &Finding)]) -> io::Result<()> {
        let Some((_, first)) = said.first() else { return Ok(()) };
        self.reason(out, first)?;
        let details = distinct(said.iter().map(|(who, finding)| (*who, finding.detail.as_str())));
        let shown = details.len().min(self.detail.most(MOST_TEXTS));
        for Said { text: detail, of } in details.iter().take(shown).filter(|said| !said.text.is_empty()) {
            // Where all say the same it need not be told who says it.
            let whose = if details.len() > 1 { format!("{}: ", self.whose(of)) } else { String::new() };
            text::indented(out, self.style, Tone::Plain, 6, &format!("{whose}{}", sanitize(detail)))?;
        }
        self.more(out, 6, details.len() - shown)?;
        let fields = said.iter().flat_map(|(who, finding)| {
            finding.violations.iter().map(|one| (*who, format!("{} {}", path(&one.path), statement(one, "not set"))))
        });
        let fields = distinct(fields);
        let shown = fields.len().min(self.detail.most(MOST_PATHS));
        fields.iter().take(shown).try_for_each(|field| self.faint(out, 6, &field.text))?;
        self.more(out, 6, fields.len() - shown)?;
        if self.detail != Detail::Wide {
            return Ok(());
        }
        text::indented(out, self.style, Tone::Plain, 6, &format!("= fix: {}", remedy(first)))
    }

    fn whose(&self, of: &[&Violator]) -> String {
        words::list(of.iter().map(|who| words::name(who)).collect(), self.detail.most(MOST_TEXTS))
    }

    fn reason(&self, out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
        let (reason, remark) = (sanitize(&finding.reason), fix_words(finding.fix));
        let edge = self.style.width.unwrap_or(RIGHT_EDGE).min(RIGHT_EDGE);
        let gap = edge.saturating_sub(4 + columns(&reason) + columns(remark)).max(2);
        let reason = self.style.paint(Tone::broken(finding.level).strong(), &reason);
        writeln!(out, "    {reason}{:gap$}{}", "", self.style.paint(Tone::fix(finding.fix), remark))
    }

    /// `  word: text`.
    fn led(&self, out: &mut dyn Write, tone: Tone, word: &str, text: &str) -> io::Result<()> {
        write!(out, "  {}: ", self.style.paint(tone, word))?;
        text::hanging(out, self.style, 4 + word.len(), text)
    }

    fn faint(&self, out: &mut dyn Write, indent: usize, text: &str) -> io::Result<()> {
        text::indented(out, self.style, Tone::Faint, indent, text)
    }

    fn more(&self, out: &mut dyn Write, indent: usize, hidden: usize) -> io::Result<()> {
        if hidden == 0 { Ok(()) } else { self.faint(out, indent, &format!("and {hidden} more")) }
    }
}

fn names(violators: &[Violator]) -> Vec<String> {
    violators.iter().map(words::name).collect()
}
