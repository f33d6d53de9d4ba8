//! What labelling namespaces would come to, as plain data.

use std::collections::BTreeMap;

use super::Problem;
use crate::model::{FieldPath, Finding};
use crate::policy::{LabelMistake, Level, Mode, Policy};

/// Everything that a run of `dry-run-label` has to say.
#[derive(Debug, Clone)]
pub struct LabelReport {
    /// The newest version that the server and the tool both know, as 36 of `v1.36`.
    pub server: u16,
    /// What the run is about.
    pub question: Question,
    /// A row per namespace, by name.
    pub namespaces: Vec<NamespaceRow>,
    /// What could not be had.
    pub errors: Vec<Problem>,
    /// What should be known.
    pub warnings: Vec<Problem>,
}

/// What a run of `dry-run-label` is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which level could each namespace enforce? The entries of a row are those of mode enforce, baseline and restricted.
    Matrix,
    /// What would these labels do? The entries of a row are the modes that would change.
    Labels,
    /// What would a newer version of the server change? The entries of a row are its present modes at that version.
    Upgrade {
        /// The minor version now.
        from: u16,
        /// The minor version then.
        to: u16,
    },
}

/// A namespace.
#[derive(Debug, Clone)]
pub struct NamespaceRow {
    /// Its name.
    pub name: String,
    /// Its labels that are about Pod Security, or look as if they should be.
    pub labels: BTreeMap<String, String>,
    /// Whether it is one of Kubernetes' own or a distribution's (`kube-system`, `openshift-…`), told apart in plans.
    pub system: bool,
    /// Why admission does not look at it, if so.
    pub exempt: Option<String>,
    /// The strictest level that all of its pods and templates are known to meet at the server's version.
    pub strictest: Level,
    /// Its pods that have ended and that no workload replaces: they break nothing.
    pub ended: usize,
    /// What of it could not be read, as `deployments.apps`: more may violate than is told.
    pub unread: Vec<String>,
    /// What is wrong with its labels, or odd about it.
    pub notices: Vec<Notice>,
    /// What each mode would do.
    pub modes: Vec<ModeRow>,
    /// What is recommended, where that was asked for.
    pub plan: Vec<Step>,
    /// What writing the labels came to, where that was asked for.
    pub applied: Option<Applied>,
}

/// Something to know about a namespace's labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The label, where it is about one.
    pub label: Option<String>,
    /// What is so, what the server makes of it, and what would be right: a sentence without a final full stop.
    pub message: String,
    /// The right spelling or value, as `pod-security.kubernetes.io/enforce=baseline`, where there is one.
    pub instead: Option<String>,
}

/// What a mode would do with a policy.
#[derive(Debug, Clone)]
pub struct ModeRow {
    /// The mode.
    pub mode: Mode,
    /// The policy now.
    pub from: Policy,
    /// The policy then.
    pub to: Policy,
    /// Live pods.
    pub pods: Count,
    /// Workloads, bare pods included, by their templates and their pods.
    pub workloads: Count,
    /// The workloads that violate the policy, by kind and name; those that are exempt are not counted. Of upgrades, those
    /// that newly violate.
    pub violating: Vec<Violator>,
    /// Workloads that violate the policy now and would not then; only told of upgrades.
    pub newly_allowed: Vec<Violator>,
    /// What the server said of the same change; `None` where it was not asked.
    pub server: Option<ServerAnswer>,
    /// Where the server's answer and our own verdict differ, a sentence each.
    pub differences: Vec<String>,
}

impl ModeRow {
    /// Whether the level is lower than the one of now.
    #[must_use]
    pub fn is_lowered(&self) -> bool {
        self.to.level < self.from.level
    }
}

/// How many were judged, and how many of them violate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// All.
    pub judged: usize,
    /// Those that violate.
    pub violating: usize,
}

/// A workload that violates a policy.
#[derive(Debug, Clone)]
pub struct Violator {
    /// As `apps/v1`.
    pub api_version: String,
    /// As `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where in the object the pod template is; the root for a pod.
    pub template: FieldPath,
    /// Names of its pods that violate, sorted.
    pub pods: Vec<String>,
    /// How many pods it has.
    pub running: usize,
    /// How many of them would not come back when they have to be made again.
    pub lost: usize,
    /// Whether its template violates: its next pods would be refused.
    pub template_violates: bool,
    /// What is found: by its template where that violates, else by its pods. Paths from the object's (or pod's) top.
    pub findings: Vec<Finding>,
    /// Containers of its pods that its template has not: somebody's webhook put them in.
    pub injected: Vec<String>,
    /// Whether its template passes and what is injected into its pods violates: its next pods would be refused all the same.
    pub by_injection: bool,
    /// Containers that were added to its running pods for debugging, where these violate; a new pod has none.
    pub ephemeral: Vec<String>,
    /// Why admission would let it in all the same (a runtime class that is exempt), if so.
    pub exempt: Option<String>,
}

/// The server's answer to a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerAnswer {
    /// Its warnings, as it sent them.
    pub warnings: Vec<String>,
    /// Why it refused, a sentence.
    pub error: Option<String>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When: `now`, or after what has happened, a few words.
    pub when: String,
    /// The labels to set.
    pub labels: BTreeMap<String, String>,
    /// Labels to take away.
    pub remove: Vec<String>,
    /// Why, a sentence without a final full stop.
    pub why: String,
}

/// What writing labels came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The server has them, read back.
    Done,
    /// It had them already.
    Unchanged,
    /// They were not written, for this reason: what would break, or that it was not wished.
    Skipped(String),
    /// The server refused, or has something else now.
    Failed(String),
}

impl NamespaceRow {
    /// Whether something would break: new pods of a workload would be refused.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.modes.iter().any(|row| row.mode == Mode::Enforce && row.violating.iter().any(Violator::breaks))
    }
}

impl From<&LabelMistake> for Notice {
    fn from(mistake: &LabelMistake) -> Self {
        let label = Some(mistake.label.clone());
        Self { label, message: mistake.to_string(), instead: mistake.instead.clone() }
    }
}

impl Violator {
    /// Whether its next pods would be refused. Where only its pods violate and its template does not, they mostly come back
    /// as the template has them.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.exempt.is_none() && (self.template_violates || self.by_injection || self.lost > 0)
    }

    /// `deployment/web`, as kubectl writes it.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }
}
