//! Lines without the words in which admission names a policy: the pods of a namespace, reasons alone, remarks.

use super::detail::Subject;
use super::message::{self, Kind, Message};
use super::parts::{Parsed, Part, lone_detail, parse};

/// A line with reasons and nothing of admission's own words: after the names of pods, or alone.
pub(super) fn bare(text: &str, policy: Option<&str>) -> Option<(Message, bool)> {
    let text = text.trim();
    let text = text.strip_prefix("Warning:").unwrap_or(text).trim_start();
    let known = policy.and_then(message::read_policy);
    let alone = parse(text, known);
    let proves = |parsed: &Parsed| {
        let proven = |part: &Part| part.subject != Subject::default();
        parsed.is_complete() || (!parsed.starts_unknown && parsed.parts.iter().any(proven))
    };
    if proves(&alone) {
        let is_complete = alone.is_complete();
        return Some((Message::new(Kind::Sentence).with(alone), is_complete));
    }
    if let Some(part) = lone_detail(text) {
        return Some((Message { parts: vec![part], ..Message::new(Kind::Sentence) }, true));
    }
    let (pods, sentence) = text.split_once(": ")?;
    let parsed = parse(sentence, known);
    let is_complete = parsed.is_complete();
    let message =
        Message { object: Some(pods.to_owned()), policy: policy.map(str::to_owned), ..Message::new(Kind::Pods) };
    let is_one = proves(&parsed) || (policy.is_some() && !parsed.starts_unknown && !parsed.parts.is_empty());
    is_one.then(|| (message.with(parsed), is_complete))
}

/// What a message without reasons means.
pub(super) fn note(line: &str) -> Option<&'static str> {
    if line.contains("new PodSecurity enforce level only checked against the first ") {
        Some(
            "The server looked at some of the namespace's pods only: it stops after 3,000 pods or one second. Others \
             may violate the level as well.",
        )
    } else if line.contains("is exempt from Pod Security, and the policy (") {
        Some(
            "The API server's configuration exempts this namespace, so its Pod Security labels have no effect: all \
             pods are let in.",
        )
    } else if line.contains("failed to list pods while checking new PodSecurity enforce level") {
        Some("The server could not look at the namespace's pods. The label is set all the same; nothing was checked.")
    } else {
        None
    }
}
