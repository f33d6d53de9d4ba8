//! Whether a running pod would be there again if it had to be made anew.

use super::collect::{Collector, Pod, Workload};
use super::objects::ObjectKey;
use crate::model::Finding;

/// What is found in a pod and in what it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Fate<'a> {
    /// In the pod itself.
    pub pod: &'a [Finding],
    /// In the template of what made it, where that never changes: a Deployment's ReplicaSet, a Job.
    pub maker: Option<&'a [Finding]>,
    /// In the template of its workload; a bare pod has none.
    pub template: Option<&'a [Finding]>,
    /// Its containers that its workload's template has not.
    pub injected: &'a [String],
    /// Whether its workload brings pods of its template in place of those of others.
    pub is_replaced: bool,
}

impl Fate<'_> {
    /// Whether admission would let its successor in.
    #[must_use]
    pub fn comes_back(&self) -> bool {
        let is_injected = self.pod.iter().any(|finding| finding.is_about_any(self.injected));
        match (self.template, self.maker) {
            // During a rollout, pods of the old template are made by the old ReplicaSet until new ones take their place.
            (Some(template), Some(maker)) => {
                let takes_over = self.is_replaced && !maker.is_empty() && template.is_empty() && !is_injected;
                self.pod.is_empty() || takes_over
            }
            (Some(template), None) => template.is_empty() && !is_injected,
            (None, _) => self.pod.is_empty(),
        }
    }
}

impl Collector {
    /// What made a pod, where that is not the workload itself or has a template that never changes.
    #[must_use]
    pub fn maker(&self, pod: &Pod) -> Option<&Workload> {
        let owner = pod.owner.as_ref()?;
        let is_fixed = match (owner.kind.as_str(), owner.group.as_str()) {
            ("ReplicaSet", "apps") => self.managers.contains_key(owner),
            kind => kind == ("Job", "batch"),
        };
        self.workloads.get(owner).filter(|_| is_fixed)?.first()
    }

    /// Whether a workload brings pods of its template in place of those that this one made.
    #[must_use]
    pub fn replaces(workload: &Workload, pod: &Pod) -> bool {
        let is_job = |owner: &ObjectKey| owner.kind == "Job" && owner.group == "batch";
        !workload.paused && !pod.owner.as_ref().is_some_and(is_job)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evaluate::evaluate;
    use crate::model::PodTemplate;
    use crate::policy::{Level, Policy, Version};

    fn bad() -> Vec<Finding> {
        let pod = json!({"spec": {"hostPID": true, "containers": [{"name": "web"}]}});
        let pod: PodTemplate = serde_json::from_value(pod).unwrap();
        evaluate(Policy { level: Level::Baseline, version: Version::Latest }, &pod)
    }

    /// Whether a pod comes back, by whether it, what made it and its workload's template violate.
    fn comes_back(pod: bool, maker: Option<bool>, template: Option<bool>, is_replaced: bool) -> bool {
        let (bad, good) = (bad(), Vec::new());
        let found = |violates: bool| if violates { bad.as_slice() } else { good.as_slice() };
        let (maker, template) = (maker.map(found), template.map(found));
        Fate { pod: found(pod), maker, template, injected: &[], is_replaced }.comes_back()
    }

    #[test]
    fn bare_pods_are_what_they_are() {
        assert!(comes_back(false, None, None, true));
        assert!(!comes_back(true, None, None, true));
    }

    #[test]
    fn without_a_maker_the_template_says_it() {
        assert!(comes_back(true, None, Some(false), true), "a DaemonSet makes it of its template of now");
        assert!(!comes_back(false, None, Some(true), true));
    }

    #[test]
    fn old_pods_of_a_clean_replica_set_are_made_again_by_it() {
        assert!(comes_back(false, Some(false), Some(true), true), "new ones are refused, so it stays");
        assert!(!comes_back(true, Some(true), Some(true), true));
    }

    #[test]
    fn old_pods_of_a_template_that_was_mended_are_replaced_unless_rollouts_are_paused() {
        assert!(comes_back(true, Some(true), Some(false), true));
        assert!(!comes_back(true, Some(true), Some(false), false));
        assert!(!comes_back(true, Some(false), Some(false), true), "a webhook made it so, and would again");
    }
}
