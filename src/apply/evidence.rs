//! What is known about a workload beyond its template.

use std::cell::RefCell;

use serde_json::Value;

use super::container::containers;
use super::injected::injected;
use super::{Session, Subject};
use crate::cluster::{ListQuery, Page, Resource};
use crate::policy::Policy;
use crate::report::apply::{Evidence, UserIds};

/// The annotation by which OpenShift hands out user IDs, as `1000680000/10000`.
const USER_IDS: &str = "openshift.io/sa.scc.uid-range";

/// Subjects that are looked at with one batch of requests: the pods of all of them are in memory until the last have come.
const AT_ONCE: usize = 8;

/// What came of a subject.
#[derive(Default)]
struct Seen {
    pods: RefCell<Vec<Value>>,
    namespace: RefCell<Value>,
    gaps: Vec<String>,
}

impl Session<'_> {
    /// Looks at a subject's pods (those that were named, else all of its own) and at its namespace. What may not be read
    /// is a gap and no error.
    #[must_use]
    pub fn evidence(&self, subject: &Subject, policy: Policy) -> Evidence {
        self.evidence_of(std::slice::from_ref(subject), policy).pop().unwrap_or_default()
    }

    /// [`Session::evidence`] of each subject, several looked at at once.
    #[must_use]
    pub fn evidence_of(&self, subjects: &[Subject], policy: Policy) -> Vec<Evidence> {
        let of_some =
            |some| self.seen(some).into_iter().zip(some).map(|(seen, subject)| seen.evidence(subject, policy));
        subjects.chunks(AT_ONCE).flat_map(of_some).collect()
    }

    fn seen(&self, subjects: &[Subject]) -> Vec<Seen> {
        let mut all: Vec<Seen> = subjects.iter().map(|_| Seen::default()).collect();
        let mut batch = self.cluster.batch();
        let mut asked = Vec::new();
        for (at, (subject, seen)) in subjects.iter().zip(&all).enumerate() {
            if let (Some(name), Some(resource)) = (&subject.namespace, Resource::built_in("namespaces")) {
                batch.get::<Value>(&resource, None, name, |namespace| drop(seen.namespace.replace(namespace)));
                asked.push((at, "whether the namespace hands out user IDs"));
            }
            if let Some(query) = pods_query(subject) {
                batch.list::<Value>(query, move |page: Page<Value>| seen.take(subject, page));
                asked.push((at, "its pods"));
            }
        }
        for ((at, what), result) in asked.into_iter().zip(batch.run()) {
            let gap = result.err().map(|error| format!("{what} could not be looked at: {error}"));
            all[at].gaps.extend(gap);
        }
        all
    }
}

impl Seen {
    fn take(&self, subject: &Subject, page: Page<Value>) {
        let mut pods = self.pods.borrow_mut();
        if page.starts_over {
            pods.clear();
        }
        pods.extend(page.items.into_iter().filter(|pod| is_of(subject, pod)));
    }

    fn evidence(self, subject: &Subject, policy: Policy) -> Evidence {
        let (mut pods, namespace, mut gaps) = (self.pods.into_inner(), self.namespace.into_inner(), self.gaps);
        if pods_query(subject).is_none() && subject.known_pods.is_empty() {
            gaps.push("its pods are not looked at: it has no selector for them".to_owned());
        }
        if pods.is_empty() {
            pods.clone_from(&subject.known_pods);
        }
        let is_alive = |pod: &Value| !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let alive = pods.iter().filter(|pod| is_alive(pod));
        Evidence {
            containers: containers(subject, &pods),
            pods: alive.clone().count(),
            ready: alive.filter(|pod| is_ready(pod)).count(),
            injected: injected(subject, &pods, policy),
            user_ids: namespace["metadata"]["annotations"][USER_IDS].as_str().and_then(user_ids),
            mounts_token: subject.templates.iter().any(|path| {
                path.find(&subject.object)
                    .is_some_and(|template| template["spec"]["automountServiceAccountToken"] != false)
            }),
            gaps,
        }
    }
}

/// The list of a subject's pods; none where they are known already, or by nothing.
fn pods_query(subject: &Subject) -> Option<ListQuery> {
    if !subject.known_pods.is_empty() {
        return None;
    }
    let labels = match subject.kind() {
        // Its pods are those of its jobs, and the templates of the jobs have no labels of their own.
        "CronJob" => "batch.kubernetes.io/job-name".to_owned(),
        _ => selector(&subject.object)?,
    };
    let query = ListQuery::new(Resource::built_in("pods")?, subject.namespace.clone());
    Some(ListQuery { labels: Some(labels), ..query })
}

/// An object's selector as text. Custom resources that scale have it in their status.
fn selector(object: &Value) -> Option<String> {
    let selector = &object["spec"]["selector"];
    let (labels, expressions) = match selector.get("matchLabels").or_else(|| selector.get("matchExpressions")) {
        Some(_) => (selector["matchLabels"].as_object(), selector["matchExpressions"].as_array()),
        None => (selector.as_object(), None),
    };
    let labels = labels.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let terms: Vec<String> = labels.chain(expressions.into_iter().flatten().filter_map(term)).collect();
    let of_status = || object["status"]["selector"].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if terms.is_empty() { of_status() } else { Some(terms.join(",")) }
}

fn term(expression: &Value) -> Option<String> {
    let key = expression["key"].as_str()?;
    let values: Vec<&str> = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let values = values.join(",");
    match expression["operator"].as_str()? {
        "In" => Some(format!("{key} in ({values})")),
        "NotIn" => Some(format!("{key} notin ({values})")),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

/// Whether a pod that the selector found is the subject's own. What is between is known by its name.
fn is_of(subject: &Subject, pod: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    let Some(owner) = owners.into_iter().flatten().find(|owner| owner["controller"] == true) else { return false };
    let begins = || owner["name"].as_str().is_some_and(|name| name.starts_with(&format!("{}-", subject.name)));
    match (subject.kind(), owner["kind"].as_str()) {
        ("Deployment", Some("ReplicaSet")) | ("CronJob", Some("Job")) => begins(),
        _ if subject.custom => true,
        _ => owner["uid"] == subject.uid(),
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Reads `first/count` or `first-last`.
fn user_ids(range: &str) -> Option<UserIds> {
    if let Some((first, count)) = range.split_once('/') {
        return Some(UserIds { first: first.trim().parse().ok()?, count: count.trim().parse().ok()? });
    }
    let (first, last) = range.split_once('-')?;
    let (first, last): (i64, i64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    Some(UserIds { first, count: last.checked_sub(first)?.checked_add(1)? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ranges_of_user_ids() {
        assert_eq!(user_ids("1000680000/10000"), Some(UserIds { first: 1_000_680_000, count: 10_000 }));
        assert_eq!(user_ids("1-10"), Some(UserIds { first: 1, count: 10 }));
        assert_eq!(user_ids("-9223372036854775808"), None);
        assert_eq!(user_ids("x"), None);
    }

    #[test]
    fn selectors_as_text() {
        let of = |spec: Value| selector(&json!({"spec": {"selector": spec}, "status": {"selector": "from=status"}}));
        let whole = json!({"matchLabels": {"a": "b"}, "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["d", "e"]}, {"key": "f", "operator": "DoesNotExist"}]});
        assert_eq!(of(whole).unwrap(), "a=b,c in (d,e),!f");
        assert_eq!(of(json!({"a": "b", "c": "d"})).unwrap(), "a=b,c=d");
        assert_eq!(of(json!({})).unwrap(), "from=status");
    }
}
