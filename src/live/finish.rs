//! Puts pods under the workload at the top of their owners, and makes verdicts of it all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::collect::{Collector, Judgement, Pod, Workload, mode_verdict};
use super::objects::ObjectKey;
use crate::model::{FieldPath, Finding};
use crate::report::{ClusterName, Live, PlacedFinding, PodGroup, Source, Verdict};

/// Longest chain of owners that is followed; real ones have three links.
pub(super) const LONGEST_CHAIN: usize = 16;

impl Collector<'_> {
    /// The verdicts, by namespace, kind and name. `refusals` are messages of events that tell of refused pods, by the
    /// object that could not make them.
    #[must_use]
    pub fn finish(mut self, cluster: &Arc<ClusterName>, refusals: &BTreeMap<ObjectKey, Vec<String>>) -> Vec<Verdict> {
        let mut pods: BTreeMap<ObjectKey, Vec<Pod>> = BTreeMap::new();
        for pod in std::mem::take(&mut self.pods) {
            pods.entry(self.top_of_pod(&pod)).or_default().push(pod);
        }
        let mut refused: BTreeMap<ObjectKey, Vec<String>> = BTreeMap::new();
        for (key, messages) in refusals {
            refused.entry(self.top(key)).or_default().extend(messages.iter().cloned());
        }
        let mut keys: Vec<ObjectKey> = self.workloads.keys().filter(|key| self.top(key) == **key).cloned().collect();
        keys.extend(pods.keys().filter(|key| !self.workloads.contains_key(key)).cloned());
        keys.sort();
        keys.iter()
            .flat_map(|key| {
                let mut verdicts = self.verdicts(key, pods.remove(key).unwrap_or_default(), cluster);
                if let Some(live) = verdicts.first_mut().and_then(|verdict| verdict.live.as_mut()) {
                    live.refusals = refused.remove(key).unwrap_or_default();
                }
                verdicts
            })
            .collect()
    }

    fn top_of_pod(&self, pod: &Pod) -> ObjectKey {
        let own = ObjectKey::pod(&pod.namespace, &pod.name);
        // A static pod's owner is its node, which is no workload.
        match pod.owner.as_ref().filter(|owner| owner.kind != "Node") {
            Some(owner) if !self.is_asked_for(&own) => self.top(owner),
            _ => own,
        }
    }

    /// An object and its owners upwards; an object that was asked for itself is the last.
    pub(super) fn chain<'k>(&'k self, key: &'k ObjectKey) -> impl Iterator<Item = &'k ObjectKey> {
        let next = |key: &&'k ObjectKey| self.managers.get(*key).filter(|_| !self.is_asked_for(key));
        std::iter::successors(Some(key), next).take(LONGEST_CHAIN)
    }

    /// Where an object is told: under the highest of its owners that has a template, for that is what is to be changed.
    /// Where none has, or only what a Deployment or a CronJob made of theirs, under the highest that is known by name.
    fn top(&self, key: &ObjectKey) -> ObjectKey {
        let is_made = |key: &ObjectKey| {
            let manager = self.managers.get(key).filter(|_| !self.is_asked_for(key));
            manager.is_some_and(|manager| is_built_in_manager(&manager.kind, &manager.group))
        };
        let with_template = self.chain(key).filter(|key| self.workloads.contains_key(*key) && !is_made(key)).last();
        with_template.or_else(|| self.chain(key).last()).unwrap_or(key).clone()
    }

    /// The verdict on each template of a workload, each with the pods that are most like it.
    fn verdicts(&self, key: &ObjectKey, pods: Vec<Pod>, cluster: &Arc<ClusterName>) -> Vec<Verdict> {
        let Some(workloads) = self.workloads.get(key) else { return vec![self.verdict(key, None, &pods, cluster)] };
        let mut shares: Vec<Vec<Pod>> = workloads.iter().map(|_| Vec::new()).collect();
        for pod in pods {
            let alike = |workload: &Workload| workload.containers.iter().filter(|c| pod.containers.contains(c)).count();
            // Of several that are as much alike, the last to be looked at is taken: the first of all.
            let closest = workloads.iter().enumerate().rev().max_by_key(|(_, workload)| alike(workload));
            if let Some(share) = closest.and_then(|(index, _)| shares.get_mut(index)) {
                share.push(pod);
            }
        }
        let each = workloads.iter().zip(&shares);
        each.map(|(workload, pods)| self.verdict(key, Some(workload), pods, cluster)).collect()
    }

    fn verdict(
        &self,
        key: &ObjectKey,
        workload: Option<&Workload>,
        pods: &[Pod],
        cluster: &Arc<ClusterName>,
    ) -> Verdict {
        let groups = self.groups(workload, pods);
        let own = match workload {
            Some(workload) => workload.judgement,
            // Of a bare pod, or of pods whose owner is only known by name, the pods' own verdict is all there is.
            None => pods.first().map_or(0, |pod| pod.judgement),
        };
        let judgement = &self.judgements[own];
        let template = workload.map(|workload| workload.template.clone()).unwrap_or_default();
        let meets = groups.iter().map(|group| group.meets).chain([judgement.meets]).min().unwrap_or(judgement.meets);
        Verdict {
            source: Source::cluster(Arc::clone(cluster)),
            api_version: workload.map_or_else(|| api_version(key), |workload| workload.api_version.clone()),
            kind: key.kind.clone(),
            namespace: Some(key.namespace.clone()),
            name: key.name.clone(),
            custom: workload.is_some_and(|workload| workload.custom),
            policy: judgement.policy,
            namespace_is_known: judgement.known,
            exempt: judgement.exempt.clone(),
            allowed: judgement.allowed() && groups.iter().all(|group| group.allowed),
            meets,
            findings: placed(&judgement.findings, &template),
            sentence: None,
            modes: judgement.modes.iter().map(|mode| mode_verdict(mode, &template)).collect(),
            live: Some(Live { pods: pods.len(), groups, refusals: Vec::new() }),
            template,
        }
    }

    /// Pods with the same verdict together, in the order of their first names.
    fn groups(&self, workload: Option<&Workload>, pods: &[Pod]) -> Vec<PodGroup> {
        let mut groups: Vec<(usize, PodGroup)> = Vec::new();
        let mut sorted: Vec<&Pod> = pods.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for pod in sorted {
            let injected = injected(workload, pod);
            let same = groups.iter_mut().find(|(judgement, group)| {
                *judgement == pod.judgement
                    && group.injected == injected
                    && group.ephemeral_containers == pod.ephemeral_containers
            });
            match same {
                Some((_, group)) => group.pods.push(pod.name.clone()),
                None => groups.push((pod.judgement, self.group(workload, pod, injected))),
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn group(&self, workload: Option<&Workload>, pod: &Pod, injected: Vec<String>) -> PodGroup {
        let judgement = &self.judgements[pod.judgement];
        PodGroup {
            pods: vec![pod.name.clone()],
            allowed: judgement.allowed(),
            meets: judgement.meets,
            findings: placed(&judgement.findings, &FieldPath::root()),
            comes_back: self.comes_back(workload, judgement, &injected),
            injected,
            ephemeral_containers: pod.ephemeral_containers.clone(),
            ephemeral: placed(&pod.ephemeral, &FieldPath::root()),
        }
    }

    /// Whether a pod like this would be admitted when it has to be made again: as its template has it, with what is
    /// injected put in again.
    fn comes_back(&self, workload: Option<&Workload>, judgement: &Judgement, injected: &[String]) -> bool {
        let is_injected = |finding: &Finding| {
            finding.violations.iter().filter_map(|violation| violation.container.as_ref()).any(|c| injected.contains(c))
        };
        match workload {
            Some(workload) => {
                self.judgements[workload.judgement].allowed() && !judgement.findings.iter().any(is_injected)
            }
            None => judgement.allowed(),
        }
    }
}

/// Whether objects of a kind make others of their templates: ReplicaSets and Jobs then say nothing of their own.
fn is_built_in_manager(kind: &str, group: &str) -> bool {
    matches!((kind, group), ("Deployment", "apps") | ("CronJob", "batch"))
}

/// Containers of a pod that its owner's template does not have.
fn injected(workload: Option<&Workload>, pod: &Pod) -> Vec<String> {
    let Some(workload) = workload else { return Vec::new() };
    pod.containers.iter().filter(|name| !workload.containers.contains(name)).cloned().collect()
}

/// Findings with paths from the object's top; in a cluster they have no place in any text.
pub(super) fn placed(findings: &[Finding], prefix: &FieldPath) -> Vec<PlacedFinding> {
    findings
        .iter()
        .map(|finding| {
            let mut finding = finding.clone();
            for violation in &mut finding.violations {
                violation.path = prefix.clone().join(&violation.path);
            }
            PlacedFinding { finding, places: Vec::new() }
        })
        .collect()
}

/// The API version of an owner that is only known by name: its group, as far as it is one of Kubernetes' own.
fn api_version(key: &ObjectKey) -> String {
    if key.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", key.group) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Request;
    use crate::live::{NamespaceLabels, PodObject, WorkloadObject};
    use crate::policy::{AdmissionConfig, Level, NamespacePolicy, Version};
    use crate::report::Asked;

    const GOOD: &str = r#""securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[
        {"name":"web","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}"#;

    fn request() -> Request {
        Request {
            asked: Asked::Level(Level::Restricted),
            version: Version::Latest,
            namespace: None,
            admission: AdmissionConfig::default(),
            defaults: NamespacePolicy::default(),
        }
    }

    fn key(kind: &str, group: &str, name: &str) -> ObjectKey {
        ObjectKey { namespace: "shop".into(), kind: kind.into(), group: group.into(), name: name.into() }
    }

    /// A pod of `owner` (kind and name) with `containers` behind the good one.
    fn pod(name: &str, owner: Option<(&str, &str)>, containers: &str, rest: &str) -> PodObject {
        let owners = owner.map_or(String::new(), |(kind, name)| {
            format!(
                r#","ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","controller":true}}]"#
            )
        });
        let text = format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"shop"{owners}}},"spec":{{{GOOD}{containers}]{rest}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn workload(owner: Option<(&str, &str)>) -> WorkloadObject {
        let owners = owner.map_or(String::new(), |(kind, name)| {
            format!(
                r#""ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","controller":true}}]"#
            )
        });
        serde_json::from_str(&format!(r#"{{"metadata":{{{owners}}},"spec":{{"template":{{"spec":{{{GOOD}]}}}}}}}}"#))
            .unwrap()
    }

    fn verdicts(fill: impl FnOnce(&mut Collector<'_>)) -> Vec<Verdict> {
        let (request, namespaces) = (request(), NamespaceLabels::new());
        let mut collector = Collector::new(&request, &namespaces, 36);
        fill(&mut collector);
        let cluster = ClusterName { context: "kind".into(), cluster: "kind".into() };
        collector.finish(&Arc::new(cluster), &BTreeMap::new())
    }

    fn template() -> FieldPath {
        FieldPath::fields(&["spec", "template"])
    }

    #[test]
    fn pods_are_put_under_the_top_of_their_owners() {
        let found = verdicts(|collector| {
            collector.pod(pod("web-1-a", Some(("ReplicaSet", "web-1")), "", ""));
            collector.pod(pod("web-1-b", Some(("ReplicaSet", "web-1")), "", ""));
            collector.pod(pod("alone", None, "", ",\"hostPID\":true"));
            collector.workload(
                key("ReplicaSet", "apps", "web-1"),
                "apps/v1",
                template(),
                workload(Some(("Deployment", "web"))),
            );
            collector.workload(key("Deployment", "apps", "web"), "apps/v1", template(), workload(None));
        });
        let names: Vec<_> = found.iter().map(|v| (v.short_name(), v.allowed, v.live.as_ref().unwrap().pods)).collect();
        assert_eq!(names, [("deployment/web".to_owned(), true, 2), ("pod/alone".to_owned(), false, 1)]);
        assert_eq!(found[1].meets, Level::Privileged);
        assert_eq!(found[0].policy.to_string(), "restricted:v1.36", "latest is the server's");
    }

    #[test]
    fn injected_containers_are_told_from_the_templates() {
        let found = verdicts(|collector| {
            collector.pod(pod("web-1-a", Some(("Deployment", "web")), r#",{"name":"istio-proxy"}"#, ""));
            collector.pod(pod("web-1-b", Some(("Deployment", "web")), "", ""));
            collector.workload(key("Deployment", "apps", "web"), "apps/v1", template(), workload(None));
        });
        assert_eq!(found.len(), 1);
        assert!(found[0].findings.is_empty() && !found[0].allowed);
        let groups = &found[0].live.as_ref().unwrap().groups;
        let seen: Vec<_> =
            groups.iter().map(|g| (g.pods[0].as_str(), g.injected.len(), g.allowed, g.comes_back)).collect();
        assert_eq!(seen, [("web-1-a", 1, false, false), ("web-1-b", 0, true, true)]);
        assert_eq!(groups[0].injected, ["istio-proxy"]);
    }

    #[test]
    fn ephemeral_containers_are_told_apart() {
        let found = verdicts(|collector| {
            collector.pod(pod("alone", None, "", r#","ephemeralContainers":[{"name":"debug"}]"#));
        });
        let group = &found[0].live.as_ref().unwrap().groups[0];
        assert!(found[0].allowed, "without them it comes back");
        assert_eq!(group.ephemeral_containers, ["debug"]);
        let path = group.ephemeral[0].finding.violations[0].path.to_string();
        assert!(path.starts_with("spec.ephemeralContainers[0]."), "{path}");
    }

    #[test]
    fn ended_pods_are_left_out_and_owners_known_by_name_only_are_named() {
        let found = verdicts(|collector| {
            let mut ended = pod("done", None, "", "");
            ended.status.phase = "Succeeded".to_owned();
            collector.pod(ended);
            collector.pod(pod("x-1", Some(("ReplicaSet", "x")), "", ""));
            collector.note(&key("ReplicaSet", "apps", "x"), &workload(Some(("Rollout", "x"))));
        });
        let names: Vec<_> = found.iter().map(Verdict::short_name).collect();
        assert_eq!(names, ["rollout/x"]);
    }
}
