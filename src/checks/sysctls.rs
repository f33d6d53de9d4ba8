//! Pods may set only kernel parameters that concern nobody else.

use serde_json::Value;

use super::setters::{Setter, text_value};
use super::text::join;
use super::{Case, Check, Meaning, Repair, Revision, Step};
use crate::model::{Applicability, Edit, FieldPath, PodTemplate, Violated, Violation};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "sysctls",
    title: "Kernel parameters",
    level: Level::Baseline,
    fix: Applicability::Risky,
    names: &["sysctl", "kernel parameter", "kernel parameters"],
    reasons: &[REASON],
    cis: &[],
    meaning: Meaning {
        what: "A pod may set only kernel parameters from a short list, written with dots. Each of them is the pod's \
               own and takes nothing from other pods; the list grows with the policy version.",
        why: "Other parameters reach beyond the pod: they switch protections of the node off, or let one pod use up \
              memory and connections that all of them share.",
        fields: &["spec.securityContext.sysctls[*].name"],
        allowed: &[
            "kernel.shm_rmid_forced, net.ipv4.ip_local_port_range, net.ipv4.tcp_syncookies, \
             net.ipv4.ping_group_range, net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.ip_local_reserved_ports (from v1.27 on)",
            "net.ipv4.tcp_keepalive_time, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_keepalive_intvl, \
             net.ipv4.tcp_keepalive_probes (from v1.29 on)",
            "net.ipv4.tcp_rmem, net.ipv4.tcp_wmem (from v1.32 on)",
            "net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat (from v1.37 on)",
        ],
        remedy: "remove the other entries from spec.securityContext.sysctls; set them on the nodes if they are needed",
        example: "spec:\n  securityContext:\n    sysctls:\n    - name: net.ipv4.ip_local_port_range\n      value: 1024 65535\n",
        writes: false,
        breaks: "Mostly performance under load: a shorter connection backlog (net.core.somaxconn), slower detection \
                 of dead peers. Programs that check the value when they start refuse to run and name it in their log. \
                 An administrator can set the parameter on nodes kept for such pods.",
    },
    revisions: &[
        Revision {
            since: 0,
            changed: "Part of the standard from the start, with five parameters.",
            overrides: &[],
            evaluate: v1_0,
        },
        Revision { since: 27, changed: "net.ipv4.ip_local_reserved_ports passes.", overrides: &[], evaluate: v1_27 },
        Revision {
            since: 29,
            changed: "The net.ipv4.tcp_keepalive parameters and net.ipv4.tcp_fin_timeout pass.",
            overrides: &[],
            evaluate: v1_29,
        },
        Revision {
            since: 32,
            changed: "net.ipv4.tcp_rmem and net.ipv4.tcp_wmem pass.",
            overrides: &[],
            evaluate: v1_32,
        },
        Revision {
            since: 37,
            changed: "net.ipv4.tcp_slow_start_after_idle and net.ipv4.tcp_notsent_lowat pass.",
            overrides: &[],
            evaluate: v1_37,
        },
    ],
    repair,
};

const REASON: &str = "forbidden sysctls";

/// Each parameter with the first minor version that lets it pass.
const ALLOWED: &[(&str, u16)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, 0)
}

fn v1_27(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, 27)
}

fn v1_29(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, 29)
}

fn v1_32(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, 32)
}

fn v1_37(pod: &PodTemplate) -> Option<Violated<'_>> {
    judge(pod, 37)
}

fn judge(pod: &PodTemplate, minor: u16) -> Option<Violated<'_>> {
    let passes = move |name: &str| ALLOWED.iter().any(|(allowed, since)| *allowed == name && *since <= minor);
    let set = pod.spec.security_context.as_ref()?.sysctls.iter().map(|sysctl| sysctl.name.as_str()).enumerate();
    let found = set.filter(move |(_, name)| !passes(name));
    found.clone().next()?;
    let names = join(found.clone().map(|(_, name)| name));
    let sysctls = FieldPath::fields(&["spec", "securityContext", "sysctls"]);
    let violation = move |(at, name): (usize, &str)| {
        Setter::Pod.violation_at(sysctls.clone().index(at).field("name"), text_value(name), Value::Null)
    };
    Some(Violated::new(REASON, names, found.map(violation)))
}

