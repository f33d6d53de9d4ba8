//! Names and links that lead elsewhere, and files that are none.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use super::{folder, run};
use crate::support::secctx::{secctx, wait_at_most};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n";

/// Longest that one of these runs may take, in seconds, on a busy machine.
const PATIENCE: u64 = 60;

#[test]
fn copies_stay_below_their_folder() {
    let files = folder(&[("in/a.yaml", POD), ("b.yaml", POD), ("here/x/c.yaml", POD)]);
    let absolute = files.path().join("b.yaml");
    let here = files.path().join("here");
    let output = secctx()
        .current_dir(&here)
        .args(["harden", "-f", "../in/a.yaml", "-f", "x/../x/c.yaml", "-f"])
        .arg(&absolute)
        .args(["--output-dir", "out"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let below = absolute.strip_prefix("/").unwrap();
    for path in ["in/a.yaml", "x/x/c.yaml"].map(Into::into).into_iter().chain([below.to_owned()]) {
        assert!(fs::read_to_string(here.join("out").join(&path)).unwrap().contains("runAsNonRoot"), "{path:?}");
    }
    for untouched in ["in/a.yaml", "b.yaml", "here/x/c.yaml"] {
        assert_eq!(fs::read_to_string(files.path().join(untouched)).unwrap(), POD);
    }
}

#[test]
fn no_copy_is_written_through_a_link() {
    let files = folder(&[("sub/a.yaml", POD), ("b.yaml", POD), ("elsewhere/kept.yaml", "kept\n"), ("out/none", "")]);
    symlink("../elsewhere", files.path().join("out/sub")).unwrap();
    symlink("../elsewhere/kept.yaml", files.path().join("out/b.yaml")).unwrap();
    for file in ["sub/a.yaml", "b.yaml"] {
        let ran = run(&files, &["harden", "-f", file, "--output-dir", "out"]);
        assert_eq!(ran.code, Some(2));
        assert!(
            ran.stderr.contains("is a symbolic link, which may lead out of out\nnothing was written\n"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(fs::read_to_string(files.path().join("elsewhere/kept.yaml")).unwrap(), "kept\n");
    assert_eq!(fs::read_dir(files.path().join("elsewhere")).unwrap().count(), 1);
}

#[test]
fn where_one_copy_cannot_be_none_is_made() {
    let files = folder(&[("a/b.yaml", POD), ("x/a", POD), ("c.yaml", POD)]);
    let x = files.path().join("x");
    let args =
        ["harden", "-f", "../a/b.yaml", "-f", "a", "-f", "../c.yaml", "-f", "./../c.yaml", "--output-dir", "out"];
    let output = secctx().current_dir(&x).args(args).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("error: a would be a file and the folder of ../a/b.yaml below out\n"), "{told}");
    assert!(told.contains("error: ../c.yaml and ./../c.yaml would both become out/c.yaml\n"), "{told}");
    assert!(told.ends_with("nothing was written\n") && !x.join("out").exists());
}

#[test]
fn links_that_go_in_circles_or_nowhere_are_told() {
    let files = folder(&[("in/a.yaml", POD)]);
    let at = |name: &str| files.path().join(name);
    symlink("loop.yaml", at("in/loop.yaml")).unwrap();
    symlink("other.yaml", at("in/self.yaml")).unwrap();
    symlink("self.yaml", at("in/other.yaml")).unwrap();
    symlink("nowhere", at("in/gone.yaml")).unwrap();
    // A folder in itself: links to folders are not walked into.
    symlink("..", at("in/up")).unwrap();
    symlink(".", at("in/here.yaml")).unwrap();
    let ran = run(&files, &["check", "-R", "-f", "in", "-o", "name"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), "pod/a\n"));
    let files_told: Vec<_> = ran.stderr.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(files_told, ["in/gone.yaml", "in/loop.yaml", "in/other.yaml", "in/self.yaml"], "{}", ran.stderr);
    let ran = run(&files, &["harden", "-f", "in/loop.yaml", "--write", "--yes"]);
    assert!(ran.code == Some(2) && ran.stderr.starts_with("error: in/loop.yaml: "), "{}", ran.stderr);
}

/// A link to a file outside of the folder is that file to kubectl, and stays a link when it is written.
#[test]
fn a_link_to_a_file_is_that_file() {
    let files = folder(&[("in/none.txt", ""), ("outside.yaml", POD)]);
    symlink("../outside.yaml", files.path().join("in/a.yaml")).unwrap();
    let ran = run(&files, &["harden", "-f", "in", "--write", "--yes", "-q"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(fs::symlink_metadata(files.path().join("in/a.yaml")).unwrap().is_symlink());
    assert!(fs::read_to_string(files.path().join("outside.yaml")).unwrap().contains("runAsNonRoot"));
}

/// Devices that never end, and pipes that nobody writes to, end a run soon; nothing is written to any.
#[test]
fn devices_and_pipes_end_soon() {
    let files = folder(&[("in/a.yaml", POD)]);
    for (link, device) in
        [("zero", "/dev/zero"), ("random", "/dev/urandom"), ("null", "/dev/null"), ("full", "/dev/full")]
    {
        symlink(device, files.path().join(format!("in/{link}.yaml"))).unwrap();
    }
    let made = std::process::Command::new("mkfifo").arg(files.path().join("in/pipe.yaml")).status().unwrap();
    assert!(made.success());
    for args in [&["check", "-f", "in", "-o", "name"][..], &["harden", "-f", "in", "--write", "--yes"]] {
        let mut command = secctx();
        command.current_dir(files.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = wait_at_most(command.spawn().unwrap(), PATIENCE).expect("it ends");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        for file in ["zero", "random", "full"] {
            let binary = format!("error: in/{file}.yaml: this is no manifest but a binary file\n");
            assert!(told.contains(&binary), "{told}");
        }
        assert!(
            told.contains("error: in/pipe.yaml: nothing opened this pipe for writing within 5 seconds\n"),
            "{told}"
        );
        assert!(!told.contains("null.yaml"), "an empty file is no error: {told}");
    }
}

/// The same where standard input is such a device.
#[test]
fn an_endless_standard_input_ends_soon() {
    for args in [["check", "-f", "-"], ["harden", "-f", "-"]] {
        let mut command = secctx();
        command.args(args).stdin(fs::File::open("/dev/zero").unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = wait_at_most(command.spawn().unwrap(), PATIENCE).expect("it ends");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), told.as_str()),
            (Some(2), "error: -: this is no manifest but a binary file\n")
        );
    }
}
