//! Which of the edits that were made has an effect like the one that is seen.

use serde_json::Value;

use super::log::LogSign;
use super::objects::{Object, list, text};
use super::symptom::{Sign, Symptom};
use crate::model::{Applicability, Op};
use crate::report::harden::PlannedEdit;
use crate::report::rollout::Confidence;

/// The edits that may have caused a symptom, the likeliest first, and how sure that is. None where no edit that was made
/// has such an effect.
pub(super) fn blamed<'e>(
    symptom: &Symptom,
    pod: Option<&Object>,
    edits: &'e [PlannedEdit],
) -> (Vec<&'e PlannedEdit>, Confidence) {
    let Suspects { first, then, confidence } = suspects(&symptom.sign);
    if !is_of_root_file_system(symptom, pod) || !is_explained(symptom) {
        return (Vec::new(), confidence);
    }
    let has_rights = may_have_capabilities(symptom, pod, edits);
    let of_container = |edit: &&PlannedEdit| match (&edit.container, &symptom.container) {
        (Some(edited), Some(failing)) => edited == failing,
        _ => true,
    };
    let candidates = edits.iter().filter(of_container);
    let with_effect = |fields: &[&str]| -> Vec<&'e PlannedEdit> {
        let mut found: Vec<&PlannedEdit> = Vec::new();
        for field in fields.iter().filter(|field| **field != "capabilities" || has_rights) {
            for edit in candidates.clone().filter(|edit| has_effect(edit, field)) {
                if !found.contains(&edit) {
                    found.push(edit);
                }
            }
        }
        found
    };
    match with_effect(first) {
        none if none.is_empty() => (with_effect(then), Confidence::Possible),
        found => (found, confidence),
    }
}

/// Fields whose edits have such an effect.
struct Suspects {
    /// The likeliest first.
    first: &'static [&'static str],
    /// Those that come into question only where none of the first was edited.
    then: &'static [&'static str],
    /// How sure it is of the first.
    confidence: Confidence,
}

/// The fields whose edits have the effect that is seen.
///
/// `runAsNonRoot` is never among those of a program that ran: it only keeps a container from being started, and changes
/// nobody's user.
fn suspects(sign: &Sign) -> Suspects {
    use Confidence::{Certain, Likely, Possible};
    let (first, then, confidence): (&[&str], &[&str], Confidence) = match sign {
        Sign::RunsAsRoot | Sign::NamedUser(_) | Sign::AsksForRoot => (&["runAsNonRoot"], &["runAsUser"], Certain),
        Sign::Log(LogSign::NoNewPrivileges) => (&["allowPrivilegeEscalation"], &[], Certain),
        Sign::Log(LogSign::NoToken) => (&["automountServiceAccountToken"], &[], Certain),
        Sign::Log(LogSign::ReadOnly(_)) => (&["readOnlyRootFilesystem"], &[], Certain),
        Sign::Log(LogSign::Port(_)) => {
            (&["runAsUser", "capabilities"], &["privileged", "sysctls", "allowPrivilegeEscalation"], Likely)
        }
        Sign::Log(LogSign::Chown(_) | LogSign::SwitchUser(_)) => {
            (&["runAsUser", "capabilities"], &["privileged", "allowPrivilegeEscalation"], Likely)
        }
        Sign::Log(LogSign::Denied(_)) => (
            &["runAsUser"],
            &["capabilities", "privileged", "runAsGroup", "hostUsers", "seLinuxOptions", "appArmorProfile"],
            Likely,
        ),
        Sign::Log(LogSign::NotPermitted) => (
            &["capabilities", "privileged"],
            &["runAsUser", "seccompProfile", "hostUsers", "allowPrivilegeEscalation"],
            Likely,
        ),
        Sign::BadCall => (&["seccompProfile"], &[], Certain),
        Sign::Probe => (&["host"], &["hostNetwork", "hostPort"], Likely),
        Sign::Sandbox => (&[], &["hostUsers", "volumes", "procMount", "sysctls", "appArmorProfile"], Possible),
        Sign::PodFailed => (&[], &["appArmorProfile", "sysctls", "hostUsers"], Possible),
        Sign::Refused => (&["hostUsers"], &[], Likely),
        Sign::Crash | Sign::Memory | Sign::Config | Sign::Image | Sign::Unschedulable | Sign::NotCreated => {
            (&[], &[], Possible)
        }
    };
    Suspects { first, then, confidence }
}

