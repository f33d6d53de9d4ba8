//! SELinux labels must be those meant for containers.

use serde_json::Value;

use super::setters::{Setter, names, setters};
use super::text::{distinct, join_quote, plural};
use super::{Case, Check, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, PodTemplate, SeLinuxOptions, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "seLinuxOptions",
    title: "SELinux options",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["SELinux", "SELinux label", "SELinux labels"],
    reasons: &[REASON],
    cis: &[],
    meaning: Meaning {
        what: "Neither the pod nor a container may set an SELinux user or role, and as type only those made for \
               containers. The level is free.",
        why: "On nodes with SELinux the label says what a process may touch. A type like spc_t, or the user and role \
              of the system, takes a container out of its cage although nothing else in the manifest looks \
              privileged.",
        fields: &[
            "spec.securityContext.seLinuxOptions.type",
            "spec.securityContext.seLinuxOptions.user",
            "spec.securityContext.seLinuxOptions.role",
            "spec.containers[*].securityContext.seLinuxOptions.type",
            "spec.containers[*].securityContext.seLinuxOptions.user",
            "spec.containers[*].securityContext.seLinuxOptions.role",
        ],
        allowed: &[
            "type: container_t, container_init_t, container_kvm_t, empty, or not set",
            "type: container_engine_t (from v1.31 on)",
            "user and role: empty, or not set",
        ],
        remedy: "remove user, role and type from seLinuxOptions; the runtime then picks container_t",
        example: "spec:\n  securityContext:\n    seLinuxOptions:\n      level: s0:c123,c456\n",
        writes: false,
        breaks: "Access that only the old label had, mostly to the node's files or sockets. On nodes with SELinux the \
                 program reports \"permission denied\", and the node's audit log has an \"avc: denied\" line that \
                 names source and target; other nodes ignore the field.",
    },
    revisions: &[
        Revision { since: 0, changed: "Part of the standard from the start.", overrides: &[], evaluate: v1_0 },
        Revision {
            since: 31,
            changed: "The type container_engine_t passes: it is for container engines that run in a container.",
            overrides: &[],
            evaluate: v1_31,
        },
    ],
    repair,
};

const REASON: &str = "seLinuxOptions";

const TYPES_V1_0: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];

const TYPES_V1_31: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, TYPES_V1_0)
}

fn v1_31(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, TYPES_V1_31)
}

fn judge<'p>(pod: &'p PodTemplate, types: &'static [&'static str]) -> Option<Violated<'p>> {
    let options = setters(&pod.spec, |pod| pod.se_linux_options.as_ref(), |own| own.se_linux_options.as_ref());
    let with_fields = options.map(|(setter, options)| (setter, forbidden_fields(options, types)));
    let found = with_fields.filter(|(_, fields)| !fields.is_empty());
    let who = names(found.clone())?;
    let values = |field: &str| {
        let fields = found.clone().flat_map(|(_, fields)| fields);
        distinct(fields.filter(|(name, _)| *name == field).map(|(_, value)| value))
    };
    let mut data = Vec::new();
    let bad_types = values("type");
    if !bad_types.is_empty() {
        data.push(format!("{} {}", plural("type", "types", bad_types.len()), join_quote(bad_types)));
    }
    for field in ["user", "role"] {
        if !values(field).is_empty() {
            data.push(format!("{field} may not be set"));
        }
    }
    let detail = format!("{who} set forbidden securityContext.seLinuxOptions: {}", data.join("; "));
    let violations = found.flat_map(|(setter, fields)| violations_of(setter, fields));
    Some(Violated::new(REASON, detail, violations))
}

/// Names and values of the fields that do not pass, in the order of the message.
fn forbidden_fields<'a>(options: &'a SeLinuxOptions, types: &[&str]) -> Vec<(&'static str, &'a str)> {
    let mut fields = Vec::new();
    if !types.contains(&options.type_.as_str()) {
        fields.push(("type", options.type_.as_str()));
    }
    let set = [("user", options.user.as_str()), ("role", options.role.as_str())];
    fields.extend(set.into_iter().filter(|(_, value)| !value.is_empty()));
    fields
}

fn violations_of<'a>(
    setter: Setter<'a>,
    fields: Vec<(&'static str, &'a str)>,
) -> impl Iterator<Item = Violation> + use<'a> {
    fields.into_iter().map(move |(name, value)| setter.violation(&["seLinuxOptions", name], value, Value::Null))
}

fn repair(case: &Case<'_>) -> Repair {
    let risk = "on nodes with SELinux, what only this label may touch, mostly files of the node, is denied";
    let step = |violation: &Violation| Step::risky(Edit::remove(violation.path.clone()), risk);
    case.violations.iter().map(step).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    #[test]
    fn types_users_and_roles() {
        let pod = pod(r#"{"spec":{"securityContext":{"seLinuxOptions":{"type":"foo","user":"bar","role":"baz"}},
            "containers":[{"name":"a","securityContext":{"seLinuxOptions":{"type":"bar"}}},
            {"name":"b","securityContext":{"seLinuxOptions":{"user":"x"}}},
            {"name":"c","securityContext":{"seLinuxOptions":{"type":"container_t","level":"s0"}}},
            {"name":"d","securityContext":{}},{"name":"e"}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "seLinuxOptions");
        assert_eq!(
            found.detail,
            "pod and containers \"a\", \"b\" set forbidden securityContext.seLinuxOptions: types \"bar\", \"foo\"; \
             user may not be set; role may not be set"
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.securityContext.seLinuxOptions.type "foo" -> null"#,
                r#"spec.securityContext.seLinuxOptions.user "bar" -> null"#,
                r#"spec.securityContext.seLinuxOptions.role "baz" -> null"#,
                r#"spec.containers[0].securityContext.seLinuxOptions.type "bar" -> null"#,
                r#"spec.containers[1].securityContext.seLinuxOptions.user "x" -> null"#,
            ]
        );
    }

    #[test]
    fn only_what_is_at_fault_is_said() {
        let of = |options: &str| {
            let text = format!(r#"{{"spec":{{"securityContext":{{"seLinuxOptions":{options}}}}}}}"#);
            v1_0(&pod(&text)).map(|found| found.detail)
        };
        let all = "pod set forbidden securityContext.seLinuxOptions: ";
        assert_eq!(of(r#"{"type":"spc_t"}"#), Some(format!("{all}type \"spc_t\"")));
        assert_eq!(of(r#"{"user":"system_u"}"#), Some(format!("{all}user may not be set")));
        assert_eq!(of(r#"{"role":"system_r"}"#), Some(format!("{all}role may not be set")));
        assert_eq!(of(r#"{"type":"container_init_t","user":"","level":"s0:c1,c2"}"#), None);
    }

    #[test]
    fn container_engine_t_passes_from_v1_31_on() {
        let pod = pod(r#"{"spec":{"containers":[{"name":"a","securityContext":{"seLinuxOptions":{
            "type":"container_engine_t"}}}]}}"#);
        assert_eq!(
            v1_0(&pod).unwrap().detail,
            r#"container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t""#
        );
        assert!(v1_31(&pod).is_none());
    }

    #[test]
    fn forbidden_fields_go_and_the_level_stays() {
        let json =
            r#"{"spec":{"securityContext":{"seLinuxOptions":{"type":"spc_t","user":"u","role":"r","level":"s0"}}}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            ["type", "user", "role"].map(|field| format!("spec.securityContext.seLinuxOptions.{field} removed risky"))
        );
    }
}
