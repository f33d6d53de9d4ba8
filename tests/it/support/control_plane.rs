//! A real API server to compare with.
//!
//! The Go module in `tests/control-plane/` pins etcd, kube-apiserver, kube-controller-manager and kubectl. They are
//! built once into `target/control-plane/`, or taken from `KUBEBUILDER_ASSETS` where that is set. A small supervisor,
//! built from the same module, starts them on free loopback ports and ends them when this process is gone.
//!
//! Nothing here is ever skipped: without Go the tests fail with a message that says what to install.

use std::collections::BTreeMap;
use std::env::consts::EXE_SUFFIX;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::NamedTempFile;

pub(crate) use super::client::Answer;
use super::client::{CONNECTIONS, Client};

/// How a control plane is started.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The older Kubernetes to behave as, such as `1.34`; `None` is the server's own version.
    pub(crate) emulated_version: Option<&'static str>,
    /// Start kube-controller-manager too, so that Deployments make pods.
    pub(crate) controllers: bool,
    /// The text of an `AdmissionConfiguration`.
    pub(crate) admission_config: Option<String>,
}

/// A running control plane; it ends when this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    client: Client,
    kubeconfig: PathBuf,
    version: Value,
    supervisor: Child,
    /// What the supervisor says.
    told: Mutex<BufReader<ChildStdout>>,
    /// The server reads it at its start; it is kept as long as the server lives.
    _admission_config: Option<NamedTempFile>,
}

