//! `-o name`: what does not pass, a name a line, as kubectl takes them.

use std::io::{self, Write};

use super::style::sanitize;
use crate::report::Verdict;

/// Writes `deployment.apps/web` for each workload that does not pass.
pub(super) fn part(verdicts: &[Verdict], out: &mut dyn Write) -> io::Result<()> {
    let failing = verdicts.iter().filter(|verdict| !verdict.allowed);
    failing.into_iter().try_for_each(|verdict| writeln!(out, "{}", resource_name(verdict)))
}

/// The kind with its API group, where it has one, and the name.
fn resource_name(verdict: &Verdict) -> String {
    let kind = verdict.kind.to_lowercase();
    let resource = match verdict.api_version.split_once('/') {
        Some((group, _)) => format!("{kind}.{group}/{}", verdict.name),
        None => format!("{kind}/{}", verdict.name),
    };
    sanitize(&resource).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, Style, rendered, sample};

    #[test]
    fn only_what_fails_is_named() {
        let mut pod = sample::shop();
        pod.results[1] = Verdict { allowed: false, ..sample::passing("a.yaml", 1, "Pod", None, "web") };
        assert_eq!(rendered(&pod, Format::Name, &Style::default()), "pod/web\n");
        let names = |report| rendered(&report, Format::Name, &Style::default());
        assert_eq!(names(sample::shop()), "deployment.apps/web\n");
        assert_eq!(names(sample::labelled()), "deployment.apps/web\n");
        assert_eq!(names(sample::hostile()), "rollout.argoproj.io/x^[[2J|`<b>%0A\\n::error::\\u{202e}@all\n");
        assert_eq!(names(sample::empty()), "");
    }
}
