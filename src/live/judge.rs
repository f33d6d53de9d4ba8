//! Judges kept pods by what was asked of `check`.

use std::collections::{BTreeMap, HashMap};

use super::NamespaceLabels;
use super::collect::Collector;
use super::templates::TemplateId;
use crate::check::{Policies, Request};
use crate::evaluate::{evaluate, strictest_level};
use crate::model::{ContainerKind, FieldPath, Finding, PodTemplate};
use crate::policy::{Level, Mode, Policy};

/// The most judgements that are kept, of a few kilobytes each.
const MOST: usize = 1000;

/// Judges the pods of one cluster; the same verdict is kept once.
pub(super) struct Judge<'a> {
    pub(super) request: &'a Request,
    pub(super) namespaces: &'a NamespaceLabels,
    /// The newest version that the server knows.
    pub(super) newest: u16,
    judgements: Vec<Judgement>,
    /// Judgements by what they say: few, but for some that say the same of different fields.
    alike: HashMap<String, Vec<usize>>,
    known: BTreeMap<(TemplateId, String), usize>,
}

/// What was decided about a pod or a template. Most pods of a cluster share few of them.
#[derive(PartialEq)]
pub(super) struct Judgement {
    pub(super) policy: Policy,
    pub(super) known: bool,
    pub(super) exempt: Option<String>,
    pub(super) meets: Level,
    pub(super) findings: Vec<Finding>,
    pub(super) modes: Vec<(Mode, Policy, Vec<Finding>)>,
    sentence: String,
}

impl Judgement {
    pub(super) fn allowed(&self) -> bool {
        self.findings.is_empty()
    }
}

impl<'a> Judge<'a> {
    /// A judge for a cluster whose server knows versions up to `v1.newest`.
    pub(super) fn new(request: &'a Request, namespaces: &'a NamespaceLabels, newest: u16) -> Self {
        let (judgements, alike, known) = (Vec::new(), HashMap::new(), BTreeMap::new());
        Self { request, namespaces, newest, judgements, alike, known }
    }

    pub(super) fn get(&self, judgement: usize) -> &Judgement {
        &self.judgements[judgement]
    }

    /// Judges a pod of a namespace.
    pub(super) fn judge(&mut self, objects: &Collector, namespace: &str, template: TemplateId) -> usize {
        let place = (template, namespace.to_owned());
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        let judgement = self.judgement(namespace, objects.template(template));
        let judgement = self.keep(judgement);
        self.known.insert(place, judgement);
        judgement
    }

    /// Forgets the judgements when they are many: then few pods are alike, and keeping them would cost more memory than
    /// the report. Numbers of judgements are good until then.
    pub(super) fn forget_if_many(&mut self) {
        if self.judgements.len() > MOST {
            (self.judgements, self.alike, self.known) = (Vec::new(), HashMap::new(), BTreeMap::new());
        }
    }

    fn keep(&mut self, judgement: Judgement) -> usize {
        let mut key =
            format!("{} {:?} {} {:?}\n", judgement.policy, judgement.exempt, judgement.meets, judgement.known);
        key.push_str(&judgement.sentence);
        for (mode, policy, findings) in &judgement.modes {
            key.push_str(&format!("\n{mode} {policy} {}", Finding::sentence(findings)));
        }
        let alike = self.alike.entry(key).or_default();
        // The same sentence may be about other fields: a value that is wrong here is missing there.
        if let Some(same) = alike.iter().find(|index| self.judgements[**index] == judgement) {
            return *same;
        }
        alike.push(self.judgements.len());
        self.judgements.push(judgement);
        self.judgements.len() - 1
    }

    fn policies(&self, namespace: &str) -> Policies {
        Policies::new(self.request, self.namespaces.get(namespace))
    }

    fn judgement(&self, namespace: &str, pod: &PodTemplate) -> Judgement {
        let policies = self.policies(namespace);
        let policy = policies.enforce.known_to(self.newest);
        let exemption = self.request.admission.exemption(namespace, pod.spec.runtime_class_name.as_deref());
        let exempt = exemption.map(|exemption| exemption.to_string());
        let findings = if exempt.is_some() { Vec::new() } else { evaluate(policy, pod) };
        let modes = if exempt.is_some() { Vec::new() } else { self.modes(&policies, pod) };
        let sentence = Finding::sentence(&findings);
        let judged = exempt.is_none().then_some((policy.level, findings.is_empty()));
        let meets = strictest_level(policy.version, pod, judged);
        Judgement { policy, known: policies.known, exempt, meets, findings, modes, sentence }
    }

    fn modes(&self, policies: &Policies, pod: &PodTemplate) -> Vec<(Mode, Policy, Vec<Finding>)> {
        let Some(modes) = policies.modes else { return Vec::new() };
        let enforce = policies.enforce.known_to(self.newest);
        [Mode::Audit, Mode::Warn]
            .into_iter()
            .map(|mode| (mode, modes.mode(mode).known_to(self.newest)))
            .filter(|(_, policy)| policy.level != Level::Privileged && *policy != enforce)
            .map(|(mode, policy)| (mode, policy, evaluate(policy, pod)))
            .filter(|(_, _, findings)| !findings.is_empty())
            .collect()
    }

    /// What is found because of a pod's ephemeral containers, as if it had no others.
    pub(super) fn ephemeral_findings(&self, namespace: &str, pod: &PodTemplate) -> Vec<Finding> {
        if self.request.admission.exemption(namespace, pod.spec.runtime_class_name.as_deref()).is_some() {
            return Vec::new();
        }
        ephemeral_findings(self.policies(namespace).enforce.known_to(self.newest), pod)
    }
}

/// What a policy finds because of a pod's ephemeral containers, as if it had no others.
#[must_use]
pub fn ephemeral_findings(policy: Policy, pod: &PodTemplate) -> Vec<Finding> {
    let mut alone = pod.clone();
    alone.spec.init_containers.clear();
    alone.spec.containers.clear();
    let list = ContainerKind::Ephemeral.field();
    let is_ephemeral = |path: &FieldPath| path.segments().iter().any(|step| step.as_key() == Some(list));
    evaluate(policy, &alone)
        .into_iter()
        .map(|mut finding| {
            finding.violations.retain(|violation| is_ephemeral(&violation.path));
            finding
        })
        .filter(|finding| !finding.violations.is_empty())
        .collect()
}
