//! From names to what has to be changed.

use kubectl_secctx::apply::{Scope, Session, Subject, Way};
use kubectl_secctx::report::apply::ManagerKind;
use serde_json::{Value, json};

use super::{RESTRICTED, connect, connect_with, create, create_namespace, find, find_one, path, plain, server, text};
use crate::live::owners::{create_type, owned_by};
use crate::live::{good, pod, privileged, workload};
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};
use crate::support::node_agent::cluster;

fn chain(subject: &Subject) -> Vec<Vec<String>> {
    let links = subject.chains.iter();
    links
        .map(|chain| chain.iter().map(|link| format!("{}/{}", link.kind.to_lowercase(), link.name)).collect())
        .collect()
}

/// The names of the pods that a namespace has, once it has so many.
fn pods(namespace: &str, count: usize) -> Vec<String> {
    eventually("the pods", || {
        let list = server().request("GET", &path("v1", namespace, "pods"), None).body;
        let pods = list["items"].as_array().unwrap();
        (pods.len() == count).then(|| pods.iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect())
    })
}

#[test]
fn pods_lead_to_the_owner_whose_template_must_change() {
    let (space, cluster) = ("subjects-chain", connect());
    create_namespace(server(), space, &[]);
    create(server(), &path("apps/v1", space, "deployments"), &workload("web", &plain(), &[("replicas", 2.into())]));
    let names = pods(space, 2);
    let session = Session::new(&cluster);
    let named: Vec<String> = names.iter().map(|name| format!("pod/{name}")).collect();
    let found = find(&session, space, &named.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((found.errors.len(), found.subjects.len()), (0, 1), "two pods of one owner are one subject");
    let subject = &found.subjects[0];
    assert_eq!((subject.short_name().as_str(), &subject.way), ("deployment/web", &Way::Patch));
    let set = names[0].rsplit_once('-').unwrap().0;
    let expected = |pod: &String| vec![format!("pod/{pod}"), format!("replicaset/{set}"), "deployment/web".to_owned()];
    assert_eq!(chain(subject), names.iter().map(expected).collect::<Vec<_>>());
    assert_eq!(subject.templates[0].to_string(), "spec.template");
    assert_eq!(find_one(&session, space, &format!("rs/{set}")).short_name(), "deployment/web");
}

#[test]
fn every_kind_has_its_way() {
    let (space, connected) = ("subjects-kinds", connect());
    create_namespace(server(), space, &[]);
    let once = json!({"containers": plain()["containers"], "restartPolicy": "Never"});
    let job = json!({"metadata": {"name": "once"}, "spec": {"suspend": true, "template": {"spec": once}}});
    create(server(), &path("batch/v1", space, "jobs"), &job);
    let nightly = json!({"metadata": {"name": "nightly"}, "spec": {
        "schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": {"template": {"spec": once}}}}});
    let nightly = create(server(), &path("batch/v1", space, "cronjobs"), &nightly);
    let mut by_hand = job.clone();
    by_hand["metadata"] = json!({"name": "by-hand", "ownerReferences": owned_by(&nightly, "batch/v1", "CronJob")});
    create(server(), &path("batch/v1", space, "jobs"), &by_hand);
    create(server(), &path("v1", space, "pods"), &pod("alone", &plain()));
    create(server(), &path("apps/v1", space, "replicasets"), &workload("set", &plain(), &[("replicas", 0.into())]));
    let mut mirror = pod("static", &plain());
    let node = server().request("GET", &format!("/api/v1/nodes/{}", cluster().node.name()), None).body;
    mirror["metadata"]["ownerReferences"] = owned_by(&node, "v1", "Node");
    create(server(), &path("v1", space, "pods"), &mirror);

    let session = Session::new(&connected);
    let way = |name: &str| {
        let subject = find_one(&session, space, name);
        (subject.short_name(), subject.way)
    };
    assert_eq!(way("job/once"), ("job/once".to_owned(), Way::Recreate));
    assert_eq!(way("job/by-hand"), ("cronjob/nightly".to_owned(), Way::Patch));
    assert_eq!(way("pod/alone"), ("pod/alone".to_owned(), Way::Recreate));
    assert_eq!(way("rs/set"), ("replicaset/set".to_owned(), Way::Patch));
    let (_, fixed) = way("pod/static");
    assert!(matches!(&fixed, Way::Fixed(why) if why.contains("its source is a file on node")), "{fixed:?}");

    let errors = find(&session, space, &["pod/nobody", "svc/web", "no-such-type/a"]).errors;
    let errors: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("pods \"nobody\" not found")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("services have no pod template")), "{errors:?}");
}

