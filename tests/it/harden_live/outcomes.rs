//! What becomes of a change: rollouts that fail, ways back, objects that change meanwhile, connections that are lost.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::{Ground, bare_pod, behind, essence, image, is_hard, run_kubectl, server};
use crate::live::{create, path};
use crate::support::eventually;
use crate::support::faults::{Asked, FaultServer, Reply};
use crate::support::secctx::{Ran, secctx};

#[test]
fn what_does_not_come_up_is_explained_and_its_way_back_works() {
    let ground = Ground::new("hl-breaks");
    let before = ground.deploy("web", &image("root"));
    let ran = ground.run(&["deploy/web", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("runAsNonRoot") && ran.stderr.contains("image will run as root"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--run-as-user"), "the remedy: {}", ran.stderr);
    assert!(ran.stdout.contains("did not come up"), "{}", ran.stdout);
    assert!(is_hard(&ground.deployment("web")), "nobody asked to roll it back");
    assert_eq!(ground.ways_back().len(), 1);
    run_kubectl(behind("to roll back: ", &ran.stderr));
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

#[test]
fn what_does_not_come_up_goes_back_by_itself_where_that_is_wished_for() {
    let ground = Ground::new("hl-goes-back");
    let before = ground.deploy("web", &image("binds-80"));
    let ran = ground.run(&["deploy/web", "--yes", "--rollback-on-failure", "--run-as-user", "1000"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("deployment/web rolled back"), "{}", ran.stderr);
    assert!(ran.stdout.contains("did not come up, and was rolled back"), "{}", ran.stdout);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
    assert!(ground.ways_back().is_empty());
    ground.await_up("web");
}

#[test]
fn a_rollout_that_takes_too_long_is_told_and_can_go_back() {
    let ground = Ground::new("hl-slow");
    create(
        server(),
        &path("apps/v1", ground.namespace, "deployments"),
        &crate::live::workload("web", &image("slow"), &[("replicas", 1.into())]),
    );
    let before = ground.deployment("web");
    let ran = ground.run(&["deploy/web", "--yes", "--timeout", "1", "--rollback-on-failure"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

#[test]
fn a_pod_that_does_not_come_up_is_made_as_it_was() {
    let ground = Ground::new("hl-pod-back");
    bare_pod(&ground, "one", "root");
    let before = ground.get("v1", "pods/one");
    let ran = ground.run(&["pod/one", "--yes", "--recreate", "--rollback-on-failure"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let after = eventually("the old pod", || {
        Some(ground.get("v1", "pods/one")).filter(|pod| pod["status"]["phase"] == "Running")
    });
    assert!(after["spec"]["securityContext"]["runAsNonRoot"].is_null(), "{after:#}");
    assert_eq!(after["spec"]["containers"][0]["image"], before["spec"]["containers"][0]["image"]);
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
}

/// Runs through a proxy that does something to the first change that is no dry run.
fn through(ground: &Ground, args: &[&str], fault: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Ran {
    through_line(ground, args, false, fault)
}

/// The same, where the line may be dead after that change.
fn through_line(
    ground: &Ground,
    args: &[&str],
    is_dead_then: bool,
    fault: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Ran {
    let done = AtomicBool::new(false);
    let fault = Mutex::new(fault);
    let proxy = FaultServer::start(move |asked: &Asked| {
        let is_change = asked.method == "PATCH" && asked.query("dryRun").is_none();
        if is_change && !done.swap(true, Ordering::SeqCst) {
            return fault.lock().unwrap()(asked);
        }
        if is_dead_then && done.load(Ordering::SeqCst) {
            return Reply::Close;
        }
        Reply::forward(server(), asked)
    });
    let mut command = secctx();
    command.env("XDG_STATE_HOME", ground.home.path());
    command.args(["harden", "--server", &proxy.url(), "-n", ground.namespace]).args(args);
    Ran::from(command.output().unwrap())
}

#[test]
fn an_object_that_changes_meanwhile_is_planned_anew() {
    let ground = Ground::new("hl-conflict");
    ground.deploy("web", &image("works"));
    let namespace = ground.namespace;
    let ran = through(&ground, &["deploy/web", "--yes"], move |asked| {
        let more = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "works:2", "ports": [{"containerPort": 8080}]}]}}}});
        server().request("PATCH", &path("apps/v1", namespace, "deployments/web"), Some(&more));
        Reply::forward(server(), asked)
    });
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("has changed since it was read"), "{}", ran.stderr);
    let after = ground.deployment("web");
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "works:2");
    assert!(is_hard(&after));
}

#[test]
fn a_lost_answer_is_found_out_about() {
    let ground = Ground::new("hl-lost");
    ground.deploy("web", &image("works"));
    let ran = through(&ground, &["deploy/web", "--yes"], |asked| {
        let _ = Reply::forward(server(), asked);
        Reply::Close
    });
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the connection was lost; it was read again"), "{}", ran.stderr);
    assert!(is_hard(&ground.deployment("web")));
}

#[test]
fn a_change_that_does_not_arrive_is_an_error() {
    let ground = Ground::new("hl-unsent");
    let before = ground.deploy("web", &image("works"));
    let ran = through(&ground, &["deploy/web", "--yes"], |_| Reply::Close);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("nothing has changed"), "{}", ran.stdout);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
    assert!(ground.ways_back().is_empty());
}

/// A policy of the server that lets nobody change Deployments of a namespace.
pub(super) fn forbid_changes(ground: &Ground) {
    let name = format!("freeze-{}", ground.namespace);
    let rules =
        json!([{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}]);
    let policy = json!({"metadata": {"name": name}, "spec": {
        "matchConstraints": {"resourceRules": rules}, "failurePolicy": "Fail",
        "validations": [{"expression": "has(object.metadata.annotations) && 'thaw' in object.metadata.annotations", "message": "frozen until Monday"}]}});
    let group = "/apis/admissionregistration.k8s.io/v1";
    create(server(), &format!("{group}/validatingadmissionpolicies"), &policy);
    let selector = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ground.namespace}}});
    let binding = json!({"metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": selector}});
    create(server(), &format!("{group}/validatingadmissionpolicybindings"), &binding);
    let touch = json!({"metadata": {"labels": {"touched": "yes"}}});
    let at = path("apps/v1", ground.namespace, "deployments/web?dryRun=All");
    eventually("the policy", || (server().request("PATCH", &at, Some(&touch)).status >= 400).then_some(()));
}

