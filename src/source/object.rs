//! The Kubernetes objects of a document: itself, or the items of the lists in it.

use crate::model::FieldPath;
use crate::yaml::{Document, Span, Value, ValueRef};

/// An object as it stands in a document.
#[derive(Debug, Clone)]
pub struct Object<'d> {
    /// The object.
    pub value: ValueRef<'d>,
    /// Where in the document it is; the root unless a list holds it.
    pub path: FieldPath,
    /// `apiVersion`; empty when missing.
    pub api_version: &'d str,
    /// `kind`; empty when missing.
    pub kind: &'d str,
    /// `metadata.name`, else `metadata.generateName`; may be empty.
    pub name: &'d str,
    /// `metadata.namespace`.
    pub namespace: Option<&'d str>,
}

/// Something in a document that is not an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnObject {
    /// Where it is.
    pub span: Span,
    /// What is wrong, a fragment in lower case.
    pub message: String,
}

/// How deep lists may hold lists.
const MAX_LISTS: usize = 8;

/// The objects of a document in order, those of `List`s and typed lists (`PodList`) one by one.
#[must_use]
pub fn objects<'d>(document: &'d Document<'d>) -> Vec<Result<Object<'d>, NotAnObject>> {
    let mut found = Vec::new();
    visit_objects(document, &mut |object| found.push(object));
    found
}

/// Takes what stands where an object should.
type Visit<'v, 'd> = &'v mut dyn FnMut(Result<Object<'d>, NotAnObject>);

/// Hands out [`objects`] one by one: a list may hold so many that all of them take more memory than their text.
pub fn visit_objects<'d>(document: &'d Document<'d>, visit: Visit<'_, 'd>) {
    if let Some(root) = document.root().filter(|root| !root.is_null()) {
        walk(root, &FieldPath::root(), ("", ""), 0, visit);
    }
}

/// `of_list` is the apiVersion and kind that an item has if it does not say so itself: typed lists leave them out.
fn walk<'d>(value: ValueRef<'d>, path: &FieldPath, of_list: (&'d str, &'d str), depth: usize, visit: Visit<'_, 'd>) {
    if value.get() != Value::Mapping {
        let place = if path.segments().is_empty() { String::new() } else { format!("{path}: ") };
        let message = format!("{place}expected an object with apiVersion and kind, found {}", describe(value));
        return visit(Err(NotAnObject { span: value.span(), message }));
    }
    let object = Object::new(value, path.clone(), of_list);
    match value.field("items") {
        Some(items) if object.is_list() && items.get() == Value::Sequence && depth < MAX_LISTS => {
            let of_list = object.of_items();
            for (index, item) in items.items().enumerate() {
                walk(item, &path.clone().field("items").index(index), of_list, depth + 1, visit);
            }
        }
        _ => visit(Ok(object)),
    }
}

fn describe(value: ValueRef<'_>) -> &'static str {
    match value.get() {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "a number",
        Value::String(_) => "text",
        Value::Sequence => "a list",
        Value::Mapping => "an object",
    }
}

impl<'d> Object<'d> {
    fn new(value: ValueRef<'d>, path: FieldPath, of_list: (&'d str, &'d str)) -> Self {
        let text = |from: ValueRef<'d>, key| from.field(key).and_then(ValueRef::as_str).filter(|text| !text.is_empty());
        let metadata = value.field("metadata");
        let of_metadata = |key| metadata.and_then(|metadata| text(metadata, key));
        Self {
            value,
            path,
            api_version: text(value, "apiVersion").unwrap_or(of_list.0),
            kind: text(value, "kind").unwrap_or(of_list.1),
            name: of_metadata("name").or_else(|| of_metadata("generateName")).unwrap_or_default(),
            namespace: of_metadata("namespace"),
        }
    }

    /// Whether this is a `List` or a typed list of Kubernetes' own kinds.
    fn is_list(&self) -> bool {
        self.kind.ends_with("List")
    }

    /// apiVersion and kind of a typed list's items.
    fn of_items(&self) -> (&'d str, &'d str) {
        match self.kind.strip_suffix("List") {
            Some(kind) if !kind.is_empty() => (self.api_version, kind),
            _ => ("", ""),
        }
    }

    /// The API group: empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'d str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::chunks;

    fn kinds(text: &str) -> Vec<String> {
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        objects(&document)
            .into_iter()
            .map(|object| match object {
                Ok(object) => format!("{} {}/{}", object.group(), object.kind, object.name),
                Err(error) => error.message,
            })
            .collect()
    }

    #[test]
    fn lists_are_opened() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- 1\n\
                    - apiVersion: apps/v1\n  kind: DeploymentList\n  items: [{metadata: {generateName: b-}}]\n";
        let wrong = "items[1]: expected an object with apiVersion and kind, found a number";
        assert_eq!(kinds(text), [" Pod/a", wrong, "apps Deployment/b-"]);
    }

    #[test]
    fn an_empty_document_holds_nothing() {
        assert_eq!(kinds("# only a comment\n"), Vec::<String>::new());
        assert_eq!(kinds("just text\n"), ["expected an object with apiVersion and kind, found text"]);
    }
}
