//! Random edits of random manifests: whatever they look like, the edits are made and nothing else, or refused.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use kubectl_secctx::edit::{Edited, Target, edited};
use kubectl_secctx::model::{Edit, Op};
use kubectl_secctx::yaml::{Chunk, Document, Style, ValueRef, chunks};
use rayon::prelude::*;
use serde_json::Value as Json;

use super::generator::Generator;
use crate::fuzzing::targets::{Random, edits, reread};

/// So many files take some seconds without optimization. `SECCTX_FILES` asks for another number.
const FILES: u64 = 20_000;

#[derive(Default)]
struct Counts {
    files: AtomicUsize,
    unreadable: AtomicUsize,
    targets: AtomicUsize,
    refused: AtomicUsize,
    shared: AtomicUsize,
    shared_refused: AtomicUsize,
}

fn count(of: &AtomicUsize) -> usize {
    of.load(Ordering::Relaxed)
}

impl Counts {
    fn told(&self) -> String {
        format!(
            "{} files ({} unreadable); {} of {} objects refused; in files with aliases {} of {}",
            count(&self.files),
            count(&self.unreadable),
            count(&self.refused),
            count(&self.targets),
            count(&self.shared_refused),
            count(&self.shared)
        )
    }
}

#[test]
fn edits_change_what_they_should_and_nothing_else() {
    let (seed, files) = (seed(), number("SECCTX_FILES").unwrap_or(FILES));
    let counts = Counts::default();
    let wrong: Vec<String> = (0..files)
        .into_par_iter()
        .filter_map(|at| {
            let mut random = Random(seed.wrapping_add(at.wrapping_mul(0x1234_5678_9ABC_DEF1)));
            let text = Generator::file(&mut random);
            check(&text, &mut random, &counts).err().map(|why| format!("file {at}: {why}"))
        })
        .collect();
    eprintln!("seed {seed}: {}", counts.told());
    let shown = &wrong[..wrong.len().min(5)];
    assert!(wrong.is_empty(), "{} files (SECCTX_SEED={seed} brings them back):\n{}", wrong.len(), shown.join("\n"));
    assert!(count(&counts.unreadable) * 20 < count(&counts.files), "the generator makes too much that cannot be read");
    assert!(count(&counts.refused) * 100 < count(&counts.targets), "too much is refused (SECCTX_SEED={seed})");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect(name))
}

/// The seed of the environment, or a new one: any must do.
pub(crate) fn seed() -> u64 {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map(|time| time.subsec_nanos());
    number("SECCTX_SEED").unwrap_or_else(|| (u64::from(std::process::id()) << 20) ^ u64::from(now().unwrap_or(0)))
}

/// A file with edits made, for others to look at.
pub(super) fn sample(seed: u64) -> Option<String> {
    let mut random = Random(seed);
    let text = Generator::file(&mut random);
    let chunks = chunks(&text);
    let documents = read(&chunks)?;
    let edits = planned(&documents, &mut random);
    Some(edited(&text, &targets(&documents, &borrowed(&edits))).text)
}

fn read<'t>(chunks: &[Chunk<'t>]) -> Option<Vec<Document<'t>>> {
    chunks.iter().map(|chunk| Document::parse(chunk).ok()).collect()
}

