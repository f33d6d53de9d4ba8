//! What several formats say in the same words. All of it is safe to print.

use std::borrow::Cow;

use serde_json::Value;

use super::style::{counted, plural, sanitize};
use crate::checks;
use crate::model::{Applicability, FieldPath, Finding, Injector, Segment, Violation};
use crate::policy::{Mode, Policy};
use crate::report::{Asked, Basis, Origin, Place, PlacedFinding, PodGroup, Source, Verdict};

/// Values longer than this are not shown.
const LONGEST_VALUE: usize = 60;

/// `deployment/web`.
pub(super) fn object_name(verdict: &Verdict) -> String {
    let name = if verdict.name.is_empty() { "(no name)".into() } else { sanitize(&verdict.name) };
    format!("{}/{name}", sanitize(&verdict.kind.to_lowercase()))
}

/// `deployment/web (shop)`; where the template was found by its shape, that and its place are said too.
pub(super) fn object(verdict: &Verdict) -> String {
    let mut remarks: Vec<Cow<'_, str>> = Vec::new();
    remarks.extend(verdict.namespace.as_deref().map(sanitize));
    if verdict.custom {
        remarks.push("custom resource".into());
        remarks.push(format!("pod template at {}", path(&verdict.template)).into());
    }
    let name = object_name(verdict);
    if remarks.is_empty() { name } else { format!("{name} ({})", remarks.join(", ")) }
}

/// `(2 pods have ended and are not judged)`.
pub(super) fn ended(pods: usize) -> String {
    let are = plural(pods, "has ended and is", "have ended and are");
    format!("({} {are} not judged)", counted(pods, "pod", "pods"))
}

/// Whether pods have something to be told that their workload's template has not.
pub(super) fn differs(verdict: &Verdict, group: &PodGroup) -> bool {
    let is_bare = verdict.kind == "Pod" && verdict.template.segments().is_empty();
    if !group.injected.is_empty() || !group.ephemeral.is_empty() {
        return true;
    }
    let same = message(&group.findings) == message(&verdict.findings);
    !same || (!is_bare && !group.comes_back && group.allowed)
}

/// What can be done about containers that somebody injects, for the injectors that are known by their containers.
pub(super) fn injector_advice(containers: &[String]) -> Vec<&'static str> {
    let is_there = |injector: &&Injector| containers.iter().any(|name| injector.containers.contains(&name.as_str()));
    let mut advice: Vec<_> = Injector::ALL.iter().filter(is_there).map(|injector| injector.advice).collect();
    if advice.is_empty() {
        advice.push("the webhook that injects it has to set its securityContext; the workload cannot");
    }
    advice
}

/// A field path.
pub(super) fn path(path: &FieldPath) -> String {
    let text = path.to_string();
    if let Cow::Owned(safe) = sanitize(&text) { safe } else { text }
}

/// `shop.yaml:21:9`, as far as that is known; a document without a line is counted from 1.
pub(super) fn position(source: &Source) -> String {
    let mut text = sanitize(&source.file).into_owned();
    if source.origin == Origin::Built && source.line.is_some() {
        text.push_str(" (as built)");
    }
    match (source.line, source.column, source.document) {
        (Some(line), Some(column), _) => text.push_str(&format!(":{line}:{column}")),
        (Some(line), None, _) => text.push_str(&format!(":{line}")),
        (None, _, Some(document)) if document > 0 => text.push_str(&format!(" (document {})", document + 1)),
        (None, _, _) => {}
    }
    text
}

/// The one-line remedy of a finding's check.
pub(super) fn remedy(finding: &Finding) -> &'static str {
    checks::by_id(finding.check).map_or("", |check| check.meaning.remedy)
}

/// How freely the fix may be applied.
pub(super) fn fix_words(fix: Applicability) -> &'static str {
    match fix {
        Applicability::Safe => "safe fix",
        Applicability::Risky => "risky fix",
        Applicability::Manual => "manual",
    }
}

/// What a finding says, for who repeats it beside each of its violations: a long list of names would be written as often
/// as it has names. Its beginning, where it is longer than anybody reads there.
pub(super) fn brief(detail: &str) -> Cow<'_, str> {
    const CHARACTERS: usize = 2_000;
    match detail.char_indices().nth(CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &detail[..end])),
        None => Cow::Borrowed(detail),
    }
}

/// `reason (detail), reason (detail)`, as the server joins them; not escaped.
pub(super) fn message(findings: &[PlacedFinding]) -> String {
    Finding::sentence(findings.iter().map(|placed| &placed.finding))
}

