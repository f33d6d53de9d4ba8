//! What is wrong usage, and what it says.

use super::{ENFORCE, controlled, label};
use crate::live::{create, create_namespace, path, pod, privileged};
use crate::support::secctx::{Ran, secctx};

#[track_caller]
fn complains(args: &[&str], of: &str) {
    let ran = label(controlled(), args);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
    assert!(ran.stderr.contains(of), "{args:?}: {}", ran.stderr);
}

#[test]
fn wrong_usage() {
    complains(&["--enforce", "baseline"], "which namespaces are meant?");
    complains(&["--recommend", "--apply", "--yes"], "which namespaces are meant?");
    complains(&["--all", "--apply", "--yes"], "--apply needs to know what to write");
    complains(&["a", "--enforce", "baselin"], "must be one of privileged, baseline, restricted");
    complains(&["a", "--enforce", "baseline:1.36"], "must be \"latest\" or \"v1.x\"");
    complains(&["a", "--version", "v1.36"], "--version is that of a level");
    complains(&["a", "--all"], "cannot be used with");
    complains(&["a", "--upgrade-to", "latest"], "must be a version as \"v1.37\"");
    complains(&["a", "--from", "v1.30"], "--upgrade-to");
    complains(&["a", "--enforce", "baseline", "--recommend"], "cannot be used with");
    complains(&["a", "--enforce", "baseline", "--yes"], "--apply");
    complains(&["a", "--enforce", "baseline", "--apply"], "there is no terminal to ask on: give --yes too");
    complains(&["a", "-o", "name"], "table,wide,json,yaml,kubectl,manifest,markdown");
    complains(&["a", "--context", "x", "--context", "y", "--enforce", "baseline"], "one --context");
}

#[test]
fn a_namespace_that_is_not_there_does_not_end_the_others() {
    let ran = label(controlled(), &["ghost", "default"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("namespaces \"ghost\" not found"), "{}", ran.stderr);
    assert!(ran.stdout.contains("default"), "{}", ran.stdout);
}

#[test]
fn usage_errors_name_the_command() {
    for (args, command) in [(["explain", "pod/a/b"], "explain"), (["check", "pod/a/b"], "check")] {
        let ran = Ran::from(secctx().args(args).args(["-n", "default"]).output().unwrap());
        assert_eq!(ran.code, Some(2));
        if ran.stderr.contains("See ") {
            assert!(ran.stderr.contains(&format!("See 'kubectl secctx {command} -h'")), "{}", ran.stderr);
        }
    }
}

#[test]
fn labels_that_lower_a_level_or_change_nothing_are_said_to() {
    let server = controlled();
    create_namespace(server, "lowered", &[(ENFORCE, "restricted")]);
    create_namespace(server, "same", &[]);
    create(server, &path("v1", "same", "pods"), &pod("bad", &privileged()));
    let ran = label(server, &["same", "--enforce", "baseline", "--apply", "--yes", "--allow-violations"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let ran = label(server, &["lowered", "--enforce", "baseline"]);
    let told = "enforce is lowered from restricted:latest to baseline:latest, so some that it refuses now is let in";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    let ran = label(server, &["lowered", "--enforce", "restricted:v1.34"]);
    assert!(!ran.stdout.contains("lowered from"), "{}", ran.stdout);

    let ran = label(server, &["same", "--enforce", "baseline"]);
    assert!(ran.stdout.contains("these labels change nothing"), "{}", ran.stdout);
    assert!(ran.stdout.contains("pod/bad does not meet it"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("nothing violates"), "{}", ran.stdout);
}
