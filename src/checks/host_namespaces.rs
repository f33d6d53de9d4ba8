//! Pods must keep out of the node's network, process and IPC namespaces.

use super::repair::port_list;
use super::setters::Setter;
use super::{Case, Check, Cis, Left, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PodTemplate, Segment, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "hostNamespaces",
    title: "Host namespaces",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["host namespace", "namespaces", "host network", "host PID", "host IPC"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.3", about: "hostPID" },
        Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.4", about: "hostIPC" },
        Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.5", about: "hostNetwork" },
    ],
    meaning: Meaning {
        what: "A pod may not share the node's network (hostNetwork), its process table (hostPID) or its shared memory \
               and message queues (hostIPC).",
        why: "On the node's network a pod reaches services that listen on the node's loopback, gets past network \
              policies and can listen to traffic. With hostPID it sees every process of the node, often its command \
              line and environment as well, and as root it can signal or trace them.",
        fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
        allowed: &["false", "not set"],
        remedy: "set spec.hostNetwork, spec.hostPID and spec.hostIPC to false, or remove them",
        example: "spec:\n  hostNetwork: false\n  hostPID: false\n  hostIPC: false\n",
        writes: true,
        breaks: "Node agents: exporters and network plug-ins that need the node's interfaces, debuggers and profilers \
                 that need its processes. Without hostNetwork the pod gets an address of its own: clients that use \
                 the node's address get no connection, programs bound to 127.0.0.1 no longer reach the node's \
                 services, and dnsPolicy: ClusterFirstWithHostNet is not needed any more. Use a Service instead.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start: these fields take away the walls between pod and node.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "host namespaces";

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let fields =
        [("hostNetwork", pod.spec.host_network), ("hostPID", pod.spec.host_pid), ("hostIPC", pod.spec.host_ipc)];
    let shared: Vec<_> = fields.into_iter().filter(|(_, value)| *value == Some(true)).map(|(name, _)| name).collect();
    if shared.is_empty() {
        return None;
    }
    let detail: Vec<_> = shared.iter().map(|name| format!("{name}=true")).collect();
    let violation = |name| Setter::Pod.violation_at(FieldPath::fields(&["spec", name]), true, false);
    Some(Violated::new(REASON, detail.join(", "), shared.into_iter().map(violation)))
}

fn repair(case: &Case<'_>) -> Repair {
    let mut repair = Repair::default();
    for path in case.violations.iter().map(|violation| violation.path.clone()) {
        let is_network = path.last().and_then(Segment::as_key) == Some("hostNetwork");
        if is_network && case.keeps_host_network() {
            let why = "host processes stay, and the API server wants them on the node's network";
            repair.left.push(Left { path, why: why.to_owned(), ways: vec!["fix windowsHostProcess too".to_owned()] });
            continue;
        }
        repair.steps.push(step(case, path));
        repair.steps.extend(is_network.then(|| dns_policy(case)).flatten());
    }
    repair
}

/// Without the node's network, `ClusterFirstWithHostNet` means the same as `ClusterFirst`, which is the default.
fn dns_policy(case: &Case<'_>) -> Option<Step> {
    let path = FieldPath::fields(&["spec", "dnsPolicy"]);
    let follows = case.written(&path).is_some_and(|policy| policy == "ClusterFirstWithHostNet");
    follows.then(|| Step::risky(Edit::remove(path), ""))
}

fn step(case: &Case<'_>, path: FieldPath) -> Step {
    let risk = match path.last().and_then(Segment::as_key) {
        Some("hostPID") => "the pod no longer sees or signals processes of the node".to_owned(),
        Some("hostIPC") => "shared memory and semaphores of the node's processes are out of reach".to_owned(),
        _ => network_risk(case),
    };
    Step::risky(Edit::remove(path), risk)
}

fn network_risk(case: &Case<'_>) -> String {
    let ports: Vec<i32> =
        case.pod.spec.all_containers().flat_map(|c| &c.container.ports).map(|port| port.container_port).collect();
    let reach = "the node's addresses, interfaces and what listens on 127.0.0.1 there are out of reach";
    if ports.is_empty() {
        return format!("{reach}; whatever the pod listens on is reached by its own address only");
    }
    format!("{reach}; {} can be reached by the pod's address only, so let a Service publish it", port_list(&ports))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn all_three() {
        let pod = pod(r#"{"spec":{"hostIPC":true,"hostPID":true,"hostNetwork":true}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "host namespaces");
        assert_eq!(found.detail, "hostNetwork=true, hostPID=true, hostIPC=true");
        assert_eq!(
            violations(found),
            ["spec.hostNetwork true -> false", "spec.hostPID true -> false", "spec.hostIPC true -> false"]
        );
    }

    #[test]
    fn one_of_them() {
        let pod = pod(r#"{"spec":{"hostNetwork":false,"hostPID":true}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.detail, "hostPID=true");
        assert_eq!(found.violations.count(), 1);
    }

    #[test]
    fn none_of_them() {
        assert!(v1_0(&pod(r#"{"spec":{"hostNetwork":false,"hostIPC":null}}"#)).is_none());
    }

    #[test]
    fn the_dns_policy_follows_the_network() {
        let json = r#"{"spec":{"hostNetwork":true,"hostPID":true,"dnsPolicy":"ClusterFirstWithHostNet",
            "containers":[{"name":"a","ports":[{"containerPort":80}]}]}}"#;
        let repaired = repair(&CHECK, json);
        assert_eq!(
            steps(&repaired),
            ["spec.hostNetwork removed risky", "spec.dnsPolicy removed risky", "spec.hostPID removed risky"]
        );
        assert!(repaired.steps[0].risk.contains("port 80 can be reached by the pod's address only"));
        let json = r#"{"spec":{"hostNetwork":true,"dnsPolicy":"Default"}}"#;
        assert_eq!(steps(&repair(&CHECK, json)), ["spec.hostNetwork removed risky"]);
        let json = r#"{"spec":{"hostIPC":true,"dnsPolicy":"ClusterFirstWithHostNet"}}"#;
        assert_eq!(steps(&repair(&CHECK, json)), ["spec.hostIPC removed risky"]);
    }

    #[test]
    fn host_processes_that_stay_need_the_network() {
        let json = r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a"}]}}"#;
        let repair = repair_with(&CHECK, json, &Choices::default(), 37, &["windowsHostProcess"]);
        assert_eq!((repair.steps.len(), repair.left.len()), (0, 1));
    }
}
