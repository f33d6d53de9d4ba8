//! The command line: the only place that knows arguments, terminals and exit codes.

mod args;
mod check;
mod completion;
mod dialogue;
mod exit;
mod explain;
mod harden;
mod harden_args;
mod harden_choices;
mod harden_live;
mod harden_live_args;
mod harden_write;
mod interrupt;
mod kube_args;
mod kubectl_flags;
mod label;
mod label_args;
mod live;
mod progress;
mod prompt;
mod streams;
mod version;
mod version_args;

pub use args::command;
pub use exit::Exit;
pub use streams::Streams;

use std::ffi::OsString;
use std::io;

use clap::FromArgMatches;
use clap::error::ErrorKind;

use args::{App, Subcommand};
use kube_args::KubeArgs;

use crate::render::{plural, sanitize};

/// Runs the command line `args` (the program's name first) and tells how it ended. A reader that went away is no
/// failure.
pub fn run(args: impl IntoIterator<Item = OsString>, streams: &mut Streams) -> Exit {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(words) = completion::asked(&args) {
        return completion::answer(&words, streams);
    }
    let parsed = parse(&args);
    let result = match parsed {
        Ok(app) => match app.command {
            Some(command) => carry_out(&command, streams),
            None => first_screen(streams),
        },
        Err(error) => usage(&harmless(error, &args), streams),
    };
    match result {
        Ok(exit) => exit,
        Err(Failure::Stream(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(failure) => report(&failure, streams),
    }
}

fn carry_out(command: &Subcommand, streams: &mut Streams) -> Result<Exit, Failure> {
    let exit = match command {
        Subcommand::Check(args) => check::run(args, streams),
        Subcommand::Explain(args) => explain::run(args, streams),
        Subcommand::DryRunLabel(args) => label::run(args, streams),
        Subcommand::Completion(args) => completion::run(args, streams),
        Subcommand::Version(args) => version::run(args, streams),
        Subcommand::Harden(args) => harden::run(args, streams),
    }?;
    let warnings = streams.server_warnings();
    if exit == Exit::Cancelled || warnings == 0 || !command.kube().is_some_and(KubeArgs::takes_warnings_for_errors) {
        return Ok(exit);
    }
    // kubectl's words.
    let received = format!("{warnings} {} received", plural(warnings, "warning", "warnings"));
    Err(Failure::Message(received))
}

fn parse(args: &[OsString]) -> Result<App, clap::Error> {
    command().try_get_matches_from(args).and_then(|matches| App::from_arg_matches(&matches))
}

/// The same complaint about arguments in which nothing could steer a terminal: clap repeats them as they are.
fn harmless(error: clap::Error, args: &[OsString]) -> clap::Error {
    let safe: Vec<OsString> = args.iter().map(|arg| sanitize(&arg.to_string_lossy()).into_owned().into()).collect();
    if safe == args {
        return error;
    }
    let unclear = "the arguments hold characters that cannot be shown";
    parse(&safe).err().unwrap_or_else(|| command().error(error.kind(), unclear))
}

/// Why a command could not do its work at all.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Something to be told as it is.
    #[error("{0}")]
    Message(String),
    /// The arguments do not go together.
    #[error("{message}")]
    Usage { message: String, command: &'static str },
    /// Output could not be written.
    #[error("could not write the output: {0}")]
    Stream(#[from] io::Error),
}

/// What kubectl shows where no command is given: the help.
fn first_screen(streams: &mut Streams) -> Result<Exit, Failure> {
    let text = command().render_help();
    let text = if streams.out_color(None) { text.ansi().to_string() } else { text.to_string() };
    streams.out.write_all(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Help and version go to standard output, complaints to standard error.
fn usage(error: &clap::Error, streams: &mut Streams) -> Result<Exit, Failure> {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let color = if asked_for { streams.out_color(None) } else { streams.err_color(None) };
    let text = kubectl_flags::refusal(error).unwrap_or_else(|| error.render());
    let text = if color { text.ansi().to_string() } else { text.to_string() };
    if asked_for {
        streams.out.write_all(text.as_bytes())?;
        return Ok(Exit::Clean);
    }
    streams.err.write_all(text.as_bytes())?;
    Ok(Exit::Failure)
}

fn report(failure: &Failure, streams: &mut Streams) -> Exit {
    // There is nowhere left to tell if standard error is gone too.
    let _ = writeln!(streams.err, "error: {}", sanitize(&failure.to_string()));
    if let Failure::Usage { command, .. } = failure {
        let _ = writeln!(streams.err, "See '{command} -h' for help and examples");
    }
    Exit::Failure
}
