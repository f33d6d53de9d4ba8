//! The arguments of `dry-run-label`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::args::TEMPLATE;
use super::completion::Values;
use super::kube_args::KubeArgs;
use super::streams::Color;
use crate::cluster::ListQuery;
use crate::policy::{Level, Version};
use crate::render::LabelFormat;

/// Arguments of `dry-run-label`.
#[derive(Debug, Args)]
#[command(
    about = "Show what labelling namespaces would break, before anyone is broken: every pod and every workload, judged \
             here and asked of the server.",
    before_help = "Examples:\n  \
        # Which level could each namespace enforce today?\n  \
        kubectl secctx dry-run-label\n\n  \
        # What would break in a namespace that enforces baseline and warns of restricted?\n  \
        kubectl secctx dry-run-label shop --enforce baseline --warn restricted\n\n  \
        # The same for all namespaces of a team, as of Kubernetes 1.34, with every field\n  \
        kubectl secctx dry-run-label -l team=shop --enforce restricted:v1.34 -o wide\n\n  \
        # Plan the way to restricted, and print the commands\n  \
        kubectl secctx dry-run-label --all --recommend\n  \
        kubectl secctx dry-run-label --all --recommend -o kubectl\n\n  \
        # Label the namespaces where nothing breaks, after a question\n  \
        kubectl secctx dry-run-label --all --enforce baseline --apply\n\n  \
        # What does the next version of Kubernetes newly refuse?\n  \
        kubectl secctx dry-run-label --upgrade-to v1.37\n",
    after_help = "Nothing is changed without --apply. Without a level, and without --upgrade-to, all namespaces are \
                  listed with the levels that they could enforce.\n\n\
                  Exit codes: 0 nothing would break, or nothing was asked to change, 1 something would break, 2 wrong \
                  usage, or something could not be read, judged or written, 130 cancelled.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct LabelArgs {
    /// Namespaces; where nothing is to be changed, all that may be listed if none is named.
    #[arg(value_name = "NAMESPACE", conflicts_with_all = ["all", "selector"], add = Values::Namespaces)]
    pub(super) names: Vec<String>,

    /// All namespaces.
    #[arg(short = 'A', long, visible_alias = "all-namespaces", conflicts_with = "selector")]
    pub(super) all: bool,

    /// Label selector: namespaces that it matches.
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,

    /// One more namespace.
    #[arg(short = 'n', long, value_name = "NAMESPACE", conflicts_with_all = ["all", "selector"], add = Values::Namespaces)]
    pub(super) namespace: Option<String>,

    /// Level that pods would have to meet: privileged, baseline, restricted, with a version as baseline:v1.36 if wanted.
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = level, add = Values::Policies)]
    pub(super) enforce: Option<Wish>,

    /// Level that clients would be warned of.
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = level, add = Values::Policies)]
    pub(super) warn: Option<Wish>,

    /// Level that the audit log would note.
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = level, add = Values::Policies)]
    pub(super) audit: Option<Wish>,

    /// Version of the levels that have none of their own: v1.N or latest. Without any, no version label is set.
    #[arg(long = "version", value_name = "VERSION", add = Values::Versions)]
    pub(super) policy_version: Option<Version>,

    /// Plan the way to restricted for each namespace, by what is safe today.
    #[arg(long, conflicts_with_all = ["enforce", "warn", "audit", "upgrade_to"])]
    pub(super) recommend: bool,

    /// Write the labels where nothing breaks, after a question; of a plan, its first step.
    #[arg(long, conflicts_with = "upgrade_to")]
    pub(super) apply: bool,

    /// Write without a question.
    #[arg(short = 'y', long, requires = "apply")]
    pub(super) yes: bool,

    /// Write the labels where something breaks too.
    #[arg(long, requires = "apply")]
    pub(super) allow_violations: bool,

    /// Tell what another version of Kubernetes newly refuses and newly admits: v1.N.
    #[arg(long, value_name = "VERSION", value_parser = minor, conflicts_with_all = ["enforce", "warn", "audit"], add = Values::Versions)]
    pub(super) upgrade_to: Option<u16>,

    /// The version before the upgrade [default: the server's].
    #[arg(long, value_name = "VERSION", value_parser = minor, requires = "upgrade_to", add = Values::Versions)]
    pub(super) from: Option<u16>,

    /// AdmissionConfiguration of the API server, or the PodSecurityConfiguration in it: default levels and exemptions.
    #[arg(long, value_name = "FILE", add = Values::Manifests)]
    pub(super) admission_config: Option<PathBuf>,

    /// Output format: table, wide, json, yaml, kubectl (the commands), manifest (Namespace documents), or markdown.
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, add = Values::Words(formats))]
    pub(super) output: LabelFormat,

    /// Print no results; the exit code tells.
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,

    /// Exit with 0 where it would be 1.
    #[arg(long)]
    pub(super) exit_zero: bool,

    /// When to use colours: auto, always, or never.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(super) color: Color,

    /// Most objects that the server is asked for at once; 0 is no limit.
    #[arg(long, value_name = "COUNT", default_value_t = ListQuery::CHUNK_SIZE)]
    pub(super) chunk_size: usize,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,

    /// Which cluster to ask.
    #[command(flatten)]
    pub(super) kube: KubeArgs,
}

/// A level for a mode, with its version where one was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) level: Level,
    pub(super) version: Option<Version>,
}

fn level(text: &str) -> Result<Wish, String> {
    match text.split_once(':') {
        Some((level, version)) => Ok(Wish { level: level.parse()?, version: Some(version.parse()?) }),
        None => Ok(Wish { level: text.parse()?, version: None }),
    }
}

fn minor(text: &str) -> Result<u16, String> {
    match text.parse()? {
        Version::Minor(minor) => Ok(minor),
        Version::Latest => Err("must be a version as \"v1.37\"".to_owned()),
    }
}

fn formats() -> Vec<&'static str> {
    LabelFormat::ALL.into_iter().map(LabelFormat::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_with_and_without_versions() {
        assert_eq!(level("baseline").unwrap(), Wish { level: Level::Baseline, version: None });
        let pinned = Wish { level: Level::Restricted, version: Some(Version::Minor(36)) };
        assert_eq!(level("restricted:v1.36").unwrap(), pinned);
        for wrong in ["Baseline", "baseline:", "baseline:1.36", ":v1.36", "", "restricted:v1.36:x"] {
            assert!(level(wrong).is_err(), "{wrong}");
        }
        assert_eq!(minor("v1.37"), Ok(37));
        assert!(minor("latest").is_err() && minor("1.37").is_err());
    }
}