impl ControlPlane {
    /// The one control plane of this process that behaves as `emulated_version`, started when first asked for.
    ///
    /// Starting one takes about two seconds and 300 MB, so tests share it and keep to namespaces of their own.
    pub(crate) fn shared(emulated_version: Option<&'static str>) -> &'static ControlPlane {
        type Slot = &'static OnceLock<ControlPlane>;
        static SHARED: Mutex<BTreeMap<Option<&'static str>, Slot>> = Mutex::new(BTreeMap::new());

        let slot: Slot = {
            let mut slots = SHARED.lock().unwrap();
            slots.entry(emulated_version).or_insert_with(|| Box::leak(Box::default()))
        };
        // Outside the lock: two versions may start side by side.
        slot.get_or_init(|| ControlPlane::start(Options { emulated_version, ..Options::default() }))
    }

    /// Starts a control plane of the caller's own.
    pub(crate) fn start(options: Options) -> ControlPlane {
        let programs = Programs::get();
        let mut command = Command::new(&programs.supervisor);
        command.arg("-bin").arg(&programs.servers);
        if let Some(version) = options.emulated_version {
            command.args(["-emulated-version", version]);
        }
        if options.controllers {
            programs.require("kube-controller-manager");
            command.arg("-controllers");
        }
        let admission_config = options.admission_config.map(|text| temporary_file(&text));
        if let Some(file) = &admission_config {
            command.arg("-admission-config").arg(file.path());
        }
        // What the supervisor has to say when a server fails goes to this process's standard error.
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the supervisor of the control plane");
        let mut told = BufReader::new(supervisor.stdout.take().unwrap());
        let ready = read_ready_line(&mut told, &mut supervisor);
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        ControlPlane {
            client: Client::new(text("url"), text("token"), Path::new(&text("caFile"))),
            kubeconfig: PathBuf::from(text("kubeconfig")),
            version: ready["version"].clone(),
            supervisor,
            told: Mutex::new(told),
            _admission_config: admission_config,
        }
    }

    /// The address of the API server.
    #[allow(dead_code, reason = "for tests of commands that talk to a cluster")]
    pub(crate) fn url(&self) -> &str {
        self.client.url()
    }

    /// A bearer token of a member of `system:masters`.
    #[allow(dead_code, reason = "for tests of commands that talk to a cluster")]
    pub(crate) fn token(&self) -> &str {
        self.client.token()
    }

    /// A kubeconfig file for [`ControlPlane::token`].
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Ends the API server as a crash does; what is stored stays.
    pub(crate) fn stop_server(&self) {
        self.order("stop");
    }

    /// Starts the API server again, at the same address, and waits until it is ready.
    pub(crate) fn start_server(&self) {
        self.order("start");
    }

    fn order(&self, what: &str) {
        let mut told = self.told.lock().unwrap();
        writeln!(self.supervisor.stdin.as_ref().unwrap(), "{what}").unwrap();
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), what, "the supervisor says why on standard error");
    }

    /// The minor version that the server behaves as: 34 for v1.34.
    pub(crate) fn minor(&self) -> u16 {
        let minor = self.version.get("emulationMinor").unwrap_or(&self.version["minor"]);
        minor.as_str().unwrap().trim_end_matches('+').parse().unwrap()
    }

    /// Sends a request; `path` starts with a slash. A PATCH is a JSON merge patch.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.client.request(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// What else of the tests talks to the server as its administrator.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Creates a namespace with the given labels.
    pub(crate) fn create_namespace(&self, name: &str, labels: &[(&str, &str)]) {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        });
        let answer = self.request("POST", "/api/v1/namespaces", Some(&namespace));
        assert_eq!(answer.status, 201, "create namespace {name}: {}", answer.body);
    }

    /// Lets a user do these things in a namespace, and waits until the server knows.
    pub(crate) fn allow(&self, user: &str, namespace: &str, rules: &Value) {
        let role = json!({"metadata": {"name": user}, "rules": rules});
        self.create_rbac(namespace, "roles", &role);
        let first = |list: &str| rules[0][list][0].as_str().expect("a rule").to_owned();
        self.bind(user, namespace, ("Role", user), (&first("apiGroups"), &first("resources")));
    }

    /// Gives a user a role, by its kind and name, in a namespace, and waits until the right to list a resource of a group
    /// is there.
    pub(crate) fn bind(
        &self,
        user: &str,
        namespace: &str,
        (kind, role): (&str, &str),
        (group, resource): (&str, &str),
    ) {
        let binding = json!({
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        self.create_rbac(namespace, "rolebindings", &binding);
        self.await_right(user, group, resource, namespace);
    }

    fn create_rbac(&self, namespace: &str, plural: &str, object: &Value) {
        let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/{plural}");
        let answer = self.request("POST", &path, Some(object));
        assert_eq!(answer.status, 201, "{}", answer.body);
    }

    /// Waits until a user may list objects in a namespace: the server takes up new roles in the background.
    pub(crate) fn await_right(&self, user: &str, group: &str, resource: &str, namespace: &str) {
        let attributes = json!({"verb": "list", "group": group, "resource": resource, "namespace": namespace});
        let review = json!({"spec": {"user": user, "resourceAttributes": attributes}});
        let started = Instant::now();
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        while self.request("POST", path, Some(&review)).body["status"]["allowed"] != true {
            assert!(started.elapsed() < Duration::from_secs(30), "{user} may not list {resource} in {namespace}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks the server what it would say to the creation of `object` in the collection at `path`, and creates nothing.
    pub(crate) fn dry_run(&self, path: &str, object: &Value) -> Answer {
        self.request("POST", &format!("{path}?dryRun=All"), Some(object))
    }

    /// [`ControlPlane::dry_run`] of many objects, several at a time; the answers are in the order of the objects.
    pub(crate) fn dry_run_all(&self, path: &str, objects: &[Value]) -> Vec<Answer> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut answers = Vec::new();
            while let Some((i, object)) = {
                let i = next.fetch_add(1, Ordering::Relaxed);
                objects.get(i).map(|object| (i, object))
            } {
                answers.push((i, self.dry_run(path, object)));
            }
            answers
        };
        let mut answers: Vec<(usize, Answer)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        answers.sort_by_key(|(i, _)| *i);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// [`ControlPlane::dry_run_all`] of pods in a namespace.
    pub(crate) fn dry_run_pods(&self, namespace: &str, pods: &[Value]) -> Vec<Answer> {
        self.dry_run_all(&format!("/api/v1/namespaces/{namespace}/pods"), pods)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // Waiting closes the supervisor's standard input first, which is its sign to end the servers.
        let _ = self.supervisor.wait();
    }
}

/// The kubectl that belongs to the server.
pub(crate) fn kubectl() -> PathBuf {
    Programs::get().require("kubectl")
}

/// Reads the line that the supervisor prints once the servers are ready; it bounds the wait itself.
fn read_ready_line(told: &mut impl BufRead, supervisor: &mut Child) -> Value {
    let mut line = String::new();
    told.read_line(&mut line).expect("read from the supervisor");
    serde_json::from_str(&line).unwrap_or_else(|_| {
        let status = supervisor.wait();
        panic!("the control plane did not start ({status:?}); its supervisor says why on standard error")
    })
}

fn temporary_file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Where the programs are.
#[derive(Debug)]
struct Programs {
    /// The folder of etcd, kube-apiserver and so on.
    servers: PathBuf,
    supervisor: PathBuf,
}

impl Programs {
    /// Finds or builds everything, once per process.
    fn get() -> &'static Programs {
        static PROGRAMS: OnceLock<Programs> = OnceLock::new();
        PROGRAMS.get_or_init(|| {
            // The supervisor first: it takes a second, and a missing Go shows at once.
            let supervisor = build_supervisor();
            let assets = std::env::var_os("KUBEBUILDER_ASSETS").filter(|assets| !assets.is_empty());
            let servers = assets.map_or_else(build_servers, PathBuf::from);
            let programs = Programs { servers, supervisor };
            programs.require("etcd");
            programs.require("kube-apiserver");
            programs
        })
    }

    /// The path of a program in the servers' folder.
    fn require(&self, name: &str) -> PathBuf {
        let path = self.servers.join(format!("{name}{EXE_SUFFIX}"));
        assert!(
            path.is_file(),
            "there is no {name} in {}; unset KUBEBUILDER_ASSETS to have it built, or put it there",
            self.servers.display()
        );
        path
    }
}

/// The folder of the Go module.
fn module() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control-plane")
}

fn build_supervisor() -> PathBuf {
    let mut sources: Vec<PathBuf> =
        fs::read_dir(module().join("run")).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    let name = format!("run-{:016x}", hash(&sources, ""));
    built(&name, |folder| go_build(folder, "run", "", "./run")).join(format!("run{EXE_SUFFIX}"))
}

fn build_servers() -> PathBuf {
    let version = kubernetes_version();
    let flags = version_flags(&version);
    let pins = ["go.mod", "go.sum"].map(|name| module().join(name));
    let name = format!("v{version}-{:016x}", hash(&pins, &flags));
    built(&name, |folder| {
        // Standard error itself, not `eprintln!`, which the test harness holds back until the test has failed.
        let _ = writeln!(
            io::stderr(),
            "building Kubernetes v{version} for the tests into {}; this takes some minutes, once",
            folder.display()
        );
        go_build(folder, "etcd", &flags, "go.etcd.io/etcd/server/v3");
        for name in ["kube-apiserver", "kube-controller-manager", "kubectl"] {
            go_build(folder, name, &flags, &format!("k8s.io/kubernetes/cmd/{name}"));
        }
    })
}

/// The Kubernetes version that `go.mod` pins, such as `1.36.3`.
fn kubernetes_version() -> String {
    let pins = fs::read_to_string(module().join("go.mod")).unwrap();
    let version = pins.lines().find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes v"));
    // A comment may follow: Go calls what only `tool` lines need indirect.
    version.and_then(|rest| rest.split_whitespace().next()).expect("go.mod requires k8s.io/kubernetes").to_owned()
}

/// The linker flags that tell the programs their version; without them they call themselves v0.0.0.
fn version_flags(version: &str) -> String {
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next().unwrap(), numbers.next().unwrap());
    let set = |name: &str, value: &str| format!(" -X k8s.io/component-base/version.{name}={value}");
    "-s -w".to_owned() + &set("gitVersion", &format!("v{version}")) + &set("gitMajor", major) + &set("gitMinor", minor)
}

