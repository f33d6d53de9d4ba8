//! What several formats say of namespaces in the same words. All of it is safe to print.

use crate::policy::{Mode, Policy, Version};
use crate::render::style::{counted, plural, sanitize};
use crate::report::label::{Count, ModeRow, NamespaceRow, Violator};

/// `deployment/web`.
pub(super) fn name(violator: &Violator) -> String {
    sanitize(&violator.short_name()).into_owned()
}

/// `deployment/web (2 pods)`: with its pods that violate, where it has any and is not one itself.
pub(super) fn name_with_pods(violator: &Violator) -> String {
    match violator.pods.len() {
        0 => name(violator),
        _ if violator.kind == "Pod" => name(violator),
        pods => format!("{} ({})", name(violator), counted(pods, "pod", "pods")),
    }
}

/// The first of some texts, and how many more there are.
pub(super) fn list(mut texts: Vec<String>, most: usize) -> String {
    let more = texts.len().saturating_sub(most);
    if more > 0 {
        texts.truncate(most);
        return format!("{} and {more} more", texts.join(", "));
    }
    texts.join(", ")
}

/// `baseline`, `baseline:v1.30`: `latest` goes without saying.
pub(super) fn policy(policy: Policy) -> String {
    if policy.version == Version::Latest { policy.level.to_string() } else { policy.to_string() }
}

/// What a mode says now, where labels say it: `-` where nothing does and nothing is asked for.
pub(super) fn policy_now(row: &NamespaceRow, mode: Mode, now: Policy) -> String {
    let is_set = row.labels.contains_key(&mode.level_label());
    match now.level {
        crate::policy::Level::Privileged if !is_set => "-".to_owned(),
        _ => policy(now),
    }
}

/// The present policy of a mode, where a row has an entry of it.
pub(super) fn now(row: &NamespaceRow, mode: Mode) -> Option<Policy> {
    row.modes.iter().find(|entry| entry.mode == mode).map(|entry| entry.from)
}

/// Stands in place of what cannot be said of a namespace that could not be read to the end.
pub(super) const NOT_KNOWN: &str = "not known";

/// `passes`, `2 of 5 break`; `empty` where there is nothing to judge.
pub(super) fn outcome(row: &NamespaceRow, mode: Mode, count: Count) -> String {
    let (one, many) = match mode {
        Mode::Enforce => ("breaks", "break"),
        Mode::Audit | Mode::Warn => ("violates", "violate"),
    };
    match count {
        Count { violating: 0, .. } if !row.unread.is_empty() => NOT_KNOWN.to_owned(),
        Count { judged: 0, .. } => "empty".to_owned(),
        Count { violating: 0, .. } => "passes".to_owned(),
        Count { judged, violating } => format!("{violating} of {judged} {}", plural(violating, one, many)),
    }
}

/// `1 newly refused, 2 newly admitted`: what another version changes.
pub(super) fn upgraded(row: &ModeRow) -> String {
    let denied = if row.mode == Mode::Enforce { "newly refused" } else { "newly told of" };
    let counts = [(row.violating.len(), denied), (row.newly_allowed.len(), allowed(row.mode))];
    let parts: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { "no change".to_owned() } else { parts.join(", ") }
}

/// What another version does to workloads that did not meet the policy and do then.
pub(super) fn allowed(mode: Mode) -> &'static str {
    if mode == Mode::Enforce { "newly admitted" } else { "no longer told of" }
}

/// What a mode does about workloads that violate.
pub(super) fn effect(mode: Mode, violating: &[Violator]) -> String {
    match mode {
        Mode::Enforce => enforced(violating),
        Mode::Warn => "whoever creates or changes these is warned, and nothing is refused".to_owned(),
        Mode::Audit => "the audit log marks requests that create or change these, and nothing is refused".to_owned(),
    }
}

fn enforced(violating: &[Violator]) -> String {
    let refused = violating.iter().filter(|violator| violator.breaks()).count();
    if refused == 0 {
        return "no new pod is refused".to_owned();
    }
    let pods: usize = violating.iter().map(|violator| violator.lost).sum();
    let mut text = format!("new pods of {} are refused", counted(refused, "workload", "workloads"));
    match pods {
        0 => text.push_str("; none of them runs now"),
        1 => text.push_str("; 1 running pod stays until it restarts and would then not come back"),
        _ => text.push_str(&format!("; {pods} running pods stay until they restart and would then not come back")),
    }
    text
}

/// What is special about how a workload violates, beside its findings: sentences without a full stop.
pub(super) fn remarks(violator: &Violator) -> Vec<String> {
    let names = |names: &[String]| names.iter().map(|name| sanitize(name)).collect::<Vec<_>>().join(", ");
    let mut remarks = Vec::new();
    if let Some(why) = &violator.exempt {
        remarks.push(format!("admission lets it in all the same: {}", sanitize(why)));
    }
    if !violator.injected.is_empty() {
        let what = plural(violator.injected.len(), "container", "containers");
        let only = if violator.by_injection { "; nothing else violates" } else { "" };
        remarks.push(format!("{what} not in the template, hence injected: {}{only}", names(&violator.injected)));
        let advice = crate::render::words::injector_advice(&violator.injected);
        remarks.extend(advice.into_iter().map(|advice| format!("= {advice}")));
    }
    if !violator.ephemeral.is_empty() {
        let what = plural(violator.ephemeral.len(), "ephemeral container violates", "ephemeral containers violate");
        remarks.push(format!("{what} ({}): new pods have none", names(&violator.ephemeral)));
    }
    let is_by_pods = !violator.template_violates && violator.injected.is_empty() && violator.ephemeral.is_empty();
    if is_by_pods && violator.kind != "Pod" {
        remarks.push("its template passes, these pods do not".to_owned());
    }
    remarks
}

/// What the server's answers to a row leave to say: a mode and a sentence each.
pub(super) fn refusals(row: &NamespaceRow) -> impl Iterator<Item = (&ModeRow, &str)> {
    row.modes.iter().filter_map(|mode| Some((mode, mode.server.as_ref()?.error.as_deref()?)))
}

/// `warn=restricted, warn-version=v1.36`: labels without the prefix that all of them have.
pub(super) fn labels<'a>(labels: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    labels.map(|(key, value)| format!("{}={}", short(key), sanitize(value))).collect::<Vec<_>>().join(" ")
}

/// A label's key without the prefix.
pub(super) fn short(key: &str) -> String {
    sanitize(key.strip_prefix("pod-security.kubernetes.io/").unwrap_or(key)).into_owned()
}
