//! `-o markdown`: for a pull request's comment or the summary of a step. Whatever comes from outside stands in code,
//! where it is neither markup nor a mention nor a link.

use std::io::{self, Write};

use super::printer::{Pages, Part};
use super::spots::spots;
use super::style::{counted, plural, sanitize};
use super::words::{self, Objection};
use crate::report::{Asked, Basis, PlacedFinding, Problem, Summary, Verdict};

/// Writes the line of each workload in the table, and what is wrong with it, folded.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], part: &mut Part) -> io::Result<()> {
    verdicts.iter().try_for_each(|verdict| {
        write_row(basis, verdict, &mut part.rows)?;
        write_details(basis, verdict, &mut part.text)
    })
}

/// Writes a summary, a table of the workloads, and what is wrong with each.
pub(super) fn finish(pages: Pages<'_>, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    write_summary(summary, out)?;
    if summary.checked > 0 {
        writeln!(out, "\n| | Workload | Namespace | Meets | Findings | Where |\n|---|---|---|---|---|---|")?;
    }
    pages.rows.copy(0, out)?;
    pages.body.copy(0, out)?;
    write_problems("Errors", &summary.errors.listed("errors"), out)?;
    write_problems("Warnings", &summary.warnings.listed("warnings"), out)
}

fn write_summary(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let policy = match summary.basis.asked {
        Asked::Level(_) => code(&summary.policy_text()),
        Asked::Namespace => summary.policy_text(),
    };
    let (checked, violating) = (summary.checked, summary.violating);
    let text = match violating {
        _ if checked == 0 && !summary.errors.is_empty() => "nothing could be judged".to_owned(),
        _ if checked == 0 => "no pod template found".to_owned(),
        0 => format!("no finding in {} against {policy}", counted(checked, "workload", "workloads")),
        failing => {
            let verb = plural(failing, "does", "do");
            format!("{failing} of {} {verb} not meet {policy}", counted(checked, "workload", "workloads"))
        }
    };
    let sign = if violating > 0 || !summary.errors.is_empty() { "❌" } else { "✅" };
    writeln!(out, "### {sign} Pod Security: {text}")
}

fn write_row(basis: Basis, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let objections = words::objections(basis, verdict);
    let sign = match (verdict.allowed, objections.is_empty(), &verdict.exempt) {
        (false, ..) => "❌",
        (true, false, _) => "⚠️",
        (true, true, Some(_)) => "➖",
        (true, true, None) => "✅",
    };
    let mut source = verdict.source.clone();
    source.column = None;
    let cells = [
        cell(&words::object_name(verdict)),
        verdict.namespace.as_deref().map_or(String::new(), cell),
        verdict.meets.to_string(),
        findings_cell(verdict, &objections),
        cell(&words::position(&source)),
    ];
    writeln!(out, "| {sign} | {} |", cells.join(" | "))
}

