//! The `kubectl-secctx` binary: hands arguments and streams to the library.

use std::process::ExitCode;

use kubectl_secctx::cli::{self, Streams};
use mimalloc::MiMalloc;

/// Judging makes many small values on all processors at once, which this allocator does far faster than most systems'.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &mut Streams::standard()).into()
}
