//! Edits of manifests change what they should, and no byte of anything else.

mod big;
mod blocks;
mod brackets;
mod generator;
mod random;
mod reading;
mod refusals;

pub(crate) use generator::Generator;
pub(crate) use random::seed;

use kubectl_secctx::edit::{Edited, Target, edited};
use kubectl_secctx::model::{Edit, FieldPath};
use kubectl_secctx::yaml::{Document, chunks};

/// An edit written as `path = JSON`, or as `- path` for a removal.
fn edit(written: &str) -> Edit {
    match (written.strip_prefix("- "), written.split_once(" = ")) {
        (Some(path), _) => Edit::remove(path_of(path)),
        (None, Some((path, value))) => {
            Edit::set(path_of(path), serde_json::from_str::<serde_json::Value>(value).expect(value))
        }
        _ => panic!("no edit: {written}"),
    }
}

/// A path written as `a.b[0].c`.
fn path_of(written: &str) -> FieldPath {
    written.split('.').fold(FieldPath::root(), |path, step| {
        let mut parts = step.split('[');
        let name = parts.next().unwrap_or_default();
        let path = if name.is_empty() { path } else { path.name(name) };
        parts.fold(path, |path, index| path.index(index.trim_end_matches(']').parse().expect(written)))
    })
}

/// Edits the object that is the last document.
fn edit_last(text: &str, edits: &[&str]) -> Edited {
    let chunks = chunks(text);
    let document = Document::parse(chunks.last().expect("a document")).expect(text);
    let edits: Vec<Edit> = edits.iter().map(|written| edit(written)).collect();
    let edits: Vec<&Edit> = edits.iter().collect();
    edited(text, &[Target { object: document.root().expect("a value"), edits: &edits }])
}

/// Texts, edits of their last document, and the texts that these must make.
fn assert_edited(cases: &[(&str, &[&str], &str)]) {
    let mut wrong = Vec::new();
    for (before, edits, after) in cases {
        let found = edit_last(before, edits);
        if (found.text.as_str(), found.unedited.len()) != (*after, 0) {
            wrong.push(format!("{before}--- {edits:?}\n{}--- wanted\n{after}--- {:?}\n", found.text, found.unedited));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
