//! Clusters that are not there, slow, or hostile: whoever presses a key is neither kept waiting nor told of it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{asking, complete};
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};

/// What a user waits at most.
const AT_MOST: Duration = Duration::from_millis(300);

/// What completion may take where there is no cluster.
const WITHOUT_CLUSTER: Duration = Duration::from_millis(30);

/// Nothing comes, and the fastest of some runs is fast enough: the others may have waited for the machine.
#[track_caller]
fn assert_silent_within(limit: Duration, words: &[&str]) {
    let run = || {
        let started = Instant::now();
        assert!(complete(words).is_silent(), "{words:?}");
        started.elapsed()
    };
    let fastest = (0..20).map(|_| run()).find(|took| *took <= limit);
    assert!(fastest.is_some(), "{words:?} took longer than {limit:?} each time");
}

/// Lines that ask a server for namespaces and for names.
#[track_caller]
fn assert_silent(server: &str) {
    for line in [&["-n", ""][..], &["-n", "shop", "deploy/"], &["-n", "shop", "pod", "w"], &["gadg"]] {
        assert_silent_within(AT_MOST, &[&["check", "--server", server][..], line].concat());
    }
}

#[test]
fn without_a_cluster() {
    for words in [&["check", "-n", ""][..], &["check", "deploy/"], &["check", "pod", ""], &["check", "--context", ""]] {
        assert_silent_within(WITHOUT_CLUSTER, words);
    }
    assert_silent_within(WITHOUT_CLUSTER, &["check", "--kubeconfig", "nowhere", "-n", ""]);
}

#[test]
fn a_server_that_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_silent(&format!("http://{address}"));
    assert_silent(&format!("https://{address}"));
}

#[test]
fn a_server_that_never_answers_or_only_half() {
    assert_silent(&FaultServer::start(|_| Reply::Silence).url());
    let pods = json!({"items": [{"metadata": {"name": "half"}}, {"metadata": {"name": "a-second-one"}}]});
    assert_silent(&FaultServer::start(move |_| Reply::Stall(pods.clone())).url());
    assert_silent(&FaultServer::start(|_| Reply::Close).url());
}

#[test]
fn a_server_that_refuses_asks_for_patience_or_talks_nonsense() {
    assert_silent(&FaultServer::start(|_| Reply::refusal(403, "Forbidden", "no")).url());
    assert_silent(&FaultServer::start(|_| Reply::refusal(503, "ServiceUnavailable", "later")).url());
    assert_silent(&FaultServer::start(|_| Reply::json(&json!({"items": [{"metadata": {}}, 7]}))).url());
}

/// Answers each list of pods with these names.
fn with_pods(names: &[&str]) -> FaultServer {
    let items: Vec<Value> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
    let list = json!({"kind": "PartialObjectMetadataList", "metadata": {}, "items": items});
    FaultServer::start(move |_| Reply::json(&list))
}

#[test]
fn hostile_names_do_not_reach_a_shell() {
    let server = with_pods(&[
        "good-1",
        "--server=http://x",
        "$(touch x)",
        "a b",
        "tab\there",
        "new\nline",
        "\u{1b}[2J",
        "`x`",
        "",
        "z.z",
    ]);
    let answer = eventually("candidates", || {
        Some(complete(&["check", "-s", &server.url(), "pod", ""])).filter(|answer| !answer.candidates.is_empty())
    });
    assert_eq!(answer.candidates, ["good-1", "z.z"]);
}

/// Only names are asked for, in pages, as whom and where the line says.
#[test]
fn the_request_is_the_lines() {
    let server = with_pods(&["web"]);
    let url = server.url();
    let line = ["check", "--as", "jane", "--as-group=dev", "--token", "t0ken", "-s", &url, "-nshop", "pod", ""];
    eventually("candidates", || Some(complete(&line)).filter(|answer| answer.candidates == ["web"]));
    let asked = server.asked().into_iter().find(|asked| asked.is("/api/v1/namespaces/shop/pods")).unwrap();
    assert_eq!(asked.query("limit"), Some("500"));
    assert_eq!(asked.header("impersonate-user"), ["jane"]);
    assert_eq!(asked.header("impersonate-group"), ["dev"]);
    assert_eq!(asked.header("authorization"), ["Bearer t0ken"]);
    let accept = asked.header("accept").concat();
    assert!(accept.starts_with("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"), "{accept}");
}

/// A kubeconfig whose user has this script as credential plugin.
fn with_plugin(folder: &TempDir, server: &FaultServer, script: &str) -> String {
    let program = folder.path().join("plugin");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let exec = json!({"command": "./plugin", "apiVersion": "client.authentication.k8s.io/v1",
                      "interactiveMode": "IfAvailable"});
    let config = json!({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.url()}}], "users": [{"name": "u", "user": {"exec": exec}}],
    });
    let file = folder.path().join("config");
    fs::write(&file, config.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn what_a_credential_plugin_says_is_not_heard() {
    let (folder, server) = (TempDir::new().unwrap(), with_pods(&["web"]));
    let script = "echo 'open this page to log in' >&2\n\
                  echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \
                  \"status\": {\"token\": \"x\"}}'";
    let config = with_plugin(&folder, &server, script);
    let answer = eventually("candidates", || {
        let answer = complete(&["check", "--kubeconfig", &config, "pod", ""]);
        Some(answer).filter(|answer| !answer.candidates.is_empty())
    });
    assert_eq!((answer.candidates, answer.stderr), (vec!["web".to_owned()], String::new()));
}

/// The plugin goes on alone, and the shell, which waits for the end of the output, is not kept.
#[test]
fn a_credential_plugin_that_takes_long_is_not_waited_for() {
    let (folder, server) = (TempDir::new().unwrap(), with_pods(&["web"]));
    let config = with_plugin(&folder, &server, "exec sleep 2");
    let words = ["check", "--kubeconfig", &config, "pod", ""];
    assert_silent_within(AT_MOST, &words);
    assert!(asking(&words).output().unwrap().stderr.is_empty());
}
