//! `kubectl secctx completion`, and the answers that the shells' scripts get.
//!
//! The scripts know nothing of commands and flags. They call `kubectl-secctx __complete WORD…`, with the last word the
//! one to complete, and kubectl calls `kubectl_complete-secctx WORD…`. Both get the protocol of kubectl's own
//! completion: a candidate a line, behind a tab what it is, and last `:N` with the directive for the shell.

mod candidates;
mod cluster;
mod line;
mod objects;
mod values;

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use clap::{ArgAction, Args, ValueEnum};

use super::args::TEMPLATE;
use super::{Exit, Failure, Streams, command};

use line::Line;
pub(super) use values::Values;

/// Asks for candidates where the binary is called by its own name.
const ASKS: &str = "__complete";

/// How kubectl calls the programs that complete its plugins.
const KUBECTL_ASKS: &str = "kubectl_complete-";

/// Arguments of `completion`.
#[derive(Debug, Args)]
#[command(
    about = "Print the script that lets a shell complete commands, flags, and names in the cluster.",
    before_help = "Examples:\n  \
        # Complete \"kubectl secctx\" wherever kubectl itself completes: the file must be on the PATH and executable\n  \
        kubectl secctx completion kubectl > ~/.local/bin/kubectl_complete-secctx\n  \
        chmod +x ~/.local/bin/kubectl_complete-secctx\n\n  \
        # Complete \"kubectl-secctx\", with a hyphen, in bash, zsh or fish from the next shell on\n  \
        kubectl secctx completion bash > ~/.local/share/bash-completion/completions/kubectl-secctx\n  \
        kubectl secctx completion zsh > ~/.zfunc/_kubectl-secctx\n  \
        kubectl secctx completion fish > ~/.config/fish/completions/kubectl-secctx.fish\n\n  \
        # The same in PowerShell\n  \
        kubectl secctx completion powershell >> $PROFILE\n",
    after_help = "Names in the cluster are asked for while you type, with the --context, -n and other flags of the line; a \
                  cluster that does not answer within 0.3 seconds gives none. Bash needs the package bash-completion to \
                  load the file by itself (or a line \"source FILE\" in ~/.bashrc), zsh needs the folder in its fpath.",
    help_template = TEMPLATE,
    disable_help_flag = true
)]
pub(super) struct CompletionArgs {
    /// bash, zsh, fish, powershell, or kubectl: the helper that kubectl asks.
    #[arg(value_enum, value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,

    /// Print this help.
    #[arg(short = 'h', long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Who is to complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// Completes kubectl-secctx in bash.
    Bash,
    /// Completes kubectl-secctx in zsh.
    Zsh,
    /// Completes kubectl-secctx in fish.
    Fish,
    /// Completes kubectl-secctx in PowerShell.
    Powershell,
    /// Completes kubectl secctx wherever kubectl completes.
    Kubectl,
}

impl Shell {
    /// The script; it is the file that is packaged.
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../completions/kubectl-secctx.bash"),
            Self::Zsh => include_str!("../../completions/_kubectl-secctx"),
            Self::Fish => include_str!("../../completions/kubectl-secctx.fish"),
            Self::Powershell => include_str!("../../completions/kubectl-secctx.ps1"),
            Self::Kubectl => include_str!("../../completions/kubectl_complete-secctx"),
        }
    }
}

/// Prints a script.
pub(super) fn run(args: &CompletionArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    streams.out.write_all(args.shell.script().as_bytes())?;
    Ok(Exit::Clean)
}

/// The words to complete the last of, where the binary was called for that; `args` begin with its name.
pub(super) fn asked(args: &[OsString]) -> Option<Vec<String>> {
    let (program, rest) = args.split_first()?;
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    let words = match rest.split_first() {
        _ if name.starts_with(KUBECTL_ASKS) => rest,
        Some((first, words)) if first == ASKS => words,
        _ => return None,
    };
    Some(words.iter().map(|word| word.to_string_lossy().into_owned()).collect())
}

/// Writes the candidates for the last word. There is nothing to complain of here: whoever types must not be disturbed.
pub(super) fn answer(words: &[String], streams: &mut Streams) -> Exit {
    let started = Instant::now();
    let mut root = command();
    root.build();
    let candidates = candidates::of(&Line::read(&root, words), started);
    let _ = streams.out.write_all(candidates.to_string().as_bytes());
    Exit::Clean
}
