//! The formats for people: a line per workload, then each finding where it is in the text, then what to do.

mod block;
mod closing;
mod frame;
mod line;
mod list;
mod live;
mod rows;
mod summary;

pub(super) use frame::Frames;
pub(super) use list::List;
pub(super) use summary::Namespaces;

use std::io::{self, Write};

use super::Format;
use super::printer::{Pages, Part, Printer};
use crate::report::{Summary, Verdict};

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// What is wrong, where, and the remedy.
    Normal,
    /// Also why it matters and what may break, and more columns in the list.
    Wide,
}

/// Writes the row of each verdict, and what is wrong with it.
pub(super) fn part(printer: &Printer, verdicts: &[Verdict], part: &mut Part) -> io::Result<()> {
    let (basis, style, detail) = (printer.basis, &printer.style, Detail::of(printer.format));
    for verdict in verdicts {
        part.list.push(basis, verdict, detail, &mut part.rows)?;
        part.namespaces.push(verdict);
        if !style.brief {
            block::write(basis, verdict, detail, style, &mut part.text)?;
            live::write(basis, verdict, style, &mut part.text)?;
        }
    }
    Ok(())
}

/// Writes the report for people.
pub(super) fn finish(pages: Pages<'_>, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let Printer { style, format, .. } = pages.printer;
    pages.list.write(pages.rows, Detail::of(*format), summary, style, out)?;
    pages.body.copy(0, out)?;
    pages.namespaces.write(style, out)?;
    closing::write(summary, style, out)
}

impl Detail {
    fn of(format: Format) -> Self {
        if format == Format::Wide { Self::Wide } else { Self::Normal }
    }
}

#[cfg(test)]
mod tests {
    use crate::render::measure::columns;
    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn plain() -> Style {
        Style { unicode: true, ..Style::default() }
    }

    fn table(report: &Report, style: &Style) -> String {
        rendered(report, Format::Table, style)
    }

    /// The text without its colours.
    fn uncoloured(text: &str) -> String {
        let mut parts = text.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
    }

    #[test]
    fn the_whole_table() {
        let style = Style { next: Some("kubectl secctx harden -f shop.yaml".to_owned()), ..plain() };
        let expected = r#"  ✓ cronjob/cleanup  shop         restricted  shop.yaml:1
  ✗ deployment/web   shop         privileged  shop.yaml:12       3 findings
  - daemonset/log    kube-system  privileged  agents/log.yaml:1  namespace "kube-system" is exempt

deployment/web (shop) does not meet restricted:v1.37

  hostPath volumes                                                                manual
    volume "run"
       --> shop.yaml:31:9  spec.template.spec.volumes[0].hostPath
        |
     31 |         hostPath: {path: /run}
        |         ^^^^^^^^^ is {"path":"/run"}, must go
        = fix: FIX hostPathVolumes

  allowPrivilegeEscalation != false                                             safe fix
    containers "web", "proxy" must set securityContext.allowPrivilegeEscalation=false
       --> shop.yaml:21:9  spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation
        |
     21 |       - name: web
        |         ^^^^^^^^^ securityContext.allowPrivilegeEscalation is not set here, wanted false
       --> shop.yaml:104:11  spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation
        |
    104 |           allowPrivilegeEscalation: true
        |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ is true, wanted false
        = fix: FIX allowPrivilegeEscalation

  unrestricted capabilities                                                    risky fix
    container "web" must set securityContext.capabilities.drop=["ALL"]; container "web" must not include "NET_ADMIN", "SYS_TIME" in securityContext.capabilities.add
       --> shop.yaml:25:11  spec.template.spec.containers[0].securityContext.capabilities.drop
        |
     25 |           capabilities:
        |           ^^^^^^^^^^^^ drop is not set here, wanted ["ALL"]
       --> shop.yaml:26:19  spec.template.spec.containers[0].securityContext.capabilities.add
        |
     26 |             add: [NET_ADMIN, SYS_TIME]
        |                   ^^^^^^^^^ is "NET_ADMIN", must go
        |                              ^^^^^^^^ is "SYS_TIME", must go
        = fix: FIX capabilities_restricted

3 workloads checked against restricted:v1.37: 1 meets it, 1 does not, 1 is exempt (2 documents hold no pod template)
next: kubectl secctx harden -f shop.yaml
"#;
        let expected = ["hostPathVolumes", "allowPrivilegeEscalation", "capabilities_restricted"]
            .into_iter()
            .fold(expected.to_owned(), |text, check| text.replace(&format!("FIX {check}"), sample::remedy(check)));
        assert_eq!(table(&sample::shop(), &style), expected);
        let coloured = table(&sample::shop(), &Style { color: true, ..style.clone() });
        assert!(coloured.contains("\u{1b}[1;31mhostPath volumes\u{1b}[0m"), "baseline is red");
        assert!(coloured.contains("\u{1b}[1;33munrestricted capabilities\u{1b}[0m"), "restricted is yellow");
        assert_eq!(uncoloured(&coloured), expected);
    }