fn repair(case: &Case<'_>) -> Repair {
    let step = |violation: &Violation| {
        let name = violation.actual.as_str().unwrap_or_default();
        let risk = format!("{name} has the node's or the kernel's default then, which may be slower or refused");
        // The violation is the item's name; a kernel parameter without one is none.
        let item = violation.path.parent();
        Step::risky(Edit::remove(item), risk)
    };
    case.violations.iter().map(step).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, steps, violations};

    fn setting(names: &[&str]) -> PodTemplate {
        let list: Vec<_> = names.iter().map(|name| format!(r#"{{"name":"{name}","value":"1"}}"#)).collect();
        pod(&format!(r#"{{"spec":{{"securityContext":{{"sysctls":[{}]}}}}}}"#, list.join(",")))
    }

    #[test]
    fn names_keep_their_order_and_repeats() {
        let pod = setting(&["b", "net.ipv4.tcp_syncookies", "a", "b", "net/ipv4/tcp_syncookies"]);
        let found = v1_37(&pod).unwrap();
        assert_eq!(found.reason, "forbidden sysctls");
        assert_eq!(found.detail, "b, a, b, net/ipv4/tcp_syncookies");
        assert_eq!(
            violations(found),
            [
                r#"spec.securityContext.sysctls[0].name "b" -> null"#,
                r#"spec.securityContext.sysctls[2].name "a" -> null"#,
                r#"spec.securityContext.sysctls[3].name "b" -> null"#,
                r#"spec.securityContext.sysctls[4].name "net/ipv4/tcp_syncookies" -> null"#,
            ]
        );
        assert_eq!(v1_0(&setting(&[""])).unwrap().detail, "");
    }

    #[test]
    fn the_list_grows() {
        let first_allowed = |name: &str| {
            let pod = setting(&[name]);
            CHECK.revisions.iter().find(|revision| (revision.evaluate)(&pod).is_none()).map(|revision| revision.since)
        };
        assert_eq!(first_allowed("kernel.shm_rmid_forced"), Some(0));
        assert_eq!(first_allowed("net.ipv4.ip_unprivileged_port_start"), Some(0));
        assert_eq!(first_allowed("net.ipv4.ip_local_reserved_ports"), Some(27));
        assert_eq!(first_allowed("net.ipv4.tcp_keepalive_time"), Some(29));
        assert_eq!(first_allowed("net.ipv4.tcp_fin_timeout"), Some(29));
        assert_eq!(first_allowed("net.ipv4.tcp_rmem"), Some(32));
        assert_eq!(first_allowed("net.ipv4.tcp_wmem"), Some(32));
        assert_eq!(first_allowed("net.ipv4.tcp_slow_start_after_idle"), Some(37));
        assert_eq!(first_allowed("net.ipv4.tcp_notsent_lowat"), Some(37));
        assert_eq!(first_allowed("kernel.msgmax"), None);
    }

    #[test]
    fn no_security_context_passes() {
        assert!(v1_0(&pod(r#"{"spec":{"containers":[{"name":"a"}]}}"#)).is_none());
    }

    #[test]
    fn whole_items_go() {
        let json = r#"{"spec":{"securityContext":{"sysctls":[{"name":"a","value":"1"},
            {"name":"net.ipv4.tcp_syncookies","value":"1"},{"value":"1"}]}}}"#;
        assert_eq!(
            steps(&repair(&CHECK, json)),
            ["spec.securityContext.sysctls[0] removed risky", "spec.securityContext.sysctls[2] removed risky"]
        );
    }
}
