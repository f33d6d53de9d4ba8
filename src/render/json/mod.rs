//! `-o json`.

mod v1;

use std::io::{self, Write};

use serde::Serialize;

pub(super) use v1::{WireFinding, WireProblem, WireSource, document, finding_at, problem, result, source_of_result};

use super::around::Around;
use super::escaping::Escaping;
use crate::report::{Basis, Summary, Verdict};

/// How the document looks where its results belong.
const NO_RESULTS: &str = "\"results\": []";

/// How deep the results stand in the document.
const DEPTH: usize = 2;

/// Writes each result, at its own indentation and behind a comma.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], text: &mut Vec<u8>) -> io::Result<()> {
    // Text that grows bit by bit is copied again and again.
    text.reserve(verdicts.iter().map(length).sum());
    verdicts.iter().try_for_each(|verdict| write_item(&result(basis, verdict), DEPTH, text))
}

/// About how many bytes a verdict takes, rather a few more.
fn length(verdict: &Verdict) -> usize {
    const VIOLATION: usize = 400;
    /// Without its words.
    const FINDING: usize = 320;
    const REST: usize = 700;
    let findings = verdict.findings.iter().map(|placed| &placed.finding).map(|finding| {
        // In the message and once more.
        let words = 2 * (finding.reason.len() + finding.detail.len());
        words + FINDING + finding.violations.len() * VIOLATION
    });
    findings.sum::<usize>() + REST
}

/// The version 1 document, indented as kubectl does, without its results.
pub(super) fn around(summary: &Summary) -> io::Result<Around> {
    let (errors, warnings) = (summary.errors.listed("errors"), summary.warnings.listed("warnings"));
    split(&document(summary, &errors, &warnings, problem), DEPTH)
}

/// Writes an item of a list that stands this deep in a document, behind a comma.
pub(super) fn write_item(item: &impl Serialize, depth: usize, text: &mut Vec<u8>) -> io::Result<()> {
    text.extend(b",\n");
    (0..depth).for_each(|_| text.extend(b"    "));
    item.serialize(&mut serde_json::Serializer::with_formatter(text, Escaping::of_item(depth)))?;
    Ok(())
}

/// Splits a document whose member `results` is an empty list, for items that are written by [`write_item`] this deep.
pub(super) fn split(document: &impl Serialize, depth: usize) -> io::Result<Around> {
    let mut text = Vec::new();
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Escaping::default()))?;
    text.push(b'\n');
    let end = format!("\n{}]", "    ".repeat(depth - 1));
    // Member names are the document's own, and no string in it holds a bare quote: the first match is the member.
    Ok(Around::split(text, NO_RESULTS, "\"results\": [", &end))
}

