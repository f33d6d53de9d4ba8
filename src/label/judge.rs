//! Judges what is in a namespace by one policy after another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::evaluate::evaluate;
use crate::live::{Branch, Collector, Fate, Pod, TemplateId, ephemeral_findings, ephemeral_names};
use crate::model::Finding;
use crate::policy::{AdmissionConfig, Level, Policy};
use crate::report::label::{Count, Violator};

/// The most findings of pods that are remembered, of a few kilobytes each; where few pods are alike, memory is worth more.
const MOST: usize = 2_000;

/// What a policy finds in a kept pod.
pub(super) type Found = Rc<Vec<Finding>>;

/// Judges the kept pods of a cluster; each by each policy once.
pub(super) struct Judge<'a> {
    pub(super) objects: &'a Collector,
    pub(super) admission: &'a AdmissionConfig,
    known: RefCell<HashMap<(TemplateId, Level, u16), Found>>,
}

/// What a policy comes to in a namespace.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) pods: Count,
    pub(super) workloads: Count,
    pub(super) violating: Vec<Violator>,
}

impl Judged {
    /// Whether nothing violates but what is exempt.
    pub(super) fn is_clean(&self) -> bool {
        self.pods.violating == 0 && self.workloads.violating == 0
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(objects: &'a Collector, admission: &'a AdmissionConfig) -> Self {
        Self { objects, admission, known: RefCell::default() }
    }

    /// What a policy finds in a pod.
    pub(super) fn find(&self, policy: Policy, id: TemplateId) -> Found {
        let key = (id, policy.level, policy.version.minor());
        let mut known = self.known.borrow_mut();
        if known.len() > MOST {
            known.clear();
        }
        let found = || Rc::new(evaluate(policy, self.objects.template(id)));
        Rc::clone(known.entry(key).or_insert_with(found))
    }

    /// Why pods like this are exempt wherever they are, if so.
    pub(super) fn exempt(&self, id: TemplateId) -> Option<String> {
        let class = self.objects.template(id).spec.runtime_class_name.as_deref();
        self.admission.exemption("", class).map(|exemption| exemption.to_string())
    }

    /// Judges all workloads and pods of a namespace by a policy.
    pub(super) fn judge(&self, branches: &[Branch], policy: Policy) -> Judged {
        self.judge_by(branches, &|id| self.find(policy, id), &|pod| self.ephemeral(policy, pod))
    }

    /// Names of a running pod's ephemeral containers, where these violate a policy.
    pub(super) fn ephemeral(&self, policy: Policy, pod: &Pod) -> Vec<String> {
        let Some(id) = pod.debugged.filter(|_| !pod.ended) else { return Vec::new() };
        let whole = self.objects.template(id);
        if ephemeral_findings(policy, whole).is_empty() { Vec::new() } else { ephemeral_names(whole) }
    }

    /// Judges all workloads and pods of a namespace by what is found in each, and in the ephemeral containers of pods.
    pub(super) fn judge_by(
        &self,
        branches: &[Branch],
        find: &dyn Fn(TemplateId) -> Found,
        ephemeral: &dyn Fn(&Pod) -> Vec<String>,
    ) -> Judged {
        let mut judged = Judged::default();
        for branch in branches {
            let running: Vec<&Pod> = branch.pods.iter().filter(|pod| !pod.ended).collect();
            if branch.is_over() {
                continue;
            }
            judged.workloads.judged += 1;
            judged.pods.judged += running.len();
            let Some(mut violator) = self.violator(branch, &running, find) else { continue };
            violator.ephemeral = sorted(running.iter().flat_map(|pod| ephemeral(pod)).collect());
            if violator.exempt.is_none() {
                judged.pods.violating += violator.pods.len();
                judged.workloads.violating += 1;
            }
            judged.violating.push(violator);
        }
        judged
    }

    fn violator(&self, branch: &Branch, running: &[&Pod], find: &dyn Fn(TemplateId) -> Found) -> Option<Violator> {
        let workload = branch.workload.as_ref();
        let of_template = workload.map_or_else(Found::default, |workload| find(workload.template));
        let bad: Vec<(&Pod, Found)> =
            running.iter().map(|pod| (*pod, find(pod.template))).filter(|(_, found)| !found.is_empty()).collect();
        if of_template.is_empty() && bad.is_empty() {
            return None;
        }
        let template_violates = workload.is_none() || !of_template.is_empty();
        let by_injection = bad.iter().any(|(pod, found)| {
            let injected = self.objects.injected(workload, pod);
            found.iter().any(|finding| finding.is_about_any(&injected))
        });
        let path = workload.map(|workload| workload.path.clone()).unwrap_or_default();
        let findings = if of_template.is_empty() {
            of_pods(&bad)
        } else {
            of_template.iter().map(|f| f.clone().under(&path)).collect()
        };
        // Of a workload the template says it, and its pods where there is none.
        let own = workload.map(|workload| workload.template).or(bad.first().map(|(pod, _)| pod.template));
        let exempt = own.and_then(|id| self.exempt(id));
        Some(Violator {
            api_version: branch.api_version(),
            kind: branch.key.kind.clone(),
            name: branch.key.name.clone(),
            template: path,
            pods: bad.iter().map(|(pod, _)| pod.name.clone()).collect(),
            running: running.len(),
            lost: if exempt.is_some() {
                0
            } else {
                running.iter().filter(|pod| self.is_lost(branch, pod, find)).count()
            },
            template_violates,
            findings,
            injected: sorted(running.iter().flat_map(|pod| self.objects.injected(workload, pod)).collect()),
            by_injection: by_injection && !template_violates,
            ephemeral: Vec::new(),
            exempt,
        })
    }

    /// Whether a running pod would not come back.
    fn is_lost(&self, branch: &Branch, pod: &Pod, find: &dyn Fn(TemplateId) -> Found) -> bool {
        let workload = branch.workload.as_ref();
        let maker = self.objects.maker(pod).map(|maker| find(maker.template));
        let template = workload.map(|workload| find(workload.template));
        let fate = Fate {
            pod: &find(pod.template),
            maker: maker.as_ref().map(|found| found.as_slice()),
            template: template.as_ref().map(|found| found.as_slice()),
            injected: &self.objects.injected(workload, pod),
            is_replaced: workload.is_some_and(|workload| Collector::replaces(workload, pod)),
        };
        !pod.leaving && !fate.comes_back()
    }
}

/// What is found in pods, each finding once.
fn of_pods(pods: &[(&Pod, Found)]) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut known: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for finding in pods.iter().flat_map(|(_, found)| found.iter()) {
        let alike = known.entry((finding.check, &finding.detail)).or_default();
        if !alike.iter().any(|index| all[*index] == *finding) {
            alike.push(all.len());
            all.push(finding.clone());
        }
    }
    all
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// Names joined by commas, of many only the first.
pub(super) fn some(mut names: Vec<String>, most: usize) -> String {
    let more = names.len().saturating_sub(most);
    names.truncate(most);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}
