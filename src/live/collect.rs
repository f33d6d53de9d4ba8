//! Takes objects as they come, judges them, and keeps little more than the verdicts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::gather::Resolved;
use super::objects::{LiveObject, ObjectKey, PodObject, WorkloadObject};
use crate::admission;
use crate::check::{Policies, Request};
use crate::evaluate::{evaluate, strictest_level};
use crate::model::{ContainerKind, FieldPath, Finding, PodTemplate};
use crate::policy::{Level, Mode, Policy};
use crate::report::ModeVerdict;

/// Labels of the namespaces whose labels could be read, by name.
pub type NamespaceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// Judges the objects of a cluster.
pub struct Collector<'a> {
    pub(super) request: &'a Request,
    pub(super) namespaces: &'a NamespaceLabels,
    /// The newest version that the server knows.
    pub(super) newest: u16,
    /// Workloads with their templates: most have one, some custom resources several.
    pub(super) workloads: BTreeMap<ObjectKey, Vec<Workload>>,
    /// Who manages whom.
    pub(super) managers: HashMap<ObjectKey, ObjectKey>,
    pub(super) pods: Vec<Pod>,
    pub(super) judgements: Vec<Judgement>,
    /// Judgements by what they say: few, but for some that say the same of different fields.
    known: HashMap<String, Vec<usize>>,
    /// Objects that were asked for themselves, whoever owns them.
    pub(super) asked_for: Vec<Resolved>,
    /// Objects that came, with a template or not, of those that were asked for by name.
    pub(super) seen: HashSet<ObjectKey>,
    /// Objects that could not be read, with the reason.
    pub(super) problems: Vec<(ObjectKey, String)>,
}

/// A workload with its template judged.
pub(super) struct Workload {
    pub(super) api_version: String,
    pub(super) template: FieldPath,
    pub(super) custom: bool,
    pub(super) judgement: usize,
    /// Names of the template's containers.
    pub(super) containers: Vec<String>,
}

/// What is kept of a pod.
pub(super) struct Pod {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) owner: Option<ObjectKey>,
    /// Without its ephemeral containers, as it would come back.
    pub(super) judgement: usize,
    /// Names of its init and regular containers.
    pub(super) containers: Vec<String>,
    /// What its ephemeral containers add; they cannot be removed.
    pub(super) ephemeral: Vec<Finding>,
    pub(super) ephemeral_containers: Vec<String>,
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
    pub(super) sentence: String,
}

impl Judgement {
    pub(super) fn allowed(&self) -> bool {
        self.findings.is_empty()
    }
}

impl<'a> Collector<'a> {
    /// A collector for one cluster whose server knows versions up to `v1.newest`.
    #[must_use]
    pub fn new(request: &'a Request, namespaces: &'a NamespaceLabels, newest: u16) -> Self {
        Self {
            request,
            namespaces,
            newest,
            workloads: BTreeMap::new(),
            managers: HashMap::new(),
            pods: Vec::new(),
            judgements: Vec::new(),
            known: HashMap::new(),
            asked_for: Vec::new(),
            seen: HashSet::new(),
            problems: Vec::new(),
        }
    }

    /// Objects of these types are told for themselves, not under their owners; of pods only those with a name.
    pub(super) fn stop_at(&mut self, targets: &[Resolved]) {
        self.asked_for =
            targets.iter().filter(|target| target.resource.kind != "Pod" || target.name.is_some()).cloned().collect();
    }

    pub(super) fn is_asked_for(&self, key: &ObjectKey) -> bool {
        self.asked_for.iter().any(|target| target.is(&key.kind, &key.group, &key.name))
    }

    /// Forgets the pods that came: their list begins again.
    pub fn forget_pods(&mut self) {
        self.pods.clear();
    }

    /// Kinds and groups of the owners that stand above all others of a pod or a workload and have not come.
    #[must_use]
    pub fn owners_without_template(&self) -> BTreeSet<(String, String)> {
        let of_pods = self.pods.iter().filter_map(|pod| pod.owner.as_ref());
        of_pods
            .chain(self.workloads.keys())
            .filter_map(|key| self.chain(key).last())
            .filter(|key| !self.workloads.contains_key(*key))
            .map(|key| (key.kind.clone(), key.group.clone()))
            .collect()
    }

