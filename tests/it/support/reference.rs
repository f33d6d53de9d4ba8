//! The Go program in `tests/reference/`: what Kubernetes' own libraries say of pods and of YAML.
//!
//! It is built once for each state of its sources into `target/reference/`. Nothing here is ever skipped: without Go
//! the tests fail with a message that says what to install.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use kubectl_secctx::policy::Level;
use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;

/// One of the library's own test pods: `LEVEL/VERSION/{pass,fail}/NAME.yaml`.
#[derive(Debug, Deserialize)]
pub(crate) struct Fixture {
    /// Its path in the library's folder.
    pub(crate) file: String,
    /// The level that it is about.
    pub(crate) level: String,
    /// The version that it is about.
    pub(crate) version: String,
    /// `pass` or `fail`, at that level and version.
    pub(crate) expect: String,
    /// The text of the file.
    pub(crate) yaml: String,
    /// What the library says of it at all levels and versions.
    pub(crate) verdicts: Verdicts,
}

/// A random pod and what the library says of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    /// The pod.
    pub(crate) pod: Value,
    /// The verdicts on the pod.
    #[serde(flatten)]
    pub(crate) verdicts: Verdicts,
    /// What a server warns of at the restricted level when the pod is the template of a workload.
    pub(crate) template: Runs,
}

/// Verdicts at both levels.
#[derive(Debug, Deserialize)]
pub(crate) struct Verdicts {
    /// At the baseline level.
    pub(crate) baseline: Runs,
    /// At the restricted level.
    pub(crate) restricted: Runs,
}

/// Verdicts of one level over all versions, oldest first; each holds until the next.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Runs(Vec<Run>);

/// A verdict that holds from a version on.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Run {
    from: u16,
    /// `reason (detail), …`; empty when the pod is allowed.
    pub(crate) text: String,
    /// Reason and detail of each check that failed.
    pub(crate) results: Vec<(String, String)>,
}

impl Runs {
    /// How many versions there are: v1.0 to v1.37, and `latest` as the last.
    pub(crate) const VERSIONS: u16 = 39;

    /// The verdict at v1.N, or at `latest` for the last index.
    pub(crate) fn at(&self, index: u16) -> &Run {
        self.0.iter().rev().find(|run| run.from <= index).expect("runs start at v1.0")
    }
}

/// What kubectl makes of one file.
#[derive(Debug, Deserialize)]
pub(crate) struct Reading {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// Its documents.
    pub(crate) documents: Vec<Read>,
    /// The document whose error ends the file for kubectl.
    pub(crate) stopped: Option<usize>,
}

/// What kubectl makes of one document: a value (or its depth), nothing, or an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// Its number in the file.
    pub(crate) document: usize,
    /// Its value. A JSON `null` never comes here: kubectl passes such a document over.
    pub(crate) json: Option<Value>,
    /// In place of a value with more than [`Read::DEEPEST`] levels: how many there are.
    pub(crate) depth: Option<usize>,
    /// Whether kubectl passes it over.
    #[serde(default)]
    pub(crate) empty: bool,
    /// Why kubectl cannot read it.
    pub(crate) error: Option<String>,
}

impl Read {
    /// Up to so many levels a value is told.
    pub(crate) const DEEPEST: usize = 100;
}

/// The library's own fixtures with their verdicts.
pub(crate) fn fixtures() -> impl Iterator<Item = Fixture> {
    const LIBRARY: &str = "k8s.io/pod-security-admission";
    // It has no folder before somebody needs it, which may be this test before any other.
    go_output(&["mod", "download", LIBRARY]);
    let library = go_output(&["list", "-m", "-f", "{{.Dir}}", LIBRARY]);
    let folder = Path::new(library.trim()).join("test/testdata");
    Lines::of("fixtures", [folder]).map(|line| serde_json::from_str(&line).expect("a fixture"))
}

/// Lines of `count` random pods, each for [`Sample`]; the caller parses them, on as many threads as it likes.
///
/// `valid` pods are such that a server's validation lets them through.
pub(crate) fn random(seed: u64, count: usize, valid: bool) -> impl Iterator<Item = String> {
    let mut arguments = vec!["-seed".to_owned(), seed.to_string(), "-n".to_owned(), count.to_string()];
    if valid {
        arguments.push("-valid".to_owned());
    }
    Lines::of("random", arguments)
}

