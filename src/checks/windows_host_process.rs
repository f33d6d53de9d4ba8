//! Windows containers must not run as processes of the node.

use super::setters::{names, setters};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PodTemplate, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "windowsHostProcess",
    title: "Windows host processes",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["windows", "host process", "windows host process", "windows host processes", "HostProcess containers"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.11", about: "Windows HostProcess containers" },
        Cis { benchmarks: &["v1.12"], number: "5.2.10", about: "Windows HostProcess containers" },
    ],
    meaning: Meaning {
        what: "Neither the pod nor a container may set windowsOptions.hostProcess to true. Such a container is no \
               container: its program runs on the Windows node itself.",
        why: "A host process sees the node's files, registry and network and runs as whatever account it names, \
              SYSTEM included. It is to Windows what privileged is to Linux, with no walls at all.",
        fields: &[
            "spec.securityContext.windowsOptions.hostProcess",
            "spec.containers[*].securityContext.windowsOptions.hostProcess",
        ],
        allowed: &["false", "not set"],
        remedy: "remove windowsOptions.hostProcess from pod and containers, and the hostNetwork that came with it",
        example: "spec:\n  securityContext:\n    windowsOptions:\n      hostProcess: false\n",
        writes: false,
        breaks: "Node agents for Windows: network and storage plug-ins, exporters, installers. In an ordinary \
                 container they find neither the node's files nor its services, and a runAsUserName of the node does \
                 not exist there, so the container fails to start. Such agents belong in a namespace of their own at \
                 the privileged level.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Applies to every version, although the field itself came with v1.22.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "hostProcess";

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let values = setters(
        &pod.spec,
        |pod| pod.windows_options.as_ref()?.host_process,
        |own| own.windows_options.as_ref()?.host_process,
    );
    let found = values.filter(|(_, value)| *value);
    let path = &["windowsOptions", "hostProcess"];
    let detail = format!("{} must not set securityContext.windowsOptions.hostProcess=true", names(found.clone())?);
    let violations = found.map(|(setter, value)| setter.violation(path, value, false));
    Some(Violated::new(REASON, detail, violations))
}

fn repair(case: &Case<'_>) -> Repair {
    let risk = "the container gets walls: the node's files, registry and services are out of reach, and a \
                runAsUserName of the node does not exist in it";
    let step = |violation: &Violation| Step::risky(Edit::remove(violation.path.clone()), risk);
    // The hostNetwork that such pods must have is the business of hostNamespaces, which finds it in each of them.
    case.violations.iter().map(step).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn pod_and_containers() {
        let pod = pod(r#"{"spec":{"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[
            {"name":"a","securityContext":{"windowsOptions":{"hostProcess":true}}},
            {"name":"b","securityContext":{"windowsOptions":{"hostProcess":false}}},
            {"name":"c","securityContext":{"windowsOptions":{}}},{"name":"d","securityContext":{}},
            {"name":"e","securityContext":{"windowsOptions":{"hostProcess":true}}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "hostProcess");
        assert_eq!(
            found.detail,
            r#"pod and containers "a", "e" must not set securityContext.windowsOptions.hostProcess=true"#
        );
        assert_eq!(
            violations(found),
            [
                "spec.securityContext.windowsOptions.hostProcess true -> false",
                "spec.containers[0].securityContext.windowsOptions.hostProcess true -> false",
                "spec.containers[4].securityContext.windowsOptions.hostProcess true -> false",
            ]
        );
    }

    #[test]
    fn one_container() {
        let pod =
            pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"windowsOptions":{"hostProcess":true}}}]}}"#);
        let detail = r#"container "a" must not set securityContext.windowsOptions.hostProcess=true"#;
        assert_eq!(v1_0(&pod).unwrap().detail, detail);
    }

    #[test]
    fn other_windows_pods_pass() {
        let pod =
            pod(r#"{"spec":{"os":{"name":"windows"},"securityContext":{"windowsOptions":{"hostProcess":false}}}}"#);
        assert!(v1_0(&pod).is_none());
    }

    #[test]
    fn host_processes_become_containers() {
        let json = r#"{"spec":{"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"a",
            "securityContext":{"windowsOptions":{"hostProcess":true}}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                "spec.securityContext.windowsOptions.hostProcess removed risky",
                "spec.containers[0].securityContext.windowsOptions.hostProcess removed risky",
            ]
        );
    }
}
