//! A person at a terminal.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use super::Ground;

const SHOW_CURSOR: &str = "\u{1b}[?25h";
const HIDE_CURSOR: &str = "\u{1b}[?25l";

pub(super) const DOWN: &str = "\u{1b}[B";
pub(super) const ENTER: &str = "\r";
pub(super) const ESC: &str = "\u{1b}";
pub(super) const CTRL_C: &str = "\u{3}";

/// What was on the terminal.
pub(super) struct Person {
    session: PtySession,
    seen: String,
}

impl Person {
    pub(super) fn new(ground: &Ground, args: &[&str]) -> Person {
        Person::before(ground.command(args))
    }

    /// The same where standard input is a file.
    pub(super) fn with_other_input(ground: &Ground, args: &[&str]) -> Person {
        let inner = ground.command(args);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec \"$0\" \"$@\" </dev/null"]).arg(inner.get_program()).args(inner.get_args());
        command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Person::before(command)
    }

    pub(super) fn before(mut command: Command) -> Person {
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        Person { session: spawn_command(command, Some(60_000)).unwrap(), seen: String::new() }
    }

    /// Waits until something is on the terminal.
    #[track_caller]
    pub(super) fn sees(&mut self, text: &str) -> &mut Person {
        match self.session.exp_string(text) {
            Ok(before) => self.seen.push_str(&format!("{before}{text}")),
            Err(error) => panic!("{text:?} does not come: {error}\nafter: {}", self.seen),
        }
        self
    }

    pub(super) fn types(&mut self, keys: &str) -> &mut Person {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// Waits for a question and gives the answer.
    #[track_caller]
    pub(super) fn answers(&mut self, question: &str, keys: &str) -> &mut Person {
        self.sees(question).types(keys)
    }

    /// Waits for a list and takes the item so many below the marked one.
    #[track_caller]
    pub(super) fn picks(&mut self, question: &str, below: usize) -> &mut Person {
        self.sees(question).types(&DOWN.repeat(below)).types(ENTER)
    }

    /// Everything that was seen, and the exit code; the cursor is visible in the end.
    #[track_caller]
    pub(super) fn ends(mut self) -> (String, i32) {
        let rest = self.session.exp_eof().unwrap_or_else(|error| panic!("{error} after: {}", self.seen));
        self.seen.push_str(&rest);
        let status = format!("{:?}", self.session.process().wait().unwrap());
        let code =
            status.strip_prefix("Exited(").and_then(|rest| rest.trim_end_matches(')').rsplit(' ').next()?.parse().ok());
        assert!(self.seen.rfind(HIDE_CURSOR) <= self.seen.rfind(SHOW_CURSOR), "the cursor is hidden: {:?}", self.seen);
        (self.seen.clone(), code.unwrap_or_else(|| panic!("{status}: {}", self.seen)))
    }

    /// Everything that was seen of a process that a signal ended.
    pub(super) fn dies_of_a_signal(mut self) -> String {
        let rest = self.session.exp_eof().unwrap();
        let status = format!("{:?}", self.session.process().wait().unwrap());
        assert!(status.starts_with("Signaled("), "{status}: {rest}");
        rest
    }
}
