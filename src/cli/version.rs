//! `kubectl secctx version`.

use std::sync::Arc;
use std::time::Duration;

use super::version_args::VersionArgs;
use super::{Exit, Failure, Streams};
use crate::cluster::{Cluster, ClusterError, ConnectOptions, ErrorKind};
use crate::render;
use crate::report::version::{Server, VersionReport};
use crate::report::{ClusterName, Problem, Source};

/// How long a server is waited for where nobody says how long: whoever asks for versions wants to know soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints the versions. As for kubectl, a server that does not answer is an error, and the rest is told all the same.
pub(super) fn run(args: &VersionArgs, streams: &mut Streams) -> Result<Exit, Failure> {
    let mut report = VersionReport {
        client: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        servers: Vec::new(),
        errors: Vec::new(),
    };
    if !args.client {
        let all = args.kube.all_options().map_err(|error| Failure::Message(error.to_string()))?;
        all.into_iter().for_each(|options| add(&mut report, options));
    }
    render::versions(&report, args.output.into(), &mut streams.out)?;
    let style = streams.err_style(None);
    let is_one_of_many = report.servers.len() + report.errors.len() > 1;
    for problem in &report.errors {
        let name = if is_one_of_many { format!("{}: ", problem.source.file) } else { String::new() };
        render::error(&format!("{name}{}", problem.message), &style, &mut streams.err)?;
    }
    Ok(if report.errors.is_empty() { Exit::Clean } else { Exit::Failure })
}

/// Adds what a server says. That there is no cluster at all is no error: manifests need none.
fn add(report: &mut VersionReport, mut options: ConnectOptions) {
    options.request_timeout = options.request_timeout.or(Some(PATIENCE));
    match ask(&options) {
        Ok(server) => report.servers.push(server),
        Err(error) if error.kind() == ErrorKind::NotConfigured => {}
        Err(error) => {
            let context = options.context.as_deref().unwrap_or_default();
            report.errors.push(Problem { source: Source::file(context.into()), message: error.to_string() });
        }
    }
}

fn ask(options: &ConnectOptions) -> Result<Server, ClusterError> {
    let cluster = Cluster::connect(options)?;
    let version = cluster.server_version()?;
    let name = ClusterName {
        context: cluster.context().unwrap_or_default().into(),
        cluster: cluster.name().unwrap_or(cluster.server()).into(),
    };
    Ok(Server {
        cluster: Arc::new(name),
        git_version: version.git_version,
        minor: version.minor,
        emulated: version.emulated,
    })
}
