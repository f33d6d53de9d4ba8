//! The same change asked of the server: a dry run in every namespace, all at once.

use serde_json::json;

use super::compare::{Expected, compare};
use super::judge::Judge;
use super::{Notes, Request, is_forbidden};
use crate::cluster::{Change, Cluster, ClusterError, PatchType, Resource, Written};
use crate::live::{Branch, NamespaceObject};
use crate::policy::Mode;
use crate::report::label::{Count, NamespaceRow, ServerAnswer};

/// What the server answered about a namespace; `None` where there was nothing to ask.
type Answer = Option<Result<Written<NamespaceObject>, ClusterError>>;

/// Asks the server what the wanted labels would come to, in each namespace where they change anything.
pub(super) fn ask(
    cluster: &Cluster,
    request: &Request,
    namespaces: &[NamespaceObject],
    rows: &[NamespaceRow],
) -> Vec<Answer> {
    let Some(resource) = Resource::built_in("namespaces") else { return Vec::new() };
    let body = json!({"metadata": {"labels": request.wanted.labels()}});
    let mut answers: Vec<Option<Written<NamespaceObject>>> = vec![None; namespaces.len()];
    let mut batch = cluster.batch();
    let mut asked = Vec::new();
    for ((namespace, row), answer) in namespaces.iter().zip(rows).zip(&mut answers) {
        asked.push(!row.modes.is_empty());
        if !row.modes.is_empty() {
            let name = &namespace.metadata.name;
            let change = Change::patch(&resource, None, name, PatchType::Merge, body.clone()).dry_run();
            batch.write(change, move |written| *answer = Some(written));
        }
    }
    let mut results = batch.run().into_iter();
    let mut answer = |(is_asked, written): (bool, Option<Written<NamespaceObject>>)| match written {
        _ if !is_asked => None,
        Some(written) => {
            results.next();
            Some(Ok(written))
        }
        None => results.next().and_then(Result::err).map(Err),
    };
    asked.into_iter().zip(answers).map(&mut answer).collect()
}

/// What an answer is held against.
pub(super) struct Answered<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) request: &'a Request,
    /// The newest version that the server knows.
    pub(super) server: u16,
}

impl Answered<'_> {
    /// Adds what the server answered to the row of its namespace.
    pub(super) fn add(&self, row: &mut NamespaceRow, branches: &[Branch], answer: Answer, notes: &mut Notes) {
        match answer {
            None => {}
            Some(Ok(written)) => self.take(row, branches, written),
            Some(Err(error)) if is_forbidden(&error) => notes.forbidden.push(row.name.clone()),
            // What ends the connection is the same for all.
            Some(Err(error)) if error.is_fatal() => {
                notes.error_once(&format!("the labels could not be tried: {error}"))
            }
            Some(Err(error)) => {
                if let Some(first) = row.modes.first_mut() {
                    first.server = Some(ServerAnswer { warnings: Vec::new(), error: Some(error.to_string()) });
                }
            }
        }
    }

    fn take(&self, row: &mut NamespaceRow, branches: &[Branch], written: Written<NamespaceObject>) {
        let changed = self.changed_on_the_way(&written.object);
        let at = row.modes.iter().position(|entry| entry.mode == Mode::Enforce);
        let mut differences = Vec::new();
        if let Some(entry) = at.and_then(|at| row.modes.get(at)) {
            let expected = Expected::new(self.judge, branches, (entry.from, entry.to), self.server);
            let told = compare(&row.name, &expected, &entry.violating, &written.warnings, row.exempt.is_some());
            differences = told.differences;
            if told.is_exempt && row.exempt.is_none() {
                exempted(row);
            }
        }
        if let Some(entry) = row.modes.get_mut(at.unwrap_or(0)) {
            differences.extend(changed);
            entry.server = Some(ServerAnswer { warnings: written.warnings, error: None });
            entry.differences = differences;
        }
    }

    /// Labels that the server would store otherwise than asked: something in between changes them.
    fn changed_on_the_way(&self, object: &NamespaceObject) -> Vec<String> {
        let wanted = self.request.wanted.labels();
        let other = wanted.iter().filter(|(key, value)| object.metadata.labels.get(*key) != Some(value));
        other
            .map(|(key, _)| match object.metadata.labels.get(key) {
                Some(value) => {
                    format!("the server would store {key}={value}: a webhook or a policy changes it on the way")
                }
                None => format!("the server would not store {key}: a webhook or a policy takes it away"),
            })
            .collect()
    }
}

/// The server knows of an exemption that was not known here: its configuration is in no object that can be read.
fn exempted(row: &mut NamespaceRow) {
    row.exempt = Some(format!("namespace {:?} is exempt", row.name));
    for entry in &mut row.modes {
        entry.violating.clear();
        (entry.pods, entry.workloads) = (Count::default(), Count::default());
    }
}
