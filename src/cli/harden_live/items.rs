//! Objects with what is known of them and what is planned.

use std::sync::Arc;

use super::super::dialogue::Answers;
use super::super::{Failure, Streams};
use super::Live;
use crate::apply::{Planned, Subject, plan};
use crate::model::Choices;
use crate::policy::Policy;
use crate::report::Problem;
use crate::report::apply::{Evidence, Manager, ManagerKind};
use crate::report::harden::{HardenReport, HardenedFile};

/// An object to be hardened.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) planned: Planned,
    pub(super) evidence: Evidence,
}

impl Item {
    /// Plans with the user's choices and what the namespace does by itself.
    pub(super) fn new(
        subject: &Subject,
        evidence: Evidence,
        policy: Policy,
        choices: &Choices,
    ) -> Result<Self, String> {
        let choices = Choices { user_ids_are_assigned: evidence.user_ids.is_some(), ..choices.clone() };
        Ok(Self { planned: plan(subject, policy, &choices)?, evidence })
    }

    /// Whether its pods meet the policy then, also those parts of them that somebody else puts in.
    pub(super) fn reached(&self) -> bool {
        self.planned.reached() && self.evidence.injected.iter().all(|injected| injected.findings.is_empty())
    }

    /// Who keeps it as it is and puts back what is changed. Those that only once wrote it are not meant.
    pub(super) fn keeper(&self) -> Option<&Manager> {
        let keeps = |manager: &&Manager| !matches!(manager.kind, ManagerKind::KubectlApply | ManagerKind::Kustomize);
        self.planned.subject.managers.iter().find(keeps)
    }

    /// Whether a repository with its manifests is its source, as of Flux and Argo CD.
    pub(super) fn has_repository(&self) -> bool {
        let managers = &self.planned.subject.managers;
        managers.iter().any(|manager| matches!(manager.kind, ManagerKind::Flux | ManagerKind::ArgoCd))
    }

    /// What should be known about it beside its plan, a sentence each. Who keeps it as it is may be told apart.
    fn notes(&self, is_keeper_told: bool) -> Vec<String> {
        let mut notes = Vec::new();
        for injected in self.evidence.injected.iter().filter(|injected| !injected.findings.is_empty()) {
            let by = injected
                .injector
                .map_or("by something in the cluster, not by its template".to_owned(), |name| format!("by {name}"));
            let reasons: Vec<_> = injected.findings.iter().map(|finding| finding.reason.to_string()).collect();
            notes.push(format!(
                "container {} is put into its pods {by}, and violates the level ({}): that has to change there, no edit here helps",
                injected.container,
                reasons.join(", ")
            ));
        }
        let told = self.keeper().filter(|_| is_keeper_told);
        let managers = self.planned.subject.managers.iter().filter(|_| self.planned.changes());
        let managers = managers.filter(|manager| told != Some(*manager));
        notes.extend(managers.map(|manager| manager.sentence.clone()));
        notes.extend(self.evidence.gaps.iter().cloned());
        notes
    }
}

impl Live<'_> {
    /// Looks at the objects and plans; what could not be planned.
    pub(super) fn items(&self, subjects: &[Subject], answers: &Answers) -> Result<(Vec<Item>, Vec<Problem>), Failure> {
        let policy = self.policy(answers);
        let evidence = self.session.evidence_of(subjects, policy);
        self.planned(subjects, &evidence, answers)
    }

    /// Plans with what is known already.
    pub(super) fn planned(
        &self,
        subjects: &[Subject],
        evidence: &[Evidence],
        answers: &Answers,
    ) -> Result<(Vec<Item>, Vec<Problem>), Failure> {
        let (policy, choices) = (self.policy(answers), answers.choices()?);
        let (mut items, mut errors) = (Vec::new(), Vec::new());
        for (subject, evidence) in subjects.iter().zip(evidence) {
            match Item::new(subject, evidence.clone(), policy, &choices) {
                Ok(item) => items.push(item),
                Err(message) => errors.push(Problem { source: subject.source.clone(), message }),
            }
        }
        Ok((items, errors))
    }

    /// The report that all formats are made from.
    pub(super) fn report(&self, items: &[Item], answers: &Answers, errors: Vec<Problem>) -> HardenReport {
        let mut report = HardenReport::new(self.policy(answers));
        report.errors = errors.into();
        for item in items {
            let first = report.results.len();
            report.results.extend(item.planned.results.iter().cloned());
            if let Some(result) = report.results.get_mut(first) {
                // Who is about to change something is warned of keepers at the end, where that is seen.
                result.notes.extend(item.notes(self.asks || self.args.yes));
                result.reached &= item.reached();
            }
            let (before, after) = item.planned.shown();
            let results = first..report.results.len();
            let name = file_name(&item.planned.subject);
            report.files.push(HardenedFile { name, before, edited: Some(after), changes: Vec::new(), results });
        }
        report
    }

    /// Warns of what keeps objects as they are.
    pub(super) fn warn_of_keepers(&self, items: &[Item], streams: &mut Streams) -> Result<(), Failure> {
        for item in items.iter().filter(|item| item.planned.changes()) {
            if let Some(manager) = item.keeper() {
                self.warn(&format!("{}: {}", item.planned.subject.short_name(), manager.sentence), streams)?;
            }
        }
        Ok(())
    }
}

/// What the object is called in a diff.
fn file_name(subject: &Subject) -> Arc<str> {
    let namespace = subject.namespace.as_deref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!("{namespace}{}", subject.short_name()).into()
}
