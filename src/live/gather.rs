//! Asks a cluster for what is to be judged, and makes verdicts of the answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::collect::{Collector, NamespaceLabels};
use super::objects::{LiveMeta, LiveObject, ObjectKey, Owner, PodObject, WorkloadObject};
use super::targets::Target;
use crate::check::Request;
use crate::cluster::{Cluster, ClusterError, Discovery, ListQuery, Resource};
use crate::model::{FieldPath, PodTemplate};
use crate::policy::Version;
use crate::report::{Asked, ClusterName, Problem, Source, Verdict};
use crate::source::{find, objects};
use crate::yaml::de::decode;
use crate::yaml::{Document, chunks};

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

/// Custom resources that are asked for unasked, since they make pods: the most used ones. Others are when pods that
/// they own are found.
const WORKLOAD_GROUPS: &[(&str, &str)] = &[
    ("Rollout", "argoproj.io"),
    ("CronWorkflow", "argoproj.io"),
    ("CloneSet", "apps.kruise.io"),
    ("Service", "serving.knative.dev"),
    ("JobSet", "jobset.x-k8s.io"),
    ("RayCluster", "ray.io"),
    ("DeploymentConfig", "apps.openshift.io"),
];

/// Asks `cluster` and judges what it has.
///
/// # Errors
///
/// The cluster cannot be asked at all. Single kinds that cannot be had are errors of what is returned.
pub fn gather(
    cluster: &Cluster,
    request: &Request,
    ask: &Ask,
    progress: Progress<'_>,
) -> Result<Gathered, ClusterError> {
    let name = Arc::new(ClusterName {
        context: cluster.context().unwrap_or_default().into(),
        cluster: cluster.name().unwrap_or(cluster.server()).into(),
    });
    let mut run = Run { cluster, request, ask, name, errors: Vec::new(), warnings: Vec::new(), discovery: None };
    let newest = cluster.server_version()?.minor.min(Version::NEWEST);
    let targets = run.resolve_targets()?;
    let namespaces = run.namespaces()?;
    let collector = RefCell::new(Collector::new(request, &namespaces, newest));
    collector.borrow_mut().stop_at(&targets);
    run.built_in(&collector, &targets, progress)?;
    run.custom(&collector, &targets)?;
    let refusals = run.refusals();
    let verdicts = collector.into_inner().finish(&run.name, &refusals);
    let verdicts = run.chosen(verdicts, &targets);
    Ok(Gathered { verdicts, errors: run.errors, warnings: run.warnings, newest })
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
}

struct Run<'a> {
    cluster: &'a Cluster,
    request: &'a Request,
    ask: &'a Ask,
    name: Arc<ClusterName>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    discovery: Option<Discovery>,
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
struct Bare {
    metadata: LiveMeta,
}

impl LiveObject for Bare {
    fn metadata(&self) -> &LiveMeta {
        &self.metadata
    }
}

