//! What is known about workloads, in words, for the questions.

use crate::model::ContainerKind;
use crate::report::apply::{ContainerEvidence, Evidence};

/// The containers that change: ephemeral ones cannot.
pub(super) fn containers(evidence: &Evidence) -> impl Iterator<Item = &ContainerEvidence> {
    evidence.containers.iter().filter(|container| container.kind != ContainerKind::Ephemeral)
}

/// What is known of the user that containers run as, a line each.
pub(super) fn users(evidence: &Evidence) -> Vec<String> {
    let line = |container: &ContainerEvidence| {
        let mut facts = vec![format!("image {}", container.image)];
        match (container.run_as_user, container.state.users.as_slice()) {
            (Some(user), _) => facts.push(format!("is given user {user}")),
            (None, []) => facts.push("user unknown: the image decides".to_owned()),
            (None, [user]) => facts.push(format!("runs as user {user} now")),
            (None, users) => facts.push(format!("runs as users {} now", numbers(users))),
        }
        facts.extend(writes(container));
        facts.extend(low_ports(container));
        format!("{}: {}", container.name, facts.join("; "))
    };
    containers(evidence).map(line).collect()
}

/// What is known of what needs capabilities.
pub(super) fn capabilities(evidence: &Evidence) -> Vec<String> {
    let line = |container: &ContainerEvidence| {
        let mut facts: Vec<String> = low_ports(container).into_iter().collect();
        if !container.capabilities.is_empty() {
            facts.push(format!("adds {}", container.capabilities.join(", ")));
        }
        facts.extend(health(container));
        (!facts.is_empty()).then(|| format!("{}: {}", container.name, facts.join("; ")))
    };
    containers(evidence).filter_map(line).collect()
}

/// Where containers write.
pub(super) fn writing(evidence: &Evidence) -> Vec<String> {
    let line = |container: &ContainerEvidence| match writes(container) {
        Some(writes) => format!("{}: {writes}", container.name),
        None => format!("{}: has no volume that it may write to", container.name),
    };
    containers(evidence).filter(|container| !container.read_only_root_filesystem).map(line).collect()
}

/// How containers fare, those that have trouble.
pub(super) fn trouble(evidence: &Evidence) -> Vec<String> {
    containers(evidence)
        .filter(|container| container.state.restarts > 0 || !container.state.reasons.is_empty())
        .filter_map(|container| health(container).map(|health| format!("{}: {health}", container.name)))
        .collect()
}

/// Probes and restarts: what will tell whether it still works.
fn health(container: &ContainerEvidence) -> Option<String> {
    let mut facts = Vec::new();
    if !container.probes.is_empty() {
        facts.push(format!("has {}", container.probes.join(", ")));
    }
    let state = &container.state;
    if state.restarts > 0 || !state.reasons.is_empty() {
        let times = if state.restarts == 1 { "once".to_owned() } else { format!("{} times", state.restarts) };
        let why = if state.reasons.is_empty() { String::new() } else { format!(" ({})", state.reasons.join(", ")) };
        facts.push(format!("was started again {times}{why}"));
    }
    (!facts.is_empty()).then(|| facts.join("; "))
}

fn low_ports(container: &ContainerEvidence) -> Option<String> {
    let ports: Vec<i64> = container.low_ports.iter().map(|port| i64::from(*port)).collect();
    (!ports.is_empty()).then(|| format!("listens below 1024: {}", numbers(&ports)))
}

fn writes(container: &ContainerEvidence) -> Option<String> {
    let mounts: Vec<_> = container.writable.iter().map(|mount| format!("{} ({})", mount.path, mount.source)).collect();
    (!mounts.is_empty()).then(|| format!("may write to {}", mounts.join(", ")))
}

fn numbers(list: &[i64]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
