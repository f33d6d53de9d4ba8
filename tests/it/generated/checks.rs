//! `docs/checks/`: a page for each check, of the same texts that `explain` prints.

use std::collections::BTreeMap;

use kubectl_secctx::checks::{CHECKS, Check};
use kubectl_secctx::explain::replaced_by;
use kubectl_secctx::model::Applicability;
use kubectl_secctx::policy::{Level, Version};

use super::text::{filled, markdown};
use super::{MADE, keep};

#[test]
fn every_check_has_its_page() {
    let mut pages: BTreeMap<String, String> =
        CHECKS.iter().map(|check| (format!("{}.md", check.id), page(check))).collect();
    pages.insert("README.md".to_owned(), index());
    keep("docs/checks", "md", &pages);
}

/// The table of all checks, in the order of admission's messages.
fn index() -> String {
    let mut page = format!("{MADE}\n# Checks\n\n");
    let text = format!(
        "The {} controls of the Pod Security Standards, as of {}. Restricted asks for all of baseline's too. \
         `kubectl secctx explain` prints the same texts.",
        CHECKS.len(),
        Version::Minor(Version::NEWEST)
    );
    page += &format!("{}\n\n| Check | Control | Level | Since | Fix |\n|---|---|---|---|---|\n", filled(&text, ""));
    for check in CHECKS {
        let (id, title, level, fix) = (check.id, check.title, check.level, check.fix.as_str());
        page += &format!("| [`{id}`]({id}.md) | {} | {level} | {} | {fix} |\n", markdown(title), since(check));
    }
    page + "\n"
        + &filled(
            "A fix is *safe* when it only tightens a default that almost nothing uses, *risky* when it may stop a workload that \
             relies on what it takes away, and *manual* when no tool can know what belongs there instead.",
            "",
        )
        + "\n"
}

fn page(check: &Check) -> String {
    let meaning = &check.meaning;
    let mut page = format!("{MADE}\n# {}\n\n", markdown(check.title));
    page += &facts(check);
    page += &section("What it asks", meaning.what);
    page += &section("Why", meaning.why);
    page += "\n## Fields\n\n";
    meaning.fields.iter().for_each(|field| page += &format!("- `{field}`\n"));
    if meaning.fields.iter().any(|field| field.contains("containers[*]")) {
        page += "\n`containers` stands for `initContainers` and `ephemeralContainers` as well.\n";
    }
    page += "\n## What passes\n\n";
    meaning.allowed.iter().for_each(|value| page += &format!("- {}\n", filled(&markdown(value), "  ")));
    page += "\n## Versions\n\n";
    for revision in check.revisions {
        let line = format!("- {}: {}", Version::Minor(revision.since), markdown(revision.changed));
        page += &format!("{}\n", filled(&line, "  "));
    }
    page += &section("How to fix it", &sentence(meaning.remedy));
    page += &format!("\n```yaml\n{}```\n", meaning.example);
    page += &section("What may break", meaning.breaks);
    page += "\n## What the server says\n\n";
    check.reasons.iter().for_each(|reason| page += &format!("- `{reason}`\n"));
    page + &format!("\nIn a terminal: `kubectl secctx explain {}`.\n", check.id)
}

/// The lines at the top: ID, level, fix, numbers.
fn facts(check: &Check) -> String {
    let mut facts = format!("- Check: `{}`\n- Level: {}\n- Fix: {}\n", check.id, level(check), fix(check.fix));
    for cis in check.cis {
        let (first, last) = (cis.benchmarks.first(), cis.benchmarks.last());
        let versions = if first == last { vec![first] } else { vec![first, last] };
        let versions: Vec<_> = versions.into_iter().flatten().copied().collect();
        facts += &format!("- CIS Kubernetes Benchmark {}: {}, {}\n", versions.join(" to "), cis.number, cis.about);
    }
    facts
}

fn level(check: &Check) -> String {
    let both = if check.level == Level::Baseline { "baseline and restricted" } else { check.level.as_str() };
    let place = replaced_by(check).map(|(other, from)| {
        let other = format!("[`{0}`]({0}.md)", other.id);
        format!("; at restricted {other} takes its place from {} on", Version::Minor(from))
    });
    format!("{both}, since {}{}", since(check), place.unwrap_or_default())
}

fn since(check: &Check) -> Version {
    Version::Minor(check.revisions.first().map_or(0, |revision| revision.since))
}

fn fix(fix: Applicability) -> &'static str {
    match fix {
        Applicability::Safe => "safe, almost nothing relies on what it takes away",
        Applicability::Risky => "risky, may stop a workload that relies on what it takes away",
        Applicability::Manual => "manual, only you can know what belongs there instead",
    }
}

fn section(heading: &str, text: &str) -> String {
    format!("\n## {heading}\n\n{}\n", filled(&markdown(text), ""))
}

/// A remedy, which begins small and ends without a full stop, as a sentence.
fn sentence(remedy: &str) -> String {
    let mut chars = remedy.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}
