//! `kubectl secctx check`.

use super::args::CheckArgs;
use super::{Exit, Failure, Streams, manifests};
use crate::check::Request;
use crate::policy::Level;
use crate::render::{self, Format, Style};
use crate::report::Report;

/// How this command is called.
const COMMAND: &str = "kubectl secctx check";

/// Judges what the arguments name, writes the report, and tells how it ended.
pub(super) fn run(args: &CheckArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    if let Some(extra) = args.rest.first() {
        return Err(manifests::unexpected(extra, COMMAND));
    }
    let (request, report) = manifests::judge(&args.manifests, COMMAND)?;
    write(args, &request, &report, streams)?;
    Ok(exit(args, &report))
}

fn write(args: &CheckArgs, request: &Request, report: &Report, streams: &mut Streams) -> Result<(), Failure> {
    let mut err_style = streams.err_style(Some(args.color));
    for notice in manifests::notices(request, report) {
        render::warning(&notice, &err_style, &mut streams.err)?;
    }
    if !args.quiet {
        let style = Style { next: next(args, report), ..streams.out_style(Some(args.color)) };
        render::render(report, args.output, &style, &mut streams.out)?;
    }
    err_style.next = None;
    render::problems(report, &err_style, &mut streams.err)?;
    Ok(())
}

/// The command that tells more about what was found.
fn next(args: &CheckArgs, report: &Report) -> Option<String> {
    if args.output != Format::Table || report.violating() == 0 || args.manifests.filename.iter().any(|name| name == "-")
    {
        return None;
    }
    Some(manifests::command(COMMAND, &args.manifests) + " -o wide")
}

fn exit(args: &CheckArgs, report: &Report) -> Exit {
    let fails = |verdict: &crate::report::Verdict| match args.fail_on {
        None => !verdict.allowed,
        Some(level) => verdict.exempt.is_none() && verdict.meets < Level::from(level),
    };
    if !report.errors.is_empty() {
        Exit::Failure
    } else if !args.exit_zero && report.results.iter().any(fails) {
        Exit::Violations
    } else {
        Exit::Clean
    }
}
