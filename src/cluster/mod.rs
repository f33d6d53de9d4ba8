//! Access to a cluster: where it is, who asks, what it holds.
//!
//! This is the only layer that knows the network's libraries. It is asynchronous inside, so that several lists come in
//! at once on one thread; to the rest of the crate [`Cluster`] is a plain synchronous value.
//!
//! ```no_run
//! # use kubectl_secctx::cluster::*;
//! #[derive(serde::Deserialize)]
//! struct Pod { metadata: Meta }
//! #[derive(serde::Deserialize)]
//! struct Meta { name: String }
//!
//! # fn main() -> Result<(), ClusterError> {
//! let cluster = Cluster::connect(&ConnectOptions::default())?;
//! let query = ListQuery::new(Resource::built_in("pods").unwrap(), None);
//! cluster.list::<Pod>(&query, |page| page.items.iter().for_each(|pod| drop(&pod.metadata.name)))?;
//! # Ok(())
//! # }
//! ```

mod client;
mod config;
mod discovery;
mod error;
mod exec;
mod kubeconfig;
mod list;
mod login;
mod options;
mod patience;
mod proxy;
mod resource;
mod tls;
mod translate;
mod transport;
mod version;
mod warnings;
mod write;

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use http::Uri;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

pub use discovery::Discovery;
pub use error::{ClusterError, ErrorKind};
pub use list::{ListQuery, Page};
pub use options::{ConnectOptions, Environment, Impersonation, Secret, parse_timeout};
pub use resource::Resource;
pub use version::ServerVersion;
pub use write::{Change, PatchType, Written};

use config::Resolved;
use transport::{JSON, Renew, Transport};

/// Requests of a [`Batch`] in flight at once. The API server serves far more, but each holds a page in memory.
const PARALLEL: usize = 6;

/// How long the last look at an object may take whose change took all the time that a request has.
const LAST_LOOK: Duration = Duration::from_millis(700);

/// The names of all contexts of the kubeconfig, sorted.
///
/// # Errors
///
/// The kubeconfig cannot be read.
pub fn contexts(options: &ConnectOptions) -> Result<Vec<String>, ClusterError> {
    Ok(kubeconfig::load(options)?.contexts())
}

/// The names of all cluster entries of the kubeconfig, sorted.
///
/// # Errors
///
/// The kubeconfig cannot be read.
pub fn clusters(options: &ConnectOptions) -> Result<Vec<String>, ClusterError> {
    Ok(kubeconfig::load(options)?.clusters())
}

/// The names of all user entries of the kubeconfig, sorted.
///
/// # Errors
///
/// The kubeconfig cannot be read.
pub fn users(options: &ConnectOptions) -> Result<Vec<String>, ClusterError> {
    Ok(kubeconfig::load(options)?.users())
}

/// A cluster that can be asked.
pub struct Cluster {
    runtime: &'static Runtime,
    transport: Transport,
    context: Option<String>,
    name: Option<String>,
    namespace: String,
}

impl Cluster {
    /// Prepares a connection: reads the kubeconfig, runs the credential plugin if there is one, loads certificates. The
    /// server itself is first heard of with the first request.
    ///
    /// # Errors
    ///
    /// The configuration is wrong or missing, or there are no credentials.
    pub fn connect(options: &ConnectOptions) -> Result<Self, ClusterError> {
        let Resolved { config, context, cluster, can_expire } = config::resolve(options)?;
        let (namespace, server) = (config.default_namespace.clone(), host_and_port(&config.cluster_url));
        let runtime = runtime()?;
        let client = prepare(runtime, config)?;
        let again = options.clone();
        let renew: Option<Renew> =
            can_expire.then(|| -> Renew { Box::new(move || prepare(runtime, config::resolve(&again)?.config)) });
        let transport = Transport::new(client, renew, server, options.request_timeout);
        Ok(Self { runtime, transport, context, name: cluster, namespace })
    }

    /// The name of the context; none inside a cluster and where only a server is given.
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The name of the kubeconfig's cluster entry.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The server's host and port.
    #[must_use]
    pub fn server(&self) -> &str {
        self.transport.server()
    }

