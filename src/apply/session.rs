//! A run of hardening on one cluster.

use std::cell::RefCell;

use crate::cluster::{Cluster, ClusterError, Discovery, Resource};
use crate::live::cluster_name;
use crate::policy::Version;
use crate::report::apply::WayBack;
use crate::report::{Problem, Source};

/// Who wants to know of ways back.
type Hear<'a> = Box<dyn Fn(&WayBack) + 'a>;

/// Asks one cluster, and remembers the types that it has.
pub struct Session<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) discovery: RefCell<Option<Discovery>>,
    pub(super) source: Source,
    ways_back: Option<Hear<'a>>,
}

impl<'a> Session<'a> {
    /// A session that has asked nothing yet.
    #[must_use]
    pub fn new(cluster: &'a Cluster) -> Self {
        Self { cluster, discovery: RefCell::default(), source: Source::cluster(cluster_name(cluster)), ways_back: None }
    }

    /// From now on `hear` is told each way back as soon as it is on disk, before anything is sent: whoever is interrupted in
    /// the middle needs it.
    pub fn tell_ways_back(&mut self, hear: impl Fn(&WayBack) + 'a) {
        self.ways_back = Some(Box::new(hear));
    }

    pub(super) fn tell(&self, way_back: &WayBack) {
        if let Some(hear) = &self.ways_back {
            hear(way_back);
        }
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

    /// The type that an argument names, if it can have pods.
    pub(super) fn resource(&self, name: &str) -> Result<Resource, String> {
        let resource = match Resource::built_in(name) {
            Some(resource) => resource,
            None => self.discovered(name).map_err(|error| error.to_string())?,
        };
        let is_workload = Resource::workloads().any(|workload| workload.kind == resource.kind);
        if resource.is_built_in() && !is_workload {
            return Err(format!("{} have no pod template, so there is nothing to harden", resource.full_name()));
        }
        Ok(resource)
    }

    /// The type of an owner or of a verdict.
    pub(super) fn resource_of(&self, api_version: &str, kind: &str) -> Result<Resource, ClusterError> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let known = Resource::workloads().find(|known| known.kind == kind && known.group == group);
        known.map_or_else(|| self.discovered(&format!("{kind}.{version}.{group}")), Ok)
    }

    fn discovered(&self, name: &str) -> Result<Resource, ClusterError> {
        let mut discovery = self.discovery.borrow_mut();
        let found = match discovery.take() {
            Some(found) => found,
            None => self.cluster.discover()?,
        };
        discovery.insert(found).resolve(name).cloned()
    }

    /// A problem with this cluster as its place.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { source: self.source.clone(), message: message.into() }
    }
}
