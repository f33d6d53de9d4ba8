//! Asks a cluster for objects, and notes what could not be had.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::collect::Collector;
use super::gather::{Ask, Progress};
use super::objects::{LiveMeta, LiveObject, NamespaceObject, ObjectKey, PodObject, WorkloadObject};
use crate::cluster::{Cluster, ClusterError, Discovery, ErrorKind, ListQuery, Resource};
use crate::model::FieldPath;
use crate::report::{ClusterName, Problem, Source};

/// More namespaces than these are read with lists of the whole cluster: each costs a request per type.
const FEW: usize = 8;

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
    pub(super) ask: &'a Ask,
    pub(super) name: Arc<ClusterName>,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Types that could not be had, or not to the end, with the namespace; without one, it is true of all.
    pub(super) incomplete: Vec<(Resource, Option<String>)>,
    pub(super) discovery: Option<Discovery>,
    /// The server did not say which types it has.
    pub(super) misses_types: bool,
    /// Where to list: namespaces, or `None` for all of them at once.
    places: Vec<Option<String>>,
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

/// The name of a cluster, as reports have it.
#[must_use]
pub fn cluster_name(cluster: &Cluster) -> Arc<ClusterName> {
    Arc::new(ClusterName {
        context: cluster.context().unwrap_or_default().into(),
        cluster: cluster.name().unwrap_or(cluster.server()).into(),
    })
}

impl<'a> Run<'a> {
    pub(super) fn new(cluster: &'a Cluster, ask: &'a Ask) -> Self {
        let few = ask.namespaces.len() <= FEW && !ask.namespaces.is_empty();
        Self {
            cluster,
            ask,
            name: cluster_name(cluster),
            errors: Vec::new(),
            warnings: Vec::new(),
            incomplete: Vec::new(),
            discovery: None,
            misses_types: false,
            places: if few { ask.namespaces.iter().cloned().map(Some).collect() } else { vec![None] },
        }
    }

    /// Lists the namespaces that were asked for one by one from now on; whether that is something else than before.
    pub(super) fn goes_into_namespaces(&mut self) -> bool {
        let is_new = self.places == [None] && !self.ask.namespaces.is_empty();
        if is_new {
            self.places = self.ask.namespaces.iter().cloned().map(Some).collect();
        }
        is_new
    }

    /// An empty collector for what is asked for.
    pub(super) fn collector(&self) -> Collector {
        Collector::new(self.ask.namespaces.iter().cloned().collect::<BTreeSet<_>>())
    }

    pub(super) fn error(&mut self, message: String) {
        self.errors.push(Problem { source: Source::cluster(Arc::clone(&self.name)), message });
    }

    pub(super) fn warning(&mut self, message: String) {
        self.warnings.push(Problem { source: Source::cluster(Arc::clone(&self.name)), message });
    }

    /// Tells of objects that could not be read.
    pub(super) fn tell(&mut self, problems: Vec<(ObjectKey, String)>) {
        for (key, why) in problems {
            self.error(format!("{}/{} in namespace {:?}: {why}", key.kind.to_lowercase(), key.name, key.namespace));
        }
    }

    /// Notes what could not be had; what makes all other requests vain ends the run.
    pub(super) fn note(
        &mut self,
        (resource, place): (Resource, Option<String>),
        result: Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        match result {
            Ok(()) => Ok(()),
            // What is wrong with one request, as a selector that means nothing, is wrong with all of them.
            Err(error) if self.is_the_end(&error) || error.kind() == ErrorKind::Refused => Err(error),
            Err(error) => {
                let message = error.to_string();
                // A broken answer does not say what it would have been.
                let is_named = message.contains(&resource.plural);
                self.error(if is_named { message } else { format!("{}: {message}", resource.full_name()) });
                self.incomplete.push((resource, place));
                Ok(())
            }
        }
    }

    /// Whether nothing else can be had either. A server that lets one request wait in vain may answer others.
    fn is_the_end(&self, error: &ClusterError) -> bool {
        let is_of_request = matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unreachable);
        error.is_fatal() && (self.cluster.is_lost() || !is_of_request)
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

