//! What a workload was like before it was edited.

use super::Target;
use crate::cluster::{Cluster, ClusterError};

/// A workload before it was edited: which pods it had, and what they failed of. The default knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Before {}

impl Before {
    /// Looks at a workload that will be edited.
    ///
    /// # Errors
    ///
    /// The object or its pods cannot be read.
    pub fn take(_cluster: &Cluster, _target: &Target) -> Result<Self, ClusterError> {
        Ok(Self::default())
    }
}
