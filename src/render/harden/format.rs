//! The output formats of `harden` by name.

use std::fmt;
use std::str::FromStr;

/// How hardening is written: the value of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HardenFormat {
    /// For people: the plan per workload, the diff, what to do next.
    #[default]
    Text,
    /// A unified diff of the files.
    Diff,
    /// The edited files.
    Yaml,
    /// The edited objects, as JSON.
    Json,
    /// Strategic merge patches for `kubectl patch`; merge patches of custom resources.
    Patch,
    /// JSON patches (RFC 6902).
    JsonPatch,
    /// Patches for a kustomization.
    Kustomize,
    /// The text without the diff.
    Plan,
    /// The version 1 document.
    PlanJson,
}

impl HardenFormat {
    /// In the order in which help texts name them.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Diff,
        Self::Yaml,
        Self::Json,
        Self::Patch,
        Self::JsonPatch,
        Self::Kustomize,
        Self::Plan,
        Self::PlanJson,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Diff => "diff",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Patch => "patch",
            Self::JsonPatch => "json-patch",
            Self::Kustomize => "kustomize",
            Self::Plan => "plan",
            Self::PlanJson => "plan-json",
        }
    }
}

impl fmt::Display for HardenFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for HardenFormat {
    type Err = String;

    /// The error is worded as kubectl's own.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(",");
            format!("unable to match a printer suitable for the output format {text:?}, allowed formats are: {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_word() {
        for format in HardenFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("TEXT".parse::<HardenFormat>().is_err());
    }
}
