//! The controls of the Pod Security Standards, one file each: what it means, how it is judged per version, its tests.
//!
//! A new check is one file, one line in [`CHECKS`] and its fixtures. A check looks at plain data and never at files,
//! clusters or terminals. Behaviour and texts come from `policy/check_*.go` of `k8s.io/pod-security-admission`.

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod go_print;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_lifecycle;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
mod repair;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_annotations;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
mod setters;
mod sysctls;
mod text;
mod volume_use;
mod windows_host_process;

pub use capabilities_baseline::allows_capability;
pub use repair::{Case, Containers, Left, Repair, Step, is_of_ephemeral_container};

use crate::model::{Applicability, PodTemplate, Violated};
use crate::policy::Level;

/// One control of the standard.
#[derive(Debug)]
pub struct Check {
    /// The upstream ID, as `allowPrivilegeEscalation`; unique.
    pub id: &'static str,
    /// The control's everyday name, in a few words.
    pub title: &'static str,
    /// The level that asks for it: baseline or restricted. Restricted asks for all baseline checks too.
    pub level: Level,
    /// How freely its usual fix may be applied.
    pub fix: Applicability,
    /// Other names by which people ask for it; case and punctuation do not count, and checks may share a name.
    pub names: &'static [&'static str],
    /// Every reason that its rules give, letter for letter; checks that replace each other share them.
    pub reasons: &'static [&'static str],
    /// The recommendations of the CIS Kubernetes Benchmark that are about the same; empty where there is none.
    pub cis: &'static [Cis],
    /// What it means to people; `explain` and the reports print it.
    pub meaning: Meaning,
    /// Its rules, oldest first, `since` strictly increasing.
    pub revisions: &'static [Revision],
    /// What to do about its violations, whichever rules found them.
    pub repair: fn(&Case<'_>) -> Repair,
}

/// A recommendation of the CIS Kubernetes Benchmark. Its numbers change between versions of the benchmark.
#[derive(Debug)]
pub struct Cis {
    /// The versions of the benchmark that give it this number, oldest first.
    pub benchmarks: &'static [&'static str],
    /// As `5.2.7`.
    pub number: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
}

impl Cis {
    /// The newest version of the benchmark whose numbers are known here.
    pub const NEWEST: &'static str = "v1.12";
}

/// The rules of a check from one version on.
#[derive(Debug)]
pub struct Revision {
    /// First policy version `v1.N` with these rules.
    pub since: u16,
    /// What these rules changed, in a sentence; for the first revision, since when the control exists and why.
    pub changed: &'static str,
    /// Baseline checks that this one replaces at the restricted level, since it says all that they say.
    pub overrides: &'static [&'static str],
    /// Judges a pod; `None` when it passes.
    pub evaluate: fn(&PodTemplate) -> Option<Violated<'_>>,
}

/// What a check means, in the order in which `explain` prints it.
#[derive(Debug)]
pub struct Meaning {
    /// What the control forbids or asks for.
    pub what: &'static str,
    /// What could happen without it.
    pub why: &'static str,
    /// The fields it looks at; `containers[*]` stands for init and ephemeral containers as well.
    pub fields: &'static [&'static str],
    /// The values that pass, in words.
    pub allowed: &'static [&'static str],
    /// What to write into the manifest: one line.
    pub remedy: &'static str,
    /// The lines of a pod that passes, as YAML; a container in it is called `app`.
    pub example: &'static str,
    /// Whether the example is what the fix writes; else the fix takes something away, and the example shows what may
    /// stand in its place.
    pub writes: bool,
    /// What may stop working after the remedy, and how to tell.
    pub breaks: &'static str,
}

/// All checks, baseline first, each level in the order of the IDs: the order of admission's messages.
pub const CHECKS: &[&Check] = &[
    &app_armor_profile::CHECK,
    &capabilities_baseline::CHECK,
    &host_namespaces::CHECK,
    &host_path_volumes::CHECK,
    &host_ports::CHECK,
    &host_probes_and_lifecycle::CHECK,
    &privileged::CHECK,
    &proc_mount::CHECK,
    &se_linux_options::CHECK,
    &seccomp_profile_baseline::CHECK,
    &sysctls::CHECK,
    &windows_host_process::CHECK,
    &allow_privilege_escalation::CHECK,
    &capabilities_restricted::CHECK,
    &proc_mount_restricted::CHECK,
    &restricted_volumes::CHECK,
    &run_as_non_root::CHECK,
    &run_as_user::CHECK,
    &seccomp_profile_restricted::CHECK,
];

/// The check of this upstream ID.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

impl Check {
    /// The rules in force at policy version `v1.minor`; `None` where the control does not exist yet.
    #[must_use]
    pub fn revision(&self, minor: u16) -> Option<&'static Revision> {
        self.revisions.iter().rev().find(|revision| revision.since <= minor)
    }
}

/// What the checks' own tests share.
#[cfg(test)]
mod testing {
    use super::{Case, Check, Repair};
    use crate::model::{Choices, Edit, Op, PodTemplate, Violated};

    /// The pod that this JSON describes.
    pub(super) fn pod(json: &str) -> PodTemplate {
        serde_json::from_str(json).expect("the test's pod is valid")
    }

