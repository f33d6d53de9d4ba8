//! `explain` walks through objects of a cluster.

use serde_json::Value;

use super::{controlled, create, create_namespace, escalating, good, path, pod, privileged};
use crate::support::control_plane::ControlPlane;
use crate::support::secctx::{Ran, secctx};

fn explain(server: &ControlPlane, args: &[&str]) -> Ran {
    let output = secctx().arg("explain").arg("--kubeconfig").arg(server.kubeconfig()).args(args).output().unwrap();
    Ran::from(output)
}

#[test]
fn a_pods_violations_are_walked_through() {
    let server = controlled();
    create_namespace(server, "explained", &[]);
    for (name, spec) in [("bad", privileged()), ("raised", escalating()), ("fine", good())] {
        create(server, &path("v1", "explained", "pods"), &pod(name, &spec));
    }
    let ran = explain(server, &["pod/bad", "-n", "explained"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "violations are what was asked about");
    for told in ["pod/bad", "privileged (container \"web\" must not set securityContext.privileged=true)", "= why: "] {
        assert!(ran.stdout.contains(told), "{told}\n{}", ran.stdout);
    }
    let ran = explain(server, &["pod/raised", "pod/fine", "-n", "explained", "-o", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["kind"], "Explanation");
    let checks: Vec<_> = document["checks"].as_array().unwrap().iter().map(|check| check["id"].clone()).collect();
    assert_eq!(checks, ["allowPrivilegeEscalation"]);
    let ran = explain(server, &["pod/none", "-n", "explained"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), "error: test: pods \"none\" not found\n"));
}