/// Names a build by what goes into it. A hash that changes with the compiler costs one more build, no more.
fn hash(files: &[PathBuf], flags: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(&fs::read(file).unwrap());
    }
    hasher.write(flags.as_bytes());
    hasher.finish()
}

/// The folder `name` below `target/control-plane`, filled by `build` if it is not there yet.
///
/// A lock keeps other test processes out meanwhile, and the rename at the end lets nobody see a half-filled folder.
fn built(name: &str, build: impl FnOnce(&Path)) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let root = target.join("control-plane");
    fs::create_dir_all(&root).unwrap();
    let lock = File::create(root.join(".lock")).unwrap();
    lock.lock().unwrap();

    let finished = root.join(name);
    if !finished.is_dir() {
        let partial = root.join(format!("{name}.partial"));
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir(&partial).unwrap();
        build(&partial);
        fs::rename(&partial, &finished).unwrap();
    }
    finished
}

fn go_build(folder: &Path, name: &str, link_flags: &str, package: &str) {
    let output = Command::new("go")
        .current_dir(module())
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", link_flags, "-o"])
        .arg(folder.join(format!("{name}{EXE_SUFFIX}")))
        .arg(package)
        .env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("go build {package}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("these tests run a real API server and need Go 1.26 or newer on the PATH (https://go.dev/dl/)")
        }
        Err(error) => panic!("start go: {error}"),
    }
}
