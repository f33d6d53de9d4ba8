//! The output formats of `dry-run-label` by name.

use std::fmt;
use std::str::FromStr;

use crate::render::format::by_word;

/// How a [`LabelReport`](crate::report::label::LabelReport) is written: the value of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelFormat {
    /// For people: a line per namespace, then what would break and why.
    #[default]
    Table,
    /// Like the table, with nothing left out, and what the server said.
    Wide,
    /// The version 1 document, as JSON.
    Json,
    /// The version 1 document, as YAML.
    Yaml,
    /// The `kubectl label` commands.
    Kubectl,
    /// Namespace documents, for Git.
    Manifest,
    /// For a pull request's comment or a step's summary.
    Markdown,
}

impl LabelFormat {
    /// In the order in which help texts name them.
    pub const ALL: [Self; 7] =
        [Self::Table, Self::Wide, Self::Json, Self::Yaml, Self::Kubectl, Self::Manifest, Self::Markdown];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Kubectl => "kubectl",
            Self::Manifest => "manifest",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for LabelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for LabelFormat {
    type Err = String;

    /// The error is worded as kubectl's own.
    fn from_str(text: &str) -> Result<Self, String> {
        by_word(&Self::ALL, Self::as_str, text)
    }
}
