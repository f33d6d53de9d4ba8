//! `docs/schema/`: what is written in JSON and YAML, against what is published about it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::secctx::{Ran, run_with_input, secctx};

/// A pasted message for `explain -`.
const MESSAGE: &[u8] =
    b"Error from server (Forbidden): pods \"a\" is forbidden: violates PodSecurity \"baseline:v1.30\": \
    hostPort (container \"c\" uses hostPort 80), mystery (who knows)\nsomething else\n";

#[test]
fn reports_are_as_published() {
    let strict = strict("check-report");
    for args in [
        &["-f", "examples/"][..],
        &["-f", "examples/", "--level", "namespace"],
        &["-f", "examples/", "--level", "baseline", "--version", "v1.0"],
        &["-R", "-f", "examples/", "-f", "tests/testdata/yaml/duplicate-keys.yaml", "-f", "nothing.yaml"],
        &["-f", "examples/kuard-restricted.yaml"],
    ] {
        let json = run(&[&["check", "-o", "json"], args].concat()).stdout;
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_valid(&strict, &value);
        let yaml = run(&[&["check", "-o", "yaml"], args].concat()).stdout;
        assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), value, "both are the same document: {args:?}");
    }
}

#[test]
fn violations_that_are_not_listed_are_published_too() {
    let containers: Vec<_> = (0..1_100).map(|at| json!({"name": format!("c{at}"), "image": "a"})).collect();
    let labels = json!({"pod-security.kubernetes.io/warn": "restricted"});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}});
    let metadata = json!({"name": "a", "namespace": "n"});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}});
    let input = format!("{namespace}\n{pod}");
    for (level, findings, mode) in
        [("restricted", "/results/0/findings", ""), ("namespace", "/results/0/modes/0/findings", " (warn)")]
    {
        let ran = run_with_input(&["check", "--level", level, "-o", "json", "-f", "-"], input.as_bytes());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_valid(&strict("check-report"), &report);
        for finding in report.pointer(findings).unwrap().as_array().unwrap() {
            assert_eq!(finding["violations"].as_array().map(Vec::len), Some(1_000));
            assert_eq!(finding["unlisted"], 100);
            assert!(finding["detail"].as_str().unwrap().contains("\"c1099\""), "the server's words name all");
            let check = finding["check"].as_str().unwrap();
            let told = format!("pod/a: {check}{mode}: of 1100 violations only 1000 are listed\n");
            assert!(ran.stderr.contains(&told), "{}", ran.stderr);
        }
    }
}

#[test]
fn explanations_are_as_published() {
    let strict = strict("explanation");
    for args in [
        &[][..],
        &["runAsNonRoot"],
        &["readOnlyRootFilesystem"],
        &["-f", "examples/"],
        &["-f", "examples/kuard-privileged.yaml", "-f", "nothing.yaml"],
    ] {
        assert_valid(
            &strict,
            &serde_json::from_str(&run(&[&["explain", "-o", "json"], args].concat()).stdout).unwrap(),
        );
    }
    let pasted = run_with_input(&["explain", "-", "-o", "json"], MESSAGE);
    assert_valid(&strict, &serde_json::from_str(&pasted.stdout).unwrap());
}

#[test]
fn plans_are_as_published() {
    let strict = strict("harden-report");
    for args in [
        &["-f", "examples/"][..],
        &["-f", "examples/", "--level", "baseline", "--safe-only"],
        &["-R", "-f", "examples/", "-f", "tests/testdata/yaml/duplicate-keys.yaml", "-f", "nothing.yaml"],
    ] {
        let json = run(&[&["harden", "-o", "plan-json"], args].concat()).stdout;
        assert_valid(&strict, &serde_json::from_str(&json).unwrap());
    }
}

#[test]
fn versions_are_as_published() {
    let strict = strict("version-report");
    assert_valid(&strict, &serde_json::from_str(&run(&["version", "-o", "json"]).stdout).unwrap());
    let refused = run(&["version", "-s", "http://127.0.0.1:1", "-o", "yaml"]);
    let value: Value = serde_yaml::from_str(&refused.stdout).unwrap();
    assert_valid(&strict, &value);
    assert_eq!(value["errors"].as_array().map(Vec::len), Some(1));
}

