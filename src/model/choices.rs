//! What a person wants of hardening beyond reaching the level.

use std::collections::{BTreeMap, BTreeSet};

/// Choices for the fixes of one pod template. The default asks for nothing: each fix does its usual thing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    /// Only findings of these checks are fixed; empty for all.
    pub only: BTreeSet<&'static str>,
    /// Findings of these checks are left alone.
    pub skip: BTreeSet<&'static str>,
    /// Only safe edits are made; risky ones become residue.
    pub safe_only: bool,
    /// User ID for the containers, where it is needed or wished for.
    pub run_as_user: Option<i64>,
    /// Group ID for the containers.
    pub run_as_group: Option<i64>,
    /// Group of the pod's volumes.
    pub fs_group: Option<i64>,
    /// Capabilities that containers keep where the level lets them: added for containers that listen below port 1024,
    /// and left where they are added already.
    pub keep_capabilities: BTreeSet<String>,
    /// Makes root file systems read-only.
    pub read_only_root_filesystem: bool,
    /// Paths that stay writable then, by an emptyDir each.
    pub writable: Vec<String>,
    /// Turns the service account token off.
    pub no_service_account_token: bool,
    /// What to put in the place of volumes that the level forbids, by the volume's name.
    pub volumes: BTreeMap<String, VolumeChoice>,
    /// Gives the pod a user namespace of its own (`hostUsers: false`) in place of a user other than root, where the
    /// policy's version lets that do.
    pub user_namespace: bool,
    /// Takes pods that a Windows node selector hints at for Windows pods; `None` where nobody said so.
    pub windows: Option<bool>,
    /// The namespace hands out user IDs by itself (OpenShift's ranges): no user or group ID is written.
    pub user_ids_are_assigned: bool,
}

impl Choices {
    /// Whether findings of a check may be fixed at all.
    #[must_use]
    pub fn includes(&self, check: &str) -> bool {
        (self.only.is_empty() || self.only.contains(check)) && !self.skip.contains(check)
    }
}

/// What takes the place of a volume that the level forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeChoice {
    /// An empty folder that lives as long as the pod.
    EmptyDir,
    /// The persistent volume claim of this name.
    Claim(String),
    /// The ConfigMap of this name.
    ConfigMap(String),
    /// Nothing: the volume and its mounts go.
    Remove,
}
