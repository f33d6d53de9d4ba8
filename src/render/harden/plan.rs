//! The plan for people: a line per workload, then its edits with what they may break, and what is left.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::Value;

use super::values::{field, flow, subject};
use crate::model::{Applicability, FieldPath, Op};
use crate::render::measure::{columns, wrap};
use crate::render::sentence::{listed, sentence, set_aside};
use crate::render::style::{Style, Tone, counted, sanitize};
use crate::render::words::position;
use crate::render::yaml;
use crate::report::Opened;
use crate::report::harden::{HardenReport, Hardened, PlannedEdit, Refusal, Residue};
use crate::report::patch::ObjectPatch;

/// What a plan is written from.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    /// The report.
    pub report: &'a HardenReport,
    /// Patches of objects that cannot be edited in their text, with the positions of their results.
    pub by_hand: &'a [(usize, ObjectPatch)],
}

/// Writes the plan.
///
/// # Errors
/// Those of `out`.
pub fn plan(view: PlanView<'_>, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    // Narrower than this, nothing sensible can be laid out; the terminal may break the lines.
    let style = &Style { width: style.width.map(|width| width.max(40)), ..style.clone() };
    let results = &view.report.results;
    let list = List::new(results, style);
    results.iter().try_for_each(|result| list.line(result, style, out))?;
    if !results.is_empty() {
        writeln!(out)?;
    }
    let opened = Opened::default();
    for (at, result) in results.iter().enumerate().filter(|(_, result)| has_details(result)) {
        let block = Block { result, style, opened: &opened, object: OnceCell::new() };
        block.write(view.report, out)?;
        if let Ok(by_hand) = view.by_hand.binary_search_by_key(&at, |(of, _)| *of) {
            block.by_hand(&view.by_hand[by_hand].1, out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn has_details(result: &Hardened) -> bool {
    !result.edits.is_empty() || !result.residue.is_empty() || !result.refused.is_empty() || !result.notes.is_empty()
}

/// Columns of names and namespaces in the list; longer ones move what stands behind them.
const LONGEST: usize = 48;

/// The list: its cells and how wide they are.
struct List {
    cells: [fn(&Hardened) -> String; 3],
    widths: [usize; 3],
}

impl List {
    fn new(all: &[Hardened], style: &Style) -> Self {
        let cells = [name as fn(&Hardened) -> String, namespace, if style.unicode { way_by_arrow } else { way }];
        let width = |text: fn(&Hardened) -> String| {
            all.iter().map(|result| columns(&text(result)).min(LONGEST)).max().unwrap_or_default()
        };
        Self { cells, widths: cells.map(width) }
    }

    fn line(&self, result: &Hardened, style: &Style, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        for (text, width) in self.cells.iter().zip(self.widths).filter(|(_, width)| *width > 0) {
            let own = text(result);
            line.push_str(&format!("{own}{:gap$}", "", gap = width.saturating_sub(columns(&own)) + 2));
        }
        let (sign, tone) = sign(result, style);
        write!(out, "  {} ", style.paint(tone, sign))?;
        sentence(out, style, 4, &[(Tone::Plain, line), (Tone::Faint, summary(result))])
    }
}

fn sign(result: &Hardened, style: &Style) -> (&'static str, Tone) {
    let (unicode, ascii, tone) = if !result.refused.is_empty() {
        ("!", "!", Tone::StrongBad)
    } else if !result.reached {
        ("✗", "x", Tone::StrongBad)
    } else {
        ("✓", "+", Tone::StrongGood)
    };
    (if style.unicode { unicode } else { ascii }, tone)
}

/// `deployment/web`, safe to print.
fn name(result: &Hardened) -> String {
    let name = if result.name.is_empty() { "(no name)".into() } else { sanitize(&result.name) };
    format!("{}/{name}", sanitize(&result.kind.to_lowercase()))
}

fn namespace(result: &Hardened) -> String {
    result.namespace.as_deref().map(sanitize).unwrap_or_default().into_owned()
}

/// From which level to which.
fn way(result: &Hardened) -> String {
    match (result.before, result.after) {
        (before, after) if before == after => before.to_string(),
        (before, after) => format!("{before} -> {after}"),
    }
}

fn way_by_arrow(result: &Hardened) -> String {
    way(result).replace("->", "→")
}

fn summary(result: &Hardened) -> String {
    let mut parts = Vec::new();
    if !result.refused.is_empty() {
        parts.push("its text cannot be edited".to_owned());
    } else if !result.edits.is_empty() {
        let risky = result.edits.iter().filter(|edit| edit.fix != Applicability::Safe).count();
        let risky = if risky == 0 { "all safe".to_owned() } else { format!("{risky} risky") };
        parts.push(format!("{} ({risky})", counted(result.edits.len(), "edit", "edits")));
    }
    if !result.residue.is_empty() {
        parts.push(format!("{} left", result.residue.len()));
    }
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

/// What is told about one workload.
struct Block<'a> {
    result: &'a Hardened,
    style: &'a Style,
    opened: &'a Opened,
    object: OnceCell<Rc<Value>>,
}

/// Why an edit is made, and what it may break.
type Reason<'a> = (&'a str, &'a str);

/// Edits with the same reason together, in the order in which the first of them come.
fn by_reason<'e>(edits: &[&'e PlannedEdit]) -> Vec<(Reason<'e>, Vec<&'e PlannedEdit>)> {
    let mut groups: Vec<(Reason<'_>, Vec<_>)> = Vec::new();
    let mut known: HashMap<Reason<'_>, usize> = HashMap::new();
    for planned in edits.iter().copied() {
        let reason = (planned.check, planned.risk.as_str());
        let at = *known.entry(reason).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(planned),
            None => groups.push((reason, vec![planned])),
        }
    }
    groups
}

impl Block<'_> {
    fn write(&self, report: &HardenReport, out: &mut dyn Write) -> io::Result<()> {
        let result = self.result;
        let namespace = result.namespace.as_deref().map(|own| format!(" ({})", sanitize(own))).unwrap_or_default();
        let title = format!("{}{namespace}", name(result));
        let custom = if result.custom {
            format!(", pod template at {}", sanitize(&result.template.to_string()))
        } else {
            String::new()
        };
        let verb = if result.reached { "reaches" } else { "does not reach" };
        let policy = policy(report);
        let does = format!(" {verb} {policy}{custom}  ");
        let place = position(&result.source);
        sentence(out, self.style, 2, &[(Tone::Strong, title), (Tone::Plain, does), (Tone::Faint, place)])?;
        for fix in [Applicability::Safe, Applicability::Risky, Applicability::Manual] {
            let edits = result.edits.iter().flat_map(PlannedEdit::told).filter(|planned| planned.fix == fix);
            let edits: Vec<_> = edits.collect();
            self.edits(fix, &edits, out)?;
        }
        self.residue(out)?;
        self.refused(out)?;
        if !result.notes.is_empty() {
            writeln!(out)?;
        }
        for note in &result.notes {
            self.remark("note: ", note, "  ", out)?;
        }
        Ok(())
    }

    fn heading(&self, tone: Tone, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n  {}", self.style.paint(tone.strong(), text))
    }

    /// The edits of one kind; those with the same reason stand together, and what they may break is said once.
    fn edits(&self, fix: Applicability, edits: &[&PlannedEdit], out: &mut dyn Write) -> io::Result<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let heading = match fix {
            Applicability::Safe => "safe: only tightens what hardly anything uses",
            Applicability::Risky => "risky: may stop a workload that relies on it",
            Applicability::Manual => "as you asked",
        };
        self.heading(Tone::fix(fix), heading, out)?;
        let who = |planned: &PlannedEdit| self.subject(&planned.edit.path, planned.container.as_deref());
        let width = edits.iter().map(|planned| columns(&who(planned)).min(LONGEST)).max().unwrap_or_default();
        for ((_, risk), same) in by_reason(edits) {
            for planned in same {
                let who = who(planned);
                let gap = width.saturating_sub(columns(&who)) + 2;
                self.edit(planned, &format!("{who}{:gap$}", ""), out)?;
            }
            if !risk.is_empty() {
                self.remark("may break: ", risk, "        ", out)?;
            }
        }
        Ok(())
    }

    /// The object, which is only looked at where something about it is told.
    fn object(&self) -> &Value {
        self.object.get_or_init(|| self.opened.value(&self.result.object))
    }

    fn subject(&self, path: &FieldPath, container: Option<&str>) -> String {
        subject(&self.result.template, || self.object(), path, container)
    }

    fn edit(&self, planned: &PlannedEdit, who: &str, out: &mut dyn Write) -> io::Result<()> {
        let field = field(self.result, &planned.edit.path);
        let before = flow(&planned.before);
        let (sign, tone, text) = match &planned.edit.op {
            Op::Remove => ("-", Tone::Bad, format!("{field}: {before}")),
            Op::Set(value) if planned.before.is_null() => ("+", Tone::Good, format!("{field}: {}", flow(value))),
            Op::Set(value) => {
                let arrow = if self.style.unicode { "→" } else { "->" };
                ("~", Tone::Warning, format!("{field}: {before} {arrow} {}", flow(value)))
            }
        };
        write!(out, "    {} {who}", self.style.paint(tone, sign))?;
        sentence(out, self.style, 6 + columns(who), &[(tone, text)])
    }

    fn residue(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.result.residue.is_empty() {
            return Ok(());
        }
        self.heading(Tone::Bad, "left: needs a decision", out)?;
        for Residue { check, path, why, ways } in &self.result.residue {
            let value = path.find(self.object()).map(|value| format!(": {}", flow(value))).unwrap_or_default();
            let who = self.subject(path, None);
            let field = format!("{who}  {}{value}  ", field(self.result, path));
            write!(out, "    {} ", self.style.paint(Tone::Bad, "!"))?;
            sentence(out, self.style, 6, &[(Tone::Plain, field), (Tone::Faint, (*check).to_owned())])?;
            self.remark("", why, "        ", out)?;
            for way in ways {
                self.remark("way: ", way, "        ", out)?;
            }
        }
        Ok(())
    }

    fn refused(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.result.refused.is_empty() {
            return Ok(());
        }
        self.heading(Tone::Bad, "not edited: the text cannot be changed here without changing something else", out)?;
        for Refusal { path, line, column, why } in &self.result.refused {
            let place = format!("{}:{line}:{column}", sanitize(&self.result.source.file));
            let path = if path.segments().is_empty() { String::new() } else { format!("{path}: ") };
            self.remark("", &format!("{place}: {path}{why}"), "    ", out)?;
        }
        Ok(())
    }

    /// The patch for a text that cannot be edited.
    fn by_hand(&self, patch: &ObjectPatch, out: &mut dyn Write) -> io::Result<()> {
        self.heading(Tone::Hint, "to be put in by hand", out)?;
        yaml::text(&patch.body).lines().try_for_each(|line| writeln!(out, "    {line}"))
    }

    /// A sentence, wrapped, its first word in front of it.
    fn remark(&self, label: &str, text: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
        let text = sanitize(text);
        let room = self.style.width.map(|width| width.saturating_sub(indent.len() + label.len()).max(20));
        for (at, line) in wrap(&text, room).into_iter().enumerate() {
            let label = if at == 0 { label.to_owned() } else { " ".repeat(label.len()) };
            writeln!(out, "{indent}{}{line}", self.style.paint(Tone::Faint, &label))?;
        }
        Ok(())
    }
}

