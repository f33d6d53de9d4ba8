//! Containers must be kept from running as root.

use serde_json::Value;

use super::repair::quoted;
use super::run_as_user::root_users;
use super::setters::{Setter, containers, names, setters, spread, unset};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "runAsNonRoot",
    title: "Running as non-root",
    level: Level::Restricted,
    fix: Applicability::Risky,
    names: &["non-root", "nonroot", "root", "root user", "root containers", "running as root", "run as root"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.7", about: "root containers" }],
    meaning: Meaning {
        what: "Every container must have runAsNonRoot set to true, on itself or through the pod's securityContext. \
               The kubelet then refuses to start a container whose image would run as user 0.",
        why: "Root in a container is root on the node as soon as it gets out through a kernel or runtime hole or a \
              careless mount; an ordinary user has little to gain there.",
        fields: &["spec.securityContext.runAsNonRoot", "spec.containers[*].securityContext.runAsNonRoot"],
        allowed: &[
            "true",
            "not set on a container, where the pod's securityContext sets true",
            "anything or nothing, where spec.hostUsers is false (from v1.35 on)",
        ],
        remedy: "set spec.securityContext.runAsNonRoot: true and remove every runAsNonRoot: false",
        example: "spec:\n  securityContext:\n    runAsNonRoot: true\n",
        writes: true,
        breaks: "Images that run as root, or name their user instead of numbering it, no longer start: the pod stays \
                 in CreateContainerConfigError. Build the image with a numeric USER, or set runAsUser to an ID that \
                 can read and write what the program needs.",
    },
    revisions: &[
        Revision { since: 0, changed: "Part of the standard from the start.", overrides: &[], evaluate: v1_0 },
        Revision {
            since: 35,
            changed: "Pods with hostUsers: false pass, since their root is nobody on the node.",
            overrides: &[],
            evaluate: v1_35,
        },
    ],
    repair,
};

const REASON: &str = "runAsNonRoot != true";

fn v1_35(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.has_user_namespace() { None } else { v1_0(pod) }
}

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    explicit(pod).or_else(|| implicit(pod))
}

/// Somebody sets false: admission names only those, whoever else sets nothing.
fn explicit(pod: &PodTemplate) -> Option<Violated<'_>> {
    let values = setters(&pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    let found = values.filter(|(_, value)| !value);
    let detail = format!("{} must not set securityContext.runAsNonRoot=false", names(found.clone())?);
    let violations = found.map(|(setter, value)| setter.violation(&["runAsNonRoot"], value, true));
    Some(Violated::new(REASON, detail, violations))
}

/// Nobody sets false, but neither does anybody set true for these containers.
fn implicit(pod: &PodTemplate) -> Option<Violated<'_>> {
    let found = unset(&pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", containers(found.clone())?);
    let violation = |container| Setter::Container(container).violation(&["runAsNonRoot"], Value::Null, true);
    Some(Violated::new(REASON, detail, found.map(violation)))
}

