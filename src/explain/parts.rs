//! `reason (detail), reason (detail)`: what admission makes of several findings, taken apart again.

use super::detail::{self, Subject};
use crate::checks::{CHECKS, Check};
use crate::evaluate::Selection;
use crate::policy::{Level, Policy, Version};

/// One reason of a message, with all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The ID of the check whose reason it is.
    pub check: &'static str,
    /// Letter for letter as in the message.
    pub reason: &'static str,
    /// What stood in parentheses; empty where nothing did.
    pub detail: String,
    /// Who is at fault, as far as the detail says.
    pub subject: Subject,
    /// Whether the message ends in the middle of the detail.
    pub is_cut: bool,
}

/// What a text turned out to be.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) parts: Vec<Part>,
    /// Reasons that no check known here gives.
    pub(super) unknown: Vec<String>,
    /// Whether the first of them stands before all parts.
    pub(super) starts_unknown: bool,
    /// What follows the last part without being one.
    pub(super) rest: String,
}

impl Parsed {
    /// Whether all of the text was understood.
    pub(super) fn is_complete(&self) -> bool {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '.' | '`');
        !self.parts.is_empty()
            && self.unknown.is_empty()
            && self.rest.trim_matches(is_end).is_empty()
            && !self.parts.iter().any(|part| part.is_cut)
    }
}

/// How many closing parentheses are looked at to find the one that ends a detail.
const MOST_ENDS: usize = 256;

/// Takes a text apart by the reasons that are known. The policy, where it is known, decides between the checks that
/// share a reason.
pub(super) fn parse(text: &str, policy: Option<Policy>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut found: Vec<(&'static str, String, bool)> = Vec::new();
    let mut rest = text;
    loop {
        if let Some(reason) = reason_at(rest) {
            let (detail, is_cut, after) = detail_at(&rest[reason.len()..], reason);
            found.push((reason, detail, is_cut));
            rest = after;
        } else {
            let end = next_reason(rest).unwrap_or(rest.len());
            if found.is_empty() && end == rest.len() {
                break;
            }
            parsed.starts_unknown |= found.is_empty();
            parsed.unknown.push(rest[..end].trim_end_matches(", ").to_owned());
            rest = &rest[end..];
            if !rest.is_empty() {
                continue;
            }
        }
        match rest.strip_prefix(", ") {
            Some(after) => rest = after,
            None => break,
        }
    }
    rest.clone_into(&mut parsed.rest);
    parsed.parts = resolve(found, policy);
    parsed
}

/// Every reason, longer ones before those that they begin with.
fn reasons() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().flat_map(|check| check.reasons.iter().rev().copied())
}

/// The reason that a text begins with.
fn reason_at(text: &str) -> Option<&'static str> {
    let ends = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '='));
    reasons().find(|reason| text.strip_prefix(reason).is_some_and(ends))
}

/// Where the next known reason begins, after a comma.
fn next_reason(text: &str) -> Option<usize> {
    let starts = text.match_indices(", ").map(|(at, comma)| at + comma.len());
    starts.into_iter().find(|at| reason_at(&text[*at..]).is_some())
}

/// The detail after a reason, whether it is cut short, and what follows.
fn detail_at<'a>(text: &'a str, reason: &str) -> (String, bool, &'a str) {
    let Some(body) = text.strip_prefix(" (") else { return (String::new(), false, text) };
    match detail_end(body, reason) {
        Some(end) => (body[..end].to_owned(), false, &body[end + 1..]),
        None => (body.to_owned(), true, ""),
    }
}

/// Which parenthesis ends a detail: rather one behind which the message goes on or ends, and rather one before which
/// there is a detail of that reason, than the first that closes as many as were opened.
fn detail_end(body: &str, reason: &str) -> Option<usize> {
    let mut depth = 1_i64;
    let mut counted = 0;
    let mut best: Option<(u8, usize)> = None;
    for (at, _) in body.match_indices(')').take(MOST_ENDS) {
        depth += i64::try_from(body[counted..at].matches('(').count()).unwrap_or(i64::MAX / 2) - 1;
        counted = at + 1;
        let after = &body[at + 1..];
        let goes_on =
            after.trim_end().is_empty() || after.strip_prefix(", ").is_some_and(|next| reason_at(next).is_some());
        let rank = match (goes_on, is_detail_of(reason, &body[..at]), depth == 0) {
            (true, true, _) => return Some(at),
            (false, true, true) => 1,
            (true, false, true) => 2,
            (false, true, false) => 3,
            (false, false, true) => 4,
            (true, false, false) => 5,
            (false, false, false) => continue,
        };
        if best.is_none_or(|(known, _)| rank < known) {
            best = Some((rank, at));
        }
    }
    best.map(|(_, at)| at)
}

fn is_detail_of(reason: &str, text: &str) -> bool {
    with_reason(reason).any(|check| detail::subject(check.id, text).is_some())
}

fn with_reason(reason: &str) -> impl Iterator<Item = &'static Check> + use<'_> {
    CHECKS.iter().copied().filter(move |check| check.reasons.contains(&reason))
}

