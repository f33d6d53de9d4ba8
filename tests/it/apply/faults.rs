//! Connections that are lost in the middle of a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use kubectl_secctx::apply::{Outcome, RolledBack, Session};
use kubectl_secctx::cluster::Cluster;
use kubectl_secctx::report::apply::Reason;
use serde_json::Value;

use super::{
    applied, connect, connect_with, create, create_namespace, essence, files, get, path, plain, planned, server,
};
use crate::live::workload;
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
