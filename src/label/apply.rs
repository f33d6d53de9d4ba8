//! Writes labels: only what was shown, only onto what was looked at, and read back.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::json;

use super::judge::some;
use super::{Request, Selection, Survey, is_forbidden, survey};
use crate::cluster::{Change, Cluster, ClusterError, ErrorKind, PatchType, Resource};
use crate::live::NamespaceObject;
use crate::policy::{Mode, Policy};
use crate::report::label::{Applied, NamespaceRow, Violator};

/// What is to be written to a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The namespace.
    pub namespace: String,
    /// The labels to set.
    pub labels: BTreeMap<String, String>,
    /// The labels to take away.
    pub remove: Vec<String>,
    /// Workloads that break, as `deployment/web`.
    pub breaks: Vec<String>,
    /// The policy that is enforced now and the one then, where its level is lower.
    pub lowers: Option<(Policy, Policy)>,
    /// Why it is not written after all.
    pub skipped: Option<String>,
    /// Whether the namespace has all these labels already, and none of those to take away.
    pub is_there: bool,
}

/// What writing would do, namespace by namespace, in the order of the report.
#[must_use]
pub fn intents(survey: &Survey, request: &Request, allow_violations: bool) -> Vec<Intent> {
    let rows = survey.report.namespaces.iter().zip(&survey.namespaces);
    rows.map(|(row, namespace)| intent(row, namespace, request, allow_violations)).collect()
}

fn intent(row: &NamespaceRow, namespace: &NamespaceObject, request: &Request, allow_violations: bool) -> Intent {
    let (labels, remove) = match row.plan.first() {
        Some(step) if request.wanted.0.is_empty() => (step.labels.clone(), step.remove.clone()),
        _ => (request.wanted.labels(), Vec::new()),
    };
    // What breaks at some level says nothing of a plan, which only enforces what everything meets.
    let rows = row.modes.iter().filter(|_| !request.wanted.0.is_empty());
    let enforced = rows.filter(|entry| entry.mode == Mode::Enforce).flat_map(|entry| &entry.violating);
    let breaks: Vec<_> = enforced.filter(|one| one.breaks()).map(Violator::short_name).collect();
    let change = row.modes.iter().find(|entry| entry.mode == Mode::Enforce && !request.wanted.0.is_empty());
    let lowers = change.filter(|entry| entry.is_lowered()).map(|entry| (entry.from, entry.to));
    let is_named = matches!(&request.namespaces, Selection::Names(names) if names.contains(&row.name));
    let skipped = if row.system && !is_named {
        Some("one of the system's own, which is only labelled when it is named".to_owned())
    } else if !breaks.is_empty() && !allow_violations {
        Some(format!("{} would break", counted(breaks.len())))
    } else if change.is_some() && lowers.is_none() && !row.unread.is_empty() && !allow_violations {
        Some(format!("{} could not be read, so more may break than is known", some(row.unread.clone(), 3)))
    } else if labels.is_empty() && remove.is_empty() && row.plan.first().is_some_and(|step| step.when != "now") {
        row.plan.first().map(|step| step.why.clone())
    } else {
        None
    };
    let name = row.name.clone();
    let intent = Intent { namespace: name, labels, remove, breaks, lowers, skipped, is_there: false };
    Intent { is_there: has(namespace, &intent), ..intent }
}

fn counted(workloads: usize) -> String {
    if workloads == 1 { "1 workload".to_owned() } else { format!("{workloads} workloads") }
}

/// Writes the intended labels, each only onto the namespace as it was looked at. Where one changed meanwhile, it is looked
/// at again, once. What became of each is noted in the report.
pub fn apply(cluster: &Cluster, request: &Request, survey: &mut Survey, allow_violations: bool) {
    let intents = intents(survey, request, allow_violations);
    let outcomes = write(cluster, &intents, &survey.namespaces);
    for (i, outcome) in outcomes.into_iter().enumerate() {
        let outcome = match outcome {
            Outcome::Changed => again(cluster, request, survey, i, allow_violations),
            Outcome::Is(applied) => applied,
        };
        survey.report.namespaces[i].applied = Some(outcome);
    }
}

enum Outcome {
    Is(Applied),
    /// The namespace is not the one that was looked at any more.
    Changed,
}

