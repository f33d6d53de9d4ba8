//! `-o json` and `-o yaml`: version 1 of the machine-readable report, a contract with whoever reads it. Fields may be
//! added, never renamed or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::{WireFinding, WireProblem, finding_at, problem};
use crate::report::label::{Applied, Count, LabelReport, ModeRow, NamespaceRow, Notice, Question, Step, Violator};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    server: String,
    /// `matrix`, `labels` or `upgrade`.
    question: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upgrade: Option<Upgrade>,
    namespaces: Vec<WireNamespace<'a>>,
    errors: Vec<WireProblem<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<WireProblem<'a>>,
}

#[derive(Serialize)]
struct Upgrade {
    from: String,
    to: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireNamespace<'a> {
    name: &'a str,
    labels: &'a BTreeMap<String, String>,
    /// The strictest level that it could enforce without breaking anything.
    strictest: &'static str,
    notices: Vec<WireNotice<'a>>,
    modes: Vec<WireMode<'a>>,
    system: bool,
    /// Only where pods have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exempt: Option<&'a str>,
    /// What of it could not be read: more may violate than is told.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unread: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plan: Vec<WireStep<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<WireApplied<'a>>,
}

#[derive(Serialize)]
struct WireNotice<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMode<'a> {
    mode: &'static str,
    from: String,
    to: String,
    pods: WireCount,
    workloads: WireCount,
    violating: Vec<WireViolator<'a>>,
    /// `null` where the server was not asked.
    server: Option<WireAnswer<'a>>,
    differences: &'a [String],
    /// Only of upgrades.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    newly_allowed: Vec<WireViolator<'a>>,
}

#[derive(Serialize)]
struct WireCount {
    judged: usize,
    violating: usize,
}

#[derive(Serialize)]
struct WireAnswer<'a> {
    warnings: &'a [String],
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireViolator<'a> {
    kind: &'a str,
    name: &'a str,
    /// Names of its pods that violate.
    pods: &'a [String],
    findings: Vec<WireFinding<'a>>,
    api_version: &'a str,
    /// Path of the pod template, where it is no pod itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    running: usize,
    /// How many of these would not come back.
    lost: usize,
    template_violates: bool,
    injected: &'a [String],
    by_injection: bool,
    ephemeral_containers: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    exempt: Option<&'a str>,
}

#[derive(Serialize)]
struct WireStep<'a> {
    when: &'a str,
    labels: &'a BTreeMap<String, String>,
    remove: &'a [String],
    why: &'a str,
}

#[derive(Serialize)]
struct WireApplied<'a> {
    /// `done`, `unchanged`, `skipped` or `failed`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// The version 1 document of a report.
pub(super) fn document(report: &LabelReport) -> impl Serialize {
    let (question, upgrade) = match report.question {
        Question::Matrix => ("matrix", None),
        Question::Labels => ("labels", None),
        Question::Upgrade { from, to } => {
            ("upgrade", Some(Upgrade { from: format!("v1.{from}"), to: format!("v1.{to}") }))
        }
    };
    Document {
        api_version: "secctx/v1",
        kind: "LabelReport",
        server: format!("v1.{}", report.server),
        question,
        upgrade,
        namespaces: report.namespaces.iter().map(namespace).collect(),
        errors: report.errors.iter().map(problem).collect(),
        warnings: report.warnings.iter().map(problem).collect(),
    }
}

fn namespace(row: &NamespaceRow) -> WireNamespace<'_> {
    WireNamespace {
        name: &row.name,
        labels: &row.labels,
        strictest: row.strictest.as_str(),
        notices: row.notices.iter().map(notice).collect(),
        modes: row.modes.iter().map(mode).collect(),
        system: row.system,
        ended: Some(row.ended).filter(|ended| *ended > 0),
        exempt: row.exempt.as_deref(),
        unread: &row.unread,
        plan: row.plan.iter().map(step).collect(),
        applied: row.applied.as_ref().map(applied),
    }
}

fn notice(notice: &Notice) -> WireNotice<'_> {
    let Notice { label, message, instead } = notice;
    WireNotice { label: label.as_deref(), message, instead: instead.as_deref() }
}

fn mode(row: &ModeRow) -> WireMode<'_> {
    let count = |Count { judged, violating }| WireCount { judged, violating };
    WireMode {
        mode: row.mode.as_str(),
        from: row.from.to_string(),
        to: row.to.to_string(),
        pods: count(row.pods),
        workloads: count(row.workloads),
        violating: row.violating.iter().map(violator).collect(),
        server: row
            .server
            .as_ref()
            .map(|answer| WireAnswer { warnings: &answer.warnings, error: answer.error.as_deref() }),
        differences: &row.differences,
        newly_allowed: row.newly_allowed.iter().map(violator).collect(),
    }
}

