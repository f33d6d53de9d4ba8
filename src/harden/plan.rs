//! From a pod template to the edits that make it meet a policy.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::{tidy, windows, wishes};
use crate::admission;
use crate::checks::{self, Case, Containers, Left, Repair, is_of_ephemeral_container};
use crate::evaluate::{evaluate, selection, strictest_level};
use crate::model::{Applicability, Choices, Edit, FieldPath, Finding, PodTemplate, Violation};
use crate::policy::{Level, Policy};
use crate::report::harden::{PlannedEdit, Residue};
use crate::yaml::{self, Document};

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The pod template (or pod) as it is written, not as admission would see it.
    pub template: &'a Value,
    /// What is to be reached.
    pub policy: Policy,
    /// What is wished for.
    pub choices: &'a Choices,
}

/// How a template reaches a policy. All paths are from the template's top.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The strictest level that the template meets at the policy's version.
    pub before: Level,
    /// The strictest level that it meets with the edits, judged anew.
    pub after: Level,
    /// Whether it meets the policy with the edits.
    pub reached: bool,
    /// The edits, in the order of their paths; no path twice, none within another.
    pub edits: Vec<PlannedEdit>,
    /// What no edit reaches.
    pub residue: Vec<Residue>,
    /// What was assumed or should be known, a sentence each.
    pub notes: Vec<String>,
}

/// How many edits a template may need: far more than anybody reads, and few enough to be kept until all are made.
const MOST_EDITS: usize = 20_000;

/// Plans the smallest edits that make a template meet a policy, and judges the result.
///
/// # Errors
///
/// The template is no pod template, or would need more than 20,000 edits: a sentence that says what is wrong.
pub fn plan(task: &Task<'_>) -> Result<Plan, String> {
    let written = decode(task.template)?;
    let before = strictest_level(task.policy.version, &prepared(&written), None);
    let mut draft = Draft::default();
    draft.repair(task, &written)?;
    let edits = tidy::tidy(task.template, draft.edits);

    let mut hardened = task.template.clone();
    Edit::apply(&mut hardened, edits.iter().map(|planned| &planned.edit)).map_err(|misfit| misfit.to_string())?;
    let hardened = prepared(&decode(&hardened)?);
    let remaining = evaluate(task.policy, &hardened);
    Ok(Plan {
        before,
        after: strictest_level(task.policy.version, &hardened, Some((task.policy.level, remaining.is_empty()))),
        reached: remaining.is_empty(),
        edits,
        residue: residue(draft.residue, &remaining),
        notes: draft.notes,
    })
}

/// Decodes the usual way; what that does not take, with Go's rules, which also know where the fault is.
fn decode(template: &Value) -> Result<PodTemplate, String> {
    PodTemplate::deserialize(template).or_else(|error| decode_as_go(&template.to_string(), &error))
}

fn decode_as_go(json: &str, error: &serde_json::Error) -> Result<PodTemplate, String> {
    let chunks = yaml::chunks(json);
    let document = chunks.first().and_then(|chunk| Document::parse(chunk).ok());
    let root = document.as_ref().and_then(|document| document.root()).ok_or_else(|| error.to_string())?;
    yaml::de::decode(root).map_err(|error| error.to_string())
}

fn prepared(written: &PodTemplate) -> PodTemplate {
    let mut pod = written.clone();
    admission::prepare_pod(&mut pod);
    pod
}

/// A plan that is being made.
#[derive(Default)]
struct Draft {
    edits: Vec<PlannedEdit>,
    residue: Vec<Residue>,
    notes: Vec<String>,
}

