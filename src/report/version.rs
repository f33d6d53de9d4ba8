//! Which versions are at work, as plain data.

use std::sync::Arc;

use super::{ClusterName, Problem};
use crate::policy::Version;

/// Everything that `version` has to say.
#[derive(Debug, Clone)]
pub struct VersionReport {
    /// The version of this program, as `v0.1.0`.
    pub client: String,
    /// The clusters that answered, in the order in which they were asked.
    pub servers: Vec<Server>,
    /// Those that did not.
    pub errors: Vec<Problem>,
}

/// A cluster that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Which one it is.
    pub cluster: Arc<ClusterName>,
    /// The full version of its program, as `v1.36.3`.
    pub git_version: String,
    /// What `latest` is to it: 36 for v1.36.
    pub minor: u16,
    /// Whether it was told to behave as an older one.
    pub emulated: bool,
}

impl Server {
    /// The newest version of the standards that both it and this program know.
    #[must_use]
    pub fn latest(&self) -> Version {
        Version::Minor(Version::Minor(self.minor).minor())
    }

    /// Whether its rules are newer than those known here.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        Version::Minor(self.minor).is_unknown()
    }
}