/// What is wrong with a field, as said at its place in the text.
pub(super) fn note(violation: &Violation, template: &FieldPath, place: &Place) -> String {
    if place.exact {
        return statement(violation, "null");
    }
    let label = missing_label(&violation.path, template, place);
    let wanted = value(&violation.wanted);
    let note = match (&violation.actual, wanted) {
        (Value::Null, None) => format!("{label} is not set here"),
        (Value::Null, Some(wanted)) => format!("{label} is not set here, wanted {wanted}"),
        (actual, wanted) => {
            let actual = value(actual).unwrap_or("set".to_owned());
            let wanted = wanted.map_or("must not be set".to_owned(), |wanted| format!("wanted {wanted}"));
            format!("{label} is {actual} in effect, {wanted}")
        }
    };
    sanitize(&note).into_owned()
}

/// The path of a field that is not there, from the key at its place on, else as [`label`] has it.
fn missing_label(path: &FieldPath, template: &FieldPath, place: &Place) -> String {
    let skipped = place.column.saturating_sub(1 + place.cut);
    let key: String = place.text.chars().skip(skipped).take(place.width).filter(|c| !matches!(c, '"' | '\'')).collect();
    let below = path.tail(template.segments().len());
    let around = below.segments().split_last().map_or(&[][..], |(_, around)| around);
    match around.iter().rposition(|step| step.as_key() == Some(&key)) {
        Some(at) => below.tail(at + 1).to_string(),
        None => label(path, template),
    }
}

/// What is wrong with a field that is named already; `nothing` is the word for a value that is not there.
pub(super) fn statement(violation: &Violation, nothing: &str) -> String {
    let actual = if violation.actual.is_null() { Some(nothing.to_owned()) } else { value(&violation.actual) };
    let wanted = value(&violation.wanted);
    let statement = match (actual, wanted) {
        (Some(actual), Some(wanted)) => format!("is {actual}, wanted {wanted}"),
        // What stands in an object that has no field known here is not known either.
        (Some(actual), None) if !violation.actual.is_null() && actual != "{}" => format!("is {actual}, must go"),
        (None, Some(wanted)) => format!("wanted {wanted}"),
        (_, None) => "must go".to_owned(),
    };
    sanitize(&statement).into_owned()
}

/// A value as JSON, where it is a scalar or short.
fn value(value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let text = value.to_string();
    match value {
        Value::Array(_) | Value::Object(_) if text.chars().count() > LONGEST_VALUE => None,
        Value::String(_) if text.chars().count() > LONGEST_VALUE => {
            Some(text.chars().take(LONGEST_VALUE - 3).chain("...\"".chars()).collect())
        }
        _ => Some(text),
    }
}

/// The path as seen from the closest thing with a name: a container, a volume, else the pod's spec or the pod.
pub(super) fn label(path: &FieldPath, template: &FieldPath) -> String {
    let below = path.tail(template.segments().len());
    let at = match below.segments() {
        [Segment::Field("spec"), Segment::Field(list), Segment::Index(_), _, ..] if is_named_list(list) => 3,
        [Segment::Field("spec"), _, ..] => 1,
        _ => 0,
    };
    below.tail(at).to_string()
}

fn is_named_list(field: &str) -> bool {
    matches!(field, "containers" | "initContainers" | "ephemeralContainers" | "volumes")
}

/// What one policy finds in an object, and the modes that it holds for; without modes where a level was asked for.
#[derive(Debug)]
pub(super) struct Objection<'a> {
    /// The policy.
    pub(super) policy: Policy,
    /// The modes with this policy.
    pub(super) modes: Vec<Mode>,
    /// Never empty.
    pub(super) findings: &'a [PlacedFinding],
}

/// Everything that is said against an object; modes that say the same are put together.
pub(super) fn objections(basis: Basis, verdict: &Verdict) -> Vec<Objection<'_>> {
    let mut all: Vec<Objection<'_>> = Vec::new();
    if !verdict.findings.is_empty() {
        let modes = if basis.asked == Asked::Namespace { vec![Mode::Enforce] } else { Vec::new() };
        all.push(Objection { policy: verdict.policy, modes, findings: &verdict.findings });
    }
    for mode in verdict.modes.iter().filter(|mode| !mode.findings.is_empty()) {
        match all.iter_mut().find(|other| other.says_the_same(mode.policy, &mode.findings)) {
            Some(other) => other.modes.push(mode.mode),
            None => all.push(Objection { policy: mode.policy, modes: vec![mode.mode], findings: &mode.findings }),
        }
    }
    all
}

