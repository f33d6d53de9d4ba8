//! What is wrong with pods that do not come up, as their status, their events and their logs say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::log::{self, LogSign};
use super::objects::{Object, list, text};

/// Something that keeps a pod from being ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Symptom {
    /// The pod's name; empty where none could be created.
    pub(super) pod: String,
    /// The container; `None` where it is the whole pod.
    pub(super) container: Option<String>,
    /// What it is.
    pub(super) sign: Sign,
    /// Kubernetes' own word for it.
    pub(super) reason: String,
    /// What tells it.
    pub(super) evidence: String,
    /// How often the container was started again.
    pub(super) restarts: u64,
    /// Whether waiting does not mend it.
    pub(super) is_final: bool,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// The image's user is root, and that may not be.
    RunsAsRoot,
    /// The image names its user, so that it cannot be known whether it is root.
    NamedUser(String),
    /// The pod itself asks for root and says that it must not be.
    AsksForRoot,
    /// A container ended, and its log tells this.
    Log(LogSign),
    /// The kernel ended it for a system call (exit code 159, SIGSYS).
    BadCall,
    /// A container ended, and nobody says why.
    Crash,
    /// It took more memory than it may.
    Memory,
    /// A container cannot be made of what the pod says: mostly a Secret or ConfigMap is missing.
    Config,
    /// The image cannot be had.
    Image,
    /// A probe fails.
    Probe,
    /// The node cannot set up the pod: its network, its user namespace, its volumes.
    Sandbox,
    /// No node takes the pod.
    Unschedulable,
    /// The node, or the cluster, put an end to the pod.
    PodFailed,
    /// Pod Security admission refuses the pods.
    Refused,
    /// The pods cannot be created for another reason: a quota, a webhook.
    NotCreated,
}

/// What the logs of containers tell, by pod and container, as far as they were read.
pub(super) type Logs = BTreeMap<(String, String), Told>;

/// What a log tells, with the line that does; `None` where it tells nothing.
pub(super) type Told = Option<(LogSign, String)>;

/// What is wrong with a pod that is not ready.
pub(super) fn of_pod(pod: &Object, logs: &Logs, events: &[(String, String)]) -> Vec<Symptom> {
    let mut found: Vec<Symptom> =
        pod.statuses().filter_map(|status| Container { pod, status }.symptom(logs, events)).collect();
    if found.is_empty() {
        found.extend(of_whole_pod(pod, events));
    }
    found
}

/// Whether the log of a container is worth to be read, and if so whether it is that of its run before.
pub(super) fn wants_log(status: &Value) -> Option<bool> {
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
    if failed(&state["terminated"]) {
        Some(false)
    } else if failed(last) && status["ready"] != true {
        Some(true)
    } else {
        None
    }
}

fn failed(terminated: &Value) -> bool {
    terminated["exitCode"].as_i64().is_some_and(|code| code != 0)
}

/// A container of a pod with its status.
struct Container<'p> {
    pod: &'p Object,
    status: &'p Value,
}

