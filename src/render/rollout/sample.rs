//! Rollouts for the tests of what is written about them.

use serde_json::{Value, json};

use crate::model::{Applicability, Edit, FieldPath};
use crate::report::harden::PlannedEdit;
use crate::report::rollout::{Confidence, Diagnosis, FailingPod, Origin, Phase, PodCounts, Remedy, RolloutStatus};

/// One that a dropped capability keeps from going on.
pub(super) fn stuck() -> RolloutStatus {
    let path = FieldPath::fields(&["spec", "template", "spec", "containers"]).index(0);
    let path = path.field("securityContext").field("capabilities").field("drop");
    RolloutStatus {
        workload: "deployment/web".to_owned(),
        namespace: "shop".to_owned(),
        phase: Phase::Stuck,
        pods: PodCounts { wanted: Some(3), new: 2, ready: 1, old: 2 },
        message: "new pods do not come up".to_owned(),
        failing: vec![FailingPod {
            name: "web-1".to_owned(),
            container: Some("web".to_owned()),
            reason: "CrashLoopBackOff".to_owned(),
            restarts: 1,
        }],
        diagnoses: vec![Diagnosis {
            what: "container \"web\" ends: it may not listen on port 80".to_owned(),
            pods: vec!["web-1".to_owned()],
            container: Some("web".to_owned()),
            evidence: "bind() to 0.0.0.0:80 failed (13: Permission denied)".to_owned(),
            origin: Origin::Edits,
            edits: vec![PlannedEdit {
                edit: Edit::set(path, json!(["ALL"])),
                check: "capabilities_restricted",
                fix: Applicability::Risky,
                container: Some("web".to_owned()),
                before: Value::Null,
                risk: String::new(),
                parts: Vec::new(),
            }],
            remedies: vec![
                remedy("keep the capability", &["--keep-capability", "NET_BIND_SERVICE"]),
                remedy("let it listen above 1024", &[]),
            ],
            confidence: Confidence::Likely,
        }],
        to_delete: Vec::new(),
        notes: vec!["logs may not be read".to_owned()],
        trouble: None,
    }
}

/// The same with strings that somebody bad wrote.
pub(super) fn hostile() -> RolloutStatus {
    let bad = "a\u{1b}[2J\r\n\u{202e}b".to_owned();
    let mut status = stuck();
    (status.workload, status.message) = (bad.clone(), bad.clone());
    status.notes = vec![bad.clone()];
    (status.namespace, status.to_delete) = (bad.clone(), vec![bad.clone()]);
    for diagnosis in &mut status.diagnoses {
        (diagnosis.what, diagnosis.evidence) = (bad.clone(), bad.clone());
        diagnosis.pods = vec![bad.clone()];
        diagnosis.remedies = vec![remedy(&bad, &[&bad])];
    }
    status
}

fn remedy(text: &str, add: &[&str]) -> Remedy {
    let add = add.iter().map(|&word| word.to_owned()).collect();
    Remedy { text: text.to_owned(), add, leave_out: Vec::new(), keeps_level: true }
}
