//! Pods that are never made: admission, a quota.

use kubectl_secctx::model::Choices;
use kubectl_secctx::report::rollout::{Origin, Phase};
use kubectl_secctx::rollout::Before;
use serde_json::json;

use super::{Ground, blamed, resource, spec, workload};

fn enforce(ground: &Ground) {
    let patch = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let path = format!("/api/v1/namespaces/{}", ground.namespace);
    assert_eq!(ground.server.request("PATCH", &path, Some(&patch)).status, 200);
}

#[test]
fn pods_that_admission_refuses_are_told_for_every_kind() {
    let ground = Ground::new("rollout-admission");
    let kinds = ["deployments", "statefulsets", "daemonsets", "replicasets"];
    for kind in kinds {
        let rest = match kind {
            "statefulsets" => json!({"serviceName": "x"}),
            "deployments" => json!({"strategy": {"type": "Recreate"}}),
            _ => json!({}),
        };
        ground.running(&ground.target(kind, kind), &workload(kind, &spec("works"), &rest));
    }
    enforce(&ground);
    // Too little: the namespace wants more than these edits.
    let choices = Choices { skip: ["seccompProfile_restricted"].into(), ..Choices::default() };
    for kind in kinds {
        let target = ground.target(kind, kind);
        let before = Before::take(&ground.client, &target).unwrap();
        let edits = ground.harden(&target, &ground.get(&target.resource, kind), &choices);
        if kind == "replicasets" {
            let pods = ground.path(&resource("v1", "pods"), "?labelSelector=app%3Dreplicasets");
            assert_eq!(ground.server.request("DELETE", &pods, None).status, 200);
        }
        let stuck = |status: &kubectl_secctx::report::rollout::RolloutStatus| status.phase == Phase::Stuck;
        let status = ground.watch_until(&target, before, edits, stuck);
        let diagnosis = &status.diagnoses[0];
        assert_eq!((diagnosis.origin, diagnosis.pods.len()), (Origin::Elsewhere, 0), "{kind}: {status:#?}");
        assert!(
            diagnosis.evidence.contains("violates PodSecurity \"restricted:latest\": seccompProfile"),
            "{status:#?}"
        );
        assert_eq!(blamed(&status).len(), 0);
        assert!(diagnosis.remedies[0].text.starts_with("harden to the level that the namespace enforces"));
        assert_eq!(status.pods.new, 0);
    }
}

#[test]
fn pods_that_were_refused_before_are_no_news() {
    let ground = Ground::new("rollout-refused");
    enforce(&ground);
    for kind in ["deployments", "daemonsets"] {
        let target = ground.target(kind, kind);
        ground.create(&target, &workload(kind, &spec("works"), &json!({})));
        ground.watch_until(&target, Before::default(), Vec::new(), |status| status.phase == Phase::Stuck);
        let before = Before::take(&ground.client, &target).unwrap();
        let choices = Choices { skip: ["seccompProfile_restricted"].into(), ..Choices::default() };
        let edits = ground.harden(&target, &ground.get(&target.resource, kind), &choices);
        let status = ground.watch_until(&target, before, edits, |status| status.phase == Phase::Stuck);
        assert_eq!(status.diagnoses[0].origin, Origin::Before, "{kind}: {status:#?}");

        let status = ground.harden_and_watch(&target, &Choices::default());
        assert_eq!((status.phase, status.diagnoses.len()), (Phase::Done, 0), "{kind}: {status:#?}");
    }
}

#[test]
fn a_quota_is_not_blamed_on_the_edits() {
    let ground = Ground::new("rollout-quota");
    let target = ground.target("deployments", "web");
    ground.running(&target, &workload("web", &spec("works"), &json!({})));
    let quota = json!({"metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}});
    let path = ground.path(&resource("v1", "resourcequotas"), "");
    assert_eq!(ground.server.request("POST", &path, Some(&quota)).status, 201);
    crate::support::eventually("the quota to count", || {
        let quota = ground.get(&resource("v1", "resourcequotas"), "few");
        (quota["status"]["used"]["pods"] == "1").then_some(())
    });
    let before = Before::take(&ground.client, &target).unwrap();
    let edits = ground.harden(&target, &ground.get(&target.resource, "web"), &Choices::default());
    let status = ground.watch_until(&target, before, edits, |status| !status.diagnoses.is_empty());
    let diagnosis = &status.diagnoses[0];
    assert_eq!((status.phase, diagnosis.origin), (Phase::Progressing, Origin::Elsewhere), "{status:#?}");
    assert!(diagnosis.evidence.contains("exceeded quota: few"), "{}", diagnosis.evidence);
    assert_eq!(diagnosis.what, "new pods cannot be created");
}
