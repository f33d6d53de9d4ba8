//! What is odd about a namespace beside what its labels would break.

use super::judge::{Judge, some};
use crate::live::Branch;
use crate::policy::{Level, Mode, NamespacePolicy, Policy, Version};
use crate::report::label::{ModeRow, NamespaceRow, Notice, Violator};

/// Objects that are named in a sentence.
const MOST: usize = 3;

/// Labels of a namespace that is exempt.
pub(super) fn of_exemption(row: &mut NamespaceRow, now: NamespacePolicy) {
    let asks = Mode::ALL
        .into_iter()
        .find(|mode| row.labels.contains_key(&mode.level_label()) && now.mode(*mode).level != Level::Privileged);
    if let (Some(why), Some(mode)) = (&row.exempt, asks) {
        let message = format!("its labels do nothing, as {why} from admission");
        row.notices.push(Notice { label: Some(mode.level_label()), message, instead: None });
    }
}

/// Levels that are lower than those of now.
pub(super) fn of_lowered(row: &mut NamespaceRow) {
    let lowered: Vec<_> = row.modes.iter().filter(|entry| entry.is_lowered() && row.exempt.is_none()).collect();
    let notice = |entry: &&ModeRow| {
        let does = if entry.mode == Mode::Enforce { "some that it refuses now is let in" } else { "less is told of" };
        let message = format!("{} is lowered from {} to {}, so {does}", entry.mode, entry.from, entry.to);
        Notice { label: Some(entry.mode.level_label()), message, instead: None }
    };
    let notices: Vec<_> = lowered.iter().map(notice).collect();
    row.notices.extend(notices);
}

/// What runs though it would not be admitted now: it was there before the labels were.
pub(super) fn of_stricter_than_running(row: &mut NamespaceRow, enforced: Policy, server: u16, violating: &[Violator]) {
    let broken: Vec<String> = violating.iter().filter(|one| one.breaks()).map(Violator::short_name).collect();
    if broken.is_empty() {
        return;
    }
    let does = if broken.len() == 1 { "does not meet it, so its pods" } else { "do not meet it, so their pods" };
    let names = some(broken, MOST);
    let here = if enforced.version == Version::Latest { format!(" (v1.{server} now)") } else { String::new() };
    let message = format!("enforces {enforced}{here}, and {names} {does} will not come back once they stop");
    row.notices.push(Notice { label: Some(Mode::Enforce.level_label()), message, instead: None });
}

/// Pods that only violate by containers that were added for debugging.
pub(super) fn of_ephemeral(row: &mut NamespaceRow, judge: &Judge<'_>, to: Policy, branches: &[Branch]) {
    for pod in branches.iter().flat_map(|branch| &branch.pods) {
        let names = judge.ephemeral(to, pod);
        if names.is_empty() || !judge.find(to, pod.template).is_empty() {
            continue;
        }
        let containers = if names.len() == 1 { "ephemeral container" } else { "ephemeral containers" };
        let message = format!(
            "pod/{} meets {} but for the {containers} {}, which a new pod does not have",
            pod.name,
            to.level,
            names.join(", ")
        );
        if row.notices.iter().all(|notice| notice.message != message) {
            row.notices.push(Notice { label: None, message, instead: None });
        }
    }
}

/// A policy that does not move with the server.
pub(super) fn of_pin(mode: Mode, policy: Policy) -> Notice {
    let message =
        format!("{mode} is pinned to {}: its rules stay the same, whichever version the server is", policy.version);
    Notice { label: Some(mode.version_label()), message, instead: None }
}
