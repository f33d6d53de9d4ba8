//! By which policy live objects are judged: a level, or what their namespaces say.

use std::collections::BTreeMap;

use kubectl_secctx::policy::{LabelContext, Outcome, label_mistakes};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{
    ESCALATES, await_pods, check, controlled, create, create_namespace, deploy, enforced, escalating, eventually, good,
    judged, path, pod, privileged, report, result, server_says, text,
};
use crate::support::control_plane::{ControlPlane, Options};

/// What a namespace's mode says of a pod: the server's warning at its creation.
fn warning(server: &ControlPlane, namespace: &str, spec: &Value) -> Option<String> {
    let answer = server.dry_run_pods(namespace, &[pod("probe", spec)]).remove(0);
    let text = answer.warnings.into_iter().find(|text| text.starts_with("would violate PodSecurity"))?;
    Some(text.split_once(": ").unwrap().1.to_owned())
}

#[test]
fn labels_that_do_nothing_are_told() {
    let server = controlled();
    let labels = [
        ("pod-security.kubernets.io/enforce", "baseline"),
        ("pod-security.kubernetes.io/warn", "baseline"),
        ("pod-security.kubernetes.io/warn-version", "v1.99"),
    ];
    create_namespace(server, "mislabelled", &labels);
    create(server, &path("v1", "mislabelled", "pods"), &pod("root", &privileged()));
    let ran = check(server, &["-n", "mislabelled", "--level", "namespace", "-o", "name"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "the server took the pod, so it passes");
    let told = |rest: &str| {
        let hits = ran.stderr.lines().filter(|line| line.starts_with("Warning: ") && line.ends_with(rest));
        assert_eq!(hits.count(), 1, "{rest} in {}", ran.stderr);
    };
    told(
        "namespace \"mislabelled\": label \"pod-security.kubernets.io/enforce\" is not read by anything; did you mean \
         \"pod-security.kubernetes.io/enforce\"?",
    );
    told("is newer than v1.36, the newest that the server knows: it takes that one; did you mean \"v1.36\"?");
}

/// What is said of each mistake is what the server does when a namespace is made with it.
#[test]
fn the_server_takes_and_refuses_what_is_said() {
    let server = controlled();
    let key = |name: &str| format!("pod-security.kubernetes.io/{name}");
    let with_enforce =
        |name: &str, value: &str| vec![(key("enforce"), "baseline".to_owned()), (key(name), value.to_owned())];
    let alone = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let cases = [
        (alone("pod-security.kubernets.io/enforce", "baseline"), Outcome::Ignored, true),
        (alone("pod-security.k8s.io/enforce", "nonsense"), Outcome::Ignored, true),
        (alone(&key("deny"), "nonsense"), Outcome::Ignored, true),
        (alone("Pod-Security.kubernetes.io/enforce", "baseline"), Outcome::Ignored, false),
        (alone(&key("enforce"), "Baseline"), Outcome::FailsClosed, false),
        (alone(&key("enforce"), ""), Outcome::FailsClosed, false),
        (alone(&key("audit"), "strict"), Outcome::FailsOpen, false),
        (with_enforce("enforce-version", "1.30"), Outcome::Latest, false),
        (with_enforce("warn-version", "lastest"), Outcome::Latest, false),
        (with_enforce("enforce-version", "v1.99"), Outcome::Newest, true),
        (alone(&key("enforce-version"), "v1.30"), Outcome::NoLevel, true),
    ];
    for (labels, outcome, is_taken) in cases {
        let labels: BTreeMap<String, String> = labels.into_iter().collect();
        let mistakes = label_mistakes(&labels, &LabelContext { newest: Some(36), ..LabelContext::default() });
        assert_eq!(mistakes.iter().map(|one| one.outcome).collect::<Vec<_>>(), [outcome], "{labels:?}");
        let says_taken = !mistakes[0].is_unreadable() && !mistakes[0].what.contains("is refused");
        assert_eq!(says_taken, is_taken, "{}", mistakes[0]);
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mistaken", "labels": labels}});
        let answer = server.request("POST", "/api/v1/namespaces?dryRun=All", Some(&namespace));
        assert_eq!(answer.status == 201, is_taken, "{labels:?}: {}", answer.body);
    }
}

#[test]
fn each_namespace_says_by_what() {
    let server = controlled();
    let spec = json!({"containers": [{"name": "web", "image": "app"}]});
    let labels = [
        ("pod-security.kubernetes.io/enforce", "baseline"),
        ("pod-security.kubernetes.io/warn", "restricted"),
        ("pod-security.kubernetes.io/audit", "restricted"),
        ("pod-security.kubernetes.io/audit-version", "v1.18"),
    ];
    create_namespace(server, "labelled", &labels);
    create_namespace(server, "unlabelled", &[]);
    // What audit says goes into a log only: another namespace asks the same of warnings.
    let audit =
        [("pod-security.kubernetes.io/warn", "restricted"), ("pod-security.kubernetes.io/warn-version", "v1.18")];
    create_namespace(server, "audited", &audit);
    for namespace in ["labelled", "unlabelled"] {
        create(server, &path("v1", namespace, "pods"), &pod("plain", &spec));
        create(server, &path("v1", namespace, "pods"), &pod("good", &good()));
        deploy(server, namespace, "root", &privileged(), 0);
    }

    let labelled = report(server, 1, &["-n", "labelled", "--level", "namespace"]);
    assert_eq!(labelled["level"], "namespace");
    let plain = result(&labelled, "Pod/plain");
    assert_eq!((&plain["policy"], &plain["namespaceKnown"]), (&json!("baseline:v1.36"), &json!(true)));
    assert_eq!((&plain["allowed"], &plain["meets"]), (&json!(true), &json!("baseline")));
    let modes: Vec<_> = plain["modes"].as_array().unwrap().iter().collect();
    let said: Vec<_> =
        modes.iter().map(|mode| (text(&mode["mode"]), text(&mode["policy"]), text(&mode["message"]))).collect();
    let (warn, audit) = (warning(server, "labelled", &spec).unwrap(), warning(server, "audited", &spec).unwrap());
    assert_ne!(warn, audit, "before v1.19 nobody asked for a seccomp profile");
    assert_eq!(said, [("audit", "restricted:v1.18", audit.as_str()), ("warn", "restricted:v1.36", warn.as_str())]);
    assert_eq!(result(&labelled, "Pod/good").get("modes"), None);
    let root = result(&labelled, "Deployment/root");
    assert_eq!((&root["allowed"], &root["policy"]), (&json!(false), &json!("baseline:v1.36")));
    assert_eq!(root.get("message").map(text), server_says(server, "labelled", &privileged()).as_deref());

    let unlabelled = report(server, 0, &["-n", "unlabelled", "--level", "namespace"]);
    for name in judged(&unlabelled) {
        let result = result(&unlabelled, &name);
        assert_eq!((&result["policy"], &result["allowed"]), (&json!("privileged:v1.36"), &json!(true)), "{name}");
    }
    // All at once, each by its own; other tests have namespaces of theirs on this server, of which warnings may tell.
    let ran = check(server, &["-A", "--level", "namespace", "-l", "app=root", "-o", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let all: Value = serde_json::from_str(&ran.stdout).unwrap();
    let facts = |result: &Value| format!("{} {}", text(&result["namespace"]), result["allowed"]);
    let all: Vec<_> = all["results"].as_array().unwrap().iter().map(facts).collect();
    let both: Vec<_> =
        all.iter().filter(|facts| facts.starts_with("labelled ") || facts.starts_with("unlabelled ")).collect();
    assert_eq!(both, ["labelled false", "unlabelled true"]);
}

#[test]
fn a_pod_that_runs_may_not_come_back() {
    let server = controlled();
    create_namespace(server, "tightened", &[]);
    create(server, &path("v1", "tightened", "pods"), &pod("alone", &privileged()));
    deploy(server, "tightened", "web", &privileged(), 2);
    let fixed = deploy(server, "tightened", "fixed", &privileged(), 1);
    let stopped = deploy(server, "tightened", "stopped", &privileged(), 1);
    await_pods(server, "tightened", 5);
    // No kubelet makes the new pod ready, so the old one stays until it does. What is paused makes no new one.
    for (deployment, paused) in [(&fixed, false), (&stopped, true)] {
        let name = text(&deployment["metadata"]["name"]);
        let deployment = format!("{}/{name}", path("apps/v1", "tightened", "deployments"));
        let mended = json!({"spec": {"paused": paused, "template": {"spec": good()}}});
        assert_eq!(server.request("PATCH", &deployment, Some(&mended)).status, 200);
    }
    await_pods(server, "tightened", 6);
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    assert_eq!(server.request("PATCH", "/api/v1/namespaces/tightened", Some(&labels)).status, 200);
    // Admission hears of new labels in the background.
    let says = eventually("the new label", || server_says(server, "tightened", &privileged()));

    let report = report(server, 1, &["-n", "tightened", "--level", "namespace"]);
    for (name, template_says, comes_back) in [
        ("Pod/alone", Some(says.as_str()), false),
        ("Deployment/web", Some(says.as_str()), false),
        ("Deployment/fixed", None, true),
        ("Deployment/stopped", None, false),
    ] {
        let result = result(&report, name);
        assert_eq!(result.get("message").map(text), template_says, "{name}");
        let group = result["pods"].as_array().unwrap().iter().find(|group| group["allowed"] == false).unwrap();
        assert_eq!(group["comesBack"], json!(comes_back), "{name}");
    }
    let list = check(server, &["-n", "tightened", "--level", "namespace"]).stdout;
    let remarks = |name: &str| list.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(remarks("pod/alone").contains("1 pod would not come back"), "{list}");
    assert!(remarks("deployment/web").contains("2 pods would not come back"), "{list}");
    assert!(remarks("deployment/stopped").contains("1 pod would not come back"), "{list}");
    assert!(!remarks("deployment/fixed").contains("would not come back"), "{list}");
}

/// The servers have their defaults and exemptions in a file that no client can ask for: it is given.
#[test]
fn an_admission_configuration_exempts() {
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": {"enforce": "restricted"},
                "exemptions": {"namespaces": ["trusted"], "runtimeClasses": ["sandbox"]},
            },
        }],
    });
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), configuration.to_string()).unwrap();
    let server =
        ControlPlane::start(Options { admission_config: Some(configuration.to_string()), ..Options::default() });
    let class = json!({"metadata": {"name": "sandbox"}, "handler": "sandbox"});
    create(&server, "/apis/node.k8s.io/v1/runtimeclasses", &class);
    let mut sandboxed = escalating();
    sandboxed["runtimeClassName"] = "sandbox".into();
    server.create_namespace("trusted", &[]);
    server.create_namespace("lax", &enforced("privileged"));
    let cases = [("trusted", "web", escalating()), ("default", "boxed", sandboxed), ("default", "web", escalating())];
    for (namespace, name, spec) in &cases {
        let deployment = super::workload(name, spec, &[]);
        create(&server, &path("apps/v1", namespace, "deployments"), &deployment);
    }
    create(&server, &path("v1", "lax", "pods"), &pod("free", &escalating()));

    let given = file.path().to_str().unwrap();
    let report = report(&server, 1, &["-A", "--admission-config", given]);
    let found = report["results"].as_array().unwrap();
    assert_eq!(found.len(), 4);
    for (namespace, name, spec) in &cases {
        let result = found.iter().find(|one| one["namespace"] == *namespace && one["name"] == *name).unwrap();
        let says = server_says(&server, namespace, spec);
        assert_eq!(result.get("message").map(text), says.as_deref(), "{namespace} {name}");
        assert_eq!(result["allowed"], says.is_none());
        let why = match (*namespace, *name) {
            ("trusted", _) => Some("namespace \"trusted\" is exempt"),
            (_, "boxed") => Some("runtime class \"sandbox\" is exempt"),
            _ => None,
        };
        assert_eq!(result.get("exempt").map(text), why, "{namespace} {name}");
    }
    let free = found.iter().find(|one| one["name"] == "free").unwrap();
    assert_eq!((&free["allowed"], &free["policy"]), (&json!(true), &json!("privileged:v1.36")));
}

