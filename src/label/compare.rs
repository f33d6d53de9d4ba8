//! Our verdict on a namespace held against the server's warnings about it.
//!
//! The server looks at the pods that are there, ended ones and ephemeral containers included, not at templates. It tells
//! of a cause once, with one pod's name and a count, and looks at no more than 3,000 pods or for one second
//! (`EvaluatePodsInNamespace` of `k8s.io/pod-security-admission`). All warnings together are cut at 4,096 characters
//! (`WithWarningRecorder` of `k8s.io/apiserver`).

use std::collections::BTreeMap;

use super::judge::{Judge, some};
use crate::live::{Branch, Pod};
use crate::model::Finding;
use crate::policy::{Level, Policy};
use crate::report::label::Violator;

/// Objects that are named in a sentence.
const MOST: usize = 5;
/// The most characters of all warnings of an answer; beyond that each is cut to [`CUT`].
const LONGEST: usize = 4096;
const CUT: usize = 256;

/// What the server should say.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Pods by cause, sorted: names, and whether they have ended.
    causes: BTreeMap<String, Vec<(String, bool)>>,
    /// The runtime classes of the pods with each cause, empty for none.
    classes: BTreeMap<String, Vec<String>>,
}

/// What the comparison tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) differences: Vec<String>,
    /// Whether the server says that the namespace is exempt.
    pub(super) is_exempt: bool,
}

impl Expected {
    /// What the server should say when enforce changes from one policy to another.
    pub(super) fn new(judge: &Judge<'_>, branches: &[Branch], (from, to): (Policy, Policy), server: u16) -> Self {
        let mut expected = Self::default();
        let is_relaxed = from.version == to.version && to.level <= from.level;
        if from == to || to.level == Level::Privileged || is_relaxed {
            return expected;
        }
        for pod in branches.iter().flat_map(|branch| &branch.pods) {
            expected.add(judge, pod, to.known_to(server));
        }
        expected.causes.values_mut().for_each(|pods| pods.sort());
        expected
    }

    fn add(&mut self, judge: &Judge<'_>, pod: &Pod, to: Policy) {
        let whole = pod.debugged.unwrap_or(pod.template);
        let found = judge.find(to, whole);
        if found.is_empty() || judge.exempt(whole).is_some() {
            return;
        }
        let cause = found.iter().map(|finding: &Finding| finding.reason.as_ref()).collect::<Vec<_>>().join(", ");
        self.causes.entry(cause.clone()).or_default().push((pod.name.clone(), pod.ended));
        let class = judge.objects.template(whole).spec.runtime_class_name.clone().unwrap_or_default();
        self.classes.entry(cause).or_default().push(class);
    }

    /// The line about a cause.
    fn line(cause: &str, pods: &[(String, bool)]) -> String {
        let first = pods.first().map_or("", |(name, _)| name);
        match pods.len() {
            0 | 1 => format!("{first}: {cause}"),
            2 => format!("{first} (and 1 other pod): {cause}"),
            n => format!("{first} (and {} other pods): {cause}", n - 1),
        }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.causes.iter().map(|(cause, pods)| Self::line(cause, pods))
    }

    /// Whether all warnings together are more than the server sends.
    fn is_too_long(&self) -> bool {
        self.lines().map(|line| line.chars().count()).sum::<usize>() > LONGEST - CUT
    }
}

/// The server's warnings, taken apart.
#[derive(Default)]
struct Said<'a> {
    /// How many pods of how many it looked at, where not at all.
    partly: Option<(&'a str, &'a str)>,
    could_not_list: bool,
    is_exempt: bool,
    /// Causes with the pod that is named and how many there are.
    causes: BTreeMap<&'a str, (&'a str, usize)>,
    /// Lines that were cut in the middle.
    cut: usize,
}

