//! The binary as a plugin of a real kubectl.
#![cfg(unix)]

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::control_plane;

const GOOD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: good
spec:
  securityContext:
    runAsNonRoot: true
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: app
      image: app
      securityContext:
        allowPrivilegeEscalation: false
        capabilities:
          drop: [ALL]
";

const BAD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: bad
spec:
  containers:
    - name: app
      image: app
      securityContext:
        privileged: true
";

/// A folder to work in, and a kubectl whose PATH holds nothing but itself and the plugin.
struct Plugin {
    folder: TempDir,
    kubectl: PathBuf,
}

impl Plugin {
    fn with_files(files: &[(&str, &str)]) -> Plugin {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        // Cargo keeps more files of this name beside the binary, which kubectl would take for broken plugins.
        fs::create_dir(folder.path().join("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_kubectl-secctx"), folder.path().join("bin/kubectl-secctx")).unwrap();
        Plugin { folder, kubectl: control_plane::kubectl() }
    }

    /// Runs kubectl in the folder, with no cluster to talk to and nothing of this user's settings.
    fn kubectl(&self, args: &[&str]) -> Output {
        let path = [self.folder.path().join("bin"), self.kubectl.parent().unwrap().to_owned()];
        Command::new(&self.kubectl)
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", env::join_paths(path).unwrap())
            .env("HOME", self.folder.path())
            .output()
            .unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout:\n{out}\nstderr:\n{err}");
}

#[test]
fn kubectl_finds_the_plugin() {
    let output = Plugin::with_files(&[]).kubectl(&["plugin", "list", "--name-only"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).lines().any(|line| line == "kubectl-secctx"), "{}", text(&output.stdout));
}

#[test]
fn kubectl_passes_the_exit_code_on() {
    let plugin = Plugin::with_files(&[("good.yaml", GOOD), ("bad.yaml", BAD)]);
    assert_exit(&plugin.kubectl(&["secctx", "check", "-f", "good.yaml"]), 0);
    assert_exit(&plugin.kubectl(&["secctx", "check", "-f", "bad.yaml"]), 1);
    assert_exit(&plugin.kubectl(&["secctx", "check", "-f", "bad.yaml", "--exit-zero"]), 0);
    assert_exit(&plugin.kubectl(&["secctx", "check", "-f", "missing.yaml"]), 2);
}

#[test]
fn the_verdict_reaches_the_terminal_through_kubectl() {
    let plugin = Plugin::with_files(&[("bad.yaml", BAD)]);
    let output = plugin.kubectl(&["secctx", "check", "--level", "baseline", "-o", "psa", "-f", "bad.yaml"]);
    assert_exit(&output, 1);
    let sentence = "privileged (container \"app\" must not set securityContext.privileged=true)";
    assert!(text(&output.stdout).contains(sentence), "{}", text(&output.stdout));
}

#[test]
fn help_names_the_plugin_as_it_is_called() {
    let output = Plugin::with_files(&[]).kubectl(&["secctx", "--help"]);
    assert_exit(&output, 0);
    assert!(text(&output.stdout).contains("kubectl secctx"), "{}", text(&output.stdout));
}

#[test]
fn kustomizations_are_built_by_kubectl() {
    let plugin = Plugin::with_files(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("base/pod.yaml", GOOD),
        ("overlay/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml, target: {kind: Pod}}]\n"),
        ("overlay/patch.yaml", "- {op: add, path: /spec/hostNetwork, value: true}\n"),
    ]);
    assert_exit(&plugin.kubectl(&["secctx", "check", "-k", "base"]), 0);
    let output = plugin.kubectl(&["secctx", "check", "-k", "overlay"]);
    assert_exit(&output, 1);
    assert!(text(&output.stdout).contains("host namespaces"), "{}", text(&output.stdout));
    let output = plugin.kubectl(&["secctx", "check", "-k", "nowhere"]);
    assert_exit(&output, 2);
}

#[test]
fn every_flag_of_kubectl_is_taken_or_refused_with_a_reason() {
    let options = Command::new(control_plane::kubectl()).arg("options").output().unwrap();
    let options = String::from_utf8(options.stdout).unwrap();
    // `    -n, --namespace='':`
    let name = |line: &str| Some(line.split_once(" --")?.1.split(['=', ':']).next()?.to_owned());
    let flags: Vec<_> = options.lines().filter(|line| line.ends_with(':')).filter_map(name).collect();
    let flags: Vec<_> = flags.iter().map(|name| format!("--{name}")).collect();
    assert!(flags.len() > 25, "{flags:?}");
    let help = run(&["check", "--help"]).0;
    let mut refused = 0;
    for flag in flags {
        if help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}[")) {
            continue;
        }
        refused += 1;
        let (_, complaint) = run(&["check", &flag]);
        assert!(complaint.starts_with(&format!("error: kubectl's flag {flag} is not taken: ")), "{flag}: {complaint}");
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands/README.md")).unwrap();
        assert!(page.contains(&format!("`{flag}`")), "docs/commands/README.md should say why {flag} is not taken");
    }
    assert!(refused > 5, "only {refused} flags are refused");
}

/// What the program writes to its two streams.
fn run(args: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-secctx")).args(args).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}
