//! From a name or a field to what is known about it.

use super::field::{FIELDS, Field};
use super::query::{annotation, covers_annotation, fold, steps};
use crate::checks::{CHECKS, Check};
use crate::model::VOLUME_SOURCES;

/// What there is to tell about a name or a field; never empty.
#[derive(Debug)]
pub struct Answer {
    /// Checks, in their usual order.
    pub checks: Vec<&'static Check>,
    /// Fields that no check judges.
    pub fields: Vec<&'static Field>,
    /// Whether the question named a field that these are only below of, as `securityContext`.
    pub is_parent: bool,
}

/// Longest question that is compared with everything known, in characters; nothing known is near as long.
const LONGEST: usize = 120;

/// Finds what a question is about: the ID of a check, an everyday name, a reason of the server, a field or the end of
/// its path, a volume type, an annotation. Case, `-`, `_` and list positions do not count.
#[must_use]
pub fn lookup(question: &str) -> Option<Answer> {
    let question = question.trim();
    let (name, path) = (fold(question), steps(question));
    if name.is_empty() {
        return None;
    }
    let key = annotation(question);
    let source = volume_source(&path);
    let exact = Answer::of(
        |check| {
            is_name_of(check, &name)
                || is_field_of(check.meaning.fields, &path, key, Match::Itself)
                || source.as_deref().is_some_and(|source| judges_volume(check, source))
        },
        |field| is_field_of(field.paths, &path, key, Match::Itself),
    );
    exact.or_else(|| {
        let below = Answer::of(
            |check| is_field_of(check.meaning.fields, &path, None, Match::Parent),
            |field| is_field_of(field.paths, &path, None, Match::Parent),
        );
        below.map(|answer| Answer { is_parent: true, ..answer })
    })
}

impl Answer {
    fn of(checks: impl Fn(&Check) -> bool, fields: impl Fn(&Field) -> bool) -> Option<Self> {
        let checks: Vec<_> = CHECKS.iter().copied().filter(|check| checks(check)).collect();
        let fields: Vec<_> = FIELDS.iter().filter(|field| fields(field)).collect();
        (!checks.is_empty() || !fields.is_empty()).then_some(Self { checks, fields, is_parent: false })
    }
}

/// How a path relates to a known field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    /// It is the field, from wherever it starts.
    Itself,
    /// The field lies below.
    Parent,
}

fn is_name_of(check: &Check, name: &str) -> bool {
    let names = check.names.iter().chain(check.reasons).chain([&check.id, &check.title]);
    names.into_iter().any(|known| fold(known) == name)
}

fn is_field_of(fields: &[&str], path: &[String], key: Option<&str>, how: Match) -> bool {
    fields.iter().any(|field| match key {
        Some(key) => covers_annotation(field, key),
        None => matches(&steps(field), path, how),
    })
}

fn matches(field: &[String], path: &[String], how: Match) -> bool {
    match how {
        Match::Itself => !path.is_empty() && field.ends_with(path),
        Match::Parent if path.is_empty() => false,
        Match::Parent if path[0] == "spec" || path[0] == "metadata" => field.starts_with(path),
        Match::Parent => field.windows(path.len()).any(|window| window == path),
    }
}

/// The volume type, folded, that a path names or is below of.
fn volume_source(path: &[String]) -> Option<String> {
    let below = match path {
        [spec, volumes, below @ ..] if spec == "spec" && volumes == "volumes" => below,
        [volumes, below @ ..] if volumes == "volumes" => below,
        path => path,
    };
    let source = below.first()?;
    VOLUME_SOURCES.iter().any(|known| fold(known) == *source).then(|| source.clone())
}

fn judges_volume(check: &Check, source: &str) -> bool {
    check.id == "restrictedVolumes" || (check.id == "hostPathVolumes" && source == "hostpath")
}

/// Names that a question may have meant, the likeliest first, at most three.
#[must_use]
pub fn similar(question: &str) -> Vec<&'static str> {
    /// Less alike than this, a name is no help.
    const ALIKE: f64 = 0.6;
    let name: String = fold(question).chars().take(LONGEST).collect();
    let last: String = steps(question).pop().unwrap_or_default().chars().take(LONGEST).collect();
    let likeness = |known: &str| {
        let known = fold(known);
        let alike = |asked: &str| strsim::normalized_damerau_levenshtein(asked, &known);
        alike(&name).max(alike(&last))
    };
    let mut scored: Vec<_> = known_names().map(|known| (likeness(known), known)).collect();
    scored.retain(|(likeness, _)| *likeness >= ALIKE);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut names: Vec<&str> = Vec::new();
    for (_, known) in scored {
        if names.iter().all(|name| fold(name) != fold(known)) {
            names.push(known);
        }
    }
    names.truncate(3);
    names
}

