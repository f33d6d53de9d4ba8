//! A node for the tests: scheduler, container runtime and kubelet of a real API server, played by a few threads.
//!
//! It binds the pods of the namespaces labelled [`LABEL`]`=true` to a node of its own, sets their status as a kubelet
//! does, makes kubelet's events, serves their logs, and lets go what is deleted. Nothing runs: the table in [`images`]
//! says what a container's image does, given its security context. Pods of other namespaces stay pending, as other
//! tests want them to.
//!
//! What it leaves out: volumes (claims need not be bound), probes (but for the image `slow`), resources, taints, and
//! the second that a kubelet takes to see that a program has ended. Back-offs are as long as kubelet's: 10 s, 20 s …

mod container;
mod events;
mod images;
mod logs;
mod machine;
mod news;
mod status;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use self::machine::Machine;
use self::news::News;
use super::client::{Answer, Client};
use super::control_plane::{ControlPlane, Options};

/// The label of the namespaces that the node serves; its value is `true`.
pub(crate) const LABEL: &str = "secctx-test/node";

/// The longest pause between two looks at all pods: back-offs end, and namespaces get their label, without a word.
const PAUSE: Duration = Duration::from_secs(1);
/// The node's controller takes a node for lost after 50 s without a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// Pods that are seen to at once.
const WORKERS: usize = 3;

/// A namespace and a name.
type Name = (String, String);

/// A node that lives until this value is dropped.
#[derive(Debug)]
pub(crate) struct NodeAgent {
    machine: Machine,
    told: Arc<Mutex<BTreeSet<Name>>>,
    news: Sender<News>,
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// A control plane with controllers and a node.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) server: ControlPlane,
    pub(crate) node: NodeAgent,
}

/// The one cluster with a node of this process, for tests that need pods that run.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let server = ControlPlane::start(Options { controllers: true, ..Options::default() });
        let node = NodeAgent::start(&server);
        Cluster { server, node }
    })
}

impl NodeAgent {
    /// Registers a node with the server and serves it from now on.
    pub(crate) fn start(server: &ControlPlane) -> NodeAgent {
        let machine = Machine::register(server.client());
        let (told, stopped) = (Arc::default(), Arc::default());
        let (news, heard) = mpsc::channel();
        let listener = news::listen(server.client().clone(), news.clone(), Arc::clone(&stopped));
        let worker = Worker { client: server.client().clone(), machine: machine.clone(), told: Arc::clone(&told) };
        let worker = thread::spawn(move || worker.work(&heard));
        NodeAgent { machine, told, news, stopped, threads: vec![listener, worker] }
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &str {
        self.machine.name()
    }

    /// Lets the programs of a pod end well, as those of a Job do that has done its work.
    pub(crate) fn finish(&self, namespace: &str, pod: &str) {
        self.told.lock().unwrap().insert((namespace.to_owned(), pod.to_owned()));
        let _ = self.news.send(News::Of(namespace.to_owned()));
    }
}

impl Drop for NodeAgent {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = self.news.send(News::Stop);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.machine.remove();
    }
}

/// Sees to the pods.
struct Worker {
    client: Client,
    machine: Machine,
    told: Arc<Mutex<BTreeSet<Name>>>,
}

impl Worker {
    /// Looks where something has happened, and everywhere now and then.
    fn work(&self, heard: &Receiver<News>) {
        let (mut last_sign, mut last_look) = (None::<Instant>, None::<Instant>);
        let is_due = |last: Option<Instant>, every| last.is_none_or(|last| last.elapsed() >= every);
        loop {
            if is_due(last_sign, SIGN_OF_LIFE) {
                self.machine.give_sign_of_life();
                last_sign = Some(Instant::now());
            }
            let heard = changed(heard);
            if matches!(heard, Heard::Stop) {
                return;
            }
            let mut served = self.namespaces();
            match heard {
                Heard::Of(names) if !is_due(last_look, PAUSE) => served.retain(|name| names.contains(name)),
                _ => last_look = Some(Instant::now()),
            }
            self.look(&served);
        }
    }

    /// One look at the pods of namespaces, and one step for each that has one to make.
    fn look(&self, namespaces: &[String]) {
        let pods: Vec<Value> = namespaces.iter().flat_map(|namespace| self.pods(namespace)).collect();
        let share = pods.len().div_ceil(WORKERS).max(1);
        thread::scope(|scope| {
            for pods in pods.chunks(share) {
                scope.spawn(|| pods.iter().for_each(|pod| self.see_to(pod)));
            }
        });
    }

