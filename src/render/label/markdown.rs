//! `-o markdown`: for a pull request's comment or the summary of a step. Whatever comes from outside stands in code.

use std::io::{self, Write};

use super::causes::{Cause, Change, causes, changes, distinct};
use super::words;
use crate::policy::Mode;
use crate::render::markdown::{cell, code, html, write_problems};
use crate::render::style::counted;
use crate::render::words::{fix_words, path, remedy, statement};
use crate::report::label::{Applied, LabelReport, ModeRow, NamespaceRow, Question, Step};

/// Items of a list that are shown: a comment has room for some 65,000 characters.
const MOST: usize = 12;

/// Writes a summary, a table of the namespaces, and what violates, folded.
pub(super) fn render(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    write_summary(report, out)?;
    if !report.namespaces.is_empty() {
        write_table(report, out)?;
    }
    write_notices(report, out)?;
    for row in &report.namespaces {
        changes(row).iter().try_for_each(|change| write_change(row, change, out))?;
    }
    write_plans(report, out)?;
    write_problems("Errors", &report.errors, out)?;
    write_problems("Warnings", &report.warnings, out)
}

fn write_summary(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    let count = report.namespaces.len();
    let namespaces = counted(count, "namespace", "namespaces");
    let broken = report.namespaces.iter().filter(|row| row.exempt.is_none() && row.breaks()).count();
    let is_whole = report.namespaces.iter().all(|row| row.exempt.is_some() || row.unread.is_empty());
    let (sign, text) = match report.question {
        _ if !report.errors.is_empty() && count == 0 => ("❌", "nothing could be judged".to_owned()),
        Question::Matrix => ("📋", format!("what {namespaces} could enforce as of `v1.{}`", report.server)),
        Question::Labels if broken > 0 => ("❌", format!("these labels would break {broken} of {namespaces}")),
        Question::Labels | Question::Upgrade { .. } if broken == 0 && !is_whole => {
            ("❔", format!("nothing that could be read breaks, and not all of {namespaces} could"))
        }
        Question::Labels => ("✅", format!("these labels would break none of {namespaces}")),
        Question::Upgrade { from, to } => {
            let what =
                if broken > 0 { format!("newly refuses workloads in {broken}") } else { "breaks none".to_owned() };
            let step = if to < from { "a downgrade" } else { "an upgrade" };
            (
                if broken > 0 { "❌" } else { "✅" },
                format!("{step} from `v1.{from}` to `v1.{to}` {what} of {namespaces}"),
            )
        }
    };
    writeln!(out, "### {sign} Pod Security labels: {text}")
}

fn write_table(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    if report.question == Question::Matrix {
        writeln!(
            out,
            "\n| Namespace | Enforces now | Baseline | Restricted | Strictest safe |\n|---|---|---|---|---|"
        )?;
        return report.namespaces.iter().try_for_each(|row| {
            let levels = row.modes.iter().map(|mode| outcome(report, row, mode)).collect::<Vec<_>>().join(" | ");
            let strictest = if row.unread.is_empty() { row.strictest.as_str() } else { words::NOT_KNOWN };
            writeln!(out, "| {} | {} | {levels} | {strictest} |", cell(&row.name), now(row, Mode::Enforce))
        });
    }
    let before = if matches!(report.question, Question::Upgrade { .. }) { "Before" } else { "Now" };
    writeln!(out, "\n| Namespace | Mode | {before} | Then | Workloads | Pods |\n|---|---|---|---|---|---|")?;
    for row in &report.namespaces {
        for mode in &row.modes {
            let (workloads, pods) =
                (outcome(report, row, mode), format!("{} of {}", mode.pods.violating, mode.pods.judged));
            let (name, now) = (cell(&row.name), now(row, mode.mode));
            writeln!(out, "| {name} | {} | {now} | {} | {workloads} | {pods} |", mode.mode, mode.to)?;
        }
    }
    Ok(())
}

fn now(row: &NamespaceRow, mode: Mode) -> String {
    words::now(row, mode).map_or("-".to_owned(), |now| words::policy_now(row, mode, now))
}

