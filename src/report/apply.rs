//! What hardening on a live cluster finds and does, as plain data.

use std::path::PathBuf;

use crate::model::{ContainerKind, FieldPath, Finding};

/// An object on the way from what was named to what is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// As `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Who else writes an object: what is changed by hand may be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// What kind of manager.
    pub kind: ManagerKind,
    /// Where it says the object comes from: a release, an application, an owner; empty where it does not.
    pub source: String,
    /// What that means for a change made here, a sentence without a final full stop.
    pub sentence: String,
}

/// The managers that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManagerKind {
    /// A Helm release.
    Helm,
    /// An application of Argo CD.
    ArgoCd,
    /// A Kustomization or HelmRelease of Flux.
    Flux,
    /// An operator: the object is owned by a custom resource.
    Operator,
    /// Some tool wrote it out of a kustomization.
    Kustomize,
    /// `kubectl apply`: a file of somebody's is the source.
    KubectlApply,
}

/// What is known about a workload beyond its template, for the questions before it is hardened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// A line per container of its templates.
    pub containers: Vec<ContainerEvidence>,
    /// How many pods it has that have not ended.
    pub pods: usize,
    /// How many of them are ready.
    pub ready: usize,
    /// Containers that its pods have and its template has not.
    pub injected: Vec<Injected>,
    /// Where the namespace hands out user IDs (OpenShift): the first and how many there are.
    pub user_ids: Option<UserIds>,
    /// Whether the pods get a token of their service account, as far as that is said in the template; they do unless
    /// something says otherwise.
    pub mounts_token: bool,
    /// What could not be looked at, a sentence each.
    pub gaps: Vec<String>,
}

/// What is known about one container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerEvidence {
    /// The template that it is in.
    pub template: FieldPath,
    /// Its name.
    pub name: String,
    /// Init, regular or ephemeral.
    pub kind: ContainerKind,
    /// Its image.
    pub image: String,
    /// Ports below 1024 that it says it listens on.
    pub low_ports: Vec<u16>,
    /// `livenessProbe`, `readinessProbe`, `startupProbe`, where it has them.
    pub probes: Vec<&'static str>,
    /// Volumes mounted so that they can be written to.
    pub writable: Vec<Mount>,
    /// The user that it is given, its own or its pod's.
    pub run_as_user: Option<i64>,
    /// The group that it is given.
    pub run_as_group: Option<i64>,
    /// Whether it must not be root.
    pub run_as_non_root: Option<bool>,
    /// Whether its root file system is read-only.
    pub read_only_root_filesystem: bool,
    /// Capabilities that it adds.
    pub capabilities: Vec<String>,
    /// How it fares in the pods that are there.
    pub state: ContainerState,
}

/// How a container fares, all pods taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerState {
    /// Users that its first process runs as, as container runtimes tell; sorted.
    pub users: Vec<i64>,
    /// In how many pods it is ready.
    pub ready: usize,
    /// How often it was started again.
    pub restarts: u64,
    /// Why it waits or ended the last time, such as `CrashLoopBackOff` or `Error (exit code 1)`; sorted, each once.
    pub reasons: Vec<String>,
}

/// A volume that a container may write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name.
    pub volume: String,
    /// Its kind, as `emptyDir`.
    pub source: String,
    /// Where it is mounted.
    pub path: String,
}

/// A container that somebody's webhook puts into pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Injected {
    /// Its name.
    pub container: String,
    /// Who puts it in, where that is known: `Istio`, `Linkerd`, `Vault`.
    pub injector: Option<&'static str>,
    /// In how many pods it is.
    pub pods: usize,
    /// What it violates of the restricted level, paths from the pod's top: hardening the workload does not help it.
    pub findings: Vec<Finding>,
}

/// User IDs that a namespace hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserIds {
    /// The first.
    pub first: i64,
    /// How many.
    pub count: i64,
}

/// The server did not want a change, or could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What kind of trouble.
    pub reason: Reason,
    /// What the server said, a sentence.
    pub sentence: String,
    /// What it warned of before, if anything.
    pub warnings: Vec<String>,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Whoever runs this may not.
    Forbidden,
    /// Admission or validation refused it.
    Refused,
    /// The object is not there any more.
    Gone,
    /// The object is another one than the one that was looked at.
    Changed,
    /// The server could not be reached, or did not answer in time.
    Unreachable,
    /// Nothing of the kind can be done with this object.
    Impossible,
    /// Something on this machine, as a folder that cannot be written to.
    Local,
}

/// What is needed to bring an object back to what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayBack {
    /// The file with the patch (or, of a recreated object, its manifest as it was).
    pub file: PathBuf,
    /// What does it by hand: the program and its arguments, not quoted. Flags that choose the cluster are not among them.
    pub command: Vec<String>,
}
