//! The page about one check.

use std::io;

use super::page::{INDENT, Page};
use crate::checks::{Check, Cis};
use crate::explain::replaced_by;
use crate::model::Applicability;
use crate::policy::Level;
use crate::render::style::Tone;

/// Writes all that is known about a check.
pub(super) fn write(page: &mut Page<'_>, check: &Check) -> io::Result<()> {
    let meaning = &check.meaning;
    page.gap()?;
    page.label("CHECK", &format!("{} ({})", check.id, check.title), Tone::Strong)?;
    page.label("LEVEL", &level(check), Tone::broken(check.level))?;
    page.label("FIX", risk(check.fix), Tone::fix(check.fix))?;
    check.cis.iter().try_for_each(|one| page.label("CIS", &cis(one), Tone::Plain))?;
    page.section("DESCRIPTION:", meaning.what)?;
    page.heading("FIELDS:")?;
    meaning.fields.iter().try_for_each(|field| page.hanging(INDENT, "", field))?;
    if meaning.fields.iter().any(|field| field.contains("containers[*]")) {
        page.paragraph("(containers stands for initContainers and ephemeralContainers as well)")?;
    }
    page.heading("PASSES:")?;
    meaning.allowed.iter().try_for_each(|value| page.hanging(INDENT, "- ", value))?;
    page.heading("VERSIONS:")?;
    for revision in check.revisions {
        page.hanging(INDENT, &format!("{:<7}", format!("v1.{}", revision.since)), revision.changed)?;
    }
    page.section("WHY:", meaning.why)?;
    page.section("HOW TO FIX:", &sentence(meaning.remedy))?;
    writeln!(page.out)?;
    page.yaml(INDENT + 4, meaning.example)?;
    page.section("WHAT MAY BREAK:", meaning.breaks)
}

/// Who asks for it, since when, and who else takes its place.
fn level(check: &Check) -> String {
    let since = check.revisions.first().map_or(0, |revision| revision.since);
    let both = if check.level == Level::Baseline { "baseline and restricted" } else { check.level.as_str() };
    let mut text = format!("{both}, since v1.{since}");
    if let Some((other, from)) = replaced_by(check) {
        let from = if from > since { format!(" from v1.{from} on") } else { String::new() };
        text.push_str(&format!("; at restricted {} takes its place{from}", other.id));
    }
    text
}

/// What an applicability means.
fn risk(fix: Applicability) -> &'static str {
    match fix {
        Applicability::Safe => "safe: almost nothing relies on what it takes away",
        Applicability::Risky => "risky: may stop a workload that relies on what it takes away",
        Applicability::Manual => "manual: only you can know what belongs there instead",
    }
}

/// `5.2.7 root containers (benchmark v1.10 to v1.12)`.
fn cis(cis: &Cis) -> String {
    format!("{} {} (benchmark {})", cis.number, cis.about, benchmarks(cis.benchmarks))
}

fn benchmarks(versions: &[&str]) -> String {
    match versions {
        [first, last] => format!("{first} and {last}"),
        [first, .., last] => format!("{first} to {last}"),
        versions => versions.concat(),
    }
}

/// A remedy, which begins small and ends without a full stop, as a sentence.
fn sentence(remedy: &str) -> String {
    let mut chars = remedy.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;
    use crate::render::Style;
    use crate::render::measure::columns;

    fn page(check: &Check, width: usize) -> String {
        let mut out = Vec::new();
        write(&mut Page::new(&Style { width: Some(width), ..Style::default() }, &mut out), check).expect("a vector");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn pages_fit_and_say_everything() {
        for check in CHECKS {
            for width in [60, 80, 120] {
                let text = page(check, width);
                let too_long: Vec<_> = text.lines().filter(|l| columns(l) > width && l.trim().contains(' ')).collect();
                assert!(too_long.is_empty(), "{}: {too_long:?}", check.id);
            }
            let text = page(check, 80);
            assert!(text.lines().count() <= 80, "{}: {} lines", check.id, text.lines().count());
            for heading in ["CHECK:", "LEVEL:", "FIX:", "FIELDS:", "PASSES:", "VERSIONS:", "WHY:", "HOW TO FIX:"] {
                assert!(text.contains(heading), "{}: {heading}", check.id);
            }
            assert_eq!(text.contains("CIS:"), !check.cis.is_empty());
        }
    }

    #[test]
    fn benchmarks_are_named_with_their_versions() {
        let check = crate::checks::by_id("capabilities_restricted").expect("a check");
        assert_eq!(
            check.cis.iter().map(cis).collect::<Vec<_>>(),
            [
                "5.2.8 NET_RAW (benchmark v1.10 to v1.12)",
                "5.2.10 assigned capabilities (benchmark v1.10 and v1.11)",
                "5.2.9 assigned capabilities (benchmark v1.12)"
            ]
        );
    }

    #[test]
    fn what_takes_a_checks_place_is_named() {
        let text = |id| level(crate::checks::by_id(id).expect("a check"));
        assert_eq!(
            text("seccompProfile_baseline"),
            "baseline and restricted, since v1.0; at restricted seccompProfile_restricted takes its place from v1.19 on"
        );
        assert_eq!(text("runAsUser"), "restricted, since v1.23");
        assert_eq!(
            text("hostPathVolumes"),
            "baseline and restricted, since v1.0; at restricted restrictedVolumes takes its place"
        );
    }
}
