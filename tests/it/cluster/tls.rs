//! Certificates: those of servers, good and bad, and the client's own.

use std::fs;

use kubectl_secctx::cluster::{ConnectOptions, ErrorKind};
use serde_json::json;

use super::{admin, at, connect, refusal};
use crate::support::authority::Authority;
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{FaultServer, Reply};

/// A server that tells its version, with a certificate that was valid in these years.
fn server(authority: &Authority, names: &[&str], years: (i32, i32), asks_client: bool) -> FaultServer {
    let config = authority.server_config(names, years, asks_client);
    FaultServer::start_tls(config, |_| Reply::json(&json!({"minor": "36"})))
}

fn sentence(options: &ConnectOptions) -> String {
    let error = connect(options).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    error.to_string()
}

#[test]
fn a_certificate_of_an_unknown_authority() {
    let server = ControlPlane::shared(None);
    let error = sentence(&at(server.url()));
    assert!(error.contains("is signed by an unknown authority"), "{error}");
    let mut insecure = at(server.url());
    insecure.insecure_skip_tls_verify = true;
    assert!(connect(&insecure).server_version().is_ok());
}

#[test]
fn a_certificate_for_another_name() {
    let mut options = admin(ControlPlane::shared(None));
    options.tls_server_name = Some("elsewhere.example".to_owned());
    let error = sentence(&options);
    assert!(error.contains("is not for the name elsewhere.example, only for "), "{error}");
    assert!(error.contains("kubernetes"), "{error}");
    options.tls_server_name = Some("kubernetes.default.svc".to_owned());
    assert!(connect(&options).server_version().is_ok());
}

#[test]
fn an_expired_certificate() {
    let authority = Authority::new();
    let mut options = at(&server(&authority, &["127.0.0.1"], (2000, 2001), false).url());
    options.certificate_authority = Some(authority.file("ca.pem"));
    let error = sentence(&options);
    assert!(error.ends_with("has expired, or this machine's clock is wrong"), "{error}");
}

#[test]
fn a_server_without_tls() {
    let server = FaultServer::start(|_| Reply::json(&json!({"minor": "36"})));
    let mut options = at(&server.url().replace("http://", "https://"));
    options.insecure_skip_tls_verify = true;
    let error = sentence(&options);
    assert!(error.contains("does not speak TLS"), "{error}");
}

#[test]
fn a_client_certificate_is_shown_to_a_server_that_asks_for_it() {
    let authority = Authority::new();
    let server = server(&authority, &["127.0.0.1"], (2000, 2100), true);
    let mut options = at(&server.url());
    options.certificate_authority = Some(authority.file("ca.pem"));
    assert!(connect(&options).server_version().is_err(), "it asks for one");

    let (certificate, key) = authority.issue(&["jane"], (2000, 2100));
    fs::write(authority.file("client.pem"), certificate.pem()).unwrap();
    fs::write(authority.file("client.key"), key.serialize_pem()).unwrap();
    options.client_certificate = Some(authority.file("client.pem"));
    options.client_key = Some(authority.file("client.key"));
    assert_eq!(connect(&options).server_version().unwrap().minor, 36);

    // The same from a credential plugin.
    let status = json!({"clientCertificateData": certificate.pem(), "clientKeyData": key.serialize_pem()});
    fs::write(authority.file("credential"), json!({"status": status}).to_string()).unwrap();
    let config = json!({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.url(), "certificate-authority": "ca.pem"}}],
        "users": [{"name": "u", "user": {"exec": {"command": "cat", "args": [authority.file("credential")]}}}],
    });
    fs::write(authority.file("config"), config.to_string()).unwrap();
    let options = ConnectOptions { kubeconfig: Some(authority.file("config")), ..ConnectOptions::default() };
    assert_eq!(connect(&options).server_version().unwrap().minor, 36);
}

#[test]
fn a_proxy_may_speak_tls() {
    let authority = Authority::new();
    let proxy = server(&authority, &["127.0.0.1"], (2000, 2100), false);
    let mut options = at("http://k8s.invalid");
    options.environment.http_proxy = Some(proxy.url());
    let error = connect(&options).server_version().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    options.certificate_authority = Some(authority.file("ca.pem"));
    // The name is that of the server, and the proxy has its own.
    options.tls_server_name = Some("elsewhere.example".to_owned());
    assert_eq!(connect(&options).server_version().unwrap().minor, 36);
    assert_eq!(proxy.asked()[0].method, "CONNECT");
}

#[test]
fn certificates_that_cannot_be_used_are_told() {
    let (authority, other) = (Authority::new(), Authority::new());
    let mut options = at("https://localhost:1");
    options.certificate_authority = Some(authority.file("ca.pem"));
    let (certificate, _) = authority.issue(&["jane"], (2000, 2100));
    let (_, key) = other.issue(&["joe"], (2000, 2100));
    fs::write(authority.file("client.pem"), certificate.pem()).unwrap();
    options.client_certificate = Some(authority.file("client.pem"));
    options.client_key = Some(authority.file("client.key"));
    let refused = |key: &str| {
        fs::write(authority.file("client.key"), key).unwrap();
        refusal(&options).to_string()
    };
    let error = refused(&key.serialize_pem());
    assert!(error.starts_with("the client certificate and its key cannot be used: "), "{error}");
    assert_eq!(refused("s3cret"), "there is no PEM key (PKCS #8, PKCS #1 or SEC 1) in the client key");
}
