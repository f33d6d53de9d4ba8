//! `-o yaml`: the version 1 document of [`super::json`], as YAML that kubectl reads as it is meant.
//!
//! `serde_yaml` writes for readers of YAML 1.2 and leaves a string `yes` without quotes, which readers of YAML 1.1,
//! kubectl among them, take for a boolean; and it leaves alone what deceives a reader. So such strings get a
//! character in front that only fits in double quotes, and the writer takes it out again and escapes the rest.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::around::Around;
use super::json;
use super::sink::Sink;
use super::style::is_harmful;
use crate::report::{Basis, Summary, Verdict};

/// Written as [`MARK`]; no character of any text, by its definition.
const NONCHARACTER: char = '\u{fffe}';

/// How a string in double quotes begins that begins with [`NONCHARACTER`].
const MARK: &str = r#""\uFFFE"#;

/// How the document looks where its results belong.
const NO_RESULTS: &str = "results: []\n";

/// Writes each result as an item of the list of results.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], text: &mut Vec<u8>) -> io::Result<()> {
    verdicts.iter().try_for_each(|verdict| write_marked(&[marked(&json::result(basis, verdict))], text))
}

/// The version 1 document without its results.
pub(super) fn around(summary: &Summary) -> io::Result<Around> {
    let (errors, warnings) = (summary.errors.listed("errors"), summary.warnings.listed("warnings"));
    let document = json::document(summary, &errors, &warnings, |problem| marked(&json::problem(problem)));
    let mut text = Vec::new();
    write_marked(&document, &mut text)?;
    // The first match is the member: what comes before it is the document's own.
    Ok(Around::split(text, NO_RESULTS, "results:\n", ""))
}

/// Writes any document so that readers of YAML 1.1 read it as it is meant.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write_marked(&marked(document), out)
}

fn write_marked(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut sink = Sink::new(out);
    let result = serde_yaml::to_writer(Unmark { out: &mut sink, line: Vec::new() }, document);
    sink.finish(result)
}

/// A value as YAML that kubectl reads as it is meant; ends with a line break.
pub(super) fn text(value: &Value) -> String {
    let mut out = Vec::new();
    let written = serde_yaml::to_writer(Unmark { out: &mut out, line: Vec::new() }, &marked(value));
    debug_assert!(written.is_ok(), "a vector takes everything: {written:?}");
    String::from_utf8_lossy(&out).into_owned()
}

/// The value with all strings marked that need quotes.
fn marked(item: &impl Serialize) -> Option<Value> {
    let mut value = serde_json::to_value(item).ok()?;
    mark(&mut value);
    Some(value)
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) if needs_quotes(text) => text.insert(0, NONCHARACTER),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(fields) => {
            let marked = std::mem::take(fields).into_iter().map(|(mut key, mut value)| {
                if needs_quotes(&key) {
                    key.insert(0, NONCHARACTER);
                }
                mark(&mut value);
                (key, value)
            });
            *fields = marked.collect();
        }
        _ => {}
    }
}

/// Whether a reader of YAML 1.1 would take a plain string for something else, a person would be deceived by it, or
/// [`Unmark`] would take it for marked.
pub(super) fn needs_quotes(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(lower.as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "=" | "<<")
        || is_like_a_number(&lower)
        || text.chars().any(is_harmful)
        || text.contains("\\uFFFE")
}

/// Numbers in any base, with underscores and colons; dates.
fn is_like_a_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-', '.']);
    let rest =
        |c: char| c.is_ascii_hexdigit() || matches!(c, 'x' | 'o' | '_' | ':' | '.' | '+' | '-' | 't' | 'z' | ' ');
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(rest)
}

/// Passes lines on, with [`MARK`] as its quote alone and harmful characters escaped, which are in double quotes too.
struct Unmark<W> {
    out: W,
    /// The beginning of a line.
    line: Vec<u8>,
}

impl<W: Write> Unmark<W> {
    fn pass_line(&mut self) -> io::Result<()> {
        let line = String::from_utf8_lossy(&self.line);
        let unmarked = line.replace(MARK, "\"");
        let escaped = unmarked.chars().any(is_harmful).then(|| escape(&unmarked));
        writeln!(self.out, "{}", escaped.unwrap_or(unmarked))?;
        self.line.clear();
        Ok(())
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            _ if !is_harmful(c) => escaped.push(c),
            code @ ..=0xffff => escaped.push_str(&format!("\\u{code:04X}")),
            code => escaped.push_str(&format!("\\U{code:08X}")),
        }
    }
    escaped
}

impl<W: Write> Write for Unmark<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'\n');
        self.line.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            self.pass_line()?;
            self.line.extend_from_slice(part);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, Style, rendered, sample};

    fn yaml(report: &crate::report::Report) -> String {
        rendered(report, Format::Yaml, &Style::default())
    }

    #[test]
    fn the_same_data_as_json() {
        for report in [sample::shop(), sample::hostile(), sample::labelled(), sample::empty()] {
            let yaml = yaml(&report);
            let json = rendered(&report, Format::Json, &Style::default());
            let from_yaml: Value = serde_yaml::from_str(&yaml).expect("YAML");
            let from_json: Value = serde_json::from_str(&json).expect("JSON");
            assert_eq!(from_yaml, from_json);
            assert!(!yaml.chars().any(|c| c != '\n' && is_harmful(c)), "{yaml}");
        }
    }

    #[test]
    fn keys_come_in_the_order_of_the_json() {
        let expected = "apiVersion: secctx/v1\nkind: CheckReport\nlevel: baseline\nversion: v1.37\nresults: []\nerrors: []\n\
                        summary:\n  checked: 0\n  violating: 0\n  errors: 0\n  withoutTemplate: 0\n";
        assert_eq!(yaml(&sample::empty()), expected);
    }

    #[test]
    fn strings_that_yaml_1_1_takes_for_something_else_are_quoted() {
        for name in ["yes", "N", "Off", "on", "0777", "1_000", "0b11", "1:30", "2001-12-14", "-.5", "true", "~", "<<"] {
            let mut report = sample::shop();
            report.results[0].name = name.to_owned();
            let yaml = yaml(&report);
            let quoted = [format!("  name: \"{name}\"\n"), format!("  name: '{name}'\n")];
            assert!(quoted.iter().any(|line| yaml.contains(line)), "{yaml}");
        }
    }

    #[test]
    fn marks_and_what_looks_like_them_are_told_apart() {
        for name in ["\u{fffe}", "\u{fffe}yes", "\\uFFFE", "a \"\\uFFFEno", "\"\\uFFF", "\"\"\\uFFFE"] {
            let mut report = sample::shop();
            report.results[0].name = name.to_owned();
            let value: Value = serde_yaml::from_str(&yaml(&report)).expect("YAML");
            assert_eq!(value["results"][0]["name"], *name);
        }
    }

    #[test]
    fn marks_are_found_across_writes() {
        let mut out = Vec::new();
        let mut unmark = Unmark { out: &mut out, line: Vec::new() };
        for byte in "a: \"\\uFFFEyes\"\nb: \"\\uFFFEx\u{202e}\u{e0041}ü\"\n".bytes() {
            unmark.write_all(&[byte]).expect("a vector takes everything");
        }
        assert_eq!(String::from_utf8(out).expect("UTF-8"), "a: \"yes\"\nb: \"x\\u202E\\U000E0041ü\"\n");
    }
}
