//! Collections by indentation. What is expected was written by hand.

use super::assert_edited;

const NON_ROOT: &str = "securityContext.runAsNonRoot = true";

#[test]
fn a_field_comes_behind_the_last_one() {
    assert_edited(&[
        ("a: 1\n", &["b = 2"], "a: 1\nb: 2\n"),
        ("a: 1", &["b = 2"], "a: 1\nb: 2"),
        (
            "a: 1 # c\n\n# next\n---\na: 1 # c\n\n# end\n",
            &["b = 2"],
            "a: 1 # c\n\n# next\n---\na: 1 # c\nb: 2\n\n# end\n",
        ),
        ("a: 1 # c", &["b = 2"], "a: 1 # c\nb: 2"),
        ("a:\n  b: 1\n\nc: 1\n", &["a.d = 2"], "a:\n  b: 1\n  d: 2\n\nc: 1\n"),
        ("a:\n    b: 1\n  # less\nc: 1\n", &["a.d = 2"], "a:\n    b: 1\n    d: 2\n  # less\nc: 1\n"),
        ("a:\n  b: 1\t# tab\nc: 1\n", &["a.d = 2"], "a:\n  b: 1\t# tab\n  d: 2\nc: 1\n"),
        ("a: 1\n...\n", &["b = 2"], "a: 1\nb: 2\n...\n"),
        ("a: 1\n... # end\nwhatever\n", &["b = 2"], "a: 1\nb: 2\n... # end\nwhatever\n"),
        ("a: 1\n---\n", &["b = 2"], "a: 1\nb: 2\n---\n"),
        ("é: ü # €\nb:\n  ñ: 1\n", &["b.ö = \"ß\""], "é: ü # €\nb:\n  ñ: 1\n  ö: ß\n"),
        ("'a': 1\n\"b\" : 2\n", &["c = 3"], "'a': 1\n\"b\" : 2\nc: 3\n"),
        ("? a\n: 1\n", &["b = 2"], "? a\n: 1\nb: 2\n"),
        ("? a\n: b: 1\n", &["a.c = 2"], "? a\n: b: 1\n  c: 2\n"),
        ("? a\n:\n  b: 1\n", &["a.c = 2"], "? a\n:\n  b: 1\n  c: 2\n"),
    ]);
}

#[test]
fn line_endings_are_those_of_the_neighbours() {
    assert_edited(&[
        ("a: 1\r\nb:\r\n  c: 1\r\n", &["b.d = 2", "e.f = 3"], "a: 1\r\nb:\r\n  c: 1\r\n  d: 2\r\ne:\r\n  f: 3\r\n"),
        ("a: 1\r\nb: 2\nc: 3\r\n", &["b = 5", "a = 4"], "a: 4\r\nb: 5\nc: 3\r\n"),
        ("a:\n  x: 1\r\nb:\r\n  x: 1\n", &["a.w = 2", "b.w = 2"], "a:\n  x: 1\r\n  w: 2\r\nb:\r\n  x: 1\n  w: 2\n"),
        ("a: 1\r\nb: 2", &["c = 3"], "a: 1\r\nb: 2\r\nc: 3"),
        ("a: 1\r\nb: 2", &["- b"], "a: 1"),
        ("a: 1\rb: 2\r", &["c = 3"], "a: 1\rb: 2\rc: 3\r"),
        ("a: null\r\nb: 1\r\n", &["a.c = 3"], "a:\r\n  c: 3\r\nb: 1\r\n"),
    ]);
}

#[test]
fn indentation_is_that_of_the_document() {
    assert_edited(&[
        ("a:\n    b: 1\n", &["c.d.e = 2"], "a:\n    b: 1\nc:\n    d:\n        e: 2\n"),
        ("a:\n   b: 1\n   c:\n", &["a.c.d = 2"], "a:\n   b: 1\n   c:\n      d: 2\n"),
        ("a:\n- b\n", &["c = [\"d\"]"], "a:\n- b\nc:\n- d\n"),
        ("a:\n  - b\n", &["c = [\"d\"]"], "a:\n  - b\nc:\n  - d\n"),
        (
            "a:\n    - b\n",
            &["c = [\"d\", {\"e\": 1, \"f\": [2]}]"],
            "a:\n    - b\nc:\n    - d\n    - e: 1\n      f:\n          - 2\n",
        ),
        ("a: [b]\n", &["c = [\"d\"]"], "a: [b]\nc: [d]\n"),
        ("a: 1\n", &["c = [\"d\"]"], "a: 1\nc:\n- d\n"),
    ]);
}

