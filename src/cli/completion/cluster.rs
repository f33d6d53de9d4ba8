//! Names from the kubeconfig, and names from the cluster that the line means so far.
//!
//! Somebody waits for each answer with a finger on the keyboard: what does not come in time does not come, and nothing
//! that goes wrong is told.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::candidates::{Candidate, Candidates};
use super::line::Line;
use crate::cli::kube_args::KubeArgs;
use crate::cluster::{Cluster, ClusterError, ConnectOptions, ListQuery, Resource, clusters, contexts, users};

/// How long a cluster is waited for, from the start of the process on. With it, and what a shell and kubectl take
/// themselves, the candidates are there within 300 ms.
const PATIENCE: Duration = Duration::from_millis(220);

/// Who asks, about which line, and until when there is time.
pub(super) struct Session<'a> {
    pub(super) line: &'a Line<'a>,
    deadline: Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(line: &'a Line<'a>, started: Instant) -> Self {
        Self { line, deadline: started + PATIENCE }
    }

    /// The contexts of the kubeconfig.
    pub(super) fn contexts(&self) -> Candidates {
        self.configured(contexts)
    }

    /// The cluster entries of the kubeconfig.
    pub(super) fn clusters(&self) -> Candidates {
        self.configured(clusters)
    }

    /// The user entries of the kubeconfig.
    pub(super) fn users(&self) -> Candidates {
        self.configured(users)
    }

    fn configured(&self, read: impl Fn(&ConnectOptions) -> Result<Vec<String>, ClusterError>) -> Candidates {
        let names = self.options().and_then(|options| read(&options).ok());
        Candidates::names(names.unwrap_or_default())
    }

    /// The namespaces of the cluster, but those that stand on the line already.
    pub(super) fn namespaces(&self) -> Candidates {
        let names = self.ask(|cluster| match Resource::built_in("namespaces") {
            Some(resource) => cluster.names(&ListQuery::new(resource, None)),
            None => Ok(Vec::new()),
        });
        Candidates::names(names.unwrap_or_default().into_iter().filter(|name| !self.line.words.contains(name)))
    }

    /// The names of objects of these types in the namespace that the line names, or in the context's, or in all.
    pub(super) fn objects(&self, types: &str) -> Vec<String> {
        let types: Vec<_> = types.split(',').map(str::to_owned).collect();
        let everywhere = self.line.has("all-namespaces");
        let named = self.line.value("namespace").map(str::to_owned);
        let names = self.ask(move |cluster| {
            let namespace = named.unwrap_or_else(|| cluster.default_namespace().to_owned());
            let namespace = (!everywhere).then_some(namespace);
            let mut names = Vec::new();
            for name in types {
                names.extend(cluster.names(&ListQuery::new(resource(cluster, &name)?, namespace.clone()))?);
            }
            names.sort();
            names.dedup();
            Ok(names)
        });
        names.unwrap_or_default()
    }

    /// The types of the cluster that Kubernetes does not define, whose names begin with `typed`.
    pub(super) fn custom_types(&self, typed: &str) -> Vec<Candidate> {
        let typed = typed.to_owned();
        let types = self.ask(move |cluster| {
            let discovery = cluster.discover()?;
            let mut types = Vec::new();
            for resource in discovery.custom() {
                let names = std::iter::once(resource.full_name()).chain(resource.short_names.iter().cloned());
                types.extend(
                    names.filter(|name| name.starts_with(&typed)).map(|name| Candidate::new(name, &resource.kind)),
                );
            }
            Ok(types)
        });
        types.unwrap_or_default()
    }

    /// Which cluster the line means so far.
    fn options(&self) -> Option<ConnectOptions> {
        let given = self.line.given.iter().filter_map(|(arg, value)| Some((arg.get_long()?, value.as_deref())));
        KubeArgs::options_so_far(given)
    }

    /// Asks a cluster on a thread of its own: name servers and credential plugins keep to no time limit, and the process
    /// ends without them.
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Cluster) -> Result<T, ClusterError> + Send + 'static,
    ) -> Option<T> {
        let options = self.options()?;
        let (sender, receiver) = mpsc::channel();
        let work = move || {
            // Nobody listens any more where the time is over.
            let _ = sender.send(Cluster::connect(&options).and_then(|cluster| question(&cluster)));
        };
        thread::Builder::new().spawn(work).ok()?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        receiver.recv_timeout(left).ok()?.ok()
    }
}

/// The type of that name: one that every server has, or one that this server says it has.
fn resource(cluster: &Cluster, name: &str) -> Result<Resource, ClusterError> {
    match Resource::built_in(name) {
        Some(resource) => Ok(resource),
        None => cluster.discover()?.resolve(name).cloned(),
    }
}
