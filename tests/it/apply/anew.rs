//! Pods and jobs, which can only be made anew.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubectl_secctx::apply::{Outcome, RecreateOptions, RecreateStep, Recreated, Recreation, Session, plan, recreation};
use kubectl_secctx::model::Choices;
use kubectl_secctx::report::apply::Reason;
use serde_json::{Value, json};

use super::{
    RESTRICTED, change, connect, connect_with, create, create_namespace, files, find_one, get, path, plain, planned,
    server,
};
use crate::live::{enforced, pod, privileged};
use crate::support::eventually;
use crate::support::faults::{Asked, FaultServer, Reply};
use crate::support::node_agent::LABEL;

fn options(folder: &tempfile::TempDir) -> RecreateOptions {
    RecreateOptions { timeout: Duration::from_secs(20), folder: folder.path().to_owned() }
}

#[track_caller]
fn prepared(session: &Session<'_>, space: &str, name: &str) -> Recreation {
    recreation(&planned(session, space, name)).expect("it is to be made anew")
}

#[test]
fn a_pod_is_made_anew() {
    let (space, cluster, folder) = ("anew-pod", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[(LABEL, "true")]);
    let old = create(server(), &path("v1", space, "pods"), &pod("alone", &plain()));
    eventually("the pod", || (get("v1", space, "pods/alone")["status"]["phase"] == "Running").then_some(()));
    let session = Session::new(&cluster);
    let Outcome::Rejected(rejection) = session.apply(&planned(&session, space, "pod/alone"), folder.path()) else {
        panic!()
    };
    assert_eq!(rejection.reason, Reason::Impossible);

    let recreation = prepared(&session, space, "pod/alone");
    let yaml = recreation.yaml();
    for taken in ["nodeName", "kube-api-access", "status:", "uid:", "managedFields", "tolerationSeconds"] {
        assert!(!yaml.contains(taken), "{taken}: {yaml}");
    }
    assert_eq!(recreation.original["spec"]["containers"][0].get("securityContext"), None);
    let steps = RefCell::new(Vec::new());
    let made = session.recreate(&recreation, &options(&folder), &|step| steps.borrow_mut().push(step));
    let Recreated::Done { object, reached, .. } = made else { panic!("{made:#?}") };
    assert!(reached);
    let all = [RecreateStep::Checked, RecreateStep::Deleting, RecreateStep::Gone, RecreateStep::Created];
    assert_eq!(steps.into_inner(), all);
    assert_ne!(object["metadata"]["uid"], old["metadata"]["uid"]);
    assert_eq!(get("v1", space, "pods/alone")["metadata"]["uid"], object["metadata"]["uid"]);
    assert!(files(folder.path()).is_empty());
    // What the server makes of the manifest is what it had made of the first one, but for the hardening.
    let again = kubectl_secctx::apply::recreation(
        &plan(&find_one(&session, space, "pod/alone"), RESTRICTED, &Choices::default()).unwrap(),
    );
    assert_eq!(again.unwrap().original, recreation.manifest);
}

