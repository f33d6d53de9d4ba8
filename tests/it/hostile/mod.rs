//! Input that somebody made to do harm: what it says reaches no terminal, what it names leads nowhere else, and what it
//! costs stays in proportion.

#[cfg(unix)]
mod files;
mod numbers;
#[cfg(target_os = "linux")]
mod sizes;
mod terminal;

use std::fs;

use tempfile::TempDir;

use crate::support::secctx::{Ran, run_in};

/// Steers a terminal in several ways, turns the line around, hides, ends what formats put it into.
const HARM: &str =
    "\u{1b}[31m\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{200b}\u{2028}\u{e0041}\u{7f}\r]]>\"'<&;`$(x)|%0A::error::";

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &TempDir, args: &[&str]) -> Ran {
    run_in(folder.path(), args)
}

/// Whether nothing in an output could do anything to a terminal or a reader.
#[track_caller]
fn assert_harmless(what: &str, ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let is_harmful = |c: &char| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
        };
        let harmful: Vec<char> = text.chars().filter(is_harmful).collect();
        assert!(harmful.is_empty(), "{what}: {harmful:?} in {text:?}");
    }
}
