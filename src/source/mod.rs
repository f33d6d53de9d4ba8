//! Finds what is to be judged: files, documents, objects, and the pod templates in them.

mod admission_config;
mod binary;
mod fetch;
mod helm;
mod input;
mod kustomize;
mod object;
mod place;
mod stretch;
mod template;
mod typing;

pub use admission_config::load_admission_config;
pub use binary::{NO_TEXT, is_binary};
pub use helm::{generator, helm_template, is_in_chart, plain_template_value};
pub use input::{Input, expand, read_file};
pub use object::{Object, objects, visit_objects};
pub use place::Places;
pub use stretch::{Stretches, is_short, stretches};
pub use template::{Found, find, served_version};
pub use typing::{Unknown, check_object_types, check_template_fields};

use std::sync::Arc;

use crate::report::Origin;
use crate::yaml::{Chunk, Start, Text, chunks_from};

/// A manifest file in memory, or a stretch of whole documents of one.
#[derive(Debug)]
pub struct Manifest {
    /// The path as it was given, joined with what the walk of a folder adds; `-` for standard input.
    pub name: Arc<str>,
    /// Its content, or that of the stretch.
    pub text: Text,
    /// What its name is the name of.
    pub origin: Origin,
    /// Where in the file the text starts.
    pub start: Start,
}

impl Manifest {
    /// Its documents, in order; their offsets are those in `text`.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk<'_>> {
        chunks_from(&self.text, self.start)
    }
}

/// Reads an input.
///
/// # Errors
///
/// A sentence that says what could not be read and why.
pub fn read(input: &Input) -> Result<Manifest, String> {
    let text = Text::decode(bytes(input)?);
    Ok(Manifest { name: input.name(), text, origin: input.origin(), start: Start::default() })
}

fn bytes(input: &Input) -> Result<Vec<u8>, String> {
    match input {
        Input::Stdin => input::read_stdin(),
        Input::File { path, .. } => input::read_file(path),
        Input::Url(url) => fetch::fetch(url),
        Input::Kustomization(folder) => kustomize::build(folder),
        Input::Kept { bytes, .. } => Ok(bytes.to_vec()),
    }
}
