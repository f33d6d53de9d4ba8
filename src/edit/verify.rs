//! Edits objects of a file, reads the new text again, and takes back what would change anything else.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::changes::Within;
use super::editor::Editor;
use super::{Refused, Splice, compare, part, sort, spliced};
use crate::model::{Edit, FieldPath};
use crate::yaml::{Chunk, ChunkKind, Document, NodeId, ValueRef, are_chunks, chunks};

/// An object and what is to change in it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'d> {
    /// The object, which may be an item of a list. No target is in another.
    pub object: ValueRef<'d>,
    /// The edits; their paths start at the object.
    pub edits: &'d [&'d Edit],
}

/// A file's text after edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// What was replaced, in the order of the text.
    pub splices: Vec<Splice>,
    /// The targets that are as they were, in order.
    pub unedited: Vec<Unedited>,
}

/// A target that could not be edited. None of its edits were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unedited {
    /// Its position among the targets.
    pub target: usize,
    /// Why not.
    pub refused: Vec<Refused>,
}

/// Edits objects of a file, `text`, from which their documents were read.
///
/// The result was read again: as many documents, of the same format, in which each object is the old one with its edits
/// and nothing else is different. A target for which that does not hold is left as it was, and told.
#[must_use]
pub fn edited(text: &str, targets: &[Target<'_>]) -> Edited {
    let mut unedited = Vec::new();
    let mut splices = Vec::new();
    let mut pieces = HashMap::new();
    for targets in by_document(targets) {
        let Some((_, first)) = targets.first() else { continue };
        let mut work = Work::new(text, first.object.document());
        let made = work.splices(targets);
        let accepted = work.accepted(&made);
        unedited.append(&mut work.unedited);
        pieces.insert(work.document.index, fingerprint(&work.piece(&sorted(&accepted))));
        let accepted: HashSet<usize> = accepted.into_iter().map(|made| made.at).collect();
        splices.extend(made.into_iter().filter(|made| accepted.contains(&made.at)).flat_map(|made| made.splices));
    }
    let new = spliced(text, &splices);
    if !has_pieces(text, &new, &pieces) {
        let all = targets.iter().enumerate().map(|(at, target)| refused(at, target));
        return Edited { text: text.to_owned(), splices: Vec::new(), unedited: all.collect() };
    }
    unedited.sort_by_key(|unedited| unedited.target);
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    Edited { text: new, splices, unedited }
}

/// The targets of each document, in the order of the text.
fn by_document<'d>(targets: &[Target<'d>]) -> Vec<Vec<(usize, Target<'d>)>> {
    let mut sorted: Vec<(usize, Target<'d>)> = targets.iter().copied().enumerate().collect();
    let document = |target: &Target<'_>| target.object.document().range().start;
    sorted.sort_by_cached_key(|(_, target)| (document(target), target.object.span().start));
    sorted.chunk_by(|(_, a), (_, b)| document(a) == document(b)).map(<[_]>::to_vec).collect()
}

/// What is kept of a document's new text, which may be as long as the file.
type Fingerprint = (usize, u64);

fn fingerprint(text: &str) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    (text.len(), hasher.finish())
}

/// Whether a new text has the documents of the old one, those edited among them.
fn has_pieces(old: &str, new: &str, pieces: &HashMap<usize, Fingerprint>) -> bool {
    are_chunks(new, &chunks(old), |new, old| {
        let is_text = pieces.get(&old.index).map_or(new.text == old.text, |piece| fingerprint(new.text) == *piece);
        let is_broken = |chunk: &Chunk<'_>| matches!(chunk.kind, ChunkKind::Broken(_));
        is_text && (old.kind == new.kind || is_broken(old) && is_broken(new))
    })
}

fn refused(at: usize, target: &Target<'_>) -> Unedited {
    let why = "the edit would change something else in the file";
    Unedited { target: at, refused: vec![Refused::at(target.object, &FieldPath::root(), why)] }
}

/// A target with its splices.
struct Made<'d> {
    at: usize,
    target: Target<'d>,
    splices: Vec<Splice>,
    /// What is told where they change something else.
    otherwise: Option<Vec<Refused>>,
}

impl Made<'_> {
    fn unedited(&self) -> Unedited {
        let generic = refused(self.at, &self.target);
        Unedited { refused: self.otherwise.clone().unwrap_or(generic.refused), ..generic }
    }
}

/// Edits one document.
struct Work<'t, 'd> {
    text: &'t str,
    document: &'d Document<'d>,
    unedited: Vec<Unedited>,
}

impl<'t, 'd> Work<'t, 'd> {
    fn new(text: &'t str, document: &'d Document<'d>) -> Self {
        Self { text, document, unedited: Vec::new() }
    }

    fn splices(&mut self, targets: Vec<(usize, Target<'d>)>) -> Vec<Made<'d>> {
        let mut editor = Editor::new(self.text, self.document);
        let mut made = Vec::new();
        for (at, target) in targets {
            match editor.object(target.object, target.edits) {
                Ok((splices, otherwise)) => made.push(Made { at, target, splices, otherwise }),
                Err(refused) => self.unedited.push(Unedited { target: at, refused }),
            }
        }
        made
    }

    /// Those that change what they should and nothing else, alone and together.
    fn accepted<'m>(&mut self, made: &'m [Made<'d>]) -> Vec<&'m Made<'d>> {
        let all: Vec<&Made<'d>> = made.iter().collect();
        if self.is_right(&all) {
            return all;
        }
        if let [one] = made {
            self.unedited.push(one.unedited());
            return Vec::new();
        }
        let (first, second) = made.split_at(made.len() / 2);
        let mut accepted = self.accepted(first);
        accepted.extend(self.accepted(second));
        if self.is_right(&accepted) {
            return accepted;
        }
        self.unedited.extend(accepted.into_iter().map(Made::unedited));
        Vec::new()
    }

    /// Reads the document again as it would be with some of the splices.
    fn is_right(&self, made: &[&Made<'d>]) -> bool {
        let mut changes = HashMap::new();
        for made in made {
            let Ok(within) = Within::of(made.target.edits) else { return false };
            changes.insert(made.target.object.id(), within);
        }
        let splices = sorted(made);
        if splices.is_empty() {
            return changes.values().all(|within: &Within<'_>| within.steps.is_empty())
                || self.is_equal(self.document, &changes);
        }
        let text = self.piece(&splices);
        let kind = if self.document.is_json() { ChunkKind::Json } else { ChunkKind::Yaml };
        let chunk = Chunk { index: self.document.index, offset: 0, line: 1, column: 1, text: &text, kind };
        do_not_overlap(&splices) && Document::parse(&chunk).is_ok_and(|new| self.is_equal(&new, &changes))
    }

    fn is_equal(&self, new: &Document<'_>, changes: &HashMap<NodeId, Within<'_>>) -> bool {
        match (self.document.root(), new.root()) {
            (Some(old), Some(new)) => compare::becomes(old, new, changes),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// The document's text with splices made.
    fn piece(&self, splices: &[&Splice]) -> String {
        part(self.text, self.document.range(), splices)
    }
}

/// The splices of some targets in the order of the text.
fn sorted<'m>(made: &[&'m Made<'_>]) -> Vec<&'m Splice> {
    let mut splices: Vec<&Splice> = made.iter().flat_map(|made| &made.splices).collect();
    sort(&mut splices);
    splices
}

fn do_not_overlap(sorted: &[&Splice]) -> bool {
    sorted.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start)
}
