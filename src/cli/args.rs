//! The arguments.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, ValueEnum};

use super::Failure;
use super::completion::{CompletionArgs, Values};
use super::harden_args::HardenArgs;
use super::kube_args::KubeArgs;
use super::label_args::LabelArgs;
use super::streams::Color;
use super::version_args::VersionArgs;
use crate::cluster::ListQuery;
use crate::policy::{Level, Version};
use crate::render::Format;

/// Help as kubectl orders it: what it does, examples, options, and usage last.
pub(super) const TEMPLATE: &str = "{about-with-newline}\n{before-help}{all-args}{after-help}\n\nUsage:\n  {usage}\n";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-secctx",
    bin_name = "kubectl secctx",
    display_name = "kubectl secctx",
    version,
    about = "Get workloads to pass the Kubernetes Pod Security Standards without breaking them.",
    before_help = "Examples:\n  \
        # What would Pod Security admission say about these manifests?\n  \
        kubectl secctx check -f examples/\n\n  \
        # Plan the edits that make these manifests pass, and show them as a diff\n  \
        kubectl secctx harden -f examples/\n\n  \
        # Which level could each namespace of the cluster enforce today?\n  \
        kubectl secctx dry-run-label\n\n  \
        # What does a control mean, and what may break?\n  \
        kubectl secctx explain runAsNonRoot\n",
    help_template = TEMPLATE
)]
pub(super) struct App {
    #[command(subcommand)]
    pub(super) command: Option<Subcommand>,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    Check(CheckArgs),
    // Boxed: its many options would make every command's arguments large.
    Harden(Box<HardenArgs>),
    DryRunLabel(LabelArgs),
    Explain(ExplainArgs),
    Completion(CompletionArgs),
    Version(VersionArgs),
}

impl Subcommand {
    /// Which cluster to ask, of the commands that may ask one.
    pub(super) fn kube(&self) -> Option<&KubeArgs> {
        match self {
            Self::Check(args) => Some(&args.cluster.kube),
            Self::Explain(args) => Some(&args.cluster.kube),
            Self::DryRunLabel(args) => Some(&args.kube),
            Self::Harden(args) => Some(&args.live.kube),
            Self::Version(args) => Some(&args.kube),
            Self::Completion(_) => None,
        }
    }
}

/// Which manifests to read.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Files, folders, globs, http(s) addresses, or - for standard input; may be repeated or joined by commas.
    #[arg(short = 'f', long, value_name = "FILE", value_delimiter = ',', num_args = 1.., add = Values::Manifests)]
    pub(super) filename: Vec<String>,

    /// Read the folders in folders given with -f too.
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,

    /// Folder with a kustomization, built by kubectl's kustomize. Goes neither with -f nor with -R.
    #[arg(short = 'k', long, value_name = "DIR", conflicts_with_all = ["filename", "recursive"], add = Values::Folders)]
    pub(super) kustomize: Option<String>,
}

impl InputArgs {
    /// Whether manifests are named at all; else a cluster is meant.
    pub(super) fn are_given(&self) -> bool {
        !self.filename.is_empty() || self.kustomize.is_some()
    }
}

/// What to judge, and by what: the arguments that `check` and `explain` share.
#[derive(Debug, Args)]
pub(super) struct ManifestArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,

    /// baseline, restricted, or namespace: what the labels of each object's Namespace say [default: restricted,
    /// or namespace with --admission-config]
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub(super) level: Option<AskedLevel>,

    /// Version of the Pod Security Standards: v1.N, or latest: the newest that the server knows; of manifests, the newest
    /// one known here.
    #[arg(long = "version", value_name = "VERSION", default_value = "latest", add = Values::Versions)]
    pub(super) policy_version: Version,

    /// AdmissionConfiguration of the API server, or the PodSecurityConfiguration in it: default levels and exemptions.
    #[arg(long, value_name = "FILE", add = Values::Manifests)]
    pub(super) admission_config: Option<PathBuf>,

    /// Namespace in the cluster; of manifests, that of objects that name none (others are errors).
    #[arg(short = 'n', long, value_name = "NAMESPACE", add = Values::Namespaces)]
    pub(super) namespace: Option<String>,
}

impl ManifestArgs {
    /// Whether manifests are named at all; else a cluster is meant.
    pub(super) fn are_given(&self) -> bool {
        self.inputs.are_given()
    }
}

/// Which objects of which cluster: the arguments that `check` and `explain` share.
#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// All namespaces of the cluster.
    #[arg(short = 'A', long)]
    pub(super) all_namespaces: bool,

    /// Label selector: workloads and pods that it matches.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,

    /// Field selector: workloads with pods that it matches.
    #[arg(long, value_name = "SELECTOR")]
    pub(super) field_selector: Option<String>,

    /// Most objects that the server is asked for at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", default_value_t = ListQuery::CHUNK_SIZE)]
    pub(super) chunk_size: usize,

    /// Which cluster to ask.
    #[command(flatten)]
    pub(super) kube: KubeArgs,
}

