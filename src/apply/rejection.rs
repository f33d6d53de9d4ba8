//! What a failure means for a change.

use crate::cluster::{ClusterError, ErrorKind};
use crate::report::apply::{Reason, Rejection};

/// The server's refusal of a change, or why it could not be asked.
pub(super) fn rejection(error: &ClusterError) -> Rejection {
    let sentence = error.to_string();
    let reason = match error.kind() {
        // Admission says "Forbidden" too; only who is refused for their rights is named as a user.
        ErrorKind::Forbidden if sentence.contains(": User \"") && sentence.contains(" cannot ") => Reason::Forbidden,
        ErrorKind::Unauthorized => Reason::Forbidden,
        ErrorKind::NotFound => Reason::Gone,
        ErrorKind::Conflict => Reason::Changed,
        ErrorKind::Config
        | ErrorKind::Credentials
        | ErrorKind::Unreachable
        | ErrorKind::Timeout
        | ErrorKind::Tls
        | ErrorKind::Throttled
        | ErrorKind::Answer => Reason::Unreachable,
        _ => Reason::Refused,
    };
    Rejection { reason, sentence, warnings: Vec::new() }
}

/// Nothing of the kind can be done.
pub(super) fn impossible(sentence: impl Into<String>) -> Rejection {
    Rejection { reason: Reason::Impossible, sentence: sentence.into(), warnings: Vec::new() }
}

/// Something on this machine stands in the way.
pub(super) fn local(sentence: String) -> Rejection {
    Rejection { reason: Reason::Local, sentence, warnings: Vec::new() }
}
