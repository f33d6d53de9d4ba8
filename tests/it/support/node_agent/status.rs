//! The status of a pod, from its status before: containers, phase and conditions as kubelet computes them.
//!
//! All that is known of a pod is in its status, so that nothing else need be kept: the next status is a function of the
//! pod and the time.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{self, Container, Role};
use super::images::{Fate, fate};
use super::{list, text, time};

/// The conditions of a pod that kubelet owns; `PodScheduled` is the scheduler's.
const OWNED: [&str; 4] = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];

/// Where pods run.
pub(super) struct Place {
    /// The address of the node.
    pub(super) host: &'static str,
    /// The address of the pod, if it has none yet.
    pub(super) pod: String,
}

/// The status that follows; the same as before when there is nothing to say. `told` ends a pod's programs well.
pub(super) fn next(pod: &Value, place: &Place, told: bool, now: Timestamp) -> Value {
    let old = &pod["status"];
    if is_over(old) {
        return old.clone();
    }
    let (inits, initialized) = init_containers(pod, now);
    let step = |spec| {
        let old = find(&old["containerStatuses"], spec);
        let container = Container { pod, spec, role: Role::Main, fate: main_fate(pod, spec, told), now };
        match (old, initialized) {
            (Some(_), true) => container.next(old),
            _ => container.creating(),
        }
    };
    let containers: Vec<Value> = list(&pod["spec"]["containers"]).iter().map(step).collect();
    let phase = phase(pod, &inits, &containers, initialized);
    finish(pod, place, phase, inits, containers, now)
}

/// The last status of a pod that was deleted: its programs were ended, whatever they did.
pub(super) fn last(pod: &Value, place: &Place, now: Timestamp) -> Value {
    if is_over(&pod["status"]) {
        return pod["status"].clone();
    }
    let kill = |key: &str| list(&pod["status"][key]).iter().map(|old| container::killed(pod, old, now)).collect();
    finish(pod, place, "Failed", kill("initContainerStatuses"), kill("containerStatuses"), now)
}

/// Whether nothing of the pod will ever run again.
pub(super) fn is_over(status: &Value) -> bool {
    matches!(text(&status["phase"]), "Succeeded" | "Failed")
}

fn main_fate(pod: &Value, spec: &Value, told: bool) -> Fate {
    match fate(pod, spec) {
        Fate::Runs { .. } if told => Fate::Exits { code: 0, log: "told to end".to_owned() },
        fate => fate,
    }
}

/// The role of a container that is listed as an init container.
pub(super) fn init_role(spec: &Value) -> Role {
    if spec["restartPolicy"] == "Always" { Role::Sidecar } else { Role::Init }
}

/// One after the other; whether all are through.
fn init_containers(pod: &Value, now: Timestamp) -> (Vec<Value>, bool) {
    let mut is_turn = true;
    let mut statuses = Vec::new();
    for spec in list(&pod["spec"]["initContainers"]) {
        let role = init_role(spec);
        let fate = match fate(pod, spec) {
            Fate::Runs { .. } if role == Role::Init => Fate::Exits { code: 0, log: "done".to_owned() },
            fate => fate,
        };
        let old = find(&pod["status"]["initContainerStatuses"], spec);
        let container = Container { pod, spec, role, fate, now };
        let status = if is_turn { container.next(old) } else { container.creating() };
        is_turn = is_turn && is_through(role, &status);
        statuses.push(status);
    }
    (statuses, is_turn)
}

fn is_through(role: Role, status: &Value) -> bool {
    match role {
        Role::Sidecar => status["started"] == true,
        _ => status["state"]["terminated"]["exitCode"] == 0,
    }
}

fn find<'s>(statuses: &'s Value, spec: &Value) -> Option<&'s Value> {
    list(statuses).iter().find(|status| status["name"] == spec["name"])
}

/// Kubelet's `getPhase` in `pkg/kubelet/kubelet_pods.go`, for pods that are not deleted.
fn phase(pod: &Value, inits: &[Value], containers: &[Value], initialized: bool) -> &'static str {
    let policy = text(&pod["spec"]["restartPolicy"]);
    let exit_code = |status: &Value| status["state"]["terminated"]["exitCode"].as_i64();
    if !initialized {
        let failed = inits.iter().any(|status| exit_code(status).is_some_and(|code| code != 0));
        return if failed && policy == "Never" { "Failed" } else { "Pending" };
    }
    let never_ran = |status: &Value| !status["state"]["waiting"].is_null() && status["lastState"] == json!({});
    if containers.iter().any(never_ran) {
        return "Pending";
    }
    let for_ever = |code: i64| policy == "Never" || (policy == "OnFailure" && code == 0);
    let codes: Option<Vec<i64>> = containers.iter().map(exit_code).collect();
    match codes {
        Some(codes) if codes.iter().all(|&code| for_ever(code)) => {
            if codes.iter().all(|&code| code == 0) {
                "Succeeded"
            } else {
                "Failed"
            }
        }
        _ => "Running",
    }
}

