//! What there is to harden where nothing was named: the workloads that violate a policy, worst first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::find::Wanted;
use super::walk::Step;
use super::{Found, Session};
use crate::check::Request;
use crate::cluster::ErrorKind;
use crate::live::{Ask, Progress, Target, gather};
use crate::policy::{AdmissionConfig, Level, NamespacePolicy, Policy};
use crate::report::{Asked, Problem, Verdict};

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Types, none of them with a name; empty for all that has pods.
    pub types: Vec<Target>,
    /// Namespaces; empty for all.
    pub namespaces: BTreeSet<String>,
    /// Label selector.
    pub labels: Option<String>,
    /// The most objects in one answer; 0 is no limit.
    pub chunk_size: usize,
}

/// A workload that violates the policy, itself or in its pods.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The verdicts on its templates, of which it has more than one only as a custom resource; those that fail.
    pub verdicts: Vec<Verdict>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The workloads, those that meet the least first, then by how many checks fail and how many pods there are.
    pub candidates: Vec<Candidate>,
    /// How many workloads were looked at.
    pub looked_at: usize,
    /// What could not be had.
    pub errors: Vec<Problem>,
    /// What could not be had and is not missed much.
    pub warnings: Vec<Problem>,
}

impl Session<'_> {
    /// The violating workloads.
    ///
    /// # Errors
    ///
    /// Why nothing can be told at all, a sentence.
    pub fn candidates(&self, scope: &Scope, policy: Policy, progress: Progress<'_>) -> Result<Candidates, String> {
        let (admission, defaults) = (AdmissionConfig::default(), NamespacePolicy::default());
        let asked = Asked::Level(policy.level);
        let request = Request { asked, version: policy.version, namespace: None, admission, defaults };
        let ask = Ask {
            targets: scope.types.clone(),
            namespaces: scope.namespaces.clone(),
            labels: scope.labels.clone(),
            fields: None,
            chunk_size: scope.chunk_size,
        };
        let gathered = gather(self.cluster, &request, &ask, progress)?;
        let mut looked_at = 0;
        let mut candidates: Vec<Candidate> = Vec::new();
        for one in together(gathered.verdicts) {
            looked_at += 1;
            let failing: Vec<Verdict> = one.into_iter().filter(|verdict| !verdict.allowed).collect();
            if !failing.is_empty() {
                candidates.push(Candidate { verdicts: failing });
            }
        }
        candidates.sort_by_cached_key(Candidate::rank);
        Ok(Candidates { candidates, looked_at, errors: gathered.errors, warnings: gathered.warnings })
    }

    /// Reads workloads whole, several at a time.
    #[must_use]
    pub fn subjects(&self, candidates: &[Candidate]) -> Found {
        let mut found = Found::default();
        let mut wanted = Vec::new();
        for verdict in candidates.iter().filter_map(|candidate| candidate.verdicts.first()) {
            match self.resource_of(&verdict.api_version, &verdict.kind) {
                Ok(resource) => wanted.push(Wanted {
                    resource,
                    namespace: verdict.namespace.clone().unwrap_or_default(),
                    name: verdict.name.clone(),
                }),
                Err(error) => found.errors.push(self.problem(error.to_string())),
            }
        }
        for (wanted, object) in wanted.iter().zip(self.read(&wanted)) {
            match object {
                Ok(object) => self.add(&mut found, Step::new(wanted.resource.clone(), object)),
                // What is gone since it was looked at needs no hardening.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => found.errors.push(self.problem(error.to_string())),
            }
        }
        found
    }
}

/// The verdicts of each object: they stand next to each other.
fn together(verdicts: Vec<Verdict>) -> Vec<Vec<Verdict>> {
    let mut all: Vec<Vec<Verdict>> = Vec::new();
    for verdict in verdicts {
        let is_same = |known: &Verdict| {
            (&known.api_version, &known.kind, &known.namespace, &known.name)
                == (&verdict.api_version, &verdict.kind, &verdict.namespace, &verdict.name)
        };
        match all.last_mut().filter(|last| last.first().is_some_and(is_same)) {
            Some(last) => last.push(verdict),
            None => all.push(vec![verdict]),
        }
    }
    all
}

impl Candidate {
    /// What comes first in the list: the level met, then how many checks fail and how many pods there are, then the name.
    fn rank(&self) -> (Option<Level>, Reverse<usize>, Reverse<usize>, Option<String>, String) {
        let checks: BTreeSet<&str> = self.verdicts.iter().flat_map(failing_checks).collect();
        let pods = self.verdicts.iter().filter_map(|verdict| verdict.live.as_ref()).map(|live| live.pods).sum();
        let level = self.verdicts.iter().map(|verdict| verdict.meets).min();
        let namespace = self.verdicts.first().and_then(|verdict| verdict.namespace.clone());
        let name = self.verdicts.first().map(|one| format!("{}/{}", one.kind, one.name)).unwrap_or_default();
        (level, Reverse(checks.len()), Reverse(pods), namespace, name)
    }
}

/// The checks that a workload fails, itself or in its pods.
fn failing_checks(verdict: &Verdict) -> impl Iterator<Item = &'static str> {
    let of_pods = verdict.live.iter().flat_map(|live| &live.groups).flat_map(|group| &group.findings);
    verdict.findings.iter().chain(of_pods).map(|placed| placed.finding.check)
}
