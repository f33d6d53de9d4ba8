//! The way back: the patch that brings back every field that a change changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::rejection::{local, rejection};
use super::reverse::{Difference, differences, patch};
use super::{Session, Subject, clean, store};
use crate::cluster::{Change, ClusterError, PatchType, Resource};
use crate::report::apply::{Reason, Rejection, WayBack};

/// How an object becomes again what it was.
#[derive(Debug, Clone)]
pub struct Undo {
    resource: Resource,
    namespace: Option<String>,
    name: String,
    /// What the change made and what was before. As a JSON patch each value is tested before it is taken away, so that
    /// nothing is undone that somebody else did.
    differences: Vec<Difference>,
    /// The object before.
    before: Arc<Value>,
    file: PathBuf,
}

/// What became of going back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolledBack {
    /// The object is what it was.
    Done {
        /// Fields of its specification that are otherwise by somebody else's doing, such as replicas.
        others: Vec<String>,
    },
    /// Somebody has changed these fields since; nothing was done.
    Changed(Vec<String>),
    /// It was not done, or it is not known to be done.
    Failed(Rejection),
}

impl Undo {
    /// Writes down the way from `after` back to the subject's object.
    pub(super) fn keep(subject: &Subject, after: &Value, folder: &Path) -> Result<Self, Rejection> {
        let differences = differences(&clean::shown(after), &clean::shown(&subject.object));
        let mut undo = Self {
            resource: subject.resource.clone(),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
            before: Arc::clone(&subject.object),
            differences,
            file: PathBuf::new(),
        };
        let kind = subject.kind().to_lowercase();
        let parts = [subject.namespace.as_deref().unwrap_or_default(), &kind, &subject.name];
        undo.file = store::keep(folder, &parts, ".json", &undo.text()).map_err(local)?;
        Ok(undo)
    }

    /// The way back from what the server really made, which somebody's webhook may have seen otherwise in the dry run; and
    /// why it could not be written down, if so.
    pub(super) fn of_what_was_made(mut self, object: &Value) -> (Self, Option<String>) {
        let differences = differences(&clean::shown(object), &clean::shown(&self.before));
        if differences == self.differences {
            return (self, None);
        }
        self.differences = differences;
        let written = store::replace(&self.file, &self.text());
        (self, written.err())
    }

    /// Whether an object has all that the change made.
    pub(super) fn is_made(&self, object: &Value) -> bool {
        self.differences.iter().all(|difference| difference.is_as_it_was(object))
    }

    fn operations(&self) -> Vec<Value> {
        patch(self.uid(), &self.differences)
    }

    fn uid(&self) -> &str {
        self.before["metadata"]["uid"].as_str().unwrap_or_default()
    }

    fn text(&self) -> String {
        format!("{:#}\n", Value::Array(self.operations()))
    }

    /// Where it is kept and what does it by hand.
    #[must_use]
    pub fn way_back(&self) -> WayBack {
        let Resource { group, version, plural, .. } = &self.resource;
        let mut command = vec!["kubectl".to_owned(), "patch".to_owned(), format!("{plural}.{version}.{group}")];
        command.push(self.name.clone());
        if let Some(namespace) = &self.namespace {
            command.extend(["-n".to_owned(), namespace.clone()]);
        }
        command.extend(["--type", "json", "--patch-file"].map(str::to_owned));
        command.push(self.file.display().to_string());
        WayBack { file: self.file.clone(), command }
    }

    /// Takes the file away: all is well.
    ///
    /// # Errors
    ///
    /// The file is still there, a sentence.
    pub fn forget(&self) -> Result<(), String> {
        store::forget(&self.file)
    }
}

impl Session<'_> {
    /// Brings back every field that the change changed, and looks whether the object is what it was. The file stays until
    /// [`Undo::forget`].
    #[must_use]
    pub fn roll_back(&self, undo: &Undo) -> RolledBack {
        let object = match self.look(undo) {
            Ok(object) => object,
            Err(rejection) => return RolledBack::Failed(rejection),
        };
        let is_done = |object: &Value| undo.differences.iter().all(|difference| difference.is_done(object));
        if is_done(&object) {
            return done(undo, &object);
        }
        let changed = undo.differences.iter().filter(|difference| !difference.is_as_it_was(&object));
        let changed: Vec<String> = changed.map(Difference::field).collect();
        if !changed.is_empty() {
            return RolledBack::Changed(changed);
        }
        let Undo { resource, namespace, name, .. } = undo;
        let body = Value::Array(undo.operations());
        let change = Change::patch(resource, namespace.as_deref(), name, PatchType::Json, body);
        let started = Instant::now();
        let written = self.cluster.write::<Value>(&change);
        let object = match written {
            Ok(written) => Ok(written.object),
            Err(error) if error.may_be_done() => self.look_again(undo, &error, started),
            Err(error) => Err(rejection(&error)),
        };
        match object {
            Ok(object) if is_done(&object) => done(undo, &object),
            Ok(object) => {
                let left = undo.differences.iter().filter(|difference| !difference.is_done(&object));
                RolledBack::Changed(left.map(Difference::field).collect())
            }
            Err(rejection) => RolledBack::Failed(rejection),
        }
    }

    /// The object as it is now, if it is the same one.
    fn look(&self, undo: &Undo) -> Result<Value, Rejection> {
        the_same(undo, self.cluster.get::<Value>(&undo.resource, undo.namespace.as_deref(), &undo.name))
    }

    /// The same after an answer was lost.
    fn look_again(&self, undo: &Undo, error: &ClusterError, started: Instant) -> Result<Value, Rejection> {
        let until = self.cluster.last_look(started);
        let found = self.cluster.get_until::<Value>(&undo.resource, undo.namespace.as_deref(), &undo.name, until);
        let object = the_same(undo, found).map_err(|mut again| {
            again.sentence = format!("{error}; whether it is done is not known: {}", again.sentence);
            again
        })?;
        if undo.is_made(&object) {
            let sentence = format!("{error}; it was read again: nothing has changed");
            return Err(Rejection { reason: Reason::Unreachable, sentence, warnings: Vec::new() });
        }
        Ok(object)
    }
}

/// The object that was found, if it is the one that was changed.
fn the_same(undo: &Undo, found: Result<Value, ClusterError>) -> Result<Value, Rejection> {
    let object = found.map_err(|error| rejection(&error))?;
    if object["metadata"]["uid"] == undo.uid() {
        return Ok(object);
    }
    let sentence = format!("{} {} was deleted and made anew since", undo.resource.singular, undo.name);
    Err(Rejection { reason: Reason::Gone, sentence, warnings: Vec::new() })
}

/// The object is what it was; what of its specification is not, somebody else has changed since.
fn done(undo: &Undo, object: &Value) -> RolledBack {
    let others = differences(&object["spec"], &undo.before["spec"]);
    RolledBack::Done { others: others.iter().map(|other| format!("spec.{}", other.field())).collect() }
}
