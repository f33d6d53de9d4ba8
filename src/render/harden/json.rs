//! `-o plan-json`, a contract as in [`crate::render`]'s other documents, and `-o json`, the objects themselves.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::model::Op;
use crate::render::escaping::Escaping;
use crate::render::json::{WireProblem, WireSource, problem, source_of_result};
use crate::report::harden::{HardenReport, Hardened, PlannedEdit, Refusal, Residue};

/// Writes the edited objects, as kubectl does: one as it is, several in a List.
///
/// # Errors
/// Those of `out`.
pub fn objects(objects: &[Value], out: &mut dyn Write) -> io::Result<()> {
    many(objects.len(), &objects.first(), &objects, out)
}

/// The same of so many objects that they are not kept: `first` is the first one, `all` is anything that serializes as a
/// list of all of them.
///
/// # Errors
/// Those of `out`.
pub fn many(count: usize, first: &impl Serialize, all: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    match count {
        0 => Ok(()),
        1 => document(first, out),
        _ => document(&List { api_version: "v1", kind: "List", items: all }, out),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a T,
}

/// Writes the version 1 document.
///
/// # Errors
/// Those of `out`.
pub fn plan_json(report: &HardenReport, out: &mut dyn Write) -> io::Result<()> {
    let (errors, warnings) = (report.errors.listed("errors"), report.warnings.listed("warnings"));
    let wire = Document {
        api_version: "secctx/v1",
        kind: "HardenReport",
        level: report.policy.level.as_str(),
        version: format!("v1.{}", report.policy.version.minor()),
        summary: Summary {
            templates: report.results.len(),
            unreached: report.unreached(),
            errors: report.errors.count(),
            without_template: report.without_template,
        },
        results: report.results.iter().map(result).collect(),
        errors: errors.iter().map(problem).collect(),
        warnings: warnings.iter().map(problem).collect(),
    };
    document(&wire, out)
}

fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping::default()))?;
    writeln!(out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    level: &'static str,
    version: String,
    summary: Summary,
    results: Vec<WireHardened<'a>>,
    errors: Vec<WireProblem<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<WireProblem<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    templates: usize,
    unreached: usize,
    errors: usize,
    without_template: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireHardened<'a> {
    source: WireSource<'a>,
    api_version: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    /// Path of the pod template, where the object is not a pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// Present and true where the template was found by its shape.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    custom: bool,
    before: &'static str,
    after: &'static str,
    reached: bool,
    edits: Vec<WireEdit<'a>>,
    residue: Vec<WireResidue<'a>>,
    /// Why the edits are not made in the text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<WireRefusal<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEdit<'a> {
    op: &'static str,
    path: String,
    /// What is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    check: &'static str,
    fix: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    /// What was there.
    before: &'a Value,
    /// What may stop working.
    #[serde(skip_serializing_if = "str::is_empty")]
    risk: &'a str,
    /// Where different checks ask for what goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<WirePart<'a>>,
}

#[derive(Serialize)]
struct WirePart<'a> {
    path: String,
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireResidue<'a> {
    check: &'static str,
    path: String,
    why: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ways: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRefusal<'a> {
    path: String,
    line: usize,
    column: usize,
    why: &'a str,
}

fn result(result: &Hardened) -> WireHardened<'_> {
    WireHardened {
        source: source_of_result(&result.source),
        api_version: &result.api_version,
        kind: &result.kind,
        namespace: result.namespace.as_deref(),
        name: &result.name,
        template: result.template.last().map(|_| result.template.to_string()),
        custom: result.custom,
        before: result.before.as_str(),
        after: result.after.as_str(),
        reached: result.reached,
        edits: result.edits.iter().map(edit).collect(),
        residue: result.residue.iter().map(residue).collect(),
        refused: result.refused.iter().map(refusal).collect(),
        notes: &result.notes,
    }
}

fn edit(planned: &PlannedEdit) -> WireEdit<'_> {
    WireEdit {
        op: planned.op(),
        path: planned.edit.path.to_string(),
        value: match &planned.edit.op {
            Op::Set(value) => Some(value),
            Op::Remove => None,
        },
        check: planned.check,
        fix: planned.fix.as_str(),
        container: planned.container.as_deref(),
        before: &planned.before,
        risk: &planned.risk,
        parts: planned.told().iter().filter(|part| part.edit.path != planned.edit.path).map(part).collect(),
    }
}

fn part(part: &PlannedEdit) -> WirePart<'_> {
    WirePart { path: part.edit.path.to_string(), check: part.check, container: part.container.as_deref() }
}

fn residue(residue: &Residue) -> WireResidue<'_> {
    WireResidue { check: residue.check, path: residue.path.to_string(), why: &residue.why, ways: &residue.ways }
}

fn refusal(refusal: &Refusal) -> WireRefusal<'_> {
    let Refusal { path, line, column, why } = refusal;
    WireRefusal { path: path.to_string(), line: *line, column: *column, why }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::harden::sample;

    fn written(report: &HardenReport) -> Value {
        let mut out = Vec::new();
        plan_json(report, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn the_contract_of_version_1() {
        let value = written(&sample::shop());
        let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["apiVersion", "kind", "level", "version", "summary", "results", "errors"]);
        assert_eq!(
            (&value["kind"], &value["level"], &value["version"]),
            (&json!("HardenReport"), &json!("restricted"), &json!("v1.37"))
        );
        let web = &value["results"][0];
        assert_eq!(
            (&web["before"], &web["after"], &web["reached"]),
            (&json!("privileged"), &json!("baseline"), &json!(false))
        );
        assert_eq!(
            web["edits"][0],
            json!({
                "op": "set", "path": "spec.template.spec.securityContext.runAsNonRoot", "value": true,
                "check": "runAsNonRoot", "fix": "risky", "before": null, "risk": "an image that runs as root does not start",
            })
        );
        assert_eq!(
            web["edits"][2],
            json!({
                "op": "remove", "path": "spec.template.spec.hostNetwork", "check": "hostNamespaces", "fix": "risky",
                "before": true, "risk": "the pod no longer sees the node's network",
            })
        );
        assert_eq!(web["residue"][0]["check"], "hostPathVolumes");
    }

    #[test]
    fn one_object_is_itself_and_several_are_a_list() {
        let written = |list: &[Value]| {
            let mut out = Vec::new();
            objects(list, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&[json!({"a": 1})]), "{\n    \"a\": 1\n}\n");
        assert!(written(&[json!({}), json!({})]).contains("\"kind\": \"List\""));
        assert_eq!(written(&[]), "");
    }
}
