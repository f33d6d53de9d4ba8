//! What is around the program: workflows, the pre-commit hook, licences, the image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::secctx::{Ran, secctx};

/// Rights to write that a job may ask for, by workflow and job. Everything else only reads.
const WRITES: &[(&str, &str, &[&str])] = &[("release.yml", "publish", &["attestations", "contents", "id-token"])];

#[test]
fn workflows_are_pinned_and_have_few_rights() {
    let folder = root().join(".github/workflows");
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        // Such a workflow would run foreign code with our secrets.
        assert!(!text.contains("pull_request_target"), "{name}");
        assert_eq!(workflow["permissions"], serde_json::json!({"contents": "read"}), "{name}: rights at the top");
        for (job, content) in workflow["jobs"].as_object().unwrap() {
            assert!(content["timeout-minutes"].is_number(), "{name}: {job} may run for hours");
            assert_eq!(writes(content), allowed(&name, job), "{name}: {job}");
            for step in content["steps"].as_array().unwrap() {
                check_step(step, &format!("{name}: {job}"));
            }
        }
        names.insert(name);
    }
    assert_eq!(names, BTreeSet::from(["ci.yml".to_owned(), "release.yml".to_owned()]));
}

/// The rights to write that a job asks for.
fn writes(job: &Value) -> Vec<&str> {
    let rights = job["permissions"].as_object().into_iter().flatten();
    let mut writes: Vec<_> = rights.filter(|(_, right)| *right == "write").map(|(what, _)| what.as_str()).collect();
    writes.sort_unstable();
    writes
}

fn allowed(workflow: &str, job: &str) -> Vec<&'static str> {
    let found = WRITES.iter().find(|(name, known, _)| *name == workflow && *known == job);
    found.map_or(Vec::new(), |(_, _, rights)| rights.to_vec())
}

/// An action is pinned by its commit, or by a full version where the commit is not known to us; a checkout keeps no token;
/// nothing that others can choose is pasted into a script.
fn check_step(step: &Value, place: &str) {
    if let Some(action) = step["uses"].as_str() {
        let (name, pin) = action.split_once('@').unwrap_or_else(|| panic!("{place}: {action} is not pinned"));
        let is_commit = pin.len() == 40 && pin.chars().all(|c| c.is_ascii_hexdigit());
        let is_version = pin.strip_prefix('v').is_some_and(|version| version.split('.').count() == 3);
        assert!(is_commit || (is_version && name == "rajatjindal/krew-release-bot"), "{place}: {action}");
        let keeps_token = name == "actions/checkout" && step["with"]["persist-credentials"] != false;
        assert!(!keeps_token, "{place}: the token stays in the folder");
    }
    let script = step["run"].as_str().unwrap_or_default();
    for expression in script.split("${{").skip(1).filter_map(|rest| rest.split("}}").next()) {
        assert!(expression.trim().starts_with("matrix."), "{place}: {expression} belongs into env");
    }
}

#[test]
fn the_pre_commit_hook_runs() {
    let hooks: Value = serde_yaml::from_str(&read(".pre-commit-hooks.yaml")).unwrap();
    for hook in hooks.as_array().unwrap() {
        for member in ["id", "name", "description", "entry", "language", "types_or"] {
            assert!(!hook[member].is_null(), "{member}: {hook}");
        }
        assert_eq!(hook["language"], "rust", "pre-commit builds it");
        let words: Vec<_> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(words[0], "kubectl-secctx", "pre-commit looks for it among what it built");
        let args = hook["args"].as_array().into_iter().flatten().map(|arg| arg.as_str().unwrap());
        let mut command = secctx();
        command.args(&words[1..]).args(args).args(["examples/good-deployment.yaml", "examples/kuard-restricted.yaml"]);
        let ran = Ran::from(command.current_dir(root()).output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.contains("2 workloads checked"), "each file that pre-commit names is read: {}", ran.stdout);
    }
}

