//! Credential plugins: programs that print credentials.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use kubectl_secctx::cluster::{ConnectOptions, ErrorKind, ListQuery};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{batch, connect, names, refusal, resource, secret, within};
use crate::support::faults::{FaultServer, Reply};

const VERSION: &str = "client.authentication.k8s.io/v1";

/// A kubeconfig whose user has a plugin: a shell script that writes down how it was run.
struct Plugin {
    folder: TempDir,
    server: FaultServer,
}

impl Plugin {
    fn new(script: &str) -> Plugin {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("plugin");
        let log = folder.path().join("runs");
        let text = format!("#!/bin/sh\necho \"$KUBERNETES_EXEC_INFO $WHO $*\" >>'{}'\n{script}\n", log.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Plugin { folder, server: FaultServer::start(|_| Reply::json(&json!({"minor": "36", "items": []}))) }
    }

    /// A plugin that gives a token.
    fn with_token(token: &str) -> Plugin {
        let credential = json!({"apiVersion": VERSION, "kind": "ExecCredential", "status": {
            "token": token, "expirationTimestamp": "2020-01-01T00:00:00Z"}});
        Plugin::new(&format!("echo '{credential}'"))
    }

    fn options(&self, change: impl FnOnce(&mut Value)) -> ConnectOptions {
        let mut exec = json!({
            // Beside the kubeconfig, as with any other path in it.
            "command": "./plugin", "args": ["get", "token"], "apiVersion": VERSION,
            "env": [{"name": "WHO", "value": "me"}], "interactiveMode": "IfAvailable", "provideClusterInfo": true,
        });
        change(&mut exec);
        let config = json!({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.server.url()}}],
            "users": [{"name": "u", "user": {"exec": exec}}],
        });
        let file = self.folder.path().join("config");
        fs::write(&file, config.to_string()).unwrap();
        ConnectOptions { kubeconfig: Some(file), ..ConnectOptions::default() }
    }

    fn runs(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

/// The sentence about a plugin that gives nothing.
fn failure(script: &str, change: impl FnOnce(&mut Value)) -> String {
    let error = refusal(&Plugin::new(script).options(change));
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let error = error.to_string();
    assert!(!error.contains("s3cret"), "{error}");
    error.split_once("plugin\" ").map_or(error.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn a_plugin_runs_once_however_much_is_asked() {
    let plugin = Plugin::with_token("from-plugin");
    let cluster = connect(&plugin.options(|_| ()));
    cluster.server_version().unwrap();
    names(&cluster, &ListQuery::new(resource("po"), None)).unwrap();
    let runs = plugin.runs();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    for asked in plugin.server.asked() {
        assert_eq!(asked.header("authorization"), ["Bearer from-plugin"]);
    }
    assert!(runs[0].ends_with(" me get token"), "{runs:?}");
    let info: Value = serde_json::from_str(runs[0].split_once(" me ").unwrap().0).unwrap();
    assert_eq!((&info["kind"], &info["apiVersion"]), (&json!("ExecCredential"), &json!(VERSION)));
    assert_eq!(info["spec"]["interactive"], json!(false));
    assert_eq!(info["spec"]["cluster"]["server"], json!(plugin.server.url()));
}

/// A plugin that gives `token-1`, `token-2` and so on, at a server that takes those for which this holds.
fn counting(takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Plugin {
    let mut plugin = Plugin::new("echo '{\"status\": {\"token\": \"token-'$(wc -l <\"$(dirname \"$0\")/runs\")'\"}}'");
    plugin.server = FaultServer::start(move |asked| match takes(&asked.header("authorization").concat()) {
        true => Reply::json(&json!({"minor": "36", "items": []})),
        false => Reply::refusal(401, "Unauthorized", "Unauthorized"),
    });
    plugin
}

#[test]
fn a_token_that_is_not_taken_any_more_is_fetched_anew_once_for_all() {
    let plugin = counting(|token| token.ends_with("-2"));
    let cluster = connect(&plugin.options(|_| ()));
    assert!(batch(&cluster, &["po", "deploy", "sts", "ds", "job"]).iter().all(Result::is_ok));
    assert_eq!(plugin.runs().len(), 2, "however many requests were refused");
}

#[test]
fn a_plugin_whose_tokens_are_never_taken_is_not_asked_for_ever() {
    let plugin = counting(|_| false);
    let cluster = connect(&plugin.options(|_| ()));
    for _ in 0..3 {
        assert_eq!(cluster.server_version().unwrap_err().kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(plugin.runs().len(), 2);
}

#[test]
fn a_token_in_a_file_may_be_replaced_meanwhile() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "old\n").unwrap();
    let server = FaultServer::start(|asked| match asked.header("authorization").concat().as_str() {
        "Bearer new" => Reply::json(&json!({"minor": "36"})),
        _ => Reply::refusal(401, "Unauthorized", "Unauthorized"),
    });
    let config = json!({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.url()}}],
        "users": [{"name": "u", "user": {"tokenFile": file}}],
    });
    let path = folder.path().join("config");
    fs::write(&path, config.to_string()).unwrap();
    let cluster = connect(&ConnectOptions { kubeconfig: Some(path), ..ConnectOptions::default() });
    fs::write(&file, "new\n").unwrap();
    assert_eq!(cluster.server_version().unwrap().minor, 36);
}

#[test]
fn a_plugin_that_never_ends_is_ended_where_nobody_is_asked() {
    // The second one has closed its output and goes on.
    for script in ["exec sleep 30", "exec >&-\nexec sleep 30"] {
        let plugin = Plugin::new(script);
        let mut options = plugin.options(|_| ());
        options.request_timeout = Some(Duration::from_millis(300));
        let error = within(2000, || refusal(&options)).to_string();
        assert!(error.ends_with("gave nothing within 300ms (--request-timeout) and was ended"), "{error}");
    }
}

#[test]
fn a_token_flag_makes_the_plugin_needless() {
    let plugin = Plugin::with_token("from-plugin");
    let options = ConnectOptions { token: secret("flag"), ..plugin.options(|_| ()) };
    connect(&options).server_version().unwrap();
    assert!(plugin.runs().is_empty());
    assert_eq!(plugin.server.asked()[0].header("authorization"), ["Bearer flag"]);
}

#[test]
fn a_plugin_may_print_yaml() {
    let plugin = Plugin::new(&format!("printf 'apiVersion: {VERSION}\\nstatus:\\n  token: from-yaml\\n'"));
    connect(&plugin.options(|_| ())).server_version().unwrap();
    assert_eq!(plugin.server.asked()[0].header("authorization"), ["Bearer from-yaml"]);
}

#[test]
fn failures_of_plugins_are_told_without_what_they_printed() {
    assert_eq!(failure("echo s3cret; exit 3", |_| ()), "failed (exit status: 3)");
    assert_eq!(failure("echo s3cret", |_| ()), "printed something that is no ExecCredential");
    assert_eq!(failure("echo '{\"status\": \"s3cret\"}'", |_| ()), "printed something that is no ExecCredential");
    assert_eq!(failure("echo '{\"status\": {}}'", |_| ()), "gave neither a token nor a certificate with its key");
    let old = "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1beta1\", \"status\": {\"token\": \"s3cret\"}}'";
    assert!(failure(old, |_| ()).starts_with("answered in version \"client.authentication.k8s.io/v1beta1\""));
    let always = |exec: &mut Value| exec["interactiveMode"] = json!("Always");
    assert_eq!(failure("", always), "has to ask something, and standard input is no terminal");
}

#[test]
fn a_missing_plugin_is_told_with_the_hint_how_to_get_it() {
    let missing = |exec: &mut Value| {
        exec["command"] = json!("kubectl-login-that-nobody-has");
        exec["installHint"] = json!("get it from the shop\n");
    };
    let error = failure("", missing);
    assert!(error.ends_with("is not installed or not on the PATH: get it from the shop"), "{error}");
}

#[test]
fn other_credentials_are_checked_before_the_plugin_runs() {
    let plugin = Plugin::with_token("t");
    let mut options = plugin.options(|_| ());
    options.certificate_authority = Some(PathBuf::from("missing.pem"));
    assert_eq!(refusal(&options).kind(), ErrorKind::Config);
    assert!(plugin.runs().is_empty());
}
