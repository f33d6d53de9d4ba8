//! Versions of the Pod Security Standards: Kubernetes minor versions.

use std::fmt;
use std::str::FromStr;

/// A policy version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `latest`: the newest that whoever evaluates it knows.
    Latest,
    /// `v1.N`.
    Minor(u16),
}

impl Version {
    /// The newest minor version whose rules this tool knows.
    pub const NEWEST: u16 = 37;

    /// The minor version whose rules apply: `latest` and versions newer than [`Version::NEWEST`] become that one, as
    /// the API server clamps versions that it does not know.
    #[must_use]
    pub fn minor(self) -> u16 {
        match self {
            Self::Latest => Self::NEWEST,
            Self::Minor(minor) => minor.min(Self::NEWEST),
        }
    }

    /// Whether the rules of this version are newer than those that the tool knows.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::Minor(minor) if minor > Self::NEWEST)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.pad("latest"),
            Self::Minor(minor) => f.pad(&format!("v1.{minor}")),
        }
    }
}

impl FromStr for Version {
    type Err = String;

    /// `latest` or `v1.N` without leading zeros, as `api.ParseVersion` of `k8s.io/pod-security-admission` has it.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be \"latest\" or \"v1.x\"".to_owned();
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let minor = text.strip_prefix("v1.").ok_or_else(wrong)?;
        let canonical = minor == "0" || (!minor.starts_with('0') && minor.bytes().all(|b| b.is_ascii_digit()));
        if minor.is_empty() || !canonical {
            return Err(wrong());
        }
        // A number past u16 is a valid version to the server, far newer than anything known: the clamp makes all alike.
        Ok(Self::Minor(minor.parse().unwrap_or(u16::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_the_server_parses() {
        assert_eq!("latest".parse(), Ok(Version::Latest));
        assert_eq!("v1.0".parse(), Ok(Version::Minor(0)));
        assert_eq!("v1.36".parse(), Ok(Version::Minor(36)));
        for wrong in ["", "1.36", "v1.", "v1.01", "v2.0", "v1.3a", "v1.36.3", "Latest", "v1.-1", "v1.+1"] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn clamps_to_what_is_known() {
        assert_eq!(Version::Latest.minor(), Version::NEWEST);
        assert_eq!(Version::Minor(99).minor(), Version::NEWEST);
        assert!(Version::Minor(99).is_unknown());
        assert_eq!(Version::Minor(3).minor(), 3);
    }
}