/// `restricted:v1.37`.
fn policy(report: &HardenReport) -> String {
    format!("{}:v1.{}", report.policy.level, report.policy.version.minor())
}

/// Writes how many workloads reach the policy, and what comes next.
///
/// # Errors
/// Those of `out`.
pub fn closing(report: &HardenReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let all = report.results.len();
    let left = report.unreached();
    let workloads = counted(all, "workload", "workloads");
    let policy = policy(report);
    let (good, bad) = (Tone::StrongGood, Tone::StrongBad);
    let parts: Vec<(Tone, String)> = match (all, left) {
        (0, _) => Vec::new(),
        (1, 0) => vec![(good, "reached".to_owned())],
        (1, _) => vec![(bad, format!("not reached{}", missing(report)))],
        (_, 0) => vec![(good, "reached by all".to_owned())],
        (all, left) => {
            vec![(good, format!("reached by {}", all - left)), (bad, format!("not by {left}{}", missing(report)))]
        }
    };
    let mut pieces = vec![(Tone::Plain, format!("{workloads}, {policy}"))];
    pieces.extend(listed(parts));
    pieces.extend(set_aside(report.errors.count(), report.without_template));
    sentence(out, style, 2, &pieces)?;
    style.next.as_deref().map_or(Ok(()), |command| next(command, style, out))
}

