//! The reading of messages: what the server says of a pod comes back whole in whatever form it reaches people, and any
//! other text is read as well.

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::{Selection, evaluate};
use kubectl_secctx::explain::{Pasted, lookup, read, similar};
use kubectl_secctx::model::Finding;
use kubectl_secctx::policy::Policy;
use kubectl_secctx::render::{Explanation, Style, explanation, explanation_json};
use serde_json::{Value, json};

use super::evaluator::{decoded, policy};
use super::loader::is_harmless;
use super::{Outcome, Random, ensure};

/// A byte that chooses what is to come: a text as somebody pastes it, or what the evaluator takes.
pub(crate) fn message(data: &[u8]) -> Outcome {
    match data.split_first() {
        Some((choice, rest)) if choice.is_multiple_of(2) => any_text(&String::from_utf8_lossy(rest)),
        Some((_, rest)) => of_pod(rest, Random::of(data)),
        None => Ok(()),
    }
}

/// Any text is read, and what is told of it harms nobody.
fn any_text(text: &str) -> Outcome {
    let pasted = read(text);
    tells_nothing_new(text, &pasted)?;
    let _ = (lookup(text), similar(text));
    let style = Style { unicode: true, width: Some(80), ..Style::default() };
    let mut shown = Vec::new();
    explanation(Explanation::Messages(&pasted), &style, &mut shown).map_err(|error| error.to_string())?;
    let shown = String::from_utf8(shown).map_err(|error| error.to_string())?;
    ensure(is_harmless(&shown), || format!("harmful: {shown:?}"))?;
    let mut shown = Vec::new();
    explanation_json(Explanation::Messages(&pasted), &mut shown).map_err(|error| error.to_string())?;
    let shown = String::from_utf8(shown).map_err(|error| error.to_string())?;
    ensure(is_harmless(&shown), || format!("harmful: {shown:?}"))?;
    serde_json::from_str::<Value>(&shown).map(|_| ()).map_err(|error| format!("{error}: {shown}"))
}

/// There are not more messages than text, each counts at least once, and no ignored line is empty.
fn tells_nothing_new(text: &str, pasted: &Pasted) -> Outcome {
    let counted: usize = pasted.messages.iter().map(|message| message.count).sum();
    ensure(pasted.messages.len() <= counted && counted <= text.len(), || format!("{counted} messages"))?;
    ensure(pasted.ignored.iter().all(|line| !line.trim().is_empty()), || "an empty line is told".to_owned())
}

/// The server's words on a pod, among lines of something else.
fn of_pod(data: &[u8], mut random: Random) -> Outcome {
    let Some((policy, json)) = policy(data) else { return Ok(()) };
    let Some((value, mut pod)) = decoded(json)? else { return Ok(()) };
    if !are_names_valid(&value) {
        return Ok(());
    }
    admission::prepare_pod(&mut pod);
    let findings = evaluate(policy, &pod);
    // Of a pod that its validation would refuse, the server says nothing.
    let sentence = Finding::sentence(&findings);
    if findings.is_empty()
        || sentence.contains(char::is_control)
        || findings.iter().any(|found| found.detail.is_empty())
    {
        return Ok(());
    }
    let results: Vec<(String, String)> =
        findings.iter().map(|finding| (finding.reason.clone().into_owned(), finding.detail.clone())).collect();
    is_understood(policy, &sentence, &results)?;
    let noise =
        ["", "NAME  READY  STATUS\n", "W1124 09:00:00 warnings.go:70] unknown field\n", "{\"a\": 1}\n", "$ kubectl\n"];
    let text =
        format!("{}Warning: {}\n{}", random.pick(&noise), admission::warning(policy, &findings), random.pick(&noise));
    let found = read(&text);
    ensure(found.messages.len() == 1, || format!("{} messages\n{text}", found.messages.len()))?;
    let parts = found.messages.iter().flat_map(|message| &message.parts).map(|part| part.detail.as_str());
    ensure(parts.eq(results.iter().map(|(_, detail)| detail.as_str())), || format!("other details\n{text}"))
}

