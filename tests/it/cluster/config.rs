//! Kubeconfig files, flags, surroundings: which server is asked, as whom, through what.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use kubectl_secctx::cluster::{ConnectOptions, Environment, ErrorKind, Impersonation, contexts};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{admin, at, connect, hurried, refusal, resource, secret};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Reply, unused_address};

/// A server that says its version, and keeps what it was asked.
fn version_server() -> FaultServer {
    FaultServer::start(|_| Reply::json(&json!({"major": "1", "minor": "36"})))
}

/// A kubeconfig with a context, cluster and user of one name.
fn kubeconfig(name: &str, server: &str, user: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": format!("of-{name}")}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": user}],
    })
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn listed(files: Vec<PathBuf>) -> ConnectOptions {
    let environment = Environment { kubeconfig: files, ..Environment::default() };
    ConnectOptions { environment, ..ConnectOptions::default() }
}

fn last(server: &FaultServer) -> Asked {
    server.asked().pop().unwrap()
}

#[test]
fn missing_files_of_the_list_are_passed_over_and_the_first_value_wins() {
    let (folder, server) = (TempDir::new().unwrap(), version_server());
    let first = write(&folder, "first", &kubeconfig("one", &server.url(), json!({"token": "t1"})).to_string());
    let mut other = kubeconfig("two", "http://elsewhere", json!({}));
    other["users"] = json!([{"name": "one", "user": {"token": "not this"}}]);
    let second = write(&folder, "second", &other.to_string());
    let missing = folder.path().join("missing");
    let options = listed(vec![missing, PathBuf::new(), first.clone(), second, first]);

    assert_eq!(contexts(&options).unwrap(), ["one", "two"]);
    let cluster = connect(&options);
    assert_eq!((cluster.context(), cluster.name(), cluster.default_namespace()), (Some("one"), Some("one"), "of-one"));
    assert_eq!(cluster.server_version().unwrap().minor, 36);
    assert_eq!(last(&server).header("authorization"), ["Bearer t1"]);
}

#[test]
fn the_home_folder_is_the_last_place_to_look() {
    let (home, server) = (TempDir::new().unwrap(), version_server());
    fs::create_dir(home.path().join(".kube")).unwrap();
    fs::write(home.path().join(".kube/config"), kubeconfig("home", &server.url(), json!({})).to_string()).unwrap();
    let mut options = listed(Vec::new());
    options.environment.home = Some(home.path().to_owned());
    assert_eq!(connect(&options).context(), Some("home"));
}

#[test]
fn broken_and_missing_files_are_told_by_name() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing");
    let error = refusal(&ConnectOptions { kubeconfig: Some(missing.clone()), ..ConnectOptions::default() });
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.to_string(), format!("there is no kubeconfig file {}", missing.display()));

    let error = refusal(&listed(vec![missing.clone()]));
    assert!(error.to_string().starts_with("no cluster is configured (looked for "), "{error}");

    let broken = write(&folder, "broken", "users:\n- name: me\n  user: {token: s3cret\nclusters: [");
    let error = refusal(&listed(vec![broken.clone()])).to_string();
    assert!(error.contains(&format!("{} cannot be read", broken.display())), "{error}");
    assert!(!error.contains("s3cret") && !error.contains('\n'), "{error}");

    fs::write(&broken, "users:\n- name: me\n  user: {token: 12345678}\n").unwrap();
    let error = refusal(&listed(vec![broken])).to_string();
    assert!(error.ends_with("its value is of the wrong type") && !error.contains("1234"), "{error}");
}

#[test]
fn many_comments_and_repeated_keys_are_no_fault() {
    let (folder, server) = (TempDir::new().unwrap(), version_server());
    let comments = "# - an old cluster\n".repeat(200);
    let text = format!(
        "current-context: none\ncurrent-context: c\nclusters:\n{comments}- name: c\n  cluster: {{server: '{}'}}\n\
         contexts:\n- name: c\n  context: {{cluster: c, user: u}}\nusers:\n- name: u\n  user: {{}}\n",
        server.url()
    );
    let file = write(&folder, "config", &text);
    assert_eq!(connect(&listed(vec![file])).context(), Some("c"));
}

