//! Certificates: those of servers, good and bad, and the client's own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use kubectl_secctx::cluster::{ConnectOptions, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::json;
use tempfile::TempDir;

use super::{admin, at, connect, refusal};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{FaultServer, Reply};

/// An authority, and the folder of its files.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Authority { folder, certificate: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate and key for some names.
    fn issue(&self, names: &[&str], expires: i32) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(expires, 1, 1));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn server(&self, names: &[&str], expires: i32, asks_client: bool) -> FaultServer {
        let (certificate, key) = self.issue(names, expires);
        let builder = ServerConfig::builder();
        let builder = if asks_client {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.certificate.clone()).unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        FaultServer::start_tls(config, |_| Reply::json(&json!({"minor": "36"})))
    }
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
    let mut options = at(&authority.server(&["127.0.0.1"], 2001, false).url());
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
    let server = authority.server(&["127.0.0.1"], 2100, true);
    let mut options = at(&server.url());
    options.certificate_authority = Some(authority.file("ca.pem"));
    assert!(connect(&options).server_version().is_err(), "it asks for one");

    let (certificate, key) = authority.issue(&["jane"], 2100);
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
    let proxy = authority.server(&["127.0.0.1"], 2100, false);
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
    let (certificate, _) = authority.issue(&["jane"], 2100);
    let (_, key) = other.issue(&["joe"], 2100);
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
