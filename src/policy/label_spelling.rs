//! What a misspelt Pod Security label was probably meant to be.

use std::collections::BTreeMap;

use super::labels::LABEL_PREFIX;
use super::{Level, Mode, Version};

/// Keys longer than this are no slips of the pen; comparing costs as the square of the length.
const LONGEST_KEY: usize = 100;

/// Domains that only Kubernetes gives out keys of, so that one which is none of its own is a mistake.
const OWN_DOMAINS: &[&str] = &["kubernetes.io", "k8s.io"];

/// Words in such a prefix that make it one about Pod Security, as in `security.kubernetes.io` and `psa.k8s.io`.
const OWN_WORDS: &[&str] = &["security", "psa", "pss"];

/// Words that stand for a mode in other tools, or are guessed.
const OTHER_MODES: &[(&str, Mode)] = &[
    ("block", Mode::Enforce),
    ("default", Mode::Enforce),
    ("deny", Mode::Enforce),
    ("enforcement", Mode::Enforce),
    ("enforcing", Mode::Enforce),
    ("level", Mode::Enforce),
    ("profile", Mode::Enforce),
    ("reject", Mode::Enforce),
    ("auditing", Mode::Audit),
    ("log", Mode::Audit),
    ("warning", Mode::Warn),
    ("warnings", Mode::Warn),
];

/// Words that stand for a level elsewhere, or are guessed.
const OTHER_LEVELS: &[(&str, Level)] = &[
    ("default", Level::Baseline),
    ("standard", Level::Baseline),
    ("hardened", Level::Restricted),
    ("restrict", Level::Restricted),
    ("restrictive", Level::Restricted),
    ("strict", Level::Restricted),
    ("none", Level::Privileged),
    ("off", Level::Privileged),
    ("permissive", Level::Privileged),
    ("privilege", Level::Privileged),
    ("unrestricted", Level::Privileged),
];

/// What a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spelling {
    /// One of the six that the server reads, or about something else altogether.
    Right,
    /// It has the right prefix, and what follows is no mode; with the key that was probably meant.
    NoMode(Option<String>),
    /// It looks like this key, which was probably meant.
    Like(String),
}

/// Judges the key of a namespace's label.
pub(super) fn spelling(key: &str) -> Spelling {
    if key.len() > LONGEST_KEY {
        return Spelling::Right;
    }
    if let Some(name) = key.strip_prefix(LABEL_PREFIX) {
        return match closest_name(name) {
            Some((meant, 0)) if meant == name => Spelling::Right,
            meant => Spelling::NoMode(meant.map(|(meant, _)| format!("{LABEL_PREFIX}{meant}"))),
        };
    }
    meant_key(key).map_or(Spelling::Right, |name| Spelling::Like(format!("{LABEL_PREFIX}{name}")))
}

/// What follows the prefix in the key that was probably meant. Both parts may be a little off, but not much together.
fn meant_key(key: &str) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    let prefix = LABEL_PREFIX.trim_end_matches('/');
    let (front, name) = match lower.split_once('/') {
        Some(parts) => parts,
        // Without a slash: `pod-security.kubernetes.io.enforce`.
        None => (prefix, lower.strip_prefix(prefix)?.get(1..)?),
    };
    let off = if is_other_prefix(front) { 0 } else { strsim::damerau_levenshtein(front, prefix) };
    let (meant, name_off) = closest_name(name)?;
    (off <= 2 && off + name_off <= 3).then_some(meant)
}

/// Whether people take a prefix for the right one, though it is further from it than any slip: one about security that is
/// Kubernetes' own, or the right one without its domain.
fn is_other_prefix(front: &str) -> bool {
    let is_own = |domain: &&str| front.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    let has_word = || front.split(['.', '-']).any(|part| OWN_WORDS.iter().any(|word| part.ends_with(word)));
    matches!(front, "pod-security" | "podsecurity") || (OWN_DOMAINS.iter().any(is_own) && has_word())
}

