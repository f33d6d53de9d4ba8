//! Volumes, as far as admission looks at them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::pod::nullable;

/// `HostPathVolumeSource`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// Path on the node.
    #[serde(deserialize_with = "nullable")]
    pub path: String,
}

/// `Volume`: its name and which sources are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Names out of [`VOLUME_SOURCES`] that are set, in the order they came. Valid pods have exactly one.
    pub sources: Vec<&'static str>,
    /// The `hostPath` source, where that is set.
    pub host_path: Option<HostPath>,
    /// What the one source says that is set and that some level forbids: its plain fields, by their JSON names.
    pub settings: BTreeMap<String, Setting>,
}

/// The value of a plain field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A string.
    Text(String),
    /// A boolean.
    Flag(bool),
    /// A whole number.
    Number(i64),
}

/// Sources that every level and version allows, out of [`VOLUME_SOURCES`]: nobody asks what they say.
pub const HARMLESS_SOURCES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Fields in which people put passwords: the address of a repository, the options of a driver.
const CONFIDENTIAL: &[&str] = &["repository", "options"];

/// JSON names of the volume sources of `k8s.io/api/core/v1` at v1.37. Any other field is dropped by the API server.
pub const VOLUME_SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

impl Volume {
    /// Whether the source of this JSON name is set.
    #[must_use]
    pub fn has(&self, source: &str) -> bool {
        self.sources.contains(&source)
    }
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Volume", VOLUME_SOURCES, VolumeVisitor)
    }
}

struct VolumeVisitor;

impl<'de> Visitor<'de> for VolumeVisitor {
    type Value = Volume;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a volume")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
        let mut volume = Volume::default();
        while let Some(key) = map.next_key::<String>()? {
            match VOLUME_SOURCES.iter().find(|known| **known == key) {
                Some(&"hostPath") => {
                    volume.host_path = map.next_value()?;
                    if volume.host_path.is_some() {
                        volume.sources.push("hostPath");
                    }
                }
                Some(source) if HARMLESS_SOURCES.contains(source) => {
                    if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        volume.sources.push(source);
                    }
                }
                Some(source) => match map.next_value_seed(Source)? {
                    None => {}
                    Some(node) => {
                        volume.sources.push(source);
                        if let Node::Fields(fields) = node {
                            volume.settings.extend(fields);
                        }
                    }
                },
                None if key == "name" => volume.name = map.next_value::<Option<String>>()?.unwrap_or_default(),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(volume)
    }
}

/// What stands at a field, as far as it is kept.
enum Node {
    Plain(Setting),
    Fields(BTreeMap<String, Setting>),
    Other,
}

/// Reads a source; none where there is `null`.
struct Source;

impl<'de> DeserializeSeed<'de> for Source {
    type Value = Option<Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Node>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Source {
    type Value = Option<Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a volume source")
    }

    fn visit_none<E>(self) -> Result<Option<Node>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<Node>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Node>, D::Error> {
        Look { is_source: true }.deserialize(deserializer).map(Some)
    }
}

/// Reads a node. Objects in a source are passed over unread, however deep they are.
#[derive(Clone, Copy)]
struct Look {
    /// Whether it is the source itself.
    is_source: bool,
}

impl<'de> DeserializeSeed<'de> for Look {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a volume source")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Plain(Setting::Text(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Plain(Setting::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Plain(Setting::Number(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::Other, |number| Node::Plain(Setting::Number(number))))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if !self.is_source || CONFIDENTIAL.contains(&name.as_str()) {
                map.next_value::<IgnoredAny>()?;
            } else if let Node::Plain(setting) = map.next_value_seed(Self { is_source: false })? {
                fields.insert(name, setting);
            }
        }
        Ok(Node::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_forbidden_source_says_is_kept_but_for_passwords() {
        let text = r#"[{"name":"a","nfs":{"server":"s","path":"/p","readOnly":true}},{"name":"b","gitRepo":
            {"repository":"https://user:password@host/repo","revision":"r"}},{"name":"c","flexVolume":{"driver":"d",
            "options":{"password":"p"}}},{"name":"d","secret":{"secretName":"s"}},{"name":"e","flocker":{}}]"#;
        let volumes: Vec<Volume> = serde_json::from_str(text).unwrap();
        let said: Vec<_> = volumes.iter().map(|volume| serde_json::to_string(&volume.settings).unwrap()).collect();
        assert_eq!(
            said,
            [r#"{"path":"/p","readOnly":true,"server":"s"}"#, r#"{"revision":"r"}"#, r#"{"driver":"d"}"#, "{}", "{}"]
        );
        assert!(volumes[4].has("flocker"));
    }
}
