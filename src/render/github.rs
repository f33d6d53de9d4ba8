//! `-o github`: workflow commands, which GitHub shows as annotations beside the lines of a pull request.

use std::borrow::Cow;
use std::io::{self, Write};

use super::spots::{Spot, spots};
use super::style::sanitize;
use super::words::{self, Objection};
use crate::model::Finding;
use crate::policy::Mode;
use crate::report::{Basis, Origin, Problem, Source, Summary, Verdict};

/// Writes a command per spot of each finding.
pub(super) fn part(basis: Basis, verdicts: &[Verdict], out: &mut dyn Write) -> io::Result<()> {
    for verdict in verdicts {
        for objection in words::objections(basis, verdict) {
            for placed in objection.findings {
                let finding = Command { verdict, objection: &objection, finding: &placed.finding };
                spots(placed).iter().try_for_each(|spot| finding.write(out, spot))?;
            }
        }
    }
    Ok(())
}

/// Writes a command per error and warning.
pub(super) fn finish(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    summary.errors.listed("errors").iter().try_for_each(|error| write_problem(out, "error", error))?;
    summary.warnings.listed("warnings").iter().try_for_each(|warning| write_problem(out, "warning", warning))
}

struct Command<'a> {
    verdict: &'a Verdict,
    objection: &'a Objection<'a>,
    finding: &'a Finding,
}

impl Command<'_> {
    fn write(&self, out: &mut dyn Write, spot: &Spot<'_>) -> io::Result<()> {
        let source = Source {
            line: spot.place.map(|place| place.line),
            column: spot.place.map(|place| place.column),
            ..self.verdict.source.clone()
        };
        let mut properties = location(&source);
        if let Some(place) = spot.place.filter(|_| properties.iter().any(|(key, _)| *key == "line")) {
            properties.push(("endColumn", (place.column + spot.width()).to_string()));
        }
        properties.push(("title", sanitize(&self.finding.reason).into_owned()));
        write_command(out, self.word(), &properties, &self.message(spot))
    }

    fn word(&self) -> &'static str {
        match self.objection.modes.as_slice() {
            _ if self.objection.refuses() => "error",
            [Mode::Audit] => "notice",
            _ => "warning",
        }
    }

    /// Who, what, where exactly and the remedy, a line each.
    fn message(&self, spot: &Spot<'_>) -> String {
        let object = words::object(self.verdict);
        let mut message = format!("{object} does not meet {}", self.objection.policy_text());
        if !self.finding.detail.is_empty() {
            message.push_str(": ");
            message.push_str(&sanitize(&words::brief(&self.finding.detail)));
        }
        for (violation, place) in &spot.violations {
            message.push('\n');
            message.push_str(&words::path(&violation.path));
            message.push(' ');
            let absent = !place.is_some_and(|place| place.exact);
            message.push_str(&words::statement(violation, if absent { "not set" } else { "null" }));
        }
        message.push_str("\nfix: ");
        message.push_str(words::remedy(self.finding));
        message
    }
}

fn write_problem(out: &mut dyn Write, word: &str, problem: &Problem) -> io::Result<()> {
    write_command(out, word, &location(&problem.source), &sanitize(&problem.message))
}

/// `file`, `line` and `col`, as far as they are known; standard input is no file that could be annotated.
fn location(source: &Source) -> Vec<(&'static str, String)> {
    if &*source.file == "-" || matches!(source.origin, Origin::Cluster(_)) {
        return Vec::new();
    }
    let mut properties = vec![("file", sanitize(&in_repository(&source.file, cfg!(windows))).into_owned())];
    if source.origin == Origin::Built {
        // The lines are those of a text that the repository does not hold.
        return properties;
    }
    properties.extend(source.line.map(|line| ("line", line.to_string())));
    properties.extend(source.line.and(source.column).map(|column| ("col", column.to_string())));
    properties
}

/// A path as git has it, whatever parts folders here.
fn in_repository(file: &str, is_windows: bool) -> String {
    let file = if is_windows { file.replace('\\', "/") } else { file.to_owned() };
    file.strip_prefix("./").map_or(file.clone(), str::to_owned)
}

