//! What of an object belongs to the server and its controllers and not to whoever wrote it.

use serde_json::{Map, Value, json};

/// Metadata that only the server writes.
const NUMBERED: &[&str] =
    &["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink", "deletionTimestamp"];

/// Annotations with which the server and its controllers count changes of a template.
const COUNTERS: &[&str] = &["deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"];

/// Labels that the job controller puts on a job's template to tell its pods.
const JOB_LABELS: &[&str] =
    &["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// Annotations that tell of the pod as it ran, and those of admission plugins that will write them again.
const RUN_ANNOTATIONS: &[&str] = &[
    "batch.kubernetes.io/job-tracking",
    "cni.projectcalico.org/containerID",
    "cni.projectcalico.org/podIP",
    "cni.projectcalico.org/podIPs",
    "k8s.v1.cni.cncf.io/network-status",
    "kubernetes.io/limit-ranger",
];

/// Taints that every pod tolerates for five minutes, since an admission plugin says so.
const DEFAULT_TAINTS: &[&str] = &["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Volumes that the service account's admission plugin adds are called so, with a random ending.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// The object without managed fields and status: what edits are planned on.
pub(super) fn without_status(object: &Value) -> Value {
    let mut object = object.clone();
    remove(&mut object, &["status"]);
    remove(&mut object["metadata"], &["managedFields"]);
    object
}

/// The object as people look at it: also without what the server numbers.
pub(super) fn shown(object: &Value) -> Value {
    let mut object = without_status(object);
    let metadata = &mut object["metadata"];
    remove(metadata, NUMBERED);
    if let Some(annotations) = metadata.get_mut("annotations") {
        remove(annotations, COUNTERS);
        if is_empty(annotations) {
            remove(metadata, &["annotations"]);
        }
    }
    object
}

/// What an object says besides its metadata and status.
pub(super) fn content(object: &Value) -> Value {
    let mut object = object.clone();
    remove(&mut object, &["metadata", "status"]);
    object
}

/// The manifest that makes a pod or a job like this one.
pub(super) fn manifest(object: &Value) -> Value {
    let mut object = shown(object);
    let metadata = &mut object["metadata"];
    remove(metadata, &["generateName", "deletionGracePeriodSeconds"]);
    // Whoever controls it would have to make it anew by itself; nobody does, or it would not be made here.
    if let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") {
        owners.retain(|owner| owner["controller"] != true);
    }
    without_marks(metadata);
    if object["kind"] == "Job" {
        job(&mut object["spec"]);
    } else {
        pod(&mut object["spec"]);
    }
    object
}

fn job(spec: &mut Value) {
    if spec["manualSelector"] != true {
        remove(spec, &["selector"]);
    }
    without_marks(&mut spec["template"]["metadata"]);
    remove(&mut spec["template"]["metadata"], &["creationTimestamp"]);
}

fn pod(spec: &mut Value) {
    // The node was the scheduler's choice, and `serviceAccount` is the old name of `serviceAccountName`.
    remove(spec, &["nodeName", "serviceAccount", "ephemeralContainers"]);
    if spec.get("priorityClassName").is_none() {
        remove(spec, &["priority", "preemptionPolicy"]);
    }
    without_items(spec, "tolerations", is_default_toleration);
    let is_token = |volume: &Value| volume.get("projected").is_some() && begins(&volume["name"], TOKEN_VOLUME);
    without_items(spec, "volumes", is_token);
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            without_items(container, "volumeMounts", |mount| begins(&mount["name"], TOKEN_VOLUME));
        }
    }
}

fn is_default_toleration(toleration: &Value) -> bool {
    let taint = toleration["key"].as_str().unwrap_or_default();
    DEFAULT_TAINTS.contains(&taint)
        && *toleration == json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
}

/// Takes away what controllers and plugins write into labels and annotations, and maps and lists that are empty then.
fn without_marks(metadata: &mut Value) {
    for (map, keys) in [("labels", JOB_LABELS), ("annotations", RUN_ANNOTATIONS)] {
        if let Some(entries) = metadata.get_mut(map) {
            remove(entries, keys);
        }
    }
    if let Value::Object(fields) = metadata {
        fields.retain(|_, value| !matches!(value, Value::Null) && !is_empty(value));
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn begins(value: &Value, prefix: &str) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(prefix))
}

fn remove(object: &mut Value, keys: &[&str]) {
    if let Value::Object(fields) = object {
        keys.iter().for_each(|key| drop(fields.shift_remove(*key)));
    }
}

/// Takes items out of a list, and a list away that had no others.
fn without_items(object: &mut Value, list: &str, is_out: impl Fn(&Value) -> bool) {
    let Some(Value::Array(items)) = object.get_mut(list) else { return };
    items.retain(|item| !is_out(item));
    if items.is_empty() {
        remove(object, &[list]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_loses_what_the_server_put_in() {
        let token = json!({"name": "kube-api-access-x2b4c", "projected": {}});
        let mount = json!({"name": "kube-api-access-x2b4c", "mountPath": "/var/run/secrets"});
        let data = json!({"name": "data", "mountPath": "/data"});
        let default =
            |taint: &str| json!({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        let own = json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists"});
        let live = json!({
            "kind": "Pod",
            "metadata": {
                "name": "a", "uid": "1", "resourceVersion": "2", "managedFields": [{}], "labels": {"app": "a"},
                "annotations": {"cni.projectcalico.org/podIP": "10.0.0.1"},
            },
            "spec": {
                "nodeName": "n", "priority": 0, "preemptionPolicy": "PreemptLowerPriority",
                "containers": [{"name": "c", "volumeMounts": [mount, data]}, {"name": "d", "volumeMounts": [mount]}],
                "ephemeralContainers": [{"name": "debug"}],
                "volumes": [token, {"name": "data", "emptyDir": {}}],
                "tolerations": [default("node.kubernetes.io/not-ready"), own, default("node.kubernetes.io/unreachable")],
            },
            "status": {"phase": "Running"},
        });
        let expected = json!({
            "kind": "Pod",
            "metadata": {"name": "a", "labels": {"app": "a"}},
            "spec": {
                "containers": [{"name": "c", "volumeMounts": [data]}, {"name": "d"}],
                "volumes": [{"name": "data", "emptyDir": {}}],
                "tolerations": [own],
            },
        });
        assert_eq!(manifest(&live), expected);
    }

    #[test]
    fn a_job_loses_its_selector_unless_that_is_its_own() {
        let job = |manual: bool| {
            json!({
                "kind": "Job",
                "metadata": {"name": "a", "labels": {"job-name": "a"}},
                "spec": {
                    "manualSelector": manual, "selector": {"matchLabels": {"app": "a"}},
                    "template": {"metadata": {"labels": {"app": "a", "batch.kubernetes.io/controller-uid": "1"}}, "spec": {}},
                },
            })
        };
        let stripped = manifest(&job(false));
        assert_eq!(stripped["metadata"], json!({"name": "a"}));
        assert_eq!(stripped["spec"]["template"]["metadata"], json!({"labels": {"app": "a"}}));
        assert_eq!(stripped["spec"].get("selector"), None);
        assert!(manifest(&job(true))["spec"].get("selector").is_some());
    }
}
