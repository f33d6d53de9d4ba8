//! What `harden` writes: files in their places, copies, a kustomize component.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::harden::COMMAND;
use super::harden_args::HardenArgs;
use super::prompt::confirm;
use super::{Failure, Streams};
use crate::harden::Hardening;
use crate::harden::patch::edited_objects;
use crate::harden::write::{copies, replace};
use crate::render::harden::patch_files;
use crate::render::{HardenFormat, plural, sanitize};
use crate::report::patch::ObjectPatch;
use crate::source::Input;

/// How writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// All is written that was to be, if anything.
    All,
    /// Something could not be written, and was told.
    Failed,
    /// A person did not want it.
    Cancelled,
}

/// Refuses what can never be written, before any work.
pub(super) fn refuse_unwritable(args: &HardenArgs, inputs: &[Input]) -> Result<(), Failure> {
    let usage = |message: String| Err(Failure::Usage { message, command: COMMAND });
    let copies = args.output_dir.is_some() && args.output != HardenFormat::Kustomize;
    if !args.write && !copies {
        return Ok(());
    }
    let flag = if args.write { "--write" } else { "--output-dir" };
    let stray = inputs.iter().find(|input| !matches!(input, Input::File { .. }));
    match stray {
        Some(Input::Stdin) => {
            return usage(format!("{flag} is about files, and - is none: -o yaml prints the edited text"));
        }
        Some(Input::Url(url)) => {
            return usage(format!("{flag} is about files, and {url} is none: -o yaml prints the edited text"));
        }
        Some(_) => {
            return usage(format!(
                "{flag} is about files, and -k builds none: -o kustomize prints patches for an overlay"
            ));
        }
        None => {}
    }
    Ok(())
}

/// Writes what is asked for, after a question where one is due.
pub(super) fn write(args: &HardenArgs, hardening: &Hardening, streams: &mut Streams) -> Result<Written, Failure> {
    match &args.output_dir {
        Some(folder) if args.output == HardenFormat::Kustomize => {
            let edited = edited_objects(&hardening.report.results);
            let patches: Vec<_> = edited.iter().map(|object| object.for_kustomize()).collect();
            write_component(folder, &patches, streams)
        }
        Some(folder) => write_copies(folder, hardening, streams),
        None if args.write => write_files(args, hardening, streams),
        None => Ok(Written::All),
    }
}

/// A file that is to be replaced.
struct Target<'a> {
    name: &'a str,
    path: &'a Path,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// The changed files, each once, however many arguments lead to it.
fn targets(hardening: &Hardening) -> Vec<Target<'_>> {
    let mut seen = BTreeSet::new();
    let files = hardening.report.files.iter().zip(&hardening.origins);
    let changed = files.filter(|(file, _)| file.is_changed());
    changed
        .filter_map(|(file, origin)| {
            let Input::File { path, .. } = &origin.input else { return None };
            let place = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            seen.insert(place).then(|| Target {
                name: &file.name,
                path,
                before: origin.encoding.encode(&file.before),
                after: origin.encoding.encode(file.after()),
            })
        })
        .collect()
}

fn write_files(args: &HardenArgs, hardening: &Hardening, streams: &mut Streams) -> Result<Written, Failure> {
    let targets = targets(hardening);
    if targets.is_empty() {
        return Ok(Written::All);
    }
    if !args.yes && !streams.err_is_terminal {
        let message = "nothing was written: --write needs --yes where there is no terminal to ask on".to_owned();
        return Err(Failure::Usage { message, command: COMMAND });
    }
    if !args.yes {
        let what = match targets.as_slice() {
            [one] => sanitize(one.name).into_owned(),
            more => format!("{} files", more.len()),
        };
        if confirm(&format!("Write these edits to {what}?"), streams)? != Some(true) {
            writeln!(streams.err, "nothing was written")?;
            return Ok(Written::Cancelled);
        }
    }
    let mut written = Written::All;
    for target in targets {
        let outcome = replace(target.path, &target.before, &target.after);
        written = told(target.name, "hardened", outcome, written, streams)?;
    }
    Ok(written)
}

fn write_copies(folder: &Path, hardening: &Hardening, streams: &mut Streams) -> Result<Written, Failure> {
    let files = hardening.report.files.iter().zip(&hardening.origins);
    let files = files.map(|(file, origin)| (&*file.name, origin.encoding.encode(file.after()))).collect();
    make(folder, files, streams)
}

/// Writes patches as a component for kustomize.
pub(super) fn write_component(
    folder: &Path,
    patches: &[ObjectPatch],
    streams: &mut Streams,
) -> Result<Written, Failure> {
    if patches.is_empty() {
        return Ok(Written::All);
    }
    let files = patch_files(patches);
    make(folder, files.iter().map(|(name, text)| (name.as_str(), text.as_bytes().to_vec())).collect(), streams)
}

/// Makes new files under a folder, or none at all.
pub(super) fn make(folder: &Path, files: Vec<(&str, Vec<u8>)>, streams: &mut Streams) -> Result<Written, Failure> {
    let copies = match copies(folder, files) {
        Ok(copies) => copies,
        Err(messages) => {
            for message in messages {
                writeln!(streams.err, "error: {}", sanitize(&message))?;
            }
            writeln!(streams.err, "nothing was written")?;
            return Ok(Written::Failed);
        }
    };
    let count = copies.len();
    let mut written = Written::All;
    for copy in copies {
        written = told(&copy.path.to_string_lossy(), "", copy.make(), written, streams)?;
    }
    if written == Written::All {
        let files = plural(count, "file", "files");
        writeln!(streams.err, "{count} {files} written to {}", sanitize(&folder.to_string_lossy()))?;
    }
    Ok(written)
}

/// Tells how it went with one file; `done` is the word for success, which is not told where it is empty.
fn told(
    name: &str,
    done: &str,
    outcome: Result<(), String>,
    written: Written,
    streams: &mut Streams,
) -> Result<Written, Failure> {
    match outcome {
        Ok(()) if done.is_empty() => Ok(written),
        Ok(()) => {
            writeln!(streams.err, "{} {done}", sanitize(name))?;
            Ok(written)
        }
        Err(message) => {
            writeln!(streams.err, "error: {}: {}", sanitize(name), sanitize(&message))?;
            Ok(Written::Failed)
        }
    }
}
