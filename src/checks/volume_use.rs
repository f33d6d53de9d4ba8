//! What volumes are for, who mounts them, and what could take their place.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::repair::{Case, Left, Repair, Step};
use crate::model::{Edit, FieldPath, PlacedContainer, VOLUME_SOURCES, Violation, VolumeChoice};

/// Replaces each violating volume as it was chosen; without a choice it stays, and its use is told.
pub(super) fn repair(case: &Case<'_>) -> Repair {
    let mut repair = Repair::default();
    let uses = Uses { mounts: case.uses("volumeMounts"), devices: case.uses("volumeDevices") };
    for violation in case.violations {
        let volume = violation.path.head(VOLUME_STEPS);
        let name = text(case, &volume.clone().field("name"));
        match case.choices.volumes.get(name) {
            Some(choice) => repair.steps.extend(replaced(case, &uses, &volume, name, choice)),
            None => repair.left.push(left(case, &uses, violation, name)),
        }
    }
    repair
}

/// Who uses the volumes of a pod, by their names.
struct Uses<'a> {
    mounts: HashMap<&'a str, Vec<Use<'a>>>,
    devices: HashMap<&'a str, Vec<Use<'a>>>,
}

/// A container, and the path of its entry that names a volume.
type Use<'a> = (PlacedContainer<'a>, FieldPath);

/// Steps of a path to a volume: `spec`, `volumes`, its position.
const VOLUME_STEPS: usize = 3;

fn text<'a>(case: &Case<'a>, path: &FieldPath) -> &'a str {
    case.written(path).and_then(Value::as_str).unwrap_or_default()
}

fn replaced(case: &Case<'_>, uses: &Uses<'_>, volume: &FieldPath, name: &str, choice: &VolumeChoice) -> Vec<Step> {
    let new = match choice {
        VolumeChoice::EmptyDir => Edit::set(volume.clone().field("emptyDir"), json!({})),
        VolumeChoice::Claim(claim) => {
            Edit::set(volume.clone().field("persistentVolumeClaim").field("claimName"), claim.as_str())
        }
        VolumeChoice::ConfigMap(map) => Edit::set(volume.clone().field("configMap").field("name"), map.as_str()),
        VolumeChoice::Remove => return removed(case, uses, volume, name),
    };
    let sources = VOLUME_SOURCES.iter().map(|source| volume.clone().field(source));
    let old = sources.filter(|source| source.find(case.template).is_some() && !new.path.is_within(source));
    let gone: Vec<Step> = old.map(|source| Step::risky(Edit::remove(source), "")).collect();
    let risk = match choice {
        VolumeChoice::EmptyDir => "the volume starts empty and goes with the pod",
        VolumeChoice::ConfigMap(_) => "the pod waits until the ConfigMap is there, and cannot write to it",
        _ => "the pod waits until the claim is bound, and finds only what somebody copied there",
    };
    [Step::risky(new, risk)].into_iter().chain(gone).collect()
}

fn removed(case: &Case<'_>, uses: &Uses<'_>, volume: &FieldPath, name: &str) -> Vec<Step> {
    let mounts = [&uses.mounts, &uses.devices].into_iter().filter_map(|by_name| by_name.get(name)).flatten();
    let unmounted = mounts.map(|(_, path)| {
        let risk = match text(case, &path.clone().field("mountPath")) {
            "" => "the device is not there any more".to_owned(),
            at => format!("{at} is the image's own then"),
        };
        Step::risky(Edit::remove(path.clone()), risk)
    });
    [Step::risky(Edit::remove(volume.clone()), "")].into_iter().chain(unmounted).collect()
}

fn left(case: &Case<'_>, uses: &Uses<'_>, violation: &Violation, name: &str) -> Left {
    let source = violation.path.tail(VOLUME_STEPS).to_string();
    let on_node = violation.actual.get("path").and_then(Value::as_str).filter(|_| source == "hostPath");
    let what = match (source.as_str(), on_node) {
        ("hostPath", Some(path)) => {
            format!(
                "volume {name:?} is {path} of the node{}",
                purpose(path).map(|p| format!(", {p}")).unwrap_or_default()
            )
        }
        ("", _) => format!("volume {name:?} has no source that is known"),
        (source, _) => format!("volume {name:?} is of type {source}"),
    };
    let uses = uses.mounts.get(name).map_or(&[][..], Vec::as_slice);
    let shown: Vec<_> = uses.iter().map(|(container, path)| mount(case, &container.container.name, path)).collect();
    let who = if shown.is_empty() { "no container mounts it".to_owned() } else { shown.join("; ") };
    Left { path: violation.path.clone(), why: format!("{what}; {who}"), ways: ways(name, on_node, uses.is_empty()) }
}

/// `container "a" mounts it read-only at /x`.
fn mount(case: &Case<'_>, container: &str, path: &FieldPath) -> String {
    let read_only = case.written(&path.clone().field("readOnly")) == Some(&Value::Bool(true));
    let how = if read_only { "reads it" } else { "reads and may write it" };
    format!("container {container:?} {how} at {}", text(case, &path.clone().field("mountPath")))
}