impl Container<'_> {
    fn symptom(&self, logs: &Logs, events: &[(String, String)]) -> Option<Symptom> {
        let (state, waiting) = (&self.status["state"], &self.status["state"]["waiting"]);
        let (reason, message) = (text(&waiting["reason"]), text(&waiting["message"]));
        match reason {
            "CreateContainerConfigError" => {
                let sign = refused_by_kubelet(message);
                let is_final = sign != Sign::Config;
                Some(self.found(sign, reason, message, is_final))
            }
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "ImageInspectError" => {
                Some(self.found(Sign::Image, reason, message, reason != "ErrImagePull"))
            }
            "CreateContainerError" | "RunContainerError" => Some(self.not_started(reason, message)),
            _ if failed(&state["terminated"]) => Some(self.ended(&state["terminated"], logs)),
            _ if wants_log(self.status) == Some(true) => {
                Some(self.ended(&self.status["lastState"]["terminated"], logs))
            }
            _ if state["running"].is_object() && self.status["ready"] == false => {
                let (_, said) =
                    events.iter().rfind(|(reason, _)| reason == "Unhealthy" || reason == "FailedPostStartHook")?;
                Some(self.found(Sign::Probe, "Unhealthy", &log::redacted(said), false))
            }
            _ => None,
        }
    }

    /// What the runtime says of a container that it could not start.
    fn not_started(&self, reason: &str, message: &str) -> Symptom {
        match log::read(message) {
            Some((sign, evidence)) => self.found(Sign::Log(sign), reason, &evidence, true),
            None => self.found(Sign::Crash, reason, message, false),
        }
    }

    fn ended(&self, terminated: &Value, logs: &Logs) -> Symptom {
        let waits = text(&self.status["state"]["waiting"]["reason"]);
        let reason = if waits.is_empty() { text(&terminated["reason"]) } else { waits };
        let code = terminated["exitCode"].as_i64().unwrap_or_default();
        // It went down a second time, or nobody starts it again.
        let never_again = self.pod.spec["restartPolicy"] == "Never" || self.pod.status["phase"] == "Failed";
        let again = waits == "CrashLoopBackOff" || never_again;
        let key = (self.pod.metadata.name.clone(), text(&self.status["name"]).to_owned());
        let said = logs.get(&key).cloned().flatten().or_else(|| log::read(text(&terminated["message"])));
        let exit = format!("exit code {code}");
        match (said, code) {
            _ if terminated["reason"] == "OOMKilled" => self.found(Sign::Memory, "OOMKilled", &exit, again),
            (Some((sign, line)), _) => self.found(Sign::Log(sign), reason, &line, again),
            (None, 159) => self.found(Sign::BadCall, reason, "exit code 159 (SIGSYS, bad system call)", again),
            (None, _) => {
                let is_final = never_again || (again && self.restarts() >= 2);
                self.found(Sign::Crash, reason, &exit, is_final)
            }
        }
    }

    fn restarts(&self) -> u64 {
        self.status["restartCount"].as_u64().unwrap_or_default()
    }

    fn found(&self, sign: Sign, reason: &str, evidence: &str, is_final: bool) -> Symptom {
        Symptom {
            pod: self.pod.metadata.name.clone(),
            container: Some(text(&self.status["name"]).to_owned()),
            sign,
            reason: reason.to_owned(),
            evidence: evidence.to_owned(),
            restarts: self.restarts(),
            is_final,
        }
    }
}

/// Kubelet's `verifyRunAsNonRoot` in `pkg/kubelet/kuberuntime/security_context_others.go`.
fn refused_by_kubelet(message: &str) -> Sign {
    if message.contains("image will run as root") {
        Sign::RunsAsRoot
    } else if message.contains("runAsUser breaks non-root policy") {
        Sign::AsksForRoot
    } else if let Some((_, rest)) = message.split_once("non-numeric user (") {
        Sign::NamedUser(rest.split(')').next().unwrap_or_default().to_owned())
    } else {
        Sign::Config
    }
}

fn of_whole_pod(pod: &Object, events: &[(String, String)]) -> Option<Symptom> {
    let found = |sign, reason: &str, evidence: &str, is_final| Symptom {
        pod: pod.metadata.name.clone(),
        container: None,
        sign,
        reason: reason.to_owned(),
        evidence: evidence.to_owned(),
        restarts: 0,
        is_final,
    };
    let scheduled = pod.condition("PodScheduled").filter(|condition| condition["status"] == "False");
    if pod.status["phase"] == "Failed" {
        return Some(found(Sign::PodFailed, text(&pod.status["reason"]), text(&pod.status["message"]), true));
    }
    if let Some(condition) = scheduled {
        return Some(found(Sign::Unschedulable, text(&condition["reason"]), text(&condition["message"]), false));
    }
    let (reason, message) = events.iter().rfind(|(reason, _)| reason.starts_with("Failed"))?;
    Some(found(Sign::Sandbox, reason, message, false))
}

/// What a controller says about pods that it could not create.
pub(super) fn not_created(message: &str) -> Symptom {
    let is_admission = message.contains("violates PodSecurity");
    Symptom {
        pod: String::new(),
        container: None,
        sign: if is_admission { Sign::Refused } else { Sign::NotCreated },
        reason: "FailedCreate".to_owned(),
        evidence: message.to_owned(),
        restarts: 0,
        is_final: is_admission,
    }
}

