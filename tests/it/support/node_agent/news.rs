//! Hears of pods that change, by a watch of all pods, so that only their namespaces need be looked at.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use super::text;
use crate::support::client::Client;

const RETRY: Duration = Duration::from_millis(100);

/// What a look has to take into account.
#[derive(Debug)]
pub(super) enum News {
    /// Pods of this namespace have changed.
    Of(String),
    /// Something may have been missed.
    Unknown,
    /// It is time to end.
    Stop,
}

/// Sends news until it is told to stop, which it notices within a second.
pub(super) fn listen(client: Client, news: Sender<News>, stopped: Arc<AtomicBool>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut version = None;
        while !stopped.load(Ordering::Relaxed) {
            version = match version.or_else(|| newest(&client)) {
                Some(version) => hear(&client, &news, version),
                None => None,
            };
            if version.is_none() {
                if news.send(News::Unknown).is_err() {
                    return;
                }
                // A server that cannot be reached is not asked without a pause.
                thread::sleep(RETRY);
            }
        }
    })
}

/// The version of the pods at this moment.
fn newest(client: &Client) -> Option<String> {
    let answer = client.request("GET", "/api/v1/pods?limit=1", None).ok()?;
    answer.body["metadata"]["resourceVersion"].as_str().map(str::to_owned)
}

/// Hears what happens after `version` for a second; the version to go on with, or nothing when that one is lost.
fn hear(client: &Client, news: &Sender<News>, mut version: String) -> Option<String> {
    // Short, so that nobody waits long for the end of a watch in which nothing happens.
    let path = format!("/api/v1/pods?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={version}");
    for line in BufReader::new(client.stream(&path).ok()?).lines() {
        let event: Value = serde_json::from_str(&line.ok()?).ok()?;
        let metadata = &event["object"]["metadata"];
        match text(&event["type"]) {
            "BOOKMARK" => {}
            "ADDED" | "MODIFIED" | "DELETED" => news.send(News::Of(text(&metadata["namespace"]).to_owned())).ok()?,
            _ => return None,
        }
        version = text(&metadata["resourceVersion"]).to_owned();
    }
    Some(version)
}
