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
use super::patience::Patience;
use super::translate;
use super::warnings::{self, Warnings};

/// The media type of nearly everything.
pub(super) const JSON: &str = "application/json";

/// A connection to one API server.
pub(super) struct Transport {
    access: RefCell<Access>,
    /// Host and port, for messages.
    server: String,
    request_timeout: Option<Duration>,
    warnings: RefCell<Warnings>,
    patience: RefCell<Patience>,
}

/// Makes a client with credentials that are fetched anew.
pub(super) type Renew = Box<dyn Fn() -> Result<Client, ClusterError>>;

/// How the server is spoken to.
struct Access {
    client: Client,
    /// Where credentials can expire.
    renew: Option<Renew>,
    /// How often the credentials were fetched anew.
    generation: u32,
    /// Whether the server took these, or they are the first.
    is_proved: bool,
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
    pub(super) fn new(client: Client, renew: Option<Renew>, server: String, request_timeout: Option<Duration>) -> Self {
        let access = RefCell::new(Access { client, renew, generation: 0, is_proved: true });
        let patience = RefCell::new(Patience::new(request_timeout));
        Self { access, server, request_timeout, warnings: RefCell::default(), patience }
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Whether no request is worth making any more.
    pub(super) fn is_lost(&self) -> bool {
        self.patience.borrow().dead().is_some()
    }

    pub(super) fn try_again(&self) {
        self.patience.borrow_mut().try_again();
    }

    /// How long a request may take.
    pub(super) fn request_timeout(&self) -> Option<Duration> {
        self.request_timeout
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
        if let Some(error) = self.patience.borrow().dead() {
            return Err(error.clone());
        }
        let mut started = Instant::now();
        let limit = self.patience.borrow().limit();
        let (mut tries, mut was_cut) = (0, false);
        loop {
            tries += 1;
            let deadline = limit.and_then(|limit| started.checked_add(limit));
            let generation = self.access.borrow().generation;
            let sent = self.attempt(call);
            let answer = match deadline {
                None => sent.await,
                Some(deadline) => timeout_at(deadline, sent).await.unwrap_or_else(|_| {
                    Err(match limit.filter(|limit| self.request_timeout == Some(*limit)) {
                        Some(limit) => self.too_slow(limit),
                        None => self.too_slow_at_last(),
                    })
                }),
            };
            let answer = match answer {
                Ok(answer) => answer,
                // Something on the way ended an old connection, as load balancers do: reading it again does no harm.
                Err(error) if error.is_cut() && call.is_read() && !std::mem::replace(&mut was_cut, true) => continue,
                Err(error) => {
                    self.patience.borrow_mut().failed(&error, started, Instant::now());
                    return Err(error);
                }
            };
            if answer.status.is_success() {
                self.patience.borrow_mut().answered(Instant::now());
                return Ok(answer);
            }
            if answer.status == StatusCode::UNAUTHORIZED && self.has_new_credentials(generation)? {
                // A credential plugin may have taken its time, which is not the server's.
                started = Instant::now();
                continue;
            }
            let refusal = ClusterError::from_answer(&self.server, answer.status, &answer.body);
            match self.pause(call, &answer, tries, deadline) {
                Some(pause) => sleep(pause).await,
                None => return Err(refusal.after_tries(tries)),
            }
        }
    }

    /// Whether there are others than those that the server did not take. They are fetched once for all requests that meet
    /// with this, and not again where the server does not take the new ones either.
    fn has_new_credentials(&self, refused: u32) -> Result<bool, ClusterError> {
        let mut access = self.access.borrow_mut();
        if access.generation != refused {
            return Ok(true);
        }
        let Some(renew) = access.renew.as_ref().filter(|_| access.is_proved) else { return Ok(false) };
        let client = renew()?;
        (access.client, access.generation, access.is_proved) = (client, refused + 1, false);
        Ok(true)
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
        let client = self.access.borrow().client.clone();
        let generation = self.access.borrow().generation;
        let response = client.send(request).await.map_err(|error| translate::no_answer(&self.server, &error))?;
        let (parts, body) = response.into_parts();
        if parts.status != StatusCode::UNAUTHORIZED {
            let mut access = self.access.borrow_mut();
            access.is_proved |= access.generation == generation;
        }
        let body = body.collect_bytes().await.map_err(|error| translate::broken_answer(&self.server, &error))?;
        let (retry_after, warnings) = (retry_after(&parts.headers), warnings::read(&parts.headers));
        Ok(Answer { status: parts.status, retry_after, warnings, body: body.into() })
    }

    /// How long to wait before the next try; `None` when it would be of no use or take too long.
    fn pause(&self, call: &Call, answer: &Answer, tries: u32, deadline: Option<Instant>) -> Option<Duration> {
        if !call.may_be_repeated(answer) {
            return None;
        }
        self.patience.borrow_mut().pause(Instant::now(), tries, answer.retry_after, deadline)
    }

    /// Takes the server for one that may answer again.
    pub(super) fn forget_failures(&self) {
        self.patience.borrow_mut().forget();
    }

    /// The failure of a request that had no more time than others had left of the limit.
    pub(super) fn too_slow_at_last(&self) -> ClusterError {
        let limit = self.request_timeout.unwrap_or_default();
        let message =
            format!("the server {} did not answer in what was left of {limit:?} (--request-timeout)", self.server);
        ClusterError::new(ErrorKind::Timeout, message)
    }

    /// The failure of a request that took longer than a limit.
    pub(super) fn too_slow(&self, limit: Duration) -> ClusterError {
        let flag = if self.request_timeout == Some(limit) { " (--request-timeout)" } else { "" };
        let message = format!("the server {} did not answer within {limit:?}{flag}", self.server);
        ClusterError::new(ErrorKind::Timeout, message)
    }
}

/// The seconds of a `Retry-After` header; the API server never sends a date there.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
