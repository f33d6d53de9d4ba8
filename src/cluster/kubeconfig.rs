//! Kubeconfig files: which are read, how they are merged, and what the flags choose from them.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster, Kubeconfig};

use super::error::{ClusterError, ErrorKind};
use super::options::ConnectOptions;
use crate::yaml::{Document, Text, chunks};

/// The merged kubeconfig files, and which were looked for.
pub(super) struct Loaded {
    pub(super) config: Kubeconfig,
    looked_for: Vec<PathBuf>,
}

/// What the context and the flags choose.
#[derive(Default)]
pub(super) struct Chosen {
    /// The name of the context, where there is one.
    pub(super) context: Option<String>,
    /// The name of the cluster entry.
    pub(super) cluster_name: Option<String>,
    /// The name of the user entry.
    pub(super) user_name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) cluster: Cluster,
    pub(super) user: AuthInfo,
}

/// Reads the files: the one of `--kubeconfig`, which must exist, or those of `KUBECONFIG`, or the one in the home
/// folder, which need not.
///
/// kube's own loader takes a missing file of the list for an error.
pub(super) fn load(options: &ConnectOptions) -> Result<Loaded, ClusterError> {
    let environment = &options.environment;
    let named: BTreeSet<_> = environment.kubeconfig.iter().filter(|path| !path.as_os_str().is_empty()).collect();
    let (looked_for, must_exist) = match (&options.kubeconfig, &environment.home) {
        (Some(path), _) => (vec![path.clone()], true),
        (None, _) if !named.is_empty() => (environment.kubeconfig.clone(), false),
        (None, Some(home)) => (vec![home.join(".kube").join("config")], false),
        (None, None) => (Vec::new(), false),
    };
    let mut config = Kubeconfig::default();
    let mut seen = BTreeSet::new();
    for path in looked_for.iter().filter(|path| !path.as_os_str().is_empty()) {
        if seen.insert(path)
            && let Some(next) = read(path, must_exist)?
        {
            config = config.merge(next).map_err(|error| broken(path, &error))?;
        }
    }
    Ok(Loaded { config, looked_for })
}

/// Reads a file as kubectl reads YAML, which kube's own reader does not: it refuses repeated keys and long comments.
fn read(path: &Path, must_exist: bool) -> Result<Option<Kubeconfig>, ClusterError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ClusterError::config(format!("there is no kubeconfig file {}", path.display())));
        }
        Err(error) => return Err(broken(path, &error)),
    };
    let text = Text::decode(bytes);
    let mut config = Kubeconfig::default();
    for chunk in chunks(&text) {
        let document = Document::parse(&chunk)
            .map_err(|error| broken(path, &format_args!("{}:{}: {error}", error.line, error.column)))?;
        // An empty document may stand before the one that counts.
        if let Some(root) = document.root() {
            // The reader's message would quote the value, which may be a token without its quotes.
            config = serde_json::from_value(root.to_json())
                .map_err(|_| broken(path, &"a field is missing, or its value is of the wrong type"))?;
            break;
        }
    }
    if let Some(folder) = path.parent() {
        resolve_paths(&mut config, folder);
    }
    Ok(Some(config))
}

fn broken(path: &Path, why: &dyn fmt::Display) -> ClusterError {
    ClusterError::config(format!("the kubeconfig file {} cannot be read: {why}", path.display()))
}

/// Files named in a kubeconfig are looked for beside it; so are programs, where their name holds a slash.
fn resolve_paths(config: &mut Kubeconfig, folder: &Path) {
    let resolve = |path: &mut Option<String>| {
        if let Some(path) = path.as_mut().filter(|path| !path.is_empty()) {
            // An absolute one stays what it is.
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for cluster in config.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        resolve(&mut cluster.certificate_authority);
    }
    for user in config.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_ref().is_some_and(|command| command.contains(std::path::is_separator))
        {
            resolve(&mut exec.command);
        }
    }
}

