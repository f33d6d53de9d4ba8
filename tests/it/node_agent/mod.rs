//! The node of the tests behaves as a node does: real controllers roll out onto it, and what it says is kubelet's own.
//!
//! Messages are written down from kubelet's sources; what controllers make of the pods is theirs to say.

mod images;

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::control_plane::{self, ControlPlane};
use crate::support::eventually;
use crate::support::node_agent::{LABEL, NodeAgent, cluster};

/// A namespace that the node serves, on its server.
struct Ground {
    server: &'static ControlPlane,
    namespace: &'static str,
}

impl Ground {
    fn new(namespace: &'static str) -> Ground {
        let server = &cluster().server;
        server.create_namespace(namespace, &[(LABEL, "true")]);
        let ground = Ground { server, namespace };
        eventually("the default service account", || {
            (!ground.get("v1", "serviceaccounts/default").is_null()).then_some(())
        });
        ground
    }

    fn path(&self, group_version: &str, rest: &str) -> String {
        let root = if group_version == "v1" { "api" } else { "apis" };
        format!("/{root}/{group_version}/namespaces/{}/{rest}", self.namespace)
    }

    /// An object, or nothing if there is none.
    fn get(&self, group_version: &str, rest: &str) -> Value {
        let answer = self.server.request("GET", &self.path(group_version, rest), None);
        if answer.status == 200 { answer.body } else { Value::Null }
    }

    #[track_caller]
    fn create(&self, group_version: &str, plural: &str, object: &Value) {
        let answer = self.server.request("POST", &self.path(group_version, plural), Some(object));
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    #[track_caller]
    fn patch(&self, group_version: &str, rest: &str, patch: &Value) {
        let answer = self.server.request("PATCH", &self.path(group_version, rest), Some(patch));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    #[track_caller]
    fn delete(&self, group_version: &str, rest: &str) {
        let answer = self.server.request("DELETE", &self.path(group_version, rest), None);
        assert!(answer.status < 300, "{}", answer.body);
    }

    fn pods(&self) -> Vec<Value> {
        self.get("v1", "pods")["items"].as_array().unwrap().clone()
    }

    /// Waits until an object is as wanted.
    #[track_caller]
    fn await_that(&self, what: &str, group_version: &str, rest: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || Some(self.get(group_version, rest)).filter(&is_so))
    }

    #[track_caller]
    fn await_rollout(&self, name: &str, replicas: u64) -> Value {
        self.await_that("the rollout", "apps/v1", &format!("deployments/{name}"), |deployment| {
            let status = &deployment["status"];
            let counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
            status["observedGeneration"] == deployment["metadata"]["generation"]
                && counts.iter().all(|count| status[count] == replicas)
        })
    }

    fn events(&self, pod: &str) -> Vec<(String, String)> {
        let events = self.get("v1", "events")["items"].as_array().unwrap().clone();
        let of_pod = events.iter().filter(|event| event["involvedObject"]["name"] == pod && event["type"] == "Warning");
        of_pod.map(|event| (string(&event["reason"]), string(&event["message"]))).collect()
    }

    fn kubectl(&self, args: &[&str]) -> Output {
        let mut command = Command::new(control_plane::kubectl());
        command.arg("--kubeconfig").arg(self.server.kubeconfig()).args(["-n", self.namespace]);
        command.args(args).output().unwrap()
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A spec with one container of an image, with a pod's and a container's security context.
fn spec(image: &str, of_pod: &Value, of_container: &Value) -> Value {
    json!({
        "securityContext": of_pod,
        "containers": [{"name": "web", "image": image, "securityContext": of_container}],
    })
}

fn plain(image: &str) -> Value {
    spec(image, &json!({}), &json!({}))
}

fn pod(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name}, "spec": spec})
}

/// A workload whose pods are chosen by their label.
fn workload(name: &str, spec: &Value, rest: &[(&str, Value)]) -> Value {
    let labels = json!({"app": name});
    let mut workload = json!({
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
    });
    for (field, value) in rest {
        workload["spec"][field] = value.clone();
    }
    workload
}

fn template(spec: &Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

/// Why a pod's first container waits.
fn waits(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]["waiting"]
}

fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|condition| condition["type"] == kind);
    found.map(|condition| string(&condition["status"])).unwrap_or_default()
}

