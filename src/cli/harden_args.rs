//! The arguments of `harden`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::args::{InputArgs, TEMPLATE};
use super::completion::Values;
use super::harden_live_args::LiveArgs;
use super::streams::Color;
use crate::model::VolumeChoice;
use crate::policy::{Level, Version};
use crate::render::HardenFormat;

/// Arguments of `harden`.
#[derive(Debug, Args)]
#[command(
    about = "Plan the smallest edits that make pods and pod templates meet a level of the Pod Security Standards, show them \
             with what they may break, and prove the result by judging it again. Comments and formatting of files stay.",
    before_help = "Examples:\n  \
        # Plan: what would change, what may break, and what is left to do\n  \
        kubectl secctx harden -f examples/kuard-privileged.yaml\n\n  \
        # Edit the files, after a look at the diff and a question\n  \
        kubectl secctx harden -f examples/good-deployment.yaml --write\n\n  \
        # Make only the edits that are safe, and apply the result without touching a file\n  \
        kubectl secctx harden -f examples/kuard-privileged.yaml --safe-only -o yaml | kubectl apply -f -\n\n  \
        # A diff for a review, a patch for kubectl, a snippet for an overlay\n  \
        kubectl secctx harden -f examples/ -o diff | patch -p0\n  \
        kubectl secctx harden -f examples/kuard-privileged.yaml -o patch\n  \
        kubectl secctx harden -k examples/kustomize/ -o kustomize\n\n  \
        # Say what a manifest cannot tell: the user of the image, what to put in the place of a volume\n  \
        kubectl secctx harden -f examples/ --run-as-user 1000 --volume host=emptyDir\n\n  \
        # Reach baseline, and leave one control alone\n  \
        kubectl secctx harden -f examples/ --level baseline --skip hostPorts\n\n  \
        # On a cluster: questions about what is risky, the plan, and what to do with it\n  \
        kubectl secctx harden deployment/web -n shop\n  \
        kubectl secctx harden pod web-6d4cf56db6-abcde\n\n  \
        # All that violates in a namespace, without questions; what does not come up is rolled back\n  \
        kubectl secctx harden -n shop --all --yes --rollback-on-failure\n",
    after_help = "On a cluster: on a terminal, what is risky is asked about, and nothing is changed before you say so. Where no \
                  terminal is, the plan is printed; with --yes it is carried out. What Helm, Argo CD, Flux or an operator \
                  keeps is left alone then, unless --force-managed is given.\n\n\
                  Exit codes: 0 all reach the level, 1 something does not, could not be edited or did not come up, 2 wrong \
                  usage or something could not be read or written, 130 cancelled.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct HardenArgs {
    #[command(flatten)]
    pub(super) inputs: InputArgs,

    /// Namespace of the objects; of manifests, that of those that name none: others are errors.
    #[arg(short = 'n', long, value_name = "NAMESPACE", add = Values::Namespaces)]
    pub(super) namespace: Option<String>,

    /// Level to reach: baseline or restricted, which it is where nothing is said.
    #[arg(long, value_enum, value_name = "LEVEL", hide_possible_values = true)]
    pub(super) level: Option<WantedLevel>,

    /// Version of the Pod Security Standards: v1.N, or latest: the newest one known here, and to the server.
    #[arg(long = "version", value_name = "VERSION", default_value = "latest", add = Values::Versions)]
    pub(super) policy_version: Version,

    /// Output format: text, diff, yaml (the edited files or objects), json (the edited objects), patch (strategic merge),
    /// json-patch, kustomize, plan (the text without the diff), or plan-json. On a cluster, any other than text only prints.
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "text", hide_possible_values = true, add = Values::Words(formats))]
    pub(super) output: HardenFormat,

    /// Replace the files by the edited ones; asks first.
    #[arg(short = 'w', long, conflicts_with = "output_dir")]
    pub(super) write: bool,

    /// Folder to write edited copies of all files to, by their own names; on a cluster, a patch for each object; with
    /// -o kustomize, a component with the patches. Files that are there already are never overwritten.
    #[arg(long, value_name = "DIR", add = Values::Folders)]
    pub(super) output_dir: Option<PathBuf>,

    /// Do not ask; where no terminal is, needed to write files (--write) or to change objects of a cluster.
    #[arg(short = 'y', long)]
    pub(super) yes: bool,

    /// Print no results; the exit code tells.
    #[arg(short = 'q', long)]
    pub(super) quiet: bool,

    /// Exit with 0 where it would be 1.
    #[arg(long)]
    pub(super) exit_zero: bool,

    /// When to use colours: auto, always, or never.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub(super) color: Color,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,

    // Last, since their headings are those of all options behind them.
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,

    #[command(flatten)]
    pub(super) live: LiveArgs,

    /// What to harden on a cluster: TYPE NAME, or TYPE/NAME; a pod stands for the workload that makes it. With a TYPE alone,
    /// or nothing, a list to choose from.
    #[arg(value_name = "TYPE/NAME", add = Values::Objects)]
    pub(super) rest: Vec<String>,
}

/// What is wished for beyond reaching the level.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "What to change")]
pub(super) struct ChoiceArgs {
    /// Fix only these controls, by ID or everyday name; may be repeated or joined by commas.
    #[arg(long, value_name = "CHECK", value_delimiter = ',', add = Values::Checks)]
    pub(super) only: Vec<String>,

    /// Leave these controls alone.
    #[arg(long, value_name = "CHECK", value_delimiter = ',', add = Values::Checks)]
    pub(super) skip: Vec<String>,

    /// Make only edits that are safe; others are told as left.
    #[arg(long)]
    pub(super) safe_only: bool,