impl Loaded {
    /// The names of all contexts, sorted.
    pub(super) fn contexts(&self) -> Vec<String> {
        let mut names: Vec<_> = self.config.contexts.iter().map(|context| context.name.clone()).collect();
        names.sort();
        names
    }

    /// The names of all cluster entries, sorted.
    pub(super) fn clusters(&self) -> Vec<String> {
        let mut names: Vec<_> = self.config.clusters.iter().map(|cluster| cluster.name.clone()).collect();
        names.sort();
        names
    }

    /// The names of all user entries, sorted.
    pub(super) fn users(&self) -> Vec<String> {
        let mut names: Vec<_> = self.config.auth_infos.iter().map(|user| user.name.clone()).collect();
        names.sort();
        names
    }

    /// Chooses by flags and current context; `None` where nothing is configured.
    pub(super) fn choose(&self, options: &ConnectOptions) -> Result<Option<Chosen>, ClusterError> {
        let filled = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let context_name = filled(&options.context).or_else(|| filled(&self.config.current_context));
        let context = context_name.as_deref().map(|name| self.context(name)).transpose()?.unwrap_or_default();
        let cluster_name = filled(&options.cluster).or_else(|| filled(&Some(context.cluster)));
        let user_name = filled(&options.user).or_else(|| filled(&context.user));
        if cluster_name.is_none() && filled(&options.server).is_none() {
            return match self.contexts() {
                none if none.is_empty() => Ok(None),
                known => Err(ClusterError::config(format!(
                    "the kubeconfig has no current context: choose one of {} with --context",
                    known.join(", ")
                ))),
            };
        }
        let cluster = cluster_name.as_deref().map(|name| self.cluster(name)).transpose()?.unwrap_or_default();
        let user = match &user_name {
            Some(name) => self.user(name, options)?,
            None => AuthInfo::default(),
        };
        let namespace = filled(&context.namespace);
        Ok(Some(Chosen { context: context_name, cluster_name, user_name, namespace, cluster, user }))
    }

    fn context(&self, name: &str) -> Result<kube::config::Context, ClusterError> {
        let found = self.config.contexts.iter().find(|context| context.name == name);
        found.and_then(|found| found.context.clone()).ok_or_else(|| unknown("context", name, &self.contexts()))
    }

    fn cluster(&self, name: &str) -> Result<Cluster, ClusterError> {
        let found = self.config.clusters.iter().find(|cluster| cluster.name == name);
        found.and_then(|found| found.cluster.clone()).ok_or_else(|| unknown("cluster", name, &self.clusters()))
    }

    fn user(&self, name: &str, options: &ConnectOptions) -> Result<AuthInfo, ClusterError> {
        let found = self.config.auth_infos.iter().find(|user| user.name == name);
        match found.and_then(|found| found.auth_info.clone()) {
            Some(user) => Ok(user),
            // An entry without content is a user without credentials, as some proxies want it.
            None if found.is_some() => Ok(AuthInfo::default()),
            None if options.token.is_some() => Ok(AuthInfo::default()),
            None => Err(unknown("user", name, &self.users())),
        }
    }

    /// Tells that there is nothing to connect to, and where it was looked for.
    pub(super) fn nothing_configured(&self) -> ClusterError {
        let places: Vec<_> = self.looked_for.iter().map(|path| path.display().to_string()).collect();
        let looked = if places.is_empty() { String::new() } else { format!(" (looked for {})", places.join(", ")) };
        let message = format!(
            "no cluster is configured{looked}: name a kubeconfig file with --kubeconfig or KUBECONFIG, or a server with --server"
        );
        ClusterError::new(ErrorKind::NotConfigured, message)
    }
}

fn unknown(what: &str, name: &str, known: &[String]) -> ClusterError {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    ClusterError::config(format!("the kubeconfig has no {what} {name:?}; known: {known}"))
}
