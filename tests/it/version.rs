//! `kubectl secctx version`: what it says of this program and of servers, and how soon.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::control_plane::ControlPlane;
use crate::support::faults::{FaultServer, Reply, unused_address};
use crate::support::secctx::{Ran, secctx};

const CLIENT: &str = concat!("Client Version: v", env!("CARGO_PKG_VERSION"), "\nPolicy Versions: v1.0 to v1.37\n");

fn version(args: &[&str]) -> Ran {
    Ran::from(secctx().arg("version").args(args).output().unwrap())
}

#[test]
fn without_a_cluster_it_tells_of_itself() {
    for args in [&[][..], &["--client"], &["--client", "-s", "http://127.0.0.1:1"]] {
        let ran = version(args);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), (CLIENT, "", Some(0)), "{args:?}");
    }
}

#[test]
fn a_real_server_tells_its_own() {
    for emulated in [None, Some("1.34")] {
        let server = ControlPlane::shared(emulated);
        let ran = version(&["--kubeconfig", server.kubeconfig().to_str().unwrap()]);
        assert_eq!((ran.stderr.as_str(), ran.code), ("", Some(0)));
        let told = ran.stdout.strip_prefix(CLIENT).unwrap_or_else(|| panic!("{}", ran.stdout));
        assert!(told.starts_with("Server Version: v1."), "{told}");
        assert!(told.contains(&format!(", latest is v1.{}", server.minor())), "{told}");
        assert_eq!(told.contains("as which it behaves"), emulated.is_some(), "{told}");
    }
}

#[test]
fn a_server_that_refuses_is_an_error_and_the_rest_is_told() {
    let address = unused_address();
    let ran = version(&["-s", &format!("http://{address}")]);
    assert_eq!((ran.stdout.as_str(), ran.code), (CLIENT, Some(2)));
    assert_eq!(
        ran.stderr,
        format!("error: the connection to the server {address} was refused; are host and port right?\n")
    );
}

#[test]
fn a_server_that_is_silent_is_given_up_soon() {
    let server = FaultServer::start(|_| Reply::Silence);
    let started = Instant::now();
    let ran = version(&["-s", &server.url(), "--request-timeout", "1s"]);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((ran.stdout.as_str(), ran.code), (CLIENT, Some(2)));
    assert!(ran.stderr.contains("did not answer within 1s"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn several_contexts_are_told_apart() {
    let good = FaultServer::start(|_| Reply::json(&json!({"major": "1", "minor": "30", "gitVersion": "v1.30.1"})));
    let gone = format!("http://{}", unused_address());
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("config");
    let entry = |name: &str, server: &str| {
        (
            json!({"name": name, "cluster": {"server": server}}),
            json!({"name": name, "context": {"cluster": name, "user": "u"}}),
        )
    };
    let (entries, contexts): (Vec<_>, Vec<_>) = [entry("a", &good.url()), entry("b", &gone)].into_iter().unzip();
    let text = json!({"apiVersion": "v1", "kind": "Config", "clusters": entries, "contexts": contexts,
        "users": [{"name": "u", "user": {}}]});
    fs::write(&config, text.to_string()).unwrap();
    let config = config.to_str().unwrap();

    let ran = version(&["--kubeconfig", config, "--all-contexts"]);
    assert_eq!((ran.stdout, ran.code), (format!("{CLIENT}Server Version (a): v1.30.1, latest is v1.30\n"), Some(2)));
    assert!(ran.stderr.starts_with("error: b: the connection to the server"), "{}", ran.stderr);

    let ran = version(&["--kubeconfig", config, "--context", "a", "-o", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        report["servers"],
        json!([{"context": "a", "cluster": "a", "gitVersion": "v1.30.1", "latest": "v1.30", "emulated": false}])
    );
}

/// The flags that every command has in common reach the connection; what each means there, the tests of the cluster say.
#[test]
fn flags_of_the_connection_reach_it() {
    let server = FaultServer::start(|_| Reply::json(&json!({"major": "1", "minor": "30", "gitVersion": "v1.30.1"})));
    let url = server.url();
    let ran = version(&[
        "-s",
        &url,
        "--as",
        "jane",
        "--as-uid",
        "7",
        "--as-group",
        "a",
        "--as-user-extra",
        "k=v",
        "--token",
        "abc",
        "--disable-compression",
    ]);
    assert_eq!((ran.stderr.as_str(), ran.code), ("", Some(0)));
    let asked = server.asked();
    for (header, value) in [
        ("impersonate-user", "jane"),
        ("impersonate-uid", "7"),
        ("impersonate-group", "a"),
        ("impersonate-extra-k", "v"),
        ("authorization", "Bearer abc"),
    ] {
        assert_eq!(asked[0].header(header), [value], "{header}");
    }
    assert_eq!(asked[0].header("accept-encoding"), [""; 0]);

    version(&["-s", &url]);
    assert_eq!(server.asked()[1].header("accept-encoding"), ["gzip"]);
}

#[test]
fn files_and_names_of_the_connection_are_looked_for() {
    for (flag, message) in [
        ("--certificate-authority", "gone.pem"),
        ("--client-certificate", "gone.pem"),
        ("--client-key", "gone.pem"),
        ("--cluster", "the kubeconfig has no cluster \"gone.pem\""),
        ("--user", "the kubeconfig has no user \"gone.pem\""),
    ] {
        let server = ControlPlane::shared(None);
        let ran = version(&["--kubeconfig", server.kubeconfig().to_str().unwrap(), flag, "gone.pem"]);
        assert_eq!((ran.stdout.as_str(), ran.code), (CLIENT, Some(2)), "{flag}");
        assert!(ran.stderr.contains(message), "{flag}: {}", ran.stderr);
    }
}

#[test]
fn a_certificate_may_be_of_another_name() {
    let server = ControlPlane::shared(None);
    let told =
        |name: &str| version(&["--kubeconfig", server.kubeconfig().to_str().unwrap(), "--tls-server-name", name]);
    assert_eq!(told("kubernetes.default.svc").code, Some(0));
    let wrong = told("elsewhere.example");
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("elsewhere.example") || wrong.stderr.contains("certificate"), "{}", wrong.stderr);
}

#[test]
fn colours_are_as_asked_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let colored = |args: &[&str]| {
        let mut command = secctx();
        let output = command.current_dir(root).args(args).env("CLICOLOR_FORCE", "1").output().unwrap();
        Ran::from(output).stdout.contains('\u{1b}')
    };
    for command in [&["check", "-f", "examples/good-deployment.yaml"][..], &["explain", "runAsNonRoot"]] {
        assert!(colored(command), "{command:?}");
        assert!(colored(&[command, &["--color", "always"]].concat()), "{command:?}");
        assert!(!colored(&[command, &["--color=never"]].concat()), "{command:?}");
    }
}
