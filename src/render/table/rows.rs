//! What stands in the cells of the list.

use std::borrow::Cow;
use std::sync::Arc;

use super::Detail;
use crate::render::columns::{Cell, Row, Sign};
use crate::render::style::{Tone, counted, sanitize};
use crate::render::words::{Objection, object_name, objections, position};
use crate::report::{Asked, PodGroup, Report, Verdict};

/// Makes the rows of a report's list.
pub(super) struct Rows<'a> {
    report: &'a Report,
    detail: Detail,
    /// Whether any object names a namespace.
    namespaces: bool,
    /// Whether objects come from several files or contexts.
    files: bool,
    /// Whether they come from a cluster.
    live: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(report: &'a Report, detail: Detail) -> Self {
        let namespaces = report.results.iter().any(|verdict| verdict.namespace.is_some());
        let files = report.results.windows(2).any(|pair| {
            !Arc::ptr_eq(&pair[0].source.file, &pair[1].source.file) && pair[0].source.file != pair[1].source.file
        });
        let live = report.results.iter().any(|verdict| verdict.live.is_some());
        Self { report, detail, namespaces, files, live }
    }

    /// The columns that give way where the terminal is narrow: of files, then of names.
    pub(super) fn flexible(&self) -> [Option<usize>; 2] {
        match self.detail {
            _ if self.live => [None, Some(if self.files { 2 } else { 1 })],
            Detail::Normal => [self.files.then_some(if self.namespaces { 3 } else { 2 }), Some(0)],
            Detail::Wide => [Some(4), Some(1)],
        }
    }

    /// The names of the columns, where they are written.
    pub(super) fn header(&self) -> Option<Row<'a>> {
        if self.detail == Detail::Normal && !self.live {
            return None;
        }
        let missing: Cow<'_, str> = match self.report.asked {
            Asked::Level(_) => format!("MISSING FOR {}", self.report.policy_text()).into(),
            Asked::Namespace => "MISSING".into(),
        };
        let names = match (self.live, self.detail) {
            (true, Detail::Normal) => &["NAMESPACE", "WORKLOAD", "PODS", "MEETS"][..],
            (true, Detail::Wide) => &["NAMESPACE", "WORKLOAD", "APIVERSION", "PODS", "MEETS"][..],
            (false, _) => &["NAMESPACE", "WORKLOAD", "APIVERSION", "MEETS", "FILE:LINE"][..],
        };
        let context = (self.live && self.files).then_some("CONTEXT");
        let names = context.iter().chain(names).copied().map(Cow::Borrowed);
        let cells = names.chain([missing]).map(|text| Cell { text, tone: Tone::Strong }).collect();
        Some(Row { sign: Sign::None, cells })
    }

    /// The row of each result.
    pub(super) fn all(&self) -> impl Iterator<Item = Row<'a>> {
        self.report.results.iter().map(|verdict| self.row(verdict))
    }

    fn row(&self, verdict: &'a Verdict) -> Row<'a> {
        let objections = objections(self.report, verdict);
        let sign = match (verdict.allowed, objections.is_empty(), &verdict.exempt) {
            (false, ..) => Sign::Fails,
            (true, false, _) => Sign::Warned,
            (true, true, Some(_)) => Sign::Exempt,
            (true, true, None) => Sign::Passes,
        };
        let cells = match self.detail {
            _ if self.live => self.live(verdict, &objections),
            Detail::Normal => self.normal(verdict, &objections),
            Detail::Wide => wide(verdict, &objections),
        };
        Row { sign, cells }
    }

    fn normal(&self, verdict: &'a Verdict, objections: &[Objection<'_>]) -> Vec<Cell<'a>> {
        let mut cells = vec![Cell::plain(object_name(verdict))];
        if self.namespaces {
            cells.push(namespace(verdict));
        }
        cells.push(meets(verdict));
        if self.files {
            cells.push(Cell { text: place(verdict).into(), tone: Tone::Faint });
        }
        let counts = objections.iter().map(count);
        cells.push(remarks(verdict, objections, counts.collect(), ", "));
        cells
    }
}

impl<'a> Rows<'a> {
    fn live(&self, verdict: &'a Verdict, objections: &[Objection<'_>]) -> Vec<Cell<'a>> {
        let pods = verdict.live.as_ref().map_or(0, |live| live.pods);
        let mut texts: Vec<String> = objections.iter().map(missing).filter(|text| !text.is_empty()).collect();
        texts.extend(live_remarks(self.report.asked, verdict));
        let mut last = remarks(verdict, objections, texts, "; ");
        if last.text.is_empty() {
            last.text = "-".into();
        } else if !verdict.allowed && objections.is_empty() {
            last.tone = Tone::Warning;
        }
        let mut cells = Vec::new();
        if self.files {
            cells.push(Cell::plain(sanitize(&verdict.source.file)));
        }
        cells.extend([namespace(verdict), Cell::plain(object_name(verdict))]);
        if self.detail == Detail::Wide {
            cells.push(Cell::plain(sanitize(&verdict.api_version)));
        }
        cells.extend([Cell::plain(pods.to_string()), meets(verdict), last]);
        cells
    }
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

fn wide<'a>(verdict: &'a Verdict, objections: &[Objection<'_>]) -> Vec<Cell<'a>> {
    let mut last = remarks(verdict, objections, objections.iter().map(missing).collect(), "; ");
    if last.text.is_empty() {
        last.text = "-".into();
    }
    vec![
        namespace(verdict),
        Cell::plain(object_name(verdict)),
        Cell::plain(sanitize(&verdict.api_version)),
        meets(verdict),
        Cell::plain(place(verdict)),
        last,
    ]
}

fn namespace(verdict: &Verdict) -> Cell<'_> {
    Cell::plain(verdict.namespace.as_deref().map_or("-".into(), sanitize))
}

fn meets(verdict: &Verdict) -> Cell<'_> {
    Cell { text: verdict.meets.as_str().into(), tone: Tone::met(verdict.meets) }
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
