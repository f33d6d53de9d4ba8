//! What every plan must be, whatever the pod.

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::evaluate;
use kubectl_secctx::harden::{self, Plan, Task};
use kubectl_secctx::model::{Choices, Edit, Op, PodTemplate};
use kubectl_secctx::policy::Policy;
use kubectl_secctx::report::harden::{PlannedEdit, Residue};
use serde_json::Value;

use super::Outcome;

/// A pod before and after.
pub(crate) struct Hardened {
    pub(crate) policy: Policy,
    pub(crate) pod: Value,
    pub(crate) plan: Plan,
    pub(crate) hardened: Value,
}

impl Hardened {
    /// Plans for a pod, and applies the plan.
    pub(crate) fn new(pod: Value, policy: Policy) -> Result<Self, String> {
        let plan = harden::plan(&Task { template: &pod, policy, choices: &Choices::default() })?;
        let hardened = applied(&pod, plan.edits.iter())?;
        Ok(Self { policy, pod, plan, hardened })
    }

    /// What must be so without asking anybody.
    pub(crate) fn check(&self) -> Outcome {
        let fail = |why: &str| Err(format!("{why} at {}\n{:#?}\n{}", self.policy, self.plan, self.pod));
        let was_allowed = is_allowed(&self.pod, self.policy)?;
        if is_allowed(&self.hardened, self.policy)? != self.plan.reached {
            return fail("reached, or not, against the verdict");
        }
        if was_allowed && !self.plan.edits.is_empty() {
            return fail("edits of a pod that passes");
        }
        if self.plan.reached != self.plan.residue.is_empty() {
            return fail("residue that does not fit");
        }
        if let Some(left) = self.plan.residue.iter().find(|left| !may_be_left(left, &self.pod, self.policy)) {
            return fail(&format!("{} could be reached", left.path));
        }
        let again = Self::new(self.hardened.clone(), self.policy)?;
        if !again.plan.edits.is_empty() {
            return fail(&format!("a second run has edits: {:?}", again.plan.edits));
        }
        if !are_apart(&self.plan.edits) {
            return fail("a path twice, or within another");
        }
        match self.needless_edit()? {
            Some(edit) => fail(&format!("needless: {edit:?}")),
            None => Ok(()),
        }
    }

    /// An edit without which the level is reached just the same.
    fn needless_edit(&self) -> Result<Option<&PlannedEdit>, String> {
        for left_out in self.plan.edits.iter().filter(|planned| self.plan.reached && !is_companion(planned)) {
            let others = self.plan.edits.iter().filter(|planned| *planned != left_out);
            if is_allowed(&applied(&self.pod, others)?, self.policy)? {
                return Ok(Some(left_out));
            }
        }
        Ok(None)
    }
}

/// A pod with edits made.
pub(crate) fn applied<'e>(pod: &Value, edits: impl Iterator<Item = &'e PlannedEdit>) -> Result<Value, String> {
    let mut hardened = pod.clone();
    Edit::apply(&mut hardened, edits.map(|planned| &planned.edit)).map_err(|misfit| misfit.to_string())?;
    Ok(hardened)
}

fn is_allowed(pod: &Value, policy: Policy) -> Result<bool, String> {
    let mut pod: PodTemplate = serde_json::from_value(pod.clone()).map_err(|error| error.to_string())?;
    admission::prepare_pod(&mut pod);
    Ok(evaluate(policy, &pod).is_empty())
}

/// Only a person can say what becomes of these volumes, nobody can edit ephemeral containers, and old policies want
/// fields of Windows pods that the server refuses.
fn may_be_left(left: &Residue, pod: &Value, policy: Policy) -> bool {
    let is_windows = pod["spec"]["os"]["name"] == "windows";
    let of_linux = ["allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"];
    ["hostPathVolumes", "restrictedVolumes"].contains(&left.check)
        || left.path.to_string().starts_with("spec.ephemeralContainers")
        || (is_windows && policy.version.minor() < 25 && of_linux.contains(&left.check))
}

/// Edits that no verdict asks for: what has lost its meaning, what the server or, of root, the kubelet would refuse next
/// to another edit, and what makes `drop` exactly `ALL`.
fn is_companion(planned: &PlannedEdit) -> bool {
    let path = planned.edit.path.to_string();
    ["dnsPolicy", "hostIP", "mountPropagation", "localhostProfile"].iter().any(|name| path.ends_with(name))
        || path.starts_with("metadata")
        || path.contains(".drop[")
        || (planned.check == "runAsNonRoot" && (path.ends_with("runAsUser") || planned.before["runAsUser"] == 0))
        || (planned.edit.op == Op::Set("Localhost".into()))
}

fn are_apart(edits: &[PlannedEdit]) -> bool {
    let apart = |a: &PlannedEdit, b: &PlannedEdit| !a.edit.path.is_within(&b.edit.path) || std::ptr::eq(a, b);
    edits.iter().all(|a| edits.iter().all(|b| apart(a, b)))
}