/// Writes the command that a reader should type next.
///
/// # Errors
/// Those of `out`.
pub fn next(command: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} {}", style.paint(Tone::Hint, "next:"), sanitize(command))
}

/// What is left, by name: ` (hostPathVolumes)`.
fn missing(report: &HardenReport) -> String {
    let mut checks: Vec<&str> = Vec::new();
    for residue in report.results.iter().filter(|result| !result.reached).flat_map(|result| &result.residue) {
        if !checks.contains(&residue.check) {
            checks.push(residue.check);
        }
    }
    if checks.is_empty() { String::new() } else { format!(" ({})", checks.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::harden::sample;
    use crate::render::style::is_harmful;
    use crate::report::patch::PatchFormat;

    fn written(report: &HardenReport, style: &Style) -> String {
        let mut out = Vec::new();
        plan(PlanView { report, by_hand: &[] }, style, &mut out).unwrap();
        closing(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_plan() {
        let style = Style { unicode: true, next: Some("kubectl secctx harden -w".to_owned()), ..Style::default() };
        let expected = r#"  ✗ deployment/web   shop  privileged → baseline  3 edits (2 risky), 1 left
  ✓ cronjob/cleanup  shop  restricted             nothing to do

deployment/web (shop) does not reach restricted:v1.37  shop.yaml:1:1

  safe: only tightens what hardly anything uses
    ~ web  securityContext.allowPrivilegeEscalation: true → false

  risky: may stop a workload that relies on it
    + pod  securityContext.runAsNonRoot: true
        may break: an image that runs as root does not start
    - pod  hostNetwork: true
        may break: the pod no longer sees the node's network

  left: needs a decision
    ! volume run  hostPath: {path: /run}  hostPathVolumes
        volume "run" is /run of the node
        way: --volume run=emptyDir, where it only holds what may go with the pod

  note: Helm rendered this

2 workloads, restricted:v1.37: reached by 1, not by 1 (hostPathVolumes)
next: kubectl secctx harden -w
"#;
        assert_eq!(written(&sample::shop(), &style), expected);
    }

    #[test]
    fn hostile_text_is_harmless_and_narrow_terminals_wrap() {
        let report = sample::hostile();
        let text = written(&report, &Style { width: Some(50), ..Style::default() });
        assert!(text.chars().all(|c| c == '\n' || !is_harmful(c)), "{text}");
        assert!(text.is_ascii());
        let mut out = Vec::new();
        let body = serde_json::json!({"x\u{1b}": "\u{202e}"});
        let patch = ObjectPatch {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: String::new(),
            format: PatchFormat::Strategic,
            body,
        };
        plan(PlanView { report: &report, by_hand: &[(0, patch)] }, &Style::default(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("to be put in by hand\n    \"x\\e\": \"\\u202E\"\n"), "{text}");
    }
}