    /// The namespace of what names none: the context's, the pod's own, or `default`.
    #[must_use]
    pub fn default_namespace(&self) -> &str {
        &self.namespace
    }

    /// Which Kubernetes the server behaves as.
    ///
    /// # Errors
    ///
    /// The server cannot be asked, or answers something else.
    pub fn server_version(&self) -> Result<ServerVersion, ClusterError> {
        let info = self.runtime.block_on(self.transport.get("/version", JSON))?;
        ServerVersion::read(info)
    }

    /// All types of objects that the server has.
    ///
    /// # Errors
    ///
    /// The server cannot be asked. Single groups that cannot be had are [`Discovery::problems`].
    pub fn discover(&self) -> Result<Discovery, ClusterError> {
        self.runtime.block_on(discovery::discover(&self.transport))
    }

    /// Lists objects, read as `T`, and hands out each page as it comes.
    ///
    /// # Errors
    ///
    /// The list cannot be had, or not to its end.
    pub fn list<T: DeserializeOwned + Send + 'static>(
        &self,
        query: &ListQuery,
        on_page: impl FnMut(Page<T>),
    ) -> Result<(), ClusterError> {
        self.runtime.block_on(list::list(&self.transport, query, on_page))
    }

    /// The names of objects; little more than them is sent.
    ///
    /// # Errors
    ///
    /// The list cannot be had, or not to its end.
    pub fn names(&self, query: &ListQuery) -> Result<Vec<String>, ClusterError> {
        self.runtime.block_on(list::names(&self.transport, query))
    }

    /// Gets one object, read as `T`. The namespace of a type without namespaces does not matter.
    ///
    /// # Errors
    ///
    /// The object cannot be had.
    pub fn get<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<T, ClusterError> {
        self.runtime.block_on(self.transport.get(&resource.object_path(namespace, name), JSON))
    }

    /// As [`Cluster::get`], of an object whose change may be lost: the server is asked although it may have let a request
    /// wait in vain, but not beyond `until`.
    ///
    /// # Errors
    ///
    /// The object cannot be had, or not in time.
    pub fn get_until<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        until: Option<Instant>,
    ) -> Result<T, ClusterError> {
        self.transport.try_again();
        let path = resource.object_path(namespace, name);
        let get = self.transport.get(&path, JSON);
        let Some(until) = until else { return self.runtime.block_on(get) };
        let left = until.saturating_duration_since(Instant::now());
        let got = self.runtime.block_on(async { timeout(left, get).await });
        got.unwrap_or_else(|_| Err(self.transport.too_slow_at_last()))
    }

    /// Until when an object may be read again whose change began at `started`: a moment longer than that may take, where
    /// there is a limit.
    #[must_use]
    pub fn last_look(&self, started: Instant) -> Option<Instant> {
        self.transport.request_timeout().map(|limit| started + limit + LAST_LOOK)
    }

    /// Gets a text that belongs to an object, as the `log` of a pod, with parameters of the request.
    ///
    /// # Errors
    ///
    /// The text cannot be had.
    pub fn text(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, ClusterError> {
        let path = text_path(resource, namespace, name, subresource, parameters);
        self.runtime.block_on(self.transport.text(&path))
    }

    /// Changes an object, or asks what a change would come to; the object then is read as `T`.
    ///
    /// # Errors
    ///
    /// The server refused, or it is not known whether it did what was asked.
    pub fn write<T: DeserializeOwned>(&self, change: &Change) -> Result<Written<T>, ClusterError> {
        self.runtime.block_on(write::write(&self.transport, change))
    }

    /// Asks the server again that let a request wait in vain. Without this no request follows one that was lost; after a
    /// change was lost, the object is worth one more.
    pub fn try_again(&self) {
        self.transport.try_again();
    }

    /// Whether the server has been given up: it can be reached no more, or has let requests wait in vain.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.transport.is_lost()
    }

    /// Several requests to be made at once.
    pub fn batch(&self) -> Batch<'_> {
        Batch { cluster: self, requests: Vec::new() }
    }

    /// What the server has warned of so far, each once, in the order it came.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.transport.warnings()
    }
}

/// Requests to be made at once, on this thread. One that fails does not end the others.
#[must_use]
pub struct Batch<'a> {
    cluster: &'a Cluster,
    requests: Vec<Pending<'a>>,
}

