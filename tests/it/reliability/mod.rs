//! Every command at every fault of a server, of the way to it, and of who asks: the right answer, or an honest error in time.
//!
//! A cell runs the binary through a server that makes the fault out of what a real one says. What is right is what the same
//! command gives without it; what a server has afterwards decides what a write may say of itself. `docs/reliability.md` is the
//! table of all cells.

mod answers;
mod commands;
mod credentials;
mod faults;
mod outcome;
mod page;
mod restart;
mod writes;

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::control_plane::ControlPlane;
use crate::support::eventually;
use crate::support::faults::{FaultServer, Reply};
use crate::support::secctx::{Ran, secctx, wait_at_most};
use commands::{COMMANDS, Command, Ground, Grounds};
use outcome::Outcome;

/// The limit that every run is given.
const LIMIT: Duration = Duration::from_secs(2);

/// The limit of the runs that show what is right, however busy the machine is.
const LONG: Duration = Duration::from_secs(60);

/// What a run may take beyond its limit.
const SLACK: Duration = Duration::from_secs(1);

/// Seconds beyond its limit after which a run is ended that hangs.
const HANGS: u64 = 6;

/// Runs at the same time. They mostly wait.
const THREADS: usize = 20;

/// How often a run is made again by itself that took too long beside others, or came to something else than the page has.
const MEASURED: usize = 5;

/// Makes the way to a server on which a fault is met.
type Way = dyn Fn(&'static ControlPlane, &Command) -> Route + Send + Sync;

/// A row of the table.
struct Fault {
    /// What goes wrong.
    name: String,
    /// The way to a server on which it does.
    route: Box<Way>,
}

impl Fault {
    fn new(
        name: impl Into<String>,
        route: impl Fn(&'static ControlPlane, &Command) -> Route + Send + Sync + 'static,
    ) -> Fault {
        Fault { name: name.into(), route: Box::new(route) }
    }
}

/// Rows that belong together.
struct Group {
    title: &'static str,
    faults: Vec<Fault>,
}

/// How to get to a server.
struct Route {
    /// The kubeconfig's entry of the cluster.
    cluster: Value,
    /// The one of the user.
    user: Value,
    /// More arguments.
    args: Vec<String>,
    /// What has to be there as long as the run goes on.
    _kept: Box<dyn Any>,
}

impl Route {
    /// The way to an address, without anything special.
    fn to(url: &str) -> Route {
        Route::with(json!({"server": url}), json!({"token": "t"}), ())
    }

    fn with(cluster: Value, user: Value, kept: impl Any) -> Route {
        Route { cluster, user, args: Vec::new(), _kept: Box::new(kept) }
    }

    /// The way to the real server.
    fn direct(server: &ControlPlane) -> Route {
        let config: Value = serde_json::from_slice(&fs::read(server.kubeconfig()).unwrap()).unwrap();
        Route::with(config["clusters"][0]["cluster"].clone(), config["users"][0]["user"].clone(), ())
    }

    /// The kubeconfig; its names are those of every run, since they stand in reports.
    fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "clusters": [{"name": "test", "cluster": self.cluster}],
            "users": [{"name": "admin", "user": self.user}],
        })
        .to_string()
    }
}

/// Runs a command on a route; what it gave and how long it took.
fn run(command: &Command, route: &Route, namespace: &str) -> (Ran, Duration) {
    run_within(LIMIT, command, route, namespace)
}

/// The same with a limit of its own.
fn run_within(limit: Duration, command: &Command, route: &Route, namespace: &str) -> (Ran, Duration) {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("config");
    fs::write(&config, route.kubeconfig()).unwrap();
    let mut process = secctx();
    process.current_dir(folder.path()).env("XDG_STATE_HOME", folder.path()).env("KUBECONFIG", &config);
    process.args(command.words(namespace, limit, &route.args));
    // Files, since nobody reads from a pipe meanwhile.
    let [out, err] = ["out", "err"].map(|name| folder.path().join(name));
    process.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let started = Instant::now();
    let code = wait_at_most(process.spawn().unwrap(), limit.as_secs() + HANGS).and_then(|output| output.status.code());
    let took = started.elapsed();
    let [stdout, stderr] = [out, err].map(|file| fs::read_to_string(file).unwrap());
    (Ran { code, stdout, stderr }, took)
}

/// What a command gives without faults, and what the server has then, by its name.
type Good = BTreeMap<&'static str, Ran>;

fn good_of<'g>(ground_of: impl Fn(&Command) -> &'g Ground) -> Good {
    // What writes first: it changes what the others read.
    let mut commands: Vec<&Command> = COMMANDS.iter().collect();
    commands.sort_by_key(|command| command.writes.is_none());
    let run = |command: &Command| {
        let ground = ground_of(command);
        let namespace = ground.namespace(command, "good");
        // Completion gives nothing on a busy machine, and that is right too.
        let ran = eventually("an answer", || {
            let ran = run_within(LONG, command, &Route::direct(ground.server), &namespace).0;
            Some(ran).filter(|ran| !command.is_completion() || ran.stdout.contains("shop"))
        });
        assert_eq!(ran.code, Some(command.code), "{}: {}{}", command.name, ran.stdout, ran.stderr);
        assert!(command.writes.is_none_or(|is_written| is_written(ground, &namespace)), "{}", command.name);
        (command.name, outcome::without_names(ran, &namespace))
    };
    commands.into_iter().map(run).collect()
}