/// The rule for user namespaces came with v1.35; the newest version is the one that the server behaves as.
#[test]
fn latest_is_the_servers_latest() {
    let mut spec = good();
    spec["hostUsers"] = false.into();
    spec["securityContext"].as_object_mut().unwrap().remove("runAsNonRoot");
    for (emulated, minor) in [(Some("1.34"), 34), (None, 36)] {
        let server = ControlPlane::shared(emulated);
        server.create_namespace("user-namespaces", &[]);
        server.create_namespace("user-namespaces-enforced", &enforced("restricted"));
        create(server, &path("v1", "user-namespaces", "pods"), &pod("p", &spec));
        let says = server_says(server, "user-namespaces-enforced", &spec);
        assert_eq!(says.is_some(), minor == 34);

        let code = i32::from(says.is_some());
        let report = report(server, code, &["pod/p", "-n", "user-namespaces"]);
        assert_eq!(report["version"], format!("v1.{minor}"));
        assert_eq!(result(&report, "Pod/p").get("message").map(text), says.as_deref());
        // A version that the server does not know is its newest to it.
        let clamped = super::report(server, code, &["po", "-n", "user-namespaces", "--version", "v1.37"]);
        assert_eq!(clamped["version"], format!("v1.{minor}"));
        let older = super::report(server, 1, &["po", "-n", "user-namespaces", "--version", "v1.30"]);
        assert_eq!(older["version"], "v1.30");
    }
}

#[test]
fn a_level_is_the_same_everywhere() {
    let server = controlled();
    create_namespace(server, "level", &enforced("privileged"));
    create(server, &path("v1", "level", "pods"), &pod("p", &escalating()));
    let restricted = report(server, 1, &["-n", "level"]);
    assert_eq!(result(&restricted, "Pod/p").get("message").map(text), Some(ESCALATES));
    report(server, 0, &["-n", "level", "--level", "baseline"]);
    report(server, 0, &["-n", "level", "--exit-zero"]);
    report(server, 0, &["-n", "level", "--fail-on", "baseline"]);
}
