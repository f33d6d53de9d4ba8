//! No container may be privileged.

use serde_json::Value;

use super::setters::{Setter, containers};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PlacedContainer, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "privileged",
    title: "Privileged containers",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["privileged container", "privileged containers", "privileged mode"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.2", about: "privileged containers" }],
    meaning: Meaning {
        what: "No container may set privileged to true. A privileged container has every capability and all of the \
               node's devices, and runs without seccomp filter, AppArmor profile and masks over /proc and /sys.",
        why: "Whoever controls such a container controls the node: mounting its disk or loading a kernel module takes \
              one command. From there the pods, secrets and credentials of everybody else on the node are in reach.",
        fields: &["spec.containers[*].securityContext.privileged"],
        allowed: &["false", "not set"],
        remedy: "set securityContext.privileged: false on every container, or remove the field",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      privileged: false\n",
        writes: true,
        breaks: "Whatever touches the node itself: network and storage plug-ins, device drivers, Docker in Docker, \
                 programs that mount or change kernel parameters. They report \"operation not permitted\", \
                 \"permission denied\" or a missing file below /dev. Often one capability was all they needed; what \
                 truly needs the node belongs in a namespace of its own at the privileged level.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start: nothing else isolates a privileged container.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "privileged";

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = pod.spec.all_containers().filter(is_privileged);
    let detail = format!("{} must not set securityContext.privileged=true", containers(found.clone())?);
    let violation = |container| Setter::Container(container).violation(&["privileged"], true, false);
    Some(Violated::new(REASON, detail, found.map(violation)))
}

fn is_privileged(container: &PlacedContainer<'_>) -> bool {
    container.security_context.as_ref().is_some_and(|context| context.privileged == Some(true))
}

fn repair(case: &Case<'_>) -> Repair {
    let mut steps = Vec::new();
    for violation in case.violations {
        let Some(container) = case.container_at(&violation.path) else { continue };
        steps.push(Step::risky(Edit::set(violation.path.clone(), false), risk(case, container)));
        steps.extend(propagations(case, container).map(|path| {
            // The API server takes Bidirectional from privileged containers only.
            let risk = "what the container mounts there is not seen on the node any more";
            Step::risky(Edit::set(path, "HostToContainer"), risk)
        }));
    }
    steps.into()
}

fn risk(case: &Case<'_>, container: PlacedContainer<'_>) -> &'static str {
    if propagations(case, container).next().is_some() {
        "the container can no longer mount anything, nor use the node's devices"
    } else {
        "mounting, loading kernel modules, using the node's devices and changing kernel parameters stop working"
    }
}

/// Where the container's mounts are shared back to the node.
fn propagations(case: &Case<'_>, container: PlacedContainer<'_>) -> impl Iterator<Item = FieldPath> {
    let list = container.path().field("volumeMounts");
    let count = case.written(&list).and_then(Value::as_array).map_or(0, Vec::len);
    let paths = (0..count).map(move |at| list.clone().index(at).field("mountPropagation"));
    paths.filter(|path| case.written(path).is_some_and(|value| value == "Bidirectional"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn only_true_is_found() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a"},{"name":"b","securityContext":{}},
            {"name":"c","securityContext":{"privileged":false}},{"name":"d","securityContext":{"privileged":true}}],
            "initContainers":[{"name":"e","securityContext":{"privileged":true}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "privileged");
        assert_eq!(found.detail, r#"containers "e", "d" must not set securityContext.privileged=true"#);
        assert_eq!(
            violations(found),
            [
                "spec.initContainers[0].securityContext.privileged true -> false",
                "spec.containers[3].securityContext.privileged true -> false",
            ]
        );
    }

    #[test]
    fn nothing_set_passes() {
        assert!(v1_0(&pod(r#"{"spec":{"containers":[{"name":"a"}]}}"#)).is_none());
        assert!(v1_0(&pod("{}")).is_none());
    }

    #[test]
    fn mounts_are_not_shared_back_any_more() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"privileged":true},"volumeMounts":[
            {"name":"v","mountPath":"/v"},{"name":"v","mountPath":"/w","mountPropagation":"Bidirectional"}]},
            {"name":"b","securityContext":{"privileged":true}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                "spec.containers[0].securityContext.privileged = false risky",
                r#"spec.containers[0].volumeMounts[1].mountPropagation = "HostToContainer" risky"#,
                "spec.containers[1].securityContext.privileged = false risky",
            ]
        );
    }
}
