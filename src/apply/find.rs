//! From names to what has to be changed.

use std::cell::RefCell;

use serde_json::Value;

use super::walk::Step;
use super::{Session, Subject};
use crate::cluster::{ClusterError, Resource};
use crate::live::Target;
use crate::report::Problem;

/// What was found of what was named.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Each once, in the order in which they were named first.
    pub subjects: Vec<Subject>,
    /// What is not there, may not be read, or has no pod template.
    pub errors: Vec<Problem>,
}

/// An object to be read.
pub(super) struct Wanted {
    pub(super) resource: Resource,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Session<'_> {
    /// Reads objects by their names, and their owners up to the one whose template must change; nothing else. Targets
    /// without a name are for [`Session::candidates`].
    #[must_use]
    pub fn named(&self, targets: &[Target], namespace: &str) -> Found {
        let mut found = Found::default();
        let mut wanted = Vec::new();
        for target in targets {
            let Some(name) = &target.name else { continue };
            match self.resource(&target.resource) {
                Ok(resource) => wanted.push(Wanted { resource, namespace: namespace.to_owned(), name: name.clone() }),
                Err(message) => found.errors.push(self.problem(message)),
            }
        }
        for (wanted, object) in wanted.iter().zip(self.read(&wanted)) {
            match object {
                Ok(object) => self.add(&mut found, Step::new(wanted.resource.clone(), object)),
                Err(error) => found.errors.push(self.problem(error.to_string())),
            }
        }
        found
    }

    /// Reads objects, several at a time; the answers are in the same order.
    pub(super) fn read(&self, wanted: &[Wanted]) -> Vec<Result<Value, ClusterError>> {
        let objects: Vec<RefCell<Option<Value>>> = wanted.iter().map(|_| RefCell::default()).collect();
        let mut batch = self.cluster.batch();
        for (one, slot) in wanted.iter().zip(&objects) {
            batch.get::<Value>(&one.resource, Some(&one.namespace), &one.name, |object| {
                slot.replace(Some(object));
            });
        }
        let results = batch.run();
        results
            .into_iter()
            .zip(objects)
            .map(|(result, slot)| result.map(|()| slot.take().unwrap_or_default()))
            .collect()
    }

    /// Adds the subject of an object; two objects of one subject are two chains to it.
    pub(super) fn add(&self, found: &mut Found, step: Step) {
        let subject = match self.climb(step) {
            Ok(subject) => subject,
            Err(message) => return found.errors.push(self.problem(message)),
        };
        let same = |known: &&mut Subject| {
            known.resource == subject.resource && known.namespace == subject.namespace && known.name == subject.name
        };
        match found.subjects.iter_mut().find(same) {
            Some(known) => {
                let new = subject.chains.into_iter().filter(|chain| !known.chains.contains(chain));
                let new: Vec<_> = new.collect();
                known.chains.extend(new);
                known.known_pods.extend(subject.known_pods);
            }
            None => found.subjects.push(subject),
        }
    }
}
