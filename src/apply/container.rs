//! What a container's template and its status tell.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Subject;
use crate::model::{ContainerKind, FieldPath};
use crate::report::apply::{ContainerEvidence, ContainerState, Mount};

/// The containers of a subject's templates, with how they fare in its pods.
pub(super) fn containers(subject: &Subject, pods: &[Value]) -> Vec<ContainerEvidence> {
    let mut all = Vec::new();
    for path in &subject.templates {
        let Some(template) = path.find(&subject.object) else { continue };
        let spec = &template["spec"];
        for kind in [ContainerKind::Init, ContainerKind::Regular, ContainerKind::Ephemeral] {
            let list = spec[kind.field()].as_array();
            all.extend(list.into_iter().flatten().map(|container| evidence(path, kind, spec, container, pods)));
        }
    }
    all
}

fn evidence(
    template: &FieldPath,
    kind: ContainerKind,
    spec: &Value,
    container: &Value,
    pods: &[Value],
) -> ContainerEvidence {
    let (own, of_pod) = (&container["securityContext"], &spec["securityContext"]);
    let effective = |field: &str| own.get(field).filter(|value| !value.is_null()).or_else(|| of_pod.get(field));
    let name = container["name"].as_str().unwrap_or_default().to_owned();
    let probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    ContainerEvidence {
        template: template.clone(),
        kind,
        image: container["image"].as_str().unwrap_or_default().to_owned(),
        low_ports: low_ports(container),
        probes: probes.into_iter().filter(|probe| container[*probe].is_object()).collect(),
        writable: writable(spec, container),
        run_as_user: effective("runAsUser").and_then(Value::as_i64),
        run_as_group: effective("runAsGroup").and_then(Value::as_i64),
        run_as_non_root: effective("runAsNonRoot").and_then(Value::as_bool),
        read_only_root_filesystem: own["readOnlyRootFilesystem"] == true,
        capabilities: strings(&own["capabilities"]["add"]),
        state: state(&name, pods),
        name,
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The first port that needs no privilege.
const FIRST_FREE_PORT: u64 = 1024;

fn low_ports(container: &Value) -> Vec<u16> {
    let ports = container["ports"].as_array().into_iter().flatten();
    let low = ports.filter_map(|port| port["containerPort"].as_u64()).filter(|port| *port < FIRST_FREE_PORT);
    low.filter_map(|port| u16::try_from(port).ok()).collect()
}

/// Volumes that are always read-only, whatever their mounts say.
const READ_ONLY: &[&str] = &["configMap", "secret", "projected", "downwardAPI", "image"];

fn writable(spec: &Value, container: &Value) -> Vec<Mount> {
    let mounts = container["volumeMounts"].as_array().into_iter().flatten();
    let mounts = mounts.filter(|mount| mount["readOnly"] != true).filter_map(|mount| {
        let volume = mount["name"].as_str()?;
        let source = source(spec, volume)?;
        let path = mount["mountPath"].as_str().unwrap_or_default();
        Some(Mount { volume: volume.to_owned(), source, path: path.to_owned() })
    });
    mounts.filter(|mount| !READ_ONLY.contains(&mount.source.as_str())).collect()
}

/// The kind of a volume: the name of its one field beside the name.
fn source(spec: &Value, volume: &str) -> Option<String> {
    // What a StatefulSet claims for each pod stands beside its template.
    let claimed = "persistentVolumeClaim".to_owned();
    let volumes = spec["volumes"].as_array();
    let Some(found) = volumes.into_iter().flatten().find(|known| known["name"] == volume) else { return Some(claimed) };
    found.as_object()?.keys().find(|key| *key != "name").cloned()
}

/// How a container fares in pods.
fn state(name: &str, pods: &[Value]) -> ContainerState {
    let (mut users, mut reasons) = (BTreeSet::new(), BTreeSet::new());
    let mut state = ContainerState::default();
    for status in pods.iter().flat_map(statuses).filter(|status| status["name"] == name) {
        users.extend(status["user"]["linux"]["uid"].as_i64());
        state.ready += usize::from(status["ready"] == true);
        state.restarts += status["restartCount"].as_u64().unwrap_or_default();
        reasons.extend(status["state"]["waiting"]["reason"].as_str().map(str::to_owned));
        reasons.extend(ending(&status["state"]["terminated"]));
        reasons.extend(ending(&status["lastState"]["terminated"]));
    }
    // What every container goes through.
    reasons.retain(|reason| !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing"));
    (state.users, state.reasons) = (users.into_iter().collect(), reasons.into_iter().collect());
    state
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
    lists.into_iter().filter_map(|list| pod["status"][list].as_array()).flatten()
}

/// How a program ended that did not end well.
fn ending(terminated: &Value) -> Option<String> {
    let code = terminated["exitCode"].as_i64().filter(|code| *code != 0)?;
    let reason = terminated["reason"].as_str().unwrap_or("Error");
    Some(format!("{reason} (exit code {code})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_template_and_its_pods_tell() {
        let spec = json!({
            "securityContext": {"runAsUser": 7, "runAsNonRoot": false},
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "config", "configMap": {}}],
            "containers": [],
        });
        let container = json!({
            "name": "web", "image": "shop/web", "ports": [{"containerPort": 80}, {"containerPort": 8080}],
            "livenessProbe": {"httpGet": {}}, "securityContext": {"runAsNonRoot": true, "capabilities": {"add": ["CHOWN"]}},
            "volumeMounts": [
                {"name": "data", "mountPath": "/data"}, {"name": "data", "mountPath": "/ro", "readOnly": true},
                {"name": "config", "mountPath": "/etc"}, {"name": "claim", "mountPath": "/db"},
            ],
        });
        let status = json!({"status": {"containerStatuses": [{
            "name": "web", "ready": true, "restartCount": 2, "user": {"linux": {"uid": 0}},
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
        }]}});
        let told = evidence(&FieldPath::root(), ContainerKind::Regular, &spec, &container, &[status]);
        assert_eq!((told.low_ports, told.probes), (vec![80], vec!["livenessProbe"]));
        assert_eq!((told.run_as_user, told.run_as_non_root), (Some(7), Some(true)));
        let paths: Vec<_> = told.writable.iter().map(|mount| (mount.path.as_str(), mount.source.as_str())).collect();
        assert_eq!(paths, [("/data", "emptyDir"), ("/db", "persistentVolumeClaim")]);
        let reasons = vec!["CrashLoopBackOff".to_owned(), "Error (exit code 1)".to_owned()];
        assert_eq!(told.state, ContainerState { users: vec![0], ready: 1, restarts: 2, reasons });
    }
}