    /// User ID that containers run as.
    #[arg(long, value_name = "UID", value_parser = id)]
    pub(super) run_as_user: Option<i64>,

    /// Group ID that containers run as.
    #[arg(long, value_name = "GID", value_parser = id)]
    pub(super) run_as_group: Option<i64>,

    /// Group that owns the pod's volumes.
    #[arg(long, value_name = "GID", value_parser = id)]
    pub(super) fs_group: Option<i64>,

    /// Capability that containers keep where the level allows it, as NET_BIND_SERVICE.
    #[arg(long, value_name = "CAPABILITY", value_delimiter = ',')]
    pub(super) keep_capability: Vec<String>,

    /// Make root file systems read-only; no level asks for it.
    #[arg(long)]
    pub(super) read_only_root_filesystem: bool,

    /// Path that stays writable then, by an emptyDir; /tmp where none is given.
    #[arg(long, value_name = "PATH", value_delimiter = ',', value_parser = absolute, requires = "read_only_root_filesystem")]
    pub(super) writable: Vec<String>,

    /// Do not mount the service account's token.
    #[arg(long)]
    pub(super) no_service_account_token: bool,

    /// What to put in the place of a volume that the level forbids: NAME=emptyDir, claim:CLAIM, configMap:CONFIGMAP, or
    /// remove.
    #[arg(long, value_name = "NAME=SOURCE", value_parser = volume)]
    pub(super) volume: Vec<(String, VolumeChoice)>,

    /// Give pods a user namespace (hostUsers: false), for images that need root; from v1.35 on.
    #[arg(long)]
    pub(super) user_namespace: bool,

    /// Take pods with a Windows node selector for Windows pods.
    #[arg(long)]
    pub(super) windows: bool,
}

/// Values of `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WantedLevel {
    Baseline,
    Restricted,
}

impl HardenArgs {
    /// The level to reach.
    pub(super) fn wanted_level(&self) -> WantedLevel {
        self.level.unwrap_or(WantedLevel::Restricted)
    }
}

impl From<WantedLevel> for Level {
    fn from(level: WantedLevel) -> Self {
        match level {
            WantedLevel::Baseline => Self::Baseline,
            WantedLevel::Restricted => Self::Restricted,
        }
    }
}

/// User and group IDs as the API takes them.
fn id(text: &str) -> Result<i64, String> {
    let largest = i64::from(i32::MAX);
    let id = text.parse().ok().filter(|id| (0..=largest).contains(id));
    id.ok_or_else(|| format!("must be a number from 0 to {largest}"))
}

/// A path that something can be mounted at: the API server takes no colon in it.
pub(super) fn absolute(path: &str) -> Result<String, String> {
    let why = if !path.starts_with('/') {
        "must begin with a slash"
    } else if path.split('/').all(|part| part.is_empty() || part == ".") {
        "the root itself cannot be mounted over"
    } else if path.contains(':') || path.split('/').any(|part| part == "..") {
        "must hold neither a colon nor \"..\""
    } else {
        return Ok(path.to_owned());
    };
    Err(why.to_owned())
}

pub(super) fn volume(text: &str) -> Result<(String, VolumeChoice), String> {
    const WRONG: &str = "must be NAME=emptyDir, NAME=claim:CLAIM, NAME=configMap:CONFIGMAP or NAME=remove";
    let (name, source) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(WRONG)?;
    let choice = match source.split_once(':') {
        None if source.eq_ignore_ascii_case("emptyDir") => VolumeChoice::EmptyDir,
        None if source == "remove" => VolumeChoice::Remove,
        Some(("claim" | "persistentVolumeClaim", claim)) if !claim.is_empty() => VolumeChoice::Claim(claim.to_owned()),
        Some(("configMap", map)) if !map.is_empty() => VolumeChoice::ConfigMap(map.to_owned()),
        _ => return Err(WRONG.to_owned()),
    };
    Ok((name.to_owned(), choice))
}

fn formats() -> Vec<&'static str> {
    HardenFormat::ALL.into_iter().map(HardenFormat::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_the_api_takes() {
        assert_eq!((id("0"), id("2147483647")), (Ok(0), Ok(2_147_483_647)));
        for wrong in ["x", "", "-1", "2147483648", "99999999999999999999", "1.5", "0x10"] {
            assert_eq!(id(wrong), Err("must be a number from 0 to 2147483647".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn writable_paths_are_such_that_can_be_mounted_at() {
        assert_eq!(absolute("/var/cache"), Ok("/var/cache".to_owned()));
        for (wrong, why) in [("tmp", "slash"), ("", "slash"), ("/", "root"), ("//.", "root"), ("/a:b", "colon")] {
            assert!(absolute(wrong).is_err_and(|error| error.contains(why)), "{wrong}");
        }
        assert!(absolute("/data/../tmp").is_err());
        assert!(absolute("/data/..tmp").is_ok());
    }

    #[test]
    fn volumes_are_named_with_what_takes_their_place() {
        let of = |text: &str| volume(text).map(|(_, choice)| choice);
        assert_eq!(of("a=emptyDir"), Ok(VolumeChoice::EmptyDir));
        assert_eq!(of("a=claim:data"), Ok(VolumeChoice::Claim("data".to_owned())));
        assert_eq!(of("a=configMap:conf"), Ok(VolumeChoice::ConfigMap("conf".to_owned())));
        assert_eq!(of("a=remove"), Ok(VolumeChoice::Remove));
        for wrong in ["a", "=emptyDir", "a=", "a=claim", "a=claim:", "a=secret:x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
