//! `dry-run-label` on real servers with real controllers: what it says would break is what the server then breaks.

mod apply;
mod bars;
mod exemptions;
mod prompt;
mod rights;
mod rollouts;
mod server;
mod upgrade;
mod usage;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::live::{
    await_pods, create, create_namespace, deploy, escalating, good, path, pod, privileged, text, workload,
};
use crate::schema::assert_published;
use crate::support::control_plane::{ControlPlane, Options};
use crate::support::eventually;
use crate::support::secctx::{Ran, secctx};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The one server with controllers of these tests; each keeps to namespaces of its own.
fn controlled() -> &'static ControlPlane {
    static SERVER: OnceLock<ControlPlane> = OnceLock::new();
    SERVER.get_or_init(|| ControlPlane::start(Options { controllers: true, ..Options::default() }))
}

/// Runs the command as the server's administrator.
fn label(server: &ControlPlane, args: &[&str]) -> Ran {
    let mut command = secctx();
    Ran::from(command.arg("dry-run-label").arg("--kubeconfig").arg(server.kubeconfig()).args(args).output().unwrap())
}

/// The JSON report of a run that ends with `code` and has nothing to complain of.
#[track_caller]
fn report(server: &ControlPlane, code: i32, args: &[&str]) -> Value {
    let ran = label(server, &[args, &["-o", "json"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(code), ""), "{args:?}: {}", ran.stdout);
    let report = serde_json::from_str(&ran.stdout).unwrap();
    assert_published("label-report", &report);
    report
}

/// The row of a namespace.
#[track_caller]
fn row<'r>(report: &'r Value, name: &str) -> &'r Value {
    let found = report["namespaces"].as_array().unwrap().iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {report:#}"))
}

/// The entry of a mode with a level.
#[track_caller]
fn entry<'r>(row: &'r Value, mode: &str, level: &str) -> &'r Value {
    let is = |entry: &&Value| entry["mode"] == mode && text(&entry["to"]).starts_with(level);
    row["modes"].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("no {mode} {level} in {row:#}"))
}

/// `Deployment/web` of each violating workload.
fn violating(entry: &Value) -> Vec<String> {
    let name = |one: &Value| format!("{}/{}", text(&one["kind"]), text(&one["name"]));
    entry["violating"].as_array().unwrap().iter().map(name).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| text(one).to_owned()).collect()
}

/// The names of all violating pods.
fn violating_pods(entry: &Value) -> BTreeSet<String> {
    let violators = entry["violating"].as_array().unwrap().iter();
    violators.flat_map(|one| strings(&one["pods"])).collect()
}

fn sentence(violator: &Value) -> String {
    let part = |finding: &Value| match text(&finding["detail"]) {
        "" => text(&finding["reason"]).to_owned(),
        detail => format!("{} ({detail})", text(&finding["reason"])),
    };
    violator["findings"].as_array().unwrap().iter().map(part).collect::<Vec<_>>().join(", ")
}

fn labels_of(server: &ControlPlane, namespace: &str) -> Value {
    server.request("GET", &format!("/api/v1/namespaces/{namespace}"), None).body["metadata"]["labels"].clone()
}

fn cron_job(server: &ControlPlane, namespace: &str, name: &str, spec: &Value) {
    let mut spec = spec.clone();
    spec["restartPolicy"] = "Never".into();
    let job = json!({
        "metadata": {"name": name},
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": spec}}}},
    });
    create(server, &path("batch/v1", namespace, "cronjobs"), &job);
}

fn stateful_set(server: &ControlPlane, namespace: &str, name: &str, spec: &Value) {
    let set = workload(name, spec, &[("replicas", 1.into()), ("serviceName", name.into())]);
    create(server, &path("apps/v1", namespace, "statefulsets"), &set);
}

/// A namespace with workloads of all kinds, good and bad; how many pods it gets.
fn fill(server: &ControlPlane, namespace: &str, labels: &[(&str, &str)]) -> usize {
    create_namespace(server, namespace, labels);
    deploy(server, namespace, "good", &good(), 2);
    deploy(server, namespace, "web", &escalating(), 2);
    deploy(server, namespace, "idle", &privileged(), 0);
    stateful_set(server, namespace, "db", &privileged());
    cron_job(server, namespace, "cleanup", &escalating());
    create(server, &path("v1", namespace, "pods"), &pod("alone", &privileged()));
    create(server, &path("v1", namespace, "pods"), &pod("fine", &good()));
    await_pods(server, namespace, 7);
    7
}

