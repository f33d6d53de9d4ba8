//! `-o json` of `explain`: version 1 of the document, a contract as that of the report is. What a check or field means
//! comes once; messages and results name checks by their IDs.

use std::io::{self, Write};

use serde::Serialize;

use super::{Explanation, subjects};
use crate::checks::Check;
use crate::explain::{Field, Message, Part, Pasted};
use crate::render::escaping::Escaping;
use crate::render::json;

/// Writes the document.
pub(super) fn write(explanation: Explanation<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (checks, fields) = subjects(explanation);
    let (pasted, report) = match explanation {
        Explanation::Messages(pasted) => (Some(pasted), None),
        Explanation::Objects(report) => (None, Some(report)),
        Explanation::List | Explanation::Answers(_) => (None, None),
    };
    let errors = report.map(|report| report.errors.listed("errors"));
    let document = Document {
        api_version: "secctx/v1",
        kind: "Explanation",
        checks: checks.into_iter().map(check).collect(),
        fields: fields.into_iter().map(field).collect(),
        messages: pasted.map(messages),
        ignored: pasted.map(|pasted| pasted.ignored.as_slice()),
        results: report
            .map(|report| report.results.iter().map(|verdict| json::result(report.basis(), verdict)).collect()),
        errors: errors.as_deref().map(|errors| errors.iter().map(json::problem).collect()),
    };
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping::default()))?;
    writeln!(out)
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, R, E> {
    api_version: &'static str,
    kind: &'static str,
    /// Every check that the rest of the document names.
    checks: Vec<WireCheck>,
    /// Fields that no check judges.
    fields: Vec<WireField>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<WireMessage<'a>>>,
    /// Lines of pasted text that are no messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<&'a [String]>,
    /// As in a CheckReport.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<R>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<E>>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireCheck {
    id: &'static str,
    title: &'static str,
    level: &'static str,
    fix: &'static str,
    cis: Vec<WireCis>,
    what: &'static str,
    fields: &'static [&'static str],
    allowed: &'static [&'static str],
    versions: Vec<WireRevision>,
    why: &'static str,
    remedy: &'static str,
    example: &'static str,
    breaks: &'static str,
}

#[derive(serde::Serialize)]
struct WireCis {
    number: &'static str,
    about: &'static str,
    benchmarks: &'static [&'static str],
}

#[derive(serde::Serialize)]
struct WireRevision {
    since: String,
    changed: &'static str,
    overrides: &'static [&'static str],
}

#[derive(serde::Serialize)]
struct WireField {
    paths: &'static [&'static str],
    judged: &'static str,
    what: &'static str,
    when: &'static str,
    example: &'static str,
    breaks: &'static str,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    parts: Vec<WirePart<'a>>,
    /// Reasons that no check known here gives.
    unknown: &'a [String],
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePart<'a> {
    check: &'static str,
    reason: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    fields: Vec<&'static str>,
    pod: bool,
    containers: &'a [String],
    volumes: &'a [String],
}

fn check(check: &'static Check) -> WireCheck {
    let meaning = &check.meaning;
    let revisions = check.revisions.iter();
    WireCheck {
        id: check.id,
        title: check.title,
        level: check.level.as_str(),
        fix: check.fix.as_str(),
        cis: check
            .cis
            .iter()
            .map(|cis| WireCis { number: cis.number, about: cis.about, benchmarks: cis.benchmarks })
            .collect(),
        what: meaning.what,
        fields: meaning.fields,
        allowed: meaning.allowed,
        versions: revisions
            .map(|one| WireRevision {
                since: format!("v1.{}", one.since),
                changed: one.changed,
                overrides: one.overrides,
            })
            .collect(),
        why: meaning.why,
        remedy: meaning.remedy,
        example: meaning.example,
        breaks: meaning.breaks,
    }
}

fn field(field: &'static Field) -> WireField {
    let Field { paths, what, when, breaks, judged, example } = *field;
    WireField { paths, judged, what, when, example, breaks }
}

fn messages(pasted: &Pasted) -> Vec<WireMessage<'_>> {
    pasted.messages.iter().map(message).collect()
}

fn message(message: &Message) -> WireMessage<'_> {
    WireMessage {
        kind: message.kind.as_str(),
        policy: message.policy.as_deref(),
        object: message.object.as_deref(),
        file: message.file.as_deref(),
        count: message.count,
        note: message.note,
        parts: message.parts.iter().map(part).collect(),
        unknown: &message.unknown,
    }
}

fn part(part: &Part) -> WirePart<'_> {
    WirePart {
        check: part.check,
        reason: part.reason,
        detail: &part.detail,
        cut: part.is_cut,
        fields: part.fields(),
        pod: part.subject.pod,
        containers: &part.subject.containers,
        volumes: &part.subject.volumes,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::checks::CHECKS;
    use crate::explain::{lookup, read};
    use crate::render::sample;

    fn written(explanation: Explanation<'_>) -> Value {
        let mut out = Vec::new();
        write(explanation, &mut out).expect("a vector takes everything");
        serde_json::from_slice(&out).expect("JSON")
    }

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_list_has_all_checks() {
        let value = written(Explanation::List);
        assert_eq!(keys(&value), ["apiVersion", "kind", "checks", "fields"]);
        assert_eq!((&value["apiVersion"], &value["kind"]), (&"secctx/v1".into(), &"Explanation".into()));
        assert_eq!(value["checks"].as_array().map(Vec::len), Some(CHECKS.len()));
        assert_eq!(
            keys(&value["checks"][0]),
            [
                "id", "title", "level", "fix", "cis", "what", "fields", "allowed", "versions", "why", "remedy",
                "example", "breaks"
            ]
        );
    }

    #[test]
    fn answers_messages_and_objects() {
        let answers = [lookup("fsGroup").expect("a field"), lookup("seccomp").expect("checks")];
        let value = written(Explanation::Answers(&answers));
        assert_eq!(value["fields"][0]["paths"][0], "spec.securityContext.fsGroup");
        assert_eq!(value["checks"][1]["id"], "seccompProfile_restricted");
        let pasted = read(
            "pods \"a\" is forbidden: violates PodSecurity \"baseline:v1.30\": hostPort (container \"c\" uses hostPort 80)\n\u{1b}x",
        );
        let value = written(Explanation::Messages(&pasted));
        assert_eq!(value["messages"][0]["parts"][0]["containers"][0], "c");
        assert_eq!(value["checks"][0]["id"], "hostPorts");
        let report = sample::shop();
        let value = written(Explanation::Objects(&report));
        assert_eq!(keys(&value), ["apiVersion", "kind", "checks", "fields", "results", "errors"]);
        assert_eq!(value["checks"].as_array().map(Vec::len), Some(3));
    }
}
