//! Real kubectl and a real API server: hardened templates are admitted where restricted is enforced, and all outputs say
//! the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{HOST, WEB, folder, harden, text};
use crate::support::control_plane::{self, ControlPlane};

/// Workloads that break nearly everything.
const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  selector: {matchLabels: {app: dns}}
  template:
    metadata:
      labels: {app: dns}
      annotations:
        seccomp.security.alpha.kubernetes.io/pod: unconfined
    spec:
      hostPID: true
      securityContext:
        runAsUser: 0
        sysctls:
        - {name: kernel.msgmax, value: \"1\"}
      initContainers:
      - name: setup
        image: setup
        securityContext: {privileged: true, runAsNonRoot: false}
      containers:
      - name: dns
        image: dns
        ports:
        - {containerPort: 53, protocol: UDP, hostPort: 53}
        - {containerPort: 53, protocol: TCP}
        securityContext:
          allowPrivilegeEscalation: true
          capabilities:
            add: [NET_ADMIN, NET_BIND_SERVICE, SYS_TIME]
            drop: [NET_RAW]
          seLinuxOptions: {type: spc_t, level: s0}
      - name: side
        image: side
        livenessProbe:
          httpGet: {port: 80, host: 10.0.0.1}
        securityContext:
          seccompProfile: {type: Unconfined}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tidy}
spec:
  schedule: '@daily'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          hostNetwork: true
          containers:
          - name: tidy
            image: tidy
            ports: [{containerPort: 8080, hostPort: 8080}]
            volumeMounts:
            - {name: cache, mountPath: /cache}
            - {name: run, mountPath: /run/host}
          volumes:
          - name: cache
            hostPath: {path: /var/cache}
          - name: run
            hostPath: {path: /run}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: db
        securityContext:
";

const CHOICES: &[&str] = &["--volume", "cache=emptyDir", "--volume", "run=remove", "--read-only-root-filesystem"];

fn kubectl(folder: &Path, args: &[&str]) -> Vec<u8> {
    let output = Command::new(control_plane::kubectl()).current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Files `NAME.json` before and `NAME.after.json`, an object each.
fn objects(files: &TempDir) -> Vec<String> {
    let read = |args: &[&str]| -> Vec<Value> {
        let text = harden(files, &[&["-f", "shop.yaml", "-o", "json"], args].concat()).stdout;
        serde_json::from_str::<Value>(&text).unwrap()["items"].as_array().unwrap().clone()
    };
    let before = read(&["--level", "baseline", "--only", "privileged", "--skip", "privileged"]);
    let mut names = Vec::new();
    for (old, new) in before.iter().zip(read(CHOICES)) {
        let name = old["metadata"]["name"].as_str().unwrap().to_owned();
        fs::write(files.path().join(format!("{name}.json")), old.to_string()).unwrap();
        fs::write(files.path().join(format!("{name}.after.json")), new.to_string()).unwrap();
        names.push(name);
    }
    names
}

#[test]
fn pods_of_hardened_templates_are_admitted() {
    let server = ControlPlane::shared(None);
    server.create_namespace("hardened", &[("pod-security.kubernetes.io/enforce", "restricted")]);
    let files =
        folder(&[("shop.yaml", SHOP), ("web.yaml", &WEB.replace("  namespace: shop\n", "")), ("host.yaml", HOST)]);
    let ran = harden(&files, &[&["-f", ".", "--write", "--yes", "-q", "--version", "v1.36"], CHOICES].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let kubeconfig = server.kubeconfig().to_str().unwrap();
    kubectl(files.path(), &["--kubeconfig", kubeconfig, "-n", "hardened", "apply", "--dry-run=server", "-f", "."]);
    let all = harden(&files, &["-f", ".", "-o", "json"]).stdout;
    let all: Value = serde_json::from_str(&all).unwrap();
    let pods: Vec<Value> = all["items"].as_array().unwrap().iter().map(pod_of).collect();
    assert_eq!(pods.len(), 5);
    for (pod, answer) in pods.iter().zip(server.dry_run_pods("hardened", &pods)) {
        assert_eq!(answer.status, 201, "{:?}: {pod}", answer.refusal());
    }
}

fn pod_of(object: &Value) -> Value {
    let spec = &object["spec"];
    let template = match object["kind"].as_str().unwrap() {
        "Pod" => object,
        "CronJob" => &spec["jobTemplate"]["spec"]["template"],
        _ => &spec["template"],
    };
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    if !pod["metadata"].is_object() {
        pod["metadata"] = json!({});
    }
    pod["metadata"]["name"] = object["metadata"]["name"].clone();
    pod
}

#[test]
fn patches_give_the_objects_of_the_edited_file() {
    let files = folder(&[("shop.yaml", SHOP)]);
    for name in objects(&files) {
        let (before, after) = (format!("{name}.json"), format!("{name}.after.json"));
        let patched = |file: &str, kind: &str, patch: &str| -> Value {
            fs::write(files.path().join("patch"), patch).unwrap();
            let args = ["patch", "--local", "-f", file, "--type", kind, "--patch-file", "patch", "-o", "json"];
            serde_json::from_slice(&kubectl(files.path(), &args)).unwrap()
        };
        // As kubectl prints the edited object itself.
        let expected = patched(&after, "merge", "{}");
        for (format, kind) in [("patch", "strategic"), ("json-patch", "json")] {
            let patch = harden(&files, &[&["-f", before.as_str(), "-o", format], CHOICES].concat()).stdout;
            assert_eq!(patched(&before, kind, &patch), expected, "{name} {kind}:\n{patch}");
        }
    }
}

#[test]
fn kustomize_gives_the_objects_of_the_edited_file() {
    let files = folder(&[("shop.yaml", SHOP)]);
    let ran = harden(
        &files,
        &[&["-f", "shop.yaml", "-o", "kustomize", "--output-dir", "overlay/hard", "-q"], CHOICES].concat(),
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "4 files written to overlay/hard\n"));
    let snippet = harden(&files, &[&["-f", "shop.yaml", "-o", "kustomize"], CHOICES].concat()).stdout;
    let edited = harden(&files, &[&["-f", "shop.yaml", "-o", "yaml"], CHOICES].concat()).stdout;
    let built = |name: &str, text: &str, rest: &str| {
        let folder = files.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("all.yaml"), text).unwrap();
        fs::write(folder.join("kustomization.yaml"), format!("resources: [all.yaml]\n{rest}")).unwrap();
        String::from_utf8(kubectl(files.path(), &["kustomize", name])).unwrap()
    };
    let expected = built("edited", &edited, "");
    assert_eq!(built("overlay", SHOP, "components: [hard]\n"), expected, "as files");
    assert_eq!(built("snippet", SHOP, &snippet), expected, "as a snippet:\n{snippet}");
    assert_eq!(text(&files, "shop.yaml"), SHOP);
}