#[test]
fn a_job_is_made_anew() {
    let (space, cluster, folder) = ("anew-job", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let spec = json!({"containers": plain()["containers"], "restartPolicy": "Never"});
    let job = json!({"metadata": {"name": "once"}, "spec": {"template": {"spec": spec}}});
    create(server(), &path("batch/v1", space, "jobs"), &job);
    let pods = || get("v1", space, "pods")["items"].as_array().unwrap().clone();
    eventually("the job's pod", || (pods().len() == 1).then_some(()));
    let session = Session::new(&cluster);
    let recreation = prepared(&session, space, "job/once");
    assert!(!recreation.yaml().contains("controller-uid"), "{}", recreation.yaml());
    let made = session.recreate(&recreation, &options(&folder), &|_| ());
    assert!(matches!(made, Recreated::Done { reached: true, .. }), "{made:#?}");
    let uid = get("batch/v1", space, "jobs/once")["metadata"]["uid"].clone();
    let pod = eventually("the new pod, and no other", || {
        let pods = pods();
        let is_of = |pod: &Value| pod["metadata"]["ownerReferences"][0]["uid"] == uid;
        (pods.len() == 1 && is_of(&pods[0])).then(|| pods[0].clone())
    });
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
}

#[test]
fn what_changed_or_would_be_refused_stays() {
    let (space, cluster, folder) = ("anew-stays", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let before = create(server(), &path("v1", space, "pods"), &pod("alone", &privileged()));
    let session = Session::new(&cluster);
    let stale = prepared(&session, space, "pod/alone");
    change("v1", space, "pods/alone", &json!({"metadata": {"labels": {"new": "label"}}}));
    let Recreated::Rejected(rejection) = session.recreate(&stale, &options(&folder), &|_| ()) else { panic!() };
    assert_eq!(rejection.reason, Reason::Changed);

    // The namespace asks for more than the plan reaches.
    let only = Choices { only: ["privileged"].into(), ..Choices::default() };
    let half = recreation(&plan(&find_one(&session, space, "pod/alone"), RESTRICTED, &only).unwrap()).unwrap();
    let [(key, value)] = enforced("restricted");
    let label = json!({"metadata": {"labels": {key: value}}});
    assert_eq!(server().request("PATCH", &format!("/api/v1/namespaces/{space}"), Some(&label)).status, 200);
    // Admission sees a label a moment later than who set it.
    let pods = path("v1", space, "pods") + "?dryRun=All";
    let asked = pod("other", &privileged());
    eventually("the label", || (server().request("POST", &pods, Some(&asked)).status == 403).then_some(()));
    let Recreated::Rejected(rejection) = session.recreate(&half, &options(&folder), &|_| ()) else { panic!() };
    assert_eq!(rejection.reason, Reason::Refused);
    assert!(rejection.sentence.contains("violates PodSecurity"), "{rejection:?}");
    assert_eq!(get("v1", space, "pods/alone")["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(files(folder.path()).is_empty());
}

/// A way to the server on which real creations are refused: the first so many of them.
fn refusing(creations: usize) -> kubectl_secctx::cluster::Cluster {
    let left = AtomicUsize::new(creations);
    let proxy = FaultServer::start(move |asked: &Asked| {
        let creates = asked.method == "POST" && asked.query("dryRun").is_none();
        let is_refused =
            creates && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_refused { Reply::refusal(403, "Forbidden", "no room") } else { Reply::forward(server(), asked) }
    });
    connect_with(|options| (options.server, options.kubeconfig) = (Some(proxy.url()), None))
}

#[test]
fn the_old_one_is_put_back_or_its_manifest_told() {
    let (space, folder) = ("anew-back", tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    create(server(), &path("v1", space, "pods"), &pod("alone", &privileged()));
    let cluster = refusing(1);
    let session = Session::new(&cluster);
    let made = session.recreate(&prepared(&session, space, "pod/alone"), &options(&folder), &|_| ());
    let Recreated::PutBack(rejection) = made else { panic!("{made:#?}") };
    assert!(rejection.sentence.contains("no room"), "{rejection:?}");
    let now = get("v1", space, "pods/alone");
    assert_eq!(now["spec"]["containers"][0]["securityContext"], json!({"privileged": true}));
    assert!(files(folder.path()).is_empty());

    let cluster = refusing(2);
    let session = Session::new(&cluster);
    let made = session.recreate(&prepared(&session, space, "pod/alone"), &options(&folder), &|_| ());
    let Recreated::Lost { way_back, .. } = made else { panic!("{made:#?}") };
    let output = std::process::Command::new(crate::support::control_plane::kubectl())
        .arg("--kubeconfig")
        .arg(server().kubeconfig())
        .args(&way_back.command[1..])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let back = &get("v1", space, "pods/alone")["spec"]["containers"][0];
    assert_eq!(back["securityContext"], now["spec"]["containers"][0]["securityContext"]);
}

#[test]
fn one_that_does_not_go_is_told() {
    let (space, cluster, folder) = ("anew-stuck", connect(), tempfile::tempdir().unwrap());
    create_namespace(server(), space, &[]);
    let mut stuck = pod("alone", &plain());
    stuck["metadata"]["finalizers"] = json!(["secctx.test/keep"]);
    create(server(), &path("v1", space, "pods"), &stuck);
    let session = Session::new(&cluster);
    let recreation = prepared(&session, space, "pod/alone");
    let options = RecreateOptions { timeout: Duration::from_millis(300), ..options(&folder) };
    let made = session.recreate(&recreation, &options, &|_| ());
    let Recreated::Lost { rejection, way_back } = made else { panic!("{made:#?}") };
    assert!(rejection.sentence.contains("pod/alone was still there"), "{rejection:?}");
    assert!(way_back.file.exists());
    change("v1", space, "pods/alone", &json!({"metadata": {"finalizers": null}}));
}