/// Whether the names are such as a server takes: only of such pods it says anything.
fn are_names_valid(pod: &Value) -> bool {
    let is_valid = |name: &Value| {
        let text = name.as_str().unwrap_or_default();
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let lists = ["containers", "initContainers", "ephemeralContainers", "volumes"];
    let named = lists.iter().filter_map(|list| pod["spec"][list].as_array()).flatten();
    named.into_iter().all(|item| is_valid(&item["name"]))
}

/// Reads a verdict in the forms in which it reaches people: `text` is `reason (detail), …`, of which `results` is.
pub(crate) fn is_understood(policy: Policy, text: &str, results: &[(String, String)]) -> Outcome {
    let refusal = format!("violates PodSecurity \"{policy}\": {text}");
    let error =
        format!("Error from server (Forbidden): error when creating \"a.yaml\": pods \"a\" is forbidden: {refusal}\n");
    let event = format!(
        "5m22s   Warning   FailedCreate   replicaset/web-5b   Error creating: pods \"web-5b-x\" is forbidden: {refusal}\n"
    );
    let escaped = format!("err={:?} pod=\"shop/a\"\n", format!("pods \"a\" is forbidden: {refusal}"));
    let warning = format!("Warning: would violate PodSecurity \"{policy}\": {text}\n");
    let wrapped: String =
        error.chars().collect::<Vec<_>>().chunks(80).map(|line| String::from_iter(line) + "\n").collect();
    let json = json!({"items": [{"message": event}]}).to_string();
    for (form, exact) in [
        (&error, true),
        (&event, true),
        (&warning, true),
        (&json, true),
        (&escaped, !text.contains('\\')),
        (&wrapped, false),
    ] {
        compare(policy, results, &read(form), exact).map_err(|error| format!("{error}\n{form}"))?;
    }
    Ok(())
}

fn compare(policy: Policy, results: &[(String, String)], pasted: &Pasted, exact: bool) -> Outcome {
    let [message] = pasted.messages.as_slice() else { return Err(format!("{} messages", pasted.messages.len())) };
    if !pasted.ignored.is_empty() || !message.unknown.is_empty() {
        return Err(format!("ignored {:?}, unknown {:?}", pasted.ignored, message.unknown));
    }
    if message.policy.as_deref() != Some(policy.to_string().as_str()) {
        return Err(format!("policy {:?}", message.policy));
    }
    let said: Vec<(&str, &str)> = message.parts.iter().map(|part| (part.reason, part.detail.as_str())).collect();
    let expected: Vec<(&str, &str)> = results.iter().map(|(r, d)| (r.as_str(), d.as_str())).collect();
    if exact && said != expected || said.len() != expected.len() {
        return Err(format!("expected {expected:?}, found {said:?}"));
    }
    // The check that gives this reason under this policy; there is only one.
    let selection = Selection::new(policy);
    for (part, (reason, detail)) in message.parts.iter().zip(results) {
        let ids: Vec<_> = selection.checks().filter(|check| check.reasons.contains(&reason.as_str())).collect();
        if ids.len() != 1 || ids[0].id != part.check {
            return Err(format!("{} for {reason:?}", part.check));
        }
        let subject = &part.subject;
        let named = subject.pod || subject.annotations || !subject.containers.is_empty() || !subject.volumes.is_empty();
        if !named || part.fields().is_empty() {
            return Err(format!("nobody is named in {detail:?}"));
        }
        let names = subject.containers.iter().chain(&subject.volumes);
        let missing: Vec<_> = names.filter(|name| !detail.contains(&format!("\"{name}\""))).collect();
        if !missing.is_empty() {
            return Err(format!("{missing:?} are not in {detail:?}"));
        }
    }
    Ok(())
}
