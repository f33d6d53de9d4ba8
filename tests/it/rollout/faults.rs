//! Connections that break in the middle, and rights that are missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kubectl_secctx::cluster::{Cluster, ConnectOptions, ErrorKind, Impersonation, ListQuery, Resource};
use kubectl_secctx::model::Choices;
use kubectl_secctx::report::rollout::Phase;
use kubectl_secctx::rollout::{Applied, Before, Rollout};
use serde_json::json;

use super::{Ground, look_until, spec, workload};
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};

#[test]
fn a_lost_connection_is_told_and_survived() {
    let ground = Ground::new("rollout-lost");
    let target = ground.target("deployments", "web");
    ground.running(&target, &workload("web", &spec("works"), &json!({"replicas": 2})));
    let count = Arc::new(AtomicUsize::new(0));
    let server = ground.server;
    let asked = Arc::clone(&count);
    // All faults, one after the other, between answers that are right; what is cut off often enough that it is of no use
    // to read it once more.
    let proxy = FaultServer::start(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
        2..6 => Reply::Close,
        8 | 9 => Reply::Silence,
        12..18 => Reply::Half(json!({"metadata": {"name": "web"}})),
        20 => Reply::refusal(500, "InternalError", "etcd has no leader"),
        _ => Reply::forward(server, request),
    });
    let options = ConnectOptions { server: Some(proxy.url()), ..ConnectOptions::default() };
    let client = Cluster::connect(&options).unwrap();

    let before = Before::take(&ground.client, &target).unwrap();
    let edits = ground.harden(&target, &ground.get(&target.resource, "web"), &Choices::default());
    let mut rollout = Rollout::follow(&client, target.clone(), before, Applied { edits, minor: 36 });
    let mut troubles = Vec::new();
    while count.load(Ordering::Relaxed) < 22 {
        let started = Instant::now();
        let status = rollout.look().unwrap();
        assert!(started.elapsed() < Rollout::LONGEST_LOOK, "{:?}", started.elapsed());
        troubles.extend(status.trouble.clone());
    }
    for part in ["closed the connection", "did not answer within", "broke off", "etcd has no leader"] {
        assert!(troubles.iter().any(|trouble| trouble.contains(part)), "{part}: {troubles:#?}");
    }
    let status = look_until(rollout, |status| status.phase == Phase::Done);
    assert_eq!((status.trouble, status.pods.ready, status.diagnoses.len()), (None, 2, 0));
}

#[test]
fn a_server_that_is_gone_is_waited_for() {
    let ground = Ground::new("rollout-away");
    let target = ground.target("deployments", "web");
    ground.running(&target, &workload("web", &spec("works"), &json!({})));
    let options = ConnectOptions {
        server: Some(format!("http://{}", crate::support::faults::unused_address())),
        ..ConnectOptions::default()
    };
    let client = Cluster::connect(&options).unwrap();
    let mut rollout = Rollout::follow(&client, target, Before::default(), Applied::default());
    for _ in 0..3 {
        let started = Instant::now();
        let status = rollout.look().unwrap();
        assert_eq!(status.phase, Phase::Progressing);
        assert!(status.trouble.as_ref().is_some_and(|trouble| trouble.contains("was refused")), "{status:#?}");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn who_may_not_read_logs_and_events_is_told_and_still_watches() {
    let ground = Ground::new("rollout-rights");
    let target = ground.target("deployments", "web");
    ground.running(&target, &workload("web", &spec("needs-sudo"), &json!({})));
    let rbac = |plural: &str| format!("/apis/rbac.authorization.k8s.io/v1/namespaces/rollout-rights/{plural}");
    let mut rules = json!([
        {"apiGroups": ["", "apps"], "resources": ["pods", "deployments", "replicasets"], "verbs": ["get", "list"]},
    ]);
    ground.server.allow("ann", ground.namespace, &rules);

    let as_user = |name: &str| {
        let options = ConnectOptions {
            kubeconfig: Some(ground.server.kubeconfig().to_owned()),
            impersonation: Impersonation { user: Some(name.to_owned()), ..Impersonation::default() },
            ..ConnectOptions::default()
        };
        Cluster::connect(&options).unwrap()
    };
    let ann = as_user("ann");
    let before = Before::take(&ann, &target).unwrap();
    let edits = ground.harden(&target, &ground.get(&target.resource, "web"), &Choices::default());
    let rollout = Rollout::follow(&ann, target.clone(), before, Applied { edits, minor: 36 });
    let status = look_until(rollout, |status| !status.notes.is_empty() && !status.diagnoses.is_empty());
    assert!(status.notes[0].starts_with("logs may not be read (pods/log)"), "{status:#?}");
    // Without the log it is only known that it ran before.
    assert_eq!(status.diagnoses[0].what, "container \"app\" ends, and ran before; its log does not say why");

    // Who may not see replica sets knows the new pods by the old ones.
    rules[0]["resources"] = json!(["pods", "deployments"]);
    let role = json!({"rules": rules});
    assert_eq!(ground.server.request("PATCH", &format!("{}/ann", rbac("roles")), Some(&role)).status, 200);
    let ann = as_user("ann");
    eventually("the right to go", || {
        let list = ListQuery::new(Resource::built_in("replicasets").unwrap(), Some(ground.namespace.to_owned()));
        ann.list::<serde_json::Value>(&list, |_| ()).is_err().then_some(())
    });
    let before = Before::take(&ann, &target).unwrap();
    ground.patch(&target, &json!({"spec": {"template": {"spec": spec("works")}}}));
    let rollout = Rollout::follow(&ann, target.clone(), before, Applied::default());
    let status = look_until(rollout, |status| status.phase == Phase::Done);
    assert_eq!((status.pods.new, status.pods.ready, status.pods.old), (1, 1, 0), "{status:#?}");

    let nobody = as_user("nobody");
    assert_eq!(Before::take(&nobody, &target).unwrap_err().kind(), ErrorKind::Forbidden);
    let mut rollout = Rollout::follow(&nobody, target, Before::default(), Applied::default());
    assert_eq!(rollout.look().unwrap_err().kind(), ErrorKind::Forbidden);
}
