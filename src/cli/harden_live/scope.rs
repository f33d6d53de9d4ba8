//! What a run is about: what was named, what was selected, or what is picked from a list.

use std::collections::BTreeSet;

use super::super::dialogue::Answers;
use super::super::progress::Bar;
use super::super::{Failure, Streams, prompt};
use super::{Live, usage};
use crate::apply::{Candidate, Candidates, Found, Scope};
use crate::live::Target;
use crate::policy::Policy;
use crate::render::{plural, problem_lists, sanitize};

/// Workloads that are named where there is nobody to pick one.
const MOST: usize = 20;

impl Live<'_> {
    /// The objects to harden, and what could not be had; `None` where the user wants to leave.
    pub(super) fn subjects(
        &self,
        targets: &[Target],
        answers: &Answers,
        streams: &mut Streams,
    ) -> Result<Option<Found>, Failure> {
        let policy = self.policy(answers);
        let is_named = !targets.is_empty() && targets.iter().all(|target| target.name.is_some());
        if is_named {
            return Ok(Some(self.session.named(targets, &self.namespace)));
        }
        let mut candidates = self.candidates(targets, policy, streams)?;
        if !self.args.live.selects() {
            match self.pick(candidates, policy, streams)? {
                Some(picked) => candidates = picked,
                None => return Ok(None),
            }
        }
        let mut found = self.session.subjects(&candidates.candidates);
        found.errors.splice(0..0, candidates.errors);
        if found.subjects.is_empty() && candidates.looked_at > 0 {
            let (count, level) = (candidates.looked_at, policy.level);
            let workloads = plural(count, "workload meets", "workloads meet");
            self.warn(&format!("nothing to harden: {count} {workloads} {level} or could not be read"), streams)?;
        }
        Ok(Some(found))
    }

    fn candidates(&self, targets: &[Target], policy: Policy, streams: &mut Streams) -> Result<Candidates, Failure> {
        let namespaces: BTreeSet<String> = [self.namespace.clone()].into();
        let scope = Scope {
            types: targets.iter().filter(|target| target.name.is_none()).cloned().collect(),
            namespaces: if self.args.live.all_namespaces { BTreeSet::new() } else { namespaces },
            labels: self.args.live.selector.clone(),
            chunk_size: self.args.live.chunk_size,
        };
        let bar = Bar::new(streams.err_is_terminal && !self.args.quiet);
        let found = self.session.candidates(&scope, policy, &|came, remaining| bar.show(came, remaining));
        bar.end();
        let found = found.map_err(Failure::Message)?;
        let style = streams.err_style(Some(self.args.color));
        problem_lists(&found.warnings, &[], &style, &mut streams.err)?;
        Ok(found)
    }

    /// Lets one be chosen.
    fn pick(
        &self,
        mut found: Candidates,
        policy: Policy,
        streams: &mut Streams,
    ) -> Result<Option<Candidates>, Failure> {
        if found.candidates.is_empty() {
            return Ok(Some(found));
        }
        if !self.asks {
            return Err(usage(self.nameable(&found)));
        }
        let lines = lines(&found.candidates);
        let question = format!(
            "{} of {} workloads in {} do not meet {}; which one?",
            found.candidates.len(),
            found.looked_at,
            sanitize(&self.namespace),
            policy.level
        );
        let Some(at) = prompt::search(&question, &lines, streams)? else { return Ok(None) };
        found.candidates = vec![found.candidates.swap_remove(at)];
        Ok(Some(found))
    }

    /// What could be named, where there is no terminal to pick on.
    fn nameable(&self, found: &Candidates) -> String {
        let names: Vec<String> = found.candidates.iter().take(MOST).map(name).collect();
        let more = found.candidates.len().saturating_sub(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let namespace = &self.namespace;
        format!(
            "which workload? Name some, or give --all, -l or -A. In {namespace} these violate the level: {}{more}",
            names.join(", ")
        )
    }
}

fn name(candidate: &Candidate) -> String {
    candidate
        .verdicts
        .first()
        .map(|verdict| format!("{}/{}", verdict.kind.to_lowercase(), verdict.name))
        .unwrap_or_default()
}

/// A line for each: its name, what it meets, how much it violates, and its pods.
fn lines(candidates: &[Candidate]) -> Vec<String> {
    let width = candidates.iter().map(|candidate| name(candidate).chars().count()).max().unwrap_or_default();
    let line = |candidate: &Candidate| {
        let meets = candidate.verdicts.iter().map(|verdict| verdict.meets).min();
        let meets = meets.map(|level| level.to_string()).unwrap_or_default();
        let checks: BTreeSet<&str> = candidate
            .verdicts
            .iter()
            .flat_map(|verdict| &verdict.findings)
            .map(|placed| placed.finding.check)
            .collect();
        let pods: usize =
            candidate.verdicts.iter().filter_map(|verdict| verdict.live.as_ref()).map(|live| live.pods).sum();
        let checks = format!("{} {}", checks.len(), plural(checks.len(), "check fails", "checks fail"));
        let text = format!("{:width$}  {meets:10}  {checks}, {pods} {}", name(candidate), plural(pods, "pod", "pods"));
        sanitize(&text).into_owned()
    };
    candidates.iter().map(line).collect()
}
