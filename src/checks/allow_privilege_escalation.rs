//! No process may gain more rights than the one that started it.

use super::setters::{Setter, containers};
use super::{Case, Check, Cis, Left, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PlacedContainer, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    title: "Privilege escalation",
    level: Level::Restricted,
    fix: Applicability::Safe,
    names: &["privilege escalation", "privileges", "escalation", "no new privileges", "no_new_privs", "setuid"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.6", about: "allowPrivilegeEscalation" }],
    meaning: Meaning {
        what: "Every container must set allowPrivilegeEscalation to false; there is no such field for the whole pod. \
               The runtime then starts it with the kernel's no_new_privs flag, which the container's processes cannot \
               clear.",
        why: "Without the flag an intruder who holds an ordinary user can become root in the container through any \
              flawed set-user-ID program in the image, and many images bring some that nobody needs.",
        fields: &["spec.containers[*].securityContext.allowPrivilegeEscalation"],
        allowed: &["false", "anything or nothing, where spec.os.name is windows (from v1.25 on)"],
        remedy: "set securityContext.allowPrivilegeEscalation: false on every container",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      allowPrivilegeEscalation: false\n",
        writes: true,
        breaks: "Programs that raise their rights when they start: sudo and su, a ping that is set-user-ID, a server \
                 whose file carries cap_net_bind_service. They report \"operation not permitted\" or say that the no \
                 new privileges flag is set. The API server refuses false on a container with privileged: true; drop \
                 that first.",
    },
    revisions: &[
        Revision {
            since: 8,
            changed: "The control exists since v1.8, which brought the field.",
            overrides: &[],
            evaluate: v1_8,
        },
        Revision {
            since: 25,
            changed: "Pods with spec.os.name: windows pass, since the API server refuses the field on them.",
            overrides: &[],
            evaluate: v1_25,
        },
    ],
    repair,
};

const REASON: &str = "allowPrivilegeEscalation != false";

fn v1_25(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.is_windows() { None } else { v1_8(pod) }
}

fn v1_8(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = pod.spec.all_containers().filter(|c| own_value(c) != Some(false));
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(found.clone())?);
    let violation =
        |c: PlacedContainer<'_>| Setter::Container(c).violation(&["allowPrivilegeEscalation"], own_value(&c), false);
    Some(Violated::new(REASON, detail, found.map(violation)))
}

fn own_value(container: &PlacedContainer<'_>) -> Option<bool> {
    container.security_context.as_ref()?.allow_privilege_escalation
}

fn repair(case: &Case<'_>) -> Repair {
    if case.is_windows {
        return case.left_for_windows();
    }
    let mut repair = Repair::default();
    for violation in case.violations {
        match case.container_at(&violation.path).and_then(|container| refusal(case, container)) {
            Some(why) => {
                let ways = vec!["fix that finding too".to_owned()];
                repair.left.push(Left { path: violation.path.clone(), why: why.to_owned(), ways });
            }
            None => repair.steps.push(Step::safe(Edit::set(violation.path.clone(), false), RISK)),
        }
    }
    repair
}

const RISK: &str = "sudo, su and other programs that raise their rights when they start no longer can";

/// Why the API server would refuse `false` on a container (`ValidateSecurityContext` in
/// `k8s.io/kubernetes/pkg/apis/core/validation`).
fn refusal(case: &Case<'_>, container: PlacedContainer<'_>) -> Option<&'static str> {
    let context = container.container.security_context.as_ref()?;
    let added = context.capabilities.as_ref().is_some_and(|names| names.add.iter().any(|name| name == "CAP_SYS_ADMIN"));
    if context.privileged == Some(true) && case.leaves(&["privileged"]) {
        Some("the container stays privileged, and the API server refuses false next to that")
    } else if added && (case.keeps("SYS_ADMIN") || case.leaves(&["capabilities_baseline", "capabilities_restricted"])) {
        Some("the container keeps CAP_SYS_ADMIN, and the API server refuses false next to that")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn whoever_does_not_set_false_is_named() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a"},{"name":"b","securityContext":{}},
            {"name":"c","securityContext":{"allowPrivilegeEscalation":true}},
            {"name":"d","securityContext":{"allowPrivilegeEscalation":false}}]}}"#);
        let found = v1_8(&pod).unwrap();
        assert_eq!(found.reason, "allowPrivilegeEscalation != false");
        assert_eq!(found.detail, r#"containers "a", "b", "c" must set securityContext.allowPrivilegeEscalation=false"#);
        assert_eq!(
            violations(found),
            [
                "spec.containers[0].securityContext.allowPrivilegeEscalation null -> false",
                "spec.containers[1].securityContext.allowPrivilegeEscalation null -> false",
                "spec.containers[2].securityContext.allowPrivilegeEscalation true -> false",
            ]
        );
    }

    #[test]
    fn one_container_is_named_in_the_singular() {
        let pod = pod(r#"{"spec":{"ephemeralContainers":[{"name":"debug"}]}}"#);
        let mut found = v1_25(&pod).unwrap();
        assert_eq!(found.detail, r#"container "debug" must set securityContext.allowPrivilegeEscalation=false"#);
        assert_eq!(found.violations.next().unwrap().container.as_deref(), Some("debug"));
    }

    #[test]
    fn windows_is_let_off_from_v1_25_on() {
        let windows = pod(r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#);
        assert!(v1_8(&windows).is_some());
        assert!(v1_25(&windows).is_none());
        let linux = pod(r#"{"spec":{"os":{"name":"linux"},"containers":[{"name":"a"}]}}"#);
        assert!(v1_25(&linux).is_some());
    }

    #[test]
    fn every_container_gets_false() {
        let json = r#"{"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a","securityContext":{
            "allowPrivilegeEscalation":true}},{"name":"b","securityContext":{"allowPrivilegeEscalation":false}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                "spec.initContainers[0].securityContext.allowPrivilegeEscalation = false safe",
                "spec.containers[0].securityContext.allowPrivilegeEscalation = false safe",
            ]
        );
    }

    #[test]
    fn what_the_server_would_refuse_is_left() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}},
            {"name":"b","securityContext":{"capabilities":{"add":["CAP_SYS_ADMIN"]}}},{"name":"c"}]}}"#;
        assert_eq!(repair(&CHECK, json).steps.len(), 3, "the other findings are repaired");
        let left_alone = ["privileged", "capabilities_restricted"];
        let repair = repair_with(&CHECK, json, &Choices::default(), 37, &left_alone);
        let path = "spec.containers[2].securityContext.allowPrivilegeEscalation = false safe";
        assert_eq!(steps(&repair), [path]);
        let left: Vec<_> = repair.left.iter().map(|left| left.path.to_string()).collect();
        assert_eq!(
            left,
            [
                "spec.containers[0].securityContext.allowPrivilegeEscalation",
                "spec.containers[1].securityContext.allowPrivilegeEscalation",
            ]
        );
    }

    #[test]
    fn windows_pods_get_no_linux_field() {
        let json = r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#;
        let repair = repair_with(&CHECK, json, &Choices::default(), 24, &[]);
        assert_eq!((repair.steps.len(), repair.left.len()), (0, 1));
    }
}
