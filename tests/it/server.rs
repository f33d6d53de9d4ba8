//! Our verdicts and sentences against those of a real API server, at three Kubernetes versions.
//!
//! Pods and Deployments are created with `dryRun=All` in namespaces that carry the labels, so validation, defaulting
//! and admission run as always and nothing is stored. What the server refuses or warns of must equal, letter for
//! letter, what this crate says; what it admits without a word must be clean for us too.

use std::process::Command;

use kubectl_secctx::admission;
use kubectl_secctx::evaluate::Selection;
use kubectl_secctx::model::PodTemplate;
use kubectl_secctx::policy::{Level, Policy, Version};
use serde_json::{Value, json};

use crate::support::control_plane::{self, Answer, ControlPlane, Options};
use crate::support::eventually;
use crate::support::reference::{self, Sample};

/// The levels that forbid something.
const LEVELS: [Level; 2] = [Level::Baseline, Level::Restricted];

/// Any other seed does as well.
const SEED: u64 = 36;

/// The server's own version is 1.36; it can be made to behave as an older one.
const NEWEST: Option<&str> = None;

/// The server warns only so much per request, then it cuts each warning to this length (`truncateItemRunes` in
/// `k8s.io/apiserver/pkg/endpoints/filters/warning.go`).
const CUT_WARNING: usize = 256;

#[test]
fn refusals_equal_those_of_v1_36() {
    compare_refusals(NEWEST);
}

#[test]
fn refusals_equal_those_of_v1_35() {
    compare_refusals(Some("1.35"));
}

#[test]
fn refusals_equal_those_of_v1_34() {
    compare_refusals(Some("1.34"));
}

#[test]
fn warnings_on_deployments_equal_those_of_v1_36() {
    compare_warnings(NEWEST);
}

#[test]
fn warnings_on_deployments_equal_those_of_v1_35() {
    compare_warnings(Some("1.35"));
}

#[test]
fn warnings_on_deployments_equal_those_of_v1_34() {
    compare_warnings(Some("1.34"));
}

/// Shows that the emulated versions are not one and the same: the rule for user namespaces came with v1.35.
#[test]
fn a_user_namespace_excuses_root_from_v1_35_on() {
    let container = json!({
        "name": "c",
        "image": "app",
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"hostUsers": false, "containers": [container]},
    });
    for (emulated, minor, allowed) in [(Some("1.34"), 34, false), (Some("1.35"), 35, true), (NEWEST, 36, true)] {
        let server = ControlPlane::shared(emulated);
        assert_eq!(server.minor(), minor);
        let namespace = labelled_namespace(server, "users", "enforce", Level::Restricted);
        let answer = &server.dry_run_pods(&namespace, std::slice::from_ref(&pod))[0];
        assert_eq!(answer.refusal().is_none(), allowed, "v1.{minor}: {:?}", answer.refusal());
        assert_eq!(answer.refusal(), our_refusal(&pod, Level::Restricted, minor).as_deref());
    }
}

