//! Changes: on a real server, and on one that fails while they are made.

use std::sync::atomic::{AtomicUsize, Ordering};

use kubectl_secctx::cluster::{Change, Cluster, ClusterError, ErrorKind, PatchType, Written};
use serde_json::{Value, json};

use super::{admin, at, connect, hurried, resource, within};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{FaultServer, Reply};

fn labels(level: &str) -> Value {
    json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}})
}

fn relabel(namespace: &str, level: &str) -> Change {
    Change::patch(&resource("ns"), None, namespace, PatchType::Merge, labels(level))
}

fn write(cluster: &Cluster, change: &Change) -> Result<Written<Value>, ClusterError> {
    cluster.write(change)
}

fn kind(result: Result<Written<Value>, ClusterError>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn level(object: &Value) -> &Value {
    &object["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
}

fn privileged_pod(name: &str) -> Value {
    let container = json!({"name": "c", "image": "app", "securityContext": {"privileged": true}});
    json!({"metadata": {"name": name, "annotations": {"a": "1"}}, "spec": {"containers": [container]}})
}

#[test]
fn a_dry_run_tells_its_own_warnings_and_changes_nothing() {
    let server = ControlPlane::shared(None);
    for name in ["writes-a", "writes-b"] {
        server.create_namespace(name, &[]);
        let path = format!("/api/v1/namespaces/{name}/pods");
        assert_eq!(server.request("POST", &path, Some(&privileged_pod(&format!("of-{name}")))).status, 201);
    }
    let cluster = connect(&admin(server));
    let mut answers = vec![None, None];
    let mut batch = cluster.batch();
    for (name, answer) in ["writes-a", "writes-b"].iter().zip(&mut answers) {
        batch.write::<Value>(relabel(name, "baseline").dry_run(), |written| *answer = Some(written));
    }
    assert!(batch.run().iter().all(Result::is_ok));
    for (name, answer) in ["writes-a", "writes-b"].iter().zip(answers) {
        let answer = answer.unwrap();
        assert_eq!(level(&answer.object), "baseline");
        assert_eq!(answer.warnings.len(), 2);
        assert_eq!(answer.warnings[1], format!("of-{name}: privileged"));
        assert_eq!(level(&cluster.get::<Value>(&resource("ns"), None, name).unwrap()), &Value::Null);
    }
    assert!(cluster.warnings().is_empty(), "they belong to their requests");
}

#[test]
fn a_change_is_guarded_and_noted_under_our_name() {
    let server = ControlPlane::shared(None);
    server.create_namespace("writes-guarded", &[]);
    let cluster = connect(&admin(server));
    let read = cluster.get::<Value>(&resource("ns"), None, "writes-guarded").unwrap();
    let version = read["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let written = write(&cluster, &relabel("writes-guarded", "baseline").guarded(&version)).unwrap().object;
    assert_eq!(level(&written), "baseline");
    let managers = written["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().any(|entry| entry["manager"] == "kubectl-secctx"), "{written:#}");

    assert_eq!(kind(write(&cluster, &relabel("writes-guarded", "restricted").guarded(&version))), ErrorKind::Conflict);
    let operations = json!([{"op": "add", "path": "/metadata/labels/x", "value": "y"}]);
    let patch = Change::patch(&resource("ns"), None, "writes-guarded", PatchType::Json, operations);
    assert_eq!(kind(write(&cluster, &patch.clone().guarded(&version))), ErrorKind::Conflict);
    let now = written["metadata"]["resourceVersion"].as_str().unwrap();
    let patched = write(&cluster, &patch.guarded(now)).unwrap().object;
    assert_eq!(patched["metadata"]["labels"]["x"], "y");
    assert_eq!(level(&patched), "baseline");
}

#[test]
fn objects_are_created_patched_and_deleted() {
    let server = ControlPlane::shared(None);
    server.create_namespace("writes-pods", &[("pod-security.kubernetes.io/warn", "baseline")]);
    let cluster = connect(&admin(server));
    let create = |name: &str| Change::create(&resource("po"), Some("writes-pods"), privileged_pod(name));
    let tried = write(&cluster, &create("a").dry_run()).unwrap();
    assert!(tried.warnings[0].starts_with("would violate PodSecurity \"baseline:latest\": privileged"));
    let made = write(&cluster, &create("a")).unwrap().object;
    assert_eq!(kind(write(&cluster, &create("a"))), ErrorKind::Conflict, "there is one");
    let wrong = Change::create(&resource("po"), Some("writes-pods"), json!({"metadata": {"name": "b"}, "spec": {}}));
    assert_eq!(kind(write(&cluster, &wrong)), ErrorKind::Refused);

    let image = json!({"spec": {"containers": [{"name": "c", "image": "newer"}]}});
    let patch = Change::patch(&resource("po"), Some("writes-pods"), "a", PatchType::StrategicMerge, image);
    let patched = write(&cluster, &patch).unwrap().object;
    let container = &patched["spec"]["containers"][0];
    assert_eq!((&container["image"], &container["securityContext"]["privileged"]), (&json!("newer"), &json!(true)));

    let delete = Change::delete(&resource("po"), Some("writes-pods"), "a");
    let old = made["metadata"]["resourceVersion"].as_str().unwrap();
    assert_eq!(kind(write(&cluster, &delete.clone().guarded(old))), ErrorKind::Conflict);
    assert!(write(&cluster, &delete.clone().dry_run()).is_ok());
    assert!(write(&cluster, &delete).is_ok());
    assert_eq!(kind(write(&cluster, &delete.dry_run())), ErrorKind::NotFound);
}

#[test]
fn who_may_not_write_is_told_apart() {
    let server = ControlPlane::shared(None);
    let mut options = admin(server);
    options.impersonation.user = Some("nobody".to_owned());
    let error = write(&connect(&options), &relabel("default", "baseline").dry_run()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.to_string().contains("cannot patch resource \"namespaces\""), "{error}");
}

/// Fails so many times, then answers like a server that made the change.
fn fails(count: usize, reply: impl Fn() -> Reply + Send + Sync + 'static) -> FaultServer {
    let so_far = AtomicUsize::new(0);
    FaultServer::start(move |_| match so_far.fetch_add(1, Ordering::Relaxed) < count {
        true => reply(),
        false => Reply::json(&json!({"metadata": {"name": "a"}})),
    })
}

#[test]
fn what_was_not_handled_is_sent_again_with_its_body() {
    let refusals: [fn() -> Reply; 2] = [
        || Reply::refusal(429, "TooManyRequests", "slow down"),
        || Reply::refusal(503, "ServiceUnavailable", "starting").with_header("Retry-After", "0"),
    ];
    for refusal in refusals {
        let server = fails(2, refusal);
        let written = write(&connect(&at(&server.url())), &relabel("a", "baseline")).unwrap();
        assert_eq!(written.object["metadata"]["name"], "a");
        let asked = server.asked();
        assert_eq!(asked.len(), 3);
        for one in asked {
            assert_eq!(one.method, "PATCH");
            assert_eq!(serde_json::from_slice::<Value>(&one.body).unwrap(), labels("baseline"));
        }
    }
}

#[test]
fn what_may_have_been_handled_is_not_sent_again() {
    let refusals: [fn() -> Reply; 6] = [
        || Reply::refusal(503, "ServiceUnavailable", "no"),
        || Reply::refusal(504, "Timeout", "no"),
        || Reply::refusal(500, "InternalError", "no"),
        || Reply::refusal(409, "Conflict", "no"),
        || Reply::Half(json!({"metadata": {"name": "a long name, to be cut"}})),
        || Reply::Close,
    ];
    for refusal in refusals {
        let server = fails(1, refusal);
        let create = Change::create(&resource("po"), Some("a"), privileged_pod("a"));
        assert!(write(&connect(&at(&server.url())), &create).is_err());
        assert_eq!(server.asked().len(), 1, "{:?}", refusal());
    }
}

#[test]
fn a_write_that_is_never_answered_ends_within_the_limit() {
    let second = std::time::Duration::from_secs(1);
    let server = FaultServer::start(|_| Reply::Silence);
    let cluster = connect(&hurried(&server.url(), second));
    let error = within(2000, || write(&cluster, &relabel("a", "baseline")).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[test]
fn texts_that_belong_to_objects() {
    let server = FaultServer::start(|asked| match asked.is("/api/v1/namespaces/shop/pods/web/log") {
        true => Reply::Answer { status: 200, headers: vec![], body: b"one\ntwo \xff\n".to_vec() },
        false => Reply::refusal(404, "NotFound", "no"),
    });
    let cluster = connect(&at(&server.url()));
    let log =
        |name: &str| cluster.text(&resource("po"), Some("shop"), name, "log", &[("tailLines", "2"), ("c", "a b")]);
    assert_eq!(log("web").unwrap(), "one\ntwo \u{fffd}\n");
    assert_eq!(server.asked()[0].path, "/api/v1/namespaces/shop/pods/web/log?tailLines=2&c=a%20b");
    assert_eq!(log("ghost").unwrap_err().kind(), ErrorKind::NotFound);
}
