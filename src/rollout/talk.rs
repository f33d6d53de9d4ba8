//! What pods and controllers say beyond their status: logs and events, as far as they may be read.

use std::collections::BTreeMap;

use super::Target;
use super::log;
use super::objects::{Event, Object, text};
use super::scene::LIMIT;
use super::symptom::{Logs, Told, wants_log};
use crate::cluster::{Cluster, ClusterError, ErrorKind, ListQuery, Resource};

/// The most containers whose logs are read in one look: pods of one template mostly fail alike.
const MOST_LOGS: usize = 3;
/// The most pods whose events are read in one look.
const MOST_EVENTS: usize = 2;

/// The reader of logs and events, with what it has read.
#[derive(Debug, Clone, Default)]
pub(super) struct Talk {
    /// What logs tell, by the run of the container.
    read: BTreeMap<String, Told>,
    logs_are_forbidden: bool,
    events_are_forbidden: bool,
}

/// The reason and message of an event.
pub(super) type Said = (String, String);

impl Talk {
    /// What the logs of containers tell that ended.
    pub(super) fn logs(&mut self, cluster: &Cluster, target: &Target, pods: &[&Object]) -> Logs {
        let mut logs = Logs::new();
        let mut wanted: Vec<(String, &str, String, bool)> = Vec::new();
        for pod in pods {
            for status in pod.statuses() {
                let Some(previous) = wants_log(status) else { continue };
                let (pod_name, name) = (pod.metadata.name.as_str(), text(&status["name"]));
                let run = format!("{}/{name}/{}/{previous}", pod.metadata.uid, status["restartCount"]);
                match self.read.get(&run) {
                    Some(told) => _ = logs.insert((pod_name.to_owned(), name.to_owned()), told.clone()),
                    None => wanted.push((run, pod_name, name.to_owned(), previous)),
                }
            }
        }
        if !self.logs_are_forbidden {
            wanted.truncate(MOST_LOGS);
            for (run, pod, name, told) in self.ask_logs(cluster, target, wanted) {
                self.read.insert(run, told.clone());
                logs.insert((pod, name), told);
            }
        }
        logs
    }

    fn ask_logs(
        &mut self,
        cluster: &Cluster,
        target: &Target,
        wanted: Vec<(String, &str, String, bool)>,
    ) -> Vec<(String, String, String, Told)> {
        let Some(pods) = Resource::built_in("pods") else { return Vec::new() };
        let mut read: Vec<Option<Told>> = wanted.iter().map(|_| None).collect();
        let mut batch = cluster.batch();
        for ((_, pod, name, previous), slot) in wanted.iter().zip(&mut read) {
            let mut parameters = vec![("container", name.as_str()), ("tailLines", "50"), ("limitBytes", "32768")];
            parameters.extend(previous.then_some(("previous", "true")));
            batch.text(&pods, Some(&target.namespace), pod, "log", &parameters, |text| {
                *slot = Some(log::read(&text));
            });
        }
        for result in batch.run_within(LIMIT) {
            self.logs_are_forbidden |= is_forbidden(&result);
        }
        let read = wanted.into_iter().zip(read);
        read.filter_map(|((run, pod, name, _), told)| Some((run, pod.to_owned(), name, told?))).collect()
    }

    /// The warnings about each of some objects, by its UID.
    pub(super) fn events(
        &mut self,
        cluster: &Cluster,
        target: &Target,
        objects: &[&Object],
    ) -> BTreeMap<String, Vec<Event>> {
        let Some(events) = Resource::built_in("events").filter(|_| !self.events_are_forbidden) else {
            return BTreeMap::new();
        };
        let objects = objects.get(..MOST_EVENTS).unwrap_or(objects);
        let mut found: Vec<Vec<Event>> = objects.iter().map(|_| Vec::new()).collect();
        let mut batch = cluster.batch();
        for (object, slot) in objects.iter().zip(&mut found) {
            let fields = format!("involvedObject.uid={},type=Warning", object.metadata.uid);
            let query = ListQuery::new(events.clone(), Some(target.namespace.clone()));
            batch.list::<Event>(ListQuery { fields: Some(fields), ..query }, |page| slot.extend(page.items));
        }
        for result in batch.run_within(LIMIT) {
            self.events_are_forbidden |= is_forbidden(&result);
        }
        objects.iter().zip(found).map(|(object, events)| (object.metadata.uid.clone(), events)).collect()
    }

    /// What may not be read, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.logs_are_forbidden {
            notes.push("logs may not be read (pods/log), so that it is not known why containers end".to_owned());
        }
        if self.events_are_forbidden {
            notes.push("events may not be read, so that refused pods and failing probes may not show".to_owned());
        }
        notes
    }
}

fn is_forbidden(result: &Result<(), ClusterError>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Forbidden)
}

/// Reasons and messages of events.
pub(super) fn said(events: &[Event]) -> Vec<Said> {
    let said = events.iter().map(|event| (event.reason.clone(), event.message.clone()));
    said.map(|(reason, message)| (reason.unwrap_or_default(), message.unwrap_or_default())).collect()
}
