//! `-o json`, version 1: a contract with whoever reads it. Fields may be added, never renamed or removed, hence structs of
//! their own that nothing else shapes.

use std::io::{self, Write};

use serde::ser::{Serialize, Serializer};

use super::escaping::Escaping;
use super::words;
use crate::model::{FieldPath, Violation};
use crate::report::{Asked, ModeVerdict, Place, PlacedFinding, Problem, Report, Source, Verdict};

/// Writes the version 1 document, indented as kubectl does.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = document(report, |verdict| result(report, verdict), problem);
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping::default()))?;
    writeln!(out)
}

/// The whole document; the items of its lists are made by `result` and `problem` when it is their turn to be written.
pub(super) fn document<'a, R: Serialize, P: Serialize>(
    report: &'a Report,
    result: impl Fn(&'a Verdict) -> R,
    problem: impl Fn(&'a Problem) -> P + Copy,
) -> impl Serialize {
    Document {
        api_version: "secctx/v1",
        kind: "CheckReport",
        level: report.asked.as_str(),
        version: format!("v1.{}", report.version.minor()),
        summary: Summary {
            checked: report.results.len(),
            violating: report.violating(),
            errors: report.errors.len(),
            without_template: report.without_template,
        },
        results: Each(&report.results, result),
        errors: Each(&report.errors, problem),
        warnings: (!report.warnings.is_empty()).then_some(Each(&report.warnings, problem)),
    }
}

/// A list of wire structs, each made when it is its turn.
struct Each<'a, T, F>(&'a [T], F);

impl<'a, T, F: Fn(&'a T) -> W, W: Serialize> Serialize for Each<'a, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<R, E> {
    api_version: &'static str,
    kind: &'static str,
    level: &'static str,
    version: String,
    summary: Summary,
    results: R,
    errors: E,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<E>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    checked: usize,
    violating: usize,
    errors: usize,
    without_template: usize,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSource<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireResult<'a> {
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
    /// The enforced policy, where the namespace's labels decide.
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
    findings: Vec<WireFinding<'a>>,
    /// What audit and warn policies find.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    modes: Vec<WireMode<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMode<'a> {
    mode: &'static str,
    policy: String,
    message: String,
    findings: Vec<WireFinding<'a>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFinding<'a> {
    check: &'static str,
    level: &'static str,
    reason: &'a str,
    detail: &'a str,
    fix: &'static str,
    violations: Vec<WireViolation<'a>>,
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
pub(super) struct WireProblem<'a> {
    source: WireSource<'a>,
    message: &'a str,
}

fn display<S: Serializer>(path: &&FieldPath, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(path)
}

/// A verdict for the wire.
pub(super) fn result<'a>(report: &Report, verdict: &'a Verdict) -> WireResult<'a> {
    WireResult {
        // A result is the document's; only its line is of use.
        source: WireSource { column: None, ..source(&verdict.source) },
        api_version: &verdict.api_version,
        kind: &verdict.kind,
        namespace: verdict.namespace.as_deref(),
        name: &verdict.name,
        template: verdict.template.last().map(|_| verdict.template.to_string()),
        custom: verdict.custom,
        allowed: verdict.allowed,
        meets: verdict.meets.as_str(),
        policy: (report.asked == Asked::Namespace).then(|| verdict.policy_text()),
        namespace_known: (report.asked == Asked::Namespace).then_some(verdict.namespace_is_known),
        exempt: verdict.exempt.as_deref(),
        message: (!verdict.findings.is_empty()).then(|| words::message(&verdict.findings)),
        findings: verdict.findings.iter().map(finding).collect(),
        modes: verdict.modes.iter().map(mode).collect(),
    }
}

fn mode(mode: &ModeVerdict) -> WireMode<'_> {
    WireMode {
        mode: mode.mode.as_str(),
        policy: format!("{}:v1.{}", mode.policy.level, mode.policy.version.minor()),
        message: words::message(&mode.findings),
        findings: mode.findings.iter().map(finding).collect(),
    }
}

fn finding(placed: &PlacedFinding) -> WireFinding<'_> {
    let finding = &placed.finding;
    let places = placed.places.iter().map(Some).chain(std::iter::repeat(None));
    WireFinding {
        check: finding.check,
        level: finding.level.as_str(),
        reason: &finding.reason,
        detail: &finding.detail,
        fix: finding.fix.as_str(),
        violations: finding.violations.iter().zip(places).map(|(one, place)| violation(one, place)).collect(),
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
pub(super) fn problem(problem: &Problem) -> WireProblem<'_> {
    WireProblem { source: source(&problem.source), message: &problem.message }
}

