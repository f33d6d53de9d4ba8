//! What a check says about a pod.

use std::borrow::Cow;

use serde_json::Value;

use super::FieldPath;
use crate::policy::Level;

/// How freely a fix may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// The tool cannot know the right edit; a person decides.
    Manual,
    /// The edit may stop a workload that relies on what it takes away.
    Risky,
    /// The edit only tightens a default that almost nothing uses.
    Safe,
}

impl Applicability {
    /// The word of the JSON contract: `safe`, `risky`, `manual`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Risky => "risky",
            Self::Safe => "safe",
        }
    }
}

/// One field that breaks a control.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// From the pod's top (`spec.…`, `metadata.…`); the caller puts the template's own path before it.
    pub path: FieldPath,
    /// The container it is about; `None` where it is about the whole pod.
    pub container: Option<String>,
    /// The value found; `Value::Null` where the field is not set.
    pub actual: Value,
    /// A value that passes; `Value::Null` where the field (or list item) must go.
    pub wanted: Value,
}

/// What a check's evaluation returns for a pod that does not pass.
pub struct Violated<'p> {
    /// The short reason, letter for letter as Pod Security admission gives it.
    pub reason: Cow<'static, str>,
    /// Containers and values, letter for letter as Pod Security admission gives them; may be empty.
    pub detail: String,
    /// At least one, in the order the server visits them. They are made one by one: there may be very many of them, and
    /// who only wants to know whether the pod passes needs none.
    pub violations: Box<dyn Iterator<Item = Violation> + 'p>,
}

impl<'p> Violated<'p> {
    /// What a check found; `violations` is asked for them when they are needed.
    pub fn new(
        reason: impl Into<Cow<'static, str>>,
        detail: String,
        violations: impl Iterator<Item = Violation> + 'p,
    ) -> Self {
        Self { reason: reason.into(), detail, violations: Box::new(violations) }
    }
}

/// A failed check: its identity beside what it said.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The upstream check ID, as `allowPrivilegeEscalation`.
    pub check: &'static str,
    /// The level that asks for this check.
    pub level: Level,
    /// How freely its fix may be applied.
    pub fix: Applicability,
    /// See [`Violated::reason`].
    pub reason: Cow<'static, str>,
    /// See [`Violated::detail`].
    pub detail: String,
    /// The first of [`Violated::violations`], as many as were asked for.
    pub violations: Vec<Violation>,
    /// How many more there are.
    pub unlisted: usize,
}

impl Finding {
    /// The same with paths from the top of an object that has the pod at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &FieldPath) -> Self {
        for violation in &mut self.violations {
            violation.path = prefix.join(&violation.path);
        }
        self
    }

    /// Whether a violation is about one of these containers.
    #[must_use]
    pub fn is_about_any(&self, containers: &[String]) -> bool {
        self.violations.iter().filter_map(|violation| violation.container.as_ref()).any(|c| containers.contains(c))
    }

    /// The sentence admission makes of findings: `reason (detail), reason (detail)`.
    #[must_use]
    pub fn sentence<'a>(findings: impl IntoIterator<Item = &'a Finding, IntoIter: Clone>) -> String {
        let findings = findings.into_iter();
        let length = findings.clone().map(|finding| finding.reason.len() + finding.detail.len() + ", ()".len()).sum();
        let mut text = String::with_capacity(length);
        for finding in findings {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&finding.reason);
            if !finding.detail.is_empty() {
                text.push_str(" (");
                text.push_str(&finding.detail);
                text.push(')');
            }
        }
        text
    }
}
