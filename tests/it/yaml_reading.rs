//! How manifests are read, against what kubectl makes of the same files.
//!
//! `tests/testdata/yaml/` holds one file for each thing that YAML readers disagree on; what is big is made here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kubectl_secctx::yaml::{self, Document, Text, ValueRef};
use serde_json::Value;

use crate::support::reference::{self, Read};

/// Files that are read otherwise on purpose, and why.
const DELIBERATE: &[(&str, &str)] = &[
    ("documents-four-dashes.yaml", BAD_SEPARATOR),
    ("documents-separator-with-text.yaml", BAD_SEPARATOR),
    ("quoted-multi-line-with-document-marker.yaml", BAD_SEPARATOR),
    ("separator-with-text-at-column-zero-in-block-scalar.yaml", BAD_SEPARATOR),
];

const BAD_SEPARATOR: &str = "kubectl drops the document before a bad separator and ends there; here that document is \
                             judged, the separator is an error with a place, and reading goes on after it";

/// What a document turned out to be.
#[derive(Debug, PartialEq)]
enum Outcome {
    Value(Value),
    /// A value nested so deep that only its depth is compared.
    Deep(usize),
    Empty,
    /// The text is for people, it is never compared.
    Error(String),
}

impl Outcome {
    /// Two errors are alike whatever they say.
    fn agrees_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Error(_), Self::Error(_))) || self == other
    }
}

#[test]
fn nasty_files_are_read_as_kubectl_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/yaml");
    let entries = fs::read_dir(folder).expect("the folder of test files");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("read the folder").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "json"));
    files.sort();
    assert!(files.len() > 300, "only {} files are left", files.len());
    compare(&files, DELIBERATE);
}

#[test]
fn big_files_are_read_as_kubectl_reads_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files: Vec<PathBuf> = big_files()
        .into_iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("write a test file");
            path
        })
        .collect();
    compare(&files, &[]);
}

/// Names and texts of files that are too big to keep.
fn big_files() -> Vec<(&'static str, String)> {
    let documents = (0..100_000).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "apiVersion: v1\nkind: Pod\nmetadata: {{name: pod-{i}}}\n---");
        text
    });
    let json = (0..20_000).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{{\"kind\": \"Pod\", \"metadata\": {{\"name\": \"pod-{i}\"}}}}");
        text
    });
    let aliases = |count: usize| {
        let uses: String = (0..count).map(|_| "- *a\n").collect();
        format!("a: &a {{b: c, d: [1, 2, 3]}}\nlist:\n{uses}")
    };
    let keys: String = (0..50_000).map(|i| format!("key-{}: {i}\n", i % 30_000)).collect();
    vec![
        ("100000-documents.yaml", documents),
        ("json-stream.json", json),
        ("nested-flow-sequences.yaml", format!("{}1{}\n", "[".repeat(100), "]".repeat(100))),
        ("nested-flow-sequences-9000.yaml", format!("{}1{}\n", "[".repeat(9_000), "]".repeat(9_000))),
        ("nested-flow-sequences-past-the-limit.yaml", format!("{}1{}\n", "[".repeat(10_001), "]".repeat(10_001))),
        ("nested-flow-mappings.yaml", format!("x: {}1{}\n", "{a: ".repeat(500), "}".repeat(500))),
        ("nested-flow-unclosed.yaml", "[".repeat(20_000)),
        ("nested-block-mappings.yaml", nested_block(300)),
        ("nested-block-mappings-1000.yaml", nested_block(1_000)),
        ("nested-compact-sequences.yaml", format!("{}1\n", "- ".repeat(500))),
        ("nested-json.json", format!("{}1{}\n", "{\"a\":".repeat(100), "}".repeat(100))),
        ("nested-json-past-the-limit.json", format!("{}1{}\n", "{\"a\":".repeat(10_001), "}".repeat(10_001))),
        ("aliases.yaml", aliases(20_000)),
        ("aliases-too-many.yaml", aliases(200_000)),
        ("keys.yaml", keys),
        (
            "long-block-scalar.yaml",
            format!("a: |\n{}b: end\n", "  line of a long script # not a comment\n".repeat(20_000)),
        ),
        ("long-quoted.yaml", format!("a: \"{}\"\nb: '{}'\n", "word \\n ".repeat(20_000), "it''s ".repeat(20_000))),
        ("long-comment-block.yaml", format!("a:\n{}  b: c\n", "  # a comment\n".repeat(50_000))),
        ("long-sequence.yaml", format!("list:\n{}", "- {a: 1, b: [yes, 010]}\n".repeat(30_000))),
    ]
}

