//! The annotations that carried profiles before there were fields for them: all that admission knows of a pod's annotations.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

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
        while let Some(Text(key)) = entries.next_key::<Text<ProfileKey>>()? {
            match key {
                Some(ProfileKey(key)) => {
                    profiles.insert(key, entries.next_value::<Option<String>>()?.unwrap_or_default());
                }
                // It must be a text too.
                None => {
                    entries.next_value::<Option<Text<Nothing>>>()?;
                }
            }
        }
        Ok(profiles)
    }
}

/// What is kept of a text, if anything.
struct Text<T>(Option<T>);

/// Something that is made of some texts.
trait OfText: Sized {
    fn of(text: &str) -> Option<Self>;
}

/// The key of an annotation that carries a profile.
struct ProfileKey(String);

impl OfText for ProfileKey {
    fn of(text: &str) -> Option<Self> {
        is_profile(text).then(|| Self(text.to_owned()))
    }
}

/// Of a text that nobody needs.
enum Nothing {}

impl OfText for Nothing {
    fn of(_: &str) -> Option<Self> {
        None
    }
}

impl<'de, T: OfText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: OfText> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
        Ok(Text(T::of(text)))
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
