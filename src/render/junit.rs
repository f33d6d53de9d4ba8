//! `-o junit`: a suite per file, a case per pod template.

use std::io::{self, Read, Write};
use std::sync::Arc;

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::printer::Part;
use super::spool::Spool;
use super::spots::spots;
use super::style::{counted, sanitize};
use super::words::{self, Objection};
use crate::report::{Basis, PlacedFinding, Problem, Verdict};

/// A file's suite: what its first line has to tell.
#[derive(Debug)]
struct Suite {
    file: Arc<str>,
    tests: usize,
    skipped: usize,
    failures: usize,
    errors: usize,
    /// Bytes that its cases take.
    length: u64,
}

/// The suites of a report, in the order in which their files come.
#[derive(Debug, Default)]
pub(super) struct Suites(Vec<Suite>);

impl Suites {
    /// Adds suites that come next; the first may go on with the file of the last.
    pub(super) fn add(&mut self, next: Self) {
        for suite in next.0 {
            match self.0.last_mut().filter(|last| last.file == suite.file) {
                Some(last) => last.add(&suite),
                None => self.0.push(suite),
            }
        }
    }
}

impl Suite {
    fn add(&mut self, next: &Self) {
        self.tests += next.tests;
        self.skipped += next.skipped;
        self.failures += next.failures;
        self.errors += next.errors;
        self.length += next.length;
    }
}

/// Writes the cases of verdicts, and of what could not be read. What XML cannot carry is escaped as on a terminal.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], errors: &[Problem], part: &mut Part) -> io::Result<()> {
    let cases = (verdicts.iter().map(|verdict| (&verdict.source.file, case(basis, verdict))))
        .chain(errors.iter().map(|error| (&error.source.file, error_case(error))));
    for (file, case) in cases {
        let mut suite = TestSuite::new(sanitize(file));
        suite.add_test_case(case);
        let text = cases_text(&suite)?;
        part.text.extend_from_slice(text.as_bytes());
        let TestSuite { tests, skipped, failures, errors, .. } = suite;
        let length = text.len() as u64;
        let file = Arc::clone(file);
        part.suites.add(Suites(vec![Suite { file, tests, skipped, failures, errors, length }]));
    }
    Ok(())
}

/// Writes the suites around their cases.
pub(super) fn finish(cases: Spool, suites: &Suites, out: &mut dyn Write) -> io::Result<()> {
    let mut around = JunitReport::new("kubectl-secctx");
    around.add_test_suites(suites.0.iter().map(suite_with_stand_in));
    let text = xml(&around)?;
    let stand_in = cases_text(&suite_of(stand_in()))?;
    let mut cases = cases.into_reader()?;
    let mut parts = text.split(&stand_in);
    out.write_all(parts.next().unwrap_or_default().as_bytes())?;
    for (suite, after) in suites.0.iter().zip(parts) {
        copy(&mut cases.by_ref().take(suite.length), out)?;
        out.write_all(after.as_bytes())?;
    }
    Ok(())
}

fn copy(from: &mut impl Read, out: &mut dyn Write) -> io::Result<()> {
    io::copy(from, out).map(|_| ())
}

/// A suite that has these counts, and one case that stands for its own.
fn suite_with_stand_in(suite: &Suite) -> TestSuite {
    let mut with = TestSuite::new(sanitize(&suite.file));
    with.test_cases.push(stand_in());
    (with.tests, with.skipped, with.failures, with.errors) = (suite.tests, suite.skipped, suite.failures, suite.errors);
    with
}

fn stand_in() -> TestCase {
    TestCase::new("stand-in", TestCaseStatus::success())
}

fn suite_of(case: TestCase) -> TestSuite {
    let mut suite = TestSuite::new("");
    suite.add_test_case(case);
    suite
}

/// The lines of a suite's cases: those between its first and its last.
fn cases_text(suite: &TestSuite) -> io::Result<String> {
    let mut around = JunitReport::new("");
    around.add_test_suite(suite.clone());
    let text = xml(&around)?;
    // Markup in names and messages is escaped, so these are the tags.
    let start = text.find("        <testcase").unwrap_or_default();
    let end = text.rfind("    </testsuite>").unwrap_or(text.len());
    Ok(text[start..end].to_owned())
}

fn xml(report: &JunitReport) -> io::Result<String> {
    report.to_string().map_err(io::Error::other)
}

fn case(basis: Basis, verdict: &Verdict) -> TestCase {
    let objections = words::objections(basis, verdict);
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
