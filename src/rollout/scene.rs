//! A workload and its pods at a moment, as the server has them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::kind::Kind;
use super::objects::{Object, selector, text};
use super::{Before, Target};
use crate::cluster::{Batch, Cluster, ClusterError, ErrorKind, ListQuery, Resource};

/// The longest that one round of requests takes; a look has four at most.
pub(super) const LIMIT: Duration = Duration::from_millis(2500);

/// A workload with its pods.
pub(super) struct Scene {
    pub(super) kind: Kind,
    pub(super) object: Object,
    /// Its pods that are not being deleted, by name.
    pub(super) pods: Vec<Object>,
    /// What it made that makes pods.
    pub(super) between: Vec<Object>,
    current: Current,
}

/// How pods of the present template are told from older ones.
enum Current {
    /// The controller has not seen the template yet.
    None,
    /// By their owner.
    Owner(String),
    /// By the value of their label `controller-revision-hash`.
    Revision(String),
    /// By not having been there before.
    NotBefore,
}

/// Reads a workload and its pods.
pub(super) fn read(cluster: &Cluster, target: &Target) -> Result<Scene, ClusterError> {
    let kind = Kind::of(target);
    let mut object = Object::default();
    let mut batch = cluster.batch();
    batch.get(&target.resource, Some(&target.namespace), &target.name, |got| object = got);
    all(batch)?;
    let mut scene = Scene { kind, object, pods: Vec::new(), between: Vec::new(), current: Current::NotBefore };
    match kind {
        Kind::Pod => scene.pods.push(scene.object.clone()),
        kind if kind.has_pods() => scene.read_pods(cluster, target)?,
        _ => {}
    }
    Ok(scene)
}

/// Makes requests of which none may fail.
fn all(batch: Batch<'_>) -> Result<(), ClusterError> {
    batch.run_within(LIMIT).into_iter().collect()
}

/// What the server is asked for of a workload's pods and what makes them.
#[derive(Default)]
struct Lists {
    pods: Vec<Object>,
    between: Vec<Object>,
    revisions: Vec<Object>,
    /// What is between may not be read.
    is_forbidden: bool,
}

impl Scene {
    fn read_pods(&mut self, cluster: &Cluster, target: &Target) -> Result<(), ClusterError> {
        let lists = self.lists(cluster, target)?;
        self.current = self.current(&lists);
        let is_all = lists.is_forbidden && self.kind == Kind::Deployment;
        let owners = self.descendants(&lists.between);
        let is_own = |object: &Object| object.owner().is_some_and(|owner| owners.contains(owner));
        self.pods = lists.pods;
        self.pods.retain(|pod| (is_all || is_own(pod)) && pod.metadata.deletion_timestamp.is_none());
        self.pods.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        self.between = lists.between;
        self.between.retain(is_own);
        Ok(())
    }

    fn lists(&self, cluster: &Cluster, target: &Target) -> Result<Lists, ClusterError> {
        let queries = self.queries(&target.namespace);
        let mut found: Vec<Vec<Object>> = queries.iter().map(|_| Vec::new()).collect();
        let mut batch = cluster.batch();
        for (query, objects) in queries.iter().zip(&mut found) {
            batch.list::<Object>(query.clone(), |page| {
                if page.starts_over {
                    objects.clear();
                }
                objects.extend(page.items);
            });
        }
        let mut lists = Lists::default();
        let results = batch.run_within(LIMIT);
        for ((query, objects), result) in queries.iter().zip(found).zip(results) {
            let plural = query.resource.plural.as_str();
            match result {
                Err(error) if error.kind() == ErrorKind::Forbidden && plural != "pods" => lists.is_forbidden = true,
                other => other?,
            }
            match plural {
                "pods" => lists.pods = objects,
                "controllerrevisions" => lists.revisions = objects,
                _ => lists.between.extend(objects),
            }
        }
        Ok(lists)
    }

