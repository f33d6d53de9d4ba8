//! Makes the change: asked first, guarded, and looked at afterwards.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::judged::{altered, meets};
use super::rejection::{impossible, rejection};
use super::{Planned, Session, Subject, Undo, Way, clean, plan};
use crate::cluster::{Change, ClusterError, PatchType};
use crate::harden::patch::edited_objects;
use crate::model::Edit;
use crate::report::apply::{Reason, Rejection};
use crate::report::harden::Hardened;
use crate::report::patch::PatchFormat;

/// What the server would make of a change.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it warned of.
    pub warnings: Vec<String>,
    /// The object as the server would have it.
    pub object: Arc<Value>,
    /// What it would have otherwise than planned, a sentence each: somebody's webhook.
    pub altered: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// There was nothing to change.
    Unchanged,
    /// The server has it.
    Applied(Box<Applied>),
    /// Somebody changed the object since it was read; nothing was done. This is the plan for what it is now.
    Conflict(Box<Planned>),
    /// Nothing was done.
    Rejected(Rejection),
    /// The connection was lost, and the server cannot be asked whether it has the change. The way back is kept.
    Unknown {
        /// What happened, a sentence.
        why: String,
        /// The way back.
        undo: Box<Undo>,
    },
}

/// A change that the server has.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What the server warned of, in the dry run or then, each once.
    pub warnings: Vec<String>,
    /// The object as the server has it.
    pub object: Arc<Value>,
    /// Whether all its templates meet the policy, judged by what the server has.
    pub reached: bool,
    /// What the server has otherwise than planned, a sentence each: somebody's webhook.
    pub altered: Vec<String>,
    /// Whether the answer was lost and the object read again.
    pub answer_lost: bool,
    /// The way back, on disk until [`Undo::forget`].
    pub undo: Undo,
}

impl Session<'_> {
    /// Asks the server what the change would come to; nothing is stored.
    ///
    /// # Errors
    ///
    /// The server would refuse it; [`Reason::Changed`] where the object changed since it was read.
    pub fn dry_run(&self, planned: &Planned) -> Result<Trial, Rejection> {
        let change = change(planned)?;
        let written = self.cluster.write::<Value>(&change.dry_run()).map_err(|error| rejection(&error))?;
        let altered = altered(planned, &written.object);
        Ok(Trial { warnings: written.warnings, object: Arc::new(written.object), altered })
    }

    /// Makes the change, after a dry run of its own. The way back is written into `folder` before anything is sent.
    ///
    /// Where the object has changed since it was read, but not what it specifies, as when a status was written, the change is
    /// made all the same.
    #[must_use]
    pub fn apply(&self, planned: &Planned, folder: &Path) -> Outcome {
        let mut current = planned.clone();
        for _ in 0..ROUNDS {
            let outcome = self.try_to_apply(&current, folder);
            if !matches!(&outcome, Outcome::Rejected(Rejection { reason: Reason::Changed, .. })) {
                return outcome;
            }
            match self.planned_again(&current) {
                Ok(fresh) if is_the_same(&current, &fresh) => current = fresh,
                Ok(fresh) => return Outcome::Conflict(Box::new(fresh)),
                Err(rejection) => return Outcome::Rejected(rejection),
            }
        }
        Outcome::Conflict(Box::new(current))
    }

    /// The plan for what the object is now.
    fn planned_again(&self, planned: &Planned) -> Result<Planned, Rejection> {
        let Planned { subject, policy, choices, .. } = planned;
        let object = self.read_again(planned).map_err(|error| rejection(&error))?;
        if object["metadata"]["uid"] != subject.uid() {
            let sentence = format!("{} was deleted and made anew meanwhile", subject.short_name());
            return Err(Rejection { reason: Reason::Gone, sentence, warnings: Vec::new() });
        }
        plan(&subject.with_object(object), *policy, choices).map_err(impossible)
    }

    fn read_again(&self, planned: &Planned) -> Result<Value, ClusterError> {
        let Subject { resource, namespace, name, .. } = &planned.subject;
        self.cluster.get::<Value>(resource, namespace.as_deref(), name)
    }

    fn try_to_apply(&self, planned: &Planned, folder: &Path) -> Outcome {
        if !planned.changes() {
            return Outcome::Unchanged;
        }
        let trial = match self.dry_run(planned) {
            Ok(trial) => trial,
            Err(rejection) => return Outcome::Rejected(rejection),
        };
        let (change, undo) = match (change(planned), Undo::keep(&planned.subject, &trial.object, folder)) {
            (Ok(change), Ok(undo)) => (change, undo),
            (Err(rejection), _) | (_, Err(rejection)) => return Outcome::Rejected(rejection),
        };
        self.tell(&undo.way_back());
        let started = Instant::now();
        match self.cluster.write::<Value>(&change) {
            Ok(written) => {
                let object = Arc::new(written.object);
                applied(planned, Made { trial, object, warnings: written.warnings, answer_lost: false }, undo)
            }
            Err(error) if error.may_be_done() => self.find_out(planned, trial, undo, (&error, started)),
            Err(error) => rejected(undo, &trial, rejection(&error)),
        }
    }

    /// Reads back what became of a change that was sent at `started` and whose answer was lost.
    fn find_out(
        &self,
        planned: &Planned,
        trial: Trial,
        undo: Undo,
        (error, started): (&ClusterError, Instant),
    ) -> Outcome {
        let Subject { resource, namespace, name, .. } = &planned.subject;
        let until = self.cluster.last_look(started);
        let mut now = Err(error.clone());
        for turn in 0..TRIES {
            if turn > 0 {
                if until.is_some_and(|until| Instant::now() + PAUSE >= until) {
                    break;
                }
                thread::sleep(PAUSE);
            }
            now = self.cluster.get_until::<Value>(resource, namespace.as_deref(), name, until);
            // A request that was on its way may still arrive: what is not done yet is looked at once more.
            let is_settled = |object: &Value| version(object) != planned.subject.resource_version();
            if now.as_ref().is_ok_and(is_settled) {
                break;
            }
        }
        let object = match now {
            Ok(object) => object,
            Err(again) => {
                let why = format!("{error}; whether it is done is not known, since it cannot be read again: {again}");
                return Outcome::Unknown { why, undo: Box::new(undo) };
            }
        };
        let told = |sentence: String, reason| Rejection { reason, sentence, warnings: Vec::new() };
        if version(&object) == planned.subject.resource_version() {
            return rejected(
                undo,
                &trial,
                told(format!("{error}; it was read again: nothing has changed"), Reason::Unreachable),
            );
        }
        // Somebody's webhook may have made something else of it than in the dry run.
        if undo.is_made(&object) || altered(planned, &object).is_empty() {
            let (object, warnings) = (Arc::new(object), Vec::new());
            return applied(planned, Made { trial, object, warnings, answer_lost: true }, undo);
        }
        let sentence = format!("{error}; it was read again: somebody else has changed it, and this change is not made");
        rejected(undo, &trial, told(sentence, Reason::Changed))
    }
}

