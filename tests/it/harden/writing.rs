//! What is written: whole files, in their own places and nowhere else.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::{HARD_WEB, HOST, WEB, folder, harden, names, text};
use crate::support::secctx::secctx;

#[test]
fn files_are_replaced_with_their_modes_and_links_stay() {
    let files = folder(&[("web.yaml", WEB), ("good.yaml", HARD_WEB)]);
    let at = |name: &str| files.path().join(name);
    fs::set_permissions(at("web.yaml"), Permissions::from_mode(0o640)).unwrap();
    symlink("web.yaml", at("link.yaml")).unwrap();
    let before = fs::metadata(at("good.yaml")).unwrap();
    let ran = harden(&files, &["-f", ".", "-w", "-y"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "./link.yaml hardened\n"), "one file, though named twice");
    assert_eq!(text(&files, "web.yaml"), HARD_WEB);
    assert_eq!(fs::metadata(at("web.yaml")).unwrap().mode() & 0o7777, 0o640);
    assert!(fs::symlink_metadata(at("link.yaml")).unwrap().is_symlink());
    let after = fs::metadata(at("good.yaml")).unwrap();
    assert_eq!((before.mtime_nsec(), before.ino()), (after.mtime_nsec(), after.ino()), "nothing to do, not touched");
    assert_eq!(names(files.path()), ["good.yaml", "link.yaml", "web.yaml"]);
    assert!(ran.stdout.ends_with("next: kubectl apply --dry-run=server -f .\n"), "{}", ran.stdout);
}

#[test]
fn a_read_only_file_is_told_and_the_others_are_done() {
    let files = folder(&[("a.yaml", WEB), ("b.yaml", WEB)]);
    fs::set_permissions(files.path().join("a.yaml"), Permissions::from_mode(0o444)).unwrap();
    let ran = harden(&files, &["-f", ".", "-w", "-y", "-q"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr, "error: ./a.yaml: it is read-only, so it was left as it is\n./b.yaml hardened\n");
    assert_eq!((text(&files, "a.yaml").as_str(), text(&files, "b.yaml").as_str()), (WEB, HARD_WEB));
}

#[test]
fn copies_keep_their_names_and_stay_in_their_folder() {
    let files = folder(&[("k8s/web.yaml", WEB), ("k8s/sub/host.yaml", HOST), ("elsewhere/x", "")]);
    let ran = harden(&files, &["-R", "-f", "k8s", "--output-dir", "out", "-q"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "2 files written to out\n"));
    assert_eq!(text(&files, "out/k8s/web.yaml"), HARD_WEB);
    assert!(text(&files, "out/k8s/sub/host.yaml").contains("allowPrivilegeEscalation"));
    assert_eq!(text(&files, "k8s/web.yaml"), WEB, "the file itself stays");
    let again = harden(&files, &["-R", "-f", "k8s", "--output-dir", "out", "-q"]);
    assert_eq!(again.stderr, "0 files written to out\n", "what is there already is the same");

    fs::write(files.path().join("out/k8s/web.yaml"), "mine").unwrap();
    let ran = harden(&files, &["-R", "-f", "k8s", "--output-dir", "out", "-q"]);
    let error = "error: out/k8s/web.yaml is there already and differs; name another folder\nnothing was written\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), error));
    assert_eq!(text(&files, "out/k8s/web.yaml"), "mine");

    let absolute = files.path().join("k8s/web.yaml");
    let absolute = absolute.to_str().unwrap();
    let ran = harden(&files, &["-f", absolute, "-f", "elsewhere/../k8s/web.yaml", "--output-dir", "new", "-q"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(files.path().join(format!("new{absolute}"))).unwrap(), HARD_WEB);
    assert_eq!(text(&files, "new/elsewhere/k8s/web.yaml"), HARD_WEB);

    let ran = harden(&files, &["-f", "k8s/web.yaml", "-f", "./k8s/web.yaml", "--output-dir", "twice", "-q"]);
    let error = "error: k8s/web.yaml and ./k8s/web.yaml would both become twice/k8s/web.yaml\nnothing was written\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), error));
    assert!(!files.path().join("twice").exists());

    fs::create_dir(files.path().join("trap")).unwrap();
    symlink("../elsewhere", files.path().join("trap/k8s")).unwrap();
    let ran = harden(&files, &["-f", "k8s/web.yaml", "--output-dir", "trap", "-q"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("trap/k8s is a symbolic link"), "{}", ran.stderr);
    assert_eq!(names(&files.path().join("elsewhere")), ["x"]);
}

/// Where the process is killed does not matter to a file: it is the old one or the new one.
#[test]
fn a_killed_run_leaves_every_file_whole() {
    const FILES: usize = 200;
    let all: Vec<_> = (0..FILES).map(|at| format!("{at:03}.yaml")).collect();
    let files = folder(&all.iter().map(|name| (name.as_str(), WEB)).collect::<Vec<_>>());
    let path = |at: usize| files.path().join(&all[at]);
    let mut both = 0;
    for until in [0, 3, 50, 120, 180] {
        for name in &all {
            fs::write(files.path().join(name), WEB).unwrap();
        }
        let mut child = secctx()
            .current_dir(files.path())
            .args(["harden", "-f", ".", "-w", "-y", "-q"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while fs::read(path(until)).unwrap().len() == WEB.len() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let texts: Vec<_> = (0..FILES).map(|at| fs::read_to_string(path(at)).unwrap()).collect();
        assert!(texts.iter().all(|text| text == WEB || text == HARD_WEB), "a file is neither old nor new");
        both += usize::from(texts.iter().any(|text| text == WEB) && texts.iter().any(|text| text == HARD_WEB));
        leave_no_manifest_behind(files.path());
    }
    assert!(both > 1, "the process was hardly ever killed in the middle of its work");
    let ran = harden(&files, &["-f", ".", "-w", "-y", "-q"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!((0..FILES).all(|at| fs::read_to_string(path(at)).unwrap() == HARD_WEB));
}

/// A killed process cannot tidy up, but what it leaves is nothing that kubectl would read.
fn leave_no_manifest_behind(folder: &Path) {
    let strange = names(folder).into_iter().filter(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
    for name in strange {
        assert!(name.starts_with('.') && name.ends_with(".tmp"), "{name}");
        fs::remove_file(folder.join(name)).unwrap();
    }
}
