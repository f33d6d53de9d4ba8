//! Failures below HTTP, put into one sentence.
//!
//! kube, hyper and rustls wrap their errors in each other and print every layer in each. Here the chain is searched for
//! the one that tells what happened.

use std::error::Error;
use std::io;

use rustls::{CertificateError, Error as TlsError};

use super::error::{ClusterError, ErrorKind};

/// Why no answer came from `server`.
pub(super) fn no_answer(server: &str, error: &(dyn Error + 'static)) -> ClusterError {
    let chain: Vec<_> = chain(error).collect();
    if let Some(tls) = chain.iter().find_map(|error| error.downcast_ref::<TlsError>()) {
        return tls_failure(server, tls);
    }
    let unreachable = |message: String| ClusterError::new(ErrorKind::Unreachable, message);
    let text = chain.last().map(ToString::to_string).unwrap_or_default();
    // The connectors of proxies have no public error types; each says first who speaks.
    if let Some(why) = chain.iter().map(ToString::to_string).find_map(|text| of_proxy(&text).map(str::to_owned)) {
        // What the last one in the chain says is more, unless it is the proxy's own error.
        let why = if of_proxy(&text).is_some() { why } else { text };
        return unreachable(format!("the proxy does not lead to the server {server}: {why}"));
    }
    if chain.iter().any(|error| error.to_string() == "dns error") {
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        return unreachable(format!("the server's name {host} cannot be looked up: {text}"));
    }
    // Errors of other crates in an `io::Error` have the kind `Other`; what matters is further in.
    let mut kinds = chain.iter().filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kinds.find(|kind| *kind != io::ErrorKind::Other) {
        Some(io::ErrorKind::ConnectionRefused) => {
            unreachable(format!("the connection to the server {server} was refused; are host and port right?"))
        }
        Some(io::ErrorKind::TimedOut) => ClusterError::new(
            ErrorKind::Timeout,
            format!("the server {server} cannot be reached: no connection in the time that it may take"),
        ),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            ClusterError::cut(
                ErrorKind::Unreachable,
                format!("the server {server} closed the connection without an answer"),
            )
        }
        _ if chain.iter().any(|error| is_incomplete(*error)) => ClusterError::cut(
            ErrorKind::Unreachable,
            format!("the server {server} closed the connection without an answer"),
        ),
        _ => unreachable(format!("the server {server} cannot be reached: {text}")),
    }
}

/// Why an answer of `server` broke off.
pub(super) fn broken_answer(server: &str, error: &(dyn Error + 'static)) -> ClusterError {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    ClusterError::cut(ErrorKind::Answer, format!("the answer of the server {server} broke off: {text}"))
}

fn tls_failure(server: &str, error: &TlsError) -> ClusterError {
    let message = match error {
        TlsError::InvalidCertificate(why) => certificate_failure(server, why),
        TlsError::InvalidMessage(_) => {
            format!("the server {server} does not speak TLS; is its address an http:// one?")
        }
        TlsError::AlertReceived(alert) => format!("the server {server} ended the TLS handshake: {alert:?}"),
        other => format!("no TLS connection to the server {server}: {other}"),
    };
    ClusterError::new(ErrorKind::Tls, message)
}

fn certificate_failure(server: &str, why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => format!(
            "the certificate of the server {server} is signed by an unknown authority; the right one goes into --certificate-authority or the kubeconfig"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the certificate of the server {server} has expired, or this machine's clock is wrong")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of the server {server} is not valid yet, or this machine's clock is wrong")
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the certificate of the server {server} is not for the name {}, only for {}; --tls-server-name can ask for another",
            expected.to_str(),
            presented.iter().map(|name| plain_name(name)).collect::<Vec<_>>().join(", ")
        ),
        CertificateError::NotValidForName => {
            format!("the certificate of the server {server} is for another name; --tls-server-name can ask for it")
        }
        other => format!("the certificate of the server {server} is not acceptable: {other}"),
    }
}

/// `DnsName("kubernetes")` without what is around the name.
fn plain_name(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

/// What a proxy's connector says, if it is one that speaks.
fn of_proxy(text: &str) -> Option<&str> {
    text.strip_prefix("tunnel error: ").or_else(|| text.strip_prefix("SOCKS error: "))
}

fn is_incomplete(error: &(dyn Error + 'static)) -> bool {
    error.to_string() == "connection closed before message completed"
}

/// An error, what is in it, and so on. An `io::Error` shows what it wraps only when asked directly.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
