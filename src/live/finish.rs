//! Makes verdicts of what a cluster has, for `check`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::collect::{Collector, Pod, Workload};
use super::fate::Fate;
use super::judge::{Judge, Judgement};
use super::objects::ObjectKey;
use super::owners::Branch;
use super::templates::ephemeral_names;
use crate::model::{FieldPath, Finding};
use crate::policy::{Mode, Policy};
use crate::report::{ClusterName, Live, ModeVerdict, PlacedFinding, PodGroup, Source, Verdict};

/// The verdicts, by namespace, kind and name, and how many pods have ended without a successor, which are not judged:
/// admission does not look at them any more, and nothing would make them anew. `refusals` are messages of events that tell of refused pods, by the
/// object that could not make them.
pub(super) fn finish(
    objects: &mut Collector,
    judge: Judge<'_>,
    cluster: &Arc<ClusterName>,
    refusals: &BTreeMap<ObjectKey, Vec<String>>,
) -> (Vec<Verdict>, usize) {
    let mut refused: BTreeMap<ObjectKey, Vec<String>> = BTreeMap::new();
    for (key, messages) in refusals {
        refused.entry(objects.top(key)).or_default().extend(messages.iter().cloned());
    }
    let branches = objects.branches();
    objects.close();
    let mut finish = Finish { objects, judge, cluster };
    let mut ended = 0;
    let verdicts = branches
        .into_iter()
        .filter_map(|mut branch| {
            let mut verdict = finish.of_branch(&mut branch, &mut ended);
            if let Some(live) = verdict.as_mut().and_then(|verdict| verdict.live.as_mut()) {
                live.refusals = refused.remove(&branch.key).unwrap_or_default();
            }
            verdict
        })
        .collect();
    (verdicts, ended)
}

struct Finish<'a> {
    objects: &'a mut Collector,
    judge: Judge<'a>,
    cluster: &'a Arc<ClusterName>,
}

impl Finish<'_> {
    /// The verdict on a branch, which is then let go; `None` where there is nothing to judge. Adds to `ended` how many pods
    /// there are of it that have all ended.
    fn of_branch(&mut self, branch: &mut Branch, ended: &mut usize) -> Option<Verdict> {
        let objects = &mut *self.objects;
        let is_over = branch.is_over().then_some(branch.pods.len());
        let is_told = |pod: &Pod| !pod.ended || objects.is_asked_for(&ObjectKey::pod(&pod.namespace, &pod.name));
        // Pods that have ended do not run, and alone they say nothing of what will.
        branch.pods.retain(is_told);
        *ended += is_over.filter(|_| branch.pods.is_empty()).unwrap_or(0);
        self.judge.forget_if_many();
        let verdict = self.verdict(branch);
        self.objects.let_go(branch);
        verdict
    }

    /// The verdict on a template and its pods; `None` where there is neither.
    fn verdict(&mut self, branch: &Branch) -> Option<Verdict> {
        let (key, workload) = (&branch.key, branch.workload.as_ref());
        let judge = |finish: &mut Self, template| finish.judge.judge(&*finish.objects, &key.namespace, template);
        let own = match workload {
            Some(workload) => judge(self, workload.template),
            // Of a bare pod, or of pods whose owner is only known by name, the pods' own verdict is all there is.
            None => judge(self, branch.pods.first()?.template),
        };
        let judged: Vec<_> = branch.pods.iter().map(|pod| judge(self, pod.template)).collect();
        let makers: Vec<_> = branch
            .pods
            .iter()
            .map(|pod| self.objects.maker(pod).map(|maker| maker.template).map(|template| judge(self, template)))
            .collect();
        let groups = self.groups(own, workload, branch.pods.iter().zip(judged.into_iter().zip(makers)));
        let judgement = self.judge.get(own);
        let template = workload.map(|workload| workload.path.clone()).unwrap_or_default();
        let meets = groups.iter().map(|group| group.meets).chain([judgement.meets]).min().unwrap_or(judgement.meets);
        Some(Verdict {
            source: Source::cluster(Arc::clone(self.cluster)),
            api_version: branch.api_version(),
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
            live: Some(Live { pods: branch.pods.len(), groups, refusals: Vec::new() }),
            template,
        })
    }

    /// Pods with the same verdict together, in the order of their first names.
    fn groups<'p>(
        &self,
        own: usize,
        workload: Option<&Workload>,
        pods: impl Iterator<Item = (&'p Pod, (usize, Option<usize>))>,
    ) -> Vec<PodGroup> {
        let mut groups: Vec<PodGroup> = Vec::new();
        let mut known = HashMap::new();
        for (pod, (judgement, maker)) in pods {
            let injected = self.objects.injected(workload, pod);
            let fate = Fate {
                pod: &self.judge.get(judgement).findings,
                maker: maker.map(|maker| self.judge.get(maker).findings.as_slice()),
                template: workload.map(|_| self.judge.get(own).findings.as_slice()),
                injected: &injected,
                is_replaced: workload.is_some_and(|workload| Collector::replaces(workload, pod)),
            };
            let comes_back = fate.comes_back();
            let ephemeral = pod.debugged.map_or(Vec::new(), |id| ephemeral_names(self.objects.template(id)));
            let new = || {
                let group = self.group(pod, self.judge.get(judgement), injected.clone(), ephemeral.clone());
                groups.push(PodGroup { comes_back, ..group });
                groups.len() - 1
            };
            let key = (judgement, comes_back, injected.clone(), ephemeral.clone());
            let index = *known.entry(key).or_insert_with(new);
            groups[index].pods.push(pod.name.clone());
        }
        groups
    }

    /// A group of pods that are like this one, with nobody in it yet.
    fn group(
        &self,
        pod: &Pod,
        judgement: &Judgement,
        injected: Vec<String>,
        ephemeral_containers: Vec<String>,
    ) -> PodGroup {
        let of_ephemeral = |id| self.judge.ephemeral_findings(&pod.namespace, self.objects.template(id));
        let ephemeral = pod.debugged.map_or(Vec::new(), of_ephemeral);
        PodGroup {
            pods: Vec::new(),
            allowed: judgement.allowed(),
            meets: judgement.meets,
            findings: placed(&judgement.findings, &FieldPath::root()),
            comes_back: true,
            injected,
            ephemeral_containers,
            ephemeral: placed(&ephemeral, &FieldPath::root()),
        }
    }
}

/// A mode's verdict for the report.
fn mode_verdict((mode, policy, findings): &(Mode, Policy, Vec<Finding>), prefix: &FieldPath) -> ModeVerdict {
    ModeVerdict { mode: *mode, policy: *policy, findings: placed(findings, prefix) }
}

/// Findings with paths from the object's top; in a cluster they have no place in any text.
fn placed(findings: &[Finding], prefix: &FieldPath) -> Vec<PlacedFinding> {
    let place = |finding: &Finding| PlacedFinding { finding: finding.clone().under(prefix), places: Vec::new() };
    findings.iter().map(place).collect()
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

    fn verdicts(fill: impl FnOnce(&mut Collector)) -> Vec<Verdict> {
        let (request, namespaces) = (request(), NamespaceLabels::new());
        let mut collector = Collector::default();
        fill(&mut collector);
        let cluster = Arc::new(ClusterName { context: "kind".into(), cluster: "kind".into() });
        finish(&mut collector, Judge::new(&request, &namespaces, 36), &cluster, &BTreeMap::new()).0
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
