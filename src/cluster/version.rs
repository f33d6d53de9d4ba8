//! Which Kubernetes a server behaves as.

use serde::Deserialize;

use super::error::{ClusterError, ErrorKind};

/// What a server says about its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// The minor version that the server behaves as: 36 for v1.36.
    pub minor: u16,
    /// The full version of the server's program, such as `v1.36.3`.
    pub git_version: String,
    /// Whether the server was told to behave as an older one.
    pub emulated: bool,
}

/// The answer to `/version`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct Info {
    minor: String,
    git_version: String,
    emulation_minor: Option<String>,
}

impl ServerVersion {
    pub(super) fn read(info: Info) -> Result<Self, ClusterError> {
        let emulated = info.emulation_minor.filter(|minor| !minor.is_empty());
        let program = number(&info.minor).or_else(|| of_git_version(&info.git_version));
        let minor = emulated.as_deref().and_then(number).or(program).ok_or_else(|| {
            ClusterError::new(ErrorKind::Answer, format!("the server does not tell its version: {:?}", info.minor))
        })?;
        Ok(Self { minor, emulated: program.is_some_and(|program| program != minor), git_version: info.git_version })
    }
}

/// The number at the start: some providers write `36+`.
fn number(minor: &str) -> Option<u16> {
    let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
    minor.get(..digits)?.parse().ok()
}

/// A server built without its version flags knows at best its name.
fn of_git_version(version: &str) -> Option<u16> {
    number(version.strip_prefix("v1.")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(json: &str) -> Option<(u16, bool)> {
        let read = ServerVersion::read(serde_json::from_str(json).unwrap()).ok()?;
        Some((read.minor, read.emulated))
    }

    #[test]
    fn emulation_counts_and_a_plus_does_not() {
        assert_eq!(minor(r#"{"major":"1","minor":"36","gitVersion":"v1.36.3"}"#), Some((36, false)));
        assert_eq!(minor(r#"{"major":"1","minor":"36+","gitVersion":"v1.36.3-gke.1"}"#), Some((36, false)));
        assert_eq!(minor(r#"{"minor":"36","emulationMajor":"1","emulationMinor":"34"}"#), Some((34, true)));
        assert_eq!(minor(r#"{"minor":"36","emulationMajor":"1","emulationMinor":"36"}"#), Some((36, false)));
        assert_eq!(minor(r#"{"major":"","minor":"","gitVersion":"v1.29.4+abc"}"#), Some((29, false)));
        assert_eq!(minor(r#"{"gitVersion":"unknown"}"#), None);
    }
}
