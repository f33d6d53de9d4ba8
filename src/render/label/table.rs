//! `-o table` and `-o wide`: a line per namespace, then what violates and why, what to do, and how it went.

use std::io::{self, Write};

use super::causes::{causes, changes};
use super::{blocks, closing, lists, plans, server};
use crate::render::style::Style;
use crate::report::label::{LabelReport, Question};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Of each cause only a line: so much violates that more could not be read.
    Short,
    /// Each cause with its fields, long lists cut.
    Normal,
    /// Everything.
    Wide,
}

/// With more causes than these, the table tells each in a line.
const MOST_CAUSES: usize = 12;

impl Detail {
    /// How many of a list's items are shown.
    pub(super) fn most(self, items: usize) -> usize {
        if self == Self::Wide { usize::MAX } else { items }
    }
}

/// Writes the report for people.
pub(super) fn render(report: &LabelReport, is_wide: bool, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    // Narrower than this, nothing sensible can be laid out; the terminal may break the lines.
    let style = Style { width: style.width.map(|width| width.max(40)), ..style.clone() };
    let detail = match report.question {
        _ if is_wide => Detail::Wide,
        Question::Labels | Question::Upgrade { .. } if count_causes(report) > MOST_CAUSES => Detail::Short,
        _ => Detail::Normal,
    };
    lists::write(report, detail, &style, out)?;
    let has_blocks = report.question != Question::Matrix || is_wide;
    if has_blocks && !style.brief {
        report.namespaces.iter().try_for_each(|row| blocks::write(report, row, detail, &style, out))?;
    }
    server::write(report, detail, &style, out)?;
    plans::write(report, detail, &style, out)?;
    closing::write(report, detail, &style, out)
}

fn count_causes(report: &LabelReport) -> usize {
    let changes = report.namespaces.iter().flat_map(changes);
    changes.filter_map(|change| change.first()).map(|row| causes(&row.violating).len()).sum()
}

#[cfg(test)]
mod tests {
    use crate::render::Style;
    use crate::render::label::{LabelFormat, rendered, sample};
    use crate::render::measure::columns;
    use crate::report::label::{LabelReport, Question};

    fn plain() -> Style {
        Style { unicode: true, ..Style::default() }
    }

    fn table(report: &LabelReport, style: &Style) -> String {
        rendered(report, LabelFormat::Table, style)
    }

    #[test]
    fn the_matrix() {
        let style = Style { next: Some("kubectl secctx dry-run-label --all --recommend".to_owned()), ..plain() };
        let expected = r#"    NAMESPACE    ENFORCE NOW       BASELINE       RESTRICTED     STRICTEST SAFE
  ✗ infra        baseline          1 of 4 breaks  2 of 4 break   privileged
  - kube-system  -                 exempt         exempt         -
  ↑ shop         -                 passes         1 of 5 breaks  baseline
  ✓ site         restricted:v1.30  passes         passes         restricted
  ↑ team-7       -                 empty          empty          restricted

  - kube-system  namespace "kube-system" is exempt
  ! team-7       label "pod-security.kubernets.io/enforce" is not read by anything; did you mean "pod-security.kubernetes.io/enforce"?

5 namespaces at v1.36: 1 enforces what is safe, 2 could enforce more, 1 enforces more than what runs meets, 1 is exempt
next: kubectl secctx dry-run-label --all --recommend
"#;
        assert_eq!(table(&sample::matrix(), &style), expected);
        let wide = rendered(&sample::matrix(), LabelFormat::Wide, &plain());
        assert!(wide.contains("  WARN NOW          AUDIT NOW  BASELINE  "), "{wide}");
        assert!(wide.contains("2 of 4 break (3 of 8 pods)"), "{wide}");
    }

