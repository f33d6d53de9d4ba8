//! How a rollout goes after an edit, as plain data.

use super::harden::PlannedEdit;

/// What one look at a rollout showed.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutStatus {
    /// What rolls out, as `deployment/web`.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// How far it is.
    pub phase: Phase,
    /// Its pods.
    pub pods: PodCounts,
    /// What it waits for or came to, a sentence without a final full stop.
    pub message: String,
    /// The new pods that fail, by name.
    pub failing: Vec<FailingPod>,
    /// What they fail of, each cause once; those of the edits first.
    pub diagnoses: Vec<Diagnosis>,
    /// Pods of an older template that somebody has to delete before it goes on, by name. Only where it is
    /// [`Phase::Deferred`].
    pub to_delete: Vec<String>,
    /// What could not be read, a sentence each: logs or events that may not be.
    pub notes: Vec<String>,
    /// Why this look failed, a sentence; all else then is of the last one that did not. The next look may succeed.
    pub trouble: Option<String>,
}

/// How far a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    Progressing,
    /// All pods are of the new template and ready.
    Done,
    /// Nothing more happens by itself, and nothing failed: pods get the new template with the next run, or once somebody
    /// deletes them or resumes it. The message says which.
    Deferred,
    /// New pods fail for a reason that waiting does not mend. The controller has not given up.
    Stuck,
    /// The controller, or the pod, has given up.
    Failed,
}

/// Pods of a workload. Those that are being deleted do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PodCounts {
    /// How many there should be; `None` where that is not known.
    pub wanted: Option<usize>,
    /// Those of the new template.
    pub new: usize,
    /// Those of the new template that are ready, or have ended well.
    pub ready: usize,
    /// Those of an older template.
    pub old: usize,
}

/// A new pod that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingPod {
    /// Its name.
    pub name: String,
    /// The container that fails; `None` where it is the pod.
    pub container: Option<String>,
    /// Kubernetes' own word for it, as `CrashLoopBackOff`.
    pub reason: String,
    /// How often the container was started again.
    pub restarts: u64,
}

/// What pods fail of, and what to do about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// What happened, a sentence without a final full stop.
    pub what: String,
    /// The pods that fail like this, by name; empty where none could be created.
    pub pods: Vec<String>,
    /// The container that fails; `None` where it is the whole pod.
    pub container: Option<String>,
    /// Kubernetes' message or the line of the log that tells, words that are nobody's business left out; from outside, so
    /// it has to be made harmless before it is shown. Empty where there is none.
    pub evidence: String,
    /// Where the failure comes from.
    pub origin: Origin,
    /// Of the edits that were made, those that most likely caused it, the likeliest first. Empty unless it is
    /// [`Origin::Edits`].
    pub edits: Vec<PlannedEdit>,
    /// What helps, the best first. What the edits did not cause may have none.
    pub remedies: Vec<Remedy>,
    /// How sure the origin is.
    pub confidence: Confidence,
}

/// Where a failure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Edits that were made.
    Edits,
    /// It was there before them.
    Before,
    /// Probably something else: no edit that was made has such an effect.
    Elsewhere,
}

/// How sure something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The message can mean nothing else.
    Certain,
    /// It mostly means this.
    Likely,
    /// It may mean this.
    Possible,
}

/// Something that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What it does, a sentence without a final full stop.
    pub text: String,
    /// Arguments of `harden` to add, as `["--run-as-user", "1000"]`; empty where it is done elsewhere.
    pub add: Vec<String>,
    /// Arguments of `harden` to leave out, as `["--read-only-root-filesystem"]`.
    pub leave_out: Vec<String>,
    /// Whether the level is still reached with it.
    pub keeps_level: bool,
}

impl Confidence {
    /// `certain`, `likely` or `possible`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

impl Phase {
    /// Whether the next look cannot show anything better: it is done, deferred, stuck or has failed.
    #[must_use]
    pub fn is_over(self) -> bool {
        self != Self::Progressing
    }

    /// Whether to offer the way back.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Stuck | Self::Failed)
    }
}

impl RolloutStatus {
    /// How many pods fail; one with several containers that do counts once.
    #[must_use]
    pub fn failing_pods(&self) -> usize {
        let names: std::collections::BTreeSet<&str> = self.failing.iter().map(|pod| pod.name.as_str()).collect();
        names.len()
    }

    /// Whether edits that were made broke it, as far as is known.
    #[must_use]
    pub fn is_broken_by_edits(&self) -> bool {
        self.diagnoses.iter().any(|diagnosis| diagnosis.origin == Origin::Edits)
    }
}
