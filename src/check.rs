//! Judges manifests: from inputs to a [`Report`].

mod in_order;
mod namespaces;
mod policies;
mod verdict;
mod walk;

pub use policies::Policies;
pub use walk::{Scene, Stop, parse, unfit, walk};

use std::collections::BTreeSet;
use std::{io, iter};

use crate::policy::{AdmissionConfig, NamespacePolicy, Version};
use crate::report::{Asked, Problem, Report, Source, Verdict};
use crate::source::{self, Input, Manifest};

use in_order::in_order;
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
    let mut report = Report::new(request.asked, request.version);
    let add = |part| {
        report.add(part);
        Ok(())
    };
    let all = check_parts(request, inputs, |part| part, add);
    debug_assert!(all.is_ok(), "taking parts never fails: {all:?}");
    report
}

/// Judges everything in `inputs` as [`check`] does, part by part. Each part is a report of its own about some documents;
/// `shape` makes what is needed of it, on whatever thread, and `take` gets that in the order of the input. Memory is
/// needed for some parts only.
///
/// # Errors
///
/// The first one of `take`, which ends it.
pub fn check_parts<T: Send>(
    request: &Request,
    inputs: &[Input],
    shape: impl Fn(Report) -> T + Sync,
    take: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    let mut inputs: Vec<Readable> = inputs.iter().cloned().map(Ok).collect();
    let mut namespaces = Namespaces::default();
    if request.asked == Asked::Namespace {
        // The namespace of an object may stand in any of the inputs, also after it: they are read twice.
        inputs = inputs.into_iter().map(|input| input.and_then(|input| keep(&input))).collect();
        let add = |next| {
            namespaces.add(next);
            Ok(())
        };
        in_order(jobs(&inputs), |job, pass| pass(Namespaces::of(job)), add)?;
    }
    let judge = Judge { request, namespaces: &namespaces };
    in_order(jobs(&inputs), |job, pass| judge.parts(job, &mut |part| pass(shape(part))), take)
}

/// An input, or what is wrong with it.
type Readable = Result<Input, Problem>;

fn keep(input: &Input) -> Readable {
    input.keep().map_err(|message| unreadable(input, message))
}

fn unreadable(input: &Input, message: String) -> Problem {
    Problem { source: Source::file(input.name()), message }
}

/// What is judged at a time.
enum Job<'a> {
    /// A file that is short: several are read at once.
    Short(&'a Input),
    /// Some documents of an input.
    Stretch(Manifest),
    /// What cannot be read.
    Unread(Problem),
}

impl Job<'_> {
    /// The documents that the job is about.
    fn manifest(self) -> Result<Manifest, Problem> {
        match self {
            Self::Short(input) => {
                let manifest = source::read(input).map_err(|message| unreadable(input, message))?;
                unfit(&manifest).map_or(Ok(manifest), Err)
            }
            Self::Stretch(manifest) => Ok(manifest),
            Self::Unread(problem) => Err(problem),
        }
    }
}

fn jobs(inputs: &[Readable]) -> impl Iterator<Item = Job<'_>> + Send {
    inputs.iter().flat_map(|input| -> Box<dyn Iterator<Item = Job<'_>> + Send> {
        match input {
            Err(problem) => Box::new(iter::once(Job::Unread(problem.clone()))),
            Ok(input) if source::is_short(input) => Box::new(iter::once(Job::Short(input))),
            Ok(input) => match source::stretches(input) {
                Err(message) => Box::new(iter::once(Job::Unread(unreadable(input, message)))),
                Ok(stretches) => Box::new(stretches.map(move |stretch| match stretch {
                    Ok(manifest) => Job::Stretch(manifest),
                    Err(message) => Job::Unread(unreadable(input, message)),
                })),
            },
        }
    })
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
