//! What a run found out, as plain data: every renderer and every exit code is made from a [`Report`],
//! or from that of its command in [`apply`], [`harden`], [`label`], [`rollout`] or [`version`].

pub mod apply;
pub mod harden;
mod kept;
pub mod label;
pub mod patch;
pub mod rollout;
mod summary;
pub mod version;

pub use kept::{Kept, Opened};
pub use summary::{Basis, Problems, Summary};

use std::sync::Arc;

use crate::model::{FieldPath, Finding};
use crate::policy::{Level, Mode, Policy, Version};

/// By what the objects of a run were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// All by one level.
    Level(Level),
    /// Each by the labels of its namespace.
    Namespace,
}

impl Asked {
    /// `baseline`, `restricted` or `namespace`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Level(level) => level.as_str(),
            Self::Namespace => "namespace",
        }
    }
}

/// Everything a run has to say.
#[derive(Debug, Clone)]
pub struct Report {
    /// By what it was judged.
    pub asked: Asked,
    /// The version asked for; [`Version::minor`] tells whose rules were applied.
    pub version: Version,
    /// A verdict per pod template, in the order of the input.
    pub results: Vec<Verdict>,
    /// What could not be read or judged, in the order of the input. The rest was judged all the same.
    pub errors: Problems,
    /// What was read and judged but is probably not what its author meant, as a duplicate key.
    pub warnings: Problems,
    /// Documents that hold no pod template (empty ones not counted).
    pub without_template: usize,
    /// Pods of clusters that have ended and that no workload replaces: nobody judges them any more.
    pub ended: usize,
}

/// Where in the input something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, joined with what the walk of a folder adds; `-` for standard input.
    pub file: Arc<str>,
    /// Position of the document in the file, counted from 0, empty ones included; `None` where the whole file is meant.
    pub document: Option<usize>,
    /// Line, counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// Column in characters, counted from 1.
    pub column: Option<usize>,
    /// What `file` is the name of.
    pub origin: Origin,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// A text that a person wrote and can open: lines are the file's own.
    #[default]
    File,
    /// What a tool built from a folder: lines are those of its output, which no file holds.
    Built,
    /// An object in a cluster, which has no lines; `file` is then the name of the context, else of the cluster.
    Cluster(Arc<ClusterName>),
}

/// Which cluster something was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName {
    /// Name of the kubeconfig's context; empty where there is none.
    pub context: Arc<str>,
    /// Name of the kubeconfig's cluster, else the server's address.
    pub cluster: Arc<str>,
}

impl Source {
    /// Something in a cluster.
    #[must_use]
    pub fn cluster(cluster: Arc<ClusterName>) -> Self {
        let file = if cluster.context.is_empty() { &cluster.cluster } else { &cluster.context };
        let file = Arc::clone(file);
        Self { file, document: None, line: None, column: None, origin: Origin::Cluster(cluster) }
    }

    /// A whole file.
    #[must_use]
    pub fn file(file: Arc<str>) -> Self {
        Self { file, document: None, line: None, column: None, origin: Origin::File }
    }
}

/// An error or a warning about the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub source: Source,
    /// What is wrong, a sentence without a final full stop, with the object or field path where that is known.
    pub message: String,
}

/// What was decided about one pod template.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The object's document and first line.
    pub source: Source,
    /// As `apps/v1`.
    pub api_version: String,
    /// As `Deployment`.
    pub kind: String,
    /// The object's namespace, where it names one.
    pub namespace: Option<String>,
    /// The object's name, or its `generateName`; may be empty.
    pub name: String,
    /// Where in the object the pod template is; the root for a pod.
    pub template: FieldPath,
    /// Whether the kind is not one of Kubernetes' own and the template was found by its shape.
    pub custom: bool,
    /// The policy that it was judged by: of mode enforce where the namespace's labels decide.
    pub policy: Policy,
    /// Whether the labels of its namespace are known; always true where they do not decide.
    pub namespace_is_known: bool,
    /// Why admission would not look at it, if so; then there are no findings.
    pub exempt: Option<String>,
    /// Whether admission would let its pods in.
    pub allowed: bool,
    /// The strictest level that it meets at the policy's version.
    pub meets: Level,
    /// In the order of admission's messages.
    pub findings: Vec<PlacedFinding>,
    /// The server's own sentence: a pod's refusal or a template's warning; `None` when there is nothing to say.
    pub sentence: Option<String>,
    /// What the namespace's audit and warn policies say, where the labels decide and these modes find something.
    pub modes: Vec<ModeVerdict>,
    /// What runs of it, where it was read from a cluster.
    pub live: Option<Live>,
}