    /// Takes a pod.
    pub fn pod(&mut self, pod: PodObject) {
        let owner = pod.controller().map(|owner| owner.key(&pod.metadata.namespace));
        let (namespace, name) = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
        // Pods that have ended do not run, and their owners replace them by their templates.
        if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed")
            && !self.is_asked_for(&ObjectKey::pod(&namespace, &name))
        {
            return;
        }
        let mut template = pod.into_template();
        let ephemeral = self.ephemeral_findings(&namespace, &template);
        let ephemeral_containers = template.spec.ephemeral_containers.iter().map(|c| c.name.clone()).collect();
        template.spec.ephemeral_containers.clear();
        let containers = container_names(&template);
        let judgement = self.judge(&namespace, template);
        self.pods.push(Pod { namespace, name, owner, judgement, containers, ephemeral, ephemeral_containers });
    }

    /// Takes a workload of one of Kubernetes' own kinds, whose template is at `template`.
    pub fn workload(&mut self, key: ObjectKey, api_version: &str, template: FieldPath, workload: WorkloadObject) {
        self.note(&key, &workload);
        if let Some(pod) = workload.into_template() {
            let judged = self.template(&key, api_version, template, false, pod);
            self.workloads.insert(key, vec![judged]);
        }
    }

    /// Takes the templates that were found in a custom resource by their shape.
    pub fn custom(&mut self, key: ObjectKey, api_version: &str, templates: Vec<(FieldPath, PodTemplate)>) {
        let judged: Vec<_> =
            templates.into_iter().map(|(path, pod)| self.template(&key, api_version, path, true, pod)).collect();
        if !judged.is_empty() {
            self.workloads.insert(key, judged);
        }
    }

    /// Remembers that an object is there and who manages it, whether it has a template or not.
    pub fn note(&mut self, key: &ObjectKey, object: &impl LiveObject) {
        if let Some(owner) = object.controller() {
            self.managers.insert(key.clone(), owner.key(&key.namespace));
        }
        if self.is_asked_for(key) {
            self.seen.insert(key.clone());
        }
    }

    fn template(
        &mut self,
        key: &ObjectKey,
        api_version: &str,
        template: FieldPath,
        custom: bool,
        pod: PodTemplate,
    ) -> Workload {
        let containers = container_names(&pod);
        let judgement = self.judge(&key.namespace, pod);
        Workload { api_version: api_version.to_owned(), template, custom, judgement, containers }
    }

    fn policies(&self, namespace: &str) -> Policies {
        Policies::new(self.request, self.namespaces.get(namespace))
    }

    /// Judges a pod as admission would see it created; the same verdict is kept once.
    fn judge(&mut self, namespace: &str, mut pod: PodTemplate) -> usize {
        admission::prepare_pod(&mut pod);
        let judgement = self.judgement(namespace, &pod);
        let mut key =
            format!("{} {:?} {} {:?}\n", judgement.policy, judgement.exempt, judgement.meets, judgement.known);
        key.push_str(&judgement.sentence);
        for (mode, policy, findings) in &judgement.modes {
            key.push_str(&format!("\n{mode} {policy} {}", Finding::sentence(findings)));
        }
        let alike = self.known.entry(key).or_default();
        // The same sentence may be about other fields: a value that is wrong here is missing there.
        if let Some(same) = alike.iter().find(|index| self.judgements[**index] == judgement) {
            return *same;
        }
        alike.push(self.judgements.len());
        self.judgements.push(judgement);
        self.judgements.len() - 1
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
    fn ephemeral_findings(&self, namespace: &str, pod: &PodTemplate) -> Vec<Finding> {
        let is_exempt =
            || self.request.admission.exemption(namespace, pod.spec.runtime_class_name.as_deref()).is_some();
        if pod.spec.ephemeral_containers.is_empty() || is_exempt() {
            return Vec::new();
        }
        let mut alone = pod.clone();
        alone.spec.init_containers.clear();
        alone.spec.containers.clear();
        let policy = self.policies(namespace).enforce.known_to(self.newest);
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
}

fn container_names(pod: &PodTemplate) -> Vec<String> {
    pod.spec
        .all_containers()
        .filter(|container| container.kind != ContainerKind::Ephemeral)
        .map(|container| container.name.clone())
        .collect()
}

/// A mode's verdict for the report.
pub(super) fn mode_verdict((mode, policy, findings): &(Mode, Policy, Vec<Finding>), prefix: &FieldPath) -> ModeVerdict {
    ModeVerdict { mode: *mode, policy: *policy, findings: super::finish::placed(findings, prefix) }
}
