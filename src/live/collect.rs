//! Takes objects as they come, and keeps little more of them than what admission looks at, once each.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::objects::{LiveObject, ObjectKey, PodObject, WorkloadObject};
use super::owners::Branch;
use super::run::Resolved;
use super::templates::{TemplateId, Templates};
use crate::model::{FieldPath, PodTemplate};

/// Keeps the objects of a cluster, to be judged by as many policies as one likes.
#[derive(Default)]
pub struct Collector {
    /// The pods and templates that are different to admission.
    pub(super) templates: Templates,
    /// Namespaces whose objects count; all where it is empty.
    only: BTreeSet<String>,
    /// Workloads with their templates: most have one, some custom resources several.
    pub(super) workloads: BTreeMap<ObjectKey, Vec<Workload>>,
    /// Who manages whom.
    pub(super) managers: HashMap<ObjectKey, ObjectKey>,
    pub(super) pods: Vec<Pod>,
    /// Objects that were asked for themselves, whoever owns them.
    pub(super) asked_for: Vec<Resolved>,
    /// Objects that came, with a template or not, of those that were asked for by name.
    pub(super) seen: HashSet<ObjectKey>,
    /// Objects that could not be read, with the reason.
    pub(super) problems: Vec<(ObjectKey, String)>,
}

/// A template of a workload.
#[derive(Debug, Clone)]
pub struct Workload {
    /// As `apps/v1`.
    pub api_version: String,
    /// Where in the object it is.
    pub path: FieldPath,
    /// Whether the kind is not one of Kubernetes' own and the template was found by its shape.
    pub custom: bool,
    /// Whether its rollouts are paused: what it has made stays as it was made.
    pub paused: bool,
    /// The pod that would be made of it.
    pub template: TemplateId,
}

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object that manages it.
    pub owner: Option<ObjectKey>,
    /// The pod without its ephemeral containers, as it would come back.
    pub template: TemplateId,
    /// The pod with them, where it has any.
    pub debugged: Option<TemplateId>,
    /// Whether it has ended: it does not run, and its owner replaces it by its template.
    pub ended: bool,
    /// Whether it is being deleted: its owner has replaced it already.
    pub leaving: bool,
}

impl Collector {
    /// A collector of objects in these namespaces; in all where none is named.
    #[must_use]
    pub fn new(only: BTreeSet<String>) -> Self {
        Self { only, ..Self::default() }
    }

    /// The pod of a template.
    #[must_use]
    pub fn template(&self, id: TemplateId) -> &PodTemplate {
        self.templates.get(id)
    }

    /// Everything that is there has come.
    pub(super) fn close(&mut self) {
        self.templates.close();
    }

    /// A branch has been told of for the last time.
    pub(super) fn let_go(&mut self, branch: &Branch) {
        let of_pods = branch.pods.iter().flat_map(|pod| [Some(pod.template), pod.debugged]).flatten();
        let of_workload = branch.workload.iter().map(|workload| workload.template);
        of_pods.chain(of_workload).for_each(|id| self.templates.let_go(id));
    }

    /// Objects of these types are told for themselves, not under their owners; of pods only those with a name.
    pub(super) fn stop_at(&mut self, targets: &[Resolved]) {
        self.asked_for =
            targets.iter().filter(|target| target.resource.kind != "Pod" || target.name.is_some()).cloned().collect();
    }

    pub(super) fn is_asked_for(&self, key: &ObjectKey) -> bool {
        self.asked_for.iter().any(|target| target.is(&key.kind, &key.group, &key.name))
    }

    fn counts(&self, namespace: &str) -> bool {
        self.only.is_empty() || self.only.contains(namespace)
    }

    /// Forgets the pods that came: their list begins again. Of one namespace, where only that was listed.
    pub(super) fn forget_pods(&mut self, namespace: Option<&str>) {
        self.pods.retain(|pod| namespace.is_some_and(|namespace| pod.namespace != namespace));
    }

    /// Kinds and groups of the owners that stand above all others of a pod or a workload and have not come.
    #[must_use]
    pub fn owners_without_template(&self) -> BTreeSet<(String, String)> {
        let of_pods = self.pods.iter().filter(|pod| !pod.ended).filter_map(|pod| pod.owner.as_ref());
        of_pods
            .chain(self.workloads.keys())
            .filter_map(|key| self.chain(key).last())
            .filter(|key| !self.workloads.contains_key(*key))
            .map(|key| (key.kind.clone(), key.group.clone()))
            .collect()
    }

    /// Takes a pod.
    pub fn pod(&mut self, pod: PodObject) {
        let (namespace, name) = (pod.metadata.namespace.clone(), pod.metadata.name.clone());
        if !self.counts(&namespace) {
            return;
        }
        let owner = pod.controller().map(|owner| owner.key(&namespace));
        let ended = matches!(pod.status.phase.as_str(), "Succeeded" | "Failed");
        let leaving = pod.metadata.deletion_timestamp.is_some();
        let mut whole = pod.into_template();
        let debugged = (!whole.spec.ephemeral_containers.is_empty()).then(|| self.templates.keep(whole.clone()));
        whole.spec.ephemeral_containers.clear();
        let template = self.templates.keep(whole);
        self.pods.push(Pod { namespace, name, owner, template, debugged, ended, leaving });
    }

    /// Takes a workload of one of Kubernetes' own kinds, whose template is at `path`.
    pub fn workload(&mut self, key: ObjectKey, api_version: &str, path: FieldPath, workload: WorkloadObject) {
        if !self.counts(&key.namespace) {
            return;
        }
        self.note(&key, &workload);
        let paused = workload.spec.paused;
        if let Some(pod) = workload.into_template() {
            let template = self.templates.keep(pod);
            let workload = Workload { api_version: api_version.to_owned(), path, custom: false, paused, template };
            self.workloads.insert(key, vec![workload]);
        }
    }

    /// Takes the templates that were found in a custom resource by their shape.
    pub fn custom(&mut self, key: ObjectKey, api_version: &str, templates: Vec<(FieldPath, PodTemplate)>) {
        let mut take = |(path, pod)| Workload {
            api_version: api_version.to_owned(),
            path,
            custom: true,
            paused: false,
            template: self.templates.keep(pod),
        };
        let found: Vec<_> = templates.into_iter().map(&mut take).collect();
        if !found.is_empty() && self.counts(&key.namespace) {
            self.workloads.insert(key, found);
        }
    }

    /// Remembers that an object is there and who manages it, whether it has a template or not.
    pub fn note(&mut self, key: &ObjectKey, object: &impl LiveObject) {
        if let Some(owner) = object.controller().filter(|_| self.counts(&key.namespace)) {
            self.managers.insert(key.clone(), owner.key(&key.namespace));
        }
        if self.is_asked_for(key) {
            self.seen.insert(key.clone());
        }
    }
}
