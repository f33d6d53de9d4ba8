//! Rollouts of every kind reach their end, good or bad.

use kubectl_secctx::model::{Choices, FieldPath};
use kubectl_secctx::report::rollout::{Origin, Phase, PodCounts, RolloutStatus};
use kubectl_secctx::rollout::{Before, Target};
use serde_json::{Value, json};

use super::{Ground, blamed, hardened, resource, spec, workload};
use crate::support::eventually;

const NON_ROOT: &str = "spec.securityContext.runAsNonRoot";

fn counts(wanted: usize, new: usize, ready: usize, old: usize) -> PodCounts {
    PodCounts { wanted: Some(wanted), new, ready, old }
}

#[track_caller]
fn is_done(status: &RolloutStatus, pods: PodCounts, message: &str) {
    assert_eq!(
        (status.phase, status.pods, &*status.message, status.diagnoses.len(), status.failing.len()),
        (Phase::Done, pods, message, 0, 0),
        "{status:#?}"
    );
}

#[track_caller]
fn is_stuck(status: &RolloutStatus, pods: PodCounts) {
    assert_eq!((status.phase, status.pods), (Phase::Stuck, pods), "{status:#?}");
    assert_eq!((status.diagnoses.len(), blamed(status)), (1, vec![NON_ROOT.to_owned()]), "{status:#?}");
    assert_eq!(status.failing[0].reason, "CreateContainerConfigError");
}

