//! What the values of an argument are, for completion: declared beside the argument.

use clap::builder::ArgExt;

/// What the values of an argument are, where clap does not know: `#[arg(…, add = Values::Namespaces)]`.
///
/// Possible values and paths need none: clap knows them. An argument that takes a list with commas is one with a
/// `value_delimiter`; each part of the list is completed.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Values {
    /// YAML and JSON files, and folders.
    Manifests,
    /// Folders.
    Folders,
    /// These words, of a type whose values clap does not know.
    Words(fn() -> Vec<&'static str>),
    /// Versions of the Pod Security Standards.
    Versions,
    /// `LEVEL` or `LEVEL:VERSION`.
    Policies,
    /// IDs of checks.
    Checks,
    /// Namespaces of the cluster.
    Namespaces,
    /// Contexts of the kubeconfig.
    Contexts,
    /// Cluster entries of the kubeconfig.
    Clusters,
    /// User entries of the kubeconfig.
    Users,
    /// `TYPE`, `TYPE NAME` and `TYPE/NAME` in the cluster.
    Objects,
    /// What `explain` explains: checks, fields, and `TYPE/NAME` in the cluster.
    Topics,
}

impl ArgExt for Values {}