#[test]
fn custom_owners_are_changed_where_their_template_is() {
    let (space, cluster) = ("subjects-custom", connect());
    create_namespace(server(), space, &[]);
    let plural = create_type(server(), "subjects.example", "Fleet", "sfl");
    let fleets = path("subjects.example/v2", space, &plural);
    let object = |name: &str, spec: Value| json!({"apiVersion": "subjects.example/v2", "kind": "Fleet", "metadata": {"name": name}, "spec": spec});
    let with = create(server(), &fleets, &object("with", json!({"ship": {"template": {"spec": plain()}}})));
    let without = create(server(), &fleets, &object("without", json!({"size": 3})));
    for (name, owner) in [("of-with", &with), ("of-without", &without)] {
        let mut pod = pod(name, &plain());
        pod["metadata"]["ownerReferences"] = owned_by(owner, "subjects.example/v2", "Fleet");
        create(server(), &path("v1", space, "pods"), &pod);
    }
    let mut owned = workload("web", &plain(), &[("replicas", 0.into())]);
    owned["metadata"]["ownerReferences"] = owned_by(&without, "subjects.example/v2", "Fleet");
    create(server(), &path("apps/v1", space, "deployments"), &owned);

    let session = Session::new(&cluster);
    let subject = find_one(&session, space, "pod/of-with");
    assert_eq!((subject.short_name().as_str(), subject.custom), ("fleet/with", true));
    assert_eq!(subject.templates[0].to_string(), "spec.ship.template");
    let Way::Fixed(why) = find_one(&session, space, "pod/of-without").way else { panic!() };
    assert_eq!(why, "it is made by fleet/without, in which no pod template is found: change it there");
    let deployment = find_one(&session, space, "deploy/web");
    assert_eq!((deployment.short_name().as_str(), deployment.way), ("deployment/web", Way::Patch));
    let managers: Vec<_> = deployment.managers.iter().map(|one| (one.kind, one.source.as_str())).collect();
    assert_eq!(managers, [(ManagerKind::Operator, "fleet/without")]);
}

#[test]
fn an_owner_that_may_not_be_read_is_told() {
    let space = "subjects-rights";
    create_namespace(server(), space, &[]);
    create(server(), &path("apps/v1", space, "deployments"), &workload("web", &plain(), &[]));
    let names = pods(space, 1);
    let rules = json!([{"apiGroups": ["", "apps"], "resources": ["pods", "replicasets"], "verbs": ["get", "list"]}]);
    server().allow("sam", space, &rules);
    let cluster = connect_with(|options| options.impersonation.user = Some("sam".to_owned()));
    let found = find(&Session::new(&cluster), space, &[&format!("pod/{}", names[0])]);
    assert!(found.subjects.is_empty(), "a ReplicaSet is not the one to change");
    let message = &found.errors[0].message;
    assert!(message.contains("is managed by deployment/web, which is what would have to change"), "{message}");
    assert!(message.contains("cannot get resource \"deployments\""), "{message}");
}

#[test]
fn only_what_is_needed_is_read() {
    let space = "subjects-few";
    create_namespace(server(), space, &[]);
    create(server(), &path("apps/v1", space, "deployments"), &workload("web", &plain(), &[]));
    let pod = &pods(space, 1)[0];
    let proxy = FaultServer::start(|asked| Reply::forward(server(), asked));
    let cluster = connect_with(|options| (options.server, options.kubeconfig) = (Some(proxy.url()), None));
    let session = Session::new(&cluster);
    let subject = find_one(&session, space, &format!("pod/{pod}"));
    assert_eq!(proxy.asked().len(), 3, "the pod and its two owners: {:?}", proxy.asked());
    let evidence = session.evidence(&subject, RESTRICTED);
    assert_eq!((evidence.pods, evidence.gaps), (1, vec![]));
    assert_eq!(proxy.asked().len(), 4, "and the namespace: {:?}", proxy.asked());
}

#[test]
fn violating_workloads_come_worst_first() {
    let (space, cluster) = ("subjects-worst", connect());
    create_namespace(server(), space, &[]);
    let deployments = path("apps/v1", space, "deployments");
    for (name, spec) in [("fine", good()), ("plain", plain()), ("worst", privileged())] {
        create(server(), &deployments, &workload(name, &spec, &[("replicas", 0.into())]));
    }
    create(server(), &path("v1", space, "pods"), &pod("alone", &privileged()));
    let session = Session::new(&cluster);
    let scope = Scope { namespaces: [space.to_owned()].into(), ..Scope::default() };
    let found = session.candidates(&scope, RESTRICTED, &|_, _| ()).unwrap();
    let names: Vec<_> = found.candidates.iter().map(|one| one.verdicts[0].name.as_str()).collect();
    assert_eq!((names, found.looked_at), (vec!["alone", "worst", "plain"], 4));
    let subjects = session.subjects(&found.candidates);
    assert_eq!((subjects.subjects.len(), subjects.errors.len()), (3, 0));
    let labelled = Scope { labels: Some("app=plain".to_owned()), ..scope };
    let found = session.candidates(&labelled, RESTRICTED, &|_, _| ()).unwrap();
    assert_eq!(found.candidates.len(), 1);
}
