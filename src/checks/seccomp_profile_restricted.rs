//! Every container must have a seccomp profile.

use serde_json::Value;

use super::seccomp_profile_baseline;
use super::setters::{Setter, containers, unset};
use super::{Case, Check, Cis, Meaning, Repair, Revision};
use crate::model::{Applicability, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_restricted",
    title: "Required seccomp profile",
    level: Level::Restricted,
    fix: Applicability::Safe,
    names: &["seccomp", "seccomp profile", "seccomp profiles"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10"], number: "5.7.2", about: "seccomp profile" },
        Cis { benchmarks: &["v1.11", "v1.12"], number: "5.6.2", about: "seccomp profile" },
    ],
    meaning: Meaning {
        what: "Every container must have the seccomp profile RuntimeDefault or one from the node (Localhost), named \
               on itself or in the pod's securityContext. A default that the kubelet would set does not count.",
        why: "Where nobody names a profile, most clusters run the container with none, and every system call of the \
              kernel is open to it. Many kernel holes need one that ordinary programs never make.",
        fields: &["spec.securityContext.seccompProfile.type", "spec.containers[*].securityContext.seccompProfile.type"],
        allowed: &[
            "RuntimeDefault or Localhost",
            "not set on a container, where the pod's securityContext names one of them",
            "anything or nothing, where spec.os.name is windows (from v1.25 on)",
        ],
        remedy: "set spec.securityContext.seccompProfile.type: RuntimeDefault; let no container name Unconfined",
        example: "spec:\n  securityContext:\n    seccompProfile:\n      type: RuntimeDefault\n",
        writes: true,
        breaks: "Programs that make rare system calls: debuggers and profilers, sandboxes such as a browser's, FUSE, \
                 old 32-bit code. They report \"operation not permitted\" or \"function not implemented\" although \
                 file permissions and capabilities are right. A profile of their own on the nodes, named with \
                 Localhost, can let just those calls through.",
    },
    revisions: &[
        Revision {
            since: 19,
            changed: "The control exists since v1.19, which brought the field; it contains seccompProfile_baseline.",
            overrides: &["seccompProfile_baseline"],
            evaluate: v1_19,
        },
        Revision {
            since: 25,
            changed: "Pods with spec.os.name: windows pass, since the API server refuses the field on them.",
            overrides: &["seccompProfile_baseline"],
            evaluate: v1_25,
        },
    ],
    repair,
};

const REASON: &str = "seccompProfile";

fn v1_25(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.is_windows() { None } else { v1_19(pod) }
}

/// Where somebody names a wrong profile, admission names only those, whoever else names none.
fn v1_19(pod: &PodTemplate) -> Option<Violated<'_>> {
    seccomp_profile_baseline::v1_19(pod).or_else(|| implicit(pod))
}

fn implicit(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = unset(&pod.spec, |pod| pod.seccomp_profile.as_ref(), |own| own.seccomp_profile.as_ref());
    let detail = format!(
        r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
        containers(found.clone())?
    );
    let path = &["seccompProfile", "type"];
    let violation = |container| Setter::Container(container).violation(path, Value::Null, "RuntimeDefault");
    Some(Violated::new(REASON, detail, found.map(violation)))
}

fn repair(case: &Case<'_>) -> Repair {
    if case.is_windows {
        return case.left_for_windows();
    }
    let lacking = unset(&case.pod.spec, |pod| pod.seccomp_profile.as_ref(), |own| own.seccomp_profile.as_ref());
    seccomp_profile_baseline::repair_fields(case, lacking.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn containers_without_a_profile_are_named() {
        let pod =
            pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Localhost"}}},
            {"name":"b","securityContext":{}},{"name":"c"}]}}"#);
        let found = v1_19(&pod).unwrap();
        assert_eq!(found.reason, "seccompProfile");
        assert_eq!(
            found.detail,
            "pod or containers \"b\", \"c\" must set securityContext.seccompProfile.type to \
             \"RuntimeDefault\" or \"Localhost\""
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.containers[1].securityContext.seccompProfile.type null -> "RuntimeDefault""#,
                r#"spec.containers[2].securityContext.seccompProfile.type null -> "RuntimeDefault""#,
            ]
        );
    }

    #[test]
    fn a_wrong_profile_is_named_alone() {
        let wrong =
            pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}},
            {"name":"b"}]}}"#);
        let detail = r#"container "a" must not set securityContext.seccompProfile.type to "Unconfined""#;
        assert_eq!(v1_19(&wrong).unwrap().detail, detail);
        let of_pod = pod(r#"{"spec":{"securityContext":{"seccompProfile":{}},"containers":[{"name":"b"}]}}"#);
        assert_eq!(v1_19(&of_pod).unwrap().detail, r#"pod must not set securityContext.seccompProfile.type to """#);
    }

    #[test]
    fn the_pods_profile_serves_containers_that_name_none() {
        let pod = pod(r#"{"spec":{"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}},"containers":[
            {"name":"a"}]}}"#);
        assert!(v1_19(&pod).is_none());
    }

    #[test]
    fn windows_is_let_off_from_v1_25_on() {
        let pod = pod(r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#);
        assert!(v1_19(&pod).is_some());
        assert!(v1_25(&pod).is_none());
    }

    #[test]
    fn the_pod_says_it_for_all() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"seccompProfile":{"type":"Unconfined"}}},
            {"name":"b"},{"name":"c","securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"p"}}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                r#"spec.securityContext.seccompProfile.type = "RuntimeDefault" safe"#,
                "spec.containers[0].securityContext.seccompProfile removed safe",
            ]
        );
    }

    #[test]
    fn annotations_become_fields() {
        let json = r#"{"metadata":{"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"docker/default",
            "container.seccomp.security.alpha.kubernetes.io/a":"localhost/p.json",
            "container.seccomp.security.alpha.kubernetes.io/b":"unconfined"}},
            "spec":{"containers":[{"name":"a"},{"name":"b"}]}}"#;
        let short = |step: &String| step.replace("seccomp.security.alpha.kubernetes.io", "S");
        assert_eq!(
            steps(&repair(&CHECK, json)).iter().map(short).collect::<Vec<_>>(),
            [
                r#"spec.securityContext.seccompProfile.type = "RuntimeDefault" safe"#,
                "metadata.annotations[S/pod] removed safe",
                r#"spec.containers[0].securityContext.seccompProfile.type = "Localhost" safe"#,
                r#"spec.containers[0].securityContext.seccompProfile.localhostProfile = "p.json" safe"#,
                "metadata.annotations[container.S/a] removed safe",
                "metadata.annotations[container.S/b] removed safe",
            ]
        );
        let up = json.replace("localhost/p.json", "localhost/../p.json");
        assert!(steps(&repair(&CHECK, &up)).iter().all(|step| !step.contains("Localhost")), "the server refuses it");
    }
}
