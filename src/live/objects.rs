//! Objects of the cluster, decoded no further than they are judged.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::{Metadata, PodSpec, PodTemplate};

/// Names an object of a run; the API group tells apart kinds of the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The namespace.
    pub namespace: String,
    /// As `Deployment`.
    pub kind: String,
    /// As `apps`; empty for the core group.
    pub group: String,
    /// The name.
    pub name: String,
}

/// The parts of `ObjectMeta` that count here; managed fields, by far the largest part, are passed over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LiveMeta {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its owners.
    pub owner_references: Vec<Owner>,
    /// Its annotations.
    pub annotations: Option<BTreeMap<String, String>>,
    /// When it was deleted, if it was.
    pub deletion_timestamp: Option<IgnoredAny>,
}

/// An `OwnerReference`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Owner {
    /// As `apps/v1`.
    pub api_version: String,
    /// As `ReplicaSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it is the one that manages the object.
    pub controller: Option<bool>,
}

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NamespaceObject {
    /// Its metadata.
    pub metadata: NamespaceMeta,
}

/// The metadata of a namespace, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NamespaceMeta {
    /// Its name.
    pub name: String,
    /// Its labels.
    #[serde(deserialize_with = "or_none")]
    pub labels: BTreeMap<String, String>,
    /// The version of the object that was read.
    pub resource_version: String,
}

/// Reads `null` as no entries.
fn or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Anything with metadata.
pub trait LiveObject {
    /// Its metadata.
    fn metadata(&self) -> &LiveMeta;

    /// The owner that manages it.
    fn controller(&self) -> Option<&Owner> {
        self.metadata().owner_references.iter().find(|owner| owner.controller == Some(true))
    }
}

/// A pod.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PodObject {
    /// Its metadata.
    pub metadata: LiveMeta,
    /// Its specification.
    pub spec: PodSpec,
    /// How far it is.
    pub status: PodStatus,
}

/// `PodStatus`, as far as it counts here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed`.
    pub phase: String,
}

/// A workload with a template at `spec.template`, or, for a cron job, at `spec.jobTemplate.spec.template`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadObject {
    /// Its metadata.
    pub metadata: LiveMeta,
    /// Where its template is.
    pub spec: WorkloadSpec,
    /// The template of a `PodTemplate`, which stands outside of any specification.
    pub template: Option<PodTemplate>,
}

/// The specification of a workload, as far as it counts here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadSpec {
    /// The template of most kinds.
    pub template: Option<PodTemplate>,
    /// The job of a cron job.
    pub job_template: Option<JobTemplate>,
    /// Whether a Deployment's rollouts are paused.
    pub paused: bool,
}

/// `JobTemplateSpec`, as far as it counts here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct JobTemplate {
    /// The job's specification.
    pub spec: Box<WorkloadSpec>,
}

impl ObjectKey {
    /// The key of a pod.
    #[must_use]
    pub fn pod(namespace: &str, name: &str) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { namespace, kind: "Pod".to_owned(), group: String::new(), name }
    }
}

impl LiveObject for PodObject {
    fn metadata(&self) -> &LiveMeta {
        &self.metadata
    }
}

impl LiveObject for WorkloadObject {
    fn metadata(&self) -> &LiveMeta {
        &self.metadata
    }
}

impl PodObject {
    /// The pod as it is judged.
    #[must_use]
    pub fn into_template(self) -> PodTemplate {
        let annotations = self.metadata.annotations.unwrap_or_default();
        PodTemplate { metadata: Metadata { annotations }, spec: self.spec }
    }
}

impl WorkloadObject {
    /// The template of its pods, if it has one.
    #[must_use]
    pub fn into_template(self) -> Option<PodTemplate> {
        let of_job = self.spec.job_template.and_then(|job| job.spec.template);
        self.template.or(self.spec.template).or(of_job)
    }
}

impl Owner {
    /// The owner as an object of `namespace`.
    #[must_use]
    pub fn key(&self, namespace: &str) -> ObjectKey {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        ObjectKey {
            namespace: namespace.to_owned(),
            kind: self.kind.clone(),
            group: group.to_owned(),
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_where_each_kind_has_them() {
        let container = r#"{"spec":{"containers":[{"name":"a"}]}}"#;
        let texts = [
            format!(r#"{{"spec":{{"template":{container}}}}}"#),
            format!(r#"{{"spec":{{"jobTemplate":{{"spec":{{"template":{container}}}}}}}}}"#),
            format!(r#"{{"template":{container}}}"#),
        ];
        for text in texts {
            let workload: WorkloadObject = serde_json::from_str(&text).unwrap();
            assert_eq!(workload.into_template().unwrap().spec.containers[0].name, "a", "{text}");
        }
        assert_eq!(serde_json::from_str::<WorkloadObject>(r#"{"spec":{}}"#).unwrap().into_template(), None);
    }

    #[test]
    fn only_the_managing_owner_counts() {
        let text = r#"{"metadata":{"ownerReferences":[{"kind":"A","name":"a"},
            {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","controller":true}]}}"#;
        let pod: PodObject = serde_json::from_str(text).unwrap();
        let key = pod.controller().unwrap().key("shop");
        assert_eq!((key.kind.as_str(), key.group.as_str(), key.name.as_str()), ("ReplicaSet", "apps", "web-1"));
    }
}
