//! The HTTP client of the tests for a real API server.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// Requests in flight at once; the server has two cores on a small machine and answers within milliseconds.
pub(super) const CONNECTIONS: usize = 6;

/// The server's answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The object, or the `Status` of a failure.
    pub(crate) body: Value,
    /// The texts of the `Warning` headers, in order.
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    /// The server's sentence when it refused the request.
    pub(crate) fn refusal(&self) -> Option<&str> {
        (self.status >= 400).then(|| self.body["message"].as_str().unwrap_or_default())
    }
}

/// Talks to one server as one user; clones share their connections.
#[derive(Debug, Clone)]
pub(super) struct Client {
    url: String,
    token: String,
    agent: Agent,
}

impl Client {
    /// A client that trusts the authority in a file.
    pub(super) fn new(url: String, token: String, ca_file: &Path) -> Client {
        Client { url, token, agent: agent(ca_file) }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// What the server goes on sending in answer to a GET.
    pub(super) fn stream(&self, path: &str) -> Result<impl Read + use<>, ureq::Error> {
        let request = Request::get(format!("{}{path}", self.url));
        let request = request.header("Authorization", format!("Bearer {}", self.token)).body(()).unwrap();
        Ok(self.agent.run(request)?.into_body().into_reader())
    }

    /// Sends a request; `path` starts with a slash. A PATCH is a JSON merge patch.
    pub(super) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, ureq::Error> {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.request_as(kind, None, method, path, body)
    }

    /// The same, with a body of the media type given, and the form of the answer that is liked best.
    pub(super) fn request_as(
        &self,
        kind: &str,
        accept: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ureq::Error> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Accept", accept.unwrap_or("*/*"));
        let response = match body {
            None => self.agent.run(request.body(()).unwrap()),
            Some(body) => self.agent.run(request.header("Content-Type", kind).body(body.to_string()).unwrap()),
        };
        answer(response?)
    }
}

fn agent(ca_file: &Path) -> Agent {
    let ca = Certificate::from_pem(&fs::read(ca_file).unwrap()).unwrap();
    Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca])).build())
        // A proxy of the environment has no way to this machine's loopback.
        .proxy(None)
        .http_status_as_error(false)
        .max_idle_connections(CONNECTIONS)
        .max_idle_connections_per_host(CONNECTIONS)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

fn answer(mut response: Response<Body>) -> Result<Answer, ureq::Error> {
    let headers = response.headers().get_all("warning");
    let warnings = headers.iter().map(|header| warning_text(&String::from_utf8_lossy(header.as_bytes()))).collect();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
    // A few paths, such as /readyz, answer in plain text.
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
    Ok(Answer { status, body, warnings })
}

/// The text of one `299 - "text"` header value; the API server sends one warning per header.
fn warning_text(header: &str) -> String {
    let quoted = header.split_once('"').map_or(header, |(_, rest)| rest);
    let mut text = String::new();
    let mut chars = quoted.strip_suffix('"').unwrap_or(quoted).chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}
