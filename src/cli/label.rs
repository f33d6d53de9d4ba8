//! `kubectl secctx dry-run-label`.

use std::collections::BTreeSet;

use super::label_args::{LabelArgs, Wish};
use super::progress::Bar;
use super::{Exit, Failure, Streams, check, prompt};
use crate::cluster::Cluster;
use crate::label::{Intent, Request, Selection, Survey, Upgrade, Wanted, apply, intents, survey};
use crate::policy::Mode;
use crate::render::{self, LabelFormat, Style, sanitize, shell_word};
use crate::report::label::{Applied, LabelReport, NamespaceRow, Question};

/// How this command is called.
const COMMAND: &str = "kubectl secctx dry-run-label";

/// Objects that are named in a question.
const MOST: usize = 5;

/// Finds out what the labels would break, writes the report, and the labels where that is wished.
pub(super) fn run(args: &LabelArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let request = request(args)?;
    if args.apply && !args.yes && !streams.err_is_terminal {
        return Err(usage("--apply asks before it writes, and there is no terminal to ask on: give --yes too"));
    }
    let options = args.kube.all_options().map_err(|error| Failure::Message(error.to_string()))?;
    let [options] = options.as_slice() else {
        return Err(usage("labels are tried on one cluster at a time: give one --context"));
    };
    let cluster = Cluster::connect(options).map_err(|error| Failure::Message(error.to_string()))?;
    let bar = Bar::new(streams.err_is_terminal && !args.quiet);
    let found = survey(&cluster, &request, &|came, remaining| bar.show(came, remaining));
    bar.end();
    warn(args, &request, &cluster.warnings(), streams)?;
    let mut survey = found.map_err(Failure::Message)?;
    if args.apply && !write(args, &request, &cluster, &mut survey, streams)? {
        render::warning("cancelled: no label was written", &streams.err_style(Some(args.color)), &mut streams.err)?;
        return Ok(Exit::Cancelled);
    }
    print(args, &survey.report, streams)?;
    Ok(exit(args, &survey.report))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::Usage { message: message.into(), command: COMMAND }
}

fn request(args: &LabelArgs) -> Result<Request, Failure> {
    let wanted = wanted(args)?;
    let changes = !wanted.0.is_empty();
    if args.apply && !changes && !args.recommend {
        return Err(usage("--apply needs to know what to write: --enforce, --warn or --audit, or --recommend"));
    }
    let namespaces = match selection(args) {
        Selection::Visible if changes || args.apply => {
            return Err(usage("which namespaces are meant? Name them, or give -l SELECTOR or --all"));
        }
        selection => selection,
    };
    let (admission, defaults) = check::admission(args.admission_config.as_deref())?;
    Ok(Request {
        namespaces,
        wanted,
        upgrade: args.upgrade_to.map(|to| Upgrade { from: args.from, to }),
        recommend: args.recommend,
        admission,
        defaults,
        chunk_size: args.chunk_size,
    })
}

fn wanted(args: &LabelArgs) -> Result<Wanted, Failure> {
    let modes = [(Mode::Enforce, args.enforce), (Mode::Warn, args.warn), (Mode::Audit, args.audit)];
    let with_version = |Wish { level, version }: Wish| (level, version.or(args.policy_version));
    let wanted: Wanted =
        Wanted(modes.into_iter().filter_map(|(mode, wish)| Some((mode, with_version(wish?)))).collect());
    if args.policy_version.is_some() && wanted.0.is_empty() {
        return Err(usage("--version is that of a level: give --enforce, --warn or --audit too"));
    }
    Ok(wanted)
}

fn selection(args: &LabelArgs) -> Selection {
    let names: BTreeSet<String> = args.names.iter().chain(&args.namespace).cloned().collect();
    match (&args.selector, args.all) {
        (Some(selector), _) => Selection::Labels(selector.clone()),
        (None, true) => Selection::All,
        (None, false) if names.is_empty() => Selection::Visible,
        (None, false) => Selection::Names(names),
    }
}

/// What should be known about the run as a whole.
fn warn(args: &LabelArgs, request: &Request, warnings: &[String], streams: &mut Streams) -> Result<(), Failure> {
    for warning in warnings {
        streams.warn_of_server(warning, Some(args.color))?;
    }
    let style = streams.err_style(Some(args.color));
    let users: Vec<_> = request.admission.exempt_usernames().collect();
    if !users.is_empty() {
        let users = users.join(", ");
        let text = format!("objects do not tell who made them: the exemption of these users is left out: {users}");
        render::warning(&text, &style, &mut streams.err)?;
    }
    Ok(())
}

/// Writes the labels, after a question where that is wished; whether the user wanted it.
fn write(
    args: &LabelArgs,
    request: &Request,
    cluster: &Cluster,
    survey: &mut Survey,
    streams: &mut Streams,
) -> Result<bool, Failure> {
    let intents = intents(survey, request, args.allow_violations);
    let meant: Vec<&Intent> = intents.iter().filter(|one| one.skipped.is_none() && !one.is_there).collect();
    if !args.yes && !meant.is_empty() {
        announce(&meant, intents.len() - meant.len(), streams)?;
        if prompt::confirm("Write these labels?", streams)? != Some(true) {
            return Ok(false);
        }
    }
    apply(cluster, request, survey, args.allow_violations);
    Ok(true)
}

