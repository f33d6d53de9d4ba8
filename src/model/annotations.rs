//! The annotations that carried profiles before there were fields for them: all that admission knows of a pod's annotations.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// What keys begin with that give a container its AppArmor profile, which had no field before v1.30; its name follows.
pub const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// What keys begin with that give a container its seccomp profile, which had no field before v1.19; its name follows.
pub const SECCOMP_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// The key that gives a pod its seccomp profile.
pub const SECCOMP_ANNOTATION_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";

fn is_profile(key: &str) -> bool {
    key.starts_with(APP_ARMOR_ANNOTATION) || key.starts_with(SECCOMP_ANNOTATION) || key == SECCOMP_ANNOTATION_OF_POD
}

/// Reads annotations, of which only those that carry profiles are kept; `null` as an empty map, and `null` values as empty
/// strings.
pub(super) fn profiles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_option(Profiles)
}

struct Profiles;

impl<'de> Visitor<'de> for Profiles {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut profiles = BTreeMap::new();
        while let Some(key) = entries.next_key_seed(TextIf(is_profile))? {
            // A value must be a text even where nobody needs it.
            let wanted: fn(&str) -> bool = if key.is_some() { |_| true } else { |_| false };
            let value = entries.next_value_seed(TextIf(wanted))?;
            profiles.extend(key.map(|key| (key, value.unwrap_or_default())));
        }
        Ok(profiles)
    }
}

/// A text, or `null`: kept where it is of use.
struct TextIf(fn(&str) -> bool);

impl<'de> DeserializeSeed<'de> for TextIf {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for TextIf {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((self.0)(text).then(|| text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Metadata;

    fn read(json: &str) -> Result<Vec<(String, String)>, String> {
        let read = serde_json::from_str::<Metadata>(json);
        read.map(|read| read.annotations.into_iter().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_profiles_are_kept() {
        let of_pod = r#""seccomp.security.alpha.kubernetes.io/pod""#;
        let json = format!(
            r#"{{"annotations":{{"a":"b",{of_pod}:"x","container.seccomp.security.alpha.kubernetes.io/c":null,
            "\u0063ontainer.apparmor.security.beta.kubernetes.io/d":"\n","seccomp.security.alpha.kubernetes.io/pods":"y"}}}}"#
        );
        let kept =
            [(APP_ARMOR_ANNOTATION, "d", "\n"), (SECCOMP_ANNOTATION, "c", ""), (SECCOMP_ANNOTATION_OF_POD, "", "x")];
        let kept = kept.map(|(prefix, name, value)| (format!("{prefix}{name}"), value.to_owned()));
        assert_eq!(read(&json), Ok(kept.to_vec()));
        assert_eq!(read(r#"{"annotations":null}"#), Ok(vec![]));
        assert_eq!(read(r#"{"annotations":{"a":null}}"#), Ok(vec![]));
    }

    #[test]
    fn all_must_be_texts() {
        for wrong in ["1", "true", "[]", "{}"] {
            let error = read(&format!(r#"{{"annotations":{{"a":{wrong}}}}}"#)).unwrap_err();
            assert!(error.contains("expected a string"), "{error}");
        }
        assert!(read(r#"{"annotations":[]}"#).is_err());
    }
}
