//! The `kubectl-secctx` binary: hands arguments and streams to the library.

use std::process::ExitCode;

use kubectl_secctx::cli::{self, Streams};

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &mut Streams::standard()).into()
}
