//! Strategic merge patches of pods and their owners, and JSON merge patches (RFC 7386), from an object before and after.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// The lists of a pod that the server merges by a field of their items, with that field (`patchMergeKey` in
/// `k8s.io/api/core/v1/types.go`). All others are replaced as a whole.
const MERGED: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("resourceClaims", "name"),
    ("env", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("topologySpreadConstraints", "topologyKey"),
    ("hostAliases", "ip"),
];

/// The strategic merge patch that makes `after` of `before`, a pod or an object with a pod template.
#[must_use]
pub fn strategic_patch(before: &Value, after: &Value) -> Value {
    difference(before, after, &strategic_list)
}

/// The JSON merge patch that makes `after` of `before`. Lists come whole.
#[must_use]
pub fn merge_patch(before: &Value, after: &Value) -> Value {
    difference(before, after, &|_, _, after| List::whole(after))
}

/// How a list is patched.
struct List {
    value: Value,
    /// The keys of all items in their order, where the server would mix them up.
    order: Option<Value>,
}

impl List {
    fn whole(after: &[Value]) -> Self {
        Self { value: after.into(), order: None }
    }
}

/// The patch for a list, by the name of its field, the list before and after.
type ListPatch<'f> = &'f dyn Fn(&str, &[Value], &[Value]) -> List;

fn difference(before: &Value, after: &Value, list: ListPatch<'_>) -> Value {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => Value::Object(fields(before, after, list)),
        _ => after.clone(),
    }
}

fn fields(before: &Map<String, Value>, after: &Map<String, Value>, list: ListPatch<'_>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, old) in before {
        match (old, after.get(key)) {
            (_, None) => {
                patch.insert(key.clone(), Value::Null);
            }
            (old, Some(new)) if old == new => {}
            (Value::Array(old), Some(Value::Array(new))) => {
                let List { value, order } = list(key, old, new);
                patch.extend(order.map(|order| (format!("$setElementOrder/{key}"), order)));
                patch.insert(key.clone(), value);
            }
            (old, Some(new)) => {
                patch.insert(key.clone(), difference(old, new, list));
            }
        }
    }
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key));
    patch.extend(added.map(|(key, value)| (key.clone(), value.clone())));
    patch
}

fn strategic_list(field: &str, before: &[Value], after: &[Value]) -> List {
    let Some((_, key)) = MERGED.iter().find(|(name, _)| *name == field) else { return List::whole(after) };
    let Some((old, new)) = keyed(before, key).zip(keyed(after, key)) else {
        // Items that cannot be told apart by their keys.
        let replace = std::iter::once(json!({"$patch": "replace"}));
        return List { value: replace.chain(after.iter().cloned()).collect(), order: None };
    };
    let named = |id: &Value| Map::from_iter([((*key).to_owned(), id.clone())]);
    let mut items = Vec::new();
    let mut adds = false;
    for (id, item) in &new.items {
        match old.by_key.get(*id) {
            None => {
                adds = true;
                items.push((*item).clone());
            }
            Some(before) if before == item => {}
            Some(before) => {
                let mut patch = named(id);
                if let Value::Object(changes) = difference(before, item, &strategic_list) {
                    patch.extend(changes);
                }
                items.push(Value::Object(patch));
            }
        }
    }
    for (id, _) in old.items.iter().filter(|(id, _)| !new.by_key.contains_key(*id)) {
        let mut patch = named(id);
        patch.insert("$patch".to_owned(), "delete".into());
        items.push(Value::Object(patch));
    }
    // The server puts items that it does not know before the others.
    let order = adds.then(|| new.items.iter().map(|(id, _)| Value::Object(named(id))).collect());
    List { value: Value::Array(items), order }
}

/// The items of a list with their keys.
struct Keyed<'v> {
    /// In their order.
    items: Vec<(&'v Value, &'v Value)>,
    by_key: HashMap<&'v Value, &'v Value>,
}

/// `None` where not every item has a key of its own.
fn keyed<'v>(items: &'v [Value], key: &str) -> Option<Keyed<'v>> {
    let items: Vec<_> = items.iter().map(|item| item.get(key).map(|id| (id, item))).collect::<Option<_>>()?;
    let by_key: HashMap<_, _> = items.iter().copied().collect();
    (by_key.len() == items.len()).then_some(Keyed { items, by_key })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(spec: &Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    fn strategic(before: &Value, after: &Value) -> Value {
        strategic_patch(&pod(before), &pod(after))["spec"]["template"]["spec"].clone()
    }

    #[test]
    fn containers_are_named_and_fields_taken_away() {
        let before = json!({"hostNetwork": true, "containers": [
            {"name": "a", "securityContext": {"privileged": true, "capabilities": {"add": ["X"], "drop": ["Y"]}}},
            {"name": "b"},
        ]});
        let after = json!({"containers": [
            {"name": "a", "securityContext": {"capabilities": {"drop": ["ALL"]}}},
            {"name": "b"},
        ], "securityContext": {"runAsNonRoot": true}});
        let context = json!({"privileged": null, "capabilities": {"add": null, "drop": ["ALL"]}});
        let expected = json!({
            "hostNetwork": null,
            "containers": [{"name": "a", "securityContext": context}],
            "securityContext": {"runAsNonRoot": true},
        });
        assert_eq!(strategic(&before, &after), expected);
    }

    #[test]
    fn items_are_deleted_added_in_order_and_told_apart() {
        let before = json!({"volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "nfs": {}}]});
        let after = json!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "c", "emptyDir": {}}]});
        let expected = json!({
            "$setElementOrder/volumes": [{"name": "a"}, {"name": "c"}],
            "volumes": [
                {"name": "a", "hostPath": null, "emptyDir": {}},
                {"name": "c", "emptyDir": {}},
                {"name": "b", "$patch": "delete"},
            ],
        });
        assert_eq!(strategic(&before, &after), expected);
        let port = |protocol: &str| json!({"containerPort": 53, "protocol": protocol});
        let before = json!({"ports": [{"containerPort": 53, "protocol": "UDP", "hostPort": 53}, port("TCP")]});
        let after = json!({"ports": [port("UDP"), port("TCP")]});
        let expected = json!({"ports": [{"$patch": "replace"}, port("UDP"), port("TCP")]});
        assert_eq!(strategic(&before, &after), expected);
    }

    #[test]
    fn merge_patches_replace_lists() {
        let before = json!({"a": {"list": [1, 2], "gone": 1, "same": [1]}});
        let after = json!({"a": {"list": [2], "same": [1], "new": {"x": 1}}});
        assert_eq!(merge_patch(&before, &after), json!({"a": {"list": [2], "gone": null, "new": {"x": 1}}}));
    }
}
