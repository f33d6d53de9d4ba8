//! What is wrong usage, and what it says.

use super::{controlled, label};
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