impl<'a> Said<'a> {
    fn new(namespace: &str, warnings: &'a [String], expected: &Expected) -> Self {
        let mut said = Self::default();
        let header = format!("existing pods in namespace {namespace:?} violate the new PodSecurity enforce level");
        let mut is_list = false;
        for warning in warnings {
            if let Some(rest) = warning.strip_prefix("new PodSecurity enforce level only checked against the first ") {
                said.partly = rest.strip_suffix(" existing pods").and_then(|counts| counts.split_once(" of "));
            } else if warning == "failed to list pods while checking new PodSecurity enforce level" {
                said.could_not_list = true;
            } else if warning.contains("is exempt from Pod Security, and the policy") {
                said.is_exempt = true;
            } else if warning.starts_with(&header) {
                is_list = true;
            } else if warning.chars().count() == CUT && expected.lines().any(|line| line.starts_with(warning.as_str()))
            {
                said.cut += usize::from(!expected.lines().any(|line| line == *warning));
            } else if let Some((cause, pod)) = line(warning).filter(|_| is_list) {
                said.causes.insert(cause, pod);
            }
        }
        said
    }
}

/// Cause, name and count of `web-1 (and 2 other pods): privileged`.
fn line(warning: &str) -> Option<(&str, (&str, usize))> {
    let (pods, cause) = warning.split_once(": ")?;
    let Some((name, more)) = pods.split_once(" (and ") else { return Some((cause, (pods, 1))) };
    let count: usize = more.split(' ').next()?.parse().ok()?;
    Some((cause, (name, count + 1)))
}

/// The difference where the server judges what is exempt by the configuration that was given.
pub(super) const NOT_EXEMPT: &str =
    "the server does not take the namespace for exempt: its configuration is not the one that was given";

/// Where the server's warnings and our own verdict differ.
pub(super) fn compare(
    namespace: &str,
    expected: &Expected,
    violating: &[Violator],
    warnings: &[String],
    is_exempt_here: bool,
) -> Told {
    let said = Said::new(namespace, warnings, expected);
    let mut told = Told { is_exempt: said.is_exempt, ..Told::default() };
    if said.is_exempt {
        if !is_exempt_here {
            told.differences
                .push("the server says that the namespace is exempt, which is in its configuration only".to_owned());
        }
        return told;
    }
    if is_exempt_here {
        let differs = !said.causes.is_empty();
        told.differences.extend(differs.then(|| NOT_EXEMPT.to_owned()));
        return told;
    }
    let is_whole = limits(&said, expected, &mut told.differences);
    causes(&said, expected, is_whole, &mut told.differences);
    beyond(expected, violating, &mut told.differences);
    told
}

/// Where the server stopped; whether it did not.
fn limits(said: &Said<'_>, expected: &Expected, differences: &mut Vec<String>) -> bool {
    if said.could_not_list {
        differences.push("the server could not list the pods, so its answer says nothing of them".to_owned());
    }
    if let Some((looked, all)) = said.partly {
        differences.push(format!(
            "the server looked at {looked} of {all} pods only: it stops at 3,000 pods or after one second"
        ));
    }
    let is_cut = said.cut > 0 || (expected.is_too_long() && said.causes.len() < expected.causes.len());
    if is_cut {
        let (whole, all) = (said.causes.len(), expected.causes.len());
        differences.push(format!(
            "the server's list is cut off at {LONGEST} characters: {whole} of {all} causes are in it whole"
        ));
    }
    !said.could_not_list && said.partly.is_none() && !is_cut
}

fn causes(said: &Said<'_>, expected: &Expected, is_whole: bool, differences: &mut Vec<String>) {
    for (cause, (name, count)) in &said.causes {
        match expected.causes.get(*cause) {
            None => differences.push(format!(
                "the server names pod/{name}: {cause}, which was not found here; pods may have come meanwhile"
            )),
            Some(pods) if pods.len() != *count && is_whole => differences.push(format!(
                "the server counts {count} and not {} of: {cause}; pods may have come or gone meanwhile",
                counted(pods.len())
            )),
            Some(_) => {}
        }
    }
    let missing = expected.causes.iter().filter(|(cause, _)| is_whole && !said.causes.contains_key(cause.as_str()));
    for (cause, pods) in missing {
        let names = some(pods.iter().map(|(name, _)| format!("pod/{name}")).collect(), MOST);
        let why = match expected.classes.get(cause).and_then(|classes| classes.first()) {
            Some(class) if !class.is_empty() => format!("its runtime class {class:?} may be exempt"),
            _ => "pods may have gone meanwhile".to_owned(),
        };
        differences.push(format!("the server does not name {names}: {cause}; {why}"));
    }
}