fn repair(case: &Case<'_>) -> Repair {
    let mut repair = Repair::default();
    match user_namespace(case) {
        Ok(step) => return vec![step].into(),
        Err(note) => repair.notes.extend(note),
    }
    let values = setters(&case.pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    let wrong = values.filter(|(_, value)| !value).map(|(setter, _)| setter).collect();
    let of_pod = case.pod.spec.security_context.as_ref().and_then(|pod| pod.run_as_non_root);
    let mut lacking = unset(&case.pod.spec, |pod| pod.run_as_non_root, |own| own.run_as_non_root);
    let spread = spread(of_pod.is_some(), wrong, lacking.next().is_some());
    let path = |setter: &Setter<'_>| setter.security_context().field("runAsNonRoot");
    let has_way_out = namespace_obstacle(case).is_none();
    let risk = |setter: &Setter<'_>| risk(case, *setter, has_way_out);
    let set = spread.set.iter().map(|setter| Step::risky(Edit::set(path(setter), true), risk(setter)));
    let removed = spread.remove.iter().map(|setter| Step::risky(Edit::remove(path(setter)), risk(setter)));
    repair.steps.extend(set.chain(removed));
    if case.minor < ROOT_USERS_SINCE {
        // No check asks for it yet, but the kubelet starts no container that must not be root and asks to be.
        repair.steps.extend(root_users(case));
    }
    repair
}

/// The first version whose policy has a check of its own for `runAsUser: 0`.
const ROOT_USERS_SINCE: u16 = 23;

/// What is known of the users of whom a field is about; whether a user namespace would be a way out.
fn risk(case: &Case<'_>, setter: Setter<'_>, has_way_out: bool) -> String {
    let containers: Vec<_> = match setter {
        Setter::Container(container) => vec![container],
        Setter::Pod => case.pod.spec.all_containers().collect(),
    };
    let unknown: Vec<_> = containers.into_iter().filter(|container| case.user_of(*container).is_none()).collect();
    if unknown.is_empty() {
        return String::new();
    }
    let who = match unknown.as_slice() {
        [one] => format!("container {} does", quoted([one])),
        many => format!("containers {} do", quoted(many)),
    };
    let way_out = if has_way_out { "; hostUsers: false is for images that need root" } else { "" };
    format!(
        "{who} not start where the image runs as root, or names its user and no runAsUser gives the number{way_out}"
    )
}

/// The user namespace that excuses root, where it is wished for and may be had; else what should be known about it.
pub(super) fn user_namespace(case: &Case<'_>) -> Result<Step, Option<String>> {
    match (case.choices.user_namespace, namespace_obstacle(case)) {
        (false, None) => Err(offer(case)),
        (false, Some(_)) => Err(None),
        (true, Some(why)) => Err(Some(format!("hostUsers: false does not help here: {why}"))),
        (true, None) => {
            let risk = "the pod starts on nodes only whose kernel and runtime have user namespaces, and volumes without \
                        ID-mapped mounts cannot be used";
            Ok(Step::risky(Edit::set(FieldPath::fields(&["spec", "hostUsers"]), false), risk))
        }
    }
}

/// What keeps `hostUsers: false` from being accepted (`validateHostUsers` in
/// `k8s.io/kubernetes/pkg/apis/core/validation`), or from excusing root.
fn namespace_obstacle(case: &Case<'_>) -> Option<&'static str> {
    let spec = &case.pod.spec;
    let shares = [spec.host_network, spec.host_pid, spec.host_ipc].contains(&Some(true));
    let keeps = case.keeps_host_network() || (shares && case.leaves(&["hostNamespaces"]));
    let mut devices = spec.all_containers().map(|container| container.path().field("volumeDevices"));
    if case.minor < USER_NAMESPACES_SINCE {
        Some("policies before v1.35 want runAsNonRoot all the same")
    } else if case.is_windows {
        Some("Windows pods have no user namespaces")
    } else if keeps {
        Some("the pod keeps namespaces of the node, and the API server refuses both together")
    } else if devices.any(|path| case.written(&path).is_some()) {
        Some("the API server refuses it on pods with volumeDevices")
    } else {
        None
    }
}

/// The first version whose policy excuses root in a user namespace.
const USER_NAMESPACES_SINCE: u16 = 35;

/// Tells of the user namespace where somebody asks for root.
fn offer(case: &Case<'_>) -> Option<String> {
    let mut users = setters(&case.pod.spec, |pod| pod.run_as_user, |own| own.run_as_user);
    users.any(|(_, user)| user == 0).then(|| {
        "the pod asks for user 0: an image that needs it may stay root in a user namespace of its own (hostUsers: \
         false) in place of runAsNonRoot, since the policy is v1.35 or newer"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn the_pods_value_serves_containers_that_set_none() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsNonRoot":true},"containers":[{"name":"a"}]}}"#);
        assert!(v1_0(&pod).is_none());
    }

    #[test]
    fn containers_without_a_value_are_named() {
        let pod = pod(r#"{"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a"},
            {"name":"b","securityContext":{"runAsNonRoot":true}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "runAsNonRoot != true");
        assert_eq!(found.detail, r#"pod or containers "i", "a" must set securityContext.runAsNonRoot=true"#);
        assert_eq!(
            violations(found),
            [
                "spec.initContainers[0].securityContext.runAsNonRoot null -> true",
                "spec.containers[0].securityContext.runAsNonRoot null -> true",
            ]
        );
    }

    #[test]
    fn who_sets_false_is_named_alone() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsNonRoot":false},"containers":[{"name":"a"},
            {"name":"b","securityContext":{"runAsNonRoot":false}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.detail, r#"pod and container "b" must not set securityContext.runAsNonRoot=false"#);
        assert_eq!(
            violations(found),
            [
                "spec.securityContext.runAsNonRoot false -> true",
                "spec.containers[1].securityContext.runAsNonRoot false -> true",
            ]
        );
    }

    #[test]
    fn a_user_namespace_lets_off_from_v1_35_on() {
        let pod = pod(r#"{"spec":{"hostUsers":false,"containers":[{"name":"a"}]}}"#);
        assert!(v1_0(&pod).is_some());
        assert!(v1_35(&pod).is_none());
    }

    #[test]
    fn the_pod_says_it_for_all() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"runAsNonRoot":false}},{"name":"b"},
            {"name":"c","securityContext":{"runAsNonRoot":true}}]}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                "spec.securityContext.runAsNonRoot = true risky",
                "spec.containers[0].securityContext.runAsNonRoot removed risky",
            ]
        );
        let json = r#"{"spec":{"securityContext":{"runAsNonRoot":true},"containers":[
            {"name":"a","securityContext":{"runAsNonRoot":false}},{"name":"b"}]}}"#;
        assert_eq!(steps(&repair(&CHECK, json)), ["spec.containers[0].securityContext.runAsNonRoot removed risky"]);
    }

    #[test]
    fn only_the_wrong_container_changes_where_nobody_lacks_it() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"runAsNonRoot":false}},
            {"name":"b","securityContext":{"runAsNonRoot":true}}]}}"#;
        assert_eq!(steps(&repair(&CHECK, json)), ["spec.containers[0].securityContext.runAsNonRoot = true risky"]);
    }

    #[test]
    fn the_risk_names_containers_without_a_user() {
        let json = r#"{"spec":{"containers":[{"name":"a"},{"name":"b","securityContext":{"runAsUser":7}}]}}"#;
        let risk = |json: &str| repair(&CHECK, json).steps[0].risk.clone();
        assert!(risk(json).starts_with(r#"container "a" does not start where the image runs as root"#));
        assert_eq!(risk(&json.replace(r#""name":"a""#, r#""name":"a","securityContext":{"runAsUser":8}"#)), "");
    }

    #[test]
    fn a_user_namespace_takes_its_place_from_v1_35_on() {
        let json = r#"{"spec":{"containers":[{"name":"a"}]}}"#;
        let wished = Choices { user_namespace: true, ..Choices::default() };
        let at = |json: &str, minor| repair_with(&CHECK, json, &wished, minor, &[]);
        assert_eq!(steps(&at(json, 35)), ["spec.hostUsers = false risky"]);
        assert_eq!(steps(&at(json, 34)), ["spec.securityContext.runAsNonRoot = true risky"]);
        assert!(at(json, 34).notes[0].contains("before v1.35"));
        let devices = r#"{"spec":{"containers":[{"name":"a","volumeDevices":[{"name":"d","devicePath":"/d"}]}]}}"#;
        assert!(at(devices, 35).notes[0].contains("volumeDevices"));
    }

    #[test]
    fn root_is_taken_away_before_a_check_of_its_own_asks_for_that() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}}"#;
        let at = |minor| steps(&repair_with(&CHECK, json, &Choices::default(), minor, &[])).len();
        assert_eq!((at(22), at(23)), (2, 1));
    }
}