    /// One list of several did not come: nothing is called safe.
    #[test]
    fn what_could_not_be_read_is_not_known() {
        let mut report = sample::matrix();
        report.namespaces.iter_mut().for_each(|row| row.unread.push("pods".to_owned()));
        let expected = r#"    NAMESPACE    ENFORCE NOW       BASELINE       RESTRICTED     STRICTEST SAFE
  ! infra        baseline          1 of 4 breaks  2 of 4 break   not known
  - kube-system  -                 exempt         exempt         -
  ! shop         -                 not known      1 of 5 breaks  not known
  ! site         restricted:v1.30  not known      not known      not known
  ! team-7       -                 not known      not known      not known
"#;
        let told = table(&report, &plain());
        assert!(told.starts_with(expected), "{told}");
        assert!(told.contains("5 namespaces at v1.36: 1 is exempt, 4 not known\n"), "{told}");
        let markdown = rendered(&report, LabelFormat::Markdown, &plain());
        assert!(markdown.contains("| `shop` | - | ❔ not known | ❌ 1 of 5 breaks | not known |"), "{markdown}");
        for format in [LabelFormat::Kubectl, LabelFormat::Manifest] {
            let text = rendered(&report, format, &plain());
            assert!(!text.contains("/enforce=") && !text.contains("/enforce: "), "{text}");
        }
        let mut report = sample::labels();
        report.namespaces.retain(|row| !row.breaks());
        report.namespaces.iter_mut().for_each(|row| row.unread.push("pods".to_owned()));
        let markdown = rendered(&report, LabelFormat::Markdown, &plain());
        assert!(markdown.starts_with("### ❔ Pod Security labels: nothing that could be read breaks"), "{markdown}");
    }

    #[test]
    fn what_labels_would_do() {
        let expected = r#"    NAMESPACE    ENFORCE NOW  ENFORCE baseline  WARN+AUDIT restricted
  ✓ clean        -            passes            passes
  - kube-system  -            exempt            exempt
  ✗ shop         -            2 of 5 break      4 of 5 violate
  ✓ team-7       -            empty             empty

  - kube-system  namespace "kube-system" is exempt
  ! team-7       label "pod-security.kubernets.io/enforce" is not read by
                 anything; did you mean "pod-security.kubernetes.io/enforce"?

shop: enforce baseline:v1.36, 2 of 5 break
  enforce: new pods of 2 workloads are refused; 2 running pods stay until they
           restart and would then not come back

  statefulset/db (1 pod)
    privileged                                                         risky fix
      container "istio-init" must not set securityContext.privileged=true
      spec.template.spec.containers[0].securityContext.privileged is true,
      wanted false
    allowPrivilegeEscalation != false                                   safe fix
      container "istio-init" must set
      securityContext.allowPrivilegeEscalation=false
      spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation
      is not set, wanted false
    container not in the template, hence injected: istio-init; nothing else
    violates
    = Istio: install its CNI plugin, or use ambient mode, so that pods need no
      istio-init; the proxy's securityContext is set in the sidecar injector's
      values

  pod/debug
    privileged                                                         risky fix
      container "debug" must not set securityContext.privileged=true
      spec.template.spec.containers[0].securityContext.privileged is true,
      wanted false

shop: audit and warn restricted:v1.36, 4 of 5 violate
  audit: the audit log marks requests that create or change these, and nothing
         is refused
  warn: whoever creates or changes these is warned, and nothing is refused

  deployment/api, deployment/web (2 pods)
    allowPrivilegeEscalation != false                                   safe fix
      deployment/api: container "api" must set
      securityContext.allowPrivilegeEscalation=false
      deployment/web: container "web" must set
      securityContext.allowPrivilegeEscalation=false
      spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation
      is not set, wanted false

  as above: statefulset/db, pod/debug

  ! team-7: may not patch namespaces: this is our own verdict alone
  ! shop, enforce baseline:v1.36: the server says nothing of pod/debug

"#;
        let text = table(&sample::labels(), &Style { width: Some(80), ..plain() });
        assert!(text.starts_with(expected), "{text}");
        let wide = rendered(&sample::labels(), LabelFormat::Wide, &plain());
        assert!(
            wide.contains("\n  > shop, enforce baseline:v1.36: existing pods in namespace \"shop\" violate"),
            "{wide}"
        );
    }

