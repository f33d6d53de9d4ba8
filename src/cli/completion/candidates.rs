//! What may stand where the line ends.

use std::fmt;
use std::time::Instant;

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, ArgAction, Command, ValueHint};

use super::cluster::Session;
use super::line::{Line, Spot, is_repeatable};
use super::objects;
use super::values::Values;
use crate::checks::CHECKS;
use crate::explain::FIELDS;
use crate::policy::{Level, Version};
use crate::render::sanitize;

/// Extensions of files that may hold manifests.
const MANIFESTS: [&str; 3] = ["yaml", "yml", "json"];

/// What a shell is to do with the candidates: bits of the number in the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directive(u8);

impl Directive {
    /// Complete paths of files.
    pub(super) const FILES: Self = Self(0);
    /// No blank behind the candidate.
    pub(super) const NO_SPACE: Self = Self(2);
    /// Nothing but the candidates.
    pub(super) const ONLY_THESE: Self = Self(4);
    /// The candidates are extensions: complete paths of such files.
    pub(super) const EXTENSIONS: Self = Self(8);
    /// Complete paths of folders.
    pub(super) const FOLDERS: Self = Self(16);
    /// Do not sort the candidates.
    pub(super) const KEEP_ORDER: Self = Self(32);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A text that may stand there, and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) text: String,
    pub(super) about: String,
}

impl Candidate {
    pub(super) fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }
}

/// The candidates, and what to do with them. Prints as the protocol has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidates {
    pub(super) list: Vec<Candidate>,
    pub(super) directive: Directive,
}

impl Candidates {
    /// Nothing may stand there that is known.
    pub(super) fn none() -> Self {
        Self::only(Vec::new())
    }

    /// One of these.
    pub(super) fn only(list: Vec<Candidate>) -> Self {
        Self { list, directive: Directive::ONLY_THESE }
    }

    pub(super) fn and(mut self, directive: Directive) -> Self {
        self.directive = self.directive.and(directive);
        self
    }

    /// One of these names. One that begins with a hyphen would be read as a flag, and no valid name does.
    pub(super) fn names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into).filter(|name: &String| !name.starts_with('-'));
        Self::only(names.map(|name| Candidate::new(name, "")).collect())
    }

    fn paths(directive: Directive, extensions: &[&str]) -> Self {
        Self { directive, ..Self::names(extensions.iter().copied()) }
    }

    /// The same behind what stands in the word already.
    fn behind(mut self, before: &str) -> Self {
        for candidate in &mut self.list {
            candidate.text.insert_str(0, before);
        }
        self
    }
}

impl fmt::Display for Candidates {
    /// Names that would mean something to a shell are left out: shells put some candidates on the line as they are, and
    /// expand others. Nothing that is valid in Kubernetes has such characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_alphanumeric() || "/._-:@=%+,".contains(c);
        for Candidate { text, about } in &self.list {
            if text.is_empty() || !text.chars().all(is_plain) {
                continue;
            }
            let about = sanitize(about.lines().next().unwrap_or_default());
            writeln!(f, "{text}{}{about}", if about.is_empty() { "" } else { "\t" })?;
        }
        writeln!(f, ":{}", self.directive.0)
    }
}

/// The candidates for the end of a line; the time that a cluster gets to answer begins at `started`.
pub(super) fn of(line: &Line<'_>, started: Instant) -> Candidates {
    let session = Session::new(line, started);
    match &line.spot {
        Spot::Flag(typed) => flags(line, typed),
        Spot::Value { arg, before, typed } => values(&session, arg, before, typed),
        Spot::Word(typed) => {
            let mut candidates = match line.next_word() {
                Some(arg) => values(&session, arg, "", typed),
                None => Candidates::none(),
            };
            if line.words.is_empty() {
                candidates.list.splice(0..0, subcommands(line.command));
            }
            candidates
        }
    }
}

fn subcommands(command: &Command) -> Vec<Candidate> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible.map(|command| Candidate::new(command.get_name(), first_line(command.get_about()))).collect()
}

