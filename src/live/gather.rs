//! Asks a cluster for what is to be judged, and makes verdicts of the answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;

use super::collect::{Collector, NamespaceLabels};
use super::labels;
use super::objects::{LiveMeta, LiveObject, ObjectKey, Owner, PodObject, WorkloadObject};
use super::targets::Target;
use crate::check::Request;
use crate::cluster::{Cluster, ClusterError, Discovery, ErrorKind, ListQuery, Resource};
use crate::model::FieldPath;
use crate::policy::Version;
use crate::report::{Asked, ClusterName, Problem, Source, Verdict};

/// What to ask a cluster for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The objects; empty for all workloads and pods.
    pub targets: Vec<Target>,
    /// The namespace; `None` for all.
    pub namespace: Option<String>,
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
}

/// Called with the number of objects that came and, where the server tells, of those that are to come.
pub type Progress<'a> = &'a dyn Fn(usize, u64);

/// Asks `cluster` and judges what it has.
///
/// # Errors
///
/// Why nothing can be judged at all, a sentence. Single kinds that cannot be had are errors of what is returned.
pub fn gather(cluster: &Cluster, request: &Request, ask: &Ask, progress: Progress<'_>) -> Result<Gathered, String> {
    let name = Arc::new(ClusterName {
        context: cluster.context().unwrap_or_default().into(),
        cluster: cluster.name().unwrap_or(cluster.server()).into(),
    });
    let mut run = Run {
        cluster,
        request,
        ask,
        name,
        errors: Vec::new(),
        warnings: Vec::new(),
        incomplete: Vec::new(),
        discovery: None,
    };
    let newest = cluster.server_version().map_err(text)?.minor.min(Version::NEWEST);
    let targets = run.resolve_targets()?;
    let namespaces = run.namespaces().map_err(text)?;
    labels::mistakes(&namespaces, request.defaults, newest).into_iter().for_each(|mistake| run.warning(mistake));
    let collector = RefCell::new(Collector::new(request, &namespaces, newest));
    collector.borrow_mut().stop_at(&targets);
    run.built_in(&collector, &targets, progress)?;
    run.custom(&collector, &targets).map_err(text)?;
    let refusals = run.refusals();
    let mut collector = collector.into_inner();
    let (problems, seen) = (std::mem::take(&mut collector.problems), std::mem::take(&mut collector.seen));
    let verdicts = collector.finish(&run.name, &refusals);
    let verdicts = run.chosen(verdicts, &targets, &seen, &problems);
    for (key, why) in problems {
        run.error(format!("{}/{} in namespace {:?}: {why}", key.kind.to_lowercase(), key.name, key.namespace));
    }
    Ok(Gathered { verdicts, errors: run.errors, warnings: run.warnings, newest })
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// A target whose type is known.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub(super) resource: Resource,
    pub(super) name: Option<String>,
}

impl Resolved {
    pub(super) fn is(&self, kind: &str, group: &str, name: &str) -> bool {
        self.resource.kind == kind
            && self.resource.group == group
            && self.name.as_ref().is_none_or(|asked| asked == name)
    }

    /// Whether all pods are meant, and with them what they belong to.
    pub(super) fn is_all_pods(&self) -> bool {
        self.resource.kind == "Pod" && self.resource.group.is_empty() && self.name.is_none()
    }
}

pub(super) struct Run<'a> {
    pub(super) cluster: &'a Cluster,
    request: &'a Request,
    ask: &'a Ask,
    name: Arc<ClusterName>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Kinds and groups that could not be had, or not to the end.
    incomplete: Vec<Resource>,
    pub(super) discovery: Option<Discovery>,
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

/// A namespace, as far as it counts here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Namespace {
    metadata: NamespaceMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NamespaceMeta {
    name: String,
    labels: Option<BTreeMap<String, String>>,
}

/// Only the metadata of an object.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Bare {
    pub(super) metadata: LiveMeta,
}

impl LiveObject for Bare {
    fn metadata(&self) -> &LiveMeta {
        &self.metadata
    }
}