/// What is known of a workload in a cluster beyond its template.
#[derive(Debug, Clone)]
pub struct Live {
    /// How many pods it has that have not ended.
    pub pods: usize,
    /// Its pods, those with the same verdict together.
    pub groups: Vec<PodGroup>,
    /// Messages of events that say that its pods were refused.
    pub refusals: Vec<String>,
}

/// Pods of one workload that got the same verdict.
#[derive(Debug, Clone)]
pub struct PodGroup {
    /// Their names, sorted.
    pub pods: Vec<String>,
    /// Whether admission would let them in as they are, ephemeral containers left out.
    pub allowed: bool,
    /// The strictest level that they meet.
    pub meets: Level,
    /// Paths from the pods' top, ephemeral containers left out.
    pub findings: Vec<PlacedFinding>,
    /// Whether such a pod would be admitted when it has to be made again.
    pub comes_back: bool,
    /// Containers that they have and their workload's template has not: somebody's webhook put them in.
    pub injected: Vec<String>,
    /// Their ephemeral containers.
    pub ephemeral_containers: Vec<String>,
    /// What is found only because of those; they cannot be removed, and are gone when the pod is.
    pub ephemeral: Vec<PlacedFinding>,
}

/// A finding, paths from the object's top, with the place of each violation.
#[derive(Debug, Clone)]
pub struct PlacedFinding {
    /// The finding.
    pub finding: Finding,
    /// One per violation, in the same order.
    pub places: Vec<Place>,
}

/// A spot in a source text that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// How many characters from the column on are meant; at least 1, never past the line.
    pub width: usize,
    /// The field itself is there; else this is the closest place that is, where it belongs.
    pub exact: bool,
    /// The whole line without its line break, at most a few hundred characters of it around the column.
    pub text: Arc<str>,
    /// How many characters of the line were left out before `text`.
    pub cut: usize,
}

/// What a mode other than enforce says about a template.
#[derive(Debug, Clone)]
pub struct ModeVerdict {
    /// Audit or warn.
    pub mode: Mode,
    /// That mode's policy.
    pub policy: Policy,
    /// Never empty.
    pub findings: Vec<PlacedFinding>,
}

impl Report {
    /// A report that has nothing to say yet.
    #[must_use]
    pub fn new(asked: Asked, version: Version) -> Self {
        let (errors, warnings) = (Problems::default(), Problems::default());
        Self { asked, version, results: Vec::new(), errors, warnings, without_template: 0, ended: 0 }
    }

    /// How many templates do not meet what was asked.
    #[must_use]
    pub fn violating(&self) -> usize {
        self.results.iter().filter(|verdict| !verdict.allowed).count()
    }

    /// By what it was judged.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis { asked: self.asked, version: self.version }
    }

    /// Adds what comes next in the order of the input.
    pub fn add(&mut self, next: Self) {
        self.results.extend(next.results);
        self.errors.add(next.errors);
        self.warnings.add(next.warnings);
        self.without_template += next.without_template;
        self.ended += next.ended;
    }
}

impl Verdict {
    /// `deployment/web`, as kubectl writes it; a custom kind in lower case alike.
    #[must_use]
    pub fn short_name(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    /// The policy with its version as a number: `restricted:v1.37` where `latest` was asked.
    #[must_use]
    pub fn policy_text(&self) -> String {
        format!("{}:v1.{}", self.policy.level, self.policy.version.minor())
    }
}