fn known_names() -> impl Iterator<Item = &'static str> {
    let of_checks = CHECKS.iter().flat_map(|check| {
        let fields = check.meaning.fields.iter().copied().filter_map(last_step);
        [check.id].into_iter().chain(check.names.iter().copied()).chain(fields)
    });
    of_checks.chain(FIELDS.iter().map(Field::name)).chain(VOLUME_SOURCES.iter().copied())
}

/// The name at the end of a path, where it says enough alone.
fn last_step(path: &'static str) -> Option<&'static str> {
    let step = path.rsplit('.').next()?;
    (step.len() > 5 && !step.contains(['[', '/'])).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str) -> String {
        let Some(answer) = lookup(question) else { return "nothing".to_owned() };
        let checks = answer.checks.iter().map(|check| check.id);
        let fields = answer.fields.iter().map(|field| field.name());
        let names: Vec<_> = checks.chain(fields).collect();
        format!("{}{}", if answer.is_parent { "below: " } else { "" }, names.join(" "))
    }

    #[test]
    fn ids_in_any_spelling() {
        for check in CHECKS {
            for id in [check.id.to_owned(), check.id.to_uppercase(), check.id.replace('_', "-")] {
                assert!(found(&id).split(' ').any(|name| name == check.id), "{id}: {}", found(&id));
            }
        }
        assert_eq!(found("run-as-non-root"), "runAsNonRoot");
        assert_eq!(found("capabilities_restricted"), "capabilities_restricted");
    }

    #[test]
    fn everyday_names() {
        for (name, checks) in [
            ("host ports", "hostPorts"),
            ("privilege escalation", "allowPrivilegeEscalation"),
            ("seccomp", "seccompProfile_baseline seccompProfile_restricted"),
            ("Sysctls", "sysctls"),
            ("apparmor", "appArmorProfile"),
            ("SELinux", "seLinuxOptions"),
            ("capabilities", "capabilities_baseline capabilities_restricted"),
            ("root", "runAsNonRoot runAsUser"),
            ("unrestricted capabilities", "capabilities_restricted"),
            ("runAsNonRoot != true", "runAsNonRoot"),
        ] {
            assert_eq!(found(name), checks, "{name}");
        }
    }

    #[test]
    fn fields_from_wherever_they_start() {
        for (field, checks) in [
            ("securityContext.runAsNonRoot", "runAsNonRoot"),
            ("spec.containers[*].securityContext.capabilities.add", "capabilities_baseline capabilities_restricted"),
            ("spec.initContainers[3].securityContext.capabilities.drop[0]", "capabilities_restricted"),
            ("runAsUser", "runAsUser"),
            ("hostPath", "hostPathVolumes restrictedVolumes"),
            ("spec.template.spec.volumes[0].hostPath", "hostPathVolumes restrictedVolumes"),
            ("spec.volumes[1].hostPath.path", "hostPathVolumes restrictedVolumes"),
            ("spec.volumes[1].nfs", "restrictedVolumes"),
            ("emptyDir", "restrictedVolumes"),
            ("seccompProfile.type", "seccompProfile_baseline seccompProfile_restricted"),
            ("procMount", "procMount procMount_restricted"),
            ("container.apparmor.security.beta.kubernetes.io/web", "appArmorProfile"),
            ("metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]", "seccompProfile_baseline"),
            ("livenessProbe.httpGet.host", "hostProbesAndHostLifecycle"),
            ("readOnlyRootFilesystem", "readOnlyRootFilesystem"),
            ("spec.hostUsers", "hostUsers"),
            ("seLinuxOptions.level", "level"),
            ("windowsOptions.gmsa_credential_spec_name", "gmsaCredentialSpecName"),
        ] {
            assert_eq!(found(field), checks, "{field}");
        }
    }

    #[test]
    fn parents_give_all_that_is_below() {
        assert_eq!(found("livenessProbe"), "below: hostProbesAndHostLifecycle");
        assert_eq!(found("seccompProfile"), "seccompProfile_baseline seccompProfile_restricted");
        assert_eq!(
            found("windowsOptions"),
            "below: windowsHostProcess runAsUserName gmsaCredentialSpecName gmsaCredentialSpec"
        );
        assert!(found("securityContext").split(' ').count() > 20);
        assert!(!found("spec.securityContext").contains("readOnlyRootFilesystem"));
    }

    #[test]
    fn the_unknown_gets_suggestions() {
        for question in ["", " ", "[", "xyzzy", "metadata.labels", "a/b/c", "pod/web"] {
            assert_eq!(found(question), "nothing", "{question}");
        }
        assert_eq!(similar("runAsNonRot")[0], "runAsNonRoot");
        assert_eq!(similar("securityContext.readOnlyRootFileSytem")[0], "readOnlyRootFilesystem");
        assert_eq!(similar("secomp")[0], "seccomp");
        assert!(similar("zzzzzzzzzzzz").is_empty());
        assert!(similar(&"x".repeat(1 << 20)).is_empty());
    }
}
