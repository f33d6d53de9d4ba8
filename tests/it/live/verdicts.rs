//! Our verdicts on running pods against the server's on their creation: no differences.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::{path, report, text};
use crate::support::control_plane::ControlPlane;
use crate::support::reference::{self, Sample};

/// Any other seed does as well.
const SEED: u64 = 500;

/// How many pods there are to be.
const PODS: usize = 500;

#[test]
fn verdicts_equal_those_of_v1_36() {
    compare(ControlPlane::shared(None));
}

#[test]
fn verdicts_equal_those_of_v1_34() {
    compare(ControlPlane::shared(Some("1.34")));
}

fn compare(server: &ControlPlane) {
    let created = create_random_pods(server);
    for level in ["baseline", "restricted"] {
        let namespace = format!("verdicts-{level}");
        server.create_namespace(&namespace, &super::enforced(level));
        // The pods as their authors wrote them: those that run have the server's defaults already.
        let answers = server.dry_run_pods(&namespace, &created);
        let theirs: BTreeMap<&str, Option<&str>> = created
            .iter()
            .zip(&answers)
            .map(|(pod, answer)| (text(&pod["metadata"]["name"]), answer.refusal()))
            .collect();

        let report = report(server, 1, &["-n", "verdicts", "--level", level]);
        assert_eq!(report["version"], format!("v1.{}", server.minor()));
        let results = report["results"].as_array().unwrap();
        assert_eq!(results.len(), PODS);
        let (mut allowed, mut different) = (0, Vec::new());
        for result in results {
            let name = text(&result["name"]);
            let refusal = |message: &str| {
                format!("pods \"{name}\" is forbidden: violates PodSecurity \"{level}:latest\": {message}")
            };
            let ours = result.get("message").map(|message| refusal(text(message)));
            assert_eq!(result["allowed"], ours.is_none());
            allowed += usize::from(ours.is_none());
            if ours.as_deref() != theirs[name] {
                different.push(format!("server: {:?}\n  ours: {ours:?}", theirs[name]));
            }
        }
        assert!(different.is_empty(), "{} differences, the first:\n{}", different.len(), different[0]);
        assert!(allowed > PODS / 20 && allowed < PODS, "a cluster that shows nothing: {allowed} allowed at {level}");
    }
}

/// Creates random pods in a namespace that lets all in; gives them as they were before the server had them.
fn create_random_pods(server: &ControlPlane) -> Vec<Value> {
    server.create_namespace("verdicts", &super::enforced("privileged"));
    // Some more than are needed: validation turns a few away, as `procMount: Unmasked` in the host's user namespace.
    let pods: Vec<Value> = reference::random(SEED, PODS + PODS / 20, true)
        .enumerate()
        .map(|(i, line)| {
            let mut pod = serde_json::from_str::<Sample>(&line).unwrap().pod;
            pod["metadata"]["name"] = format!("pod-{i}").into();
            pod
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut created = Vec::new();
        while let Some(pod) = pods.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = server.request("POST", &path("v1", "verdicts", "pods"), Some(pod));
            match answer.status {
                201 => created.push(pod.clone()),
                422 => {}
                status => panic!("{status}: {}", answer.body),
            }
        }
        created
    };
    let mut created: Vec<Value> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    for extra in created.split_off(PODS) {
        let one =
            format!("{}/{}?gracePeriodSeconds=0", path("v1", "verdicts", "pods"), text(&extra["metadata"]["name"]));
        assert_eq!(server.request("DELETE", &one, None).status, 200);
    }
    created
}
