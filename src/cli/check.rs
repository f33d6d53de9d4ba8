//! `kubectl secctx check`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter};
use std::path::Path;

use clap::ValueEnum;

use super::args::{AskedLevel, CheckArgs, InputArgs, ManifestArgs};
use super::{Exit, Failure, Streams, harden, live};
use crate::check::{Request, check, check_parts, unlabelled_namespaces};
use crate::policy::{AdmissionConfig, Level, NamespacePolicy, Version};
use crate::render::{self, Format, Part, Printer, Style, shell_word};
use crate::report::{Asked, Basis, Problems, Report, Summary, Verdict};
use crate::source::{Input, expand, load_admission_config};

/// How this command is called.
const COMMAND: &str = "kubectl secctx check";

/// Judges what the arguments name, writes the report, and tells how it ended.
pub(super) fn run(args: &CheckArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let request = request(&args.manifests)?;
    if args.manifests.are_given() {
        args.cluster.refuse(COMMAND)?;
        return check_manifests(args, &request, streams);
    }
    let looks = live::Looks { color: args.color, progress: !args.quiet, command: COMMAND };
    let report = live::report(&args.manifests, &args.cluster, &args.rest, &request, &looks, streams)?;
    let tally = Tally::of(args, &request, &report);
    tell_notices(args, &request, &tally, streams)?;
    if !args.quiet {
        render::render(&report, args.output, &style(args, &request, streams), &mut streams.out)?;
    }
    end(args, &tally, streams)
}

/// Judges manifests and writes the report part by part, since there may be more of them than fit in memory.
fn check_manifests(args: &CheckArgs, request: &Request, streams: &mut Streams) -> Result<Exit, Failure> {
    let (inputs, errors) = inputs(&args.manifests.inputs, &args.rest, COMMAND)?;
    let basis = Basis { asked: request.asked, version: request.version };
    let printer = Printer::new(basis, args.output, style(args, request, streams));
    let render = |part: &Report| if args.quiet { Ok(Part::default()) } else { printer.part(part) };
    let mut pages = printer.pages();
    let mut tally = Tally::new(basis);
    let mut out = BufWriter::with_capacity(1 << 16, &mut streams.out);
    let mut take = |(part, next): (io::Result<Part>, Tally)| {
        tally.add(next);
        pages.take(part?, &mut out)
    };
    // What could not even be found stood in front of what is read.
    let not_found = Report { errors: errors.into(), ..Report::new(request.asked, request.version) };
    take((render(&not_found), Tally::of(args, request, &not_found)))?;
    check_parts(request, &inputs, |part| (render(&part), Tally::of(args, request, &part)), take)?;
    // What is said on standard error stands in front, but does not break off what was begun.
    if args.quiet {
        drop(out);
        tell_notices(args, request, &tally, streams)?;
    } else if printer.is_immediate() {
        pages.finish(&tally.summary, &mut out)?;
        drop(out);
        tell_notices(args, request, &tally, streams)?;
    } else {
        drop(out);
        tell_notices(args, request, &tally, streams)?;
        pages.finish(&tally.summary, &mut BufWriter::with_capacity(1 << 16, &mut streams.out))?;
    }
    end(args, &tally, streams)
}

/// What remains of verdicts when they are written.
struct Tally {
    summary: Summary,
    /// Namespaces whose labels are not known though they would decide.
    unlabelled: BTreeSet<String>,
    /// Whether something is as bad as the arguments say that it must not be.
    fails: bool,
}

impl Tally {
    fn new(basis: Basis) -> Self {
        Self { summary: Summary::new(basis), unlabelled: BTreeSet::new(), fails: false }
    }

    fn of(args: &CheckArgs, request: &Request, report: &Report) -> Self {
        let fails = |verdict: &Verdict| match args.fail_on {
            None => !verdict.allowed,
            Some(level) => verdict.exempt.is_none() && verdict.meets < Level::from(level),
        };
        let unlabelled = unlabelled_namespaces(report, request);
        Self { summary: Summary::of(report), unlabelled, fails: report.results.iter().any(fails) }
    }

    fn add(&mut self, next: Self) {
        self.summary.add(next.summary);
        self.unlabelled.extend(next.unlabelled);
        self.fails |= next.fails;
    }
}

/// Judges the manifests that the arguments name; `rest` is what stands beside them.
pub(super) fn of_manifests(
    args: &ManifestArgs,
    rest: &[String],
    command: &'static str,
    request: &Request,
) -> Result<Report, Failure> {
    let (inputs, not_found) = inputs(&args.inputs, rest, command)?;
    let mut problems = Problems::from(not_found);
    let mut report = check(request, &inputs);
    // What could not even be found stood in front of what was read.
    problems.add(report.errors);
    report.errors = problems;
    Ok(report)
}

/// The inputs that the arguments name, and what could not be found.
pub(super) fn inputs(
    args: &InputArgs,
    rest: &[String],
    command: &'static str,
) -> Result<(Vec<Input>, Vec<crate::report::Problem>), Failure> {
    let usage = |message: String| Failure::Usage { message, command };
    if let Some(extra) = rest.first() {
        let message = format!(
            "unexpected argument {extra:?}: objects of a cluster go with neither -f nor -k; files stand behind -f"
        );
        return Err(usage(message));
    }
    match &args.kustomize {
        Some(folder) => Ok((vec![Input::Kustomization(folder.clone())], Vec::new())),
        None => Ok(expand(&args.filename, args.recursive)),
    }
}

