//! Programs that put containers into other people's pods, and what can be done about those.

/// A program whose webhook puts containers into pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injector {
    /// What people call it.
    pub name: &'static str,
    /// Names of the containers that it puts in.
    pub containers: &'static [&'static str],
    /// How its containers are made to meet the restricted level, a sentence without a final full stop.
    pub advice: &'static str,
}

impl Injector {
    /// Those that are known by the names of their containers.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "Istio",
            containers: &["istio-init", "istio-proxy", "istio-validation"],
            advice: "Istio: install its CNI plugin, or use ambient mode, so that pods need no istio-init; the proxy's \
                     securityContext is set in the sidecar injector's values",
        },
        Self {
            name: "Linkerd",
            containers: &["linkerd-init", "linkerd-proxy", "linkerd-network-validator"],
            advice: "Linkerd: install its CNI plugin, so that pods need no linkerd-init",
        },
        Self {
            name: "Vault",
            containers: &["vault-agent", "vault-agent-init"],
            advice: "Vault: let the injector set security contexts (annotation \
                     vault.hashicorp.com/agent-set-security-context)",
        },
    ];

    /// Who puts in a container of this name, where that is known.
    #[must_use]
    pub fn of(container: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|injector| injector.containers.contains(&container))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_container_has_one_injector() {
        for injector in Injector::ALL {
            for container in injector.containers {
                assert_eq!(Injector::of(container), Some(injector), "{container}");
            }
            assert!(injector.advice.starts_with(injector.name) && !injector.advice.ends_with('.'));
        }
        assert_eq!(Injector::of("web"), None);
    }
}