/// Says what would be written where, and what breaks.
fn announce(meant: &[&Intent], skipped: usize, streams: &mut Streams) -> Result<(), Failure> {
    let count = meant.len();
    let namespaces = render::plural(count, "namespace", "namespaces");
    writeln!(streams.err, "About to label {count} {namespaces}:")?;
    for intent in meant {
        let set = intent.labels.iter().map(|(key, value)| format!("{key}={value}"));
        let labels = set.chain(intent.remove.iter().map(|key| format!("{key}-")));
        let labels: Vec<_> = labels.map(|label| sanitize(&label).into_owned()).collect();
        writeln!(streams.err, "  {}  {}", sanitize(&intent.namespace), labels.join(" "))?;
        if let Some((from, to)) = intent.lowers {
            writeln!(streams.err, "    lowers enforce from {from} to {to}")?;
        }
        if !intent.breaks.is_empty() {
            let named: Vec<_> = intent.breaks.iter().take(MOST).map(|name| sanitize(name).into_owned()).collect();
            let more = intent.breaks.len().saturating_sub(MOST);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(streams.err, "    breaks {}{more}: no new pods of these", named.join(", "))?;
        }
    }
    if skipped > 0 {
        writeln!(streams.err, "  ({skipped} more {} left as they are)", render::plural(skipped, "is", "are"))?;
    }
    Ok(())
}

fn print(args: &LabelArgs, report: &LabelReport, streams: &mut Streams) -> Result<(), Failure> {
    if !args.quiet {
        let style = Style { next: next(args, report), ..streams.out_style(Some(args.color)) };
        render::label(report, args.output, &style, &mut streams.out)?;
    }
    let style = streams.err_style(Some(args.color));
    if report.namespaces.is_empty() && report.errors.is_empty() {
        render::warning("no namespace found, so there is nothing to judge", &style, &mut streams.err)?;
    }
    render::problem_lists(&report.warnings, &report.errors, &style, &mut streams.err)?;
    Ok(())
}

/// The command that goes on from here.
fn next(args: &LabelArgs, report: &LabelReport) -> Option<String> {
    if args.output != LabelFormat::Table || args.apply || report.namespaces.is_empty() {
        return None;
    }
    let broken = report.namespaces.iter().find(|row| row.breaks());
    match (&report.question, broken) {
        (Question::Matrix, _) if args.recommend => {
            let has_steps = report
                .namespaces
                .iter()
                .any(|row| row.plan.iter().any(|step| !step.labels.is_empty() || !step.remove.is_empty()));
            has_steps.then(|| format!("{} --recommend --apply", command(args, true)))
        }
        (Question::Matrix, _) => Some(format!("{} --recommend", command(args, false))),
        (Question::Labels, Some(row)) => check_of(args, row),
        (Question::Labels, None) => {
            let changes = report
                .namespaces
                .iter()
                .any(|row| !row.modes.is_empty() && row.exempt.is_none() && row.unread.is_empty());
            changes.then(|| format!("{}{} --apply", command(args, true), wishes(args)))
        }
        (Question::Upgrade { .. }, _) => None,
    }
}

/// The command that tells every field of what breaks in a namespace.
fn check_of(args: &LabelArgs, row: &NamespaceRow) -> Option<String> {
    let to = row.modes.iter().find(|entry| entry.mode == Mode::Enforce)?.to;
    let (name, level) = (shell_word(&row.name), to.level);
    Some(format!("kubectl secctx check -n {name} --level {level}{}", kube_flags(args)))
}

fn command(args: &LabelArgs, explicit: bool) -> String {
    let mut command = COMMAND.to_owned();
    for name in args.names.iter().chain(&args.namespace) {
        command.push_str(&format!(" {}", shell_word(name)));
    }
    if let Some(selector) = &args.selector {
        command.push_str(&format!(" -l {}", shell_word(selector)));
    }
    let names_none = args.names.is_empty() && args.namespace.is_none() && args.selector.is_none();
    if args.all || (explicit && names_none) {
        command.push_str(" --all");
    }
    if let Some(path) = &args.admission_config {
        command.push_str(&format!(" --admission-config {}", shell_word(&path.to_string_lossy())));
    }
    command + &kube_flags(args)
}

fn kube_flags(args: &LabelArgs) -> String {
    let flag = |(flag, value): (&str, String)| {
        if value.is_empty() { format!(" {flag}") } else { format!(" {flag} {}", shell_word(&value)) }
    };
    args.kube.flags().into_iter().map(flag).collect()
}

/// The flags that say what was tried, as they were given.
fn wishes(args: &LabelArgs) -> String {
    let wish =
        |Wish { level, version }: Wish| version.map_or(level.to_string(), |version| format!("{level}:{version}"));
    let flags = [("--enforce", args.enforce), ("--warn", args.warn), ("--audit", args.audit)];
    let given = flags.into_iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", wish(value?))));
    let version = args.policy_version.map(|version| format!(" --version {version}"));
    given.chain(version).collect()
}

fn exit(args: &LabelArgs, report: &LabelReport) -> Exit {
    let failed = |row: &NamespaceRow| {
        let refused = row.modes.iter().filter_map(|entry| entry.server.as_ref()).any(|answer| answer.error.is_some());
        refused || matches!(row.applied, Some(Applied::Failed(_)))
    };
    let breaks =
        |row: &NamespaceRow| report.question != Question::Matrix && row.breaks() && row.applied != Some(Applied::Done);
    if !report.errors.is_empty() || report.namespaces.iter().any(failed) {
        Exit::Failure
    } else if !args.exit_zero && report.namespaces.iter().any(breaks) {
        Exit::Violations
    } else {
        Exit::Clean
    }
}
