//! `docs/commands/`: a page for each command, of its help and of a few sentences by hand in `docs/commands/intro/`.

use std::collections::BTreeMap;
use std::fs;

use clap::{Arg, Command};

use super::text::{default, examples, filled, headings, help, markdown, plain, usage, values};
use super::{MADE, all_commands, keep, root};

/// The page of all commands.
const INDEX: &str = "README.md";

#[test]
fn every_command_has_its_page() {
    let commands = all_commands();
    let mut pages: BTreeMap<String, String> =
        commands.iter().skip(1).map(|(path, command)| (file(path), page(path, command))).collect();
    pages.insert(INDEX.to_owned(), index(&commands));
    keep("docs/commands", "md", &pages);
}

#[test]
fn every_introduction_belongs_to_a_command() {
    let files: Vec<_> = all_commands().iter().map(|(path, _)| file(path)).collect();
    for entry in fs::read_dir(root().join("docs/commands/intro")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == INDEX || files.contains(&name), "there is no command for docs/commands/intro/{name}");
    }
}

/// `check.md`.
fn file(path: &[String]) -> String {
    format!("{}.md", path[2..].join("-"))
}

/// The list of all commands.
fn index(commands: &[(Vec<String>, Command)]) -> String {
    let mut page = format!("{MADE}\n# Commands\n\n");
    for (path, command) in &commands[1..] {
        let about = markdown(&plain(command.get_about()));
        let line = format!("- [`{}`]({}): {about}", path.join(" "), file(path));
        page += &(filled(&line, "  ") + "\n");
    }
    page += "\nAll of them end with the codes in [exit-codes.md](../exit-codes.md).\n\n";
    page + &fs::read_to_string(root().join("docs/commands/intro").join(INDEX)).unwrap()
}

fn page(path: &[String], command: &Command) -> String {
    let mut page = format!("{MADE}\n# {}\n\n", path.join(" "));
    page += &(filled(&markdown(&plain(command.get_about())), "") + "\n");
    let intro = fs::read_to_string(root().join("docs/commands/intro").join(file(path))).unwrap_or_default();
    if !intro.is_empty() {
        page += &format!("\n{}\n", intro.trim_end());
    }
    let examples = examples(command);
    if !examples.is_empty() {
        page += &format!("\n## Examples\n\n```sh\n{examples}\n```\n");
    }
    for (heading, args) in headings(command) {
        page += &format!("\n## {heading}\n\n");
        args.into_iter().for_each(|arg| page += &entry(arg));
    }
    page += &format!("\n## Usage\n\n```text\n{}\n```\n", usage(command));
    let after = plain(command.get_after_help());
    if !after.is_empty() {
        page += &format!("\n{}\n", filled(&markdown(&after), ""));
    }
    page
}

/// `` - `-f`, `--filename FILE`: what it is for. ``
fn entry(arg: &Arg) -> String {
    let values = values(arg);
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}{values}"));
    let names: Vec<_> = short.into_iter().chain(long).map(|name| format!("`{name}`")).collect();
    let names = if names.is_empty() { format!("`{values}`") } else { names.join(", ") };
    let default = default(arg).map(|value| format!(" Default: `{value}`.")).unwrap_or_default();
    filled(&format!("- {names}: {}{default}", markdown(&help(arg))), "  ") + "\n"
}
