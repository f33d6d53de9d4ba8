//! Judges what runs in a cluster: workloads, their pods, and what is between them.
//!
//! Objects come in page by page, in any order of kinds; each pod is judged when it comes and then forgotten but for its
//! verdict, of which there are few. When all have come, pods are put under the workload at the top of their owners.

mod collect;
mod custom;
mod finish;
mod gather;
mod labels;
mod objects;
mod targets;

pub use collect::{Collector, NamespaceLabels};
pub use gather::{Ask, Gathered, Progress, gather};
pub use objects::{
    JobTemplate, LiveMeta, LiveObject, ObjectKey, Owner, PodObject, PodStatus, WorkloadObject, WorkloadSpec,
};
pub use targets::{Target, parse};
