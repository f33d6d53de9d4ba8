//! The Namespace documents of a run.

use std::collections::BTreeMap;

use crate::source::{Manifest, objects};
use crate::yaml::{Document, ValueRef, chunks};

/// Labels of the namespaces that the inputs define; of one defined twice the last, as if applied in order.
#[derive(Debug, Default)]
pub(super) struct Namespaces(BTreeMap<String, BTreeMap<String, String>>);

impl Namespaces {
    /// Adds the namespaces of a manifest. What cannot be read is passed over: judging it tells.
    pub(super) fn collect(&mut self, manifest: &Manifest) {
        for chunk in chunks(&manifest.text) {
            // Parsing costs more than looking for the word.
            if memchr::memmem::find(chunk.text.as_bytes(), b"Namespace").is_none() {
                continue;
            }
            let Ok(document) = Document::parse(&chunk) else { continue };
            for object in objects(&document).into_iter().flatten() {
                if object.kind == "Namespace" && object.group().is_empty() {
                    self.0.insert(object.name.to_owned(), strings(object.value, "labels"));
                }
            }
        }
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