/// What the cells of a row came to, by the command; a failure says everything there is to know.
type Results = BTreeMap<&'static str, Result<Outcome, String>>;

/// What a run came to, and whether in time.
fn verdict(
    ground: &Ground,
    good: &Good,
    command: &Command,
    namespace: &str,
    (ran, took): &(Ran, Duration),
) -> Result<Outcome, String> {
    let ran = outcome::without_names(ran.clone(), namespace);
    let is_written = command.writes.map(|is_written| is_written(ground, namespace));
    let outcome = outcome::of(command, &good[command.name], &ran, is_written);
    let outcome = outcome.and_then(|outcome| match *took > command.limit {
        true => Err(TOO_LATE.to_owned()),
        false => Ok(outcome),
    });
    outcome.map_err(|why| {
        format!("{why}, after {took:?}, {:?}\n--- stdout\n{}\n--- stderr\n{}", ran.code, ran.stdout, ran.stderr)
    })
}

/// Begins the failure of a run that is right but for its time.
const TOO_LATE: &str = "too late";

/// A cell of the table.
fn cell(grounds: &Grounds, good: &Good, fault: &Fault, run_name: &str, command: &Command) -> Result<Outcome, String> {
    let ground = grounds.of(command);
    let namespace = ground.namespace(command, run_name);
    let timed = run(command, &(fault.route)(ground.server, command), &namespace);
    let outcome = verdict(ground, good, command, &namespace, &timed);
    outcome.map_err(|why| format!("{why}\n=== {} / {}", fault.name, command.name))
}

/// All cells, row by row.
fn results(grounds: &Grounds, good: &Good, groups: &[Group]) -> Vec<Results> {
    let faults: Vec<&Fault> = groups.iter().flat_map(|group| &group.faults).collect();
    let work: Vec<(usize, &Command)> =
        (0..faults.len()).flat_map(|row| COMMANDS.iter().map(move |command| (row, command))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![Results::new(); faults.len()]));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((row, command)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = cell(grounds, good, faults[*row], &row.to_string(), command);
                    done.lock().unwrap()[*row].insert(command.name, outcome);
                }
            });
        }
    });
    let mut rows = done.into_inner().unwrap();
    let kept = page::kept();
    for (row, command) in &work {
        let fault = faults[*row];
        let is_odd = |outcome: &Result<Outcome, String>| match outcome {
            Err(why) => why.starts_with(TOO_LATE),
            Ok(outcome) => {
                kept.get(&(fault.name.clone(), command.name)).is_some_and(|kept| *kept != outcome.to_string())
            }
        };
        // The machine had a lot to do meanwhile: by itself the run may be in time.
        for turn in 1..=MEASURED {
            if is_odd(&rows[*row][command.name]) {
                rows[*row].insert(command.name, cell(grounds, good, fault, &format!("{row}-{turn}"), command));
            }
        }
    }
    rows
}

#[test]
fn every_command_at_every_fault() {
    let grounds = Grounds::new();
    let good = good_of(|command| grounds.of(command));
    let groups = faults::all(&grounds);
    let mut rows = results(&grounds, &good, &groups);
    rows.extend(restart::results(&grounds, &good));
    let failures: Vec<_> =
        rows.iter().flat_map(BTreeMap::values).filter_map(|one| one.as_ref().err()).cloned().collect();
    assert!(failures.is_empty(), "{} cells:\n{}", failures.len(), failures.join("\n"));
    page::keep(&groups, &rows);
}

/// In every format: a read that brought nothing is an error, and nobody is told that all is well.
#[test]
fn a_read_that_brought_nothing_is_not_called_clean() {
    let server = ControlPlane::shared(None);
    let proxy = FaultServer::start(move |asked| match asked.query("limit") {
        Some(_) => Reply::refusal(500, "InternalError", "etcdserver: no leader"),
        None => Reply::forward(server, asked),
    });
    for (format, told) in [
        ("table", "0 workloads checked against restricted:v1.36; 8 errors"),
        ("wide", "0 workloads checked against restricted:v1.36; 8 errors"),
        ("markdown", "### ❌ Pod Security: nothing could be judged"),
        ("github", "::error::pods: the server answered (InternalError): etcdserver: no leader"),
        ("junit", "failures=\"0\" errors=\"8\""),
        ("sarif", "\"executionSuccessful\": false"),
    ] {
        let mut command = secctx();
        let ran = Ran::from(command.args(["check", "-A", "-o", format, "--server", &proxy.url()]).output().unwrap());
        assert_eq!(ran.code, Some(2), "{format}: {}", ran.stdout);
        assert!(ran.stdout.contains(told), "{format}: {}", ran.stdout);
    }
}

/// Custom resources may violate too: a server that does not say which types it has is an error, and nothing is called safe.
#[test]
fn types_that_are_not_told_are_missing() {
    let server = ControlPlane::shared(None);
    server.create_namespace("untold", &[]);
    let proxy = FaultServer::start(move |asked| match asked.is("/apis") {
        true => Reply::refusal(500, "InternalError", "etcdserver: no leader"),
        false => Reply::forward(server, asked),
    });
    let run = |args: &[&str]| Ran::from(secctx().args(args).args(["--server", &proxy.url()]).output().unwrap());
    let ran = run(&["check", "-n", "untold"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("custom resources are not looked at: the server answered"), "{}", ran.stderr);
    let ran = run(&["dry-run-label", "untold"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stdout.contains("not known") && !ran.stdout.contains("passes"), "{}", ran.stdout);
}
