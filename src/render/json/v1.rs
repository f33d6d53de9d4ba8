//! Version 1 of the machine-readable report: a contract with whoever reads it. Fields may be added, never renamed or
//! removed, hence structs of their own that nothing else shapes.

use serde::ser::{Serialize, Serializer};

use crate::model::{FieldPath, Finding, Violation};
use crate::render::words;
use crate::report::{
    Asked, Basis, ModeVerdict, Origin, Place, PlacedFinding, PodGroup, Problem, Source, Summary, Verdict,
};

/// The whole document but for its results, which stand in many parts; the items of its other lists are made by `problem`
/// when it is their turn to be written.
pub(in crate::render) fn document<'a, P: Serialize>(
    summary: &Summary,
    errors: &'a [Problem],
    warnings: &'a [Problem],
    problem: impl Fn(&'a Problem) -> P + Copy,
) -> impl Serialize {
    Document {
        api_version: "secctx/v1",
        kind: "CheckReport",
        level: summary.basis.asked.as_str(),
        version: format!("v1.{}", summary.basis.version.minor()),
        results: [],
        errors: Each(errors, problem),
        warnings: (!warnings.is_empty()).then_some(Each(warnings, problem)),
        summary: Counts {
            checked: summary.checked,
            violating: summary.violating,
            errors: summary.errors.count(),
            without_template: summary.without_template,
            ended: Some(summary.ended).filter(|ended| *ended > 0),
        },
    }
}

/// A list of wire structs, each made when it is its turn.
struct Each<'a, T, F>(&'a [T], F);

impl<'a, T, F: Fn(&'a T) -> W, W: Serialize> Serialize for Each<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// A list whose wire structs are made by a plain function.
type Items<'a, T, W> = Each<'a, T, fn(&'a T) -> W>;

/// Findings with the places of their violations.
type Findings<'a> = Items<'a, PlacedFinding, WireFinding<'a>>;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<E> {
    api_version: &'static str,
    kind: &'static str,
    level: &'static str,
    version: String,
    /// What comes before is known before anything is judged, what comes behind when all is: results are written as they
    /// come.
    results: [(); 0],
    errors: E,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<E>,
    summary: Counts,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    checked: usize,
    violating: usize,
    errors: usize,
    without_template: usize,
    /// Only where pods of a cluster have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<usize>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireSource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireResult<'a> {
    source: WireSource<'a>,
    api_version: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    /// Path of the pod template, where the object is not a pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// Present and true where the template was found by its shape.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    custom: bool,
    allowed: bool,
    meets: &'static str,
    /// The enforced policy, where the namespace's labels decide; also where its version is not the report's.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// Whether those labels are known, or the defaults were taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_known: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exempt: Option<&'a str>,
    /// `reason (detail), reason (detail)`, where there are findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    findings: Findings<'a>,
    /// What audit and warn policies find.
    #[serde(skip_serializing_if = "Option::is_none")]
    modes: Option<Items<'a, ModeVerdict, WireMode<'a>>>,
    /// What runs of it, where it is in a cluster: pods with the same verdict together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<Items<'a, PodGroup, WirePods<'a>>>,
    /// Messages of events that say that its pods were refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusals: Option<&'a [String]>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePods<'a> {
    names: &'a [String],
    allowed: bool,
    meets: &'static str,
    comes_back: bool,
    findings: Findings<'a>,
    injected: &'a [String],
    ephemeral_containers: &'a [String],
    ephemeral_findings: Findings<'a>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMode<'a> {
    mode: &'static str,
    policy: String,
    message: String,
    findings: Findings<'a>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireFinding<'a> {
    check: &'static str,
    level: &'static str,
    reason: &'a str,
    detail: &'a str,
    fix: &'static str,
    violations: Violations<'a>,
    /// How many violations are not listed, where there are too many.
    #[serde(skip_serializing_if = "is_zero")]
    unlisted: usize,
}

/// Violations with their places in a text, those that have one.
struct Violations<'a>(&'a [Violation], &'a [Place]);

impl Serialize for Violations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = self.1.iter().map(Some).chain(std::iter::repeat(None));
        serializer.collect_seq(self.0.iter().zip(places).map(|(one, place)| violation(one, place)))
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireViolation<'a> {
    #[serde(serialize_with = "display")]
    path: &'a FieldPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    actual: &'a serde_json::Value,
    wanted: &'a serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::render) struct WireProblem<'a> {
    source: WireSource<'a>,
    message: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn display<S: Serializer>(path: &&FieldPath, serializer: S) -> Result<S::Ok, S::Error> {
    // In one piece: each piece would be looked through for what is to be escaped by itself.
    serializer.serialize_str(&path.text())
}

/// A verdict for the wire.
pub(in crate::render) fn result(basis: Basis, verdict: &Verdict) -> WireResult<'_> {
    WireResult {
        source: source_of_result(&verdict.source),
        api_version: &verdict.api_version,
        kind: &verdict.kind,
        namespace: verdict.namespace.as_deref(),
        name: &verdict.name,
        template: verdict.template.last().map(|_| verdict.template.to_string()),
        custom: verdict.custom,
        allowed: verdict.allowed,
        meets: verdict.meets.as_str(),
        policy: (basis.asked == Asked::Namespace || !basis.has_version_of(verdict)).then(|| verdict.policy_text()),
        namespace_known: (basis.asked == Asked::Namespace).then_some(verdict.namespace_is_known),
        exempt: verdict.exempt.as_deref(),
        message: (!verdict.findings.is_empty()).then(|| words::message(&verdict.findings)),
        findings: findings(&verdict.findings),
        modes: (!verdict.modes.is_empty()).then_some(Each(&verdict.modes, mode)),
        pods: verdict.live.as_ref().map(|live| Each(live.groups.as_slice(), pods as fn(_) -> _)),
        refusals: verdict.live.as_ref().map(|live| live.refusals.as_slice()).filter(|list| !list.is_empty()),
    }
}

fn pods(group: &PodGroup) -> WirePods<'_> {
    WirePods {
        names: &group.pods,
        allowed: group.allowed,
        meets: group.meets.as_str(),
        comes_back: group.comes_back,
        findings: findings(&group.findings),
        injected: &group.injected,
        ephemeral_containers: &group.ephemeral_containers,
        ephemeral_findings: findings(&group.ephemeral),
    }
}

fn mode(mode: &ModeVerdict) -> WireMode<'_> {
    WireMode {
        mode: mode.mode.as_str(),
        policy: format!("{}:v1.{}", mode.policy.level, mode.policy.version.minor()),
        message: words::message(&mode.findings),
        findings: findings(&mode.findings),
    }
}

