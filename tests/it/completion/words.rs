//! What is known without a cluster, through kubectl.

use std::fs;
use std::path::Path;

use kubectl_secctx::checks::CHECKS;

use super::{Answer, Helper, Installed, complete};
use crate::support::secctx::run_in;

#[test]
fn both_helpers_answer_as_the_binary_does() {
    for helper in [Helper::Script, Helper::Binary] {
        let installed = Installed::with(helper);
        for words in [
            &[""][..],
            &["check", "-"],
            &["check", "--level", ""],
            &["check", "--version=v"],
            &["explain", "run"],
            &["check", "-f", ""],
            &["check", "-k", ""],
            &["check", "--kubeconfig", ""],
            &["check", "-o", ""],
        ] {
            assert_eq!(installed.kubectl(words), complete(words), "{helper:?} {words:?}");
        }
    }
}

fn kubectl(words: &[&str]) -> Answer {
    let answer = Installed::with(Helper::Script).kubectl(words);
    assert_eq!(answer.stderr, "", "{words:?}");
    answer
}

#[test]
fn commands_come_first() {
    let answer = kubectl(&[""]);
    assert_eq!(answer.directive, ":4");
    for command in ["check", "explain", "completion", "help"] {
        assert!(answer.contains(command), "{answer:?}");
    }
    assert!(!answer.candidates.iter().any(|candidate| candidate.starts_with("--")), "{answer:?}");
    assert!(kubectl(&["help", ""]).contains("explain"));
    assert!(kubectl(&["completion", ""]).contains("powershell"));
}

/// Every flag of the help is a candidate, once a hyphen was typed.
#[test]
fn flags_come_after_a_hyphen() {
    for command in ["check", "explain", "completion"] {
        let help = run_in(Path::new("."), &[command, "--help"]).stdout;
        let starts = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
        let words = starts.flat_map(|line| line.split([' ', ',', '['])).filter(|word| word.starts_with("--"));
        let flags: Vec<_> = words.collect();
        let answer = kubectl(&[command, "--"]);
        assert!(!flags.is_empty() && flags.iter().all(|flag| answer.contains(flag)), "{flags:?} {answer:?}");
        assert!(!answer.contains("-h") && kubectl(&[command, "-"]).contains("-h"));
        assert!(!complete(&[command, ""]).candidates.iter().any(|candidate| candidate.starts_with('-')));
    }
}

#[test]
fn a_flag_comes_again_only_where_it_may_be_repeated() {
    let answer = complete(&["check", "--level", "baseline", "-f", "a.yaml", "-A", "--"]);
    assert!(answer.contains("--filename") && answer.contains("--version"));
    assert!(!answer.contains("--level") && !answer.contains("--all-namespaces"), "{answer:?}");
}

#[test]
fn values_of_flags_in_both_forms() {
    let levels = ["baseline", "restricted", "namespace"];
    assert_eq!(kubectl(&["check", "--level", ""]).candidates, levels);
    // The shell puts the flag back.
    assert_eq!(kubectl(&["check", "--level="]).candidates, levels);
    assert_eq!(kubectl(&["check", "--color", ""]).candidates, ["auto", "always", "never"]);
    assert_eq!(kubectl(&["explain", "-o", ""]).candidates, ["text", "json"]);
    assert!(kubectl(&["check", "-o", ""]).contains("sarif"));
    assert!(kubectl(&["check", "-o"]).candidates.iter().all(|candidate| candidate.starts_with("--")));
    assert_eq!(complete(&["check", "--insecure-skip-tls-verify="]).candidates, ["true", "false"]);
    assert!(kubectl(&["check", "-l", ""]).is_silent());
}

#[test]
fn versions_come_newest_first() {
    let answer = kubectl(&["check", "--version", ""]);
    assert_eq!(answer.directive, ":36", "the shell must not sort v1.9 behind v1.10");
    assert_eq!(answer.candidates[..3], ["latest", "v1.37", "v1.36"]);
    assert_eq!((answer.candidates.len(), answer.candidates.last().unwrap().as_str()), (39, "v1.0"));
}

#[test]
fn every_check_and_every_field_can_be_explained() {
    let answer = kubectl(&["explain", ""]);
    assert!(CHECKS.iter().all(|check| answer.contains(check.id)), "{answer:?}");
    assert!(answer.contains("readOnlyRootFilesystem"));
    for topic in &answer.candidates {
        assert_eq!(run_in(Path::new("."), &["explain", topic]).code, Some(0), "{topic}");
    }
}

#[test]
fn paths_are_left_to_the_shell() {
    let manifests = kubectl(&["check", "-f", ""]);
    assert_eq!(
        (manifests.candidates, manifests.directive.as_str()),
        (vec!["yaml".into(), "yml".into(), "json".into()], ":8")
    );
    assert_eq!(kubectl(&["check", "--admission-config", "x"]).directive, ":8");
    assert_eq!(kubectl(&["check", "-k", ""]).directive, ":16");
    let any = kubectl(&["check", "--certificate-authority", ""]);
    assert_eq!((any.candidates.len(), any.directive.as_str()), (0, ":0"));
}

#[test]
fn types_need_no_cluster() {
    let answer = kubectl(&["check", ""]);
    for name in ["pods", "po", "deployments", "deploy", "sts", "cronjobs"] {
        assert!(answer.contains(name), "{answer:?}");
    }
    assert!(complete(&["check", "deploy,s"]).contains("deploy,sts"));
    // Behind a file more files may follow.
    assert_eq!(complete(&["check", "-f", "a.yaml", ""]).directive, ":8");
    let behind_a_pair = complete(&["check", "deploy/web", "st"]);
    assert!(behind_a_pair.contains("sts/") && behind_a_pair.directive == ":6", "{behind_a_pair:?}");
    let topic = complete(&["explain", "depl"]);
    assert!(topic.contains("deploy/") && topic.directive == ":6", "{topic:?}");
}

#[test]
fn names_of_the_kubeconfig_need_no_cluster() {
    let installed = Installed::with(Helper::Script);
    let config = "{current-context: kind, contexts: [{name: prod}, {name: kind}, {name: 'arn:aws:eks:x:1:cluster/a'}, \
                  {name: 'no $(good)'}], clusters: [{name: far}, {name: near}], users: [{name: jane@far}]}";
    fs::write(installed.folder.path().join("config"), config).unwrap();
    let names = |flag: &str| installed.kubectl(&["check", "--kubeconfig=config", flag, ""]).candidates;
    assert_eq!(names("--context"), ["arn:aws:eks:x:1:cluster/a", "kind", "prod"]);
    assert_eq!(names("--cluster"), ["far", "near"]);
    assert_eq!(names("--user"), ["jane@far"]);
    assert_eq!(complete(&["check", "--context", ""]).candidates, [""; 0]);
}

#[test]
fn nonsense_is_completed_to_nothing() {
    for words in [&["bogus", ""][..], &["check", "--bogus", "--"], &["--", "x"], &["check", "--bogus="], &[]] {
        assert_eq!(complete(words).stderr, "", "{words:?}");
    }
    assert!(complete(&["check", "-Z"]).directive == ":4");
}
