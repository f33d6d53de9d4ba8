//! Writes which versions are at work.

use std::io::{self, Write};

use serde::Serialize;

use super::escaping::Escaping;
use super::style::sanitize;
use super::yaml;
use crate::policy::Version;
use crate::report::version::{Server, VersionReport};

/// The oldest version of the standards.
const OLDEST: Version = Version::Minor(0);

/// How the versions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionFormat {
    /// A line each, as kubectl has them.
    Text,
    /// The version 1 document, as JSON.
    Json,
    /// The version 1 document, as YAML.
    Yaml,
}

/// Writes the versions; what could not be asked is not told here but by its errors.
///
/// # Errors
/// Those of `out`.
pub fn versions(report: &VersionReport, format: VersionFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        VersionFormat::Text => text(report, out),
        VersionFormat::Json => {
            document(report).serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Escaping::default()))?;
            writeln!(out)
        }
        VersionFormat::Yaml => yaml::write(&document(report), out),
    }
}

fn text(report: &VersionReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Client Version: {}", report.client)?;
    writeln!(out, "Policy Versions: {OLDEST} to {}", Version::Minor(Version::NEWEST))?;
    let is_one_of_many = report.servers.len() + report.errors.len() > 1;
    for server in &report.servers {
        let context = &server.cluster.context;
        let name = if is_one_of_many { format!(" ({})", sanitize(context)) } else { String::new() };
        writeln!(out, "Server Version{name}: {}", server_text(server))?;
    }
    Ok(())
}

/// `v1.36.3, latest is v1.36`, and what is odd about it.
fn server_text(server: &Server) -> String {
    let why = if server.emulated {
        ", as which it behaves"
    } else if server.is_unknown() {
        ", the newest one known here"
    } else {
        ""
    };
    format!("{}, latest is {}{why}", sanitize(&server.git_version), server.latest())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    client_version: &'a str,
    policy_versions: Known,
    servers: Vec<WireServer<'a>>,
    errors: Vec<WireError<'a>>,
}

#[derive(Serialize)]
struct Known {
    oldest: String,
    newest: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireServer<'a> {
    context: &'a str,
    cluster: &'a str,
    git_version: &'a str,
    latest: String,
    emulated: bool,
}

#[derive(Serialize)]
struct WireError<'a> {
    context: &'a str,
    message: &'a str,
}

fn document(report: &VersionReport) -> Document<'_> {
    Document {
        api_version: "secctx/v1",
        kind: "VersionReport",
        client_version: &report.client,
        policy_versions: Known { oldest: OLDEST.to_string(), newest: Version::Minor(Version::NEWEST).to_string() },
        servers: report.servers.iter().map(wire).collect(),
        errors: report
            .errors
            .iter()
            .map(|problem| WireError { context: &problem.source.file, message: &problem.message })
            .collect(),
    }
}

fn wire(server: &Server) -> WireServer<'_> {
    WireServer {
        context: &server.cluster.context,
        cluster: &server.cluster.cluster,
        git_version: &server.git_version,
        latest: server.latest().to_string(),
        emulated: server.emulated,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::report::{ClusterName, Problem, Source};

    fn server(context: &str, git_version: &str, minor: u16, emulated: bool) -> Server {
        let cluster = Arc::new(ClusterName { context: context.into(), cluster: "c".into() });
        Server { cluster, git_version: git_version.into(), minor, emulated }
    }

    fn report(servers: Vec<Server>) -> VersionReport {
        VersionReport { client: "v0.1.0".to_owned(), servers, errors: Vec::new() }
    }

    fn written(report: &VersionReport, format: VersionFormat) -> String {
        let mut out = Vec::new();
        versions(report, format, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn one_server_needs_no_name() {
        let text = written(&report(vec![server("kind", "v1.36.3", 36, false)]), VersionFormat::Text);
        assert_eq!(
            text,
            "Client Version: v0.1.0\nPolicy Versions: v1.0 to v1.37\nServer Version: v1.36.3, latest is v1.36\n"
        );
    }

    #[test]
    fn several_have_names_and_what_is_odd_is_told() {
        let mut report = report(vec![server("a", "v1.36.3", 34, true), server("b\u{1b}", "v1.39.0\u{7}", 39, false)]);
        report.errors.push(Problem { source: Source::file("gone".into()), message: "no".to_owned() });
        let text = written(&report, VersionFormat::Text);
        let servers: Vec<_> = text.lines().skip(2).collect();
        assert_eq!(
            servers,
            [
                "Server Version (a): v1.36.3, latest is v1.34, as which it behaves",
                "Server Version (b^[): v1.39.0\\u{7}, latest is v1.37, the newest one known here",
            ]
        );
    }

    #[test]
    fn both_documents_say_the_same() {
        let mut report = report(vec![server("yes", "v1.36.3", 36, false)]);
        report.errors.push(Problem { source: Source::file("gone".into()), message: "no".to_owned() });
        let json: Value = serde_json::from_str(&written(&report, VersionFormat::Json)).expect("JSON");
        let yaml: Value = serde_yaml::from_str(&written(&report, VersionFormat::Yaml)).expect("YAML");
        assert_eq!(json, yaml);
        assert_eq!(json["servers"][0]["latest"], "v1.36");
        assert_eq!(json["errors"][0]["context"], "gone");
        assert!(written(&report, VersionFormat::Yaml).contains("context: \"yes\""), "kubectl would read a boolean");
    }
}
