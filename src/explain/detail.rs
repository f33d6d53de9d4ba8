//! The detail of a refusal, taken apart: who is at fault.
//!
//! The details come from the checks' own files (`format!` in `src/checks/*.rs`); the forms here say how to recognise
//! them again, and a test reads back what the checks write.

/// Who a detail is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Whether the pod itself is named.
    pub pod: bool,
    /// Names of containers, in the order of the message.
    pub containers: Vec<String>,
    /// Names of volumes.
    pub volumes: Vec<String>,
    /// Whether annotations are named.
    pub annotations: bool,
}

/// What may follow the names in a detail: how it begins and how it ends.
struct Form {
    check: &'static str,
    start: &'static str,
    end: &'static str,
}

const fn form(check: &'static str, start: &'static str, end: &'static str) -> Form {
    Form { check, start, end }
}

#[rustfmt::skip]
const FORMS: &[Form] = &[
    form("allowPrivilegeEscalation", "must set securityContext.allowPrivilegeEscalation=false", ""),
    form("appArmorProfile", "must not set AppArmor profile type to \"", "\""),
    form("capabilities_baseline", "must not include \"", "\" in securityContext.capabilities.add"),
    form("capabilities_restricted", "must set securityContext.capabilities.drop=[\"ALL\"]", ""),
    form("capabilities_restricted", "must not include \"", "\" in securityContext.capabilities.add"),
    form("hostPathVolumes", "", ""),
    form("hostPorts", "uses hostPort", ""),
    form("hostPorts", "use hostPort", ""),
    form("hostProbesAndHostLifecycle", "uses probe or lifecycle host", "\""),
    form("hostProbesAndHostLifecycle", "use probe or lifecycle host", "\""),
    form("privileged", "must not set securityContext.privileged=true", ""),
    form("procMount", "must not set securityContext.procMount to \"", "\""),
    form("procMount_restricted", "must not set securityContext.procMount to \"", "\""),
    form("restrictedVolumes", "uses restricted volume type", "\""),
    form("restrictedVolumes", "use restricted volume type", "\""),
    form("runAsNonRoot", "must set securityContext.runAsNonRoot=true", ""),
    form("runAsNonRoot", "must not set securityContext.runAsNonRoot=false", ""),
    form("runAsUser", "must not set runAsUser=0", ""),
    form("seLinuxOptions", "set forbidden securityContext.seLinuxOptions: ", ""),
    form("seccompProfile_baseline", "must not set securityContext.seccompProfile.type to \"", "\""),
    form("seccompProfile_restricted", "must not set securityContext.seccompProfile.type to \"", "\""),
    form("seccompProfile_restricted", "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", ""),
    form("windowsHostProcess", "must not set securityContext.windowsOptions.hostProcess=true", ""),
];

/// The words that details are made of, names and values apart.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    FORMS.iter().flat_map(|form| form.start.split(' ').chain(form.end.split(' '))).filter(|word| *word != "\"")
}

/// How many ends of a list of names are tried: names that hold what ends such a list are no names in a cluster.
const MOST_ENDS: usize = 32;

/// Reads a detail of the check with this ID; `None` where it is none of its.
pub(super) fn subject(check: &str, detail: &str) -> Option<Subject> {
    match check {
        "hostNamespaces" => {
            let known = |part: &str| matches!(part, "hostNetwork=true" | "hostPID=true" | "hostIPC=true");
            detail.split(", ").all(known).then(|| Subject { pod: true, ..Subject::default() })
        }
        // Nothing marks where these names begin or end: all that is certain is that there is one.
        "sysctls" => (!detail.is_empty()).then(|| Subject { pod: true, ..Subject::default() }),
        "capabilities_restricted" => capabilities(detail),
        "seccompProfile_baseline" if detail.starts_with("forbidden annotation") => {
            Some(Subject { annotations: true, ..Subject::default() })
        }
        _ => names(check, detail, |rest| forms(check).any(|form| form.fits(rest))),
    }
}

/// Two sentences, of which either may be missing.
fn capabilities(detail: &str) -> Option<Subject> {
    let one = |sentence: &str| {
        let check = "capabilities_restricted";
        names(check, sentence, |rest| forms(check).any(|form| form.fits(rest)))
    };
    let Some(at) = detail.find("; container") else { return one(detail) };
    let mut subject = one(&detail[..at])?;
    for container in one(&detail[at + 2..])?.containers {
        if !subject.containers.contains(&container) {
            subject.containers.push(container);
        }
    }
    Some(subject)
}

fn forms(check: &str) -> impl Iterator<Item = &'static Form> + use<'_> {
    FORMS.iter().filter(move |form| form.check == check)
}

impl Form {
    fn fits(&self, rest: &str) -> bool {
        match rest.strip_prefix(self.start) {
            Some(tail) if self.end.is_empty() => tail.is_empty() || !self.is_whole(),
            Some(tail) => tail.ends_with(self.end),
            None => false,
        }
    }

    /// Whether nothing follows: the start says it all.
    fn is_whole(&self) -> bool {
        !self.start.ends_with([' ', '"']) && !self.start.ends_with("hostPort")
    }
}

