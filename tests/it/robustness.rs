//! Inputs that are no manifests: each run ends soon, with a clear sentence and the right exit code.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::support::secctx::{Ran, run_in, run_with_input, secctx, wait_at_most};

/// Longest that any of these runs may take, in seconds, on a busy machine with an unoptimised build.
const PATIENCE: u64 = 60;

fn check_bytes(content: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("input.yaml"), content).unwrap();
    run_in(folder.path(), &["check", "-f", "input.yaml"])
}

#[test]
fn garbage_binaries_and_nothing() {
    let ran = check_bytes(b"\x7fELF\x02\x01\x01\x00\x00\x00---\n\x00\xff\xfe");
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(2), "error: input.yaml: this is no manifest but a binary file\n")
    );
    let ran = check_bytes(b"%%%% not : yaml : at all {{{{\n\t\t]]]\n");
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: input.yaml:"), "{}", ran.stderr);
    for nothing in ["", "\n\n", "# only a comment\n", "---\n---\n"] {
        let ran = check_bytes(nothing.as_bytes());
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(0), "Warning: no pod template found, so there is nothing to judge\n")
        );
    }
}

#[test]
fn no_permission_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in place of a file cannot be read by anybody, root included.
    fs::create_dir(folder.path().join("folder.yaml")).unwrap();
    let ran = run_in(folder.path(), &["check", "-f", "folder.yaml"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.starts_with("error: folder.yaml: no .json, .yaml or .yml file in this folder"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    fs::write(&path, "a: 1\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        // Root may read everything: a broken link takes the file's place, which nobody can read.
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
    }
    let ran = run_in(folder.path(), &["check", "-f", "secret.yaml"]);
    assert_eq!(ran.code, Some(2));
    let sentences = ["error: secret.yaml: permission denied\n", "error: secret.yaml: no such file\n"];
    assert!(sentences.contains(&ran.stderr.as_str()), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_writer_is_given_up_and_one_with_a_writer_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let make = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap();
    assert!(make.success());
    let start = || {
        let mut command = secctx();
        command.current_dir(folder.path()).args(["check", "-f", "pipe.yaml", "-o", "name"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let output = wait_at_most(start(), PATIENCE).expect("it gives up");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "error: pipe.yaml: nothing opened this pipe for writing within 5 seconds\n");
    let child = start();
    fs::write(
        folder.path().join("pipe.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: piped}\nspec: {containers: [{name: a}]}\n",
    )
    .unwrap();
    let output = wait_at_most(child, PATIENCE).expect("it ends");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"pod/piped\n".as_slice()));
}

#[test]
fn a_file_of_200_mb_ends_within_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let line = [b'x'; 1023];
    let mut file = std::io::BufWriter::new(fs::File::create(folder.path().join("huge.yaml")).unwrap());
    for _ in 0..200 * 1024 {
        file.write_all(&line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.into_inner().unwrap();
    let mut command = secctx();
    command.current_dir(folder.path()).args(["check", "-f", "huge.yaml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = wait_at_most(child, PATIENCE).expect("it ends in time");
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "error: huge.yaml:1:1: expected an object with apiVersion and kind, found text\n");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n---\n";
    fs::write(folder.path().join("many.yaml"), pod.repeat(2000)).unwrap();
    for format in ["table", "wide", "json", "yaml", "sarif", "junit", "github", "markdown", "psa"] {
        let mut command = secctx();
        command.current_dir(folder.path()).args(["check", "-f", "many.yaml", "-o", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = wait_at_most(child, PATIENCE).expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}

#[test]
fn hostile_names_never_reach_the_terminal() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[31m\\u202eb\\nc\"}\nspec: {containers: [{name: \"x\\ey\"}]}\n";
    for format in ["table", "wide", "github", "markdown", "name", "psa"] {
        let ran = run_with_input(&["check", "-f", "-", "-o", format], pod.as_bytes());
        let written = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!written.contains(['\u{1b}', '\u{202e}']), "{format}: {written:?}");
    }
}

#[test]
fn bombs_are_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12u8 {
        let (name, before) = (char::from(b'a' + level), char::from(b'a' + level - 1));
        bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", ")));
    }
    let ran = check_bytes(bomb.as_bytes());
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("too many aliases of aliases"), "{}", ran.stderr);
    let ran = check_bytes(b"a: &a\n  b: *a\n");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("contains the alias itself"), "{}", ran.stderr);
    let deep = format!("apiVersion: v1\nkind: X\nspec: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let ran = check_bytes(deep.as_bytes());
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(2), 1), "{}", ran.stderr);
}