/// The schemas must be able to refuse, else what they let through says nothing.
#[test]
fn what_is_not_as_published_is_refused() {
    let report: Value = serde_json::from_str(&run(&["check", "-f", "examples/", "-o", "json"]).stdout).unwrap();
    let changes: [(&str, Value); 6] = [
        ("/kind", json!("Report")),
        ("/version", json!("1.36")),
        ("/results/0/meets", json!("high")),
        ("/results/0/findings/0/fix", json!("easy")),
        ("/results/0/findings/0/violations/0/line", json!(0)),
        ("/summary", json!({"checked": 1})),
    ];
    for (pointer, value) in changes {
        let mut changed = report.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = value;
        assert!(!strict("check-report").is_valid(&changed), "{pointer}");
        assert!(!published("check-report").is_valid(&changed), "{pointer}");
    }
    let mut newer = report;
    newer["results"][0]["added"] = json!(1);
    assert!(published("check-report").is_valid(&newer), "readers must let new members in");
    assert!(!strict("check-report").is_valid(&newer), "and these tests must not");
}

#[test]
fn every_schema_is_one_and_names_itself() {
    for entry in fs::read_dir(root().join("docs/schema")).unwrap() {
        let path = entry.unwrap().path();
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(schema["$id"].as_str().unwrap().ends_with(&format!("/docs/schema/{name}")), "{name}");
        let title = schema["title"].as_str().unwrap();
        assert_eq!(schema["properties"]["kind"]["const"], title);
        assert!(fs::read_to_string(root().join("docs/json.md")).unwrap().contains(name), "docs/json.md lists {name}");
    }
}

/// The examples of the contract, for those kinds whose commands have tests of their own.
#[test]
fn examples_of_labels_and_hardening_fit() {
    let label = json!({"apiVersion": "secctx/v1", "kind": "LabelReport", "server": "v1.36", "namespaces": [
        {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}, "strictest": "baseline",
         "notices": [], "modes": [{"mode": "enforce", "from": "baseline:latest", "to": "restricted:v1.36",
            "pods": {"judged": 12, "violating": 3}, "workloads": {"judged": 5, "violating": 2},
            "violating": [{"kind": "Deployment", "name": "web", "pods": ["web-6d4-abc"], "findings": []}],
            "server": {"warnings": ["…"], "error": null}, "differences": []}]}]});
    assert_valid(&strict("label-report"), &label);
    let harden = json!({"apiVersion": "secctx/v1", "kind": "HardenReport", "level": "restricted", "version": "v1.36",
        "results": [{"source": {}, "kind": "Deployment", "namespace": "shop", "name": "web", "before": "privileged",
            "after": "restricted", "reached": true,
            "edits": [{"op": "set", "path": "spec.template.spec.securityContext.runAsNonRoot", "value": true,
                       "check": "runAsNonRoot", "fix": "risky"}],
            "residue": [{"check": "hostPathVolumes", "path": "spec.template.spec.volumes[1].hostPath", "why": "…"}]}]});
    assert_valid(&strict("harden-report"), &harden);
}

/// Holds a document that another test got from a cluster against its schema.
#[track_caller]
pub(crate) fn assert_published(name: &str, document: &Value) {
    assert_valid(&strict(name), document);
}

/// A schema as it is published: it lets members in that it does not know, as readers must.
fn published(name: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&read(name)).expect("a schema")
}

/// The same schema with no room for what it does not tell of.
fn strict(name: &str) -> jsonschema::Validator {
    let mut schema = read(name);
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

fn read(name: &str) -> Value {
    let path = root().join(format!("docs/schema/{name}.v1.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members
                .get("properties")
                .is_some_and(|properties| properties.is_object() && members.contains_key("type"))
            {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[track_caller]
fn assert_valid(schema: &jsonschema::Validator, value: &Value) {
    let errors: Vec<_> = schema.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).take(3).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(args: &[&str]) -> Ran {
    Ran::from(secctx().current_dir(root()).args(args).output().unwrap())
}
