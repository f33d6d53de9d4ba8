//! Containers must drop all capabilities and may take back one.

use serde_json::Value;

use super::capabilities_baseline::{Spelled, added_beyond, repair_added, violations_beyond};
use super::repair::{bare_name, low_ports, port_list};
use super::setters::{Setter, containers};
use super::{Case, Check, Cis, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PlacedContainer, PodTemplate, Segment, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "capabilities_restricted",
    title: "Dropped capabilities",
    level: Level::Restricted,
    fix: Applicability::Risky,
    names: &[
        "capabilities",
        "capability",
        "Linux capabilities",
        "drop all",
        "drop capabilities",
        "dropped capabilities",
    ],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11", "v1.12"], number: "5.2.8", about: "NET_RAW" },
        Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.10", about: "assigned capabilities" },
        Cis { benchmarks: &["v1.12"], number: "5.2.9", about: "assigned capabilities" },
    ],
    meaning: Meaning {
        what: "Every container must list ALL in capabilities.drop and may add nothing but NET_BIND_SERVICE, both in \
               capitals. Dropping single names, even all of them, is not enough.",
        why: "Runtimes give root in a container about a dozen capabilities: it may take over any file, become any \
              user and forge packets. Few programs use them, and an intruder finds every one of them at hand.",
        fields: &[
            "spec.containers[*].securityContext.capabilities.drop",
            "spec.containers[*].securityContext.capabilities.add",
        ],
        allowed: &[
            "drop: a list with ALL in it",
            "add: NET_BIND_SERVICE, an empty list, or none",
            "anything or nothing, where spec.os.name is windows (from v1.25 on)",
        ],
        remedy: "set securityContext.capabilities.drop: [ALL] on every container; add only NET_BIND_SERVICE",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        drop: [ALL]\n",
        writes: true,
        breaks: "Programs that work as root: entrypoints that chown a volume or switch user (su-exec, gosu, setpriv), \
                 package managers, ping. They stop with \"operation not permitted\", mostly when they start, and the \
                 pod ends in CrashLoopBackOff. Ports below 1024 may need NET_BIND_SERVICE back. fsGroup replaces the \
                 chown, runAsUser the switch of user.",
    },
    revisions: &[
        Revision {
            since: 22,
            changed: "The control exists since v1.22 and contains capabilities_baseline.",
            overrides: &["capabilities_baseline"],
            evaluate: v1_22,
        },
        Revision {
            since: 25,
            changed: "Pods with spec.os.name: windows pass, since the API server refuses capabilities on them.",
            overrides: &["capabilities_baseline"],
            evaluate: v1_25,
        },
    ],
    repair,
};

const REASON: &str = "unrestricted capabilities";

const ALL: &str = "ALL";

const ALLOWED: &[&str] = &["NET_BIND_SERVICE"];

fn v1_25(pod: &PodTemplate) -> Option<Violated<'_>> {
    if pod.spec.is_windows() { None } else { v1_22(pod) }
}

fn v1_22(pod: &PodTemplate) -> Option<Violated<'_>> {
    let keeping = containers(pod.spec.all_containers().filter(keeps_some));
    let missing = keeping.map(|who| format!(r#"{who} must set securityContext.capabilities.drop=["ALL"]"#));
    let details: Vec<_> = missing.into_iter().chain(added_beyond(pod, ALLOWED)).collect();
    if details.is_empty() {
        return None;
    }
    let of_container = |c| keeps_some(&c).then(|| missing_drop(c)).into_iter().chain(violations_beyond(c, ALLOWED));
    Some(Violated::new(REASON, details.join("; "), pod.spec.all_containers().flat_map(of_container)))
}

fn keeps_some(container: &PlacedContainer<'_>) -> bool {
    !dropped(container).iter().any(|name| name == ALL)
}

fn dropped<'a>(container: &PlacedContainer<'a>) -> &'a [String] {
    let context = container.container.security_context.as_ref();
    context.and_then(|context| context.capabilities.as_ref()).map_or(&[], |capabilities| &capabilities.drop)
}

fn missing_drop(container: PlacedContainer<'_>) -> Violation {
    let dropped = dropped(&container);
    let actual = if dropped.is_empty() { Value::Null } else { dropped.into() };
    Setter::Container(container).violation(&["capabilities", "drop"], actual, [ALL])
}

fn repair(case: &Case<'_>) -> Repair {
    if case.is_windows {
        return case.left_for_windows();
    }
    let (mut repair, mut spelled) = (Repair::default(), Spelled::default());
    for violation in case.violations {
        match case.container_at(&violation.path) {
            Some(container) if violation.path.last() == Some(&Segment::Field("drop")) => {
                repair.steps.extend(drop_all(case, container, &violation.path));
                repair.steps.extend(keep_ports(case, container));
            }
            _ => repair_added(case, violation, ALLOWED, &mut spelled, &mut repair),
        }
    }
    let opened = first_open_port(case);
    for violation in case.violations {
        note_ports(case, violation, opened, &mut repair.notes);
    }
    repair
}

