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

impl Session<'_> {
    /// Looks at a subject's pods (those that were named, else all of its own) and at its namespace. What may not be read
    /// is a gap and no error.
    #[must_use]
    pub fn evidence(&self, subject: &Subject, policy: Policy) -> Evidence {
        let mut gaps = Vec::new();
        let (pods, namespace) = self.pods_and_namespace(subject, &mut gaps);
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

    fn pods_and_namespace(&self, subject: &Subject, gaps: &mut Vec<String>) -> (Vec<Value>, Value) {
        let (pods, found) = (RefCell::new(Vec::new()), RefCell::new(Value::Null));
        let mut batch = self.cluster.batch();
        let mut asked = Vec::new();
        if let (Some(name), Some(resource)) = (&subject.namespace, Resource::built_in("namespaces")) {
            batch.get::<Value>(&resource, None, name, |namespace| drop(found.replace(namespace)));
            asked.push("whether the namespace hands out user IDs");
        }
        if let Some(query) = pods_query(subject) {
            batch.list::<Value>(query, |page: Page<Value>| {
                let mut pods = pods.borrow_mut();
                if page.starts_over {
                    pods.clear();
                }
                pods.extend(page.items.into_iter().filter(|pod| is_of(subject, pod)));
            });
            asked.push("its pods");
        } else if subject.known_pods.is_empty() {
            gaps.push("its pods are not looked at: it has no selector for them".to_owned());
        }
        for (what, result) in asked.iter().zip(batch.run()) {
            gaps.extend(result.err().map(|error| format!("{what} could not be looked at: {error}")));
        }
        let mut pods = pods.into_inner();
        if pods.is_empty() {
            pods.clone_from(&subject.known_pods);
        }
        (pods, found.into_inner())
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
