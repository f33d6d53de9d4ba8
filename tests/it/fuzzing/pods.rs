//! Changes pods where it counts: values of other pods at the same key, odd values, fields that come and go.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::targets::Random;

/// All values that stand at each key in some pod, each once.
pub(super) fn pool(pods: &[Value]) -> BTreeMap<String, Vec<Value>> {
    let mut pool: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut todo: Vec<&Value> = pods.iter().collect();
    while let Some(value) = todo.pop() {
        if let Value::Object(fields) = value {
            for (key, value) in fields {
                let known = pool.entry(key.clone()).or_default();
                if known.len() < 60 && !known.contains(value) {
                    known.push(value.clone());
                }
            }
            todo.extend(fields.values());
        }
        todo.extend(value.as_array().into_iter().flatten());
    }
    pool
}

/// Changes one place of a pod.
pub(super) fn mutate_pod(pod: &mut Value, pool: &BTreeMap<String, Vec<Value>>, random: &mut Random) {
    let depth = random.below(7);
    let mut at = pod;
    for _ in 0..depth {
        let is_leaf = |value: &Value| !value.is_object() && !value.is_array();
        let next = match at {
            Value::Object(fields) if !fields.is_empty() => {
                let which = random.below(fields.len());
                fields.values().nth(which).is_some_and(|value| !is_leaf(value)).then_some(which)
            }
            Value::Array(items) if !items.is_empty() => {
                Some(random.below(items.len())).filter(|which| !is_leaf(&items[*which]))
            }
            _ => None,
        };
        let Some(which) = next else { break };
        at = match at {
            Value::Object(fields) => fields.values_mut().nth(which).expect("it is there"),
            Value::Array(items) => &mut items[which],
            _ => return,
        };
    }
    match at {
        Value::Object(fields) => mutate_object(fields, pool, random),
        Value::Array(items) => mutate_list(items, random),
        other => *other = odd(random),
    }
}

fn mutate_object(
    fields: &mut serde_json::Map<String, Value>,
    pool: &BTreeMap<String, Vec<Value>>,
    random: &mut Random,
) {
    let from_pool = |key: &str, random: &mut Random| match pool.get(key) {
        Some(known) => known[random.below(known.len())].clone(),
        None => odd(random),
    };
    let own = |fields: &serde_json::Map<String, Value>, random: &mut Random| {
        (!fields.is_empty()).then(|| fields.keys().nth(random.below(fields.len())).cloned()).flatten()
    };
    match random.below(8) {
        0 => {
            own(fields, random).map(|key| fields.remove(&key));
        }
        1 => {
            own(fields, random).map(|key| fields.insert(key, odd(random)));
        }
        2..=4 => {
            if let Some(key) = own(fields, random) {
                let value = from_pool(&key, random);
                fields.insert(key, value);
            }
        }
        _ => {
            let key = pool.keys().nth(random.below(pool.len())).cloned().unwrap_or_default();
            let value = from_pool(&key, random);
            fields.insert(key, value);
        }
    }
}

fn mutate_list(items: &mut Vec<Value>, random: &mut Random) {
    let which = if items.is_empty() { 0 } else { random.below(items.len()) };
    match random.below(5) {
        _ if items.is_empty() => items.push(odd(random)),
        0 => {
            items.remove(which);
        }
        1 => items.push(items[which].clone()),
        2 => items[which] = odd(random),
        3 => items.reverse(),
        _ => items.insert(which, Value::Null),
    }
}

/// What stands in few manifests.
fn odd(random: &mut Random) -> Value {
    let text = |text: &str| Value::from(text);
    match random.below(22) {
        0 => Value::Null,
        1 => true.into(),
        2 => false.into(),
        3 => 0.into(),
        4 => (-1).into(),
        5 => 65_536.into(),
        6 => i64::MAX.into(),
        7 => u64::MAX.into(),
        8 => i64::MIN.into(),
        9 => 1.0.into(),
        10 => 1e300.into(),
        11 => text(""),
        12 => text("yes"),
        13 => text("a\u{1b}[31m\u{202e}b\n\"'\\"),
        14 => text("localhost/\u{0}"),
        15 => text("Unconfined"),
        16 => text("ALL"),
        17 => text("windows"),
        18 => json!({}),
        19 => json!([]),
        20 => json!([null, {}, "ALL"]),
        _ => json!({"type": "RuntimeDefault", "privileged": true}),
    }
}
