//! Credential plugins: programs named in a kubeconfig that print credentials.
//!
//! kube would run the program three times while it builds a client; some take seconds or ask for a code each time. So it
//! is run here, once, and kube gets what it printed.

use std::io::{self, ErrorKind as Io, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;

use super::error::{ClusterError, ErrorKind};
use super::options::ConnectOptions;

/// What the program prints, as far as it matters.
#[derive(Deserialize)]
struct ExecCredential {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// The certificate and key that a plugin gave, in PEM.
pub(super) type Identity = (String, String);

/// Runs the user's credential plugin, if there is one, and puts the token it gives into `user`; a certificate is
/// returned.
pub(super) fn run_plugin(
    user: &mut AuthInfo,
    cluster: &Cluster,
    options: &ConnectOptions,
) -> Result<Option<Identity>, ClusterError> {
    let Some(exec) = user.exec.take() else { return Ok(None) };
    let program = exec.command.clone().filter(|command| !command.is_empty());
    let Some(program) = program else {
        return Err(ClusterError::config("the kubeconfig names a credential plugin without a command"));
    };
    let can_ask = options.environment.stdin_is_terminal && !options.silent;
    let mut command = command(&program, &exec, cluster, can_ask)?;
    if options.silent {
        command.stderr(Stdio::null());
    }
    // Somebody who is asked takes as long as it takes.
    let limit = options.request_timeout.filter(|_| !can_ask);
    let output = output(&program, command, exec.install_hint.as_deref(), limit)?;
    let status = read(&program, &exec, &output)?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let token = filled(status.token);
    let identity = filled(status.client_certificate_data).zip(filled(status.client_key_data));
    if token.is_none() && identity.is_none() {
        return Err(failure(&program, "gave neither a token nor a certificate with its key"));
    }
    if let Some(token) = token {
        user.token = Some(token.into());
    }
    Ok(identity)
}

fn command(
    program: &str,
    exec: &ExecConfig,
    cluster: &Cluster,
    stdin_is_terminal: bool,
) -> Result<Command, ClusterError> {
    let interactive = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !stdin_is_terminal => {
            return Err(failure(program, "has to ask something, and standard input is no terminal"));
        }
        _ => stdin_is_terminal,
    };
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    command.env("KUBERNETES_EXEC_INFO", exec_info(exec, cluster, interactive)?);
    command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
    // What the plugin has to say goes straight to the user, above all "open this page to log in".
    command.stderr(Stdio::inherit()).stdout(Stdio::piped());
    Ok(command)
}

/// The text that tells the plugin what it is run for.
fn exec_info(exec: &ExecConfig, cluster: &Cluster, interactive: bool) -> Result<String, ClusterError> {
    let mut spec = json!({ "interactive": interactive });
    if exec.provide_cluster_info {
        let about = ExecAuthCluster::try_from(cluster)
            .map_err(|error| ClusterError::config(format!("the kubeconfig's cluster entry is broken: {error}")))?;
        spec["cluster"] = json!(about);
    }
    Ok(json!({"kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec}).to_string())
}

fn output(
    program: &str,
    command: Command,
    hint: Option<&str>,
    limit: Option<Duration>,
) -> Result<Output, ClusterError> {
    match run_within(command, limit) {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => Err(failure(program, format!("failed ({})", output.status))),
        Err(error) if error.kind() == Io::NotFound => {
            let hint = hint.map(|hint| format!(": {}", hint.trim())).unwrap_or_default();
            Err(failure(program, format!("is not installed or not on the PATH{hint}")))
        }
        Err(error) if error.kind() == Io::TimedOut => {
            let limit = limit.unwrap_or_default();
            Err(failure(program, format!("gave nothing within {limit:?} (--request-timeout) and was ended")))
        }
        Err(error) => Err(failure(program, format!("cannot be started: {error}"))),
    }
}

/// Runs a program and takes what it prints; one that takes longer than it may is ended.
fn run_within(mut command: Command, limit: Option<Duration>) -> io::Result<Output> {
    let Some(limit) = limit else { return command.output() };
    let started = Instant::now();
    let mut child = command.spawn()?;
    let printed = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let mut text = Vec::new();
        let read = printed.map(|mut printed| printed.read_to_end(&mut text)).transpose();
        // Nobody listens any more where the time is over.
        let _ = sender.send(read.map(|_| text));
    })?;
    let stdout = receiver.recv_timeout(limit);
    // It may have closed its output and go on.
    while stdout.is_ok() && child.try_wait()?.is_none() && started.elapsed() < limit {
        thread::sleep(Duration::from_millis(1));
    }
    match (stdout, child.try_wait()?) {
        (Ok(stdout), Some(status)) => Ok(Output { status, stdout: stdout?, stderr: Vec::new() }),
        _ => {
            child.kill()?;
            child.wait()?;
            Err(Io::TimedOut.into())
        }
    }
}

fn read(program: &str, exec: &ExecConfig, output: &Output) -> Result<Status, ClusterError> {
    // What was printed, and so the parser's message, may hold a secret: neither is ever shown.
    let unreadable = || failure(program, "printed something that is no ExecCredential");
    let printed = serde_json::from_slice(&output.stdout).ok();
    let read: ExecCredential =
        printed.or_else(|| serde_yaml::from_slice(&output.stdout).ok()).ok_or_else(unreadable)?;
    if let (Some(asked), Some(got)) = (&exec.api_version, &read.api_version)
        && asked != got
    {
        return Err(failure(program, format!("answered in version {got:?}, and the kubeconfig asks for {asked:?}")));
    }
    read.status.ok_or_else(unreadable)
}

fn failure(program: &str, what: impl AsRef<str>) -> ClusterError {
    ClusterError::new(ErrorKind::Credentials, format!("the credential plugin {program:?} {}", what.as_ref()))
}
