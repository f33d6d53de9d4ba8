//! For every namespace and both levels, the pods that we say violate are those that the server refuses to create.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{controlled, entry, fill, report, row, violating_pods};
use crate::live::owners::inject_into;
use crate::live::{await_pods, create_namespace, deploy, enforced, good, path, text};
use crate::support::control_plane::ControlPlane;
use crate::support::reference::{self, Sample};

/// Random pods beside the workloads.
const RANDOM: usize = 200;

/// A running pod as somebody would create it again.
fn again(live: &Value) -> Value {
    let mut spec = live["spec"].clone();
    spec.as_object_mut().unwrap().remove("ephemeralContainers");
    json!({"metadata": {"name": live["metadata"]["name"], "annotations": live["metadata"]["annotations"]}, "spec": spec})
}

/// The names of a namespace's pods that the server refuses in a namespace with a level.
fn refused(server: &ControlPlane, namespace: &str, level: &str) -> BTreeSet<String> {
    let list = server.request("GET", &path("v1", namespace, "pods"), None).body;
    let pods: Vec<Value> = list["items"].as_array().unwrap().iter().map(again).collect();
    let answers = server.dry_run_pods(&format!("bars-{level}"), &pods);
    let mut refused = BTreeSet::new();
    for (pod, answer) in pods.iter().zip(answers) {
        if let Some(why) = answer.refusal() {
            assert!(why.contains("violates PodSecurity"), "{why}");
            refused.insert(text(&pod["metadata"]["name"]).to_owned());
        }
    }
    refused
}

fn random_pods(server: &ControlPlane, namespace: &str) {
    create_namespace(server, namespace, &[]);
    for (i, line) in reference::random(55, RANDOM, true).enumerate() {
        let mut pod = serde_json::from_str::<Sample>(&line).unwrap().pod;
        pod["metadata"]["name"] = format!("random-{i}").into();
        let answer = server.request("POST", &path("v1", namespace, "pods"), Some(&pod));
        assert!([201, 422].contains(&answer.status), "{}", answer.body);
    }
}

#[test]
fn violating_pods_are_those_that_the_server_refuses() {
    let server = controlled();
    for level in ["baseline", "restricted"] {
        create_namespace(server, &format!("bars-{level}"), &enforced(level));
    }
    fill(server, "bars-mixed", &[]);
    random_pods(server, "bars-random");
    create_namespace(server, "bars-mesh", &[]);
    inject_into(server, "bars-mesh");
    deploy(server, "bars-mesh", "meshed", &good(), 2);
    await_pods(server, "bars-mesh", 2);

    let names = ["bars-mixed", "bars-random", "bars-mesh"];
    let matrix = report(server, 0, &names);
    let mut total = 0;
    for name in names {
        for level in ["baseline", "restricted"] {
            let theirs = refused(server, name, level);
            assert_eq!(violating_pods(entry(row(&matrix, name), "enforce", level)), theirs, "{name} {level}");
            total += theirs.len();
        }
    }
    assert!(total > RANDOM, "a cluster that shows nothing: {total}");
    let meshed = &entry(row(&matrix, "bars-mesh"), "enforce", "baseline")["violating"][0];
    assert_eq!((&meshed["byInjection"], &meshed["templateViolates"]), (&json!(true), &json!(false)));
    assert_eq!(meshed["injected"], json!(["istio-init"]));

    // The warnings about so many causes are more than the server sends.
    let told = report(server, 1, &["bars-random", "--enforce", "restricted"]);
    let entry = entry(row(&told, "bars-random"), "enforce", "restricted");
    let differences = super::strings(&entry["differences"]);
    assert!(differences.iter().any(|one| one.contains("cut off at 4096 characters")), "{differences:?}");
    assert_eq!(differences.len(), 1, "{differences:?}");
}
