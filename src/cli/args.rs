//! The arguments.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, ValueEnum};

use super::kube_args::KubeArgs;
use super::streams::Color;
use crate::cluster::ListQuery;
use crate::policy::{Level, Version};
use crate::render::Format;

/// Help as kubectl orders it: what it does, examples, options, and usage last.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{all-args}{after-help}\n\nUsage:\n  {usage}\n";

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
        kubectl secctx check -f examples/\n",
    help_template = TEMPLATE
)]
pub(super) struct App {
    #[command(subcommand)]
    pub(super) command: Option<Subcommand>,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    Check(CheckArgs),
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
    /// File, folder, glob, http(s) address, or - for standard input; may be repeated or joined by commas.
    #[arg(short = 'f', long, value_name = "FILE", value_delimiter = ',')]
    pub(super) filename: Vec<String>,

    /// Read the folders in folders given with -f too.
    #[arg(short = 'R', long)]
    pub(super) recursive: bool,

    /// Folder with a kustomization, built by kubectl's kustomize. Goes neither with -f nor with -R.
    #[arg(short = 'k', long, value_name = "DIR", conflicts_with_all = ["filename", "recursive"])]
    pub(super) kustomize: Option<String>,

    /// baseline, restricted, or namespace: what the labels of each object's Namespace say [default: restricted,
    /// or namespace with --admission-config]
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub(super) level: Option<AskedLevel>,

    /// Version of the Pod Security Standards: v1.N, or latest: the newest that the server knows; of manifests, the newest one known.
    #[arg(long = "version", value_name = "VERSION", default_value = "latest")]
    pub(super) policy_version: Version,

    /// AdmissionConfiguration of the API server, or the PodSecurityConfiguration in it: default levels and exemptions.
    #[arg(long, value_name = "FILE")]
    pub(super) admission_config: Option<PathBuf>,

    /// Namespace in the cluster; of manifests, that of objects that name none (others are errors).
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    pub(super) namespace: Option<String>,

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

    /// Output format: table, wide, json, yaml, sarif, junit, github, markdown, name, or psa (the server's own sentences).
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "table", hide_possible_values = true)]
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

    /// Which cluster to ask.
    #[command(flatten)]
    pub(super) kube: KubeArgs,

    /// Objects of the cluster: TYPE, TYPE NAME, TYPE/NAME; all workloads and pods where none is given.
    #[arg(value_name = "TYPE|TYPE/NAME")]
    pub(super) rest: Vec<String>,
}

/// Values of `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AskedLevel {
    Baseline,
    Restricted,
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

/// The command line as clap knows it: for parsing, help, completion and manuals.
#[must_use]
pub fn command() -> clap::Command {
    App::command()
}
