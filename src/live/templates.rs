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
    all: Vec<Kept>,
    known: HashMap<Rc<PodTemplate>, TemplateId>,
}

/// A kept pod, and how many are like it that were not let go.
#[derive(Debug)]
struct Kept {
    pod: Rc<PodTemplate>,
    users: usize,
}

impl Templates {
    /// Keeps a pod as admission would see it created.
    pub(super) fn keep(&mut self, mut pod: PodTemplate) -> TemplateId {
        admission::prepare_pod(&mut pod);
        forget_names(&mut pod);
        if let Some(known) = self.known.get(&pod) {
            self.all[known.0].users += 1;
            return *known;
        }
        shrink(&mut pod);
        let (id, pod) = (TemplateId(self.all.len()), Rc::new(pod));
        self.all.push(Kept { pod: Rc::clone(&pod), users: 1 });
        self.known.insert(pod, id);
        id
    }

    pub(super) fn get(&self, id: TemplateId) -> &PodTemplate {
        &self.all[id.0].pod
    }

    /// Nothing is kept any more: what is let go from now on makes room.
    pub(super) fn close(&mut self) {
        self.known = HashMap::new();
    }

    /// One pod that is like this one has been told of. After the last of them it is not there any more.
    pub(super) fn let_go(&mut self, id: TemplateId) {
        let kept = &mut self.all[id.0];
        kept.users = kept.users.saturating_sub(1);
        if kept.users == 0 {
            kept.pod = Rc::default();
        }
    }
}

/// Gives back the room that lists have for more: where no two pods of a cluster are alike, it is half of the memory.
fn shrink(pod: &mut PodTemplate) {
    let spec = &mut pod.spec;
    spec.volumes.iter_mut().for_each(|volume| volume.sources.shrink_to_fit());
    spec.volumes.shrink_to_fit();
    for containers in [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers] {
        containers.iter_mut().for_each(|container| container.ports.shrink_to_fit());
        containers.shrink_to_fit();
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
    fn a_pod_is_there_until_the_last_one_like_it_is_let_go() {
        let mut templates = Templates::default();
        let ids = ["1", "2"].map(|checksum| templates.keep(pod("a", checksum, "unconfined")));
        assert_eq!(ids[0], ids[1]);
        templates.close();
        templates.let_go(ids[0]);
        assert_eq!(templates.get(ids[1]).spec.containers[0].name, "web");
        templates.let_go(ids[1]);
        assert_eq!(*templates.get(ids[1]), PodTemplate::default());
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
