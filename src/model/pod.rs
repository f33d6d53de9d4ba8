//! The part of a pod that Pod Security admission looks at, as plain data.
//!
//! Field names and meanings are those of `k8s.io/api/core/v1`. A JSON `null` means the same as an absent field, also
//! as an element of a list, as Go's decoder has it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::FieldPath;
use super::annotations::profiles;
use super::volume::Volume;

/// A pod, or the template of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Name and annotations of the pod, not of the workload around it.
    #[serde(deserialize_with = "nullable")]
    pub metadata: Metadata,
    /// The pod's specification.
    #[serde(deserialize_with = "nullable")]
    pub spec: PodSpec,
}

/// `ObjectMeta`, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Annotations that carry seccomp and AppArmor profiles, as they did before v1.19 and v1.30; no others.
    #[serde(deserialize_with = "profiles")]
    pub annotations: BTreeMap<String, String>,
}

/// `PodSpec`, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSpec {
    /// Containers that run before the others.
    #[serde(deserialize_with = "nullable_list")]
    pub init_containers: Vec<Container>,
    /// The regular containers.
    #[serde(deserialize_with = "nullable_list")]
    pub containers: Vec<Container>,
    /// Debug containers added to a running pod.
    #[serde(deserialize_with = "nullable_list")]
    pub ephemeral_containers: Vec<Container>,
    /// Volumes of the pod.
    #[serde(deserialize_with = "nullable_list")]
    pub volumes: Vec<Volume>,
    /// Pod-level defaults of the containers' security contexts.
    pub security_context: Option<Box<PodSecurityContext>>,
    /// Shares the node's network.
    pub host_network: Option<bool>,
    /// Shares the node's process IDs.
    #[serde(rename = "hostPID")]
    pub host_pid: Option<bool>,
    /// Shares the node's IPC namespace.
    #[serde(rename = "hostIPC")]
    pub host_ipc: Option<bool>,
    /// `false` gives the pod a user namespace of its own.
    pub host_users: Option<bool>,
    /// The operating system the pod is for.
    pub os: Option<PodOs>,
    /// The runtime class, which an admission configuration may exempt.
    pub runtime_class_name: Option<String>,
}

/// `PodOS`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct PodOs {
    /// `linux` or `windows`.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
}

/// `Container` and `EphemeralContainerCommon`, as far as they count here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// Its name.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    /// Its ports.
    #[serde(deserialize_with = "nullable_list")]
    pub ports: Vec<ContainerPort>,
    /// Its security context.
    pub security_context: Option<Box<SecurityContext>>,
    /// Restarts it when it fails.
    pub liveness_probe: Option<Box<Probe>>,
    /// Takes it out of services when it fails.
    pub readiness_probe: Option<Box<Probe>>,
    /// Holds back the other probes until it succeeds.
    pub startup_probe: Option<Box<Probe>>,
    /// Hooks after start and before stop.
    pub lifecycle: Option<Box<Lifecycle>>,
}

/// `ContainerPort`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerPort {
    /// Port in the pod, 0 when not set.
    #[serde(deserialize_with = "nullable")]
    pub container_port: i32,
    /// Port on the node, 0 when not set.
    #[serde(deserialize_with = "nullable")]
    pub host_port: i32,
}

/// `Probe`, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Probe {
    /// An HTTP request.
    pub http_get: Option<HostAction>,
    /// A TCP connection.
    pub tcp_socket: Option<HostAction>,
}

/// `Lifecycle`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Lifecycle {
    /// Called right after the container started.
    pub post_start: Option<Handler>,
    /// Called before the container is stopped.
    pub pre_stop: Option<Handler>,
}

/// `LifecycleHandler`, as far as it counts here.
pub type Handler = Probe;

/// The `host` of an `HTTPGetAction` or a `TCPSocketAction`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct HostAction {
    /// Host to connect to instead of the pod itself; empty when not set.
    #[serde(deserialize_with = "nullable")]
    pub host: String,
}

