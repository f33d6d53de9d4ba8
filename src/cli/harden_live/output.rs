//! What a run prints or writes that changes nothing in the cluster.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::super::dialogue::Answers;
use super::super::harden_write::{Written, make, write_component};
use super::super::{Exit, Failure, Streams};
use super::{Item, Live, reached};
use crate::apply::{Recreation, Way, recreation};
use crate::harden::patch::{EditedObject, edited_objects};
use crate::harden::write::create;
use crate::render::harden::{self as render_harden, PlanView};
use crate::render::{HardenFormat, Style, plural, sanitize};
use crate::report::Problem;
use crate::report::harden::{HardenReport, HardenedFile};
use crate::report::patch::ObjectPatch;

impl Live<'_> {
    /// Prints the plan, or writes files; nothing is changed.
    pub(super) fn print(
        &self,
        items: &[Item],
        answers: &Answers,
        errors: Vec<Problem>,
        streams: &mut Streams,
    ) -> Result<Exit, Failure> {
        let report = self.report(items, answers, errors);
        self.warn_of_what_no_patch_does(items, streams)?;
        let mut written = Written::All;
        if let Some(file) = &self.args.live.patch_file {
            written = self.write_file(file, items, streams)?;
        } else if let Some(folder) = &self.args.output_dir {
            written = self.write_folder(folder, items, streams)?;
        } else if !self.args.quiet && (!items.is_empty() || report.errors.is_empty()) {
            self.print_report(&report, items, answers, streams)?;
            streams.out.flush()?;
        }
        self.tell_errors(&report.errors.listed("errors"), streams)?;
        Ok(if !report.errors.is_empty() || written == Written::Failed {
            Exit::Failure
        } else {
            self.exit_of(reached(items))
        })
    }

    pub(super) fn exit_of(&self, is_well: bool) -> Exit {
        if is_well || self.args.exit_zero { Exit::Clean } else { Exit::Violations }
    }

    fn print_report(
        &self,
        report: &HardenReport,
        items: &[Item],
        answers: &Answers,
        streams: &mut Streams,
    ) -> Result<(), Failure> {
        let is_for_people = streams.out_is_terminal;
        let next = items.iter().any(|item| item.planned.changes()).then(|| self.next(items, answers));
        let style = Style { next, ..streams.out_style(Some(self.args.color)) };
        let out = &mut *streams.out;
        let edited = || patchable(items);
        match self.args.output {
            HardenFormat::Text => plan_and_diff(report, &style, out)?,
            HardenFormat::Plan => plan(report, &style, out)?,
            HardenFormat::Diff => render_harden::diff(report, is_for_people, &style, out)?,
            HardenFormat::Yaml => render_harden::stream(stream(items).as_bytes(), is_for_people, out)?,
            HardenFormat::Json => render_harden::objects(&objects(items), out)?,
            HardenFormat::Patch => {
                render_harden::patches(&edited().map(|one| one.for_server()).collect::<Vec<_>>(), out)?
            }
            HardenFormat::JsonPatch => {
                render_harden::patches(&edited().map(|one| one.as_json_patch()).collect::<Vec<_>>(), out)?;
            }
            HardenFormat::Kustomize => out.write_all(render_harden::kustomization(&for_kustomize(items)).as_bytes())?,
            HardenFormat::PlanJson => render_harden::plan_json(report, out)?,
        }
        Ok(())
    }

    /// The command that carries the plan out.
    pub(super) fn next(&self, items: &[Item], answers: &Answers) -> String {
        let subjects: Vec<_> = items.iter().map(|item| &item.planned.subject).collect();
        let changed = || items.iter().filter(|item| item.planned.changes());
        let mut command = self.command(&subjects, answers) + " --yes";
        if changed().any(|item| item.planned.subject.way == Way::Recreate) {
            command.push_str(" --recreate");
        }
        if changed().any(|item| item.keeper().is_some()) {
            command.push_str(" --force-managed");
        }
        command
    }

    /// Pods and jobs are in no patch.
    fn warn_of_what_no_patch_does(&self, items: &[Item], streams: &mut Streams) -> Result<(), Failure> {
        if !matches!(self.args.output, HardenFormat::Patch | HardenFormat::JsonPatch) {
            return Ok(());
        }
        for item in items.iter().filter(|item| item.planned.changes() && item.planned.subject.way != Way::Patch) {
            let name = item.planned.subject.short_name();
            self.warn(&format!("{name} cannot be patched: -o yaml prints the manifest to make it anew from"), streams)?;
        }
        Ok(())
    }

    /// Writes all patches and manifests into one new file; for kustomize where that is asked for or a repository is the
    /// source of one of them.
    pub(super) fn write_file(&self, file: &Path, items: &[Item], streams: &mut Streams) -> Result<Written, Failure> {
        let is_for_overlay = self.args.output == HardenFormat::Kustomize || items.iter().any(Item::has_repository);
        let text =
            if is_for_overlay { render_harden::kustomization(&for_kustomize(items)) } else { self.file_text(items)? };
        match create(file, text.as_bytes()) {
            Ok(()) => {
                writeln!(streams.err, "{} written", sanitize(&file.to_string_lossy()))?;
                Ok(Written::All)
            }
            Err(why) => {
                writeln!(streams.err, "error: {}: {}", sanitize(&file.to_string_lossy()), sanitize(&why))?;
                Ok(Written::Failed)
            }
        }
    }

    /// Patches, each behind the command that applies it, then the manifests of what is made anew.
    pub(super) fn file_text(&self, items: &[Item]) -> Result<String, Failure> {
        let mut text = Vec::new();
        render_harden::patches(&patchable(items).map(|one| one.for_server()).collect::<Vec<_>>(), &mut text)?;
        for recreation in recreations(items) {
            if !text.is_empty() {
                text.extend_from_slice(b"---\n");
            }
            text.extend_from_slice(format!("# {}\n", recreation.command("FILE").join(" ")).as_bytes());
            text.extend_from_slice(recreation.yaml().as_bytes());
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Writes a file for each object, or a component for kustomize.
    fn write_folder(&self, folder: &Path, items: &[Item], streams: &mut Streams) -> Result<Written, Failure> {
        if self.args.output == HardenFormat::Kustomize {
            return write_component(folder, &for_kustomize(items), streams);
        }
        let mut names = BTreeSet::new();
        let mut files = Vec::new();
        for item in items.iter().filter(|item| item.planned.changes()) {
            let subject = &item.planned.subject;
            let base = format!("{}-{}", subject.kind().to_lowercase(), subject.name);
            let namespaced = format!("{}-{base}", subject.namespace.as_deref().unwrap_or_default());
            let name = if names.insert(base.clone()) { base } else { namespaced };
            let ending = if subject.way == Way::Recreate { "yaml" } else { "patch.yaml" };
            files.push((format!("{name}.{ending}"), self.file_text(std::slice::from_ref(item))?.into_bytes()));
        }
        let count = files.len();
        if count == 0 {
            writeln!(streams.err, "no {} to write", plural(count, "file", "files"))?;
            return Ok(Written::All);
        }
        make(folder, files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect(), streams)
    }
}

/// The plan and the diffs, with what it comes to.
pub(super) fn plan_and_diff(report: &HardenReport, style: &Style, out: &mut dyn std::io::Write) -> Result<(), Failure> {
    render_harden::plan(PlanView { report, by_hand: &[] }, style, out)?;
    if report.files.iter().any(HardenedFile::is_changed) {
        render_harden::diff(report, true, style, out)?;
        writeln!(out)?;
    }
    render_harden::closing(report, style, out)?;
    Ok(())
}

fn plan(report: &HardenReport, style: &Style, out: &mut dyn std::io::Write) -> Result<(), Failure> {
    render_harden::plan(PlanView { report, by_hand: &[] }, style, out)?;
    render_harden::closing(report, style, out)?;
    Ok(())
}

/// Objects that a patch changes.
fn patchable(items: &[Item]) -> impl Iterator<Item = EditedObject<'_>> {
    items
        .iter()
        .filter(|item| item.planned.subject.way == Way::Patch)
        .flat_map(|item| edited_objects(&item.planned.results))
}

fn for_kustomize(items: &[Item]) -> Vec<ObjectPatch> {
    items.iter().flat_map(|item| edited_objects(&item.planned.results)).map(|one| one.for_kustomize()).collect()
}

pub(super) fn recreations(items: &[Item]) -> impl Iterator<Item = Recreation> {
    items.iter().filter(|item| item.planned.changes()).filter_map(|item| recreation(&item.planned))
}

/// The objects as they are to be.
fn objects(items: &[Item]) -> Vec<Value> {
    items
        .iter()
        .map(|item| match recreation(&item.planned) {
            Some(recreation) => recreation.manifest,
            None => (*item.planned.after).clone(),
        })
        .collect()
}

fn stream(items: &[Item]) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|item| match recreation(&item.planned) {
            Some(recreation) => recreation.yaml(),
            None => item.planned.shown().1,
        })
        .collect();
    texts.join("---\n")
}
