//! Which objects the arguments name, and in which clusters.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    await_pods, check, controlled, create, create_namespace, deploy, escalating, good, judged, path, pod, report, text,
    workload,
};
use crate::support::control_plane::ControlPlane;
use crate::support::secctx::{Ran, run_in};

/// A namespace with a bit of everything: what its Deployment makes is named by the controllers.
fn create_shop(server: &ControlPlane, namespace: &str) {
    create_namespace(server, namespace, &[]);
    deploy(server, namespace, "api", &good(), 0);
    deploy(server, namespace, "web", &escalating(), 1);
    let set = workload("db", &good(), &[("serviceName", "db".into()), ("replicas", 1.into())]);
    create(server, &path("apps/v1", namespace, "statefulsets"), &set);
    create(server, &path("v1", namespace, "pods"), &pod("alone", &good()));
    create(server, &path("v1", namespace, "pods"), &pod("lonely", &good()));
    let template = json!({"metadata": {"name": "shape"}, "template": pod("shape", &good())});
    create(server, &path("v1", namespace, "podtemplates"), &template);
    await_pods(server, namespace, 4);
}

const ALL: &[&str] = &["Deployment/api", "Deployment/web", "Pod/alone", "Pod/lonely", "StatefulSet/db"];

#[test]
fn every_form_of_arguments() {
    let server = controlled();
    create_shop(server, "forms");
    let cases: &[(&[&str], &[&str])] = &[
        (&[], ALL),
        (&["all"], ALL),
        (&["deploy"], &["Deployment/api", "Deployment/web"]),
        (&["deployments.apps"], &["Deployment/api", "Deployment/web"]),
        (&["Deployment.v1.apps"], &["Deployment/api", "Deployment/web"]),
        (&["deploy", "web"], &["Deployment/web"]),
        (&["deployment", "web", "api"], &["Deployment/api", "Deployment/web"]),
        (&["deploy/web", "sts/db", "po/alone"], &["Deployment/web", "Pod/alone", "StatefulSet/db"]),
        (&["deploy,sts"], &["Deployment/api", "Deployment/web", "StatefulSet/db"]),
        (&["podtemplate"], &["PodTemplate/shape"]),
        // All pods with what they belong to.
        (&["pods"], &["Deployment/web", "Pod/alone", "Pod/lonely", "StatefulSet/db"]),
        (&["pod", "db-0"], &["Pod/db-0"]),
        (&["cj"], &[]),
        (&["-l", "app=web"], &["Deployment/web"]),
        (&["deploy", "-l", "app in (api, db)"], &["Deployment/api"]),
        (&["--selector", "app!=web"], &["Deployment/api", "Pod/alone", "Pod/lonely", "StatefulSet/db"]),
        (&["--field-selector", "metadata.name=alone"], &["Pod/alone"]),
        (&["--field-selector", "status.phase=Running"], &[]),
        (&["--chunk-size", "1"], ALL),
        (&["--chunk-size", "0"], ALL),
    ];
    for (args, expected) in cases {
        let ran = check(server, &[args, &["-n", "forms", "-o", "json"][..]].concat());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(judged(&report), *expected, "{args:?}: {}", ran.stderr);
        let code = i32::from(expected.contains(&"Deployment/web"));
        assert_eq!(ran.code, Some(code), "{args:?}");
        let told = if expected.is_empty() {
            "Warning: no workload and no pod found, so there is nothing to judge\n"
        } else {
            ""
        };
        assert_eq!(ran.stderr, told, "{args:?}");
    }
    // What a Deployment made is told for itself where it is asked for.
    let sets = judged(&report(server, 1, &["rs", "-n", "forms"]));
    let deployments: Vec<_> = sets.iter().filter_map(|name| name.rsplit_once('-')).map(|(name, _)| name).collect();
    assert_eq!(deployments, ["ReplicaSet/api", "ReplicaSet/web"], "{sets:?}");
    let own = judged(&report(server, 1, &[&sets[1].replace("ReplicaSet", "rs"), "-n", "forms"]));
    assert_eq!(own, sets[1..]);
}

