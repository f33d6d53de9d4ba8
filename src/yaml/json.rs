//! Lengths and positions in JSON streams and text.

use serde::de::IgnoredAny;

use super::Error;

/// Length in bytes of the JSON value that `text` starts with.
pub(super) fn value_length(text: &str) -> Result<usize, Error> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match stream.next() {
        Some(Ok(_)) => Ok(stream.byte_offset()),
        Some(Err(error)) => {
            let (line, column) = (error.line().max(1), error.column().max(1));
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            Err(Error { line, column, message: format!("invalid JSON: {message}") })
        }
        None => Ok(0),
    }
}

/// How many line feeds there are in `text`.
pub(super) fn newlines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// Where the line that contains `at` ends, its line feed included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |length| at + length + 1)
}

/// Column of `at` in its line, in characters, counted from 1.
pub(super) fn column(text: &str, at: usize) -> usize {
    let line = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |feed| feed + 1);
    text[line..at].chars().count() + 1
}
