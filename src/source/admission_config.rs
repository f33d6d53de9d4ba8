//! Reads `--admission-config`: the file given to the API server, or the plugin's own part of it.

use std::path::Path;

use serde::Deserialize;

use super::input::read_file;
use crate::policy::AdmissionConfig;
use crate::yaml::de::{decode, decode_strictly};
use crate::yaml::{Document, Text, ValueRef, chunks};

/// `AdmissionConfiguration` of `apiserver.config.k8s.io`, as far as it counts here.
#[derive(Deserialize)]
struct Plugins {
    #[serde(default)]
    plugins: Vec<Plugin>,
}

#[derive(Deserialize)]
struct Plugin {
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: Option<String>,
}

/// Loads the configuration of the PodSecurity plugin; the default one where the file has other plugins only.
///
/// # Errors
///
/// A sentence that begins with the file, with line and column where there is one.
pub fn load_admission_config(path: &Path) -> Result<AdmissionConfig, String> {
    let shown = path.display();
    let text = Text::decode(read_file(path).map_err(|error| format!("{shown}: {error}"))?);
    let cut = chunks(&text);
    let chunk = cut.first().ok_or_else(|| format!("{shown}: this file is empty"))?;
    let document =
        Document::parse(chunk).map_err(|error| format!("{shown}:{}:{}: {error}", error.line, error.column))?;
    let root = document.root().ok_or_else(|| format!("{shown}: this file is empty"))?;
    if root.field("kind").and_then(ValueRef::as_str) != Some("AdmissionConfiguration") {
        return configuration(root, path);
    }
    let plugins: Plugins = decode(root).map_err(|error| error_at(path, &error))?;
    let Some(at) = plugins.plugins.iter().position(|plugin| plugin.name == "PodSecurity") else {
        return Ok(AdmissionConfig::default());
    };
    let embedded = root.field("plugins").and_then(|list| list.items().nth(at)?.field("configuration"));
    match (embedded, &plugins.plugins[at].path) {
        (Some(embedded), _) => configuration(embedded, path),
        // Relative to the file that names it, as the API server has it.
        (None, Some(other)) if !other.is_empty() => {
            load_admission_config(&path.parent().unwrap_or(Path::new("")).join(other))
        }
        (None, _) => Ok(AdmissionConfig::default()),
    }
}

fn configuration(value: ValueRef<'_>, path: &Path) -> Result<AdmissionConfig, String> {
    let (config, unknown) = decode_strictly::<AdmissionConfig>(value).map_err(|error| error_at(path, &error))?;
    if let Some(field) = unknown.first() {
        let (line, column) = (field.span.line, field.span.column);
        return Err(format!("{}:{line}:{column}: {}", path.display(), super::typing::unknown_field_message(field)));
    }
    config.default_policy().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(config)
}

fn error_at(path: &Path, error: &crate::yaml::de::TypeError) -> String {
    let (line, column) = error.span.map_or((1, 1), |span| (span.line, span.column));
    format!("{}:{line}:{column}: {error}", path.display())
}