    /// The lists that are needed, pods first.
    fn queries(&self, namespace: &str) -> Vec<ListQuery> {
        let is_custom = self.kind == Kind::Custom;
        let selector =
            if is_custom { text(&self.object.status["selector"]).to_owned() } else { selector(&self.object.spec) };
        let names = std::iter::once(&"pods").chain(self.kind.between());
        let mut resources: Vec<Resource> = names.filter_map(|name| Resource::built_in(name)).collect();
        resources.extend((self.kind == Kind::DaemonSet).then(controller_revisions));
        let query = |resource: Resource| {
            // What a custom object makes need not have its labels; pods are told by their owners all the same.
            let has_labels = !selector.is_empty() && (!is_custom || resource.plural == "pods");
            let labels = has_labels.then(|| selector.clone());
            ListQuery { labels, ..ListQuery::new(resource, Some(namespace.to_owned())) }
        };
        resources.into_iter().map(query).collect()
    }

    /// The UIDs of the object and of all that came of it.
    fn descendants(&self, between: &[Object]) -> BTreeSet<String> {
        let mut known = BTreeSet::from([self.object.metadata.uid.clone()]);
        loop {
            let is_new = |object: &&Object| {
                !known.contains(&object.metadata.uid) && object.owner().is_some_and(|owner| known.contains(owner))
            };
            let found: Vec<String> = between.iter().filter(is_new).map(|object| object.metadata.uid.clone()).collect();
            if found.is_empty() {
                return known;
            }
            known.extend(found);
        }
    }

    fn current(&self, lists: &Lists) -> Current {
        let is_own = |object: &&Object| object.owner() == Some(&self.object.metadata.uid);
        match self.kind {
            Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet if !self.object.is_observed() => Current::None,
            // A paused Deployment has seen its template, and makes nothing of it.
            Kind::Deployment if self.object.spec["paused"] == true => Current::NotBefore,
            Kind::Deployment => {
                let newest = lists.between.iter().filter(is_own).max_by_key(|set| revision(set));
                newest.map_or(Current::NotBefore, |set| Current::Owner(set.metadata.uid.clone()))
            }
            Kind::StatefulSet => match text(&self.object.status["updateRevision"]) {
                "" => Current::NotBefore,
                revision => Current::Revision(revision.to_owned()),
            },
            Kind::DaemonSet => {
                let newest = lists.revisions.iter().filter(is_own).max_by_key(|known| known.revision);
                let hash = newest.and_then(|newest| newest.label(REVISION));
                hash.map_or(Current::NotBefore, |hash| Current::Revision(hash.to_owned()))
            }
            _ => Current::NotBefore,
        }
    }

    /// Whether a pod is of the present template.
    pub(super) fn is_new(&self, pod: &Object, before: &Before) -> bool {
        match &self.current {
            Current::None => false,
            Current::Owner(uid) => pod.owner() == Some(uid),
            Current::Revision(hash) => pod.label(REVISION) == Some(hash),
            Current::NotBefore => !before.had_pod(&pod.metadata.uid),
        }
    }

    /// Whether the controller has seen the present template, so that what it says is about it.
    pub(super) fn is_seen(&self) -> bool {
        !matches!(self.current, Current::None)
    }

    /// What makes the pods of the present template.
    pub(super) fn maker(&self) -> Option<&Object> {
        match &self.current {
            Current::Owner(uid) => self.between.iter().find(|object| object.metadata.uid == *uid),
            _ => None,
        }
    }
}

const REVISION: &str = "controller-revision-hash";

/// Which of a Deployment's ReplicaSets is the newest: `deployment.kubernetes.io/revision`.
fn revision(set: &Object) -> i64 {
    let annotations = set.metadata.annotations.as_ref();
    let revision = annotations.and_then(|annotations| annotations.get("deployment.kubernetes.io/revision"));
    revision.and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

/// The history of a DaemonSet. No command takes it for a target, so it is no known type.
fn controller_revisions() -> Resource {
    Resource {
        group: "apps".to_owned(),
        version: "v1".to_owned(),
        plural: "controllerrevisions".to_owned(),
        singular: "controllerrevision".to_owned(),
        kind: "ControllerRevision".to_owned(),
        short_names: Vec::new(),
        categories: Vec::new(),
        namespaced: true,
        listable: true,
    }
}
