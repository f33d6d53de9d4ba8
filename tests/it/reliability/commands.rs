//! The columns: commands that talk to a cluster, and what they are about.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LIMIT, SLACK};
use crate::live::{create, escalating, good, path, pod, privileged, workload};
use crate::support::control_plane::{ControlPlane, Options};
use crate::support::faults::Asked;

/// A column of the table.
pub(super) struct Command {
    /// Its heading.
    pub(super) name: &'static str,
    /// What it is, as it is typed but for the way to the server; `NAMESPACE` is one of the run's own.
    pub(super) line: &'static str,
    /// Its exit code without faults.
    pub(super) code: i32,
    /// Of a command that writes: whether the server has what it writes.
    pub(super) writes: Option<fn(&Ground, &str) -> bool>,
    /// The request that a fault in one place is about.
    pub(super) place: fn(&Asked) -> bool,
    /// How long a run may take.
    pub(super) limit: Duration,
}

/// All columns.
pub(super) const COMMANDS: [Command; 7] = [
    Command {
        name: "check",
        line: "check -A --chunk-size 2 -o json",
        code: 1,
        writes: None,
        place: |asked| asked.is("/api/v1/pods") && asked.query("continue").is_some(),
        limit: LIMIT.saturating_add(SLACK),
    },
    Command {
        name: "dry-run-label",
        line: "dry-run-label --all --chunk-size 2 --enforce restricted -o json",
        code: 1,
        writes: None,
        place: |asked| asked.is("/api/v1/pods") && asked.query("continue").is_some(),
        limit: LIMIT.saturating_add(SLACK),
    },
    Command {
        name: "harden",
        line: "harden deploy/web -n shop -o plan-json",
        code: 0,
        writes: None,
        place: is_deployment,
        limit: LIMIT.saturating_add(SLACK),
    },
    Command {
        name: "version",
        line: "version -o json",
        code: 0,
        writes: None,
        place: |asked| asked.is("/version"),
        limit: LIMIT.saturating_add(SLACK),
    },
    Command {
        name: "completion",
        line: "__complete check -n ",
        code: 0,
        writes: None,
        place: |asked| asked.is("/api/v1/namespaces"),
        limit: Duration::from_millis(300),
    },
    Command {
        name: "dry-run-label --apply",
        line: "dry-run-label NAMESPACE --warn restricted --apply --yes -o json",
        code: 0,
        writes: Some(is_labelled),
        place: |asked| {
            asked.method == "GET"
                && asked.path.starts_with("/api/v1/namespaces/w-")
                && asked.path.matches('/').count() == 4
        },
        limit: LIMIT.saturating_add(SLACK),
    },
    Command {
        name: "harden --yes",
        line: "harden deploy/web -n NAMESPACE --yes --no-wait",
        code: 0,
        writes: Some(is_hard),
        place: is_deployment,
        limit: LIMIT.saturating_add(SLACK),
    },
];

fn is_deployment(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.ends_with("/deployments/web")
}

fn is_labelled(ground: &Ground, namespace: &str) -> bool {
    let namespace = ground.server.request("GET", &format!("/api/v1/namespaces/{namespace}"), None).body;
    namespace["metadata"]["labels"]["pod-security.kubernetes.io/warn"] == "restricted"
}

fn is_hard(ground: &Ground, namespace: &str) -> bool {
    let deployment = ground.server.request("GET", &path("apps/v1", namespace, "deployments/web"), None).body;
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    container["securityContext"]["allowPrivilegeEscalation"] == false
}

impl Command {
    /// The arguments of a run.
    pub(super) fn words(&self, namespace: &str, limit: Duration, more: &[String]) -> Vec<String> {
        let mut words: Vec<String> = self.line.split(' ').map(|word| word.replace("NAMESPACE", namespace)).collect();
        let limit = format!("--request-timeout={}s", limit.as_secs());
        // The last word is the one to complete.
        let at = if self.is_completion() { words.len() - 2 } else { words.len() };
        words.splice(at..at, more.iter().cloned().chain([limit]));
        words
    }

    pub(super) fn is_completion(&self) -> bool {
        self.line.starts_with("__complete")
    }
}

/// One server for what reads, and one for what writes: else the runs would see each other.
pub(super) struct Grounds {
    pub(super) reading: Ground,
    pub(super) writing: Ground,
}

impl Grounds {
    pub(super) fn new() -> Grounds {
        let writing = std::thread::spawn(Ground::new);
        Grounds { reading: Ground::new(), writing: writing.join().unwrap() }
    }

    /// Where a command runs.
    pub(super) fn of(&self, command: &Command) -> &Ground {
        if command.writes.is_some() { &self.writing } else { &self.reading }
    }
}

/// A server with something to judge.
pub(super) struct Ground {
    pub(super) server: &'static ControlPlane,
}

impl Ground {
    pub(super) fn new() -> Ground {
        let server: &'static ControlPlane = Box::leak(Box::new(ControlPlane::start(Options::default())));
        server.create_namespace("shop", &[]);
        server.create_namespace("bank", &[]);
        for i in 0..5 {
            let spec = if i == 4 { privileged() } else { good() };
            create(server, &path("v1", "shop", "pods"), &pod(&format!("p-{i}"), &spec));
        }
        deployment(server, "shop");
        let set = workload("db", &privileged(), &[("serviceName", json!("db"))]);
        create(server, &path("apps/v1", "bank", "statefulsets"), &set);
        Ground { server }
    }

    /// The namespace of a run: one of its own where it writes.
    pub(super) fn namespace(&self, command: &Command, run: &str) -> String {
        if command.writes.is_none() {
            return "shop".to_owned();
        }
        let name = format!("w-{}-{run}", command.name.split(' ').next().unwrap());
        self.server.create_namespace(&name, &[]);
        deployment(self.server, &name);
        name
    }

    /// Lets a user do these things, in a namespace or everywhere.
    pub(super) fn allow(&self, user: &str, namespace: Option<&str>, rules: &Value) {
        let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
        let at = |plural: &str| match namespace {
            Some(namespace) => path("rbac.authorization.k8s.io/v1", namespace, plural),
            None => format!("/apis/rbac.authorization.k8s.io/v1/cluster{plural}"),
        };
        create(self.server, &at("roles"), &json!({"metadata": {"name": user}, "rules": rules}));
        let binding = json!({
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": user},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        create(self.server, &at("rolebindings"), &binding);
        self.server.await_right(user, "", "pods", namespace.unwrap_or("bank"));
    }
}

fn deployment(server: &ControlPlane, namespace: &str) {
    let workload = workload("web", &escalating(), &[("replicas", json!(0))]);
    create(server, &path("apps/v1", namespace, "deployments"), &workload);
}