/// The flags that may still be given; short ones only where nothing else was typed yet.
fn flags(line: &Line<'_>, typed: &str) -> Candidates {
    let is_left =
        |arg: &&Arg| is_repeatable(arg) || !line.given.iter().any(|(given, _)| given.get_id() == arg.get_id());
    let visible = line.command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    let mut list = Vec::new();
    for arg in visible.filter(is_left) {
        let about = first_line(arg.get_help());
        list.extend(arg.get_long().map(|long| Candidate::new(format!("--{long}"), about.clone())));
        let short = arg.get_short().filter(|_| typed == "-");
        list.extend(short.map(|short| Candidate::new(format!("-{short}"), about)));
    }
    Candidates::only(list)
}

fn first_line(text: Option<&StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// Values of an argument that begin with `typed`, behind `before`.
fn values(session: &Session<'_>, arg: &Arg, before: &str, typed: &str) -> Candidates {
    let kind = arg.get::<Values>().copied();
    if let Some(paths) = paths(arg, kind) {
        return paths;
    }
    let (head, typed) = match arg.get_value_delimiter().and_then(|delimiter| typed.rfind(delimiter)) {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let mut candidates = match kind {
        Some(kind) => of_kind(session, kind, typed),
        None => Candidates::only(possible(arg)),
    };
    let listed: Vec<_> = head.split(',').collect();
    candidates.list.retain(|candidate| !listed.contains(&candidate.text.as_str()));
    candidates.behind(head).behind(before)
}

fn paths(arg: &Arg, kind: Option<Values>) -> Option<Candidates> {
    match (kind, arg.get_value_hint()) {
        (Some(Values::Manifests), _) => Some(Candidates::paths(Directive::EXTENSIONS, &MANIFESTS)),
        (Some(Values::Folders), _) | (None, ValueHint::DirPath) => Some(Candidates::paths(Directive::FOLDERS, &[])),
        (None, ValueHint::AnyPath | ValueHint::FilePath) => Some(Candidates::paths(Directive::FILES, &[])),
        _ => None,
    }
}

fn possible(arg: &Arg) -> Vec<Candidate> {
    // A switch takes no value, though clap knows two for it.
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return Vec::new();
    }
    let candidate = |value: &PossibleValue| Candidate::new(value.get_name(), first_line(value.get_help()));
    arg.get_possible_values().iter().filter(|value| !value.is_hide_set()).map(candidate).collect()
}

fn of_kind(session: &Session<'_>, kind: Values, typed: &str) -> Candidates {
    let of_manifests = session.line.has("filename") || session.line.has("kustomize");
    match kind {
        Values::Manifests | Values::Folders => Candidates::none(),
        // Manifests and objects of a cluster exclude each other.
        Values::Objects | Values::Topics if of_manifests => Candidates::none(),
        Values::Words(words) => Candidates::names(words()),
        Values::Versions => Candidates::only(versions()).and(Directive::KEEP_ORDER),
        Values::Policies => policies(typed),
        Values::Checks => Candidates::only(checks()),
        Values::Namespaces => session.namespaces(),
        Values::Contexts => session.contexts(),
        Values::Clusters => session.clusters(),
        Values::Users => session.users(),
        Values::Objects => objects::of(session, typed),
        Values::Topics => topics(session, typed),
    }
}

fn checks() -> Vec<Candidate> {
    CHECKS.iter().map(|check| Candidate::new(check.id, check.title)).collect()
}

/// `latest`, then the newest first.
fn versions() -> Vec<Candidate> {
    let numbered = (0..=Version::NEWEST).rev().map(|minor| Candidate::new(Version::Minor(minor).to_string(), ""));
    let latest = Candidate::new(Version::Latest.to_string(), "The newest that the server knows");
    std::iter::once(latest).chain(numbered).collect()
}

/// Levels; behind a colon, versions.
fn policies(typed: &str) -> Candidates {
    match typed.split_once(':') {
        Some((level, _)) => Candidates::only(versions()).behind(&format!("{level}:")).and(Directive::KEEP_ORDER),
        None => Candidates::names(Level::ALL.map(|level| level.to_string())),
    }
}

/// Checks and fields; objects once a type of objects is being typed.
fn topics(session: &Session<'_>, typed: &str) -> Candidates {
    let mut topics = checks();
    for field in FIELDS {
        if !topics.iter().any(|topic| topic.text == field.name()) {
            topics.push(Candidate::new(field.name(), "A field that Pod Security does not judge"));
        }
    }
    let is_topic = |topic: &Candidate| topic.text.to_lowercase().starts_with(&typed.to_lowercase());
    if typed.contains('/') || !topics.iter().any(is_topic) {
        objects::pairs(session, typed)
    } else {
        Candidates::only(topics)
    }
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    /// What `try --it WORD` may become.
    fn of_value(arg: Arg, word: &str) -> Candidates {
        let mut root = Command::new("try").arg(arg.long("it").action(ArgAction::Append));
        root.build();
        of(&Line::read(&root, &["--it".to_owned(), word.to_owned()]), Instant::now())
    }

    fn texts(candidates: &Candidates) -> Vec<&str> {
        candidates.list.iter().map(|candidate| candidate.text.as_str()).collect()
    }

    #[test]
    fn each_part_of_a_list_is_completed_once() {
        let arg = || Arg::new("it").value_delimiter(',').add(Values::Checks);
        let all = of_value(arg(), "");
        assert_eq!((all.list.len(), all.directive), (CHECKS.len(), Directive::ONLY_THESE));
        let more = of_value(arg(), "hostPorts,pri");
        assert_eq!(more.list.len(), CHECKS.len() - 1);
        assert!(texts(&more).contains(&"hostPorts,privileged"));
        assert!(!texts(&more).contains(&"hostPorts,hostPorts"));
    }

    #[test]
    fn a_policy_is_a_level_and_then_a_version() {
        let arg = || Arg::new("it").add(Values::Policies);
        assert_eq!(texts(&of_value(arg(), "re")), ["privileged", "baseline", "restricted"]);
        let versions = of_value(arg(), "restricted:v1.3");
        assert_eq!(texts(&versions)[..2], ["restricted:latest", "restricted:v1.37"]);
        assert_eq!(texts(&versions).last(), Some(&"restricted:v1.0"));
        assert_eq!(versions.directive, Directive::ONLY_THESE.and(Directive::KEEP_ORDER));
    }

    #[test]
    fn what_a_shell_could_take_for_a_command_is_left_out() {
        let hostile = [
            "ok",
            "--flag=x",
            "a b",
            "$(reboot)",
            "`reboot`",
            "x;y",
            "x\ty",
            "x\ny",
            "\u{1b}[2J",
            "a'b",
            "~x",
            "arn:aws:a/b@c",
        ];
        assert_eq!(Candidates::names(hostile).to_string(), "ok\narn:aws:a/b@c\n:4\n");
        let about = Candidates::only(vec![Candidate::new("a", "one\u{1b}[2J\ttwo\nthree")]);
        assert_eq!(about.to_string(), "a\tone^[[2J\\ttwo\n:4\n");
    }

    /// A new argument must say what its values are, unless nobody can know them.
    #[test]
    fn every_argument_with_known_values_completes_them() {
        const FREE: &[&str] = &[
            "SELECTOR",
            "COUNT",
            "GROUP",
            "UID",
            "GID",
            "KEY=VALUE",
            "URL",
            "TOKEN",
            "TIME",
            "DURATION",
            "CAPABILITY",
            "PATH",
            "NAME=SOURCE",
        ];
        let free_ids = ["as_user", "tls_server_name", "username", "password"];
        let mut root = crate::cli::command();
        root.build();
        let commands = root.get_subcommands().filter(|command| command.get_name() != "help");
        let mut count = 0;
        for arg in commands.flat_map(Command::get_arguments).filter(|arg| arg.get_action().takes_values()) {
            count += 1;
            let is_free = free_ids.contains(&arg.get_id().as_str())
                || arg.get_value_names().is_some_and(|names| FREE.contains(&names[0].as_str()));
            let is_known = arg.get::<Values>().is_some() || !possible(arg).is_empty() || paths(arg, None).is_some();
            assert!(is_free != is_known, "{}: what completes it? (see src/cli/completion/values.rs)", arg.get_id());
        }
        assert!(count > 30, "only {count} arguments were looked at");
    }
}
