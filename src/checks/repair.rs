//! What a check does about its violations: edits, and what no edit can do. Each check makes its own, beside its rules.

use std::cell::OnceCell;
use std::collections::HashMap;

use serde_json::Value;

use super::text::{distinct, join_quote};
use crate::model::{
    Applicability, Choices, ContainerKind, Edit, FieldPath, PlacedContainer, PodTemplate, Segment, Violation,
};

/// A pod in which a check found something, and what is wished for.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The pod or template as it is written; all paths are from its top.
    pub template: &'a Value,
    /// The same, as far as checks look at it: not what admission makes of it.
    pub pod: &'a PodTemplate,
    /// What the check found in the pod as admission sees it: some fields may not be written.
    pub violations: &'a [Violation],
    /// What is wished for.
    pub choices: &'a Choices,
    /// Minor version of the policy.
    pub minor: u16,
    /// The checks that found something which is left as it is.
    pub left_alone: &'a [&'static str],
    /// Whether the pod is for Windows, as it says or as its node selector hints: the API server, or the node, takes
    /// no Linux fields on it.
    pub is_windows: bool,
}

/// What a check does about its violations.
#[derive(Debug, Default, PartialEq)]
pub struct Repair {
    /// Edits, in any order.
    pub steps: Vec<Step>,
    /// What no edit can do.
    pub left: Vec<Left>,
    /// What was assumed or should be known, a sentence each.
    pub notes: Vec<String>,
}

/// An edit and what comes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The edit.
    pub edit: Edit,
    /// How freely it may be made.
    pub fix: Applicability,
    /// What may stop working, a sentence without a final full stop; may be empty.
    pub risk: String,
}

/// A field that breaks the control and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The field.
    pub path: FieldPath,
    /// Why, a sentence without a final full stop.
    pub why: String,
    /// What could be done, a flag or a sentence each.
    pub ways: Vec<String>,
}

impl Step {
    /// An edit that almost nothing minds.
    pub(super) fn safe(edit: Edit, risk: impl Into<String>) -> Self {
        Self { edit, fix: Applicability::Safe, risk: risk.into() }
    }

    /// An edit that may stop a workload.
    pub(super) fn risky(edit: Edit, risk: impl Into<String>) -> Self {
        Self { edit, fix: Applicability::Risky, risk: risk.into() }
    }
}

impl From<Vec<Step>> for Repair {
    fn from(steps: Vec<Step>) -> Self {
        Self { steps, ..Self::default() }
    }
}

impl From<Vec<Left>> for Repair {
    fn from(left: Vec<Left>) -> Self {
        Self { left, ..Self::default() }
    }
}

impl<'a> Case<'a> {
    /// What is written at a path; `None` where nothing or `null` is.
    pub(super) fn written(&self, path: &FieldPath) -> Option<&'a Value> {
        path.find(self.template).filter(|value| !value.is_null())
    }

    /// Whether one of these checks found something which is left as it is.
    pub(super) fn leaves(&self, checks: &[&str]) -> bool {
        self.left_alone.iter().any(|check| checks.contains(check))
    }

    /// Whether a capability is to be kept, however it is spelled there.
    pub(super) fn keeps(&self, bare: &str) -> bool {
        self.choices.keep_capabilities.iter().any(|kept| bare_name(kept) == bare)
    }

    /// Whether the pod stays on the node's network: the API server wants that of host processes
    /// (`validateWindowsHostProcessPod` in `k8s.io/kubernetes/pkg/apis/core/validation`).
    pub(super) fn keeps_host_network(&self) -> bool {
        self.pod.spec.host_network == Some(true) && self.leaves(&["hostNamespaces", "windowsHostProcess"])
    }

    /// All violations stay, for one reason.
    pub(super) fn all_left(&self, why: &str, ways: &[&str]) -> Repair {
        let left = |violation: &Violation| Left {
            path: violation.path.clone(),
            why: why.to_owned(),
            ways: ways.iter().map(|way| (*way).to_owned()).collect(),
        };
        self.violations.iter().map(left).collect::<Vec<_>>().into()
    }

    /// The answer to old policies that want Linux fields on Windows pods.
    pub(super) fn left_for_windows(&self) -> Repair {
        let why = "the field is for Linux, and this is a Windows pod: the API server refuses it where spec.os.name is \
                   windows, and Windows nodes do nothing with it";
        self.all_left(why, &["judge by policy version v1.25 or newer, which lets Windows pods off"])
    }

    /// The user ID that is wished for, where IDs are written at all.
    pub(super) fn user(&self) -> Option<i64> {
        self.choices.run_as_user.filter(|_| !self.choices.user_ids_are_assigned && !self.is_windows)
    }

    /// The user ID of a container as it will be; `None` where the image decides.
    pub(super) fn user_of(&self, container: PlacedContainer<'_>) -> Option<i64> {
        let own = container.container.security_context.as_ref().and_then(|context| context.run_as_user);
        let of_pod = self.pod.spec.security_context.as_ref().and_then(|context| context.run_as_user);
        let not_root = |user: &i64| *user != 0;
        own.filter(not_root).or(self.user()).or(of_pod.filter(not_root))
    }

    /// The container that a path leads into.
    pub(super) fn container_at(&self, path: &FieldPath) -> Option<PlacedContainer<'a>> {
        container_at(self.pod, path)
    }

    /// The containers' volume mounts or devices (`field`) by the volume that they name: the container, and the entry's path.
    pub(super) fn uses(&self, field: &'static str) -> HashMap<&'a str, Vec<(PlacedContainer<'a>, FieldPath)>> {
        let of_container = |container: PlacedContainer<'a>| {
            let list = container.path().field(field);
            let entries = self.written(&list).and_then(Value::as_array).map_or(0, Vec::len);
            (0..entries).map(move |at| (container, list.clone().index(at)))
        };
        let mut uses: HashMap<&str, Vec<_>> = HashMap::new();
        for (container, path) in self.pod.spec.all_containers().flat_map(of_container) {
            if let Some(volume) = self.written(&path.clone().field("name")).and_then(Value::as_str) {
                uses.entry(volume).or_default().push((container, path));
            }
        }
        uses
    }
}

