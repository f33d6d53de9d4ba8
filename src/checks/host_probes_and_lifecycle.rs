//! Probes and lifecycle hooks must go to the pod itself.

use serde_json::Value;

use super::setters::Setter;
use super::text::{containers, distinct, join_quote, plural};
use super::{Case, Check, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PlacedContainer, PodTemplate, Probe, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    title: "Probe and hook hosts",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &[
        "probe",
        "probes",
        "probe host",
        "probe hosts",
        "lifecycle hooks",
        "lifecycle",
        "host probes",
        "probe or lifecycle hosts",
    ],
    reasons: &[REASON],
    cis: &[],
    meaning: Meaning {
        what: "Probes and lifecycle hooks may not name a host in httpGet or tcpSocket, not even 127.0.0.1; without \
               one they go to the pod's own address.",
        why: "The kubelet makes these connections, from the node. Who may create pods could have it call services \
              that only nodes reach, the node's loopback or the cloud's metadata service among them, and learn from \
              the probe's result what answers there.",
        fields: &[
            "spec.containers[*].livenessProbe.httpGet.host",
            "spec.containers[*].livenessProbe.tcpSocket.host",
            "spec.containers[*].readinessProbe.httpGet.host",
            "spec.containers[*].readinessProbe.tcpSocket.host",
            "spec.containers[*].startupProbe.httpGet.host",
            "spec.containers[*].startupProbe.tcpSocket.host",
            "spec.containers[*].lifecycle.postStart.httpGet.host",
            "spec.containers[*].lifecycle.postStart.tcpSocket.host",
            "spec.containers[*].lifecycle.preStop.httpGet.host",
            "spec.containers[*].lifecycle.preStop.tcpSocket.host",
        ],
        allowed: &["an empty text", "not set"],
        remedy: "remove host from httpGet and tcpSocket of probes and hooks; a Host header goes into httpHeaders",
        example: "spec:\n  containers:\n  - name: app\n    livenessProbe:\n      httpGet:\n        path: /healthz\n        port: 8080\n",
        writes: false,
        breaks: "Probes of servers that do not listen on the pod's address, as those of hostNetwork pods bound to \
                 127.0.0.1 only: they fail, which restarts the container (liveness, startup) or takes it out of its \
                 Services (readiness). Look for Unhealthy events in kubectl describe pod. An exec probe can still ask \
                 127.0.0.1 from inside the container.",
    },
    revisions: &[Revision {
        since: 34,
        changed: "The control exists since v1.34; earlier versions let probes and hooks go to any host.",
        overrides: &[],
        evaluate: v1_34,
    }],
    repair,
};

const REASON: &str = "probe or lifecycle host";

fn v1_34(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = pod.spec.all_containers().flat_map(hosts);
    let names = distinct(found.clone().map(|host| host.container.container.name.as_str()));
    let values = distinct(found.clone().map(|host| host.value));
    let uses = plural("uses", "use", names.len());
    let noun = plural("probe or lifecycle host", "probe or lifecycle hosts", values.len());
    let detail = format!("{} {uses} {noun} {}", containers(names)?, join_quote(values));
    Some(Violated::new(REASON, detail, found.map(|host| host.violation())))
}

/// A host that a probe or hook of a container names.
struct Host<'a> {
    container: PlacedContainer<'a>,
    /// From the container down.
    path: FieldPath,
    value: &'a str,
}

impl Host<'_> {
    fn violation(&self) -> Violation {
        let path = self.container.path().join(&self.path);
        Setter::Container(self.container).violation_at(path, self.value, Value::Null)
    }
}