#[test]
fn pods_that_have_ended_are_told_only_by_name() {
    let server = controlled();
    create_namespace(server, "ended", &[]);
    create(server, &path("v1", "ended", "pods"), &pod("done", &escalating()));
    let phase = json!({"status": {"phase": "Succeeded"}});
    let status = format!("{}/done/status", path("v1", "ended", "pods"));
    assert_eq!(server.request("PATCH", &status, Some(&phase)).status, 200);
    let ran = check(server, &["-n", "ended"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert_eq!(judged(&report(server, 1, &["pod/done", "-n", "ended"])), ["Pod/done"]);
}

#[test]
fn what_is_not_there_is_told_in_one_sentence() {
    let server = controlled();
    create_namespace(server, "absent", &[]);
    deploy(server, "absent", "api", &good(), 0);
    let cases: &[(&[&str], &str)] = &[
        (&["gizmos"], "error: the server has no resource type \"gizmos\"\n"),
        (&["gizmo/x"], "error: the server has no resource type \"gizmo\"\n"),
        (&["deploy/ghost"], "error: test: deployments.apps \"ghost\" not found\n"),
        (&["deploy", "api", "ghost"], "error: test: deployments.apps \"ghost\" not found\n"),
        (&["po", "ghost"], "error: test: pods \"ghost\" not found\n"),
        (&["svc"], "error: services have no pod template, so there is nothing to judge\n"),
        (&["cm/kube-root-ca.crt"], "error: configmaps have no pod template, so there is nothing to judge\n"),
    ];
    for (args, told) in cases {
        let ran = check(server, &[args, &["-n", "absent"][..]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), *told), "{args:?}");
        assert_eq!(ran.stdout.contains("deployment/api"), args.contains(&"api"), "the rest goes on: {}", ran.stdout);
    }
    for args in [&["deploy/a", "b"][..], &["deploy/a/b"], &["deploy,,sts"], &["deploy/"]] {
        let ran = check(server, args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.stderr.starts_with("error: "), "{args:?}: {}", ran.stderr);
    }
    for (flag, selector) in [("-l", "a=b=c"), ("--field-selector", "spec.nothing=x")] {
        let ran = check(server, &["po", "-n", "absent", flag, selector]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (Some(2), 1), "{selector}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("error: the server answered (BadRequest): "), "{}", ran.stderr);
    }
    let ran = check(server, &["--context", "nowhere"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(2), 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("\"nowhere\""), "{}", ran.stderr);
}

#[test]
fn all_namespaces_with_a_summary_of_each() {
    let server = controlled();
    create_shop(server, "shop-one");
    create_namespace(server, "shop-two", &[]);
    deploy(server, "shop-two", "web", &super::privileged(), 1);
    await_pods(server, "shop-two", 1);

    let report = report(server, 1, &["-A", "-l", "app in (web, alone)"]);
    let found: Vec<_> = report["results"].as_array().unwrap().iter().collect();
    let of = |namespace: &str| -> Vec<&str> {
        found.iter().filter(|one| one["namespace"] == namespace).map(|one| text(&one["name"])).collect()
    };
    assert_eq!((of("shop-one"), of("shop-two")), (vec!["web", "alone"], vec!["web"]));
    // Where -n is given too, all namespaces are meant, as for kubectl.
    let both = super::report(server, 1, &["-A", "-n", "shop-two", "-l", "app in (web, alone)"]);
    assert!(judged(&both).len() >= 3, "{both}");

    let table = check(server, &["-A"]).stdout;
    let columns = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let summary: Vec<_> = table.lines().map(columns).collect();
    for line in ["NAMESPACE WORKLOADS PODS RESTRICTED BASELINE PRIVILEGED", "shop-one 5 4 4 1 0", "shop-two 1 1 0 0 1"]
    {
        assert!(summary.iter().any(|found| found == line), "{line}: {table}");
    }
}

/// Two contexts on one server and one on another, in a kubeconfig of one's own.
fn kubeconfig(folder: &TempDir, servers: &[(&str, &ControlPlane, &str)]) -> String {
    let mut all = json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []});
    for (name, server, namespace) in servers {
        let text = fs::read_to_string(server.kubeconfig()).unwrap();
        let one: Value = serde_json::from_str(&text).unwrap();
        let push = |all: &mut Value, list: &str, entry: Value| all[list].as_array_mut().unwrap().push(entry);
        push(
            &mut all,
            "clusters",
            json!({"name": format!("cluster-{name}"), "cluster": one["clusters"][0]["cluster"]}),
        );
        push(&mut all, "users", json!({"name": format!("user-{name}"), "user": one["users"][0]["user"]}));
        let context =
            json!({"cluster": format!("cluster-{name}"), "user": format!("user-{name}"), "namespace": namespace});
        push(&mut all, "contexts", json!({"name": name, "context": context}));
    }
    all["current-context"] = servers[0].0.into();
    fs::write(folder.path().join("config"), all.to_string()).unwrap();
    "config".to_owned()
}

#[test]
fn contexts_one_after_another() {
    let (server, older) = (controlled(), ControlPlane::shared(Some("1.34")));
    create_namespace(server, "here", &[]);
    create_namespace(server, "there", &[]);
    older.create_namespace("older", &[]);
    for (server, namespace, name) in [(server, "here", "one"), (server, "there", "two"), (older, "older", "three")] {
        create(server, &path("v1", namespace, "pods"), &pod(name, &good()));
    }
    let folder = TempDir::new().unwrap();
    let config = kubeconfig(&folder, &[("b", server, "here"), ("a", server, "there"), ("c", older, "older")]);
    let run = |args: &[&str]| run_in(folder.path(), &[&["check", "--kubeconfig", &config], args].concat());
    let names = |ran: &Ran| -> Vec<String> {
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let name = |one: &Value| {
            format!("{} {} {}", text(&one["source"]["context"]), text(&one["source"]["cluster"]), text(&one["name"]))
        };
        report["results"].as_array().unwrap().iter().map(name).collect()
    };
    let cases: &[(&[&str], &[&str])] = &[
        (&[], &["b cluster-b one"]),
        (&["--context", "a"], &["a cluster-a two"]),
        (&["--context", "c", "--context", "b"], &["c cluster-c three", "b cluster-b one"]),
        (&["--all-contexts"], &["a cluster-a two", "b cluster-b one", "c cluster-c three"]),
        (&["--all-contexts", "-n", "here"], &["a cluster-a one", "b cluster-b one"]),
    ];
    for (args, expected) in cases {
        let ran = run(&[args, &["-o", "json"][..]].concat());
        assert_eq!(
            (ran.code, names(&ran)),
            (Some(0), expected.iter().map(|&name| name.to_owned()).collect()),
            "{args:?}"
        );
    }
    // Each by its server's latest, and each line says which it is about.
    let ran = run(&["--all-contexts"]);
    let lines: Vec<_> = ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[0], "CONTEXT NAMESPACE WORKLOAD PODS MEETS MISSING FOR restricted");
    assert_eq!(
        lines[1..4],
        ["✓ a there pod/two 1 restricted -", "✓ b here pod/one 1 restricted -", "✓ c older pod/three 1 restricted -"]
    );

    // What is to be typed next is about the same cluster.
    create(server, &path("v1", "here", "pods"), &pod("bad", &escalating()));
    let ran = run(&["-n", "here", "--context", "a"]);
    let next = "next: kubectl secctx check --kubeconfig config --context a -n here -o wide\n";
    assert!(ran.stdout.ends_with(next), "{}", ran.stdout);

    // One that does not answer keeps nobody from the others.
    let text = fs::read_to_string(folder.path().join("config")).unwrap();
    let address = older.url();
    fs::write(folder.path().join("config"), text.replace(address, "https://127.0.0.1:1")).unwrap();
    let ran = run(&["--all-contexts", "-o", "json"]);
    assert_eq!((ran.code, names(&ran).len()), (Some(2), 3));
    assert!(ran.stderr.starts_with("error: c: ") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}
