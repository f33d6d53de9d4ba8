//! Files of the repository that are made from the program itself, and kept as it is.
//!
//! `UPDATE_GENERATED=1 cargo test --test it generated` writes them; without it, whatever is not as it would be written
//! fails. What they are made of is the tree of commands, the meaning of the checks, and real output: a new command, flag
//! or check needs no change here.

mod checks;
mod commands;
mod conformance;
mod flags;
mod manuals;
#[cfg(unix)]
mod picture;
#[cfg(unix)]
mod pictures;
mod text;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;

/// The first line of every page that is made.
const MADE: &str = "<!-- Made by the tests (UPDATE_GENERATED=1 cargo test --test it generated). Do not edit. -->\n";

/// Holds a folder's files against what they should be, or writes them. A file of the same kind that nothing makes is an
/// error too; folders in the folder are left alone.
#[track_caller]
pub(crate) fn keep(folder: &str, extension: &str, files: &BTreeMap<String, String>) {
    let path = root().join(folder);
    let known = fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path());
    let known: Vec<_> = known.filter(|path| path.extension().is_some_and(|is| is == extension)).collect();
    let is_stale = |path: &&PathBuf| !files.contains_key(path.file_name().unwrap().to_str().unwrap());
    let stale: Vec<_> = known.iter().filter(is_stale).collect();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(&path).unwrap();
        stale.iter().for_each(|path| fs::remove_file(path).unwrap());
        files.iter().for_each(|(name, text)| fs::write(path.join(name), text).unwrap());
        return;
    }
    assert!(stale.is_empty(), "nothing makes these files any more: {stale:?}");
    for (name, text) in files {
        let kept = fs::read_to_string(path.join(name)).unwrap_or_default();
        let line = kept.lines().zip(text.lines()).position(|(kept, made)| kept != made);
        let line = line.unwrap_or_else(|| kept.lines().count().min(text.lines().count()));
        assert!(
            kept == *text,
            "{folder}/{name} is not what it would be from line {} on; UPDATE_GENERATED=1 cargo test --test it generated\n\
             kept: {:?}\nmade: {:?}",
            line + 1,
            kept.lines().nth(line),
            text.lines().nth(line)
        );
    }
}

/// The tree of commands, as a user has it.
fn tree() -> Command {
    let mut command = kubectl_secctx::cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// A command and all those below it that help shows, each by its words: `["kubectl", "secctx", "check"]`.
fn all_commands() -> Vec<(Vec<String>, Command)> {
    fn visit(path: Vec<String>, command: &Command, all: &mut Vec<(Vec<String>, Command)>) {
        all.push((path.clone(), command.clone()));
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            visit([path.clone(), vec![below.get_name().to_owned()]].concat(), below, all);
        }
    }
    let mut all = Vec::new();
    visit(vec!["kubectl".to_owned(), "secctx".to_owned()], &tree(), &mut all);
    all
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