    #[test]
    fn hostile_text_and_custom_resources() {
        let text = table(&sample::hostile(), &plain());
        let name = r"rollout/x^[[2J|`<b>%0A\n::error::\u{202e}@all";
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], format!("  ✗ {name}  privileged  1 finding, custom resource"));
        assert_eq!(
            lines[2],
            format!("{name} (custom resource, pod template at spec.template) does not meet restricted:v1.37")
        );
        assert_eq!(lines[5], r#"    pod set forbidden securityContext.seLinuxOptions: type "t^[\n%|`{0}[a](b)""#);
        assert_eq!(lines[8], "    3 |     - 名前: \"x^[[31m\" # |`");
        assert_eq!(lines[9], r#"      |       ^^^^ is "t\u001b\"\n%|`{0}[a](b)", wanted """#);
        assert!(text.contains("1 workload checked against restricted:v1.37: does not meet it; 2 errors\n"), "{text}");
    }

    #[test]
    fn modes_have_headings_of_their_own_and_nothing_is_told_twice() {
        let text = table(&sample::labelled(), &plain());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..3],
            [
                "  ✗ deployment/web  shop  privileged  1 finding against baseline:v1.36 (enforce), 3 findings against \
                 restricted:v1.36 (audit and warn)",
                "  ! deployment/api  shop  baseline    1 finding against restricted:v1.36 (warn)",
                "  ✓ deployment/ok   lost  restricted  its namespace's labels are not known",
            ]
        );
        let headings: Vec<_> = lines.iter().filter(|line| line.contains("does not meet")).collect();
        assert_eq!(
            headings,
            [
                &"deployment/web (shop) does not meet baseline:v1.36, mode enforce",
                &"deployment/web (shop) does not meet restricted:v1.36, modes audit and warn",
                &"deployment/api (shop) does not meet restricted:v1.36, mode warn",
            ]
        );
        assert_eq!(text.matches("volume \"run\"").count(), 1);
        assert_eq!(text.matches("hostPath volumes").count(), 2);
        assert_eq!(text.matches("see above").count(), 1);
    }

    #[test]
    fn wide_has_more_columns_and_tells_why() {
        let text = rendered(&sample::shop(), Format::Wide, &plain());
        let lines: Vec<_> = text.lines().take(4).collect();
        assert_eq!(
            lines,
            [
                "    NAMESPACE    WORKLOAD         APIVERSION  MEETS       FILE:LINE          MISSING FOR restricted:v1.37",
                "  ✓ shop         cronjob/cleanup  batch/v1    restricted  shop.yaml:1        -",
                "  ✗ shop         deployment/web   apps/v1     privileged  shop.yaml:12       hostPathVolumes, \
                 allowPrivilegeEscalation, capabilities_restricted",
                "  - kube-system  daemonset/log    apps/v1     privileged  agents/log.yaml:1  namespace \"kube-system\" is \
                 exempt",
            ]
        );
        let meaning = &crate::checks::by_id("hostPathVolumes").expect("a check").meaning;
        assert!(text.contains(&format!("        = why: {}\n        = may break: {}\n", meaning.why, meaning.breaks)));
        let labelled = rendered(&sample::labelled(), Format::Wide, &plain());
        assert!(
            labelled.contains("hostPathVolumes for baseline:v1.36 (enforce); hostPathVolumes, allowPriv"),
            "{labelled}"
        );
    }

    #[test]
    fn narrow_terminals_cut_and_wrap() {
        for width in 56..120 {
            let style = Style { width: Some(width), ..plain() };
            for report in [sample::shop(), sample::hostile(), sample::labelled()] {
                let text = table(&report, &style);
                let (list, details) = text.split_once("\n\n").expect("a list and details");
                let framed = details.lines().filter(|line| line.contains(" |") || line.contains("--> "));
                for line in list.lines().chain(framed) {
                    assert!(columns(line) <= width, "{width}: {line}");
                }
                assert!(text.matches('^').count() > 3);
            }
        }
        let text = table(&sample::shop(), &Style { width: Some(60), ..plain() });
        let note = "        |         ^^^^^^^^^
        |         securityContext.allowPrivilegeEscalation
        |         is not set here, wanted false
       --> shop.yaml:104:11  …ntext.allowPrivilegeEscalation
";
        assert!(text.contains(note), "{text}");
    }

    #[test]
    fn without_unicode_all_marks_are_ascii() {
        let text = table(&sample::shop(), &Style { width: Some(60), ..Style::default() });
        assert!(text.is_ascii(), "{text}");
        assert!(text.starts_with("  + cronjob/cleanup  shop"), "{text}");
        assert!(text.contains("\n  x deployment/web "), "{text}");
        assert!(text.contains("  ...ntext.allowPrivilegeEscalation\n"), "{text}");
    }

    #[test]
    fn findings_without_places_are_named_by_their_paths() {
        let mut report = sample::shop();
        report.results[1].findings.iter_mut().for_each(|placed| placed.places.clear());
        let text = table(&report, &plain());
        let line =
            "    spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation is not set, wanted false\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_very_long_name_does_not_widen_the_other_lines() {
        let mut report = sample::shop();
        report.results[0].name = "x".repeat(5000);
        let text = table(&report, &plain());
        let lines: Vec<_> = text.lines().take(2).map(str::len).collect();
        assert!(lines[0] > 5000 && lines[1] < 200, "{lines:?}");
        let text = table(&report, &Style { width: Some(100), ..plain() });
        assert!(text.lines().take(2).all(|line| columns(line) <= 100), "{text}");
    }

    #[test]
    fn nothing_to_list() {
        assert_eq!(table(&sample::empty(), &plain()), "0 workloads checked against baseline:v1.37\n");
    }
}