fn planned(documents: &[Document<'_>], random: &mut Random) -> Vec<Vec<Edit>> {
    documents.iter().map(|document| document.root().map_or_else(Vec::new, |root| edits(root, random))).collect()
}

/// The edits of each document, as a target has them.
fn borrowed(edits: &[Vec<Edit>]) -> Vec<Vec<&Edit>> {
    edits.iter().map(|edits| edits.iter().collect()).collect()
}

fn targets<'d>(documents: &'d [Document<'_>], edits: &'d [Vec<&'d Edit>]) -> Vec<Target<'d>> {
    let all = documents.iter().zip(edits);
    all.filter_map(|(document, edits)| Some(Target { object: document.root()?, edits })).collect()
}

fn check(text: &str, random: &mut Random, counts: &Counts) -> Result<(), String> {
    counts.files.fetch_add(1, Ordering::Relaxed);
    let cut = chunks(text);
    let Some(documents) = read(&cut) else {
        counts.unreadable.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    };
    let edits = planned(&documents, random);
    let borrowed = borrowed(&edits);
    let targets = targets(&documents, &borrowed);
    let found = edited(text, &targets);
    let context = |why: String| {
        format!(
            "{why} {:?}\n{text}\n--- {edits:?}\n{}\n--- {:?}",
            (text.len(), text.lines().last(), text.ends_with('\n')),
            found.text,
            found.unedited
        )
    };
    let (all, refused) = match text.contains('*') {
        true => (&counts.shared, &counts.shared_refused),
        false => (&counts.targets, &counts.refused),
    };
    all.fetch_add(targets.len(), Ordering::Relaxed);
    refused.fetch_add(found.unedited.len(), Ordering::Relaxed);
    reread(&targets, &found).map_err(context)?;
    lines(text, &targets, &found).map_err(context)
}

/// Lines that no edit is about are all there, in their order; so are comments, line endings and the end of the file.
fn lines(text: &str, targets: &[Target<'_>], found: &Edited) -> Result<(), String> {
    let touched: HashSet<usize> = targets.iter().flat_map(|target| touched(text, target)).collect();
    let mut new = found.text.split_inclusive('\n').map(|line| line.trim_end_matches('\n'));
    for (at, line) in text.split_inclusive('\n').map(|line| line.trim_end_matches('\n')).enumerate() {
        let is_last = !text.ends_with('\n') && text.split_inclusive('\n').count() == at + 1;
        // Behind a block scalar whose empty lines count, others must go with what they follow, and a comment that stood
        // further right than the scalar must move.
        let is_cut = line.trim().is_empty() && text.contains('+');
        let is_same = |new: &str| match is_last {
            _ if line.trim_start().starts_with('#') => new.trim() == line.trim(),
            true => new.trim_end_matches('\r') == line,
            false => new == line,
        };
        if !touched.contains(&(at + 1)) && !is_cut && !new.any(is_same) {
            return Err(format!("line {} is gone: {line:?}", at + 1));
        }
    }
    let kept: HashSet<&str> = found.text.lines().map(str::trim).collect();
    let scalars = scalars(targets);
    if let Some(comment) = comments(text, &scalars).find(|comment| !kept.contains(comment)) {
        return Err(format!("the comment {comment:?} is gone"));
    }
    let (feeds, returns) = (|text: &str| text.matches('\n').count(), |text: &str| text.matches("\r\n").count());
    if returns(text) == 0 && returns(&found.text) > 0
        || feeds(text) > 0 && feeds(text) == returns(text) && feeds(&found.text) != returns(&found.text)
    {
        return Err("line endings are mixed".to_owned());
    }
    if text.ends_with('\n') != found.text.ends_with('\n') && !text.contains(['|', '>']) {
        return Err("the end of the file is another".to_owned());
    }
    Ok(())
}

/// Where block scalars are, in order.
fn scalars(targets: &[Target<'_>]) -> Vec<Range<usize>> {
    let mut todo: Vec<ValueRef<'_>> = targets.iter().map(|target| target.object).collect();
    let mut found = Vec::new();
    while let Some(value) = todo.pop() {
        match value.style() {
            Style::Literal | Style::Folded => found.push(value.span().start..value.span().end),
            Style::Alias | Style::Merged => {}
            _ => {
                todo.extend(value.items());
                todo.extend(value.written_entries().map(|entry| entry.value));
            }
        }
    }
    found
}

/// The comments on lines of their own.
fn comments<'t>(text: &'t str, scalars: &[Range<usize>]) -> impl Iterator<Item = &'t str> {
    let start = text.as_ptr() as usize;
    text.lines().map(str::trim).filter(move |line| {
        let at = line.as_ptr() as usize - start;
        line.starts_with("# f") && !scalars.iter().any(|scalar| scalar.contains(&at))
    })
}

/// The lines that edits of an object may change: those of what they are about, and of the line that the next entry moves
/// to when the first one on a dash's line goes.
fn touched(text: &str, target: &Target<'_>) -> Vec<usize> {
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    let all: Vec<&str> = text.split('\n').collect();
    let mut lines = Vec::new();
    for edit in target.edits {
        let located = target.object.locate(&edit.path);
        let exact = located.steps == edit.path.segments().len();
        let parent = target.object.locate(&edit.path.head(edit.path.segments().len() - 1));
        for value in [located, parent] {
            let span = value.value.span();
            let start = value.key.map_or(span.start, |key| key.span().start);
            lines.push(line_of(start));
            // The dash or the colon may stand on a line before.
            let first = line_of(span.start);
            let gaps = all[..first - 1].iter().rev().take_while(|line| is_gap(line)).count();
            lines.extend((first - gaps).saturating_sub(1)..first);
            if value.value.style() == Style::Flow
                || value.value.is_null()
                || exact && value.value.id() == located.value.id()
            {
                lines.extend(line_of(start)..=line_of(span.end));
            }
        }
        if edit.op == Op::Remove || matches!(edit.op, Op::Set(Json::Object(_) | Json::Array(_))) {
            // The next entry or the brackets may stand anywhere in what is around.
            let span = parent.value.span();
            lines.extend(line_of(span.start)..=line_of(span.end));
        }
    }
    lines
}

fn is_gap(line: &str) -> bool {
    line.trim().is_empty() || line.trim().starts_with('#')
}
