//! Tags: what a scalar must be, whatever it looks like.

use std::collections::HashMap;

use base64::Engine;

use super::problem::{Problem, shown};
use super::scalar::{self, Scalar};
use super::scanner::{Scan, Token};
use super::timestamp;

const CORE: &str = "tag:yaml.org,2002:";

/// What the directives before a document say about tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    has_version: bool,
    /// Prefixes by handle.
    prefixes: HashMap<String, String>,
}

impl Tags {
    /// A `%YAML` directive.
    pub(super) fn version(&mut self, token: &Token) -> Scan<()> {
        if std::mem::replace(&mut self.has_version, true) {
            return Err(Problem::new(token.start as usize, "there is a second %YAML directive"));
        }
        Ok(())
    }

    /// A `%TAG` directive.
    pub(super) fn define(&mut self, token: &Token, handle: String, prefix: String) -> Scan<()> {
        if self.prefixes.insert(handle, prefix).is_some() {
            return Err(Problem::new(token.start as usize, "there is a second %TAG directive for this handle"));
        }
        Ok(())
    }

    pub(super) fn resolve(&self, token: &Token, handle: &str, suffix: String) -> Scan<Tag> {
        let prefix = match (self.prefixes.get(handle).map(String::as_str), handle) {
            (Some(prefix), _) => prefix,
            (None, "") => "",
            (None, "!") => "!",
            (None, "!!") => CORE,
            (None, _) => {
                let message = format!("unknown tag handle {}: no %TAG directive defines it", shown(handle));
                return Err(Problem::new(token.start as usize, message));
            }
        };
        Ok(Tag::of(&(prefix.to_owned() + &suffix)))
    }
}

/// A tag, as far as it means anything to kubectl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Timestamp,
    Binary,
    Merge,
    /// `!` alone.
    NonSpecific,
    /// `!!str`, and any tag that nobody knows.
    String,
}

/// What a tag makes of a scalar.
#[derive(Debug, PartialEq)]
pub(super) enum Tagged {
    Scalar(Scalar),
    /// A string that was encoded.
    Decoded(String),
}

impl Tag {
    fn of(tag: &str) -> Self {
        if tag == "!" {
            return Self::NonSpecific;
        }
        match tag.strip_prefix(CORE) {
            Some("null") => Self::Null,
            Some("bool") => Self::Bool,
            Some("int") => Self::Int,
            Some("float") => Self::Float,
            Some("timestamp") => Self::Timestamp,
            Some("binary") => Self::Binary,
            Some("merge") => Self::Merge,
            _ => Self::String,
        }
    }

    /// Whether `<<` with this tag is a merge key, quoted or not.
    pub(super) fn is_of_merge_key(self) -> bool {
        matches!(self, Self::Merge | Self::NonSpecific)
    }

    /// What a scalar with this tag is, quoted or not; an error message where it cannot be that.
    pub(super) fn apply(self, text: &str) -> Result<Tagged, String> {
        let name = match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Timestamp if timestamp::is_timestamp(text) => return Ok(Tagged::Scalar(Scalar::String)),
            Self::Timestamp => "timestamp",
            Self::Binary => return base64(text).map(Tagged::Decoded),
            Self::Merge | Self::NonSpecific | Self::String => return Ok(Tagged::Scalar(Scalar::String)),
        };
        match (self, scalar::resolve(text)) {
            (Self::Null, value @ Scalar::Null)
            | (Self::Bool, value @ Scalar::Bool(_))
            | (Self::Int, value @ (Scalar::Int(_) | Scalar::Uint(_)))
            | (Self::Float, value @ Scalar::Float(_)) => Ok(Tagged::Scalar(value)),
            #[expect(clippy::cast_precision_loss, reason = "goyaml converts alike")]
            (Self::Float, Scalar::Int(value)) => Ok(Tagged::Scalar(Scalar::Float(value as f64))),
            _ => Err(format!("{} is no !!{name}", shown(text))),
        }
    }
}

/// Standard base64 with padding; line breaks are skipped, as in Go's decoder.
fn base64(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(digits)
        .map_err(|_| "a !!binary value must be base64 with padding".to_owned())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use crate::yaml::testing::{assert_read, assert_refused};

    // Expected values: kubectl 1.37 (go.yaml.in/yaml/v2 2.4.4, sigs.k8s.io/yaml 1.6.0).
    #[test]
    fn tags_say_what_a_scalar_is() {
        assert_read(&[
            ("!!int \"3\"", "3"),
            ("!!float 3", "3"),
            ("!!float .5", "0.5"),
            ("!!bool \"yes\"", "true"),
            ("!!null \"\"", "null"),
            ("!!str 1", "\"1\""),
            ("!!binary aGk=", "\"hi\""),
            ("!!binary \"aG\\nk=\"", "\"hi\""),
            ("!!timestamp 2001-12-14", "\"2001-12-14\""),
            ("!!str", "\"\""),
            ("!!null", "null"),
            ("!", "\"\""),
            ("!t", "\"\""),
            ("!!map {a: 1}", "{\"a\":1}"),
            ("!!seq 1", "\"1\""),
        ]);
    }

    #[test]
    fn scalars_that_do_not_fit_their_tag_are_refused() {
        assert_refused(&[
            ("!!int x", "1:7: \"x\" is no !!int"),
            ("!!null x", "1:8: \"x\" is no !!null"),
            ("!!binary x", "1:10: a !!binary value must be base64 with padding"),
            ("!!timestamp x", "1:13: \"x\" is no !!timestamp"),
            ("!!int", "1:6: \"\" is no !!int"),
            ("!!float 1e400", "1:9: \"1e400\" is no !!float"),
        ]);
    }
}
