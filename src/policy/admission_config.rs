//! The configuration of the PodSecurity admission plugin: default policies and exemptions.

use serde::Deserialize;

use super::{Level, NamespacePolicy, Policy, Version};

/// `PodSecurityConfiguration` of `pod-security.admission.config.k8s.io`, as it stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AdmissionConfig {
    api_version: Option<String>,
    kind: Option<String>,
    defaults: Option<Defaults>,
    exemptions: Option<Exemptions>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Defaults {
    enforce: Option<String>,
    enforce_version: Option<String>,
    audit: Option<String>,
    audit_version: Option<String>,
    warn: Option<String>,
    warn_version: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Exemptions {
    usernames: Option<Vec<String>>,
    namespaces: Option<Vec<String>>,
    runtime_classes: Option<Vec<String>>,
}

/// A value of the configuration that the API server would not start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {value:?}: {message}")]
pub struct AdmissionConfigError {
    /// Path of the field, as `defaults.enforce`.
    pub field: String,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub message: String,
}

/// Why the plugin would not look at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exemption {
    /// Its namespace is exempt.
    Namespace(String),
    /// Its pods' runtime class is exempt.
    RuntimeClass(String),
}

impl std::fmt::Display for Exemption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "namespace {name:?} is exempt"),
            Self::RuntimeClass(name) => write!(f, "runtime class {name:?} is exempt"),
        }
    }
}

impl AdmissionConfig {
    /// Group of the configuration's API versions.
    pub const GROUP: &'static str = "pod-security.admission.config.k8s.io";

    /// The policy of namespaces without labels: privileged and `latest` where the configuration says nothing.
    ///
    /// # Errors
    ///
    /// An API version or kind that is not this configuration's, or a level or version that does not exist.
    pub fn default_policy(&self) -> Result<NamespacePolicy, AdmissionConfigError> {
        self.check_type()?;
        let defaults = self.defaults.clone().unwrap_or_default();
        Ok(NamespacePolicy {
            enforce: policy("enforce", defaults.enforce.as_deref(), defaults.enforce_version.as_deref())?,
            audit: policy("audit", defaults.audit.as_deref(), defaults.audit_version.as_deref())?,
            warn: policy("warn", defaults.warn.as_deref(), defaults.warn_version.as_deref())?,
        })
    }

    fn check_type(&self) -> Result<(), AdmissionConfigError> {
        let wrong = |field: &str, value: &Option<String>, message: String| {
            Err(AdmissionConfigError { field: field.to_owned(), value: value.clone().unwrap_or_default(), message })
        };
        let version = self.api_version.as_deref().and_then(|is| is.strip_prefix(Self::GROUP)?.strip_prefix('/'));
        if !matches!(version, Some("v1" | "v1beta1" | "v1alpha1")) {
            return wrong("apiVersion", &self.api_version, format!("must be {}/v1", Self::GROUP));
        }
        if self.kind.as_deref() != Some("PodSecurityConfiguration") {
            return wrong("kind", &self.kind, "must be PodSecurityConfiguration".to_owned());
        }
        Ok(())
    }

    /// Why the plugin would pass over pods of this runtime class in this namespace; `None` when it would look.
    #[must_use]
    pub fn exemption(&self, namespace: &str, runtime_class: Option<&str>) -> Option<Exemption> {
        let exemptions = self.exemptions.as_ref()?;
        let names = |list: &Option<Vec<String>>, name: &str| list.iter().flatten().any(|exempt| exempt == name);
        if names(&exemptions.namespaces, namespace) {
            return Some(Exemption::Namespace(namespace.to_owned()));
        }
        let class = runtime_class.filter(|class| names(&exemptions.runtime_classes, class))?;
        Some(Exemption::RuntimeClass(class.to_owned()))
    }

    /// The configuration without these exemptions: that of a server that does not know them.
    #[must_use]
    pub fn without(&self, denied: &[Exemption]) -> Self {
        let mut config = self.clone();
        let Some(exemptions) = config.exemptions.as_mut() else { return config };
        for exemption in denied {
            let (list, name) = match exemption {
                Exemption::Namespace(name) => (&mut exemptions.namespaces, name),
                Exemption::RuntimeClass(name) => (&mut exemptions.runtime_classes, name),
            };
            list.iter_mut().for_each(|list| list.retain(|exempt| exempt != name));
        }
        config
    }

    /// Users whose requests are exempt. Files do not tell who will apply them, so these exempt nothing here.
    pub fn exempt_usernames(&self) -> impl Iterator<Item = &str> {
        self.exemptions.iter().flat_map(|exemptions| exemptions.usernames.iter().flatten()).map(String::as_str)
    }
}

fn policy(mode: &str, level: Option<&str>, version: Option<&str>) -> Result<Policy, AdmissionConfigError> {
    let wrong = |field: String, value: &str, message| AdmissionConfigError { field, value: value.to_owned(), message };
    let level = level.filter(|text| !text.is_empty()).map_or(Ok(Level::Privileged), |text| {
        text.parse().map_err(|message| wrong(format!("defaults.{mode}"), text, message))
    })?;
    let version = version.filter(|text| !text.is_empty()).map_or(Ok(Version::Latest), |text| {
        text.parse().map_err(|message| wrong(format!("defaults.{mode}-version"), text, message))
    })?;
    Ok(Policy { level, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> AdmissionConfig {
        let head = r#"{"apiVersion":"pod-security.admission.config.k8s.io/v1","kind":"PodSecurityConfiguration""#;
        serde_json::from_str(&format!("{head}{json}}}")).unwrap()
    }

    #[test]
    fn says_privileged_where_nothing_is_said() {
        let policy =
            config(r#","defaults":{"enforce":"baseline","enforce-version":"v1.30","warn":""}"#).default_policy();
        let policy = policy.unwrap();
        assert_eq!(policy.enforce.to_string(), "baseline:v1.30");
        assert_eq!(policy.warn.to_string(), "privileged:latest");
        assert_eq!(config("").default_policy(), Ok(NamespacePolicy::default()));
    }

    #[test]
    fn refuses_what_the_server_refuses() {
        let error = config(r#","defaults":{"enforce":"strict"}"#).default_policy().unwrap_err();
        assert_eq!(error.to_string(), "defaults.enforce: \"strict\": must be one of privileged, baseline, restricted");
        let other: AdmissionConfig = serde_json::from_str(r#"{"kind":"Pod"}"#).unwrap();
        assert_eq!(other.default_policy().unwrap_err().field, "apiVersion");
    }

    #[test]
    fn exempts_namespaces_and_runtime_classes() {
        let config =
            config(r#","exemptions":{"namespaces":["kube-system"],"runtimeClasses":["kata"],"usernames":["ci"]}"#);
        assert_eq!(config.exemption("kube-system", None), Some(Exemption::Namespace("kube-system".to_owned())));
        assert_eq!(config.exemption("shop", Some("kata")), Some(Exemption::RuntimeClass("kata".to_owned())));
        assert_eq!(config.exemption("shop", Some("runc")), None);
        assert_eq!(config.exempt_usernames().collect::<Vec<_>>(), ["ci"]);
        let denied = config.without(&[Exemption::RuntimeClass("kata".to_owned())]);
        assert_eq!(denied.exemption("shop", Some("kata")), None);
        assert!(denied.exemption("kube-system", None).is_some(), "what is not denied is left");
    }
}