#[test]
fn strings_are_quoted_where_they_must_be() {
    assert_edited(&[
        ("a: 'x'\n", &["b = \"yes\""], "a: 'x'\nb: 'yes'\n"),
        ("a: \"x\"\n", &["b = \"yes\""], "a: \"x\"\nb: \"yes\"\n"),
        (
            "a: x\n",
            &["b = \"0777\"", "c = \"RuntimeDefault\"", "on = 1"],
            "a: x\nb: \"0777\"\nc: RuntimeDefault\n\"on\": 1\n",
        ),
        ("a: 'x' # c\n", &["a = \"it's\""], "a: 'it''s' # c\n"),
        ("a: \"x\"\n", &["a = \"w\""], "a: \"w\"\n"),
        ("a: \"yes\"\n", &["a = true"], "a: true\n"),
        ("a: x\n", &["a = \"b: c\""], "a: \"b: c\"\n"),
    ]);
}

#[test]
fn an_empty_object_is_filled() {
    let after = "securityContext:\n  runAsNonRoot: true\nb: 1\n";
    assert_edited(&[
        ("securityContext: {}\nb: 1\n", &[NON_ROOT], after),
        ("securityContext:\nb: 1\n", &[NON_ROOT], after),
        ("securityContext: null\nb: 1\n", &[NON_ROOT], after),
        ("securityContext: ~\nb: 1\n", &[NON_ROOT], after),
        ("securityContext: {  }\nb: 1\n", &[NON_ROOT], after),
        ("securityContext: # c\nb: 1\n", &[NON_ROOT], "securityContext: # c\n  runAsNonRoot: true\nb: 1\n"),
        ("securityContext: {} # c\nb: 1\n", &[NON_ROOT], "securityContext: # c\n  runAsNonRoot: true\nb: 1\n"),
        ("securityContext: {}", &[NON_ROOT], "securityContext:\n  runAsNonRoot: true"),
        ("securityContext:", &[NON_ROOT], "securityContext:\n  runAsNonRoot: true"),
        (
            "securityContext:\n  # TODO\n\n  # more\nb: 1\n",
            &[NON_ROOT],
            "securityContext:\n  # TODO\n\n  # more\n  runAsNonRoot: true\nb: 1\n",
        ),
        ("securityContext:\n# TODO\nb: 1\n", &[NON_ROOT], "securityContext:\n  runAsNonRoot: true\n# TODO\nb: 1\n"),
        ("securityContext:\n    # TODO\n", &[NON_ROOT], "securityContext:\n    # TODO\n    runAsNonRoot: true\n"),
        ("securityContext:\n  # TODO", &[NON_ROOT, "b = 1"], "securityContext:\n  # TODO\n  runAsNonRoot: true\nb: 1"),
        ("securityContext: &x\nb: 1\n", &[NON_ROOT], "securityContext: &x\n  runAsNonRoot: true\nb: 1\n"),
        ("securityContext: &x {}\nb: 1\n", &[NON_ROOT], "securityContext: &x\n  runAsNonRoot: true\nb: 1\n"),
        ("securityContext: !!null\nb: 1\n", &[NON_ROOT], after),
        (
            "securityContext:\n  null # c\nb: 1\n",
            &[NON_ROOT, "securityContext.x = 1"],
            "securityContext:\n  runAsNonRoot: true\n  x: 1 # c\nb: 1\n",
        ),
        ("a:\n- b: 1\n- {} # c\n", &["a[1].b = 1", "a[1].c = 2"], "a:\n- b: 1\n- b: 1 # c\n  c: 2\n"),
        ("a:\n- b: 1\n-\n", &["a[1].b = 1", "a[1].c = 2"], "a:\n- b: 1\n- b: 1\n  c: 2\n"),
        ("a: []\nb: 1\n", &["a[0] = \"x\""], "a: [x]\nb: 1\n"),
        ("a: []\nb: 1\n", &["a[0] = {\"x\": 1}"], "a:\n- x: 1\nb: 1\n"),
        ("a:\nb: 1\n", &["a[0] = \"x\"", "a[0] = \"w\""], "a:\n- x\n- w\nb: 1\n"),
    ]);
}

