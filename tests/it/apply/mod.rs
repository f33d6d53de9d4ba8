//! Hardening on a live cluster, below the command: real servers, real controllers.
//!
//! What is expected is what the objects were made to be and what the server says of them afterwards.

mod anew;
mod changes;
mod evidence;
mod faults;
mod subjects;
mod sweep;

use std::path::Path;

use kubectl_secctx::apply::{Applied, Found, Outcome, Planned, Session, Subject, plan};
use kubectl_secctx::cluster::{Cluster, ConnectOptions};
use kubectl_secctx::live;
use kubectl_secctx::model::Choices;
use kubectl_secctx::policy::{Level, Policy, Version};
use serde_json::{Value, json};

use crate::live::{create, create_namespace, path, text};
use crate::support::control_plane::ControlPlane;
use crate::support::node_agent::cluster;

/// The restricted level of the server's version.
const RESTRICTED: Policy = Policy { level: Level::Restricted, version: Version::Minor(36) };

/// The server of these tests. Pods of namespaces without the node's label stay pending.
fn server() -> &'static ControlPlane {
    &cluster().server
}

/// Connects as the administrator.
fn connect() -> Cluster {
    connect_with(|_| ())
}

fn connect_with(change: impl FnOnce(&mut ConnectOptions)) -> Cluster {
    let mut options =
        ConnectOptions { kubeconfig: Some(server().kubeconfig().to_owned()), ..ConnectOptions::default() };
    change(&mut options);
    Cluster::connect(&options).unwrap_or_else(|error| panic!("{error}"))
}

/// Finds what is named, as `deploy/web`.
fn find(session: &Session<'_>, namespace: &str, names: &[&str]) -> Found {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    session.named(&live::parse(&names).unwrap(), namespace)
}

#[track_caller]
fn find_one(session: &Session<'_>, namespace: &str, name: &str) -> Subject {
    let found = find(session, namespace, &[name]);
    assert_eq!(found.errors, []);
    assert_eq!(found.subjects.len(), 1);
    found.subjects.into_iter().next().unwrap()
}

#[track_caller]
fn planned(session: &Session<'_>, namespace: &str, name: &str) -> Planned {
    plan(&find_one(session, namespace, name), RESTRICTED, &Choices::default()).unwrap()
}

#[track_caller]
fn applied(outcome: Outcome) -> Applied {
    match outcome {
        Outcome::Applied(applied) => *applied,
        other => panic!("{other:#?}"),
    }
}

/// Plans and applies; the change is made.
#[track_caller]
fn apply(session: &Session<'_>, namespace: &str, name: &str, folder: &Path) -> Applied {
    applied(session.apply(&planned(session, namespace, name), folder))
}

/// An object of the server.
fn get(group_version: &str, namespace: &str, rest: &str) -> Value {
    server().request("GET", &path(group_version, namespace, rest), None).body
}

/// A spec that meets nothing more than the baseline level.
fn plain() -> Value {
    json!({"containers": [{"name": "web", "image": "works"}]})
}

/// Changes an object by a JSON merge patch.
#[track_caller]
fn change(group_version: &str, namespace: &str, rest: &str, patch: &Value) -> Value {
    let answer = server().request("PATCH", &path(group_version, namespace, rest), Some(patch));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// What of an object is not the server's to number, and its specification.
fn essence(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({"labels": metadata["labels"], "spec": object["spec"], "uid": metadata["uid"]})
}

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
