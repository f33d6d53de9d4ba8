//! `docs/conformance.md`: what the upstream fixtures come to, counted by a run of the reference.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{MADE, keep};
use crate::conformance::Judges;
use crate::support::reference::{self, Runs};

/// How many fixtures of each level, `pass` and `fail`, a version has, and how many of all get the library's verdict.
#[derive(Default)]
struct Counts {
    fixtures: BTreeMap<(String, String), usize>,
    agree: usize,
}

#[test]
fn the_page_has_the_results_of_the_fixtures() {
    let judges = Judges::new();
    let fixtures: Vec<_> = reference::fixtures().collect();
    let agree: Vec<_> = fixtures.par_iter().map(|fixture| judges.judge_fixture(fixture).is_ok()).collect();
    let mut versions: BTreeMap<u16, Counts> = BTreeMap::new();
    for (fixture, agree) in fixtures.iter().zip(agree) {
        let minor = fixture.version.trim_start_matches("v1.").parse().expect("a version of a fixture");
        let counts = versions.entry(minor).or_default();
        *counts.fixtures.entry((fixture.level.clone(), fixture.expect.clone())).or_default() += 1;
        counts.agree += usize::from(agree);
    }
    keep("docs", "none", &BTreeMap::from([("conformance.md".to_owned(), page(&versions))]));
}

/// A number as people write it: 4,537.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn page(versions: &BTreeMap<u16, Counts>) -> String {
    let total: usize = versions.values().map(|counts| counts.fixtures.values().sum::<usize>()).sum();
    let agree: usize = versions.values().map(|counts| counts.agree).sum();
    let (all_versions, last) = (Runs::VERSIONS, versions.keys().last().expect("there are fixtures"));
    let comparisons = thousands(total * usize::from(all_versions) * 2);
    let (total, agree) = (thousands(total), thousands(agree));
    let mut page = format!(
        "{MADE}
# Conformance

The module `k8s.io/pod-security-admission`, which the API server is built with, carries test pods for every control and
version: {total} up to v1.{last}. `cargo test --test it conformance` judges each of them here and by that module, and compares

- the verdict that the fixture is made for, at its own level and version;
- at {all_versions} versions (v1.0 to v1.{last}, and `latest`) and both levels: the reason and the detail of each control that
  fails, letter for letter, and their order. That makes {comparisons} comparisons.

{agree} of {total} agree in all of this.

| Version | baseline, pass | baseline, fail | restricted, pass | restricted, fail | agree |
|---|---|---|---|---|---|
"
    );
    for (minor, counts) in versions {
        let count = |level: &str, expect: &str| {
            counts.fixtures.get(&(level.to_owned(), expect.to_owned())).copied().unwrap_or_default()
        };
        let all: usize = counts.fixtures.values().sum();
        page += &format!(
            "| v1.{minor} | {} | {} | {} | {} | {} of {all} |\n",
            count("baseline", "pass"),
            count("baseline", "fail"),
            count("restricted", "pass"),
            count("restricted", "fail"),
            counts.agree
        );
    }
    page + "
The fixtures are small and each is about one control. So the tests also compare random pods with the module, and random
pods and all fixtures of v1.36 with a real API server: see the table of test modules in `CONTRIBUTING.md`.
"
}