/// cargo-deny holds all this too, but has to be installed; without it, this much holds.
#[test]
fn dependencies_have_licences_that_are_allowed() {
    let allowed = list("allow", &read("deny.toml"));
    assert!(allowed.len() > 3, "{allowed:?}");
    // Of other systems' dependencies nothing may be on this machine.
    let metadata = cargo(&["metadata", "--format-version=1", "--filter-platform", &host()]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let mut used = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let license = package["license"].as_str().unwrap_or_default();
        let found = choose(license, &allowed);
        used.extend(found.unwrap_or_else(|| panic!("{}: {license:?} is not allowed", package["name"])));
        let source = package["source"].as_str().unwrap_or("registry+");
        assert!(source.starts_with("registry+"), "{}: from {source}", package["name"]);
    }
    assert_eq!(used, allowed.iter().cloned().collect(), "deny.toml allows what nothing needs");
}

#[test]
fn dependencies_that_come_twice_are_known() {
    let tree =
        cargo(&["tree", "-d", "-e", "normal,build,dev", "--target", &host(), "--depth", "0", "--prefix", "none"]);
    let mut versions: BTreeMap<&str, BTreeSet<Vec<u32>>> = BTreeMap::new();
    for line in tree.lines() {
        let Some((name, rest)) = line.split_once(" v") else { continue };
        let version = rest.split(' ').next().unwrap().split('.').map(|part| part.parse().unwrap()).collect();
        versions.entry(name).or_default().insert(version);
    }
    // All but the newest are to go some day.
    let old = versions.iter().flat_map(|(name, versions)| {
        versions.iter().rev().skip(1).map(move |version| match version.as_slice() {
            [0, minor, ..] => format!("{name}@0.{minor}"),
            version => format!("{name}@{}", version[0]),
        })
    });
    let deny = read("deny.toml");
    let known: BTreeSet<_> = deny.split("{ crate = \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(old.collect::<BTreeSet<_>>(), known.into_iter().map(str::to_owned).collect());
}

/// A dependency that no code names is one to watch for nothing.
#[test]
fn every_dependency_is_used() {
    let manifest = read("Cargo.toml");
    let program = sources("src");
    let tests = program.clone() + &sources("tests/it");
    let mut checked = 0;
    for (section, code) in
        [("dependencies", &program), ("dev-dependencies", &tests), ("target.'cfg(unix)'.dev-dependencies", &tests)]
    {
        for name in section_of(&manifest, section) {
            let word = name.replace('-', "_");
            let used = [format!("{word}::"), format!("use {word};"), format!("use {word} as ")];
            assert!(used.iter().any(|form| code.contains(form.as_str())), "[{section}] {name} is not used");
            checked += 1;
        }
    }
    assert!(checked > 25, "only {checked} dependencies were found");
}

/// The names in a section of a TOML file.
fn section_of<'t>(toml: &'t str, section: &str) -> impl Iterator<Item = &'t str> {
    let body = toml.split(&format!("\n[{section}]\n")).nth(1).expect("the section");
    let lines = body.split("\n[").next().unwrap_or_default().lines();
    lines.filter_map(|line| Some(line.split_once(" = ")?.0))
}

/// All code below a folder, comments left out.
fn sources(folder: &str) -> String {
    let mut text = String::new();
    let mut todo = vec![root().join(folder)];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|is| is == "rs") {
            let code = fs::read_to_string(&path).unwrap();
            text.extend(
                code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")),
            );
        }
    }
    text
}

/// What is forbidden no attribute allows again.
#[test]
fn there_is_no_unsafe_code() {
    let manifest = read("Cargo.toml");
    let lints: Vec<_> = section_of(&manifest, "lints.rust").collect();
    assert!(lints.contains(&"unsafe_code") && manifest.contains("\nunsafe_code = \"forbid\"\n"), "{lints:?}");
    let is_unsafe =
        |line: &&str| ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|form| line.contains(form));
    let code = sources("src");
    assert_eq!(code.lines().find(is_unsafe), None);
    assert!(!code.contains("allow(unsafe"), "an attribute that could only fail to compile");
}

