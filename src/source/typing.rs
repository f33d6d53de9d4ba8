//! Holds objects against the API's types: values of the wrong type, fields that do not exist.

use std::sync::LazyLock;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Namespace, Pod, PodTemplate, PodTemplateSpec, ReplicationController};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Deserialize;

use super::template::workload;
use super::{Found, Object};
use crate::model::{FieldPath, Segment};
use crate::yaml::de::{TypeError, UnknownField, decode};
use crate::yaml::shape::{Rule, Shape};
use crate::yaml::{Span, Value, ValueRef};

/// A field that the API does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Where its key is.
    pub span: Span,
    /// As `spec.securityContext.runAsNonroot: unknown field, did you mean "runAsNonRoot"?`.
    pub message: String,
    /// Whether it is in a securityContext, where it looks like protection and is none.
    pub in_security_context: bool,
}

impl Unknown {
    fn new(field: &UnknownField) -> Self {
        Self {
            span: field.span,
            message: unknown_field_message(field),
            in_security_context: is_in_security_context(&field.path),
        }
    }
}

/// Holds an object of one of the kinds that are judged against its type, as the API server would when it decodes it; other
/// kinds pass unseen.
///
/// # Errors
///
/// The first value that does not have its field's type: the server refuses the object.
pub fn check_object_types(object: &Object<'_>) -> Result<Vec<Unknown>, TypeError> {
    // Other groups have kinds of the same names: Volcano has a Job.
    if workload(object).is_none() && !(object.kind == "Namespace" && object.group().is_empty()) {
        return Ok(Vec::new());
    }
    let unknown = shape(object.kind).map_or(Ok(Vec::new()), |shape| shape.fit(object.value))?;
    Ok(unknown.iter().map(Unknown::new).collect())
}

/// Fields in the security contexts of a custom resource's pod template that pods do not have. Such a resource may have
/// fields and types of its own elsewhere, so nothing else is looked at.
#[must_use]
pub fn check_template_fields(template: &Found<'_>) -> Vec<Unknown> {
    let fit = template.value.map(|value| TEMPLATE.fit(value));
    let unknown = fit.and_then(Result::ok).unwrap_or_default();
    let prefixed = unknown.into_iter().map(|mut field| {
        field.path = template.path.join(&field.path);
        field
    });
    prefixed.map(|field| Unknown::new(&field)).filter(|unknown| unknown.in_security_context).collect()
}

/// The shape of a kind's objects, made when the first one comes.
fn shape(kind: &str) -> Option<&'static Shape> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, shape)| &**shape)
}

