//! From pasted text to messages: terminal output, tables of events, logs, JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use super::bare::{bare, note};
use super::message::{self, Kind, Message, anchors};
use super::{json, unwrap};

/// What a text holds.
#[derive(Debug, Default)]
pub struct Pasted {
    /// The messages, in order; those that say the same come once.
    pub messages: Vec<Message>,
    /// Lines that belong to no message, empty ones left out.
    pub ignored: Vec<String>,
}

/// Most lines that a message is put together from.
const MOST_LINES: usize = 40;

/// Most lines after the first over which the words before the policy are broken.
const MOST_LINES_OF_HEAD: usize = 6;

/// Longest line that is looked at, in bytes; the server's own limit for a message is far lower.
const LONGEST_LINE: usize = 1 << 18;

/// Reads a text. Never fails: what is no message is among the ignored lines.
#[must_use]
pub fn read(text: &str) -> Pasted {
    let text = without_colours(text);
    let mut reader = Reader::default();
    match json::texts(&text) {
        Some(texts) => texts.into_iter().for_each(|found| reader.text_of(&found.text, found.object.as_deref())),
        None => reader.lines(&text.lines().collect::<Vec<_>>()),
    }
    reader.pasted
}

/// Text as it looks on the terminal that it was copied from.
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut pieces = text.split("\u{1b}[");
    plain.extend(pieces.next());
    for piece in pieces {
        let end = piece.find(|c: char| ('@'..='~').contains(&c)).map_or(piece.len(), |at| at + 1);
        plain.push_str(&piece[end..]);
    }
    Cow::Owned(plain)
}

#[derive(Default)]
struct Reader {
    pasted: Pasted,
    /// The policy of the last message about a namespace: the messages after it do not repeat it.
    policy: Option<String>,
    /// Where each message is, by what it says.
    known: HashMap<Message, usize>,
}

impl Reader {
    /// A text out of JSON, whose lines nobody has broken; other texts than messages are of no interest.
    fn text_of(&mut self, text: &str, object: Option<&str>) {
        let found = self.pasted.messages.len();
        for line in text.lines() {
            self.one_or_more(&[line]);
        }
        for message in &mut self.pasted.messages[found..] {
            message.object = message.object.take().or_else(|| object.map(str::to_owned));
        }
    }

    fn lines(&mut self, lines: &[&str]) {
        let mut at = 0;
        while at < lines.len() {
            let line = lines[at];
            if line.trim().is_empty() {
                at += 1;
            } else if let Some(texts) = line.trim_start().starts_with('{').then(|| json::texts(line)).flatten() {
                texts.into_iter().for_each(|found| self.text_of(&found.text, found.object.as_deref()));
                at += 1;
            } else {
                let used = self.one_or_more(&lines[at..]);
                if used == 0 {
                    self.pasted.ignored.push(line.trim().to_owned());
                }
                at += used.max(1);
            }
        }
    }

    /// Reads the messages that begin in the first line; tells how many lines they take.
    fn one_or_more(&mut self, lines: &[&str]) -> usize {
        let line = start(lines[0]);
        if let Some(note) = note(line) {
            self.push(Message { note: Some(note), ..Message::new(Kind::Note) });
            return 1;
        }
        let found = anchors(line);
        let Some(last) = found.last().copied() else { return self.without_anchor(lines) };
        for pair in found.windows(2) {
            let (message, _) = message::read(line, pair[0], pair[1].start);
            self.push(message);
        }
        let (message, used) = longest(lines, |text| Some(message::read(text, last, text.len())));
        if let Some(message) = message {
            self.push(message);
        }
        used
    }

    /// A message whose own words are broken over lines, or one that has none.
    fn without_anchor(&mut self, lines: &[&str]) -> usize {
        let policy = self.policy.clone();
        let (message, used) = if has_broken_head(lines) {
            let whole = |text: &str| Some(message::read(text, *anchors(text).first()?, text.len()));
            longest(lines, whole)
        } else if bare(start(lines[0]), policy.as_deref()).is_some() {
            longest(lines, |text| bare(text, policy.as_deref()))
        } else {
            return 0;
        };
        let Some(message) = message else { return 0 };
        self.push(message);
        used
    }

