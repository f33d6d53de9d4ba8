//! Judges a pod by a policy: which checks apply at a level and version, and what they find.

use std::sync::LazyLock;

use crate::checks::{CHECKS, Check, Revision};
use crate::model::{Finding, PodTemplate};
use crate::policy::{Level, Policy, Version};

/// The checks that a policy asks for, overrides resolved, in the order of admission's messages.
#[derive(Debug, Clone)]
pub struct Selection(Vec<(&'static Check, &'static Revision)>);

impl Selection {
    /// Selects the checks of `policy`; its version is clamped to those that the tool knows.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let minor = policy.version.minor();
        let asked: Vec<_> = CHECKS
            .iter()
            .filter(|check| check.level <= policy.level)
            .filter_map(|check| check.revision(minor).map(|revision| (*check, revision)))
            .collect();
        let overridden: Vec<_> = asked.iter().flat_map(|(_, revision)| revision.overrides).collect();
        Self(asked.iter().filter(|(check, _)| !overridden.contains(&&check.id)).copied().collect())
    }

    /// What the selected checks find; empty when the pod meets the policy.
    ///
    /// `pod` is judged as it stands: put it through [`crate::admission::prepare_pod`] first to see it as admission does.
    #[must_use]
    pub fn evaluate(&self, pod: &PodTemplate) -> Vec<Finding> {
        self.evaluate_up_to(usize::MAX, pod)
    }

    /// The same with at most so many violations per finding; the others are only counted.
    #[must_use]
    pub fn evaluate_up_to(&self, most: usize, pod: &PodTemplate) -> Vec<Finding> {
        self.findings(most, pod).collect()
    }

    /// The same one by one, so that the violations of one finding only are in memory.
    pub fn findings(&self, most: usize, pod: &PodTemplate) -> impl Iterator<Item = Finding> {
        self.0.iter().filter_map(move |(check, revision)| find(check, revision, most, pod))
    }

    /// Whether [`Selection::evaluate`] would find nothing.
    #[must_use]
    pub fn allows(&self, pod: &PodTemplate) -> bool {
        self.0.iter().all(|(_, revision)| (revision.evaluate)(pod).is_none())
    }

    /// The selected checks.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> {
        self.0.iter().map(|(check, _)| *check)
    }
}

fn find(check: &'static Check, revision: &Revision, most: usize, pod: &PodTemplate) -> Option<Finding> {
    let mut violated = (revision.evaluate)(pod)?;
    Some(Finding {
        check: check.id,
        level: check.level,
        fix: check.fix,
        reason: violated.reason,
        detail: violated.detail,
        violations: violated.violations.by_ref().take(most).collect(),
        unlisted: violated.violations.count(),
    })
}

/// The selection of a policy.
#[must_use]
pub fn selection(policy: Policy) -> &'static Selection {
    static NOTHING: Selection = Selection(Vec::new());
    let minor = usize::from(policy.version.minor());
    match policy.level {
        Level::Privileged => &NOTHING,
        Level::Baseline => &BASELINE[minor],
        Level::Restricted => &RESTRICTED[minor],
    }
}

/// The selections of all versions for one level, by minor version: a run asks for the same few again and again.
static BASELINE: LazyLock<Vec<Selection>> = LazyLock::new(|| all_versions(Level::Baseline));
static RESTRICTED: LazyLock<Vec<Selection>> = LazyLock::new(|| all_versions(Level::Restricted));

fn all_versions(level: Level) -> Vec<Selection> {
    (0..=Version::NEWEST).map(|minor| Selection::new(Policy { level, version: Version::Minor(minor) })).collect()
}

/// What `policy` finds in `pod`, as [`Selection::evaluate`].
#[must_use]
pub fn evaluate(policy: Policy, pod: &PodTemplate) -> Vec<Finding> {
    selection(policy).evaluate(pod)
}

/// The strictest level that `pod` meets at a version. `judged` is what is known already: a level of that version, and
/// whether the pod meets it.
#[must_use]
pub fn strictest_level(version: Version, pod: &PodTemplate, judged: Option<(Level, bool)>) -> Level {
    let minor = usize::from(version.minor());
    let meets = |level: Level, selection: &Selection| match judged {
        Some((known, allowed)) if known == level => allowed,
        _ => selection.allows(pod),
    };
    if meets(Level::Restricted, &RESTRICTED[minor]) {
        Level::Restricted
    } else if meets(Level::Baseline, &BASELINE[minor]) {
        Level::Baseline
    } else {
        Level::Privileged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(level: Level, minor: u16) -> Vec<&'static str> {
        Selection::new(Policy { level, version: Version::Minor(minor) }).checks().map(|check| check.id).collect()
    }

    #[test]
    fn privileged_asks_for_nothing() {
        assert!(ids(Level::Privileged, 37).is_empty());
    }

    #[test]
    fn restricted_checks_replace_the_baseline_ones_they_contain() {
        let checks = ids(Level::Restricted, 37);
        assert!(checks.contains(&"capabilities_restricted") && !checks.contains(&"capabilities_baseline"));
        assert!(!checks.contains(&"hostPathVolumes"));
        assert!(ids(Level::Baseline, 37).contains(&"hostPathVolumes"));
        assert!(ids(Level::Restricted, 18).contains(&"seccompProfile_baseline"));
        assert!(!ids(Level::Restricted, 19).contains(&"seccompProfile_baseline"));
    }

    #[test]
    fn as_many_violations_are_listed_as_are_asked_for() {
        let json = r#"{"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}}"#;
        let pod: PodTemplate = serde_json::from_str(json).expect("the test's pod is valid");
        let policy = Policy { level: Level::Restricted, version: Version::Latest };
        let all = evaluate(policy, &pod);
        assert!(!all.is_empty() && all.iter().all(|finding| finding.violations.len() == 3 && finding.unlisted == 0));
        for most in 0..5 {
            for (some, all) in selection(policy).evaluate_up_to(most, &pod).iter().zip(&all) {
                assert_eq!(some.violations, all.violations[..most.min(3)]);
                assert_eq!(some.unlisted, 3_usize.saturating_sub(most));
                assert_eq!((&some.reason, &some.detail), (&all.reason, &all.detail));
            }
        }
    }

    #[test]
    fn checks_start_at_their_version() {
        assert!(!ids(Level::Restricted, 7).contains(&"allowPrivilegeEscalation"));
        assert!(ids(Level::Restricted, 8).contains(&"allowPrivilegeEscalation"));
        assert!(!ids(Level::Baseline, 33).contains(&"hostProbesAndHostLifecycle"));
    }
}