/// `SecurityContext` of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SecurityContext {
    /// Full access to the node.
    pub privileged: Option<bool>,
    /// May gain more privileges than its parent process.
    pub allow_privilege_escalation: Option<bool>,
    /// Must not start as root.
    pub run_as_non_root: Option<bool>,
    /// User ID.
    pub run_as_user: Option<i64>,
    /// Kind of `/proc` mount.
    pub proc_mount: Option<String>,
    /// Linux capabilities added and dropped.
    pub capabilities: Option<Box<Capabilities>>,
    /// SELinux label.
    pub se_linux_options: Option<Box<SeLinuxOptions>>,
    /// Seccomp profile.
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// AppArmor profile.
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
    /// Windows settings.
    pub windows_options: Option<WindowsOptions>,
}

/// `PodSecurityContext`, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSecurityContext {
    /// Containers must not start as root.
    pub run_as_non_root: Option<bool>,
    /// User ID of the containers.
    pub run_as_user: Option<i64>,
    /// SELinux label.
    pub se_linux_options: Option<Box<SeLinuxOptions>>,
    /// Seccomp profile.
    pub seccomp_profile: Option<Box<SeccompProfile>>,
    /// AppArmor profile.
    pub app_armor_profile: Option<Box<AppArmorProfile>>,
    /// Windows settings.
    pub windows_options: Option<WindowsOptions>,
    /// Kernel parameters of the pod.
    #[serde(deserialize_with = "nullable_list")]
    pub sysctls: Vec<Sysctl>,
}

/// `Capabilities`; names as written, without `CAP_`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Capabilities given on top of the runtime's default.
    #[serde(deserialize_with = "nullable_list")]
    pub add: Vec<String>,
    /// Capabilities taken away.
    #[serde(deserialize_with = "nullable_list")]
    pub drop: Vec<String>,
}

/// `SELinuxOptions`; empty strings where not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct SeLinuxOptions {
    /// SELinux user.
    #[serde(deserialize_with = "nullable")]
    pub user: String,
    /// SELinux role.
    #[serde(deserialize_with = "nullable")]
    pub role: String,
    /// SELinux type.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub type_: String,
}

/// `SeccompProfile`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SeccompProfile {
    /// `RuntimeDefault`, `Localhost` or `Unconfined`; empty when not set.
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub type_: String,
    /// File on the node, with `Localhost` only.
    pub localhost_profile: Option<String>,
}

/// `AppArmorProfile`; its shape is that of a seccomp profile.
pub type AppArmorProfile = SeccompProfile;

/// `WindowsSecurityContextOptions`, as far as it counts here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WindowsOptions {
    /// Runs on the node itself.
    pub host_process: Option<bool>,
}

/// `Sysctl`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(default)]
pub struct Sysctl {
    /// Name of the kernel parameter, with dots.
    #[serde(deserialize_with = "nullable")]
    pub name: String,
}

/// Which of a pod's three lists a container is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// `spec.initContainers`.
    Init,
    /// `spec.containers`.
    Regular,
    /// `spec.ephemeralContainers`.
    Ephemeral,
}

impl ContainerKind {
    /// All lists, in the order in which admission visits them.
    pub const ALL: [Self; 3] = [Self::Init, Self::Regular, Self::Ephemeral];

    /// The list's field name.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container with the place it has in its pod.
#[derive(Debug, Clone, Copy)]
pub struct PlacedContainer<'a> {
    /// Which list.
    pub kind: ContainerKind,
    /// Position in that list, from 0.
    pub index: usize,
    /// The container itself.
    pub container: &'a Container,
}

impl PlacedContainer<'_> {
    /// `spec.containers[1]` and so on.
    #[must_use]
    pub fn path(&self) -> FieldPath {
        FieldPath::fields(&["spec", self.kind.field()]).index(self.index)
    }
}

