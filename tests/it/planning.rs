//! Plans reach their level, by the word of the Go reference and of a real API server, and do no more than they must.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use kubectl_secctx::harden::{self, Plan, Task};
use kubectl_secctx::model::{Choices, VolumeChoice};
use kubectl_secctx::policy::{Level, Policy, Version};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::fuzzing::targets::{Hardened, applied};
use crate::support::control_plane::ControlPlane;
use crate::support::reference::{self, Sample};

/// How many random pods are planned for, each at one level and version.
const PODS: usize = 8_000;

fn hardened(pod: Value, policy: Policy) -> Hardened {
    Hardened::new(pod, policy).unwrap_or_else(|error| panic!("{error}"))
}

fn plan(pod: &Value, policy: Policy, choices: &Choices) -> Plan {
    harden::plan(&Task { template: pod, policy, choices }).unwrap_or_else(|error| panic!("{error}: {pod}"))
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
            [Level::Baseline, Level::Restricted].map(|level| hardened(pod.clone(), Policy { level, version }))
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
            hardened(sample.pod, random_policy(seed, number))
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
    let dice = mixed(seed, number);
    let minor = u16::try_from(dice % 50).unwrap();
    let level = if (dice / 64).is_multiple_of(4) { Level::Baseline } else { Level::Restricted };
    Policy { level, version: Version::Minor(minor.min(Version::NEWEST)) }
}

/// 32 random bits of a seed and a number.
fn mixed(seed: u64, number: usize) -> u64 {
    (seed ^ (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

/// The server validates, defaults and admits what was hardened; what is left to a person it refuses for that alone.
#[test]
fn a_real_server_admits_what_was_hardened() {
    check_on_server("plain", 400, |_| Choices::default());
}

/// Whatever is chosen, the server still takes the pod for a valid one.
#[test]
fn choices_never_make_a_pod_invalid() {
    check_on_server("chosen", 600, random_choices);
}

fn check_on_server(test: &str, count: usize, choices: impl Fn(u64) -> Choices) {
    let server = ControlPlane::shared(None);
    let seed = seed();
    for level in [Level::Baseline, Level::Restricted] {
        let namespace = format!("hardened-{test}-{level}");
        server.create_namespace(&namespace, &[("pod-security.kubernetes.io/enforce", level.as_str())]);
        let policy = Policy { level, version: Version::Minor(server.minor()) };
        let samples = reference::random(seed, count, true).enumerate().map(|(number, line)| {
            let dice = mixed(seed, number);
            let pod = enriched(serde_json::from_str::<Sample>(&line).unwrap().pod, dice);
            let plan = plan(&pod, policy, &choices(dice));
            (applied(&pod, plan.edits.iter()).unwrap(), plan)
        });
        let (pods, plans): (Vec<Value>, Vec<Plan>) = samples.unzip();
        let answers = server.dry_run_pods(&namespace, &pods);
        assert!(plans.iter().filter(|plan| plan.reached && !plan.edits.is_empty()).count() > count / 4);
        for ((pod, plan), answer) in pods.iter().zip(&plans).zip(answers) {
            let is_forbidden = answer.status == 403 && answer.refusal().unwrap().contains("violates PodSecurity");
            let fits = if plan.reached { answer.status == 201 } else { is_forbidden };
            assert!(fits, "{policy} (SECCTX_SEED={seed}): {:?}\n{pod}\n{plan:#?}", answer.refusal());
        }
    }
}

/// A pod with what edits must mind and no check looks at.
fn enriched(mut pod: Value, dice: u64) -> Value {
    let spec = &mut pod["spec"];
    if spec["hostNetwork"] == true && dice.is_multiple_of(2) {
        spec["dnsPolicy"] = "ClusterFirstWithHostNet".into();
    }
    if spec["os"].is_null() && dice.is_multiple_of(5) {
        spec["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    }
    let volume = spec["volumes"][0]["name"].clone();
    let containers = spec["containers"].as_array_mut().unwrap();
    for (at, container) in containers.iter_mut().enumerate().filter(|_| volume.is_string()) {
        let is_privileged = container["securityContext"]["privileged"] == true;
        let propagation = if is_privileged { "Bidirectional" } else { "HostToContainer" };
        container["volumeMounts"] =
            json!([{"name": volume, "mountPath": format!("/m{at}"), "mountPropagation": propagation}]);
    }
    pod
}

/// Choices that only depend on the dice; each comes often, and many come together.
fn random_choices(dice: u64) -> Choices {
    let bit = |number: u32| dice >> number & 1 == 1;
    let checks = [
        "privileged",
        "hostNamespaces",
        "capabilities_baseline",
        "capabilities_restricted",
        "seccompProfile_restricted",
        "runAsNonRoot",
        "windowsHostProcess",
        "procMount_restricted",
    ];
    let volume = match dice % 4 {
        0 => VolumeChoice::EmptyDir,
        1 => VolumeChoice::Claim("data".to_owned()),
        2 => VolumeChoice::ConfigMap("conf".to_owned()),
        _ => VolumeChoice::Remove,
    };
    Choices {
        skip: checks.into_iter().zip(0..).filter(|(_, at)| bit(*at) && bit(at + 8)).map(|(check, _)| check).collect(),
        safe_only: bit(16) && bit(17) && bit(18),
        run_as_user: bit(19).then_some(1000),
        run_as_group: bit(20).then_some(1000),
        fs_group: bit(21).then_some(1000),
        keep_capabilities: if bit(22) { ["NET_BIND_SERVICE".into(), "SYS_ADMIN".into()].into() } else { [].into() },
        read_only_root_filesystem: bit(23),
        no_service_account_token: bit(24),
        volumes: if bit(25) { (0..9).map(|at| (format!("v{at}"), volume.clone())).collect() } else { [].into() },
        user_namespace: bit(26),
        ..Choices::default()
    }
}
