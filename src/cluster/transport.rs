//! Requests: sent, tried again for a while, limited in time, their warnings kept, their failures told.

use std::cell::RefCell;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::{ClusterError, ErrorKind};
use super::translate;
use super::warnings::{self, Warnings};

/// The media type of nearly everything.
pub(super) const JSON: &str = "application/json";

/// How long a server that asks for patience is tried, all requests taken together.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first and the longest pause where the server names none.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A connection to one API server.
pub(super) struct Transport {
    client: Client,
    /// Host and port, for messages.
    server: String,
    request_timeout: Option<Duration>,
    warnings: RefCell<Warnings>,
    health: RefCell<Health>,
}

/// What the requests so far tell about the next ones.
#[derive(Default)]
struct Health {
    /// When the server answered properly the last time.
    well: Option<Instant>,
    /// Since when it has only asked for patience.
    ailing: Option<Instant>,
    /// Why there is no use in asking again: a run must end soon after its time limit, however many requests it makes.
    dead: Option<ClusterError>,
}

/// What to send.
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) accept: &'static str,
    /// What is sent along, and its media type.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
}

impl Call {
    fn get(path: &str, accept: &'static str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), accept, body: None }
    }

    fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// Whether the same may be sent again after this refusal. What writes may only where it was not handled at all: the
    /// server says so with 429, and where it names a time to come back.
    fn may_be_repeated(&self, answer: &Answer) -> bool {
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::SERVICE_UNAVAILABLE => self.is_read() || answer.retry_after.is_some(),
            StatusCode::GATEWAY_TIMEOUT => self.is_read(),
            _ => false,
        }
    }
}

/// What the server sent.
pub(super) struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    /// What this very answer warns of.
    pub(super) warnings: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Transport {
    pub(super) fn new(client: Client, server: String, request_timeout: Option<Duration>) -> Self {
        Self { client, server, request_timeout, warnings: RefCell::default(), health: RefCell::default() }
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn try_again(&self) {
        self.health.borrow_mut().dead = None;
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().all()
    }

    /// Gets what is at a path, read as `T`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, accept: &'static str) -> Result<T, ClusterError> {
        let answer = self.read(path, accept).await?;
        self.decode(path, &answer.body)
    }

    /// Gets what is at a path, unread.
    pub(super) async fn body(&self, path: &str, accept: &'static str) -> Result<Vec<u8>, ClusterError> {
        Ok(self.read(path, accept).await?.body)
    }

    /// Gets the text at a path.
    pub(super) async fn text(&self, path: &str) -> Result<String, ClusterError> {
        let answer = self.read(path, "*/*").await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    async fn read(&self, path: &str, accept: &'static str) -> Result<Answer, ClusterError> {
        let answer = self.send(&Call::get(path, accept)).await?;
        self.warnings.borrow_mut().collect(&answer.warnings);
        Ok(answer)
    }

    /// Reads the body of an answer as `T`.
    pub(super) fn decode<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClusterError> {
        serde_json::from_slice(body).map_err(|error| self.broken(path, &error))
    }

    /// The failure of an answer that is not what it should be.
    pub(super) fn broken(&self, path: &str, error: &serde_json::Error) -> ClusterError {
        // The message of the parser would quote from the answer, which may hold secrets.
        let message = format!(
            "the answer of the server {} to {path} is not what it should be (line {}, column {})",
            self.server,
            error.line(),
            error.column()
        );
        ClusterError::new(ErrorKind::Answer, message)
    }

    /// Sends a request until the server takes it, refuses it or cannot be waited for any longer.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, ClusterError> {
        if let Some(error) = &self.health.borrow().dead {
            return Err(error.clone());
        }
        let started = Instant::now();
        let deadline = self.request_timeout.and_then(|limit| started.checked_add(limit));
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.attempt(call);
            let answer = match deadline {
                None => sent.await,
                Some(deadline) => timeout_at(deadline, sent)
                    .await
                    .unwrap_or_else(|_| Err(self.too_slow(self.request_timeout.unwrap_or_default()))),
            };
            let answer = answer.inspect_err(|error| self.failed(error, started))?;
            if answer.status.is_success() {
                let mut health = self.health.borrow_mut();
                (health.well, health.ailing) = (Some(Instant::now()), None);
                return Ok(answer);
            }
            let refusal = ClusterError::from_answer(&self.server, answer.status, &answer.body);
            match self.pause(call, &answer, tries, deadline) {
                Some(pause) => sleep(pause).await,
                None => return Err(refusal.after_tries(tries)),
            }
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, ClusterError> {
        let mut request = Request::builder().method(&call.method).uri(&call.path).header(ACCEPT, call.accept);
        let mut body = Body::empty();
        if let Some((kind, bytes)) = &call.body {
            request = request.header(CONTENT_TYPE, *kind);
            body = Body::from(bytes.clone());
        }
        let wrong =
            |error| ClusterError::new(ErrorKind::Refused, format!("{} cannot be asked for: {error}", call.path));
        let request = request.body(body).map_err(wrong)?;
        let response = self.client.send(request).await.map_err(|error| translate::no_answer(&self.server, &error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect_bytes().await.map_err(|error| translate::broken_answer(&self.server, &error))?;
        let (retry_after, warnings) = (retry_after(&parts.headers), warnings::read(&parts.headers));
        Ok(Answer { status: parts.status, retry_after, warnings, body: body.into() })
    }

    /// How long to wait before the next try; `None` when it would be of no use or take too long.
    fn pause(&self, call: &Call, answer: &Answer, tries: u32, deadline: Option<Instant>) -> Option<Duration> {
        if !call.may_be_repeated(answer) {
            return None;
        }
        let now = Instant::now();
        let ailing = *self.health.borrow_mut().ailing.get_or_insert(now);
        let grown = PAUSES.0.saturating_mul(1 << (tries - 1).min(10)).min(PAUSES.1);
        let pause = answer.retry_after.unwrap_or(grown).max(Duration::from_millis(10));
        let next = now.checked_add(pause)?;
        let in_time = next <= ailing + PATIENCE && deadline.is_none_or(|deadline| next < deadline);
        in_time.then_some(pause)
    }

    /// Takes the server for one that may answer again.
    pub(super) fn forget_failures(&self) {
        let mut health = self.health.borrow_mut();
        (health.dead, health.ailing) = (None, None);
    }

    /// The failure of a request that took longer than a limit.
    pub(super) fn too_slow(&self, limit: Duration) -> ClusterError {
        let flag = if self.request_timeout == Some(limit) { " (--request-timeout)" } else { "" };
        let message = format!("the server {} did not answer within {limit:?}{flag}", self.server);
        ClusterError::new(ErrorKind::Timeout, message)
    }

    /// A server that let a request wait in vain, and gave no other answer since, gets no more of them.
    fn failed(&self, error: &ClusterError, started: Instant) {
        let mut health = self.health.borrow_mut();
        let in_vain = matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unreachable);
        if in_vain && health.well.is_none_or(|well| well < started) {
            health.dead = Some(error.clone());
        }
    }
}

/// The seconds of a `Retry-After` header; the API server never sends a date there.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
