//! Collections in brackets, JSON among them. What is expected was written by hand.

use super::assert_edited;

#[test]
fn entries_come_behind_the_last_one() {
    assert_edited(&[
        ("a: {b: 1}\n", &["a.c = 2"], "a: {b: 1, c: 2}\n"),
        ("a: { b: 1 } # c\n", &["a.c = 2"], "a: { b: 1, c: 2 } # c\n"),
        ("a: {b: 1,}\n", &["a.c = 2"], "a: {b: 1, c: 2,}\n"),
        ("a: {b: 1,c: 2}\n", &["a.d = 3", "a.e = 4"], "a: {b: 1,c: 2,d: 3,e: 4}\n"),
        ("a: {b: {}}\n", &["a.b.c.d = [\"x\"]"], "a: {b: {c: {d: [x]}}}\n"),
        ("a: {b: null}\n", &["a.b.c = 1"], "a: {b: {c: 1}}\n"),
        ("a: {b: }\n", &["a.b.c = 1"], "a: {b: {c: 1} }\n"),
        ("a: {b}\n", &["a.b = 1"], "a: {b: 1}\n"),
        ("a: {b}\n", &["a.c = 1"], "a: {b , c: 1}\n"),
        ("a: [X]\n", &["a[1] = \"W\""], "a: [X, W]\n"),
        ("a: ['X']\n", &["a[1] = \"W\""], "a: ['X', 'W']\n"),
        ("a: [\"X\"]\n", &["a[1] = \"W\""], "a: [\"X\", \"W\"]\n"),
        ("a: [ ]\n", &["a[0] = \"W\""], "a: [W]\n"),
        ("a: [X, ]\n", &["a[1] = \"W\""], "a: [X, W, ]\n"),
        ("a: {\"b\": 1}\n", &["a.c = \"x\""], "a: {\"b\": 1, \"c\": \"x\"}\n"),
        ("a: {\"b\":1}\n", &["a.c = \"x\""], "a: {\"b\":1,\"c\":\"x\"}\n"),
        ("a: {b: 1, c: [x\n  , w]}\n", &["a.c = [\"x\"]"], "a: {b: 1, c: [x]}\n"),
    ]);
}

#[test]
fn entries_on_lines_of_their_own_get_such_lines() {
    assert_edited(&[
        ("a: {\n  b: 1\n}\n", &["a.c = 2"], "a: {\n  b: 1,\n  c: 2\n}\n"),
        ("a: {\n  b: 1, # c\n}\n", &["a.c = 2", "a.d = 3"], "a: {\n  b: 1, # c\n  c: 2,\n  d: 3,\n}\n"),
        ("a: {\r\n  b: 1 # c\r\n}\r\n", &["a.c = 2"], "a: {\r\n  b: 1, # c\r\n  c: 2\r\n}\r\n"),
        ("a: {b: 1,\n    c: 2}\n", &["a.d = 3"], "a: {b: 1,\n    c: 2,\n    d: 3}\n"),
        ("a: {b: 1,\n    c: 2, d: 3}\n", &["a.e = 4"], "a: {b: 1,\n    c: 2, d: 3, e: 4}\n"),
        ("a: [\n  X,\n  # c\n  W # w\n  # d\n]\n", &["a[2] = \"Z\""], "a: [\n  X,\n  # c\n  W, # w\n  Z\n  # d\n]\n"),
        ("a: {\n  # c\n}\n", &["a.b = 1"], "a: {b: 1\n  # c\n}\n"),
    ]);
}

#[test]
fn a_comma_goes_with_its_entry() {
    assert_edited(&[
        ("a: {b: 1, c: 2, d: 3}\n", &["- a.c"], "a: {b: 1, d: 3}\n"),
        ("a: {b: 1, c: 2}\n", &["- a.b"], "a: {c: 2}\n"),
        ("a: { b: 1, c: 2 }\n", &["- a.c"], "a: { b: 1 }\n"),
        ("a: {b: 1, c: 2, d: 3}\n", &["- a.c", "- a.d"], "a: {b: 1}\n"),
        ("a: {b: 1, c: 2,}\n", &["- a.c"], "a: {b: 1,}\n"),
        ("a: { b: 1 }\n", &["- a.b"], "a: {}\n"),
        ("a: [X, W, Z]\n", &["- a[0]", "- a[2]"], "a: [W]\n"),
        ("a: {\n  b: 1, # b\n  # c\n  c: 2\n}\n", &["- a.b"], "a: {\n  # c\n  c: 2\n}\n"),
        ("a: {\n  b: 1,\n  # c\n  c: 2 # c\n}\n", &["- a.c"], "a: {\n  b: 1\n  # c\n}\n"),
        ("a: {\n  # b\n  b: 1\n}\n", &["- a.b"], "a: {\n  # b\n}\n"),
        ("a: {b: 1, c: 2,\n  d: 3}\n", &["- a.c"], "a: {b: 1,\n  d: 3}\n"),
        ("a: {b: 1}\n", &["- a.b", "a.c = 2"], "a: {c: 2}\n"),
        ("a: {b: 1, d: 3}\n", &["- a.d", "a.c = 2"], "a: {b: 1, c: 2}\n"),
    ]);
}

const POD: &str = "{\n    \"kind\": \"Pod\",\n    \"spec\": {\n        \"containers\": [\n            {\n                \
                   \"name\": \"a\"\n            }\n        ],\n        \"securityContext\": {}\n    }\n}\n";

#[test]
fn json_stays_json() {
    assert_edited(&[
        ("{\"a\":1}", &["b = \"yes\""], "{\"a\":1,\"b\":\"yes\"}"),
        ("{\"a\": 1}\n", &["b.c = [true]"], "{\"a\": 1, \"b\": {\"c\": [true]}}\n"),
        ("{}", &["b.c = 1"], "{\"b\": {\"c\": 1}}"),
        (
            "{\"a\":{},\"b\":[]}",
            &["a.c.d = 1", "b[0] = \"x\"", "b[0] = \"w\""],
            "{\"a\":{\"c\":{\"d\":1}},\"b\":[\"x\",\"w\"]}",
        ),
        ("{\"a\": null}", &["a.b = 1"], "{\"a\": {\"b\": 1}}"),
        ("{\n\t\"a\": 1\n}\n", &["b.c = [1]"], "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": [\n\t\t\t1\n\t\t]\n\t}\n}\n"),
        ("{\"a\": 1}{\"a\": 1}", &["- a"], "{\"a\": 1}{}"),
        ("{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}", &["- b", "a = \"é\\n\""], "{\r\n  \"a\": \"é\\n\"\r\n}"),
    ]);
}

#[test]
fn json_keeps_its_lines() {
    assert_edited(&[(
        POD,
        &[
            "spec.securityContext.runAsNonRoot = true",
            "spec.securityContext.seccompProfile.type = \"RuntimeDefault\"",
            "spec.containers[0].securityContext.capabilities.drop = [\"ALL\"]",
        ],
        "{\n    \"kind\": \"Pod\",\n    \"spec\": {\n        \"containers\": [\n            {\n                \
         \"name\": \"a\",\n                \"securityContext\": {\n                    \"capabilities\": {\n                        \
         \"drop\": [\n                            \"ALL\"\n                        ]\n                    }\n                }\n            \
         }\n        ],\n        \"securityContext\": {\n            \"runAsNonRoot\": true,\n            \
         \"seccompProfile\": {\n                \"type\": \"RuntimeDefault\"\n            }\n        }\n    }\n}\n",
    )]);
}
