//! Access to clusters: configuration from real files, faults from a server that makes them, the rest from a real one.

mod config;
mod credentials;
mod faults;
mod live;
mod tls;
mod writes;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use kubectl_secctx::cluster::{Cluster, ClusterError, ConnectOptions, ListQuery, Resource, Secret};
use serde::Deserialize;

use crate::support::control_plane::ControlPlane;

/// The least that can be read of an object.
#[derive(Debug, Clone, Deserialize)]
struct Object {
    metadata: Meta,
}

#[derive(Debug, Clone, Deserialize)]
struct Meta {
    name: String,
}

/// Only an address, and nothing of this process' environment.
fn at(server: &str) -> ConnectOptions {
    ConnectOptions { server: Some(server.to_owned()), ..ConnectOptions::default() }
}

/// The same, with a limit to each request.
fn hurried(server: &str, limit: Duration) -> ConnectOptions {
    ConnectOptions { request_timeout: Some(limit), ..at(server) }
}

/// A real server, as its administrator.
fn admin(server: &ControlPlane) -> ConnectOptions {
    ConnectOptions { kubeconfig: Some(server.kubeconfig().to_owned()), ..ConnectOptions::default() }
}

fn connect(options: &ConnectOptions) -> Cluster {
    Cluster::connect(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Why a connection cannot even be prepared.
fn refusal(options: &ConnectOptions) -> ClusterError {
    match Cluster::connect(options) {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

fn resource(name: &str) -> Resource {
    Resource::built_in(name).unwrap()
}

/// The names of all objects of a query, page by page, as a caller keeps them.
fn names(cluster: &Cluster, query: &ListQuery) -> Result<Vec<Vec<String>>, ClusterError> {
    let mut pages = Vec::new();
    cluster.list::<Object>(query, |page| {
        if page.starts_over {
            pages.clear();
        }
        pages.push(page.items.into_iter().map(|item| item.metadata.name).collect());
    })?;
    Ok(pages)
}

/// Lists several types at once.
fn batch(cluster: &Cluster, types: &[&str]) -> Vec<Result<usize, ClusterError>> {
    let counts: Vec<_> = types.iter().map(|_| RefCell::new(0)).collect();
    let mut batch = cluster.batch();
    for (name, count) in types.iter().zip(&counts) {
        batch.list::<Object>(ListQuery::new(resource(name), None), |page| *count.borrow_mut() += page.items.len());
    }
    let results = batch.run();
    results.into_iter().zip(&counts).map(|(result, count)| result.map(|()| *count.borrow())).collect()
}

/// What a call gave, and that it did not take longer than so many milliseconds.
fn within<T>(milliseconds: u64, call: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = call();
    let took = started.elapsed();
    assert!(took < Duration::from_millis(milliseconds), "took {took:?}");
    result
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text.to_owned()))
}