/// Makes the list exactly `ALL`. What runtimes read as that already is only spelled right.
fn drop_all(case: &Case<'_>, container: PlacedContainer<'_>, path: &FieldPath) -> Vec<Step> {
    let names = dropped(&container);
    let means_all = names.iter().position(|name| bare_name(name) == ALL);
    let step = |edit| match means_all {
        Some(_) => Step::safe(edit, ""),
        None => Step::risky(edit, risk(case, container)),
    };
    if names.is_empty() {
        return vec![step(Edit::set(path.clone(), [ALL].as_slice()))];
    }
    let kept = means_all.unwrap_or(0);
    let others = (0..names.len()).filter(|at| *at != kept).map(|at| Edit::remove(path.clone().index(at)));
    let mut steps = vec![step(Edit::set(path.clone().index(kept), ALL))];
    steps.extend(others.map(|edit| Step { risk: String::new(), ..step(edit) }));
    steps
}

/// Who is not root has capabilities by files only.
fn risk(case: &Case<'_>, container: PlacedContainer<'_>) -> &'static str {
    if case.user_of(container).is_some() {
        "programs whose files carry capabilities, as some pings and servers do, no longer start"
    } else {
        "entrypoints that chown files, switch user or send raw packets stop with \"operation not permitted\""
    }
}

/// Adds NET_BIND_SERVICE to a container that listens below 1024, where that is wished for.
fn keep_ports(case: &Case<'_>, container: PlacedContainer<'_>) -> Option<Step> {
    if !case.keeps(BIND) || low_ports(container).is_empty() || adds_bind(container) {
        return None;
    }
    let add = Setter::Container(container).security_context().field("capabilities").field("add");
    let count = case.written(&add).and_then(Value::as_array).map_or(0, Vec::len);
    Some(Step::risky(Edit::set(add.index(count), BIND), ""))
}

fn adds_bind(container: PlacedContainer<'_>) -> bool {
    let context = container.container.security_context.as_ref();
    let added = context.and_then(|context| context.capabilities.as_ref()).map(|capabilities| &capabilities.add);
    added.into_iter().flatten().any(|name| bare_name(name) == BIND)
}

const BIND: &str = "NET_BIND_SERVICE";

/// Says what a container that listens below 1024 may miss; a sysctl of the pod may let every user open ports from `opened` on.
fn note_ports(case: &Case<'_>, violation: &Violation, opened: Option<i32>, notes: &mut Vec<String>) {
    let Some(container) = case.container_at(&violation.path) else { return };
    let ports = low_ports(container);
    let loses_it = violation.path.last() == Some(&Segment::Field("drop")) && !adds_bind(container);
    if loses_it
        && !ports.iter().all(|port| opened.is_some_and(|first| first <= *port))
        && keep_ports(case, container).is_none()
    {
        notes.push(format!(
            "container {:?} listens on {}: where the runtime lets only root open ports below 1024, keep the capability \
             (--keep-capability {BIND}), listen above, or set the sysctl net.ipv4.ip_unprivileged_port_start",
            container.container.name,
            port_list(&ports)
        ));
    }
}

