//! How far a controller is, from its status: the rules of `kubectl rollout status`, and of those kinds it does not know.

use serde_json::Value;

use super::kind::Kind;
use super::objects::{Object, number, text};
use crate::report::rollout::{Phase, PodCounts};

/// How far a workload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) phase: Phase,
    /// What it waits for or came to, a sentence without a final full stop.
    pub(super) message: String,
    /// How many pods there should be.
    pub(super) wanted: Option<usize>,
}

/// How far a workload is. `pods` is what its pods show.
pub(super) fn progress(kind: Kind, object: &Object, pods: PodCounts) -> Progress {
    let wanted = wanted(kind, object);
    let (phase, message) = match kind {
        Kind::Deployment => deployment(object),
        Kind::StatefulSet => stateful_set(object, pods),
        Kind::DaemonSet => daemon_set(object),
        Kind::ReplicaSet | Kind::ReplicationController => replicas(object, pods),
        Kind::CronJob => cron_job(object),
        Kind::Job => job(object, pods),
        Kind::Pod => pod(object),
        Kind::PodTemplate => (Phase::Deferred, "no pods come of it by themselves".to_owned()),
        Kind::Custom => custom(object, pods),
    };
    Progress { phase, message, wanted }
}

fn wanted(kind: Kind, object: &Object) -> Option<usize> {
    match kind {
        Kind::DaemonSet => Some(object.count("desiredNumberScheduled")),
        Kind::Pod => Some(1),
        Kind::Job => number(&object.spec["parallelism"]),
        Kind::CronJob | Kind::PodTemplate => None,
        // The server fills it in for its own kinds.
        _ => number(&object.spec["replicas"]),
    }
}

fn on(message: impl Into<String>) -> (Phase, String) {
    (Phase::Progressing, message.into())
}

fn done(count: usize) -> (Phase, String) {
    let pods = if count == 1 { "1 new pod is ready".to_owned() } else { format!("all {count} new pods are ready") };
    (Phase::Done, if count == 0 { "it has no pods to roll out".to_owned() } else { pods })
}

const UNSEEN: &str = "the controller has not seen the new template yet";

/// `DeploymentStatusViewer` in `k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go`.
fn deployment(object: &Object) -> (Phase, String) {
    let replicas = number(&object.spec["replicas"]).unwrap_or(1);
    let (updated, available) = (object.count("updatedReplicas"), object.count("availableReplicas"));
    let is_late =
        object.condition("Progressing").is_some_and(|condition| condition["reason"] == "ProgressDeadlineExceeded");
    if object.spec["paused"] == true {
        (Phase::Deferred, "it is paused: new pods come when it is resumed (kubectl rollout resume)".to_owned())
    } else if !object.is_observed() {
        on(UNSEEN)
    } else if is_late {
        (Phase::Failed, "the Deployment's progress deadline has passed".to_owned())
    } else if updated < replicas {
        on(format!("{updated} of {replicas} new pods have been made"))
    } else if object.count("replicas") > updated {
        let old = object.count("replicas") - updated;
        on(if old == 1 { "1 old pod is to go".to_owned() } else { format!("{old} old pods are to go") })
    } else if available < updated {
        on(format!("{available} of {updated} new pods are available"))
    } else {
        done(replicas)
    }
}

/// `StatefulSetStatusViewer` of the same file.
fn stateful_set(object: &Object, pods: PodCounts) -> (Phase, String) {
    let replicas = number(&object.spec["replicas"]).unwrap_or(1);
    let (status, strategy) = (&object.status, &object.spec["updateStrategy"]);
    let partition = number(&strategy["rollingUpdate"]["partition"]).unwrap_or_default();
    if !object.is_observed() {
        on(UNSEEN)
    } else if strategy["type"] == "OnDelete" {
        by_hand(pods, replicas)
    } else if partition > 0 {
        let part = replicas.saturating_sub(partition);
        let updated = object.count("updatedReplicas");
        if updated < part || pods.ready < part {
            on(format!("{} of {part} new pods are ready; the partition keeps {partition} old", pods.ready))
        } else {
            (Phase::Done, format!("{}; the partition keeps {partition} old", done(part).1))
        }
    } else if object.count("readyReplicas") < replicas {
        on(format!("{} of {replicas} pods are ready", object.count("readyReplicas")))
    } else if status["updateRevision"] != status["currentRevision"] {
        on(format!("{} of {replicas} pods are new", object.count("updatedReplicas")))
    } else {
        done(replicas)
    }
}

/// `DaemonSetStatusViewer` of the same file.
fn daemon_set(object: &Object) -> (Phase, String) {
    let desired = object.count("desiredNumberScheduled");
    let (updated, available) = (object.count("updatedNumberScheduled"), object.count("numberAvailable"));
    if !object.is_observed() {
        on(UNSEEN)
    } else if updated < desired && object.spec["updateStrategy"]["type"] == "OnDelete" {
        let message = format!("{updated} of {desired} pods are new: it replaces pods only once somebody deletes them");
        (Phase::Deferred, message)
    } else if updated < desired {
        on(format!("{updated} of {desired} new pods have been made"))
    } else if available < desired {
        on(format!("{available} of {desired} new pods are available"))
    } else {
        done(desired)
    }
}

/// Pods are replaced only once somebody deletes them.
fn by_hand(pods: PodCounts, replicas: usize) -> (Phase, String) {
    match pods {
        PodCounts { old: 1.., new, .. } if new == pods.ready => {
            let message = "running pods keep the old template: it replaces them only once somebody deletes them";
            (Phase::Deferred, message.to_owned())
        }
        PodCounts { ready, .. } if ready < replicas => on(format!("{ready} of {replicas} new pods are ready")),
        _ => done(replicas),
    }
}

