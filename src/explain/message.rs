//! One message of Pod Security admission: its head, its policy, its parts.

use super::parts::{Parsed, Part, parse};
use crate::policy::Policy;

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A pod was not let in.
    Refusal,
    /// A pod or workload was let in with a warning, or an audit log has an entry about it.
    Warning,
    /// New labels of a namespace do not fit its pods; the messages about the pods follow.
    Namespace,
    /// Pods that new labels of their namespace do not fit.
    Pods,
    /// Reasons without anything around them.
    Sentence,
    /// Something else that admission says; [`Message::note`] tells what it means.
    Note,
}

impl Kind {
    /// The word of the JSON contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Warning => "warning",
            Self::Namespace => "namespace",
            Self::Pods => "pods",
            Self::Sentence => "sentence",
            Self::Note => "note",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// What kind it is.
    pub kind: Kind,
    /// The policy as it is written, `restricted:latest`, where the message or the one before it names it.
    pub policy: Option<String>,
    /// What it is about, where that is known: `pod "web"`, `namespace "shop"`, `web-1 (and 3 other pods)`.
    pub object: Option<String>,
    /// The manifest that kubectl was applying.
    pub file: Option<String>,
    /// What it says, in its order.
    pub parts: Vec<Part>,
    /// Reasons that no check known here gives.
    pub unknown: Vec<String>,
    /// What a message without parts means.
    pub note: Option<&'static str>,
    /// How often it came, the same but for the pod's name.
    pub count: usize,
}

impl Message {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            policy: None,
            object: None,
            file: None,
            parts: Vec::new(),
            unknown: Vec::new(),
            note: None,
            count: 1,
        }
    }

    pub(super) fn with(mut self, parsed: Parsed) -> Self {
        self.parts = parsed.parts;
        self.unknown = parsed.unknown;
        self
    }

    /// What it says, whichever pod it says it of.
    pub(super) fn without_object(&self) -> Self {
        Self { object: None, count: 1, ..self.clone() }
    }
}

/// The words that every message with a policy has, between its head and the policy.
const MARK: &str = "PodSecurity ";

/// The beginning of a message in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    kind: Kind,
    /// Where its own words begin: `violates PodSecurity …`.
    pub(super) start: usize,
    /// Where the policy's opening quote is.
    quote: usize,
}

impl Anchor {
    /// Where the words before its own begin, as far as they are known: `Error creating: pods "web" is forbidden: `.
    pub(super) fn head(&self, text: &str) -> usize {
        let head = text[..self.start].trim_end();
        let named = head.strip_suffix(" is forbidden:").unwrap_or(head);
        let Some((before, _)) = last_quoted(named) else { return self.start };
        let noun = before.trim_end();
        let noun = noun.len() - noun.rsplit(char::is_whitespace).next().map_or(0, str::len);
        let before = text[..noun].trim_end();
        ["Error creating:", "existing pods in"]
            .iter()
            .find_map(|words| before.strip_suffix(words))
            .map_or(noun, str::len)
    }
}

/// All beginnings of messages in a text.
pub(super) fn anchors(text: &str) -> Vec<Anchor> {
    memchr::memmem::find_iter(text.as_bytes(), MARK).filter_map(|at| anchor(text, at)).collect()
}

fn anchor(text: &str, at: usize) -> Option<Anchor> {
    const HEADS: [(&str, Kind); 3] =
        [("would violate ", Kind::Warning), ("violates ", Kind::Refusal), ("violate the new ", Kind::Namespace)];
    let (head, kind) = HEADS.into_iter().find(|(head, _)| text[..at].ends_with(head))?;
    let after = at + MARK.len();
    let rest = &text[after..];
    let skipped = if kind == Kind::Namespace { "enforce level ".len() } else { 0 };
    let quote = rest.get(skipped..).filter(|rest| rest.starts_with('"') || rest.starts_with("\\\""))?;
    Some(Anchor { kind, start: at - head.len(), quote: text.len() - quote.len() })
}

