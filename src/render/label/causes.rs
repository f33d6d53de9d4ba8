//! The workloads that violate a policy, those with the same cause together.

use crate::model::Finding;
use crate::policy::Mode;
use crate::report::label::{ModeRow, NamespaceRow, Violator};

/// Modes of a namespace that would do the same policy's work, and so find the same.
pub(super) struct Change<'a> {
    /// Never empty. The counts are the same in all.
    pub(super) rows: Vec<&'a ModeRow>,
}

/// Workloads that violate for the same reasons.
pub(super) struct Cause<'a> {
    /// Never empty.
    pub(super) who: Vec<&'a Violator>,
}

/// The modes of a row, those with the same policy and the same outcome together.
pub(super) fn changes(row: &NamespaceRow) -> Vec<Change<'_>> {
    let mut changes: Vec<Change<'_>> = Vec::new();
    for mode in &row.modes {
        match changes.iter_mut().find(|change| change.is_same_as(mode)) {
            Some(change) => change.rows.push(mode),
            None => changes.push(Change { rows: vec![mode] }),
        }
    }
    changes
}

impl<'a> Change<'a> {
    /// The first of its modes, which stands for all.
    pub(super) fn first(&self) -> Option<&'a ModeRow> {
        self.rows.first().copied()
    }

    fn is_same_as(&self, other: &ModeRow) -> bool {
        let same = |one: &[Violator], two: &[Violator]| one.iter().map(key).eq(two.iter().map(key));
        self.first().is_some_and(|first| {
            first.to == other.to
                && first.pods == other.pods
                && first.workloads == other.workloads
                && same(&first.violating, &other.violating)
                && same(&first.newly_allowed, &other.newly_allowed)
        })
    }

    /// Whether pods would be refused.
    pub(super) fn enforces(&self) -> bool {
        self.rows.iter().any(|row| row.mode == Mode::Enforce)
    }

    /// `enforce, warn and audit`.
    pub(super) fn modes(&self) -> String {
        let words: Vec<_> = self.rows.iter().map(|row| row.mode.as_str()).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }
}

fn key(violator: &Violator) -> (&str, &str, &str, String) {
    (&violator.api_version, &violator.kind, &violator.name, Finding::sentence(&violator.findings))
}

/// Groups workloads whose pods are refused by the same checks in the same way; most workloads first.
pub(super) fn causes<'a>(violators: impl IntoIterator<Item = &'a Violator>) -> Vec<Cause<'a>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for violator in violators {
        match causes.iter_mut().find(|cause| cause.who.first().is_some_and(|other| is_alike(other, violator))) {
            Some(cause) => cause.who.push(violator),
            None => causes.push(Cause { who: vec![violator] }),
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.who.len()));
    causes
}

fn is_alike(one: &Violator, other: &Violator) -> bool {
    let checks = |of: &Violator| of.findings.iter().map(|finding| finding.check).collect::<Vec<_>>();
    one.template_violates == other.template_violates
        && one.by_injection == other.by_injection
        && one.injected == other.injected
        && one.ephemeral == other.ephemeral
        && one.exempt == other.exempt
        && checks(one) == checks(other)
}

/// What a check says of the workloads of a cause: the different texts, each with those whom it is said of.
pub(super) struct Said<'a, T> {
    pub(super) text: T,
    pub(super) of: Vec<&'a Violator>,
}

impl<'a> Cause<'a> {
    /// The first of them, which is like all others.
    pub(super) fn first(&self) -> Option<&'a Violator> {
        self.who.first().copied()
    }

    /// The findings at the same position of all of them.
    pub(super) fn findings(&self) -> impl Iterator<Item = Vec<(&'a Violator, &'a Finding)>> {
        let count = self.first().map_or(0, |first| first.findings.len());
        (0..count).map(|at| self.who.iter().filter_map(|who| Some((*who, who.findings.get(at)?))).collect())
    }
}

/// Texts without their repetitions, in order, each with those whom it is about.
pub(super) fn distinct<'a, T: PartialEq>(texts: impl Iterator<Item = (&'a Violator, T)>) -> Vec<Said<'a, T>> {
    let mut all: Vec<Said<'a, T>> = Vec::new();
    for (who, text) in texts {
        match all.iter_mut().find(|said| said.text == text) {
            Some(said) => said.of.push(who),
            None => all.push(Said { text, of: vec![who] }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::label::sample;

    #[test]
    fn modes_with_one_outcome_are_one_change() {
        let report = sample::labels();
        let changes = changes(&report.namespaces[2]);
        let shown: Vec<_> =
            changes.iter().map(|change| (change.modes(), change.first().unwrap().to.to_string())).collect();
        assert_eq!(
            shown,
            [
                ("enforce".to_owned(), "baseline:v1.36".to_owned()),
                ("audit and warn".to_owned(), "restricted:v1.36".to_owned())
            ]
        );
    }

    #[test]
    fn the_same_checks_are_one_cause_and_the_most_come_first() {
        let report = sample::labels();
        let causes = causes(&report.namespaces[2].modes[1].violating);
        let names: Vec<Vec<_>> =
            causes.iter().map(|cause| cause.who.iter().map(|who| who.short_name()).collect()).collect();
        assert_eq!(names, [vec!["deployment/api", "deployment/web"], vec!["statefulset/db"], vec!["pod/debug"]]);
        let details: Vec<_> = causes[0]
            .findings()
            .map(|said| distinct(said.iter().map(|(who, finding)| (*who, finding.detail.as_str()))).len())
            .collect();
        assert_eq!(details, [2], "each names its own container");
    }
}