/// The first port that every user may open by a sysctl of the pod.
fn first_open_port(case: &Case<'_>) -> Option<i32> {
    let sysctls = case.written(&FieldPath::fields(&["spec", "securityContext", "sysctls"]));
    let mut sysctls = sysctls.and_then(Value::as_array).into_iter().flatten();
    let first = sysctls.find(|sysctl| sysctl["name"] == "net.ipv4.ip_unprivileged_port_start")?;
    first["value"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn drop_and_add_are_told_apart() {
        let pod = pod(r#"{"spec":{"containers":[
            {"name":"a","securityContext":{"capabilities":{"add":["FOO","BAR"]}}},
            {"name":"b","securityContext":{"capabilities":{"add":["BAR","BAZ"],"drop":["ALL"]}}},
            {"name":"c","securityContext":{"capabilities":{"add":["NET_BIND_SERVICE"],"drop":["CHOWN","ALL"]}}},
            {"name":"d","securityContext":{"capabilities":{"add":["NET_BIND_SERVICE"],"drop":["CHOWN"]}}},
            {"name":"e"}]}}"#);
        let found = v1_22(&pod).unwrap();
        assert_eq!(found.reason, "unrestricted capabilities");
        assert_eq!(
            found.detail,
            "containers \"a\", \"d\", \"e\" must set securityContext.capabilities.drop=[\"ALL\"]; \
             containers \"a\", \"b\" must not include \"BAR\", \"BAZ\", \"FOO\" in securityContext.capabilities.add"
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.containers[0].securityContext.capabilities.drop null -> ["ALL"]"#,
                r#"spec.containers[0].securityContext.capabilities.add[0] "FOO" -> null"#,
                r#"spec.containers[0].securityContext.capabilities.add[1] "BAR" -> null"#,
                r#"spec.containers[1].securityContext.capabilities.add[0] "BAR" -> null"#,
                r#"spec.containers[1].securityContext.capabilities.add[1] "BAZ" -> null"#,
                r#"spec.containers[3].securityContext.capabilities.drop ["CHOWN"] -> ["ALL"]"#,
                r#"spec.containers[4].securityContext.capabilities.drop null -> ["ALL"]"#,
            ]
        );
    }

    #[test]
    fn the_case_of_letters_counts() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"capabilities":{
            "add":["net_bind_service","chown"],"drop":["all"]}}}]}}"#);
        assert_eq!(
            violations(v1_22(&pod).unwrap()),
            [
                r#"spec.containers[0].securityContext.capabilities.drop ["all"] -> ["ALL"]"#,
                r#"spec.containers[0].securityContext.capabilities.add[0] "net_bind_service" -> "NET_BIND_SERVICE""#,
                r#"spec.containers[0].securityContext.capabilities.add[1] "chown" -> null"#,
            ]
        );
    }

    #[test]
    fn only_added_capabilities_may_be_at_fault() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"capabilities":{
            "add":["CHOWN"],"drop":["ALL"]}}}]}}"#);
        let found = v1_22(&pod).unwrap();
        assert_eq!(found.detail, r#"container "a" must not include "CHOWN" in securityContext.capabilities.add"#);
    }

    #[test]
    fn windows_is_let_off_from_v1_25_on() {
        let pod = pod(r#"{"spec":{"os":{"name":"windows"},"containers":[{"name":"a"}]}}"#);
        assert_eq!(v1_22(&pod).unwrap().detail, r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#);
        assert!(v1_25(&pod).is_none());
    }

    fn of_container(rest: &str, choices: &Choices) -> (Vec<String>, Vec<String>) {
        let json = format!(r#"{{"spec":{{"containers":[{{"name":"a",{rest}}}]}}}}"#);
        let repair = repair_with(&CHECK, &json, choices, 37, &[]);
        let short = steps(&repair).iter().map(|step| step.replace("spec.containers[0].securityContext.", "")).collect();
        (short, repair.notes)
    }

    #[test]
    fn ports_that_a_sysctl_opens_to_all_are_no_news() {
        let notes = |first: &str, port: u16| {
            let json = format!(
                r#"{{"spec":{{"securityContext":{{"sysctls":[
                {{"name":"net.ipv4.ip_unprivileged_port_start","value":"{first}"}}]}},
                "containers":[{{"name":"a","ports":[{{"containerPort":{port}}}]}}]}}}}"#
            );
            repair_with(&CHECK, &json, &Choices::default(), 37, &[]).notes.len()
        };
        assert_eq!((notes("0", 80), notes("80", 80)), (0, 0));
        assert_eq!((notes("81", 80), notes("x", 80)), (1, 1));
    }

    #[test]
    fn drop_becomes_exactly_all() {
        let dropped = |list: &str| {
            let rest = format!(r#""securityContext":{{"capabilities":{{"drop":{list}}}}}"#);
            of_container(&rest, &Choices::default()).0
        };
        assert_eq!(dropped("null"), [r#"capabilities.drop = ["ALL"] risky"#]);
        assert_eq!(dropped(r#"["NET_RAW"]"#), [r#"capabilities.drop[0] = "ALL" risky"#]);
        assert_eq!(dropped(r#"["all"]"#), [r#"capabilities.drop[0] = "ALL" safe"#]);
        assert_eq!(
            dropped(r#"["KILL","cap_all"]"#),
            [r#"capabilities.drop[1] = "ALL" safe"#, "capabilities.drop[0] removed safe"]
        );
    }

    #[test]
    fn low_ports_keep_their_capability_where_that_is_wished_for() {
        let ports = r#""ports":[{"containerPort":443},{"containerPort":8080},{"containerPort":443,"protocol":"UDP"}]"#;
        let (plain, notes) = of_container(ports, &Choices::default());
        assert_eq!(plain, [r#"capabilities.drop = ["ALL"] risky"#]);
        assert!(notes[0].starts_with(r#"container "a" listens on port 443: "#), "{notes:?}");

        let kept = Choices { keep_capabilities: ["net_bind_service".to_owned()].into(), ..Choices::default() };
        let added = r#"capabilities.add[0] = "NET_BIND_SERVICE" risky"#.to_owned();
        assert_eq!(of_container(ports, &kept), (vec![plain[0].clone(), added], Vec::new()));
        assert_eq!(of_container(r#""ports":[{"containerPort":1024}]"#, &kept).0, plain);
        let has_it = r#""securityContext":{"capabilities":{"add":["CHOWN","net_bind_service"]}},"#;
        assert_eq!(
            of_container(&format!("{has_it}{ports}"), &kept).0,
            [
                plain[0].as_str(),
                "capabilities.add[0] removed risky",
                r#"capabilities.add[1] = "NET_BIND_SERVICE" safe"#,
            ]
        );
    }

    #[test]
    fn who_is_not_root_loses_less() {
        let risk = |user: &str| {
            let json =
                format!(r#"{{"spec":{{"securityContext":{{"runAsUser":{user}}},"containers":[{{"name":"a"}}]}}}}"#);
            repair_with(&CHECK, &json, &Choices::default(), 37, &[]).steps[0].risk.clone()
        };
        assert!(risk("0").starts_with("entrypoints"));
        assert!(risk("1000").starts_with("programs whose files"));
    }
}
