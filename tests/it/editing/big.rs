//! Big and deep files cost time in proportion, and no stack.

use std::fmt::Write;
use std::time::{Duration, Instant};

use kubectl_secctx::edit::{Target, edited};
use kubectl_secctx::model::Edit;
use kubectl_secctx::yaml::{Document, chunks};

use super::{edit, edit_last};

/// Far more than it takes without optimization, far less than what grows with the square of the size.
const PATIENCE: Duration = Duration::from_secs(30);

fn edits() -> Vec<Edit> {
    vec![edit("spec.securityContext.runAsNonRoot = true"), edit("- spec.hostPID")]
}

const SPEC: &str = "spec:\n    hostPID: true # why\n    containers:\n    - name: a\n";

#[test]
fn ten_thousand_documents_are_edited_at_once() {
    let text = format!("kind: Pod\n{SPEC}---\n").repeat(10_000);
    let started = Instant::now();
    let cut = chunks(&text);
    let documents: Vec<Document<'_>> = cut.iter().map(|chunk| Document::parse(chunk).unwrap()).collect();
    let edits = edits();
    let edits: Vec<&Edit> = edits.iter().collect();
    let targets: Vec<Target<'_>> =
        documents.iter().map(|document| Target { object: document.root().unwrap(), edits: &edits }).collect();
    let found = edited(&text, &targets);
    assert_eq!((found.unedited.len(), found.text.matches("runAsNonRoot: true\n---\n").count()), (0, 10_000));
    assert!(!found.text.contains("hostPID"));
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
}

#[test]
fn ten_thousand_items_of_a_list_are_edited_at_once() {
    let lines = (0..10_000).fold("kind: List\nitems:\n".to_owned(), |mut text, at| {
        let _ =
            write!(text, "- kind: Pod\n  metadata: {{name: p{at}}}\n  {}", SPEC.replace("\n    ", "\n      ").trim());
        text + "\n"
    });
    let one_line =
        format!("{{\"kind\":\"List\",\"items\":[{}]}}", vec![r#"{"spec":{"hostPID":true}}"#; 10_000].join(","));
    for text in [lines, one_line] {
        let started = Instant::now();
        let cut = chunks(&text);
        let document = Document::parse(&cut[0]).unwrap();
        let edits = edits();
        let edits: Vec<&Edit> = edits.iter().collect();
        let items = document.root().unwrap().field("items").unwrap().items();
        let targets: Vec<Target<'_>> = items.map(|object| Target { object, edits: &edits }).collect();
        let found = edited(&text, &targets);
        assert_eq!((targets.len(), found.unedited.len(), found.text.contains("hostPID")), (10_000, 0, false));
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
}

#[test]
fn deep_documents_take_no_stack() {
    let deep = format!("{}1{}", "[".repeat(9_000), "]".repeat(9_000));
    let found = edit_last(&format!("a: {deep}\nb: 1\n"), &["b = 2", "c = 3"]);
    assert_eq!((found.text, found.unedited), (format!("a: {deep}\nb: 2\nc: 3\n"), Vec::new()));
    let removed = edit_last(&format!("a: {deep}\nb: 1\n"), &["- a"]);
    assert_eq!((removed.text.as_str(), removed.unedited), ("b: 1\n", Vec::new()));
    let blocks: String = (0..900).fold(String::new(), |text, level| text + &" ".repeat(level) + "a:\n");
    let found = edit_last(&format!("{blocks}b: 1\n"), &["b = 2"]);
    assert_eq!((found.text, found.unedited), (format!("{blocks}b: 2\n"), Vec::new()));
}
