//! The question before files are replaced, on a real terminal.

use std::fs;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

use super::{HARD_WEB, WEB, folder, text};
use crate::support::secctx::secctx;

const QUESTION: &str = "Write these edits to web.yaml?";
const SHOW_CURSOR: &str = "\u{1b}[?25h";

fn asked(files: &TempDir) -> PtySession {
    let mut command = secctx();
    command.current_dir(files.path()).env("TERM", "xterm").args(["harden", "-f", "web.yaml", "--write"]);
    let mut terminal = spawn_command(command, Some(20_000)).unwrap();
    terminal.exp_string("1 workload, ").unwrap();
    terminal.exp_string(QUESTION).unwrap();
    terminal
}

/// What comes until the process ends, and its exit code.
fn rest(terminal: &mut PtySession) -> (String, i32) {
    let rest = terminal.exp_eof().unwrap();
    match terminal.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => (rest, code),
        other => panic!("{other:?}: {rest}"),
    }
}

#[test]
fn yes_writes() {
    let files = folder(&[("web.yaml", WEB)]);
    let mut terminal = asked(&files);
    assert_eq!(text(&files, "web.yaml"), WEB, "nothing is written before the answer");
    terminal.send("y").unwrap();
    terminal.flush().unwrap();
    let (rest, code) = rest(&mut terminal);
    assert_eq!(code, 0, "{rest}");
    assert!(
        rest.contains("web.yaml hardened") && rest.contains("kubectl apply --dry-run=server -f web.yaml"),
        "{rest}"
    );
    assert_eq!(text(&files, "web.yaml"), HARD_WEB);
}

#[test]
fn all_else_cancels_and_the_cursor_comes_back() {
    // No, Enter for the default, Escape, Ctrl-C.
    for key in ["n", "\r", "\u{1b}", "\u{3}"] {
        let files = folder(&[("web.yaml", WEB)]);
        let mut terminal = asked(&files);
        terminal.send(key).unwrap();
        terminal.flush().unwrap();
        let (rest, code) = rest(&mut terminal);
        assert_eq!((code, text(&files, "web.yaml").as_str()), (130, WEB), "{key:?}: {rest}");
        assert!(rest.contains("nothing was written"), "{key:?}: {rest}");
        assert!(rest.contains(SHOW_CURSOR), "{key:?}: {rest:?}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_asked_about_is_left_alone() {
    let files = folder(&[("web.yaml", WEB)]);
    let mut terminal = asked(&files);
    fs::write(files.path().join("web.yaml"), "somebody else's\n").unwrap();
    terminal.send("y").unwrap();
    terminal.flush().unwrap();
    let (rest, code) = rest(&mut terminal);
    assert_eq!(code, 2, "{rest}");
    assert!(rest.contains("it has changed since it was read"), "{rest}");
    assert_eq!(text(&files, "web.yaml"), "somebody else's\n");
}