fn outcome(report: &LabelReport, row: &NamespaceRow, mode: &ModeRow) -> String {
    if row.exempt.is_some() {
        return "➖ exempt".to_owned();
    }
    let sign = match (mode.violating.is_empty(), mode.mode) {
        (true, _) if !row.unread.is_empty() => "❔",
        _ if mode.workloads.judged == 0 => "➖",
        (true, _) => "✅",
        (false, Mode::Enforce) => "❌",
        (false, _) => "⚠️",
    };
    match report.question {
        Question::Upgrade { .. } => {
            format!("{sign} {}", words::upgraded(mode))
        }
        _ => format!("{sign} {}", words::outcome(row, mode.mode, mode.workloads)),
    }
}

/// What is odd about labels, why the server was not asked, and where it differs.
fn write_notices(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    for row in &report.namespaces {
        let name = code(&row.name);
        lines.extend(row.exempt.iter().map(|why| format!("- {name}: {}", code(why))));
        lines.extend(row.notices.iter().map(|notice| format!("- ⚠️ {name}: {}", code(&notice.message))));
        lines.extend(words::refusals(row).map(|(mode, why)| format!("- ⚠️ {name}, {}: {}", mode.mode, code(why))));
        for mode in &row.modes {
            lines.extend(mode.differences.iter().map(|text| format!("- ⚠️ {name}, {}: {}", mode.mode, code(text))));
        }
    }
    if lines.is_empty() { Ok(()) } else { writeln!(out, "\n{}", lines.join("\n")) }
}

fn write_change(row: &NamespaceRow, change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = change.first().filter(|first| !first.violating.is_empty()) else { return Ok(()) };
    let outcome = words::outcome(row, if change.enforces() { Mode::Enforce } else { first.mode }, first.workloads);
    let (name, modes) = (html(&row.name), change.modes());
    writeln!(out, "\n<details><summary><code>{name}</code>: {modes} <code>{}</code>, {outcome}</summary>\n", first.to)?;
    for mode in &change.rows {
        writeln!(out, "- {}: {}", mode.mode, words::effect(mode.mode, &mode.violating))?;
    }
    causes(&first.violating).iter().try_for_each(|cause| write_cause(cause, out))?;
    writeln!(out, "\n</details>")
}

fn write_cause(cause: &Cause<'_>, out: &mut dyn Write) -> io::Result<()> {
    let names = cause.who.iter().map(|who| code(&words::name_with_pods(who))).collect();
    writeln!(out, "\n{}\n", words::list(names, MOST))?;
    for said in cause.findings() {
        let Some((_, first)) = said.first() else { continue };
        writeln!(out, "- **{}** ({}, {})", code(&first.reason), first.level, fix_words(first.fix))?;
        let details = distinct(said.iter().map(|(who, finding)| (*who, finding.detail.as_str())));
        write_list(details.iter().map(|detail| detail.text).filter(|text| !text.is_empty()).collect(), out)?;
        let fields = distinct(said.iter().flat_map(|(who, finding)| {
            finding.violations.iter().map(|one| (*who, format!("{} {}", path(&one.path), statement(one, "not set"))))
        }));
        write_list(fields.iter().map(|field| field.text.as_str()).collect(), out)?;
        writeln!(out, "  - Fix: {}", code(remedy(first)))?;
    }
    let remarks = cause.first().map(words::remarks).unwrap_or_default();
    remarks.iter().try_for_each(|remark| writeln!(out, "- {}", code(remark)))
}

fn write_list(texts: Vec<&str>, out: &mut dyn Write) -> io::Result<()> {
    texts.iter().take(MOST).try_for_each(|text| writeln!(out, "  - {}", code(text)))?;
    if texts.len() > MOST { writeln!(out, "  - and {} more", texts.len() - MOST) } else { Ok(()) }
}