/// What conditions of a ReplicaSet, a Deployment or a ReplicationController say about pods that were not created.
pub(super) fn replica_failure(object: &Object) -> Option<Symptom> {
    let conditions = list(&object.status["conditions"]).iter();
    let mut failures =
        conditions.filter(|condition| condition["type"] == "ReplicaFailure" && condition["status"] == "True");
    let failure = failures.find(|condition| condition["reason"] == "FailedCreate")?;
    Some(not_created(text(&failure["message"])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: Value) -> Object {
        Object {
            metadata: serde_json::from_value(json!({"name": "web-1"})).unwrap(),
            spec: json!({"restartPolicy": "Always"}),
            status,
            ..Object::default()
        }
    }

    fn with(kind: &str, status: Value) -> Object {
        let mut status = json!([status]);
        status[0]["name"] = "app".into();
        pod(json!({kind: status, "phase": "Pending"}))
    }

    fn one(pod: &Object, events: &[(String, String)]) -> (Sign, String, bool) {
        let mut found = of_pod(pod, &Logs::new(), events);
        assert_eq!(found.len(), 1, "{found:#?}");
        let symptom = found.remove(0);
        (symptom.sign, symptom.evidence, symptom.is_final)
    }

    #[test]
    fn what_the_runtime_says_of_a_container_that_it_cannot_start() {
        let message = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create \
                       failed: unable to start container process: error during container init: exec: \"/entrypoint.sh\": \
                       permission denied";
        let waiting = json!({"state": {"waiting": {"reason": "RunContainerError", "message": message}}});
        let (sign, evidence, is_final) = one(&with("containerStatuses", waiting), &[]);
        assert_eq!((sign, is_final), (Sign::Log(LogSign::Denied(Some("/entrypoint.sh".to_owned()))), true));
        assert!(evidence.ends_with("exec: \"/entrypoint.sh\": permission denied"), "{evidence}");
    }

    #[test]
    fn init_containers_and_messages_of_their_end() {
        let end = json!({"exitCode": 1, "reason": "Error", "message": "chown: /data: Operation not permitted\n"});
        let back_off = json!({
            "restartCount": 1, "lastState": {"terminated": end}, "ready": false,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}},
        });
        let (sign, _, is_final) = one(&with("initContainerStatuses", back_off), &[]);
        assert_eq!((sign, is_final), (Sign::Log(LogSign::Chown(Some("/data".to_owned()))), true));
    }

    #[test]
    fn a_first_end_may_be_the_last_and_a_second_of_unknown_cause_too() {
        let end = |count: u64, state: Value| {
            let last = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
            with("containerStatuses", json!({"restartCount": count, "ready": false, "state": state, "lastState": last}))
        };
        let back_off = || json!({"waiting": {"reason": "CrashLoopBackOff"}});
        assert!(!one(&end(0, json!({"terminated": {"exitCode": 1, "reason": "Error"}})), &[]).2);
        assert!(!one(&end(1, back_off()), &[]).2);
        assert!(one(&end(2, back_off()), &[]).2);
    }

    #[test]
    fn memory_nodes_and_sandboxes() {
        let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
        assert_eq!(one(&with("containerStatuses", json!({"state": killed, "ready": false})), &[]).0, Sign::Memory);
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/1 nodes are available: 1 Insufficient cpu.",
        });
        let pending = pod(json!({"phase": "Pending", "conditions": [condition]}));
        assert_eq!(one(&pending, &[]).0, Sign::Unschedulable);
        let said = "Failed to create pod sandbox: rpc error: code = Unknown desc = the handler \"\" does not support user \
                    namespaces";
        let creating = with("containerStatuses", json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
        assert_eq!(of_pod(&creating, &Logs::new(), &[]), []);
        assert_eq!(one(&creating, &[("FailedCreatePodSandBox".to_owned(), said.to_owned())]).0, Sign::Sandbox);
    }

    #[test]
    fn a_container_that_ended_well_or_runs_again_is_not_ill() {
        let done = json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}, "ready": false});
        assert_eq!(of_pod(&with("initContainerStatuses", done), &Logs::new(), &[]), []);
        let last = json!({"terminated": {"exitCode": 1, "reason": "Error"}});
        let again = json!({"state": {"running": {}}, "lastState": last, "ready": true, "restartCount": 1});
        assert_eq!(of_pod(&with("containerStatuses", again), &Logs::new(), &[]), []);
    }
}
