//! Custom resources: which of them make pods, and the templates in them.

use std::cell::RefCell;

use serde_json::value::RawValue;

use super::collect::Collector;
use super::owners::LONGEST_CHAIN;
use super::run::{Bare, Resolved, Run, key};
use crate::cluster::{ClusterError, Discovery, ErrorKind, Resource};
use crate::model::PodTemplate;
use crate::source::{find, objects};
use crate::yaml::de::decode;
use crate::yaml::{Document, chunks};

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

impl Run<'_> {
    /// Custom resources: those asked for; else the most used ones that the server has; and those that own pods or
    /// workloads, which may have owners of their own again.
    pub(super) fn custom(&mut self, collector: &RefCell<Collector>, targets: &[Resolved]) -> Result<(), ClusterError> {
        let mut asked: Vec<Resource> = Vec::new();
        let mut next: Vec<Resource> = if targets.is_empty() {
            let is_known = |found: &Resource| {
                WORKLOAD_GROUPS.iter().any(|(kind, group)| found.kind == *kind && found.group == *group)
            };
            self.types(&is_known)?
        } else {
            targets.iter().map(|target| target.resource.clone()).filter(|resource| !resource.is_built_in()).collect()
        };
        let wants_owners = targets.is_empty() || targets.iter().any(Resolved::is_all_pods);
        for _ in 0..LONGEST_CHAIN {
            if wants_owners {
                let owners = collector.borrow().owners_without_template();
                let is_owner = |found: &Resource| owners.contains(&(found.kind.clone(), found.group.clone()));
                next.extend(if owners.is_empty() { Vec::new() } else { self.types(&is_owner)? });
            }
            let mut new: Vec<Resource> = Vec::new();
            for resource in std::mem::take(&mut next) {
                if !asked.contains(&resource) && !new.contains(&resource) {
                    new.push(resource);
                }
            }
            if new.is_empty() {
                break;
            }
            let mut batch = self.cluster.batch();
            let mut listed = Vec::new();
            for (resource, query) in new.iter().flat_map(|one| self.queries(one).into_iter().map(move |q| (one, q))) {
                listed.push((resource.clone(), query.namespace.clone()));
                let resource = resource.clone();
                batch.list::<Box<RawValue>>(query, move |page| {
                    for object in page.items {
                        take_custom(&mut collector.borrow_mut(), &resource, &object);
                    }
                });
            }
            let results = batch.run();
            asked.extend(new);
            listed.into_iter().zip(results).try_for_each(|(asked, result)| self.note(asked, result))?;
        }
        Ok(())
    }

    /// The custom types of the server that fit. One whose types cannot be told still has pods.
    fn types(&mut self, fits: &dyn Fn(&Resource) -> bool) -> Result<Vec<Resource>, ClusterError> {
        match self.discovery() {
            Ok(discovery) => Ok(discovery.custom().filter(|resource| fits(resource)).cloned().collect()),
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                let message = format!("custom resources are not looked at: {error}");
                match error.kind() {
                    ErrorKind::Forbidden => self.warning(message),
                    // There may be some, and they may violate.
                    _ => {
                        self.error(message);
                        self.misses_types = true;
                    }
                }
                self.discovery = Some(Discovery::default());
                Ok(Vec::new())
            }
        }
    }
}

/// Judges the templates of a custom resource, found by their shape as in manifests.
fn take_custom(collector: &mut Collector, resource: &Resource, object: &RawValue) {
    let bare = serde_json::from_str::<Bare>(object.get());
    let key = key(resource, &bare.as_ref().map(|bare| bare.metadata.clone()).unwrap_or_default());
    match &bare {
        Ok(bare) => collector.note(&key, bare),
        Err(error) => return collector.problems.push((key, error.to_string())),
    }
    let cut = chunks(object.get());
    let document = match cut.first().map(Document::parse) {
        Some(Ok(document)) => document,
        Some(Err(error)) => return collector.problems.push((key, error.to_string())),
        None => return,
    };
    let mut templates = Vec::new();
    for mut one in objects(&document).into_iter().flatten() {
        // Items of a list do not all say what they are.
        one.kind = &resource.kind;
        for found in find(&one) {
            match found.value.map(decode::<PodTemplate>) {
                Some(Ok(pod)) => templates.push((found.path, pod)),
                // Only the server's schema of the type keeps such values out, and not every one does.
                Some(Err(error)) => collector.problems.push((key.clone(), error.to_string())),
                None => {}
            }
        }
    }
    collector.custom(key, &resource.api_version(), templates);
}
