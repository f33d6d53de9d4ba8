//! The verdicts of the library against those of `k8s.io/pod-security-admission`.

use std::hash::{BuildHasher, RandomState};

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::Selection;
use kubectl_secctx::model::{Finding, PodTemplate};
use kubectl_secctx::policy::{Level, Policy, Version};
use kubectl_secctx::yaml::{self, Document};
use rayon::prelude::*;

use crate::support::reference::{self, Fixture, Run, Runs, Sample};

/// How many fixtures v0.37.2 of the library carries; another number means that the comparison itself went wrong.
const FIXTURES: usize = 4_537;

/// How many random pods a run compares.
const PODS: usize = 20_000;

#[test]
fn every_upstream_fixture_gets_its_verdict() {
    let judges = Judges::new();
    let fixtures: Vec<Fixture> = reference::fixtures().collect();
    assert_eq!(fixtures.len(), FIXTURES);
    let differences: Vec<String> =
        fixtures.par_iter().filter_map(|fixture| judges.judge_fixture(fixture).err()).collect();
    assert!(differences.is_empty(), "{} of {FIXTURES} differ:\n{}", differences.len(), first_few(&differences));
}

#[test]
fn random_pods_get_the_same_verdicts_and_texts() {
    let judges = Judges::new();
    let seed = seed();
    let differences: Vec<String> = reference::random(seed, PODS, false)
        .enumerate()
        .par_bridge()
        .filter_map(|(number, line)| {
            let sample: Sample = serde_json::from_str(&line).expect("a sample");
            let context = |error: String| format!("pod {number} of seed {seed}: {error}\n{}", sample.pod);
            judges.judge_sample(&sample).map_err(context).err()
        })
        .collect();
    assert!(
        differences.is_empty(),
        "{} of {PODS} random pods differ (SECCTX_SEED={seed} brings them back):\n{}",
        differences.len(),
        first_few(&differences)
    );
}

/// The seed of the environment, or a new one: any must do.
fn seed() -> u64 {
    match std::env::var("SECCTX_SEED") {
        Ok(seed) => seed.parse().expect("SECCTX_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    }
}

fn first_few(differences: &[String]) -> String {
    const SHOWN: usize = 5;
    differences[..differences.len().min(SHOWN)].join("\n\n")
}

/// The checks of both levels at all versions, by the index that the reference gives a version.
pub(crate) struct Judges {
    baseline: Vec<Selection>,
    restricted: Vec<Selection>,
}

impl Judges {
    pub(crate) fn new() -> Self {
        let of = |level| {
            (0..Runs::VERSIONS).map(|index| Selection::new(Policy { level, version: version(index) })).collect()
        };
        Self { baseline: of(Level::Baseline), restricted: of(Level::Restricted) }
    }

    /// Whether a fixture gets its verdict, and the library's texts at all versions.
    pub(crate) fn judge_fixture(&self, fixture: &Fixture) -> Result<(), String> {
        let context = |error: String| format!("{}: {error}", fixture.file);
        let mut pod = read(&fixture.yaml).map_err(context)?;
        admission::prepare_pod(&mut pod);
        let level: Level = fixture.level.parse().map_err(context)?;
        let version: Version = fixture.version.parse().map_err(context)?;
        let is_allowed = Selection::new(Policy { level, version }).allows(&pod);
        if is_allowed != (fixture.expect == "pass") {
            return Err(context(format!("must {}", fixture.expect)));
        }
        compare(&self.baseline, &fixture.verdicts.baseline, &pod).map_err(context)?;
        compare(&self.restricted, &fixture.verdicts.restricted, &pod).map_err(context)
    }

    fn judge_sample(&self, sample: &Sample) -> Result<(), String> {
        let mut pod = read(&sample.pod.to_string())?;
        let mut template = pod.clone();
        admission::prepare_pod(&mut pod);
        admission::prepare_template(&mut template);
        compare(&self.baseline, &sample.verdicts.baseline, &pod)?;
        compare(&self.restricted, &sample.verdicts.restricted, &pod)?;
        if template == pod && sample.template == sample.verdicts.restricted {
            return Ok(()); // There is nothing to judge anew.
        }
        compare(&self.restricted, &sample.template, &template).map_err(|error| format!("as a template: {error}"))
    }
}

fn version(index: u16) -> Version {
    if index == Runs::VERSIONS - 1 { Version::Latest } else { Version::Minor(index) }
}

/// The pod of a manifest, read the way that the commands read it.
fn read(text: &str) -> Result<PodTemplate, String> {
    let chunks = yaml::chunks(text);
    let [chunk] = chunks.as_slice() else { return Err(format!("{} documents instead of one", chunks.len())) };
    let document = Document::parse(chunk).map_err(|error| format!("{error:?}"))?;
    let root = document.root().ok_or("an empty document")?;
    yaml::de::decode(root).map_err(|error| error.to_string())
}

/// Evaluates a pod at every version and compares reasons, details and the whole sentence.
fn compare(judges: &[Selection], expected: &Runs, pod: &PodTemplate) -> Result<(), String> {
    for (index, judge) in (0..).zip(judges) {
        let expected = expected.at(index);
        let findings = judge.evaluate(pod);
        if !same(&findings, expected) {
            let ours = Finding::sentence(&findings);
            return Err(format!("{}:\n  expected {:?}\n  got      {ours:?}", version(index), expected.text));
        }
        // The short way must come to the same; it has no list of its own, so a few versions tell.
        if index % 8 == 0 && judge.allows(pod) != findings.is_empty() {
            return Err(format!("{}: allows() contradicts evaluate()", version(index)));
        }
        if let Some(finding) = findings.iter().find(|finding| finding.violations.is_empty()) {
            return Err(format!("{}: {} has no violation", version(index), finding.check));
        }
    }
    Ok(())
}

fn same(findings: &[Finding], expected: &Run) -> bool {
    let results = findings.iter().map(|finding| (finding.reason.as_ref(), finding.detail.as_str()));
    results.eq(expected.results.iter().map(|(reason, detail)| (reason.as_str(), detail.as_str())))
        && Finding::sentence(findings) == expected.text
}
