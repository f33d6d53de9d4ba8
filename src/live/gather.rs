//! Asks a cluster for what is to be judged, and makes verdicts of the answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Deserialize;

use super::NamespaceLabels;
use super::collect::Collector;
use super::finish::finish;
use super::judge::Judge;
use super::labels;
use super::objects::{ObjectKey, Owner};
use super::run::{Resolved, Run};
use super::targets::Target;
use crate::check::Request;
use crate::cluster::{Cluster, ClusterError, ListQuery, Resource};
use crate::policy::Version;
use crate::report::{Asked, Problem, Verdict};

/// What to ask a cluster for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The objects; empty for all workloads and pods.
    pub targets: Vec<Target>,
    /// The namespaces; empty for all.
    pub namespaces: BTreeSet<String>,
    /// Label selector.
    pub labels: Option<String>,
    /// Field selector, for pods: only workloads with such pods are then told.
    pub fields: Option<String>,
    /// The most objects in one answer; 0 is no limit.
    pub chunk_size: usize,
}

/// What a cluster gave.
#[derive(Debug)]
pub struct Gathered {
    /// A verdict per workload and bare pod.
    pub verdicts: Vec<Verdict>,
    /// What could not be had.
    pub errors: Vec<Problem>,
    /// What could not be had and is not missed much.
    pub warnings: Vec<Problem>,
    /// The newest version that the server and the tool both know.
    pub newest: u16,
    /// Pods that have ended and that no workload replaces; they are not judged.
    pub ended: usize,
}

/// Called with the number of objects that came and, where the server tells, of those that are to come.
pub type Progress<'a> = &'a dyn Fn(usize, u64);

/// What a cluster has, not judged yet.
pub struct Holdings {
    /// The objects.
    pub objects: Collector,
    /// What could not be had.
    pub errors: Vec<Problem>,
    /// What could not be had and is not missed much.
    pub warnings: Vec<Problem>,
    /// What `errors` are about: types, as `deployments.apps`, and objects, as `rollout/web`, with the namespace; without
    /// one, it is true of all.
    unread: Vec<(String, Option<String>)>,
}

