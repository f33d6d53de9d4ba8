//! What labels of namespaces would break: asked of the server and judged here, before anyone is broken.
//!
//! Every pod and template of the namespaces is read once and judged by as many policies as the question needs. Where
//! labels were asked for, the server is asked about the same change too, and where its answer differs from our verdict,
//! that is told.

mod apply;
mod compare;
mod judge;
mod notices;
mod plan;
mod rows;
mod select;
mod server;
mod system;

use std::collections::BTreeMap;

pub use apply::{Intent, apply, intents};
pub use select::Selection;

use crate::cluster::{Cluster, ErrorKind};
use crate::live::{Ask, Branch, NamespaceObject, Progress, cluster_name, read};
use crate::policy::{AdmissionConfig, Level, Mode, NamespacePolicy, Policy, Version};
use crate::report::label::{LabelReport, NamespaceRow, Question};
use crate::report::{Problem, Source};

use judge::Judge;
use rows::Rows;

/// What to find out.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which namespaces.
    pub namespaces: Selection,
    /// Which labels to try; where there are none, which levels there could be.
    pub wanted: Wanted,
    /// The version of the server to look forward to, in place of labels: `v1.to`, from `v1.from` where that is not the
    /// server's own.
    pub upgrade: Option<Upgrade>,
    /// Whether to make a plan for each namespace.
    pub recommend: bool,
    /// The admission plugin's configuration.
    pub admission: AdmissionConfig,
    /// [`AdmissionConfig::default_policy`] of `admission`.
    pub defaults: NamespacePolicy,
    /// The most objects in one answer; 0 is no limit.
    pub chunk_size: usize,
}

/// An upgrade of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upgrade {
    /// The minor version now; `None` for the server's own.
    pub from: Option<u16>,
    /// The minor version then.
    pub to: u16,
}

/// Labels to set: a level for some modes, with a version where that was given too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted(pub BTreeMap<Mode, (Level, Option<Version>)>);

impl Wanted {
    /// The labels.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (mode, (level, version)) in &self.0 {
            labels.insert(mode.level_label(), level.to_string());
            if let Some(version) = version {
                labels.insert(mode.version_label(), version.to_string());
            }
        }
        labels
    }
}

/// What was found, and what is needed to write labels afterwards.
pub struct Survey {
    /// What was found.
    pub report: LabelReport,
    /// The namespaces as they were read, in the order of the report.
    namespaces: Vec<NamespaceObject>,
}

/// Finds out what was asked.
///
/// # Errors
///
/// Why nothing can be found out at all, a sentence. What could not be had of single namespaces or types is an error of
/// the report.
pub fn survey(cluster: &Cluster, request: &Request, progress: Progress<'_>) -> Result<Survey, String> {
    let minor = cluster.server_version().map_err(|error| error.to_string())?.minor;
    let server = minor.min(Version::NEWEST);
    let mut notes = Notes::new(cluster);
    if minor > server {
        notes.warning(format!(
            "the server is v1.{minor}, newer than v1.{server}, the newest version known here: latest is judged as that one"
        ));
    }
    let question = question(request, server, &mut notes);
    let selected = select::select(cluster, request, &mut notes)?;
    let mut survey = Survey {
        report: LabelReport { server, question, namespaces: vec![], errors: vec![], warnings: vec![] },
        namespaces: selected.namespaces,
    };
    if !survey.namespaces.is_empty() {
        let ask = Ask { namespaces: selected.only, chunk_size: request.chunk_size, ..Ask::default() };
        survey.judge(cluster, request, &ask, progress, &mut notes)?;
    }
    (survey.report.errors, survey.report.warnings) = (notes.errors, notes.warnings);
    Ok(survey)
}

