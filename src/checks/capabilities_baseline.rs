//! Containers may only add capabilities that a container runtime gives by itself.

use std::collections::HashMap;

use serde_json::Value;

use super::repair::bare_name;
use super::setters::{Setter, containers};
use super::text::{distinct, join_quote};
use super::{Case, Check, Cis, Left, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PlacedContainer, PodTemplate, Segment, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "capabilities_baseline",
    title: "Added capabilities",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["capabilities", "capability", "Linux capabilities", "capabilities.add", "added capabilities"],
    reasons: &[REASON],
    cis: &[Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.9", about: "added capabilities" }],
    meaning: Meaning {
        what: "Containers may add only capabilities from a short list, spelled in capitals and without CAP_. The list \
               holds what runtimes give to a container anyway, NET_RAW left out.",
        why: "A capability is a piece of root's power. SYS_ADMIN, SYS_PTRACE or SYS_MODULE each open a way to the \
              node, NET_RAW and NET_ADMIN one to the traffic of other pods, and ALL is all of them.",
        fields: &["spec.containers[*].securityContext.capabilities.add"],
        allowed: &[
            "AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, \
             SETPCAP, SETUID, SYS_CHROOT",
            "an empty list, or none",
        ],
        remedy: "remove the other names from securityContext.capabilities.add, or spell them in capitals",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      capabilities:\n        add: [NET_BIND_SERVICE]\n",
        writes: false,
        breaks: "What used the capability: ping and packet capture without NET_RAW, routes and firewall rules without \
                 NET_ADMIN, mounts without SYS_ADMIN, profilers without SYS_PTRACE. The program reports \"operation \
                 not permitted\", often only when it reaches that feature, so try that feature after the change.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start; the list has never changed.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "non-default capabilities";

const ALLOWED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Whether containers may add a capability at a level, in whichever way it is spelled.
#[must_use]
pub fn allows_capability(level: Level, name: &str) -> bool {
    let name = bare_name(name);
    match level {
        Level::Privileged => true,
        Level::Baseline => ALLOWED.contains(&name.as_str()),
        Level::Restricted => name == "NET_BIND_SERVICE",
    }
}

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let detail = added_beyond(pod, ALLOWED)?;
    let violations = pod.spec.all_containers().flat_map(|container| violations_beyond(container, ALLOWED));
    Some(Violated::new(REASON, detail, violations))
}

/// Which containers add which capabilities that `allowed` does not hold; `None` where none does.
pub(super) fn added_beyond(pod: &PodTemplate, allowed: &'static [&'static str]) -> Option<String> {
    let who = containers(pod.spec.all_containers().filter(|c| beyond(*c, allowed).next().is_some()))?;
    let names = distinct(pod.spec.all_containers().flat_map(|c| beyond(c, allowed)).map(|(_, name)| name));
    Some(format!("{who} must not include {} in securityContext.capabilities.add", join_quote(names)))
}

/// The violations of the container's added capabilities that `allowed` does not hold.
pub(super) fn violations_beyond<'a>(
    container: PlacedContainer<'a>,
    allowed: &'static [&'static str],
) -> impl Iterator<Item = Violation> + use<'a> {
    let add = Setter::Container(container).security_context().field("capabilities").field("add");
    beyond(container, allowed).map(move |(at, name)| {
        // Runtimes read the names in any case: in capitals, the container keeps what it has.
        let upper = name.to_ascii_uppercase();
        let wanted = if allowed.contains(&upper.as_str()) { upper.into() } else { Value::Null };
        Setter::Container(container).violation_at(add.clone().index(at), name, wanted)
    })
}

fn beyond<'a>(
    container: PlacedContainer<'a>,
    allowed: &'static [&'static str],
) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
    let context = container.container.security_context.as_ref();
    let added = context.and_then(|context| context.capabilities.as_ref()).map(|capabilities| &capabilities.add);
    let names = added.into_iter().flatten().map(String::as_str).enumerate();
    names.filter(|(_, name)| !allowed.contains(name))
}

fn repair(case: &Case<'_>) -> Repair {
    let (mut repair, mut spelled) = (Repair::default(), Spelled::default());
    for violation in case.violations {
        repair_added(case, violation, ALLOWED, &mut spelled, &mut repair);
    }
    repair
}

/// Spells an added capability that `allowed` holds as it must be, once; takes any other away.
pub(super) fn repair_added(
    case: &Case<'_>,
    violation: &Violation,
    allowed: &[&str],
    spelled: &mut Spelled,
    repair: &mut Repair,
) {
    let name = violation.actual.as_str().unwrap_or_default();
    let meant = bare_name(name);
    let path = violation.path.clone();
    if allowed.contains(&meant.as_str()) {
        let edit = if spelled.stays(case, &path, &meant) { Edit::set(path, meant) } else { Edit::remove(path) };
        repair.steps.push(Step::safe(edit, ""));
    } else if case.keeps(&meant) {
        let why = format!("{name} is to be kept, and the level forbids it");
        let ways = vec!["keep it and let the namespace have a level that allows it".to_owned()];
        repair.left.push(Left { path, why, ways });
    } else {
        let risk = format!("what needs {name} reports \"operation not permitted\"");
        repair.steps.push(Step::risky(Edit::remove(path), risk));
    }
}