    fn push(&mut self, message: Message) {
        if message.kind == Kind::Namespace {
            self.policy.clone_from(&message.policy);
        }
        // Messages about a namespace say the same of different ones.
        let key = if message.kind == Kind::Namespace { message.clone() } else { message.without_object() };
        let next = self.pasted.messages.len();
        let at = *self.known.entry(key).or_insert(next);
        match self.pasted.messages.get_mut(at) {
            Some(known) => known.count += 1,
            None => self.pasted.messages.push(message),
        }
    }
}

/// At most [`LONGEST_LINE`] of a line.
fn start(line: &str) -> &str {
    let mut end = line.len().min(LONGEST_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

/// Whether the words around a policy begin in the first line and go on in the next ones.
fn has_broken_head(lines: &[&str]) -> bool {
    let first = start(lines[0]);
    let mut text = first.to_owned();
    for next in lines.iter().skip(1).take(MOST_LINES_OF_HEAD) {
        if next.trim().is_empty() || text.len() + next.len() > LONGEST_LINE {
            return false;
        }
        unwrap::join(&mut text, next);
        if let Some(anchor) = anchors(&text).first() {
            return anchor.head(&text) < first.trim_end().len();
        }
    }
    false
}

/// Reads the first line, and as many after it as it takes to understand all of the message; where that never happens,
/// the fewest lines that give the most parts.
fn longest(lines: &[&str], read: impl Fn(&str) -> Option<(Message, bool)>) -> (Option<Message>, usize) {
    let mut text = start(lines[0]).to_owned();
    let mut best: Option<(Message, usize)> = None;
    for used in 1..=lines.len().min(MOST_LINES) {
        let next = lines.get(used).copied();
        if let Some((message, is_complete)) = read(&text) {
            if is_complete && !next.is_some_and(goes_on) {
                return (Some(message), used);
            }
            if best.as_ref().is_none_or(|(known, _)| message.parts.len() > known.parts.len()) {
                best = Some((message, used));
            }
        }
        match next {
            Some(next) if !begins_anew(next, best.is_some()) && text.len() + next.len() < LONGEST_LINE => {
                unwrap::join(&mut text, next)
            }
            _ => break,
        }
    }
    match best {
        Some((message, used)) => (Some(message), used),
        None => (None, 0),
    }
}

/// Whether a line is the rest of a message that would be whole without it.
fn goes_on(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(", ") || line.starts_with('(')
}

/// Whether a line is certain to begin something else; one with a policy is, where a message has named its own.
fn begins_anew(line: &str, has_policy: bool) -> bool {
    let line = start(line.trim_start());
    let heads = ["Error from server", "Error:", "Warning:", "error:", "{", "}"];
    line.is_empty() || heads.iter().any(|head| line.starts_with(head)) || (has_policy && !anchors(line).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str = "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\": \
        allowPrivilegeEscalation != false (containers \"web\", \"proxy\" must set \
        securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or containers \"web\", \"proxy\" \
        must set securityContext.runAsNonRoot=true)";

    fn summary(text: &str) -> Vec<String> {
        let line = |message: &Message| {
            let checks: Vec<_> = message.parts.iter().map(|part| part.check).collect();
            format!("{} {}", message.kind.as_str(), checks.join(" "))
        };
        read(text).messages.iter().map(line).collect()
    }

    #[test]
    fn errors_events_and_warnings() {
        let expected = ["refusal allowPrivilegeEscalation runAsNonRoot"];
        for before in [
            "",
            "Error from server (Forbidden): error when creating \"x.yaml\": ",
            "5m22s       Warning   FailedCreate   replicaset/web-5b   Error creating: ",
            "  Warning  FailedCreate  2m (x15 over 5m)  replicaset-controller  Error creating: ",
        ] {
            assert_eq!(summary(&format!("{before}{REFUSAL}\n")), expected, "{before}");
        }
        let warning = REFUSAL.replace("pods \"web-1\" is forbidden: violates", "Warning: would violate");
        assert_eq!(
            summary(&format!("{warning}\ndeployment.apps/web created\n")),
            ["warning allowPrivilegeEscalation runAsNonRoot"]
        );
        assert_eq!(read(&format!("{warning}\ndeployment.apps/web created\n")).ignored, ["deployment.apps/web created"]);
    }

    #[test]
    fn messages_wrapped_at_any_width_are_the_same() {
        let text = format!("Error creating: {REFUSAL}");
        let expected = read(&text).messages;
        for width in 20..200 {
            for (gap, trim) in [("\n", false), ("\n", true), ("\n        ", true)] {
                let chars: Vec<char> = text.chars().collect();
                let lines: Vec<String> = chars.chunks(width).map(|line| line.iter().collect()).collect();
                let lines: Vec<&str> = lines.iter().map(|l| if trim { l.trim_end() } else { l.as_str() }).collect();
                let wrapped = lines.join(gap);
                assert_eq!(read(&wrapped).messages, expected, "{width}: {wrapped}");
            }
        }
    }

    #[test]
    fn namespaces_and_their_pods() {
        let text = "Warning: existing pods in namespace \"shop\" violate the new PodSecurity enforce level \
            \"restricted:latest\"\nWarning: web-1 (and 3 other pods): allowPrivilegeEscalation != false, seccompProfile\n\
            Warning: api: host namespaces, procMount\nnamespace/shop labeled\n";
        assert_eq!(
            summary(text),
            [
                "namespace ",
                "pods allowPrivilegeEscalation seccompProfile_restricted",
                "pods hostNamespaces procMount_restricted"
            ]
        );
        let pasted = read(text);
        assert_eq!(pasted.messages[1].object.as_deref(), Some("web-1 (and 3 other pods)"));
        assert_eq!(pasted.messages[2].policy.as_deref(), Some("restricted:latest"));
        assert_eq!(pasted.ignored, ["namespace/shop labeled"]);
    }

    #[test]
    fn the_same_message_of_several_pods_comes_once() {
        let text = format!("{REFUSAL}\n{}\n", REFUSAL.replace("web-1", "web-2"));
        let pasted = read(&text);
        assert_eq!(pasted.messages.len(), 1);
        assert_eq!((pasted.messages[0].count, pasted.messages[0].object.as_deref()), (2, Some("pod \"web-1\"")));
    }

    #[test]
    fn several_in_one_line_coloured_and_alone() {
        let text = format!("a {REFUSAL} b {}", REFUSAL.replace("restricted:latest", "baseline:v1.30"));
        assert_eq!(read(&text).messages.len(), 2);
        let coloured = REFUSAL.replace("violates", "\u{1b}[33;1mviolates\u{1b}[0m");
        assert_eq!(read(&coloured).messages, read(REFUSAL).messages);
        assert_eq!(summary("privileged, hostPort"), ["sentence privileged hostPorts"]);
        assert_eq!(
            summary("    container \"web\" must set securityContext.allowPrivilegeEscalation=false"),
            ["sentence allowPrivilegeEscalation"]
        );
    }

    #[test]
    fn notes_of_admission() {
        for text in [
            "Warning: new PodSecurity enforce level only checked against the first 3000 of 5000 existing pods",
            "Warning: namespace \"kube-system\" is exempt from Pod Security, and the policy (enforce=baseline:latest) will be ignored",
            "Warning: failed to list pods while checking new PodSecurity enforce level",
        ] {
            assert_eq!(summary(text), ["note "]);
        }
    }

    #[test]
    fn other_text_is_ignored() {
        let text = "pods \"x\" is forbidden: exceeded quota\n\nprivileged pods are dangerous\nNAME   READY\n";
        let pasted = read(text);
        assert!(pasted.messages.is_empty());
        assert_eq!(pasted.ignored.len(), 3);
    }
}
