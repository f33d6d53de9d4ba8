//! Judges manifests: from inputs to a [`Report`].

mod namespaces;
mod policies;
mod verdict;
mod walk;

pub use policies::Policies;
pub use walk::{Scene, Stop, parse, unfit, walk};

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::policy::{AdmissionConfig, NamespacePolicy, Version};
use crate::report::{Asked, Problem, Report, Source, Verdict};
use crate::source::{self, Input, Manifest};
use crate::yaml::{Chunk, chunks};

use namespaces::Namespaces;
use verdict::Judge;

/// What to judge manifests by.
#[derive(Debug, Clone)]
pub struct Request {
    /// One level for all, or the labels of each object's namespace.
    pub asked: Asked,
    /// The policy version for [`Asked::Level`].
    pub version: Version,
    /// The namespace of objects that name none, and the only one that others may name; `None` means `default` and any.
    pub namespace: Option<String>,
    /// The admission plugin's configuration: exemptions, and the policy of namespaces without labels.
    pub admission: AdmissionConfig,
    /// [`AdmissionConfig::default_policy`] of `admission`.
    pub defaults: NamespacePolicy,
}

/// Judges everything in `inputs`, in order. What cannot be read becomes an error of the report; the rest goes on.
#[must_use]
pub fn check(request: &Request, inputs: &[Input]) -> Report {
    let outcomes = match request.asked {
        Asked::Level(_) => check_alone(request, inputs),
        Asked::Namespace => check_together(request, inputs),
    };
    let mut report = Report::new(request.asked, request.version);
    for outcome in outcomes {
        report.results.extend(outcome.results);
        report.errors.extend(outcome.errors);
        report.warnings.extend(outcome.warnings);
        report.without_template += outcome.without_template;
    }
    report
}

/// What one document, or one input, adds to the report.
#[derive(Debug, Default)]
struct Outcome {
    results: Vec<Verdict>,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    without_template: usize,
}

impl Outcome {
    fn unreadable(input: &Input, message: String) -> Self {
        Problem { source: Source::file(input.name()), message }.into()
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self { errors: vec![problem], ..Self::default() }
    }
}

/// Each input for itself: nothing but its own text is kept while it is judged.
fn check_alone(request: &Request, inputs: &[Input]) -> Vec<Outcome> {
    let namespaces = Namespaces::default();
    let judge = Judge { request, namespaces: &namespaces };
    let outcomes: Vec<Vec<Outcome>> = inputs
        .par_iter()
        .map(|input| match source::read(input) {
            Ok(manifest) => check_manifest(&judge, &manifest),
            Err(message) => vec![Outcome::unreadable(input, message)],
        })
        .collect();
    outcomes.into_iter().flatten().collect()
}

/// All inputs in memory: the namespace of an object may stand in any of them, also after it.
fn check_together(request: &Request, inputs: &[Input]) -> Vec<Outcome> {
    let manifests: Vec<Result<Manifest, Outcome>> = inputs
        .par_iter()
        .map(|input| source::read(input).map_err(|message| Outcome::unreadable(input, message)))
        .collect();
    let mut namespaces = Namespaces::default();
    for manifest in manifests.iter().flatten() {
        namespaces.collect(manifest);
    }
    let judge = Judge { request, namespaces: &namespaces };
    let outcomes: Vec<Vec<Outcome>> = manifests
        .into_par_iter()
        .map(|manifest| manifest.map_or_else(|unread| vec![unread], |manifest| check_manifest(&judge, &manifest)))
        .collect();
    outcomes.into_iter().flatten().collect()
}

fn check_manifest(judge: &Judge<'_>, manifest: &Manifest) -> Vec<Outcome> {
    if let Some(problem) = unfit(manifest) {
        return vec![Outcome::from(problem)];
    }
    chunks(&manifest.text).par_iter().with_min_len(8).map(|chunk| check_document(judge, manifest, chunk)).collect()
}

fn check_document(judge: &Judge<'_>, manifest: &Manifest, chunk: &Chunk<'_>) -> Outcome {
    match parse(manifest, chunk) {
        Ok(document) => judge.document(manifest, &document),
        Err(problem) => problem.into(),
    }
}

/// Names of the namespaces that templates were judged by without a document that says what their labels are.
#[must_use]
pub fn unlabelled_namespaces(report: &Report, request: &Request) -> BTreeSet<String> {
    if report.asked != Asked::Namespace {
        return BTreeSet::new();
    }
    let of = |verdict: &Verdict| verdict.namespace.clone().or_else(|| request.namespace.clone());
    report
        .results
        .iter()
        .filter(|verdict| !verdict.namespace_is_known)
        .map(|verdict| of(verdict).unwrap_or_else(|| "default".to_owned()))
        .collect()
}
