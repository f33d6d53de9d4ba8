//! What somebody typed, made comparable with the names and fields that are known.

/// The letters and digits of a text, in lower case: `run-as-non-root`, `Run_As NonRoot` and `runAsNonRoot` are one.
pub(super) fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The steps of a field path, folded, from the pod's top: without list positions, and with the path to a workload's
/// pod template and the kind in front of it left out. All kinds of containers are `containers`.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = without_brackets(path).split('.').map(fold).filter(|step| !step.is_empty()).collect();
    if let Some(at) = steps.iter().rposition(|step| step == "template") {
        steps.drain(..=at);
    }
    if let Some(at) = steps.iter().position(|step| step == "spec" || step == "metadata") {
        steps.drain(..at);
    }
    for step in &mut steps {
        if step == "initcontainers" || step == "ephemeralcontainers" {
            "containers".clone_into(step);
        }
    }
    steps
}

fn without_brackets(path: &str) -> String {
    let mut depth = 0_usize;
    path.chars()
        .filter(|c| {
            match c {
                '[' => depth += 1,
                ']' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// The key of an annotation in a query: the query itself, or what follows `annotations`. A key of such a kind holds a
/// slash.
pub(super) fn annotation(query: &str) -> Option<&str> {
    let key = match query.find("annotations") {
        Some(at) => &query[at + "annotations".len()..],
        None => query,
    };
    let key = key.trim_matches(['[', ']', '.', '"', '\'', ' ']);
    key.contains('/').then_some(key)
}

/// Whether `known`, as a check writes it (`metadata.annotations[a/*]`), covers an annotation's key.
pub(super) fn covers_annotation(known: &str, key: &str) -> bool {
    let Some(pattern) = known.strip_prefix("metadata.annotations[").and_then(|rest| rest.strip_suffix(']')) else {
        return false;
    };
    match pattern.strip_suffix('*') {
        Some(prefix) => {
            key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
                || key.eq_ignore_ascii_case(prefix.trim_end_matches('/'))
        }
        None => key.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count() {
        for text in ["runAsNonRoot", "run-as-non-root", "RUN_AS_NON_ROOT", "run as non root"] {
            assert_eq!(fold(text), "runasnonroot");
        }
    }

    #[test]
    fn paths_start_at_the_pod() {
        let at = |path: &str| steps(path).join(".");
        assert_eq!(at("spec.template.spec.volumes[0].hostPath"), "spec.volumes.hostpath");
        assert_eq!(at("spec.jobTemplate.spec.template.spec.hostNetwork"), "spec.hostnetwork");
        assert_eq!(at("pod.spec.initContainers[*].securityContext"), "spec.containers.securitycontext");
        assert_eq!(at("deployment.spec.template.spec.securityContext"), "spec.securitycontext");
        assert_eq!(at(".spec.containers[name=\"a.b\"].ports"), "spec.containers.ports");
        assert_eq!(at("securityContext.runAsUser"), "securitycontext.runasuser");
        assert_eq!(at("a]b[c"), "ab");
        assert_eq!(at(""), "");
    }

    #[test]
    fn annotations_are_known_by_their_keys() {
        let known = "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]";
        for query in [
            "container.apparmor.security.beta.kubernetes.io/web",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/web]",
            "spec.template.metadata.annotations.container.apparmor.security.beta.kubernetes.io/web",
            "metadata.annotations['container.apparmor.security.beta.kubernetes.io/*']",
        ] {
            assert!(annotation(query).is_some_and(|key| covers_annotation(known, key)), "{query}");
        }
        assert_eq!(annotation("spec.hostNetwork"), None);
        assert!(!covers_annotation(known, "seccomp.security.alpha.kubernetes.io/pod"));
        assert!(!covers_annotation("spec.hostPID", "spec.hostPID"));
    }
}