    /// The same list in each place where to list.
    pub(super) fn queries(&self, resource: &Resource) -> Vec<ListQuery> {
        let query = |place: &Option<String>| ListQuery {
            labels: self.ask.labels.clone(),
            chunk_size: self.ask.chunk_size,
            ..ListQuery::new(resource.clone(), place.clone().filter(|_| resource.namespaced))
        };
        let mut queries: Vec<_> = self.places.iter().map(query).collect();
        queries.truncate(if resource.namespaced { usize::MAX } else { 1 });
        queries
    }

    /// The namespaces that were asked for by name, else all. Who may only see one namespace may still read that one.
    pub(super) fn namespaces(&mut self) -> Result<Vec<NamespaceObject>, ClusterError> {
        let Some(resource) = Resource::built_in("namespaces") else { return Ok(Vec::new()) };
        let found = RefCell::new(Vec::new());
        let mut batch = self.cluster.batch();
        for name in &self.ask.namespaces {
            batch.get::<NamespaceObject>(&resource, None, name, |namespace| found.borrow_mut().push(namespace));
        }
        if self.ask.namespaces.is_empty() {
            let query = ListQuery { chunk_size: self.ask.chunk_size, ..ListQuery::new(resource.clone(), None) };
            batch.list::<NamespaceObject>(query, |page| {
                let mut found = found.borrow_mut();
                if page.starts_over {
                    found.clear();
                }
                found.extend(page.items);
            });
        }
        let results = batch.run();
        results.into_iter().try_for_each(|result| self.note((resource.clone(), None), result))?;
        Ok(found.into_inner())
    }

    /// All types of Kubernetes' own at once.
    pub(super) fn built_in(
        &mut self,
        collector: &RefCell<Collector>,
        targets: &[Resolved],
        progress: Progress<'_>,
    ) -> Result<(), String> {
        let came = RefCell::new(0);
        let count = |items: usize, remaining: Option<u64>| {
            *came.borrow_mut() += items;
            progress(*came.borrow(), remaining.unwrap_or(0));
        };
        let mut asked = Vec::new();
        let mut batch = self.cluster.batch();
        for resource in Resource::workloads().filter(|resource| is_wanted(resource, targets)) {
            for mut query in self.queries(&resource) {
                asked.push((resource.clone(), query.namespace.clone()));
                let count = &count;
                if resource.kind == "Pod" {
                    query.fields.clone_from(&self.ask.fields);
                    let place = query.namespace.clone();
                    batch.list::<PodObject>(query, move |page| {
                        count(page.items.len(), page.remaining);
                        let mut collector = collector.borrow_mut();
                        if page.starts_over {
                            collector.forget_pods(place.as_deref());
                        }
                        page.items.into_iter().for_each(|pod| collector.pod(pod));
                    });
                    continue;
                }
                // Of what stands between pods and their workloads all is looked at: whether a Deployment and its pods
                // are meant is not for its ReplicaSets to say.
                if query.labels.is_some() && matches!(resource.kind.as_str(), "ReplicaSet" | "Job") {
                    asked.push((resource.clone(), query.namespace.clone()));
                    let (all, resource) = (ListQuery { labels: None, ..query.clone() }, resource.clone());
                    batch.list::<Bare>(all, move |page| {
                        let mut collector = collector.borrow_mut();
                        page.items.iter().for_each(|object| collector.note(&key(&resource, object.metadata()), object));
                    });
                }
                let (path, api_version) = (template_path(&resource.kind), resource.api_version());
                let resource = resource.clone();
                batch.list::<WorkloadObject>(query, move |page| {
                    count(page.items.len(), page.remaining);
                    let mut collector = collector.borrow_mut();
                    for object in page.items {
                        collector.workload(key(&resource, object.metadata()), &api_version, path.clone(), object);
                    }
                });
            }
        }
        let results = batch.run();
        if let Some(refusal) = all_refused(&results) {
            return Err(format!("nothing of what is to be judged may be listed: {refusal}"));
        }
        let mut noted = asked.into_iter().zip(results);
        noted.try_for_each(|(asked, result)| self.note(asked, result)).map_err(|error| error.to_string())
    }
}

/// The first of the refusals where nothing may be listed: one sentence in place of one for each type.
fn all_refused(results: &[Result<(), ClusterError>]) -> Option<String> {
    let is_refused =
        |result: &Result<(), ClusterError>| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Forbidden);
    let first = results.first()?.as_ref().err()?;
    results.iter().all(is_refused).then(|| first.to_string())
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
