//! Reads an edited text again: it must differ by exactly what was planned, and is judged anew.

use std::collections::{HashMap, HashSet};

use super::document::{Draft, DraftObject};
use super::files::Job;
use crate::admission::prepare_pod;
use crate::check::{Stop, walk};
use crate::edit::{equal, equal_but};
use crate::evaluate::{evaluate, strictest_level};
use crate::model::{Edit, FieldPath, PodTemplate};
use crate::policy::Level;
use crate::report::Origin;
use crate::source::Manifest;
use crate::yaml::{Chunk, Document, NodeId, Start, Text, ValueRef, are_chunks};

/// Whether the edited text holds what was planned and nothing else is different; then the results say how it is judged.
/// Documents of which that is not true are given up, so that the next try is without them.
pub(super) fn holds(job: &Job, old: &[Chunk<'_>], after: &str, drafts: &mut [Draft<'_>]) -> bool {
    let edited: HashSet<usize> = drafts
        .iter()
        .filter(|draft| draft.objects_to_edit().next().is_some())
        .map(|draft| draft.document.index)
        .collect();
    let mut new: HashMap<usize, Chunk<'_>> = HashMap::new();
    let are_kept = are_chunks(after, old, |chunk, old| {
        let is_edited = edited.contains(&old.index);
        if is_edited {
            new.insert(chunk.index, chunk.clone());
        }
        is_edited || old.text == chunk.text
    });
    if !are_kept {
        // Which document is to blame cannot be told.
        drafts.iter_mut().for_each(|draft| draft.give_up(job, "the edits would change another document"));
        return false;
    }
    let mut all_hold = true;
    for draft in drafts.iter_mut().filter(|draft| edited.contains(&draft.document.index)) {
        match new.get(&draft.document.index).and_then(|new| verdicts(job, draft, new)) {
            Some(verdicts) => draft.note(&verdicts),
            None => {
                all_hold = false;
                draft.give_up(job, "the edited text would not read as planned");
            }
        }
    }
    all_hold
}

/// A result's position, whether its template meets the policy, and the strictest level that it meets.
type Verdict = (usize, bool, Level);

/// How the templates of the edited document are judged; `None` where the document is not what it was with the edits.
fn verdicts(job: &Job, draft: &Draft<'_>, new: &Chunk<'_>) -> Option<Vec<Verdict>> {
    let new = Document::parse(new).ok()?;
    let edited: HashMap<NodeId, &DraftObject<'_>> =
        draft.objects.iter().map(|object| (object.value.id(), object)).collect();
    let is_right = |old: ValueRef<'_>, new: ValueRef<'_>| {
        edited.get(&old.id()).map(|object| is_edited(new, old, draft.edits_of(object)))
    };
    if !equal_but(draft.document.root()?, new.root()?, is_right) {
        return None;
    }
    let results: HashMap<(&FieldPath, &FieldPath), usize> = (draft.objects.iter())
        .flat_map(|object| object.results.iter().map(|(result, template)| ((&object.path, template), *result)))
        .collect();
    let mut verdicts = Vec::new();
    // What would be told of it was told of the text before.
    let nameless =
        Manifest { name: "".into(), text: Text::decode(Vec::new()), origin: Origin::File, start: Start::default() };
    walk(&nameless, &new, job.namespace.as_deref(), &mut |_, stop| {
        let Stop::Template { object, found, pod } = stop else { return };
        let result = results.get(&(&object.path, &found.path));
        verdicts.extend(result.map(|result| verdict(job, *result, pod)));
    });
    (verdicts.len() == draft.results.len()).then_some(verdicts)
}

/// Whether a value is the old one with some edits.
fn is_edited<'e>(new: ValueRef<'_>, old: ValueRef<'_>, edits: impl Iterator<Item = &'e Edit>) -> bool {
    let mut expected = old.to_json();
    Edit::apply(&mut expected, edits).is_ok() && equal(new, &expected)
}

fn verdict(job: &Job, result: usize, mut pod: PodTemplate) -> Verdict {
    prepare_pod(&mut pod);
    let reached = evaluate(job.policy, &pod).is_empty();
    (result, reached, strictest_level(job.policy.version, &pod, Some((job.policy.level, reached))))
}

impl Draft<'_> {
    fn note(&mut self, verdicts: &[Verdict]) {
        for (result, reached, after) in verdicts {
            if let Some(result) = self.results.get_mut(*result) {
                (result.reached, result.after) = (*reached, *after);
            }
        }
    }
}
