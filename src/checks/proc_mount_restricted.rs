//! The masks over /proc must stay in place, in a user namespace too.

use super::proc_mount::{REASON, repair, v1_0};
use super::{Check, Meaning, Revision};
use crate::model::Applicability;
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "procMount_restricted",
    title: "Masked /proc, always",
    level: Level::Restricted,
    fix: Applicability::Safe,
    names: &["proc mount", "/proc", "proc", "masked proc", "unmasked proc"],
    reasons: &[REASON],
    cis: &[],
    meaning: Meaning {
        what: "No container may ask for another /proc than the runtime's default, whether or not the pod has a user \
               namespace of its own.",
        why: "A user namespace makes an unmasked /proc harmless as long as the kernel keeps its promises. The \
              restricted level wants the masks as a second wall: most files behind them are of use to an attacker \
              only.",
        fields: &["spec.containers[*].securityContext.procMount"],
        allowed: &["Default", "not set"],
        remedy: "remove securityContext.procMount, or set it to Default",
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      procMount: Default\n",
        writes: true,
        breaks: "Programs that start containers in a container and mount a /proc of their own, as unprivileged image \
                 builders do: they report \"operation not permitted\" at that mount. With hostUsers: false they may \
                 run unmasked in a namespace at the baseline level.",
    },
    revisions: &[Revision {
        since: 35,
        changed: "The control exists since v1.35, when procMount began to let pods with a user namespace off.",
        overrides: &["procMount"],
        evaluate: v1_0,
    }],
    repair,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, violations};

    #[test]
    fn a_user_namespace_does_not_let_off() {
        let pod = pod(
            r#"{"spec":{"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}}"#,
        );
        let found = (CHECK.revisions[0].evaluate)(&pod).unwrap();
        assert_eq!(found.reason, "procMount");
        assert_eq!(found.detail, r#"container "a" must not set securityContext.procMount to "Unmasked""#);
        assert_eq!(violations(found), [r#"spec.containers[0].securityContext.procMount "Unmasked" -> "Default""#]);
    }
}
