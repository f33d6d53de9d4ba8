//! What another version of the server newly refuses and newly admits.

use serde_json::{Value, json};

use super::{ENFORCE, controlled, entry, label, report, row, strings, violating};
use crate::live::{create, create_namespace, deploy, good, path, pod, text};
use crate::support::control_plane::ControlPlane;

/// Refused before v1.35, which knows that such a pod has users of its own.
fn own_users() -> Value {
    let mut spec = good();
    spec["hostUsers"] = false.into();
    spec["securityContext"].as_object_mut().unwrap().remove("runAsNonRoot");
    spec
}

/// Refused since v1.34, which looks at the hosts of probes.
fn probing() -> Value {
    let mut spec = good();
    spec["containers"][0]["livenessProbe"] = json!({"tcpSocket": {"host": "192.0.2.1", "port": 80}});
    spec
}

/// Whether the server refuses a pod in a namespace that enforces restricted as of a version.
fn is_refused(server: &ControlPlane, minor: u16, spec: &Value) -> bool {
    let name = format!("upgrade-{minor}");
    let version = format!("v1.{minor}");
    let namespace = json!({"metadata": {"name": name, "labels":
        {ENFORCE: "restricted", "pod-security.kubernetes.io/enforce-version": version}}});
    let answer = server.request("POST", "/api/v1/namespaces", Some(&namespace));
    assert!([201, 409].contains(&answer.status), "{}", answer.body);
    crate::support::eventually("the service account", || {
        let account = format!("{}/default", path("v1", &name, "serviceaccounts"));
        (server.request("GET", &account, None).status == 200).then_some(())
    });
    server.dry_run_pods(&name, &[pod("probe", spec)])[0].refusal().is_some()
}

#[test]
fn workloads_that_the_next_version_judges_otherwise() {
    let server = controlled();
    create_namespace(server, "upgrade", &[]);
    deploy(server, "upgrade", "users", &own_users(), 0);
    deploy(server, "upgrade", "probing", &probing(), 0);
    deploy(server, "upgrade", "same", &good(), 0);
    let strict = json!({"metadata": {"labels": {ENFORCE: "restricted", "pod-security.kubernetes.io/warn": "baseline",
        "pod-security.kubernetes.io/warn-version": "v1.30"}}});
    assert_eq!(server.request("PATCH", "/api/v1/namespaces/upgrade", Some(&strict)).status, 200);

    for (from, to, denied, admitted) in [
        (33, 34, vec!["Deployment/probing"], vec![]),
        (34, 35, vec![], vec!["Deployment/users"]),
        (33, 36, vec!["Deployment/probing"], vec!["Deployment/users"]),
        (35, 34, vec!["Deployment/users"], vec![]),
    ] {
        for (name, spec) in [("Deployment/users", own_users()), ("Deployment/probing", probing())] {
            let (before, after) = (is_refused(server, from, &spec), is_refused(server, to, &spec));
            assert_eq!(denied.contains(&name), !before && after, "{name} {from} {to}");
            assert_eq!(admitted.contains(&name), before && !after, "{name} {from} {to}");
        }
        let code = i32::from(!denied.is_empty());
        let (from, to) = (format!("v1.{from}"), format!("v1.{to}"));
        let report = report(server, code, &["upgrade", "--from", &from, "--upgrade-to", &to]);
        let told = entry(row(&report, "upgrade"), "enforce", "restricted");
        assert_eq!(
            (text(&told["from"]), text(&told["to"])),
            (&*format!("restricted:{from}"), &*format!("restricted:{to}"))
        );
        let newly = json!({"violating": told.get("newlyAllowed").cloned().unwrap_or_else(|| json!([]))});
        assert_eq!(
            (violating(told), violating(&newly)),
            (denied.iter().map(|s| (*s).to_owned()).collect(), admitted.iter().map(|s| (*s).to_owned()).collect())
        );
        let notices: Vec<_> =
            row(&report, "upgrade")["notices"].as_array().unwrap().iter().map(|n| text(&n["message"])).collect();
        assert!(
            notices.contains(&"warn is pinned to v1.30: its rules stay the same, whichever version the server is"),
            "{notices:?}"
        );
        let warn = entry(row(&report, "upgrade"), "warn", "baseline");
        assert_eq!((&warn["to"], violating(warn)), (&json!("baseline:v1.30"), vec![]));
    }
}

#[test]
fn versions_that_nobody_knows_yet() {
    let server = controlled();
    create_namespace(server, "future", &[(ENFORCE, "baseline")]);
    let ran = label(server, &["future", "--upgrade-to", "v1.99"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let told = "--upgrade-to: v1.99 is newer than v1.37, the newest version known here: judged as v1.37";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let ran = label(server, &["future", "--enforce", "restricted:v1.40"]);
    assert!(
        ran.stderr.contains("the server does not know restricted:v1.40 yet: it takes it for v1.36"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_older_server_judges_by_its_own_rules() {
    let server = ControlPlane::shared(Some("1.34"));
    server.create_namespace("label-older", &[]);
    create(server, &path("v1", "label-older", "pods"), &pod("users", &own_users()));
    create(server, &path("v1", "label-older", "pods"), &pod("probing", &probing()));
    let report = report(server, 1, &["label-older", "--enforce", "restricted"]);
    assert_eq!(report["server"], "v1.34");
    let told = entry(row(&report, "label-older"), "enforce", "restricted");
    assert_eq!(violating(told), ["Pod/probing", "Pod/users"]);
    assert_eq!(strings(&told["differences"]), [""; 0]);
    assert_eq!(strings(&told["server"]["warnings"]).len(), 3);
}
