//! What people want of a pod beyond the level.

use super::writable;
use crate::checks::{Case, Repair, Step};
use crate::model::{Applicability, Edit, FieldPath};

/// The edits that choices ask for by themselves, by the field that they are about.
pub(super) fn wishes(case: &Case<'_>) -> Vec<(&'static str, Repair)> {
    let mut wishes = vec![
        ("runAsUser", user(case)),
        ("runAsGroup", group(case, "runAsGroup", case.choices.run_as_group)),
        ("fsGroup", group(case, "fsGroup", case.choices.fs_group)),
    ];
    if case.choices.read_only_root_filesystem && !case.is_windows {
        wishes.push(("readOnlyRootFilesystem", writable::read_only(case)));
    }
    if case.choices.no_service_account_token {
        wishes.push(("automountServiceAccountToken", no_token(case)));
    }
    let choices = case.choices;
    if choices.run_as_user.or(choices.run_as_group).or(choices.fs_group).is_some() {
        wishes.extend(why_no_ids(case).map(|note| ("runAsUser", Repair { notes: vec![note], ..Repair::default() })));
    }
    wishes
}

/// An edit that was asked for by name.
pub(super) fn wished(edit: Edit, risk: &str) -> Step {
    Step { edit, fix: Applicability::Risky, risk: risk.to_owned() }
}

/// Why the namespace or the pod takes no user and group IDs.
fn why_no_ids(case: &Case<'_>) -> Option<String> {
    if case.is_windows {
        Some("user and group IDs are not written: it is a Windows pod".to_owned())
    } else if case.choices.user_ids_are_assigned {
        Some("user and group IDs are not written: the namespace hands them out by itself".to_owned())
    } else {
        None
    }
}

/// The pod's user, where somebody has none of their own; containers keep theirs, unless it is root.
fn user(case: &Case<'_>) -> Repair {
    let Some(user) = case.choices.run_as_user.filter(|_| why_no_ids(case).is_none()) else { return Repair::default() };
    let risk = format!("user {user} cannot write to what root owns in the image and on volumes");
    let own = |container: &crate::model::Container| container.security_context.as_ref().and_then(|own| own.run_as_user);
    let of_root = case.pod.spec.all_containers().filter(|container| own(container) == Some(0));
    let removed = of_root.map(|c| wished(Edit::remove(c.path().field("securityContext").field("runAsUser")), &risk));
    let mut steps: Vec<_> = removed.collect();
    if case.pod.spec.all_containers().any(|container| own(&container).is_none_or(|user| user == 0)) {
        steps.extend(set_in_pod(case, "runAsUser", user, &risk));
    }
    Repair { steps, ..Repair::default() }
}

fn group(case: &Case<'_>, field: &'static str, id: Option<i64>) -> Repair {
    let id = id.filter(|_| why_no_ids(case).is_none());
    let step = id.and_then(|id| set_in_pod(case, field, id, ""));
    Repair { steps: step.into_iter().collect(), ..Repair::default() }
}

fn set_in_pod(case: &Case<'_>, field: &'static str, id: i64, risk: &str) -> Option<Step> {
    let path = FieldPath::fields(&["spec", "securityContext", field]);
    let is_set = path.find(case.template).is_some_and(|value| *value == id);
    (!is_set).then(|| wished(Edit::set(path, id), risk))
}

fn no_token(case: &Case<'_>) -> Repair {
    let path = FieldPath::fields(&["spec", "automountServiceAccountToken"]);
    let is_off = path.find(case.template).is_some_and(|value| *value == false);
    let risk = "programs that talk to the Kubernetes API find no token";
    let steps = if is_off { Vec::new() } else { vec![wished(Edit::set(path, false), risk)] };
    Repair { steps, ..Repair::default() }
}
