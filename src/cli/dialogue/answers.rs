//! The answers to the questions: as arguments, and as a file that replays them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::Failure;
use super::super::harden_args::{ChoiceArgs, HardenArgs, WantedLevel, absolute, volume};
use super::super::harden_choices::{choice_flags, choices, level_flags, source};
use crate::edit::manifest;
use crate::model::Choices;
use crate::policy::{Level, Version};
use crate::yaml::de::decode_strictly;
use crate::yaml::{Document, Text, chunks};

/// What a dialogue decides. The same can be said by arguments, which have the same words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::cli) struct Answers {
    /// The level, where it is said.
    pub(in crate::cli) level: Option<WantedLevel>,
    /// All else.
    pub(in crate::cli) choices: ChoiceArgs,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    api_version: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skip: Vec<String>,
    #[serde(skip_serializing_if = "is_off")]
    safe_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as_user: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as_group: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fs_group: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keep_capabilities: Vec<String>,
    #[serde(skip_serializing_if = "is_off")]
    read_only_root_filesystem: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    writable: Vec<String>,
    #[serde(skip_serializing_if = "is_off")]
    no_service_account_token: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_off")]
    user_namespace: bool,
    #[serde(skip_serializing_if = "is_off")]
    windows: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_off(switch: &bool) -> bool {
    !switch
}

const API_VERSION: &str = "secctx/v1";
const KIND: &str = "HardenAnswers";

impl Answers {
    /// What the file of answers says, if there is one, and what the flags say in its place or beside it.
    pub(in crate::cli) fn given(args: &HardenArgs) -> Result<Self, Failure> {
        let flags = Self { level: args.level, choices: args.choices.clone() };
        match &args.live.answers {
            Some(path) => Ok(read(path).map_err(Failure::Message)?.with(flags)),
            None => Ok(flags),
        }
    }

    /// The same, where others have no word of their own.
    fn with(self, over: Self) -> Self {
        let (own, over, level) = (self.choices, over.choices, over.level.or(self.level));
        let joined = |own: Vec<String>, over: Vec<String>| -> Vec<String> {
            let new = over.into_iter().filter(|one| !own.contains(one)).collect::<Vec<_>>();
            own.into_iter().chain(new).collect()
        };
        let choices = ChoiceArgs {
            only: joined(own.only, over.only),
            skip: joined(own.skip, over.skip),
            safe_only: own.safe_only || over.safe_only,
            run_as_user: over.run_as_user.or(own.run_as_user),
            run_as_group: over.run_as_group.or(own.run_as_group),
            fs_group: over.fs_group.or(own.fs_group),
            keep_capability: joined(own.keep_capability, over.keep_capability),
            read_only_root_filesystem: own.read_only_root_filesystem || over.read_only_root_filesystem,
            writable: joined(own.writable, over.writable),
            no_service_account_token: own.no_service_account_token || over.no_service_account_token,
            // Of two choices for a volume the last one counts.
            volume: own.volume.into_iter().chain(over.volume).collect(),
            user_namespace: own.user_namespace || over.user_namespace,
            windows: own.windows || over.windows,
        };
        Self { level, choices }
    }

    /// The level to reach.
    pub(in crate::cli) fn level(&self) -> Level {
        self.level.unwrap_or(WantedLevel::Restricted).into()
    }

    /// What they mean for the plan.
    pub(in crate::cli) fn choices(&self) -> Result<Choices, Failure> {
        choices(&self.choices)
    }

    /// The flags that say the same.
    pub(in crate::cli) fn flags(&self, version: Version) -> String {
        level_flags(self.level, version) + &choice_flags(&self.choices)
    }

    /// The file that says the same.
    pub(in crate::cli) fn text(&self) -> String {
        let ChoiceArgs { only, skip, keep_capability, writable, .. } = self.choices.clone();
        let volumes = self.choices.volume.iter().map(|(name, choice)| (name.clone(), source(choice)));
        let file = File {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            level: Some(self.level().to_string()),
            only,
            skip,
            safe_only: self.choices.safe_only,
            run_as_user: self.choices.run_as_user,
            run_as_group: self.choices.run_as_group,
            fs_group: self.choices.fs_group,
            keep_capabilities: keep_capability,
            read_only_root_filesystem: self.choices.read_only_root_filesystem,
            writable,
            no_service_account_token: self.choices.no_service_account_token,
            volumes: volumes.collect(),
            user_namespace: self.choices.user_namespace,
            windows: self.choices.windows,
        };
        manifest(&serde_json::to_value(file).unwrap_or_default())
    }
}

/// Reads a file of answers; what is wrong with it is a sentence with its place.
fn read(path: &Path) -> Result<Answers, String> {
    let shown = path.display();
    let text = Text::decode(fs::read(path).map_err(|error| format!("{shown}: {error}"))?);
    let cut = chunks(&text);
    let empty = || format!("{shown}: this file is empty");
    let document = Document::parse(cut.first().ok_or_else(empty)?)
        .map_err(|error| format!("{shown}:{}:{}: {error}", error.line, error.column))?;
    let root = document.root().ok_or_else(empty)?;
    let (file, unknown) = decode_strictly::<File>(root).map_err(|error| {
        let (line, column) = error.span.map_or((1, 1), |span| (span.line, span.column));
        format!("{shown}:{line}:{column}: {error}")
    })?;
    if let Some(field) = unknown.first() {
        let (line, column) = (field.span.line, field.span.column);
        return Err(format!("{shown}:{line}:{column}: unknown field {:?}", field.path.to_string()));
    }
    if file.kind != KIND || file.api_version != API_VERSION {
        return Err(format!("{shown}: these are no answers: apiVersion must be {API_VERSION} and kind {KIND}"));
    }
    answers(file).map_err(|why| format!("{shown}: {why}"))
}