fn finish(
    pod: &Value,
    place: &Place,
    phase: &str,
    mut inits: Vec<Value>,
    containers: Vec<Value>,
    now: Timestamp,
) -> Value {
    let old = &pod["status"];
    if matches!(phase, "Succeeded" | "Failed") {
        end_sidecars(pod, &mut inits, now);
    }
    let ip = if pod["spec"]["hostNetwork"] == true { place.host } else { &place.pod };
    let ip = old["podIP"].as_str().unwrap_or(ip);
    let start = &old["startTime"];
    let mut status = old.clone();
    let conditions = conditions(pod, phase, &inits, &containers, now);
    let of_kubelet = json!({
        "observedGeneration": pod["metadata"]["generation"], "phase": phase, "conditions": conditions,
        "hostIP": place.host, "hostIPs": [{"ip": place.host}], "podIP": ip, "podIPs": [{"ip": ip}],
        "startTime": if start.is_null() { time(now) } else { start.clone() }, "containerStatuses": containers,
    });
    status.as_object_mut().unwrap().extend(of_kubelet.as_object().unwrap().clone());
    if !inits.is_empty() {
        status["initContainerStatuses"] = inits.into();
    }
    status
}

/// Sidecars are ended once nothing else runs.
fn end_sidecars(pod: &Value, inits: &mut [Value], now: Timestamp) {
    for (spec, status) in list(&pod["spec"]["initContainers"]).iter().zip(inits) {
        if init_role(spec) == Role::Sidecar {
            *status = container::killed(pod, status, now);
        }
    }
}

/// As in kubelet's `pkg/kubelet/status/generate.go`; others' conditions stay.
fn conditions(pod: &Value, phase: &str, inits: &[Value], containers: &[Value], now: Timestamp) -> Value {
    let initialized = initialized(pod, phase, inits);
    let ready = ready(pod, phase, inits, containers);
    let of_kubelet = [Verdict::default(), initialized, ready.clone(), ready];
    let old = list(&pod["status"]["conditions"]);
    let conditions = OWNED.iter().zip(of_kubelet).map(|(kind, verdict)| {
        let before = old.iter().find(|condition| condition["type"] == *kind);
        verdict.condition(pod, kind, before, now)
    });
    let others = old.iter().filter(|condition| !OWNED.contains(&text(&condition["type"])));
    conditions.chain(others.cloned()).collect()
}

/// Whether a condition holds: nothing in it when it does and there is no more to say.
#[derive(Debug, Default, Clone)]
struct Verdict {
    fails: bool,
    reason: &'static str,
    message: String,
}

impl Verdict {
    /// It fails for some containers, if there are any such.
    fn fails_for(reason: &'static str, what: &str, names: &[&str]) -> Verdict {
        if names.is_empty() {
            return Verdict::default();
        }
        Verdict { fails: true, reason, message: format!("containers with {what} status: [{}]", names.join(" ")) }
    }

    fn condition(self, pod: &Value, kind: &str, before: Option<&Value>, now: Timestamp) -> Value {
        let status = if self.fails { "False" } else { "True" };
        let since =
            before.filter(|before| before["status"] == status).map(|before| before["lastTransitionTime"].clone());
        let mut condition = json!({
            "type": kind, "status": status, "lastProbeTime": null,
            "lastTransitionTime": since.unwrap_or_else(|| time(now)),
            "observedGeneration": pod["metadata"]["generation"],
        });
        if !self.reason.is_empty() {
            condition["reason"] = self.reason.into();
        }
        if !self.message.is_empty() {
            condition["message"] = self.message.into();
        }
        condition
    }
}

fn initialized(pod: &Value, phase: &str, inits: &[Value]) -> Verdict {
    if phase == "Succeeded" {
        return Verdict { reason: "PodCompleted", ..Verdict::default() };
    }
    let specs = list(&pod["spec"]["initContainers"]).iter().zip(inits);
    let incomplete = specs.filter(|(spec, status)| !is_through(init_role(spec), status));
    let names: Vec<&str> = incomplete.map(|(spec, _)| text(&spec["name"])).collect();
    Verdict::fails_for("ContainersNotInitialized", "incomplete", &names)
}

fn ready(pod: &Value, phase: &str, inits: &[Value], containers: &[Value]) -> Verdict {
    let over = |reason| Verdict { fails: true, reason, message: String::new() };
    match phase {
        "Succeeded" => return over("PodCompleted"),
        "Failed" => return over("PodFailed"),
        _ => {}
    }
    let specs = list(&pod["spec"]["initContainers"]).iter().zip(inits);
    let sidecars = specs.filter(|(spec, _)| init_role(spec) == Role::Sidecar).map(|(_, status)| status);
    let unready = sidecars.chain(containers).filter(|status| status["ready"] != true);
    let names: Vec<&str> = unready.map(|status| text(&status["name"])).collect();
    Verdict::fails_for("ContainersNotReady", "unready", &names)
}