/// What could be done, the likeliest first.
fn ways(name: &str, on_node: Option<&str>, is_unused: bool) -> Vec<String> {
    let remove = format!("--volume {name}=remove, where nothing needs it");
    if is_unused {
        return vec![remove];
    }
    let empty = format!("--volume {name}=emptyDir, where it holds only what may go with the pod");
    let claim = format!("--volume {name}=claim:NAME, where data must stay: a volume may name the same storage");
    let config = format!("--volume {name}=configMap:NAME, where it only holds configuration");
    let Some(path) = on_node else { return vec![claim, empty, config, remove] };
    let claim = format!("--volume {name}=claim:NAME, where data must stay; move it there first");
    let agent =
        "for an agent that must have the node's files, a namespace of its own at the privileged level".to_owned();
    let is_below = |folders: &[&str]| folders.iter().any(|folder| below(path, folder).is_some());
    if is_below(TIME_ZONE) {
        let remove = format!("--volume {name}=remove, and the time zone in the environment variable TZ");
        vec![remove, config, empty, claim]
    } else if is_below(&["/tmp", "/var/tmp", "/var/cache", "/dev/shm"]) {
        vec![empty, claim, config, remove]
    } else if is_below(&["/etc/ssl", "/etc/pki", "/usr/share/ca-certificates"]) {
        vec![config, remove, empty, claim, agent]
    } else if purpose(path).is_some() {
        vec![remove, agent, empty, config, claim]
    } else {
        vec![claim, empty, config, remove]
    }
}

const TIME_ZONE: &[&str] = &["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"];

/// What comes behind a folder in a path that is in it.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.trim_end_matches('/').strip_prefix(folder)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What is at a path of a node: a runtime's socket, all, or what the longest known folder above it holds.
fn purpose(path: &str) -> Option<&'static str> {
    let trimmed = path.trim_end_matches('/');
    if RUNTIME_SOCKETS.iter().any(|socket| trimmed.ends_with(socket)) {
        return Some("the container runtime's socket: who has it owns the node");
    }
    if trimmed.is_empty() {
        return Some("all of its files");
    }
    let known = PURPOSES.iter().filter(|(folder, _)| below(path, folder).is_some());
    known.max_by_key(|(folder, _)| folder.len()).map(|(_, purpose)| *purpose)
}

const RUNTIME_SOCKETS: &[&str] =
    &["/docker.sock", "/containerd.sock", "/crio.sock", "/dockershim.sock", "/cri-dockerd.sock", "/podman.sock"];

const PURPOSES: &[(&str, &str)] = &[
    ("/boot", "its kernel and what loads it"),
    ("/dev", "its devices"),
    ("/dev/shm", "its shared memory"),
    ("/etc", "its configuration"),
    ("/etc/cni", "the configuration of its pod network"),
    ("/opt/cni", "the programs of its pod network"),
    ("/etc/kubernetes", "the configuration and keys of its Kubernetes components"),
    ("/etc/localtime", "its time zone"),
    ("/etc/timezone", "its time zone"),
    ("/usr/share/zoneinfo", "its time zones"),
    ("/etc/machine-id", "its own identifier"),
    ("/etc/ssl", "its certificates"),
    ("/etc/pki", "its certificates"),
    ("/usr/share/ca-certificates", "its certificates"),
    ("/home", "the home folders of its users"),
    ("/root", "the home folder of its root user"),
    ("/lib/modules", "its kernel modules"),
    ("/usr/lib/modules", "its kernel modules"),
    ("/usr/src", "the sources of its kernel"),
    ("/proc", "its processes and kernel parameters"),
    ("/run", "the sockets and states of its services"),
    ("/var/run", "the sockets and states of its services"),
    ("/run/containerd", "the states of its container runtime"),
    ("/var/run/docker", "the states of its container runtime"),
    ("/run/xtables.lock", "the lock of its firewall rules"),
    ("/sys", "its devices and kernel parameters"),
    ("/sys/fs/bpf", "the pinned eBPF programs of its kernel"),
    ("/sys/fs/cgroup", "the resource limits of all its processes"),
    ("/sys/kernel/debug", "the debugging files of its kernel"),
    ("/tmp", "its scratch folder"),
    ("/var/lib/containerd", "the images and containers of its container runtime"),
    ("/var/lib/containers", "the images and containers of its container runtime"),
    ("/var/lib/docker", "the images and containers of its container runtime"),
    ("/var/lib/docker/containers", "the logs of all its containers"),
    ("/var/lib/etcd", "the cluster's whole state, secrets included"),
    ("/var/lib/kubelet", "the kubelet's folder, with the volumes and secrets of all its pods"),
    ("/var/lib/kubelet/device-plugins", "the sockets of the kubelet's device plug-ins"),
    ("/var/lib/kubelet/pod-resources", "the socket that tells the kubelet's assigned devices"),
    ("/var/log", "its logs and those of all its pods"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_known_path_tells_the_purpose() {
        assert_eq!(purpose("/var/lib/docker/containers/"), Some("the logs of all its containers"));
        assert_eq!(purpose("/var/lib/docker/x"), Some("the images and containers of its container runtime"));
        assert_eq!(purpose("/var/logs"), None);
        assert_eq!(purpose("/"), Some("all of its files"));
        assert_eq!(purpose("/run/docker.sock"), Some("the container runtime's socket: who has it owns the node"));
        assert_eq!(purpose("/data"), None);
    }
}
