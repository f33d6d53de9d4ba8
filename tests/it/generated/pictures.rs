//! `docs/img/`: pictures of what commands write to a terminal.

use std::collections::BTreeMap;

use rexpect::session::spawn_command;

use super::picture::svg;
use super::{keep, root};
use crate::support::secctx::secctx;

/// A picture's name, the command, and how many lines of its output are shown.
const PICTURES: &[(&str, &str, usize)] = &[
    ("check", "kubectl secctx check -f examples/", 34),
    ("explain", "kubectl secctx explain runAsNonRoot", usize::MAX),
    ("harden", "kubectl secctx harden -f examples/bad-cronjob.yaml", usize::MAX),
];

/// Columns of the terminal in the pictures.
const COLUMNS: &str = "100";

#[test]
fn every_picture_shows_what_is_printed() {
    let pictures: BTreeMap<_, _> = PICTURES
        .iter()
        .map(|(name, command, lines)| (format!("{name}.svg"), svg(command, &first(&output(command), *lines))))
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

/// The first lines; an ellipsis stands for the rest.
fn first(output: &str, lines: usize) -> String {
    let all = output.lines().count();
    let shown: Vec<_> = output.lines().take(lines).collect();
    shown.join("\n") + if all > lines { "\n…" } else { "" }
}
