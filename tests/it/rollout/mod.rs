//! Rollouts are watched on real controllers with a node that behaves as a kubelet, and what hardening breaks is named.
//!
//! What an image needs, the table of the node agent says; which edit takes it away follows from that.

mod faults;
mod images;
mod kinds;
mod refusals;

use std::thread;
use std::time::{Duration, Instant};

use kubectl_secctx::cluster::{Cluster, ConnectOptions, Resource};
use kubectl_secctx::harden::{Task, plan};
use kubectl_secctx::model::{Choices, Edit, FieldPath};
use kubectl_secctx::policy::{Level, Policy, Version};
use kubectl_secctx::report::harden::PlannedEdit;
use kubectl_secctx::report::rollout::{Phase, RolloutStatus};
use kubectl_secctx::rollout::{Applied, Before, Rollout, Target};
use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;
use crate::support::eventually;
use crate::support::node_agent::{LABEL, cluster};

/// A namespace that the node serves.
struct Ground {
    server: &'static ControlPlane,
    client: Cluster,
    namespace: &'static str,
}

impl Ground {
    fn new(namespace: &'static str) -> Ground {
        let server = &cluster().server;
        server.create_namespace(namespace, &[(LABEL, "true")]);
        let options = ConnectOptions { kubeconfig: Some(server.kubeconfig().to_owned()), ..ConnectOptions::default() };
        let ground = Ground { server, client: Cluster::connect(&options).unwrap(), namespace };
        eventually("the default service account", || {
            (!ground.get(&resource("v1", "serviceaccounts"), "default").is_null()).then_some(())
        });
        ground
    }

    fn path(&self, resource: &Resource, rest: &str) -> String {
        let root = if resource.group.is_empty() { "api" } else { "apis" };
        format!("/{root}/{}/namespaces/{}/{}{rest}", resource.api_version(), self.namespace, resource.plural)
    }

    fn get(&self, resource: &Resource, name: &str) -> Value {
        let answer = self.server.request("GET", &self.path(resource, &format!("/{name}")), None);
        if answer.status == 200 { answer.body } else { Value::Null }
    }

    #[track_caller]
    fn create(&self, target: &Target, object: &Value) {
        let mut object = object.clone();
        object["metadata"]["name"] = target.name.clone().into();
        let answer = self.server.request("POST", &self.path(&target.resource, ""), Some(&object));
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    #[track_caller]
    fn patch(&self, target: &Target, patch: &Value) {
        let path = self.path(&target.resource, &format!("/{}", target.name));
        let answer = self.server.request("PATCH", &path, Some(patch));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn target(&self, name: &str, object: &str) -> Target {
        let resource = Resource::built_in(name).unwrap();
        let template: &[&'static str] = match resource.kind.as_str() {
            "Pod" => &[],
            "CronJob" => &["spec", "jobTemplate", "spec", "template"],
            _ => &["spec", "template"],
        };
        let template = FieldPath::fields(template);
        Target { resource, namespace: self.namespace.to_owned(), name: object.to_owned(), template }
    }

    /// Creates an object and waits until it runs, by the watch itself: nothing is blamed on edits that were not made.
    #[track_caller]
    fn running(&self, target: &Target, object: &Value) {
        self.create(target, object);
        let status = self.watch(target, Before::default(), Vec::new());
        assert!(matches!(status.phase, Phase::Done | Phase::Deferred), "{status:#?}");
        assert_eq!(status.diagnoses, []);
    }

    /// Puts the edits of a plan for the restricted level into the template that the object had at first.
    #[track_caller]
    fn harden(&self, target: &Target, original: &Value, choices: &Choices) -> Vec<PlannedEdit> {
        let (hardened, edits) = hardened(target, original, choices);
        self.patch(target, &json!({"spec": hardened["spec"]}));
        edits
    }

    /// Hardens an object that is there, and watches until the rollout is over.
    #[track_caller]
    fn harden_and_watch(&self, target: &Target, choices: &Choices) -> RolloutStatus {
        let before = Before::take(&self.client, target).unwrap();
        let edits = self.harden(target, &self.get(&target.resource, &target.name), choices);
        assert!(!edits.is_empty());
        self.watch(target, before, edits)
    }

    #[track_caller]
    fn watch(&self, target: &Target, before: Before, edits: Vec<PlannedEdit>) -> RolloutStatus {
        self.watch_until(target, before, edits, |status| status.phase.is_over())
    }

    #[track_caller]
    fn watch_until(
        &self,
        target: &Target,
        before: Before,
        edits: Vec<PlannedEdit>,
        is_over: impl Fn(&RolloutStatus) -> bool,
    ) -> RolloutStatus {
        let applied = Applied { edits, minor: self.server.minor() };
        look_until(Rollout::follow(&self.client, target.clone(), before, applied), is_over)
    }
}

/// Looks again and again.
#[track_caller]
fn look_until(mut rollout: Rollout<'_>, is_over: impl Fn(&RolloutStatus) -> bool) -> RolloutStatus {
    let started = Instant::now();
    loop {
        let looked = Instant::now();
        let status = rollout.look().unwrap().clone();
        assert!(looked.elapsed() <= Rollout::LONGEST_LOOK + Duration::from_secs(1), "{:?}", looked.elapsed());
        if is_over(&status) {
            return status;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{status:#?}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn hardened(target: &Target, original: &Value, choices: &Choices) -> (Value, Vec<PlannedEdit>) {
    let template = target.template.find(original).unwrap();
    let policy = Policy { level: Level::Restricted, version: Version::Latest };
    let mut edits = plan(&Task { template, policy, choices }).unwrap().edits;
    for planned in &mut edits {
        planned.edit.path = target.template.clone().join(&planned.edit.path);
    }
    let mut object = original.clone();
    Edit::apply(&mut object, edits.iter().map(|planned| &planned.edit)).unwrap();
    (object, edits)
}

fn resource(version: &str, plural: &str) -> Resource {
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let (group, version, plural) = (group.to_owned(), version.to_owned(), plural.to_owned());
    Resource { group, version, plural, namespaced: true, ..Resource::built_in("pods").unwrap() }
}

/// A spec with one container of an image.
fn spec(image: &str) -> Value {
    json!({"terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": image}]})
}

/// A workload with a selector and a template, and more fields of its spec.
fn workload(name: &str, spec: &Value, rest: &Value) -> Value {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let mut workload = json!({"spec": {"selector": {"matchLabels": labels}, "template": template}});
    for (field, value) in rest.as_object().unwrap() {
        workload["spec"][field] = value.clone();
    }
    workload
}

/// The paths of the edits that are blamed, without what leads to the pod's spec.
fn blamed(status: &RolloutStatus) -> Vec<String> {
    let edits = status.diagnoses.iter().flat_map(|diagnosis| &diagnosis.edits);
    edits.map(|edit| edit.edit.path.to_string().replace("spec.template.", "")).collect()
}