impl Draft {
    /// Collects what checks and choices ask for, the findings of `written` and no others.
    fn repair(&mut self, task: &Task<'_>, written: &PodTemplate) -> Result<(), String> {
        let windows = windows::assume(task, written, &selection(task.policy).evaluate_up_to(0, &prepared(written)));
        // The rest is planned for the pod that the template says it is from here on.
        let mut template = Cow::Borrowed(task.template);
        if !windows.steps.is_empty() {
            let edits = windows.steps.iter().map(|step| &step.edit);
            Edit::apply(template.to_mut(), edits).map_err(|misfit| misfit.to_string())?;
        }
        let pod = decode(&template)?;
        self.add(task, written, "windows", Repair { steps: windows.steps, ..Repair::default() });
        self.notes.extend(windows.note);

        let prepared = prepared(&pod);
        let checks = selection(task.policy);
        let findings = checks.evaluate_up_to(0, &prepared);
        // Each finding's violations are listed, one finding after the other.
        findings.iter().try_for_each(|finding| check_count(finding.unlisted))?;
        let left_alone: Vec<_> = findings
            .iter()
            .filter(|finding| is_left_alone(task.choices, finding))
            .map(|finding| finding.check)
            .collect();
        let case = Case {
            template: &template,
            pod: &pod,
            violations: &[],
            choices: task.choices,
            minor: task.policy.version.minor(),
            left_alone: &left_alone,
            is_windows: windows.is_windows,
        };
        for finding in checks.findings(usize::MAX, &prepared) {
            self.add_finding(task, &Case { violations: &finding.violations, ..case }, &finding);
            check_count(self.edits.len() + self.residue.len())?;
        }
        for (choice, repair) in wishes::wishes(&case) {
            self.add(task, &pod, choice, repair);
        }
        check_count(self.edits.len() + self.residue.len())
    }

    fn add_finding(&mut self, task: &Task<'_>, case: &Case<'_>, finding: &Finding) {
        if !task.choices.includes(finding.check) {
            let left = finding.violations.iter().map(|violation| left_alone(violation, finding.check, task.choices));
            self.residue.extend(left.map(|left| residue_of(finding.check, left)));
        } else if let Some(check) = checks::by_id(finding.check) {
            self.add(task, case.pod, check.id, (check.repair)(case));
        }
    }