    fn namespaces(&self) -> Vec<String> {
        let path = format!("/api/v1/namespaces?labelSelector={}%3Dtrue", LABEL.replace('/', "%2F"));
        let answer = self.ask("GET", &path, None);
        list(&answer["items"]).iter().map(|namespace| text(&namespace["metadata"]["name"]).to_owned()).collect()
    }

    fn pods(&self, namespace: &str) -> Vec<Value> {
        let mut answer = self.ask("GET", &format!("/api/v1/namespaces/{namespace}/pods"), None);
        match answer["items"].take() {
            Value::Array(pods) => pods,
            _ => Vec::new(),
        }
    }

    fn see_to(&self, pod: &Value) {
        let node = self.machine.name();
        if pod["spec"]["nodeName"].is_null() {
            if machine::fits(pod, node) {
                let metadata = json!({"name": pod["metadata"]["name"]});
                let binding = json!({"metadata": metadata, "target": {"kind": "Node", "name": node}});
                self.ask("POST", &format!("{}/binding", path_of(pod)), Some(&binding));
            }
        } else if pod["spec"]["nodeName"] != node {
            // Another node's.
        } else if pod["metadata"]["deletionTimestamp"].is_null() {
            self.go_on(pod);
        } else {
            self.end(pod);
        }
    }

    fn go_on(&self, pod: &Value) {
        let name = (text(&pod["metadata"]["namespace"]).to_owned(), text(&pod["metadata"]["name"]).to_owned());
        let told = self.told.lock().unwrap().contains(&name);
        let next = status::next(pod, &machine::place(pod), told, Timestamp::now());
        if next != pod["status"] && self.set_status(pod, &next) {
            for event in events::between(pod, &next) {
                let path = format!("/api/v1/namespaces/{}/events", name.0);
                self.ask("POST", &path, Some(&events::event(pod, self.machine.name(), &event)));
            }
        }
    }

    /// Kubelet reports that all has ended, and only then lets go of the pod.
    fn end(&self, pod: &Value) {
        let last = status::last(pod, &machine::place(pod), Timestamp::now());
        let is_reported = last == pod["status"] || self.set_status(pod, &last);
        // At 0 it has been let go already, and somebody's finalizer holds it.
        if is_reported && pod["metadata"]["deletionGracePeriodSeconds"] != 0 {
            self.ask("DELETE", &format!("{}?gracePeriodSeconds=0", path_of(pod)), None);
        }
    }

    /// Whether the pod is still the one that was looked at, and has the status now.
    fn set_status(&self, pod: &Value, status: &Value) -> bool {
        let path = format!("{}/status?fieldManager=kubelet", path_of(pod));
        let metadata = &pod["metadata"];
        let patch = json!({
            "metadata": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}, "status": status,
        });
        !self.ask("PATCH", &path, Some(&patch)).is_null()
    }

    /// The object that the server answers with; nothing when things have changed meanwhile: the next look will show.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        match self.client.request(method, path, body) {
            Ok(Answer { status: ..400, body, .. }) => body,
            // Gone or changed meanwhile; or events for a namespace that is going away.
            Ok(Answer { status: 403 | 404 | 409, .. }) => Value::Null,
            Ok(answer) => complain(&format!("{method} {path}: {}", answer.body)),
            Err(error) => complain(&format!("{method} {path}: {error}")),
        }
    }
}

/// What was heard since the last time.
enum Heard {
    Of(BTreeSet<String>),
    Unknown,
    Stop,
}

/// Waits until there is news, and takes all that there is.
fn changed(heard: &Receiver<News>) -> Heard {
    let mut names = BTreeSet::new();
    let mut is_unknown = false;
    let first = match heard.recv_timeout(PAUSE) {
        Ok(news) => news,
        Err(RecvTimeoutError::Timeout) => News::Unknown,
        Err(RecvTimeoutError::Disconnected) => News::Stop,
    };
    for news in iter::once(first).chain(heard.try_iter()) {
        match news {
            News::Stop => return Heard::Stop,
            News::Unknown => is_unknown = true,
            News::Of(name) => _ = names.insert(name),
        }
    }
    if is_unknown { Heard::Unknown } else { Heard::Of(names) }
}

/// A test that waits for the agent would not know why it waits in vain.
fn complain(sentence: &str) -> Value {
    let _ = writeln!(io::stderr(), "node agent: {sentence}");
    Value::Null
}

fn path_of(pod: &Value) -> String {
    format!("/api/v1/namespaces/{}/pods/{}", text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]))
}

/// A pod as kubelet's messages name it.
fn full_name(pod: &Value) -> String {
    let field = |name: &str| text(&pod["metadata"][name]);
    format!("{}_{}({})", field("name"), field("namespace"), field("uid"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A time as the API server writes it.
fn time(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}
