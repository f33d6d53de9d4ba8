//! Lines that were one line before a terminal or a pager broke it, put together again.

use std::sync::LazyLock;

use super::detail;
use crate::checks::CHECKS;

/// Words of messages that stand in no check's reasons or details.
const OTHERS: &[&str] = &[
    "pod",
    "pods",
    "is",
    "forbidden",
    "violates",
    "would",
    "violate",
    "PodSecurity",
    "existing",
    "in",
    "namespace",
    "the",
    "new",
    "enforce",
    "level",
    "or",
    "and",
    "other",
    "container",
    "containers",
    "volume",
    "volumes",
    "annotation",
    "annotations",
    "hostPort",
    "hostPorts",
    "host",
    "hosts",
    "type",
    "types",
    "profile",
    "profiles",
    "may",
    "be",
    "user",
    "role",
    "hostNetwork=true",
    "hostPID=true",
    "hostIPC=true",
    "Error",
    "creating",
    "Warning",
];

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let reasons = CHECKS.iter().flat_map(|check| check.reasons).flat_map(|reason| reason.split(' '));
    let mut words: Vec<&str> = reasons.chain(detail::words()).chain(OTHERS.iter().copied()).collect();
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    words
});

/// Puts the next line behind a text, with a space between them where the break took the place of one.
///
/// A break in the middle of a known word is told by the word; a break between words by either of them, or by the
/// punctuation before it. What remains is the middle of a name.
pub(super) fn join(text: &mut String, next: &str) {
    let had_space = text.ends_with(' ') || (next.starts_with(' ') && !next.starts_with("  "));
    text.truncate(text.trim_end().len());
    let next = next.trim_start();
    if had_space || stands_alone(text, next) {
        text.push(' ');
    }
    text.push_str(next);
}

fn stands_alone(text: &str, next: &str) -> bool {
    let left = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    let right = next.split(char::is_whitespace).next().unwrap_or_default();
    if is_word(&format!("{left}{right}")) {
        return false;
    }
    let is_quote_open = left.matches('"').count() % 2 == 1;
    let closed = left.ends_with([',', ';', ':', ')', '"']) && !is_quote_open;
    (closed && !right.starts_with([',', ';', ':', ')'])) || is_word(left) || is_word(right)
}

fn is_word(fragment: &str) -> bool {
    let word = fragment.trim_start_matches('(').trim_end_matches([')', ',', ';', ':']);
    WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, next: &str) -> String {
        let mut text = text.to_owned();
        join(&mut text, next);
        text
    }

    #[test]
    fn breaks_in_words_and_names() {
        for (text, next) in [
            ("(cont", "ainer \"web\" must"),
            ("allowPrivilege", "Escalation != false"),
            ("runAsNonRoot !", "= true"),
            ("(container \"set", "-up\" must"),
            ("violates PodSe", "curity \"restricted"),
            ("PodSecurity \"restri", "cted:latest\": x"),
            ("must set securityContext.capabilities.drop=[\"AL", "L\"]; x"),
            ("(container \"web\" must set securityContext.runAsNonRoot=true", "), seccompProfile"),
            ("PodSecurity \"restricted:", "latest\": x"),
            ("privileged", ", hostPort"),
            ("use hostPorts 80", "80, 443"),
        ] {
            assert_eq!(joined(text, next), format!("{text}{next}"));
        }
    }

    #[test]
    fn breaks_at_spaces() {
        for (text, next) in [
            ("(container \"web\"", "must set"),
            ("must not", "set"),
            ("\"web\",", "\"proxy\" must"),
            ("runAsNonRoot !=", "true"),
            ("hostPorts 443,", "80)"),
            ("is forbidden:", "violates"),
            ("drop=[\"ALL\"]),", "runAsNonRoot"),
        ] {
            assert_eq!(joined(text, next), format!("{text} {next}"));
            assert_eq!(joined(&format!("{text} "), next), format!("{text} {next}"));
            assert_eq!(joined(text, &format!("      {next}")), format!("{text} {next}"));
        }
    }
}