#[test]
fn several_edits_with_a_missing_parent_are_one_mapping() {
    assert_edited(&[(
        "spec:\n  containers:\n  - name: a\n    image: b\n  - name: c\n",
        &[
            "spec.containers[0].securityContext.allowPrivilegeEscalation = false",
            "spec.containers[0].securityContext.capabilities.drop = [\"ALL\"]",
            "spec.containers[1].securityContext.allowPrivilegeEscalation = false",
            "spec.securityContext.runAsNonRoot = true",
            "spec.securityContext.seccompProfile.type = \"RuntimeDefault\"",
        ],
        "spec:\n  containers:\n  - name: a\n    image: b\n    securityContext:\n      allowPrivilegeEscalation: false\n      \
         capabilities:\n        drop:\n        - ALL\n  - name: c\n    securityContext:\n      \
         allowPrivilegeEscalation: false\n  securityContext:\n    runAsNonRoot: true\n    seccompProfile:\n      \
         type: RuntimeDefault\n",
    )]);
}

#[test]
fn block_scalars_before_a_new_line_keep_their_value() {
    assert_edited(&[
        ("a: |\n  x\n\n\nb: 1\n", &["c = 2"], "a: |\n  x\n\n\nb: 1\nc: 2\n"),
        ("m:\n  a: |\n    x\n\n\nb: 1\n", &["m.c = 2"], "m:\n  a: |\n    x\n  c: 2\n\n\nb: 1\n"),
        ("m:\n  a: |-\n    x\n\n\nb: 1\n", &["m.c = 2"], "m:\n  a: |-\n    x\n  c: 2\n\n\nb: 1\n"),
        ("m:\n  a: |+\n    x\n\n\nb: 1\n", &["m.c = 2"], "m:\n  a: |+\n    x\n\n\n  c: 2\nb: 1\n"),
        ("m:\n  a: >\n    x\n    w\n\nb: 1\n", &["m.c = 2"], "m:\n  a: >\n    x\n    w\n  c: 2\n\nb: 1\n"),
        ("m:\n  a: >+\n    x\n\nb: 1\n", &["m.c = 2", "d = 3"], "m:\n  a: >+\n    x\n\n  c: 2\nb: 1\nd: 3\n"),
        ("a: |\n  x", &["c = 2"], "c: 2\na: |\n  x"),
        ("a: |-\n  x", &["c = 2"], "c: 2\na: |-\n  x"),
        ("a: |\n  x\n", &["c = 2"], "a: |\n  x\nc: 2\n"),
        ("a: |+\n  x\n\n", &["c = 2"], "a: |+\n  x\n\nc: 2\n"),
        ("- a: |\n    x", &["[0].c = 2"], "- c: 2\n  a: |\n    x"),
        ("a: |\n  x\nb: 1", &["- b"], "a: |\n  x\n"),
        ("a: |\n  x\nb:\n  # c\n", &["- b"], "a: |\n  x\n# c\n"),
        ("a: |\n  x\n  w\nb: 1\n", &["a = \"z\""], "a: z\nb: 1\n"),
        ("a: |+\n  x\n\nb: 1\n\n\nc: 1\n", &["- b"], "a: |+\n  x\n\nc: 1\n"),
        ("a: |+ # c\n  x\n\nb: 1\n", &["a = \"z\""], "a: z # c\n\nb: 1\n"),
    ]);
}