impl Run<'_> {
    fn error(&mut self, message: String) {
        self.errors.push(Problem { source: Source::cluster(Arc::clone(&self.name)), message });
    }

    pub(super) fn warning(&mut self, message: String) {
        self.warnings.push(Problem { source: Source::cluster(Arc::clone(&self.name)), message });
    }

    /// Notes what could not be had; what makes all other requests vain ends the run.
    pub(super) fn note(&mut self, resource: Resource, result: Result<(), ClusterError>) -> Result<(), ClusterError> {
        match result {
            Ok(()) => Ok(()),
            // What is wrong with one request, as a selector that means nothing, is wrong with all of them.
            Err(error) if error.is_fatal() || error.kind() == ErrorKind::Refused => Err(error),
            Err(error) => {
                let message = error.to_string();
                // A broken answer does not say what it would have been.
                let is_named = message.contains(&resource.plural);
                self.error(if is_named { message } else { format!("{}: {message}", resource.full_name()) });
                self.incomplete.push(resource);
                Ok(())
            }
        }
    }

    pub(super) fn discovery(&mut self) -> Result<&Discovery, ClusterError> {
        let found = match self.discovery.take() {
            Some(found) => found,
            None => {
                let found = self.cluster.discover()?;
                found.problems.iter().for_each(|problem| self.warning(problem.to_string()));
                found
            }
        };
        Ok(self.discovery.insert(found))
    }

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

    pub(super) fn query(&self, resource: Resource) -> ListQuery {
        let namespace = self.ask.namespace.clone().filter(|_| resource.namespaced);
        ListQuery {
            labels: self.ask.labels.clone(),
            chunk_size: self.ask.chunk_size,
            ..ListQuery::new(resource, namespace)
        }
    }

    /// Labels of the namespaces, where they decide. Who may only see one namespace may still read that one.
    fn namespaces(&mut self) -> Result<NamespaceLabels, ClusterError> {
        let mut labels = NamespaceLabels::new();
        if self.request.asked != Asked::Namespace {
            return Ok(labels);
        }
        let Some(resource) = Resource::built_in("namespaces") else { return Ok(labels) };
        let mut add = |namespace: Namespace| {
            labels.insert(namespace.metadata.name, namespace.metadata.labels.unwrap_or_default());
        };
        let result = match &self.ask.namespace {
            Some(name) => self.cluster.get::<Namespace>(&resource, None, name).map(add),
            None => {
                let query = ListQuery::new(resource.clone(), None);
                self.cluster.list::<Namespace>(&query, |page| page.items.into_iter().for_each(&mut add))
            }
        };
        self.note(resource, result)?;
        Ok(labels)
    }

    /// All kinds of Kubernetes' own at once.
    fn built_in(
        &mut self,
        collector: &RefCell<Collector<'_>>,
        targets: &[Resolved],
        progress: Progress<'_>,
    ) -> Result<(), String> {
        let came = RefCell::new(0);
        let count = |items: usize, remaining: Option<u64>| {
            *came.borrow_mut() += items;
            progress(*came.borrow(), remaining.unwrap_or(0));
        };
        let resources: Vec<_> = Resource::workloads().filter(|resource| is_wanted(resource, targets)).collect();
        let mut asked = Vec::new();
        let mut batch = self.cluster.batch();
        for resource in resources {
            let mut query = self.query(resource.clone());
            asked.push(resource.clone());
            if resource.kind == "Pod" {
                query.fields.clone_from(&self.ask.fields);
                batch.list::<PodObject>(query, |page| {
                    count(page.items.len(), page.remaining);
                    let mut collector = collector.borrow_mut();
                    if page.starts_over {
                        collector.forget_pods();
                    }
                    page.items.into_iter().for_each(|pod| collector.pod(pod));
                });
                continue;
            }
            // Of what stands between pods and their workloads all is looked at: whether a Deployment and its pods are
            // meant is not for its ReplicaSets to say.
            if query.labels.is_some() && matches!(resource.kind.as_str(), "ReplicaSet" | "Job") {
                asked.push(resource.clone());
                let (all, resource) = (ListQuery { labels: None, ..query.clone() }, resource.clone());
                batch.list::<Bare>(all, move |page| {
                    let mut collector = collector.borrow_mut();
                    page.items.iter().for_each(|object| collector.note(&key(&resource, object.metadata()), object));
                });
            }
            let count = &count;
            let (path, api_version) = (template_path(&resource.kind), resource.api_version());
            batch.list::<WorkloadObject>(query, move |page| {
                count(page.items.len(), page.remaining);
                let mut collector = collector.borrow_mut();
                for object in page.items {
                    collector.workload(key(&resource, object.metadata()), &api_version, path.clone(), object);
                }
            });
        }
        let results = batch.run();
        let refusal = |result: &Result<(), ClusterError>| {
            result.as_ref().err().filter(|error| error.kind() == ErrorKind::Forbidden).map(ToString::to_string)
        };
        // One sentence in place of one for each kind.
        if let Some(refusals) = results.iter().map(refusal).collect::<Option<Vec<_>>>()
            && let Some(first) = refusals.first()
        {
            return Err(format!("nothing of what is to be judged may be listed: {first}"));
        }
        asked.into_iter().zip(results).try_for_each(|(resource, result)| self.note(resource, result)).map_err(text)
    }

    /// Messages of events that tell of pods that Pod Security refused, by the object that could not make them.
    fn refusals(&mut self) -> BTreeMap<ObjectKey, Vec<String>> {
        let mut found: BTreeMap<ObjectKey, Vec<String>> = BTreeMap::new();
        let Some(resource) = Resource::built_in("events") else { return found };
        let mut query = ListQuery::new(resource, self.ask.namespace.clone());
        query.fields = Some("reason=FailedCreate".to_owned());
        let result = self.cluster.list::<Event>(&query, |page| {
            for event in page.items.into_iter().filter(|event| event.message.contains("violates PodSecurity")) {
                let messages =
                    found.entry(event.involved_object.owner.key(&event.involved_object.namespace)).or_default();
                let message = without_pod_name(&event.message);
                if !messages.contains(&message) {
                    messages.push(message);
                }
            }
        });
        if let Err(error) = result {
            self.warning(format!("events are not looked at: {error}"));
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
            let is_told = self.incomplete.contains(&target.resource) || problems.iter().any(|(key, _)| is(key));
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

/// Whether objects of a type are needed to tell of the targets: themselves, their pods, and what is between.
fn is_wanted(resource: &Resource, targets: &[Resolved]) -> bool {
    let kind = resource.kind.as_str();
    let needs = |target: &Resolved| match target.resource.kind.as_str() {
        _ if !target.resource.is_built_in() => kind != "PodTemplate",
        own if own == kind => true,
        "Pod" => target.name.is_none() && kind != "PodTemplate",
        "PodTemplate" => false,
        "Deployment" => matches!(kind, "ReplicaSet" | "Pod"),
        "CronJob" => matches!(kind, "Job" | "Pod"),
        _ => kind == "Pod",
    };
    // Pod templates are no workloads and few may list them: they are read when asked for.
    if targets.is_empty() { kind != "PodTemplate" } else { targets.iter().any(needs) }
}

fn template_path(kind: &str) -> FieldPath {
    match kind {
        "CronJob" => FieldPath::fields(&["spec", "jobTemplate", "spec", "template"]),
        "PodTemplate" => FieldPath::fields(&["template"]),
        _ => FieldPath::fields(&["spec", "template"]),
    }
}

pub(super) fn key(resource: &Resource, metadata: &LiveMeta) -> ObjectKey {
    ObjectKey {
        namespace: metadata.namespace.clone(),
        kind: resource.kind.clone(),
        group: resource.group.clone(),
        name: metadata.name.clone(),
    }
}

/// The message of a refusal without the name of the pod, which is another one each time.
fn without_pod_name(message: &str) -> String {
    match message.split_once(" is forbidden: ") {
        Some((_, reason)) => reason.to_owned(),
        None => message.to_owned(),
    }
}
