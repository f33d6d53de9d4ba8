//! The masks over /proc must stay in place.

use super::setters::{Setter, containers};
use super::text::{distinct, join_quote};
use super::{Case, Check, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PlacedContainer, PodTemplate, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "procMount",
    title: "Masked /proc",
    level: Level::Baseline,
    fix: Applicability::Safe,
    names: &["proc mount", "/proc", "proc", "masked proc", "unmasked proc"],
    reasons: &[REASON],
    cis: &[],
    meaning: Meaning {
        what: "No container may ask for another /proc than the runtime's default, which hides some of its files and \
               makes others read-only. From v1.35 on a pod with its own user namespace may ask for Unmasked.",
        why: "Some files below /proc belong to the node, not to the container: writing to /proc/sysrq-trigger reboots \
              it, /proc/kcore is its memory. Without the masks only file permissions stand before them, and the \
              container's root has those.",
        fields: &["spec.containers[*].securityContext.procMount"],
        allowed: &["Default", "not set", "any value, where spec.hostUsers is false (from v1.35 on)"],
        remedy: "remove securityContext.procMount, or set it to Default",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      procMount: Default\n",
        writes: true,
        breaks: "Programs that start containers in a container and mount a /proc of their own, as unprivileged image \
                 builders do: they report \"operation not permitted\" at that mount. Almost nothing else uses the \
                 field.",
    },
    revisions: &[
        Revision { since: 0, changed: "Part of the standard from the start.", overrides: &[], evaluate: v1_0 },
        Revision {
            since: 35,
            changed: "Pods with hostUsers: false pass; their root has no rights over the node's files in /proc.",
            overrides: &[],
            evaluate: v1_35,
        },
    ],
    repair,
};

pub(super) const REASON: &str = "procMount";

fn v1_35(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.has_user_namespace() { None } else { v1_0(pod) }
}

pub(super) fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = pod.spec.all_containers().filter(|c| other_type(*c).is_some());
    let who = containers(found.clone())?;
    let types = distinct(found.clone().filter_map(other_type));
    let detail = format!("{who} must not set securityContext.procMount to {}", join_quote(types));
    let violation = |c: PlacedContainer<'_>| Setter::Container(c).violation(&["procMount"], other_type(c), "Default");
    Some(Violated::new(REASON, detail, found.map(violation)))
}

/// The container's type, where it is set and is not the default.
fn other_type(container: PlacedContainer<'_>) -> Option<&str> {
    let context = container.container.security_context.as_ref()?;
    context.proc_mount.as_deref().filter(|type_| *type_ != "Default")
}

pub(super) fn repair(case: &Case<'_>) -> Repair {
    let risk = "programs that start containers in the container can no longer mount a /proc of their own";
    let step = |violation: &Violation| Step::safe(Edit::set(violation.path.clone(), "Default"), risk);
    case.violations.iter().map(step).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn types_are_sorted_and_given_once() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a"},{"name":"b","securityContext":{}},
            {"name":"c","securityContext":{"procMount":"Default"}},
            {"name":"d","securityContext":{"procMount":"Unmasked"}},
            {"name":"e","securityContext":{"procMount":"other"}},
            {"name":"f","securityContext":{"procMount":"Unmasked"}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "procMount");
        assert_eq!(
            found.detail,
            r#"containers "d", "e", "f" must not set securityContext.procMount to "Unmasked", "other""#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.containers[3].securityContext.procMount "Unmasked" -> "Default""#,
                r#"spec.containers[4].securityContext.procMount "other" -> "Default""#,
                r#"spec.containers[5].securityContext.procMount "Unmasked" -> "Default""#,
            ]
        );
    }

    #[test]
    fn a_user_namespace_lets_off_from_v1_35_on() {
        let json = |users| {
            let own = r#"{"name":"a","securityContext":{"procMount":"Unmasked"}}"#;
            pod(&format!(r#"{{"spec":{{"hostUsers":{users},"containers":[{own}]}}}}"#))
        };
        assert!(v1_0(&json("false")).is_some());
        assert!(v1_35(&json("false")).is_none());
        let pod = json("true");
        let found = v1_35(&pod).unwrap();
        assert_eq!(found.detail, r#"container "a" must not set securityContext.procMount to "Unmasked""#);
    }

    #[test]
    fn the_type_becomes_the_default() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}}"#;
        assert_eq!(steps(&repair(&CHECK, json)), [r#"spec.containers[0].securityContext.procMount = "Default" safe"#]);
    }
}