/// `::error file=a.yaml,line=1::message`, escaped as the runner's `escapeProperty` and `escapeData` do.
fn write_command(out: &mut dyn Write, word: &str, properties: &[(&str, String)], message: &str) -> io::Result<()> {
    write!(out, "::{word}")?;
    for (at, (key, value)) in properties.iter().enumerate() {
        let value = escape(value).replace(':', "%3A").replace(',', "%2C");
        write!(out, "{}{key}={value}", if at == 0 { ' ' } else { ',' })?;
    }
    writeln!(out, "::{}", escape(message))
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '\r', '\n']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

#[cfg(test)]
mod tests {
    use crate::render::{Format, Style, rendered, sample};
    use crate::report::Report;

    fn lines(report: &Report) -> Vec<String> {
        rendered(report, Format::Github, &Style::default()).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_command_per_spot() {
        let lines = lines(&sample::shop());
        assert_eq!(lines.len(), 6);
        assert_eq!(
            lines[1],
            format!(
                "::error file=shop.yaml,line=21,col=9,endColumn=18,title=allowPrivilegeEscalation != false::\
                 deployment/web (shop) does not meet restricted:v1.37: containers \"web\", \"proxy\" must set \
                 securityContext.allowPrivilegeEscalation=false%0A\
                 spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation is not set, wanted false%0A\
                 fix: {}",
                sample::remedy("allowPrivilegeEscalation").replace('%', "%25")
            )
        );
        assert!(lines[2].starts_with("::error file=shop.yaml,line=104,col=11,endColumn=41,title="));
        assert!(lines[2].contains("allowPrivilegeEscalation is true, wanted false%0Afix: "));
    }

    #[test]
    fn hostile_text_stays_in_its_command() {
        let lines = lines(&sample::hostile());
        assert_eq!(lines.len(), 4);
        let start = "::error file=a b^[#%2C%3A%25/ü.yaml,line=3,col=4,endColumn=6,title=seLinuxOptions::\
                     rollout/x^[[2J|`<b>%250A\\n::error::\\u{202e}@all (custom resource, pod template at spec.template) ";
        assert!(lines[0].starts_with(start), "{}", lines[0]);
        assert_eq!(lines[1], "::error file=b.yaml,line=40,col=3::not YAML: ^[[31m<oops>");
        assert_eq!(lines[2], "::error file=gone.yaml::no such file");
        assert_eq!(
            lines[3],
            "::warning file=a b^[#%2C%3A%25/ü.yaml,line=5,col=3::the key \"na\\u{202e}me\" comes twice"
        );
    }

    #[test]
    fn modes_that_let_pods_in_are_no_errors() {
        let words: Vec<_> = lines(&sample::labelled())
            .iter()
            .map(|line| line.trim_start_matches(':').split(' ').next().unwrap_or_default().to_owned())
            .collect();
        let (refused, warned) = words.split_at(1);
        assert_eq!(refused, ["error"]);
        assert!(warned.iter().all(|word| word == "warning"), "{words:?}");
    }

    #[test]
    fn standard_input_has_no_lines_to_annotate() {
        let mut report = sample::shop();
        for verdict in &mut report.results {
            verdict.source.file = "-".into();
        }
        let line = &lines(&report)[0];
        assert!(line.starts_with("::error title=hostPath volumes::deployment/web (shop) "), "{line}");
        let mut report = sample::hostile();
        let mut errors = report.errors.listed("errors");
        errors[1].source.file = "./gone.yaml".into();
        report.errors = errors.into();
        assert_eq!(lines(&report)[2], "::error file=gone.yaml::no such file");
        assert!(lines(&sample::empty()).is_empty());
    }

    #[test]
    fn paths_are_those_of_the_repository() {
        assert_eq!(super::in_repository("./a/b.yaml", false), "a/b.yaml");
        assert_eq!(super::in_repository(r"a\b.yaml", false), r"a\b.yaml");
        assert_eq!(super::in_repository(r".\a\b.yaml", true), "a/b.yaml");
    }
}