fn source(source: &Source) -> WireSource<'_> {
    WireSource { file: &source.file, document: source.document, line: source.line, column: source.column }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn written(report: &Report) -> (String, Value) {
        let text = rendered(report, Format::Json, &Style::default());
        let value = serde_json::from_str(&text).expect("JSON");
        (text, value)
    }

    /// Keys in the order of the text.
    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_contract_of_version_1() {
        let mut report = sample::shop();
        report.errors = sample::hostile().errors;
        let (_, value) = written(&report);
        assert_eq!(keys(&value), ["apiVersion", "kind", "level", "version", "summary", "results", "errors"]);
        assert_eq!(value["apiVersion"], "secctx/v1");
        assert_eq!(value["kind"], "CheckReport");
        assert_eq!(value["level"], "restricted");
        assert_eq!(value["version"], "v1.37");
        assert_eq!(value["summary"], json!({"checked": 3, "violating": 1, "errors": 2, "withoutTemplate": 2}));
        let web = &value["results"][1];
        assert_eq!(
            keys(web),
            [
                "source",
                "apiVersion",
                "kind",
                "namespace",
                "name",
                "template",
                "allowed",
                "meets",
                "message",
                "findings"
            ]
        );
        assert_eq!(web["source"], json!({"file": "shop.yaml", "document": 0, "line": 12}));
        assert_eq!(web["apiVersion"], "apps/v1");
        assert_eq!(web["kind"], "Deployment");
        assert_eq!(web["namespace"], "shop");
        assert_eq!(web["name"], "web");
        assert_eq!(web["template"], "spec.template");
        assert_eq!(web["allowed"], false);
        assert_eq!(web["meets"], "privileged");
        assert_eq!(
            value["errors"],
            json!([
                {"source": {"file": "b.yaml", "document": 2, "line": 40, "column": 3},
                 "message": "not YAML: \u{1b}[31m<oops>"},
                {"source": {"file": "gone.yaml"}, "message": "no such file"},
            ])
        );
    }

    #[test]
    fn findings_have_their_violations_and_places() {
        let (_, value) = written(&sample::shop());
        let finding = &value["results"][1]["findings"][1];
        assert_eq!(keys(finding), ["check", "level", "reason", "detail", "fix", "violations"]);
        assert_eq!(
            *finding,
            json!({
                "check": "allowPrivilegeEscalation",
                "level": "restricted",
                "reason": "allowPrivilegeEscalation != false",
                "detail": "containers \"web\", \"proxy\" must set securityContext.allowPrivilegeEscalation=false",
                "fix": "safe",
                "violations": [
                    {"path": "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
                     "container": "web", "actual": null, "wanted": false, "line": 21, "column": 9},
                    {"path": "spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation",
                     "container": "proxy", "actual": true, "wanted": false, "line": 104, "column": 11},
                ],
            })
        );
        let pod_wide = &value["results"][1]["findings"][0]["violations"][0];
        assert_eq!(keys(pod_wide), ["path", "actual", "wanted", "line", "column"]);
        let message = value["results"][1]["message"].as_str().expect("a text");
        assert!(
            message.starts_with("hostPath volumes (volume \"run\"), allowPrivilegeEscalation != false (containers ")
        );
    }

    #[test]
    fn what_only_some_results_have() {
        let (_, value) = written(&sample::shop());
        assert_eq!(value["results"][2]["exempt"], "namespace \"kube-system\" is exempt");
        assert_eq!(value["results"][2]["findings"], json!([]));
        assert_eq!(value["results"][0].get("message"), None);
        let (_, value) = written(&sample::hostile());
        assert_eq!(value["results"][0]["custom"], true);
        assert_eq!(value["results"][0].get("namespace"), None);
        assert_eq!(value["warnings"][0]["source"]["line"], 5);
        let (_, value) = written(&sample::labelled());
        assert_eq!(value["level"], "namespace");
        assert_eq!(value["results"][0]["policy"], "baseline:v1.36");
        assert_eq!(value["results"][0]["findings"].as_array().map(Vec::len), Some(1));
        assert_eq!(value["results"][0]["modes"][1]["mode"], "warn");
        assert_eq!(value["results"][0]["modes"][1]["policy"], "restricted:v1.36");
        assert_eq!(value["results"][0]["modes"][1]["findings"].as_array().map(Vec::len), Some(3));
        assert_eq!(value["results"][2].get("modes"), None);
        assert_eq!(value["results"][0]["namespaceKnown"], true);
        assert_eq!(value["results"][2]["namespaceKnown"], false);
    }

    #[test]
    fn the_text_is_indented_and_harmless_and_the_data_untouched() {
        let (text, value) = written(&sample::hostile());
        assert!(text.starts_with("{\n    \"apiVersion\": \"secctx/v1\",\n"));
        assert!(text.ends_with("\n}\n"));
        assert!(!text.chars().any(|c| c != '\n' && super::super::style::is_harmful(c)), "{text}");
        assert_eq!(value["results"][0]["name"], *sample::hostile().results[0].name);
    }

    #[test]
    fn an_empty_report_has_all_its_members() {
        let (text, _) = written(&sample::empty());
        let expected = r#"{
    "apiVersion": "secctx/v1",
    "kind": "CheckReport",
    "level": "baseline",
    "version": "v1.37",
    "summary": {
        "checked": 0,
        "violating": 0,
        "errors": 0,
        "withoutTemplate": 0
    },
    "results": [],
    "errors": []
}
"#;
        assert_eq!(text, expected);
    }
}
