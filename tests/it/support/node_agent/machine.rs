//! The node itself: its object, its lease, its place in the network, and which pods it takes.

use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::logs;
use super::status::Place;
use super::{complain, list, text, time};
use crate::support::client::Client;

/// The node and its kubelet's port are on this machine.
const ADDRESS: &str = "127.0.0.1";

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/// A registered node.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    client: Client,
    name: String,
}

impl Machine {
    /// Starts the server of the logs and creates the node, ready from the start.
    pub(super) fn register(client: &Client) -> Machine {
        let port = logs::serve(client.clone());
        let name = format!("node-{port}");
        let answer = client.request("POST", "/api/v1/nodes", Some(&node(&name, port))).unwrap();
        assert_eq!(answer.status, 201, "create node {name}: {}", answer.body);
        Machine { client: client.clone(), name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Renews the lease, and makes it the first time.
    pub(super) fn give_sign_of_life(&self) {
        let renewed = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let mut lease = json!({"spec": {
            "holderIdentity": self.name, "leaseDurationSeconds": 40, "renewTime": renewed,
        }});
        let path = format!("{LEASES}/{}", self.name);
        if self.ask("PATCH", &path, Some(&lease)) == 404 {
            lease["metadata"] = json!({"name": self.name});
            self.ask("POST", LEASES, Some(&lease));
        }
    }

    /// Takes the node away.
    pub(super) fn remove(&self) {
        self.ask("DELETE", &format!("/api/v1/nodes/{}", self.name), None);
        self.ask("DELETE", &format!("{LEASES}/{}", self.name), None);
    }

    /// The status of the server's answer, 0 without one.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> u16 {
        match self.client.request(method, path, body) {
            Ok(answer) => answer.status,
            Err(error) => {
                complain(&format!("{method} {path}: {error}"));
                0
            }
        }
    }
}

fn node(name: &str, port: u16) -> Value {
    let now = time(Timestamp::now());
    let room = json!({"cpu": "64", "memory": "64Gi", "pods": "10000", "ephemeral-storage": "100Gi"});
    let condition = json!({
        "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now, "lastTransitionTime": now,
    });
    json!({
        "metadata": {"name": name, "labels": labels(name)},
        "status": {
            "capacity": room, "allocatable": room, "conditions": [condition],
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        },
    })
}

fn labels(name: &str) -> Value {
    json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"})
}

/// Whether a pod that has no node yet may have this one: a DaemonSet names the node of each of its pods.
pub(super) fn fits(pod: &Value, node: &str) -> bool {
    let spec = &pod["spec"];
    if !spec["schedulingGates"].is_null() || !pod["metadata"]["deletionTimestamp"].is_null() {
        return false;
    }
    let labels = labels(node);
    let mut wanted = spec["nodeSelector"].as_object().into_iter().flatten();
    let affinity = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let fields = list(&affinity["nodeSelectorTerms"]).iter().flat_map(|term| list(&term["matchFields"]));
    let mut names = fields.filter(|field| field["key"] == "metadata.name").map(|field| list(&field["values"]));
    wanted.all(|(key, value)| labels[key] == *value) && names.all(|names| names.iter().any(|name| *name == node))
}

/// Where a pod of the node is; one that has an address keeps it.
pub(super) fn place(pod: &Value) -> Place {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let known = text(&pod["status"]["podIP"]);
    let pod = if known.is_empty() {
        let [_, b, c, d] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        format!("10.{b}.{c}.{d}")
    } else {
        known.to_owned()
    };
    Place { host: ADDRESS, pod }
}