/// Whether the library lets pods in at a level and version, in the order of the pods.
pub(crate) fn allows(level: Level, minor: u16, pods: &[Value]) -> Vec<bool> {
    #[derive(Deserialize)]
    struct Judgement {
        level: String,
        allowed: bool,
    }
    let mut file = NamedTempFile::new().expect("make a temporary file");
    for pod in pods {
        writeln!(file, "---\n{}", readable_as_yaml(pod)).expect("write a pod");
    }
    let arguments = ["-versions".into(), format!("v1.{minor}").into(), file.path().as_os_str().to_owned()];
    let lines = Lines::of("judge", arguments).map(|line| serde_json::from_str(&line).expect("a judgement"));
    let answers: Vec<bool> = lines
        .filter(|judgement: &Judgement| judgement.level == level.as_str())
        .map(|judgement| judgement.allowed)
        .collect();
    assert_eq!(answers.len(), pods.len(), "the reference ends at a pod that it cannot read");
    answers
}

/// JSON that is YAML too: that has no raw control characters, and escapes up to four digits only.
fn readable_as_yaml(pod: &Value) -> String {
    let escaped = |c: char| match u32::from(c) {
        code @ 0x7f..=0xffff => format!("\\u{code:04x}"),
        _ => c.to_string(),
    };
    pod.to_string().chars().map(escaped).collect()
}

/// How kubectl reads files.
pub(crate) fn readings<I>(files: I) -> impl Iterator<Item = Reading>
where
    I: IntoIterator<Item: AsRef<OsStr>>,
{
    Lines::of("yaml", files).map(|line| serde_json::from_str(&line).expect("a reading"))
}

/// The program itself, for tests and benchmarks that run it on their own.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build)
}

/// The lines that the program writes, as it writes them.
struct Lines {
    lines: io::Lines<BufReader<ChildStdout>>,
    program: Child,
}

impl Lines {
    fn of<I>(subcommand: &str, arguments: I) -> Self
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let mut command = Command::new(program());
        command.arg(subcommand).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut program = command.spawn().expect("start the reference program");
        let output = program.stdout.take().expect("its output is a pipe");
        Self { lines: BufReader::with_capacity(1 << 20, output).lines(), program }
    }
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(line) = self.lines.next() {
            return Some(line.expect("read from the reference program"));
        }
        // What went wrong is on the test's standard error already.
        let status = self.program.wait().expect("wait for the reference program");
        assert!(status.success(), "the reference program failed: {status}");
        None
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // A caller that stops early leaves it writing into a pipe which nobody reads.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The folder of the Go module.
fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

/// Builds the program if it is not there yet. A lock keeps other test processes out meanwhile, and the rename at the
/// end lets nobody see half a program.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's tmp folder is in its target folder");
    let root = target.join("reference");
    fs::create_dir_all(&root).expect("create the reference's folder");
    let lock = File::create(root.join(".lock")).expect("create a lock file");
    lock.lock().expect("lock the reference's folder");

    let program = root.join(format!("{:016x}", hash_of_sources())).join(format!("reference{EXE_SUFFIX}"));
    if !program.is_file() {
        let folder = program.parent().expect("it lies in a folder");
        fs::create_dir_all(folder).expect("create the build's folder");
        let partial = folder.join("partial");
        let partial_path = partial.to_str().expect("the target folder's path is UTF-8");
        go_output(&["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", partial_path, "."]);
        fs::rename(&partial, &program).expect("move the reference program into place");
    }
    program
}

/// Names a build by its sources. A hash that changes with the compiler costs one more build, no more.
fn hash_of_sources() -> u64 {
    let entries = fs::read_dir(module()).expect("list the reference's sources");
    let mut sources: Vec<PathBuf> = entries.map(|entry| entry.expect("read the folder").path()).collect();
    sources.retain(|path| path.extension().is_some_and(|e| e == "go" || e == "mod" || e == "sum"));
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for source in sources {
        hasher.write(&fs::read(&source).expect("read a source"));
    }
    hasher.finish()
}

/// What `go` prints in the module's folder.
fn go_output(arguments: &[&str]) -> String {
    let output = Command::new("go")
        .current_dir(module())
        .args(arguments)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).expect("go prints UTF-8"),
        Ok(output) => panic!("go {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!(
                "these tests compare with Kubernetes' own libraries and need Go 1.26 or newer on the PATH \
                 (https://go.dev/dl/)"
            )
        }
        Err(error) => panic!("start go: {error}"),
    }
}