#[test]
fn a_deployment_becomes_available() {
    let ground = Ground::new("node-available");
    ground.create("apps/v1", "deployments", &workload("web", &plain("works"), &[("replicas", 2.into())]));
    let deployment = ground.await_rollout("web", 2);
    assert_eq!(condition(&deployment, "Available"), "True");
    let pods = ground.pods();
    assert_ne!(pods[0]["status"]["podIP"], pods[1]["status"]["podIP"]);
    for pod in &pods {
        for kind in ["PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"] {
            assert_eq!(condition(pod, kind), "True", "{kind}: {pod:#}");
        }
        let (status, container) = (&pod["status"], &pod["status"]["containerStatuses"][0]);
        assert_eq!((&status["phase"], &status["hostIP"]), (&json!("Running"), &json!("127.0.0.1")));
        assert!(status["startTime"].is_string() && container["state"]["running"]["startedAt"].is_string());
        assert_eq!((&container["ready"], &container["started"]), (&json!(true), &json!(true)));
        assert!(string(&container["imageID"]).starts_with("works@sha256:"), "{container}");
        assert_eq!(pod["spec"]["nodeName"], cluster().node.name());
    }
    // Nothing more is said once all is said: not even in a look at everything, which comes once a second.
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(pods, ground.pods());
}

#[test]
fn a_rollout_that_kubelet_refuses_stops_and_its_way_back_recovers() {
    let ground = Ground::new("node-refused");
    ground.create("apps/v1", "deployments", &workload("web", &plain("root"), &[("replicas", 2.into())]));
    ground.await_rollout("web", 2);
    let before: Vec<String> = ground.pods().iter().map(|pod| string(&pod["metadata"]["name"])).collect();

    let hardened = template(&json!({"securityContext": {"runAsNonRoot": true}}));
    ground.patch("apps/v1", "deployments/web", &hardened);
    let new = eventually("the new pod", || {
        ground.pods().into_iter().find(|pod| waits(pod)["reason"] == "CreateContainerConfigError")
    });
    let (name, uid) = (string(&new["metadata"]["name"]), string(&new["metadata"]["uid"]));
    let message = format!(
        "container has runAsNonRoot and image will run as root (pod: \"{name}_node-refused({uid})\", container: web)"
    );
    assert_eq!(waits(&new)["message"], message);
    assert_eq!((string(&new["status"]["phase"]), condition(&new, "Ready")), ("Pending".to_owned(), "False".to_owned()));
    eventually("the event", || {
        ground.events(&name).contains(&("Failed".to_owned(), format!("Error: {message}"))).then_some(())
    });
    let log = ground.server.request("GET", &ground.path("v1", &format!("pods/{name}/log")), None);
    assert_eq!(log.status, 400);
    let sentence = format!("container \"web\" in pod \"{name}\" is waiting to start: CreateContainerConfigError");
    assert_eq!(log.refusal(), Some(&*sentence));
    let stuck = ground.await_that("the rollout to stop", "apps/v1", "deployments/web", |deployment| {
        deployment["status"]["updatedReplicas"] == 1 && deployment["status"]["unavailableReplicas"] == 1
    });
    assert_eq!(stuck["status"]["availableReplicas"], 2);

    ground.patch("apps/v1", "deployments/web", &template(&json!({"securityContext": {"runAsNonRoot": null}})));
    ground.await_rollout("web", 2);
    eventually("the new pod to go", || (ground.pods().len() == 2).then_some(()));
    let after: Vec<String> = ground.pods().iter().map(|pod| string(&pod["metadata"]["name"])).collect();
    assert_eq!(before, after, "the old pods never went");
}

