//! `-o sarif`: SARIF 2.1.0, as code scanning services take it.

mod results;
mod rules;
mod uri;

use std::io;

use serde_json::{Value, json};
use serde_sarif::sarif::{Invocation, Location, Message, Notification, PropertyBag, Tool, ToolComponent, Version};

use super::around::Around;
use super::json;
use super::style::sanitize;
use crate::report::{Basis, Problem, Summary, Verdict};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// How deep the results stand in the log.
const DEPTH: usize = 4;

/// Writes each result, at its own indentation and behind a comma.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], text: &mut Vec<u8>) -> io::Result<()> {
    let mut write = |result| json::write_item(&result, DEPTH, text);
    verdicts.iter().try_for_each(|verdict| results::visit(basis, verdict, &mut write))
}

/// A log with one run, without its results.
pub(super) fn around(summary: &Summary) -> io::Result<Around> {
    let run = Run {
        tool: tool(),
        column_kind: "unicodeCodePoints",
        results: [],
        invocations: [invocation(summary)],
        properties: bag([("policy", summary.policy_text().into())]),
    };
    json::split(&Log { schema: SCHEMA, version: Version::V2_1_0, runs: [run] }, DEPTH)
}

/// `serde_sarif::sarif::Sarif` with one run.
#[derive(serde::Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: Version,
    runs: [Run; 1],
}

/// `serde_sarif::sarif::Run`, as far as it is used, its results not yet made.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    /// What comes behind has to wait for the last of them.
    results: [(); 0],
    invocations: [Invocation; 1],
    properties: PropertyBag,
}

fn tool() -> Tool {
    let version = env!("CARGO_PKG_VERSION");
    let driver = ToolComponent::builder()
        .name("kubectl-secctx")
        .version(version)
        .semantic_version(version)
        .rules(rules::all())
        .build();
    Tool::builder().driver(driver).build()
}

/// What could not be read, and what is probably not meant.
fn invocation(summary: &Summary) -> Invocation {
    let (errors, warnings) = (summary.errors.listed("errors"), summary.warnings.listed("warnings"));
    let errors = errors.iter().map(|problem| notification(problem, "error"));
    let warnings = warnings.iter().map(|problem| notification(problem, "warning"));
    Invocation::builder()
        .execution_successful(summary.errors.is_empty())
        .tool_execution_notifications(errors.chain(warnings).collect::<Vec<_>>())
        .build()
}

fn notification(problem: &Problem, level: &str) -> Notification {
    let source = &problem.source;
    let region = source.line.map(|line| results::region(line, source.column, None));
    let location = Location::builder().physical_location(results::physical(&source.file, region)).build();
    Notification::builder().level(json!(level)).message(message(&problem.message)).locations(vec![location]).build()
}

/// A message of plain text, in which braces would be placeholders and `[a](b)` a link.
fn message(text: &str) -> Message {
    let text = sanitize(text).replace('{', "{{").replace('}', "}}").replace("](", "\\](");
    Message::builder().text(text).build()
}

fn bag<const N: usize>(entries: [(&str, Value); N]) -> PropertyBag {
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    PropertyBag::builder().additional_properties(entries).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn log(report: &Report) -> Value {
        serde_json::from_str(&rendered(report, Format::Sarif, &Style::default())).expect("JSON")
    }

    #[test]
    fn is_valid_by_the_official_schema() {
        let schema = include_str!("../../../tests/testdata/sarif-schema-2.1.0.json");
        // One of its patterns has a bracket too many for a strict reader of regular expressions.
        let schema = schema.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}?$");
        let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
        let options = jsonschema::draft7::options().should_validate_formats(true);
        let validator = options.build(&schema).expect("the schema is valid");
        for report in [sample::shop(), sample::hostile(), sample::labelled(), sample::empty()] {
            let log = log(&report);
            let errors: Vec<_> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let mut broken = log(&sample::shop());
        broken["runs"][0]["results"][0]["level"] = json!("bad");
        assert!(!validator.is_valid(&broken), "the validator finds errors");
    }

    #[test]
    fn errors_and_warnings_are_notifications() {
        let log = log(&sample::hostile());
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notifications = &invocation["toolExecutionNotifications"];
        assert_eq!(
            notifications[0],
            json!({
                "level": "error",
                "message": {"text": "not YAML: ^[[31m<oops>"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "b.yaml"},
                    "region": {"startLine": 40, "startColumn": 3},
                }}],
            })
        );
        assert_eq!(
            notifications[1]["locations"][0]["physicalLocation"],
            json!({"artifactLocation": {"uri": "gone.yaml"}})
        );
        assert_eq!(notifications[2]["level"], "warning");
        let log = self::log(&sample::empty());
        assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["properties"]["policy"], "baseline:v1.37");
    }

    #[test]
    fn messages_hold_no_placeholders_and_no_links() {
        let text = message("{0} drop=[\"ALL\"] [a](b)").text;
        assert_eq!(text.as_deref(), Some("{{0}} drop=[\"ALL\"] [a\\](b)"));
    }
}
