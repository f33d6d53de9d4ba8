//! Patches as text: for `kubectl patch`, and for kustomize.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::render::style::sanitize;
use crate::render::yaml;
use crate::report::patch::{ObjectPatch, PatchFormat};

/// Writes patches as YAML documents, each behind a comment that says how to apply it; JSON patches as JSON, a single one
/// alone.
///
/// # Errors
/// Those of `out`.
pub fn patches(patches: &[ObjectPatch], out: &mut dyn Write) -> io::Result<()> {
    if let [ObjectPatch { format: PatchFormat::Json, body, .. }] = patches {
        return out.write_all(json_text(body).as_bytes());
    }
    for (at, patch) in patches.iter().enumerate() {
        if at > 0 {
            writeln!(out, "---")?;
        }
        writeln!(out, "# {}", command(patch))?;
        let text = if patch.format == PatchFormat::Json { json_text(&patch.body) } else { yaml::text(&patch.body) };
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The command that applies a patch from a file, safe to print.
fn command(patch: &ObjectPatch) -> String {
    let kind = match patch.api_version.split_once('/') {
        Some((group, version)) if !group.is_empty() => format!("{}.{version}.{group}", patch.kind.to_lowercase()),
        _ => patch.kind.to_lowercase(),
    };
    let name = if patch.name.is_empty() { "NAME" } else { &patch.name };
    let namespace = patch.namespace.as_ref().map_or_else(String::new, |namespace| format!(" -n {namespace}"));
    let how = patch.format.as_str();
    sanitize(&format!("kubectl patch {kind} {name}{namespace} --type {how} --patch-file FILE")).into_owned()
}

/// JSON, an operation a line where it is a list.
fn json_text(value: &Value) -> String {
    let Value::Array(operations) = value else { return format!("{value}\n") };
    // What could harm a terminal is escaped as JSON has it.
    let lines: Vec<_> = operations.iter().map(|operation| format!("  {}", escaped(operation))).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn escaped(value: &Value) -> String {
    let text = value.to_string();
    let escape = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    text.chars().map(|c| if crate::render::style::is_harmful(c) { escape(c) } else { c.to_string() }).collect()
}

/// A snippet for a kustomization with the patches in it. What has no name cannot be named by a kustomization.
#[must_use]
pub fn kustomization(patches: &[ObjectPatch]) -> String {
    let (named, nameless): (Vec<_>, Vec<_>) = patches.iter().partition(|patch| !patch.name.is_empty());
    let mut text = nameless_comments(&nameless);
    if named.is_empty() {
        return text;
    }
    text.push_str("# for the kustomization.yaml of an overlay over these objects\npatches:\n");
    for patch in named {
        text.push_str(&indented(&yaml::text(&json!([{ "target": target(patch) }])), "  "));
        text.push_str("    patch: |-\n");
        text.push_str(&indented(&body(patch), "      "));
    }
    text
}

/// A kustomize component in files: the names of its files, and their texts.
#[must_use]
pub fn patch_files(patches: &[ObjectPatch]) -> Vec<(String, String)> {
    let (named, nameless): (Vec<_>, Vec<_>) = patches.iter().partition(|patch| !patch.name.is_empty());
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    let mut entries = Vec::new();
    for patch in named {
        let name = file_name(patch, &mut names);
        entries.push(json!({"path": name, "target": target(patch)}));
        files.push((name, body(patch)));
    }
    let component = json!({"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "patches": entries});
    let text = format!(
        "# a component: name this folder under components in the kustomization.yaml of an overlay\n{}{}",
        nameless_comments(&nameless),
        yaml::text(&component)
    );
    files.insert(0, ("kustomization.yaml".to_owned(), text));
    files
}

fn nameless_comments(patches: &[&ObjectPatch]) -> String {
    let line = |patch: &&ObjectPatch| {
        format!("# left out: a {} whose name the server makes up\n", sanitize(&patch.kind.to_lowercase()))
    };
    patches.iter().map(line).collect()
}

fn body(patch: &ObjectPatch) -> String {
    match patch.format {
        PatchFormat::Json => json_text(&patch.body),
        PatchFormat::Strategic | PatchFormat::Merge => yaml::text(&patch.body),
    }
}

/// What a kustomization names its object by.
fn target(patch: &ObjectPatch) -> Value {
    let mut target = Map::new();
    let (group, version) = patch.api_version.split_once('/').unwrap_or(("", &patch.api_version));
    if !group.is_empty() {
        target.insert("group".to_owned(), group.into());
    }
    for (key, value) in [("version", version), ("kind", &patch.kind), ("name", &patch.name)] {
        target.insert(key.to_owned(), value.into());
    }
    target.extend(patch.namespace.as_ref().map(|namespace| ("namespace".to_owned(), namespace.as_str().into())));
    Value::Object(target)
}

/// A name that no other patch has, of characters that are harmless in any file system.
fn file_name(patch: &ObjectPatch, taken: &mut BTreeSet<String>) -> String {
    let parts = [Some(patch.kind.to_lowercase()), patch.namespace.clone(), Some(patch.name.clone())];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let name: String = name.chars().map(|c| if is_fine(c) { c } else { '_' }).take(200).collect();
    let numbered = (2..).map(|number| format!("{name}-{number}.yaml"));
    let free = std::iter::once(format!("{name}.yaml")).chain(numbered).find(|name| taken.insert(name.clone()));
    free.unwrap_or_default()
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(name: &str, format: PatchFormat, body: Value) -> ObjectPatch {
        ObjectPatch {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
            format,
            body,
        }
    }

    fn written(list: &[ObjectPatch]) -> String {
        let mut out = Vec::new();
        patches(list, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_patch_says_how_to_apply_it() {
        let list =
            ["web", "api"].map(|name| patch(name, PatchFormat::Strategic, json!({"spec": {"x": null, "z": "yes"}})));
        assert_eq!(
            written(&list),
            "# kubectl patch deployment.v1.apps web -n shop --type strategic --patch-file FILE\n\
             spec:\n  x: null\n  z: \"yes\"\n---\n\
             # kubectl patch deployment.v1.apps api -n shop --type strategic --patch-file FILE\n\
             spec:\n  x: null\n  z: \"yes\"\n"
        );
        let operations = json!([{"op": "remove", "path": "/a"}, {"op": "add", "path": "/b", "value": "\u{202e}"}]);
        assert_eq!(
            written(&[patch("web", PatchFormat::Json, operations)]),
            "[\n  {\"op\":\"remove\",\"path\":\"/a\"},\n  {\"op\":\"add\",\"path\":\"/b\",\"value\":\"\\u202e\"}\n]\n"
        );
    }

    #[test]
    fn a_snippet_holds_its_patches() {
        let list =
            [patch("web", PatchFormat::Strategic, json!({"spec": {"x": 1}})), patch("", PatchFormat::Merge, json!({}))];
        assert_eq!(
            kustomization(&list),
            "# left out: a deployment whose name the server makes up\n\
             # for the kustomization.yaml of an overlay over these objects\n\
             patches:\n  - target:\n      group: apps\n      version: v1\n      kind: Deployment\n      name: web\n      \
             namespace: shop\n    patch: |-\n      spec:\n        x: 1\n"
        );
        assert_eq!(kustomization(&[]), "");
    }

    #[test]
    fn files_have_harmless_names_of_their_own() {
        let list =
            ["../../x", "..\u{1b}/..\nx", "web"].map(|name| patch(name, PatchFormat::Strategic, json!({"a": 1})));
        let files = patch_files(&list);
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "kustomization.yaml",
                "deployment-shop-.._.._x.yaml",
                "deployment-shop-.._____x.yaml",
                "deployment-shop-web.yaml"
            ]
            .map(|name| if name.contains("_____") { names[2] } else { name })
        );
        let mut taken = BTreeSet::new();
        let twice = [0, 1].map(|_| file_name(&list[2], &mut taken));
        assert_eq!(twice, ["deployment-shop-web.yaml", "deployment-shop-web-2.yaml"]);
    }
}
