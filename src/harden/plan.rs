//! From a pod template to the edits that make it meet a policy.

use serde_json::Value;

use super::{tidy, windows, wishes};
use crate::admission;
use crate::checks::{self, Case, Left, Repair, container_at, is_of_ephemeral_container};
use crate::evaluate::{evaluate, strictest_level};
use crate::model::{Applicability, Choices, Edit, Finding, PodTemplate, Violation};
use crate::policy::{Level, Policy};
use crate::report::harden::{PlannedEdit, Residue};

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

/// Plans the smallest edits that make a template meet a policy, and judges the result.
///
/// # Errors
///
/// The template is no pod template, a sentence that says what is wrong with it.
pub fn plan(task: &Task<'_>) -> Result<Plan, String> {
    let written = decode(task.template)?;
    let before = strictest_level(task.policy.version, &prepared(&written), None);
    let mut draft = Draft::default();
    draft.repair(task, &written)?;
    let edits = tidy::tidy(task.template, draft.edits).map_err(|misfit| misfit.to_string())?;

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

fn decode(template: &Value) -> Result<PodTemplate, String> {
    serde::Deserialize::deserialize(template).map_err(|error: serde_json::Error| error.to_string())
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
        let windows = windows::assume(task, written, &evaluate(task.policy, &prepared(written)));
        // The rest is planned for the pod that the template says it is from here on.
        let mut template = task.template.clone();
        Edit::apply(&mut template, windows.steps.iter().map(|step| &step.edit)).map_err(|misfit| misfit.to_string())?;
        let pod = decode(&template)?;
        self.add(task, &template, written, "windows", Repair { steps: windows.steps, ..Repair::default() });
        self.notes.extend(windows.note);

        let findings = evaluate(task.policy, &prepared(&pod));
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
        for finding in &findings {
            self.add_finding(task, &Case { violations: &finding.violations, ..case }, finding);
        }
        for (choice, repair) in wishes::wishes(&case) {
            self.add(task, &template, &pod, choice, repair);
        }
        Ok(())
    }

    fn add_finding(&mut self, task: &Task<'_>, case: &Case<'_>, finding: &Finding) {
        if !task.choices.includes(finding.check) {
            let left = finding.violations.iter().map(|violation| left_alone(violation, finding.check, task.choices));
            self.residue.extend(left.map(|left| residue_of(finding.check, left)));
        } else if let Some(check) = checks::by_id(finding.check) {
            self.add(task, case.template, case.pod, check.id, (check.repair)(case));
        }
    }

    /// Adds what `check` (or a choice) asks for, as far as it may be had.
    fn add(&mut self, task: &Task<'_>, template: &Value, pod: &PodTemplate, check: &'static str, repair: Repair) {
        for step in repair.steps {
            let path = step.edit.path.clone();
            if is_of_ephemeral_container(&path) {
                self.residue.push(residue_of(check, ephemeral(path)));
            } else if task.choices.safe_only && step.fix != Applicability::Safe {
                self.residue.push(residue_of(check, not_safe(path, step.risk)));
            } else {
                let container = container_at(pod, &path).map(|container| container.name.clone());
                let before = path.find(template).cloned().unwrap_or_default();
                let (edit, fix, risk) = (step.edit, step.fix, step.risk);
                self.edits.push(PlannedEdit { edit, check, fix, container, before, risk });
            }
        }
        self.residue.extend(repair.left.into_iter().map(|left| residue_of(check, left)));
        self.notes.extend(repair.notes);
    }
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

fn ephemeral(path: crate::model::FieldPath) -> Left {
    Left {
        path,
        why: "ephemeral containers cannot be changed, and are gone when the pod is".to_owned(),
        ways: vec!["leave them out of manifests; kubectl debug adds them to running pods".to_owned()],
    }
}

fn not_safe(path: crate::model::FieldPath, risk: String) -> Left {
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
