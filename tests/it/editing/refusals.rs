//! What cannot be edited safely is refused with its place and a reason, and nothing changes.

use kubectl_secctx::edit::{Target, edited};
use kubectl_secctx::yaml::{Document, chunks};

use super::{assert_edited, edit, edit_last};

fn assert_refused(cases: &[(&str, &str, &str)]) {
    for (text, edit, refusal) in cases {
        let found = edit_last(text, &[edit]);
        let told: Vec<String> = found
            .unedited
            .iter()
            .flat_map(|unedited| &unedited.refused)
            .map(|refused| format!("{}:{}: {}: {}", refused.line, refused.column, refused.path, refused.why))
            .collect();
        assert_eq!((found.text.as_str(), told.join("\n").as_str()), (*text, *refusal), "{edit}");
    }
}

#[test]
fn what_stands_elsewhere_is_not_edited() {
    let shared = "aliases (*) or merge keys (<<) elsewhere stand for this value too";
    let merged = "the value comes from another mapping, through a merge key (<<)";
    assert_refused(&[
        ("a: &a {x: 1}\nb: *a\n", "b.x = 2", "2:1: b.x: the value is an alias (*) of one that stands elsewhere"),
        ("a: &a {x: 1}\nb: *a\n", "a.x = 2", &format!("1:8: a.x: {shared}")),
        ("a: &a {x: 1}\nb: *a\n", "a = 2", &format!("1:1: a: {shared}")),
        ("a: &a {x: 1}\nb: *a\n", "- a", &format!("1:1: a: {shared}")),
        ("a:\n  b: &a {x: 1}\nc: *a\n", "- a", &format!("1:1: a: {shared}")),
        ("a: &a\nb: *a\n", "a.x = 2", &format!("1:1: a.x: {shared}")),
        ("a: &a {x: {y: 1}}\nb: {<<: *a}\n", "b.x.y = 2", &format!("2:1: b.x.y: {merged}")),
        ("a: &a {x: {y: 1}}\nb: {<<: *a}\n", "b.x.z = 2", &format!("2:1: b.x.z: {merged}")),
        ("a: &a {x: 1}\nb: {<<: *a}\n", "- b.x", &format!("2:1: b.x: {merged}")),
        ("a: &a {x: 1}\nb: {x: 0, <<: *a}\n", "b.x = 2", "2:1: b.x: a merge key (<<) would overwrite it"),
        ("a: &a {16: 1}\nb: {<<: *a}\n", "b.16 = 2", "2:1: b.16: a merge key (<<) would overwrite it"),
        ("a: &a {on: 1}\nb: {<<: *a}\n", "b.true = 2", "2:1: b.true: a merge key (<<) would overwrite it"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n", "- b.x", "1:1: : the edit would change something else in the file"),
    ]);
}

#[test]
fn comments_are_not_lost() {
    assert_refused(&[
        ("a:\n  # c\n  b: 1\n", "a = 1", "1:1: a: the value that would be replaced has comments in it"),
        ("a: [ # c\n  b]\n", "a = 1", "1:1: a: the value that would be replaced has comments in it"),
    ]);
}

#[test]
fn edits_that_do_not_fit_are_told() {
    assert_refused(&[
        ("a: 1\n", "- b", "1:1: b: there is no such field"),
        ("a: 1\n", "a.b = 1", "1:1: a.b: it leads through something that is no object"),
        ("a: [1]\n", "a[2] = 1", "1:1: a[2]: the list has no such item"),
        ("a: {b: 1}\n", "a[0] = 1", "1:1: a[0]: it is no list"),
        (
            "[[a: 1]]\n",
            "[0][0].b = 1",
            "1:3: [0][0].b: an entry of a list in brackets that has no braces of its own can only be replaced",
        ),
        ("? a\n", "a = 1", "1:3: a: the key has no colon"),
    ]);
}

#[test]
fn what_is_refused_in_one_object_does_not_hinder_another() {
    let text = "kind: List\nitems:\n- &a\n  x: 1\n- *a\n- x: 1 # c\n---\nx: 1\n";
    let cut = chunks(text);
    let documents: Vec<Document<'_>> = cut.iter().map(|chunk| Document::parse(chunk).unwrap()).collect();
    let edits = [edit("x = 2"), edit("w = 3")];
    let (edits, none) = (edits.each_ref(), []);
    let items = documents[0].root().unwrap().field("items").unwrap().items();
    let objects = items.chain(documents[1].root());
    let mut targets: Vec<Target<'_>> = objects.map(|object| Target { object, edits: &edits }).collect();
    // The alias is to stay as it is, so that what it stands for must too.
    targets[1].edits = &none;
    let found = edited(text, &targets);
    assert_eq!(found.unedited.iter().map(|unedited| unedited.target).collect::<Vec<_>>(), [0]);
    assert_eq!(found.text, "kind: List\nitems:\n- &a\n  x: 1\n- *a\n- x: 2 # c\n  w: 3\n---\nx: 2\nw: 3\n");
}

/// One change of the text makes all of them, and nothing else is different.
#[test]
fn what_is_the_same_for_all_that_aliases_stand_for_is_changed_once() {
    assert_edited(&[
        ("a: &a {x: 1}\nb: *a\n", &["a.x = 2", "b.x = 2"], "a: &a {x: 2}\nb: *a\n"),
        (
            "l:\n- c: &c # shared\n    x: 1\n- c: *c\nw: 1\n",
            &["l[0].c.z = 2", "l[1].c.z = 2", "w = 2"],
            "l:\n- c: &c # shared\n    x: 1\n    z: 2\n- c: *c\nw: 2\n",
        ),
        ("a: &a {x: 1, z: 2}\nb: *a\n", &["- a.x", "- b.x"], "a: &a {z: 2}\nb: *a\n"),
    ]);
    let shared = "aliases (*) or merge keys (<<) elsewhere stand for this value too";
    for edits in [["a.x = 2", "b.x = 3"], ["a.x = 2", "b.z = 2"]] {
        let text = "a: &a {x: 1}\nb: *a\n";
        let found = edit_last(text, &edits);
        assert_eq!((found.text.as_str(), found.unedited[0].refused[0].why.as_str()), (text, shared), "{edits:?}");
    }
}