#[test]
fn what_the_server_refuses_is_not_done() {
    let ground = Ground::new("hl-frozen");
    let before = ground.deploy("web", &image("works"));
    forbid_changes(&ground);
    let ran = ground.run(&["deploy/web", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("frozen until Monday"), "{}", ran.stdout);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
    assert!(ground.ways_back().is_empty());
}

#[test]
fn what_the_server_warns_of_is_told() {
    let ground = Ground::new("hl-warned");
    let mut spec = image("works");
    spec["hostPID"] = true.into();
    ground.deploy("web", &spec);
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/warn": "restricted"}}});
    server().request("PATCH", &format!("/api/v1/namespaces/{}", ground.namespace), Some(&labels));
    let ran = ground.run(&["deploy/web", "--yes", "--safe-only", "--no-wait"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("Warning: would violate PodSecurity"), "{}", ran.stderr);
    assert!(ran.stdout.contains("patched; left for restricted: "), "{}", ran.stdout);
}

#[test]
fn who_may_not_change_it_gets_an_error() {
    let ground = Ground::new("hl-rights");
    let before = ground.deploy("web", &image("works"));
    let ran = ground.run(&["deploy/web", "--yes", "--as", "nobody"]);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("nobody"), "{}", ran.stderr);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

#[test]
fn a_line_that_is_dead_after_the_change_leaves_the_way_back() {
    let ground = Ground::new("hl-dead");
    let before = ground.deploy("web", &image("works"));
    let ran = through_line(&ground, &["deploy/web", "--yes"], true, |asked| {
        let _ = Reply::forward(server(), asked);
        Reply::Close
    });
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("it is not known whether it was changed"), "{}", ran.stdout);
    assert!(is_hard(&ground.deployment("web")), "it was");
    let line = behind("if it was changed, this brings it back: ", &ran.stderr);
    let (line, _) = line.split_once(" --server").unwrap();
    run_kubectl(&format!("{line} --kubeconfig {}", server().kubeconfig().display()));
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

#[test]
fn one_that_fails_does_not_keep_the_others_back() {
    let ground = Ground::new("hl-one-fails");
    let before = ground.deploy("a", &image("root"));
    ground.deploy("b", &image("works"));
    let ran = ground.run(&["--all", "--yes", "--rollback-on-failure"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(essence(&ground.deployment("a")), essence(&before));
    assert!(is_hard(&ground.deployment("b")));
    let row = |name: &str| ran.stdout.lines().rfind(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("deployment/a").contains("was rolled back"), "{}", ran.stdout);
    assert!(row("deployment/b").contains("✓"), "{}", ran.stdout);
}

#[test]
fn a_job_is_made_anew() {
    let ground = Ground::new("hl-job");
    let mut spec = image("works");
    spec["restartPolicy"] = "Never".into();
    let job = json!({"metadata": {"name": "once"}, "spec": {"template": {"spec": spec}}});
    let before = create(server(), &path("batch/v1", ground.namespace, "jobs"), &job);
    let ran = ground.run(&["job/once", "--yes", "--recreate", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let after = ground.get("batch/v1", "jobs/once");
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true);
    assert!(ground.ways_back().is_empty());
}
