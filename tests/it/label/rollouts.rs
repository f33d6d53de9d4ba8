//! During a rollout: which of the pods that run would not come back is what the server then does not let back.

use serde_json::{Value, json};

use super::apply::{delete_pods, refusal};
use super::{ENFORCE, controlled, entry, report, row};
use crate::live::{await_pods, create_namespace, deploy, good, path, privileged};
use crate::support::control_plane::ControlPlane;
use crate::support::eventually;

/// A Deployment with one pod of `old`, whose template then becomes that of `spec`. No new pod gets ready here, as there is
/// no kubelet, so the old one stays.
fn rolling(server: &ControlPlane, namespace: &str, old: &Value, spec: Value, pods: usize) {
    create_namespace(server, namespace, &[]);
    deploy(server, namespace, "web", old, 1);
    await_pods(server, namespace, 1);
    let web = format!("{}/web", path("apps/v1", namespace, "deployments"));
    assert_eq!(server.request("PATCH", &web, Some(&json!({"spec": spec}))).status, 200);
    await_pods(server, namespace, pods);
}

/// The only violating workload of a namespace for baseline, by a run that ends with `code`.
fn web(server: &ControlPlane, code: i32, namespace: &str) -> Value {
    let report = report(server, code, &[namespace, "--enforce", "baseline"]);
    entry(row(&report, namespace), "enforce", "baseline")["violating"][0].clone()
}

/// Enforces baseline and deletes all pods; whether each pod that is there, once the server has refused one, is privileged.
fn after(server: &ControlPlane, namespace: &str, is_over: impl Fn(&[bool]) -> bool) -> Vec<bool> {
    let labels = json!({"metadata": {"labels": {ENFORCE: "baseline"}}});
    assert_eq!(server.request("PATCH", &format!("/api/v1/namespaces/{namespace}"), Some(&labels)).status, 200);
    eventually("the new label", || crate::live::server_says(server, namespace, &privileged()));
    delete_pods(server, namespace);
    eventually("a refusal, and what comes back", || {
        refusal(server, namespace, "ReplicaSet", "web")?;
        let list = server.request("GET", &path("v1", namespace, "pods"), None).body;
        let is_privileged = |pod: &Value| pod["spec"]["containers"][0]["securityContext"]["privileged"] == true;
        let pods: Vec<_> = list["items"].as_array()?.iter().map(is_privileged).collect();
        is_over(&pods).then_some(pods)
    })
}

/// The old ReplicaSet is clean and makes its pod again; only the new one's pods are refused.
#[test]
fn old_pods_of_a_clean_replica_set_come_back() {
    let server = controlled();
    rolling(server, "spoilt", &good(), json!({"template": {"spec": privileged()}}), 2);
    let told = web(server, 1, "spoilt");
    assert_eq!((&told["running"], &told["lost"], &told["templateViolates"]), (&json!(2), &json!(1), &json!(true)));
    assert_eq!(after(server, "spoilt", |pods| !pods.is_empty()), [false]);
}

/// The old pod is being replaced by a good one: nobody misses it.
#[test]
fn old_pods_that_are_being_replaced_are_not_lost() {
    let server = controlled();
    rolling(server, "mending", &privileged(), json!({"template": {"spec": good()}}), 2);
    let told = web(server, 0, "mending");
    assert_eq!((&told["pods"].as_array().unwrap().len(), &told["lost"]), (&1, &json!(0)));
    assert_eq!(after(server, "mending", |pods| !pods.is_empty()), [false]);
}

/// What is paused makes no pods of its new template.
#[test]
fn pods_of_a_paused_deployment_do_not_come_back() {
    let server = controlled();
    rolling(server, "paused", &privileged(), json!({"paused": true, "template": {"spec": good()}}), 1);
    let told = web(server, 1, "paused");
    assert_eq!((&told["running"], &told["lost"], &told["templateViolates"]), (&json!(1), &json!(1), &json!(false)));
    assert_eq!(after(server, "paused", <[bool]>::is_empty), [false; 0]);
}
