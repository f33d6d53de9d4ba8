//! AppArmor must not be switched off.

use std::collections::HashMap;

use super::setters::{Setter, names, setters, text_value};
use super::text::{distinct, go_quote, join_quote, plural};
use super::{Case, Check, Meaning, Repair, Revision, Step};
use crate::model::{
    APP_ARMOR_ANNOTATION, Applicability, Edit, FieldPath, PlacedContainer, PodTemplate, Segment, Violated, Violation,
};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "appArmorProfile",
    title: "AppArmor profile",
    level: Level::Baseline,
    fix: Applicability::Safe,
    names: &["AppArmor", "AppArmor profile", "AppArmor profiles"],
    reasons: &["forbidden AppArmor profile", "forbidden AppArmor profiles"],
    cis: &[],
    meaning: Meaning {
        what: "Neither the pod nor a container may run without its AppArmor profile. Setting none is fine: on nodes \
               with AppArmor the runtime's profile is the default. The annotations from before v1.30 count like the \
               fields, also those that name no container of the pod.",
        why: "The profile keeps root in a container from mounting, from writing to /proc and /sys, and from tracing \
              processes outside of it. Unconfined takes this fence away on every node that has AppArmor.",
        fields: &[
            "spec.securityContext.appArmorProfile.type",
            "spec.containers[*].securityContext.appArmorProfile.type",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]",
        ],
        allowed: &[
            "RuntimeDefault or Localhost in a field, or no profile at all",
            "runtime/default, localhost/NAME or an empty text in an annotation",
        ],
        remedy: "remove the profile and its annotations, or set appArmorProfile.type: RuntimeDefault",
        example: "spec:\n  securityContext:\n    appArmorProfile:\n      type: RuntimeDefault\n",
        writes: false,
        breaks: "Programs that mount, trace or write below /proc and /sys, on nodes with AppArmor only. They report \
                 \"permission denied\" although they are root, and the node's kernel log has a line with \
                 apparmor=\"DENIED\". A profile made for the program, loaded on the nodes and named with Localhost, \
                 lets it do just what it needs.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start. Annotations and fields are judged alike at every version.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = forbidden_types(pod);
    let annotations = forbidden_annotations(pod);
    let names = names(found.clone());
    if names.is_none() && annotations.is_empty() {
        return None;
    }

    let types = distinct(found.clone().map(|(_, type_)| type_));
    let mut texts: Vec<_> = annotations.iter().map(|(key, value)| format!("{key}={}", go_quote(value))).collect();
    texts.sort_unstable();
    let values: Vec<_> = types.into_iter().chain(texts.iter().map(String::as_str)).collect();

    let noun = || plural("annotation", "annotations", annotations.len()).to_owned();
    let guilty: Vec<_> = names.into_iter().chain((!annotations.is_empty()).then(noun)).collect();

    let path = &["appArmorProfile", "type"];
    let reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len());
    let detail = format!("{} must not set AppArmor profile type to {}", guilty.join(" and "), join_quote(&values));
    let of_fields = found.map(|(setter, type_)| setter.violation(path, text_value(type_), "RuntimeDefault"));
    let by_name = if annotations.is_empty() { HashMap::new() } else { pod.spec.containers_by_name() };
    let of_annotations = annotations.into_iter().map(move |(key, value)| annotation_violation(&by_name, key, value));
    Some(Violated::new(reason, detail, of_fields.chain(of_annotations)))
}

fn forbidden_types(pod: &PodTemplate) -> impl Iterator<Item = (Setter<'_>, &str)> + Clone {
    let types = setters(
        &pod.spec,
        |pod| Some(pod.app_armor_profile.as_ref()?.type_.as_str()),
        |own| Some(own.app_armor_profile.as_ref()?.type_.as_str()),
    );
    types.filter(|(_, type_)| !matches!(*type_, "RuntimeDefault" | "Localhost"))
}

fn forbidden_annotations(pod: &PodTemplate) -> Vec<(&str, &str)> {
    let passes = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let all = pod.metadata.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    all.filter(|(key, value)| key.starts_with(APP_ARMOR_ANNOTATION) && !passes(value)).collect()
}

/// Of the container that the annotation names, where the pod has it.
fn annotation_violation(by_name: &HashMap<&str, PlacedContainer<'_>>, key: &str, value: &str) -> Violation {
    let container = key.strip_prefix(APP_ARMOR_ANNOTATION).and_then(|name| by_name.get(name).copied());
    let path = FieldPath::fields(&["metadata", "annotations"]).key(key);
    container.map_or(Setter::Pod, Setter::Container).violation_at(path, value, "runtime/default")
}