impl Run<'_> {
    fn problem(&self, message: String) -> Problem {
        Problem { source: Source::cluster(Arc::clone(&self.name)), message }
    }

    /// Notes what could not be had; what makes all other requests vain ends the run.
    fn note(&mut self, result: Result<(), ClusterError>) -> Result<(), ClusterError> {
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                let problem = self.problem(error.to_string());
                self.errors.push(problem);
                Ok(())
            }
        }
    }

    fn discovery(&mut self) -> Result<&Discovery, ClusterError> {
        let found = match self.discovery.take() {
            Some(found) => found,
            None => self.cluster.discover()?,
        };
        Ok(self.discovery.insert(found))
    }

    fn resolve_targets(&mut self) -> Result<Vec<Resolved>, ClusterError> {
        let mut resolved = Vec::new();
        for target in &self.ask.targets {
            if target.resource == "all" && target.name.is_none() {
                return Ok(Vec::new());
            }
            let resource = match Resource::built_in(&target.resource) {
                Some(resource) => resource,
                None => self.discovery()?.resolve(&target.resource)?.clone(),
            };
            resolved.push(Resolved { resource, name: target.name.clone() });
        }
        Ok(resolved)
    }

    fn query(&self, resource: Resource) -> ListQuery {
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
                let query = ListQuery::new(resource, None);
                self.cluster.list::<Namespace>(&query, |page| page.items.into_iter().for_each(&mut add))
            }
        };
        self.note(result)?;
        Ok(labels)
    }

    /// All kinds of Kubernetes' own at once. Those that only stand between pods and their workloads are read without
    /// selectors: which pods and workloads are meant is said by the others.
    fn built_in(
        &mut self,
        collector: &RefCell<Collector<'_>>,
        targets: &[Resolved],
        progress: Progress<'_>,
    ) -> Result<(), ClusterError> {
        let came = RefCell::new(0);
        let count = |items: usize, remaining: Option<u64>| {
            *came.borrow_mut() += items;
            progress(*came.borrow(), remaining.unwrap_or(0));
        };
        let mut batch = self.cluster.batch();
        for resource in Resource::workloads().filter(|resource| is_wanted(resource, targets)) {
            let mut query = self.query(resource.clone());
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
            if matches!(resource.kind.as_str(), "ReplicaSet" | "Job") {
                query.labels = None;
            }
            let count = &count;
            let (selected, path, api_version) =
                (self.ask.labels.is_none(), template_path(&resource.kind), resource.api_version());
            batch.list::<WorkloadObject>(query, move |page| {
                count(page.items.len(), page.remaining);
                let mut collector = collector.borrow_mut();
                for object in page.items {
                    let key = key(&resource, object.metadata());
                    if matches!(resource.kind.as_str(), "ReplicaSet" | "Job") && !selected {
                        collector.note_manager(&key, &object);
                    } else {
                        collector.workload(key, &api_version, path.clone(), object);
                    }
                }
            });
        }
        let results = batch.run();
        results.into_iter().try_for_each(|result| self.note(result))
    }

    /// Custom resources: those asked for; else those that own pods, and the most used ones that the server has.
    fn custom(&mut self, collector: &RefCell<Collector<'_>>, targets: &[Resolved]) -> Result<(), ClusterError> {
        let resources = if targets.is_empty() {
            self.unasked(&collector.borrow().owners_without_template())?
        } else {
            targets.iter().map(|target| target.resource.clone()).filter(|resource| !resource.is_built_in()).collect()
        };
        let mut batch = self.cluster.batch();
        for resource in resources {
            let query = self.query(resource.clone());
            batch.list::<Box<RawValue>>(query, move |page| {
                for object in page.items {
                    take_custom(&mut collector.borrow_mut(), &resource, &object);
                }
            });
        }
        let results = batch.run();
        results.into_iter().try_for_each(|result| self.note(result))
    }

    fn unasked(&mut self, owners: &BTreeSet<(String, String)>) -> Result<Vec<Resource>, ClusterError> {
        // A server whose types cannot be listed still has pods.
        let Ok(discovery) = self.discovery() else { return Ok(Vec::new()) };
        let wanted = |resource: &&Resource| {
            let is_known =
                WORKLOAD_GROUPS.iter().any(|(kind, group)| resource.kind == *kind && resource.group == *group);
            let owns = owners.contains(&(resource.kind.clone(), resource.group.clone()));
            (is_known || owns) && resource.namespaced && resource.listable && !resource.is_built_in()
        };
        Ok(discovery.resources().iter().filter(wanted).cloned().collect())
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
            let problem = self.problem(format!("events are not looked at: {error}"));
            self.warnings.push(problem);
        }
        found
    }

    /// The verdicts that were asked for; names that were and are not there become errors.
    fn chosen(&mut self, verdicts: Vec<Verdict>, targets: &[Resolved]) -> Vec<Verdict> {
        let has_pods = |verdict: &Verdict| verdict.live.as_ref().is_some_and(|live| live.pods > 0);
        let mut verdicts = verdicts;
        if self.ask.fields.is_some() {
            verdicts.retain(has_pods);
        }
        if targets.is_empty() {
            return verdicts;
        }
        let is_meant = |target: &Resolved, verdict: &Verdict| {
            let group = verdict.api_version.split_once('/').map_or("", |(group, _)| group);
            let all_pods = target.resource.kind == "Pod" && target.name.is_none();
            target.is(&verdict.kind, group, &verdict.name) || (all_pods && has_pods(verdict))
        };
        for target in targets {
            if let Some(name) = &target.name
                && !verdicts.iter().any(|verdict| is_meant(target, verdict))
            {
                let problem = self.problem(format!("{} {name:?} not found", target.resource.full_name()));
                self.errors.push(problem);
            }
        }
        verdicts.retain(|verdict| targets.iter().any(|target| is_meant(target, verdict)));
        verdicts
    }
}

/// Pod templates are no workloads and few may list them: they are read when asked for.
fn is_wanted(resource: &Resource, targets: &[Resolved]) -> bool {
    resource.kind != "PodTemplate" || targets.iter().any(|target| target.resource.kind == "PodTemplate")
}

fn template_path(kind: &str) -> FieldPath {
    match kind {
        "CronJob" => FieldPath::fields(&["spec", "jobTemplate", "spec", "template"]),
        "PodTemplate" => FieldPath::fields(&["template"]),
        _ => FieldPath::fields(&["spec", "template"]),
    }
}

fn key(resource: &Resource, metadata: &LiveMeta) -> ObjectKey {
    ObjectKey {
        namespace: metadata.namespace.clone(),
        kind: resource.kind.clone(),
        group: resource.group.clone(),
        name: metadata.name.clone(),
    }
}

/// Judges the templates of a custom resource, found by their shape as in manifests.
fn take_custom(collector: &mut Collector<'_>, resource: &Resource, object: &RawValue) {
    let Ok(bare) = serde_json::from_str::<Bare>(object.get()) else { return };
    let key = key(resource, bare.metadata());
    collector.note_manager(&key, &bare);
    let cut = chunks(object.get());
    let Some(Ok(document)) = cut.first().map(Document::parse) else { return };
    for mut found in objects(&document).into_iter().flatten().flat_map(|mut one| {
        // Items of a list do not all say what they are.
        one.kind = &resource.kind;
        find(&one)
    }) {
        if let Some(Ok(pod)) = found.value.take().map(decode::<PodTemplate>) {
            collector.custom(key.clone(), &resource.api_version(), found.path, pod);
        }
    }
}

/// The message of a refusal without the name of the pod, which is another one each time.
fn without_pod_name(message: &str) -> String {
    match message.split_once(" is forbidden: ") {
        Some((_, reason)) => reason.to_owned(),
        None => message.to_owned(),
    }
}
