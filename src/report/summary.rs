//! What a report comes to: all that its first and last lines are made of, also where its verdicts are long gone.

use super::{Asked, Problem, Report, Source, Verdict};
use crate::policy::Version;

/// By what the objects of a run were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// One level for all, or the labels of each object's namespace.
    pub asked: Asked,
    /// The version asked for; [`Version::minor`] tells whose rules were applied.
    pub version: Version,
}

impl Basis {
    /// Whether a verdict is by this version.
    #[must_use]
    pub fn has_version_of(self, verdict: &Verdict) -> bool {
        verdict.policy.version.minor() == self.version.minor()
    }
}

/// The counts of a report, and what could not be read or is probably not meant. Summaries of a report's parts, put together in
/// order, are that of the report.
#[derive(Debug, Clone)]
pub struct Summary {
    /// By what it was judged.
    pub basis: Basis,
    /// How many pod templates were judged.
    pub checked: usize,
    /// How many of them do not meet what was asked.
    pub violating: usize,
    /// How many of them admission would not look at.
    pub exempt: usize,
    /// Documents that hold no pod template (empty ones not counted).
    pub without_template: usize,
    /// [`Report::ended`].
    pub ended: usize,
    /// Whether some verdict is by another version: servers of several contexts need not know the same.
    pub has_other_versions: bool,
    /// What could not be read or judged.
    pub errors: Problems,
    /// What was read and judged but is probably not what its author meant.
    pub warnings: Problems,
}

impl Summary {
    /// That of a report that has nothing to say yet.
    #[must_use]
    pub fn new(basis: Basis) -> Self {
        Self {
            basis,
            checked: 0,
            violating: 0,
            exempt: 0,
            without_template: 0,
            ended: 0,
            has_other_versions: false,
            errors: Problems::default(),
            warnings: Problems::default(),
        }
    }

    /// That of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let basis = report.basis();
        let count = |is: fn(&Verdict) -> bool| report.results.iter().filter(|verdict| is(verdict)).count();
        Self {
            basis,
            checked: report.results.len(),
            violating: report.violating(),
            exempt: count(|verdict| verdict.exempt.is_some()),
            without_template: report.without_template,
            ended: report.ended,
            has_other_versions: report.results.iter().any(|verdict| !basis.has_version_of(verdict)),
            errors: report.errors.clone(),
            warnings: report.warnings.clone(),
        }
    }

    /// Adds that of the next part of the report.
    pub fn add(&mut self, next: Self) {
        self.checked += next.checked;
        self.violating += next.violating;
        self.exempt += next.exempt;
        self.without_template += next.without_template;
        self.ended += next.ended;
        self.has_other_versions |= next.has_other_versions;
        self.errors.add(next.errors);
        self.warnings.add(next.warnings);
    }

    /// How the policy is written for people: `restricted:v1.37`, or `the labels of their namespaces`.
    #[must_use]
    pub fn policy_text(&self) -> String {
        match self.basis.asked {
            Asked::Level(level) if self.has_other_versions => level.as_str().to_owned(),
            Asked::Level(level) => format!("{level}:v1.{}", self.basis.version.minor()),
            Asked::Namespace => "the labels of their namespaces".to_owned(),
        }
    }
}

/// Errors or warnings about the input: all are counted, and as many are kept as anybody may want to read. A file of nothing
/// but mistakes has more of them than fit in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first ones, in the order of the input.
    kept: Vec<Problem>,
    /// All of them.
    count: usize,
}

impl Problems {
    /// How many are kept.
    pub const MOST: usize = 10_000;

    /// Adds a problem that stands behind these.
    pub fn push(&mut self, problem: Problem) {
        if self.kept.len() < Self::MOST {
            self.kept.push(problem);
        }
        self.count += 1;
    }

    /// Adds problems that stand behind these.
    pub fn add(&mut self, next: Self) {
        let room = Self::MOST - self.kept.len();
        self.kept.extend(next.kept.into_iter().take(room));
        self.count += next.count;
    }

    /// Where those are that are kept, to be moved.
    pub fn sources_mut(&mut self) -> impl Iterator<Item = &mut Source> {
        self.kept.iter_mut().map(|problem| &mut problem.source)
    }

    /// How many there are, those among them that are not kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Those that are kept; where some are not, a last one says how many more there are. `what` is `errors` or `warnings`.
    #[must_use]
    pub fn listed(&self, what: &str) -> Vec<Problem> {
        let mut listed = self.kept.clone();
        let more = self.count - listed.len();
        if let Some(last) = listed.last().filter(|_| more > 0) {
            let mut source = last.source.clone();
            (source.document, source.line, source.column) = (None, None, None);
            listed.push(Problem { source, message: format!("from here on there are {more} more {what}, not listed") });
        }
        listed
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        vec![problem].into()
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        let mut all = Self::default();
        all.extend(problems);
        all
    }
}
