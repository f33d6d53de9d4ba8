//! Changes of what can be patched: made, refused, in conflict, and taken back.

use std::process::Command;

use kubectl_secctx::apply::{Outcome, RolledBack, Session};
use kubectl_secctx::report::apply::Reason;
use serde_json::{Value, json};

use super::{
    applied, apply, change, connect, connect_with, create, create_namespace, essence, files, find_one, get, path,
    plain, planned, server,
};
use crate::live::owners::create_type;
use crate::live::{privileged, workload};
use crate::support::control_plane::kubectl;
use crate::support::eventually;

fn deploy(space: &str, name: &str, spec: &Value) -> Value {
    create(server(), &path("apps/v1", space, "deployments"), &workload(name, spec, &[("replicas", 0.into())]))
}

/// What the server says about a pod with a template's spec in a namespace that enforces the restricted level.
fn refusal(space: &str, template: &Value) -> Option<String> {
    let pod = json!({"metadata": {"name": "probe"}, "spec": template["spec"]});
    let answer = &server().dry_run_pods(space, &[pod])[0];
    answer.refusal().map(str::to_owned)
}

#[test]
fn a_change_is_made_looked_at_and_taken_back() {
    let (space, cluster, folder) = ("changes-made", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[("pod-security.kubernetes.io/warn", "restricted")]);
    create_namespace(server(), "changes-made-probe", &[("pod-security.kubernetes.io/enforce", "restricted")]);
    deploy(space, "web", &privileged());
    let before = get("apps/v1", space, "deployments/web");
    let session = Session::new(&cluster);
    let planned = planned(&session, space, "deploy/web");
    let (old, new) = planned.shown();
    assert!(!old.contains("managedFields") && !old.contains("status") && !old.contains("resourceVersion"), "{old}");
    assert!(old.contains("privileged: true") && new.contains("runAsNonRoot: true"), "{new}");

    let applied = applied(session.apply(&planned, folder.path()));
    assert!(applied.reached && applied.altered.is_empty() && !applied.answer_lost, "{applied:#?}");
    assert!(applied.warnings.is_empty(), "{:?}", applied.warnings);
    let now = get("apps/v1", space, "deployments/web");
    assert_eq!(refusal("changes-made-probe", &now["spec"]["template"]), None);
    let managers = now["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().any(|entry| entry["manager"] == "kubectl-secctx"));
    assert!(matches!(session.apply(&super::planned(&session, space, "deploy/web"), folder.path()), Outcome::Unchanged));

    let names = files(folder.path());
    assert_eq!(names.len(), 1);
    assert!(names[0].starts_with("changes-made_deployment_web_2"), "{names:?}");
    // Replicas are somebody else's; they stay.
    change("apps/v1", space, "deployments/web", &json!({"spec": {"revisionHistoryLimit": 3}}));
    let others = vec!["spec.revisionHistoryLimit".to_owned()];
    assert_eq!(session.roll_back(&applied.undo), RolledBack::Done { others });
    change("apps/v1", space, "deployments/web", &json!({"spec": {"revisionHistoryLimit": 10}}));
    assert_eq!(essence(&get("apps/v1", space, "deployments/web")), essence(&before));
    assert_eq!(session.roll_back(&applied.undo), RolledBack::Done { others: vec![] }, "twice is once");
    applied.undo.forget().unwrap();
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_way_back_by_hand_does_the_same() {
    let (space, cluster, folder) = ("changes-by-hand", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let before = deploy(space, "web", &privileged());
    let session = Session::new(&cluster);
    let applied = apply(&session, space, "deploy/web", folder.path());
    let back = applied.undo.way_back();
    assert!(back.file.exists());
    let run = || {
        let mut command = Command::new(kubectl());
        command.arg("--kubeconfig").arg(server().kubeconfig()).args(&back.command[1..]).output().unwrap()
    };
    let output = run();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(essence(&get("apps/v1", space, "deployments/web")), essence(&before));
    assert!(!run().status.success(), "there is nothing left to take back, and nothing is overwritten");
}

#[test]
fn a_way_back_overwrites_nothing() {
    let (space, cluster, folder) = ("changes-since", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    deploy(space, "web", &plain());
    let session = Session::new(&cluster);
    let applied = apply(&session, space, "deploy/web", folder.path());
    let other = json!({"spec": {"template": {"spec": {"securityContext": {"runAsNonRoot": false}}}}});
    change("apps/v1", space, "deployments/web", &other);
    let now = get("apps/v1", space, "deployments/web");
    let RolledBack::Changed(fields) = session.roll_back(&applied.undo) else { panic!() };
    assert_eq!(fields, ["spec.template.spec.securityContext.runAsNonRoot"]);
    assert_eq!(get("apps/v1", space, "deployments/web")["spec"], now["spec"]);
    server().request("DELETE", &path("apps/v1", space, "deployments/web"), None);
    eventually("the end", || (get("apps/v1", space, "deployments/web")["kind"] == "Status").then_some(()));
    deploy(space, "web", &plain());
    let RolledBack::Failed(rejection) = session.roll_back(&applied.undo) else { panic!() };
    assert_eq!(rejection.reason, Reason::Gone);
}

#[test]
fn a_conflict_gives_a_new_plan() {
    let (space, cluster, folder) = ("changes-conflict", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    deploy(space, "web", &plain());
    let session = Session::new(&cluster);
    let stale = planned(&session, space, "deploy/web");
    // Somebody else puts in a container meanwhile.
    let containers = json!([{"name": "web", "image": "works"}, {"name": "new", "image": "works"}]);
    change("apps/v1", space, "deployments/web", &json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    let Outcome::Conflict(fresh) = session.apply(&stale, folder.path()) else { panic!() };
    assert!(fresh.results[0].edits.len() > stale.results[0].edits.len());
    let untouched = get("apps/v1", space, "deployments/web");
    assert!(untouched["spec"]["template"]["spec"]["securityContext"].as_object().unwrap().is_empty());
    assert!(files(folder.path()).is_empty());
    assert!(applied(session.apply(&fresh, folder.path())).reached);

    // A new version that shows nothing new is no conflict to anybody.
    deploy(space, "calm", &plain());
    let planned = planned(&session, space, "deploy/calm");
    let status = json!({"status": {"observedGeneration": 1, "conditions": [
        {"type": "Progressing", "status": "True", "reason": "Testing", "message": "m"}]}});
    let path = path("apps/v1", space, "deployments/calm/status");
    assert_eq!(server().request("PATCH", &path, Some(&status)).status, 200);
    assert!(applied(session.apply(&planned, folder.path())).reached);
}

#[test]
fn what_the_server_would_refuse_is_refused() {
    let (space, folder) = ("changes-refused", tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    deploy(space, "web", &plain());
    let before = get("apps/v1", space, "deployments/web");
    let rules =
        json!([{"apiGroups": ["apps"], "operations": ["UPDATE"], "apiVersions": ["v1"], "resources": ["deployments"]}]);
    let policy = json!({
        "metadata": {"name": space},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": rules},
            "validations": [{"expression": "object.spec.template.spec.?securityContext.?runAsNonRoot.orValue(false) == false",
                "message": "root is dear to us"}],
        },
    });
    let root = "/apis/admissionregistration.k8s.io/v1";
    create(server(), &format!("{root}/validatingadmissionpolicies"), &policy);
    let binding = json!({
        "metadata": {"name": space},
        "spec": {
            "policyName": space, "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}},
        },
    });
    create(server(), &format!("{root}/validatingadmissionpolicybindings"), &binding);
    let cluster = connect();
    let session = Session::new(&cluster);
    // The server takes a moment to see its new policy; a dry run changes nothing.
    eventually("the policy", || {
        let refused = session.dry_run(&planned(&session, space, "deploy/web")).err();
        refused.filter(|rejection| rejection.sentence.contains("root is dear to us"))
    });
    let Outcome::Rejected(rejection) = session.apply(&planned(&session, space, "deploy/web"), folder.path()) else {
        panic!()
    };
    assert_eq!(rejection.reason, Reason::Refused);
    assert!(rejection.sentence.contains("root is dear to us"), "{rejection:?}");
    assert_eq!(get("apps/v1", space, "deployments/web")["spec"], before["spec"]);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn who_may_not_change_it_is_told() {
    let (space, folder) = ("changes-rights", tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    deploy(space, "web", &plain());
    server().bind("viewer", space, ("ClusterRole", "view"), ("apps", "deployments"));
    let cluster = connect_with(|options| options.impersonation.user = Some("viewer".to_owned()));
    let session = Session::new(&cluster);
    let Outcome::Rejected(rejection) = session.apply(&planned(&session, space, "deploy/web"), folder.path()) else {
        panic!()
    };
    assert_eq!(rejection.reason, Reason::Forbidden);
    assert!(rejection.sentence.contains("cannot patch resource \"deployments\""), "{rejection:?}");
}

#[test]
fn custom_resources_are_patched_whole() {
    let (space, cluster, folder) = ("changes-custom", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let plural = create_type(server(), "changes.example", "Fleet", "cfl");
    let (version, list) = ("changes.example/v2", path("changes.example/v2", space, &plural));
    let template = json!({"spec": plain()});
    let fleet = json!({"apiVersion": version, "kind": "Fleet", "metadata": {"name": "a"},
        "spec": {"head": {"template": template}, "crews": [{"template": template}, {"template": template}]}});
    let before = create(server(), &list, &fleet);
    let session = Session::new(&cluster);
    let subject = find_one(&session, space, "fleets.changes.example/a");
    assert_eq!(subject.templates.len(), 3);
    let applied = apply(&session, space, "fleets.changes.example/a", folder.path());
    assert!(applied.reached && applied.altered.is_empty(), "{:?}", applied.altered);
    let now = get(version, space, &format!("{plural}/a"));
    for template in [&now["spec"]["head"], &now["spec"]["crews"][0], &now["spec"]["crews"][1]] {
        assert_eq!(template["template"]["spec"]["securityContext"]["runAsNonRoot"], true);
    }
    assert_eq!(session.roll_back(&applied.undo), RolledBack::Done { others: vec![] });
    assert_eq!(essence(&get(version, space, &format!("{plural}/a"))), essence(&before));
}

#[test]
fn what_a_webhook_makes_of_a_change_is_told() {
    let (space, folder) = ("changes-altered", tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let before = deploy(space, "web", &plain());
    let root = "/apis/admissionregistration.k8s.io/v1";
    let rules =
        json!([{"apiGroups": ["apps"], "operations": ["UPDATE"], "apiVersions": ["v1"], "resources": ["deployments"]}]);
    let expression = "has(object.spec.template.spec.containers[0].securityContext) ? [JSONPatch{op: \"replace\", \
                      path: \"/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation\", value: true}] : []";
    let policy = json!({
        "metadata": {"name": space},
        "spec": {
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "matchConstraints": {"resourceRules": rules},
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
        },
    });
    create(server(), &format!("{root}/mutatingadmissionpolicies"), &policy);
    let matched = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}});
    let binding = json!({"metadata": {"name": space}, "spec": {"policyName": space, "matchResources": matched}});
    create(server(), &format!("{root}/mutatingadmissionpolicybindings"), &binding);
    let cluster = connect();
    let session = Session::new(&cluster);
    let field = "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation";
    let told = vec![format!("{field} is true, which was to be false")];
    eventually("the policy", || {
        let trial = session.dry_run(&planned(&session, space, "deploy/web")).ok()?;
        (trial.altered == told).then_some(())
    });
    let applied = apply(&session, space, "deploy/web", folder.path());
    assert_eq!((applied.reached, &applied.altered), (false, &told));
    assert_eq!(session.roll_back(&applied.undo), RolledBack::Done { others: vec![] });
    assert_eq!(essence(&get("apps/v1", space, "deployments/web")), essence(&before));
}