    /// `path actual -> wanted` of each violation.
    pub(super) fn violations(found: Violated<'_>) -> Vec<String> {
        found.violations.map(|v| format!("{} {} -> {}", v.path, v.actual, v.wanted)).collect()
    }

    /// What the newest rules' check does about the pod that this JSON describes.
    pub(super) fn repair(check: &Check, json: &str) -> Repair {
        repair_with(check, json, &Choices::default(), 99, &[])
    }

    /// The same at a version, with choices, where other checks' findings are left alone.
    pub(super) fn repair_with(
        check: &Check,
        json: &str,
        choices: &Choices,
        minor: u16,
        left_alone: &[&'static str],
    ) -> Repair {
        let written = serde_json::from_str(json).expect("the test's pod is valid");
        let pod = pod(json);
        let revision = check.revision(minor).expect("the check exists at this version");
        let violations: Vec<_> = (revision.evaluate)(&pod).expect("the check finds something").violations.collect();
        let repair = (check.repair)(&Case {
            template: &written,
            pod: &pod,
            violations: &violations,
            choices,
            minor,
            left_alone,
            is_windows: pod.spec.is_windows(),
        });
        assert_passes(revision.evaluate, written, &repair);
        repair
    }

    /// Where nothing is left, the check finds nothing after the edits.
    fn assert_passes(evaluate: fn(&PodTemplate) -> Option<Violated<'_>>, mut pod: serde_json::Value, repair: &Repair) {
        if repair.left.is_empty() {
            Edit::apply(&mut pod, repair.steps.iter().map(|step| &step.edit)).expect("the edits fit");
            let pod = serde_json::from_value(pod).expect("it is a pod still");
            assert!(evaluate(&pod).is_none());
        }
    }

    /// `path = value fix` or `path removed fix` of each edit.
    pub(super) fn steps(repair: &Repair) -> Vec<String> {
        let shown = |step: &super::Step| match &step.edit.op {
            Op::Set(value) => format!("{} = {value} {}", step.edit.path, step.fix.as_str()),
            Op::Remove => format!("{} removed {}", step.edit.path, step.fix.as_str()),
        };
        repair.steps.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Version;

    #[test]
    fn ids_are_unique_and_in_the_order_of_messages() {
        let keys: Vec<_> = CHECKS.iter().map(|check| (check.level, check.id)).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
        assert_eq!(keys.iter().filter(|(level, _)| *level == Level::Baseline).count(), 12);
        assert_eq!(keys.iter().filter(|(level, _)| *level == Level::Restricted).count(), 7);
    }

    #[test]
    fn revisions_increase_and_are_known() {
        for check in CHECKS {
            assert!(!check.revisions.is_empty(), "{}", check.id);
            assert!(check.revisions.windows(2).all(|pair| pair[0].since < pair[1].since), "{}", check.id);
            assert!(check.revisions.iter().all(|revision| revision.since <= Version::NEWEST), "{}", check.id);
        }
    }

    #[test]
    fn only_restricted_checks_override_and_only_baseline_ones() {
        for check in CHECKS {
            for overridden in check.revisions.iter().flat_map(|revision| revision.overrides) {
                assert_eq!(check.level, Level::Restricted, "{}", check.id);
                assert_eq!(by_id(overridden).map(|other| other.level), Some(Level::Baseline), "{}", check.id);
            }
        }
    }

    #[test]
    fn every_check_explains_itself() {
        for check in CHECKS {
            let meaning = &check.meaning;
            for text in [check.title, meaning.what, meaning.why, meaning.remedy, meaning.breaks] {
                assert!(!text.trim().is_empty(), "{}", check.id);
            }
            assert!(!meaning.fields.is_empty() && !meaning.allowed.is_empty(), "{}", check.id);
            assert!(!meaning.remedy.contains('\n') && meaning.remedy.len() <= 110, "{}: one line", check.id);
            assert!(check.revisions.iter().all(|revision| !revision.changed.is_empty()), "{}", check.id);
            assert!(!check.names.is_empty() && !check.reasons.is_empty(), "{}", check.id);
        }
    }

    #[test]
    fn examples_are_pods_that_pass_at_every_version() {
        for check in CHECKS {
            let pod: PodTemplate = serde_yaml::from_str(check.meaning.example).expect(check.id);
            assert!(check.meaning.example.ends_with('\n') && pod != PodTemplate::default(), "{}", check.id);
            for revision in check.revisions {
                assert!((revision.evaluate)(&pod).is_none(), "{} at v1.{}", check.id, revision.since);
            }
        }
    }

    #[test]
    fn a_benchmark_gives_a_recommendation_one_number() {
        let mut known = std::collections::BTreeMap::new();
        for cis in CHECKS.iter().flat_map(|check| check.cis) {
            assert!(cis.number.starts_with("5.") && !cis.benchmarks.is_empty());
            for benchmark in cis.benchmarks {
                let about = known.entry((*benchmark, cis.number)).or_insert(cis.about);
                assert_eq!(*about, cis.about, "{benchmark} {}", cis.number);
            }
        }
        assert!(known.keys().any(|(benchmark, _)| *benchmark == Cis::NEWEST));
        assert!(known.keys().all(|(benchmark, _)| ["v1.10", "v1.11", "v1.12"].contains(benchmark)));
    }
}
