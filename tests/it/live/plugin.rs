//! The same through a real kubectl with the binary as its plugin.
#![cfg(unix)]

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{await_pods, controlled, create, create_namespace, deploy, escalating, good, path, pod};
use crate::support::control_plane;
use crate::support::secctx::{Ran, secctx};

/// Runs `kubectl secctx check`.
fn kubectl(args: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    // Cargo keeps more files of this name beside the binary, which kubectl would take for broken plugins.
    fs::create_dir(folder.path().join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_kubectl-secctx"), folder.path().join("bin/kubectl-secctx")).unwrap();
    let kubectl = control_plane::kubectl();
    let path = [folder.path().join("bin"), kubectl.parent().unwrap().to_owned()];
    let mut command = Command::new(&kubectl);
    command.args(["secctx", "check"]).env_clear().env("PATH", env::join_paths(path).unwrap());
    run(command.env("HOME", folder.path()).env("LANG", "C.UTF-8"), args)
}

/// With a kubeconfig in KUBECONFIG, as most people have it.
fn run(command: &mut Command, args: &[&str]) -> Ran {
    Ran::from(command.args(args).env("KUBECONFIG", controlled().kubeconfig()).output().unwrap())
}

#[test]
fn kubectl_gives_the_same_output_and_code() {
    let server = controlled();
    create_namespace(server, "plugin", &[]);
    deploy(server, "plugin", "web", &escalating(), 2);
    create(server, &path("v1", "plugin", "pods"), &pod("alone", &good()));
    await_pods(server, "plugin", 3);
    let cases: &[(&[&str], i32)] = &[
        (&["-n", "plugin"], 1),
        (&["-n", "plugin", "--level", "baseline"], 0),
        (&["deploy/web", "-n", "plugin", "-o", "wide"], 1),
        (&["pod/alone", "-n", "plugin", "-o", "json"], 0),
        (&["pod/ghost", "-n", "plugin"], 2),
        (&["-n", "plugin", "--as", "nobody"], 2),
    ];
    for (args, code) in cases {
        let (through, own) = (kubectl(args), run(secctx().arg("check"), args));
        assert_eq!((through.code, own.code), (Some(*code), Some(*code)), "{args:?}: {}", through.stderr);
        assert_eq!(through.stdout, own.stdout, "{args:?}");
        // kubectl adds a line of its own where a plugin fails.
        let told = through.stderr.strip_suffix(&format!("error: exit status {code}\n")).unwrap_or(&through.stderr);
        assert_eq!(told, own.stderr, "{args:?}");
    }
}

/// The contract of design.md, section 5: every name is there, and none is another.
#[test]
fn the_json_of_a_live_result() {
    let server = controlled();
    create_namespace(server, "contract", &[]);
    deploy(server, "contract", "web", &escalating(), 1);
    let names = await_pods(server, "contract", 1);
    let ran = kubectl(&["-n", "contract", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let finding = |prefix: &str| {
        let path = format!("{prefix}spec.containers[0].securityContext.allowPrivilegeEscalation");
        json!([{
            "check": "allowPrivilegeEscalation", "level": "restricted", "fix": "safe",
            "reason": "allowPrivilegeEscalation != false",
            "detail": "container \"web\" must set securityContext.allowPrivilegeEscalation=false",
            "violations": [{"path": path, "container": "web", "actual": true, "wanted": false}],
        }])
    };
    let expected = json!({
        "apiVersion": "secctx/v1", "kind": "CheckReport", "level": "restricted", "version": "v1.36",
        "summary": {"checked": 1, "violating": 1, "errors": 0, "withoutTemplate": 0},
        "results": [{
            "source": {"context": "test", "cluster": "test"},
            "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "contract", "name": "web",
            "template": "spec.template", "allowed": false, "meets": "baseline", "message": super::ESCALATES,
            "findings": finding("spec.template."),
            "pods": [{
                "names": names, "allowed": false, "meets": "baseline", "comesBack": false, "findings": finding(""),
                "injected": [], "ephemeralContainers": [], "ephemeralFindings": [],
            }],
        }],
        "errors": [],
    });
    assert_eq!(report, expected, "{report:#}");
}
