//! Containers must not open ports on the node.

use serde_json::Value;

use super::setters::Setter;
use super::text::{containers_use, distinct, join, plural};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PlacedContainer, PodTemplate, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "hostPorts",
    title: "Host ports",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["host port", "host ports"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.13", about: "host ports" },
        Cis { benchmarks: &["v1.12"], number: "5.2.12", about: "host ports" },
    ],
    meaning: Meaning {
        what: "No port of a container may set hostPort. On a pod with hostNetwork the API server turns every port \
               that a container declares into a host port, so there each of them counts.",
        why: "A host port is open to everybody who reaches the node, past Services and often past network policies. \
              It can take the place of a service that people expect on that node, and it limits where the pod fits.",
        fields: &["spec.containers[*].ports[*].hostPort"],
        allowed: &["0", "not set"],
        remedy: "remove hostPort from every container port; let a Service publish the port",
        example: "spec:\n  containers:\n  - name: app\n    ports:\n    - containerPort: 8080\n",
        writes: false,
        breaks: "Clients that connect to the node's address: they get a refused connection or a timeout. Publish the \
                 port with a Service (NodePort or LoadBalancer) or an Ingress, and tell the clients before the \
                 change.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start: host ports bypass the cluster's own network.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "hostPort";

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = pod.spec.all_containers().filter(|c| host_ports(*c).next().is_some());
    let who = containers_use(found.clone().map(|placed| &placed.container.name))?;
    // Admission keeps the numbers as texts, so 443 comes before 80.
    let ports = distinct(found.clone().flat_map(host_ports).map(|(_, port)| port.to_string()));
    let noun = plural("hostPort", "hostPorts", ports.len());
    Some(Violated::new(REASON, format!("{who} {noun} {}", join(ports)), found.flat_map(violations_of)))
}

fn host_ports<'a>(container: PlacedContainer<'a>) -> impl Iterator<Item = (usize, i32)> + use<'a> {
    let ports = container.container.ports.iter().map(|port| port.host_port).enumerate();
    ports.filter(|(_, port)| *port != 0)
}

fn violations_of(container: PlacedContainer<'_>) -> impl Iterator<Item = Violation> {
    host_ports(container).map(move |(at, port)| {
        let path = container.path().field("ports").index(at).field("hostPort");
        Setter::Container(container).violation_at(path, port, Value::Null)
    })
}

fn repair(case: &Case<'_>) -> Repair {
    if case.keeps_host_network() {
        let why = "the pod stays on the node's network, where the API server makes every container port a host port";
        return case.all_left(why, &["fix the finding that keeps it there too"]);
    }
    // Admission also sees host ports that come from hostNetwork and go with it.
    let written = case.violations.iter().filter(|violation| case.written(&violation.path).is_some());
    written.flat_map(|violation| steps(case, violation)).collect::<Vec<_>>().into()
}

fn steps(case: &Case<'_>, violation: &Violation) -> impl Iterator<Item = Step> {
    let count = violation.path.segments().len() - 1;
    let address = violation.path.head(count).field("hostIP");
    let risk = format!("clients that use port {} of the node are refused; let a Service publish it", violation.actual);
    // The address on the node has no meaning without a port there.
    let with_address = case.written(&address).is_some().then(|| Step::risky(Edit::remove(address), ""));
    [Step::risky(Edit::remove(violation.path.clone()), risk)].into_iter().chain(with_address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn ports_are_sorted_as_texts_and_given_once() {
        let pod = pod(r#"{"spec":{"containers":[
            {"name":"a","ports":[{"containerPort":1,"hostPort":0},{"containerPort":2,"hostPort":80}]},
            {"name":"b","ports":[{"hostPort":8080},{"hostPort":80},{"hostPort":443}]},
            {"name":"c","ports":[{"containerPort":22}]},{"name":"d"}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "hostPort");
        assert_eq!(found.detail, r#"containers "a", "b" use hostPorts 443, 80, 8080"#);
        assert_eq!(
            violations(found),
            [
                "spec.containers[0].ports[1].hostPort 80 -> null",
                "spec.containers[1].ports[0].hostPort 8080 -> null",
                "spec.containers[1].ports[1].hostPort 80 -> null",
                "spec.containers[1].ports[2].hostPort 443 -> null",
            ]
        );
    }

    #[test]
    fn singular_and_plural_count_apart() {
        let one = pod(r#"{"spec":{"containers":[{"name":"a","ports":[{"hostPort":8080}]}]}}"#);
        assert_eq!(v1_0(&one).unwrap().detail, r#"container "a" uses hostPort 8080"#);
        let same = pod(r#"{"spec":{"containers":[{"name":"a","ports":[{"hostPort":1}]},
            {"name":"b","ports":[{"hostPort":1}]}]}}"#);
        assert_eq!(v1_0(&same).unwrap().detail, r#"containers "a", "b" use hostPort 1"#);
        let two = pod(r#"{"spec":{"containers":[{"name":"a","ports":[{"hostPort":9},{"hostPort":10}]}]}}"#);
        assert_eq!(v1_0(&two).unwrap().detail, r#"container "a" uses hostPorts 10, 9"#);
    }

    #[test]
    fn container_ports_pass() {
        assert!(v1_0(&pod(r#"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}}"#)).is_none());
    }

    #[test]
    fn ports_go_with_their_address() {
        let json = r#"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":80,"hostIP":"127.0.0.1"},
            {"containerPort":81},{"containerPort":82,"hostPort":8082}]}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                "spec.containers[0].ports[0].hostPort removed risky",
                "spec.containers[0].ports[0].hostIP removed risky",
                "spec.containers[0].ports[2].hostPort removed risky",
            ]
        );
    }

    #[test]
    fn a_pod_that_stays_on_the_nodes_network_keeps_them() {
        let json =
            r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":80}]}]}}"#;
        let repair = repair_with(&CHECK, json, &Choices::default(), 37, &["hostNamespaces"]);
        assert_eq!((repair.steps.len(), repair.left.len()), (0, 1));
    }
}