type Kind = (&'static str, LazyLock<Shape>);

static KINDS: [Kind; 10] = [
    ("Pod", LazyLock::new(shape_of::<Pod>)),
    ("PodTemplate", LazyLock::new(shape_of::<PodTemplate>)),
    ("ReplicationController", LazyLock::new(shape_of::<ReplicationController>)),
    ("ReplicaSet", LazyLock::new(shape_of::<ReplicaSet>)),
    ("Deployment", LazyLock::new(shape_of::<Deployment>)),
    ("StatefulSet", LazyLock::new(shape_of::<StatefulSet>)),
    ("DaemonSet", LazyLock::new(shape_of::<DaemonSet>)),
    ("Job", LazyLock::new(shape_of::<Job>)),
    ("CronJob", LazyLock::new(shape_of::<CronJob>)),
    ("Namespace", LazyLock::new(shape_of::<Namespace>)),
];

static TEMPLATE: LazyLock<Shape> = LazyLock::new(shape_of::<PodTemplateSpec>);

/// The shape of a type of the API. All that are asked for here have one, which a test makes sure of.
fn shape_of<T: for<'de> Deserialize<'de>>() -> Shape {
    Shape::of::<T>(rule).unwrap_or_default()
}

/// What types with rules of their own take.
fn rule(name: &str) -> Option<Rule> {
    match name {
        // Any JSON.
        "FieldsV1" => Some(|_| Ok(())),
        // Structs without fields.
        "WorkloadPodGroupAllDisruptionMode"
        | "WorkloadPodGroupBasicSchedulingPolicy"
        | "WorkloadPodGroupSingleDisruptionMode" => Some(object),
        "Quantity" => Some(quantity),
        "Time" => Some(|value| decode::<Time>(value).map(drop)),
        // Not a newtype: whatever takes anything.
        "" => Some(int_or_string),
        _ => None,
    }
}

fn object(value: ValueRef<'_>) -> Result<(), TypeError> {
    if value.get() == Value::Mapping { Ok(()) } else { Err(TypeError::expected(value, "an object")) }
}

/// Go reads quantities from numbers too: `cpu: 1`.
fn quantity(value: ValueRef<'_>) -> Result<(), TypeError> {
    match value.get() {
        Value::String(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => Ok(()),
        _ => Err(TypeError::expected(value, "a quantity")),
    }
}

fn int_or_string(value: ValueRef<'_>) -> Result<(), TypeError> {
    match value.get() {
        Value::String(_) => Ok(()),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => decode::<i32>(value).map(drop),
        _ => Err(TypeError::expected(value, "an integer or a string")),
    }
}

/// Whether a path leads into a securityContext, where a field that does not exist protects nothing.
fn is_in_security_context(path: &FieldPath) -> bool {
    let steps = path.segments();
    let inner = steps.len().saturating_sub(1);
    steps[..inner].iter().filter_map(Segment::as_key).any(|key| key == "securityContext")
}

/// `spec.x.runAsNonroot: unknown field, did you mean "runAsNonRoot"?`
pub(super) fn unknown_field_message(field: &UnknownField) -> String {
    let name = field.path.last().and_then(Segment::as_key).unwrap_or_default();
    match closest(name, field.known) {
        Some(known) => format!("{}: unknown field, did you mean {known:?}?", field.path),
        None => format!("{}: unknown field", field.path),
    }
}

/// The candidate that `name` was probably meant to be.
fn closest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    if let Some(same) = candidates.iter().find(|candidate| candidate.eq_ignore_ascii_case(name)) {
        return Some(same);
    }
    let distance = |candidate: &&&str| strsim::damerau_levenshtein(name, candidate);
    let best = candidates.iter().min_by_key(distance)?;
    (distance(&best) <= 1 + name.len() / 5).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::objects;
    use crate::yaml::de::decode_strictly;
    use crate::yaml::{Document, chunks};

    fn check(text: &str) -> Result<Vec<String>, String> {
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let object = objects(&document).remove(0).unwrap();
        match check_object_types(&object) {
            Ok(unknown) => Ok(unknown.into_iter().map(|field| field.message).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    const HEAD: &str = "apiVersion: v1\nkind: Pod\n";

    #[test]
    fn kinds_of_other_groups_have_types_of_their_own() {
        assert_eq!(
            check("apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: {tasks: [], backoffLimit: x}\n"),
            Ok(vec![])
        );
        assert_eq!(check("apiVersion: messaging.example.com/v1\nkind: Namespace\nspec: {x: 1}\n"), Ok(vec![]));
    }

    #[test]
    fn types_are_gos() {
        let wrong = check(&format!("{HEAD}spec:\n  containers:\n  - securityContext: {{runAsNonRoot: \"yes\"}}\n"));
        let message = "spec.containers[0].securityContext.runAsNonRoot: expected a boolean, found the string \"yes\"";
        assert_eq!(wrong, Err(message.to_owned()));
        assert_eq!(check(&format!("{HEAD}spec: {{hostNetwork: yes}}")), Ok(vec![]));
        let wrong = check(&format!("{HEAD}spec: {{containers: [{{env: [{{name: A, value: 1}}]}}]}}"));
        assert_eq!(
            wrong,
            Err("spec.containers[0].env[0].value: expected a string, found the number 1; in quotes it is one: \"1\""
                .to_owned())
        );
        let wrong = check(&format!("{HEAD}metadata: {{labels: {{a: true}}}}"));
        let message =
            "metadata.labels[a]: expected a string, found the boolean true; in quotes it is one: \"true\"".to_owned();
        assert_eq!(wrong, Err(message));
        let wrong = check(&format!("{HEAD}spec: {{securityContext: {{runAsUser: 1.5}}}}"));
        assert_eq!(wrong, Err("spec.securityContext.runAsUser: expected an integer, found the number 1.5".to_owned()));
        let wrong = check(&format!("{HEAD}spec: {{containers: {{name: a}}}}"));
        assert_eq!(wrong, Err("spec.containers: expected a list, found an object".to_owned()));
    }

    /// What each is to kubectl is compared in `tests/it/yaml_reading.rs`.
    #[test]
    fn what_yaml_1_1_takes_for_something_else_says_why() {
        for (text, found) in [
            ("y", "the boolean true"),
            ("Off", "the boolean false"),
            ("no", "the boolean false"),
            ("0o17", "the number 15"),
            ("0777", "the number 511"),
            ("0x1F", "the number 31"),
            ("1_000", "the number 1000"),
            ("1e3", "the number 1000"),
            ("+1", "the number 1"),
        ] {
            let why =
                format!("YAML 1.1, which kubectl reads, takes {text} for that; in quotes it is a string: {text:?}");
            let message = format!("metadata.name: expected a string, found {found}: {why}");
            assert_eq!(check(&format!("{HEAD}metadata: {{name: {text}}}")), Err(message));
            assert_eq!(check(&format!("{HEAD}metadata: {{name: {text:?}}}")), Ok(vec![]), "in quotes it is a string");
        }
        let through_an_alias = check(&format!("{HEAD}metadata: {{generation: &a 0o17, name: *a}}")).unwrap_err();
        assert!(through_an_alias.contains("takes 0o17 for that"), "{through_an_alias}");
        assert_eq!(check(&format!("{HEAD}metadata: {{name: 1:30}}")), Ok(vec![]), "kubectl reads no base 60");
    }

    #[test]
    fn long_lists_are_held_against_their_types_too() {
        let many = |field: &str, item: &str, last: &str| {
            format!("{HEAD}spec:\n  {field}: [{}{last}]\n", format!("{item}, ").repeat(100))
        };
        let unknown = |path: &str, field: &str| Ok(vec![format!("spec.{path}[100].{field}: unknown field")]);
        for field in ["containers", "initContainers", "ephemeralContainers"] {
            let text = many(field, "{name: a, tty: true}", "{name: b, zzz: 1}");
            assert_eq!(check(&text), unknown(field, "zzz"));
            let text = many(field, "null", "{tty: x}");
            let message = format!("spec.{field}[100].tty: expected a boolean, found the string \"x\"");
            assert_eq!(check(&text), Err(message));
        }
        assert_eq!(
            check(&many("ephemeralContainers", "{targetContainerName: a}", "{targetContainerName: b}")),
            Ok(vec![])
        );
        assert_eq!(
            check(&many("containers", "{name: a}", "{targetContainerName: b}")),
            unknown("containers", "targetContainerName")
        );
        assert_eq!(check(&many("volumes", "{name: a, emptyDir: {}}", "{name: a, zzz: {}}")), unknown("volumes", "zzz"));
        let text = format!("{}  containerz: []\n", many("containers", "{}", "{zzz: 1}"));
        let messages = check(&text).unwrap();
        assert!(
            messages[0].starts_with("spec.containers[100].zzz") && messages[1].starts_with("spec.containerz"),
            "{messages:?}"
        );
    }

    #[test]
    fn what_go_takes_is_taken() {
        let fine = [
            "spec: {containers: [{resources: {limits: {cpu: 1, memory: 1.5}}}]}",
            "spec: {containers: [null], volumes: null}",
            "metadata: {labels: {a: }, annotations: , creationTimestamp: null}",
            "spec: {securityContext: {runAsUser: 1e3}}",
            "spec: {containers: [{ports: [{containerPort: 0o17}], livenessProbe: {httpGet: {port: http}}}]}",
        ];
        for rest in fine {
            assert_eq!(check(&format!("{HEAD}{rest}")), Ok(vec![]), "{rest}");
        }
    }

    #[test]
    fn every_type_that_is_asked_for_has_a_shape() {
        fn traced<T: for<'de> Deserialize<'de>>() {
            assert_eq!(Shape::of::<T>(rule).err(), None);
        }
        traced::<Pod>();
        traced::<PodTemplate>();
        traced::<ReplicationController>();
        traced::<ReplicaSet>();
        traced::<Deployment>();
        traced::<StatefulSet>();
        traced::<DaemonSet>();
        traced::<Job>();
        traced::<CronJob>();
        traced::<Namespace>();
        traced::<PodTemplateSpec>();
    }

    /// Values of all types where `path` leads, in an object that is right but for them.
    fn with_values(path: &[&str]) -> Vec<String> {
        let values =
            ["true", "'x'", "'8'", "7", "1.5", "-1", "4294967296", "[]", "[1]", "['x']", "{}", "{x: 1}", "null"];
        let within = |inner: String, name: &&str| match name.strip_suffix("[]") {
            Some(list) => format!("{{{list}: [{inner}]}}"),
            None => format!("{{{name}: {inner}}}"),
        };
        values.iter().map(|value| path.iter().rev().fold((*value).to_owned(), within)).collect()
    }

    #[test]
    fn shapes_take_what_the_types_take() {
        // What serde's own code makes of a value, without the shapes.
        let decoded = |text: &str| {
            let cut = chunks(text);
            let document = Document::parse(&cut[0]).unwrap();
            let of_type = decode_strictly::<Pod>(document.root().unwrap()).map(|(_, unknown)| unknown);
            let of_shape = shape("Pod").unwrap().fit(document.root().unwrap());
            let place = |found: Result<Vec<UnknownField>, TypeError>| found.map_err(|error| (error.path, error.span));
            (place(of_type), place(of_shape))
        };
        let container = "containers[]";
        for path in [
            &["metadata"][..],
            &["metadata", "labels"],
            &["metadata", "labels", "a"],
            &["metadata", "ownerReferences[]", "controller"],
            &["metadata", "ownerReferences[]", "kind"],
            &["metadata", "creationTimestamp"],
            &["metadata", "managedFields[]", "time"],
            &["metadata", "generation"],
            &["metadata", "finalizers"],
            &["spec", "activeDeadlineSeconds"],
            &["spec", "priority"],
            &["spec", "overhead", "cpu"],
            &["spec", "affinity", "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution[]", "labelSelector"],
            &["spec", "tolerations[]", "tolerationSeconds"],
            &["spec", "volumes[]", "configMap", "items[]", "mode"],
            &["spec", "volumes[]", "ephemeral", "volumeClaimTemplate", "spec", "resources", "requests", "storage"],
            &["spec", container, "ports[]", "containerPort"],
            &["spec", container, "env[]", "valueFrom", "secretKeyRef", "optional"],
            &["spec", container, "livenessProbe", "httpGet", "port"],
            &["spec", container, "securityContext", "runAsUser"],
            &["spec", container, "securityContext", "capabilities", "drop"],
            &["spec", container, "securityContext", "windowsOptions", "hostProcess"],
            &["spec", container, "resizePolicy[]"],
            &["spec", "initContainers[]", "restartPolicy"],
            &["spec", "ephemeralContainers[]", "targetContainerName"],
            &["spec", "nonsense"],
            &["status", "conditions[]", "lastTransitionTime"],
            &["status", "containerStatuses[]", "state", "running", "startedAt"],
        ] {
            let texts = with_values(path);
            let outcomes: Vec<_> = texts.iter().map(|text| decoded(text)).collect();
            for (text, (of_type, of_shape)) in texts.iter().zip(&outcomes) {
                // The types do not take every null that Go takes.
                if !text.contains("null") {
                    assert_eq!(of_type, of_shape, "{text}");
                }
            }
            let fits = |(_, of_shape): &(_, Result<Vec<_>, _>)| of_shape.as_ref().is_ok_and(Vec::is_empty);
            assert_eq!(outcomes.last().map(fits), Some(path != ["spec", "nonsense"]), "{path:?}: null");
            assert!(!outcomes.iter().all(fits), "{path:?}");
        }
    }

    #[test]
    fn names_of_kinds_and_versions_are_texts_like_others() {
        // Go's decoder looks at no names within an object.
        let claim = "spec: {volumeClaimTemplates: [{apiVersion: v7, kind: Claim, metadata: {name: a}}]}";
        assert_eq!(check(&format!("apiVersion: apps/v1\nkind: StatefulSet\n{claim}\n")), Ok(vec![]));
        let wrong = check(&format!("apiVersion: apps/v1\nkind: StatefulSet\n{}\n", claim.replace("v7", "7")));
        assert!(wrong.unwrap_err().starts_with("spec.volumeClaimTemplates[0].apiVersion: expected a string"));
    }

    #[test]
    fn unknown_fields_come_with_a_suggestion() {
        let unknown =
            check(&format!("{HEAD}spec: {{securityContext: {{runAsNonroot: true}}, contianers: [], zzz: 1}}"));
        assert_eq!(
            unknown,
            Ok(vec![
                "spec.securityContext.runAsNonroot: unknown field, did you mean \"runAsNonRoot\"?".to_owned(),
                "spec.contianers: unknown field, did you mean \"containers\"?".to_owned(),
                "spec.zzz: unknown field".to_owned(),
            ])
        );
    }
}