/// The whole way: a cluster-wide default, a Deployment made with kubectl, and the refusal where its author finds it.
#[test]
fn a_default_policy_stops_the_pods_of_a_deployment() {
    let restricted_by_default = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": {"enforce": "restricted"},
            },
        }],
    });
    let server = ControlPlane::start(Options {
        controllers: true,
        admission_config: Some(restricted_by_default.to_string()),
        ..Options::default()
    });
    server.create_namespace("lax", &[("pod-security.kubernetes.io/enforce", "privileged")]);
    for namespace in ["default", "lax"] {
        let mut kubectl = Command::new(control_plane::kubectl());
        kubectl.arg("--kubeconfig").arg(server.kubeconfig());
        let output = kubectl.args(["create", "deployment", "web", "--image=app", "-n", namespace]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    eventually("the pod of the Deployment in a privileged namespace", || {
        let pods = server.request("GET", "/api/v1/namespaces/lax/pods", None);
        pods.body["items"].as_array().is_some_and(|pods| pods.len() == 1).then_some(())
    });
    let (deployment, refusal) = eventually("the refusal among the Deployment's conditions", || {
        let deployment = server.request("GET", "/apis/apps/v1/namespaces/default/deployments/web", None).body;
        let conditions = deployment["status"]["conditions"].as_array()?;
        let failure = conditions.iter().find(|condition| condition["type"] == "ReplicaFailure")?;
        let message = failure["message"].as_str()?.to_owned();
        Some((deployment, message))
    });
    // The controller chose the pod's name.
    let name = refusal.split('"').nth(1).unwrap();
    let pod = json!({"metadata": {"name": name}, "spec": deployment["spec"]["template"]["spec"]});
    assert_eq!(Some(refusal.as_str()), our_refusal(&pod, Level::Restricted, server.minor()).as_deref());
}

fn compare_refusals(emulated: Option<&'static str>) {
    let server = ControlPlane::shared(emulated);
    let fixtures = fixture_pods();
    let random = random_pods(500);
    for level in LEVELS {
        let namespace = labelled_namespace(server, "refusals", "enforce", level);
        let compare = |pods: &[Value]| {
            let mut tally = Tally::default();
            for (pod, answer) in pods.iter().zip(server.dry_run_pods(&namespace, pods)) {
                let ours = our_refusal(pod, level, server.minor());
                tally.count(pod, &answer, answer.refusal(), ours.as_deref());
            }
            tally
        };
        // Validation turns away `procMount: Unmasked` in the host's user namespace before admission sees it.
        compare(&fixtures).check(fixtures.len() / 20);
        compare(&random).check(random.len() / 100);
    }
}

fn compare_warnings(emulated: Option<&'static str>) {
    let server = ControlPlane::shared(emulated);
    let deployments: Vec<Value> = random_pods(100).into_iter().map(deployment_of).collect();
    for level in LEVELS {
        let namespace = labelled_namespace(server, "warnings", "warn", level);
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        let mut tally = Tally::default();
        for (deployment, answer) in deployments.iter().zip(server.dry_run_all(&path, &deployments)) {
            let theirs = answer.warnings.iter().find(|text| text.starts_with("would violate PodSecurity"));
            let ours = our_warning(deployment, level, server.minor()).map(|ours| match theirs {
                Some(theirs) if theirs.chars().count() == CUT_WARNING => ours.chars().take(CUT_WARNING).collect(),
                _ => ours,
            });
            tally.count(deployment, &answer, theirs.map(String::as_str), ours.as_deref());
        }
        // The pods are made to be valid as pods; templates have a few rules more.
        tally.check(deployments.len() / 10);
    }
}

/// How a batch of objects fared.
#[derive(Debug, Default)]
struct Tally {
    /// The server had nothing to say, nor had we.
    clean: usize,
    /// Both said the same.
    equal: usize,
    /// What the server's validation said of objects that never came to admission.
    invalid: Vec<String>,
    /// Where we and the server disagree.
    different: Vec<String>,
}

impl Tally {
    /// Adds an object: the server's whole answer, its sentence about Pod Security, and ours.
    fn count(&mut self, object: &Value, answer: &Answer, theirs: Option<&str>, ours: Option<&str>) {
        match answer.status {
            201 | 403 if theirs != ours => {
                self.different.push(format!("server: {theirs:?}\n  ours: {ours:?}\nobject: {object}"));
            }
            201 | 403 if ours.is_some() => self.equal += 1,
            201 => self.clean += 1,
            _ => self.invalid.push(answer.refusal().unwrap_or_default().to_owned()),
        }
    }

    /// Fails unless all that came to admission agreed, both verdicts came up, and few objects were invalid.
    fn check(&self, most_invalid: usize) {
        let Self { different, invalid, .. } = self;
        assert!(different.is_empty(), "{} differences, the first:\n{}", different.len(), different[0]);
        assert!(invalid.len() <= most_invalid, "{} invalid objects: {invalid:#?}", invalid.len());
        assert!(self.clean > 0 && self.equal > 0, "a batch that shows nothing: {self:?}");
    }
}

/// Creates a namespace whose policy of one mode is `level:latest`. Tests share a server, so each names its own.
fn labelled_namespace(server: &ControlPlane, test: &str, mode: &str, level: Level) -> String {
    let name = format!("{test}-{level}");
    let (level_label, version_label) =
        (format!("pod-security.kubernetes.io/{mode}"), format!("pod-security.kubernetes.io/{mode}-version"));
    server.create_namespace(&name, &[(&level_label, level.as_str()), (&version_label, "latest")]);
    name
}

/// The policy as the server names it, and as it evaluates it: `latest` is the version that it behaves as.
fn policies(level: Level, minor: u16) -> (Policy, Selection) {
    let named = Policy { level, version: Version::Latest };
    (named, Selection::new(Policy { level, version: Version::Minor(minor) }))
}

fn our_refusal(pod: &Value, level: Level, minor: u16) -> Option<String> {
    let (policy, selection) = policies(level, minor);
    let mut template: PodTemplate = serde_json::from_value(pod.clone()).unwrap();
    admission::prepare_pod(&mut template);
    let findings = selection.evaluate(&template);
    let name = pod["metadata"]["name"].as_str().unwrap();
    (!findings.is_empty()).then(|| admission::refusal(name, policy, &findings))
}

fn our_warning(deployment: &Value, level: Level, minor: u16) -> Option<String> {
    let (policy, selection) = policies(level, minor);
    let mut template: PodTemplate = serde_json::from_value(deployment["spec"]["template"].clone()).unwrap();
    admission::prepare_template(&mut template);
    let findings = selection.evaluate(&template);
    (!findings.is_empty()).then(|| admission::warning(policy, &findings))
}

/// The library's own fixtures for v1.36, all levels, those that pass and those that fail.
fn fixture_pods() -> Vec<Value> {
    let fixtures = reference::fixtures().filter(|fixture| fixture.version == "v1.36");
    fixtures
        .map(|fixture| {
            let mut pod: Value = serde_yaml::from_str(&fixture.yaml).unwrap();
            // Some are named after check IDs with underscores, which no object of the server may have in its name.
            pod["metadata"]["name"] = pod["metadata"]["name"].as_str().unwrap().replace('_', "-").into();
            pod
        })
        .collect()
}

/// Random pods that the server's validation lets through.
fn random_pods(count: usize) -> Vec<Value> {
    let samples = reference::random(SEED, count, true);
    samples.map(|line| serde_json::from_str::<Sample>(&line).unwrap().pod).collect()
}

/// A Deployment whose template is the given pod.
fn deployment_of(pod: Value) -> Value {
    let labels = json!({"app": "x"});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": pod["metadata"]["name"]},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": pod["metadata"]["annotations"]},
                "spec": pod["spec"],
            },
        },
    })
}
