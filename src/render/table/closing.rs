//! The last lines: how many workloads pass, and what to type next.

use std::io::{self, Write};

use crate::render::sentence::{listed, sentence, set_aside};
use crate::render::style::{Style, Tone, counted, plural, sanitize};
use crate::render::words;
use crate::report::{Asked, Summary};

/// Writes the count, and the next command where something does not pass.
pub(super) fn write(summary: &Summary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    write_count(summary, style, out)?;
    match &style.next {
        Some(command) if summary.violating > 0 => {
            writeln!(out, "{} {}", style.paint(Tone::Hint, "next:"), sanitize(command))
        }
        _ => Ok(()),
    }
}

fn write_count(summary: &Summary, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let workloads = counted(summary.checked, "workload", "workloads");
    let mut pieces = vec![(Tone::Plain, format!("{workloads} checked against {}", summary.policy_text()))];
    pieces.extend(listed(outcome(summary)));
    pieces.extend(set_aside(summary.errors.count(), summary.without_template));
    if summary.ended > 0 {
        pieces.push((Tone::Faint, format!(" {}", words::ended(summary.ended))));
    }
    sentence(out, style, 2, &pieces)
}

/// `1 meets it`, `2 do not`, `1 is exempt`: how it went, part by part.
fn outcome(summary: &Summary) -> Vec<(Tone, String)> {
    let (failing, exempt) = (summary.violating, summary.exempt);
    let passing = summary.checked.saturating_sub(failing + exempt);
    let it = if summary.basis.asked == Asked::Namespace { "them" } else { "it" };
    let (good, bad) = (Tone::StrongGood, Tone::StrongBad);
    match (passing, failing, exempt) {
        (0, 0, 0) => return Vec::new(),
        (1, 0, 0) => return vec![(good, format!("meets {it}"))],
        (0, 1, 0) => return vec![(bad, format!("does not meet {it}"))],
        (_, 0, 0) => return vec![(good, format!("all meet {it}"))],
        (0, _, 0) => return vec![(bad, format!("none meets {it}"))],
        _ => {}
    }
    let mut parts = Vec::new();
    if passing > 0 {
        parts.push((good, format!("{passing} {} {it}", plural(passing, "meets", "meet"))));
    }
    if failing > 0 {
        let rest = if passing > 0 { String::new() } else { format!(" meet {it}") };
        parts.push((bad, format!("{failing} {} not{rest}", plural(failing, "does", "do"))));
    }
    if exempt > 0 {
        parts.push((Tone::Plain, format!("{exempt} {} exempt", plural(exempt, "is", "are"))));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use crate::report::{Report, Verdict};

    fn closing(report: &Report, style: &Style) -> String {
        let mut out = Vec::new();
        write(&Summary::of(report), style, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    fn of(passing: usize, failing: usize, exempt: usize) -> String {
        let mut report = sample::empty();
        let pass = sample::passing("a.yaml", 1, "Pod", None, "a");
        report.results.extend(vec![pass.clone(); passing]);
        report.results.extend(vec![Verdict { allowed: false, ..pass.clone() }; failing]);
        report.results.extend(vec![Verdict { exempt: Some("user".to_owned()), ..pass }; exempt]);
        closing(&report, &Style::default()).trim_end().replace(" checked against baseline:v1.37", "")
    }

    #[test]
    fn counts_are_sentences() {
        assert_eq!(of(0, 0, 0), "0 workloads");
        assert_eq!(of(1, 0, 0), "1 workload: meets it");
        assert_eq!(of(0, 1, 0), "1 workload: does not meet it");
        assert_eq!(of(2, 0, 0), "2 workloads: all meet it");
        assert_eq!(of(0, 2, 0), "2 workloads: none meets it");
        assert_eq!(of(1, 1, 0), "2 workloads: 1 meets it, 1 does not");
        assert_eq!(of(2, 3, 1), "6 workloads: 2 meet it, 3 do not, 1 is exempt");
        assert_eq!(of(2, 0, 1), "3 workloads: 2 meet it, 1 is exempt");
        assert_eq!(of(0, 1, 2), "3 workloads: 1 does not meet it, 2 are exempt");
        assert_eq!(of(0, 0, 1), "1 workload: 1 is exempt");
    }

    #[test]
    fn what_failed_and_what_is_no_workload_is_counted_too() {
        let mut report = sample::shop();
        report.errors = sample::hostile().errors;
        let style = Style { next: Some("kubectl secctx harden -f shop.yaml".to_owned()), ..Style::default() };
        assert_eq!(
            closing(&report, &style),
            "3 workloads checked against restricted:v1.37: 1 meets it, 1 does not, 1 is exempt; 2 errors \
             (2 documents hold no pod template)\nnext: kubectl secctx harden -f shop.yaml\n"
        );
        let labels = "3 workloads checked against the labels of their namespaces: 2 meet them, 1 does not\n";
        assert_eq!(closing(&sample::labelled(), &Style::default()), labels);
    }

    #[test]
    fn there_is_nothing_to_do_next_when_all_pass() {
        let style = Style { next: Some("kubectl secctx harden".to_owned()), ..Style::default() };
        assert_eq!(closing(&sample::empty(), &style), "0 workloads checked against baseline:v1.37\n");
        let report = Report { without_template: 1, ..sample::empty() };
        let text = "0 workloads checked against baseline:v1.37 (1 document holds no pod template)\n";
        assert_eq!(closing(&report, &style), text);
        let report = Report { ended: 2, ..sample::empty() };
        let text = "0 workloads checked against baseline:v1.37 (2 pods have ended and are not judged)\n";
        assert_eq!(closing(&report, &style), text);
    }
}