fn replicas(object: &Object, pods: PodCounts) -> (Phase, String) {
    if object.is_observed() { by_hand(pods, number(&object.spec["replicas"]).unwrap_or(1)) } else { on(UNSEEN) }
}

fn cron_job(object: &Object) -> (Phase, String) {
    let message = if object.spec["suspend"] == true {
        "it is suspended: the new template shows with the first run after that".to_owned()
    } else {
        format!("the new template shows with the next run (schedule \"{}\")", text(&object.spec["schedule"]))
    };
    (Phase::Deferred, message)
}

fn job(object: &Object, pods: PodCounts) -> (Phase, String) {
    let message_of = |kind: &str| object.condition(kind).map(|condition| text(&condition["message"]).to_owned());
    if object.holds("Failed") {
        (Phase::Failed, message_of("Failed").unwrap_or_default())
    } else if object.holds("Complete") || object.holds("SuccessCriteriaMet") {
        (Phase::Done, "the Job is complete".to_owned())
    } else if object.spec["suspend"] == true {
        (Phase::Deferred, "it is suspended: pods come when it is resumed".to_owned())
    } else if object.count("ready") > 0 && pods.ready == pods.new {
        (Phase::Done, "its pods run".to_owned())
    } else {
        on(format!("{} of {} pods run", pods.ready, pods.new))
    }
}

fn pod(object: &Object) -> (Phase, String) {
    match text(&object.status["phase"]) {
        "Failed" => (Phase::Failed, "the pod has ended".to_owned()),
        "Succeeded" => (Phase::Done, "the pod has ended well".to_owned()),
        _ if object.is_well() => (Phase::Done, "the pod is ready".to_owned()),
        _ => on("the pod is not ready yet"),
    }
}

/// Best effort: the pods, and the words that controllers of others use (Argo Rollouts: `status.phase`).
fn custom(object: &Object, pods: PodCounts) -> (Phase, String) {
    let said = |value: &Value| Some(text(value).to_owned()).filter(|text| !text.is_empty());
    let message = said(&object.status["message"]).unwrap_or_else(|| "its controller says so".to_owned());
    let observes = !object.status["observedGeneration"].is_null();
    match text(&object.status["phase"]) {
        _ if observes && !object.is_observed() => on(UNSEEN),
        "Degraded" => (Phase::Failed, message),
        "Paused" => (Phase::Deferred, message),
        _ if pods.new > 0 && pods.old == 0 && pods.ready == pods.new => done(pods.new),
        _ => on(format!("{} of {} new pods are ready, {} old pods are there", pods.ready, pods.new, pods.old)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: Kind, object: &Value, pods: PodCounts) -> (Phase, String) {
        let object: Object = serde_json::from_value(object.clone()).unwrap();
        let progress = progress(kind, &object, pods);
        (progress.phase, progress.message)
    }

    fn pods(new: usize, ready: usize, old: usize) -> PodCounts {
        PodCounts { wanted: None, new, ready, old }
    }

    #[test]
    fn a_deployment_step_by_step() {
        let none = PodCounts::default();
        let mut object =
            json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1}});
        let mut steps = Vec::new();
        for (field, count) in [
            ("observedGeneration", 2),
            ("replicas", 3),
            ("updatedReplicas", 1),
            ("updatedReplicas", 2),
            ("replicas", 2),
            ("availableReplicas", 1),
            ("availableReplicas", 2),
        ] {
            steps.push(of(Kind::Deployment, &object, none).1);
            object["status"][field] = count.into();
        }
        assert_eq!(
            steps,
            [
                UNSEEN,
                "0 of 2 new pods have been made",
                "0 of 2 new pods have been made",
                "1 of 2 new pods have been made",
                "1 old pod is to go",
                "0 of 2 new pods are available",
                "1 of 2 new pods are available",
            ]
        );
        assert_eq!(of(Kind::Deployment, &object, none), (Phase::Done, "all 2 new pods are ready".to_owned()));
    }

    #[test]
    fn kinds_of_others_by_their_pods_and_their_words() {
        // Argo Rollouts writes the generation as a text.
        let mut object =
            json!({"metadata": {"generation": 3}, "status": {"observedGeneration": "2", "phase": "Healthy"}});
        assert_eq!(of(Kind::Custom, &object, pods(2, 2, 0)), (Phase::Progressing, UNSEEN.to_owned()));
        object["status"]["observedGeneration"] = "3".into();
        assert_eq!(of(Kind::Custom, &object, pods(2, 2, 0)).0, Phase::Done);
        assert_eq!(of(Kind::Custom, &object, pods(2, 1, 1)).0, Phase::Progressing);
        object["status"]["phase"] = "Paused".into();
        object["status"]["message"] = "CanaryPauseStep".into();
        assert_eq!(of(Kind::Custom, &object, pods(1, 1, 1)), (Phase::Deferred, "CanaryPauseStep".to_owned()));
    }

    #[test]
    fn jobs_run_or_end() {
        let job = |status: Value| json!({"spec": {"parallelism": 2}, "status": status});
        assert_eq!(of(Kind::Job, &job(json!({"active": 2, "ready": 1})), pods(2, 1, 0)).0, Phase::Progressing);
        assert_eq!(of(Kind::Job, &job(json!({"active": 2, "ready": 2})), pods(2, 2, 0)).0, Phase::Done);
        // All pods have ended, and the controller has not said so yet.
        assert_eq!(of(Kind::Job, &job(json!({"active": 0, "ready": 0})), pods(2, 2, 0)).0, Phase::Progressing);
        let failed = json!({"conditions": [{"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}]});
        let message = "Job has reached the specified backoff limit".to_owned();
        assert_eq!(of(Kind::Job, &job(failed), pods(1, 0, 0)), (Phase::Failed, message));
    }
}