#[test]
fn logs_of_a_crash_are_read_through_the_api_server_and_kubectl() {
    let ground = Ground::new("node-logs");
    let context = json!({"runAsUser": 1000});
    ground.create("v1", "pods", &pod("app", &spec("needs-root", &context, &json!({}))));
    let crashed =
        ground.await_that("the crash loop", "v1", "pods/app", |pod| waits(pod)["reason"] == "CrashLoopBackOff");
    let uid = string(&crashed["metadata"]["uid"]);
    let status = &crashed["status"]["containerStatuses"][0];
    assert_eq!(
        waits(&crashed)["message"],
        format!("back-off 10s restarting failed container=web pod=app_node-logs({uid})")
    );
    assert_eq!((&crashed["status"]["phase"], &status["restartCount"]), (&json!("Running"), &json!(1)));
    let last = &status["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["reason"]), (&json!(1), &json!("Error")));
    let back_off = format!("Back-off restarting failed container web in pod app_node-logs({uid})");
    eventually("the event", || ground.events("app").contains(&("BackOff".to_owned(), back_off.clone())).then_some(()));

    let complaint = "open() \"/var/run/app.pid\" failed (13: Permission denied)\n";
    let whole = format!("container web starts, run 1\n{complaint}");
    for (query, expected) in [("", &*whole), ("&previous=true", &*whole), ("&tailLines=1", complaint)] {
        let path = ground.path("v1", &format!("pods/app/log?container=web{query}"));
        let answer = ground.server.request("GET", &path, None);
        assert_eq!((answer.status, answer.body), (200, json!(expected)), "{query}");
    }
    let output = ground.kubectl(&["logs", "app", "--previous", "--tail=1"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), complaint, "{output:?}");
    assert!(ground.kubectl(&["logs", "app"]).status.success());

    ground.create("v1", "pods", &pod("well", &plain("works")));
    ground.await_that("the other pod", "v1", "pods/well", |pod| pod["status"]["phase"] == "Running");
    let output = ground.kubectl(&["logs", "well", "--previous"]);
    let sentence = "previous terminated container \"web\" in pod \"well\" not found";
    assert!(String::from_utf8_lossy(&output.stderr).contains(sentence), "{output:?}");
}

#[test]
fn a_stateful_set_rolls_one_by_one_and_waits_for_one_that_fails() {
    let ground = Ground::new("node-stateful");
    let set = workload("db", &plain("works"), &[("serviceName", "db".into()), ("replicas", 2.into())]);
    ground.create("apps/v1", "statefulsets", &set);
    let rolled = |set: &Value| {
        let status = &set["status"];
        status["observedGeneration"] == set["metadata"]["generation"]
            && status["updateRevision"] == status["currentRevision"]
            && status["readyReplicas"] == 2
    };
    ground.await_that("the pods", "apps/v1", "statefulsets/db", rolled);
    ground.patch("apps/v1", "statefulsets/db", &template(&json!({"securityContext": {"runAsNonRoot": true}})));
    ground.await_that("the new pods", "apps/v1", "statefulsets/db", rolled);
    assert!(ground.pods().iter().all(|pod| pod["spec"]["securityContext"]["runAsNonRoot"] == true));

    ground.patch("apps/v1", "statefulsets/db", &template(&plain("crashes")));
    ground.await_that("the crash", "v1", "pods/db-1", |pod| waits(pod)["reason"] == "CrashLoopBackOff");
    let first = ground.get("v1", "pods/db-0");
    assert_eq!(
        (&first["spec"]["containers"][0]["image"], condition(&first, "Ready")),
        (&json!("works"), "True".into())
    );
}

#[test]
fn a_daemon_set_has_its_pod() {
    let ground = Ground::new("node-daemon");
    ground.create("apps/v1", "daemonsets", &workload("agent", &plain("works"), &[]));
    let ready = |set: &Value| {
        let status = &set["status"];
        status["observedGeneration"] == set["metadata"]["generation"]
            && (&status["desiredNumberScheduled"], &status["updatedNumberScheduled"], &status["numberAvailable"])
                == (&json!(1), &json!(1), &json!(1))
    };
    ground.await_that("the pod", "apps/v1", "daemonsets/agent", ready);
    ground.patch(
        "apps/v1",
        "daemonsets/agent",
        &template(&json!({"hostPID": false, "securityContext": {"runAsUser": 7}})),
    );
    ground.await_that("the new pod", "apps/v1", "daemonsets/agent", ready);
    let is_new = |pod: &Value| pod["spec"]["securityContext"]["runAsUser"] == 7;
    eventually("the old pod to go", || ground.pods().iter().all(is_new).then_some(()));
}

#[test]
fn jobs_end_well_and_badly() {
    let ground = Ground::new("node-jobs");
    let job = |name: &str, image: &str| {
        let mut spec = plain(image);
        spec["restartPolicy"] = "Never".into();
        json!({"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": {"spec": spec}}})
    };
    for (name, image) in [("done", "completes"), ("told", "works"), ("bad", "crashes")] {
        ground.create("batch/v1", "jobs", &job(name, image));
    }
    let ended = |kind: &'static str| {
        move |job: &Value| job["status"]["conditions"].is_array() && condition(job, kind) == "True"
    };
    let pod = eventually("the pod that runs", || {
        let mut pods = ground.pods().into_iter();
        pods.find(|pod| pod["metadata"]["labels"]["job-name"] == "told" && pod["status"]["phase"] == "Running")
    });
    assert_eq!(ground.get("batch/v1", "jobs/told")["status"]["succeeded"], Value::Null);
    cluster().node.finish(ground.namespace, pod["metadata"]["name"].as_str().unwrap());
    ground.await_that("the job", "batch/v1", "jobs/told", ended("Complete"));
    ground.await_that("the job", "batch/v1", "jobs/done", ended("Complete"));
    ground.await_that("the job", "batch/v1", "jobs/bad", ended("Failed"));
}

