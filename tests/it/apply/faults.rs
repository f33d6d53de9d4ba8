//! Connections that are lost in the middle of a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubectl_secctx::apply::{Outcome, RecreateOptions, Recreated, RolledBack, Session, recreation};
use kubectl_secctx::cluster::Cluster;
use kubectl_secctx::report::apply::Reason;
use serde_json::Value;

use super::{
    applied, connect, connect_with, create, create_namespace, essence, files, get, path, plain, planned, server,
};
use crate::live::{pod, workload};
use crate::support::faults::{Asked, FaultServer, Reply};

/// What becomes of a change on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It does not arrive.
    Before,
    /// It arrives, and the answer does not.
    After,
    /// It arrives, and nothing after it does.
    Dead,
}

/// A way to the server on which changes, but no dry runs, have a fault.
struct Line {
    cluster: Cluster,
    fault: Arc<Mutex<Fault>>,
}

impl Line {
    fn new() -> Line {
        let fault = Arc::new(Mutex::new(Fault::None));
        let (chosen, is_dead) = (Arc::clone(&fault), AtomicBool::new(false));
        let proxy = FaultServer::start(move |asked: &Asked| {
            let fault = *chosen.lock().unwrap();
            is_dead.fetch_and(fault == Fault::Dead, Ordering::SeqCst);
            let is_change = asked.method == "PATCH" && asked.query("dryRun").is_none();
            match fault {
                _ if is_dead.load(Ordering::SeqCst) => Reply::Close,
                Fault::Before if is_change => Reply::Close,
                Fault::After | Fault::Dead if is_change => {
                    let _ = Reply::forward(server(), asked);
                    is_dead.store(fault == Fault::Dead, Ordering::SeqCst);
                    Reply::Close
                }
                _ => Reply::forward(server(), asked),
            }
        });
        let cluster = connect_with(|options| (options.server, options.kubeconfig) = (Some(proxy.url()), None));
        Line { cluster, fault }
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

fn deploy(space: &str) -> Value {
    create_namespace(server(), space, &[]);
    create(server(), &path("apps/v1", space, "deployments"), &workload("web", &plain(), &[("replicas", 0.into())]))
}

fn now(space: &str) -> Value {
    get("apps/v1", space, "deployments/web")
}

#[test]
fn a_change_that_did_not_arrive() {
    let (line, folder) = (Line::new(), tempfile::tempdir().unwrap());
    let before = deploy("faults-before");
    let session = Session::new(&line.cluster);
    let planned = planned(&session, "faults-before", "deploy/web");
    line.set(Fault::Before);
    let Outcome::Rejected(rejection) = session.apply(&planned, folder.path()) else { panic!() };
    assert_eq!(rejection.reason, Reason::Unreachable);
    assert!(rejection.sentence.ends_with("it was read again: nothing has changed"), "{rejection:?}");
    assert_eq!(now("faults-before")["spec"], before["spec"]);
    assert!(files(folder.path()).is_empty(), "there is nothing to go back from");
}

#[test]
fn a_change_whose_answer_is_lost_and_its_way_back() {
    let (line, folder) = (Line::new(), tempfile::tempdir().unwrap());
    let before = deploy("faults-after");
    let session = Session::new(&line.cluster);
    let planned = planned(&session, "faults-after", "deploy/web");
    line.set(Fault::After);
    let applied = applied(session.apply(&planned, folder.path()));
    assert!(applied.answer_lost && applied.reached && applied.altered.is_empty(), "{applied:#?}");
    assert_eq!(now("faults-after")["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true);

    line.set(Fault::Before);
    let RolledBack::Failed(rejection) = session.roll_back(&applied.undo) else { panic!() };
    assert!(rejection.sentence.ends_with("nothing has changed"), "{rejection:?}");
    line.set(Fault::After);
    assert_eq!(session.roll_back(&applied.undo), RolledBack::Done { others: vec![] });
    assert_eq!(essence(&now("faults-after")), essence(&before));
}

#[test]
fn a_server_that_is_gone_leaves_the_way_back() {
    let (line, folder) = (Line::new(), tempfile::tempdir().unwrap());
    let before = deploy("faults-dead");
    let session = Session::new(&line.cluster);
    let planned = planned(&session, "faults-dead", "deploy/web");
    line.set(Fault::Dead);
    let Outcome::Unknown { why, undo } = session.apply(&planned, folder.path()) else { panic!() };
    assert!(why.contains("whether it is done is not known"), "{why}");
    assert!(undo.way_back().file.exists());
    line.set(Fault::None);
    let cluster = connect();
    assert_eq!(Session::new(&cluster).roll_back(&undo), RolledBack::Done { others: vec![] });
    assert_eq!(essence(&now("faults-dead")), essence(&before));
}

/// A way to the server on which the answers of deletions and creations are lost, once each.
fn forgetful() -> Cluster {
    let lost = Mutex::new(Vec::new());
    let proxy = FaultServer::start(move |asked: &Asked| {
        let is_dry = asked.query("dryRun").is_some() || String::from_utf8_lossy(&asked.body).contains("dryRun");
        let reply = Reply::forward(server(), asked);
        let mut lost = lost.lock().unwrap();
        let is_lost = asked.method != "GET" && !is_dry && !lost.contains(&asked.method);
        if is_lost {
            lost.push(asked.method.clone());
            return Reply::Close;
        }
        reply
    });
    connect_with(|options| (options.server, options.kubeconfig) = (Some(proxy.url()), None))
}

#[test]
fn a_pod_is_made_anew_although_no_answer_comes() {
    let (space, folder) = ("faults-anew", tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let old = create(server(), &path("v1", space, "pods"), &pod("alone", &plain()));
    let (told, cluster) = (Mutex::new(Vec::new()), forgetful());
    let mut session = Session::new(&cluster);
    session.tell_ways_back(|way| told.lock().unwrap().push((way.clone(), way.file.exists())));
    let recreation = recreation(&planned(&session, space, "pod/alone")).unwrap();
    let options = RecreateOptions { timeout: Duration::from_secs(20), folder: folder.path().to_owned() };
    let made = session.recreate(&recreation, &options, &|_| ());
    let Recreated::Done { object, reached: true, .. } = made else { panic!("{made:#?}") };
    assert_ne!(object["metadata"]["uid"], old["metadata"]["uid"]);
    let told = told.lock().unwrap();
    assert!(told.len() == 1 && told[0].1, "the way back was there before: {told:?}");
    assert!(files(folder.path()).is_empty());
}
