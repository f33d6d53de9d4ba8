//! Who sets a field, how messages name them, and the violations that point at what they set.

use serde_json::Value;

use super::text;
use crate::model::{FieldPath, PlacedContainer, PodSecurityContext, PodSpec, SecurityContext, Violation};

/// Who sets a field: the pod, for all its containers, or one of them for itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setter<'a> {
    /// The pod.
    Pod,
    /// A container.
    Container(PlacedContainer<'a>),
}

impl Setter<'_> {
    /// `spec.securityContext` or that of the container.
    pub(super) fn security_context(self) -> FieldPath {
        let holder = match self {
            Self::Pod => FieldPath::fields(&["spec"]),
            Self::Container(container) => container.path(),
        };
        holder.field("securityContext")
    }

    /// The violation of the field of these names below the securityContext.
    pub(super) fn violation(
        self,
        names: &[&'static str],
        actual: impl Into<Value>,
        wanted: impl Into<Value>,
    ) -> Violation {
        let path = names.iter().fold(self.security_context(), |path, name| path.field(name));
        self.violation_at(path, actual, wanted)
    }

    /// The violation of the field at `path`, counted from the pod's top.
    pub(super) fn violation_at(self, path: FieldPath, actual: impl Into<Value>, wanted: impl Into<Value>) -> Violation {
        let container = match self {
            Self::Pod => None,
            Self::Container(container) => Some(container.name.clone()),
        };
        Violation { path, container, actual: actual.into(), wanted: wanted.into() }
    }
}

/// Everybody who sets a field that both kinds of securityContext have, with the value: the pod, then its containers.
pub(super) fn setters<'a, T: Clone + 'a>(
    spec: &'a PodSpec,
    of_pod: impl Fn(&'a PodSecurityContext) -> Option<T>,
    of_container: impl Fn(&'a SecurityContext) -> Option<T> + Clone,
) -> impl Iterator<Item = (Setter<'a>, T)> + Clone {
    let pod = spec.security_context.as_deref().and_then(of_pod).map(|value| (Setter::Pod, value));
    let containers = spec.all_containers().filter_map(move |placed| {
        let context = placed.container.security_context.as_ref()?;
        Some((Setter::Container(placed), of_container(context)?))
    });
    pod.into_iter().chain(containers)
}

/// The containers for which nobody sets such a field: neither they themselves nor the pod.
pub(super) fn unset<'a, T>(
    spec: &'a PodSpec,
    of_pod: impl Fn(&'a PodSecurityContext) -> Option<T>,
    of_container: impl Fn(&'a SecurityContext) -> Option<T> + Clone,
) -> impl Iterator<Item = PlacedContainer<'a>> + Clone {
    let sets = move |placed: &PlacedContainer<'a>| {
        placed.container.security_context.as_deref().and_then(&of_container).is_some()
    };
    let pod_sets = spec.security_context.as_deref().and_then(of_pod).is_some();
    spec.all_containers().filter(move |placed| !pod_sets && !sets(placed))
}

/// Where a field is to be written and where it is to go, so that everybody has a value that passes.
#[derive(Debug)]
pub(super) struct Spread<'a> {
    /// Who gets the value.
    pub(super) set: Vec<Setter<'a>>,
    /// Whose own value contradicts the pod's.
    pub(super) remove: Vec<Setter<'a>>,
}

/// The fewest places: the pod where somebody has no value or the pod's own is `wrong`, and then no container that says
/// otherwise; else the wrong containers.
pub(super) fn spread<'a>(pod_has_one: bool, wrong: Vec<Setter<'a>>, somebody_lacks_one: bool) -> Spread<'a> {
    let (of_pod, of_containers): (Vec<_>, Vec<_>) = wrong.into_iter().partition(|setter| matches!(setter, Setter::Pod));
    let sets_pod = !of_pod.is_empty() || (!pod_has_one && somebody_lacks_one);
    if sets_pod || pod_has_one {
        Spread { set: sets_pod.then_some(Setter::Pod).into_iter().collect(), remove: of_containers }
    } else {
        Spread { set: of_containers, remove: Vec::new() }
    }
}

/// `pod`, `container "a"` or `pod and containers "a", "b"`, whatever they set; `None` where nobody does.
pub(super) fn names<'a, T>(setters: impl Iterator<Item = (Setter<'a>, T)>) -> Option<String> {
    let mut has_pod = false;
    let containers = containers(setters.filter_map(|(setter, _)| match setter {
        Setter::Pod => {
            has_pod = true;
            None
        }
        Setter::Container(container) => Some(container),
    }));
    match (has_pod, containers) {
        (false, containers) => containers,
        (true, None) => Some("pod".to_owned()),
        (true, Some(containers)) => Some(format!("pod and {containers}")),
    }
}

/// `container "a"` or `containers "a", "b"`; `None` where there is none.
pub(super) fn containers<'a>(placed: impl Iterator<Item = PlacedContainer<'a>>) -> Option<String> {
    text::containers(placed.map(|placed| placed.container.name.as_str()))
}

/// A text field as JSON: the model keeps an unset one as an empty string.
pub(super) fn text_value(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::pod;

    fn users(json: &str) -> (String, Vec<String>) {
        let pod = pod(json);
        let found = setters(&pod.spec, |pod| pod.run_as_user, |own| own.run_as_user);
        let unset = unset(&pod.spec, |pod| pod.run_as_user, |own| own.run_as_user);
        (names(found).unwrap_or_default(), unset.map(|container| container.name.clone()).collect())
    }

    #[test]
    fn names_the_pod_before_containers() {
        let (both, unset) = users(
            r#"{"spec":{"securityContext":{"runAsUser":1},"containers":[{"name":"a","securityContext":{"runAsUser":2}},
               {"name":"b"}],"initContainers":[{"name":"i","securityContext":{"runAsUser":3}}]}}"#,
        );
        assert_eq!(both, r#"pod and containers "i", "a""#);
        assert!(unset.is_empty());
    }

    #[test]
    fn a_container_is_unset_only_where_the_pod_is() {
        let json = r#"{"spec":{"securityContext":{},"containers":[{"name":"a","securityContext":{"runAsUser":0}},
            {"name":"b"},{"name":"c","securityContext":{}}]}}"#;
        assert_eq!(users(json), (r#"container "a""#.to_owned(), vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(users(r#"{"spec":{"securityContext":{"runAsUser":0}}}"#).0, "pod");
    }

    #[test]
    fn violations_point_below_the_security_context() {
        let pod = pod(r#"{"spec":{"initContainers":[{"name":"i"}]}}"#);
        let placed = pod.spec.all_containers().next().expect("one container");
        let violation = Setter::Container(placed).violation(&["seccompProfile", "type"], text_value(""), "x");
        assert_eq!(violation.path.to_string(), "spec.initContainers[0].securityContext.seccompProfile.type");
        assert_eq!(violation.container.as_deref(), Some("i"));
        assert_eq!((violation.actual, violation.wanted), (Value::Null, "x".into()));
        let violation = Setter::Pod.violation(&["runAsUser"], 0, Value::Null);
        assert_eq!(
            (violation.path.to_string().as_str(), violation.container),
            ("spec.securityContext.runAsUser", None)
        );
    }
}
