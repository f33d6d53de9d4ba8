//! Which controller rolls a workload out.

use super::Target;

/// The kinds whose controllers are known; all others are somebody's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    Pod,
    PodTemplate,
    Custom,
}

impl Kind {
    pub(super) fn of(target: &Target) -> Self {
        match (target.resource.group.as_str(), target.resource.plural.as_str()) {
            ("apps", "deployments") => Self::Deployment,
            ("apps", "statefulsets") => Self::StatefulSet,
            ("apps", "daemonsets") => Self::DaemonSet,
            ("apps", "replicasets") => Self::ReplicaSet,
            ("", "replicationcontrollers") => Self::ReplicationController,
            ("batch", "jobs") => Self::Job,
            ("batch", "cronjobs") => Self::CronJob,
            ("", "pods") => Self::Pod,
            ("", "podtemplates") => Self::PodTemplate,
            _ => Self::Custom,
        }
    }

    /// Whether pods come of it by themselves.
    pub(super) fn has_pods(self) -> bool {
        !matches!(self, Self::CronJob | Self::PodTemplate)
    }

    /// The types of what stands between it and its pods, or keeps its history.
    pub(super) fn between(self) -> &'static [&'static str] {
        match self {
            Self::Deployment => &["replicasets"],
            Self::Custom => &["deployments", "replicasets", "statefulsets", "jobs"],
            _ => &[],
        }
    }

    /// Whether its controller makes new pods in the place of old ones that somebody deletes.
    pub(super) fn replaces_deleted_pods(self) -> bool {
        matches!(self, Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet | Self::ReplicationController)
    }

    /// Whether what its controller cannot create shows in events alone; others say it in their conditions.
    pub(super) fn tells_by_events(self) -> bool {
        matches!(self, Self::StatefulSet | Self::DaemonSet | Self::Job)
    }
}
