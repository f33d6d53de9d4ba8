//! Writing labels: what was called safe comes back, and what was called broken is refused, with the words foretold.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{ENFORCE, controlled, cron_job, entry, label, labels_of, report, row, sentence, stateful_set, violating};
use crate::live::{
    await_pods, create, create_namespace, deploy, escalating, good, path, pod, privileged, server_says, text,
};
use crate::support::control_plane::ControlPlane;
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};
use crate::support::secctx::{Ran, secctx};

const VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// Deletes all pods of a namespace at once; their names.
pub(super) fn delete_pods(server: &ControlPlane, namespace: &str) -> Vec<String> {
    let list = server.request("GET", &path("v1", namespace, "pods"), None).body;
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect();
    for name in &names {
        let one = format!("{}/{name}?gracePeriodSeconds=0", path("v1", namespace, "pods"));
        assert_eq!(server.request("DELETE", &one, None).status, 200);
    }
    names
}

/// The last refusal that an event tells of about an owner of this kind whose name begins so.
pub(super) fn refusal(server: &ControlPlane, namespace: &str, kind: &str, name: &str) -> Option<String> {
    let events = format!("{}?fieldSelector=reason%3DFailedCreate", path("v1", namespace, "events"));
    let events = server.request("GET", &events, None).body;
    let is = |event: &&Value| {
        event["involvedObject"]["kind"] == kind && text(&event["involvedObject"]["name"]).starts_with(name)
    };
    let event = events["items"].as_array()?.iter().find(is)?;
    Some(text(&event["message"]).split_once(" is forbidden: ")?.1.to_owned())
}

#[test]
fn what_was_called_safe_comes_back_and_what_was_called_broken_is_refused() {
    let server = controlled();
    create_namespace(server, "after", &[]);
    deploy(server, "after", "good", &good(), 2);
    deploy(server, "after", "web", &escalating(), 2);
    deploy(server, "after", "root", &privileged(), 1);
    stateful_set(server, "after", "db", &good());
    stateful_set(server, "after", "bad", &privileged());
    cron_job(server, "after", "cleanup", &privileged());
    await_pods(server, "after", 7);
    let ask = ["after", "--enforce", "baseline", "--version", "v1.36", "--apply", "--yes"];
    let unsafe_ = report(server, 1, &ask);
    assert_eq!(row(&unsafe_, "after")["applied"]["outcome"], "skipped");
    assert_eq!(row(&unsafe_, "after")["applied"]["why"], "3 workloads would break");
    assert_eq!(labels_of(server, "after").get(ENFORCE), None);

    let done = report(server, 0, &[&ask[..], &["--allow-violations"]].concat());
    let after = row(&done, "after");
    assert_eq!(after["applied"]["outcome"], "done", "{after:#}");
    assert_eq!(
        (&labels_of(server, "after")[ENFORCE], &labels_of(server, "after")[VERSION]),
        (&json!("baseline"), &json!("v1.36"))
    );
    let managers = server.request("GET", "/api/v1/namespaces/after", None).body["metadata"]["managedFields"].clone();
    assert!(managers.as_array().unwrap().iter().any(|entry| entry["manager"] == "kubectl-secctx"));
    let told = entry(after, "enforce", "baseline");
    assert_eq!(violating(told), ["CronJob/cleanup", "Deployment/root", "StatefulSet/bad"]);
    // Admission hears of new labels in the background.
    eventually("the label", || server_says(server, "after", &privileged()));

    let old = delete_pods(server, "after");
    let (mut safe, bad) = (0, ["root-", "bad-"]);
    safe += old.iter().filter(|name| !bad.iter().any(|begin| name.starts_with(begin))).count();
    assert_eq!(safe, 5);
    let came_back = eventually("the safe pods", || {
        let list = server.request("GET", &path("v1", "after", "pods"), None).body;
        let names: Vec<_> =
            list["items"].as_array()?.iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect();
        (names.len() == safe).then_some(names)
    });
    assert!(came_back.iter().all(|name| !bad.iter().any(|begin| name.starts_with(begin))), "{came_back:?}");
    // A Job by hand, as the schedule is far.
    let cron = server.request("GET", &format!("{}/cleanup", path("batch/v1", "after", "cronjobs")), None).body;
    let job = json!({"metadata": {"name": "cleanup-now"}, "spec": cron["spec"]["jobTemplate"]["spec"]});
    create(server, &path("batch/v1", "after", "jobs"), &job);
    for (kind, name, at) in [("Job", "cleanup-now", 0), ("ReplicaSet", "root-", 1), ("StatefulSet", "bad", 2)] {
        let says = eventually("the refusal", || refusal(server, "after", kind, name));
        let foretold = format!("violates PodSecurity \"baseline:v1.36\": {}", sentence(&told["violating"][at]));
        assert!(says.contains(&foretold), "{says}\n{foretold}");
    }
    assert_eq!(row(&report(server, 0, &ask), "after")["applied"]["outcome"], "unchanged");
}

