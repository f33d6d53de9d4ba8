//! `-o junit`: a suite per file, a case per pod template.

use std::collections::HashMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use super::sink::Sink;
use super::spots::spots;
use super::style::{counted, sanitize};
use super::words::{self, Objection};
use crate::report::{PlacedFinding, Problem, Report, Verdict};

/// Writes JUnit XML. What XML cannot carry is escaped as on a terminal.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut suites = Suites::new("kubectl-secctx");
    suites.add_test_suites(by_file(report));
    let mut sink = Sink::new(out);
    let result = suites.serialize(&mut sink);
    sink.finish(result)
}

/// The suites in the order in which their files come first; unreadable files last.
fn by_file(report: &Report) -> Vec<TestSuite> {
    let cases = (report.results.iter().map(|verdict| (&verdict.source.file, case(report, verdict))))
        .chain(report.errors.iter().map(|error| (&error.source.file, error_case(error))));
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut known = HashMap::new();
    for (file, case) in cases {
        let at = *known.entry(file).or_insert_with(|| {
            suites.push(TestSuite::new(sanitize(file)));
            suites.len() - 1
        });
        if let Some(suite) = suites.get_mut(at) {
            suite.add_test_case(case);
        }
    }
    suites
}

fn case(report: &Report, verdict: &Verdict) -> TestCase {
    let objections = words::objections(report, verdict);
    let mut case = TestCase::new(words::object_name(verdict), status(verdict, &objections));
    let namespace = verdict.namespace.as_deref().unwrap_or("-");
    case.set_classname(sanitize(&format!("{namespace}/{}", verdict.kind)));
    if let Some(line) = verdict.source.line {
        case.extra.insert("file".into(), sanitize(&verdict.source.file).into());
        case.extra.insert("line".into(), line.to_string().into());
    }
    let (_, admitted): (Vec<_>, Vec<_>) = objections.iter().partition(|objection| objection.refuses());
    if !admitted.is_empty() {
        case.set_system_out(admitted.into_iter().map(|objection| text(verdict, objection)).collect::<String>());
    }
    case
}

