//! Containers must be kept from running as root.

use serde_json::Value;

use super::setters::{Setter, containers, names, setters, unset};
use super::{Check, Cis, Meaning, Revision};
use crate::model::{Applicability, PlacedContainer, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "runAsNonRoot",
    title: "Running as non-root",
    level: Level::Restricted,
    fix: Applicability::Risky,
    names: &["non-root", "nonroot", "root", "root user", "root containers", "running as root", "run as root"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.7", about: "root containers" }],
    meaning: Meaning {
        what: "Every container must have runAsNonRoot set to true, on itself or through the pod's securityContext. \
               The kubelet then refuses to start a container whose image would run as user 0.",
        why: "Root in a container is root on the node as soon as it gets out through a kernel or runtime hole or a \
              careless mount; an ordinary user has little to gain there.",
        fields: &["spec.securityContext.runAsNonRoot", "spec.containers[*].securityContext.runAsNonRoot"],
        allowed: &[
            "true",
            "not set on a container, where the pod's securityContext sets true",
            "anything or nothing, where spec.hostUsers is false (from v1.35 on)",
        ],
        remedy: "set spec.securityContext.runAsNonRoot: true and remove every runAsNonRoot: false",
        example: "spec:\n  securityContext:\n    runAsNonRoot: true\n",
        writes: true,
        breaks: "Images that run as root, or name their user instead of numbering it, no longer start: the pod stays \
                 in CreateContainerConfigError. Build the image with a numeric USER, or set runAsUser to an ID that \
                 can read and write what the program needs.",
    },
    revisions: &[
        Revision { since: 0, changed: "Part of the standard from the start.", overrides: &[], evaluate: v1_0 },
        Revision {
            since: 35,
            changed: "Pods with hostUsers: false pass, since their root is nobody on the node.",
            overrides: &[],
            evaluate: v1_35,
        },
    ],
};

const REASON: &str = "runAsNonRoot != true";

fn v1_35(pod: &PodTemplate) -> Option<Violated> {
    if pod.spec.has_user_namespace() { None } else { v1_0(pod) }
}

fn v1_0(pod: &PodTemplate) -> Option<Violated> {
    explicit(pod).or_else(|| implicit(pod))
}

/// Somebody sets false: admission names only those, whoever else sets nothing.
fn explicit(pod: &PodTemplate) -> Option<Violated> {
    let values = setters(&pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    let found: Vec<_> = values.filter(|(_, value)| !value).collect();
    if found.is_empty() {
        return None;
    }
    let detail = format!("{} must not set securityContext.runAsNonRoot=false", names(&found));
    let violations = found.iter().map(|(setter, value)| setter.violation(&["runAsNonRoot"], *value, true)).collect();
    Some(Violated { reason: REASON.into(), detail, violations })
}

/// Nobody sets false, but neither does anybody set true for these containers.
fn implicit(pod: &PodTemplate) -> Option<Violated> {
    let found = unset(&pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    if found.is_empty() {
        return None;
    }
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&found));
    let violation = |c: &PlacedContainer<'_>| Setter::Container(*c).violation(&["runAsNonRoot"], Value::Null, true);
    Some(Violated { reason: REASON.into(), detail, violations: found.iter().map(violation).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, violations};

    #[test]
    fn the_pods_value_serves_containers_that_set_none() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}]}}"#);
        assert_eq!(v1_0(&pod), None);
    }

    #[test]
    fn containers_without_a_value_are_named() {
        let pod = pod(r#"{"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"},
            {"name":"b","securityContext":{"runAsNonRoot":true}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "runAsNonRoot != true");
        assert_eq!(found.detail, r#"pod or containers "i", "a" must set securityContext.runAsNonRoot=true"#);
        assert_eq!(
            violations(&found),
            [
                "spec.initContainers[0].securityContext.runAsNonRoot null -> true",
                "spec.containers[0].securityContext.runAsNonRoot null -> true",
            ]
        );
    }

    #[test]
    fn who_sets_false_is_named_alone() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsNonRoot":false},"containers":[{"name":"a"},
            {"name":"b","securityContext":{"runAsNonRoot":false}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.detail, r#"pod and container "b" must not set securityContext.runAsNonRoot=false"#);
        assert_eq!(
            violations(&found),
            [
                "spec.securityContext.runAsNonRoot false -> true",
                "spec.containers[1].securityContext.runAsNonRoot false -> true",
            ]
        );
    }

    #[test]
    fn a_user_namespace_lets_off_from_v1_35_on() {
        let pod = pod(r#"{"spec":{"hostUsers":false,"containers":[{"name":"a"}]}}"#);
        assert!(v1_0(&pod).is_some());
        assert_eq!(v1_35(&pod), None);
    }
}
