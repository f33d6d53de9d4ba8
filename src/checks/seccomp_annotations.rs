//! The annotations that carried seccomp profiles before v1.19, and what fields say the same.
//!
//! No kubelet reads them since v1.27, but they tell what their author meant, and the API server refuses a field that
//! they contradict (`validateSeccompAnnotationsAndFields` in `k8s.io/kubernetes/pkg/apis/core/validation`).

use super::repair::{Case, Step};
use super::setters::Setter;
use crate::model::{Edit, FieldPath, SECCOMP_ANNOTATION, SECCOMP_ANNOTATION_OF_POD};

const RISK: &str = "rare system calls, as debuggers, sandboxes and FUSE make them, are refused";

/// The key of the annotation that was about the pod or a container.
pub(super) fn key(setter: Setter<'_>) -> String {
    match setter {
        Setter::Pod => SECCOMP_ANNOTATION_OF_POD.to_owned(),
        Setter::Container(container) => format!("{SECCOMP_ANNOTATION}{}", container.container.name),
    }
}

/// The path of that annotation.
pub(super) fn path(setter: Setter<'_>) -> FieldPath {
    FieldPath::fields(&["metadata", "annotations"]).key(key(setter))
}

/// The profile on the node that the annotation names, where a field may name it too.
pub(super) fn localhost_profile<'a>(case: &Case<'a>, setter: Setter<'_>) -> Option<&'a str> {
    let file = case.written(&path(setter))?.as_str()?.strip_prefix("localhost/")?;
    let descends = !file.is_empty() && !file.starts_with('/') && !file.split('/').any(|part| part == "..");
    descends.then_some(file)
}

/// The edit that takes the annotation away, where it is.
pub(super) fn removal(case: &Case<'_>, setter: Setter<'_>) -> Option<Step> {
    let path = path(setter);
    path.find(case.template).is_some().then(|| Step::safe(Edit::remove(path), ""))
}

/// Gives the pod or container a profile by field, the annotation's where that names one on the node, and takes the
/// annotation away.
pub(super) fn set_profile(case: &Case<'_>, setter: Setter<'_>, has_one: bool) -> Vec<Step> {
    let profile = setter.security_context().field("seccompProfile");
    let (type_, file) = (profile.clone().field("type"), profile.field("localhostProfile"));
    let meant = if has_one { None } else { localhost_profile(case, setter) };
    let mut steps = match meant {
        Some(name) => {
            let risk = format!("the container does not start where the node has no seccomp profile {name:?}");
            vec![Step::safe(Edit::set(type_, "Localhost"), risk), Step::safe(Edit::set(file, name), "")]
        }
        None => {
            let leftover = case.written(&file).is_some().then(|| Step::safe(Edit::remove(file), ""));
            [Step::safe(Edit::set(type_, "RuntimeDefault"), RISK)].into_iter().chain(leftover).collect()
        }
    };
    steps.extend(removal(case, setter));
    steps
}
