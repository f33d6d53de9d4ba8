//! Labels of a namespace that do not do what their author thinks.
//!
//! The API server takes any label. It only looks at six keys, exactly spelt, and it reads their values when the
//! namespace is written; so what is misspelt protects nothing, and nobody says so.

use std::collections::BTreeMap;
use std::fmt;

use super::label_spelling::{Spelling, is_read, meant_value, spelling};
use super::{Level, Mode, NamespacePolicy, Version};

/// What the server makes of a label that is not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It does not look at it.
    Ignored,
    /// It cannot read the level: enforce fails closed, as restricted.
    FailsClosed,
    /// It cannot read the level: audit and warn fail open, as privileged.
    FailsOpen,
    /// It cannot read the version, and takes `latest`.
    Latest,
    /// It takes the version for the default level, which asks for nothing.
    NoLevel,
    /// It does not know the version yet, and takes the newest that it knows.
    Newest,
    /// It does as the label says, which hides what enforce refuses.
    Weaker,
}

/// A label (or annotation) that does not do what it seems to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMistake {
    /// Its key.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Whether it is an annotation.
    pub is_annotation: bool,
    /// What the server makes of it.
    pub outcome: Outcome,
    /// What is so, to be read after the key: `is not read by anything`.
    pub what: String,
    /// What the server makes of it, where that does not go without saying: `it takes that one`.
    pub effect: Option<String>,
    /// What was probably meant, as `pod-security.kubernetes.io/enforce=baseline`.
    pub instead: Option<String>,
}

impl LabelMistake {
    /// Whether the server cannot read the value: it refuses a namespace that is made with it.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self.outcome, Outcome::FailsClosed | Outcome::FailsOpen | Outcome::Latest)
    }

    /// `did you mean "baseline"?`: what was probably meant, as much of it as is not there already.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let instead = self.instead.as_deref()?;
        let (key, value) = instead.split_once('=')?;
        let meant = match (key == self.label, value == self.value) {
            (_, true) => key,
            (true, false) if !self.is_annotation => value,
            _ => instead,
        };
        Some(if self.is_annotation { format!("make {meant:?} a label") } else { format!("did you mean {meant:?}?") })
    }
}

impl fmt::Display for LabelMistake {
    /// `label "pod-security.kubernets.io/enforce" is not read by anything; did you mean "…"?`, not escaped for
    /// terminals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_annotation { "annotation" } else { "label" };
        write!(f, "{kind} {:?} {}", self.label, self.what)?;
        self.effect.iter().try_for_each(|effect| write!(f, ": {effect}"))?;
        self.hint().iter().try_for_each(|hint| write!(f, "; {hint}"))
    }
}

/// What a namespace's labels are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct LabelContext<'a> {
    /// The namespace's annotations, where they are known.
    pub annotations: Option<&'a BTreeMap<String, String>>,
    /// What holds where a label says nothing.
    pub defaults: NamespacePolicy,
    /// The newest version that the server knows, as 36 of `v1.36`; `None` for manifests, which no server has seen.
    pub newest: Option<u16>,
}

/// The mistakes in a namespace's labels, by key; annotations come last.
///
/// What the server makes of each is as in `api.PolicyToEvaluate` of `k8s.io/pod-security-admission`.
#[must_use]
pub fn label_mistakes(labels: &BTreeMap<String, String>, context: &LabelContext<'_>) -> Vec<LabelMistake> {
    let reader = Reader { labels, context, policy: NamespacePolicy::from_labels(labels, context.defaults).0 };
    let of_labels = labels.iter().filter_map(|(key, value)| reader.label(key, value));
    let annotations = context.annotations.into_iter().flatten();
    let of_annotations = annotations.filter_map(|(key, value)| reader.annotation(key, value));
    of_labels.chain(of_annotations).collect()
}

struct Reader<'a> {
    labels: &'a BTreeMap<String, String>,
    context: &'a LabelContext<'a>,
    /// What the labels come to.
    policy: NamespacePolicy,
}