    /// Adds what `check` (or a choice) asks for, as far as it may be had.
    fn add(&mut self, task: &Task<'_>, pod: &PodTemplate, check: &'static str, repair: Repair) {
        let containers = Containers::new(pod);
        // One more than there may be is seen to be too many.
        let room = (MOST_EDITS + 1).saturating_sub(self.edits.len() + self.residue.len());
        for step in repair.steps.into_iter().take(room) {
            let path = step.edit.path.clone();
            if is_of_ephemeral_container(&path) {
                self.residue.push(residue_of(check, ephemeral(path)));
            } else if task.choices.safe_only && step.fix != Applicability::Safe {
                self.residue.push(residue_of(check, not_safe(path, step.risk)));
            } else {
                let container = containers.at(&path).map(|container| container.name.clone());
                let before = path.find(task.template).cloned().unwrap_or_default();
                let (edit, fix, risk) = (step.edit, step.fix, step.risk);
                self.edits.push(PlannedEdit { edit, check, fix, container, before, risk, parts: Vec::new() });
            }
        }
        self.residue.extend(repair.left.into_iter().map(|left| residue_of(check, left)));
        for note in repair.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

fn check_count(edits: usize) -> Result<(), String> {
    if edits <= MOST_EDITS {
        return Ok(());
    }
    Err(format!("more than {MOST_EDITS} edits would be needed, so it was not edited"))
}

fn is_left_alone(choices: &Choices, finding: &Finding) -> bool {
    !choices.includes(finding.check) || (choices.safe_only && finding.fix != Applicability::Safe)
}

fn residue_of(check: &'static str, left: Left) -> Residue {
    Residue { check, path: left.path, why: left.why, ways: left.ways }
}

fn left_alone(violation: &Violation, check: &str, choices: &Choices) -> Left {
    let why =
        if choices.skip.contains(check) { "left alone (--skip)" } else { "left alone (--only names other checks)" };
    Left { path: violation.path.clone(), why: why.to_owned(), ways: Vec::new() }
}

fn ephemeral(path: FieldPath) -> Left {
    Left {
        path,
        why: "ephemeral containers cannot be changed, and are gone when the pod is".to_owned(),
        ways: vec!["leave them out of manifests; kubectl debug adds them to running pods".to_owned()],
    }
}

fn not_safe(path: FieldPath, risk: String) -> Left {
    let why =
        if risk.is_empty() { "not safe (--safe-only)".to_owned() } else { format!("not safe (--safe-only): {risk}") };
    Left { path, why, ways: vec!["without --safe-only the edit is made".to_owned()] }
}

/// The residue of the findings that remain, each by name: what a check left although the others' edits took care of it
/// is none.
fn residue(left: Vec<Residue>, remaining: &[Finding]) -> Vec<Residue> {
    let mut residue = Vec::new();
    for finding in remaining {
        let known = left.iter().filter(|left| left.check == finding.check).cloned();
        let count = residue.len();
        residue.extend(known);
        if residue.len() == count {
            let unknown = |violation: &Violation| Residue {
                check: finding.check,
                path: violation.path.clone(),
                why: "no edit is known that helps".to_owned(),
                ways: Vec::new(),
            };
            residue.extend(finding.violations.iter().map(unknown));
        }
    }
    residue
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Op, VolumeChoice};
    use crate::policy::Version;

    const RESTRICTED: Policy = Policy { level: Level::Restricted, version: Version::Minor(37) };

    fn planned(template: &Value, choices: &Choices) -> Plan {
        plan(&Task { template, policy: RESTRICTED, choices }).expect("a pod template")
    }

    /// `path = value` or `path removed` of each edit.
    fn shown(plan: &Plan) -> Vec<String> {
        let edit = |planned: &PlannedEdit| match &planned.edit.op {
            Op::Set(value) => format!("{} = {value}", planned.edit.path),
            Op::Remove => format!("{} removed", planned.edit.path),
        };
        plan.edits.iter().map(edit).collect()
    }

    fn good(mut container: Value) -> Value {
        container["securityContext"] = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true,
                   "seccompProfile": {"type": "RuntimeDefault"}});
        container
    }

    #[test]
    fn a_bare_pod_needs_four_lines() {
        let plan = planned(&json!({"spec": {"containers": [{"name": "a"}]}}), &Choices::default());
        assert_eq!(
            shown(&plan),
            [
                "spec.containers[0].securityContext.allowPrivilegeEscalation = false",
                r#"spec.containers[0].securityContext.capabilities.drop = ["ALL"]"#,
                "spec.securityContext.runAsNonRoot = true",
                r#"spec.securityContext.seccompProfile.type = "RuntimeDefault""#,
            ]
        );
        assert_eq!((plan.before, plan.after, plan.reached), (Level::Baseline, Level::Restricted, true));
        assert_eq!(plan.edits[0].container.as_deref(), Some("a"));
        assert_eq!((plan.edits[0].check, plan.edits[0].fix), ("allowPrivilegeEscalation", Applicability::Safe));
    }

    #[test]
    fn what_removals_leave_empty_goes_too() {
        let mut container = good(json!({"name": "a"}));
        container["securityContext"]["capabilities"]["add"] = json!(["SYS_TIME", "SYS_ADMIN"]);
        let template = json!({
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
            "spec": {
                "securityContext": {"seLinuxOptions": {"user": "u"}, "sysctls": [{"name": "x", "value": "1"}]},
                "containers": [container],
            },
        });
        let plan = planned(&template, &Choices::default());
        assert_eq!(
            shown(&plan),
            [
                "metadata removed",
                "spec.securityContext removed",
                "spec.containers[0].securityContext.capabilities.add removed",
            ]
        );
        assert_eq!(plan.edits[2].before, json!(["SYS_TIME", "SYS_ADMIN"]));
        assert!(plan.edits[2].risk.contains("SYS_TIME") && plan.edits[2].risk.contains("SYS_ADMIN"));
        assert_eq!(plan.edits[1].fix, Applicability::Risky);
    }

    #[test]
    fn skipped_and_unsafe_findings_are_residue() {
        let template = json!({"spec": {"containers": [{"name": "a", "securityContext": {"privileged": true}}]}});
        let skip = Choices { skip: ["privileged"].into(), ..Choices::default() };
        let plan = planned(&template, &skip);
        let residue: Vec<_> = plan.residue.iter().map(|left| (left.check, left.why.as_str())).collect();
        let stays = "the container stays privileged, and the API server refuses false next to that";
        assert_eq!(residue, [("privileged", "left alone (--skip)"), ("allowPrivilegeEscalation", stays)]);
        assert!(!plan.reached);

        let only = Choices { only: ["seccompProfile_restricted"].into(), ..Choices::default() };
        assert_eq!(
            shown(&planned(&template, &only)),
            [r#"spec.securityContext.seccompProfile.type = "RuntimeDefault""#]
        );

        let safe = planned(&template, &Choices { safe_only: true, ..Choices::default() });
        assert_eq!(shown(&safe), [r#"spec.securityContext.seccompProfile.type = "RuntimeDefault""#]);
        let checks: Vec<_> = safe.residue.iter().map(|left| left.check).collect();
        assert_eq!(checks, ["privileged", "allowPrivilegeEscalation", "capabilities_restricted", "runAsNonRoot"]);
        assert!(safe.residue[0].why.starts_with("not safe (--safe-only): "));
    }

    #[test]
    fn windows_pods_only_say_what_they_are() {
        let template = json!({"spec": {
            "nodeSelector": {"kubernetes.io/os": "windows"},
            "securityContext": {"runAsNonRoot": true, "runAsUser": 5},
            "containers": [{"name": "a", "securityContext": {"privileged": false}}],
        }});
        let plan = planned(&template, &Choices::default());
        let os = r#"spec.os.name = "windows""#;
        let removed = ["spec.securityContext.runAsUser removed", "spec.containers[0].securityContext removed"];
        assert_eq!(shown(&plan), [removed[0], removed[1], os]);
        assert!(plan.reached && plan.notes[0].contains("Windows"));
        assert!(planned(&template, &Choices { windows: Some(true), ..Choices::default() }).notes.is_empty());
        let linux = planned(&template, &Choices { windows: Some(false), ..Choices::default() });
        assert!(linux.reached && !shown(&linux).contains(&os.to_owned()));
    }

    #[test]
    fn old_policies_cannot_be_met_by_windows_pods() {
        let template = json!({"spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}});
        let policy = Policy { level: Level::Restricted, version: Version::Minor(24) };
        let plan = plan(&Task { template: &template, policy, choices: &Choices::default() }).expect("a pod template");
        assert_eq!(shown(&plan), ["spec.securityContext.runAsNonRoot = true"]);
        assert_eq!(plan.residue.len(), 3);
    }

    #[test]
    fn ephemeral_containers_are_residue() {
        let template =
            json!({"spec": {"containers": [good(json!({"name": "a"}))], "ephemeralContainers": [{"name": "e"}]}});
        let plan = planned(&template, &Choices::default());
        // The pod's own fields reach them all the same.
        assert_eq!(plan.edits.len(), 2);
        let left: Vec<_> = plan.residue.iter().map(|left| left.check).collect();
        assert_eq!(left, ["allowPrivilegeEscalation", "capabilities_restricted"]);
    }

    #[test]
    fn a_volume_that_is_removed_takes_its_list_along() {
        let mut container = good(json!({"name": "a"}));
        container["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        let template =
            json!({"spec": {"containers": [container], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}});
        let choices = Choices { volumes: [("v".to_owned(), VolumeChoice::Remove)].into(), ..Choices::default() };
        assert_eq!(
            shown(&planned(&template, &choices)),
            ["spec.containers[0].volumeMounts removed", "spec.volumes removed"]
        );
    }

    #[test]
    fn what_is_no_pod_is_told_with_its_path() {
        let template = json!({"spec": {"containers": [{"name": "a", "securityContext": {"privileged": "yes"}}]}});
        let answer = plan(&Task { template: &template, policy: RESTRICTED, choices: &Choices::default() });
        let path = "spec.containers[0].securityContext.privileged";
        assert_eq!(answer, Err(format!(r#"{path}: expected a boolean, found the string "yes""#)));
        // Go takes a number without a fraction for an integer, however it is written.
        let template =
            json!({"spec": {"securityContext": {"runAsUser": 1.0}, "containers": [good(json!({"name": "a"}))]}});
        assert!(planned(&template, &Choices::default()).reached);
    }
}
