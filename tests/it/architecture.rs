//! The layers: who may know whom, and who may see arguments, terminals and the network.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with those that it may use. `cli` and `lib.rs` may use all.
const LAYERS: &[(&str, &[&str])] = &[
    ("policy", &[]),
    ("model", &["policy"]),
    ("checks", &["model", "policy"]),
    ("evaluate", &["checks", "model", "policy"]),
    ("admission", &["model", "policy"]),
    // A kubeconfig is YAML as kubectl reads it.
    ("cluster", &["yaml"]),
    ("yaml", &["model"]),
    ("report", &["model", "policy"]),
    ("source", &["model", "policy", "report", "yaml"]),
    ("check", &["admission", "evaluate", "model", "policy", "report", "source", "yaml"]),
    ("live", &["admission", "check", "cluster", "evaluate", "model", "policy", "report", "source", "yaml"]),
    ("edit", &["model", "yaml"]),
    ("harden", &["admission", "check", "checks", "edit", "evaluate", "model", "policy", "report", "source", "yaml"]),
    ("label", &["admission", "check", "cluster", "evaluate", "live", "model", "policy", "report", "source", "yaml"]),
    (
        "apply",
        &[
            "admission",
            "check",
            "cluster",
            "edit",
            "evaluate",
            "harden",
            "live",
            "model",
            "policy",
            "report",
            "source",
            "yaml",
        ],
    ),
    ("rollout", &["cluster", "model", "report"]),
    ("explain", &["checks", "evaluate", "model", "policy"]),
    ("render", &["checks", "explain", "model", "policy", "report"]),
];

/// Crates that only some layers may see.
const GUARDED: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("dialoguer", &["cli"]),
    ("colored", &["render"]),
    ("ureq", &["source"]),
    ("kube", &["cluster"]),
    ("tokio", &["cluster"]),
    ("futures_util", &["cluster"]),
    ("http", &["cluster"]),
    ("rustls", &["cluster"]),
    ("rustls_platform_verifier", &["cluster"]),
    ("hyper_util", &["cluster"]),
    ("hyper_rustls", &["cluster"]),
    ("hyper_timeout", &["cluster"]),
    ("tower", &["cluster"]),
    ("tower_http", &["cluster"]),
    ("secrecy", &["cluster"]),
    // Credential plugins are programs.
    ("std::process", &["cli", "cluster", "source"]),
    ("std::io::stdout", &["cli"]),
    ("std::env", &["cli", "source"]),
    ("k8s_openapi", &["source"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The layer of a file, with its lines but those of its unit tests.
fn layers() -> Vec<(String, PathBuf, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    rust_files(&root)
        .into_iter()
        .map(|path| {
            let first = path.strip_prefix(&root).unwrap().iter().next().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect();
            (first.trim_end_matches(".rs").to_owned(), path, lines)
        })
        .collect()
}

#[test]
fn layers_use_only_what_is_below_them() {
    for (layer, path, lines) in layers() {
        if ["cli", "lib", "main"].contains(&layer.as_str()) {
            continue;
        }
        let (_, allowed) =
            LAYERS.iter().find(|(name, _)| *name == layer).unwrap_or_else(|| panic!("{layer} has no place"));
        for line in lines {
            for used in
                line.split("crate::").skip(1).filter_map(|rest| rest.split([':', ';', ',', ' ', ')', '>', '{']).next())
            {
                let known = LAYERS.iter().any(|(name, _)| *name == used) || used == "cli";
                assert!(
                    !known || used == layer || allowed.contains(&used),
                    "{}: {layer} uses {used}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_edges_see_the_outside() {
    for (layer, path, lines) in layers() {
        for (guarded, allowed) in GUARDED {
            if allowed.contains(&layer.as_str()) || layer == "main" {
                continue;
            }
            let found = lines
                .iter()
                .find(|line| line.contains(&format!("{guarded}::")) || line.contains(&format!("use {guarded};")));
            assert_eq!(found, None, "{}: {layer} sees {guarded}", path.display());
        }
    }
}
