//! Users who may not see everything.

use serde_json::{Value, json};

use super::{
    await_pods, check, controlled, create, create_namespace, deploy, enforced, escalating, good, path, pod, pods_of,
    text,
};

/// Lets a user do these things in a namespace.
fn allow(namespace: &str, user: &str, rules: &Value) {
    controlled().allow(user, namespace, rules);
}

#[test]
fn what_may_be_seen_is_judged_and_the_rest_is_told() {
    let server = controlled();
    create_namespace(server, "partly", &enforced("privileged"));
    create(server, &path("v1", "partly", "pods"), &pod("alone", &good()));
    deploy(server, "partly", "web", &escalating(), 2);
    await_pods(server, "partly", 3);
    allow("partly", "jane", &json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]));

    let ran = check(server, &["-n", "partly", "--as", "jane", "-o", "json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    // Who may not see replica sets cannot know whose they are.
    let pods = pods_of(&report);
    assert_eq!(pods["Pod/alone"], 1);
    let (of_set, count) = pods.iter().find(|(name, _)| name.starts_with("ReplicaSet/web-")).unwrap();
    assert_eq!((*count, pods.len()), (2, 2), "{of_set}");
    assert_eq!(super::result(&report, of_set).get("message").map(text), Some(super::ESCALATES));

    let errors: Vec<_> = ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    let kinds = [
        "cronjobs.batch",
        "daemonsets.apps",
        "deployments.apps",
        "jobs.batch",
        "replicasets.apps",
        "replicationcontrollers",
        "statefulsets.apps",
    ];
    for kind in kinds {
        let begins =
            format!("error: test: the server answered (Forbidden): {kind} is forbidden: User \"jane\" cannot list");
        assert_eq!(errors.iter().filter(|line| line.starts_with(&begins)).count(), 1, "{kind}: {}", ran.stderr);
    }
    assert_eq!(errors.len(), kinds.len(), "{}", ran.stderr);
    assert_eq!(report["errors"].as_array().unwrap().len(), kinds.len());
    let warnings: Vec<_> = ran.stderr.lines().filter(|line| !line.starts_with("error: ")).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("Warning: test: events are not looked at: "), "{}", ran.stderr);

    // One pod is enough where one is asked for.
    let ran = check(server, &["pod/alone", "-n", "partly", "--as", "jane"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = check(server, &["deploy/web", "-n", "partly", "--as", "jane"]);
    assert_eq!((ran.code, ran.stderr.contains("not found")), (Some(2), false), "nobody knows: {}", ran.stderr);
}

#[test]
fn labels_of_a_namespace_that_may_not_be_read() {
    let server = controlled();
    create_namespace(server, "hidden", &enforced("restricted"));
    deploy(server, "hidden", "web", &escalating(), 0);
    let read = json!({"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["get", "list"]});
    allow("hidden", "joe", &json!([read]));
    // In RBAC a namespace is in itself: who may get what is in one may get it too.
    let ran = check(server, &["-n", "hidden", "--as", "joe", "--level", "namespace"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));

    allow("hidden", "jim", &json!([{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["list"]}]));
    let ran = check(server, &["deploy", "-n", "hidden", "--as", "jim", "--level", "namespace"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let told =
        "error: test: the server answered (Forbidden): namespaces \"hidden\" is forbidden: User \"jim\" cannot get";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    let assumed = "the labels of these namespaces cannot be read, so privileged:latest is assumed for them: hidden";
    assert!(ran.stderr.contains(assumed), "{}", ran.stderr);
    assert!(ran.stdout.contains("its namespace's labels are not known"), "{}", ran.stdout);
}

#[test]
fn who_may_see_nothing_gets_one_sentence() {
    let server = controlled();
    for args in [&[][..], &["-A"], &["deploy/web"], &["po"], &["--level", "namespace"], &["-o", "json"]] {
        let ran = check(server, &[args, &["--as", "nobody"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
        let told = "error: nothing of what is to be judged may be listed: the server answered (Forbidden): ";
        assert!(ran.stderr.starts_with(told) && ran.stderr.lines().count() == 1, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("User \"nobody\" cannot list resource"), "{}", ran.stderr);
    }
}
