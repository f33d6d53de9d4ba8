//! Which types of objects a server has.
//!
//! Servers since v1.26 tell everything in two answers. Older ones are asked group by group.

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::error::{ClusterError, ErrorKind};
use super::resource::{Resource, TypeName};
use super::transport::{JSON, Transport};

/// What to ask for: everything in one answer, in either version of that form, else the old form.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                          application/json";

/// Requests of old servers' groups in flight at once.
const PARALLEL: usize = 6;

/// All types of objects of a server.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// In the server's order: of several groups or versions with the same type the first is the preferred one.
    resources: Vec<Resource>,
    /// Groups whose types could not be had, with the reason. The types of the others are complete.
    pub problems: Vec<ClusterError>,
}

impl Discovery {
    /// Every type, once per version.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The type that a user's `TYPE`, `TYPE.GROUP` or `TYPE.VERSION.GROUP` names, as kubectl finds it.
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub fn resolve(&self, name: &str) -> Result<&Resource, ClusterError> {
        let asked = TypeName::parse(name);
        let first = |fits: &dyn Fn(&Resource) -> bool| self.resources.iter().find(|resource| fits(resource));
        first(&|resource| asked.is_versioned(resource))
            .or_else(|| first(&|resource| asked.is_exactly(resource)))
            .or_else(|| first(&|resource| asked.is_nearly(resource)))
            .ok_or_else(|| {
                ClusterError::new(ErrorKind::UnknownType, format!("the server has no resource type {name:?}"))
            })
    }

    /// The types in a category, such as `all`, in their preferred versions.
    pub fn category<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.preferred().filter(move |resource| resource.categories.iter().any(|category| category == name))
    }

    /// The namespaced types that Kubernetes does not define and that can be listed, in their preferred versions: any of
    /// them may hold a pod template somewhere.
    pub fn custom(&self) -> impl Iterator<Item = &Resource> {
        self.preferred().filter(|resource| resource.namespaced && resource.listable && !resource.is_built_in())
    }

    /// Every type once.
    fn preferred(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().enumerate().filter_map(|(i, resource)| {
            let same = |other: &Resource| other.group == resource.group && other.plural == resource.plural;
            (!self.resources.iter().take(i).any(same)).then_some(resource)
        })
    }
}

/// Asks the server for all its types.
pub(super) async fn discover(transport: &Transport) -> Result<Discovery, ClusterError> {
    let (core, groups) =
        join(transport.get::<Root>("/api", AGGREGATED), transport.get::<Root>("/apis", AGGREGATED)).await;
    let mut discovery = Discovery::default();
    match core? {
        Root { items: Some(items), .. } => discovery.add(items),
        Root { versions, .. } => {
            let versions = Root::told(transport, "/api", versions)?;
            let paths = versions.iter().map(|version| format!("/api/{version}")).collect();
            discovery.ask(transport, paths).await?;
        }
    }
    match groups? {
        Root { items: Some(items), .. } => discovery.add(items),
        Root { groups, .. } => {
            let groups = Root::told(transport, "/apis", groups)?;
            let paths = groups.iter().flat_map(OldGroup::paths).collect();
            discovery.ask(transport, paths).await?;
        }
    }
    Ok(discovery)
}

impl Discovery {
    /// Adds what an aggregated answer tells.
    fn add(&mut self, groups: Vec<Group>) {
        for group in groups {
            let name = group.metadata.name;
            for version in group.versions {
                if version.freshness == "Stale" {
                    let group_version = if name.is_empty() { "" } else { "/" };
                    let message = format!(
                        "the server cannot reach its API {name}{group_version}{}: its types may be missing",
                        version.version
                    );
                    self.problems.push(ClusterError::new(ErrorKind::Server, message));
                }
                for entry in version.resources {
                    self.resources.extend(entry.into_resource(&name, &version.version));
                }
            }
        }
    }

    /// Asks an old server for each of its groups and versions. One that fails does not end the others.
    async fn ask(&mut self, transport: &Transport, paths: Vec<String>) -> Result<(), ClusterError> {
        let answers = paths.iter().map(|path| transport.get::<OldResources>(path, JSON));
        let answers: Vec<_> = stream::iter(answers).buffered(PARALLEL).collect().await;
        for answer in answers {
            match answer {
                Ok(list) => self.resources.extend(list.into_resources()),
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => self.problems.push(error),
            }
        }
        Ok(())
    }
}

/// The answer to `/api` or `/apis`: `items` in the new form, `versions` or `groups` in the old.
#[derive(Deserialize)]
struct Root {
    items: Option<Vec<Group>>,
    versions: Option<Vec<String>>,
    groups: Option<Vec<OldGroup>>,
}

