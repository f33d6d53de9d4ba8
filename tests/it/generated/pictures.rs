//! `docs/img/`: pictures of what commands write to a terminal.

use std::collections::BTreeMap;

use rexpect::session::spawn_command;

use super::picture::svg;
use super::{keep, root};
use crate::support::secctx::secctx;

/// A picture's name, the command, and which lines of its output are shown: so many of the first, and of the last.
const PICTURES: &[(&str, &str, (usize, usize))] = &[
    ("check", "kubectl secctx check -f examples/", (28, 3)),
    ("explain", "kubectl secctx explain runAsNonRoot", ALL),
    ("harden", "kubectl secctx harden -f examples/bad-cronjob.yaml", ALL),
];

const ALL: (usize, usize) = (usize::MAX, 0);

/// Columns of the terminal in the pictures.
const COLUMNS: &str = "100";

#[test]
fn every_picture_shows_what_is_printed() {
    let pictures: BTreeMap<_, _> = PICTURES
        .iter()
        .map(|(name, command, lines)| (format!("{name}.svg"), svg(command, &shown(&output(command), *lines))))
        .collect();
    keep("docs/img", "svg", &pictures);
}

/// What a command writes to a terminal that shows colours.
fn output(command: &str) -> String {
    let args = command.strip_prefix("kubectl secctx ").expect("a command of this program");
    let mut process = secctx();
    process.args(args.split(' ')).current_dir(root()).env("COLUMNS", COLUMNS).env("TERM", "xterm-256color");
    let mut terminal = spawn_command(process, Some(30_000)).expect("a terminal");
    let bytes = terminal.exp_eof().expect("the command ends");
    // Each byte came as a character of its own.
    let bytes = bytes.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
    String::from_utf8(bytes).expect("output is UTF-8").replace("\r\n", "\n")
}

/// The first and the last lines; an ellipsis stands for those between them.
fn shown(output: &str, (first, last): (usize, usize)) -> String {
    let lines: Vec<_> = output.lines().collect();
    if first.saturating_add(last) >= lines.len() {
        return output.to_owned();
    }
    [&lines[..first], &["", "…"], &lines[lines.len() - last..]].concat().join("\n")
}
