//! What the unit tests here have in common.

use serde_json::Value;

use super::{Document, ValueRef, chunks};

/// The first document as JSON, or its error as `line:column: message`.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let chunks = chunks(text);
    let document = Document::parse(&chunks[0]).map_err(|error| format!("{}:{}: {error}", error.line, error.column))?;
    Ok(document.root().map_or(Value::Null, ValueRef::to_json))
}

/// Texts, and the JSON that kubectl makes of each.
pub(super) fn assert_read(cases: &[(&str, &str)]) {
    for (text, json) in cases {
        let expected: Value = serde_json::from_str(json).expect(json);
        assert_eq!(read(text), Ok(expected), "{text:?}");
    }
}

/// Texts that kubectl refuses, and the error here.
pub(super) fn assert_refused(cases: &[(&str, &str)]) {
    for (text, error) in cases {
        assert_eq!(read(text), Err((*error).to_owned()), "{text:?}");
    }
}