#[test]
fn a_plan_is_written_step_by_step() {
    let server = controlled();
    create_namespace(server, "staged", &[]);
    let bad = create(server, &path("v1", "staged", "pods"), &pod("bad", &privileged()));
    let name = text(&bad["metadata"]["name"]);
    create_namespace(server, "kube-staged", &[]);
    let ask = ["--recommend", "--apply", "--yes", "-l", "kubernetes.io/metadata.name in (staged,kube-staged)"];
    let first = report(server, 0, &ask);
    assert_eq!(row(&first, "staged")["applied"]["outcome"], "done");
    assert_eq!(row(&first, "kube-staged")["applied"]["outcome"], "skipped", "nobody named it");
    let labels = labels_of(server, "staged");
    assert_eq!(labels["pod-security.kubernetes.io/warn"], "baseline");
    assert_eq!(labels["pod-security.kubernetes.io/warn-version"], "v1.36");
    assert_eq!(labels.get(ENFORCE), None);
    let one = format!("{}/{name}?gracePeriodSeconds=0", path("v1", "staged", "pods"));
    assert_eq!(server.request("DELETE", &one, None).status, 200);
    create(server, &path("v1", "staged", "pods"), &pod("better", &escalating()));
    report(server, 0, &ask);
    let labels = labels_of(server, "staged");
    assert_eq!((&labels[ENFORCE], &labels[VERSION]), (&json!("baseline"), &json!("v1.36")));
    assert_eq!(labels["pod-security.kubernetes.io/warn"], "restricted");
    report(server, 0, &ask);
    assert_eq!(labels_of(server, "staged"), labels, "nothing is weakened, and nothing is enforced that is not met");
}

/// Runs through a server that lets something happen before a write.
fn through(server: &FaultServer, args: &[&str]) -> Value {
    let mut command = secctx();
    command.args(["dry-run-label", "--server", &server.url(), "-o", "json"]);
    let ran = Ran::from(command.args(args).output().unwrap());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

/// A server where a namespace changes each time before it is written, so many times.
fn restless(namespace: &'static str, times: usize, change: fn(&ControlPlane, usize)) -> FaultServer {
    let so_far = AtomicUsize::new(0);
    FaultServer::start(move |asked| {
        let is_write = asked.method == "PATCH" && asked.query("dryRun").is_none();
        if is_write && asked.path.contains(namespace) {
            let i = so_far.fetch_add(1, Ordering::Relaxed);
            if i < times {
                change(controlled(), i);
            }
        }
        Reply::forward(controlled(), asked)
    })
}

fn annotate(server: &ControlPlane, namespace: &str, i: usize) {
    let patch = json!({"metadata": {"annotations": {"seen": i.to_string()}}});
    assert_eq!(server.request("PATCH", &format!("/api/v1/namespaces/{namespace}"), Some(&patch)).status, 200);
}

#[test]
fn a_namespace_that_changed_meanwhile_is_looked_at_again_once() {
    let server = controlled();
    for name in ["restless-once", "restless-always", "restless-worse"] {
        create_namespace(server, name, &[]);
    }
    let ask = |name| [name, "--enforce", "baseline", "--apply", "--yes"];
    let once = restless("restless-once", 1, |server, i| annotate(server, "restless-once", i));
    let report = through(&once, &ask("restless-once"));
    assert_eq!(row(&report, "restless-once")["applied"]["outcome"], "done", "{report:#}");
    assert_eq!(labels_of(server, "restless-once")[ENFORCE], "baseline");

    let always = restless("restless-always", 9, |server, i| annotate(server, "restless-always", i));
    let report = through(&always, &ask("restless-always"));
    assert_eq!(row(&report, "restless-always")["applied"]["outcome"], "failed", "{report:#}");
    assert_eq!(labels_of(server, "restless-always").get(ENFORCE), None);

    let worse = restless("restless-worse", 1, |server, i| {
        create(server, &path("v1", "restless-worse", "pods"), &pod("new", &privileged()));
        annotate(server, "restless-worse", i);
    });
    let report = through(&worse, &ask("restless-worse"));
    let why = text(&row(&report, "restless-worse")["applied"]["why"]);
    assert!(why.contains("what would break is another"), "{report:#}");
    assert_eq!(labels_of(server, "restless-worse").get(ENFORCE), None);
}

#[test]
fn only_what_is_safe_is_written() {
    let server = controlled();
    create_namespace(server, "mixed-a", &[("team", "mixed")]);
    create_namespace(server, "mixed-b", &[("team", "mixed")]);
    create(server, &path("v1", "mixed-b", "pods"), &pod("bad", &privileged()));
    let ran = label(server, &["-l", "team=mixed", "--enforce", "baseline", "--apply", "--yes"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.stdout);
    assert_eq!(labels_of(server, "mixed-a")[ENFORCE], "baseline");
    assert_eq!(labels_of(server, "mixed-b").get(ENFORCE), None);
}
