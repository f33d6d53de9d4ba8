//! Pods as admission sees them, each kept once: most pods of a cluster are like others.

use std::collections::HashMap;
use std::rc::Rc;

use crate::admission;
use crate::model::{ContainerKind, PodTemplate};

/// Names a kept pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(usize);

/// All pods that differ to admission.
#[derive(Debug, Default)]
pub(super) struct Templates {
    all: Vec<Rc<PodTemplate>>,
    known: HashMap<Rc<PodTemplate>, TemplateId>,
}

impl Templates {
    /// Keeps a pod as admission would see it created.
    pub(super) fn keep(&mut self, mut pod: PodTemplate) -> TemplateId {
        admission::prepare_pod(&mut pod);
        forget_names(&mut pod);
        if let Some(known) = self.known.get(&pod) {
            return *known;
        }
        let (id, pod) = (TemplateId(self.all.len()), Rc::new(pod));
        self.all.push(Rc::clone(&pod));
        self.known.insert(pod, id);
        id
    }

    pub(super) fn get(&self, id: TemplateId) -> &PodTemplate {
        &self.all[id.0]
    }
}

/// Takes away what differs from pod to pod and what no check looks at: annotations that hold no profile, and the names of
/// the volumes that the server adds for tokens, with a random ending each.
fn forget_names(pod: &mut PodTemplate) {
    const PROFILES: [&str; 3] = [
        "container.apparmor.security.beta.kubernetes.io/",
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/",
    ];
    pod.metadata.annotations.retain(|key, _| PROFILES.iter().any(|prefix| key.starts_with(prefix)));
    // Every version allows projected volumes, so that no message has their names.
    for volume in pod.spec.volumes.iter_mut().filter(|volume| volume.sources == ["projected"]) {
        volume.name.clear();
    }
}

/// Names of a pod's init and regular containers.
pub(super) fn container_names(pod: &PodTemplate) -> impl Iterator<Item = &str> {
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    containers.map(|container| container.name.as_str())
}

/// Names of a pod's ephemeral containers.
#[must_use]
pub fn ephemeral_names(pod: &PodTemplate) -> Vec<String> {
    let all = pod.spec.all_containers().filter(|container| container.kind == ContainerKind::Ephemeral);
    all.map(|container| container.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::evaluate;
    use crate::policy::{Level, Policy, Version};

    fn pod(token: &str, checksum: &str, profile: &str) -> PodTemplate {
        let text = format!(
            r#"{{"metadata":{{"annotations":{{"checksum":"{checksum}",
                "container.apparmor.security.beta.kubernetes.io/web":"{profile}"}}}},
                "spec":{{"containers":[{{"name":"web"}}],"volumes":[{{"name":"{token}","projected":{{}}}},
                {{"name":"{token}-host","hostPath":{{"path":"/"}}}}]}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_what_admission_looks_at_tells_pods_apart() {
        let mut templates = Templates::default();
        let first = templates.keep(pod("a", "1", "unconfined"));
        assert_ne!(templates.keep(pod("b", "1", "unconfined")), first, "a hostPath volume is named in messages");
        assert_ne!(templates.keep(pod("a", "1", "runtime/default")), first);
        assert_eq!(templates.keep(pod("a", "2", "unconfined")), first);

        let token = |name: &str| {
            let text = format!(r#"{{"spec":{{"volumes":[{{"name":"kube-api-access-{name}","projected":{{}}}}]}}}}"#);
            serde_json::from_str::<PodTemplate>(&text).unwrap()
        };
        assert_eq!(templates.keep(token("x2b4c")), templates.keep(token("9zz7p")));
    }

    #[test]
    fn nothing_that_is_found_is_lost() {
        let mut templates = Templates::default();
        let whole = pod("a", "1", "unconfined");
        let id = templates.keep(whole.clone());
        let mut prepared = whole;
        admission::prepare_pod(&mut prepared);
        for minor in 0..=Version::NEWEST {
            for level in Level::ALL {
                let policy = Policy { level, version: Version::Minor(minor) };
                assert_eq!(evaluate(policy, templates.get(id)), evaluate(policy, &prepared), "{policy}");
            }
        }
    }
}
