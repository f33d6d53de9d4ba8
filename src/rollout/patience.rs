//! When what is seen is to be believed: what is ready may end a moment later, and what is not may never be.

use std::time::{Duration, Instant};

use super::kind::Kind;
use super::objects::{Object, list};
use super::progress::Progress;
use super::scene::Scene;
use super::symptom::Symptom;
use crate::report::rollout::{Phase, PodCounts};

/// How long pods stay ready before they are believed to be, where nothing probes them: a program that ends at once is
/// ready for the second that a kubelet takes to see it.
const SETTLES: Duration = Duration::from_secs(2);
/// The same, where a container ended before: the next start may go the same way.
const SETTLES_AGAIN: Duration = Duration::from_secs(10);
/// How long somebody's own controller has for its first new pod.
const FIRST_POD: Duration = Duration::from_secs(20);
/// How long a StatefulSet has to replace a broken pod of an older template.
const OLD_POD: Duration = Duration::from_secs(10);

/// Since when things are as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Patience {
    /// All is ready, after so many restarts.
    ready: Option<(u64, Instant)>,
    /// No new pod has come.
    empty: Option<Instant>,
    /// An old pod is broken, and no new one.
    blocked: Option<Instant>,
}

impl Patience {
    /// The phase and message of a look at this time, given what the controller says and what is wrong with pods.
    #[expect(clippy::too_many_arguments, reason = "they are the whole of a look, and only one caller has them")]
    pub(super) fn weigh(
        &mut self,
        scene: &Scene,
        progress: Progress,
        counts: PodCounts,
        new: &[&Object],
        old: &[&Object],
        symptoms: &[Symptom],
        now: Instant,
    ) -> Progress {
        let mut judged = progress;
        if judged.phase != Phase::Done {
            self.ready = None;
        } else if !self.has_settled(new, now) {
            judged.phase = Phase::Progressing;
            judged.message = "all new pods are ready; a moment more shows whether they stay so".to_owned();
        }
        if judged.phase == Phase::Progressing && symptoms.iter().any(|symptom| symptom.is_final) {
            judged.phase = Phase::Stuck;
            judged.message = "new pods do not come up".to_owned();
        }
        if judged.phase == Phase::Progressing && scene.kind == Kind::Custom {
            self.wait_for_first(&mut judged, counts, now);
        }
        if judged.phase == Phase::Progressing && scene.kind == Kind::StatefulSet {
            self.wait_for_old(&mut judged, new, old, now);
        }
        judged
    }

    fn has_settled(&mut self, new: &[&Object], now: Instant) -> bool {
        let restarts = new.iter().flat_map(|pod| pod.statuses()).filter_map(|status| status["restartCount"].as_u64());
        let restarts: u64 = restarts.sum();
        let (known, since) = *self.ready.get_or_insert((restarts, now));
        if known != restarts {
            self.ready = Some((restarts, now));
            return false;
        }
        let is_probed = |pod: &&Object| {
            let mut containers = list(&pod.spec["containers"]).iter();
            pod.status["phase"] == "Succeeded" || containers.all(|container| !container["readinessProbe"].is_null())
        };
        let needed = match restarts {
            1.. => SETTLES_AGAIN,
            0 if new.iter().all(is_probed) => Duration::ZERO,
            0 => SETTLES,
        };
        now.duration_since(since) >= needed
    }

    fn wait_for_first(&mut self, judged: &mut Progress, counts: PodCounts, now: Instant) {
        if counts.new > 0 {
            self.empty = None;
            return;
        }
        if now.duration_since(*self.empty.get_or_insert(now)) >= FIRST_POD {
            judged.phase = Phase::Deferred;
            judged.message = format!(
                "its controller has made no new pod within {} s, and decides when it does",
                FIRST_POD.as_secs()
            );
        }
    }

    /// With ordered pods the controller waits for a pod that is not ready before it replaces any, be it of an older
    /// template that never will be (kubernetes/kubernetes#67250).
    fn wait_for_old(&mut self, judged: &mut Progress, new: &[&Object], old: &[&Object], now: Instant) {
        let broken = old.iter().find(|pod| !pod.is_well()).filter(|_| new.iter().all(|pod| pod.is_well()));
        let Some(pod) = broken else {
            self.blocked = None;
            return;
        };
        if now.duration_since(*self.blocked.get_or_insert(now)) >= OLD_POD {
            judged.phase = Phase::Deferred;
            judged.message = format!(
                "pod {} of an older template is not ready, and the controller waits for it: delete it by hand",
                pod.metadata.name
            );
        }
    }
}
