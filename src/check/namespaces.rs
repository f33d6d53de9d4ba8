//! The Namespace documents of a run.

use std::collections::BTreeMap;

use super::Job;
use crate::source::visit_objects;
use crate::yaml::{Chunk, Document, ValueRef};

/// Labels of the namespaces that the inputs define; of one defined twice the last, as if applied in order.
#[derive(Debug, Default)]
pub(super) struct Namespaces(BTreeMap<String, BTreeMap<String, String>>);

impl Namespaces {
    /// The namespaces of a part of the inputs. What cannot be read is passed over: judging it tells.
    pub(super) fn of(job: Job<'_>) -> Self {
        let mut namespaces = Self::default();
        if let Ok(manifest) = job.manifest() {
            manifest.chunks().iter().for_each(|chunk| namespaces.collect(chunk));
        }
        namespaces
    }

    fn collect(&mut self, chunk: &Chunk<'_>) {
        // Parsing costs more than looking for the word.
        if memchr::memmem::find(chunk.text.as_bytes(), b"Namespace").is_none() {
            return;
        }
        let Ok(document) = Document::parse(chunk) else { return };
        visit_objects(&document, &mut |object| {
            if let Ok(object) = object
                && object.kind == "Namespace"
                && object.group().is_empty()
            {
                self.0.insert(object.name.to_owned(), strings(object.value, "labels"));
            }
        });
    }

    /// Adds the namespaces of the next part.
    pub(super) fn add(&mut self, next: Self) {
        self.0.extend(next.0);
    }

    /// The labels of a namespace; `None` when no input defines it.
    pub(super) fn labels(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.0.get(name)
    }
}

/// The labels or annotations of an object.
pub(super) fn strings(object: ValueRef<'_>, field: &str) -> BTreeMap<String, String> {
    let strings = object.field("metadata").and_then(|metadata| metadata.field(field));
    let entries = strings.into_iter().flat_map(ValueRef::entries);
    entries.map(|entry| (entry.key.to_owned(), entry.value.as_str().unwrap_or_default().to_owned())).collect()
}
