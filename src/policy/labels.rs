//! The Pod Security labels of a namespace, read as the admission plugin reads them.

use std::collections::BTreeMap;
use std::fmt;

use super::{Level, Policy, Version};

/// Prefix of all labels that the admission plugin reads.
pub(super) const LABEL_PREFIX: &str = "pod-security.kubernetes.io/";

/// What admission does with a pod that does not meet a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// It refuses the pod.
    Enforce,
    /// It writes an annotation into the audit log.
    Audit,
    /// It warns the client.
    Warn,
}

impl Mode {
    /// In the order of the plugin's own policy.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Audit, Self::Warn];

    /// The word of the labels: `enforce`, `audit`, `warn`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Warn => "warn",
        }
    }

    /// Key of the label that holds this mode's level.
    #[must_use]
    pub fn level_label(self) -> String {
        format!("{LABEL_PREFIX}{}", self.as_str())
    }

    /// Key of the label that holds this mode's version.
    #[must_use]
    pub fn version_label(self) -> String {
        format!("{LABEL_PREFIX}{}-version", self.as_str())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The policies of a namespace, one per mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespacePolicy {
    /// What pods must meet to be admitted.
    pub enforce: Policy,
    /// What is noted in the audit log.
    pub audit: Policy,
    /// What clients are warned of.
    pub warn: Policy,
}

/// A label whose value the admission plugin cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError {
    /// The label's key.
    pub label: String,
    /// Its value.
    pub value: String,
    /// What the value must be, in the server's words.
    pub message: String,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata.labels[{}]: Invalid value: {:?}: {}", self.label, self.value, self.message)
    }
}

impl Default for NamespacePolicy {
    /// Privileged in every mode: what a cluster without an admission configuration has.
    fn default() -> Self {
        let privileged = Policy { level: Level::Privileged, version: Version::Latest };
        Self { enforce: privileged, audit: privileged, warn: privileged }
    }
}

impl NamespacePolicy {
    /// The policy of one mode.
    #[must_use]
    pub fn mode(&self, mode: Mode) -> Policy {
        match mode {
            Mode::Enforce => self.enforce,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        }
    }

    fn mode_mut(&mut self, mode: Mode) -> &mut Policy {
        match mode {
            Mode::Enforce => &mut self.enforce,
            Mode::Audit => &mut self.audit,
            Mode::Warn => &mut self.warn,
        }
    }

    /// The policies that `labels` ask for, `defaults` where they say nothing, and the labels that cannot be read.
    ///
    /// As in `api.PolicyToEvaluate` of `k8s.io/pod-security-admission`: an unreadable enforce level becomes
    /// restricted (it fails closed), an unreadable audit or warn level privileged (it fails open), an unreadable
    /// version `latest`; and warn follows a readable enforce level that is stricter, unless it has a label of its own.
    #[must_use]
    pub fn from_labels(labels: &BTreeMap<String, String>, defaults: Self) -> (Self, Vec<LabelError>) {
        let mut policy = defaults;
        let mut errors = Vec::new();
        for mode in Mode::ALL {
            read_mode(policy.mode_mut(mode), mode, labels, &mut errors);
        }
        let enforce_is_readable = labels.get(&Mode::Enforce.level_label()).is_some_and(|v| v.parse::<Level>().is_ok());
        let warn_is_set = labels.contains_key(&Mode::Warn.level_label());
        if enforce_is_readable && !warn_is_set && policy.enforce.level > policy.warn.level {
            policy.warn.level = policy.enforce.level;
            if !labels.contains_key(&Mode::Warn.version_label()) {
                policy.warn.version = policy.enforce.version;
            }
        }
        (policy, errors)
    }
}

fn read_mode(policy: &mut Policy, mode: Mode, labels: &BTreeMap<String, String>, errors: &mut Vec<LabelError>) {
    if let Some(value) = labels.get(&mode.level_label()) {
        policy.level = value.parse().unwrap_or_else(|message| {
            errors.push(LabelError { label: mode.level_label(), value: value.clone(), message });
            if mode == Mode::Enforce { Level::Restricted } else { Level::Privileged }
        });
    }
    if let Some(value) = labels.get(&mode.version_label()) {
        policy.version = value.parse().unwrap_or_else(|message| {
            errors.push(LabelError { label: mode.version_label(), value: value.clone(), message });
            Version::Latest
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(labels: &[(&str, &str)]) -> (String, String, String, usize) {
        let labels = labels.iter().map(|(k, v)| (format!("{LABEL_PREFIX}{k}"), (*v).to_owned())).collect();
        let (policy, errors) = NamespacePolicy::from_labels(&labels, NamespacePolicy::default());
        (policy.enforce.to_string(), policy.audit.to_string(), policy.warn.to_string(), errors.len())
    }

    fn expect(enforce: &str, audit: &str, warn: &str, errors: usize) -> (String, String, String, usize) {
        (enforce.to_owned(), audit.to_owned(), warn.to_owned(), errors)
    }

    // The cases follow the rules in api/helpers.go of k8s.io/pod-security-admission.
    #[test]
    fn warn_follows_a_stricter_enforce() {
        let privileged = "privileged:latest";
        assert_eq!(read(&[]), expect(privileged, privileged, privileged, 0));
        assert_eq!(
            read(&[("enforce", "baseline"), ("enforce-version", "v1.30")]),
            expect("baseline:v1.30", privileged, "baseline:v1.30", 0)
        );
        assert_eq!(
            read(&[("enforce", "restricted"), ("warn", "baseline")]),
            expect("restricted:latest", privileged, "baseline:latest", 0)
        );
        assert_eq!(
            read(&[("enforce", "baseline"), ("enforce-version", "v1.30"), ("warn-version", "v1.20")]),
            expect("baseline:v1.30", privileged, "baseline:v1.20", 0)
        );
    }

    #[test]
    fn unreadable_labels_fail_closed_for_enforce_and_open_for_the_others() {
        assert_eq!(
            read(&[("enforce", "Baseline"), ("audit", "strict"), ("warn", "")]),
            expect("restricted:latest", "privileged:latest", "privileged:latest", 3)
        );
        assert_eq!(
            read(&[("enforce", "baseline"), ("enforce-version", "1.30")]),
            expect("baseline:latest", "privileged:latest", "baseline:latest", 1)
        );
    }
}
