//! `kubectl secctx harden`.

use super::harden_args::HardenArgs;
use super::harden_choices::{flags, job};
use super::harden_write::{Written, refuse_unwritable, write};
use super::{Exit, Failure, Streams, check, harden_live};
use crate::checks::allows_capability;
use crate::harden::patch::{EditedObject, edited_objects};
use crate::harden::{Hardening, harden};
use crate::policy::{Level, Version};
use crate::render::harden::{self as render_harden, PlanView};
use crate::render::{self, HardenFormat, Style};
use crate::report::Opened;
use crate::report::harden::HardenedFile;
use crate::report::patch::ObjectPatch;
use crate::source::Input;

/// How this command is called.
pub(super) const COMMAND: &str = "kubectl secctx harden";

/// Plans edits of what the arguments name, writes them as asked, and tells how it ended.
pub(super) fn run(args: &HardenArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    if !args.inputs.are_given() {
        return harden_live::run(args, streams);
    }
    args.live.refuse(COMMAND)?;
    let job = job(args)?;
    let (inputs, problems) = check::inputs(&args.inputs, &args.rest, COMMAND)?;
    refuse_unwritable(args, &inputs)?;
    let mut hardening = harden(&job, &inputs);
    // What could not even be found stood in front of what was read.
    let of_what_was_read = std::mem::take(&mut hardening.report.errors);
    hardening.report.errors = problems.into();
    hardening.report.errors.add(of_what_was_read);
    if args.output == HardenFormat::Json {
        let problems = hardening.objects().problems();
        hardening.report.errors.extend(problems);
    }
    tell(args, &hardening, streams)?;
    let written = write(args, &hardening, streams)?;
    let is_refused = hardening.report.results.iter().any(|result| !result.refused.is_empty());
    if written == Written::All && !is_refused && args.write && args.output == HardenFormat::Text && !args.quiet {
        let next = format!("kubectl apply --dry-run=server{}", check::input_flags(&args.inputs));
        render_harden::next(&next, &streams.out_style(Some(args.color)), &mut streams.out)?;
    }
    Ok(exit(args, &hardening, written))
}

/// Writes the results to standard output, and what else should be known to standard error.
fn tell(args: &HardenArgs, hardening: &Hardening, streams: &mut Streams) -> Result<(), Failure> {
    let style = streams.err_style(Some(args.color));
    for notice in notices(args, hardening) {
        render::warning(&notice, &style, &mut streams.err)?;
    }
    if !args.quiet {
        print(args, hardening, streams)?;
        streams.out.flush()?;
    }
    let report = &hardening.report;
    let (warnings, errors) = (report.warnings.listed("warnings"), report.errors.listed("errors"));
    render::problem_lists(&warnings, &errors, &style, &mut streams.err)?;
    Ok(())
}

fn notices(args: &HardenArgs, hardening: &Hardening) -> Vec<String> {
    let mut notices = Vec::new();
    if args.policy_version.is_unknown() {
        let (asked, newest) = (args.policy_version, Version::Minor(Version::NEWEST));
        notices.push(format!("{asked} is newer than {newest}, the newest version known here: judged as {newest}"));
    }
    if hardening.report.results.is_empty() && hardening.report.errors.is_empty() {
        notices.push("no pod template found, so there is nothing to harden".to_owned());
    }
    let opened = Opened::default();
    let unknown = args
        .choices
        .volume
        .iter()
        .filter(|(name, _)| !hardening.report.results.iter().any(|one| one.has_volume(name, &opened)));
    notices.extend(unknown.map(|(name, _)| format!("--volume {name}: no pod template here has a volume of that name")));
    if args.choices.windows && !hardening.report.results.iter().any(|one| one.is_for_windows(&opened)) {
        notices.push("--windows: no pod template here has a node selector for Windows".to_owned());
    }
    let level = Level::from(args.wanted_level());
    let refused = args.choices.keep_capability.iter().filter(|name| !allows_capability(level, name));
    notices.extend(refused.map(|name| format!("--keep-capability {name}: {level} does not allow this capability")));
    notices
}