/// The containers of a pod, to be found by what is about them.
#[derive(Debug)]
pub struct Containers<'a> {
    pod: &'a PodTemplate,
    by_name: OnceCell<HashMap<&'a str, PlacedContainer<'a>>>,
}

impl<'a> Containers<'a> {
    /// Those of `pod`.
    #[must_use]
    pub fn new(pod: &'a PodTemplate) -> Self {
        Self { pod, by_name: OnceCell::new() }
    }

    /// The container that a path leads into, or that an annotation's key ends with.
    pub fn at(&self, path: &FieldPath) -> Option<PlacedContainer<'a>> {
        let [_, Segment::Field("annotations"), Segment::Key(key)] = path.segments() else {
            return container_at(self.pod, path);
        };
        let (_, name) = key.split_once('/')?;
        self.by_name.get_or_init(|| self.pod.spec.containers_by_name()).get(name).copied()
    }
}

/// The container that a path leads into.
fn container_at<'a>(pod: &'a PodTemplate, path: &FieldPath) -> Option<PlacedContainer<'a>> {
    match path.segments() {
        [_, list, Segment::Index(at), ..] => {
            let kind = ContainerKind::ALL.into_iter().find(|kind| Some(kind.field()) == list.as_key())?;
            pod.spec.container(kind, *at)
        }
        _ => None,
    }
}

/// Whether a path leads into a debug container, which nobody can edit.
#[must_use]
pub fn is_of_ephemeral_container(path: &FieldPath) -> bool {
    path.segments().get(1).and_then(Segment::as_key) == Some(ContainerKind::Ephemeral.field())
}

/// A capability as the kernel's own headers call it, without `CAP_`.
pub(super) fn bare_name(capability: &str) -> String {
    let upper = capability.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").map(str::to_owned).unwrap_or(upper)
}

/// The container's ports below 1024, which only root or NET_BIND_SERVICE may open by tradition; one of TCP and UDP once.
pub(super) fn low_ports(container: PlacedContainer<'_>) -> Vec<i32> {
    let ports = container.container.ports.iter().map(|port| port.container_port);
    let low = distinct(ports.filter(|port| (1..1024).contains(port)));
    low.into_iter().collect()
}

/// `port 80` or `ports 80, 443`.
pub(super) fn port_list(ports: &[i32]) -> String {
    let list: Vec<_> = ports.iter().map(i32::to_string).collect();
    format!("{} {}", super::text::plural("port", "ports", ports.len()), list.join(", "))
}

/// `"a"`, or `"a", "b"`: names of containers in a sentence.
pub(super) fn quoted<'a>(containers: impl IntoIterator<Item = &'a PlacedContainer<'a>>) -> String {
    join_quote(containers.into_iter().map(|container| container.container.name.as_str()))
}
