//! The status of one container, from its status before and what becomes of it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::images::Fate;
use super::{full_name, text, time};

/// What a container is for its pod.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// It ends before the next one starts.
    Init,
    /// An init container that goes on.
    Sidecar,
    /// A container of the pod.
    Main,
}

/// A container of a pod at a moment.
pub(super) struct Container<'p> {
    pub(super) pod: &'p Value,
    pub(super) spec: &'p Value,
    pub(super) role: Role,
    pub(super) fate: Fate,
    pub(super) now: Timestamp,
}

impl Container<'_> {
    /// The status that follows `old`: one step of what kubelet does, so that each shows at least once.
    ///
    /// A program that ends at once is never seen running: kubelet looks at the runtime once a second.
    pub(super) fn next(&self, old: Option<&Value>) -> Value {
        let Some(old) = old else { return self.creating() };
        let count = restarts(old);
        match &self.fate {
            Fate::NoImage => self.waiting(old, "ImagePullBackOff", &self.no_image()),
            Fate::Refused(message) => self.waiting(old, "CreateContainerConfigError", message),
            Fate::Exits { code, .. } => self.ended(old, *code),
            Fate::Runs { .. } if !old["state"]["terminated"].is_null() => old.clone(),
            Fate::Runs { ready } => {
                let since = &old["state"]["running"]["startedAt"];
                let since = if since.is_null() { time(self.now) } else { since.clone() };
                let running = json!({"running": {"startedAt": since}});
                self.status(running, &old["lastState"], count, *ready, true)
            }
        }
    }

    /// The status of a container that waits for its turn, or for its image.
    pub(super) fn creating(&self) -> Value {
        let has_init = !self.pod["spec"]["initContainers"].is_null();
        let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
        self.status(json!({"waiting": {"reason": reason}}), &Value::Null, 0, false, false)
    }

    /// The steps of a program that ends: it is started again at once the first time, then ever later.
    fn ended(&self, old: &Value, code: i32) -> Value {
        let (count, last) = (restarts(old), &old["lastState"]);
        if !old["state"]["terminated"].is_null() {
            return match count {
                _ if !self.restarts_after(code) => old.clone(),
                0 => self.exit(1, &old["state"], code),
                _ => self.back_off(count, &old["state"]),
            };
        }
        if old["state"]["waiting"]["reason"] != "CrashLoopBackOff" {
            return self.exit(count, last, code);
        }
        let since: Timestamp = text(&last["terminated"]["finishedAt"]).parse().unwrap();
        if self.now.duration_since(since).unsigned_abs() < back_off_after(count) {
            return old.clone();
        }
        self.exit(count + 1, last, code)
    }

    fn exit(&self, count: u64, last: &Value, code: i32) -> Value {
        let state = terminated(code, &time(self.now), self.now, &container_id(self.pod, self.spec, count));
        self.status(state, last, count, self.role == Role::Init && code == 0, false)
    }

    fn back_off(&self, count: u64, last: &Value) -> Value {
        let (name, pod) = (text(&self.spec["name"]), full_name(self.pod));
        let pause = go_duration(back_off_after(count));
        let message = format!("back-off {pause} restarting failed container={name} pod={pod}");
        let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
        self.status(state, last, count, false, false)
    }

    fn waiting(&self, old: &Value, reason: &str, message: &str) -> Value {
        let state = json!({"waiting": {"reason": reason, "message": message}});
        self.status(state, &old["lastState"], restarts(old), false, false)
    }

    fn no_image(&self) -> String {
        let image = text(&self.spec["image"]);
        format!("Back-off pulling image {image:?}: ErrImagePull: the tests' node agent knows no image {image}")
    }

    fn restarts_after(&self, code: i32) -> bool {
        match (self.role, text(&self.pod["spec"]["restartPolicy"])) {
            (Role::Sidecar, _) | (Role::Main, "Always") => true,
            (_, "Never") => false,
            _ => code != 0,
        }
    }

    fn status(&self, state: Value, last: &Value, count: u64, ready: bool, started: bool) -> Value {
        let last = if last.is_null() { json!({}) } else { last.clone() };
        let was_created = state["waiting"].is_null() || !last["terminated"].is_null();
        let mut status = json!({
            "name": self.spec["name"], "image": self.spec["image"], "imageID": "",
            "restartCount": count, "ready": ready, "started": started, "state": state, "lastState": last,
        });
        if was_created {
            status["imageID"] = format!("{}@sha256:{}", text(&self.spec["image"]), hex(&self.spec["image"])).into();
            status["containerID"] = container_id(self.pod, self.spec, count).into();
        }
        status
    }
}

/// A container's status once its pod was told to end: what ran was killed.
pub(super) fn killed(pod: &Value, status: &Value, now: Timestamp) -> Value {
    let mut killed = status.clone();
    let running = &status["state"]["running"];
    if !running.is_null() {
        let id = text(&status["containerID"]);
        killed["state"] = terminated(143, &running["startedAt"], now, id);
    } else if status["state"]["terminated"].is_null() {
        let last = &status["lastState"]["terminated"];
        let finished = if last.is_null() { &pod["metadata"]["creationTimestamp"] } else { &last["finishedAt"] };
        killed["state"] = terminated(137, finished, now, text(&status["containerID"]));
    }
    (killed["ready"], killed["started"]) = (false.into(), false.into());
    killed
}

fn terminated(code: i32, started: &Value, now: Timestamp, id: &str) -> Value {
    let reason = if code == 0 { "Completed" } else { "Error" };
    let mut state = json!({"terminated": {
        "exitCode": code, "reason": reason, "startedAt": started, "finishedAt": time(now),
    }});
    if !id.is_empty() {
        state["terminated"]["containerID"] = id.into();
    }
    state
}

pub(super) fn restarts(status: &Value) -> u64 {
    status["restartCount"].as_u64().unwrap_or_default()
}

/// The ID of a container's run; runs count from 0.
pub(super) fn container_id(pod: &Value, container: &Value, run: u64) -> String {
    format!("containerd://{}", hex(&(&pod["metadata"]["uid"], &container["name"], run)))
}

/// The pause before the next start of a container that was started again so often.
fn back_off_after(restarts: u64) -> Duration {
    let doubled = u32::try_from(restarts.saturating_sub(1)).unwrap_or(u32::MAX).min(5);
    Duration::from_secs((10 << doubled).min(300))
}

/// A duration of whole seconds as Go prints it.
fn go_duration(duration: Duration) -> String {
    match (duration.as_secs() / 60, duration.as_secs() % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}

/// 64 hexadecimal digits that depend on nothing but `of`.
fn hex(of: &impl Hash) -> String {
    let part = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, of).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    };
    (0..4).map(part).collect()
}
