//! The server's own answer beside ours, and kubectl's.

use std::process::Command;

use serde_json::json;

use super::{ENFORCE, controlled, entry, fill, label, labels_of, report, row, strings};
use crate::live::{create, create_namespace, path, pod, privileged};
use crate::support::control_plane::{self, ControlPlane};
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};

/// What kubectl prints of a dry run, without its own words.
fn kubectl_warnings(server: &ControlPlane, namespace: &str, label: &str) -> Vec<String> {
    let mut command = Command::new(control_plane::kubectl());
    command.arg("--kubeconfig").arg(server.kubeconfig());
    command.args(["label", "--dry-run=server", "--overwrite", "ns", namespace, label]);
    // It caches what it learns of a server under its home.
    let home = tempfile::TempDir::new().unwrap();
    let output = command.env_clear().env("HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stderr).unwrap();
    text.lines().map(|line| line.strip_prefix("Warning: ").unwrap().to_owned()).collect()
}

#[test]
fn the_servers_warnings_are_kubectls_and_ours_go_beyond() {
    let server = controlled();
    fill(server, "beside", &[]);
    for level in ["baseline", "restricted"] {
        let theirs = kubectl_warnings(server, "beside", &format!("{ENFORCE}={level}"));
        assert!(theirs.len() > 1);
        let report = report(server, 1, &["beside", "--enforce", level]);
        let entry = entry(row(&report, "beside"), "enforce", level);
        assert_eq!(strings(&entry["server"]["warnings"]), theirs);
        let idle = match level {
            "baseline" => "deployment/idle",
            _ => "cronjob/cleanup, deployment/idle",
        };
        let told = format!("the server looks at pods that are there, not at templates, so it says nothing of {idle}");
        assert_eq!(strings(&entry["differences"]), [told]);
    }
    assert_eq!(labels_of(server, "beside").get(ENFORCE), None, "nothing was written");
}

#[test]
fn only_the_modes_that_change_are_told() {
    let server = controlled();
    create_namespace(server, "modes", &[(ENFORCE, "baseline"), ("pod-security.kubernetes.io/audit", "restricted")]);
    create(server, &path("v1", "modes", "pods"), &pod("fine", &crate::live::escalating()));
    let report =
        report(server, 0, &["modes", "--enforce", "baseline", "--warn", "restricted:v1.34", "--audit", "restricted"]);
    let modes = row(&report, "modes")["modes"].as_array().unwrap();
    assert_eq!(modes.len(), 1);
    // Nobody labelled warn, so that it followed enforce.
    assert_eq!((&modes[0]["mode"], &modes[0]["from"]), (&json!("warn"), &json!("baseline:latest")));
    assert_eq!((&modes[0]["to"], &modes[0]["pods"]["violating"]), (&json!("restricted:v1.34"), &json!(1)));
    assert_eq!(label(server, &["modes", "--enforce", "restricted"]).code, Some(1));
    assert_eq!(label(server, &["modes", "--enforce", "restricted", "--exit-zero"]).code, Some(0));
    let quiet = label(server, &["modes", "--enforce", "restricted", "-q"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (Some(1), ""));
}

/// A policy of the server that does not let anybody enforce restricted.
#[test]
fn what_refuses_the_label_is_told() {
    let server = controlled();
    create_namespace(server, "guarded", &[]);
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["namespaces"]});
    let policy = json!({
        "metadata": {"name": "no-restricted"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]}, "failurePolicy": "Fail",
            "validations": [{
                "expression": format!("!('{ENFORCE}' in object.metadata.labels) || object.metadata.labels['{ENFORCE}'] != 'restricted'"),
                "message": "ask the platform team first",
            }],
        },
    });
    let group = "/apis/admissionregistration.k8s.io/v1";
    create(server, &format!("{group}/validatingadmissionpolicies"), &policy);
    let selector = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "guarded"}}});
    let binding = json!({
        "metadata": {"name": "no-restricted"},
        "spec": {"policyName": "no-restricted", "validationActions": ["Deny"], "matchResources": selector},
    });
    create(server, &format!("{group}/validatingadmissionpolicybindings"), &binding);
    let ran = eventually("the policy", || {
        let ran = label(server, &["guarded", "--enforce", "restricted", "-o", "json"]);
        (ran.code == Some(2)).then_some(ran)
    });
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let error = entry(row(&report, "guarded"), "enforce", "restricted")["server"]["error"].as_str().unwrap();
    assert!(error.contains("ask the platform team first"), "{error}");
    assert_eq!(label(server, &["guarded", "--enforce", "baseline"]).code, Some(0));
}

/// A list that the server did not finish, and pods that came meanwhile: both are pointed out.
#[test]
fn differences_are_pointed_out() {
    let server = controlled();
    create_namespace(server, "differs", &[]);
    create(server, &path("v1", "differs", "pods"), &pod("alone", &privileged()));
    let header = "existing pods in namespace \"differs\" violate the new PodSecurity enforce level \"baseline:latest\"";
    let proxy = FaultServer::start(move |asked| match asked.method.as_str() {
        "PATCH" => [header, "alone (and 2 other pods): privileged", "ghost: hostPort"].iter().fold(
            Reply::json(&json!({"metadata": {"name": "differs", "labels": {ENFORCE: "privileged"}}})),
            |reply, text| reply.with_header("Warning", &format!("299 - \"{}\"", text.replace('"', "\\\""))),
        ),
        _ => Reply::forward(controlled(), asked),
    });
    let url = proxy.url();
    let mut command = crate::support::secctx::secctx();
    command.args(["dry-run-label", "--server", &url, "differs", "--enforce", "baseline", "-o", "json"]);
    let ran = crate::support::secctx::Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let told = strings(&entry(row(&report, "differs"), "enforce", "baseline")["differences"]);
    assert_eq!(
        told,
        [
            "the server names pod/ghost: hostPort, which was not found here; pods may have come meanwhile",
            "the server counts 3 and not 1 pod of: privileged; pods may have come or gone meanwhile",
            "the server would store pod-security.kubernetes.io/enforce=privileged: a webhook or a policy changes it on the way",
        ]
    );
}

/// A connection that ends while labels are tried is told once, and our own verdict all the same.
#[test]
fn a_server_that_goes_away_meanwhile() {
    let server = controlled();
    for name in ["broken-a", "broken-b"] {
        create_namespace(server, name, &[]);
    }
    let proxy = FaultServer::start(|asked| match asked.method.as_str() {
        "PATCH" => Reply::Close,
        _ => Reply::forward(controlled(), asked),
    });
    let mut command = crate::support::secctx::secctx();
    let url = proxy.url();
    command.args(["dry-run-label", "--server", &url, "broken-a", "broken-b", "--enforce", "baseline", "-o", "json"]);
    let ran = crate::support::secctx::Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr.matches("the labels could not be tried: ").count(), 1, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(entry(row(&report, "broken-b"), "enforce", "baseline")["pods"]["judged"], 0);
}
