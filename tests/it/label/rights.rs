//! Users who may not do everything.

use serde_json::{Value, json};

use super::{ENFORCE, controlled, entry, label, labels_of, row, violating};
use crate::live::{create, create_namespace, deploy, path, pod, privileged, text};

/// Lets a user do these things in a namespace.
fn allow(namespace: &str, user: &str, rules: &Value) {
    controlled().allow(user, namespace, rules);
}

fn read_only() -> Value {
    json!([
        {"apiGroups": [""], "resources": ["pods", "replicationcontrollers", "namespaces"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps", "batch"], "resources": ["*"], "verbs": ["get", "list"]},
    ])
}

#[test]
fn who_may_only_read_gets_our_verdict_alone() {
    let server = controlled();
    for name in ["read-a", "read-b"] {
        create_namespace(server, name, &[]);
        create(server, &path("v1", name, "pods"), &pod("root", &privileged()));
        allow(name, "reader", &read_only());
    }
    let ran = label(server, &["read-a", "read-b", "--enforce", "baseline", "--as", "reader", "-o", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let told = "so the server was not asked and this is our own verdict alone: read-a, read-b";
    assert_eq!(ran.stderr.matches(told).count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let told = entry(row(&report, "read-b"), "enforce", "baseline");
    assert_eq!((violating(told), &told["server"]), (vec!["Pod/root".to_owned()], &Value::Null));

    let write = ["read-a", "--warn", "baseline", "--apply", "--yes", "--as", "reader", "-o", "json"];
    let ran = label(server, &write);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let why = text(&row(&report, "read-a")["applied"]["why"]);
    assert!(why.starts_with("you may not change it: "), "{why}");
}

#[test]
fn what_could_not_be_read_is_not_called_safe() {
    let server = controlled();
    create_namespace(server, "unseen", &[]);
    deploy(server, "unseen", "idle", &privileged(), 0);
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "patch"]},
    ]);
    allow("unseen", "half", &rules);
    let ran = label(server, &["unseen", "--recommend", "--as", "half", "-o", "kubectl"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("so more may break there than is told: unseen\n"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("kubectl label"), "{}", ran.stdout);
    assert!(ran.stdout.contains("and 4 more could not be read"), "{}", ran.stdout);

    let ran = label(server, &["unseen", "--enforce", "baseline", "--as", "half", "--apply", "--yes"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stdout.contains("so more may break than is known"), "{}", ran.stdout);
    assert!(ran.stdout.contains("nothing that could be read violates these labels"), "{}", ran.stdout);
    assert_eq!(labels_of(server, "unseen")[ENFORCE], Value::Null);
    // Warnings break nobody.
    label(server, &["unseen", "--warn", "baseline", "--as", "half", "--apply", "--yes"]);
    assert_eq!(labels_of(server, "unseen")["pod-security.kubernetes.io/warn"], "baseline");
    label(server, &["unseen", "--enforce", "baseline", "--as", "half", "--apply", "--yes", "--allow-violations"]);
    assert_eq!(labels_of(server, "unseen")[ENFORCE], "baseline");
}

#[test]
fn who_may_not_list_namespaces_sees_the_current_one() {
    let server = controlled();
    allow("default", "local", &read_only());
    let ran = label(server, &["--as", "local", "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["namespaces"].as_array().unwrap().len(), 1);
    row(&report, "default");
    assert!(ran.stderr.contains("only the current one is looked at, \"default\""), "{}", ran.stderr);
    let all = label(server, &["--all", "--as", "local"]);
    assert_eq!(all.code, Some(2));
    assert!(all.stderr.contains("name the namespaces that you may see in place of --all"), "{}", all.stderr);
}

#[test]
fn many_namespaces_by_name_without_the_right_to_list_the_cluster() {
    let server = controlled();
    let names: Vec<_> = (0..10).map(|i| format!("named-{i}")).collect();
    for name in &names {
        server.create_namespace(name, &[]);
        allow(name, "walker", &read_only());
    }
    let args: Vec<_> = names.iter().map(String::as_str).chain(["--as", "walker", "-o", "json"]).collect();
    let ran = label(server, &args);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["namespaces"].as_array().unwrap().len(), 10);
}