impl Objection<'_> {
    /// Whether it keeps pods out.
    pub(super) fn refuses(&self) -> bool {
        self.modes.is_empty() || self.modes.contains(&Mode::Enforce)
    }

    /// `restricted:v1.37`, the version as a number.
    pub(super) fn policy_text(&self) -> String {
        format!("{}:v1.{}", self.policy.level, self.policy.version.minor())
    }

    /// `enforce`, `audit and warn`, `enforce, audit and warn`; empty without modes.
    pub(super) fn modes_text(&self) -> String {
        let words: Vec<_> = self.modes.iter().map(|mode| mode.as_str()).collect();
        match words.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    fn says_the_same(&self, policy: Policy, findings: &[PlacedFinding]) -> bool {
        self.policy.level == policy.level
            && self.policy.version.minor() == policy.version.minor()
            && self.findings.len() == findings.len()
            && self.findings.iter().zip(findings).all(|(one, other)| one.finding == other.finding)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::sample::place;

    fn said(path: &[&'static str], exact: bool, actual: Value, wanted: Value) -> String {
        let mut full = FieldPath::fields(&["spec", "template"]);
        for part in path {
            full = part.parse().map_or_else(|_| full.clone().field(part), |index| full.clone().index(index));
        }
        let violation = Violation { path: full, container: None, actual, wanted };
        let place = place(1, 3, 9, exact, "- name: web");
        note(&violation, &FieldPath::fields(&["spec", "template"]), &place)
    }

    #[test]
    fn what_is_missing_is_named_from_the_key_it_belongs_to() {
        let path = FieldPath::fields(&["spec", "containers"]).index(0).field("securityContext").field("seccompProfile");
        let violation =
            Violation { path: path.field("type"), container: None, actual: Value::Null, wanted: Value::Null };
        let said = |place: &Place| note(&violation, &FieldPath::root(), place);
        let line = "  \"securityContext\": {}";
        assert_eq!(said(&place(1, 3, 17, false, line)), "seccompProfile.type is not set here");
        let cut = Place { cut: 100, ..place(1, 103, 17, false, line) };
        assert_eq!(said(&cut), "seccompProfile.type is not set here");
        assert_eq!(
            said(&place(1, 1, 15, false, "seccompProfile: {}")),
            "securityContext.seccompProfile.type is not set here"
        );
        assert_eq!(said(&place(1, 1, 14, false, "seccompProfile: {}")), "type is not set here");
        assert_eq!(said(&place(1, 1, 4, false, "type: x")), "securityContext.seccompProfile.type is not set here");
    }

    #[test]
    fn what_is_missing_is_named_from_its_container() {
        let path = ["spec", "containers", "0", "securityContext", "allowPrivilegeEscalation"];
        assert_eq!(
            said(&path, false, Value::Null, json!(false)),
            "securityContext.allowPrivilegeEscalation is not set here, wanted false"
        );
        let path = ["spec", "securityContext", "runAsNonRoot"];
        assert_eq!(
            said(&path, false, Value::Null, json!(true)),
            "securityContext.runAsNonRoot is not set here, wanted true"
        );
        let path = ["spec", "volumes", "1"];
        assert_eq!(said(&path, false, Value::Null, Value::Null), "volumes[1] is not set here");
        let path = ["metadata", "annotations"];
        assert_eq!(said(&path, false, Value::Null, Value::Null), "metadata.annotations is not set here");
    }

    #[test]
    fn what_is_there_speaks_for_itself() {
        let path = ["spec", "hostNetwork"];
        assert_eq!(said(&path, true, json!(false), json!(true)), "is false, wanted true");
        assert_eq!(said(&path, true, json!("NET_RAW"), Value::Null), "is \"NET_RAW\", must go");
        assert_eq!(said(&path, true, json!({"path": "/"}), Value::Null), "is {\"path\":\"/\"}, must go");
        assert_eq!(said(&path, true, json!({"path": "/".repeat(60)}), Value::Null), "must go");
        assert_eq!(said(&path, true, json!({}), Value::Null), "must go");
        assert_eq!(said(&path, true, Value::Null, json!(true)), "is null, wanted true");
        assert_eq!(said(&path, true, json!(["CHOWN"]), json!(["ALL"])), "is [\"CHOWN\"], wanted [\"ALL\"]");
    }

    #[test]
    fn what_the_server_adds_is_called_so() {
        let path = ["spec", "containers", "0", "ports", "0", "hostPort"];
        assert_eq!(said(&path, false, json!(80), Value::Null), "ports[0].hostPort is 80 in effect, must not be set");
        assert_eq!(said(&path, false, json!(80), json!(0)), "ports[0].hostPort is 80 in effect, wanted 0");
    }

    #[test]
    fn values_are_short_and_harmless() {
        let path = ["spec", "hostNetwork"];
        assert_eq!(said(&path, true, json!("\u{1b}[2J\u{202e}"), Value::Null), "is \"\\u001b[2J\\u{202e}\", must go");
        let long = said(&path, true, json!("x".repeat(500)), Value::Null);
        assert_eq!(long, format!("is \"{}...\", must go", "x".repeat(56)));
    }

    #[test]
    fn positions_say_what_is_known() {
        let mut source = Source::file("a\u{1b}.yaml".into());
        assert_eq!(position(&source), "a^[.yaml");
        source.document = Some(0);
        assert_eq!(position(&source), "a^[.yaml");
        source.document = Some(2);
        assert_eq!(position(&source), "a^[.yaml (document 3)");
        source.line = Some(7);
        assert_eq!(position(&source), "a^[.yaml:7");
        source.column = Some(3);
        assert_eq!(position(&source), "a^[.yaml:7:3");
    }
}
