//! The same change asked of the server: a dry run in every namespace, all at once.

use serde_json::json;

use super::compare::{Exempted, Expected, Told, compare, is_looked_at, not_exempt};
use super::judge::Judge;
use super::rows::Rows;
use super::{Notes, Request, is_forbidden};
use crate::cluster::{Change, Cluster, ClusterError, PatchType, Resource, Written};
use crate::live::{Branch, NamespaceObject};
use crate::policy::{Mode, NamespacePolicy};
use crate::report::label::{Count, ModeRow, NamespaceRow, ServerAnswer};

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

/// The oldest minor version whose server says of each change that the namespace is exempt.
const TELLS_OF_EXEMPTIONS: u16 = 26;

/// What an answer is held against.
pub(super) struct Answered<'a> {
    pub(super) rows: &'a Rows<'a>,
    pub(super) namespace: &'a NamespaceObject,
    pub(super) branches: &'a [Branch],
}

impl Answered<'_> {
    /// Adds what the server answered to the row of its namespace.
    pub(super) fn add(&self, row: &mut NamespaceRow, answer: Answer, notes: &mut Notes) {
        match answer {
            None => {}
            Some(Ok(written)) => self.take(row, written),
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

    fn take(&self, row: &mut NamespaceRow, written: Written<NamespaceObject>) {
        let changed = self.changed_on_the_way(&written.object);
        let mut differences = self.differences(row, &written);
        let at = row.modes.iter().position(|entry| entry.mode == Mode::Enforce);
        if let Some(entry) = row.modes.get_mut(at.unwrap_or(0)) {
            differences.extend(changed);
            entry.server = Some(ServerAnswer { warnings: written.warnings, error: None });
            entry.differences = differences;
        }
    }

    /// Where the server says something else of enforce. Where its exemptions are not the ones that were given, the row is
    /// that of the namespace with those of the server.
    fn differences(&self, row: &mut NamespaceRow, written: &Written<NamespaceObject>) -> Vec<String> {
        let Some(told) = self.compare(self.rows.judge, row, written) else { return Vec::new() };
        if told.is_exempt && row.exempt.is_none() {
            exempted(row);
        }
        if told.denied.is_empty() {
            return told.differences;
        }
        let admission = self.rows.judge.admission.without(&told.denied);
        let judge = Judge::new(self.rows.judge.objects, &admission);
        *row = self.rows.by(&judge).row(self.namespace, self.branches, std::mem::take(&mut row.unread));
        let again = self.compare(&judge, row, written).unwrap_or_default();
        told.denied.iter().map(not_exempt).chain(again.differences).collect()
    }

    fn compare(&self, judge: &Judge<'_>, row: &NamespaceRow, written: &Written<NamespaceObject>) -> Option<Told> {
        let entry = row.modes.iter().find(|entry| entry.mode == Mode::Enforce)?;
        let expected = Expected::new(judge, self.branches, (entry.from, entry.to), self.rows.server);
        let exempted = match row.exempt {
            None => Exempted::No,
            Some(_) if self.is_exemption_told(entry, &written.object) => Exempted::Told,
            Some(_) => Exempted::Silent,
        };
        Some(compare(&row.name, &expected, &entry.violating, &written.warnings, exempted))
    }

    /// Whether the server would say so if the namespace were exempt (`exemptNamespaceWarning` of
    /// `k8s.io/pod-security-admission`): it says nothing where the labels come to what holds without any.
    fn is_exemption_told(&self, entry: &ModeRow, then: &NamespaceObject) -> bool {
        let defaults = self.rows.request.defaults;
        let policy = NamespacePolicy::from_labels(&then.metadata.labels, defaults).0;
        self.rows.server >= TELLS_OF_EXEMPTIONS && is_looked_at(entry.from, entry.to) && policy != defaults
    }

    /// Labels that the server would store otherwise than asked: something in between changes them.
    fn changed_on_the_way(&self, object: &NamespaceObject) -> Vec<String> {
        let wanted = self.rows.request.wanted.labels();
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
