//! A namespace with 40 violating workloads of all kinds, hardened in one go; what it came to is for the server to say.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use kubectl_secctx::apply::{
    RecreateOptions, Recreated, RolledBack, Scope, Session, Subject, Undo, Way, plan, recreation,
};
use kubectl_secctx::model::Choices;
use serde_json::{Value, json};

use super::{RESTRICTED, applied, connect, create, create_namespace, essence, files, get, path, plain, server, text};
use crate::live::{enforced, pod, privileged, workload};
use crate::support::eventually;

const SPACE: &str = "sweep";

/// A spec that no edit makes meet the level: a folder of the node's, which its container uses.
fn unhardenable() -> Value {
    let mount = json!([{"name": "node", "mountPath": "/node"}]);
    json!({
        "containers": [{"name": "web", "image": "works", "volumeMounts": mount}],
        "volumes": [{"name": "node", "hostPath": {"path": "/var/lib/shop"}}],
    })
}

/// Specs that violate in different ways.
fn spec(number: usize) -> Value {
    let mut spec = match number % 4 {
        0 => privileged(),
        1 => plain(),
        2 => json!({"hostNetwork": true, "hostPID": true, "containers": plain()["containers"]}),
        _ => json!({
            "containers": [{"name": "web", "image": "works", "ports": [{"containerPort": 80, "hostPort": 8000 + number}],
                "securityContext": {"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}}}],
            "initContainers": [{"name": "first", "image": "works", "securityContext": {"seccompProfile": {"type": "Unconfined"}}}],
        }),
    };
    // Which node a pod would come to does not matter here.
    spec["tolerations"] = json!([{"operator": "Exists"}]);
    spec
}

/// Creates the workloads; how many.
fn create_workloads() -> usize {
    let apps = |plural: &str| path("apps/v1", SPACE, plural);
    let batch = |plural: &str| path("batch/v1", SPACE, plural);
    let once = |number: usize| {
        let mut spec = spec(number);
        spec["restartPolicy"] = "Never".into();
        spec
    };
    let one = [("replicas", 1.into())];
    for number in 0..14 {
        create(server(), &apps("deployments"), &workload(&format!("d{number}"), &spec(number), &one));
    }
    let parallel = [("serviceName", "s".into()), ("podManagementPolicy", "Parallel".into()), ("replicas", 2.into())];
    for number in 0..5 {
        create(server(), &apps("statefulsets"), &workload(&format!("s{number}"), &spec(number), &parallel));
        create(server(), &apps("replicasets"), &workload(&format!("r{number}"), &spec(number), &one));
    }
    for number in 0..3 {
        create(server(), &apps("daemonsets"), &workload(&format!("a{number}"), &spec(number), &[]));
        let name = format!("c{number}");
        let controller = json!({"metadata": {"name": name}, "spec": {
            "replicas": 1, "selector": {"app": name}, "template": pod(&name, &spec(number))}});
        create(server(), &path("v1", SPACE, "replicationcontrollers"), &controller);
        let job = json!({"metadata": {"name": format!("j{number}")}, "spec": {"template": {"spec": once(number)}}});
        create(server(), &batch("jobs"), &job);
        create(server(), &path("v1", SPACE, "pods"), &pod(&format!("p{number}"), &spec(number)));
        let cron = json!({"metadata": {"name": format!("n{number}")}, "spec": {"schedule": "0 0 1 1 *",
            "suspend": true, "jobTemplate": {"spec": {"template": {"spec": once(number)}}}}});
        create(server(), &batch("cronjobs"), &cron);
    }
    create(server(), &apps("deployments"), &workload("stays", &unhardenable(), &one));
    14 + 5 + 5 + 5 * 3 + 1
}

/// Objects of a type, by name.
fn list(group_version: &str, plural: &str) -> Vec<Value> {
    get(group_version, SPACE, plural)["items"].as_array().unwrap().clone()
}

/// Waits until all controllers have the pods that they want; the names of those that have not, at the end of patience.
fn await_controllers(except: &str) {
    let short = || -> BTreeSet<String> {
        let mut short = BTreeSet::new();
        let kinds = [("apps/v1", "deployments"), ("apps/v1", "statefulsets"), ("apps/v1", "replicasets")];
        for (version, plural) in kinds.into_iter().chain([("v1", "replicationcontrollers")]) {
            let is_short = |object: &Value| {
                let is_owned = object["metadata"].get("ownerReferences").is_some();
                !is_owned
                    && object["status"]["replicas"].as_u64().unwrap_or(0) < object["spec"]["replicas"].as_u64().unwrap()
            };
            short.extend(list(version, plural).iter().filter(|one| is_short(one)).map(name));
        }
        let sets = list("apps/v1", "daemonsets");
        let is_short = |set: &&Value| {
            set["status"]["desiredNumberScheduled"] == 0
                || set["status"]["currentNumberScheduled"] != set["status"]["desiredNumberScheduled"]
        };
        short.extend(sets.iter().filter(is_short).map(name));
        short.remove(except);
        short
    };
    eventually("the pods of all", || short().is_empty().then_some(()));
}

fn name(object: &Value) -> String {
    text(&object["metadata"]["name"]).to_owned()
}

/// What hardening all of some subjects came to.
#[derive(Default)]
struct Hardened {
    /// What does not meet the level, with the checks that it fails.
    unreached: Vec<(String, BTreeSet<&'static str>)>,
    /// The patched ones with their ways back.
    undos: Vec<(Subject, Undo)>,
}

/// Hardens all violating workloads of the namespace, patched or made anew; there are so many.
fn harden_all(session: &Session<'_>, count: usize, folder: &Path) -> Hardened {
    let scope = Scope { namespaces: [SPACE.to_owned()].into(), ..Scope::default() };
    let found = session.candidates(&scope, RESTRICTED, &|_, _| ()).unwrap();
    assert_eq!((found.candidates.len(), found.errors.len()), (count, 0));
    let found = session.subjects(&found.candidates);
    assert_eq!((found.subjects.len(), found.errors.len()), (count, 0));
    let options = RecreateOptions { timeout: Duration::from_secs(30), folder: folder.to_owned() };
    let mut all = Hardened::default();
    for subject in found.subjects {
        let planned = plan(&subject, RESTRICTED, &Choices::default()).unwrap();
        if !planned.reached() {
            let checks = planned.results[0].residue.iter().map(|left| left.check).collect();
            all.unreached.push((subject.short_name(), checks));
        }
        let reached = match subject.way {
            Way::Patch => {
                let applied = applied(session.apply(&planned, folder));
                assert_eq!(applied.altered, Vec::<String>::new());
                all.undos.push((subject, applied.undo));
                applied.reached
            }
            _ => match session.recreate(&recreation(&planned).unwrap(), &options, &|_| ()) {
                Recreated::Done { reached, .. } => reached,
                other => panic!("{}: {other:#?}", subject.short_name()),
            },
        };
        assert_eq!(reached, planned.reached(), "{}", planned.subject.short_name());
    }
    all
}

#[test]
fn one_run_hardens_all_that_can_be() {
    create_namespace(server(), SPACE, &[]);
    let count = create_workloads();
    assert_eq!(count, 40);
    await_controllers("");
    let (cluster, folder) = (connect(), tempfile::tempdir().unwrap());
    let session = Session::new(&cluster);
    let all = harden_all(&session, count, folder.path());
    let stays = [("deployment/stays".to_owned(), ["restrictedVolumes"].into())];
    assert_eq!(all.unreached, stays);

    // Back, each to what it was, and once more: pods and jobs were made anew for good.
    for (subject, undo) in &all.undos {
        assert_eq!(session.roll_back(undo), RolledBack::Done { others: vec![] }, "{}", subject.short_name());
        let resource = &subject.resource;
        let now = get(&resource.api_version(), SPACE, &format!("{}/{}", resource.plural, subject.name));
        assert_eq!(essence(&now), essence(&subject.object), "{}", subject.short_name());
        undo.forget().unwrap();
    }
    assert_eq!(files(folder.path()), Vec::<String>::new());
    assert_eq!(harden_all(&session, all.undos.len(), folder.path()).unreached, stays);
    proved();
}

/// The server enforces the level, all pods are deleted, and all come back but those that were named.
fn proved() {
    let [(key, value)] = enforced("restricted");
    let label = json!({"metadata": {"labels": {key: value}}});
    assert_eq!(server().request("PATCH", &format!("/api/v1/namespaces/{SPACE}"), Some(&label)).status, 200);
    let old: BTreeSet<String> = list("v1", "pods").iter().map(uid).collect();
    for pod in list("v1", "pods") {
        let path = format!("{}?gracePeriodSeconds=0", path("v1", SPACE, &format!("pods/{}", name(&pod))));
        server().request("DELETE", &path, None);
    }
    eventually("the end of the old pods", || {
        list("v1", "pods").iter().all(|pod| !old.contains(&uid(pod))).then_some(())
    });
    await_controllers("stays");
    eventually("the pods of the jobs", || {
        let pods = list("v1", "pods");
        let has_pod = |job: &Value| pods.iter().any(|pod| pod["metadata"]["ownerReferences"][0]["uid"] == uid(job));
        list("batch/v1", "jobs").iter().all(has_pod).then_some(())
    });
    let stays = get("apps/v1", SPACE, "deployments/stays");
    assert_eq!(stays["status"].get("readyReplicas"), None);
    // Nobody makes pods of these by themselves: the server is asked.
    for cron_job in list("batch/v1", "cronjobs") {
        let template = &cron_job["spec"]["jobTemplate"]["spec"]["template"];
        let probe = json!({"metadata": {"name": "probe"}, "spec": template["spec"]});
        assert_eq!(server().dry_run_pods(SPACE, &[probe])[0].refusal(), None, "{}", name(&cron_job));
    }
}

fn uid(object: &Value) -> String {
    text(&object["metadata"]["uid"]).to_owned()
}
