//! Where in an object its pod templates are.

use crate::model::FieldPath;
use crate::yaml::{Value, ValueRef};

use super::Object;

/// A pod template of an object.
#[derive(Debug, Clone)]
pub struct Found<'d> {
    /// Path of the template in the object; the root for a pod.
    pub path: FieldPath,
    /// The template: an object with `metadata` and `spec`. A workload that leaves it out is still judged, by an empty
    /// one, as admission does.
    pub value: Option<ValueRef<'d>>,
    /// Whether it was found by its shape, in a kind that is not one of Kubernetes' own workloads.
    pub custom: bool,
}

/// Kubernetes' own kinds that Pod Security looks at, with their groups past and present (`admission.go` of
/// `k8s.io/pod-security-admission`), and where their templates are.
const WORKLOADS: &[(&str, &[&str], &[&str])] = &[
    ("Pod", &[""], &[]),
    ("PodTemplate", &[""], &["template"]),
    ("ReplicationController", &[""], &["spec", "template"]),
    ("ReplicaSet", &["apps", "extensions"], &["spec", "template"]),
    ("Deployment", &["apps", "extensions"], &["spec", "template"]),
    ("StatefulSet", &["apps"], &["spec", "template"]),
    ("DaemonSet", &["apps", "extensions"], &["spec", "template"]),
    ("Job", &["batch"], &["spec", "template"]),
    ("CronJob", &["batch"], &["spec", "jobTemplate", "spec", "template"]),
];

/// The API version in which servers serve a kind of [`WORKLOADS`], where `object` says one in which none does any more or
/// none ever did.
#[must_use]
pub fn served_version(object: &Object<'_>) -> Option<&'static str> {
    let (_, groups, _) = workload(object)?;
    let served = match groups.first() {
        Some(&"apps") => "apps/v1",
        Some(&"batch") => "batch/v1",
        _ => "v1",
    };
    (object.api_version != served).then_some(served)
}

/// Kinds that hold other objects' shapes or texts, never a template of their own.
const NEVER: &[&str] = &["CustomResourceDefinition", "ConfigMap", "Secret"];

/// How deep a custom resource is searched.
const MAX_DEPTH: usize = 24;

/// The pod templates of an object, in the order of the text.
#[must_use]
pub fn find<'d>(object: &Object<'d>) -> Vec<Found<'d>> {
    if let Some((kind, _, fields)) = workload(object) {
        let path = fields.iter().fold(FieldPath::root(), |path, field| path.field(field));
        let located = object.value.locate(&path);
        let value = Some(located.value).filter(|value| located.steps == fields.len() && !value.is_null());
        // Of all kinds only this one has a pointer there, so that admission sees that it is not set and looks away.
        let is_unseen = value.is_none() && *kind == "ReplicationController";
        return if is_unseen { Vec::new() } else { vec![Found { path, value, custom: false }] };
    }
    let mut found = Vec::new();
    if !NEVER.contains(&object.kind) && !object.kind.is_empty() {
        for entry in object.value.entries().filter(|entry| !matches!(entry.key, "metadata" | "status")) {
            search(entry.value, &FieldPath::root().name(entry.key), 0, &mut found);
        }
    }
    found
}

pub(super) fn workload(
    object: &Object<'_>,
) -> Option<&'static (&'static str, &'static [&'static str], &'static [&'static str])> {
    WORKLOADS.iter().find(|(kind, groups, _)| *kind == object.kind && groups.contains(&object.group()))
}

/// Looks for templates at and below `value`.
fn search<'d>(value: ValueRef<'d>, path: &FieldPath, depth: usize, found: &mut Vec<Found<'d>>) {
    if depth > MAX_DEPTH {
        return;
    }
    if is_template(value) {
        return found.push(Found { path: path.clone(), value: Some(value), custom: true });
    }
    for entry in value.entries() {
        search(entry.value, &path.clone().name(entry.key), depth + 1, found);
    }
    for (index, item) in value.items().enumerate() {
        search(item, &path.clone().index(index), depth + 1, found);
    }
}