/// How often a change is tried whose object's status is written all the time.
const ROUNDS: usize = 5;

/// How often an object is read again whose change was lost, and how long between.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// What the server made of a change.
struct Made {
    trial: Trial,
    object: Arc<Value>,
    warnings: Vec<String>,
    answer_lost: bool,
}

fn applied(planned: &Planned, made: Made, undo: Undo) -> Outcome {
    let Made { trial, object, warnings: more, answer_lost } = made;
    let mut warnings = trial.warnings;
    for warning in more {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let altered = altered(planned, &object);
    let (undo, unwritten) = undo.of_what_was_made(&object);
    warnings.extend(unwritten);
    let reached = meets(planned, &object);
    Outcome::Applied(Box::new(Applied { warnings, object, reached, altered, answer_lost, undo }))
}

/// Nothing was done, so there is nothing to go back from.
fn rejected(undo: Undo, trial: &Trial, mut rejection: Rejection) -> Outcome {
    if let Err(why) = undo.forget() {
        rejection.warnings.push(why);
    }
    rejection.warnings.extend(trial.warnings.iter().cloned());
    Outcome::Rejected(rejection)
}

/// Whether two plans change the same in the same way: who said yes to one said yes to the other. Controllers write status
/// and annotations at any time.
fn is_the_same(one: &Planned, other: &Planned) -> bool {
    let edits =
        |planned: &Planned| -> Vec<Edit> { planned.results.iter().flat_map(Hardened::plain_edits).cloned().collect() };
    clean::content(&one.subject.object) == clean::content(&other.subject.object) && edits(one) == edits(other)
}

/// The patch, made only of the object as it was read.
fn change(planned: &Planned) -> Result<Change, Rejection> {
    let subject = &planned.subject;
    let edited = edited_objects(&planned.results);
    let edited = match (&subject.way, edited.first()) {
        (Way::Patch, Some(edited)) => edited,
        (Way::Patch, None) => return Err(impossible("there is nothing to change")),
        (Way::Recreate, _) => {
            return Err(impossible(format!("{} cannot be changed, only made anew", subject.short_name())));
        }
        (Way::Fixed(why), _) => return Err(impossible(why.clone())),
    };
    let patch = edited.for_server();
    let kind = if patch.format == PatchFormat::Merge { PatchType::Merge } else { PatchType::StrategicMerge };
    let change = Change::patch(&subject.resource, subject.namespace.as_deref(), &subject.name, kind, patch.body);
    Ok(change.guarded(subject.resource_version()))
}

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}