/// A request that tells its caller itself what it got.
type Pending<'a> = Pin<Box<dyn Future<Output = Result<(), ClusterError>> + 'a>>;

impl<'a> Batch<'a> {
    /// Adds a list, as [`Cluster::list`] reads it.
    pub fn list<T: DeserializeOwned + Send + 'static>(&mut self, query: ListQuery, on_page: impl FnMut(Page<T>) + 'a) {
        let transport = &self.cluster.transport;
        self.requests.push(Box::pin(async move { list::list(transport, &query, on_page).await }));
    }

    /// Adds an object, as [`Cluster::get`] reads it.
    pub fn get<T: DeserializeOwned + 'a>(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        on_object: impl FnOnce(T) + 'a,
    ) {
        let transport = &self.cluster.transport;
        let path = resource.object_path(namespace, name);
        self.requests.push(Box::pin(async move { transport.get(&path, JSON).await.map(on_object) }));
    }

    /// Adds a change, as [`Cluster::write`] makes it.
    pub fn write<T: DeserializeOwned + 'a>(&mut self, change: Change, on_written: impl FnOnce(Written<T>) + 'a) {
        let transport = &self.cluster.transport;
        self.requests.push(Box::pin(async move { write::write(transport, &change).await.map(on_written) }));
    }

    /// Adds a text, as [`Cluster::text`] reads it.
    pub fn text(
        &mut self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
        subresource: &str,
        parameters: &[(&str, &str)],
        on_text: impl FnOnce(String) + 'a,
    ) {
        let transport = &self.cluster.transport;
        let path = text_path(resource, namespace, name, subresource, parameters);
        self.requests.push(Box::pin(async move { transport.text(&path).await.map(on_text) }));
    }

    /// As [`Batch::run`], for one of many looks at a server: what failed earlier is not held against it, and no request
    /// takes longer than `limit`, whatever the limit of the run.
    pub fn run_within(self, limit: Duration) -> Vec<Result<(), ClusterError>> {
        let transport = &self.cluster.transport;
        transport.forget_failures();
        let within = |request: Pending<'a>| -> Pending<'a> {
            Box::pin(async move { timeout(limit, request).await.unwrap_or_else(|_| Err(transport.too_slow(limit))) })
        };
        let requests = self.requests.into_iter().map(within).collect();
        Batch { cluster: self.cluster, requests }.run()
    }

    /// Makes the requests; the results are in the order in which they were added.
    pub fn run(self) -> Vec<Result<(), ClusterError>> {
        let numbered = self.requests.into_iter().enumerate().map(|(i, request)| async move { (i, request.await) });
        // Unordered: a slow one at the front is not to keep the others from starting.
        let mut results: Vec<_> =
            self.cluster.runtime.block_on(stream::iter(numbered).buffer_unordered(PARALLEL).collect());
        results.sort_by_key(|(i, _)| *i);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

fn text_path(
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
    subresource: &str,
    parameters: &[(&str, &str)],
) -> String {
    let path = format!("{}/{}", resource.object_path(namespace, name), resource::escape(subresource));
    resource::with_query(path, parameters)
}

/// Makes a client. kube starts a task with it, and needs a runtime to do so.
fn prepare(runtime: &Runtime, config: kube::Config) -> Result<kube::Client, ClusterError> {
    let _entered = runtime.enter();
    client::client(config)
}

/// The runtime of this thread. It is never ended: that would wait for a name server that does not answer, which a time
/// limit has already given up on.
fn runtime() -> Result<&'static Runtime, ClusterError> {
    use std::cell::OnceCell;
    thread_local!(static RUNTIME: OnceCell<&'static Runtime> = const { OnceCell::new() });
    RUNTIME.with(|cell| match cell.get() {
        Some(runtime) => Ok(*runtime),
        None => {
            let built = Builder::new_current_thread().enable_all().build();
            let built = built.map_err(|error| ClusterError::config(format!("no connection can be made: {error}")))?;
            Ok(*cell.get_or_init(|| Box::leak(Box::new(built))))
        }
    })
}

fn host_and_port(url: &Uri) -> String {
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", url.host().unwrap_or_default())
}