    #[test]
    fn plans_and_what_became_of_them() {
        let expected = r#"
  recommended for shop, team-7
  1. now: warn=baseline warn-version=v1.36
     whoever applies what will be refused is told
  2. after a week without warnings: enforce=baseline enforce-version=v1.36 warn-version-
     nothing violates it

  - infra        not labelled: 1 workload would break
  - kube-system  not labelled: one of the system's own
  ✓ shop         labelled, and read back
  ✓ site         has these labels already
  ✗ team-7       failed: somebody else changed it
"#;
        let text = table(&sample::planned(), &plain());
        assert!(text.contains(expected.trim_start()), "{text}");
    }

    #[test]
    fn upgrades_tell_what_is_new() {
        let text = table(&sample::upgrade(), &plain());
        assert!(text.contains("  ✗ shop       restricted        1 newly refused, 1 newly admitted\n"), "{text}");
        assert!(text.contains("  ✓ site       restricted        no change\n"), "{text}");
        assert!(text.contains("\n  newly admitted: daemonset/log\n"), "{text}");
        assert!(
            text.ends_with(
                "2 namespaces upgraded from v1.36 to v1.37: 1 workload newly refused, 1 workload newly admitted\n"
            ),
            "{text}"
        );
        assert!(text.starts_with("    NAMESPACE  ENFORCE AT v1.36  ENFORCE AT v1.37"), "{text}");
        let down = LabelReport { question: Question::Upgrade { from: 37, to: 36 }, ..sample::upgrade() };
        assert!(table(&down, &plain()).contains("2 namespaces downgraded from v1.37 to v1.36: "));
        let same = LabelReport { question: Question::Upgrade { from: 37, to: 37 }, ..sample::upgrade() };
        assert!(table(&same, &plain()).contains("2 namespaces at v1.37 before and after: "));
    }

    #[test]
    fn much_stays_readable_and_wide_leaves_nothing_out() {
        let report = sample::big();
        let text = table(&report, &Style { width: Some(140), ..plain() });
        assert!(text.lines().count() < 400, "{}", text.lines().count());
        let line = "     9  allowPrivilegeEscalation: deployment/workload-0, deployment/workload-3, deployment/workload-6 \
                    and 6 more\n";
        assert_eq!(text.matches(line).count(), 60, "{text}");
        let wide = rendered(&report, LabelFormat::Wide, &plain());
        for number in 0..25 {
            assert_eq!(wide.matches(&format!("deployment/workload-{number} (2 pods)")).count(), 60, "{number}");
        }
        assert!(!wide.contains(" more"), "{wide}");
    }

    #[test]
    fn a_forbidden_question_is_told_once() {
        let mut report = sample::big();
        let error = Some("may not patch namespaces".to_owned());
        for row in &mut report.namespaces {
            row.modes[0].server =
                Some(crate::report::label::ServerAnswer { warnings: Vec::new(), error: error.clone() });
        }
        let text = table(&report, &plain());
        let line = "  ! team-00, team-01, team-02, team-03, team-04, team-05 and 54 more: may not patch namespaces\n";
        assert_eq!(text.matches("may not patch").count(), 1, "{text}");
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn lines_fit_the_terminal() {
        for report in [sample::matrix(), sample::labels(), sample::upgrade(), sample::big(), sample::planned()] {
            for width in [60, 80, 100, 140] {
                let style = Style { width: Some(width), ..plain() };
                let text = table(&report, &style);
                let long = text.lines().filter(|line| columns(line) > width && line.trim().contains(' '));
                let long: Vec<_> = long.collect();
                assert!(long.is_empty(), "{width}: {long:#?}");
            }
        }
    }

    #[test]
    fn brief_and_ascii() {
        let text = table(&sample::labels(), &Style { brief: true, ..Style::default() });
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("  x shop  ") && text.contains("  + clean  "), "{text}");
        assert!(!text.contains("statefulset/db"), "{text}");
        assert!(text.contains("  ! shop, enforce baseline:v1.36: the server says nothing of pod/debug\n"), "{text}");
        assert_eq!(table(&sample::empty(), &plain()), "0 namespaces at v1.36\n");
    }
}
