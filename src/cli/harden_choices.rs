//! From the arguments of `harden` to what it is to do, and back to arguments for the next command.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::Failure;
use super::check::input_flags;
use super::harden::COMMAND;
use super::harden_args::{ChoiceArgs, HardenArgs, WantedLevel};
use crate::explain::{lookup, similar};
use crate::harden::Job;
use crate::model::{Choices, VolumeChoice};
use crate::policy::{Policy, Version};
use crate::render::shell_word;

/// What is to be done.
pub(super) fn job(args: &HardenArgs) -> Result<Job, Failure> {
    let policy = Policy { level: args.wanted_level().into(), version: args.policy_version };
    let is_root = args.choices.run_as_user == Some(0) && !args.choices.user_namespace;
    if is_root && args.wanted_level() == WantedLevel::Restricted {
        let message = "--run-as-user 0 is root, which restricted does not allow: give another user, or leave it out and \
                       give --user-namespace for images that need root";
        return Err(Failure::Usage { message: message.to_owned(), command: COMMAND });
    }
    Ok(Job { policy, choices: choices(&args.choices)?, namespace: args.namespace.clone() })
}

/// The choices that arguments make.
pub(super) fn choices(args: &ChoiceArgs) -> Result<Choices, Failure> {
    Ok(Choices {
        only: checks("--only", &args.only)?,
        skip: checks("--skip", &args.skip)?,
        safe_only: args.safe_only,
        run_as_user: args.run_as_user,
        run_as_group: args.run_as_group,
        fs_group: args.fs_group,
        keep_capabilities: args.keep_capability.iter().map(|name| capability(name)).collect(),
        read_only_root_filesystem: args.read_only_root_filesystem,
        writable: writable(args),
        no_service_account_token: args.no_service_account_token,
        volumes: args.volume.iter().cloned().collect(),
        user_namespace: args.user_namespace,
        windows: args.windows.then_some(true),
        user_ids_are_assigned: false,
    })
}

/// As manifests have it: in capitals, without the kernel's prefix.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

fn writable(args: &ChoiceArgs) -> Vec<String> {
    if args.read_only_root_filesystem && args.writable.is_empty() {
        return vec!["/tmp".to_owned()];
    }
    args.writable.clone()
}

/// The IDs of controls by their IDs, fields or everyday names.
fn checks(flag: &str, names: &[String]) -> Result<BTreeSet<&'static str>, Failure> {
    let mut ids = BTreeSet::new();
    for name in names {
        let found = lookup(name).map(|answer| answer.checks).unwrap_or_default();
        if found.is_empty() {
            let alike: Vec<_> = similar(name).iter().map(|known| format!("{known:?}")).collect();
            let hint = if alike.is_empty() { String::new() } else { format!(", did you mean {}?", alike.join(" or ")) };
            let message = format!("{flag}: no control is called {name:?}{hint} (kubectl secctx explain lists them)");
            return Err(Failure::Usage { message, command: COMMAND });
        }
        ids.extend(found.iter().map(|check| check.id));
    }
    Ok(ids)
}

/// The flags that were given, but those about output.
pub(super) fn flags(args: &HardenArgs) -> String {
    let mut flags = input_flags(&args.inputs);
    flags.push_str(&level_flags(args.level, args.policy_version));
    if let Some(namespace) = &args.namespace {
        flags.push_str(&format!(" -n {}", shell_word(namespace)));
    }
    flags + &choice_flags(&args.choices)
}

/// The flags of a policy, where it is not what is reached without any.
pub(super) fn level_flags(level: Option<WantedLevel>, version: Version) -> String {
    let level = level.filter(|level| *level != WantedLevel::Restricted).and_then(|level| level.to_possible_value());
    let mut flags = level.map_or_else(String::new, |level| format!(" --level {}", level.get_name()));
    if version != Version::Latest {
        flags.push_str(&format!(" --version {version}"));
    }
    flags
}

/// The flags of choices.
pub(super) fn choice_flags(choices: &ChoiceArgs) -> String {
    let mut flags = String::new();
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            flags.push_str(&format!(" {flag} {}", shell_word(&value)));
        }
    };
    let ChoiceArgs { only, skip, keep_capability, writable, .. } = choices;
    for (flag, list) in
        [("--only", only), ("--skip", skip), ("--keep-capability", keep_capability), ("--writable", writable)]
    {
        add(flag, Some(list.join(",")).filter(|list| !list.is_empty()));
    }
    let ids = [
        ("--run-as-user", choices.run_as_user),
        ("--run-as-group", choices.run_as_group),
        ("--fs-group", choices.fs_group),
    ];
    ids.into_iter().for_each(|(flag, id)| add(flag, id.map(|id| id.to_string())));
    choices.volume.iter().for_each(|(name, choice)| add("--volume", Some(format!("{name}={}", source(choice)))));
    flags + &switches(choices)
}

fn switches(args: &ChoiceArgs) -> String {
    let switches = [
        (args.safe_only, " --safe-only"),
        (args.read_only_root_filesystem, " --read-only-root-filesystem"),
        (args.no_service_account_token, " --no-service-account-token"),
        (args.user_namespace, " --user-namespace"),
        (args.windows, " --windows"),
    ];
    switches.into_iter().filter_map(|(is_given, switch)| is_given.then_some(switch)).collect()
}

/// A choice as `--volume` has it behind the equals sign.
pub(super) fn source(choice: &VolumeChoice) -> String {
    match choice {
        VolumeChoice::EmptyDir => "emptyDir".to_owned(),
        VolumeChoice::Claim(name) => format!("claim:{name}"),
        VolumeChoice::ConfigMap(name) => format!("configMap:{name}"),
        VolumeChoice::Remove => "remove".to_owned(),
    }
}
