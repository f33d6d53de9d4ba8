//! Plans reach their level, by the word of the Go reference and of a real API server, and do no more than they must.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::evaluate;
use kubectl_secctx::harden::{self, Plan, Task};
use kubectl_secctx::model::{Choices, Edit, PodTemplate};
use kubectl_secctx::policy::{Level, Policy, Version};
use kubectl_secctx::report::harden::{PlannedEdit, Residue};
use rayon::prelude::*;
use serde_json::Value;

use crate::support::control_plane::ControlPlane;
use crate::support::reference::{self, Sample};

/// How many random pods are planned for, each at one level and version.
const PODS: usize = 8_000;

/// A pod before and after.
struct Hardened {
    policy: Policy,
    pod: Value,
    plan: Plan,
    hardened: Value,
}

impl Hardened {
    fn new(pod: Value, policy: Policy) -> Self {
        let plan = plan(&pod, policy, &Choices::default());
        let hardened = applied(&pod, plan.edits.iter());
        Self { policy, pod, plan, hardened }
    }

    /// What every plan must be, whatever the pod; the reference's word is asked for all pods at once.
    fn check(&self) -> Result<(), String> {
        let fail = |why: &str| Err(format!("{why} at {}\n{:#?}\n{}", self.policy, self.plan, self.pod));
        let was_allowed = is_allowed(&self.pod, self.policy);
        if is_allowed(&self.hardened, self.policy) != self.plan.reached {
            return fail("reached, or not, against the verdict");
        }
        if was_allowed && !self.plan.edits.is_empty() {
            return fail("edits of a pod that passes");
        }
        if self.plan.reached != self.plan.residue.is_empty() {
            return fail("residue that does not fit");
        }
        if let Some(left) = self.plan.residue.iter().find(|left| !may_be_left(left, &self.pod, self.policy)) {
            return fail(&format!("{} could be reached", left.path));
        }
        let again = plan(&self.hardened, self.policy, &Choices::default());
        if !again.edits.is_empty() {
            return fail(&format!("a second run has edits: {:?}", again.edits));
        }
        if !are_apart(&self.plan.edits) {
            return fail("a path twice, or within another");
        }
        if let Some(edit) = self.needless_edit() {
            return fail(&format!("needless: {edit:?}"));
        }
        Ok(())
    }

    /// An edit without which the level is reached just the same.
    fn needless_edit(&self) -> Option<&PlannedEdit> {
        self.plan.edits.iter().filter(|planned| self.plan.reached && !is_companion(planned)).find(|left_out| {
            let others = self.plan.edits.iter().filter(|planned| *planned != *left_out);
            is_allowed(&applied(&self.pod, others), self.policy)
        })
    }
}

fn plan(pod: &Value, policy: Policy, choices: &Choices) -> Plan {
    harden::plan(&Task { template: pod, policy, choices }).unwrap_or_else(|error| panic!("{error}: {pod}"))
}

fn applied<'e>(pod: &Value, edits: impl Iterator<Item = &'e PlannedEdit>) -> Value {
    let mut hardened = pod.clone();
    Edit::apply(&mut hardened, edits.map(|planned| &planned.edit)).unwrap();
    hardened
}

fn is_allowed(pod: &Value, policy: Policy) -> bool {
    let mut pod: PodTemplate = serde_json::from_value(pod.clone()).unwrap();
    admission::prepare_pod(&mut pod);
    evaluate(policy, &pod).is_empty()
}

/// Only a person can say what becomes of these volumes, nobody can edit ephemeral containers, and old policies want
/// fields of Windows pods that the server refuses.
fn may_be_left(left: &Residue, pod: &Value, policy: Policy) -> bool {
    let is_windows = pod["spec"]["os"]["name"] == "windows";
    let of_linux = ["allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"];
    ["hostPathVolumes", "restrictedVolumes"].contains(&left.check)
        || left.path.to_string().starts_with("spec.ephemeralContainers")
        || (is_windows && policy.version.minor() < 25 && of_linux.contains(&left.check))
}

/// Edits that no verdict asks for: what has lost its meaning, what the server would refuse next to another edit, and
/// what makes `drop` exactly `ALL`.
fn is_companion(planned: &PlannedEdit) -> bool {
    let path = planned.edit.path.to_string();
    ["dnsPolicy", "hostIP", "mountPropagation", "localhostProfile"].iter().any(|name| path.ends_with(name))
        || path.starts_with("metadata.annotations")
        || path.contains(".drop[")
        || (path.ends_with("runAsUser") && planned.check == "runAsNonRoot")
        || (planned.edit.op == kubectl_secctx::model::Op::Set("Localhost".into()))
}

fn are_apart(edits: &[PlannedEdit]) -> bool {
    let apart = |a: &PlannedEdit, b: &PlannedEdit| !a.edit.path.is_within(&b.edit.path) || std::ptr::eq(a, b);
    edits.iter().all(|a| edits.iter().all(|b| apart(a, b)))
}

