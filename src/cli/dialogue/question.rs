//! A question, and what an answer to it means.

use super::Answers;
use super::answers::is_id;
use crate::cli::harden_args::{WantedLevel, absolute};
use crate::model::VolumeChoice;

/// Something to be asked.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Question {
    /// The question itself.
    pub(super) text: String,
    /// What is known that bears on it, a line each.
    pub(super) known: Vec<String>,
    /// How it is answered.
    pub(super) form: Form,
}

/// How a question is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// By one of several options, of which the one at `default` is the sensible one.
    Choose { options: Vec<Choice>, default: usize },
    /// By a text.
    Type { default: String, what: Typed },
}

/// An option.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// What it says.
    pub(super) label: String,
    effect: Effect,
}

/// What an option means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Effect {
    /// What is done anyway.
    Usual,
    Level(WantedLevel),
    /// These checks are left alone.
    Skip(Vec<&'static str>),
    KeepBind,
    UserNamespace,
    Volume(String, VolumeChoice),
    ReadOnly,
    NoToken,
    /// More is to be asked.
    Ask(Vec<Question>),
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    User,
    Group,
    FsGroup,
    /// The claim for a volume.
    Claim(String),
    /// The ConfigMap for a volume.
    ConfigMap(String),
    /// Paths, parted by commas.
    Writable,
}

impl Typed {
    /// Whether a text is a good answer.
    pub(super) fn check(&self, text: &str) -> Result<(), String> {
        match self {
            Self::User if text.trim() == "0" => Err("0 is root, which the level forbids".to_owned()),
            Self::User | Self::Group => is_id(text),
            Self::FsGroup if text == "-" => Ok(()),
            Self::FsGroup => is_id(text),
            Self::Claim(_) | Self::ConfigMap(_) if text.is_empty() => Err("a name is needed".to_owned()),
            Self::Claim(_) | Self::ConfigMap(_) => Ok(()),
            Self::Writable => {
                paths(text).try_for_each(|path| absolute(path).map(drop).map_err(|why| format!("{path}: {why}")))
            }
        }
    }
}

fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|path| !path.is_empty())
}

impl Question {
    /// Takes the option at a position for the answer; what has to be asked because of it.
    pub(super) fn choose(&self, at: usize, answers: &mut Answers) -> Vec<Question> {
        let Form::Choose { options, .. } = &self.form else { return Vec::new() };
        let Some(option) = options.get(at) else { return Vec::new() };
        let choices = &mut answers.choices;
        match &option.effect {
            Effect::Usual => {}
            Effect::Level(level) => answers.level = Some(*level),
            Effect::Skip(checks) => choices.skip.extend(checks.iter().map(|check| (*check).to_owned())),
            Effect::KeepBind => choices.keep_capability.push(BIND.to_owned()),
            Effect::UserNamespace => choices.user_namespace = true,
            Effect::Volume(name, choice) => choices.volume.push((name.clone(), choice.clone())),
            Effect::ReadOnly => choices.read_only_root_filesystem = true,
            Effect::NoToken => choices.no_service_account_token = true,
            Effect::Ask(questions) => return questions.clone(),
        }
        match option.effect {
            Effect::ReadOnly => vec![writable()],
            _ => Vec::new(),
        }
    }

    /// Takes a text, which was checked, for the answer; what has to be asked because of it.
    pub(super) fn typed(&self, text: &str, answers: &mut Answers) -> Vec<Question> {
        let Form::Type { what, .. } = &self.form else { return Vec::new() };
        let choices = &mut answers.choices;
        let id = text.parse().ok();
        match what {
            Typed::User => {
                choices.run_as_user = id;
                return vec![group(text)];
            }
            Typed::Group => choices.run_as_group = id,
            Typed::FsGroup => choices.fs_group = id,
            Typed::Claim(volume) => choices.volume.push((volume.clone(), VolumeChoice::Claim(text.to_owned()))),
            Typed::ConfigMap(volume) => choices.volume.push((volume.clone(), VolumeChoice::ConfigMap(text.to_owned()))),
            Typed::Writable => choices.writable.extend(paths(text).map(str::to_owned)),
        }
        Vec::new()
    }
}

pub(super) const BIND: &str = "NET_BIND_SERVICE";

pub(super) fn choice(label: impl Into<String>, effect: Effect) -> Choice {
    Choice { label: label.into(), effect }
}

pub(super) fn choose(text: impl Into<String>, known: Vec<String>, options: Vec<Choice>, default: usize) -> Question {
    Question { text: text.into(), known, form: Form::Choose { options, default } }
}

pub(super) fn type_in(text: impl Into<String>, default: &str, what: Typed) -> Question {
    Question { text: text.into(), known: Vec::new(), form: Form::Type { default: default.to_owned(), what } }
}

fn group(user: &str) -> Question {
    type_in("Group ID", user, Typed::Group)
}

fn writable() -> Question {
    type_in("Folders to write to, parted by commas", "/tmp", Typed::Writable)
}
