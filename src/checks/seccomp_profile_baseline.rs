//! Seccomp must not be switched off.

use std::collections::BTreeSet;

use super::setters::{Setter, names, setters, spread, text_value};
use super::text::{distinct, go_quote, join, join_quote, plural};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step, seccomp_annotations};
use crate::model::{Applicability, ContainerKind, Edit, FieldPath, PlacedContainer, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_baseline",
    title: "Seccomp profile",
    level: Level::Baseline,
    fix: Applicability::Safe,
    names: &["seccomp", "seccomp profile", "seccomp profiles"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10"], number: "5.7.2", about: "seccomp profile" },
        Cis { benchmarks: &["v1.11", "v1.12"], number: "5.6.2", about: "seccomp profile" },
    ],
    meaning: Meaning {
        what: "Neither the pod nor a container may name another seccomp profile than RuntimeDefault or one from the \
               node (Localhost). Naming none is fine at this level, and means no filter on most clusters.",
        why: "A seccomp profile keeps system calls from the kernel that ordinary programs never make and exploits \
              like to start with. Unconfined opens all of them, even where the kubelet would set a default.",
        fields: &[
            "spec.securityContext.seccompProfile.type",
            "spec.containers[*].securityContext.seccompProfile.type",
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]",
            "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/*]",
        ],
        allowed: &[
            "RuntimeDefault or Localhost, or no profile at all",
            "runtime/default, docker/default or localhost/NAME in an annotation (before v1.19)",
        ],
        remedy: "set seccompProfile.type: RuntimeDefault, or remove the profile",
        example: "spec:\n  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n",
        writes: true,
        breaks: "Programs that make rare system calls: debuggers and profilers, sandboxes such as a browser's, FUSE, \
                 old 32-bit code. They report \"operation not permitted\" or \"function not implemented\" although \
                 file permissions and capabilities are right. A profile of their own on the nodes, named with \
                 Localhost, can let just those calls through.",
    },
    revisions: &[
        Revision {
            since: 0,
            changed: "Part of the standard from the start, for the annotations that carried the profile.",
            overrides: &[],
            evaluate: v1_0,
        },
        Revision {
            since: 19,
            changed: "The fields are judged, which came with v1.19, and the annotations no more.",
            overrides: &[],
            evaluate: v1_19,
        },
    ],
    repair,
};

const REASON: &str = "seccompProfile";

pub(super) fn v1_19(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = wrong_types(pod);
    let who = names(found.clone())?;
    let values = distinct(found.clone().map(|(_, type_)| type_));
    let path = &["seccompProfile", "type"];
    let detail = format!("{who} must not set securityContext.seccompProfile.type to {}", join_quote(values));
    let violation = |(setter, type_): (Setter<'_>, &str)| setter.violation(path, text_value(type_), "RuntimeDefault");
    Some(Violated::new(REASON, detail, found.map(violation)))
}

fn wrong_types(pod: &PodTemplate) -> impl Iterator<Item = (Setter<'_>, &str)> + Clone {
    let types = setters(
        &pod.spec,
        |pod| Some(pod.seccomp_profile.as_ref()?.type_.as_str()),
        |own| Some(own.seccomp_profile.as_ref()?.type_.as_str()),
    );
    types.filter(|(_, type_)| !matches!(*type_, "RuntimeDefault" | "Localhost"))
}

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let everybody = std::iter::once(Setter::Pod).chain(pod.spec.all_containers().map(Setter::Container));
    let mut texts = BTreeSet::new();
    let mut violations = Vec::new();
    for (setter, key) in everybody.map(|setter| (setter, seccomp_annotations::key(setter))) {
        let Some(value) = pod.metadata.annotations.get(&key).filter(|value| !annotation_passes(value)) else {
            continue;
        };
        // Containers of the same name share one annotation.
        if texts.insert(format!("{key}={}", go_quote(value))) {
            let path = FieldPath::fields(&["metadata", "annotations"]).key(key);
            violations.push(setter.violation_at(path, value.as_str(), "runtime/default"));
        }
    }
    if texts.is_empty() {
        return None;
    }
    let noun = plural("annotation", "annotations", texts.len());
    let list = join(texts);
    Some(Violated::new(REASON, format!("forbidden {noun} {list}"), violations.into_iter()))
}

fn annotation_passes(value: &str) -> bool {
    matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
}

fn repair(case: &Case<'_>) -> Repair {
    if case.minor < 19 { repair_annotations(case) } else { repair_fields(case, Vec::new()) }
}

/// Servers of that age know only the annotations. Newer ones refuse those that do not say what a field says.
fn repair_annotations(case: &Case<'_>) -> Repair {
    let has_fields = setters(&case.pod.spec, |pod| pod.seccomp_profile.as_ref(), |own| own.seccomp_profile.as_ref());
    let removes = has_fields.count() > 0;
    let edit = |path: FieldPath| if removes { Edit::remove(path) } else { Edit::set(path, "runtime/default") };
    let steps = case.violations.iter().map(|violation| Step::safe(edit(violation.path.clone()), ""));
    steps.collect::<Vec<_>>().into()
}

