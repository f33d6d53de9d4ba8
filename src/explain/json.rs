//! Messages in JSON: events, audit logs, responses of the API server.

use serde_json::Value;

/// A text, and what the object around it says it is about.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) object: Option<String>,
}

/// The texts in a JSON document that may be messages; `None` where it is no JSON object or list.
pub(super) fn texts(text: &str) -> Option<Vec<Found>> {
    let trimmed = text.trim();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(trimmed).ok()?;
    let mut found = Vec::new();
    // The reader of JSON refuses what is nested deeper than 128 levels, so this ends.
    walk(&value, None, &mut found);
    Some(found)
}

fn walk(value: &Value, object: Option<&str>, found: &mut Vec<Found>) {
    match value {
        Value::String(text) if text.contains("PodSecurity ") || text.contains("from Pod Security,") => {
            found.push(Found { text: text.clone(), object: object.map(str::to_owned) });
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, object, found)),
        Value::Object(members) => {
            let about = ["involvedObject", "regarding", "objectRef"].into_iter().find_map(|name| members.get(name));
            let named = about.and_then(reference);
            let object = named.as_deref().or(object);
            members.values().for_each(|member| walk(member, object, found));
        }
        _ => {}
    }
}

/// `replicaset "web"` out of a reference to an object.
fn reference(value: &Value) -> Option<String> {
    let kind = value.get("kind").or_else(|| value.get("resource"))?.as_str()?;
    let name = value.get("name")?.as_str()?;
    Some(format!("{} \"{name}\"", kind.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_audit_logs() {
        let events = r#"{"items":[{"involvedObject":{"kind":"ReplicaSet","name":"web-1"},"reason":"FailedCreate",
            "message":"Error creating: pods \"web-1-x\" is forbidden: violates PodSecurity \"baseline:latest\": privileged"},
            {"message":"Pulled image"}]}"#;
        let found = texts(events).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].object.as_deref(), Some("replicaset \"web-1\""));
        let audit = r#"{"objectRef":{"resource":"deployments","name":"web"},"annotations":
            {"pod-security.kubernetes.io/audit-violations":"would violate PodSecurity \"restricted:latest\": seccompProfile"}}"#;
        assert_eq!(texts(audit).unwrap()[0].object.as_deref(), Some("deployments \"web\""));
    }

    #[test]
    fn other_text_is_none() {
        for text in ["", "violates PodSecurity \"a\"", "{", "{}x", "\"PodSecurity \""] {
            assert!(texts(text).is_none(), "{text}");
        }
        assert!(texts("[]").unwrap().is_empty());
        assert!(texts(&"[".repeat(100_000)).is_none());
    }
}