/// Both ways to a release go through the script whose programs can be built again.
#[test]
fn releases_are_built_so_that_they_can_be_built_again() {
    assert!(read(".github/workflows/release.yml").contains("krew/build ${{ matrix.target }}"));
    assert!(read("krew/package").contains("/krew/build\""));
    let compiler = read("Dockerfile").split("FROM rust:").nth(1).unwrap().split('-').next().unwrap().to_owned();
    assert!(
        read(".github/workflows/release.yml").contains(&format!("rustup override set {compiler}.")),
        "another compiler"
    );
    assert!(read(".github/workflows/ci.yml").contains(".ci/reproducible"));
    let lock = read("Cargo.lock");
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = "));
    let distinct: std::collections::BTreeSet<&str> = sources.clone().collect();
    assert!(sources.count() > 200 && distinct.len() == 1, "several sources: {distinct:?}");
    assert!(distinct.iter().all(|source| source.starts_with("\"registry+")), "no registry: {distinct:?}");
    let checksums = lock.lines().filter(|line| line.starts_with("checksum = ")).count();
    assert_eq!(
        checksums,
        lock.lines().filter(|line| line.starts_with("source = ")).count(),
        "each is pinned by its content"
    );
}

/// What cargo says without asking anybody.
fn cargo(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    let output = command.args(args).args(["--locked", "--offline"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// This machine's target, as `x86_64-unknown-linux-gnu`.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("the host").to_owned()
}

/// The YAML that the documents tell people to paste: it must be YAML, and workflows must ask for few rights.
#[test]
fn recipes_are_yaml() {
    let mut workflows = 0;
    for block in read("docs/ci.md").split("```yaml\n").skip(1) {
        let text = block.split("\n```").next().unwrap();
        let recipe: Value = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        if recipe.get("jobs").is_some() {
            workflows += 1;
            assert_eq!(recipe["permissions"]["contents"], "read", "{text}");
            let steps = recipe["jobs"].as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap());
            assert!(steps.clone().any(|step| step["run"].as_str().unwrap_or_default().starts_with("kubectl secctx ")));
        }
    }
    assert_eq!(workflows, 2);
    let hooks: Value = serde_yaml::from_str(&read(".pre-commit-hooks.yaml")).unwrap();
    let id = hooks[0]["id"].as_str().unwrap();
    assert!(read("docs/ci.md").contains(&format!("- id: {id}\n")));
}

/// The licences of an expression that are taken: the first alternative that is allowed as a whole. Parentheses are only
/// around alternatives that all must be allowed in, so an `AND` parts the expression first.
fn choose(expression: &str, allowed: &[String]) -> Option<Vec<String>> {
    let parts: Vec<_> = expression.split(" AND ").map(|part| part.trim_matches(['(', ')'])).collect();
    let one = |part: &str| {
        let alternatives = part.split(" OR ").flat_map(|part| part.split('/')).map(str::trim);
        // In the order of deny.toml, so that few licences are needed in all.
        let known: Vec<_> = alternatives.collect();
        allowed.iter().find(|license| known.contains(&license.as_str())).cloned()
    };
    parts.into_iter().map(one).collect()
}

/// The texts of a list of a TOML file.
fn list(name: &str, toml: &str) -> Vec<String> {
    let list = toml.split(&format!("\n{name} = [")).nth(1).expect("the list").split(']').next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_image_runs_as_nobody_and_holds_little() {
    let recipe = read("Dockerfile");
    let last = recipe.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("scratch\n"), "{last}");
    let user = last.lines().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    let (uid, gid) = user.split_once(':').expect("UID:GID");
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "runAsNonRoot needs a number");
    assert!(recipe.contains("cargo build --release --locked"), "the lock file counts");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
