//! `docs/man/`: a manual page for each command.

use std::collections::BTreeMap;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::text::{examples, plain};
use super::{all_commands, keep};

#[test]
fn every_command_has_its_manual() {
    let commands = all_commands();
    let names: Vec<_> = commands.iter().map(|(path, _)| path.join("-")).collect();
    let pages: BTreeMap<_, _> = commands
        .iter()
        .map(|(path, command)| (format!("{}.1", path.join("-")), manual(path, command, &names)))
        .collect();
    keep("docs/man", "1", &pages);
}

/// The sections in their usual order. Examples and exit codes are those of the help, which knows no sections for them.
fn manual(path: &[String], command: &Command, names: &[String]) -> String {
    // kubectl's own manuals are found by `man kubectl-get`, so the words are joined.
    let name = path.join("-");
    let named = command.clone().display_name(name.clone()).bin_name(path.join(" "));
    let man = Man::new(named).title(name.to_uppercase()).source(concat!("kubectl-secctx ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    section(&mut page, "EXAMPLES", &examples(command));
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).unwrap();
    }
    man.render_options_section(&mut page).unwrap();
    let codes = plain(command.get_after_help());
    section(&mut page, "EXIT STATUS", codes.strip_prefix("Exit codes: ").unwrap_or(&codes));
    let others: Vec<_> = names.iter().filter(|other| **other != name).map(|other| format!("{other}(1)")).collect();
    section(&mut page, "SEE ALSO", &others.join(", "));
    once(&String::from_utf8(page).unwrap())
}

/// Each section was written with the definition of an apostrophe at its top; once is enough.
fn once(page: &str) -> String {
    let is_definition = |line: &str| line.starts_with(".ie \\n(.g") || line.starts_with(".el .ds Aq");
    let first = page.lines().filter(|line| is_definition(line)).take(2);
    let rest = page.lines().filter(|line| !is_definition(line));
    first.chain(rest).fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// A section whose lines are kept as they are.
fn section(page: &mut Vec<u8>, heading: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let mut roff = Roff::default();
    roff.control("SH", [heading]);
    let is_code = heading == "EXAMPLES";
    if is_code {
        roff.control("nf", []);
    }
    for line in text.lines() {
        if line.is_empty() {
            roff.control("sp", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    if is_code {
        roff.control("fi", []);
    }
    roff.to_writer(page).unwrap();
}
