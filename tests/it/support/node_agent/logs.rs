//! Kubelet's server, as far as logs go: the API server asks it for them.

use std::net::SocketAddr;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;

use super::container::{container_id, restarts};
use super::images::{Fate, fate};
use super::{list, text};
use crate::support::client::Client;
use crate::support::faults::{Asked, FaultServer, Reply};

/// Serves the logs of all pods of an API server, for as long as the process lives; gives the port.
///
/// Nobody verifies the certificate: an API server does so only with `--kubelet-certificate-authority`.
pub(super) fn serve(client: Client) -> u16 {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let server = FaultServer::start_tls(config, move |asked| match answer(&client, asked) {
        Ok(log) => reply(200, log),
        Err((status, sentence)) => reply(status, sentence),
    });
    server.address().parse::<SocketAddr>().unwrap().port()
}

fn reply(status: u16, text: String) -> Reply {
    let headers = vec![("Content-Type", "text/plain".to_owned())];
    Reply::Answer { status, headers, body: text.into_bytes() }
}

/// The answer to `/containerLogs/NAMESPACE/POD/CONTAINER`, as of `getContainerLogs` in `pkg/kubelet/server/server.go`.
fn answer(client: &Client, asked: &Asked) -> Result<String, (u16, String)> {
    let path = asked.path.split('?').next().unwrap_or_default();
    let ["", "containerLogs", namespace, pod_name, name] = *path.split('/').collect::<Vec<_>>() else {
        return Err((404, format!("{path} is not served")));
    };
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod_name}");
    let pod = client.request("GET", &path, None).map_err(|error| (500, error.to_string()))?.body;
    let specs = list(&pod["spec"]["containers"]).iter().chain(list(&pod["spec"]["initContainers"]));
    let Some(spec) = specs.clone().find(|spec| spec["name"] == name) else {
        return Err((404, format!("container {name:?} not found in pod {pod_name:?}")));
    };
    let run = run_of(&pod, spec, asked.query("previous") == Some("true")).map_err(|sentence| (400, sentence))?;
    Ok(tail(&log(&pod, spec, run), asked.query("tailLines")))
}

/// Which run of a container is meant: kubelet's `validateContainerLogStatus` in `pkg/kubelet/kubelet_pods.go`.
fn run_of(pod: &Value, spec: &Value, previous: bool) -> Result<u64, String> {
    let (name, pod_name) = (text(&spec["name"]), text(&pod["metadata"]["name"]));
    let statuses = ["containerStatuses", "initContainerStatuses"].map(|key| list(&pod["status"][key]));
    let Some(status) = statuses.concat().into_iter().find(|status| status["name"] == name) else {
        return Err(format!("container {name:?} in pod {pod_name:?} is not available"));
    };
    let (state, last) = (&status["state"], &status["lastState"]["terminated"]);
    let id = if previous {
        if last.is_null() {
            return Err(format!("previous terminated container {name:?} in pod {pod_name:?} not found"));
        }
        &last["containerID"]
    } else if !state["running"].is_null() {
        &status["containerID"]
    } else if !state["terminated"].is_null() {
        &state["terminated"]["containerID"]
    } else if !last.is_null() {
        &last["containerID"]
    } else {
        let why = match text(&state["waiting"]["reason"]) {
            "ImagePullBackOff" => "trying and failing to pull image",
            reason => reason,
        };
        return Err(format!("container {name:?} in pod {pod_name:?} is waiting to start: {why}"));
    };
    let mut runs = 0..=restarts(&status);
    runs.find(|run| *id == container_id(pod, spec, *run)).ok_or_else(|| format!("failed to get log of {id}"))
}

/// What a run of a container wrote: a line when it started, and what it had to say when it ended.
fn log(pod: &Value, spec: &Value, run: u64) -> String {
    let started = format!("container {} starts, run {run}\n", text(&spec["name"]));
    match fate(pod, spec) {
        Fate::Exits { log, .. } => format!("{started}{log}\n"),
        _ => started,
    }
}

fn tail(log: &str, lines: Option<&str>) -> String {
    let Some(wanted) = lines.and_then(|lines| lines.parse::<usize>().ok()) else { return log.to_owned() };
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    lines[lines.len().saturating_sub(wanted)..].concat()
}