/// What only one of the two looks at.
fn beyond(expected: &Expected, violating: &[Violator], differences: &mut Vec<String>) {
    let ended: Vec<_> = expected.causes.values().flatten().filter(|(_, ended)| *ended).collect();
    if !ended.is_empty() {
        let names = some(ended.iter().map(|(name, _)| format!("pod/{name}")).collect(), MOST);
        differences.push(format!("the server counts pods that have ended, which come back no more: {names}"));
    }
    let idle = violating.iter().filter(|violator| violator.pods.is_empty() && violator.exempt.is_none());
    let idle: Vec<_> = idle.map(Violator::short_name).collect();
    if !idle.is_empty() {
        let names = some(idle, MOST);
        differences
            .push(format!("the server looks at pods that are there, not at templates, so it says nothing of {names}"));
    }
}

fn counted(pods: usize) -> String {
    if pods == 1 { "1 pod".to_owned() } else { format!("{pods} pods") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"baseline:latest\"";

    fn expected(causes: &[(&str, &[&str])]) -> Expected {
        let pods = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), false)).collect();
        let causes = causes.iter().map(|(cause, names)| ((*cause).to_owned(), pods(names))).collect();
        Expected { causes, classes: BTreeMap::new() }
    }

    fn differences(expected: &Expected, warnings: &[&str]) -> Vec<String> {
        let warnings: Vec<_> = warnings.iter().map(|warning| (*warning).to_owned()).collect();
        compare("shop", expected, &[], &warnings, false).differences
    }

    #[test]
    fn the_servers_own_lines_are_no_difference() {
        let expected = expected(&[("privileged", &["a", "b", "c"]), ("hostPort, privileged", &["d"])]);
        let lines = [HEADER, "a (and 2 other pods): privileged", "d: hostPort, privileged"];
        assert!(differences(&expected, &lines).is_empty());
        assert_eq!(expected.lines().collect::<Vec<_>>(), [lines[2], lines[1]]);
    }

    #[test]
    fn what_only_one_of_the_two_names_is_told() {
        let expected = expected(&[("privileged", &["a", "b"]), ("hostPort", &["c"])]);
        let told = differences(&expected, &[HEADER, "a: privileged", "x: host namespaces"]);
        assert_eq!(
            told,
            [
                "the server names pod/x: host namespaces, which was not found here; pods may have come meanwhile",
                "the server counts 1 and not 2 pods of: privileged; pods may have come or gone meanwhile",
                "the server does not name pod/c: hostPort; pods may have gone meanwhile",
            ]
        );
    }

    #[test]
    fn a_list_that_is_cut_off_is_no_proof_of_what_is_missing() {
        let expected = expected(&[("privileged", &["a"]), ("hostPort", &["c"])]);
        let partly = "new PodSecurity enforce level only checked against the first 3000 of 3002 existing pods";
        let told = differences(&expected, &[partly, HEADER, "a: privileged"]);
        assert_eq!(told, ["the server looked at 3000 of 3002 pods only: it stops at 3,000 pods or after one second"]);
        let failed = "failed to list pods while checking new PodSecurity enforce level";
        assert_eq!(differences(&expected, &[failed]).len(), 1);
    }

    #[test]
    fn lines_that_are_cut_in_the_middle_are_known() {
        let long = "privileged ".repeat(40);
        let expected = expected(&[(long.as_str(), &["a"]), ("hostPort", &["c"])]);
        let whole = format!("a: {long}");
        let told = differences(&expected, &[HEADER, &whole[..256], "c: hostPort"]);
        assert_eq!(told, ["the server's list is cut off at 4096 characters: 1 of 2 causes are in it whole"]);
    }

    #[test]
    fn an_exemption_that_only_the_server_knows_is_taken_over() {
        let warning =
            "namespace \"shop\" is exempt from Pod Security, and the policy (enforce=baseline:latest) will be ignored";
        let told = compare("shop", &expected(&[("privileged", &["a"])]), &[], &[warning.to_owned()], false);
        assert!(told.is_exempt && told.differences.len() == 1);
        assert_eq!(compare("shop", &expected(&[]), &[], &[warning.to_owned()], true).differences, [""; 0]);
    }
}
