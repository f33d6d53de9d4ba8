//! krew's rules on the manifest and on an archive, and an installation that follows them.
#![cfg(unix)]

mod real;
mod rules;

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::control_plane;
use real::Krew;

const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

#[test]
fn the_manifest_keeps_krews_rules() {
    let manifest = manifest(&read("plugin.yaml"));
    assert_eq!(rules::broken(&manifest), [""; 0]);
    let names: Vec<_> = manifest["spec"]["platforms"].as_array().unwrap().iter().map(rules::name).collect();
    assert_eq!(names, ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"]);
    assert_eq!(manifest["metadata"]["name"], "secctx");
    assert!(manifest["spec"]["shortDescription"].as_str().unwrap().len() < 60, "longer ones are cut in lists");
    let caveats = manifest["spec"]["caveats"].as_str().unwrap();
    assert!(caveats.contains("kubectl secctx completion kubectl"), "{caveats}");
}

/// A release sets `SECCTX_RELEASE_TAG`; then every checksum must be that of an archive.
#[test]
fn a_release_has_no_placeholders_and_a_placeholder_is_marked() {
    let text = read("plugin.yaml");
    let manifest = manifest(&text);
    let open = rules::placeholders(&manifest);
    assert_eq!(text.matches("# Placeholder:").count(), open.len(), "each placeholder is marked, and nothing else");
    assert_eq!(manifest["spec"]["version"], VERSION);
    if let Ok(tag) = env::var("SECCTX_RELEASE_TAG") {
        assert_eq!(faults_of_release(&tag, &manifest), [""; 0]);
    }
}

/// Why a manifest cannot be that of a release with this tag.
fn faults_of_release(tag: &str, manifest: &Value) -> Vec<String> {
    let open = rules::placeholders(manifest).into_iter().map(|platform| format!("{platform} has no checksum yet"));
    let version = (manifest["spec"]["version"] != tag).then(|| format!("the version is not {tag}"));
    open.chain(version).collect()
}

#[test]
fn a_release_refuses_placeholders_and_other_versions() {
    let mut manifest = packaged().manifest();
    let faults = faults_of_release("v9.9.9", &manifest);
    assert_eq!(faults.len(), 5, "all platforms but this machine's, and the version: {faults:?}");
    for platform in manifest["spec"]["platforms"].as_array_mut().unwrap() {
        platform["sha256"] = json!("ab".repeat(32));
    }
    assert_eq!(faults_of_release(VERSION, &manifest), [""; 0]);
}

#[test]
fn the_manifest_is_what_the_template_makes() {
    let rendered = run(Command::new(root().join("krew/render")).arg(VERSION));
    let (rendered, kept) = (text(&rendered.stdout), read("plugin.yaml"));
    // The checksums of a release are not known to the template.
    let without_sums = |text: &str| -> Vec<String> {
        let is_sum = |line: &&str| line.trim_start().starts_with("sha256:") || line.contains("# Placeholder:");
        text.lines().filter(|line| !is_sum(line)).map(str::to_owned).collect()
    };
    assert_eq!(without_sums(&kept), without_sums(&rendered));
    if rules::placeholders(&manifest(&kept)).len() == 5 {
        assert_eq!(kept, rendered, "krew/render {VERSION} > plugin.yaml");
    }
}

#[test]
fn every_rule_can_be_broken() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 13] = [
        ("apiVersion is wrong", |m| m["apiVersion"] = json!("v1")),
        ("kind is wrong", |m| m["kind"] = json!("Plug")),
        ("name is wrong", |m| m["metadata"]["name"] = json!("sec ctx")),
        ("a device of Windows is wrong", |m| m["metadata"]["name"] = json!("nul")),
        ("version is wrong", |m| m["spec"]["version"] = json!("0.1.0")),
        ("version is wrong", |m| m["spec"]["version"] = json!("v0.1")),
        ("shortDescription is wrong", |m| m["spec"]["shortDescription"] = json!("a\nb")),
        ("there is no platform", |m| m["spec"]["platforms"] = json!([])),
        ("sha256 is not", |m| m["spec"]["platforms"][0]["sha256"] = json!(0)),
        ("uri is no archive", |m| m["spec"]["platforms"][0]["uri"] = json!("https://h/x.tar.xz")),
        ("bin is wrong", |m| m["spec"]["platforms"][4]["bin"] = json!("kubectl-secctx")),
        ("files is there", |m| m["spec"]["platforms"][0]["files"] = json!([])),
        ("linux/arm64 twice", |m| m["spec"]["platforms"][0]["selector"]["matchLabels"]["arch"] = json!("arm64")),
    ];
    for (rule, change) in changes {
        let mut manifest = manifest(&read("plugin.yaml"));
        change(&mut manifest);
        let broken = rules::broken(&manifest);
        assert!(broken.iter().any(|told| told.starts_with(rule)), "{rule}: {broken:?}");
    }
}

