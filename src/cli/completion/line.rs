//! A command line that is still being typed, read as far as it goes.
//!
//! clap refuses a line with something missing or wrong, as nearly every line is while it is typed. This reader takes what
//! it knows and passes over the rest.

use clap::{Arg, Command};

/// The line up to the word that is to be completed.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The command that the word belongs to.
    pub(super) command: &'a Command,
    /// The flags before the word, with their values where they take any.
    pub(super) given: Vec<(&'a Arg, Option<String>)>,
    /// The other words of the command before it.
    pub(super) words: Vec<String>,
    /// The word.
    pub(super) spot: Spot<'a>,
}

/// What is to be completed.
#[derive(Debug)]
pub(super) enum Spot<'a> {
    /// A flag, or the beginning of one.
    Flag(String),
    /// The value of a flag.
    Value {
        arg: &'a Arg,
        /// What stands in front of the value and belongs to each candidate.
        before: String,
        /// The beginning of the value.
        typed: String,
    },
    /// A subcommand, or an argument that is no flag.
    Word(String),
}

impl<'a> Line<'a> {
    /// Reads words, of which the last is to be completed. `root` must have been built.
    pub(super) fn read(root: &'a Command, words: &[String]) -> Self {
        let mut line = Self { command: root, given: Vec::new(), words: Vec::new(), spot: Spot::Word(String::new()) };
        let mut state = State::Free;
        let (last, before) = words.split_last().map_or(("", words), |(last, before)| (last.as_str(), before));
        for word in before {
            state = line.take(word, state);
        }
        line.spot = line.end(last, state);
        line
    }

    /// The value of a flag, by its long name; the last one given.
    pub(super) fn value(&self, long: &str) -> Option<&str> {
        let (_, value) = self.given.iter().rev().find(|(arg, _)| arg.get_long() == Some(long))?;
        value.as_deref()
    }

    /// Whether a flag was given, by its long name.
    pub(super) fn has(&self, long: &str) -> bool {
        self.given.iter().any(|(arg, _)| arg.get_long() == Some(long))
    }

    /// The argument that the next word is, if there is room for one more.
    pub(super) fn next_word(&self) -> Option<&'a Arg> {
        let places: Vec<_> = self.command.get_positionals().collect();
        let last = places.last().filter(|arg| is_repeatable(arg));
        places.get(self.words.len()).or(last).copied()
    }

    /// Reads a word that is complete.
    fn take(&mut self, word: &str, state: State<'a>) -> State<'a> {
        match state {
            State::Takes(_) if word.starts_with('-') && word != "-" => self.take(word, State::Free),
            State::Awaits(arg) | State::Takes(arg) => {
                self.given.push((arg, Some(word.to_owned())));
                if takes_several(arg) { State::Takes(arg) } else { State::Free }
            }
            State::OnlyWords => self.word(word, State::OnlyWords),
            State::Free if word == "--" => State::OnlyWords,
            State::Free => match Flag::read(self.command, word) {
                Flag::None => self.word(word, State::Free),
                Flag::Some { switches, last: None } => {
                    self.given.extend(switches.into_iter().map(|arg| (arg, None)));
                    State::Free
                }
                Flag::Some { switches, last: Some((arg, value)) } => {
                    self.given.extend(switches.into_iter().map(|arg| (arg, None)));
                    self.flag(arg, value)
                }
            },
        }
    }

    fn word(&mut self, word: &str, state: State<'a>) -> State<'a> {
        let subcommand = self.command.find_subcommand(word).filter(|_| self.words.is_empty());
        match (subcommand, &state) {
            (Some(command), State::Free) => self.command = command,
            _ => self.words.push(word.to_owned()),
        }
        state
    }

    /// A flag that may have a value.
    fn flag(&mut self, arg: &'a Arg, value: Option<Glued<'_>>) -> State<'a> {
        match value {
            Some(value) => self.given.push((arg, Some(value.text.to_owned()))),
            None if awaits_value(arg) => return State::Awaits(arg),
            None => self.given.push((arg, None)),
        }
        State::Free
    }

    /// Reads the word that is to be completed.
    fn end(&self, word: &str, state: State<'a>) -> Spot<'a> {
        let value =
            |arg, before: &str, typed: &str| Spot::Value { arg, before: before.to_owned(), typed: typed.to_owned() };
        match state {
            State::Takes(_) if word.starts_with('-') => self.end(word, State::Free),
            State::Awaits(arg) | State::Takes(arg) => value(arg, "", word),
            State::OnlyWords => Spot::Word(word.to_owned()),
            State::Free => match Flag::read(self.command, word) {
                Flag::Some { last: Some((arg, Some(glued))), .. } if arg.get_action().takes_values() => {
                    // Shells that complete a whole word put what stands before the equals sign back themselves.
                    let before = word.strip_suffix(glued.text).filter(|_| !glued.after_equals_sign).unwrap_or_default();
                    value(arg, before, glued.text)
                }
                _ if word.starts_with('-') => Spot::Flag(word.to_owned()),
                _ => Spot::Word(word.to_owned()),
            },
        }
    }
}

/// What the words so far lead to expect.
enum State<'a> {
    /// Anything.
    Free,
    /// The value of a flag.
    Awaits(&'a Arg),
    /// One more value of a flag that takes several words, or something else.
    Takes(&'a Arg),
    /// No flag any more: `--` came.
    OnlyWords,
}

/// A value in the same word as its flag.
#[derive(Debug, Clone, Copy)]
struct Glued<'w> {
    text: &'w str,
    after_equals_sign: bool,
}

/// A word, read as flags.
enum Flag<'a, 'w> {
    /// It is none. Words such as `--` and `-` are none either.
    None,
    /// It is one, or short ones in a row, of which only the last may have a value; `None` where that is not known.
    Some { switches: Vec<&'a Arg>, last: Option<(&'a Arg, Option<Glued<'w>>)> },
}

impl<'a, 'w> Flag<'a, 'w> {
    fn read(command: &'a Command, word: &'w str) -> Self {
        if let Some(long) = word.strip_prefix("--").filter(|long| !long.is_empty()) {
            return Self::long(command, long);
        }
        match word.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-')) {
            Some(letters) => Self::short(command, letters),
            None => Self::None,
        }
    }

    fn long(command: &'a Command, text: &'w str) -> Self {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let is_it = |arg: &&Arg| {
            arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
        };
        let arg = command.get_arguments().find(is_it);
        let value = value.map(|text| Glued { text, after_equals_sign: true });
        Self::Some { switches: Vec::new(), last: arg.map(|arg| (arg, value)) }
    }

    fn short(command: &'a Command, letters: &'w str) -> Self {
        let mut switches = Vec::new();
        for (at, letter) in letters.char_indices() {
            let Some(arg) = command.get_arguments().find(|arg| arg.get_short() == Some(letter)) else { break };
            if !awaits_value(arg) {
                switches.push(arg);
                continue;
            }
            let rest = &letters[at + letter.len_utf8()..];
            let value = match rest.strip_prefix('=') {
                Some(text) => Some(Glued { text, after_equals_sign: true }),
                None => (!rest.is_empty()).then_some(Glued { text: rest, after_equals_sign: false }),
            };
            return Self::Some { switches, last: Some((arg, value)) };
        }
        Self::Some { switches, last: None }
    }
}

/// Whether the word behind the flag is its value.
fn awaits_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// Whether all words up to the next flag are values of the flag.
fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| count.max_values() > 1)
}

