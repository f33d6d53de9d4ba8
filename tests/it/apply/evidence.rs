//! What is known about a workload before it is hardened.

use kubectl_secctx::apply::Session;
use kubectl_secctx::report::apply::{ManagerKind, UserIds};
use serde_json::json;

use super::{RESTRICTED, connect, create, create_namespace, find_one, path, planned, server};
use crate::live::owners::owned_by;
use crate::live::{good, pod, workload};
use crate::support::eventually;
use crate::support::node_agent::LABEL;

#[test]
fn pods_tell_how_their_containers_fare() {
    let (space, cluster) = ("evidence-pods", connect());
    create_namespace(server(), space, &[(LABEL, "true")]);
    let spec = json!({
        "containers": [{
            "name": "web", "image": "crashes", "ports": [{"containerPort": 80}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }],
        "volumes": [{"name": "data", "emptyDir": {}}],
    });
    create(server(), &path("apps/v1", space, "deployments"), &workload("web", &spec, &[]));
    let session = Session::new(&cluster);
    let evidence = eventually("a crash", || {
        let evidence = session.evidence(&find_one(&session, space, "deploy/web"), RESTRICTED);
        evidence.containers.first().is_some_and(|one| one.state.restarts > 0).then_some(evidence)
    });
    let container = &evidence.containers[0];
    assert_eq!((container.name.as_str(), container.image.as_str()), ("web", "crashes"));
    assert_eq!((&container.low_ports, container.writable[0].source.as_str()), (&vec![80], "emptyDir"));
    assert!(container.state.reasons.contains(&"Error (exit code 1)".to_owned()), "{:?}", container.state);
    assert_eq!((evidence.pods, evidence.ready, evidence.mounts_token), (1, 0, true));
    assert_eq!((evidence.gaps, evidence.user_ids), (vec![], None));
}

#[test]
fn injected_containers_are_told_apart_and_not_patched() {
    let (space, cluster) = ("evidence-injected", connect());
    create_namespace(server(), space, &[]);
    let set = create(
        server(),
        &path("apps/v1", space, "statefulsets"),
        &workload("db", &good(), &[("replicas", 0.into()), ("serviceName", "db".into())]),
    );
    // As a webhook leaves a pod; the set has none of its own, so that nobody takes it away.
    let mut spec = good();
    spec["initContainers"] = json!([{"name": "istio-init", "image": "proxy", "securityContext": {"privileged": true}}]);
    let mut injected = pod("db-0", &spec);
    injected["metadata"]["labels"] = json!({"app": "db"});
    injected["metadata"]["finalizers"] = json!(["secctx.test/keep"]);
    injected["metadata"]["ownerReferences"] = owned_by(&set, "apps/v1", "StatefulSet");
    create(server(), &path("v1", space, "pods"), &injected);

    let session = Session::new(&cluster);
    let subject = find_one(&session, space, "pod/db-0");
    assert_eq!(subject.short_name(), "statefulset/db");
    let evidence = session.evidence(&subject, RESTRICTED);
    let one = &evidence.injected[0];
    assert_eq!((one.container.as_str(), one.injector, one.pods), ("istio-init", Some("Istio"), 1));
    assert!(one.findings.iter().any(|finding| finding.check == "privileged"), "{:?}", one.findings);
    let planned = planned(&session, space, "sts/db");
    assert!(!planned.changes(), "the template is as it should be");
    assert_eq!(planned.only_injected(&evidence).collect::<Vec<_>>(), [one]);
    let unkept = json!({"metadata": {"finalizers": null}});
    super::change("v1", space, "pods/db-0", &unkept);
}

#[test]
fn namespaces_that_hand_out_user_ids_and_managers_are_seen() {
    let (space, cluster) = ("evidence-ids", connect());
    create_namespace(server(), space, &[]);
    let range = json!({"metadata": {"annotations": {"openshift.io/sa.scc.uid-range": "1000680000/10000"}}});
    assert_eq!(server().request("PATCH", &format!("/api/v1/namespaces/{space}"), Some(&range)).status, 200);
    let mut web = workload("web", &good(), &[("replicas", 0.into())]);
    web["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm".into();
    web["metadata"]["annotations"] = json!({
        "meta.helm.sh/release-name": "shop", "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:x/web"});
    create(server(), &path("apps/v1", space, "deployments"), &web);
    let session = Session::new(&cluster);
    let subject = find_one(&session, space, "deploy/web");
    let ids = session.evidence(&subject, RESTRICTED).user_ids;
    assert_eq!(ids, Some(UserIds { first: 1_000_680_000, count: 10_000 }));
    let managers: Vec<_> = subject.managers.iter().map(|one| (one.kind, one.source.as_str())).collect();
    assert_eq!(managers, [(ManagerKind::ArgoCd, "shop"), (ManagerKind::Helm, "shop")]);
}

/// More than are looked at at once, and each has what is its own.
#[test]
fn many_are_looked_at_at_once_and_each_keeps_its_own() {
    let (space, cluster) = ("evidence-many", connect());
    create_namespace(server(), space, &[]);
    let names: Vec<String> = (0..20).map(|at| format!("web-{at:02}")).collect();
    for (at, name) in names.iter().enumerate() {
        let mut own = workload(name, &good(), &[("replicas", (at % 3).into())]);
        for labels in ["/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
            *own.pointer_mut(labels).unwrap() = json!({"own": name});
        }
        create(server(), &path("apps/v1", space, "deployments"), &own);
    }
    let wanted: Vec<usize> = (0..names.len()).map(|at| at % 3).collect();
    let session = Session::new(&cluster);
    let subjects: Vec<_> = names.iter().map(|name| find_one(&session, space, &format!("deploy/{name}"))).collect();
    let all = eventually("all pods", || {
        let all = session.evidence_of(&subjects, RESTRICTED);
        (all.iter().map(|one| one.pods).collect::<Vec<_>>() == wanted).then_some(all)
    });
    for (subject, evidence) in subjects.iter().zip(&all) {
        assert_eq!(session.evidence(subject, RESTRICTED), *evidence, "{}", subject.short_name());
    }
}
