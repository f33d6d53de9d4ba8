//! What krew demands of a manifest: the rules of its `internal/index/validation` and of the index's own validator.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// The pairs of system and processor that krew knows.
const PLATFORMS: [&str; 11] = [
    "windows/386",
    "windows/amd64",
    "windows/arm64",
    "linux/386",
    "linux/amd64",
    "linux/arm",
    "linux/arm64",
    "linux/ppc64le",
    "darwin/386",
    "darwin/amd64",
    "darwin/arm64",
];

/// Device names of Windows, which no folder can have.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The rules that a manifest breaks, a sentence each.
pub(super) fn broken(manifest: &Value) -> Vec<String> {
    let mut broken = head(manifest);
    let mut covered = BTreeSet::new();
    let platforms = manifest["spec"]["platforms"].as_array().map_or(&[][..], Vec::as_slice);
    if platforms.is_empty() {
        broken.push("there is no platform".to_owned());
    }
    for platform in platforms {
        broken.extend(of_platform(platform));
        let selected: Vec<_> = PLATFORMS.iter().filter(|pair| selects(&platform["selector"], pair)).collect();
        if selected.is_empty() {
            broken.push(format!("selects no platform: {}", platform["selector"]));
        }
        broken.extend(selected.iter().filter(|pair| !covered.insert(**pair)).map(|pair| format!("{pair} twice")));
    }
    broken
}

fn head(manifest: &Value) -> Vec<String> {
    let spec = &manifest["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, short) = (text(&manifest["metadata"]["name"]), text(&spec["shortDescription"]));
    let holds = [
        ("apiVersion", manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"),
        ("kind", manifest["kind"] == "Plugin"),
        ("name", !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')),
        ("a device of Windows", !DEVICES.contains(&name.as_str())),
        ("version", is_version(&text(&spec["version"]))),
        ("shortDescription", !short.is_empty() && !short.contains('\n')),
        ("homepage", text(&spec["homepage"]).starts_with("https://")),
        ("description", !text(&spec["description"]).is_empty()),
    ];
    holds.iter().filter(|(_, holds)| !holds).map(|(rule, _)| format!("{rule} is wrong")).collect()
}

/// `v` and a semantic version.
pub(super) fn is_version(text: &str) -> bool {
    let core = text.strip_prefix('v').map(|rest| rest.split(['-', '+']).next().unwrap_or_default());
    let is_number = |part: &str| part.parse::<u32>().is_ok_and(|number| number.to_string() == part);
    core.is_some_and(|core| core.split('.').count() == 3 && core.split('.').all(is_number))
}

fn of_platform(platform: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let is_sum = |text: &str| text.len() == 64 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    if !platform["sha256"].as_str().is_some_and(is_sum) {
        broken.push(format!("sha256 is not 64 hexadecimal digits in quotes: {}", platform["sha256"]));
    }
    let uri = platform["uri"].as_str().unwrap_or_default();
    if !uri.starts_with("https://") || !(uri.ends_with(".tar.gz") || uri.ends_with(".zip")) {
        broken.push(format!("uri is no archive: {uri:?}"));
    }
    let bin = platform["bin"].as_str().unwrap_or_default();
    let is_exe = Path::new(bin).extension().is_some_and(|extension| extension == "exe");
    if bin.is_empty() || is_exe != selects(&platform["selector"], "windows/amd64") {
        broken.push(format!("bin is wrong for its system: {bin:?}"));
    }
    let files = &platform["files"];
    let has_both = |file: &Value| file["from"].is_string() && file["to"].is_string();
    if !files.is_null() && !files.as_array().is_some_and(|files| !files.is_empty() && files.iter().all(has_both)) {
        broken.push("files is there and moves nothing".to_owned());
    }
    broken
}

/// Whether a selector of labels takes a pair; one that asks for nothing, or for something unknown, takes none.
fn selects(selector: &Value, pair: &str) -> bool {
    let (os, arch) = pair.split_once('/').expect("a pair");
    let Some(labels) = selector["matchLabels"].as_object() else { return false };
    let is_met = |(key, value): (&String, &Value)| match key.as_str() {
        "os" => value == os,
        "arch" => value == arch,
        _ => false,
    };
    !labels.is_empty() && labels.iter().all(is_met)
}

/// The platforms, as `linux/amd64`, whose checksum stands for one that is not known yet.
pub(super) fn placeholders(manifest: &Value) -> Vec<String> {
    let platforms = manifest["spec"]["platforms"].as_array().into_iter().flatten();
    let open = platforms.filter(|one| one["sha256"].as_str().is_none_or(|sum| sum.trim_matches('0').is_empty()));
    open.map(name).collect()
}

/// A platform's name, as `linux/amd64`.
pub(super) fn name(platform: &Value) -> String {
    let labels = &platform["selector"]["matchLabels"];
    format!("{}/{}", labels["os"].as_str().unwrap_or("?"), labels["arch"].as_str().unwrap_or("?"))
}