impl Root {
    /// What the old form tells. An answer in neither form is none: a proxy's `{}` must not pass for a server without types.
    fn told<T>(transport: &Transport, path: &str, told: Option<Vec<T>>) -> Result<Vec<T>, ClusterError> {
        told.ok_or_else(|| {
            let message = format!("the answer of the server {} to {path} does not tell its types", transport.server());
            ClusterError::new(ErrorKind::Answer, message)
        })
    }
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Meta,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
    #[serde(default)]
    freshness: String,
    #[serde(default)]
    resources: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    resource: String,
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    kind: String,
}

impl Entry {
    /// `None` for a type that exists only through its subresources.
    fn into_resource(self, group: &str, version: &str) -> Option<Resource> {
        let kind = self.response_kind.map(|kind| kind.kind).filter(|kind| !kind.is_empty())?;
        Some(Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            singular: singular(self.singular_resource, &kind),
            plural: self.resource,
            kind,
            short_names: self.short_names,
            categories: self.categories,
            namespaced: self.scope == "Namespaced",
            listable: self.verbs.iter().any(|verb| verb == "list"),
        })
    }
}

fn singular(told: String, kind: &str) -> String {
    if told.is_empty() { kind.to_ascii_lowercase() } else { told }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldGroup {
    versions: Vec<OldVersion>,
    preferred_version: Option<OldVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldVersion {
    group_version: String,
}

impl OldGroup {
    /// The paths of the group's versions, the preferred one first.
    fn paths(&self) -> Vec<String> {
        let preferred = self.preferred_version.as_ref().map(|version| version.group_version.as_str());
        let others = self.versions.iter().map(|version| version.group_version.as_str());
        let ordered = preferred.into_iter().chain(others.filter(|version| Some(*version) != preferred));
        ordered.map(|version| format!("/apis/{version}")).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldResources {
    group_version: String,
    #[serde(default)]
    resources: Vec<OldEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldEntry {
    name: String,
    kind: String,
    #[serde(default)]
    singular_name: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

impl OldResources {
    fn into_resources(self) -> impl Iterator<Item = Resource> {
        let (group, version) = match self.group_version.split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), self.group_version),
        };
        // Names with a slash are subresources.
        self.resources.into_iter().filter(|entry| !entry.name.contains('/')).map(move |entry| Resource {
            group: group.clone(),
            version: version.clone(),
            singular: singular(entry.singular_name, &entry.kind),
            plural: entry.name,
            kind: entry.kind,
            short_names: entry.short_names,
            categories: entry.categories,
            namespaced: entry.namespaced,
            listable: entry.verbs.iter().any(|verb| verb == "list"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(group: &str, version: &str, plural: &str, kind: &str) -> Resource {
        Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_ascii_lowercase(),
            kind: kind.to_owned(),
            short_names: Vec::new(),
            categories: vec!["all".to_owned()],
            namespaced: true,
            listable: true,
        }
    }

    fn sample() -> Discovery {
        let resources = vec![
            resource("", "v1", "services", "Service"),
            resource("serving.knative.dev", "v1", "services", "Service"),
            resource("example.com", "v2", "rollouts", "Rollout"),
            resource("example.com", "v1", "rollouts", "Rollout"),
        ];
        Discovery { resources, problems: Vec::new() }
    }

    #[test]
    fn types_are_found_as_kubectl_finds_them() {
        let discovery = sample();
        let found = |name: &str| discovery.resolve(name).map(|found| (found.api_version(), found.plural.clone()));
        for (name, api_version) in [
            ("services", "v1"),
            ("Service", "v1"),
            ("service.v1.", "v1"),
            ("services.serving.knative.dev", "serving.knative.dev/v1"),
            ("services.serving", "serving.knative.dev/v1"),
            ("services.v1.serving.knative.dev", "serving.knative.dev/v1"),
            ("rollout", "example.com/v2"),
            ("rollouts.v1.example.com", "example.com/v1"),
            ("ROLLOUTS.example", "example.com/v2"),
        ] {
            assert_eq!(found(name).map(|found| found.0).ok().as_deref(), Some(api_version), "{name}");
        }
        let error = discovery.resolve("rollouts.v3.example.com").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownType);
        assert_eq!(error.to_string(), r#"the server has no resource type "rollouts.v3.example.com""#);
    }

    #[test]
    fn sets_hold_each_type_once() {
        let discovery = sample();
        let custom: Vec<_> = discovery.custom().map(Resource::full_name).collect();
        assert_eq!(custom, ["services.serving.knative.dev", "rollouts.example.com"]);
        assert_eq!(discovery.category("all").count(), 3);
        assert_eq!(discovery.category("none").count(), 0);
    }
}