/// Profiles and annotations go, and nothing comes: where AppArmor is on, the runtime's profile is the default anyway, and
/// kubelets refuse pods that name it on nodes where it is off (`isRequired` in `k8s.io/kubernetes/pkg/security/apparmor`).
fn repair(case: &Case<'_>) -> Repair {
    let risk = "on nodes with AppArmor, mounting, tracing and writing below /proc and /sys are denied";
    let removed = |violation: &Violation| {
        let is_annotation = violation.path.last().is_some_and(|step| matches!(step, Segment::Key(_)));
        let count = violation.path.segments().len() - usize::from(!is_annotation);
        // Admission copies annotations to fields, which are not written then.
        let path = violation.path.head(count);
        case.written(&path).is_some().then(|| Step::safe(Edit::remove(path), risk))
    };
    case.violations.iter().filter_map(removed).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    fn annotated(annotations: &str) -> PodTemplate {
        let text =
            format!(r#"{{"metadata":{{"annotations":{{{annotations}}}}},"spec":{{"containers":[{{"name":"a"}}]}}}}"#);
        pod(&text.replace("AA/", APP_ARMOR_ANNOTATION))
    }

    #[test]
    fn fields_of_pod_and_containers() {
        let pod = pod(r#"{"spec":{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[
            {"name":"a","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}},
            {"name":"b","securityContext":{}},{"name":"c","securityContext":{"appArmorProfile":{}}},
            {"name":"d","securityContext":{"appArmorProfile":{"type":"Unconfined"}}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "forbidden AppArmor profiles");
        assert_eq!(
            found.detail,
            r#"pod and containers "c", "d" must not set AppArmor profile type to "", "Unconfined""#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.securityContext.appArmorProfile.type "Unconfined" -> "RuntimeDefault""#,
                r#"spec.containers[2].securityContext.appArmorProfile.type null -> "RuntimeDefault""#,
                r#"spec.containers[3].securityContext.appArmorProfile.type "Unconfined" -> "RuntimeDefault""#,
            ]
        );
    }

    #[test]
    fn annotations_are_quoted_twice() {
        let pod = annotated(r#""AA/a":"unconfined""#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "forbidden AppArmor profile");
        assert_eq!(
            found.detail,
            "annotation must not set AppArmor profile type to \
             \"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\""
        );
        let violation = violations(found)[0].replace(APP_ARMOR_ANNOTATION, "AA/");
        assert_eq!(violation, r#"metadata.annotations[AA/a] "unconfined" -> "runtime/default""#);
        assert_eq!(v1_0(&pod).unwrap().violations.next().unwrap().container.as_deref(), Some("a"));
    }

    #[test]
    fn annotations_are_sorted_with_their_values() {
        // '-' sorts before '=', so the longer name comes first.
        let pod = annotated(r#""AA/x":"a\"\u0001","AA/x-y":"bogus","other":"unconfined""#);
        let mut found = v1_0(&pod).unwrap();
        assert_eq!(
            found.detail.replace(APP_ARMOR_ANNOTATION, "AA/"),
            r#"annotations must not set AppArmor profile type to "AA/x-y="bogus"", "AA/x="a\"\x01"""#
        );
        assert_eq!(found.violations.next().unwrap().container, None, "the pod has no container x");
    }

    #[test]
    fn allowed_values_pass() {
        assert!(v1_0(&annotated(r#""AA/a":"runtime/default","AA/b":"localhost/","AA/c":"""#)).is_none());
        assert!(v1_0(&pod(r#"{"spec":{"securityContext":{"appArmorProfile":{"type":"Localhost"}}}}"#)).is_none());
    }

    #[test]
    fn profiles_and_annotations_go() {
        let json = r#"{"metadata":{"annotations":{"AA/a":"unconfined","AA/b":"localhost/x","AA/ghost":"bogus"}},
            "spec":{"securityContext":{"appArmorProfile":{"type":"Unconfined"}},"containers":[
            {"name":"b","securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"x"}}},{"name":"a"}]}}"#;
        let repair = repair(&CHECK, &json.replace("AA/", APP_ARMOR_ANNOTATION));
        let removed: Vec<_> = steps(&repair).iter().map(|step| step.replace(APP_ARMOR_ANNOTATION, "AA/")).collect();
        assert_eq!(
            removed,
            [
                "spec.securityContext.appArmorProfile removed safe",
                "metadata.annotations[AA/a] removed safe",
                "metadata.annotations[AA/ghost] removed safe",
            ]
        );
    }
}
