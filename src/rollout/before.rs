//! What a workload was like before it was edited.

use std::collections::{BTreeMap, BTreeSet};

use super::objects::{Event, Object, text};
use super::scene::{self, Scene};
use super::symptom::{self, Sign, Symptom};
use super::talk::{Talk, said};
use super::{Target, findings};
use crate::cluster::{Cluster, ClusterError};

/// A workload before it was edited: which pods it had, and what they failed of. The default knows nothing, so that no
/// failure is told to be an old one, and pods without another mark count as new.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// UIDs of its pods.
    pods: BTreeSet<String>,
    /// What failed, by container.
    failures: Vec<(Option<String>, Sign)>,
    /// Containers that ran and were ready.
    ran: BTreeSet<String>,
    /// How often each event about it had happened, by its UID.
    events: BTreeMap<String, i64>,
}

impl Before {
    /// Looks at a workload that will be edited. Logs and events are read where they may be.
    ///
    /// # Errors
    ///
    /// The object or its pods cannot be read.
    pub fn take(cluster: &Cluster, target: &Target) -> Result<Self, ClusterError> {
        let scene = scene::read(cluster, target)?;
        let mut talk = Talk::default();
        let failing: Vec<&Object> = scene.pods.iter().filter(|pod| !pod.is_well()).collect();
        let logs = talk.logs(cluster, target, &failing);
        let events = talk.events(cluster, target, &[&[&scene.object], failing.as_slice()].concat());
        let mut before = Self {
            pods: scene.pods.iter().map(|pod| pod.metadata.uid.clone()).collect(),
            ran: ready_containers(&scene),
            ..Self::default()
        };
        let of_pods = failing.iter().flat_map(|pod| {
            let events = events.get(&pod.metadata.uid).map_or(&[][..], Vec::as_slice);
            symptom::of_pod(pod, &logs, &said(events))
        });
        before.failures.extend(of_pods.map(|symptom| (symptom.container, symptom.sign)));
        let of_object = events.get(&scene.object.metadata.uid).map_or(&[][..], Vec::as_slice);
        let refused = findings::not_created(&scene, of_object);
        before.failures.extend(refused.map(|symptom| (None, symptom.sign)));
        before.events = of_object.iter().map(|event| (event.metadata.uid.clone(), times(event))).collect();
        Ok(before)
    }

    /// Whether a pod was there.
    pub(super) fn had_pod(&self, uid: &str) -> bool {
        self.pods.contains(uid)
    }

    /// Whether the same failed. A container that ended says little where its log does not: then any end counts.
    pub(super) fn had(&self, symptom: &Symptom) -> bool {
        let of_container = self.failures.iter().filter(|(container, _)| *container == symptom.container);
        let is_end = |sign: &Sign| matches!(sign, Sign::Crash | Sign::Log(_) | Sign::BadCall);
        of_container.into_iter().any(|(_, sign)| *sign == symptom.sign || symptom.sign == Sign::Crash && is_end(sign))
    }

    /// Whether the container ran.
    pub(super) fn ran(&self, symptom: &Symptom) -> bool {
        symptom.container.as_ref().is_some_and(|name| self.ran.contains(name))
    }

    /// Whether an event has happened since.
    pub(super) fn is_news(&self, event: &Event) -> bool {
        self.events.get(&event.metadata.uid).is_none_or(|known| *known < times(event))
    }
}

fn times(event: &Event) -> i64 {
    event.count.unwrap_or(1)
}

fn ready_containers(scene: &Scene) -> BTreeSet<String> {
    let statuses = scene.pods.iter().flat_map(Object::statuses).filter(|status| status["ready"] == true);
    statuses.map(|status| text(&status["name"]).to_owned()).collect()
}
