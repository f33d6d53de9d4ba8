//! Each image with the edit that takes away what it needs: that edit is named, and its remedy, followed, mends it.

use kubectl_secctx::model::Choices;
use kubectl_secctx::report::rollout::{Confidence, Diagnosis, Origin, Phase, Remedy, RolloutStatus};
use kubectl_secctx::rollout::{Before, Target};
use serde_json::{Value, json};

use super::{Ground, blamed, spec, workload};

const NON_ROOT: &str = "spec.securityContext.runAsNonRoot";
const USER: &str = "spec.securityContext.runAsUser";
const DROP: &str = "spec.containers[0].securityContext.capabilities.drop";
const ESCALATION: &str = "spec.containers[0].securityContext.allowPrivilegeEscalation";
const READ_ONLY: &str = "spec.containers[0].securityContext.readOnlyRootFilesystem";
const TOKEN: &str = "spec.automountServiceAccountToken";

/// A case: what breaks, and what is expected of the diagnosis.
struct Case {
    namespace: &'static str,
    image: &'static str,
    choices: Choices,
    /// The edits that are named.
    edits: &'static [&'static str],
    what: &'static str,
    evidence: &'static str,
    confidence: Confidence,
    /// What is added of the remedy that is followed.
    remedy: &'static str,
}

fn user() -> Choices {
    Choices { run_as_user: Some(1000), ..Choices::default() }
}

fn user_namespace() -> Choices {
    Choices { user_namespace: true, ..Choices::default() }
}

/// What the remedy makes of the choices, as a person who types it does.
fn followed(remedy: &Remedy, choices: &Choices) -> Choices {
    let mut choices = choices.clone();
    for flag in &remedy.leave_out {
        match flag.as_str() {
            "--run-as-user" => choices.run_as_user = None,
            "--read-only-root-filesystem" => choices.read_only_root_filesystem = false,
            "--no-service-account-token" => choices.no_service_account_token = false,
            "--user-namespace" => choices.user_namespace = false,
            other => panic!("{other}"),
        }
    }
    let mut words = remedy.add.iter();
    while let Some(flag) = words.next() {
        let mut value = || words.next().unwrap().clone();
        match flag.as_str() {
            "--run-as-user" => choices.run_as_user = Some(value().parse().unwrap()),
            "--keep-capability" => _ = choices.keep_capabilities.insert(value()),
            "--writable" => choices.writable.push(value()),
            "--user-namespace" => choices.user_namespace = true,
            "--skip" => {
                let name = value();
                let check = kubectl_secctx::checks::CHECKS.iter().find(|check| check.id == name).unwrap();
                choices.skip.insert(check.id);
            }
            other => panic!("{other}"),
        }
    }
    choices
}

/// One container of an image; `writes-root-fs` writes to a folder of its own, and `binds-80` says that it does.
fn deployment(image: &str, replicas: u64) -> Value {
    let mut pod = spec(image);
    if image.starts_with("binds-80") {
        pod["containers"][0]["ports"] = json!([{"containerPort": 80}]);
    }
    pod["containers"][0]["env"] = json!([{"name": "WRITES", "value": "/tmp,/var/cache/nginx"}]);
    workload("web", &pod, &json!({"replicas": replicas}))
}

fn only(status: &RolloutStatus) -> &Diagnosis {
    assert_eq!(status.diagnoses.len(), 1, "{status:#?}");
    &status.diagnoses[0]
}