fn hosts(container: PlacedContainer<'_>) -> impl Iterator<Item = Host<'_>> + Clone {
    let own = container.container;
    let lifecycle = own.lifecycle.as_deref();
    let handlers: [(&[&'static str], Option<&Probe>); 5] = [
        (&["livenessProbe"], own.liveness_probe.as_deref()),
        (&["readinessProbe"], own.readiness_probe.as_deref()),
        (&["startupProbe"], own.startup_probe.as_deref()),
        (&["lifecycle", "postStart"], lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref())),
        (&["lifecycle", "preStop"], lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref())),
    ];
    handlers.into_iter().flat_map(move |(names, handler)| {
        let http = handler.and_then(|handler| handler.http_get.as_ref());
        let tcp = handler.and_then(|handler| handler.tcp_socket.as_ref());
        let named = [("httpGet", http), ("tcpSocket", tcp)].into_iter();
        named.filter_map(move |(kind, action)| {
            let value = action.map(|action| action.host.as_str()).filter(|host| !host.is_empty())?;
            Some(Host { container, path: FieldPath::fields(names).field(kind).field("host"), value })
        })
    })
}

fn repair(case: &Case<'_>) -> Repair {
    let step = |violation: &Violation| {
        let host = violation.actual.as_str().unwrap_or_default();
        let risk = if matches!(host, "127.0.0.1" | "::1" | "localhost") {
            "the kubelet then asks the pod's own address, where a server that listens on the loopback only does not \
             answer"
        } else {
            "the kubelet then asks the pod's own address, and whatever answered at the other host is not asked any more"
        };
        Step::risky(Edit::remove(violation.path.clone()), risk)
    };
    case.violations.iter().map(step).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn every_place_is_visited() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"b",
            "lifecycle":{"preStop":{"tcpSocket":{"host":"h7"}},"postStart":{"httpGet":{"host":"h6"}}},
            "startupProbe":{"tcpSocket":{"host":"h5"}},"readinessProbe":{"httpGet":{"host":"h4"}},
            "livenessProbe":{"tcpSocket":{"host":"h3"},"httpGet":{"host":"h2"}}}],
            "ephemeralContainers":[{"name":"a","livenessProbe":{"httpGet":{"host":"h1"}}}]}}"#);
        let found = v1_34(&pod).unwrap();
        assert_eq!(found.reason, "probe or lifecycle host");
        assert_eq!(
            found.detail,
            r#"containers "a", "b" use probe or lifecycle hosts "h1", "h2", "h3", "h4", "h5", "h6", "h7""#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.containers[0].livenessProbe.httpGet.host "h2" -> null"#,
                r#"spec.containers[0].livenessProbe.tcpSocket.host "h3" -> null"#,
                r#"spec.containers[0].readinessProbe.httpGet.host "h4" -> null"#,
                r#"spec.containers[0].startupProbe.tcpSocket.host "h5" -> null"#,
                r#"spec.containers[0].lifecycle.postStart.httpGet.host "h6" -> null"#,
                r#"spec.containers[0].lifecycle.preStop.tcpSocket.host "h7" -> null"#,
                r#"spec.ephemeralContainers[0].livenessProbe.httpGet.host "h1" -> null"#,
            ]
        );
    }

    #[test]
    fn names_and_hosts_are_given_once() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"127.0.0.1"}},
            "readinessProbe":{"httpGet":{"host":"127.0.0.1"}}}],
            "initContainers":[{"name":"a","startupProbe":{"httpGet":{"host":"127.0.0.1"}}}]}}"#);
        let found = v1_34(&pod).unwrap();
        assert_eq!(found.detail, r#"container "a" uses probe or lifecycle host "127.0.0.1""#);
        assert_eq!(found.violations.count(), 3);
    }

    #[test]
    fn no_host_passes() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":""}},
            "readinessProbe":{"exec":{}},"lifecycle":{"preStop":{"sleep":{}}}},{"name":"b","lifecycle":{}}]}}"#);
        assert!(v1_34(&pod).is_none());
    }

    #[test]
    fn hosts_go_and_the_rest_of_the_probe_stays() {
        let json = r#"{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"127.0.0.1","port":80}},
            "lifecycle":{"preStop":{"tcpSocket":{"host":"db","port":1}}}}]}}"#;
        let repair = repair(&CHECK, json);
        assert_eq!(
            steps(&repair),
            [
                "spec.containers[0].livenessProbe.httpGet.host removed risky",
                "spec.containers[0].lifecycle.preStop.tcpSocket.host removed risky",
            ]
        );
        assert!(repair.steps[0].risk.contains("loopback") && repair.steps[1].risk.contains("other host"));
    }
}