impl ClusterArgs {
    /// Refuses the flags that choose objects of a cluster, where manifests are judged.
    pub(super) fn refuse(&self, command: &'static str) -> Result<(), Failure> {
        let flags = [
            ("-A", self.all_namespaces),
            ("-l", self.selector.is_some()),
            ("--field-selector", self.field_selector.is_some()),
        ];
        match flags.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => {
                let message = format!("{flag} is about a cluster and goes with neither -f nor -k");
                Err(Failure::Usage { message, command })
            }
            None => Ok(()),
        }
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    about = "Judge pods and pod templates in manifests or in a cluster exactly as the API server's Pod Security \
             admission would, and point at the field and line to change.",
    before_help = "Examples:\n  \
        # Judge a file, a folder, an address or standard input by restricted\n  \
        kubectl secctx check -f examples/good-deployment.yaml\n  \
        kubectl secctx check -R -f examples/\n  \
        cat examples/good-deployment.yaml | kubectl secctx check -f -\n\n  \
        # Judge what kustomize builds\n  \
        kubectl secctx check -k examples/kustomize/\n\n  \
        # Judge what is in the current namespace, or in all of them\n  \
        kubectl secctx check\n  \
        kubectl secctx check -A --level namespace\n\n  \
        # Judge single workloads, with all details\n  \
        kubectl secctx check deploy/web sts/db\n\n  \
        # Judge by baseline as of Kubernetes 1.34, and write JSON\n  \
        kubectl secctx check -f examples/ --level baseline --version v1.34 -o json\n\n  \
        # Judge each object by the Pod Security labels of its namespace's manifest\n  \
        kubectl secctx check -f examples/ --level namespace\n\n  \
        # Fail a pipeline on baseline violations only, and annotate the pull request\n  \
        kubectl secctx check -f examples/ --fail-on baseline -o github\n",
    after_help = "Exit codes: 0 all pass, 1 something does not, 2 wrong usage or something could not be read or judged.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct CheckArgs {
    /// Objects of the cluster: TYPE, TYPE NAME, TYPE/NAME; all workloads and pods where none is given.
    #[arg(value_name = "TYPE|TYPE/NAME", add = Values::Objects)]
    pub(super) rest: Vec<String>,

    #[command(flatten)]
    pub(super) manifests: ManifestArgs,

    /// Output format: table, wide, json, yaml, sarif, junit, github, markdown, name, or psa (the server's own sentences).
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, add = Values::Words(formats))]
    pub(super) output: Format,

    /// Print no results; the exit code tells.
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,

    /// Exit with 0 where it would be 1.
    #[arg(long)]
    pub(super) exit_zero: bool,

    /// Exit with 1 only for what does not meet this level, baseline or restricted, whatever level is judged by.
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub(super) fail_on: Option<FailLevel>,

    /// When to use colours: auto, always, or never.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(super) color: Color,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,

    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(
    about = "Say what a control of the Pod Security Standards or a field of a securityContext means, why it matters, \
             how to fix it and what may break. Messages of the API server can be pasted.",
    before_help = "Examples:\n  \
        # List the controls\n  \
        kubectl secctx explain\n\n  \
        # Explain a control by its ID, a field, or an everyday name\n  \
        kubectl secctx explain runAsNonRoot\n  \
        kubectl secctx explain spec.containers[*].securityContext.capabilities.add\n  \
        kubectl secctx explain host ports\n\n  \
        # Explain a field that the standards do not judge\n  \
        kubectl secctx explain readOnlyRootFilesystem\n\n  \
        # Walk through what is wrong with the objects of a manifest\n  \
        kubectl secctx explain -f examples/kuard-privileged.yaml\n\n  \
        # Walk through what is wrong with objects of a cluster\n  \
        kubectl secctx explain pod/debug deploy/web\n\n  \
        # Explain an error or a warning of the API server, or the output of kubectl get events\n  \
        cat examples/refusal.txt | kubectl secctx explain -\n",
    after_help = "Exit codes: 0 something was explained, 2 wrong usage, nothing was understood, or something could not \
                  be read.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct ExplainArgs {
    /// Control, field, everyday name, or objects of a cluster; several may be given. "-" reads messages of the API server from standard input.
    #[arg(value_name = "CHECK|FIELD|TYPE/NAME|-", add = Values::Topics)]
    pub(super) topics: Vec<String>,

    #[command(flatten)]
    pub(super) manifests: ManifestArgs,

    #[command(flatten)]
    pub(super) cluster: ClusterArgs,

    /// Output format: text or json.
    #[arg(short = 'o', long, value_enum, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(super) output: ExplainFormat,

    /// When to use colours: auto, always, or never.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(super) color: Color,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Values of `explain -o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExplainFormat {
    Text,
    Json,
}

/// Values of `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AskedLevel {
    /// Prevents known privilege escalations.
    Baseline,
    /// Follows current practice of hardening pods.
    Restricted,
    /// What the labels of each object's namespace say.
    Namespace,
}

/// Values of `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailLevel {
    Baseline,
    Restricted,
}

impl From<FailLevel> for Level {
    fn from(level: FailLevel) -> Self {
        match level {
            FailLevel::Baseline => Self::Baseline,
            FailLevel::Restricted => Self::Restricted,
        }
    }
}

fn formats() -> Vec<&'static str> {
    Format::ALL.into_iter().map(Format::as_str).collect()
}

/// The command line as clap knows it: for parsing, help, completion and manuals.
#[must_use]
pub fn command() -> clap::Command {
    App::command()
}
