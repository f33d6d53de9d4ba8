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
mod blame;
mod diagnose;
mod findings;
mod kind;
mod log;
mod objects;
mod patience;
mod progress;
mod remedy;
mod scene;
mod symptom;
mod talk;

use std::time::{Duration, Instant};

pub use before::Before;

use crate::cluster::{Cluster, ClusterError, ErrorKind, Resource};
use crate::model::FieldPath;
use crate::report::harden::PlannedEdit;
use crate::report::rollout::{FailingPod, Phase, PodCounts, RolloutStatus};
use objects::{Event, Object};
use patience::{Patience, Seen};
use scene::Scene;
use symptom::Symptom;
use talk::{Talk, said};

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
    talk: Talk,
    patience: Patience,
    last: RolloutStatus,
}

impl<'c> Rollout<'c> {
    /// A good pause between two looks.
    pub const PAUSE: Duration = Duration::from_millis(500);
    /// The longest that a look takes, with all its requests.
    pub const LONGEST_LOOK: Duration = Duration::from_secs(10);

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
            to_delete: Vec::new(),
            notes: Vec::new(),
            trouble: None,
        };
        Self { cluster, target, before, applied, talk: Talk::default(), patience: Patience::default(), last }
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
        match scene::read(self.cluster, &self.target) {
            Ok(scene) => self.last = self.judge(&scene),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.last = RolloutStatus {
                    phase: Phase::Failed,
                    message: "it is gone: somebody deleted it".to_owned(),
                    trouble: None,
                    ..self.last.clone()
                };
            }
            Err(error) if is_passing(error.kind()) => self.last.trouble = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(&self.last)
    }

    fn judge(&mut self, scene: &Scene) -> RolloutStatus {
        let (new, old): (Vec<&Object>, Vec<&Object>) =
            scene.pods.iter().partition(|pod| scene.is_new(pod, &self.before));
        let ready = new.iter().filter(|pod| pod.is_well()).count();
        let counts = PodCounts { wanted: None, new: new.len(), ready, old: old.len() };
        let progress = progress::progress(scene.kind, &scene.object, counts);
        let counts = PodCounts { wanted: progress.wanted, ..counts };
        // An event is about a moment, and may be told late: where no pod is missing, none was kept from being made.
        let misses_pods = progress.wanted.is_none_or(|wanted| wanted > new.len());
        let symptoms = self.symptoms(scene, &new, misses_pods);
        let seen = Seen { kind: scene.kind, new: &new, old: &old, symptoms: &symptoms };
        let waits_for_all = progress.phase == Phase::Deferred;
        let judged = self.patience.weigh(&seen, progress, Instant::now());
        RolloutStatus {
            phase: judged.phase,
            pods: counts,
            message: judged.message,
            failing: failing(&symptoms),
            diagnoses: diagnose::diagnose(&symptoms, &scene.pods, &self.applied, &self.before),
            to_delete: if judged.phase == Phase::Deferred && scene.kind.replaces_deleted_pods() {
                let waits_for = old.iter().filter(|pod| waits_for_all || !pod.is_well());
                waits_for.map(|pod| pod.metadata.name.clone()).collect()
            } else {
                Vec::new()
            },
            notes: self.talk.notes(),
            trouble: None,
            ..self.last.clone()
        }
    }

    /// What is wrong with the new pods, and what keeps others from being made.
    fn symptoms(&mut self, scene: &Scene, new: &[&Object], misses_pods: bool) -> Vec<Symptom> {
        let failing: Vec<&Object> = new.iter().copied().filter(|pod| !pod.is_well()).collect();
        let logs = self.talk.logs(self.cluster, &self.target, &failing);
        let mut asked: Vec<&Object> = Vec::new();
        if scene.kind.tells_by_events() {
            asked.push(&scene.object);
        }
        // Events are asked for only where the status alone tells nothing.
        asked.extend(failing.iter().filter(|pod| symptom::of_pod(pod, &logs, &[]).is_empty()));
        let events = self.talk.events(self.cluster, &self.target, &asked);
        let of = |object: &Object| events.get(&object.metadata.uid).map_or(&[][..], Vec::as_slice);
        let mut symptoms: Vec<Symptom> =
            failing.iter().flat_map(|pod| symptom::of_pod(pod, &logs, &said(of(pod)))).collect();
        let is_news = |event: &&Event| misses_pods && self.before.is_news(event);
        let news: Vec<_> = of(&scene.object).iter().filter(is_news).cloned().collect();
        symptoms.extend(findings::not_created(scene, &news));
        symptoms
    }
}

/// Whether the next request may succeed.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Server
            | ErrorKind::Answer
            | ErrorKind::Expired
    )
}

fn failing(symptoms: &[Symptom]) -> Vec<FailingPod> {
    let of_pods = symptoms.iter().filter(|symptom| !symptom.pod.is_empty());
    let failing = of_pods.map(|symptom| FailingPod {
        name: symptom.pod.clone(),
        container: symptom.container.clone(),
        reason: symptom.reason.clone(),
        restarts: symptom.restarts,
    });
    failing.collect()
}

impl Target {
    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.resource.kind.to_lowercase(), self.name)
    }
}