impl Reader<'_> {
    fn label(&self, key: &str, value: &str) -> Option<LabelMistake> {
        match spelling(key) {
            Spelling::Like(meant) => Some(self.misspelt(key, value, Some(meant), "")),
            Spelling::NoMode(meant) => {
                Some(self.misspelt(key, value, meant, ": the modes are enforce, audit and warn"))
            }
            Spelling::Right => {
                let is = |label: String| label == key;
                if let Some(mode) = Mode::ALL.into_iter().find(|mode| is(mode.level_label())) {
                    return self.level(mode, value);
                }
                Mode::ALL.into_iter().find(|mode| is(mode.version_label())).and_then(|mode| self.version(mode, value))
            }
        }
    }

    fn misspelt(&self, key: &str, value: &str, meant: Option<String>, remark: &str) -> LabelMistake {
        let mut what = format!("is not read by anything{remark}");
        // Such a key cannot even be written to a server.
        if key.split_once('/').is_some_and(|(prefix, _)| prefix.bytes().any(|byte| byte.is_ascii_uppercase())) {
            what.push_str(", and a prefix in capitals is refused");
        }
        if let Some(set) = meant.as_ref().and_then(|meant| self.labels.get(meant)) {
            what.push_str(&format!("; what counts is the right one, which is {set:?}"));
        }
        let instead = meant.map(|meant| {
            let value = meant_value(&meant, value).unwrap_or_else(|| value.to_owned());
            format!("{meant}={value}")
        });
        LabelMistake { what, instead, ..mistake(key, value, Outcome::Ignored) }
    }

    fn level(&self, mode: Mode, value: &str) -> Option<LabelMistake> {
        let key = mode.level_label();
        let Ok(level) = value.parse::<Level>() else {
            let (outcome, does) = match mode {
                Mode::Enforce => (Outcome::FailsClosed, format!("enforces {}", self.policy.enforce)),
                Mode::Audit => (Outcome::FailsOpen, "audits nothing".to_owned()),
                Mode::Warn => (Outcome::FailsOpen, "warns of nothing".to_owned()),
            };
            return Some(unreadable(&key, value, outcome, &does));
        };
        self.weaker(mode, level, &key, value)
    }

    /// A mode that asks for less than enforce hides what enforce refuses: of templates only warn and audit tell.
    /// Privileged turns a mode off, which is a choice.
    fn weaker(&self, mode: Mode, level: Level, key: &str, value: &str) -> Option<LabelMistake> {
        let enforced: Level = self.labels.get(&Mode::Enforce.level_label())?.parse().ok()?;
        if mode == Mode::Enforce || level == Level::Privileged || level >= enforced {
            return None;
        }
        let silent = if mode == Mode::Warn { "nobody is warned" } else { "the audit log says nothing" };
        let what = format!("is weaker than what is enforced, {enforced}");
        let effect = Some(format!("{silent} of workloads that meet {level} and whose pods are refused"));
        let instead = Some(format!("{key}={enforced}"));
        Some(LabelMistake { what, effect, instead, ..mistake(key, value, Outcome::Weaker) })
    }

    fn version(&self, mode: Mode, value: &str) -> Option<LabelMistake> {
        let key = mode.version_label();
        let Ok(version) = value.parse::<Version>() else {
            return Some(unreadable(&key, value, Outcome::Latest, "takes latest"));
        };
        let level = mode.level_label();
        if !self.labels.contains_key(&level) && self.policy.mode(mode).level == Level::Privileged {
            let what = format!("does nothing without {level:?}");
            let effect = Some("it is the version of the default level, privileged".to_owned());
            return Some(LabelMistake { what, effect, ..mistake(&key, value, Outcome::NoLevel) });
        }
        let (newest, known, takes) = match self.context.newest {
            Some(newest) => (newest, "that the server knows", "it takes that one"),
            None => (Version::NEWEST, "known here", "a server takes the newest that it knows"),
        };
        let Version::Minor(minor) = version else { return None };
        (minor > newest).then(|| LabelMistake {
            what: format!("is newer than v1.{newest}, the newest {known}"),
            effect: Some(takes.to_owned()),
            instead: Some(format!("{key}=v1.{newest}")),
            ..mistake(&key, value, Outcome::Newest)
        })
    }

    fn annotation(&self, key: &str, value: &str) -> Option<LabelMistake> {
        if !is_read(key) || self.labels.contains_key(key) {
            return None;
        }
        let instead = Some(format!("{key}={}", meant_value(key, value).unwrap_or_else(|| value.to_owned())));
        let what = "is not read by anything".to_owned();
        let effect = Some("Pod Security looks at labels".to_owned());
        Some(LabelMistake { is_annotation: true, what, effect, instead, ..mistake(key, value, Outcome::Ignored) })
    }
}

fn mistake(key: &str, value: &str, outcome: Outcome) -> LabelMistake {
    LabelMistake {
        label: key.to_owned(),
        value: value.to_owned(),
        is_annotation: false,
        outcome,
        what: String::new(),
        effect: None,
        instead: None,
    }
}

