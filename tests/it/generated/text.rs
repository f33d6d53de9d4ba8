//! What the pages share: texts of the command tree, and plain text as Markdown.

use clap::builder::StyledStr;
use clap::{Arg, Command};

/// Plain text with what Markdown would take for its own marks escaped.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '*' | '[' | ']' | '\\' | '|' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text on lines of at most 120 columns, each after the first with this in front.
pub(super) fn filled(text: &str, front: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if !line.is_empty() && front.len() + line.len() + 1 + word.len() > 120 {
            lines.push(word.to_owned());
        } else {
            line.extend([if line.is_empty() { "" } else { " " }, word]);
        }
    }
    lines.join(&format!("\n{front}"))
}

/// A text without its styles.
pub(super) fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

/// The lines of the examples that a command's help shows, without their indentation.
pub(super) fn examples(command: &Command) -> String {
    let text = plain(command.get_before_help());
    let Some(examples) = text.strip_prefix("Examples:\n") else {
        assert_eq!(text, "", "help begins with examples or nothing");
        return String::new();
    };
    let lines: Vec<_> = examples.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    lines.join("\n").trim_end().to_owned()
}

/// How a command is called, without the word before it.
pub(super) fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.strip_prefix("Usage:").unwrap_or(&usage).trim().to_owned()
}

/// A command's arguments that help shows, by the heading that they stand under; positional ones first.
pub(super) fn headings(command: &Command) -> Vec<(String, Vec<&Arg>)> {
    let mut headings: Vec<(String, Vec<&Arg>)> = Vec::new();
    let (positional, flags): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(|arg| !arg.is_hide_set()).partition(|arg| arg.is_positional());
    for arg in positional.into_iter().chain(flags) {
        let usual = if arg.is_positional() { "Arguments" } else { "Options" };
        let heading = arg.get_help_heading().unwrap_or(usual).to_owned();
        match headings.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, args)) => args.push(arg),
            None => headings.push((heading, vec![arg])),
        }
    }
    headings
}

/// What follows an argument's name, as help shows it: ` FILE...`, `[=BOOL]`; empty for a switch.
pub(super) fn values(arg: &Arg) -> String {
    let takes = arg.get_action().takes_values() && arg.get_num_args().is_none_or(|range| range.takes_values());
    let names = arg.get_value_names().filter(|_| takes).unwrap_or_default();
    let many = arg.get_num_args().is_some_and(|range| range.max_values() > names.len().max(1));
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let text = names.join(" ") + if many { "..." } else { "" };
    match arg.get_num_args() {
        _ if names.is_empty() => String::new(),
        Some(range) if range.min_values() == 0 => format!("[={text}]"),
        _ if arg.is_positional() => text,
        _ => format!(" {text}"),
    }
}

/// What is taken where the argument is not given.
pub(super) fn default(arg: &Arg) -> Option<String> {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let shows = arg.get_action().takes_values() && !arg.is_hide_default_value_set() && !values.is_empty();
    shows.then(|| values.join(","))
}

/// What an argument is for, a sentence.
pub(super) fn help(arg: &Arg) -> String {
    let text = plain(arg.get_long_help().or_else(|| arg.get_help()));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.ends_with(['.', ']', ')']) { text } else { text + "." }
}