fn nested_block(depth: usize) -> String {
    let mut text = String::new();
    for level in 0..depth {
        let _ = writeln!(text, "{}a:", " ".repeat(level));
    }
    text + &" ".repeat(depth) + "b: 1\n"
}

/// Reads all files both ways; all differences are told, not only the first.
fn compare(files: &[PathBuf], deliberate: &[(&str, &str)]) {
    let mut deliberate: BTreeMap<&str, &str> = deliberate.iter().copied().collect();
    let mut differences = Vec::new();
    let mut readings = reference::readings(files);
    for file in files {
        let reading = readings.next().expect("a reading for each file");
        assert_eq!(&reading.file, file);
        let name = file.file_name().and_then(|name| name.to_str()).expect("names are UTF-8");
        let expected: Vec<Outcome> = reading.documents.into_iter().map(of_kubectl).collect();
        let ours = read(file);
        let difference = difference(&expected, &ours, reading.stopped);
        match (difference, deliberate.remove(name)) {
            (Some(difference), None) => differences.push(format!("{name}: {difference}")),
            (None, Some(_)) => differences.push(format!("{name}: is read alike now, take it out of the list")),
            _ => {}
        }
    }
    assert!(deliberate.is_empty(), "there are no such files: {deliberate:?}");
    assert!(
        differences.is_empty(),
        "{} of {} files differ:\n{}",
        differences.len(),
        files.len(),
        differences.join("\n")
    );
}

fn of_kubectl(read: Read) -> Outcome {
    match (read.json, read.depth, read.error) {
        (None, None, Some(error)) => Outcome::Error(error),
        (None, Some(depth), None) => Outcome::Deep(depth),
        (Some(value), None, None) => Outcome::Value(value),
        _ => {
            assert!(read.empty, "document {} is nothing at all", read.document);
            Outcome::Empty
        }
    }
}

fn read(file: &Path) -> Vec<Outcome> {
    let text = Text::decode(fs::read(file).expect("read a test file"));
    let lines = text.lines().count().max(1);
    yaml::chunks(&text)
        .iter()
        .map(|chunk| match Document::parse(chunk) {
            Ok(document) => match document.root() {
                Some(root) if !root.is_null() => of_value(root),
                _ => Outcome::Empty,
            },
            Err(error) => {
                let is_placed = (chunk.line..=lines + 1).contains(&error.line) && error.column > 0;
                assert!(is_placed, "{}: an error out of place: {error:?}", file.display());
                Outcome::Error(format!("{}:{}: {error}", error.line, error.column))
            }
        })
        .collect()
}

fn of_value(root: ValueRef<'_>) -> Outcome {
    match depth(root) {
        depth if depth > Read::DEEPEST => Outcome::Deep(depth),
        _ => Outcome::Value(root.to_json()),
    }
}

/// How many levels of lists and objects there are. A level of the document must not be one of the stack.
fn depth(root: ValueRef<'_>) -> usize {
    let mut most = 0;
    let mut todo = vec![(root, 1)];
    while let Some((value, level)) = todo.pop() {
        if matches!(value.get(), yaml::Value::Sequence | yaml::Value::Mapping) {
            most = most.max(level);
            todo.extend(value.items().map(|item| (item, level + 1)));
            todo.extend(value.entries().map(|entry| (entry.value, level + 1)));
        }
    }
    most
}

/// The first document that is read differently, in words.
///
/// After the document that stops kubectl the reference went on as a reader could, and so do the commands.
fn difference(expected: &[Outcome], ours: &[Outcome], stopped: Option<usize>) -> Option<String> {
    let count = expected.len().max(ours.len());
    let at = (0..count).find(|at| match (expected.get(*at), ours.get(*at)) {
        (Some(expected), Some(ours)) => !expected.agrees_with(ours),
        _ => true,
    })?;
    let show = |outcome: Option<&Outcome>| {
        let text = outcome.map_or_else(|| "no document".to_owned(), |outcome| format!("{outcome:?}"));
        text.chars().take(400).collect::<String>()
    };
    let late = if stopped.is_some_and(|stopped| at > stopped) { ", after kubectl has stopped" } else { "" };
    Some(format!("document {at}{late}\n  kubectl: {}\n  ours:    {}", show(expected.get(at)), show(ours.get(at))))
}
