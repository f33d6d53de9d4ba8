//! Names in a real cluster.

use serde_json::json;

use super::{Answer, Helper, Installed, complete};
use crate::support::control_plane::ControlPlane;
use crate::support::eventually;

/// The server with two Deployments, two pods and one custom object in a namespace of these tests.
fn server() -> &'static ControlPlane {
    use std::sync::OnceLock;
    static FILLED: OnceLock<&ControlPlane> = OnceLock::new();
    FILLED.get_or_init(|| {
        let server = ControlPlane::shared(None);
        server.create_namespace("tab-shop", &[]);
        server.create_namespace("tab-other", &[]);
        let post = |path: &str, object| {
            let answer = server.request("POST", path, Some(&object));
            assert_eq!(answer.status, 201, "{}", answer.body);
        };
        for name in ["web-1", "web-2"] {
            let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
            post("/api/v1/namespaces/tab-shop/pods", pod.clone());
            let labels = json!({"app": name});
            post(
                "/apis/apps/v1/namespaces/tab-shop/deployments",
                json!({"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels},
                       "template": {"metadata": {"labels": labels}, "spec": pod["spec"]}}}),
            );
        }
        let names = json!({"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "shortNames": ["gdg"]});
        let schema = json!({"openAPIV3Schema": {"type": "object"}});
        post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            json!({"metadata": {"name": "gadgets.tab.example"}, "spec": {"group": "tab.example", "scope": "Namespaced",
                   "names": names, "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}}),
        );
        eventually("the custom type", || {
            let path = "/apis/tab.example/v1/namespaces/tab-shop/gadgets";
            let gadget = json!({"apiVersion": "tab.example/v1", "kind": "Gadget", "metadata": {"name": "g-1"}});
            (server.request("POST", path, Some(&gadget)).status == 201).then_some(())
        });
        server
    })
}

/// The line with the server's kubeconfig.
fn with_config<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let config = server().kubeconfig().to_str().unwrap();
    let (command, rest) = words.split_first().unwrap();
    [&[*command, "--kubeconfig", config], rest].concat()
}

/// The candidates, once there are some: on a busy machine the server may need more time than a user would wait.
#[track_caller]
fn live(words: &[&str]) -> Answer {
    let words = with_config(words);
    let answer = eventually("candidates", || Some(complete(&words)).filter(|answer| !answer.candidates.is_empty()));
    assert_eq!(answer.stderr, "");
    answer
}

#[test]
fn namespaces_through_kubectl() {
    let words = with_config(&["check", "-n", "tab"]);
    for helper in [Helper::Script, Helper::Binary] {
        let installed = Installed::with(helper);
        let answer =
            eventually("namespaces", || Some(installed.kubectl(&words)).filter(|answer| !answer.candidates.is_empty()));
        assert!(answer.contains("tab-shop") && answer.contains("default"), "{answer:?}");
        assert_eq!((answer.directive.as_str(), answer.stderr.as_str()), (":4", ""));
    }
}

#[test]
fn names_in_the_namespace_of_the_line() {
    assert_eq!(live(&["check", "-n", "tab-shop", "deploy/"]).candidates, ["deploy/web-1", "deploy/web-2"]);
    assert_eq!(live(&["check", "-n", "tab-shop", "pod", "w"]).candidates, ["web-1", "web-2"]);
    assert_eq!(live(&["check", "-n", "tab-shop", "po,deploy", ""]).candidates, ["web-1", "web-2"]);
    assert_eq!(live(&["explain", "--namespace=tab-shop", "pods/"]).candidates, ["pods/web-1", "pods/web-2"]);
    assert!(live(&["check", "-A", "deploy", ""]).contains("web-1"));
}

#[test]
fn names_on_the_line_do_not_come_again() {
    assert_eq!(live(&["check", "-n", "tab-shop", "pod", "web-1", ""]).candidates, ["web-2"]);
    assert_eq!(live(&["check", "-n", "tab-shop", "pod/web-2", "pod/"]).candidates, ["pod/web-1"]);
}

#[test]
fn types_and_names_of_custom_resources() {
    assert_eq!(live(&["check", "gad"]).candidates, ["gadgets.tab.example"]);
    assert_eq!(live(&["check", "gd"]).candidates, ["gdg"]);
    assert_eq!(live(&["check", "-n", "tab-shop", "gadgets/"]).candidates, ["gadgets/g-1"]);
    assert_eq!(live(&["explain", "gad"]).candidates, ["gadgets.tab.example/"]);
}

/// The server is the same and answers others, so it is not for lack of time that nothing comes.
#[test]
fn who_may_see_nothing_gets_nothing() {
    for words in [&["check", "--as", "nobody", "-n", ""][..], &["check", "--as=nobody", "-n", "tab-shop", "pod", ""]] {
        assert!(complete(&with_config(words)).is_silent(), "{words:?}");
    }
    assert!(complete(&with_config(&["check", "--context", "ghost", "-n", ""])).is_silent());
    assert!(complete(&with_config(&["check", "-n", "tab-other", "pod", ""])).is_silent());
    assert!(live(&["check", "-n", ""]).contains("tab-other"));
}
