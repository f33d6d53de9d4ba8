//! Completion as shells and kubectl get it: through a real kubectl, in a real bash, from real and from broken clusters.
#![cfg(unix)]

mod broken;
mod live;
mod shells;
mod words;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::control_plane;
use crate::support::secctx::secctx;

/// What kubectl finds under the name `kubectl_complete-secctx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Helper {
    /// The script that is packaged.
    Script,
    /// The binary itself, by another name.
    Binary,
}

/// A PATH that holds kubectl, the plugin, its helper, and what their scripts need.
struct Installed {
    folder: TempDir,
    kubectl: PathBuf,
}

impl Installed {
    fn with(helper: Helper) -> Installed {
        let folder = TempDir::new().unwrap();
        // Cargo keeps more files of this name beside the binary, which kubectl would take for broken plugins.
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let binary = env!("CARGO_BIN_EXE_kubectl-secctx");
        symlink(binary, bin.join("kubectl-secctx")).unwrap();
        match helper {
            Helper::Script => {
                fs::copy(packaged("kubectl_complete-secctx"), bin.join("kubectl_complete-secctx")).map(drop)
            }
            Helper::Binary => symlink(binary, bin.join("kubectl_complete-secctx")),
        }
        .unwrap();
        Installed { folder, kubectl: control_plane::kubectl() }
    }

    fn path(&self) -> OsString {
        env::join_paths([self.folder.path().join("bin"), self.kubectl.parent().unwrap().to_owned()]).unwrap()
    }

    /// What kubectl answers when a shell asks it to complete `kubectl secctx WORDS…`.
    fn kubectl(&self, words: &[&str]) -> Answer {
        let mut command = Command::new(&self.kubectl);
        command.args(["__complete", "secctx"]).args(words).current_dir(self.folder.path());
        command.env_clear().env("PATH", self.path()).env("HOME", self.folder.path());
        let mut answer = Answer::from(command.output().unwrap());
        // kubectl tells what it does, for who looks for faults.
        let is_ours =
            |line: &&str| !line.starts_with("[Debug] ") && !line.starts_with("Completion ended with directive: ");
        answer.stderr = answer.stderr.lines().filter(is_ours).collect();
        answer
    }
}

/// A file of `completions/`.
fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(name)
}

/// Candidates, and what is to be done with them.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    candidates: Vec<String>,
    directive: String,
    stderr: String,
}

impl Answer {
    fn contains(&self, candidate: &str) -> bool {
        self.candidates.iter().any(|other| other == candidate)
    }

    /// Nothing to offer, and nothing to say.
    fn is_silent(&self) -> bool {
        self.candidates.is_empty() && self.directive == ":4" && self.stderr.is_empty()
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let directive = lines.pop().expect("a directive").to_owned();
        let text = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        let candidates = lines.into_iter().map(text).collect();
        Answer { candidates, directive, stderr: String::from_utf8(output.stderr).unwrap() }
    }
}

/// What the binary answers to a shell's script.
fn complete(words: &[&str]) -> Answer {
    Answer::from(asking(words).output().unwrap())
}

fn asking(words: &[&str]) -> Command {
    let mut command = secctx();
    command.arg("__complete").args(words);
    command
}
