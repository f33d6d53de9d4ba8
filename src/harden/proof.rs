//! Reads an edited text again: it must differ by exactly what was planned, and is judged anew.

use super::document::Draft;
use super::files::Job;
use crate::admission::prepare_pod;
use crate::check::{Stop, walk};
use crate::evaluate::{evaluate, strictest_level};
use crate::model::{Edit, PodTemplate};
use crate::policy::Level;
use crate::report::Origin;
use crate::source::Manifest;
use crate::yaml::{Chunk, Document, Text, chunks};

/// Whether the edited text holds what was planned; then the results say how it is judged. Documents that do not are given
/// up, so that the next try is without them.
pub(super) fn holds(job: &Job, before: &str, after: &str, drafts: &mut [Draft]) -> bool {
    let (old, new) = (chunks(before), chunks(after));
    if old.len() != new.len() {
        // Which document is to blame cannot be told.
        drafts.iter_mut().for_each(|draft| draft.give_up(job, "the edited text would be cut into other documents"));
        return false;
    }
    let mut is_changed = vec![false; old.len()];
    let mut all_hold = true;
    for draft in drafts.iter_mut().filter(|draft| !draft.splices.is_empty()) {
        let Some((old, new)) = old.get(draft.index).zip(new.get(draft.index)) else { continue };
        if let Some(changed) = is_changed.get_mut(draft.index) {
            *changed = true;
        }
        match verdicts(job, draft, old, new) {
            Some(verdicts) => draft.note(&verdicts),
            None => {
                all_hold = false;
                draft.give_up(job, "the edited text would not read as planned");
            }
        }
    }
    let is_kept = |((old, new), changed): ((&Chunk<'_>, &Chunk<'_>), &bool)| *changed || old.text == new.text;
    if all_hold && !old.iter().zip(&new).zip(&is_changed).all(is_kept) {
        drafts.iter_mut().for_each(|draft| draft.give_up(job, "the edits would change another document"));
        return false;
    }
    all_hold
}

/// Whether each template of the edited document meets the policy, and the strictest level that it meets; `None` where the
/// document is not what it was with the edits.
fn verdicts(job: &Job, draft: &Draft, old: &Chunk<'_>, new: &Chunk<'_>) -> Option<Vec<(bool, Level)>> {
    let (old, new) = (Document::parse(old).ok()?, Document::parse(new).ok()?);
    let mut expected = old.root()?.to_json();
    Edit::apply(&mut expected, &draft.edits).ok()?;
    if new.root()?.to_json() != expected || old.duplicates().len() < new.duplicates().len() {
        return None;
    }
    let mut verdicts = Vec::new();
    // Only for its name: what would be told of it was told of the text before.
    let nameless = Manifest { name: "".into(), text: Text::decode(Vec::new()), origin: Origin::File };
    walk(&nameless, &new, job.namespace.as_deref(), &mut |_, stop| {
        let Stop::Template { object, found, pod } = stop else { return };
        if draft.places.iter().any(|(at, template)| *at == object.path && *template == found.path) {
            verdicts.push(verdict(job, pod));
        }
    });
    (verdicts.len() == draft.results.len()).then_some(verdicts)
}

fn verdict(job: &Job, mut pod: PodTemplate) -> (bool, Level) {
    prepare_pod(&mut pod);
    let reached = evaluate(job.policy, &pod).is_empty();
    (reached, strictest_level(job.policy.version, &pod, Some((job.policy.level, reached))))
}

impl Draft {
    fn note(&mut self, verdicts: &[(bool, Level)]) {
        for (result, (reached, after)) in self.results.iter_mut().zip(verdicts) {
            (result.reached, result.after) = (*reached, *after);
        }
    }
}