/// Reads the message that begins at an anchor; `body_end` is where the next one begins, or the text's end. Also tells
/// whether all of it was understood.
pub(super) fn read(text: &str, anchor: Anchor, body_end: usize) -> (Message, bool) {
    let body = text.get(anchor.quote..body_end).unwrap_or_default();
    let unescaped = body.starts_with('\\').then(|| unescape(body));
    let body = unescaped.as_deref().unwrap_or(body);
    let mut message = Message::new(anchor.kind);
    let head = &text[..anchor.start];
    message.file =
        quoted_after(head, "error when creating \"").or_else(|| quoted_after(head, "error when applying \""));
    let Some((policy, rest)) = body.strip_prefix('"').and_then(|body| body.split_once('"')) else {
        return (message, false);
    };
    message.policy = Some(policy.to_owned());
    if anchor.kind == Kind::Namespace {
        message.object = name_before(head).map(|name| format!("namespace \"{name}\""));
        return (message, true);
    }
    message.object = head.trim_end().strip_suffix(" is forbidden:").and_then(object_before);
    let Some(sentence) = rest.strip_prefix(':') else { return (message, false) };
    let parsed = parse(sentence.trim_start(), read_policy(policy));
    let is_complete = parsed.is_complete();
    (message.with(parsed), is_complete)
}

/// `restricted:latest` as a policy; `None` where it is none.
pub(super) fn read_policy(text: &str) -> Option<Policy> {
    let (level, version) = text.split_once(':')?;
    Some(Policy { level: level.parse().ok()?, version: version.parse().ok()? })
}

/// A text in JSON or in Go's quotes, from its first escaped quote to the quote that ends it.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n' | 't' | 'r') => plain.push(' '),
                Some(escaped) => plain.push(escaped),
                None => {}
            },
            c => plain.push(c),
        }
    }
    plain
}

/// `pod "web"` out of `… pods "web"`, escaped or not.
fn object_before(head: &str) -> Option<String> {
    let (before, name) = last_quoted(head)?;
    let noun = before.trim_end().rsplit(char::is_whitespace).next()?;
    let noun = if noun.ends_with("pods") { "pod" } else { noun };
    Some(format!("{noun} \"{name}\""))
}

/// The name in `… namespace "shop" violate the new …`.
fn name_before(head: &str) -> Option<&str> {
    last_quoted(head.trim_end()).map(|(_, name)| name)
}

/// The quoted text at the end of `head`, and what stands before it.
fn last_quoted(head: &str) -> Option<(&str, &str)> {
    let head = head.strip_suffix('"')?;
    let head = head.strip_suffix('\\').unwrap_or(head);
    let at = head.rfind('"')?;
    let before = &head[..at];
    Some((before.strip_suffix('\\').unwrap_or(before), &head[at + 1..]))
}

fn quoted_after(text: &str, lead: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once(lead)?;
    rest.split_once('"').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (Message, bool) {
        let found = anchors(text);
        read(text, found[0], text.len())
    }

    #[test]
    fn heads_policies_and_parts() {
        let (message, complete) = whole(
            "Error from server (Forbidden): error when creating \"x.yaml\": pods \"a\" is forbidden: violates \
             PodSecurity \"baseline:v1.30\": privileged (container \"c\" must not set securityContext.privileged=true)",
        );
        assert!(complete);
        assert_eq!((message.kind, message.policy.as_deref()), (Kind::Refusal, Some("baseline:v1.30")));
        assert_eq!((message.object.as_deref(), message.file.as_deref()), (Some("pod \"a\""), Some("x.yaml")));
        assert_eq!(message.parts[0].check, "privileged");
        let (message, complete) = whole(
            "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"restricted:latest\"",
        );
        assert!(complete);
        assert_eq!((message.kind, message.object.as_deref()), (Kind::Namespace, Some("namespace \"shop\"")));
    }

    #[test]
    fn escaped_messages_end_where_their_text_does() {
        let (message, complete) = whole(
            r#"err="pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)" x="y""#,
        );
        assert!(complete);
        assert_eq!(message.object.as_deref(), Some("pod \"a\""));
        assert_eq!(message.parts[0].subject.containers, ["c"]);
    }

    #[test]
    fn other_words_begin_no_message() {
        for text in ["PodSecurity \"x\"", "violates PodSecurity", "violates PodSecurity x", "violates PodSecurity \\x"]
        {
            assert!(anchors(text).is_empty(), "{text}");
        }
        let (message, complete) = whole("violates PodSecurity \"restricted");
        assert!(!complete && message.policy.is_none());
    }
}
