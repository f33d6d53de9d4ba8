//! Gets Kubernetes workloads to pass the Pod Security Standards without breaking them.
//!
//! One pipeline serves every command:
//!
//! ```text
//! source -> PodTemplate -> evaluate(checks, level, version) -> Report -> render
//! ```
//!
//! - [`yaml`] reads text as kubectl does and keeps the place of every node.
//! - [`source`] finds files, documents and the pod templates in them.
//! - [`model`] is the pod as admission sees it, and the words for what is wrong with it.
//! - [`policy`] is what a pod is judged by; [`checks`] are the controls; [`evaluate`](mod@evaluate) applies them.
//! - [`admission`] is what the API server does and says around that.
//! - [`cluster`] is access to a live cluster.
//! - [`explain`] finds what a name, a field or a pasted message is about.
//! - [`edit`] changes texts where it must and nowhere else; [`harden`] plans what to change, and proves it.
//! - [`label`] finds what labels of namespaces would break.
//! - [`apply`] hardens what runs in a cluster.
//! - [`rollout`] watches what becomes of an edited workload, and finds what broke it.
//! - [`report`] is what a run found out, [`render`] writes it, [`cli`] is the command around it all.

pub mod admission;
pub mod apply;
pub mod check;
pub mod checks;
pub mod cli;
pub mod cluster;
pub mod edit;
pub mod evaluate;
pub mod explain;
pub mod harden;
pub mod label;
pub mod live;
pub mod model;
pub mod policy;
pub mod render;
pub mod report;
pub mod rollout;
pub mod source;
pub mod yaml;