/// The admission plugin's configuration that the arguments name, and its defaults.
pub(super) fn admission(path: Option<&Path>) -> Result<(AdmissionConfig, NamespacePolicy), Failure> {
    let Some(path) = path else { return Ok((AdmissionConfig::default(), NamespacePolicy::default())) };
    let config = load_admission_config(path).map_err(Failure::Message)?;
    let defaults = config.default_policy().map_err(|error| Failure::Message(error.to_string()))?;
    Ok((config, defaults))
}

pub(super) fn request(args: &ManifestArgs) -> Result<Request, Failure> {
    let (admission, defaults) = admission(args.admission_config.as_deref())?;
    let asked = match (args.level, &args.admission_config) {
        (Some(AskedLevel::Baseline), _) => Asked::Level(Level::Baseline),
        (Some(AskedLevel::Restricted), _) | (None, None) => Asked::Level(Level::Restricted),
        (Some(AskedLevel::Namespace), _) | (None, Some(_)) => Asked::Namespace,
    };
    Ok(Request { asked, version: args.policy_version, namespace: args.namespace.clone(), admission, defaults })
}

fn style(args: &CheckArgs, request: &Request, streams: &Streams) -> Style {
    Style { next: next(args, request), brief: live::is_brief(args), ..streams.out_style(Some(args.color)) }
}

fn tell_notices(args: &CheckArgs, request: &Request, tally: &Tally, streams: &mut Streams) -> Result<(), Failure> {
    let style = streams.err_style(Some(args.color));
    for notice in notices(&args.manifests, request, &tally.summary, &tally.unlabelled) {
        render::warning(&notice, &style, &mut streams.err)?;
    }
    Ok(())
}

/// What is left to say when the report is written, and how it ended.
fn end(args: &CheckArgs, tally: &Tally, streams: &mut Streams) -> Result<Exit, Failure> {
    let style = streams.err_style(Some(args.color));
    render::problems(&tally.summary, &style, &mut streams.err)?;
    Ok(if !tally.summary.errors.is_empty() {
        Exit::Failure
    } else if tally.fails && !args.exit_zero {
        Exit::Violations
    } else {
        Exit::Clean
    })
}

/// What should be known about the run as a whole.
pub(super) fn notices(
    args: &ManifestArgs,
    request: &Request,
    summary: &Summary,
    unlabelled: &BTreeSet<String>,
) -> Vec<String> {
    let mut notices = Vec::new();
    if request.version.is_unknown() {
        let (asked, newest) = (request.version, Version::Minor(Version::NEWEST));
        notices.push(format!("{asked} is newer than {newest}, the newest version known here: judged as {newest}"));
    }
    if !unlabelled.is_empty() {
        let names = unlabelled.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let policy = request.defaults.enforce;
        let why = if !args.are_given() {
            "the labels of these namespaces cannot be read"
        } else {
            "no manifest here defines these namespaces"
        };
        notices.push(format!("{why}, so {policy} is assumed for them: {names}"));
    }
    let users: Vec<_> = request.admission.exempt_usernames().collect();
    if !users.is_empty() {
        let users = users.join(", ");
        let unknown = if !args.are_given() {
            "objects do not tell who made them"
        } else {
            "manifests do not tell who applies them"
        };
        notices.push(format!("{unknown}: the exemption of these users is left out: {users}"));
    }
    if summary.checked == 0 && summary.errors.is_empty() {
        let nothing = if args.are_given() { "no pod template found" } else { "no workload and no pod found" };
        notices.push(format!("{nothing}, so there is nothing to judge"));
    }
    notices
}

/// The command that a reader of violations should type next: the one that mends manifests, else the one that tells more.
fn next(args: &CheckArgs, request: &Request) -> Option<String> {
    let inputs = &args.manifests.inputs;
    if args.output != Format::Table || inputs.filename.iter().any(|name| name == "-") {
        return None;
    }
    let of_manifests = args.manifests.are_given();
    let can_harden = of_manifests && request.asked != Asked::Namespace && args.manifests.admission_config.is_none();
    let mut command = if can_harden { harden::COMMAND } else { COMMAND }.to_owned();
    if !of_manifests {
        command.push_str(&live::flags(args));
    }
    command.push_str(&input_flags(inputs));
    command.push_str(&policy_flags(&args.manifests, args.cluster.all_namespaces));
    Some(if can_harden { command } else { command + " -o wide" })
}

/// The flags that say which manifests to read, as they were given.
pub(super) fn input_flags(args: &InputArgs) -> String {
    let mut flags: String = args.filename.iter().map(|name| format!(" -f {}", shell_word(name))).collect();
    if let Some(folder) = &args.kustomize {
        flags.push_str(&format!(" -k {}", shell_word(folder)));
    }
    if args.recursive {
        flags.push_str(" -R");
    }
    flags
}

/// The flags that say what to judge by, as they were given.
fn policy_flags(args: &ManifestArgs, everywhere: bool) -> String {
    let level = args.level.and_then(|level| level.to_possible_value()).map(|level| level.get_name().to_owned());
    let version = Some(args.policy_version).filter(|version| *version != Version::Latest).map(|v| v.to_string());
    let config = args.admission_config.as_ref().map(|path| path.to_string_lossy().into_owned());
    let namespace = args.namespace.clone().filter(|_| !everywhere);
    let flags = [("--level", level), ("--version", version), ("--admission-config", config), ("-n", namespace)];
    let given =
        flags.into_iter().filter_map(|(flag, value)| value.map(|value| format!(" {flag} {}", shell_word(&value))));
    given.collect()
}