fn findings_cell(verdict: &Verdict, objections: &[Objection<'_>]) -> String {
    let mut parts: Vec<_> = objections
        .iter()
        .map(|objection| match objection.modes_text() {
            modes if modes.is_empty() => objection.findings.len().to_string(),
            modes => format!("{} ({modes})", objection.findings.len()),
        })
        .collect();
    parts.extend(verdict.exempt.as_deref().map(cell));
    parts.join(", ")
}

fn write_details(basis: Basis, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    for objection in words::objections(basis, verdict) {
        let modes = if objection.modes.is_empty() { String::new() } else { format!(" ({})", objection.modes_text()) };
        let object = html(&words::object(verdict));
        let policy = objection.policy_text();
        writeln!(
            out,
            "\n<details><summary><code>{object}</code> does not meet <code>{policy}</code>{modes}</summary>\n"
        )?;
        objection.findings.iter().try_for_each(|placed| write_finding(verdict, placed, out))?;
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

fn write_finding(verdict: &Verdict, placed: &PlacedFinding, out: &mut dyn Write) -> io::Result<()> {
    let finding = &placed.finding;
    let fix = words::fix_words(finding.fix);
    writeln!(out, "- **{}** ({}, {fix})", code(&finding.reason), finding.level)?;
    if !finding.detail.is_empty() {
        writeln!(out, "  - {}", code(&finding.detail))?;
    }
    for spot in spots(placed) {
        let mut source = verdict.source.clone();
        source.line = spot.place.map(|place| place.line);
        source.column = spot.place.map(|place| place.column);
        for (violation, place) in spot.violations {
            let nothing = if place.is_some_and(|place| place.exact) { "null" } else { "not set" };
            let text = format!("{} {}", words::path(&violation.path), words::statement(violation, nothing));
            writeln!(out, "  - {}: {}", code(&words::position(&source)), code(&text))?;
        }
    }
    writeln!(out, "  - Fix: {}", code(words::remedy(finding)))
}

/// Writes a list of problems under a heading; nothing where there are none.
pub(super) fn write_problems(title: &str, problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n#### {title}\n")?;
    problems.iter().try_for_each(|problem| {
        writeln!(out, "- {}: {}", code(&words::position(&problem.source)), code(&problem.message))
    })
}

/// A code span: fenced by more backticks than the text has in a row.
pub(super) fn code(text: &str) -> String {
    let text = sanitize(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code span in a table, where a bar ends the cell even in code.
pub(super) fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Text between tags, or in an attribute.
pub(super) fn html(text: &str) -> String {
    let text = sanitize(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn text(report: &Report) -> String {
        rendered(report, Format::Markdown, &Style::default())
    }

    #[test]
    fn summary_table_and_folded_details() {
        let text = text(&sample::shop());
        let expected = "\
### ❌ Pod Security: 1 of 3 workloads does not meet `restricted:v1.37`

| | Workload | Namespace | Meets | Findings | Where |
|---|---|---|---|---|---|
| ✅ | `cronjob/cleanup` | `shop` | restricted |  | `shop.yaml:1` |
| ❌ | `deployment/web` | `shop` | privileged | 3 | `shop.yaml:12` |
| ➖ | `daemonset/log` | `kube-system` | privileged | `namespace \"kube-system\" is exempt` | `agents/log.yaml:1` |

<details><summary><code>deployment/web (shop)</code> does not meet <code>restricted:v1.37</code></summary>

- **`hostPath volumes`** (baseline, manual)
  - `volume \"run\"`
  - `shop.yaml:31:9`: `spec.template.spec.volumes[0].hostPath is {\"path\":\"/run\"}, must go`
  - Fix: ";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("\n\n</details>\n"), "{text}");
    }

    #[test]
    fn hostile_text_is_only_text() {
        let text = text(&sample::hostile());
        assert!(
            text.contains("| ``rollout/x^[[2J\\|`<b>%0A\\n::error::\\u{202e}@all`` |  | privileged | 1 |"),
            "{text}"
        );
        assert!(
            text.contains("<summary><code>rollout/x^[[2J|`&lt;b&gt;%0A\\n::error::\\u{202e}@all (custom "),
            "{text}"
        );
        assert!(
            text.contains("#### Errors\n\n- `b.yaml:40:3`: `not YAML: ^[[31m<oops>`\n- `gone.yaml`: `no such file`\n")
        );
        assert!(text.contains("#### Warnings\n\n- `a b^[#,:%/ü.yaml:5:3`: `the key \"na\\u{202e}me\" comes twice`\n"));
    }

    #[test]
    fn code_spans_hold_any_backticks() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code(""), "`  `");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(html("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }

    #[test]
    fn modes_are_named_and_good_news_is_short() {
        let text = text(&sample::labelled());
        assert!(
            text.starts_with("### ❌ Pod Security: 1 of 3 workloads does not meet the labels of their namespaces\n")
        );
        assert!(text.contains("| privileged | 1 (enforce), 3 (audit and warn) |"), "{text}");
        assert!(text.contains("| ⚠️ | `deployment/api` | `shop` | baseline | 1 (warn) | `s.yaml:9` |"), "{text}");
        let empty = rendered(&sample::empty(), Format::Markdown, &Style::default());
        assert_eq!(empty, "### ✅ Pod Security: no pod template found\n");
    }
}