/// A template has `spec.containers`, a list of objects that each name an image. Policies that describe pods by
/// patterns (`image: "*:latest"`) have that shape too, but no pod ever has such an image.
fn is_template(value: ValueRef<'_>) -> bool {
    let Some(containers) = value.field("spec").and_then(|spec| spec.field("containers")) else { return false };
    let is_container = |item: ValueRef<'_>| {
        let image = item.field("image").and_then(ValueRef::as_str);
        image.is_some_and(|image| !image.is_empty() && !image.contains('*'))
    };
    containers.get() == Value::Sequence && containers.items().len() > 0 && containers.items().all(is_container)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::objects;
    use crate::yaml::{Document, chunks};

    fn paths(text: &str) -> Vec<(String, bool)> {
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let object = objects(&document).remove(0).unwrap();
        find(&object).into_iter().map(|found| (found.path.to_string(), found.custom)).collect()
    }

    const SPEC: &str = "{spec: {containers: [{name: a, image: b}]}}";

    #[test]
    fn workloads_have_their_templates_at_known_places() {
        let at = |path: &str, custom| vec![(path.to_owned(), custom)];
        assert_eq!(paths("{apiVersion: v1, kind: Pod, spec: {containers: []}}"), at("", false));
        assert_eq!(paths(&format!("{{apiVersion: v1, kind: PodTemplate, template: {SPEC}}}")), at("template", false));
        let text =
            format!("{{apiVersion: batch/v1, kind: CronJob, spec: {{jobTemplate: {{spec: {{template: {SPEC}}}}}}}}}");
        assert_eq!(paths(&text), at("spec.jobTemplate.spec.template", false));
        assert_eq!(paths("{apiVersion: apps/v1, kind: Deployment, spec: {}}"), at("spec.template", false));
        assert_eq!(paths("{apiVersion: v1, kind: ReplicationController, spec: {}}"), []);
    }

    #[test]
    fn api_versions_that_no_server_has_are_told() {
        let served = |text: &str| {
            let cut = chunks(text);
            let document = Document::parse(&cut[0]).unwrap();
            served_version(&objects(&document).remove(0).unwrap())
        };
        assert_eq!(served("{apiVersion: extensions/v1beta1, kind: Deployment}"), Some("apps/v1"));
        assert_eq!(served("{apiVersion: batch/v1beta1, kind: CronJob}"), Some("batch/v1"));
        assert_eq!(served("{apiVersion: v2, kind: Pod}"), Some("v1"));
        assert_eq!(served("{apiVersion: apps/v1, kind: Deployment}"), None);
        assert_eq!(served("{apiVersion: example.com/v1, kind: Deployment}"), None);
    }

    #[test]
    fn custom_resources_are_found_by_shape() {
        let text = format!("{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: {{template: {SPEC}}}}}");
        assert_eq!(paths(&text), [("spec.template".to_owned(), true)]);
        let text = format!(
            "{{apiVersion: ray.io/v1, kind: RayCluster, spec: {{head: {{template: {SPEC}}}, workers: [{{template: {SPEC}}}]}}}}"
        );
        assert_eq!(
            paths(&text),
            [("spec.head.template".to_owned(), true), ("spec.workers[0].template".to_owned(), true)]
        );
        let text = format!("{{apiVersion: example.com/v1, kind: Deployment, spec: {{template: {SPEC}}}}}");
        assert_eq!(paths(&text), [("spec.template".to_owned(), true)], "another group's Deployment");
    }

    #[test]
    fn shapes_without_pods_are_left_alone() {
        assert_eq!(
            paths(
                "{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, spec: {containers: [{name: a, image: b}]}}"
            ),
            []
        );
        assert_eq!(
            paths(
                "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, spec: {rules: [{validate: {pattern: {spec: {containers: [{image: '*:*'}]}}}}]}}"
            ),
            []
        );
        assert_eq!(paths(&format!("{{apiVersion: v1, kind: ConfigMap, data: {SPEC}}}")), []);
    }
}