/// Asks the reference about the hardened pods, and fails with the first few that are not as they must be.
fn check_all(all: &[Hardened]) {
    let mut wrong: Vec<String> = all.par_iter().filter_map(|hardened| hardened.check().err()).collect();
    let mut by_policy: BTreeMap<(Level, u16), Vec<&Hardened>> = BTreeMap::new();
    for hardened in all {
        let Policy { level, version } = hardened.policy;
        by_policy.entry((level, version.minor())).or_default().push(hardened);
    }
    for ((level, minor), group) in by_policy {
        let pods: Vec<_> = group.iter().map(|hardened| hardened.hardened.clone()).collect();
        for (hardened, allowed) in group.iter().zip(reference::allows(level, minor, &pods)) {
            if allowed != hardened.plan.reached {
                wrong.push(format!("the reference says {allowed} at {}: {}", hardened.policy, hardened.hardened));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        all.len(),
        wrong[..wrong.len().min(3)].join("\n")
    );
}

#[test]
fn every_upstream_fixture_is_hardened() {
    let fixtures: Vec<_> = reference::fixtures().collect();
    let all: Vec<Hardened> = fixtures
        .par_iter()
        .flat_map(|fixture| {
            let pod: Value = serde_yaml::from_str(&fixture.yaml).unwrap();
            let version: Version = fixture.version.parse().unwrap();
            [Level::Baseline, Level::Restricted].map(|level| Hardened::new(pod.clone(), Policy { level, version }))
        })
        .collect();
    assert!(all.iter().filter(|hardened| !hardened.plan.edits.is_empty()).count() > fixtures.len());
    check_all(&all);
}

#[test]
fn random_pods_are_hardened_at_every_version() {
    let seed = seed();
    eprintln!("SECCTX_SEED={seed} brings these pods back");
    let all: Vec<Hardened> = reference::random(seed, PODS, false)
        .enumerate()
        .par_bridge()
        .map(|(number, line)| {
            let sample: Sample = serde_json::from_str(&line).unwrap();
            Hardened::new(sample.pod, random_policy(seed, number))
        })
        .collect();
    check_all(&all);
}

/// The seed of the environment, or a new one: any must do.
fn seed() -> u64 {
    match std::env::var("SECCTX_SEED") {
        Ok(seed) => seed.parse().expect("SECCTX_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    }
}

/// A policy that only depends on seed and number; the newest versions and the stricter level come more often.
fn random_policy(seed: u64, number: usize) -> Policy {
    let mixed = (seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32;
    let minor = u16::try_from(mixed % 50).unwrap();
    let level = if mixed / 64 % 4 == 0 { Level::Baseline } else { Level::Restricted };
    Policy { level, version: Version::Minor(minor.min(Version::NEWEST)) }
}

/// The server validates, defaults and admits what was hardened.
#[test]
fn a_real_server_admits_what_was_hardened() {
    let server = ControlPlane::shared(None);
    for level in [Level::Baseline, Level::Restricted] {
        let namespace = format!("hardened-{level}");
        server.create_namespace(&namespace, &[("pod-security.kubernetes.io/enforce", level.as_str())]);
        let policy = Policy { level, version: Version::Minor(server.minor()) };
        let samples = reference::random(seed(), 400, true);
        let all: Vec<Hardened> = samples
            .map(|line| Hardened::new(serde_json::from_str::<Sample>(&line).unwrap().pod, policy))
            .filter(|hardened| hardened.plan.reached)
            .collect();
        let pods: Vec<Value> = all.iter().map(|hardened| hardened.hardened.clone()).collect();
        assert!(pods.len() > 200, "most pods can be hardened: {}", pods.len());
        for (hardened, answer) in all.iter().zip(server.dry_run_pods(&namespace, &pods)) {
            // What it refuses untouched was never valid, and hardening need not repair that.
            assert_eq!(answer.refusal(), None, "{policy}: {}\nbefore: {}", hardened.hardened, hardened.pod);
        }
    }
}

#[test]
fn zz_tmp_corpus() {
    let text = std::fs::read_to_string(std::env::var("CORPUS").unwrap()).unwrap();
    let (mut n, mut ok, mut m) = (0, 0, 0);
    for line in text.lines() {
        let (name, pod): (String, Value) = serde_json::from_str(line).unwrap();
        let h = Hardened::new(pod, Policy { level: Level::Restricted, version: Version::Latest });
        n += 1;
        ok += usize::from(h.plan.reached);
        if let Err(e) = h.check() {
            m += 1;
            eprintln!("BAD {name} {e}");
        }
        eprintln!("== {name} {} -> {}", h.plan.before, h.plan.after);
        for e in &h.plan.edits {
            let op = match &e.edit.op {
                kubectl_secctx::model::Op::Set(v) => format!("= {v}"),
                _ => "removed".into(),
            };
            eprintln!(
                "  {:7} {} {} [{}] {:?} | {}",
                e.fix.as_str(),
                e.edit.path,
                op,
                e.check,
                e.container.as_deref().unwrap_or(""),
                e.risk
            );
        }
        for r in &h.plan.residue {
            eprintln!("  LEFT {} [{}] {}\n     {}", r.path, r.check, r.why, r.ways.join("\n     "));
        }
        for r in &h.plan.notes {
            eprintln!("  NOTE {r}");
        }
    }
    eprintln!("{ok} of {n}, {m} bad");
}
