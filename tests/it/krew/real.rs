//! The real krew, which the Go module in `tests/krew/` pins, and installations that it makes.
//!
//! It is built once for each state of that module into `target/krew/`. Without Go the tests fail and say so.

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use super::{root, text};
use crate::support::control_plane;

/// A fresh root of krew, in a home of its own.
pub(super) struct Krew(TempDir);

impl Krew {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let plugins = folder.path().join("path");
        fs::create_dir(&plugins).unwrap();
        symlink(program(), plugins.join("kubectl-krew")).unwrap();
        Self(folder)
    }

    /// What krew says to `kubectl krew install --manifest --archive`.
    pub(super) fn install(&self, manifest: &Path, archive: &Path) -> Output {
        let mut command = Command::new(control_plane::kubectl());
        command.args(["krew", "install"]);
        command.arg(format!("--manifest={}", manifest.display())).arg(format!("--archive={}", archive.display()));
        self.run(&mut command)
    }

    /// A path below its root.
    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// Runs a command that finds kubectl, krew and what krew installed.
    pub(super) fn run(&self, command: &mut Command) -> Output {
        let kubectl = control_plane::kubectl();
        let (bin, path) = (self.path("bin"), self.path("path"));
        let folders = [&bin, &path, kubectl.parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")];
        command.env_clear().env("PATH", env::join_paths(folders).unwrap()).current_dir(root());
        command.env("HOME", self.0.path()).env("KREW_ROOT", self.0.path()).output().unwrap()
    }
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's tmp folder is in its target folder");
    let (module, builds) = (root().join("tests/krew"), target.join("krew"));
    fs::create_dir_all(&builds).unwrap();
    let lock = File::create(builds.join(".lock")).unwrap();
    lock.lock().unwrap();
    let mut hasher = DefaultHasher::new();
    for source in ["go.mod", "go.sum"] {
        hasher.write(&fs::read(module.join(source)).unwrap());
    }
    let program = builds.join(format!("{:016x}", hasher.finish()));
    if !program.is_file() {
        let partial = builds.join("partial");
        let mut go = Command::new("go");
        go.current_dir(module).env("CGO_ENABLED", "0").env("GOWORK", "off");
        go.args(["build", "-mod=readonly", "-trimpath", "-o"]).arg(&partial).arg("sigs.k8s.io/krew/cmd/krew");
        let built = go.output().expect("the tests need Go 1.26, or any since 1.21 that can fetch it");
        assert!(built.status.success(), "krew cannot be built: {}", text(&built.stderr));
        fs::rename(&partial, &program).unwrap();
    }
    program
}
