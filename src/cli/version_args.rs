//! The arguments of `version`.

use clap::{ArgAction, Args, ValueEnum};

use super::args::TEMPLATE;
use super::kube_args::KubeArgs;
use crate::render::VersionFormat;

/// Arguments of `version`.
#[derive(Debug, Args)]
#[command(
    about = "Print the version of this program, the versions of the Pod Security Standards that it knows, and what the \
             server of the cluster takes for latest.",
    before_help = "Examples:\n  \
        # Which versions are known here, and which does the server of the current context know?\n  \
        kubectl secctx version\n\n  \
        # Ask no server\n  \
        kubectl secctx version --client\n\n  \
        # As JSON, for a bug report\n  \
        kubectl secctx version --client -o json\n",
    after_help = "Exit codes: 0 all that was asked answered (or no cluster is configured), 2 wrong usage, or a server did \
                  not answer.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct VersionArgs {
    /// Ask no server.
    #[arg(long)]
    pub(super) client: bool,

    /// Output format: text, json, or yaml.
    #[arg(short = 'o', long, value_enum, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub(super) output: Output,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,

    #[command(flatten)]
    pub(super) kube: KubeArgs,
}

/// Values of `version -o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
    Yaml,
}

impl From<Output> for VersionFormat {
    fn from(output: Output) -> Self {
        match output {
            Output::Text => Self::Text,
            Output::Json => Self::Json,
            Output::Yaml => Self::Yaml,
        }
    }
}