impl std::ops::Deref for PlacedContainer<'_> {
    type Target = Container;

    fn deref(&self) -> &Container {
        self.container
    }
}

impl PodSpec {
    /// Init, regular, ephemeral containers: the order in which admission visits them and lists them in its messages.
    pub fn all_containers(&self) -> impl Iterator<Item = PlacedContainer<'_>> + Clone {
        let placed = |kind| move |(index, container)| PlacedContainer { kind, index, container };
        ContainerKind::ALL.into_iter().flat_map(move |kind| self.list(kind).iter().enumerate().map(placed(kind)))
    }

    /// The container at a position of a list.
    #[must_use]
    pub fn container(&self, kind: ContainerKind, index: usize) -> Option<PlacedContainer<'_>> {
        self.list(kind).get(index).map(|container| PlacedContainer { kind, index, container })
    }

    /// The containers by name; of several with one name the first.
    #[must_use]
    pub fn containers_by_name(&self) -> HashMap<&str, PlacedContainer<'_>> {
        let mut by_name = HashMap::new();
        for placed in self.all_containers() {
            by_name.entry(placed.container.name.as_str()).or_insert(placed);
        }
        by_name
    }

    fn list(&self, kind: ContainerKind) -> &[Container] {
        match kind {
            ContainerKind::Init => &self.init_containers,
            ContainerKind::Regular => &self.containers,
            ContainerKind::Ephemeral => &self.ephemeral_containers,
        }
    }

    /// Whether the pod says it is for Windows (`spec.os.name`); only then do restricted checks let Linux fields off.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| os.name == "windows")
    }

    /// Whether the pod has a user namespace of its own, which relaxes some checks from v1.35 on.
    #[must_use]
    pub fn has_user_namespace(&self) -> bool {
        self.host_users == Some(false)
    }
}

/// Reads `null` as the type's default.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `null` as an empty list, and `null` elements as the element's default.
fn nullable_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    deserializer.deserialize_option(NullableList(PhantomData))
}

/// Makes room for as many items as are announced: who announces some has them all in memory already.
struct NullableList<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for NullableList<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(item) = items.next_element::<Option<T>>()? {
            list.push(item.unwrap_or_default());
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_means_absent_everywhere() {
        let text = r#"{"metadata":{"annotations":null},"spec":{"hostNetwork":null,"containers":[null,{"name":null,
            "ports":null,"securityContext":null}],"volumes":[{"name":"v","hostPath":null,"emptyDir":{}}]}}"#;
        let pod: PodTemplate = serde_json::from_str(text).expect("nulls are fine");
        assert_eq!(pod.metadata, Metadata::default());
        assert_eq!(pod.spec.containers, vec![Container::default(); 2]);
        assert_eq!(pod.spec.volumes[0].sources, ["emptyDir"]);
        assert_eq!(pod.spec.host_network, None);
    }

    #[test]
    fn containers_come_in_the_servers_order() {
        let text = r#"{"spec":{"containers":[{"name":"c"}],"ephemeralContainers":[{"name":"e"}],"initContainers":[{"name":"i"}]}}"#;
        let pod: PodTemplate = serde_json::from_str(text).expect("valid");
        let seen: Vec<_> = pod.spec.all_containers().map(|c| (c.name.clone(), c.path().to_string())).collect();
        let expected =
            [("i", "spec.initContainers[0]"), ("c", "spec.containers[0]"), ("e", "spec.ephemeralContainers[0]")];
        assert_eq!(seen, expected.map(|(name, path)| (name.to_owned(), path.to_owned())));
    }

    #[test]
    fn a_quoted_boolean_is_not_a_boolean() {
        let text = r#"{"spec":{"containers":[{"securityContext":{"runAsNonRoot":"true"}}]}}"#;
        assert!(serde_json::from_str::<PodTemplate>(text).is_err());
    }
}
