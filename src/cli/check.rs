//! `kubectl secctx check`.

use std::path::Path;

use clap::ValueEnum;

use super::args::{AskedLevel, CheckArgs, InputArgs, ManifestArgs};
use super::{Exit, Failure, Streams, harden, live};
use crate::check::{Request, check, unlabelled_namespaces};
use crate::policy::{AdmissionConfig, Level, NamespacePolicy, Version};
use crate::render::{self, Format, Style, shell_word};
use crate::report::{Asked, Report};
use crate::source::{Input, expand, load_admission_config};

/// How this command is called.
const COMMAND: &str = "kubectl secctx check";

/// Judges what the arguments name, writes the report, and tells how it ended.
pub(super) fn run(args: &CheckArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let request = request(&args.manifests)?;
    let report = if args.manifests.are_given() {
        args.cluster.refuse(COMMAND)?;
        of_manifests(&args.manifests, &args.rest, COMMAND, &request)?
    } else {
        let looks = live::Looks { color: args.color, progress: !args.quiet, command: COMMAND };
        live::report(&args.manifests, &args.cluster, &args.rest, &request, &looks, streams)?
    };
    write(args, &request, &report, streams)?;
    Ok(exit(args, &report))
}

/// Judges the manifests that the arguments name; `rest` is what stands beside them.
pub(super) fn of_manifests(
    args: &ManifestArgs,
    rest: &[String],
    command: &'static str,
    request: &Request,
) -> Result<Report, Failure> {
    let (inputs, mut problems) = inputs(&args.inputs, rest, command)?;
    let mut report = check(request, &inputs);
    // What could not even be found stood in front of what was read.
    problems.append(&mut report.errors);
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

fn write(args: &CheckArgs, request: &Request, report: &Report, streams: &mut Streams) -> Result<(), Failure> {
    let err_style = streams.err_style(Some(args.color));
    for notice in notices(&args.manifests, request, report) {
        render::warning(&notice, &err_style, &mut streams.err)?;
    }
    if !args.quiet {
        let style =
            Style { next: next(args, report), brief: live::is_brief(args), ..streams.out_style(Some(args.color)) };
        render::render(report, args.output, &style, &mut streams.out)?;
    }
    render::problems(report, &err_style, &mut streams.err)?;
    Ok(())
}

/// What should be known about the run as a whole.
pub(super) fn notices(args: &ManifestArgs, request: &Request, report: &Report) -> Vec<String> {
    let mut notices = Vec::new();
    if request.version.is_unknown() {
        let (asked, newest) = (request.version, Version::Minor(Version::NEWEST));
        notices.push(format!("{asked} is newer than {newest}, the newest version known here: judged as {newest}"));
    }
    let unlabelled = unlabelled_namespaces(report, request);
    if !unlabelled.is_empty() {
        let names = unlabelled.into_iter().collect::<Vec<_>>().join(", ");
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
    if report.results.is_empty() && report.errors.is_empty() {
        let nothing = if args.are_given() { "no pod template found" } else { "no workload and no pod found" };
        notices.push(format!("{nothing}, so there is nothing to judge"));
    }
    notices
}

/// The command that a reader of violations should type next: the one that mends manifests, else the one that tells more.
fn next(args: &CheckArgs, report: &Report) -> Option<String> {
    let inputs = &args.manifests.inputs;
    if args.output != Format::Table || report.violating() == 0 || inputs.filename.iter().any(|name| name == "-") {
        return None;
    }
    let of_manifests = args.manifests.are_given();
    let can_harden = of_manifests && report.asked != Asked::Namespace && args.manifests.admission_config.is_none();
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
