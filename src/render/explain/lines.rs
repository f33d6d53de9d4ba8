//! Lines to write into a manifest, as YAML: what the fixes of several findings set, put together.

use serde_json::{Map, Value, json};

use crate::checks;
use crate::explain::Part;
use crate::model::{FieldPath, Segment, Violation};
use crate::render::yaml::needs_quotes;

/// The object that the lines make, empty at first. Items of lists are told apart by their names.
#[derive(Debug, Default)]
pub(super) struct Lines(Map<String, Value>);

impl Lines {
    /// Adds what the fix of a finding sets; what it takes away has no lines.
    pub(super) fn add_violation(&mut self, violation: &Violation) {
        if violation.wanted.is_null() {
            return;
        }
        let Some(steps) = steps(&violation.path, violation.container.as_deref()) else { return };
        insert(&mut self.0, &steps, violation.wanted.clone());
    }

    /// Adds what the fix of a part of a message sets, for whoever the message names.
    pub(super) fn add_part(&mut self, part: &Part) {
        let Some(check) = checks::by_id(part.check).filter(|check| check.meaning.writes) else { return };
        let Ok(Value::Object(example)) = serde_yaml::from_str::<Value>(check.meaning.example) else { return };
        let Some(Value::Object(spec)) = example.get("spec") else { return };
        let fields = part.fields();
        let Some(context) = security_context(spec) else {
            let named = |name: &str| fields.iter().any(|field| field.rsplit('.').next() == Some(name));
            let wanted = spec.iter().filter(|(name, _)| named(name));
            wanted.for_each(|(name, value)| insert(&mut self.0, &[Step::key("spec"), Step::key(name)], value.clone()));
            return;
        };
        if part.check == "capabilities_restricted" && !fields.iter().any(|field| field.ends_with(".drop")) {
            return;
        }
        for holder in holders(part, spec) {
            let mut steps = vec![Step::key("spec")];
            steps.extend(holder);
            steps.push(Step::key("securityContext"));
            insert(&mut self.0, &steps, context.clone());
        }
    }

    /// The lines; empty where nothing was added.
    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        write_map(&self.0, 0, false, &mut text);
        text
    }
}

/// Where the securityContext belongs: with those who are named; without names, where the example has it.
fn holders(part: &Part, spec: &Map<String, Value>) -> Vec<Vec<Step>> {
    let subject = &part.subject;
    let of_container = |name: &str| vec![Step::key("containers"), Step::Item(name.to_owned())];
    let is_either = part.detail.starts_with("pod or ");
    let mut holders = Vec::new();
    if subject.pod {
        holders.push(Vec::new());
    }
    if !is_either {
        holders.extend(subject.containers.iter().map(|name| of_container(name)));
    }
    match (holders.is_empty(), subject.annotations, spec.contains_key("containers")) {
        (true, false, true) => holders.push(of_container("CONTAINER")),
        (true, false, false) => holders.push(Vec::new()),
        _ => {}
    }
    holders
}

/// The securityContext in an example, be it the pod's or its container's.
fn security_context(spec: &Map<String, Value>) -> Option<&Value> {
    let of_container = || spec.get("containers")?.get(0)?.get("securityContext");
    spec.get("securityContext").or_else(of_container)
}

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    /// The item of this name.
    Item(String),
}

impl Step {
    fn key(name: &str) -> Self {
        Self::Key(name.to_owned())
    }
}

/// A path with the names of containers for their positions; `None` where it leads into another list.
fn steps(path: &FieldPath, container: Option<&str>) -> Option<Vec<Step>> {
    path.segments()
        .iter()
        .map(|segment| match segment {
            Segment::Index(_) => container.map(|name| Step::Item(name.to_owned())),
            other => other.as_key().map(Step::key),
        })
        .collect::<Option<Vec<_>>>()
        .filter(|steps| steps.iter().filter(|step| matches!(step, Step::Item(_))).count() <= 1)
}