/// Whether an edit is about a field and may do harm through it.
fn has_effect(edit: &PlannedEdit, field: &str) -> bool {
    match field {
        // What names nobody's edit: it asks for fewer rights only where it takes them.
        "capabilities" => concerns(edit, "capabilities") && edit.fix != Applicability::Safe,
        "host" => edit.check == "hostProbesAndHostLifecycle",
        _ => concerns(edit, field),
    }
}

/// Whether an edit sets a field or takes it away, by itself or with what is around it.
pub(super) fn concerns(edit: &PlannedEdit, field: &str) -> bool {
    let in_path = edit.edit.path.segments().iter().any(|segment| segment.as_key() == Some(field));
    let value = match &edit.edit.op {
        Op::Set(value) => value,
        Op::Remove => &edit.before,
    };
    in_path || holds(value, field)
}

fn holds(value: &Value, field: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inside)| key == field || holds(inside, field)),
        Value::Array(items) => items.iter().any(|item| holds(item, field)),
        _ => false,
    }
}

/// Whether a container may have had capabilities to lose. Only root has those of its container, unless the file of a
/// program carries some.
fn may_have_capabilities(symptom: &Symptom, pod: Option<&Object>, edits: &[PlannedEdit]) -> bool {
    let of_file = matches!(symptom.sign, Sign::Log(LogSign::Port(_) | LogSign::NotPermitted));
    let was_other = edits.iter().any(|edit| concerns(edit, "runAsUser"));
    let Some(pod) = pod.filter(|_| !of_file && !was_other) else { return true };
    let own = symptom.container.as_deref().and_then(|name| pod.container(name)).unwrap_or(&Value::Null);
    let field = |name: &str| match &own["securityContext"][name] {
        Value::Null => &pod.spec["securityContext"][name],
        set => set,
    };
    match field("runAsUser").as_i64() {
        Some(user) => user == 0,
        None => *field("runAsNonRoot") != true,
    }
}

/// Whether a path that cannot be written to is not that of a volume, which is read-only for other reasons.
fn is_of_root_file_system(symptom: &Symptom, pod: Option<&Object>) -> bool {
    match (&symptom.sign, pod) {
        (Sign::Log(LogSign::ReadOnly(Some(path))), Some(pod)) => mount_of(pod, symptom, path).is_none(),
        _ => true,
    }
}

/// The volume that a path of a container is on.
pub(super) fn mount_of<'p>(pod: &'p Object, symptom: &Symptom, path: &str) -> Option<&'p str> {
    let container = pod.container(symptom.container.as_deref()?)?;
    let below = |mount: &str| {
        let rest = path.strip_prefix(mount.trim_end_matches('/'));
        !mount.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mounts = list(&container["volumeMounts"]).iter().filter(|mount| below(text(&mount["mountPath"])));
    mounts.max_by_key(|mount| text(&mount["mountPath"]).len()).map(|mount| text(&mount["name"]))
}

/// Whether a message that has many causes names the one that edits have.
fn is_explained(symptom: &Symptom) -> bool {
    let said = symptom.evidence.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
    match symptom.sign {
        // A server before v1.35 wants runAsNonRoot in spite of `hostUsers: false`.
        Sign::Refused => says(&["runasnonroot != true", "runasuser=0"]),
        Sign::Sandbox => {
            says(&["user namespace", "userns", "idmap", "id-mapped", "procmount", "sysctl", "apparmor", "volume"])
        }
        Sign::PodFailed => says(&["apparmor", "sysctl", "user namespace"]),
        _ => true,
    }
}

/// The edits that may have any effect on a container that ran before and ends now without a word.
pub(super) fn risky<'e>(container: Option<&str>, edits: &'e [PlannedEdit]) -> Vec<&'e PlannedEdit> {
    let is_about = |edit: &&PlannedEdit| edit.container.is_none() || edit.container.as_deref() == container;
    // `runAsNonRoot` changes nothing in a container that was started.
    let may_harm = |edit: &&PlannedEdit| edit.fix != Applicability::Safe && !concerns(edit, "runAsNonRoot");
    edits.iter().filter(is_about).filter(may_harm).collect()
}