fn violator(violator: &Violator) -> WireViolator<'_> {
    WireViolator {
        kind: &violator.kind,
        name: &violator.name,
        pods: &violator.pods,
        findings: violator.findings.iter().map(|finding| finding_at(finding, &[])).collect(),
        api_version: &violator.api_version,
        template: violator.template.last().map(|_| violator.template.to_string()),
        running: violator.running,
        lost: violator.lost,
        template_violates: violator.template_violates,
        injected: &violator.injected,
        by_injection: violator.by_injection,
        ephemeral_containers: &violator.ephemeral,
        exempt: violator.exempt.as_deref(),
    }
}

fn step(step: &Step) -> WireStep<'_> {
    WireStep { when: &step.when, labels: &step.labels, remove: &step.remove, why: &step.why }
}

fn applied(applied: &Applied) -> WireApplied<'_> {
    let (outcome, why) = match applied {
        Applied::Done => ("done", None),
        Applied::Unchanged => ("unchanged", None),
        Applied::Skipped(why) => ("skipped", Some(why.as_str())),
        Applied::Failed(why) => ("failed", Some(why.as_str())),
    };
    WireApplied { outcome, why }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::render::Style;
    use crate::render::label::{LabelFormat, rendered, sample};
    use crate::report::label::LabelReport;

    fn written(report: &LabelReport) -> Value {
        serde_json::from_str(&rendered(report, LabelFormat::Json, &Style::default())).expect("JSON")
    }

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_contract_of_version_1() {
        let value = written(&sample::labels());
        assert_eq!(keys(&value), ["apiVersion", "kind", "server", "question", "namespaces", "errors"]);
        assert_eq!((&value["apiVersion"], &value["kind"]), (&json!("secctx/v1"), &json!("LabelReport")));
        assert_eq!((&value["server"], &value["question"]), (&json!("v1.36"), &json!("labels")));
        let shop = &value["namespaces"][2];
        assert_eq!(keys(shop), ["name", "labels", "strictest", "notices", "modes", "system"]);
        assert_eq!((&shop["name"], &shop["strictest"]), (&json!("shop"), &json!("privileged")));
        let mode = &shop["modes"][0];
        assert_eq!(keys(mode), ["mode", "from", "to", "pods", "workloads", "violating", "server", "differences"]);
        assert_eq!((&mode["mode"], &mode["from"]), (&json!("enforce"), &json!("privileged:latest")));
        assert_eq!(mode["to"], "baseline:v1.36");
        assert_eq!(mode["pods"], json!({"judged": 10, "violating": 2}));
        assert_eq!(mode["workloads"], json!({"judged": 5, "violating": 2}));
        assert_eq!(mode["server"]["error"], Value::Null);
        assert_eq!(mode["server"]["warnings"].as_array().map(Vec::len), Some(1));
        assert_eq!(mode["differences"], json!(["the server says nothing of pod/debug"]));
        assert_eq!(shop["modes"][1]["server"], Value::Null);
        let db = &mode["violating"][0];
        assert_eq!(keys(db)[..4], ["kind", "name", "pods", "findings"]);
        assert_eq!((&db["kind"], &db["name"], &db["pods"]), (&json!("StatefulSet"), &json!("db"), &json!(["db-0"])));
        assert_eq!((&db["byInjection"], &db["injected"]), (&json!(true), &json!(["istio-init"])));
        assert_eq!(
            db["findings"][0],
            json!({
                "check": "privileged", "level": "baseline", "reason": "privileged",
                "detail": "container \"istio-init\" must not set securityContext.privileged=true", "fix": "risky",
                "violations": [{
                    "path": "spec.template.spec.containers[0].securityContext.privileged",
                    "container": "istio-init", "actual": true, "wanted": false,
                }],
            })
        );
        assert_eq!(value["namespaces"][1]["exempt"], "namespace \"kube-system\" is exempt");
        let notice = &value["namespaces"][3]["notices"][0];
        assert_eq!(notice["instead"], "pod-security.kubernetes.io/enforce=baseline");
    }

    #[test]
    fn what_only_some_reports_have() {
        let value = written(&sample::upgrade());
        assert_eq!(value["upgrade"], json!({"from": "v1.36", "to": "v1.37"}));
        assert_eq!(value["namespaces"][0]["modes"][0]["newlyAllowed"][0]["name"], "log");
        let value = written(&sample::planned());
        assert_eq!(value["namespaces"][2]["plan"][1]["when"], "after a week without warnings");
        assert_eq!(value["namespaces"][2]["applied"], json!({"outcome": "done"}));
        assert_eq!(value["namespaces"][4]["applied"]["why"], "somebody else changed it");
        let value = written(&sample::hostile());
        assert_eq!(value["warnings"][0]["message"], value["namespaces"][2]["name"], "data are untouched");
    }

    #[test]
    fn yaml_is_the_same_data() {
        for report in sample::all() {
            let yaml = rendered(&report, LabelFormat::Yaml, &Style::default());
            let from_yaml: Value = serde_yaml::from_str(&yaml).expect("YAML");
            assert_eq!(from_yaml, written(&report));
        }
    }
}