fn answers(file: File) -> Result<Answers, String> {
    let level = match file.level.as_deref() {
        None => None,
        Some("restricted") => Some(WantedLevel::Restricted),
        Some("baseline") => Some(WantedLevel::Baseline),
        Some(other) => return Err(format!("level: {other:?} is neither baseline nor restricted")),
    };
    for id in [file.run_as_user, file.run_as_group, file.fs_group].into_iter().flatten() {
        is_id(&id.to_string()).map_err(|why| format!("{id}: {why}"))?;
    }
    file.writable
        .iter()
        .try_for_each(|path| absolute(path).map(drop).map_err(|why| format!("writable: {path:?} {why}")))?;
    let read = |(name, choice): (&String, &String)| {
        volume(&format!("{name}={choice}")).map_err(|why| format!("volumes: {name}: {why}"))
    };
    let volumes = file.volumes.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let choices = ChoiceArgs {
        only: file.only,
        skip: file.skip,
        safe_only: file.safe_only,
        run_as_user: file.run_as_user,
        run_as_group: file.run_as_group,
        fs_group: file.fs_group,
        keep_capability: file.keep_capabilities,
        read_only_root_filesystem: file.read_only_root_filesystem,
        writable: file.writable,
        no_service_account_token: file.no_service_account_token,
        volume: volumes,
        user_namespace: file.user_namespace,
        windows: file.windows,
    };
    Ok(Answers { level, choices })
}

/// Whether a text is a user or group ID as the API takes them.
pub(super) fn is_id(text: &str) -> Result<(), String> {
    match text.parse::<i64>() {
        Ok(id) if (0..=i64::from(i32::MAX)).contains(&id) => Ok(()),
        _ => Err(format!("an ID is a whole number from 0 to {}", i32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VolumeChoice;

    fn written(text: &str) -> Result<Answers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.yaml");
        fs::write(&path, text).unwrap();
        read(&path).map_err(|message| message.replace(&format!("{}/", folder.path().display()), ""))
    }

    fn everything() -> Answers {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        let choices = ChoiceArgs {
            only: words(&["privileged"]),
            skip: words(&["hostPorts"]),
            safe_only: true,
            run_as_user: Some(1000),
            run_as_group: Some(2000),
            fs_group: Some(3000),
            keep_capability: words(&["NET_BIND_SERVICE"]),
            read_only_root_filesystem: true,
            writable: words(&["/tmp", "/run"]),
            no_service_account_token: true,
            volume: vec![
                ("a".to_owned(), VolumeChoice::EmptyDir),
                ("b".to_owned(), VolumeChoice::Claim("data".to_owned())),
            ],
            user_namespace: true,
            windows: true,
        };
        Answers { level: Some(WantedLevel::Baseline), choices }
    }

    #[test]
    fn a_file_says_what_was_answered() {
        assert_eq!(written(&everything().text()), Ok(everything()));
        let plain = Answers { level: Some(WantedLevel::Restricted), choices: ChoiceArgs::default() };
        assert_eq!(plain.text(), "apiVersion: secctx/v1\nkind: HardenAnswers\nlevel: restricted\n");
        assert_eq!(written(&plain.text()), Ok(plain));
    }

    #[test]
    fn flags_go_before_the_file() {
        let mut flags = Answers::default();
        flags.choices.run_as_user = Some(7);
        flags.choices.skip = vec!["sysctls".to_owned(), "hostPorts".to_owned()];
        let both = everything().with(flags);
        assert_eq!((both.level, both.choices.run_as_user), (Some(WantedLevel::Baseline), Some(7)));
        assert_eq!(both.choices.skip, ["hostPorts", "sysctls"]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        let head = "apiVersion: secctx/v1\nkind: HardenAnswers\n";
        let of = |rest: &str| written(&format!("{head}{rest}")).unwrap_err();
        assert_eq!(of("runAsUsr: 1\n"), "answers.yaml:3:1: unknown field \"runAsUsr\"");
        assert!(
            of("runAsUser: \"1\"\n").starts_with("answers.yaml:3:12: runAsUser: expected"),
            "{}",
            of("runAsUser: \"1\"\n")
        );
        assert!(of("runAsUser: -1\n").contains("an ID is a whole number"));
        assert!(of("level: privileged\n").contains("neither baseline nor restricted"));
        assert!(of("volumes: {a: tape}\n").contains("volumes: a: must be"));
        assert!(of("writable: [tmp]\n").contains("must begin with a slash"));
        assert!(written("kind: Pod\n").unwrap_err().contains("these are no answers"));
        assert!(written("").unwrap_err().contains("empty"));
    }
}
