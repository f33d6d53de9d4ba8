//! Why something about the cluster could not be had, in one sentence.

use http::StatusCode;
use serde::Deserialize;

/// Why something about the cluster could not be had. It prints as one sentence, without secrets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ClusterError {
    kind: ErrorKind,
    message: String,
    /// Where an expired list can be taken up again.
    continue_token: Option<String>,
    /// The connection ended before the answer did.
    is_cut: bool,
}

/// What kind of failure it is, to decide what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Flags, kubeconfig files or the files they name are wrong or missing.
    Config,
    /// Nothing says which cluster to talk to.
    NotConfigured,
    /// The credential plugin gave no credentials.
    Credentials,
    /// No connection to the server.
    Unreachable,
    /// The server took longer than allowed.
    Timeout,
    /// The server's certificate or its TLS is not acceptable.
    Tls,
    /// 401: the server does not know who asks.
    Unauthorized,
    /// 403: the server knows who asks, and that they may not.
    Forbidden,
    /// 404: no such object or kind.
    NotFound,
    /// 405: the kind cannot be asked for like this.
    MethodNotAllowed,
    /// 409: the object changed since it was read, or there is one of that name already.
    Conflict,
    /// 410: the list took too long to read and has to begin again.
    Expired,
    /// 429: too many requests, even after some patience.
    Throttled,
    /// 5xx: the server cannot answer, even after some patience.
    Server,
    /// Any other refusal, such as a selector that does not exist or an object that is not valid (422).
    Refused,
    /// The answer broke off or is not what the server should answer.
    Answer,
    /// There is no resource type of that name.
    UnknownType,
}

impl ClusterError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), continue_token: None, is_cut: false }
    }

    /// The connection ended before the answer did.
    pub(super) fn cut(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { is_cut: true, ..Self::new(kind, message) }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(super) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether nothing else can be asked of this cluster either.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Config
                | ErrorKind::NotConfigured
                | ErrorKind::Credentials
                | ErrorKind::Unreachable
                | ErrorKind::Timeout
                | ErrorKind::Tls
                | ErrorKind::Unauthorized
        )
    }

    /// Whether a change may be made although it failed: it was on its way, and no refusal came back.
    #[must_use]
    pub fn may_be_done(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Answer | ErrorKind::Server | ErrorKind::Tls
        )
    }

    pub(super) fn continue_token(&self) -> Option<&str> {
        self.continue_token.as_deref()
    }

    /// The server's refusal: its status and what it wrote.
    pub(super) fn from_answer(server: &str, status: StatusCode, body: &[u8]) -> Self {
        let told = Told::read(body);
        let kind = kind_of(status);
        let message = match kind {
            // The server says no more than "Unauthorized", so as not to help those who guess.
            ErrorKind::Unauthorized => format!(
                "the server {server} does not accept the credentials (Unauthorized): they are missing, wrong or expired"
            ),
            _ => match (told.reason, told.message) {
                (Some(reason), Some(message)) => format!("the server answered ({reason}): {message}"),
                (None, Some(message)) => format!("the server {server} answered {status}: {message}"),
                _ => format!("the server {server} answered {status}"),
            },
        };
        let continue_token = told.continue_token.filter(|_| kind == ErrorKind::Expired);
        Self { continue_token, ..Self::new(kind, message) }
    }

    /// The same, after having tried again for some time.
    pub(super) fn after_tries(mut self, tries: u32) -> Self {
        if tries > 1 {
            self.message = format!("{} (after {tries} tries)", self.message);
        }
        self
    }
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        405 => ErrorKind::MethodNotAllowed,
        409 => ErrorKind::Conflict,
        410 => ErrorKind::Expired,
        429 => ErrorKind::Throttled,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Refused,
    }
}

/// What the body of a refusal tells.
#[derive(Default)]
struct Told {
    reason: Option<String>,
    message: Option<String>,
    continue_token: Option<String>,
}

/// The parts of a `Status` object that tell something.
#[derive(Deserialize)]
struct Status {
    kind: String,
    message: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    metadata: StatusMeta,
}

#[derive(Default, Deserialize)]
struct StatusMeta {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
}

impl Told {
    /// The longest text taken from an answer that is no `Status`, such as a proxy's.
    const LONGEST: usize = 200;

    fn read(body: &[u8]) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        match serde_json::from_slice::<Status>(body) {
            Ok(status) if status.kind == "Status" => Self {
                reason: filled(status.reason),
                message: filled(status.message),
                continue_token: filled(status.metadata.continue_token),
            },
            _ => Self { message: plain_text(body), ..Self::default() },
        }
    }
}

/// The first line of an answer in plain text; pages of HTML tell nothing in one line.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    (!line.starts_with(['<', '{'])).then(|| line.chars().take(Told::LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_as_the_server_put_them() {
        let forbidden = br#"{"kind":"Status","message":"pods is forbidden","reason":"Forbidden","code":403}"#;
        let error = ClusterError::from_answer("h:1", StatusCode::FORBIDDEN, forbidden);
        assert_eq!(error.to_string(), "the server answered (Forbidden): pods is forbidden");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        let html = ClusterError::from_answer("h:1", StatusCode::BAD_GATEWAY, b"\n<html>\nsorry");
        assert_eq!(html.to_string(), "the server h:1 answered 502 Bad Gateway");
        let plain = ClusterError::from_answer("h:1", StatusCode::NOT_FOUND, b"404 page not found\n");
        assert_eq!(plain.to_string(), "the server h:1 answered 404 Not Found: 404 page not found");
    }

    #[test]
    fn an_expired_list_may_carry_a_token() {
        let body = br#"{"kind":"Status","message":"too old","reason":"Expired","metadata":{"continue":"abc"}}"#;
        let error = ClusterError::from_answer("h:1", StatusCode::GONE, body);
        assert_eq!(error.continue_token(), Some("abc"));
        let error = ClusterError::from_answer("h:1", StatusCode::FORBIDDEN, body);
        assert_eq!(error.continue_token(), None);
    }
}