impl Holdings {
    /// What of a namespace could not be read, each once.
    #[must_use]
    pub fn unread(&self, namespace: &str) -> Vec<String> {
        let is_here = |place: &Option<String>| place.as_deref().is_none_or(|place| place == namespace);
        let here = self.unread.iter().filter(|(_, place)| is_here(place));
        here.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Reads all workloads and pods of some namespaces, each once.
///
/// # Errors
///
/// Why nothing can be judged at all, a sentence. Single kinds that cannot be had are errors of what is returned.
pub fn read(cluster: &Cluster, ask: &Ask, progress: Progress<'_>) -> Result<Holdings, String> {
    let mut run = Run::new(cluster, ask);
    let mut collector = RefCell::new(run.collector());
    if let Err(refusal) = run.built_in(&collector, &[], progress) {
        // Who may not list the whole cluster may list the namespaces that were named, one by one.
        if !run.goes_into_namespaces() {
            return Err(refusal);
        }
        collector = RefCell::new(run.collector());
        run.built_in(&collector, &[], progress)?;
    }
    run.custom(&collector, &[]).map_err(text)?;
    let mut objects = collector.into_inner();
    let problems = std::mem::take(&mut objects.problems);
    let types = run.incomplete.iter().map(|(resource, place)| (resource.full_name(), place.clone()));
    let broken = problems.iter().map(|(key, _)| {
        let name = format!("{}/{}", key.kind.to_lowercase(), key.name);
        (name, Some(key.namespace.clone()))
    });
    let custom = run.misses_types.then(|| ("custom resources".to_owned(), None));
    let unread = types.chain(broken).chain(custom).collect();
    run.tell(problems);
    Ok(Holdings { objects, errors: run.errors, warnings: run.warnings, unread })
}

/// Asks `cluster` and judges what it has.
///
/// # Errors
///
/// Why nothing can be judged at all, a sentence. Single kinds that cannot be had are errors of what is returned.
pub fn gather(cluster: &Cluster, request: &Request, ask: &Ask, progress: Progress<'_>) -> Result<Gathered, String> {
    let mut run = Run::new(cluster, ask);
    let newest = cluster.server_version().map_err(text)?.minor.min(Version::NEWEST);
    let targets = run.resolve_targets()?;
    let namespaces = run.labels(request).map_err(text)?;
    labels::mistakes(&namespaces, request.defaults, newest).into_iter().for_each(|mistake| run.warning(mistake));
    let collector = RefCell::new(run.collector());
    collector.borrow_mut().stop_at(&targets);
    run.built_in(&collector, &targets, progress)?;
    run.custom(&collector, &targets).map_err(text)?;
    let refusals = run.refusals();
    let mut objects = collector.into_inner();
    let (problems, seen) = (std::mem::take(&mut objects.problems), std::mem::take(&mut objects.seen));
    let (verdicts, ended) = finish(&mut objects, Judge::new(request, &namespaces, newest), &run.name, &refusals);
    let are_meant = targets.is_empty() || targets.iter().any(Resolved::is_all_pods);
    let ended = if are_meant { ended } else { 0 };
    let verdicts = run.chosen(verdicts, &targets, &seen, &problems);
    run.tell(problems);
    Ok(Gathered { verdicts, errors: run.errors, warnings: run.warnings, newest, ended })
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// An event, as far as it counts here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Event {
    message: String,
    involved_object: Involved,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Involved {
    namespace: String,
    #[serde(flatten)]
    owner: Owner,
}

impl Run<'_> {
    fn resolve_targets(&mut self) -> Result<Vec<Resolved>, String> {
        let mut resolved = Vec::new();
        for target in &self.ask.targets {
            if target.resource == "all" && target.name.is_none() {
                return Ok(Vec::new());
            }
            let resource = match Resource::built_in(&target.resource) {
                Some(resource) => resource,
                None => self.discovery().map_err(text)?.resolve(&target.resource).map_err(text)?.clone(),
            };
            let is_workload = Resource::workloads().any(|workload| workload.kind == resource.kind);
            if resource.is_built_in() && !is_workload {
                return Err(format!("{} have no pod template, so there is nothing to judge", resource.full_name()));
            }
            resolved.push(Resolved { resource, name: target.name.clone() });
        }
        Ok(resolved)
    }

    /// Labels of the namespaces, where they decide.
    fn labels(&mut self, request: &Request) -> Result<NamespaceLabels, ClusterError> {
        if request.asked != Asked::Namespace {
            return Ok(NamespaceLabels::new());
        }
        Ok(self
            .namespaces()?
            .into_iter()
            .map(|namespace| (namespace.metadata.name, namespace.metadata.labels))
            .collect())
    }

    /// Messages of events that tell of pods that Pod Security refused, by the object that could not make them.
    fn refusals(&mut self) -> BTreeMap<ObjectKey, Vec<String>> {
        let mut found: BTreeMap<ObjectKey, Vec<String>> = BTreeMap::new();
        let Some(resource) = Resource::built_in("events") else { return found };
        for query in self.queries(&resource) {
            let fields = Some("reason=FailedCreate".to_owned());
            let query = ListQuery { fields, labels: None, chunk_size: ListQuery::CHUNK_SIZE, ..query };
            let result = self.cluster.list::<Event>(&query, |page| {
                for event in page.items.into_iter().filter(|event| event.message.contains("violates PodSecurity")) {
                    let involved = &event.involved_object;
                    let messages = found.entry(involved.owner.key(&involved.namespace)).or_default();
                    let message = without_pod_name(&event.message);
                    if !messages.contains(&message) {
                        messages.push(message);
                    }
                }
            });
            if let Err(error) = result {
                self.warning(format!("events are not looked at: {error}"));
            }
        }
        found
    }

    /// The verdicts that were asked for; names that were and are not there become errors.
    fn chosen(
        &mut self,
        mut verdicts: Vec<Verdict>,
        targets: &[Resolved],
        seen: &HashSet<ObjectKey>,
        problems: &[(ObjectKey, String)],
    ) -> Vec<Verdict> {
        let has_pods = |verdict: &Verdict| verdict.live.as_ref().is_some_and(|live| live.pods > 0);
        if self.ask.fields.is_some() {
            verdicts.retain(has_pods);
        }
        if targets.is_empty() {
            return verdicts;
        }
        let is_meant = |target: &Resolved, verdict: &Verdict| {
            let group = verdict.api_version.split_once('/').map_or("", |(group, _)| group);
            target.is(&verdict.kind, group, &verdict.name) || (target.is_all_pods() && has_pods(verdict))
        };
        for target in targets {
            let Some(name) = &target.name else { continue };
            let type_name = target.resource.full_name();
            let is = |key: &ObjectKey| target.is(&key.kind, &key.group, &key.name);
            let is_seen = seen.iter().any(is);
            let is_told = self.incomplete.iter().any(|(resource, _)| *resource == target.resource)
                || problems.iter().any(|(key, _)| is(key));
            if is_told || verdicts.iter().any(|verdict| is_meant(target, verdict)) {
                continue;
            }
            self.error(if is_seen && !self.is_selective() {
                format!("{type_name} {name:?} has no pod template, so there is nothing to judge")
            } else {
                format!("{type_name} {name:?} not found")
            });
        }
        verdicts.retain(|verdict| targets.iter().any(|target| is_meant(target, verdict)));
        verdicts
    }

    fn is_selective(&self) -> bool {
        self.ask.labels.is_some() || self.ask.fields.is_some()
    }
}

/// The message of a refusal without the name of the pod, which is another one each time.
fn without_pod_name(message: &str) -> String {
    match message.split_once(" is forbidden: ") {
        Some((_, reason)) => reason.to_owned(),
        None => message.to_owned(),
    }
}
