//! Puts pods under the workload at the top of their owners.

use std::collections::BTreeMap;

use super::collect::{Collector, Pod, Workload};
use super::objects::ObjectKey;
use super::templates::container_names;

/// Longest chain of owners that is followed; real ones have three links.
pub(super) const LONGEST_CHAIN: usize = 16;

/// A template of a workload with its pods, or a pod for itself.
#[derive(Debug)]
pub struct Branch {
    /// The workload, or the pod.
    pub key: ObjectKey,
    /// The template. Of a bare pod, or of pods whose owner is only known by name, there is none.
    pub workload: Option<Workload>,
    /// The pods, by name.
    pub pods: Vec<Pod>,
}

impl Collector {
    /// All workloads and bare pods, by namespace, kind and name; those with several templates once for each.
    #[must_use]
    pub fn branches(&mut self) -> Vec<Branch> {
        let mut pods: BTreeMap<ObjectKey, Vec<Pod>> = BTreeMap::new();
        for pod in std::mem::take(&mut self.pods) {
            pods.entry(self.top_of_pod(&pod)).or_default().push(pod);
        }
        let mut keys: Vec<ObjectKey> = self.workloads.keys().filter(|key| self.top(key) == **key).cloned().collect();
        keys.extend(pods.keys().filter(|key| !self.workloads.contains_key(key)).cloned());
        keys.sort();
        keys.into_iter()
            .flat_map(|key| {
                let mut own = pods.remove(&key).unwrap_or_default();
                own.sort_by(|a, b| a.name.cmp(&b.name));
                self.branches_of(&key, own)
            })
            .collect()
    }

    fn top_of_pod(&self, pod: &Pod) -> ObjectKey {
        let own = ObjectKey::pod(&pod.namespace, &pod.name);
        // A static pod's owner is its node, which is no workload.
        match pod.owner.as_ref().filter(|owner| owner.kind != "Node") {
            Some(owner) if !self.is_asked_for(&own) => self.top(owner),
            _ => own,
        }
    }

    /// An object and its owners upwards; an object that was asked for itself is the last.
    pub(super) fn chain<'k>(&'k self, key: &'k ObjectKey) -> impl Iterator<Item = &'k ObjectKey> {
        let next = |key: &&'k ObjectKey| self.managers.get(*key).filter(|_| !self.is_asked_for(key));
        std::iter::successors(Some(key), next).take(LONGEST_CHAIN)
    }

    /// Where an object is told: under the highest of its owners that has a template, for that is what is to be changed.
    /// Where none has, or only what a Deployment or a CronJob made of theirs, under the highest that is known by name.
    pub(super) fn top(&self, key: &ObjectKey) -> ObjectKey {
        let is_made = |key: &ObjectKey| {
            let manager = self.managers.get(key).filter(|_| !self.is_asked_for(key));
            manager.is_some_and(|manager| is_built_in_manager(&manager.kind, &manager.group))
        };
        let with_template = self.chain(key).filter(|key| self.workloads.contains_key(*key) && !is_made(key)).last();
        with_template.or_else(|| self.chain(key).last()).unwrap_or(key).clone()
    }

    /// Each template of a workload with the pods that are most like it.
    fn branches_of(&self, key: &ObjectKey, pods: Vec<Pod>) -> Vec<Branch> {
        let branch = |workload: Option<Workload>, pods: Vec<Pod>| Branch { key: key.clone(), workload, pods };
        let Some(workloads) = self.workloads.get(key) else { return vec![branch(None, pods)] };
        let mut shares: Vec<Vec<Pod>> = workloads.iter().map(|_| Vec::new()).collect();
        for pod in pods {
            let alike = |workload: &Workload| {
                let own: Vec<_> = container_names(self.template(pod.template)).collect();
                container_names(self.template(workload.template)).filter(|name| own.contains(name)).count()
            };
            // Of several that are as much alike, the last to be looked at is taken: the first of all.
            let closest = match workloads.as_slice() {
                [_] => Some(0),
                _ => workloads.iter().enumerate().rev().max_by_key(|(_, workload)| alike(workload)).map(|(i, _)| i),
            };
            if let Some(share) = closest.and_then(|index| shares.get_mut(index)) {
                share.push(pod);
            }
        }
        workloads.iter().zip(shares).map(|(workload, pods)| branch(Some(workload.clone()), pods)).collect()
    }

    /// Containers of a pod that its owner's template does not have: somebody's webhook put them in.
    #[must_use]
    pub fn injected(&self, workload: Option<&Workload>, pod: &Pod) -> Vec<String> {
        let Some(workload) = workload.filter(|workload| workload.template != pod.template) else { return Vec::new() };
        let own: Vec<_> = container_names(self.template(workload.template)).collect();
        let names = container_names(self.template(pod.template));
        names.filter(|name| !own.contains(name)).map(str::to_owned).collect()
    }
}

impl Branch {
    /// Whether all that it is are pods that have ended, which no workload replaces.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.workload.is_none() && self.pods.iter().all(|pod| pod.ended)
    }

    /// The API version of the workload or pod. That of an owner that is only known by name is its group's, as far as it
    /// is one of Kubernetes' own.
    #[must_use]
    pub fn api_version(&self) -> String {
        match &self.workload {
            Some(workload) => workload.api_version.clone(),
            None if self.key.group.is_empty() => "v1".to_owned(),
            None => format!("{}/v1", self.key.group),
        }
    }
}

/// Whether objects of a kind make others of their templates: ReplicaSets and Jobs then say nothing of their own.
fn is_built_in_manager(kind: &str, group: &str) -> bool {
    matches!((kind, group), ("Deployment", "apps") | ("CronJob", "batch"))
}
