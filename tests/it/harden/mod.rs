//! `harden -f` as a user sees it: outputs, files of all kinds, writing, questions, and what a real server says to the result.

#[cfg(unix)]
mod asking;
mod choices;
mod files;
mod outputs;
mod server;
#[cfg(unix)]
mod writing;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::secctx::{Ran, run_in};

/// A Deployment that only lacks what restricted wants.
const WEB: &str = "\
# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web   # the only one
        image: web:1
";

/// What [`WEB`] becomes.
const HARD_WEB: &str = "\
# the shop's front
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web   # the only one
        image: web:1
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
";

/// A pod with a volume that no edit mends.
const HOST: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: agent
spec:
  hostNetwork: true
  containers:
  - name: agent
    image: agent:1
    volumeMounts:
    - name: run
      mountPath: /run/host
  volumes:
  - name: run
    hostPath:
      path: /run
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn harden(folder: &TempDir, args: &[&str]) -> Ran {
    run_in(folder.path(), &[&["harden"], args].concat())
}

fn text(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