/// A value that the server cannot read, and what it does in a namespace that has it all the same.
fn unreadable(key: &str, value: &str, outcome: Outcome, does: &str) -> LabelMistake {
    let (what, must) = match outcome {
        Outcome::Latest => ("version", "\"latest\" or \"v1.x\""),
        _ => ("level", "privileged, baseline or restricted"),
    };
    let instead = meant_value(key, value).map(|meant| format!("{key}={meant}"));
    // Where one is suggested, the others need not be told.
    let must = if instead.is_some() { String::new() } else { format!(" ({must})") };
    let what = format!("is {value:?}, which is no {what}{must}");
    let effect =
        Some(format!("the server refuses a namespace that is made with it, and {does} in one that has it already"));
    LabelMistake { what, effect, instead, ..mistake(key, value, outcome) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn told(labels: &[(&str, &str)], context: &LabelContext<'_>) -> Vec<String> {
        label_mistakes(&map(labels), context).iter().map(ToString::to_string).collect()
    }

    /// The only mistake of one label, and what the server makes of it.
    fn one(key: &str, value: &str) -> (String, Outcome, Option<String>) {
        let mut all = label_mistakes(&map(&[(key, value)]), &LabelContext::default());
        assert_eq!(all.len(), 1, "{key}={value}: {all:?}");
        let only = all.remove(0);
        (only.to_string(), only.outcome, only.instead)
    }

    #[test]
    fn misspelt_keys_are_read_by_nothing() {
        let (text, outcome, instead) = one("pod-security.kubernets.io/enforce", "baseline");
        let expected = "label \"pod-security.kubernets.io/enforce\" is not read by anything; did you mean \
                        \"pod-security.kubernetes.io/enforce\"?";
        assert_eq!((text.as_str(), outcome), (expected, Outcome::Ignored));
        assert_eq!(instead.as_deref(), Some("pod-security.kubernetes.io/enforce=baseline"));
        let (text, ..) = one("pod-security.k8s.io/enforce", "Strict");
        assert!(text.ends_with("; did you mean \"pod-security.kubernetes.io/enforce=restricted\"?"), "{text}");
        let (text, ..) = one("pod-security.kubernetes.io/team", "a");
        let expected = "label \"pod-security.kubernetes.io/team\" is not read by anything: the modes are enforce, audit \
                        and warn";
        assert_eq!(text, expected);
        let (text, ..) = one("Pod-Security.kubernetes.io/enforce", "baseline");
        assert!(text.contains(" is not read by anything, and a prefix in capitals is refused; did "), "{text}");
    }

    #[test]
    fn the_right_key_beside_it_is_told() {
        let labels = [("pod-security.kubernetes.io/enforce", "baseline"), ("podsecurity.kubernetes.io/enforce", "x")];
        let told = told(&labels, &LabelContext::default());
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("; what counts is the right one, which is \"baseline\"; did "), "{told:?}");
    }

    #[test]
    fn levels_that_are_none_fail_closed_or_open_as_their_mode_does() {
        let (text, outcome, instead) = one("pod-security.kubernetes.io/enforce", "Baseline");
        let expected = "label \"pod-security.kubernetes.io/enforce\" is \"Baseline\", which is no level: the server \
                        refuses a namespace that is made with it, and enforces restricted:latest in one that has it \
                        already; did you mean \"baseline\"?";
        assert_eq!((text.as_str(), outcome), (expected, Outcome::FailsClosed));
        assert_eq!(instead.as_deref(), Some("pod-security.kubernetes.io/enforce=baseline"));
        let (text, outcome, instead) = one("pod-security.kubernetes.io/warn", "");
        assert!(text.contains("is \"\", which is no level (privileged, baseline or restricted): "), "{text}");
        assert!(text.ends_with("and warns of nothing in one that has it already"), "{text}");
        assert_eq!((outcome, instead), (Outcome::FailsOpen, None));
        let (text, outcome, _) = one("pod-security.kubernetes.io/audit", "strict");
        assert!(text.contains("audits nothing") && text.ends_with("mean \"restricted\"?"), "{text}");
        assert_eq!(outcome, Outcome::FailsOpen);
    }

    #[test]
    fn versions_that_are_none_become_latest() {
        let enforce = ("pod-security.kubernetes.io/enforce", "baseline");
        for (value, meant) in
            [("1.30", Some("v1.30")), ("v1.30.2", Some("v1.30")), ("lastest", Some("latest")), ("v2", None)]
        {
            let labels = map(&[enforce, ("pod-security.kubernetes.io/enforce-version", value)]);
            let all = label_mistakes(&labels, &LabelContext::default());
            assert_eq!((all.len(), all[0].outcome), (1, Outcome::Latest));
            let text = all[0].to_string();
            let hint = meant.map(|meant| format!("; did you mean {meant:?}?")).unwrap_or_default();
            assert!(text.ends_with(&format!("and takes latest in one that has it already{hint}")), "{text}");
        }
    }

    #[test]
    fn a_version_alone_is_that_of_the_default_level() {
        let (text, outcome, _) = one("pod-security.kubernetes.io/enforce-version", "v1.30");
        assert!(text.contains("does nothing without \"pod-security.kubernetes.io/enforce\""), "{text}");
        assert_eq!(outcome, Outcome::NoLevel);
        // Warn follows enforce, so its version counts; and a default level that asks for something has a version too.
        let followed =
            [("pod-security.kubernetes.io/enforce", "baseline"), ("pod-security.kubernetes.io/warn-version", "v1.9")];
        assert_eq!(told(&followed, &LabelContext::default()), [""; 0]);
        let mut defaults = NamespacePolicy::default();
        defaults.enforce.level = Level::Baseline;
        let context = LabelContext { defaults, ..LabelContext::default() };
        assert_eq!(told(&[("pod-security.kubernetes.io/enforce-version", "v1.30")], &context), [""; 0]);
    }

    #[test]
    fn versions_from_the_future_are_clamped() {
        let labels = [
            ("pod-security.kubernetes.io/enforce", "baseline"),
            ("pod-security.kubernetes.io/enforce-version", "v1.36"),
        ];
        let older = LabelContext { newest: Some(34), ..LabelContext::default() };
        let expected = "label \"pod-security.kubernetes.io/enforce-version\" is newer than v1.34, the newest that the \
                        server knows: it takes that one; did you mean \"v1.34\"?";
        assert_eq!(told(&labels, &older), [expected]);
        assert_eq!(told(&labels, &LabelContext { newest: Some(36), ..LabelContext::default() }), [""; 0]);
        assert_eq!(told(&labels, &LabelContext::default()), [""; 0]);
        let future = [labels[0], ("pod-security.kubernetes.io/enforce-version", "v1.99")];
        let told = told(&future, &LabelContext::default());
        assert!(
            told[0].contains(&format!("is newer than v1.{}, the newest known here: ", Version::NEWEST)),
            "{told:?}"
        );
    }

    #[test]
    fn weaker_modes_hide_what_is_refused() {
        let labels = |enforce, warn, audit| {
            map(&[
                ("pod-security.kubernetes.io/enforce", enforce),
                ("pod-security.kubernetes.io/warn", warn),
                ("pod-security.kubernetes.io/audit", audit),
            ])
        };
        let of = |labels| label_mistakes(&labels, &LabelContext::default());
        let weaker = of(labels("restricted", "baseline", "baseline"));
        assert_eq!(weaker.iter().map(|is| is.outcome).collect::<Vec<_>>(), [Outcome::Weaker; 2]);
        assert_eq!(
            weaker[1].to_string(),
            "label \"pod-security.kubernetes.io/warn\" is weaker than what is enforced, restricted: nobody is warned of \
             workloads that meet baseline and whose pods are refused; did you mean \"restricted\"?"
        );
        assert_eq!(of(labels("baseline", "restricted", "baseline")), []);
        assert_eq!(of(labels("restricted", "privileged", "restricted")), []);
        assert_eq!(
            of(labels("Restricted", "baseline", "baseline")).len(),
            1,
            "the enforce level itself is the mistake"
        );
    }

    #[test]
    fn annotations_are_no_labels() {
        let annotations = map(&[
            ("pod-security.kubernetes.io/enforce", "baseline"),
            ("pod-security.kubernetes.io/warn", "Baseline"),
            ("pod-security.kubernets.io/audit", "baseline"),
        ]);
        let context = LabelContext { annotations: Some(&annotations), ..LabelContext::default() };
        let only = label_mistakes(&BTreeMap::new(), &context);
        let told: Vec<_> = only.iter().map(ToString::to_string).collect();
        let not_read = "is not read by anything: Pod Security looks at labels; make";
        assert_eq!(
            told,
            [
                format!(
                    "annotation \"pod-security.kubernetes.io/enforce\" {not_read} \"pod-security.kubernetes.io/enforce\" a label"
                ),
                format!(
                    "annotation \"pod-security.kubernetes.io/warn\" {not_read} \"pod-security.kubernetes.io/warn=baseline\" a label"
                ),
            ]
        );
        let both = label_mistakes(&map(&[("pod-security.kubernetes.io/enforce", "baseline")]), &context);
        assert_eq!(both.len(), 1, "{both:?}");
    }
}
