//! The warnings that kubelet makes events of.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{full_name, list, text, time};

/// What kubelet says about a container.
pub(super) struct Said {
    reason: &'static str,
    message: String,
    field: String,
}

/// What is to be said when a pod's status changes to `next`.
pub(super) fn between(pod: &Value, next: &Value) -> Vec<Said> {
    let mut said = Vec::new();
    for (statuses, specs) in [("initContainerStatuses", "initContainers"), ("containerStatuses", "containers")] {
        for status in list(&next[statuses]) {
            let old = list(&pod["status"][statuses]).iter().find(|old| old["name"] == status["name"]);
            if let Some((reason, message)) = about(pod, old.unwrap_or(&Value::Null), status) {
                let field = format!("spec.{specs}{{{}}}", text(&status["name"]));
                said.push(Said { reason, message, field });
            }
        }
    }
    said
}

fn about(pod: &Value, old: &Value, new: &Value) -> Option<(&'static str, String)> {
    if new["state"] == old["state"] {
        return None;
    }
    let waiting = &new["state"]["waiting"];
    match text(&waiting["reason"]) {
        "CreateContainerConfigError" => Some(("Failed", format!("Error: {}", text(&waiting["message"])))),
        "ImagePullBackOff" => Some(("Failed", "Error: ImagePullBackOff".to_owned())),
        "CrashLoopBackOff" => {
            let name = text(&new["name"]);
            Some(("BackOff", format!("Back-off restarting failed container {name} in pod {}", full_name(pod))))
        }
        _ if !new["state"]["running"].is_null() && new["ready"] == false => {
            Some(("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned()))
        }
        _ => None,
    }
}

/// The event.
pub(super) fn event(pod: &Value, node: &str, said: &Said) -> Value {
    let metadata = &pod["metadata"];
    let now = Timestamp::now();
    json!({
        "metadata": {"name": format!("{}.{:x}", text(&metadata["name"]), now.as_nanosecond())},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"],
            "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"], "fieldPath": said.field,
        },
        "type": "Warning", "reason": said.reason, "message": said.message,
        "source": {"component": "kubelet", "host": node},
        "reportingComponent": "kubelet", "reportingInstance": node,
        "count": 1, "firstTimestamp": time(now), "lastTimestamp": time(now),
    })
}
