//! Objects of the cluster, as far as a rollout is read from them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Any object; the managed fields, by far its largest part, are passed over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Object {
    pub(super) metadata: Meta,
    pub(super) spec: Value,
    pub(super) status: Value,
    /// Of a ControllerRevision.
    pub(super) revision: i64,
}

/// The parts of `ObjectMeta` that count here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) generation: i64,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) annotations: Option<BTreeMap<String, String>>,
    pub(super) owner_references: Option<Vec<Owner>>,
    pub(super) deletion_timestamp: Option<String>,
}

/// An `OwnerReference`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) uid: String,
    pub(super) controller: Option<bool>,
}

/// An event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event {
    pub(super) metadata: Meta,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    /// How often it happened; the server counts in place of writing another one.
    pub(super) count: Option<i64>,
}

impl Object {
    /// The UID of the owner that manages it; of one that names no such owner, the first's.
    pub(super) fn owner(&self) -> Option<&str> {
        let owners = self.metadata.owner_references.as_deref().unwrap_or_default();
        let manager = owners.iter().find(|owner| owner.controller == Some(true)).or_else(|| owners.first());
        manager.map(|owner| owner.uid.as_str())
    }

    /// The value of a label.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// A condition of its status.
    pub(super) fn condition(&self, kind: &str) -> Option<&Value> {
        list(&self.status["conditions"]).iter().find(|condition| condition["type"] == kind)
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition["status"] == "True")
    }

    /// Whether its controller has seen its spec as it is now. Some controllers write the generation as a text.
    pub(super) fn is_observed(&self) -> bool {
        let observed = &self.status["observedGeneration"];
        let observed = observed.as_i64().or_else(|| observed.as_str()?.parse().ok());
        observed.unwrap_or_default() >= self.metadata.generation
    }

    /// A count of its status; one that is not there is zero.
    pub(super) fn count(&self, field: &str) -> usize {
        number(&self.status[field]).unwrap_or_default()
    }

    /// Of a pod: whether it is ready, or has ended well.
    pub(super) fn is_well(&self) -> bool {
        self.holds("Ready") || self.status["phase"] == "Succeeded"
    }

    /// Of a pod: its containers with their statuses, init containers first.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &Value> {
        ["initContainerStatuses", "containerStatuses"].into_iter().flat_map(|field| list(&self.status[field]))
    }

    /// Of a pod: a container's part of the spec.
    pub(super) fn container(&self, name: &str) -> Option<&Value> {
        let all = ["initContainers", "containers"].into_iter().flat_map(|field| list(&self.spec[field]));
        all.into_iter().find(|container| container["name"] == name)
    }
}

/// A whole number that is not negative.
pub(super) fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// A text; anything else is empty.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list; anything else has none.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A label selector of an object's spec as it is written in a request; empty where there is none.
///
/// A ReplicationController's is a plain map.
pub(super) fn selector(spec: &Value) -> String {
    let selector = &spec["selector"];
    let labels = if selector["matchLabels"].is_object() || selector["matchExpressions"].is_array() {
        &selector["matchLabels"]
    } else {
        selector
    };
    let equal = labels.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value)));
    let others = list(&selector["matchExpressions"]).iter().map(|expression| {
        let values: Vec<_> = list(&expression["values"]).iter().map(text).collect();
        let (key, values) = (text(&expression["key"]), values.join(","));
        match text(&expression["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    });
    equal.chain(others).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_as_in_requests() {
        let spec = json!({"selector": {"matchLabels": {"app": "web", "tier": "a"}, "matchExpressions": [
            {"key": "x", "operator": "In", "values": ["1", "2"]}, {"key": "y", "operator": "NotIn", "values": ["3"]},
            {"key": "z", "operator": "Exists"}, {"key": "w", "operator": "DoesNotExist"},
        ]}});
        assert_eq!(selector(&spec), "app=web,tier=a,x in (1,2),y notin (3),z,!w");
        assert_eq!(selector(&json!({"selector": {"app": "web"}})), "app=web");
        assert_eq!(selector(&json!({})), "");
    }
}