/// Finds the check of each reason.
fn resolve(found: Vec<(&'static str, String, bool)>, policy: Option<Policy>) -> Vec<Part> {
    let policy = policy.unwrap_or_else(|| likely_policy(&found));
    let selection = Selection::new(policy);
    let mut parts = Vec::with_capacity(found.len());
    for (reason, detail, is_cut) in found {
        let selected = selection.checks().find(|check| check.reasons.contains(&reason));
        let Some(check) = selected.or_else(|| with_reason(reason).next()) else { continue };
        let subject = detail::subject(check.id, &detail).unwrap_or_default();
        parts.push(Part { check: check.id, reason, detail, subject, is_cut });
    }
    parts
}

/// The policy of a message that does not name it: the lowest level that has all these reasons.
fn likely_policy(found: &[(&'static str, String, bool)]) -> Policy {
    let only_restricted = |(reason, detail, _): &(&'static str, String, bool)| {
        let says_it = |check: &&Check| detail.is_empty() || detail::subject(check.id, detail).is_some();
        with_reason(reason).find(says_it).is_some_and(|check| check.level == Level::Restricted)
    };
    let level = if found.iter().any(only_restricted) { Level::Restricted } else { Level::Baseline };
    Policy { level, version: Version::Latest }
}

/// The part that a detail without its reason stands for.
pub(super) fn lone_detail(text: &str) -> Option<Part> {
    let shaped = |check: &&Check| check.id != "sysctls" && check.id != "hostPathVolumes";
    let check = CHECKS.iter().copied().filter(shaped).find(|check| detail::subject(check.id, text).is_some())?;
    let subject = detail::subject(check.id, text)?;
    let reason = check.reasons.first().copied()?;
    Some(Part { check: check.id, reason, detail: text.to_owned(), subject, is_cut: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restricted() -> Option<Policy> {
        Some(Policy { level: Level::Restricted, version: Version::Latest })
    }

    fn ids(text: &str, policy: Option<Policy>) -> Vec<&'static str> {
        parse(text, policy).parts.iter().map(|part| part.check).collect()
    }

    const SENTENCE: &str = "allowPrivilegeEscalation != false (container \"a\" must set \
        securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"a\" must set \
        securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"a\" must set \
        securityContext.runAsNonRoot=true), seccompProfile (pod or container \"a\" must set \
        securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";

    #[test]
    fn all_parts_of_a_refusal() {
        let parsed = parse(SENTENCE, restricted());
        assert!(parsed.is_complete());
        let checks =
            ["allowPrivilegeEscalation", "capabilities_restricted", "runAsNonRoot", "seccompProfile_restricted"];
        assert_eq!(ids(SENTENCE, restricted()), checks);
        assert_eq!(ids(SENTENCE, None), checks, "what only restricted asks for tells the level");
        assert!(parsed.parts.iter().all(|part| part.subject.containers == ["a"]));
    }

    #[test]
    fn reasons_without_details() {
        let text = "host namespaces, hostPort, privileged, forbidden AppArmor profiles, seccompProfile";
        let parsed = parse(text, None);
        assert!(parsed.is_complete());
        assert_eq!(
            ids(text, None),
            ["hostNamespaces", "hostPorts", "privileged", "appArmorProfile", "seccompProfile_baseline"]
        );
    }

    #[test]
    fn parentheses_and_reasons_in_names() {
        let name = "a), privileged (b";
        let text = format!(
            "allowPrivilegeEscalation != false (container \"{name}\" must set \
             securityContext.allowPrivilegeEscalation=false), hostProcess (pod must not set \
             securityContext.windowsOptions.hostProcess=true)"
        );
        let parsed = parse(&text, restricted());
        assert!(parsed.is_complete());
        assert_eq!(parsed.parts.len(), 2);
        assert_eq!(parsed.parts[0].subject.containers, [name]);
    }

    #[test]
    fn unknown_reasons_are_named_and_the_rest_goes_on() {
        let text = "newControl (pod (x), must), privileged (container \"a\" must not set \
                    securityContext.privileged=true), other thing";
        let parsed = parse(text, restricted());
        assert_eq!(parsed.unknown, ["newControl (pod (x), must)", "other thing"]);
        assert_eq!(parsed.parts.len(), 1);
        assert!(!parsed.is_complete());
    }

    #[test]
    fn cut_messages_give_what_is_there() {
        for end in 0..SENTENCE.len() {
            let parsed = parse(&SENTENCE[..end], restricted());
            assert!(!parsed.is_complete() || SENTENCE[end..].starts_with([',', ' ', '(']), "{}", &SENTENCE[..end]);
        }
        let parsed = parse(&SENTENCE[..60], restricted());
        assert!(parsed.parts[0].is_cut);
        assert_eq!(parsed.parts[0].detail, "container \"a\" must set se");
    }

    #[test]
    fn other_text_has_no_parts() {
        for text in ["", "something", "privilegedX", "hostPorts 80", "(", ", , ,"] {
            let parsed = parse(text, None);
            assert!(parsed.parts.is_empty() && parsed.unknown.is_empty(), "{text}");
        }
    }

    #[test]
    fn details_alone_are_known_too() {
        let part = lone_detail("pod or container \"a\" must set securityContext.runAsNonRoot=true");
        assert_eq!(part.map(|part| part.check), Some("runAsNonRoot"));
        assert_eq!(lone_detail("volume \"a\""), None);
        assert_eq!(lone_detail("anything"), None);
    }
}