/// Writes all that is not skipped, several at a time, and reads it back.
fn write(cluster: &Cluster, intents: &[Intent], namespaces: &[NamespaceObject]) -> Vec<Outcome> {
    let Some(resource) = Resource::built_in("namespaces") else { return Vec::new() };
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    let mut batch = cluster.batch();
    let mut written = Vec::new();
    for (i, (intent, namespace)) in intents.iter().zip(namespaces).enumerate() {
        let known = if let Some(why) = &intent.skipped {
            Some(Applied::Skipped(why.clone()))
        } else if intent.is_there {
            Some(Applied::Unchanged)
        } else {
            let body = json!({"metadata": {"labels": patch(intent)}});
            let change = Change::patch(&resource, None, &intent.namespace, PatchType::Merge, body);
            batch.write::<NamespaceObject>(change.guarded(&namespace.metadata.resource_version), drop);
            written.push(i);
            None
        };
        outcomes.push(known.map(Outcome::Is));
    }
    let started = Instant::now();
    for (i, result) in written.into_iter().zip(batch.run()) {
        outcomes[i] = Some(match result {
            Ok(()) => Outcome::Is(read_back(cluster, &resource, &intents[i])),
            Err(error) if error.kind() == ErrorKind::Conflict => Outcome::Changed,
            Err(error) if error.may_be_done() => {
                let until = cluster.last_look(started);
                Outcome::Is(find_out(cluster, &resource, &intents[i], &error, until))
            }
            Err(error) => Outcome::Is(Applied::Failed(failure(&error))),
        });
    }
    outcomes.into_iter().flatten().collect()
}

fn failure(error: &ClusterError) -> String {
    if is_forbidden(error) { format!("you may not change it: {error}") } else { error.to_string() }
}

/// Each label that is to change with what it is to be then; `None` takes it away.
fn patch(intent: &Intent) -> BTreeMap<&String, Option<&String>> {
    let set = intent.labels.iter().map(|(key, value)| (key, Some(value)));
    intent.remove.iter().map(|key| (key, None)).chain(set).collect()
}

fn has(namespace: &NamespaceObject, intent: &Intent) -> bool {
    differing(namespace, intent).is_none()
}

/// A label that is not as it is meant to be.
fn differing<'a>(namespace: &NamespaceObject, intent: &'a Intent) -> Option<&'a String> {
    let mut labels = patch(intent).into_iter();
    labels.find(|(key, value)| namespace.metadata.labels.get(*key) != *value).map(|(key, _)| key)
}

/// Reads back what became of labels of which no answer came, or an odd one.
fn find_out(
    cluster: &Cluster,
    resource: &Resource,
    intent: &Intent,
    error: &ClusterError,
    until: Option<Instant>,
) -> Applied {
    match cluster.get_until::<NamespaceObject>(resource, None, &intent.namespace, until) {
        Ok(namespace) if has(&namespace, intent) => Applied::Done,
        Ok(_) => Applied::Failed(format!("{error}; it was read again: it was not written")),
        Err(again) => Applied::Failed(format!(
            "{error}; whether it was written is not known, since it cannot be read again: {again}"
        )),
    }
}

fn read_back(cluster: &Cluster, resource: &Resource, intent: &Intent) -> Applied {
    match cluster.get::<NamespaceObject>(resource, None, &intent.namespace) {
        Ok(namespace) if has(&namespace, intent) => Applied::Done,
        Ok(namespace) => {
            let key = differing(&namespace, intent).map_or("", String::as_str);
            let now = namespace.metadata.labels.get(key).map_or("nothing".to_owned(), |value| format!("{value:?}"));
            Applied::Failed(format!("it was written, and then the server had {now} for {key}"))
        }
        Err(error) => Applied::Failed(format!("it was written, and could not be read back: {error}")),
    }
}

/// Looks at a namespace once more and writes its labels if all is as it was.
fn again(cluster: &Cluster, request: &Request, before: &mut Survey, i: usize, allow_violations: bool) -> Applied {
    let old = &before.report.namespaces[i];
    let one = Request { namespaces: Selection::Names([old.name.clone()].into()), ..request.clone() };
    let new = match survey(cluster, &one, &|_, _| ()) {
        Ok(new) => new,
        Err(error) => return Applied::Failed(format!("it changed, and could not be read again: {error}")),
    };
    let ([row], [namespace]) = (new.report.namespaces.as_slice(), new.namespaces.as_slice()) else {
        return Applied::Failed("it changed, and is not there any more".to_owned());
    };
    let wanted = intent(old, &before.namespaces[i], request, allow_violations);
    let now = intent(row, namespace, &one, allow_violations);
    if now.breaks != wanted.breaks || (&now.labels, &now.remove) != (&wanted.labels, &wanted.remove) {
        return Applied::Failed(
            "it changed meanwhile, and what would break is another: run the command again".to_owned(),
        );
    }
    match write(cluster, &[Intent { skipped: None, ..now }], &new.namespaces).pop() {
        Some(Outcome::Is(applied)) => applied,
        _ => Applied::Failed("it changes all the time: somebody else is writing it".to_owned()),
    }
}
