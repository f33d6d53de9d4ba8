//! Requests that change something, or ask what a change would come to.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::ClusterError;
use super::resource::{Resource, with_query};
use super::transport::{Call, JSON, Transport};

/// Under which name the server notes who owns the fields that are written.
const FIELD_MANAGER: &str = "kubectl-secctx";

/// How a patch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchType {
    /// JSON merge patch (RFC 7386): lists are replaced.
    Merge,
    /// Kubernetes' own: items of lists are merged by their names. Not for custom resources.
    StrategicMerge,
    /// JSON patch (RFC 6902): a list of operations.
    Json,
}

/// A change of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    verb: Verb,
    resource: Resource,
    namespace: Option<String>,
    /// Empty for an object that is created: its name is in its body.
    name: String,
    body: Value,
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Patch(PatchType),
    Create,
    Delete,
}

/// What a change came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<T> {
    /// The object as the server has it now, or would have it; of a deletion, what the server says about it.
    pub object: T,
    /// What the server warned of in its answer to this very request, in the order it came.
    pub warnings: Vec<String>,
}

impl Change {
    /// Patches an object.
    #[must_use]
    pub fn patch(resource: &Resource, namespace: Option<&str>, name: &str, kind: PatchType, body: Value) -> Self {
        Self::new(Verb::Patch(kind), resource, namespace, name, body)
    }

    /// Creates an object.
    #[must_use]
    pub fn create(resource: &Resource, namespace: Option<&str>, object: Value) -> Self {
        Self::new(Verb::Create, resource, namespace, "", object)
    }

    /// Deletes an object.
    #[must_use]
    pub fn delete(resource: &Resource, namespace: Option<&str>, name: &str) -> Self {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        Self::new(Verb::Delete, resource, namespace, name, options)
    }

    fn new(verb: Verb, resource: &Resource, namespace: Option<&str>, name: &str, body: Value) -> Self {
        let namespace = namespace.map(str::to_owned);
        Self { verb, resource: resource.clone(), namespace, name: name.to_owned(), body, dry_run: false }
    }

    /// The same, but only asked about: admission sees it, and nothing is stored.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        // Of a deletion that comes with options, the server does not look at the parameters.
        if let (Verb::Delete, Value::Object(options)) = (self.verb, &mut self.body) {
            options.insert("dryRun".to_owned(), json!(["All"]));
        }
        self
    }

    /// The same, but only if the object is still the one that was read with this `resourceVersion`; else the server
    /// answers with [`super::ErrorKind::Conflict`]. What is created has no version and is not guarded.
    #[must_use]
    pub fn guarded(mut self, resource_version: &str) -> Self {
        match (self.verb, &mut self.body) {
            // A version that is set is compared; a `test` that fails would be an error like any other.
            (Verb::Patch(PatchType::Json), Value::Array(operations)) => operations
                .insert(0, json!({"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version})),
            (Verb::Patch(_), Value::Object(body)) => set_version(body, "metadata", resource_version),
            (Verb::Delete, Value::Object(body)) => set_version(body, "preconditions", resource_version),
            _ => {}
        }
        self
    }

    /// The same deletion, but what the object owns goes first, and it is there until that is gone.
    #[must_use]
    pub fn dependents_first(mut self) -> Self {
        if let (Verb::Delete, Value::Object(options)) = (self.verb, &mut self.body) {
            options.insert("propagationPolicy".to_owned(), "Foreground".into());
        }
        self
    }

    fn call(&self) -> Call {
        let parameters = match (self.verb, self.dry_run) {
            (Verb::Delete, _) => &[][..],
            (_, true) => &[("dryRun", "All"), ("fieldManager", FIELD_MANAGER)],
            (_, false) => &[("fieldManager", FIELD_MANAGER)],
        };
        let (method, kind) = match self.verb {
            Verb::Patch(PatchType::Merge) => (Method::PATCH, "application/merge-patch+json"),
            Verb::Patch(PatchType::StrategicMerge) => (Method::PATCH, "application/strategic-merge-patch+json"),
            Verb::Patch(PatchType::Json) => (Method::PATCH, "application/json-patch+json"),
            Verb::Create => (Method::POST, JSON),
            Verb::Delete => (Method::DELETE, JSON),
        };
        let namespace = self.namespace.as_deref();
        let path = match self.verb {
            Verb::Create => self.resource.path(namespace),
            _ => self.resource.object_path(namespace, &self.name),
        };
        let body = self.body.to_string().into_bytes();
        Call { method, path: with_query(path, parameters), accept: JSON, body: Some((kind, body)) }
    }
}

fn set_version(body: &mut Map<String, Value>, field: &str, version: &str) {
    if let Value::Object(inside) = body.entry(field).or_insert_with(|| json!({})) {
        inside.insert("resourceVersion".to_owned(), version.into());
    }
}

/// Makes a change. Its warnings are told with it and not kept with those of the whole run.
pub(super) async fn write<T: DeserializeOwned>(
    transport: &Transport,
    change: &Change,
) -> Result<Written<T>, ClusterError> {
    let call = change.call();
    let answer = transport.send(&call).await?;
    let object = transport.decode(&call.path, &answer.body)?;
    Ok(Written { object, warnings: answer.warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespaces() -> Resource {
        Resource::built_in("ns").unwrap()
    }

    fn sent(change: &Change) -> (String, String, String) {
        let call = change.call();
        let (kind, body) = call.body.unwrap();
        (format!("{} {}", call.method, call.path), kind.to_owned(), String::from_utf8(body).unwrap())
    }

    #[test]
    fn changes_are_sent_as_the_server_reads_them() {
        let patch = Change::patch(&namespaces(), None, "a/b", PatchType::Merge, json!({"metadata": {"labels": {}}}));
        let (line, kind, body) = sent(&patch.dry_run().guarded("7"));
        assert_eq!(line, "PATCH /api/v1/namespaces/a%2Fb?dryRun=All&fieldManager=kubectl-secctx");
        assert_eq!(kind, "application/merge-patch+json");
        assert_eq!(body, r#"{"metadata":{"labels":{},"resourceVersion":"7"}}"#);

        let pods = Resource::built_in("po").unwrap();
        let (line, kind, _) = sent(&Change::create(&pods, Some("shop"), json!({"metadata": {"name": "a"}})));
        assert_eq!(line, "POST /api/v1/namespaces/shop/pods?fieldManager=kubectl-secctx");
        assert_eq!(kind, "application/json");
        let (line, _, body) = sent(&Change::delete(&pods, Some("shop"), "a").guarded("7").dry_run());
        assert_eq!(line, "DELETE /api/v1/namespaces/shop/pods/a");
        assert!(body.ends_with(r#""preconditions":{"resourceVersion":"7"},"dryRun":["All"]}"#), "{body}");
        let (_, _, body) = sent(&Change::delete(&pods, Some("shop"), "a").dependents_first());
        assert!(body.ends_with(r#","propagationPolicy":"Foreground"}"#), "{body}");
    }

    #[test]
    fn a_json_patch_is_guarded_by_the_version_it_writes() {
        let patch = Change::patch(&namespaces(), None, "a", PatchType::Json, json!([{"op": "remove", "path": "/x"}]));
        let (_, kind, body) = sent(&patch.guarded("7"));
        assert_eq!(kind, "application/json-patch+json");
        let first = r#"[{"op":"replace","path":"/metadata/resourceVersion","value":"7"},{"op":"remove""#;
        assert!(body.starts_with(first), "{body}");
    }
}
