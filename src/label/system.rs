//! Namespaces that Kubernetes or a distribution brings along.

/// Whole names.
const NAMES: &[&str] = &[
    "openshift",
    "calico-system",
    "calico-apiserver",
    "tigera-operator",
    "cilium",
    "cilium-secrets",
    "gmp-system",
    "gmp-public",
    "local-path-storage",
    "metallb-system",
    "amazon-cloudwatch",
    "amazon-guardduty",
];

/// Beginnings: `kube-` is reserved by Kubernetes itself.
const PREFIXES: &[&str] = &["kube-", "openshift-", "gke-", "aks-", "cattle-", "k3s-", "rke2-", "vmware-system-"];

/// Whether a namespace is one of Kubernetes' own or a distribution's. What is in there often needs the node, and is not
/// its users' to change.
pub(super) fn is_system(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_clusters_and_of_users() {
        for name in ["kube-system", "kube-public", "kube-node-lease", "openshift-dns", "openshift", "calico-system"] {
            assert!(is_system(name), "{name}");
        }
        for name in ["default", "shop", "kubernetes-dashboard", "openshifty", "my-kube-system"] {
            assert!(!is_system(name), "{name}");
        }
    }
}