#[test]
fn unknown_names_are_told_with_the_known_ones() {
    let folder = TempDir::new().unwrap();
    let mut config = kubeconfig("one", "http://localhost:1", json!({}));
    let file = write(&folder, "config", &config.to_string());
    let with = |change: &dyn Fn(&mut ConnectOptions)| {
        let mut options = listed(vec![file.clone()]);
        change(&mut options);
        refusal(&options).to_string()
    };
    let name = || Some("two".to_owned());
    assert_eq!(with(&|options| options.context = name()), r#"the kubeconfig has no context "two"; known: one"#);
    assert_eq!(with(&|options| options.cluster = name()), r#"the kubeconfig has no cluster "two"; known: one"#);
    assert_eq!(with(&|options| options.user = name()), r#"the kubeconfig has no user "two"; known: one"#);

    config["current-context"] = json!("");
    fs::write(&file, config.to_string()).unwrap();
    let error = refusal(&listed(vec![file.clone()])).to_string();
    assert_eq!(error, "the kubeconfig has no current context: choose one of one with --context");
}

#[test]
fn flags_win_over_the_files() {
    let (folder, server) = (TempDir::new().unwrap(), version_server());
    let config = kubeconfig("one", "http://localhost:1", json!({"username": "u", "password": "p"}));
    let file = write(&folder, "config", &config.to_string());
    let mut options = listed(vec![file]);
    options.server = Some(server.address());
    options.token = secret("flag");
    options.impersonation = Impersonation {
        user: Some("jane".to_owned()),
        uid: Some("7".to_owned()),
        groups: vec!["a".to_owned(), "b".to_owned()],
        extra: vec![("scopes".to_owned(), "x".to_owned()), ("scopes".to_owned(), "y".to_owned())],
    };
    connect(&options).server_version().unwrap();
    let asked = last(&server);
    assert_eq!(asked.header("authorization"), ["Bearer flag"]);
    assert_eq!(asked.header("impersonate-user"), ["jane"]);
    assert_eq!(asked.header("impersonate-uid"), ["7"]);
    assert_eq!(asked.header("impersonate-group"), ["a", "b"]);
    assert_eq!(asked.header("impersonate-extra-scopes"), ["x", "y"]);
    assert!(asked.header("user-agent")[0].starts_with("kubectl-secctx/"));
}

#[test]
fn what_excludes_each_other_is_refused() {
    let server = ControlPlane::shared(None);
    let mut options = admin(server);
    options.impersonation.uid = Some("7".to_owned());
    assert!(refusal(&options).to_string().contains("give --as too"));

    let mut options = admin(server);
    options.insecure_skip_tls_verify = true;
    // It replaces the kubeconfig's authority …
    assert!(connect(&options).server_version().is_ok());
    // … but goes with none of the flags.
    options.certificate_authority = Some(server.kubeconfig().to_owned());
    options.certificate_authority = Some(certificate_authority(server));
    assert!(refusal(&options).to_string().contains("exclude each other"));

    let mut options = at("http://localhost:1");
    options.client_key = Some(certificate_authority(server));
    assert!(refusal(&options).to_string().contains("without its certificate"));
    options = at("ftp://localhost:1");
    assert!(refusal(&options).to_string().contains("not an http or https URL"));
}

/// The file that the real server's kubeconfig names.
fn certificate_authority(server: &ControlPlane) -> PathBuf {
    let config: Value = serde_json::from_slice(&fs::read(server.kubeconfig()).unwrap()).unwrap();
    config["clusters"][0]["cluster"]["certificate-authority"].as_str().unwrap().into()
}

#[test]
fn files_named_in_a_kubeconfig_are_looked_for_beside_it() {
    let (folder, server) = (TempDir::new().unwrap(), ControlPlane::shared(None));
    fs::copy(certificate_authority(server), folder.path().join("ca.pem")).unwrap();
    // Editors end files with a line break, which no header may hold.
    write(&folder, "token", &format!("{}\n", server.token()));
    let mut config = kubeconfig("one", server.url(), json!({"tokenFile": "token"}));
    config["clusters"][0]["cluster"]["certificate-authority"] = json!("ca.pem");
    let file = write(&folder, "config", &config.to_string());
    assert_eq!(connect(&listed(vec![file.clone()])).server_version().unwrap().minor, 36);

    fs::remove_file(folder.path().join("ca.pem")).unwrap();
    let error = refusal(&listed(vec![file])).to_string();
    assert!(error.starts_with("the certificate authority cannot be read from ") && error.contains("ca.pem"), "{error}");
}

#[test]
fn inside_a_cluster_the_service_account_is_used() {
    let (account, server) = (TempDir::new().unwrap(), ControlPlane::shared(None));
    fs::copy(certificate_authority(server), account.path().join("ca.crt")).unwrap();
    write(&account, "token", server.token());
    write(&account, "namespace", "own\n");
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let mut options = listed(Vec::new());
    options.environment.service = Some(("127.0.0.1".to_owned(), port));
    options.environment.service_account = Some(account.path().to_owned());
    let cluster = connect(&options);
    assert_eq!((cluster.context(), cluster.default_namespace()), (None, "own"));
    assert!(cluster.get::<super::Object>(&resource("ns"), None, "default").is_ok());
}

#[test]
fn proxies_of_the_kubeconfig_and_of_the_environment() {
    let folder = TempDir::new().unwrap();
    for scheme in ["http", "socks5", "socks5h"] {
        let proxy = version_server();
        let mut config = kubeconfig("one", "http://k8s.invalid:80", json!({}));
        config["clusters"][0]["cluster"]["proxy-url"] = json!(format!("{scheme}://{}", proxy.address()));
        let file = write(&folder, "config", &config.to_string());
        assert_eq!(connect(&listed(vec![file])).server_version().unwrap().minor, 36, "{scheme}");
        assert!(last(&proxy).is("/version"));
    }

    let proxy = version_server();
    let mut options = hurried("http://k8s.invalid", Duration::from_secs(5));
    options.environment.http_proxy = Some(proxy.address());
    assert!(connect(&options).server_version().is_ok());
    assert_eq!((proxy.asked()[0].method.as_str(), proxy.asked()[0].path.as_str()), ("CONNECT", "k8s.invalid:80"));
    // The exception is for the server, whatever the proxy's name.
    options.environment.no_proxy = Some("127.0.0.1".to_owned());
    assert!(connect(&options).server_version().is_ok());
    options.environment.no_proxy = Some("k8s.invalid".to_owned());
    assert!(connect(&options).server_version().is_err());

    options.environment.no_proxy = None;
    options.environment.http_proxy = Some(unused_address());
    let error = connect(&options).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    let told = "the proxy does not lead to the server k8s.invalid:80: Connection refused";
    assert!(error.to_string().starts_with(told), "{error}");
    options.environment.http_proxy = Some("ftp://user:s3cret@proxy".to_owned());
    let error = refusal(&options).to_string();
    assert!(error.contains("proxy") && !error.contains("s3cret"), "{error}");
}

#[test]
fn a_user_name_wins_over_the_other_ways_to_log_in() {
    let (folder, server) = (TempDir::new().unwrap(), version_server());
    let basic = json!({"username": "u", "password": "p"});
    let plugin = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nonexistent"}});
    // The name, the password, and what they are sent as: the base64 of `name:password`.
    for (user, name, password, sent) in [
        (json!({"token": "t"}), Some("jane"), Some("pw"), "Basic amFuZTpwdw=="),
        (json!({"token": "t"}), Some("jane"), None, "Basic amFuZTo="),
        (plugin, Some("jane"), Some("pw"), "Basic amFuZTpwdw=="),
        (basic.clone(), None, Some("pw"), "Basic dTpwdw=="),
        (basic, Some("jane"), None, "Basic amFuZTpw"),
        (json!({"username": "u"}), None, None, "Basic dTo="),
    ] {
        let file = write(&folder, "config", &kubeconfig("one", &server.address(), user).to_string());
        let mut options = listed(vec![file]);
        options.username = name.map(str::to_owned);
        options.password = password.and_then(secret);
        connect(&options).server_version().unwrap();
        assert_eq!(last(&server).header("authorization"), [sent]);
    }
    let file = write(&folder, "config", &kubeconfig("one", &server.address(), json!({"token": "t"})).to_string());
    let mut options = listed(vec![file]);
    options.password = secret("s3cret");
    assert_eq!(refusal(&options).to_string(), "--password needs a user name: give --username too");
}

#[test]
fn auth_providers_are_those_that_can_still_give_a_token() {
    let (folder, server) = (TempDir::new().unwrap(), version_server());
    let options =
        |user: Value| listed(vec![write(&folder, "config", &kubeconfig("one", &server.address(), user).to_string())]);
    let provider = |name: &str, config: Value| json!({"auth-provider": {"name": name, "config": config}});
    connect(&options(provider("oidc", json!({"id-token": "abc"})))).server_version().unwrap();
    assert_eq!(last(&server).header("authorization"), ["Bearer abc"]);
    for (name, why) in [
        ("oidc", "and has no id-token in the kubeconfig"),
        ("gcp", "which Kubernetes has removed: use its credential plugin"),
        ("azure", "which Kubernetes has removed: use its credential plugin"),
        ("own", "which is not known here"),
    ] {
        let error = refusal(&options(provider(name, json!({})))).to_string();
        assert!(error.ends_with(&format!("logs in with the auth provider {name:?}, {why}")), "{error}");
    }
}

#[test]
fn a_token_that_no_header_can_hold_is_refused_without_being_told() {
    let mut options = at("http://localhost:1");
    options.token = secret("s3cret\nmore");
    assert_eq!(refusal(&options).to_string(), "the token has characters that cannot be sent");
}

#[test]
fn a_proxy_gets_the_name_and_password_of_its_address() {
    let proxy = version_server();
    let mut options = hurried("http://k8s.invalid", Duration::from_secs(5));
    options.environment.http_proxy = Some(format!("http://jane:p%40ss@{}", proxy.address()));
    connect(&options).server_version().unwrap();
    // The base64 of `jane:p@ss`, for the proxy alone.
    assert_eq!(proxy.asked()[0].header("proxy-authorization"), ["Basic amFuZTpwQHNz"]);
    assert!(last(&proxy).is("/version"));
    assert_eq!(last(&proxy).header("proxy-authorization"), [""; 0]);
}
