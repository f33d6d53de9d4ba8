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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::harden::{Task, plan};
    use crate::model::{Choices, Edit};
    use crate::policy::{Level, Policy, Version};

    /// The template after the plan, and its notes; a second run must have nothing to add.
    fn hardened(template: &Value, choices: &Choices) -> (Value, Vec<String>) {
        let policy = Policy { level: Level::Privileged, version: Version::Latest };
        let run = |template: &Value| plan(&Task { template, policy, choices }).expect("a pod template");
        let planned = run(template);
        let mut result = template.clone();
        Edit::apply(&mut result, planned.edits.iter().map(|planned| &planned.edit)).expect("the edits fit");
        assert_eq!(run(&result).edits, []);
        (result, planned.notes)
    }

    #[test]
    fn ids_are_the_pods_and_containers_keep_theirs() {
        let template = json!({"spec": {"containers": [
            {"name": "a", "securityContext": {"runAsUser": 0}}, {"name": "b", "securityContext": {"runAsUser": 7}}]}});
        let choices =
            Choices { run_as_user: Some(1000), run_as_group: Some(2000), fs_group: Some(3000), ..Choices::default() };
        let expected = json!({"spec": {
            "containers": [{"name": "a"}, {"name": "b", "securityContext": {"runAsUser": 7}}],
            "securityContext": {"runAsUser": 1000, "runAsGroup": 2000, "fsGroup": 3000},
        }});
        assert_eq!(hardened(&template, &choices).0, expected);
        let assigned = Choices { user_ids_are_assigned: true, ..choices };
        let (unchanged, notes) = hardened(&template, &assigned);
        assert_eq!(unchanged, template);
        assert_eq!(notes, ["user and group IDs are not written: the namespace hands them out by itself"]);
    }

    #[test]
    fn nobody_needs_the_pods_user_where_all_have_their_own() {
        let template = json!({"spec": {"containers": [{"name": "a", "securityContext": {"runAsUser": 7}}]}});
        let choices = Choices { run_as_user: Some(1000), ..Choices::default() };
        assert_eq!(hardened(&template, &choices).0, template);
    }

    #[test]
    fn the_token_is_turned_off() {
        let choices = Choices { no_service_account_token: true, ..Choices::default() };
        let (result, _) = hardened(&json!({"spec": {"containers": [{"name": "a"}]}}), &choices);
        assert_eq!(result["spec"]["automountServiceAccountToken"], false);
    }

    #[test]
    fn read_only_containers_get_folders_to_write_to() {
        let template = json!({"spec": {
            "initContainers": [{"name": "i", "securityContext": {"readOnlyRootFilesystem": true}}],
            "containers": [
                {"name": "a", "volumeMounts": [{"name": "data", "mountPath": "/var/cache"}]},
                {"name": "b"},
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "emptyDir": {}}],
        }});
        let writable = vec!["/tmp".to_owned(), "/var/cache/nginx/".to_owned()];
        let choices = Choices { read_only_root_filesystem: true, writable, ..Choices::default() };
        let spec = hardened(&template, &choices).0["spec"].clone();
        assert_eq!(spec["initContainers"], template["spec"]["initContainers"]);
        assert_eq!(
            spec["containers"],
            json!([
                {"name": "a", "securityContext": {"readOnlyRootFilesystem": true}, "volumeMounts": [
                    {"name": "data", "mountPath": "/var/cache"}, {"name": "tmp-a", "mountPath": "/tmp"}]},
                {"name": "b", "securityContext": {"readOnlyRootFilesystem": true}, "volumeMounts": [
                    {"name": "tmp-b", "mountPath": "/tmp"}, {"name": "var-cache-nginx", "mountPath": "/var/cache/nginx/"}]},
            ])
        );
        let names: Vec<_> = spec["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].clone()).collect();
        assert_eq!(names, ["tmp", "data", "tmp-a", "tmp-b", "var-cache-nginx"]);
    }

    #[test]
    fn folders_of_containers_with_one_name_have_names_of_their_own() {
        let containers: Vec<_> = (0..4).map(|_| json!({"name": "a"})).collect();
        let volumes = json!([{"name": "tmp-2", "emptyDir": {}}]);
        let template = json!({"spec": {"containers": containers, "volumes": volumes}});
        let choices = Choices { read_only_root_filesystem: true, ..Choices::default() };
        let spec = hardened(&template, &choices).0["spec"].clone();
        let names: Vec<_> = spec["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].clone()).collect();
        assert_eq!(names, ["tmp-2", "tmp", "tmp-a", "tmp-3", "tmp-4"]);
    }
}
