//! Read-only root file systems, and the folders that stay writable.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::wishes::wished;
use crate::checks::{Case, Repair, Step};
use crate::model::{ContainerKind, Edit, FieldPath, PlacedContainer};

/// Makes the root file system of every container read-only that is not, and mounts an empty folder of its own wherever
/// it is to write.
pub(super) fn read_only(case: &Case<'_>) -> Repair {
    let volumes = FieldPath::fields(&["spec", "volumes"]);
    let mut names =
        Names { taken: case.pod.spec.volumes.iter().map(|volume| volume.name.clone()).collect(), next: HashMap::new() };
    let next = case.pod.spec.volumes.len();
    let mut steps = Vec::new();
    for container in case.pod.spec.all_containers().filter(|c| c.kind != ContainerKind::Ephemeral) {
        let field = container.path().field("securityContext").field("readOnlyRootFilesystem");
        if field.find(case.template) == Some(&Value::Bool(true)) {
            continue;
        }
        steps.push(wished(Edit::set(field, true), RISK));
        let mounts = container.path().field("volumeMounts");
        let mounted = mount_paths(case, &mounts);
        for path in writable(case).into_iter().filter(|path| !mounted.iter().any(|mount| covers(mount, path))) {
            let name = names.free(path, container);
            let mount = Edit::set(mounts.clone().index(mounted.len()), json!({"name": name, "mountPath": path}));
            let volume = Edit::set(volumes.clone().index(next), json!({"name": name, "emptyDir": {}}));
            steps.extend([mount, volume].map(|edit| wished(edit, "")));
        }
    }
    let wished: Vec<Step> = steps;
    Repair { steps: wished, ..Repair::default() }
}

const RISK: &str = "programs that write anywhere but to volumes report \"read-only file system\"";

fn writable<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let given = &case.choices.writable;
    if given.is_empty() { vec!["/tmp"] } else { given.iter().map(String::as_str).collect() }
}

fn mount_paths<'a>(case: &Case<'a>, mounts: &FieldPath) -> Vec<&'a str> {
    let entries = mounts.find(case.template).and_then(Value::as_array).into_iter().flatten();
    entries.map(|entry| entry.get("mountPath").and_then(Value::as_str).unwrap_or_default()).collect()
}

/// Whether a path is on the volume that is mounted at `mount`.
fn covers(mount: &str, path: &str) -> bool {
    let rest = path.trim_end_matches('/').strip_prefix(mount.trim_end_matches('/'));
    !mount.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Names of volumes.
struct Names {
    taken: BTreeSet<String>,
    /// The number that is tried next, of names that needed one.
    next: HashMap<String, usize>,
}

impl Names {
    /// A name that is a DNS label and not taken yet, from the path and, where that is taken, the container.
    fn free(&mut self, path: &str, container: PlacedContainer<'_>) -> String {
        let plain = label(path);
        let own = label(&format!("{path}-{}", container.container.name));
        let free = [plain.clone(), own].into_iter().find(|name| !self.taken.contains(name));
        let name = free.unwrap_or_else(|| self.numbered(plain));
        self.taken.insert(name.clone());
        name
    }

    fn numbered(&mut self, plain: String) -> String {
        let first = self.next.get(&plain).copied().unwrap_or(2);
        let mut names = (first..).map(|number| (number, numbered(&plain, number)));
        let free = names.find(|(_, name)| !self.taken.contains(name));
        let (number, name) = free.unwrap_or_else(|| (first, plain.clone()));
        self.next.insert(plain, number + 1);
        name
    }
}

/// Longest name of a volume.
const LONGEST: usize = 63;

fn label(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<_> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let name: String = parts.join("-").chars().take(LONGEST).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "writable".to_owned() } else { name.to_owned() }
}

fn numbered(name: &str, number: usize) -> String {
    let tail = format!("-{number}");
    let head: String = name.chars().take(LONGEST - tail.len()).collect();
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_names_are_dns_labels() {
        assert_eq!(label("/var/cache_Files/"), "var-cache-files");
        assert_eq!(label("/"), "writable");
        assert_eq!(label(&"/long-part".repeat(20)).len(), 63);
        assert_eq!(numbered(&"x".repeat(63), 12), format!("{}-12", "x".repeat(60)));
    }

    #[test]
    fn a_mount_covers_what_is_below_it() {
        assert!(covers("/tmp", "/tmp/") && covers("/tmp/", "/tmp/x") && covers("/", "/tmp"));
        assert!(!covers("/tmp", "/tmpfs") && !covers("/tmp/x", "/tmp") && !covers("", "/tmp"));
    }
}