/// Writes any document, indented as kubectl does.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping::default()))?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn written(report: &Report) -> (String, Value) {
        let text = rendered(report, Format::Json, &Style::default());
        let value = serde_json::from_str(&text).expect("JSON");
        (text, value)
    }

    /// Keys in the order of the text.
    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_contract_of_version_1() {
        let mut report = sample::shop();
        report.errors = sample::hostile().errors;
        let (_, value) = written(&report);
        assert_eq!(keys(&value), ["apiVersion", "kind", "level", "version", "results", "errors", "summary"]);
        assert_eq!(value["apiVersion"], "secctx/v1");
        assert_eq!(value["kind"], "CheckReport");
        assert_eq!(value["level"], "restricted");
        assert_eq!(value["version"], "v1.37");
        assert_eq!(value["summary"], json!({"checked": 3, "violating": 1, "errors": 2, "withoutTemplate": 2}));
        let web = &value["results"][1];
        assert_eq!(
            keys(web),
            [
                "source",
                "apiVersion",
                "kind",
                "namespace",
                "name",
                "template",
                "allowed",
                "meets",
                "message",
                "findings"
            ]
        );
        assert_eq!(web["source"], json!({"file": "shop.yaml", "document": 0, "line": 12}));
        assert_eq!(web["apiVersion"], "apps/v1");
        assert_eq!(web["kind"], "Deployment");
        assert_eq!(web["namespace"], "shop");
        assert_eq!(web["name"], "web");
        assert_eq!(web["template"], "spec.template");
        assert_eq!(web["allowed"], false);
        assert_eq!(web["meets"], "privileged");
        assert_eq!(
            value["errors"],
            json!([
                {"source": {"file": "b.yaml", "document": 2, "line": 40, "column": 3},
                 "message": "not YAML: \u{1b}[31m<oops>"},
                {"source": {"file": "gone.yaml"}, "message": "no such file"},
            ])
        );
    }

    #[test]
    fn findings_have_their_violations_and_places() {
        let (_, value) = written(&sample::shop());
        let finding = &value["results"][1]["findings"][1];
        assert_eq!(keys(finding), ["check", "level", "reason", "detail", "fix", "violations"]);
        assert_eq!(
            *finding,
            json!({
                "check": "allowPrivilegeEscalation",
                "level": "restricted",
                "reason": "allowPrivilegeEscalation != false",
                "detail": "containers \"web\", \"proxy\" must set securityContext.allowPrivilegeEscalation=false",
                "fix": "safe",
                "violations": [
                    {"path": "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
                     "container": "web", "actual": null, "wanted": false, "line": 21, "column": 9},
                    {"path": "spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation",
                     "container": "proxy", "actual": true, "wanted": false, "line": 104, "column": 11},
                ],
            })
        );
        let pod_wide = &value["results"][1]["findings"][0]["violations"][0];
        assert_eq!(keys(pod_wide), ["path", "actual", "wanted", "line", "column"]);
        let message = value["results"][1]["message"].as_str().expect("a text");
        assert!(
            message.starts_with("hostPath volumes (volume \"run\"), allowPrivilegeEscalation != false (containers ")
        );
    }

    #[test]
    fn what_only_some_results_have() {
        let (_, value) = written(&sample::shop());
        assert_eq!(value["results"][2]["exempt"], "namespace \"kube-system\" is exempt");
        assert_eq!(value["results"][2]["findings"], json!([]));
        assert_eq!(value["results"][0].get("message"), None);
        let (_, value) = written(&sample::hostile());
        assert_eq!(value["results"][0]["custom"], true);
        assert_eq!(value["results"][0].get("namespace"), None);
        assert_eq!(value["warnings"][0]["source"]["line"], 5);
        let (_, value) = written(&sample::labelled());
        assert_eq!(value["level"], "namespace");
        assert_eq!(value["results"][0]["policy"], "baseline:v1.36");
        assert_eq!(value["results"][0]["findings"].as_array().map(Vec::len), Some(1));
        assert_eq!(value["results"][0]["modes"][1]["mode"], "warn");
        assert_eq!(value["results"][0]["modes"][1]["policy"], "restricted:v1.36");
        assert_eq!(value["results"][0]["modes"][1]["findings"].as_array().map(Vec::len), Some(3));
        assert_eq!(value["results"][2].get("modes"), None);
        assert_eq!(value["results"][0]["namespaceKnown"], true);
        assert_eq!(value["results"][2]["namespaceKnown"], false);
    }

    #[test]
    fn the_text_is_indented_and_harmless_and_the_data_untouched() {
        let (text, value) = written(&sample::hostile());
        assert!(text.starts_with("{\n    \"apiVersion\": \"secctx/v1\",\n"));
        assert!(text.ends_with("\n}\n"));
        assert!(!text.chars().any(|c| c != '\n' && crate::render::style::is_harmful(c)), "{text}");
        assert_eq!(value["results"][0]["name"], *sample::hostile().results[0].name);
    }

    #[test]
    fn an_empty_report_has_all_its_members() {
        let (text, _) = written(&sample::empty());
        let expected = r#"{
    "apiVersion": "secctx/v1",
    "kind": "CheckReport",
    "level": "baseline",
    "version": "v1.37",
    "results": [],
    "errors": [],
    "summary": {
        "checked": 0,
        "violating": 0,
        "errors": 0,
        "withoutTemplate": 0
    }
}
"#;
        assert_eq!(text, expected);
    }
}