#[test]
fn the_matrix_of_a_namespace() {
    let server = controlled();
    fill(server, "matrix", &[]);
    create_namespace(server, "matrix-good", &[(ENFORCE, "baseline")]);
    deploy(server, "matrix-good", "good", &good(), 1);
    await_pods(server, "matrix-good", 1);
    let report = report(server, 0, &["matrix", "matrix-good"]);
    assert_eq!(report["server"], "v1.36");
    let mixed = row(&report, "matrix");
    assert_eq!((&mixed["strictest"], &mixed["system"]), (&json!("privileged"), &json!(false)));
    let baseline = entry(mixed, "enforce", "baseline");
    assert_eq!(baseline["workloads"], json!({"judged": 7, "violating": 3}));
    assert_eq!(baseline["pods"], json!({"judged": 7, "violating": 2}));
    assert_eq!(violating(baseline), ["Deployment/idle", "Pod/alone", "StatefulSet/db"]);
    assert_eq!(baseline["server"], Value::Null, "no change was asked for");
    let restricted = entry(mixed, "enforce", "restricted");
    assert_eq!(restricted["workloads"], json!({"judged": 7, "violating": 5}));
    assert_eq!(restricted["pods"], json!({"judged": 7, "violating": 4}));
    let place = "spec.jobTemplate.spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation";
    let cleanup = restricted["violating"].as_array().unwrap().iter().find(|one| one["name"] == "cleanup").unwrap();
    assert_eq!(cleanup["findings"][0]["violations"][0]["path"], place);
    let good = row(&report, "matrix-good");
    assert_eq!((&good["strictest"], &good["labels"]), (&json!("restricted"), &json!({ENFORCE: "baseline"})));
}

#[test]
fn sixty_namespaces_at_once() {
    let server = controlled();
    let names: Vec<_> = (0..60).map(|i| format!("sixty-{i:02}")).collect();
    for (i, name) in names.iter().enumerate() {
        server.create_namespace(name, &[("team", "sixty"), (ENFORCE, "privileged")]);
        let spec = if i % 3 == 0 { privileged() } else { good() };
        deploy(server, name, "web", &spec, 0);
    }
    let report = report(server, 1, &["-l", "team=sixty", "--enforce", "baseline"]);
    let rows = report["namespaces"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| text(&row["name"])).collect::<Vec<_>>(), names);
    for (i, row) in rows.iter().enumerate() {
        let entry = entry(row, "enforce", "baseline");
        let expected: &[&str] = if i % 3 == 0 { &["Deployment/web"] } else { &[] };
        assert_eq!(violating(entry), expected, "{i}");
        assert_eq!(entry["server"], json!({"warnings": [], "error": null}), "each was asked about");
    }
}

#[test]
fn labels_that_do_nothing_are_told() {
    let server = controlled();
    let labels =
        [("pod-security.kubernets.io/enforce", "baseline"), ("pod-security.kubernetes.io/warn-version", "v1.99")];
    create_namespace(server, "misspelt", &labels);
    create_namespace(server, "too-strict", &[]);
    create(server, &path("v1", "too-strict", "pods"), &pod("old", &escalating()));
    let strict = json!({"metadata": {"labels": {ENFORCE: "restricted"}}});
    assert_eq!(server.request("PATCH", "/api/v1/namespaces/too-strict", Some(&strict)).status, 200);
    let report = report(server, 0, &["misspelt", "too-strict"]);
    let notices = |name: &str| -> Vec<String> {
        row(&report, name)["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| text(&notice["message"]).to_owned())
            .collect()
    };
    assert!(notices("misspelt").iter().any(|one| one.contains("did you mean \"pod-security.kubernetes.io/enforce\"?")));
    assert_eq!(notices("misspelt").len(), 2);
    let told = "enforces restricted:latest (v1.36 now), and pod/old does not meet it, so its pods will not come back once they stop";
    assert_eq!(notices("too-strict"), [told]);
}

#[test]
fn ended_pods_and_debug_containers_break_nothing() {
    let server = controlled();
    create_namespace(server, "passing", &[]);
    let pods = path("v1", "passing", "pods");
    create(server, &pods, &pod("done", &privileged()));
    create(server, &pods, &pod("debugged", &good()));
    let ended = json!({"status": {"phase": "Succeeded"}});
    assert_eq!(server.request("PATCH", &format!("{pods}/done/status"), Some(&ended)).status, 200);
    let debugger = json!({"name": "debugger", "image": "tools", "securityContext": {"privileged": true}});
    let patch = json!({"spec": {"ephemeralContainers": [debugger]}});
    assert_eq!(server.request("PATCH", &format!("{pods}/debugged/ephemeralcontainers"), Some(&patch)).status, 200);
    // The server's list is made in the background.
    let report = eventually("both pods in the server's answer", || {
        let report = report(server, 0, &["passing", "--enforce", "baseline"]);
        let warnings = strings(&entry(row(&report, "passing"), "enforce", "baseline")["server"]["warnings"]);
        warnings.iter().any(|one| one == "debugged (and 1 other pod): privileged").then_some(report)
    });
    let passing = row(&report, "passing");
    let entry = entry(passing, "enforce", "baseline");
    assert_eq!((&entry["pods"], &passing["strictest"]), (&json!({"judged": 1, "violating": 0}), &json!("restricted")));
    assert_eq!(passing["ended"], 1);
    let shown = label(server, &["passing"]).stdout;
    assert!(shown.contains("(1 pod has ended and is not judged)"), "{shown}");
    let told = "the server counts pods that have ended, which come back no more: pod/done";
    assert_eq!(strings(&entry["differences"]), [told]);
    let notice = "pod/debugged meets baseline but for the ephemeral container debugger, which a new pod does not have";
    assert_eq!(passing["notices"][0]["message"], notice);
}