/// Whether an argument may be given again.
pub(super) fn is_repeatable(arg: &Arg) -> bool {
    matches!(arg.get_action(), clap::ArgAction::Append | clap::ArgAction::Count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a line ends: the flags and words before, and what is completed.
    fn read(words: &[&str]) -> String {
        let mut root = crate::cli::command();
        root.build();
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let line = Line::read(&root, &words);
        let flags: Vec<_> = line
            .given
            .iter()
            .map(|(arg, value)| format!("{}={}", arg.get_id(), value.as_deref().unwrap_or("yes")))
            .collect();
        let spot = match &line.spot {
            Spot::Flag(text) => format!("flag {text:?}"),
            Spot::Value { arg, before, typed } => format!("value of {} {before:?}+{typed:?}", arg.get_id()),
            Spot::Word(text) => format!("word {text:?}"),
        };
        format!("{} [{}] [{}] {spot}", line.command.get_name(), flags.join(" "), line.words.join(" "))
    }

    #[test]
    fn what_stands_before_the_word_is_known() {
        assert_eq!(read(&[]), r#"kubectl-secctx [] [] word """#);
        assert_eq!(read(&["che"]), r#"kubectl-secctx [] [] word "che""#);
        assert_eq!(read(&["check", ""]), r#"check [] [] word """#);
        assert_eq!(
            read(&["check", "-RA", "--level=baseline", "-n", "shop", "deploy", "w"]),
            r#"check [recursive=yes all_namespaces=yes level=baseline namespace=shop] [deploy] word "w""#
        );
        assert_eq!(read(&["check", "--", "-x", "-y"]), r#"check [] [-x] word "-y""#);
    }

    #[test]
    fn values_are_found_in_all_their_forms() {
        assert_eq!(read(&["check", "-n", "sh"]), r#"check [] [] value of namespace ""+"sh""#);
        assert_eq!(read(&["check", "-n", "-"]), r#"check [] [] value of namespace ""+"-""#);
        assert_eq!(read(&["check", "--namespace=sh"]), r#"check [] [] value of namespace ""+"sh""#);
        assert_eq!(read(&["check", "-nsh"]), r#"check [] [] value of namespace "-n"+"sh""#);
        assert_eq!(read(&["check", "-An=sh"]), r#"check [] [] value of namespace ""+"sh""#);
        assert_eq!(read(&["check", "-n"]), r#"check [] [] flag "-n""#);
        assert_eq!(read(&["check", "--namespace"]), r#"check [] [] flag "--namespace""#);
    }

    #[test]
    fn a_flag_may_take_several_words() {
        let files = Arg::new("files").short('f').num_args(1..).action(clap::ArgAction::Append);
        let mut root = Command::new("try").arg(files).arg(Arg::new("all").short('a').num_args(0));
        root.build();
        let read = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            let line = Line::read(&root, &words);
            (line.given.len(), matches!(line.spot, Spot::Value { .. }), matches!(line.spot, Spot::Flag(_)))
        };
        assert_eq!(read(&["-f", "a", "b", "c"]), (2, true, false));
        assert_eq!(read(&["-f", "a", "-"]), (1, false, true));
        assert_eq!(read(&["-f", "a", "b", "-a", "c"]), (3, false, false));
    }

    #[test]
    fn what_is_unknown_is_passed_over() {
        assert_eq!(read(&["check", "--bogus=1", "--bogus", "-Z", "x", ""]), r#"check [] [x] word """#);
        assert_eq!(read(&["bogus", "check", ""]), r#"kubectl-secctx [] [bogus check] word """#);
        // A switch that may have a value takes it behind an equals sign only.
        assert_eq!(
            read(&["check", "--insecure-skip-tls-verify", "po", ""]),
            r#"check [insecure_skip_tls_verify=yes] [po] word """#
        );
        assert_eq!(
            read(&["check", "--insecure-skip-tls-verify=f"]),
            r#"check [] [] value of insecure_skip_tls_verify ""+"f""#
        );
    }
}
