//! Containers that somebody's webhook puts into pods.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Subject;
use crate::admission;
use crate::evaluate::evaluate;
use crate::model::{Finding, Injector, PodTemplate};
use crate::policy::Policy;
use crate::report::apply::Injected;

/// The containers that pods have and no template of their subject has, by name. Of a bare pod there are none: it has no
/// other template.
pub(super) fn injected(subject: &Subject, pods: &[Value], policy: Policy) -> Vec<Injected> {
    if subject.kind() == "Pod" {
        return Vec::new();
    }
    let templates = subject.templates.iter().filter_map(|path| path.find(&subject.object));
    let own: Vec<&str> = templates.flat_map(names).collect();
    let mut found: BTreeMap<String, Injected> = BTreeMap::new();
    for pod in pods {
        let findings = findings(pod, policy);
        for name in names(pod).filter(|name| !own.contains(name)) {
            let injected = found.entry(name.to_owned()).or_insert_with(|| Injected {
                container: name.to_owned(),
                injector: Injector::of(name).map(|injector| injector.name),
                pods: 0,
                findings: about(&findings, name),
            });
            injected.pods += 1;
        }
    }
    found.into_values().collect()
}

/// The names of a pod's or a template's init and regular containers.
fn names(template: &Value) -> impl Iterator<Item = &str> {
    let lists = ["initContainers", "containers"].into_iter().filter_map(|list| template["spec"][list].as_array());
    lists.flatten().filter_map(|container| container["name"].as_str())
}

fn findings(pod: &Value, policy: Policy) -> Vec<Finding> {
    // What the server gave out is a pod.
    let mut pod = PodTemplate::deserialize(pod).unwrap_or_default();
    admission::prepare_pod(&mut pod);
    evaluate(policy, &pod)
}

/// What of the findings is about a container.
fn about(findings: &[Finding], container: &str) -> Vec<Finding> {
    let mut about = findings.to_vec();
    for finding in &mut about {
        finding.violations.retain(|violation| violation.container.as_deref() == Some(container));
    }
    about.retain(|finding| !finding.violations.is_empty());
    about
}
