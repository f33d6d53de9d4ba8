//! What a run came to, held against the run without faults and against what the server has.

use std::fmt;

use serde_json::Value;

use super::commands::Command;
use crate::support::secctx::Ran;

/// What a cell of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All is as without the fault.
    Right,
    /// What was read, or written, is told rightly and what is missing is named.
    Partial,
    /// Only what went wrong is told; nothing was changed.
    Error,
    /// It was changed, or it is not known whether it was, and that is told.
    Open,
    /// Names or none, without a word, before anybody waits.
    InTime,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Right => "right answer",
            Outcome::Partial => "partial, exit 2",
            Outcome::Error => "error, exit 2",
            Outcome::Open => "told as open, exit 2",
            Outcome::InTime => "silent, in time",
        })
    }
}

/// A run without the names of its own namespace, so that runs can be compared.
pub(super) fn without_names(ran: Ran, namespace: &str) -> Ran {
    if !namespace.starts_with("w-") {
        return ran;
    }
    Ran {
        stdout: ran.stdout.replace(namespace, "NAMESPACE"),
        stderr: ran.stderr.replace(namespace, "NAMESPACE"),
        ..ran
    }
}

/// What a run came to.
pub(super) fn of(command: &Command, good: &Ran, ran: &Ran, is_written: Option<bool>) -> Result<Outcome, String> {
    if ran.stderr.contains("panicked") || ran.code.is_none() {
        return Err("it panicked or was killed".to_owned());
    }
    if command.is_completion() {
        return completion(good, ran);
    }
    if ran.code == good.code && is_same(good, ran) && is_written != Some(false) {
        let is_told = |line: &str| line.starts_with("Warning: ") || good.stderr.contains(line) || is_written.is_some();
        return match ran.stderr.lines().find(|line| !is_told(line)) {
            None => Ok(Outcome::Right),
            Some(line) => Err(format!("the right answer, but {line:?}")),
        };
    }
    if ran.code != Some(2) {
        return Err(format!("an answer that differs, with exit code {:?}", ran.code));
    }
    match is_written {
        Some(is_written) => written(ran, is_written),
        None => read(good, ran),
    }
}

/// Whether the output is the same, but for remarks beside it, and for the server's own opinion where somebody is told that it
/// may not be asked.
fn is_same(good: &Ran, ran: &Ran) -> bool {
    let is_unasked = ran.stderr.contains("this is our own verdict alone");
    let plain = |text: &str| {
        let mut report: Value = serde_json::from_str(text).ok()?;
        report.as_object_mut()?.remove("warnings");
        for result in report["results"].as_array_mut().into_iter().flatten() {
            result.as_object_mut()?.remove("notes");
        }
        for row in report["namespaces"].as_array_mut().into_iter().flatten() {
            let modes = row["modes"].as_array_mut().into_iter().flatten().filter(|_| is_unasked);
            modes.for_each(|mode| (mode["server"], mode["differences"]) = (Value::Null, Value::Null));
        }
        Some(report)
    };
    good.stdout == ran.stdout || plain(&good.stdout).is_some_and(|good| plain(&ran.stdout) == Some(good))
}

/// Names of namespaces or nothing, and never a word.
fn completion(good: &Ran, ran: &Ran) -> Result<Outcome, String> {
    let is_known =
        |line: &str| line.starts_with(':') || line.starts_with("w-") || good.stdout.lines().any(|known| known == line);
    if ran.code != Some(0) || !ran.stderr.is_empty() {
        return Err("somebody who types is disturbed".to_owned());
    }
    match ran.stdout.lines().find(|line| !is_known(line)) {
        None => Ok(Outcome::InTime),
        Some(line) => Err(format!("{line:?} is no candidate")),
    }
}

/// Of something that was only read.
fn read(good: &Ran, ran: &Ran) -> Result<Outcome, String> {
    if !ran.stderr.starts_with("error: ") && !ran.stderr.contains("\nerror: ") {
        return Err("it does not say what is missing".to_owned());
    }
    if ran.stdout.is_empty() {
        return Ok(Outcome::Error);
    }
    let report: Value = serde_json::from_str(&ran.stdout).map_err(|error| format!("no JSON: {error}"))?;
    let right: Value = serde_json::from_str(&good.stdout).map_err(|error| format!("no JSON: {error}"))?;
    if report["errors"].as_array().is_none_or(Vec::is_empty) {
        return Err("the report does not say what is missing".to_owned());
    }
    let (mut known, mut count) = (Vec::new(), 0);
    for list in ["results", "namespaces", "servers"] {
        known.extend(right[list].as_array().into_iter().flatten());
        for one in report[list].as_array().into_iter().flatten() {
            count += 1;
            if !known.contains(&one) && !is_told_as_incomplete(one) {
                return Err(format!("not so: {one:#}"));
            }
        }
    }
    Ok(if count > 0 { Outcome::Partial } else { Outcome::Error })
}

/// A namespace of which something could not be read says so itself.
fn is_told_as_incomplete(row: &Value) -> bool {
    row["unread"].as_array().is_some_and(|unread| !unread.is_empty())
}

/// Of something that was to be written.
fn written(ran: &Ran, is_written: bool) -> Result<Outcome, String> {
    let all = format!("{}{}", ran.stdout, ran.stderr);
    let is_open = ["is not known", "was written", "not known whether"].iter().any(|words| all.contains(words));
    if all.trim().is_empty() {
        return Err("nobody is told anything".to_owned());
    }
    let claims = ["\"done\"", "patched"].iter().any(|words| ran.stdout.contains(words));
    match (is_written, is_open, claims) {
        (_, true, _) => Ok(Outcome::Open),
        (false, false, false) => Ok(Outcome::Error),
        // It was written and is told so, beside what could not be read.
        (true, false, true) => Ok(Outcome::Partial),
        (true, false, false) => Err("it was written, and nobody is told".to_owned()),
        (false, false, true) => Err("it says that it was written, and it was not".to_owned()),
    }
}