/// Gives everybody a profile that passes: who names a wrong one, and those of `lacking`, who name none.
pub(super) fn repair_fields(case: &Case<'_>, lacking: Vec<PlacedContainer<'_>>) -> Repair {
    let of_pod = case.pod.spec.security_context.as_ref().and_then(|pod| pod.seccomp_profile.as_ref());
    // What the pod sets must not take from a container what its annotation named.
    let from_pod = seccomp_annotations::localhost_profile(case, Setter::Pod).filter(|_| of_pod.is_none());
    let names_own = |container: &PlacedContainer<'_>| {
        let own = seccomp_annotations::localhost_profile(case, Setter::Container(*container));
        // Ephemeral containers cannot be given one.
        container.kind != ContainerKind::Ephemeral && own.is_some() && own != from_pod
    };
    let (with_own, inheriting): (Vec<_>, Vec<_>) = lacking.into_iter().partition(names_own);
    let spread =
        spread(of_pod.is_some(), wrong_types(case.pod).map(|(setter, _)| setter).collect(), !inheriting.is_empty());

    let mut steps = Vec::new();
    for setter in spread.set {
        let has_one = of_pod.is_some() || matches!(setter, Setter::Container(_));
        steps.extend(seccomp_annotations::set_profile(case, setter, has_one));
    }
    for setter in spread.remove {
        steps.push(Step::safe(Edit::remove(setter.security_context().field("seccompProfile")), ""));
        steps.extend(seccomp_annotations::removal(case, setter));
    }
    for container in with_own {
        steps.extend(seccomp_annotations::set_profile(case, Setter::Container(container), false));
    }
    steps.extend(inheriting.into_iter().filter_map(|c| seccomp_annotations::removal(case, Setter::Container(c))));
    steps.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn fields_of_pod_and_containers() {
        let pod = pod(r#"{"spec":{"securityContext":{"seccompProfile":{"type":"Unconfined"}},"containers":[
            {"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}},
            {"name":"b","securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"p"}}},
            {"name":"c","securityContext":{"seccompProfile":{}}},{"name":"d"}]}}"#);
        let found = v1_19(&pod).unwrap();
        assert_eq!(found.reason, "seccompProfile");
        assert_eq!(
            found.detail,
            r#"pod and containers "a", "c" must not set securityContext.seccompProfile.type to "", "Unconfined""#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.securityContext.seccompProfile.type "Unconfined" -> "RuntimeDefault""#,
                r#"spec.containers[0].securityContext.seccompProfile.type "Unconfined" -> "RuntimeDefault""#,
                r#"spec.containers[2].securityContext.seccompProfile.type null -> "RuntimeDefault""#,
            ]
        );
        assert!(v1_0(&pod).is_none());
    }

    #[test]
    fn annotations_before_v1_19() {
        let pod = pod(r#"{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"unconfined",
            "container.seccomp.security.alpha.kubernetes.io/b":"a\"\u001b",
            "container.seccomp.security.alpha.kubernetes.io/a":"",
            "container.seccomp.security.alpha.kubernetes.io/c":"docker/default",
            "container.seccomp.security.alpha.kubernetes.io/ghost":"unconfined"}},
            "spec":{"containers":[{"name":"b"},{"name":"a"},{"name":"c"},{"name":"d"}],
            "initContainers":[{"name":"b"}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "seccompProfile");
        assert_eq!(
            found.detail,
            "forbidden annotations container.seccomp.security.alpha.kubernetes.io/a=\"\", \
             container.seccomp.security.alpha.kubernetes.io/b=\"a\\\"\\x1b\", \
             seccomp.security.alpha.kubernetes.io/pod=\"unconfined\""
        );
        let lines = violations(found);
        let short: Vec<_> = lines.iter().map(|line| line.replace(crate::model::SECCOMP_ANNOTATION, "C/")).collect();
        assert_eq!(
            short,
            [
                r#"metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] "unconfined" -> "runtime/default""#,
                r#"metadata.annotations[C/b] "a\"\u001b" -> "runtime/default""#,
                r#"metadata.annotations[C/a] "" -> "runtime/default""#,
            ]
        );
        assert_eq!(v1_0(&pod).unwrap().violations.nth(1).unwrap().container.as_deref(), Some("b"));
        assert!(v1_19(&pod).is_none());
    }

    #[test]
    fn one_annotation_and_none() {
        let of = |value: &str| {
            let key = crate::model::SECCOMP_ANNOTATION_OF_POD;
            v1_0(&pod(&format!(r#"{{"metadata":{{"annotations":{{"{key}":"{value}"}}}}}}"#))).map(|found| found.detail)
        };
        let forbidden = r#"forbidden annotation seccomp.security.alpha.kubernetes.io/pod="x""#;
        assert_eq!(of("x").as_deref(), Some(forbidden));
        assert_eq!((of("runtime/default"), of("localhost/p")), (None, None));
    }

    #[test]
    fn only_wrong_profiles_change() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}},
            {"name":"b"}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [r#"spec.containers[0].securityContext.seccompProfile.type = "RuntimeDefault" safe"#]
        );
        let json = r#"{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"unconfined"}},
            "spec":{"securityContext":{"seccompProfile":{"type":"x","localhostProfile":"p"}},"containers":[
            {"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                r#"spec.securityContext.seccompProfile.type = "RuntimeDefault" safe"#,
                "spec.securityContext.seccompProfile.localhostProfile removed safe",
                "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] removed safe",
                "spec.containers[0].securityContext.seccompProfile removed safe",
            ]
        );
    }

    #[test]
    fn old_policies_want_the_annotations_changed() {
        let json =
            r#"{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"unconfined"}},"spec":{FIELD}}"#;
        let with = |field: &str| {
            steps(&repair_with(&CHECK, &json.replace("FIELD", field), &Choices::default(), 18, &[])).remove(0)
        };
        let path = "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]";
        assert_eq!(with(""), format!(r#"{path} = "runtime/default" safe"#));
        let field = r#""securityContext":{"seccompProfile":{"type":"Unconfined"}}"#;
        assert_eq!(with(field), format!("{path} removed safe"));
    }
}
