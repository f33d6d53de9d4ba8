//! What stands in the cells of the list.

use serde::{Deserialize, Serialize};

use super::Detail;
use crate::render::columns::{Cell, Sign};
use crate::render::style::{Tone, counted, sanitize};
use crate::render::words::{Objection, object_name, objections, position};
use crate::report::{Asked, Basis, PodGroup, Verdict};

/// What a row may tell of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// The cluster that it is in.
    Context,
    Namespace,
    Workload,
    ApiVersion,
    /// How many pods it has.
    Pods,
    /// The strictest level that it meets.
    Meets,
    /// File and line.
    Place,
    /// What is found, and what else should be known.
    Remarks,
}

/// How many columns there are.
pub(super) const COLUMNS: usize = 8;

/// A row with all that it could tell: which columns are shown is known when all rows are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FullRow<'a> {
    pub(super) sign: Sign,
    /// A cell per [`Column`], in their order.
    #[serde(borrow)]
    pub(super) cells: [Cell<'a>; COLUMNS],
}

impl<'a> FullRow<'a> {
    /// The row of a verdict.
    pub(super) fn new(basis: Basis, verdict: &'a Verdict, detail: Detail) -> Self {
        let objections = objections(basis, verdict);
        let sign = match (verdict.allowed, objections.is_empty(), &verdict.exempt) {
            (false, ..) => Sign::Fails,
            (true, false, _) => Sign::Warned,
            (true, true, Some(_)) => Sign::Exempt,
            (true, true, None) => Sign::Passes,
        };
        let pods = verdict.live.as_ref().map_or(0, |live| live.pods);
        let remarks = match (&verdict.live, detail) {
            (Some(_), _) => live(basis, verdict, &objections),
            (None, Detail::Normal) => remarks(verdict, &objections, objections.iter().map(count).collect(), ", "),
            (None, Detail::Wide) => {
                or_dash(remarks(verdict, &objections, objections.iter().map(missing).collect(), "; "))
            }
        };
        let cells = [
            Cell::plain(sanitize(&verdict.source.file)),
            Cell::plain(verdict.namespace.as_deref().map_or("-".into(), sanitize)),
            Cell::plain(object_name(verdict)),
            Cell::plain(sanitize(&verdict.api_version)),
            Cell::plain(pods.to_string()),
            Cell { text: verdict.meets.as_str().into(), tone: Tone::met(verdict.meets) },
            Cell { text: place(verdict).into(), tone: Tone::Faint },
            remarks,
        ];
        Self { sign, cells }
    }
}

fn or_dash(cell: Cell<'_>) -> Cell<'_> {
    if cell.text.is_empty() { Cell { text: "-".into(), ..cell } } else { cell }
}

/// The last cell of what is in a cluster.
fn live<'a>(basis: Basis, verdict: &Verdict, objections: &[Objection<'_>]) -> Cell<'a> {
    let mut texts: Vec<String> = objections.iter().map(missing).filter(|text| !text.is_empty()).collect();
    texts.extend(live_remarks(basis.asked, verdict));
    let last = remarks(verdict, objections, texts, "; ");
    let is_remarkable = !last.text.is_empty() && !verdict.allowed && objections.is_empty();
    or_dash(if is_remarkable { Cell { tone: Tone::Warning, ..last } } else { last })
}

/// What is special about a workload's pods.
fn live_remarks(asked: Asked, verdict: &Verdict) -> Vec<String> {
    let Some(live) = &verdict.live else { return Vec::new() };
    let mut remarks = Vec::new();
    let of = |chosen: &dyn Fn(&PodGroup) -> bool| -> usize {
        live.groups.iter().filter(|group| chosen(group)).map(|group| group.pods.len()).sum()
    };
    let mut injected: Vec<&str> = live.groups.iter().flat_map(|group| &group.injected).map(String::as_str).collect();
    injected.sort_unstable();
    injected.dedup();
    if !injected.is_empty() {
        remarks
            .push(format!("injected: {}", injected.iter().map(|name| sanitize(name)).collect::<Vec<_>>().join(", ")));
    }
    let gone = of(&|group| !group.comes_back);
    // Only a namespace's own labels keep a pod from coming back.
    if gone > 0 && asked == Asked::Namespace {
        remarks.push(format!("{} would not come back", counted(gone, "pod", "pods")));
    }
    let debugged = of(&|group| !group.ephemeral.is_empty());
    if debugged > 0 {
        remarks.push(format!("{} with ephemeral containers", counted(debugged, "pod", "pods")));
    }
    if !live.refusals.is_empty() {
        remarks.push("pods were refused lately".to_owned());
    }
    remarks
}

/// File and line of the object.
fn place(verdict: &Verdict) -> String {
    let mut source = verdict.source.clone();
    source.column = None;
    position(&source)
}

/// `4 findings`, `4 findings against restricted:v1.37 (audit, warn)`.
fn count(objection: &Objection<'_>) -> String {
    let count = counted(objection.findings.len(), "finding", "findings");
    if objection.modes.is_empty() {
        return count;
    }
    format!("{count} against {} ({})", objection.policy_text(), objection.modes_text())
}

/// The checks that fail; with modes, also for which policy.
fn missing(objection: &Objection<'_>) -> String {
    let checks: Vec<_> = objection.findings.iter().map(|placed| placed.finding.check).collect();
    let checks = checks.join(", ");
    if objection.modes.is_empty() {
        return checks;
    }
    format!("{checks} for {} ({})", objection.policy_text(), objection.modes_text())
}

/// The last cell: what is found, then what a reader may not expect of the workload or of how it was judged.
fn remarks<'a>(verdict: &Verdict, objections: &[Objection<'_>], mut texts: Vec<String>, between: &str) -> Cell<'a> {
    texts.extend(verdict.exempt.as_deref().map(|why| sanitize(why).into_owned()));
    if !verdict.namespace_is_known {
        texts.push("its namespace's labels are not known".to_owned());
    }
    if verdict.custom {
        texts.push("custom resource".to_owned());
    }
    let level = |objection: &Objection<'_>| objection.findings.iter().map(|placed| placed.finding.level).min();
    let tone = objections.first().and_then(level).map_or(Tone::Faint, Tone::broken);
    Cell { text: texts.join(between).into(), tone }
}
