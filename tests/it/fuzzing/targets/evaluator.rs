//! The evaluator: verdicts at any level and version agree with one another and with what is planned.

use kubectl_secctx::admission;
use kubectl_secctx::checks::{self, CHECKS};
use kubectl_secctx::evaluate::{Selection, evaluate, strictest_level};
use kubectl_secctx::model::{Finding, PodTemplate};
use kubectl_secctx::policy::{Level, Policy, Version};
use kubectl_secctx::yaml::{Document, chunks, de};
use serde::Deserialize as _;
use serde_json::Value;

use super::hardened::Hardened;
use super::{Outcome, ensure};

/// A byte that chooses the level, one that chooses the version, then a pod as JSON.
pub(crate) fn evaluator(data: &[u8]) -> Outcome {
    let Some((policy, json)) = policy(data) else { return Ok(()) };
    let Some((value, mut pod)) = decoded(json)? else { return Ok(()) };
    admission::prepare_pod(&mut pod);
    let findings = evaluate(policy, &pod);
    agree(policy, &pod, &findings)
        .and_then(|()| findings.iter().try_for_each(|finding| fits(policy, finding, &value)))
        .and_then(|()| order(&findings))
        .and_then(|()| more_containers(policy, &pod, &findings))
        .map_err(|why| format!("{why} at {policy}: {value}\n{findings:#?}"))?;
    // What Go's decoder takes and serde does not (a number without a fraction, written with one) is for plan() to mind.
    match PodTemplate::deserialize(&value) {
        Ok(_) => Hardened::new(value, policy).and_then(|hardened| hardened.check()),
        Err(_) => Ok(()),
    }
}

/// What to judge by; nothing for an input that is too short.
pub(super) fn policy(data: &[u8]) -> Option<(Policy, &[u8])> {
    let (&[level, version], json) = data.split_first_chunk()?;
    let level = if level % 3 == 0 { Level::Baseline } else { Level::Restricted };
    let version = match u16::from(version) % 48 {
        // The newest versions come more often.
        minor @ 0..=40 => Version::Minor(minor),
        41..=44 => Version::Minor(Version::NEWEST),
        _ => Version::Latest,
    };
    Some((Policy { level, version }, json))
}

/// The pod that a text is, if it is one. Both decoders must see the same in it.
pub(super) fn decoded(json: &[u8]) -> Result<Option<(Value, PodTemplate)>, String> {
    let Ok(value) = serde_json::from_slice::<Value>(json) else { return Ok(None) };
    if !value.is_object() {
        return Ok(None);
    }
    let text = value.to_string();
    let cut = chunks(&text);
    let document =
        cut.first().map(Document::parse).ok_or("no document")?.map_err(|error| format!("{error}: {text}"))?;
    let as_go: Result<PodTemplate, _> = de::decode(document.root().ok_or("no value")?);
    match (PodTemplate::deserialize(&value), as_go) {
        (Ok(plain), Ok(as_go)) if plain == as_go => Ok(Some((value, plain))),
        (Err(_), Ok(as_go)) => Ok(Some((value, as_go))),
        (Err(_), Err(_)) => Ok(None),
        // serde takes a list of its fields for a struct; whatever comes from outside goes through the other decoder first.
        (Ok(_), Err(error)) if error.message == "expected an object, found a list" => Ok(None),
        (plain, as_go) => Err(format!("decoded as {plain:?} and as {as_go:?}: {text}")),
    }
}

/// Ways to the same verdict.
fn agree(policy: Policy, pod: &PodTemplate, findings: &[Finding]) -> Outcome {
    let at = |level: Level, version: Version| evaluate(Policy { level, version }, pod);
    let selection = Selection::new(policy);
    ensure(selection.evaluate(pod) == findings, || "another selection finds something else".to_owned())?;
    ensure(selection.allows(pod) == findings.is_empty(), || "allowed with findings, or refused without".to_owned())?;
    ensure(at(Level::Privileged, policy.version).is_empty(), || "privileged refuses".to_owned())?;
    let (baseline, restricted) = (at(Level::Baseline, policy.version), at(Level::Restricted, policy.version));
    // Upstream lets Windows pods off at the restricted level alone, and takes a volume for the first thing that it is.
    let is_odd = pod.spec.is_windows() || pod.spec.volumes.iter().any(|volume| volume.sources.len() > 1);
    let is_stricter = baseline.is_empty() || !restricted.is_empty() || is_odd;
    ensure(is_stricter, || "restricted allows what baseline refuses".to_owned())?;
    if policy.version.minor() == Version::NEWEST {
        ensure(at(policy.level, Version::Latest) == findings, || "latest is not the newest".to_owned())?;
        ensure(at(policy.level, Version::Minor(u16::MAX)) == findings, || "no version is newer".to_owned())?;
    }
    let strictest = match (baseline.is_empty(), restricted.is_empty()) {
        (_, true) => Level::Restricted,
        (true, _) => Level::Baseline,
        _ => Level::Privileged,
    };
    let known = Some((policy.level, findings.is_empty()));
    let told = [None, known].map(|known| strictest_level(policy.version, pod, known));
    ensure(told == [strictest; 2], || format!("{told:?} is not the strictest level, {strictest}"))
}

/// A finding is one of its check, and about something.
fn fits(policy: Policy, finding: &Finding, value: &Value) -> Outcome {
    let check = checks::by_id(finding.check).ok_or("no such check")?;
    ensure(check.level <= policy.level && finding.level == check.level, || "of another level".to_owned())?;
    ensure(check.reasons.contains(&&*finding.reason), || format!("no reason of its check: {}", finding.reason))?;
    ensure(!finding.violations.is_empty(), || "nothing is violated".to_owned())?;
    for violation in &finding.violations {
        let is_known = violation.actual.is_null() || violation.actual != violation.wanted;
        ensure(is_known, || format!("wanted what is: {violation:?}"))?;
        // Objects are told by what makes them a violation.
        let at_path = violation.path.find(value).filter(|found| is_scalar(found) && !violation.actual.is_object());
        let is_same = at_path.is_none_or(|found| is_same(found, &violation.actual));
        ensure(is_same, || format!("{at_path:?} stands there, not {}: {}", violation.actual, violation.path))?;
    }
    Ok(())
}

/// Go knows no difference between nothing and an empty text.
fn is_scalar(value: &Value) -> bool {
    value.is_number() || value.is_boolean() || value.as_str().is_some_and(|text| !text.is_empty())
}

/// One and 1.0 are the same number.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_number() && a.as_f64() == b.as_f64())
}

fn order(findings: &[Finding]) -> Outcome {
    let places: Vec<_> =
        findings.iter().map(|finding| CHECKS.iter().position(|check| check.id == finding.check)).collect();
    ensure(places.is_sorted_by(|a, b| a < b), || "not in the order of the server".to_owned())
}

/// What is wrong with a pod is not mended by one container more.
fn more_containers(policy: Policy, pod: &PodTemplate, findings: &[Finding]) -> Outcome {
    let mut more = pod.clone();
    let extra = pod.spec.containers.first().cloned().unwrap_or_default();
    more.spec.containers.push(extra);
    let of_more = evaluate(policy, &more);
    let lost = findings.iter().find(|finding| !of_more.iter().any(|other| other.check == finding.check));
    ensure(lost.is_none(), || format!("{} is mended by a container more", lost.map_or("", |lost| lost.check)))
}