fn write_plans(report: &LabelReport, out: &mut dyn Write) -> io::Result<()> {
    if report.namespaces.iter().all(|row| row.plan.is_empty() && row.applied.is_none()) {
        return Ok(());
    }
    writeln!(out, "\n#### Plan\n")?;
    for row in &report.namespaces {
        if !row.plan.is_empty() || row.applied.is_some() {
            writeln!(out, "- {}{}", code(&row.name), row.applied.as_ref().map_or(String::new(), applied))?;
        }
        row.plan.iter().enumerate().try_for_each(|(at, step)| write_step(at + 1, step, out))?;
    }
    Ok(())
}

fn write_step(number: usize, step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let labels = step.labels.iter().map(|(key, value)| code(&format!("{key}={value}")));
    let removed = step.remove.iter().map(|key| format!("no {}", code(key)));
    let labels = labels.chain(removed).collect::<Vec<_>>().join(", ");
    writeln!(out, "  {number}. {}: {labels} ({})", code(&step.when), code(&step.why))
}

fn applied(applied: &Applied) -> String {
    match applied {
        Applied::Done => ": ✅ labelled, and read back".to_owned(),
        Applied::Unchanged => ": ✅ has these labels already".to_owned(),
        Applied::Skipped(why) => format!(": ➖ not labelled: {}", code(why)),
        Applied::Failed(why) => format!(": ❌ failed: {}", code(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Style;
    use crate::render::label::{LabelFormat, rendered, sample};

    fn text(report: &LabelReport) -> String {
        rendered(report, LabelFormat::Markdown, &Style::default())
    }

    #[test]
    fn a_matrix_is_a_table() {
        let expected = "\
### 📋 Pod Security labels: what 5 namespaces could enforce as of `v1.36`

| Namespace | Enforces now | Baseline | Restricted | Strictest safe |
|---|---|---|---|---|
| `infra` | baseline | ❌ 1 of 4 breaks | ❌ 2 of 4 break | privileged |
| `kube-system` | - | ➖ exempt | ➖ exempt | privileged |
| `shop` | - | ✅ passes | ❌ 1 of 5 breaks | baseline |
| `site` | restricted:v1.30 | ✅ passes | ✅ passes | restricted |
| `team-7` | - | ➖ empty | ➖ empty | restricted |

- `kube-system`: `namespace \"kube-system\" is exempt`
- ⚠️ `team-7`: `label \"pod-security.kubernets.io/enforce\" is not read by";
        let text = text(&sample::matrix());
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn what_violates_is_folded() {
        let text = text(&sample::labels());
        assert!(text.starts_with("### ❌ Pod Security labels: these labels would break 1 of 4 namespaces\n"), "{text}");
        let expected = "
<details><summary><code>shop</code>: enforce <code>baseline:v1.36</code>, 2 of 5 break</summary>

- enforce: new pods of 2 workloads are refused; 2 running pods stay until they restart and would then not come back

`statefulset/db (1 pod)`

- **`privileged`** (baseline, risky fix)
  - `container \"istio-init\" must not set securityContext.privileged=true`
  - `spec.template.spec.containers[0].securityContext.privileged is true, wanted false`
";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("| `shop` | warn | - | restricted:v1.36 | ⚠️ 4 of 5 violate | 4 of 10 |\n"), "{text}");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }

    #[test]
    fn hostile_text_is_only_text() {
        let text = text(&sample::hostile());
        assert!(text.contains("<code>x^[[2J|`&lt;b&gt;'$(id)\\n---\\nkind: \\u{202e}@all</code>: enforce"), "{text}");
        assert!(text.contains("| ``x^[[2J\\|`<b>'$(id)\\n---\\nkind: \\u{202e}@all`` |"), "{text}");
    }

    #[test]
    fn plans_are_lists() {
        let text = text(&sample::planned());
        let expected = "
- `shop`: ✅ labelled, and read back
  1. `now`: `pod-security.kubernetes.io/warn=baseline`, `pod-security.kubernetes.io/warn-version=v1.36` (`whoever applies what will be refused is told`)
  2. `after a week without warnings`: `pod-security.kubernetes.io/enforce=baseline`, `pod-security.kubernetes.io/enforce-version=v1.36`, no `pod-security.kubernetes.io/warn-version` (`nothing violates it`)
";
        assert!(text.contains(expected), "{text}");
    }
}
