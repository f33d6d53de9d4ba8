//! The rules of the SARIF log: one per check.

use serde_json::json;
use serde_sarif::sarif::{MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor};

use crate::checks::{CHECKS, Check};
use crate::policy::Level;

/// The page that describes both levels.
const STANDARDS: &str = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";

/// A rule per check, in the order of [`CHECKS`].
pub(super) fn all() -> Vec<ReportingDescriptor> {
    CHECKS.iter().map(|check| rule(check)).collect()
}

/// The position of a check's rule.
pub(super) fn index(id: &str) -> Option<usize> {
    CHECKS.iter().position(|check| check.id == id)
}

fn rule(check: &Check) -> ReportingDescriptor {
    ReportingDescriptor::builder()
        .id(check.id)
        .short_description(text(check.title))
        .full_description(text(check.meaning.what))
        .help(MultiformatMessageString::builder().text(help(check)).markdown(help_markdown(check)).build())
        .help_uri(format!("{STANDARDS}#{}", check.level))
        .default_configuration(ReportingConfiguration::builder().level(json!("error")).build())
        .properties(properties(check))
        .build()
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn help(check: &Check) -> String {
    let meaning = &check.meaning;
    format!(
        "{}\n\nWhy: {}\n\nFields: {}\n\nAllowed: {}\n\nFix: {}\n\nMay break: {}",
        meaning.what,
        meaning.why,
        meaning.fields.join(", "),
        meaning.allowed.join("; "),
        meaning.remedy,
        meaning.breaks
    )
}

fn help_markdown(check: &Check) -> String {
    let meaning = &check.meaning;
    let list =
        |items: &[&str], mark: &str| items.iter().map(|item| format!("- {mark}{item}{mark}\n")).collect::<String>();
    format!(
        "{}\n\n**Why:** {}\n\n**Fields**\n\n{}\n**Allowed**\n\n{}\n**Fix:** {}\n\n**May break:** {}\n",
        meaning.what,
        meaning.why,
        list(meaning.fields, "`"),
        list(meaning.allowed, ""),
        meaning.remedy,
        meaning.breaks
    )
}

fn properties(check: &Check) -> PropertyBag {
    let tags = ["security", "kubernetes", "pod-security-standards", check.level.as_str()];
    let entries = [
        ("level".to_owned(), json!(check.level.as_str())),
        ("fix".to_owned(), json!(check.fix.as_str())),
        ("precision".to_owned(), json!("very-high")),
        ("problem.severity".to_owned(), json!("error")),
        ("security-severity".to_owned(), json!(severity(check))),
    ];
    PropertyBag::builder().tags(tags.map(str::to_owned)).additional_properties(entries).build()
}

/// How bad it is on the scale of CVSS, as text. What gives the node away is worse than its level's usual, what only
/// opens a second door less bad.
fn severity(check: &Check) -> &'static str {
    match (check.level, check.id) {
        (_, "privileged" | "windowsHostProcess") => "9.3",
        (_, "hostPathVolumes" | "hostNamespaces") => "8.8",
        (_, "hostPorts" | "hostProbesAndLifecycle" | "sysctls") => "7.1",
        (_, "allowPrivilegeEscalation" | "runAsNonRoot" | "runAsUser") => "6.1",
        (_, "restrictedVolumes") => "4.5",
        (Level::Restricted, _) => "5.3",
        (_, _) => "8.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_a_rule_that_explains_itself() {
        let rules = all();
        assert_eq!(rules.len(), 19);
        for (at, (rule, check)) in rules.iter().zip(CHECKS).enumerate() {
            assert_eq!((rule.id.as_str(), index(check.id)), (check.id, Some(at)));
            let help = rule.help.as_ref().expect("help");
            for part in [check.meaning.remedy, check.meaning.why, check.meaning.breaks] {
                assert!(help.text.contains(part), "{}", check.id);
                assert!(help.markdown.as_ref().is_some_and(|text| text.contains(part)), "{}", check.id);
            }
        }
    }

    #[test]
    fn baseline_checks_are_severe_and_restricted_ones_of_medium_severity() {
        for check in CHECKS {
            let severity: f64 = severity(check).parse().expect("a number");
            let range = if check.level == Level::Baseline { 7.0..10.0 } else { 4.0..7.0 };
            assert!(range.contains(&severity), "{}", check.id);
        }
    }
}