impl Survey {
    fn judge(
        &mut self,
        cluster: &Cluster,
        request: &Request,
        ask: &Ask,
        progress: Progress<'_>,
        notes: &mut Notes,
    ) -> Result<(), String> {
        let mut holdings = read(cluster, ask, progress)?;
        notes.errors.append(&mut holdings.errors);
        notes.warnings.append(&mut holdings.warnings);
        let mut branches: BTreeMap<String, Vec<Branch>> = BTreeMap::new();
        for branch in holdings.objects.branches() {
            branches.entry(branch.key.namespace.clone()).or_default().push(branch);
        }
        let judge = Judge::new(&holdings.objects, &request.admission);
        let rows = Rows { judge: &judge, request, question: &self.report.question, server: self.report.server };
        let none = Vec::new();
        let of = |name: &str| branches.get(name).unwrap_or(&none).as_slice();
        let all: Vec<_> = self
            .namespaces
            .iter()
            .map(|one| rows.row(one, of(&one.metadata.name), holdings.unread(&one.metadata.name)))
            .collect();
        self.report.namespaces = all;
        notes.tell_of_unread(&self.report.namespaces);
        if self.report.question == Question::Labels {
            let asked = server::ask(cluster, request, &self.namespaces, &self.report.namespaces);
            for ((row, namespace), answer) in self.report.namespaces.iter_mut().zip(&self.namespaces).zip(asked) {
                let branches = of(&namespace.metadata.name);
                server::Answered { rows: &rows, namespace, branches }.add(row, answer, notes);
            }
            notes.tell_of_forbidden();
        }
        if request.recommend {
            for (row, namespace) in self.report.namespaces.iter_mut().zip(&self.namespaces) {
                row.plan = plan::plan(row, &namespace.metadata.labels, request.defaults, self.report.server);
            }
        }
        Ok(())
    }
}

/// What to tell beside the rows.
struct Notes {
    source: Source,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Namespaces that may not be changed, and the server's sentence about the first.
    forbidden: Vec<String>,
}

impl Notes {
    fn new(cluster: &Cluster) -> Self {
        let source = Source::cluster(cluster_name(cluster));
        Self { source, errors: Vec::new(), warnings: Vec::new(), forbidden: Vec::new() }
    }

    fn error(&mut self, message: impl Into<String>) {
        self.errors.push(Problem { source: self.source.clone(), message: message.into() });
    }

    fn error_once(&mut self, message: &str) {
        if self.errors.iter().all(|error| error.message != message) {
            self.error(message);
        }
    }

    fn warning(&mut self, message: impl Into<String>) {
        self.warnings.push(Problem { source: self.source.clone(), message: message.into() });
    }

    /// One line for all namespaces of which something is not known.
    fn tell_of_unread(&mut self, rows: &[NamespaceRow]) {
        let unread = rows.iter().filter(|row| !row.unread.is_empty());
        let names: Vec<String> = unread.map(|row| row.name.clone()).collect();
        if !names.is_empty() {
            let names = judge::some(names, 10);
            self.warning(format!(
                "not everything could be read in these namespaces, so more may break there than is told: {names}"
            ));
        }
    }

    /// One line for all namespaces: who may not change one may mostly change none.
    fn tell_of_forbidden(&mut self) {
        if !self.forbidden.is_empty() {
            let names = judge::some(std::mem::take(&mut self.forbidden), 10);
            self.warning(format!(
                "you may not change these namespaces, so the server was not asked and this is our own verdict alone: {names}"
            ));
        }
    }
}

fn question(request: &Request, server: u16, notes: &mut Notes) -> Question {
    let mut known = |asked: u16, flag: &str| {
        if asked > Version::NEWEST {
            let newest = Version::Minor(Version::NEWEST);
            notes.warning(format!(
                "{flag}: v1.{asked} is newer than {newest}, the newest version known here: judged as {newest}"
            ));
        }
        asked.min(Version::NEWEST)
    };
    match request.upgrade {
        Some(upgrade) => Question::Upgrade {
            from: upgrade.from.map_or(server, |from| known(from, "--from")),
            to: known(upgrade.to, "--upgrade-to"),
        },
        None if request.wanted.0.is_empty() => Question::Matrix,
        None => {
            for (level, version) in request.wanted.0.values() {
                if let Some(version @ Version::Minor(minor)) = version
                    && *minor > server
                {
                    let asked = Policy { level: *level, version: *version };
                    notes.warning(format!("the server does not know {asked} yet: it takes it for v1.{server}"));
                }
            }
            Question::Labels
        }
    }
}

/// Whether a refusal means that the user may not, and not that something on the way does not want to.
fn is_forbidden(error: &crate::cluster::ClusterError) -> bool {
    error.kind() == ErrorKind::Forbidden && error.to_string().contains("cannot patch resource")
}
