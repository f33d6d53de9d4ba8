//! Reads what runs in a cluster, and judges it: workloads, their pods, and what is between them.
//!
//! Objects come in page by page, in any order of kinds; of each pod and template only what admission looks at is kept,
//! and what is alike only once, so that it can be judged by many policies. When all have come, pods are put under the
//! workload at the top of their owners.

mod collect;
mod custom;
mod fate;
mod finish;
mod gather;
mod judge;
mod labels;
mod objects;
mod owners;
mod run;
mod targets;
mod templates;

use std::collections::BTreeMap;

pub use collect::{Collector, Pod, Workload};
pub use fate::Fate;
pub use gather::{Ask, Gathered, Holdings, Progress, gather, read};
pub use judge::ephemeral_findings;
pub use objects::{
    JobTemplate, LiveMeta, LiveObject, NamespaceMeta, NamespaceObject, ObjectKey, Owner, PodObject, PodStatus,
    WorkloadObject, WorkloadSpec,
};
pub use owners::Branch;
pub use run::cluster_name;
pub use targets::{Target, parse};
pub use templates::{TemplateId, ephemeral_names};

/// Labels of the namespaces whose labels could be read, by name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;