fn status(verdict: &Verdict, objections: &[Objection<'_>]) -> TestCaseStatus {
    if let Some(why) = &verdict.exempt {
        let mut status = TestCaseStatus::skipped();
        status.set_message(sanitize(why));
        return status;
    }
    if verdict.allowed {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let policy = verdict.policy_text();
    let findings = counted(verdict.findings.len(), "finding", "findings");
    status.set_message(format!("does not meet {policy}: {findings}"));
    status.set_type(policy);
    let refusing = objections.iter().filter(|objection| objection.refuses());
    status.set_description(refusing.map(|objection| text(verdict, objection)).collect::<String>());
    status
}

fn error_case(error: &Problem) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(sanitize(&error.message));
    status.set_type("unreadable");
    status.set_description(format!("{}: {}\n", words::position(&error.source), sanitize(&error.message)));
    let mut case = TestCase::new(words::position(&error.source), status);
    case.set_classname("input");
    case
}

/// The findings of a policy: reason and detail, the spots, the remedy.
fn text(verdict: &Verdict, objection: &Objection<'_>) -> String {
    let modes = if objection.modes.is_empty() { String::new() } else { format!(" ({})", objection.modes_text()) };
    let mut text = format!("\n{} does not meet {}{modes}\n", words::object(verdict), objection.policy_text());
    for placed in objection.findings {
        text.push_str(&finding_text(verdict, placed));
    }
    text
}

fn finding_text(verdict: &Verdict, placed: &PlacedFinding) -> String {
    let finding = &placed.finding;
    let mut text = format!("\n{} [{}]\n", sanitize(&finding.reason), finding.check);
    if !finding.detail.is_empty() {
        text.push_str(&format!("  {}\n", sanitize(&finding.detail)));
    }
    for spot in spots(placed) {
        let mut source = verdict.source.clone();
        source.line = spot.place.map(|place| place.line);
        source.column = spot.place.map(|place| place.column);
        for (violation, place) in spot.violations {
            let nothing = if place.is_some_and(|place| place.exact) { "null" } else { "not set" };
            let path = words::path(&violation.path);
            let statement = words::statement(violation, nothing);
            text.push_str(&format!("  {}: {path} {statement}\n", words::position(&source)));
        }
    }
    text.push_str(&format!("  fix: {}\n", words::remedy(finding)));
    text
}

#[cfg(test)]
mod tests {
    use quick_junit::{Report as Suites, TestCaseStatus};

    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn read(report: &Report) -> (String, Suites) {
        let text = rendered(report, Format::Junit, &Style::default());
        let suites = Suites::deserialize_from_str(&text).expect("JUnit XML");
        (text, suites)
    }

    fn message(status: &TestCaseStatus) -> &str {
        match status {
            TestCaseStatus::NonSuccess { message, .. } | TestCaseStatus::Skipped { message, .. } => {
                message.as_ref().map_or("", |message| message.as_str())
            }
            TestCaseStatus::Success { .. } => "passed",
        }
    }

    #[test]
    fn a_suite_per_file_and_a_case_per_template() {
        let (_, suites) = read(&sample::shop());
        assert_eq!((suites.tests, suites.failures, suites.errors), (3, 1, 0));
        let seen: Vec<_> = (suites.test_suites.iter())
            .flat_map(|suite| suite.test_cases.iter().map(move |case| (suite, case)))
            .map(|(suite, case)| {
                let class = case.classname.as_ref().map_or("", |class| class.as_str());
                (suite.name.as_str(), class, case.name.as_str(), message(&case.status))
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("shop.yaml", "shop/CronJob", "cronjob/cleanup", "passed"),
                ("shop.yaml", "shop/Deployment", "deployment/web", "does not meet restricted:v1.37: 3 findings"),
                ("agents/log.yaml", "kube-system/DaemonSet", "daemonset/log", "namespace \"kube-system\" is exempt"),
            ]
        );
    }

    #[test]
    fn the_text_of_a_failure_has_all_findings() {
        let (text, _) = read(&sample::shop());
        let expected = format!(
            "\nallowPrivilegeEscalation != false [allowPrivilegeEscalation]\n  containers &quot;web&quot;, &quot;proxy&quot; \
             must set securityContext.allowPrivilegeEscalation=false\n  \
             shop.yaml:21:9: spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation is not set, wanted \
             false\n  \
             shop.yaml:104:11: spec.template.spec.containers[1].securityContext.allowPrivilegeEscalation is true, wanted \
             false\n  fix: {}\n",
            sample::remedy("allowPrivilegeEscalation").replace('"', "&quot;")
        );
        let plain = text.replace("&apos;", "'");
        assert!(plain.contains(&expected), "{plain}");
    }

    #[test]
    fn what_xml_cannot_carry_is_escaped_and_errors_are_cases() {
        let (text, suites) = read(&sample::hostile());
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        assert_eq!((suites.tests, suites.failures, suites.errors), (3, 1, 2));
        let names: Vec<_> = suites.test_suites.iter().map(|suite| suite.name.as_str()).collect();
        assert_eq!(names, ["a b^[#,:%/ü.yaml", "b.yaml", "gone.yaml"]);
        let case = &suites.test_suites[0].test_cases[0];
        assert_eq!(case.name.as_str(), "rollout/x^[[2J|`<b>%0A\\n::error::\\u{202e}@all");
        assert_eq!(message(&suites.test_suites[1].test_cases[0].status), "not YAML: ^[[31m<oops>");
    }

    #[test]
    fn what_only_warns_is_output_of_a_case_that_passes() {
        let (_, suites) = read(&sample::labelled());
        assert_eq!((suites.tests, suites.failures), (3, 1));
        let cases = &suites.test_suites[0].test_cases;
        let output = cases[1].system_out.as_ref().map_or("", |text| text.as_str());
        assert!(output.contains("deployment/api (shop) does not meet restricted:v1.36 (warn)"), "{output}");
        assert!(cases[2].system_out.is_none());
        let (_, suites) = read(&sample::empty());
        assert_eq!(suites.tests, 0);
    }
}