#[test]
fn what_is_deleted_goes_with_all_its_pods() {
    let ground = Ground::new("node-deleted");
    for (name, image) in [("well", "works"), ("ill", "crashes"), ("unknown", "no-such-image")] {
        ground.create("v1", "pods", &pod(name, &plain(image)));
    }
    ground.create("apps/v1", "deployments", &workload("web", &plain("works"), &[("replicas", 2.into())]));
    ground.await_rollout("web", 2);
    ground.await_that("the crash", "v1", "pods/ill", |pod| waits(pod)["reason"] == "CrashLoopBackOff");
    ground.await_that("no image", "v1", "pods/unknown", |pod| waits(pod)["reason"] == "ImagePullBackOff");
    let uid = string(&ground.get("v1", "pods/well")["metadata"]["uid"]);
    assert!(!uid.is_empty());
    ground.delete("v1", "pods/well");
    eventually("the pod to go", || ground.pods().iter().all(|pod| pod["metadata"]["uid"] != uid).then_some(()));
    let answer = ground.server.request("DELETE", "/api/v1/namespaces/node-deleted", None);
    assert_eq!(answer.status, 200, "{}", answer.body);
    eventually("the namespace to go", || {
        (ground.server.request("GET", "/api/v1/namespaces/node-deleted", None).status == 404).then_some(())
    });
}

#[test]
fn init_containers_come_first() {
    let ground = Ground::new("node-init");
    let with_init = |image: &str| {
        let mut spec = plain("works");
        spec["initContainers"] = json!([
            {"name": "side", "image": "works", "restartPolicy": "Always"}, {"name": "init", "image": image},
        ]);
        spec
    };
    ground.create("v1", "pods", &pod("good", &with_init("works")));
    ground.create("v1", "pods", &pod("bad", &with_init("crashes")));
    let good = ground.await_that("the good pod", "v1", "pods/good", |pod| pod["status"]["phase"] == "Running");
    let states = |pod: &Value| pod["status"]["initContainerStatuses"].clone();
    assert_eq!(states(&good)[1]["state"]["terminated"]["reason"], "Completed");
    assert!(states(&good)[0]["state"]["running"].is_object());
    assert_eq!(condition(&good, "Ready"), "True");

    let bad = ground.await_that("the bad pod", "v1", "pods/bad", |pod| {
        states(pod)[1]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    });
    assert_eq!((&bad["status"]["phase"], &waits(&bad)["reason"]), (&json!("Pending"), &json!("PodInitializing")));
    let conditions = bad["status"]["conditions"].as_array().unwrap();
    let initialized = conditions.iter().find(|condition| condition["type"] == "Initialized").unwrap();
    assert_eq!(initialized["message"], "containers with incomplete status: [init]");
    let log = ground.kubectl(&["logs", "bad", "-c", "init", "--tail=1"]);
    assert_eq!(String::from_utf8_lossy(&log.stdout), "fatal: cannot go on\n");
}

#[test]
fn a_slow_image_runs_and_is_not_ready() {
    let ground = Ground::new("node-slow");
    ground.create("apps/v1", "deployments", &workload("web", &plain("slow"), &[]));
    let pod = eventually("the pod", || ground.pods().into_iter().find(|pod| pod["status"]["phase"] == "Running"));
    assert_eq!(condition(&pod, "Ready"), "False");
    let name = string(&pod["metadata"]["name"]);
    eventually("the event", || (ground.events(&name).first()?.0 == "Unhealthy").then_some(()));
    assert_eq!(ground.get("apps/v1", "deployments/web")["status"]["availableReplicas"], Value::Null);
}

#[test]
fn other_namespaces_are_left_alone_and_a_node_goes_with_its_agent() {
    let server = ControlPlane::shared(None);
    for (name, labels) in [("node-served", &[(LABEL, "true")][..]), ("node-not-served", &[])] {
        server.create_namespace(name, labels);
        let path = format!("/api/v1/namespaces/{name}/pods");
        assert_eq!(server.request("POST", &path, Some(&pod("app", &plain("works")))).status, 201);
    }
    let agent = NodeAgent::start(server);
    let node = format!("/api/v1/nodes/{}", agent.name());
    assert_eq!(server.request("GET", &node, None).status, 200);
    let phase = |namespace: &str| {
        let path = format!("/api/v1/namespaces/{namespace}/pods/app");
        string(&server.request("GET", &path, None).body["status"]["phase"])
    };
    eventually("the pod to run", || (phase("node-served") == "Running").then_some(()));
    assert_eq!(phase("node-not-served"), "Pending");
    drop(agent);
    assert_eq!(server.request("GET", &node, None).status, 404);
}