/// The end of a key that the server reads which is closest to `name`, and how many letters off that is.
fn closest_name(name: &str) -> Option<(String, usize)> {
    let lower = name.to_ascii_lowercase();
    let names = Mode::ALL.into_iter().flat_map(|mode| [mode.as_str().to_owned(), format!("{mode}-version")]);
    let (best, off) = names
        .map(|known| (strsim::damerau_levenshtein(&lower, &known), known))
        .min()
        .map(|(off, known)| (known, off))?;
    if off <= slack(&best) {
        return Some((best, off));
    }
    if let Some(word) = lower.strip_suffix("-level").or_else(|| lower.strip_suffix("_level")) {
        return closest_name(word);
    }
    let word = lower.strip_suffix("-version").unwrap_or(&lower);
    let mode = OTHER_MODES.iter().find(|(other, _)| *other == word)?.1;
    let version = if word.len() < lower.len() { "-version" } else { "" };
    Some((format!("{mode}{version}"), 0))
}

/// How many letters a word may be off and still be meant.
fn slack(word: &str) -> usize {
    if word.len() <= 5 { 1 } else { 2 }
}

/// The level that a value was probably meant to be.
pub(super) fn meant_level(value: &str) -> Option<Level> {
    let word = value.trim().to_ascii_lowercase();
    if word.len() > LONGEST_KEY {
        return None;
    }
    let other = OTHER_LEVELS.iter().find(|(other, _)| *other == word).map(|(_, level)| *level);
    let off = |level: &Level| strsim::damerau_levenshtein(&word, level.as_str());
    other.or_else(|| Level::ALL.into_iter().min_by_key(off).filter(|level| off(level) <= 2))
}

/// The version that a value was probably meant to be.
pub(super) fn meant_version(value: &str) -> Option<Version> {
    let word = value.trim().to_ascii_lowercase();
    if word.len() > LONGEST_KEY {
        return None;
    }
    let digits = word.trim_start_matches('v');
    let mut numbers = digits.split('.');
    match (numbers.next()?, numbers.next()) {
        ("1", Some(minor)) => minor.parse().ok().map(Version::Minor),
        // Kubernetes had no major version but 1 since there are levels, so a number alone is a minor one.
        (minor, None) if minor.len() == 2 && minor.parse::<u16>().is_ok() => minor.parse().ok().map(Version::Minor),
        _ => (strsim::damerau_levenshtein(&word, "latest") <= 2).then_some(Version::Latest),
    }
}

/// The value that a label of this key was probably meant to have: itself where the server can read it.
pub(super) fn meant_value(key: &str, value: &str) -> Option<String> {
    if key.ends_with("-version") {
        return value.parse().ok().or_else(|| meant_version(value)).map(|version: Version| version.to_string());
    }
    value.parse().ok().or_else(|| meant_level(value)).map(|level: Level| level.to_string())
}

/// Whether a key is one of the six that the server reads.
#[must_use]
pub fn is_read(key: &str) -> bool {
    Mode::ALL.into_iter().any(|mode| key == mode.level_label() || key == mode.version_label())
}

