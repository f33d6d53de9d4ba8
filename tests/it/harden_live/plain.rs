//! Without a terminal: printing, applying with `--yes`, and what is asked for by flags.

use serde_json::json;

use super::{Ground, bare_pod, image, is_hard, server};
use crate::live::{create, path, workload};

#[test]
fn the_plan_is_printed_and_nothing_is_changed() {
    let ground = Ground::new("hl-plan");
    let before = ground.deploy("web", &image("works"));
    let ran = ground.run(&["deployment/web"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("deployment/web (hl-plan) reaches restricted:v1.36"), "{}", ran.stdout);
    assert!(ran.stdout.contains("+        seccompProfile:"), "the diff: {}", ran.stdout);
    assert!(!ran.stdout.contains("managedFields") && !ran.stdout.contains("uid:"), "{}", ran.stdout);
    assert!(ran.stdout.contains("next: kubectl secctx harden deployment/web -n hl-plan"), "{}", ran.stdout);
    assert_eq!(ground.deployment("web")["spec"], before["spec"]);
}

#[test]
fn yes_applies_and_waits() {
    let ground = Ground::new("hl-yes");
    ground.deploy("web", &image("works"));
    let pods = ground.get("v1", "pods");
    let name = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    // By its pod: the template of its Deployment is what changes.
    let ran = ground.run(&["pod", name, "--yes", "--no-service-account-token"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("deployment/web patched") && ran.stderr.contains("new pod"), "{}", ran.stderr);
    let after = ground.deployment("web");
    assert!(is_hard(&after), "{after:#}");
    assert_eq!(after["spec"]["template"]["spec"]["automountServiceAccountToken"], false);
    let managers = after["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().any(|entry| entry["manager"] == "kubectl-secctx"), "{managers:#?}");
    assert_eq!(after["status"]["readyReplicas"], 1, "it waited");
    assert!(ground.ways_back().is_empty(), "nothing is left to go back from");
    let again = ground.run(&["deploy/web", "--yes", "--no-service-account-token"]);
    assert_eq!(again.code, Some(0));
    assert!(again.stdout.contains("meets restricted already"), "{}", again.stdout);
}

#[test]
fn without_waiting_the_way_back_stays() {
    let ground = Ground::new("hl-nowait");
    let before = ground.deploy("web", &image("works"));
    let ran = ground.run(&["deploy/web", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ground.ways_back().len(), 1);
    super::run_kubectl(super::behind("the way back: ", &ran.stderr));
    assert_eq!(super::essence(&ground.deployment("web")), super::essence(&before));
}

#[test]
fn who_names_nothing_is_told_what_could_be_named() {
    let ground = Ground::new("hl-names");
    ground.deploy("good", &image("works"));
    create(
        server(),
        &path("apps/v1", ground.namespace, "deployments"),
        &workload(
            "bad",
            &json!({
        "hostNetwork": true, "containers": [{"name": "web", "image": "works"}]}),
            &[("replicas", 0.into())],
        ),
    );
    for args in [&[][..], &["deployments"], &["pod"]] {
        let ran = ground.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("which workload?"), "{args:?}: {}", ran.stderr);
    }
    let ran = ground.run(&[]);
    assert!(ran.stderr.contains("deployment/bad, deployment/good"), "worst first: {}", ran.stderr);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let ground = Ground::new("hl-usage");
    for (args, sentence) in [
        (&["deploy/a", "-A"][..], "do not go with names"),
        (&["deploy/a", "--all"], "do not go with names"),
        (&["deploy/a", "--write"], "--write is about files"),
        (&["deploy/a", "--yes", "-o", "patch"], "only prints"),
        (&["-f", "x.yaml", "--all"], "--all is about a cluster"),
        (&["-f", "x.yaml", "--recreate"], "--recreate is about a cluster"),
        (&["deploy/a", "--answers", "none.yaml"], "none.yaml"),
        (&["deploy/a/b"], "more than one slash"),
        (&["service/a"], "nothing to harden"),
        (&["deploy/none"], "not found"),
        (&["deploy/a", "--timeout", "soon"], "--timeout"),
        (&["deploy/a", "--all-contexts", "--chunk-size", "1"], ""),
    ] {
        let ran = ground.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn pods_are_made_anew_only_where_that_is_asked_for() {
    let ground = Ground::new("hl-pod");
    bare_pod(&ground, "one", "works");
    let before = ground.get("v1", "pods/one");
    let ran = ground.run(&["pod/one", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("--recreate"), "{}", ran.stdout);
    assert_eq!(ground.get("v1", "pods/one")["metadata"]["uid"], before["metadata"]["uid"]);
    let manifest = ground.run(&["pod/one", "-o", "yaml"]).stdout;
    assert!(manifest.contains("runAsNonRoot: true") && !manifest.contains("nodeName"), "{manifest}");

    let ran = ground.run(&["pod/one", "--yes", "--recreate"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let after = ground.get("v1", "pods/one");
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["spec"]["securityContext"]["runAsNonRoot"], true);
}