/// Which item of a list of capabilities stays of those that mean the same; of the last list that was asked about.
#[derive(Default)]
pub(super) struct Spelled {
    list: Option<FieldPath>,
    stays: HashMap<String, usize>,
}

impl Spelled {
    /// Whether the item at `path` stays: the first one that is spelled right, or else the first one.
    fn stays(&mut self, case: &Case<'_>, path: &FieldPath, meant: &str) -> bool {
        let list = path.parent();
        if self.list.as_ref() != Some(&list) {
            let items = case.written(&list).and_then(Value::as_array).into_iter().flatten();
            let names = items.enumerate().map(|(at, name)| (at, name.as_str().unwrap_or_default()));
            let mut meant: Vec<_> = names.map(|(at, name)| (bare_name(name) != name, at, bare_name(name))).collect();
            meant.sort_unstable_by(|a, b| b.cmp(a));
            self.stays = meant.into_iter().map(|(_, at, meant)| (meant, at)).collect();
            self.list = Some(list);
        }
        path.last() == self.stays.get(meant).map(|at| Segment::Index(*at)).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::Choices;

    #[test]
    fn names_are_sorted_and_given_once() {
        let pod = pod(r#"{"spec":{"containers":[
            {"name":"a","securityContext":{"capabilities":{"add":["FOO","BAR","CHOWN","FOO"]}}},
            {"name":"b","securityContext":{"capabilities":{"add":["BAZ","BAR"]}}},
            {"name":"c","securityContext":{"capabilities":{"add":["SYS_CHROOT","SETUID"],"drop":["FOO"]}}},
            {"name":"d","securityContext":{"capabilities":{}}},{"name":"e","securityContext":{}},{"name":"f"}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "non-default capabilities");
        assert_eq!(
            found.detail,
            r#"containers "a", "b" must not include "BAR", "BAZ", "FOO" in securityContext.capabilities.add"#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.containers[0].securityContext.capabilities.add[0] "FOO" -> null"#,
                r#"spec.containers[0].securityContext.capabilities.add[1] "BAR" -> null"#,
                r#"spec.containers[0].securityContext.capabilities.add[3] "FOO" -> null"#,
                r#"spec.containers[1].securityContext.capabilities.add[0] "BAZ" -> null"#,
                r#"spec.containers[1].securityContext.capabilities.add[1] "BAR" -> null"#,
            ]
        );
    }

    #[test]
    fn spelling_counts() {
        let pod = pod(r#"{"spec":{"initContainers":[{"name":"i","securityContext":{"capabilities":{
            "add":["chown","CAP_CHOWN","net_raw",""]}}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(
            found.detail,
            r#"container "i" must not include "", "CAP_CHOWN", "chown", "net_raw" in securityContext.capabilities.add"#
        );
        let wanted: Vec<_> = found.violations.map(|violation| violation.wanted).collect();
        assert_eq!(wanted, ["CHOWN".into(), Value::Null, Value::Null, Value::Null]);
    }

    #[test]
    fn a_capability_is_allowed_by_a_level_in_any_spelling() {
        for (name, baseline, restricted) in
            [("cap_net_bind_service", true, true), ("CHOWN", true, false), ("SYS_ADMIN", false, false)]
        {
            let allowed = [Level::Baseline, Level::Restricted].map(|level| allows_capability(level, name));
            assert_eq!(allowed, [baseline, restricted], "{name}");
        }
    }

    #[test]
    fn every_name_on_the_list_passes() {
        let list = serde_json::to_string(ALLOWED).unwrap();
        let text =
            format!(r#"{{"spec":{{"containers":[{{"securityContext":{{"capabilities":{{"add":{list}}}}}}}]}}}}"#);
        assert!(v1_0(&pod(&text)).is_none());
    }

    #[test]
    fn names_are_spelled_right_or_go() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"capabilities":{
            "add":["chown","SYS_ADMIN","CAP_KILL","Chown","kill","net_raw","MKNOD"]}}}]}}"#;
        let add = |step: &str| format!("spec.containers[0].securityContext.capabilities.add[{step}");
        assert_eq!(
            steps(&repair(&CHECK, json)),
            [
                add(r#"0] = "CHOWN" safe"#),
                add("1] removed risky"),
                add(r#"2] = "KILL" safe"#),
                add("3] removed safe"),
                add("4] removed safe"),
                add("5] removed risky"),
            ]
        );
    }

    #[test]
    fn what_is_to_be_kept_is_left() {
        let json = r#"{"spec":{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_TIME","KILL","x"]}}}]}}"#;
        let kept = Choices { keep_capabilities: ["CAP_SYS_TIME".to_owned()].into(), ..Choices::default() };
        let repair = repair_with(&CHECK, json, &kept, 37, &[]);
        assert_eq!(steps(&repair), ["spec.containers[0].securityContext.capabilities.add[2] removed risky"]);
        assert_eq!(repair.left[0].why, "SYS_TIME is to be kept, and the level forbids it");
    }
}