#[test]
fn the_archive_holds_what_krew_installs() {
    let archive = packaged().archive();
    let listed = run(Command::new("tar").args(["--numeric-owner", "-tvzf"]).arg(&archive));
    let listed = text(&listed.stdout);
    let mut modes = Vec::new();
    for line in listed.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[1], "0/0", "nobody's user: {line}");
        modes.push((words[0], *words.last().unwrap()));
    }
    assert!(modes.is_sorted_by_key(|(_, name)| *name), "{modes:?}");
    assert!(modes.iter().all(|(mode, _)| mode.starts_with('-')), "files only, no links and no folders: {modes:?}");
    for (mode, name) in [
        ("-rwxr-xr-x", "kubectl-secctx"),
        ("-rwxr-xr-x", "kubectl_complete-secctx"),
        ("-rw-r--r--", "LICENSE"),
        ("-rw-r--r--", "README.md"),
    ] {
        assert!(modes.contains(&(mode, name)), "{mode} {name}: {modes:?}");
    }
    for file in fs::read_dir(root().join("completions")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let packed = if name == "kubectl_complete-secctx" { name } else { format!("completions/{name}") };
        assert!(modes.iter().any(|(_, known)| *known == packed), "{packed}: {modes:?}");
    }
}

#[test]
fn the_same_program_makes_the_same_archive() {
    let again = Packaged::new(packaged().platform);
    assert!(fs::read(packaged().archive()).unwrap() == fs::read(again.archive()).unwrap());
}

#[test]
fn another_system_gets_a_program_of_its_own_name() {
    let packaged = Packaged::new("windows/amd64");
    let listed = run(Command::new("tar").arg("-tzf").arg(packaged.archive()));
    assert!(text(&listed.stdout).lines().any(|name| name == "kubectl-secctx.exe"), "{}", text(&listed.stdout));
    let open = rules::placeholders(&packaged.manifest());
    assert!(open.len() == 4 && !open.contains(&"windows/amd64".to_owned()), "{open:?}");
}

/// The real krew installs the archive, and the real kubectl runs what it installed.
#[test]
fn kubectl_runs_what_krew_installs() {
    let krew = installed();
    let program = krew.path("bin/kubectl-secctx");
    assert!(fs::symlink_metadata(&program).unwrap().is_symlink());
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    let output = krew.run(Command::new(control_plane::kubectl()).args(["secctx", "check", "-f", "examples/"]));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("5 workloads checked against restricted:"), "{}", text(&output.stdout));
}

#[test]
fn krew_refuses_an_archive_that_is_not_the_manifests() {
    let folder = TempDir::new().unwrap();
    let manifest = folder.path().join("secctx.yaml");
    let text_of = fs::read_to_string(packaged().folder.path().join("secctx.yaml")).unwrap();
    let sum = text(&run(Command::new("sha256sum").arg(packaged().archive())).stdout);
    let sum = sum.split(' ').next().unwrap();
    assert!(text_of.contains(sum), "the manifest names the archive's checksum");
    fs::write(&manifest, text_of.replace(sum, &"0".repeat(64))).unwrap();
    let output = Krew::new().install(&manifest, &packaged().archive());
    assert!(!output.status.success() && text(&output.stderr).contains("checksum"), "{}", text(&output.stderr));
}

/// krew prints the caveats; what they tell to type must do what they say.
#[test]
fn the_caveats_switch_completion_on() {
    let manifest = packaged().manifest();
    let caveats = manifest["spec"]["caveats"].as_str().unwrap();
    let is_typed = |line: &&str| line.starts_with("helper=") || line.starts_with("kubectl secctx completion");
    let script: Vec<_> = caveats.lines().map(str::trim).filter(is_typed).collect();
    assert_eq!(script.len(), 2, "{caveats}");
    let krew = installed();
    let output = krew.run(Command::new("/bin/sh").arg("-c").arg(script.join("\n")));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = krew.run(Command::new(control_plane::kubectl()).args(["__complete", "secctx", ""]));
    assert!(text(&output.stdout).lines().any(|line| line.starts_with("check")), "{}", text(&output.stdout));
}

/// A fresh root of krew with the plugin in it.
fn installed() -> Krew {
    let krew = Krew::new();
    let output = krew.install(&packaged().folder.path().join("secctx.yaml"), &packaged().archive());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("kubectl secctx check"), "the caveats: {}", text(&output.stderr));
    krew
}

#[test]
fn the_packaging_script_tells_what_is_wrong() {
    for (args, complaint) in [
        (vec!["--binary", "/nonexistent", "--platform", "linux/amd64"], "there is no program /nonexistent"),
        (vec!["--binary", "Cargo.toml", "--platform", "linux"], "a platform is OS/ARCH, not linux"),
        (vec!["--colour", "red"], "unknown option --colour"),
        (vec!["--binary"], "usage: krew/package"),
    ] {
        let output = Command::new(root().join("krew/package")).current_dir(root()).args(&args).output().unwrap();
        assert!(!output.status.success() && text(&output.stderr).contains(complaint), "{}", text(&output.stderr));
    }
}

/// A release archive of the program under test, and the manifest beside it.
struct Packaged {
    folder: TempDir,
    platform: &'static str,
}

/// That of this machine, made once.
fn packaged() -> &'static Packaged {
    static PACKAGED: OnceLock<Packaged> = OnceLock::new();
    PACKAGED.get_or_init(|| Packaged::new(if cfg!(target_arch = "aarch64") { "linux/arm64" } else { "linux/amd64" }))
}

impl Packaged {
    fn new(platform: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(root().join("krew/package"));
        command.args(["--binary", env!("CARGO_BIN_EXE_kubectl-secctx"), "--platform", platform, "--out"]);
        run(command.arg(folder.path()));
        Self { folder, platform }
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join(format!("kubectl-secctx_{}.tar.gz", self.platform.replace('/', "_")))
    }

    fn manifest(&self) -> Value {
        manifest(&fs::read_to_string(self.folder.path().join("secctx.yaml")).unwrap())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The manifest as krew reads it: numbers stay numbers.
fn manifest(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    output
}