fn findings(placed: &[PlacedFinding]) -> Findings<'_> {
    Each(placed, |placed| finding_at(&placed.finding, &placed.places))
}

/// A finding for the wire; what has no place in a text has no lines.
pub(in crate::render) fn finding_at<'a>(finding: &'a Finding, places: &'a [Place]) -> WireFinding<'a> {
    WireFinding {
        check: finding.check,
        level: finding.level.as_str(),
        reason: &finding.reason,
        detail: &finding.detail,
        fix: finding.fix.as_str(),
        violations: Violations(&finding.violations, places),
        unlisted: finding.unlisted,
    }
}

fn violation<'a>(violation: &'a Violation, place: Option<&Place>) -> WireViolation<'a> {
    WireViolation {
        path: &violation.path,
        container: violation.container.as_deref(),
        actual: &violation.actual,
        wanted: &violation.wanted,
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
    }
}

/// An error or a warning for the wire.
pub(in crate::render) fn problem(problem: &Problem) -> WireProblem<'_> {
    WireProblem { source: source(&problem.source), message: &problem.message }
}

/// The source of a result, which is the document's: only its line is of use.
pub(in crate::render) fn source_of_result(of: &Source) -> WireSource<'_> {
    WireSource { column: None, ..source(of) }
}

fn source(source: &Source) -> WireSource<'_> {
    let cluster = match &source.origin {
        Origin::Cluster(cluster) => Some(&**cluster),
        Origin::File | Origin::Built => None,
    };
    WireSource {
        file: cluster.is_none().then_some(&source.file),
        context: cluster.map(|cluster| &*cluster.context),
        cluster: cluster.map(|cluster| &*cluster.cluster),
        document: source.document,
        line: source.line,
        column: source.column,
    }
}
