//! Resource types, and those that are known without asking.

/// A type of object that a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core one.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// The plural, as in paths: `deployments`.
    pub plural: String,
    /// The singular: `deployment`.
    pub singular: String,
    /// The kind: `Deployment`.
    pub kind: String,
    /// Other names: `deploy`.
    pub short_names: Vec<String>,
    /// Names of sets of types that it is in: `all`.
    pub categories: Vec<String>,
    /// Whether objects of it are in namespaces.
    pub namespaced: bool,
    /// Whether objects of it can be listed.
    pub listable: bool,
}

/// Group, version, plural, singular, kind, short names, namespaced.
type Known = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static [&'static str], bool);

/// The types that check asks for again and again: they are the same on every server, so that no discovery is needed.
const KNOWN: &[Known] = &[
    ("", "v1", "pods", "pod", "Pod", &["po"], true),
    ("apps", "v1", "deployments", "deployment", "Deployment", &["deploy"], true),
    ("apps", "v1", "statefulsets", "statefulset", "StatefulSet", &["sts"], true),
    ("apps", "v1", "daemonsets", "daemonset", "DaemonSet", &["ds"], true),
    ("apps", "v1", "replicasets", "replicaset", "ReplicaSet", &["rs"], true),
    ("", "v1", "replicationcontrollers", "replicationcontroller", "ReplicationController", &["rc"], true),
    ("batch", "v1", "jobs", "job", "Job", &[], true),
    ("batch", "v1", "cronjobs", "cronjob", "CronJob", &["cj"], true),
    ("", "v1", "podtemplates", "podtemplate", "PodTemplate", &[], true),
    ("", "v1", "namespaces", "namespace", "Namespace", &["ns"], false),
    ("", "v1", "events", "event", "Event", &["ev"], true),
];

/// The groups that Kubernetes itself serves, and aggregated ones of its project. None of their types but those of
/// [`KNOWN`] holds a pod template.
const BUILT_IN_GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "custom.metrics.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "external.metrics.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

impl Resource {
    /// A type that every server has, by any of the names that kubectl takes, without asking the server.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let asked = TypeName::parse(name);
        KNOWN.iter().map(Self::known).find(|resource| asked.is_exactly(resource))
    }

    /// The types with pod templates that every server has, pods first.
    pub fn workloads() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(Self::known).filter(|resource| !matches!(resource.plural.as_str(), "namespaces" | "events"))
    }

    fn known((group, version, plural, singular, kind, short_names, namespaced): &Known) -> Self {
        Self {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            plural: (*plural).to_owned(),
            singular: (*singular).to_owned(),
            kind: (*kind).to_owned(),
            short_names: short_names.iter().map(|&name| name.to_owned()).collect(),
            categories: Vec::new(),
            namespaced: *namespaced,
            listable: true,
        }
    }

    /// `apps/v1`, as in `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, as in messages.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether Kubernetes itself defines it, not a custom resource definition or somebody's own API server.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        BUILT_IN_GROUPS.contains(&self.group.as_str())
    }

    /// The path of all objects, or of those in a namespace.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => {
                format!("/{root}/{}/namespaces/{}/{}", self.api_version(), escape(namespace), self.plural)
            }
            None => format!("/{root}/{}/{}", self.api_version(), self.plural),
        }
    }

    /// The path of one object.
    pub(super) fn object_path(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.path(namespace), escape(name))
    }
}

/// Escapes what is to be one part of a path or one value of a query.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A path with parameters.
pub(super) fn with_query(mut path: String, parameters: &[(&str, &str)]) -> String {
    for (i, (name, value)) in parameters.iter().enumerate() {
        path.push(if i == 0 { '?' } else { '&' });
        path.push_str(&format!("{name}={}", escape(value)));
    }
    path
}

/// `TYPE`, `TYPE.GROUP` or `TYPE.VERSION.GROUP` as a user wrote it.
pub(super) struct TypeName {
    name: String,
    /// What is after the first dot, which may be a group or a version and a group.
    rest: Option<String>,
}

impl TypeName {
    pub(super) fn parse(text: &str) -> Self {
        let (name, rest) = match text.split_once('.') {
            Some((name, rest)) => (name, Some(rest.to_owned())),
            None => (text, None),
        };
        Self { name: name.to_ascii_lowercase(), rest }
    }

    fn names(&self, resource: &Resource) -> bool {
        self.name == resource.plural
            || self.name == resource.singular
            || self.name == resource.kind.to_ascii_lowercase()
            || resource.short_names.contains(&self.name)
    }

    /// Version and group, where the text can be read like that: `v1.apps`, and `v1.` for the core group.
    fn versioned(&self) -> Option<(&str, &str)> {
        self.rest.as_deref()?.split_once('.')
    }

    /// Whether it names the type with version and group.
    pub(super) fn is_versioned(&self, resource: &Resource) -> bool {
        let fits = |(version, group): (&str, &str)| version == resource.version && group == resource.group;
        self.names(resource) && self.versioned().is_some_and(fits)
    }

    /// Whether it names the type, and its group where it names one.
    pub(super) fn is_exactly(&self, resource: &Resource) -> bool {
        let group_fits = self.rest.as_deref().is_none_or(|group| group == resource.group);
        (self.names(resource) && group_fits) || self.is_versioned(resource)
    }

    /// Whether it names the type, and the beginning of its group.
    pub(super) fn is_nearly(&self, resource: &Resource) -> bool {
        self.names(resource) && self.rest.as_deref().is_some_and(|group| resource.group.starts_with(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types_by_all_their_names() {
        for name in
            ["deploy", "deployment", "deployments", "Deployment", "DEPLOY", "deployments.apps", "deploy.v1.apps"]
        {
            assert_eq!(Resource::built_in(name).unwrap().kind, "Deployment", "{name}");
        }
        assert_eq!(Resource::built_in("po").unwrap().kind, "Pod");
        assert_eq!(Resource::built_in("pods.v1.").unwrap().kind, "Pod");
        for other in ["deploy.example.com", "deployments.v1beta1.apps", "pods.apps", "services", ""] {
            assert_eq!(Resource::built_in(other), None, "{other}");
        }
    }

    #[test]
    fn paths() {
        let deployments = Resource::built_in("deploy").unwrap();
        assert_eq!(deployments.path(None), "/apis/apps/v1/deployments");
        assert_eq!(deployments.path(Some("shop")), "/apis/apps/v1/namespaces/shop/deployments");
        assert_eq!(
            deployments.object_path(Some("a/b"), "../c?"),
            "/apis/apps/v1/namespaces/a%2Fb/deployments/..%2Fc%3F"
        );
        assert_eq!(Resource::built_in("ns").unwrap().object_path(Some("x"), "shop"), "/api/v1/namespaces/shop");
    }
}
