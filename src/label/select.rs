//! Which namespaces are meant.

use std::collections::BTreeSet;

use super::{Notes, Request};
use crate::cluster::{Cluster, ClusterError, ErrorKind, ListQuery, Resource};
use crate::live::NamespaceObject;

/// Which namespaces are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Those of these names.
    Names(BTreeSet<String>),
    /// All.
    All,
    /// Those with labels that this selector takes.
    Labels(String),
    /// All where they may be listed, else the context's.
    Visible,
}

/// The namespaces that are there.
pub(super) struct Selected {
    /// By name.
    pub(super) namespaces: Vec<NamespaceObject>,
    /// Their names, as far as objects need to be asked for by them; empty where all are meant.
    pub(super) only: BTreeSet<String>,
}

/// The namespaces that are meant. One that was named and is not there is an error of the report.
pub(super) fn select(cluster: &Cluster, request: &Request, notes: &mut Notes) -> Result<Selected, String> {
    let text = |error: ClusterError| error.to_string();
    match &request.namespaces {
        Selection::Names(names) => named(cluster, names, notes).map_err(text),
        Selection::Labels(selector) => list(cluster, request, Some(selector)).map(Selected::some).map_err(text),
        Selection::All => list(cluster, request, None).map(Selected::all).map_err(|error| match error.kind() {
            ErrorKind::Forbidden => format!("{error}; name the namespaces that you may see in place of --all"),
            _ => text(error),
        }),
        Selection::Visible => match list(cluster, request, None) {
            Ok(namespaces) => Ok(Selected::all(namespaces)),
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let own = cluster.default_namespace().to_owned();
                notes.warning(format!("namespaces may not be listed, so only the current one is looked at, {own:?}"));
                named(cluster, &BTreeSet::from([own]), notes).map_err(text)
            }
            Err(error) => Err(text(error)),
        },
    }
}

impl Selected {
    fn all(namespaces: Vec<NamespaceObject>) -> Self {
        Self { namespaces, only: BTreeSet::new() }
    }

    fn some(namespaces: Vec<NamespaceObject>) -> Self {
        let only = namespaces.iter().map(|namespace| namespace.metadata.name.clone()).collect();
        Self { namespaces, only }
    }
}

fn list(cluster: &Cluster, request: &Request, selector: Option<&str>) -> Result<Vec<NamespaceObject>, ClusterError> {
    let Some(resource) = Resource::built_in("namespaces") else { return Ok(Vec::new()) };
    let labels = selector.map(str::to_owned);
    let query = ListQuery { labels, chunk_size: request.chunk_size, ..ListQuery::new(resource, None) };
    let mut found: Vec<NamespaceObject> = Vec::new();
    cluster.list::<NamespaceObject>(&query, |page| {
        if page.starts_over {
            found.clear();
        }
        found.extend(page.items);
    })?;
    found.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    Ok(found)
}

fn named(cluster: &Cluster, names: &BTreeSet<String>, notes: &mut Notes) -> Result<Selected, ClusterError> {
    let Some(resource) = Resource::built_in("namespaces") else { return Ok(Selected::all(Vec::new())) };
    let mut found: Vec<Option<NamespaceObject>> = vec![None; names.len()];
    let mut batch = cluster.batch();
    for (name, place) in names.iter().zip(&mut found) {
        batch.get::<NamespaceObject>(&resource, None, name, move |namespace| *place = Some(namespace));
    }
    for result in batch.run() {
        match result {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => notes.error(error.to_string()),
        }
    }
    Ok(Selected::some(found.into_iter().flatten().collect()))
}
