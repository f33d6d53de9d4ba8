//! The arguments of `harden` that are about a cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::kube_args::KubeArgs;
use crate::cluster::{ListQuery, parse_timeout};

/// Which objects of a cluster are hardened, and how that goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "On a cluster")]
pub(super) struct LiveArgs {
    /// Violating workloads of all namespaces.
    #[arg(short = 'A', long)]
    pub(super) all_namespaces: bool,

    /// All violating workloads of the namespace, or those of the given types.
    #[arg(long)]
    pub(super) all: bool,

    /// Label selector: violating workloads that it matches.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,

    /// Answers to the questions, from a file that a dialogue wrote; nothing is asked but whether to apply.
    #[arg(long, value_name = "FILE")]
    pub(super) answers: Option<PathBuf>,

    /// Write the patches to a new file in place of applying them; of pods and jobs, their manifests.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output_dir", "yes"])]
    pub(super) patch_file: Option<PathBuf>,

    /// Make pods and jobs anew, which cannot be changed: delete and create them; asks first.
    #[arg(long)]
    pub(super) recreate: bool,

    /// Change also what Helm, Argo CD, Flux or an operator keeps, although they may put it back.
    #[arg(long)]
    pub(super) force_managed: bool,

    /// Do not wait for rollouts.
    #[arg(long)]
    pub(super) no_wait: bool,

    /// How long a rollout may take: seconds, or a duration such as 90s or 5m; 0 is no limit.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = limit)]
    pub(super) timeout: Limit,

    /// Roll back by itself what does not come up.
    #[arg(long, conflicts_with = "no_wait")]
    pub(super) rollback_on_failure: bool,

    /// Most objects that the server is asked for at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", default_value_t = ListQuery::CHUNK_SIZE)]
    pub(super) chunk_size: usize,

    /// Which cluster to ask.
    #[command(flatten)]
    pub(super) kube: KubeArgs,
}

/// A time limit, or none. (An `Option` would be an option of clap's.)
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(pub(super) Option<Duration>);

fn limit(text: &str) -> Result<Limit, String> {
    parse_timeout(text).map(Limit)
}

impl LiveArgs {
    /// Whether all that violates is meant, without a name.
    pub(super) fn selects(&self) -> bool {
        self.all_namespaces || self.all || self.selector.is_some()
    }

    /// Refuses what is about a cluster, where manifests are hardened.
    pub(super) fn refuse(&self, command: &'static str) -> Result<(), Failure> {
        let flags = [
            ("-A", self.all_namespaces),
            ("--all", self.all),
            ("-l", self.selector.is_some()),
            ("--answers", self.answers.is_some()),
            ("--patch-file", self.patch_file.is_some()),
            ("--recreate", self.recreate),
            ("--force-managed", self.force_managed),
            ("--no-wait", self.no_wait),
            ("--rollback-on-failure", self.rollback_on_failure),
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
