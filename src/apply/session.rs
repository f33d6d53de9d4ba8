//! A run of hardening on one cluster.

use std::cell::RefCell;

use crate::cluster::{Cluster, Discovery};
use crate::live::cluster_name;
use crate::policy::Version;
use crate::report::{Problem, Source};

/// Asks one cluster, and remembers the types that it has.
pub struct Session<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) discovery: RefCell<Option<Discovery>>,
    source: Source,
}

impl<'a> Session<'a> {
    /// A session that has asked nothing yet.
    #[must_use]
    pub fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, discovery: RefCell::default(), source: Source::cluster(cluster_name(cluster)) }
    }

    /// The newest version of the standards that the server and this tool both know: what `latest` means here.
    ///
    /// # Errors
    ///
    /// The server does not tell its version, a sentence.
    pub fn newest(&self) -> Result<u16, String> {
        let version = self.cluster.server_version().map_err(|error| error.to_string())?;
        Ok(version.minor.min(Version::NEWEST))
    }

    /// A problem with this cluster as its place.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { source: self.source.clone(), message: message.into() }
    }
}