impl Case {
    #[track_caller]
    fn holds(&self) {
        let ground = Ground::new(self.namespace);
        let target = ground.target("deployments", "web");
        ground.running(&target, &deployment(self.image, 2));
        let original = ground.get(&target.resource, "web");

        let status = ground.harden_and_watch(&target, &self.choices);
        assert_eq!(status.phase, Phase::Stuck, "{status:#?}");
        assert_eq!((status.pods.wanted, status.pods.new, status.pods.ready, status.pods.old), (Some(2), 1, 0, 2));
        let diagnosis = only(&status);
        assert_eq!(blamed(&status), self.edits, "{status:#?}");
        assert_eq!((diagnosis.origin, diagnosis.confidence), (Origin::Edits, self.confidence));
        assert_eq!(diagnosis.what, self.what);
        let evidence = diagnosis.evidence.split(" (pod: ").next().unwrap();
        assert_eq!(evidence, self.evidence);
        assert_eq!(diagnosis.container.as_deref(), Some("app"));
        self.mend(&ground, &target, &original, diagnosis);
    }

    /// Follows the remedy from the object as it was: the rollout then is done.
    #[track_caller]
    fn mend(&self, ground: &Ground, target: &Target, original: &Value, diagnosis: &Diagnosis) {
        let remedy = diagnosis.remedies.iter().find(|remedy| remedy.add.join(" ") == self.remedy);
        let remedy = remedy.unwrap_or_else(|| panic!("{:#?}", diagnosis.remedies));
        let before = Before::take(&ground.client, target).unwrap();
        let mut fresh = ground.get(&target.resource, "web");
        fresh["spec"] = original["spec"].clone();
        fresh["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        // A merge would keep what the first edits set.
        let reset = ground.server.request("PUT", &ground.path(&target.resource, "/web"), Some(&fresh));
        assert_eq!(reset.status, 200, "{}", reset.body);
        let edits = ground.harden(target, original, &followed(remedy, &self.choices));
        let status = ground.watch(target, before, edits);
        assert_eq!(status.phase, Phase::Done, "{status:#?}");
        assert_eq!((status.diagnoses.len(), status.pods.new, status.pods.ready), (0, 2, 2), "{status:#?}");
    }
}

#[test]
fn an_image_of_root_is_run_as_another_user() {
    Case {
        namespace: "rollout-root",
        image: "root",
        choices: Choices::default(),
        edits: &[NON_ROOT],
        what: "container \"app\" is not started: its image runs as root, and runAsNonRoot forbids it",
        evidence: "container has runAsNonRoot and image will run as root",
        confidence: Confidence::Certain,
        remedy: "--run-as-user 1000",
    }
    .holds();
}

#[test]
fn an_image_of_root_keeps_it_in_a_user_namespace() {
    Case {
        namespace: "rollout-root-userns",
        image: "needs-root",
        choices: Choices::default(),
        edits: &[NON_ROOT],
        what: "container \"app\" is not started: its image runs as root, and runAsNonRoot forbids it",
        evidence: "container has runAsNonRoot and image will run as root",
        confidence: Confidence::Certain,
        remedy: "--user-namespace",
    }
    .holds();
}

#[test]
fn a_named_user_gets_its_number() {
    Case {
        namespace: "rollout-named",
        image: "named-user",
        choices: Choices::default(),
        edits: &[NON_ROOT],
        what: "container \"app\" is not started: its image runs as \"app\", and only a number proves that this is not root",
        evidence: "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root",
        confidence: Confidence::Certain,
        remedy: "--run-as-user 1000",
    }
    .holds();
}

#[test]
fn an_image_that_needs_root_may_not_write_as_another_user() {
    Case {
        namespace: "rollout-needs-root",
        image: "needs-root",
        choices: user(),
        edits: &[USER],
        what: "container \"app\" ends: it may not use /var/run/app.pid",
        evidence: "open() \"/var/run/app.pid\" failed (13: Permission denied)",
        confidence: Confidence::Likely,
        remedy: "--user-namespace",
    }
    .holds();
}

#[test]
fn an_image_that_needs_root_can_be_left_alone() {
    Case {
        namespace: "rollout-left-alone",
        image: "needs-root",
        choices: user(),
        edits: &[USER],
        what: "container \"app\" ends: it may not use /var/run/app.pid",
        evidence: "open() \"/var/run/app.pid\" failed (13: Permission denied)",
        confidence: Confidence::Likely,
        remedy: "--skip runAsNonRoot",
    }
    .holds();
}

#[test]
fn an_image_that_changes_owners_needs_root_and_its_capability() {
    Case {
        namespace: "rollout-chown",
        image: "needs-chown",
        choices: user(),
        edits: &[USER, DROP],
        what: "container \"app\" ends: it may not change the owner of /data",
        evidence: "chown: changing ownership of '/data': Operation not permitted",
        confidence: Confidence::Likely,
        remedy: "--skip runAsNonRoot --skip capabilities_restricted",
    }
    .holds();
}

#[test]
fn root_in_a_user_namespace_lacks_only_the_capability() {
    Case {
        namespace: "rollout-chown-userns",
        image: "needs-chown",
        choices: user_namespace(),
        edits: &[DROP],
        what: "container \"app\" ends: it may not change the owner of /data",
        evidence: "chown: changing ownership of '/data': Operation not permitted",
        confidence: Confidence::Likely,
        remedy: "--skip capabilities_restricted",
    }
    .holds();
}

#[test]
fn an_image_that_switches_users_needs_its_capabilities() {
    Case {
        namespace: "rollout-setuid",
        image: "needs-setuid",
        choices: user_namespace(),
        edits: &[DROP],
        what: "container \"app\" ends: it may not become another user",
        evidence: "setgid(101) failed (1: Operation not permitted)",
        confidence: Confidence::Likely,
        remedy: "--skip capabilities_restricted",
    }
    .holds();
}

#[test]
fn a_low_port_needs_its_capability() {
    Case {
        namespace: "rollout-port",
        image: "binds-80-setcap",
        choices: Choices::default(),
        edits: &[DROP],
        what: "container \"app\" ends: it may not listen on port 80",
        evidence: "bind() to 0.0.0.0:80 failed (13: Permission denied)",
        confidence: Confidence::Likely,
        remedy: "--keep-capability NET_BIND_SERVICE",
    }
    .holds();
}

#[test]
fn a_low_port_of_root_needs_root_or_a_user_namespace() {
    Case {
        namespace: "rollout-port-root",
        image: "binds-80",
        choices: user(),
        edits: &[USER, DROP],
        what: "container \"app\" ends: it may not listen on port 80",
        evidence: "bind() to 0.0.0.0:80 failed (13: Permission denied)",
        confidence: Confidence::Likely,
        remedy: "--user-namespace --keep-capability NET_BIND_SERVICE",
    }
    .holds();
}

#[test]
fn a_folder_that_is_written_to_becomes_writable() {
    Case {
        namespace: "rollout-read-only",
        image: "writes-root-fs",
        choices: Choices { read_only_root_filesystem: true, ..Choices::default() },
        edits: &[READ_ONLY],
        what: "container \"app\" ends: it writes to /var/cache/nginx/file, and the file system is read-only",
        evidence: "touch: cannot touch '/var/cache/nginx/file': Read-only file system",
        confidence: Confidence::Certain,
        remedy: "--writable /tmp --writable /var/cache/nginx",
    }
    .holds();
}

#[test]
fn sudo_needs_new_privileges() {
    Case {
        namespace: "rollout-sudo",
        image: "needs-sudo",
        choices: Choices::default(),
        edits: &[ESCALATION],
        what: "container \"app\" ends: it wants more rights by sudo or the like, and may not get them",
        evidence: "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.",
        confidence: Confidence::Certain,
        remedy: "--skip allowPrivilegeEscalation",
    }
    .holds();
}

#[test]
fn a_token_that_is_needed_comes_back() {
    Case {
        namespace: "rollout-token",
        image: "needs-token",
        choices: Choices { no_service_account_token: true, ..Choices::default() },
        edits: &[TOKEN],
        what: "container \"app\" ends: it finds no service account token",
        evidence: "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory",
        confidence: Confidence::Certain,
        remedy: "",
    }
    .holds();
}

#[test]
fn what_failed_before_is_not_blamed_on_the_edits() {
    for (namespace, image, what) in [
        ("rollout-crashed", "crashes", "container \"app\" ends, and its log says nothing of missing rights"),
        ("rollout-no-image", "no-such-image", "the image of container \"app\" cannot be had"),
    ] {
        let ground = Ground::new(namespace);
        let target = ground.target("deployments", "web");
        ground.create(&target, &deployment(image, 1));
        ground.watch_until(&target, Before::default(), Vec::new(), |status| status.phase == Phase::Stuck);
        let status = ground.harden_and_watch(&target, &Choices::default());
        let diagnosis = only(&status);
        assert_eq!((status.phase, diagnosis.origin), (Phase::Stuck, Origin::Before), "{status:#?}");
        assert_eq!((diagnosis.edits.len(), diagnosis.remedies.len()), (0, 0));
        assert_eq!(diagnosis.what, what);
        assert!(!status.is_broken_by_edits());
    }
}

#[test]
fn a_container_that_was_refused_before_is_not_blamed_on_the_edits() {
    let ground = Ground::new("rollout-refused-before");
    let target = ground.target("deployments", "web");
    let mut object = deployment("root", 1);
    object["spec"]["template"]["spec"]["securityContext"] = json!({"runAsNonRoot": true});
    ground.create(&target, &object);
    ground.watch_until(&target, Before::default(), Vec::new(), |status| status.phase == Phase::Stuck);
    let status = ground.harden_and_watch(&target, &Choices::default());
    assert_eq!((only(&status).origin, blamed(&status)), (Origin::Before, vec![]), "{status:#?}");
}

#[test]
fn a_probe_that_fails_is_told_and_not_blamed_on_other_edits() {
    let ground = Ground::new("rollout-slow");
    let target = ground.target("deployments", "web");
    ground.running(&target, &deployment("works", 1));
    let before = Before::take(&ground.client, &target).unwrap();
    let mut original = ground.get(&target.resource, "web");
    original["spec"]["template"]["spec"]["containers"][0]["image"] = "slow".into();
    let edits = ground.harden(&target, &original, &Choices::default());
    let status = ground.watch_until(&target, before, edits, |status| !status.diagnoses.is_empty());
    let diagnosis = only(&status);
    assert_eq!((status.phase, diagnosis.origin), (Phase::Progressing, Origin::Elsewhere), "{status:#?}");
    assert_eq!(diagnosis.evidence, "Readiness probe failed: HTTP probe failed with statuscode: 503");
    assert_eq!(status.failing[0].reason, "Unhealthy");
}

#[test]
fn the_container_that_fails_is_named_and_not_its_neighbour() {
    let ground = Ground::new("rollout-neighbours");
    let target = ground.target("deployments", "web");
    let mut object = deployment("works", 1);
    let containers = &mut object["spec"]["template"]["spec"]["containers"];
    containers.as_array_mut().unwrap().push(json!({"name": "proxy", "image": "binds-80-setcap"}));
    ground.running(&target, &object);
    let status = ground.harden_and_watch(&target, &Choices::default());
    assert_eq!(only(&status).container.as_deref(), Some("proxy"));
    assert_eq!(blamed(&status), [DROP.replace("[0]", "[1]")]);
}

#[test]
fn init_containers_fail_too() {
    let ground = Ground::new("rollout-init");
    let target = ground.target("deployments", "web");
    let mut object = deployment("works", 1);
    let init = json!([{"name": "prepare", "image": "needs-sudo"}]);
    object["spec"]["template"]["spec"]["initContainers"] = init;
    ground.running(&target, &object);
    let status = ground.harden_and_watch(&target, &Choices::default());
    assert_eq!((status.phase, only(&status).container.as_deref()), (Phase::Stuck, Some("prepare")), "{status:#?}");
    assert_eq!(blamed(&status), [ESCALATION.replace("containers", "initContainers")]);
    assert_eq!((status.failing.len(), status.failing_pods()), (1, 1));
}
