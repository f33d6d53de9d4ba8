//! Which policy an object is judged by: levels, versions, namespace labels, the admission plugin's configuration.

mod admission_config;
mod label_mistakes;
mod label_spelling;
mod labels;
mod level;
mod version;

pub use admission_config::{AdmissionConfig, AdmissionConfigError, Exemption};
pub use label_mistakes::{LabelContext, LabelMistake, Outcome, label_mistakes};
pub use label_spelling::{is_read as is_read_label, pod_security_labels};
pub use labels::{LabelError, Mode, NamespacePolicy};
pub use level::Level;
pub use version::Version;

use std::fmt;

/// A level at a version, written `restricted:v1.36` as in the server's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How strict.
    pub level: Level,
    /// As of which minor version's rules.
    pub version: Version,
}

impl Policy {
    /// This policy as a server understands it that knows no version newer than `v1.newest`: `latest` and anything newer
    /// become that one.
    #[must_use]
    pub fn known_to(self, newest: u16) -> Self {
        Self { level: self.level, version: Version::Minor(self.version.minor().min(newest)) }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}