/// The labels that are about Pod Security, or look as if they should be.
#[must_use]
pub fn pod_security_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let concerns = |key: &str| is_read(key) || spelling(key) != Spelling::Right;
    labels.iter().filter(|(key, _)| concerns(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(key: &str) -> Option<String> {
        match spelling(key) {
            Spelling::Right => None,
            Spelling::NoMode(meant) => Some(meant.unwrap_or_else(|| "?".to_owned())),
            Spelling::Like(meant) => Some(meant),
        }
        .map(|meant| meant.trim_start_matches(LABEL_PREFIX).to_owned())
    }

    #[test]
    fn slips_are_seen_through() {
        for (key, name) in [
            ("pod-security.kubernets.io/enforce", "enforce"),
            ("pod-security.kubernetes.io/enforced", "enforce"),
            ("pod-security.k8s.io/enforce", "enforce"),
            ("podsecurity.kubernetes.io/enforce", "enforce"),
            ("Pod-Security.Kubernetes.IO/Enforce", "enforce"),
            ("pod-security.kubernetes.io/Enforce", "enforce"),
            ("pod-security.kubernetes.io/enforce_version", "enforce-version"),
            ("pod-security.kubernetes.io/enforce-verison", "enforce-version"),
            ("pod-security.kuberentes.io/warn-version", "warn-version"),
            ("pod-security.kubernetes.io.enforce", "enforce"),
            ("pod-securty.kubernetes.io/wran", "warn"),
            ("pod-security.kubernetes.io/deny", "enforce"),
            ("pod-security.kubernetes.io/deny-version", "enforce-version"),
            ("pod-security.kubernetes.io/enforceVersion", "enforce-version"),
            ("pod-security.kubernetes.io/ENFORCE", "enforce"),
            ("pod-security.kubernetes.io/enforce-level", "enforce"),
            ("security.kubernetes.io/enforce", "enforce"),
            ("security.k8s.io/warn-version", "warn-version"),
            ("pod-security-admission.kubernetes.io/enforce", "enforce"),
            ("pod-security.admission.config.k8s.io/audit", "audit"),
            ("podsecurity.k8s.io/enforce", "enforce"),
            ("psa.kubernetes.io/enforce", "enforce"),
            ("pod-security/enforce", "enforce"),
            ("pod-security.kubernetes.io/warnings", "warn"),
            ("pod-security.kubernetes.io/", "?"),
            ("pod-security.kubernetes.io/team", "?"),
        ] {
            assert_eq!(meant(key).as_deref(), Some(name), "{key}");
        }
    }

    #[test]
    fn what_is_right_or_about_something_else_is_left_alone() {
        for mode in Mode::ALL {
            assert_eq!((meant(&mode.level_label()), meant(&mode.version_label())), (None, None));
        }
        for key in [
            "kubernetes.io/metadata.name",
            "app.kubernetes.io/name",
            "pod-security.example.com/enforce",
            "pod-security.kyverno.io/enforce",
            "security.openshift.io/scc.podSecurityLabelSync",
            "pod-securty.kubernetes.io/owner",
            "pod-security.k8s.io/team",
            "policy.kubernetes.io/enforce",
            "security-profiles-operator.x-k8s.io/enforce",
            "security.kubernetes.io/team",
            "security.example.com/enforce",
            "notkubernetes.io/security-enforce",
            "enforce",
            "warn",
            "",
            "/",
        ] {
            assert_eq!(meant(key), None, "{key}");
        }
        assert_eq!(meant(&format!("pod-security.kubernetes.io/{}", "x".repeat(100_000))), None);
    }

    #[test]
    fn levels_are_guessed() {
        for (value, level) in [
            ("Baseline", Some(Level::Baseline)),
            ("strict", Some(Level::Restricted)),
            ("resticted", Some(Level::Restricted)),
            (" restricted", Some(Level::Restricted)),
            ("priviliged", Some(Level::Privileged)),
            ("none", Some(Level::Privileged)),
            ("", None),
            ("true", None),
        ] {
            assert_eq!(meant_level(value), level, "{value:?}");
        }
    }

    #[test]
    fn versions_are_guessed() {
        for (value, version) in [
            ("1.30", Some(Version::Minor(30))),
            ("v1.30.2", Some(Version::Minor(30))),
            ("V1.30", Some(Version::Minor(30))),
            ("v1.030", Some(Version::Minor(30))),
            ("30", Some(Version::Minor(30))),
            ("v30", Some(Version::Minor(30))),
            ("lastest", Some(Version::Latest)),
            ("Latest", Some(Version::Latest)),
            ("v2.0", None),
            ("", None),
            ("stable", None),
        ] {
            assert_eq!(meant_version(value), version, "{value:?}");
        }
    }
}
