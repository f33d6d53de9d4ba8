//! Reads documents that are to be hardened, and lets go at once of those that are not.

use super::document::draft;
use super::files::Job;
use crate::check::{Scene, parse};
use crate::report::{Problem, Problems};
use crate::source::{Manifest, find, visit_objects};
use crate::yaml::{Chunk, Document};

/// What is to be told beside the results.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) errors: Problems,
    pub(super) warnings: Problems,
    pub(super) without_template: usize,
}

impl Told {
    pub(super) fn add(&mut self, next: Self) {
        self.errors.add(next.errors);
        self.warnings.add(next.warnings);
        self.without_template += next.without_template;
    }
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self { errors: problem.into(), ..Self::default() }
    }
}

impl From<Scene<'_>> for Told {
    fn from(scene: Scene<'_>) -> Self {
        let without_template = usize::from(scene.is_without_template);
        Self { errors: scene.errors, warnings: scene.warnings, without_template }
    }
}

/// Whether a document holds nothing at all. There may be many of them, and each takes more memory than it has bytes.
fn is_blank(document: &str) -> bool {
    document.strip_prefix("---").unwrap_or(document).bytes().all(|byte| matches!(byte, b' ' | b'\r' | b'\n'))
}

/// A document that was read, or some.
pub(super) enum Read<'p, 't> {
    /// It has pod templates.
    Hardened(&'p Chunk<'t>, Box<Document<'t>>),
    /// Nothing in them can be edited.
    Told(Told),
}

/// Reads documents. Of those without pod templates only what is to be told is kept: there may be very many of them, and each
/// takes more memory than it has bytes.
pub(super) fn read<'p, 't>(job: &Job, manifest: &Manifest, chunks: &'p [Chunk<'t>]) -> Vec<Read<'p, 't>> {
    let mut all = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !is_blank(chunk.text)) {
        let told = match parse(manifest, chunk) {
            Ok(document) if has_template(&document) => {
                all.push(Read::Hardened(chunk, Box::new(document)));
                continue;
            }
            Ok(document) => draft(job, manifest, chunk, &document).1.into(),
            Err(problem) => problem.into(),
        };
        match all.last_mut() {
            Some(Read::Told(last)) => last.add(told),
            _ => all.push(Read::Told(told)),
        }
    }
    all
}

fn has_template(document: &Document<'_>) -> bool {
    let mut has_template = false;
    visit_objects(document, &mut |object| has_template |= object.is_ok_and(|object| !find(&object).is_empty()));
    has_template
}