/// The names that a detail begins with, where what follows them `fits`.
fn names(check: &str, detail: &str, fits: impl Fn(&str) -> bool) -> Option<Subject> {
    let mut subject = Subject::default();
    let mut rest = detail;
    for pod in ["pod or ", "pod and ", "pod "] {
        if let Some(after) = rest.strip_prefix(pod) {
            (subject.pod, rest) = (true, after);
            break;
        }
    }
    let rest = annotations(rest, &mut subject);
    if fits(rest) && (subject.pod || subject.annotations) {
        return Some(subject);
    }
    let list = rest.split_once(" \"").filter(|(noun, _)| matches!(*noun, "container" | "containers"));
    if let Some((_, list)) = list {
        subject.containers = listed(list, |rest| fits(annotations(rest, &mut subject)))?;
        return Some(subject);
    }
    let (_, list) = rest.split_once(" \"").filter(|(noun, _)| matches!(*noun, "volume" | "volumes"))?;
    subject.volumes = match check {
        "hostPathVolumes" => split(list.strip_suffix('"')?),
        _ => listed(list, fits)?,
    };
    Some(subject)
}

/// Takes `annotations` and the word before them away.
fn annotations<'a>(text: &'a str, subject: &mut Subject) -> &'a str {
    let start = text.strip_prefix("and ").unwrap_or(text);
    let after = start.strip_prefix("annotations ").or_else(|| start.strip_prefix("annotation "));
    subject.annotations |= after.is_some();
    after.unwrap_or(text)
}

/// Names up to the quote behind which the rest fits.
fn listed(list: &str, mut fits: impl FnMut(&str) -> bool) -> Option<Vec<String>> {
    let ends = list.match_indices("\" ").map(|(at, _)| at).take(MOST_ENDS);
    let end = ends.into_iter().find(|at| fits(&list[at + 2..]))?;
    Some(split(&list[..end]))
}

fn split(names: &str) -> Vec<String> {
    names.split("\", \"").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    fn said(check: &str, detail: &str) -> String {
        let Some(subject) = subject(check, detail) else { return "not its".to_owned() };
        let mut words = Vec::new();
        words.extend(subject.pod.then(|| "pod".to_owned()));
        words.extend(subject.annotations.then(|| "annotations".to_owned()));
        words.extend(subject.containers);
        words.extend(subject.volumes);
        words.join(" ")
    }

    #[test]
    fn who_is_at_fault() {
        for (check, detail, names) in [
            (
                "allowPrivilegeEscalation",
                r#"containers "a", "b" must set securityContext.allowPrivilegeEscalation=false"#,
                "a b",
            ),
            (
                "appArmorProfile",
                r#"pod and container "a" and annotations must not set AppArmor profile type to "x", "y""#,
                "pod annotations a",
            ),
            ("appArmorProfile", r#"annotation must not set AppArmor profile type to "x""#, "annotations"),
            ("capabilities_restricted", r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#, "a"),
            (
                "capabilities_restricted",
                r#"container "a" must set securityContext.capabilities.drop=["ALL"]; containers "a", "b" must not include "X", "Y" in securityContext.capabilities.add"#,
                "a b",
            ),
            ("hostNamespaces", "hostNetwork=true, hostIPC=true", "pod"),
            ("hostPathVolumes", r#"volumes "a", "b""#, "a b"),
            ("hostPorts", r#"containers "a", "b" use hostPorts 443, 80"#, "a b"),
            ("restrictedVolumes", r#"volume "a" uses restricted volume type "nfs""#, "a"),
            ("runAsNonRoot", r#"pod or container "a" must set securityContext.runAsNonRoot=true"#, "pod a"),
            ("runAsNonRoot", "pod must not set securityContext.runAsNonRoot=false", "pod"),
            ("seLinuxOptions", r#"pod set forbidden securityContext.seLinuxOptions: user may not be set"#, "pod"),
            ("seccompProfile_baseline", r#"forbidden annotation a/b="x""#, "annotations"),
            ("sysctls", "net.a, net.b", "pod"),
        ] {
            assert_eq!(said(check, detail), names, "{detail}");
        }
    }

    #[test]
    fn hostile_names_end_where_the_rest_fits() {
        let name = r#"a" must set x", "b"#;
        let detail = format!("container \"{name}\" must set securityContext.allowPrivilegeEscalation=false");
        assert_eq!(said("allowPrivilegeEscalation", &detail), r#"a" must set x b"#);
    }

    #[test]
    fn other_texts_are_not_its() {
        for check in CHECKS.iter().map(|check| check.id).filter(|id| *id != "sysctls") {
            for detail in ["", "pod", "container \"a", "something else", "volumes ", "container \"a\" is fine"] {
                assert_eq!(subject(check, detail), None, "{check}: {detail}");
            }
        }
        assert_eq!(
            said(
                "allowPrivilegeEscalation",
                r#"container "a" must set securityContext.allowPrivilegeEscalation=falsey"#
            ),
            "not its"
        );
    }

    #[test]
    fn every_check_has_a_form() {
        for check in CHECKS {
            let special = ["hostNamespaces", "sysctls"].contains(&check.id);
            assert!(special || forms(check.id).next().is_some(), "{}", check.id);
        }
    }
}
