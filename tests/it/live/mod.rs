//! `check` on live clusters: real servers, real controllers, the binary itself, and kubectl with it as a plugin.
//!
//! There is no kubelet, so that pods stay pending; that is all that Pod Security cares for. What is expected is what the
//! server says or what the objects were made to be, never what the binary printed once.

mod explained;
mod faults;
pub(crate) mod owners;
mod plugin;
mod policies;
mod rights;
mod targets;
mod verdicts;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::control_plane::{Answer, ControlPlane, Options};
use crate::support::eventually;
use crate::support::secctx::{Ran, secctx};

/// The one server with controllers of these tests; each keeps to namespaces of its own.
fn controlled() -> &'static ControlPlane {
    static SERVER: OnceLock<ControlPlane> = OnceLock::new();
    SERVER.get_or_init(|| ControlPlane::start(Options { controllers: true, ..Options::default() }))
}

/// Runs `check` as the server's administrator.
fn check(server: &ControlPlane, args: &[&str]) -> Ran {
    let output = secctx().arg("check").arg("--kubeconfig").arg(server.kubeconfig()).args(args).output().unwrap();
    Ran::from(output)
}

/// The JSON report of a run that ends with `code` and has nothing to complain of.
#[track_caller]
fn report(server: &ControlPlane, code: i32, args: &[&str]) -> Value {
    let ran = check(server, &[args, &["-o", "json"]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(code), ""), "{args:?}: {}", ran.stdout);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What was judged, as `Deployment/web`, in the order of the report.
fn judged(report: &Value) -> Vec<String> {
    let name = |result: &Value| format!("{}/{}", text(&result["kind"]), text(&result["name"]));
    report["results"].as_array().unwrap().iter().map(name).collect()
}

/// The result on one object.
#[track_caller]
fn result<'r>(report: &'r Value, name: &str) -> &'r Value {
    let found = judged(report).iter().position(|judged| judged == name);
    &report["results"][found.unwrap_or_else(|| panic!("{name} is not in {report:#}"))]
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Creates an object; the path is that of its collection. Gives what the server made of it.
#[track_caller]
pub(crate) fn create(server: &ControlPlane, path: &str, object: &Value) -> Value {
    let Answer { status, body, .. } = server.request("POST", path, Some(object));
    assert_eq!(status, 201, "{path}: {body}");
    body
}

/// The path of a namespace's objects of a type with the group and version given.
pub(crate) fn path(group_version: &str, namespace: &str, plural: &str) -> String {
    let root = if group_version == "v1" { "api" } else { "apis" };
    format!("/{root}/{group_version}/namespaces/{namespace}/{plural}")
}

/// Waits until a namespace has so many pods, all made from what is there; their names.
#[track_caller]
pub(crate) fn await_pods(server: &ControlPlane, namespace: &str, count: usize) -> Vec<String> {
    eventually("the pods", || {
        let list = server.request("GET", &path("v1", namespace, "pods"), None).body;
        let pods = list["items"].as_array()?;
        let names = pods.iter().map(|pod| text(&pod["metadata"]["name"]).to_owned());
        (pods.len() == count).then(|| names.collect())
    })
}

/// Creates a namespace once its service account is there too: no pod can be created before.
pub(crate) fn create_namespace(server: &ControlPlane, name: &str, labels: &[(&str, &str)]) {
    server.create_namespace(name, labels);
    let account = format!("{}/default", path("v1", name, "serviceaccounts"));
    eventually("the default service account", || (server.request("GET", &account, None).status == 200).then_some(()));
}

/// The labels of a namespace that enforces a level.
pub(crate) fn enforced(level: &'static str) -> [(&'static str, &'static str); 1] {
    [("pod-security.kubernetes.io/enforce", level)]
}

/// A container that meets the restricted level in a pod that does.
pub(crate) fn good_container(name: &str) -> Value {
    json!({
        "name": name,
        "image": "app",
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    })
}

/// A pod's spec that meets the restricted level.
pub(crate) fn good() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [good_container("web")],
    })
}

/// One that meets it but for the privileges of its container.
pub(crate) fn escalating() -> Value {
    let mut spec = good();
    spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
    spec
}

/// What the server says about [`escalating`].
pub(crate) const ESCALATES: &str = "allowPrivilegeEscalation != false (container \"web\" must set \
                         securityContext.allowPrivilegeEscalation=false)";

/// One that meets the baseline level no more.
pub(crate) fn privileged() -> Value {
    json!({"containers": [{"name": "web", "image": "app", "securityContext": {"privileged": true}}]})
}

/// A pod.
pub(crate) fn pod(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
}

/// A workload with a selector and a template, for any kind that has these.
pub(crate) fn workload(name: &str, spec: &Value, rest: &[(&str, Value)]) -> Value {
    let labels = json!({"app": name});
    let mut workload = json!({
        "metadata": {"name": name, "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    });
    for (field, value) in rest {
        workload["spec"][field] = value.clone();
    }
    workload
}

/// Creates a Deployment with so many replicas.
pub(crate) fn deploy(server: &ControlPlane, namespace: &str, name: &str, spec: &Value, replicas: u32) -> Value {
    let deployment = workload(name, spec, &[("replicas", replicas.into())]);
    create(server, &path("apps/v1", namespace, "deployments"), &deployment)
}

/// What the server says of the creation of a pod with this spec in a namespace: the sentence about Pod Security.
pub(crate) fn server_says(server: &ControlPlane, namespace: &str, spec: &Value) -> Option<String> {
    let answer = &server.dry_run_pods(namespace, &[pod("probe", spec)])[0];
    let refusal = answer.refusal()?;
    let (_, sentence) = refusal.split_once("violates PodSecurity ").unwrap_or_else(|| panic!("{refusal}"));
    Some(sentence.split_once(": ").unwrap().1.to_owned())
}

/// How many pods each result has, by name.
fn pods_of(report: &Value) -> BTreeMap<String, usize> {
    let count = |result: &Value| {
        let groups = result["pods"].as_array().unwrap();
        groups.iter().map(|group| group["names"].as_array().unwrap().len()).sum()
    };
    judged(report).into_iter().zip(report["results"].as_array().unwrap().iter().map(count)).collect()
}
