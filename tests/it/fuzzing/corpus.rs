//! What the inputs are made of: the files of the other tests, random manifests, random pods, and messages about them.

use std::collections::BTreeMap;
use std::fs;

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::evaluate;
use kubectl_secctx::model::PodTemplate;
use kubectl_secctx::policy::{Level, Policy, Version};
use serde_json::{Value, json};

use super::mutation::{mutate_bytes, mutate_text};
use super::pods::{mutate_pod, pool};
use super::targets::Random;
use super::{files, root};
use crate::editing::Generator;
use crate::support::reference::{self, Sample};

/// How many random pods there are to begin with.
const PODS: usize = 300;
/// Longest file taken as it is; mutations make some longer.
const LONGEST: usize = 1 << 14;

/// Seeds for all targets.
pub(super) struct Corpus {
    files: Vec<Vec<u8>>,
    pods: Vec<Value>,
    /// Values that stand at a key in some pod.
    pool: BTreeMap<String, Vec<Value>>,
    messages: Vec<String>,
}

impl Corpus {
    /// Reads and makes all seeds.
    pub(super) fn gather() -> Self {
        let samples = reference::random(7, PODS, false);
        let mut pods: Vec<Value> =
            samples.map(|line| serde_json::from_str::<Sample>(&line).expect("a sample").pod).collect();
        let fixtures = reference::fixtures().step_by(23);
        pods.extend(fixtures.map(|fixture| serde_yaml::from_str::<Value>(&fixture.yaml).expect("a pod")));
        let folders = ["tests/testdata/yaml", "tests/testdata/fuzzing/loader", "examples", "examples/kustomize"];
        let paths = folders.iter().flat_map(|folder| files(&root().join(folder)));
        let mut files: Vec<Vec<u8>> = paths.map(|path| fs::read(path).expect("a file")).collect();
        files.retain(|file| file.len() < LONGEST);
        let of_pods = pods.iter().enumerate().step_by(3);
        files.extend(of_pods.map(|(at, pod)| manifest(at, pod).into_bytes()));
        let mut messages: Vec<String> = pods.iter().enumerate().filter_map(|(at, pod)| message(at, pod)).collect();
        messages.push(fs::read_to_string(root().join("examples/refusal.txt")).expect("a refusal"));
        let pool = pool(&pods);
        Self { files, pods, pool, messages }
    }

    /// A file, changed now and then beyond recognition.
    pub(super) fn file(&self, random: &mut Random) -> Vec<u8> {
        let seed = |random: &mut Random| match random.below(3) {
            0 => Generator::file(random).into_bytes(),
            1 => manifest(random.below(40), &self.pod_value(random)).into_bytes(),
            _ => self.files[random.below(self.files.len())].clone(),
        };
        let mut file = seed(random);
        if random.percent(90) {
            let other = seed(random);
            mutate_text(&mut file, &other, random);
        }
        if random.percent(15) {
            mutate_bytes(&mut file, random);
        }
        file
    }

    /// What chooses a policy, and a pod as JSON.
    pub(super) fn pod(&self, random: &mut Random) -> Vec<u8> {
        let mut data = random.next().to_le_bytes()[..2].to_vec();
        data.extend(self.pod_value(random).to_string().into_bytes());
        data
    }

    fn pod_value(&self, random: &mut Random) -> Value {
        let mut pod = self.pods[random.below(self.pods.len())].clone();
        for _ in 0..random.below(5) {
            mutate_pod(&mut pod, &self.pool, random);
        }
        pod
    }

    /// A message, or what it becomes in somebody's terminal.
    pub(super) fn text(&self, random: &mut Random) -> Vec<u8> {
        let seed = |random: &mut Random| self.messages[random.below(self.messages.len())].clone().into_bytes();
        let mut text = seed(random);
        for _ in 0..random.below(4) {
            let other = seed(random);
            mutate_text(&mut text, &other, random);
        }
        text
    }
}

/// A pod as a file, in one of several shapes.
fn manifest(at: usize, pod: &Value) -> String {
    let mut object = pod.clone();
    let template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
    match at % 5 {
        0 => {
            object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": template}})
        }
        1 => {
            object = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "job", "namespace": "shop"},
                            "spec": {"jobTemplate": {"spec": {"template": template}}}});
        }
        2 => object = json!({"apiVersion": "v1", "kind": "List", "items": [pod, pod]}),
        3 => {
            object = json!({"apiVersion": "example.org/v1", "kind": "Machine", "metadata": {"name": "own"}, "spec": {"podTemplate": template}})
        }
        _ => {
            if let Some(object) = object.as_object_mut() {
                object.insert("apiVersion".to_owned(), "v1".into());
                object.insert("kind".to_owned(), "Pod".into());
            }
        }
    }
    if at.is_multiple_of(7) { object.to_string() } else { serde_yaml::to_string(&object).expect("YAML") }
}

/// What the server says of a pod, in one of several forms.
fn message(at: usize, pod: &Value) -> Option<String> {
    let mut pod: PodTemplate = serde_json::from_value(pod.clone()).ok()?;
    admission::prepare_pod(&mut pod);
    let policy = Policy { level: Level::Restricted, version: Version::Minor(u16::try_from(at % 38).ok()?) };
    let findings = evaluate(policy, &pod);
    let (refusal, warning) = (admission::refusal("web-1", policy, &findings), admission::warning(policy, &findings));
    Some(match at % 6 {
        0 => format!("Error from server (Forbidden): error when creating \"a.yaml\": {refusal}\n"),
        1 => format!("Warning: {warning}\ndeployment.apps/web created\n"),
        2 => json!({"items": [{"message": format!("Error creating: {refusal}")}]}).to_string(),
        3 => format!("5m2s  Warning  FailedCreate  replicaset/web-5b  Error creating: {refusal}\n"),
        4 => format!("err={refusal:?} pod=\"shop/a\"\n"),
        _ => format!(
            "Warning: existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"{policy}\"\n\
             Warning: web-1 (and 2 other pods): {}\n",
            kubectl_secctx::model::Finding::sentence(&findings)
        ),
    })
}
