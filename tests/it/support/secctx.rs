//! Runs the binary as a user does, with nothing of the machine's own settings.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// What a run of the binary gave.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary, to be given arguments: its environment holds a PATH and a UTF-8 locale only.
pub(crate) fn secctx() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-secctx"));
    // No home: a kubeconfig there would lead to somebody's real cluster.
    command.env_clear().env("LANG", "C.UTF-8").env("HOME", "/nonexistent").stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// Runs the binary in a folder.
pub(crate) fn run_in<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Ran {
    let output = secctx().current_dir(folder).args(args).output().expect("the binary starts");
    Ran::from(output)
}

/// Runs the binary with a text on its standard input.
pub(crate) fn run_with_input<S: AsRef<OsStr>>(args: &[S], input: &[u8]) -> Ran {
    use std::io::Write;
    let mut child = secctx()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let input = input.to_vec();
    // Writing aside: the binary may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the binary ends");
    writer.join().expect("the writer ends");
    Ran::from(output)
}

/// Waits for a process to end, and ends it when it takes longer than `seconds`.
pub(crate) fn wait_at_most(mut child: Child, seconds: u64) -> Option<Output> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    while std::time::Instant::now() < deadline {
        if child.try_wait().expect("the process can be asked").is_some() {
            return Some(child.wait_with_output().expect("it has ended"));
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().expect("it can be ended");
    let _ = child.wait();
    None
}

/// The most memory that a process has had so far; 0 once it has ended.
#[cfg(target_os = "linux")]
pub(crate) fn peak_of(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }
}
