//! Servers that answer wrongly: what came is judged once, what did not come is told.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{ESCALATES, await_pods, create, escalating, good, judged, path, pod, text, workload};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Reply};
use crate::support::secctx::{Ran, secctx};

/// Pods and a Deployment in a namespace of a real server.
fn create_some(namespace: &str) -> &'static ControlPlane {
    let server = ControlPlane::shared(None);
    server.create_namespace(namespace, &[]);
    for i in 0..5 {
        create(server, &path("v1", namespace, "pods"), &pod(&format!("p-{i}"), &good()));
    }
    create(server, &path("apps/v1", namespace, "deployments"), &workload("web", &escalating(), &[]));
    await_pods(server, namespace, 5);
    server
}

fn check(server: &FaultServer, args: &[&str]) -> Ran {
    let output = secctx().args(["check", "-o", "json", "--server", &server.url()]).args(args).output().unwrap();
    Ran::from(output)
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What came before the list began again is not counted twice.
#[test]
fn a_list_that_expires_begins_again() {
    let real = create_some("expired");
    let expired = AtomicBool::new(false);
    let server = FaultServer::start(move |asked: &Asked| {
        let is_next_page = asked.is("/api/v1/namespaces/expired/pods") && asked.query("continue").is_some();
        if is_next_page && !expired.swap(true, Ordering::Relaxed) {
            return Reply::refusal(410, "Expired", "The provided continue parameter is too old");
        }
        Reply::forward(real, asked)
    });
    let ran = check(&server, &["-n", "expired", "--chunk-size", "2"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let expected = ["Deployment/web", "Pod/p-0", "Pod/p-1", "Pod/p-2", "Pod/p-3", "Pod/p-4"];
    assert_eq!(judged(&parsed(&ran)), expected);
    let lists = server.asked().iter().filter(|asked| asked.is("/api/v1/namespaces/expired/pods")).count();
    assert_eq!(lists, 3, "the first page, the refused one, all at once");
}

#[test]
fn a_kind_that_cannot_be_had_is_told_and_the_rest_goes_on() {
    let real = create_some("faulty");
    type Fault = fn() -> Reply;
    let faults: [(Fault, &str); 3] = [
        (|| Reply::refusal(404, "NotFound", "the server could not find the requested resource"), "(NotFound)"),
        (
            || Reply::refusal(500, "InternalError", "etcdserver: no leader"),
            "pods: the server answered (InternalError): etcdserver: no leader",
        ),
        (|| Reply::Half(json!({"items": []})), "pods: the answer of the server "),
    ];
    for (fault, told) in faults {
        let server = FaultServer::start(move |asked: &Asked| match asked.is("/api/v1/namespaces/faulty/pods") {
            true => fault(),
            false => Reply::forward(real, asked),
        });
        let ran = check(&server, &["-n", "faulty"]);
        assert_eq!(ran.code, Some(2), "{told}");
        // Without a context the server is named.
        let begins = format!("error: {}: ", server.url().trim_start_matches("http://"));
        assert!(ran.stderr.starts_with(&begins), "{}", ran.stderr);
        assert!(ran.stderr.contains(told) && ran.stderr.lines().count() == 1, "{told}: {}", ran.stderr);
        let report = parsed(&ran);
        assert_eq!(judged(&report), ["Deployment/web"]);
        assert_eq!(text(&report["results"][0]["message"]), ESCALATES);
    }
}

/// kubectl's `--warnings-as-errors`: warnings that came in a header, not those of the plugin's own.
#[test]
fn warnings_of_the_server_can_be_errors() {
    let real = ControlPlane::shared(None);
    real.create_namespace("warned", &[]);
    create(real, &path("v1", "warned", "pods"), &pod("calm", &good()));
    let server = FaultServer::start(|asked: &Asked| {
        let reply = Reply::forward(real, asked);
        if asked.path.starts_with("/api/v1/namespaces/warned/pods") {
            reply.with_header("Warning", "299 - \"pods are old-fashioned\"")
        } else {
            reply
        }
    });
    for command in [&["check"][..], &["explain", "pod/calm"], &["dry-run-label"]] {
        let run = |flag: &[&str]| {
            let address = server.url();
            let args = [command, &["-n", "warned", "--server", &address], flag].concat();
            Ran::from(secctx().args(args).output().unwrap())
        };
        let told = "Warning: pods are old-fashioned\n";
        let calm = run(&["--warnings-as-errors=false"]);
        assert_eq!((calm.code, calm.stderr.as_str()), (Some(0), told), "{command:?}");
        let strict = run(&["--warnings-as-errors"]);
        assert_eq!(strict.code, Some(2), "{command:?}");
        assert_eq!(strict.stderr, format!("{told}error: 1 warning received\n"), "{command:?}");
        assert_eq!(strict.stdout, calm.stdout, "the results are printed all the same");
    }
}
