//! Hardens manifests: from inputs to a report with the texts before and after.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::document::{Draft, draft};
use super::pieces::{Misread, Piece, joined, pieces};
use super::proof;
use super::read::{Read, Told, read};
use crate::check::unfit;
use crate::edit::{self, Target};
use crate::model::Choices;
use crate::policy::Policy;
use crate::report::harden::{HardenReport, Hardened, HardenedFile};
use crate::report::{Problem, Source};
use crate::source::{self, Input, Manifest, find, helm_template, is_in_chart, objects, plain_template_value};
use crate::yaml::{Document, Encoding, chunks};

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// What is to be reached.
    pub policy: Policy,
    /// What is wished for beyond that.
    pub choices: Choices,
    /// The only namespace that objects may name, where one was asked for.
    pub namespace: Option<String>,
}

/// What hardening files came to.
#[derive(Debug)]
pub struct Hardening {
    /// The results.
    pub report: HardenReport,
    /// Where the report's files came from, one for each of them.
    pub origins: Vec<FileOrigin>,
}

/// Where a text came from, and how it is to be written back.
#[derive(Debug, Clone)]
pub struct FileOrigin {
    /// What was read.
    pub input: Input,
    /// How its bytes make a text.
    pub encoding: Encoding,
}

/// What hardening one input came to.
#[derive(Debug, Default)]
struct Outcome {
    file: Option<(HardenedFile, FileOrigin)>,
    results: Vec<Hardened>,
    told: Told,
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        Self { told: problem.into(), ..Self::default() }
    }
}

/// Plans, edits and judges again everything in `inputs`, in order. Nothing is written. What cannot be read becomes an error
/// of the report and stays as it is; the rest goes on.
#[must_use]
pub fn harden(job: &Job, inputs: &[Input]) -> Hardening {
    let outcomes: Vec<Outcome> = inputs.par_iter().map(|input| harden_input(job, input)).collect();
    let mut report = HardenReport::new(job.policy);
    let mut origins = Vec::new();
    for outcome in outcomes {
        let first = report.results.len();
        report.results.extend(outcome.results);
        report.errors.add(outcome.told.errors);
        report.warnings.add(outcome.told.warnings);
        report.without_template += outcome.told.without_template;
        if let Some((file, origin)) = outcome.file {
            report.files.push(HardenedFile { results: first..report.results.len(), ..file });
            origins.push(origin);
        }
    }
    Hardening { report, origins }
}

fn harden_input(job: &Job, input: &Input) -> Outcome {
    let manifest = match source::read(input) {
        Ok(manifest) => manifest,
        Err(message) => return Problem { source: Source::file(input.name()), message }.into(),
    };
    let path = match input {
        Input::File { path, .. } => Some(path.as_path()),
        _ => None,
    };
    match refusal(&manifest, path) {
        Some(problem) => problem.into(),
        None => harden_manifest(job, input, manifest),
    }
}

/// Why a file is not touched at all.
fn refusal(manifest: &Manifest, path: Option<&Path>) -> Option<Problem> {
    let text = &*manifest.text;
    let at = |offset: usize, message: &str| {
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let whole = Source { origin: manifest.origin.clone(), ..Source::file(Arc::clone(&manifest.name)) };
        let source = Source { line: Some(line), column: Some(column), ..whole };
        Problem { source, message: message.to_owned() }
    };
    unfit(manifest)
        .or_else(|| {
            let loss = manifest.text.first_loss()?;
            Some(at(loss, "these bytes are no text, so the file cannot be written back as it is; nothing was changed"))
        })
        .or_else(|| {
            let action = template_action(text, path)?;
            let advice = "this is a template, as of Helm, not a manifest, and was not touched: harden what it renders \
                          (helm template CHART | kubectl secctx harden -f -), then make the same edits in the chart's \
                          values or templates";
            Some(at(action, advice))
        })
}

/// Where the first `{{ … }}` of a Helm template is; `None` where the text is none. Quoted values and block scalars of a
/// manifest may hold such braces for other programs.
fn template_action(text: &str, path: Option<&Path>) -> Option<usize> {
    let first = helm_template(text)?;
    if path.is_some_and(is_in_chart) {
        return Some(first);
    }
    let is_template = chunks(text).iter().filter(|chunk| helm_template(chunk.text).is_some()).any(|chunk| {
        let Ok(document) = Document::parse(chunk) else { return true };
        let objects = objects(&document);
        let mut with_pods = objects.iter().flatten().filter(|object| !find(object).is_empty());
        with_pods.any(|object| plain_template_value(object.value).is_some())
    });
    is_template.then_some(first)
}