/// Puts an object as it was in the place of what is there.
#[track_caller]
fn put_back(ground: &Ground, target: &Target, original: &Value) {
    let mut fresh = ground.get(&target.resource, &target.name);
    fresh["spec"] = original["spec"].clone();
    fresh["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let answer =
        ground.server.request("PUT", &ground.path(&target.resource, &format!("/{}", target.name)), Some(&fresh));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_deployment_rolls_out_and_stops_and_rolls_back() {
    let ground = Ground::new("rollout-deployment");
    let good = ground.target("deployments", "good");
    ground.running(&good, &workload("good", &spec("works"), &json!({"replicas": 3})));
    is_done(&ground.harden_and_watch(&good, &Choices::default()), counts(3, 3, 3, 0), "all 3 new pods are ready");

    let bad = ground.target("deployments", "bad");
    ground.running(&bad, &workload("bad", &spec("root"), &json!({"replicas": 1})));
    let original = ground.get(&bad.resource, "bad");
    is_stuck(&ground.harden_and_watch(&bad, &Choices::default()), counts(1, 1, 0, 1));
    let before = Before::take(&ground.client, &bad).unwrap();
    put_back(&ground, &bad, &original);
    is_done(&ground.watch(&bad, before, Vec::new()), counts(1, 1, 1, 0), "1 new pod is ready");
}

#[test]
fn a_deployment_whose_deadline_passes_has_failed() {
    let ground = Ground::new("rollout-deadline");
    let target = ground.target("deployments", "web");
    ground.running(&target, &workload("web", &spec("works"), &json!({"progressDeadlineSeconds": 5})));
    let before = Before::take(&ground.client, &target).unwrap();
    ground.patch(&target, &json!({"spec": {"template": {"spec": spec("slow")}}}));
    let status = ground.watch(&target, before, Vec::new());
    assert_eq!(status.phase, Phase::Failed, "{status:#?}");
    assert_eq!(status.message, "the Deployment's progress deadline has passed");
    assert_eq!(status.diagnoses[0].origin, Origin::Elsewhere);
}

#[test]
fn a_deployment_that_is_paused_or_empty_has_nothing_to_roll_out() {
    let ground = Ground::new("rollout-paused");
    let paused = ground.target("deployments", "paused");
    ground.running(&paused, &workload("paused", &spec("works"), &json!({})));
    ground.patch(&paused, &json!({"spec": {"paused": true}}));
    let status = ground.harden_and_watch(&paused, &Choices::default());
    assert_eq!((status.phase, status.pods), (Phase::Deferred, counts(1, 0, 0, 1)), "{status:#?}");
    assert!(status.message.contains("kubectl rollout resume"), "{}", status.message);

    let empty = ground.target("deployments", "empty");
    ground.running(&empty, &workload("empty", &spec("root"), &json!({"replicas": 0})));
    let status = ground.harden_and_watch(&empty, &Choices::default());
    is_done(&status, counts(0, 0, 0, 0), "it has no pods to roll out");
}

#[test]
fn a_stateful_set_rolls_out_and_stops() {
    let ground = Ground::new("rollout-stateful");
    let rest = json!({"replicas": 2, "serviceName": "x"});
    let good = ground.target("statefulsets", "good");
    ground.running(&good, &workload("good", &spec("works"), &rest));
    is_done(&ground.harden_and_watch(&good, &Choices::default()), counts(2, 2, 2, 0), "all 2 new pods are ready");

    let bad = ground.target("statefulsets", "bad");
    ground.running(&bad, &workload("bad", &spec("root"), &rest));
    let original = ground.get(&bad.resource, "bad");
    is_stuck(&ground.harden_and_watch(&bad, &Choices::default()), counts(2, 1, 0, 1));

    // The controller waits for the broken pod for ever; the watch says what to do, and doing it helps.
    let before = Before::take(&ground.client, &bad).unwrap();
    put_back(&ground, &bad, &original);
    let status = ground.watch(&bad, before.clone(), Vec::new());
    assert_eq!((status.phase, &*status.to_delete), (Phase::Deferred, &["bad-1".to_owned()][..]), "{status:#?}");
    let message = "a pod of an older template is not ready, and the controller waits for it: it has to be deleted";
    assert_eq!(status.message, message);
    let pod = ground.path(&resource("v1", "pods"), "/bad-1");
    assert_eq!(ground.server.request("DELETE", &pod, None).status, 200);
    is_done(&ground.watch(&bad, before, Vec::new()), counts(2, 2, 2, 0), "all 2 new pods are ready");
}

#[test]
fn a_stateful_set_with_a_partition_or_without_a_rollout() {
    let ground = Ground::new("rollout-partition");
    let rest = |strategy: Value| json!({"replicas": 2, "serviceName": "x", "updateStrategy": strategy});
    let part = ground.target("statefulsets", "part");
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    ground.running(&part, &workload("part", &spec("works"), &rest(strategy)));
    let status = ground.harden_and_watch(&part, &Choices::default());
    is_done(&status, counts(2, 1, 1, 1), "1 new pod is ready; the partition keeps 1 old");

    let manual = ground.target("statefulsets", "manual");
    ground.running(&manual, &workload("manual", &spec("works"), &rest(json!({"type": "OnDelete"}))));
    let before = Before::take(&ground.client, &manual).unwrap();
    let edits = ground.harden(&manual, &ground.get(&manual.resource, "manual"), &Choices::default());
    let status = ground.watch(&manual, before.clone(), edits.clone());
    assert_eq!((status.phase, status.pods), (Phase::Deferred, counts(2, 0, 0, 2)), "{status:#?}");
    assert!(status.message.contains("once somebody deletes them"), "{}", status.message);
    assert_eq!(status.to_delete, ["manual-0", "manual-1"]);
    for name in status.to_delete {
        let pod = ground.path(&resource("v1", "pods"), &format!("/{name}"));
        assert_eq!(ground.server.request("DELETE", &pod, None).status, 200);
    }
    is_done(
        &ground.watch_until(&manual, before, edits, |status| status.phase == Phase::Done),
        counts(2, 2, 2, 0),
        "all 2 new pods are ready",
    );
}

#[test]
fn a_daemon_set_rolls_out_and_stops() {
    let ground = Ground::new("rollout-daemon");
    let good = ground.target("daemonsets", "good");
    ground.running(&good, &workload("good", &spec("works"), &json!({})));
    is_done(&ground.harden_and_watch(&good, &Choices::default()), counts(1, 1, 1, 0), "1 new pod is ready");

    let bad = ground.target("daemonsets", "bad");
    ground.running(&bad, &workload("bad", &spec("root"), &json!({})));
    let original = ground.get(&bad.resource, "bad");
    is_stuck(&ground.harden_and_watch(&bad, &Choices::default()), counts(1, 1, 0, 0));
    let before = Before::take(&ground.client, &bad).unwrap();
    put_back(&ground, &bad, &original);
    is_done(&ground.watch(&bad, before, Vec::new()), counts(1, 1, 1, 0), "1 new pod is ready");

    let manual = ground.target("daemonsets", "manual");
    let rest = json!({"updateStrategy": {"type": "OnDelete"}});
    ground.running(&manual, &workload("manual", &spec("works"), &rest));
    let status = ground.harden_and_watch(&manual, &Choices::default());
    assert_eq!((status.phase, status.pods), (Phase::Deferred, counts(1, 0, 0, 1)), "{status:#?}");
}

#[test]
fn sets_for_themselves_keep_their_pods() {
    let ground = Ground::new("rollout-sets");
    let set = ground.target("replicasets", "set");
    ground.running(&set, &workload("set", &spec("works"), &json!({"replicas": 2})));
    let controller = ground.target("replicationcontrollers", "controller");
    let mut object = workload("controller", &spec("works"), &json!({"replicas": 2}));
    object["spec"]["selector"] = json!({"app": "controller"});
    ground.running(&controller, &object);
    for target in [set, controller] {
        let before = Before::take(&ground.client, &target).unwrap();
        let edits = ground.harden(&target, &ground.get(&target.resource, &target.name), &Choices::default());
        let status = ground.watch(&target, before.clone(), edits.clone());
        assert_eq!((status.phase, status.pods), (Phase::Deferred, counts(2, 0, 0, 2)), "{status:#?}");
        assert_eq!(status.to_delete.len(), 2);
        let pods = ground.path(&resource("v1", "pods"), &format!("?labelSelector=app%3D{}", target.name));
        assert_eq!(ground.server.request("DELETE", &pods, None).status, 200);
        let status = ground.watch_until(&target, before, edits, |status| status.phase == Phase::Done);
        is_done(&status, counts(2, 2, 2, 0), "all 2 new pods are ready");
    }
}

#[test]
fn a_cron_job_waits_for_its_next_run() {
    let ground = Ground::new("rollout-cron");
    let target = ground.target("cronjobs", "nightly");
    let mut pod = spec("completes");
    pod["restartPolicy"] = "Never".into();
    let job = json!({"spec": {"template": {"spec": pod}}});
    ground.running(&target, &json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": job}}));
    let status = ground.harden_and_watch(&target, &Choices::default());
    let message = "the new template shows with the next run (schedule \"0 3 * * *\")";
    assert_eq!((status.phase, &*status.message), (Phase::Deferred, message));
    ground.patch(&target, &json!({"spec": {"suspend": true}}));
    let status = ground.watch(&target, Before::default(), Vec::new());
    assert!(status.message.starts_with("it is suspended"), "{}", status.message);
}

/// What is recreated, since its template cannot be changed.
#[track_caller]
fn recreated(ground: &Ground, target: &Target, object: &Value) -> RolloutStatus {
    ground.running(target, object);
    let before = Before::take(&ground.client, target).unwrap();
    let (hardened, edits) = hardened(target, object, &Choices::default());
    let path = ground.path(&target.resource, &format!("/{}?propagationPolicy=Background", target.name));
    assert_eq!(ground.server.request("DELETE", &path, None).status, 200);
    eventually("it to go", || ground.get(&target.resource, &target.name).is_null().then_some(()));
    ground.create(target, &hardened);
    ground.watch(target, before, edits)
}

#[test]
fn pods_that_are_made_again() {
    let ground = Ground::new("rollout-pods");
    let good = recreated(&ground, &ground.target("pods", "good"), &json!({"spec": spec("works")}));
    is_done(&good, counts(1, 1, 1, 0), "the pod is ready");
    is_stuck(&recreated(&ground, &ground.target("pods", "bad"), &json!({"spec": spec("root")})), counts(1, 1, 0, 0));
}

#[test]
fn jobs_that_are_made_again() {
    let ground = Ground::new("rollout-jobs");
    let job = |image: &str| {
        let mut pod = spec(image);
        pod["restartPolicy"] = "Never".into();
        json!({"spec": {"backoffLimit": 0, "template": {"spec": pod}}})
    };
    let done = recreated(&ground, &ground.target("jobs", "done"), &job("completes"));
    is_done(&done, counts(1, 1, 1, 0), "the Job is complete");
    let runs = recreated(&ground, &ground.target("jobs", "runs"), &job("works"));
    is_done(&runs, counts(1, 1, 1, 0), "its pods run");
    is_stuck(&recreated(&ground, &ground.target("jobs", "bad"), &job("root")), counts(1, 1, 0, 0));
    let failed = recreated(&ground, &ground.target("jobs", "sudo"), &job("needs-sudo"));
    assert!(failed.phase.is_bad(), "{failed:#?}");
    assert_eq!(blamed(&failed), ["spec.containers[0].securityContext.allowPrivilegeEscalation"]);
}

/// A kind of somebody's own, without the controller: the test plays it.
fn wagons(ground: &Ground) -> Target {
    let definition = json!({
        "metadata": {"name": "wagons.rollout.example.com"},
        "spec": {
            "group": "rollout.example.com", "scope": "Namespaced",
            "names": {"plural": "wagons", "singular": "wagon", "kind": "Wagon"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    });
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assert_eq!(ground.server.request("POST", path, Some(&definition)).status, 201);
    let mut wagon = resource("rollout.example.com/v1", "wagons");
    wagon.kind = "Wagon".to_owned();
    eventually("the type", || {
        (ground.server.request("GET", &ground.path(&wagon, ""), None).status == 200).then_some(())
    });
    let template = FieldPath::root().name("spec").name("template");
    Target { resource: wagon, namespace: ground.namespace.to_owned(), name: "w".to_owned(), template }
}

#[test]
fn kinds_of_others_are_watched_by_their_pods() {
    let ground = Ground::new("rollout-custom");
    let wagon = wagons(&ground);
    let object = json!({
        "apiVersion": "rollout.example.com/v1", "kind": "Wagon", "spec": {"template": {"spec": spec("root")}},
    });
    ground.create(&wagon, &object);
    let uid = ground.get(&wagon.resource, "w")["metadata"]["uid"].clone();
    let owner = json!({
        "apiVersion": "rollout.example.com/v1", "kind": "Wagon", "name": "w", "uid": uid, "controller": true,
    });
    // A pod of the wagon's own, and one through a Deployment.
    let pods = ground.target("pods", "w-old");
    ground.create(&pods, &json!({"metadata": {"ownerReferences": [owner]}, "spec": spec("root")}));
    let between = ground.target("deployments", "w-rest");
    let mut set = workload("w-rest", &spec("works"), &json!({}));
    set["metadata"] = json!({"ownerReferences": [owner]});
    ground.create(&between, &set);
    let both = |status: &RolloutStatus| (status.pods.new, status.phase) == (2, Phase::Done);
    ground.watch_until(&wagon, Before::default(), Vec::new(), both);

    let before = Before::take(&ground.client, &wagon).unwrap();
    let edits = ground.harden(&wagon, &ground.get(&wagon.resource, "w"), &Choices::default());
    let mut pod = spec("root");
    pod["securityContext"] = json!({"runAsNonRoot": true});
    let new = ground.target("pods", "w-new");
    ground.create(&new, &json!({"metadata": {"ownerReferences": [owner]}, "spec": pod}));
    let status = ground.watch(&wagon, before.clone(), edits.clone());
    assert_eq!((status.phase, status.pods), (Phase::Stuck, PodCounts { wanted: None, new: 1, ready: 0, old: 2 }));
    assert_eq!(blamed(&status), [NON_ROOT]);

    ground.patch(&wagon, &json!({"status": {"phase": "Degraded", "message": "wagon w is not well"}}));
    let status = ground.watch(&wagon, before, edits);
    assert_eq!((status.phase, &*status.message), (Phase::Failed, "wagon w is not well"));
}

#[test]
fn what_is_gone_has_failed() {
    let ground = Ground::new("rollout-gone");
    let status = ground.watch(&ground.target("deployments", "gone"), Before::default(), Vec::new());
    assert_eq!((status.phase, &*status.message), (Phase::Failed, "it is gone: somebody deleted it"));
}
