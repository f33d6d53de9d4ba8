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
use crate::policy::{Exemption, Level, Policy};
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
    /// Pods that it should pass over, by cause and the runtime class that makes them exempt.
    exempt: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What is known here of an exemption of the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exempted {
    /// It is not exempt.
    No,
    /// It is exempt, and the server tells that of this change.
    Told,
    /// It is exempt, and the server need not tell that of this change.
    Silent,
}

/// Whether the server looks at what is in a namespace when enforce changes from one policy to another.
pub(super) fn is_looked_at(from: Policy, to: Policy) -> bool {
    let is_relaxed = from.version == to.version && to.level <= from.level;
    from != to && to.level != Level::Privileged && !is_relaxed
}

/// What the comparison tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) differences: Vec<String>,
    /// Whether the server says that the namespace is exempt.
    pub(super) is_exempt: bool,
    /// Exemptions of the given configuration that the server does not know.
    pub(super) denied: Vec<Exemption>,
}

impl Expected {
    /// What the server should say when enforce changes from one policy to another.
    pub(super) fn new(judge: &Judge<'_>, branches: &[Branch], (from, to): (Policy, Policy), server: u16) -> Self {
        let mut expected = Self::default();
        if !is_looked_at(from, to) {
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
        if found.is_empty() {
            return;
        }
        let cause = found.iter().map(|finding: &Finding| finding.reason.as_ref()).collect::<Vec<_>>().join(", ");
        let class = judge.objects.template(whole).spec.runtime_class_name.clone().unwrap_or_default();
        if judge.exempt(whole).is_some() {
            let exempt = self.exempt.entry(cause).or_default();
            return exempt.entry(class).or_default().push(pod.name.clone());
        }
        self.causes.entry(cause.clone()).or_default().push((pod.name.clone(), pod.ended));
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

    /// The runtime classes of exempt pods that the server counts, where it names a pod of so many with a cause.
    fn denied(&self, cause: &str, (name, count): (&str, usize)) -> Vec<Exemption> {
        let Some(classes) = self.exempt.get(cause) else { return Vec::new() };
        let judged = self.causes.get(cause).map_or(0, Vec::len);
        let is_all = count == judged + classes.values().map(Vec::len).sum::<usize>();
        let is_counted =
            |pods: &Vec<String>| is_all || count == judged + pods.len() || pods.iter().any(|pod| pod == name);
        let counted = classes.iter().filter(|(_, pods)| is_counted(pods));
        counted.map(|(class, _)| Exemption::RuntimeClass(class.clone())).collect()
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
pub(super) fn not_exempt(denied: &Exemption) -> String {
    let what = match denied {
        Exemption::Namespace(_) => "the namespace".to_owned(),
        Exemption::RuntimeClass(class) => format!("runtime class {class:?}"),
    };
    format!("the server does not take {what} for exempt: its configuration is not the one that was given")
}

/// Where the server's warnings and our own verdict differ.
pub(super) fn compare(
    namespace: &str,
    expected: &Expected,
    violating: &[Violator],
    warnings: &[String],
    exempted: Exempted,
) -> Told {
    let said = Said::new(namespace, warnings, expected);
    let mut told = Told { is_exempt: said.is_exempt, ..Told::default() };
    if said.is_exempt {
        if exempted == Exempted::No {
            told.differences
                .push("the server says that the namespace is exempt, which is in its configuration only".to_owned());
        }
        return told;
    }
    if exempted != Exempted::No {
        let is_judged = !said.causes.is_empty() || said.partly.is_some() || said.could_not_list || said.cut > 0;
        if is_judged || exempted == Exempted::Told {
            told.denied.push(Exemption::Namespace(namespace.to_owned()));
        }
        return told;
    }
    told.denied = said.causes.iter().flat_map(|(cause, pod)| expected.denied(cause, *pod)).collect();
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
        Expected { causes, ..Expected::default() }
    }

    fn differences(expected: &Expected, warnings: &[&str]) -> Vec<String> {
        let warnings: Vec<_> = warnings.iter().map(|warning| (*warning).to_owned()).collect();
        compare("shop", expected, &[], &warnings, Exempted::No).differences
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
        let told = compare("shop", &expected(&[("privileged", &["a"])]), &[], &[warning.to_owned()], Exempted::No);
        assert!(told.is_exempt && told.differences.len() == 1);
        let told = compare("shop", &expected(&[]), &[], &[warning.to_owned()], Exempted::Told);
        assert_eq!((told.differences, told.denied), (vec![], vec![]));
    }

    #[test]
    fn an_exemption_that_the_server_does_not_tell_of_is_denied() {
        let denied = |warnings: &[&str], exempted| {
            let warnings: Vec<_> = warnings.iter().map(|warning| (*warning).to_owned()).collect();
            compare("shop", &expected(&[]), &[], &warnings, exempted).denied
        };
        let shop = [Exemption::Namespace("shop".to_owned())];
        assert_eq!(denied(&[HEADER, "a: privileged"], Exempted::Silent), shop);
        assert_eq!(denied(&[], Exempted::Told), shop, "it looked, and found nothing that violates");
        assert_eq!(denied(&[], Exempted::Silent), []);
    }

    #[test]
    fn a_runtime_class_whose_pods_the_server_counts_is_denied() {
        let mut expected = expected(&[("privileged", &["b"])]);
        let pods = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let classes = [("kata".to_owned(), pods(&["a", "c"])), ("gvisor".to_owned(), pods(&["d"]))];
        expected.exempt = [("privileged".to_owned(), classes.into())].into();
        let denied = |line: &str| {
            let told = compare("shop", &expected, &[], &[HEADER.to_owned(), line.to_owned()], Exempted::No);
            let class = |denied: Exemption| not_exempt(&denied).split('"').nth(1).unwrap_or_default().to_owned();
            told.denied.into_iter().map(class).collect::<Vec<_>>()
        };
        assert_eq!(denied("b: privileged"), [""; 0]);
        assert_eq!(denied("b (and 1 other pod): privileged"), ["gvisor"]);
        assert_eq!(denied("a (and 2 other pods): privileged"), ["kata"]);
        assert_eq!(denied("a (and 3 other pods): privileged"), ["gvisor", "kata"]);
    }
}