#[test]
fn scalars_are_replaced_in_their_place() {
    assert_edited(&[
        ("a:  1  # c\nb: 2\n", &["a = true"], "a:  true  # c\nb: 2\n"),
        ("a:\n  1\nb: 2\n", &["a = true"], "a:\n  true\nb: 2\n"),
        ("a:\t# c\nb: 2\n", &["a = true"], "a: true\t# c\nb: 2\n"),
        ("a: x\n  w\nb: 2\n", &["a = true"], "a: true\nb: 2\n"),
        ("a: &x 1\nb: 2\n", &["a = 3"], "a: &x 3\nb: 2\n"),
        ("a: !!str 1\nb: 2\n", &["a = 3"], "a: 3\nb: 2\n"),
        ("a: !!str &x 1\nb: 2\n", &["a = 3"], "a: &x 3\nb: 2\n"),
        ("a: 1\nb: 2\na: 3 # last\n", &["a = 4"], "a: 1\nb: 2\na: 4 # last\n"),
        ("a:\n- 1\n-  2 # c\n", &["a[1] = 3"], "a:\n- 1\n-  3 # c\n"),
        ("a:\n- - 1\n  - 2\n", &["a[0][1] = 3", "a[0][2] = 4"], "a:\n- - 1\n  - 3\n  - 4\n"),
        ("a:\n  b: 1\nc: 1\n", &["a = 2"], "a: 2\nc: 1\n"),
        ("a: # c\n  b: 1\nc: 1\n", &["a = 2"], "a: 2 # c\nc: 1\n"),
        ("a:\n- b: 1\n  c: 2\n- d\n", &["a[0] = 2"], "a:\n- 2\n- d\n"),
        ("a:\n- 1\nc: 1\n", &["a = {\"b\": 1}"], "a:\n  b: 1\nc: 1\n"),
        ("a: 1\nc: 1\n", &["a = {\"b\": 1}"], "a:\n  b: 1\nc: 1\n"),
        ("? a\n: 1\nb: 1\n", &["a = [\"X\"]"], "? a\n:\n  - X\nb: 1\n"),
        ("a:\n- &x 1\n", &["a[0] = {\"b\": 1, \"c\": 2}"], "a:\n- &x\n  b: 1\n  c: 2\n"),
    ]);
}

#[test]
fn collections_are_replaced_item_by_item() {
    assert_edited(&[
        (
            "a:\n  # why\n  add:\n  - X # x\n  # none\n  drop: [W]\nb: 1\n",
            &["a = {\"drop\": [\"ALL\"]}"],
            "a:\n  # why\n  # none\n  drop: [ALL]\nb: 1\n",
        ),
        ("a:\n# x\n- X\n# w\n- W\n# z\n- Z\n", &["a = [\"W\"]"], "a:\n# x\n# w\n- W\n# z\n"),
        ("a:\n# x\n- X\n", &["a = [\"W\", \"Z\"]"], "a:\n# x\n- W\n- Z\n"),
        ("a:\n  # x\n  b: 1\n", &["a = {}"], "a: {}\n  # x\n"),
        ("a: {b: 1}\n", &["a = {\"b\": 1}"], "a: {b: 1}\n"),
    ]);
}

