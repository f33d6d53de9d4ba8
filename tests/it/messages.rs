//! The reading of pasted messages, against all that the upstream library says.

use kubectl_secctx::explain::{lookup, read};
use kubectl_secctx::policy::{Level, Policy, Version};
use rayon::prelude::*;

use crate::fuzzing::targets::is_understood;
use crate::support::reference::{self, Fixture, Runs, Sample};

/// How many fixtures of v0.37.2 of the library fail.
const FAILING: usize = 3_486;

/// How many random pods a run reads the refusals of.
const PODS: usize = 2_000;

#[test]
fn refusals_of_all_upstream_fixtures_are_understood() {
    let fixtures: Vec<Fixture> = reference::fixtures().filter(|fixture| fixture.expect == "fail").collect();
    assert_eq!(fixtures.len(), FAILING);
    let wrong: Vec<String> = fixtures.par_iter().filter_map(|fixture| read_fixture(fixture).err()).collect();
    assert!(wrong.is_empty(), "{} of {FAILING}:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
}

fn read_fixture(fixture: &Fixture) -> Result<(), String> {
    let level: Level = fixture.level.parse()?;
    let version: Version = fixture.version.parse()?;
    let runs = if level == Level::Baseline { &fixture.verdicts.baseline } else { &fixture.verdicts.restricted };
    let run = runs.at(version.minor());
    is_understood(Policy { level, version }, &run.text, &run.results)
        .map_err(|error| format!("{}: {error}", fixture.file))
}

#[test]
fn refusals_of_random_pods_are_understood() {
    let wrong: Vec<String> = reference::random(1, PODS, true)
        .par_bridge()
        .flat_map_iter(|line| {
            let sample: Sample = serde_json::from_str(&line).expect("a sample");
            let both = [(Level::Baseline, &sample.verdicts.baseline), (Level::Restricted, &sample.verdicts.restricted)];
            let all = both.into_iter().flat_map(|(level, runs)| {
                (0..Runs::VERSIONS - 1).filter_map(move |minor| {
                    let run = runs.at(minor);
                    let policy = Policy { level, version: Version::Minor(minor) };
                    // Until the next version with another text, everything is the same but for the policy.
                    let is_new = minor == 0 || *runs.at(minor - 1) != *run || minor == Version::NEWEST;
                    if run.text.is_empty() || !is_new {
                        None
                    } else {
                        is_understood(policy, &run.text, &run.results).err()
                    }
                })
            });
            all.collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
}

#[test]
fn any_text_is_read_in_bounded_time() {
    let pieces = [
        "violates PodSecurity \"restricted:latest\": ",
        "would violate PodSecurity \"",
        "privileged",
        " (",
        ")",
        ", ",
        "container \"a\" must not set securityContext.privileged=true",
        "\"",
        "\\",
        "\n",
        "allowPrivilegeEscalation != false",
        "pods \"a\" is forbidden: ",
        ": ",
        "{",
        "[",
        "\u{1b}[",
        "é\u{301}",
        "; container",
        "Warning: ",
        "seccompProfile",
        "existing pods in namespace \"x\" violate the new PodSecurity enforce level \"baseline:latest\"",
        " ",
    ];
    (0_u64..3_000).into_par_iter().for_each(|seed| {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut text = String::new();
        for _ in 0..40 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(pieces[usize::try_from(state >> 33).unwrap() % pieces.len()]);
        }
        let pasted = read(&text);
        assert!(pasted.messages.len() <= 80);
        let _ = lookup(&text);
    });
    let began = std::time::Instant::now();
    for piece in pieces {
        let _ = read(&piece.repeat(50_000 / piece.len()));
        let _ = read(&format!(
            "violates PodSecurity \"restricted:latest\": privileged ({}",
            piece.repeat(50_000 / piece.len())
        ));
        let _ = read(&format!("{piece}\n").repeat(5_000));
    }
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}