fn harden_manifest(job: &Job, input: &Input, manifest: Manifest) -> Outcome {
    let text = &*manifest.text;
    let parts = pieces(text);
    let (outcome, edited) = harden_pieces(job, &manifest, &parts)
        .unwrap_or_else(|Misread| harden_piece(job, &manifest, &Piece::whole(text)));
    drop(parts);
    let encoding = manifest.text.encoding;
    let (name, before) = (manifest.name, manifest.text.into_string());
    let file = HardenedFile { name, before, edited: edited.text, changes: edited.changes, results: 0..0 };
    Outcome { file: Some((file, FileOrigin { input: input.clone(), encoding })), ..outcome }
}

/// A new text, and where it differs.
#[derive(Debug, Default)]
struct Edited {
    /// `None` where nothing is edited.
    text: Option<String>,
    changes: Vec<(Range<usize>, usize)>,
}

/// Hardens all pieces of a file.
fn harden_pieces(job: &Job, manifest: &Manifest, pieces: &[Piece<'_>]) -> Result<(Outcome, Edited), Misread> {
    let parts: Vec<(Outcome, Edited)> = pieces.par_iter().map(|piece| harden_piece(job, manifest, piece)).collect();
    let (mut all, mut texts, mut changes) = (Outcome::default(), Vec::new(), Vec::new());
    for (outcome, edited) in parts {
        all.results.extend(outcome.results);
        all.told.add(outcome.told);
        texts.push(edited.text);
        changes.extend(edited.changes);
    }
    let text = joined(&manifest.text, pieces, texts)?;
    Ok((all, Edited { text, changes }))
}

fn harden_piece(job: &Job, manifest: &Manifest, piece: &Piece<'_>) -> (Outcome, Edited) {
    let (mut told, mut drafts) = (Told::default(), Vec::new());
    let mut documents = read(job, manifest, &piece.chunks);
    for read in &mut documents {
        match read {
            Read::Hardened(chunk, document) => {
                let (draft, scene) = draft(job, manifest, chunk, document);
                told.add(scene.into());
                drafts.push(draft);
            }
            Read::Told(of_others) => told.add(std::mem::take(of_others)),
        }
    }
    let (text, changes) = edit(job, piece, &mut drafts);
    let mut results: Vec<Hardened> = drafts.into_iter().flat_map(|draft| draft.results).collect();
    let problems = told.errors.sources_mut().chain(told.warnings.sources_mut());
    for source in problems.chain(results.iter_mut().map(|result| &mut result.source)) {
        source.document = source.document.map(|at| at + piece.before);
    }
    let outcome = Outcome { results, told, file: None };
    let in_file = |range: Range<usize>| range.start + piece.offset..range.end + piece.offset;
    let changes = changes.into_iter().map(|(range, length)| (in_file(range), length)).collect();
    (outcome, Edited { text, changes })
}

/// The text with the edits of all objects that can be edited and read back as planned, if there are any, and where it
/// changed. Of the others it is noted why not.
fn edit(job: &Job, piece: &Piece<'_>, drafts: &mut [Draft<'_>]) -> (Option<String>, Vec<(Range<usize>, usize)>) {
    // Each round gives up one document at least.
    for _ in 0..=drafts.len() {
        let places: Vec<(usize, usize)> = drafts
            .iter()
            .enumerate()
            .flat_map(|(at, draft)| draft.objects_to_edit().map(move |object| (at, object)))
            .collect();
        if places.is_empty() {
            break;
        }
        let edited = edited_at(piece.text, drafts, &places);
        for unedited in edited.unedited {
            let (draft, object) = places[unedited.target];
            drafts[draft].refuse(job, object, unedited.refused);
        }
        if proof::holds(job, &piece.chunks, &edited.text, drafts) {
            let changes = edited.splices.into_iter().map(|splice| (splice.range, splice.text.len()));
            return (Some(edited.text), changes.collect());
        }
    }
    (None, Vec::new())
}

/// The text with the edits of the objects at some places: the positions of a draft and of an object in it.
fn edited_at(text: &str, drafts: &[Draft<'_>], places: &[(usize, usize)]) -> edit::Edited {
    let at = |(draft, object): &(usize, usize)| (&drafts[*draft], &drafts[*draft].objects[*object]);
    let edits: Vec<Vec<_>> = places.iter().map(at).map(|(draft, object)| draft.edits_of(object).collect()).collect();
    let objects = places.iter().map(at).map(|(_, object)| object.value);
    let targets: Vec<_> = objects.zip(&edits).map(|(object, edits)| Target { object, edits }).collect();
    edit::edited(text, &targets)
}
