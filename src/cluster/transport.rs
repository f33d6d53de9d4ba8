//! Requests: sent, tried again for a while, limited in time, their warnings kept, their failures told.

use std::cell::RefCell;
use std::time::Duration;

use http::header::{ACCEPT, RETRY_AFTER};
use http::{HeaderMap, Request, StatusCode};
use kube::Client;
use kube::client::Body;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::{ClusterError, ErrorKind};
use super::translate;
use super::warnings::Warnings;

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

/// What the server sent.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Transport {
    pub(super) fn new(client: Client, server: String, request_timeout: Option<Duration>) -> Self {
        Self { client, server, request_timeout, warnings: RefCell::default(), health: RefCell::default() }
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().all()
    }

    /// Gets what is at a path, read as `T`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, accept: &str) -> Result<T, ClusterError> {
        let body = self.fetch(path, accept).await?;
        // The message of the parser would quote from the answer, which may hold secrets.
        serde_json::from_slice(&body).map_err(|error| {
            let message = format!(
                "the answer of the server {} to {path} is not what it should be (line {}, column {})",
                self.server,
                error.line(),
                error.column()
            );
            ClusterError::new(ErrorKind::Answer, message)
        })
    }

    async fn fetch(&self, path: &str, accept: &str) -> Result<Vec<u8>, ClusterError> {
        if let Some(error) = &self.health.borrow().dead {
            return Err(error.clone());
        }
        let started = Instant::now();
        let deadline = self.request_timeout.and_then(|limit| started.checked_add(limit));
        let mut tries = 0;
        loop {
            tries += 1;
            let sent = self.attempt(path, accept);
            let answer = match deadline {
                None => sent.await,
                Some(deadline) => timeout_at(deadline, sent).await.unwrap_or_else(|_| Err(self.too_slow())),
            };
            let answer = answer.inspect_err(|error| self.failed(error, started))?;
            if answer.status.is_success() {
                let mut health = self.health.borrow_mut();
                (health.well, health.ailing) = (Some(Instant::now()), None);
                return Ok(answer.body);
            }
            let refusal = ClusterError::from_answer(&self.server, answer.status, &answer.body);
            match self.pause(&answer, tries, deadline) {
                Some(pause) => sleep(pause).await,
                None => return Err(refusal.after_tries(tries)),
            }
        }
    }

    async fn attempt(&self, path: &str, accept: &str) -> Result<Answer, ClusterError> {
        let request = Request::get(path).header(ACCEPT, accept).body(Body::empty());
        let request = request
            .map_err(|error| ClusterError::new(ErrorKind::Refused, format!("{path} cannot be asked for: {error}")))?;
        let response = self.client.send(request).await.map_err(|error| translate::no_answer(&self.server, &error))?;
        let (parts, body) = response.into_parts();
        self.warnings.borrow_mut().collect(&parts.headers);
        let body = body.collect_bytes().await.map_err(|error| translate::broken_answer(&self.server, &error))?;
        Ok(Answer { status: parts.status, retry_after: retry_after(&parts.headers), body: body.into() })
    }

    /// How long to wait before the next try; `None` when it would be of no use or take too long.
    fn pause(&self, answer: &Answer, tries: u32, deadline: Option<Instant>) -> Option<Duration> {
        if !matches!(
            answer.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        ) {
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

    fn too_slow(&self) -> ClusterError {
        let limit = self.request_timeout.unwrap_or_default();
        ClusterError::new(
            ErrorKind::Timeout,
            format!("the server {} did not answer within {limit:?} (--request-timeout)", self.server),
        )
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
