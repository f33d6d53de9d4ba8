//! Values and places of edits in a few words.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::{FieldPath, Segment};
use crate::render::style::sanitize;
use crate::render::words;
use crate::render::yaml::needs_quotes;
use crate::report::harden::Hardened;

/// Values longer than this are cut.
const LONGEST: usize = 72;

/// A value as a person would write it into a manifest, on one line, safe to print.
pub(super) fn flow(value: &Value) -> String {
    let text = written(value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(key, value)| format!("{}: {}", sanitize(key), written(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => sanitize(&other.to_string()).into_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || "_-./*@+".contains(c);
    !text.is_empty() && text.chars().all(is_word) && !needs_quotes(text) && !text.starts_with(['*', '@', '-'])
}

/// Whom an edit is about: a container, a volume, or the pod; `template` is the path of the pod template in the object. Safe
/// to print.
pub(super) fn subject<'o>(
    template: &FieldPath,
    object: impl Fn() -> &'o Value,
    path: &FieldPath,
    container: Option<&str>,
) -> String {
    if let Some(container) = container {
        return sanitize(container).into_owned();
    }
    let depth = template.segments().len();
    let name = || {
        let item = path.head(depth + 3).find(object())?;
        Some(sanitize(item.get("name")?.as_str()?).into_owned())
    };
    // What is added has no name there yet.
    let named = match path.tail(depth).segments() {
        [Segment::Field("spec"), list, Segment::Index(_), ..] => match list.as_key() {
            Some("volumes") => name().map(|name| format!("volume {name}")),
            Some("containers" | "initContainers" | "ephemeralContainers") => name(),
            _ => None,
        },
        _ => None,
    };
    named.unwrap_or_else(|| "pod".to_owned())
}

/// The field of an edit, as seen from its subject.
pub(super) fn field<'p>(result: &Hardened, path: &'p FieldPath) -> Cow<'p, str> {
    sanitize(&words::label(path, &result.template)).into_owned().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_in_manifests() {
        let value = json!({"type": "RuntimeDefault", "drop": ["ALL"], "x": ["yes", "a b", 1, null, "0777"]});
        assert_eq!(flow(&value), r#"{type: RuntimeDefault, drop: [ALL], x: ["yes", "a b", 1, null, "0777"]}"#);
        assert_eq!(flow(&json!("\u{1b}x")), r#""\u001bx""#);
        assert_eq!(flow(&json!("a".repeat(100))).len(), LONGEST);
    }
}
