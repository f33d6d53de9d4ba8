//! The output formats by name.

use std::fmt;
use std::str::FromStr;

/// How a report is written: the value of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people: a line per workload, then every finding with its place in the text.
    #[default]
    Table,
    /// Like the table, with more columns, reasons and consequences.
    Wide,
    /// The version 1 document, as JSON.
    Json,
    /// The version 1 document, as YAML.
    Yaml,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Workflow commands that GitHub shows as annotations.
    Github,
    /// For a pull request's comment or a step's summary.
    Markdown,
    /// Names of what does not pass, as `kubectl -o name` writes them.
    Name,
    /// The API server's own sentences.
    Psa,
}

impl Format {
    /// In the order in which help texts name them.
    pub const ALL: [Self; 10] = [
        Self::Table,
        Self::Wide,
        Self::Json,
        Self::Yaml,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Markdown,
        Self::Name,
        Self::Psa,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
            Self::Name => "name",
            Self::Psa => "psa",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    /// The error is worded as kubectl's own.
    fn from_str(text: &str) -> Result<Self, String> {
        by_word(&Self::ALL, Self::as_str, text)
    }
}

/// The one of `all` whose word is `text`, else an error that is worded as kubectl's own.
pub(super) fn by_word<F: Copy>(all: &[F], word: fn(F) -> &'static str, text: &str) -> Result<F, String> {
    all.iter().copied().find(|format| word(*format) == text).ok_or_else(|| {
        let known = all.iter().copied().map(word).collect::<Vec<_>>().join(",");
        format!("unable to match a printer suitable for the output format {text:?}, allowed formats are: {known}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_word() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
    }

    #[test]
    fn an_unknown_format_is_refused_in_kubectls_words() {
        let message = "xml\u{1b}".parse::<Format>().unwrap_err();
        assert_eq!(
            message,
            "unable to match a printer suitable for the output format \"xml\\u{1b}\", allowed formats are: \
             table,wide,json,yaml,sarif,junit,github,markdown,name,psa"
        );
        assert!("JSON".parse::<Format>().is_err());
        assert!("".parse::<Format>().is_err());
    }
}
