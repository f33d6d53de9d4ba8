//! Nobody may ask for user 0.

use serde_json::Value;

use super::run_as_non_root::user_namespace;
use super::setters::{Setter, names, setters};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "runAsUser",
    title: "User ID",
    level: Level::Restricted,
    fix: Applicability::Risky,
    names: &["user", "UID", "user ID", "root", "root user", "root containers", "running as root", "run as root"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.7", about: "root containers" }],
    meaning: Meaning {
        what: "Neither the pod nor a container may set runAsUser to 0. Setting no user is fine for this control; that \
               the image's user is not root is the business of runAsNonRoot.",
        why: "User 0 in a container is root on the node as soon as it gets out, unless the pod has a user namespace \
              of its own. Asking for it in the manifest also overrides an image that was built to run as somebody \
              else.",
        fields: &["spec.securityContext.runAsUser", "spec.containers[*].securityContext.runAsUser"],
        allowed: &["any number but 0", "not set", "any number, where spec.hostUsers is false (from v1.35 on)"],
        remedy: "remove runAsUser: 0, or set runAsUser to a number above 0 that the program can work with",
        example: "spec:\n  securityContext:\n    runAsUser: 10001\n",
        writes: false,
        breaks: "Programs that read or write root's files, install packages or switch user when they start: they \
                 report \"permission denied\" or \"operation not permitted\" and the pod ends in CrashLoopBackOff. \
                 Give the files to the new user in the image, and volumes to its group with fsGroup.",
    },
    revisions: &[
        Revision {
            since: 23,
            changed: "The control exists since v1.23: before, runAsNonRoot alone kept root out.",
            overrides: &[],
            evaluate: v1_23,
        },
        Revision {
            since: 35,
            changed: "Pods with hostUsers: false pass, since their user 0 is nobody on the node.",
            overrides: &[],
            evaluate: v1_35,
        },
    ],
    repair,
};

const REASON: &str = "runAsUser=0";

fn v1_35(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.has_user_namespace() { None } else { v1_23(pod) }
}

fn v1_23(pod: &PodTemplate) -> Option<Violated<'_>> {
    let users = setters(&pod.spec, |pod| pod.run_as_user, |own| own.run_as_user);
    let found = users.filter(|(_, user)| *user == 0);
    let detail = format!("{} must not set runAsUser=0", names(found.clone())?);
    let violations = found.map(|(setter, user)| setter.violation(&["runAsUser"], user, Value::Null));
    Some(Violated::new(REASON, detail, violations))
}

fn repair(case: &Case<'_>) -> Repair {
    match user_namespace(case) {
        Ok(step) => vec![step].into(),
        Err(note) => Repair { steps: root_users(case), notes: note.into_iter().collect(), ..Repair::default() },
    }
}

/// Takes user 0 away from whoever asks for it: for the pod's the wished user comes, containers then have the pod's.
pub(super) fn root_users(case: &Case<'_>) -> Vec<Step> {
    let users = setters(&case.pod.spec, |pod| pod.run_as_user, |own| own.run_as_user);
    let step = |setter: Setter<'_>| {
        let path = setter.security_context().field("runAsUser");
        match (setter, case.user()) {
            (Setter::Pod, Some(user)) => Step::risky(Edit::set(path, user), files_risk(user)),
            (Setter::Container(_), Some(user)) => Step::risky(Edit::remove(path), files_risk(user)),
            _ => Step::risky(Edit::remove(path), RISK),
        }
    };
    users.filter(|(_, user)| *user == 0).map(|(setter, _)| step(setter)).collect()
}

const RISK: &str = "whoever asked for root gets the image's user; where that is root too, the container does not start, \
                    and where it is another, files and ports of root are out of reach";

fn files_risk(user: i64) -> String {
    format!("user {user} cannot write to what root owns in the image and on volumes; fsGroup helps with the latter")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn pod_and_containers() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsUser":0},"containers":[{"name":"a","securityContext":null},
            {"name":"b","securityContext":{"runAsUser":0}},{"name":"c","securityContext":{"runAsUser":1}},
            {"name":"d","securityContext":{"runAsUser":0}}]}}"#);
        let found = v1_23(&pod).unwrap();
        assert_eq!(found.reason, "runAsUser=0");
        assert_eq!(found.detail, r#"pod and containers "b", "d" must not set runAsUser=0"#);
        assert_eq!(
            violations(found),
            [
                "spec.securityContext.runAsUser 0 -> null",
                "spec.containers[1].securityContext.runAsUser 0 -> null",
                "spec.containers[3].securityContext.runAsUser 0 -> null",
            ]
        );
    }

    #[test]
    fn the_pod_alone() {
        let pod = pod(r#"{"spec":{"securityContext":{"runAsUser":0},"containers":[
            {"name":"a","securityContext":{"runAsUser":1}}]}}"#);
        assert_eq!(v1_23(&pod).unwrap().detail, "pod must not set runAsUser=0");
    }

    #[test]
    fn other_users_and_none_pass() {
        assert!(v1_23(&pod(r#"{"spec":{"containers":[{"name":"a"}]}}"#)).is_none());
        assert!(v1_23(&pod(r#"{"spec":{"securityContext":{"runAsUser":1000}}}"#)).is_none());
    }

    #[test]
    fn a_user_namespace_lets_off_from_v1_35_on() {
        let pod = pod(r#"{"spec":{"hostUsers":false,"containers":[{"name":"a","securityContext":{"runAsUser":0}}]}}"#);
        assert_eq!(v1_23(&pod).unwrap().detail, r#"container "a" must not set runAsUser=0"#);
        assert!(v1_35(&pod).is_none());
    }

    #[test]
    fn root_goes_or_becomes_the_wished_user() {
        let json = r#"{"spec":{"securityContext":{"runAsUser":0},"containers":[
            {"name":"a","securityContext":{"runAsUser":0}},{"name":"b","securityContext":{"runAsUser":5}}]}}"#;
        let plain = repair(&CHECK, json);
        assert_eq!(
            steps(&plain),
            [
                "spec.securityContext.runAsUser removed risky",
                "spec.containers[0].securityContext.runAsUser removed risky"
            ]
        );
        assert!(plain.notes[0].contains("hostUsers: false"));
        let wished = Choices { run_as_user: Some(1000), ..Choices::default() };
        let with = |choices: &Choices| steps(&repair_with(&CHECK, json, choices, 37, &[]));
        assert_eq!(with(&wished)[0], "spec.securityContext.runAsUser = 1000 risky");
        assert_eq!(with(&wished)[1], "spec.containers[0].securityContext.runAsUser removed risky");
        assert_eq!(with(&Choices { user_ids_are_assigned: true, ..wished }), steps(&plain));
        let namespaced = Choices { user_namespace: true, ..Choices::default() };
        assert_eq!(with(&namespaced), ["spec.hostUsers = false risky"]);
    }
}
