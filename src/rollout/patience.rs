//! When what is seen is to be believed: what is ready may end a moment later, and what is not may never be.

use std::time::{Duration, Instant};

use super::kind::Kind;
use super::objects::{Object, list};
use super::progress::Progress;
use super::symptom::Symptom;
use crate::report::rollout::Phase;

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

/// What a look showed.
pub(super) struct Seen<'a> {
    pub(super) kind: Kind,
    /// Pods of the present template.
    pub(super) new: &'a [&'a Object],
    /// Pods of older ones.
    pub(super) old: &'a [&'a Object],
    pub(super) symptoms: &'a [Symptom],
}

impl Patience {
    /// The phase and message of a look at this time, given what the controller says.
    pub(super) fn weigh(&mut self, seen: &Seen<'_>, progress: Progress, now: Instant) -> Progress {
        let mut judged = progress;
        if judged.phase != Phase::Done {
            self.ready = None;
        } else if !self.has_settled(seen.new, now) {
            judged.phase = Phase::Progressing;
            judged.message = "all new pods are ready; a moment more shows whether they stay so".to_owned();
        }
        if judged.phase == Phase::Progressing && seen.symptoms.iter().any(|symptom| symptom.is_final) {
            judged.phase = Phase::Stuck;
            judged.message = "new pods do not come up".to_owned();
        }
        if judged.phase == Phase::Progressing {
            match seen.kind {
                Kind::Custom => self.wait_for_first(&mut judged, seen, now),
                Kind::StatefulSet => self.wait_for_old(&mut judged, seen, now),
                _ => {}
            }
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

    fn wait_for_first(&mut self, judged: &mut Progress, seen: &Seen<'_>, now: Instant) {
        if !seen.new.is_empty() {
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
    fn wait_for_old(&mut self, judged: &mut Progress, seen: &Seen<'_>, now: Instant) {
        let is_well = |pod: &&Object| pod.is_well();
        let broken = seen.old.iter().find(|pod| !is_well(pod)).filter(|_| seen.new.iter().all(is_well));
        if broken.is_none() {
            self.blocked = None;
            return;
        }
        if now.duration_since(*self.blocked.get_or_insert(now)) >= OLD_POD {
            judged.phase = Phase::Deferred;
            judged.message =
                "a pod of an older template is not ready, and the controller waits for it: it has to be deleted"
                    .to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(restarts: u64, probe: &Value) -> Object {
        Object {
            spec: json!({"containers": [{"name": "app", "readinessProbe": probe}]}),
            status: json!({
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{"name": "app", "restartCount": restarts}],
            }),
            ..Object::default()
        }
    }

    /// The phases of looks at seconds, at a Deployment whose controller says that it is done.
    fn phases(looks: &[(u64, &Object)]) -> Vec<Phase> {
        let (mut patience, start) = (Patience::default(), Instant::now());
        let done = Progress { phase: Phase::Done, message: String::new(), wanted: Some(1) };
        let look = |(second, pod): &(u64, &Object)| {
            let seen = Seen { kind: Kind::Deployment, new: &[*pod], old: &[], symptoms: &[] };
            patience.weigh(&seen, done.clone(), start + Duration::from_secs(*second)).phase
        };
        looks.iter().map(look).collect()
    }

    #[test]
    fn what_is_ready_is_believed_a_moment_later_and_at_once_where_it_is_probed() {
        use Phase::{Done, Progressing};
        let plain = pod(0, &Value::Null);
        assert_eq!(phases(&[(0, &plain), (1, &plain), (2, &plain)]), [Progressing, Progressing, Done]);
        assert_eq!(phases(&[(0, &pod(0, &json!({"tcpSocket": {"port": 80}})))]), [Done]);
        let again = pod(1, &Value::Null);
        assert_eq!(
            phases(&[(0, &plain), (2, &again), (9, &again), (12, &again)]),
            [Progressing, Progressing, Progressing, Done]
        );
    }
}