fn insert(map: &mut Map<String, Value>, steps: &[Step], value: Value) {
    let Some((Step::Key(key), rest)) = steps.split_first() else { return };
    match rest {
        [] => match map.get_mut(key) {
            Some(known) => merge(known, value),
            None => {
                map.insert(key.clone(), value);
            }
        },
        [Step::Item(name), rest @ ..] => {
            let items = map.entry(key.clone()).or_insert_with(|| json!([]));
            let Value::Array(items) = items else { return };
            let at = items.iter().position(|item| item.get("name").and_then(Value::as_str) == Some(name));
            let at = at.unwrap_or_else(|| {
                items.push(json!({ "name": name }));
                items.len() - 1
            });
            if let Some(Value::Object(item)) = items.get_mut(at) {
                insert(item, rest, value);
            }
        }
        rest => {
            let inner = map.entry(key.clone()).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn merge(known: &mut Value, value: Value) {
    match (known, value) {
        (Value::Object(known), Value::Object(value)) => {
            value.into_iter().for_each(|(key, value)| insert(known, &[Step::Key(key)], value));
        }
        (known, value) => *known = value,
    }
}

fn write_map(map: &Map<String, Value>, indent: usize, mut is_begun: bool, text: &mut String) {
    for (key, value) in map {
        if !std::mem::take(&mut is_begun) {
            text.push_str(&" ".repeat(indent));
        }
        text.push_str(&scalar(&Value::String(key.clone())));
        text.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                text.push('\n');
                write_map(inner, indent + 2, false, text);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push('\n');
                for item in items.iter().filter_map(Value::as_object) {
                    text.push_str(&" ".repeat(indent));
                    text.push_str("- ");
                    write_map(item, indent + 2, true, text);
                }
            }
            value => text.push_str(&format!(" {}\n", scalar(value))),
        }
    }
}

/// A value on one line, quoted where a plain text would be read as something else.
fn scalar(value: &Value) -> String {
    let is_plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
            && !needs_quotes(text)
    };
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::read;

    fn of_message(text: &str) -> String {
        let mut lines = Lines::default();
        let pasted = read(text);
        pasted.messages.iter().flat_map(|message| &message.parts).for_each(|part| lines.add_part(part));
        lines.into_text()
    }

    #[test]
    fn fixes_of_one_message_come_together() {
        let text = "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (containers \"a\", \
            \"on\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \
            \"a\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"a\" \
            must set securityContext.runAsNonRoot=true)";
        let expected = "spec:\n  containers:\n  - name: a\n    securityContext:\n      allowPrivilegeEscalation: false\n      \
            capabilities:\n        drop: [ALL]\n  - name: \"on\"\n    securityContext:\n      allowPrivilegeEscalation: false\n  \
            securityContext:\n    runAsNonRoot: true\n";
        assert_eq!(of_message(text), expected);
    }

    #[test]
    fn only_what_is_named_and_only_what_is_set() {
        assert_eq!(
            of_message("host namespaces (hostPID=true), hostPort (container \"a\" uses hostPort 80)"),
            "spec:\n  hostPID: false\n"
        );
        let own = "runAsNonRoot != true (container \"a\" must not set securityContext.runAsNonRoot=false)";
        assert_eq!(
            of_message(own),
            "spec:\n  containers:\n  - name: a\n    securityContext:\n      runAsNonRoot: true\n"
        );
        assert_eq!(
            of_message("allowPrivilegeEscalation != false"),
            "spec:\n  containers:\n  - name: CONTAINER\n    securityContext:\n      allowPrivilegeEscalation: false\n"
        );
    }

    #[test]
    fn violations_become_lines_at_their_paths() {
        let mut lines = Lines::default();
        let path = FieldPath::fields(&["spec", "template", "spec", "containers"]).index(1).field("securityContext");
        let violation = |name, wanted: Value| Violation {
            path: path.clone().field(name),
            container: Some("web".to_owned()),
            actual: Value::Null,
            wanted,
        };
        lines.add_violation(&violation("privileged", json!(false)));
        lines.add_violation(&violation("runAsUser", Value::Null));
        let expected = "spec:\n  template:\n    spec:\n      containers:\n      - name: web\n        securityContext:\n          privileged: false\n";
        assert_eq!(lines.into_text(), expected);
    }
}