fn print(args: &HardenArgs, hardening: &Hardening, streams: &mut Streams) -> Result<(), Failure> {
    let is_for_people = streams.out_is_terminal;
    let style = Style { next: next(args, hardening), ..streams.out_style(Some(args.color)) };
    let out = &mut *streams.out;
    let report = &hardening.report;
    let edited = || edited_objects(&report.results).into_iter();
    match args.output {
        HardenFormat::Text | HardenFormat::Plan => print_plan(args, hardening, &style, out)?,
        HardenFormat::Diff => render_harden::diff(report, is_for_people, &style, out)?,
        HardenFormat::Yaml => render_harden::stream(&hardening.stream(), is_for_people, out)?,
        HardenFormat::Json => {
            let objects = hardening.objects();
            render_harden::many(objects.count(), &objects.first(), &objects, out)?;
        }
        HardenFormat::Patch => render_harden::patches(&edited().map(|one| one.for_server()).collect::<Vec<_>>(), out)?,
        HardenFormat::JsonPatch => {
            render_harden::patches(&edited().map(|one| one.as_json_patch()).collect::<Vec<_>>(), out)?;
        }
        HardenFormat::Kustomize => out.write_all(
            render_harden::kustomization(&edited().map(|one| one.for_kustomize()).collect::<Vec<_>>()).as_bytes(),
        )?,
        HardenFormat::PlanJson => render_harden::plan_json(report, out)?,
    }
    Ok(())
}

fn print_plan(
    args: &HardenArgs,
    hardening: &Hardening,
    style: &Style,
    out: &mut dyn std::io::Write,
) -> Result<(), Failure> {
    let report = &hardening.report;
    let by_hand = by_hand(hardening);
    render_harden::plan(PlanView { report, by_hand: &by_hand }, style, out)?;
    if args.output == HardenFormat::Text && report.files.iter().any(HardenedFile::is_changed) {
        render_harden::diff(report, true, style, out)?;
        writeln!(out)?;
    }
    render_harden::closing(report, style, out)?;
    Ok(())
}

/// The patches of what cannot be edited in its text.
fn by_hand(hardening: &Hardening) -> Vec<(usize, ObjectPatch)> {
    let results = &hardening.report.results;
    let refused = results.iter().enumerate().filter(|(_, result)| !result.refused.is_empty());
    let patch = |one: EditedObject<'_>| one.for_server();
    refused
        .filter_map(|(at, result)| {
            edited_objects(std::slice::from_ref(result)).into_iter().next().map(|one| (at, patch(one)))
        })
        .collect()
}

/// The command that makes what was planned come true.
fn next(args: &HardenArgs, hardening: &Hardening) -> Option<String> {
    let changed = hardening.report.files.iter().zip(&hardening.origins);
    let first = changed.into_iter().find(|(file, _)| file.is_changed()).map(|(_, origin)| &origin.input)?;
    if args.write || args.output_dir.is_some() {
        return None;
    }
    let command = format!("{COMMAND}{}", flags(args));
    match first {
        Input::File { .. } => Some(format!("{command} --write")),
        Input::Kustomization(_) => Some(format!("{command} -o kustomize")),
        Input::Url(_) => Some(format!("{command} -o yaml")),
        Input::Stdin | Input::Kept { .. } => None,
    }
}

fn exit(args: &HardenArgs, hardening: &Hardening, written: Written) -> Exit {
    let report = &hardening.report;
    if written == Written::Cancelled {
        Exit::Cancelled
    } else if !report.errors.is_empty() || written == Written::Failed {
        Exit::Failure
    } else if !args.exit_zero && report.results.iter().any(|result| !result.reached || !result.refused.is_empty()) {
        Exit::Violations
    } else {
        Exit::Clean
    }
}
