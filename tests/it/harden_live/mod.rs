//! `harden` on a live cluster as a user sees it: real controllers, a node whose pods run or fail as kubelet's do, and a
//! terminal for every question.
//!
//! What is expected is what the server has afterwards, and what a person would want to read.

#[cfg(unix)]
mod asking;
#[cfg(unix)]
mod cancelling;
mod files;
mod managed;
#[cfg(unix)]
mod meanwhile;
mod outcomes;
mod plain;
mod sweep;
#[cfg(unix)]
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::live::{create, create_namespace, path, pod, workload};
use crate::support::control_plane::ControlPlane;
use crate::support::eventually;
use crate::support::node_agent::{LABEL, cluster};
use crate::support::secctx::{Ran, secctx};

fn server() -> &'static ControlPlane {
    &cluster().server
}

/// A namespace that the node serves, and a folder for ways back.
struct Ground {
    namespace: &'static str,
    home: TempDir,
}

impl Ground {
    fn new(namespace: &'static str) -> Ground {
        create_namespace(server(), namespace, &[(LABEL, "true")]);
        Ground { namespace, home: TempDir::new().unwrap() }
    }

    fn get(&self, group_version: &str, rest: &str) -> Value {
        server().request("GET", &path(group_version, self.namespace, rest), None).body
    }

    fn deployment(&self, name: &str) -> Value {
        self.get("apps/v1", &format!("deployments/{name}"))
    }

    fn change(&self, group_version: &str, rest: &str, patch: &Value) {
        let answer = server().request("PATCH", &path(group_version, self.namespace, rest), Some(patch));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Creates a Deployment of one image and waits until it is up.
    fn deploy(&self, name: &str, spec: &Value) -> Value {
        create(
            server(),
            &path("apps/v1", self.namespace, "deployments"),
            &workload(name, spec, &[("replicas", 1.into())]),
        );
        self.await_up(name)
    }

    /// Waits until all pods of a Deployment are of its template and ready.
    fn await_up(&self, name: &str) -> Value {
        eventually("the rollout", || {
            let deployment = self.deployment(name);
            let status = &deployment["status"];
            let counts = ["replicas", "updatedReplicas", "readyReplicas"];
            let is_up = status["observedGeneration"] == deployment["metadata"]["generation"]
                && counts.iter().all(|count| status[count] == 1);
            is_up.then_some(deployment)
        })
    }

    /// The binary with `harden` and the connection.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = secctx();
        command.env("XDG_STATE_HOME", self.home.path()).current_dir(self.home.path());
        command.arg("harden").arg("--kubeconfig").arg(server().kubeconfig()).args(["-n", self.namespace]).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).output().unwrap())
    }

    /// The files with ways back.
    fn ways_back(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.home.path().join("kubectl-secctx")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap()
    }
}

/// A spec with one container of an image.
fn image(name: &str) -> Value {
    json!({"containers": [{"name": "web", "image": name}]})
}

/// What of an object is not the server's to write.
fn essence(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({"uid": metadata["uid"], "labels": metadata["labels"], "spec": object["spec"]})
}

/// What the restricted level wants, in a Deployment.
fn is_hard(deployment: &Value) -> bool {
    let spec = &deployment["spec"]["template"]["spec"];
    let own = &spec["containers"][0]["securityContext"];
    spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault" && own["allowPrivilegeEscalation"] == false
}

/// Words that a shell would make of a command line without variables and substitutions.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '\'' => (quoted, any) = (!quoted, true),
            ' ' if !quoted => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The text behind a label, up to the end of its line.
#[track_caller]
fn behind<'t>(label: &str, text: &'t str) -> &'t str {
    let (_, rest) = text.split_once(label).unwrap_or_else(|| panic!("no {label:?} in {text}"));
    rest.lines().next().unwrap_or_default().trim()
}

/// Runs a `kubectl` command that was printed.
#[track_caller]
fn run_kubectl(line: &str) {
    let words = words(line);
    assert_eq!(words[0], "kubectl", "{line}");
    let output = Command::new(crate::support::control_plane::kubectl()).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

fn bare_pod(ground: &Ground, name: &str, of_image: &str) {
    create(server(), &path("v1", ground.namespace, "pods"), &pod(name, &image(of_image)));
    eventually("the pod", || (ground.get("v1", &format!("pods/{name}"))["status"]["phase"] == "Running").then_some(()));
}

fn exists(path: &Path) -> bool {
    path.exists()
}