#[test]
fn what_is_removed_takes_its_lines_with_it() {
    assert_edited(&[
        ("a: 1\nb: 2 # c\nc: 3\n", &["- b"], "a: 1\nc: 3\n"),
        ("a: 1\n# about b\nb: 2\n\nc: 3\n", &["- b"], "a: 1\n# about b\n\nc: 3\n"),
        ("a: 1\nb:\n  c: 1\n  # inner\n  d: 1\n# behind\n", &["- b"], "a: 1\n# inner\n# behind\n"),
        ("a: 1\nb: 2", &["- b"], "a: 1"),
        ("c: {\n b: []\n }\n? f # t\n: {}", &["- f"], "c: {\n b: []\n }"),
        ("a: 1\nb: 2\na: 3\n", &["- a"], "b: 2\n"),
        ("a:\n  b: 1\nc: 2\n", &["- a.b"], "a: {}\nc: 2\n"),
        ("a: # x\n  # w\n  b: 1 # z\n  # w\nc: 2\n", &["- a.b"], "a: {} # x\n  # w\n  # w\nc: 2\n"),
        ("a:\n- b\nc: 2\n", &["- a[0]"], "a: []\nc: 2\n"),
        ("a:\n- b\n- c # c\n- d\n", &["- a[1]"], "a:\n- b\n- d\n"),
        ("- a: 1\n  b: 2\n- c\n", &["- [0].a"], "- b: 2\n- c\n"),
        ("x:\n  - a: 1\n    # about b\n    b: 2\n", &["- x[0].a"], "x:\n  # about b\n  - b: 2\n"),
        ("- a: 1\n- b: 2\n", &["- [0].a"], "- {}\n- b: 2\n"),
        ("-\n  a: 1\n  b: 2\n", &["- [0].a"], "-\n  b: 2\n"),
        ("- - a\n  - b\n", &["- [0][0]"], "- - b\n"),
        ("- - a\n  - b\n", &["- [0]"], "[]\n"),
        ("a: &x\n  b: 1\n", &["- a.b"], "a: &x {}\n"),
        ("a:\n  b: 1", &["- a.b"], "a: {}"),
        ("a: {}\n\nb: 1", &["- b", "a.c = 1"], "a:\n  c: 1"),
    ]);
}

#[test]
fn what_is_new_takes_the_place_of_what_goes() {
    assert_edited(&[
        ("a:\n  b: 1 # c\nd: 1\n", &["- a.b", "a.e = 2"], "a:\n  e: 2\nd: 1\n"),
        ("- b: 1\n", &["- [0].b", "[0].e = 2", "[0].f = 3"], "- e: 2\n  f: 3\n"),
        ("a:\n  b: 1\n  # c\n  d: 1\n", &["- a.b", "- a.d", "a.e.f = 2"], "a:\n  e:\n    f: 2\n  # c\n"),
        ("a:\n  b: 1\n  d: 1\n", &["- a.d", "a.e = 2"], "a:\n  b: 1\n  e: 2\n"),
        ("a:\n- X\n- W\n", &["- a[0]", "a[2] = \"Z\""], "a:\n- W\n- Z\n"),
        ("a:\n- X\n", &["- a[0]", "a[1] = \"Z\""], "a:\n- Z\n"),
    ]);
}

#[test]
fn items_come_behind_the_last_one() {
    assert_edited(&[
        ("a:\n- X\nb: 1\n", &["a[1] = \"W\"", "a[1] = \"Z\""], "a:\n- X\n- W\n- Z\nb: 1\n"),
        (
            "a:\n  - k: 1\n\n  # c\nb: 1\n",
            &["a[1] = {\"k\": 2, \"m\": 3}"],
            "a:\n  - k: 1\n  - k: 2\n    m: 3\n\n  # c\nb: 1\n",
        ),
        ("a:\n- - b\n", &["a[0][1] = \"c\"", "a[1] = [\"d\"]"], "a:\n- - b\n  - c\n- - d\n"),
    ]);
}

#[test]
fn fields_that_a_merge_key_brings_are_overridden() {
    assert_edited(&[
        ("a: &a {x: 1}\nb:\n  <<: *a\nc: 1\n", &["b.x = 2"], "a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\nc: 1\n"),
        ("a: &a {x: 1}\nb: {<<: *a}\n", &["b.x = 2"], "a: &a {x: 1}\nb: {<<: *a, x: 2}\n"),
        (
            "a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\n",
            &["b.x = 3", "b.w = 4"],
            "a: &a {x: 1}\nb:\n  <<: *a\n  x: 3\n  w: 4\n",
        ),
        ("a: &a {x: 1}\nb: *a\n", &["b = 3"], "a: &a {x: 1}\nb: 3\n"),
        ("a: &a {x: 1}\nb: *a\nc: 1\n", &["- b"], "a: &a {x: 1}\nc: 1\n"),
    ]);
}
