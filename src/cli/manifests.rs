//! Manifests to judge: what the arguments that several commands share mean.

use super::Failure;
use super::args::{AskedLevel, ManifestArgs};
use crate::check::{Request, check, unlabelled_namespaces};
use crate::policy::{AdmissionConfig, Level, NamespacePolicy, Version};
use crate::report::{Asked, Problem, Report};
use crate::source::{Input, expand, load_admission_config};

/// Judges what the arguments name.
pub(super) fn judge(args: &ManifestArgs, command: &'static str) -> Result<(Request, Report), Failure> {
    let (inputs, mut problems) = inputs(args, command)?;
    let request = request(args)?;
    let mut report = check(&request, &inputs);
    // What could not even be found stood in front of what was read.
    problems.append(&mut report.errors);
    report.errors = problems;
    Ok((request, report))
}

/// The failure for an argument that looks like another file.
pub(super) fn unexpected(extra: &str, command: &'static str) -> Failure {
    let message =
        format!("unexpected argument {extra:?}: every file needs its own -f, and patterns need quotes (-f '*.yaml')");
    Failure::Usage { message, command }
}

fn inputs(args: &ManifestArgs, command: &'static str) -> Result<(Vec<Input>, Vec<Problem>), Failure> {
    match &args.kustomize {
        Some(folder) => Ok((vec![Input::Kustomization(folder.clone())], Vec::new())),
        None if args.filename.is_empty() => {
            Err(Failure::Usage { message: "must specify manifests with -f or -k".to_owned(), command })
        }
        None => Ok(expand(&args.filename, args.recursive)),
    }
}

fn request(args: &ManifestArgs) -> Result<Request, Failure> {
    let admission = match &args.admission_config {
        Some(path) => load_admission_config(path).map_err(Failure::Message)?,
        None => AdmissionConfig::default(),
    };
    let defaults = match &args.admission_config {
        Some(_) => admission.default_policy().map_err(|error| Failure::Message(error.to_string()))?,
        None => NamespacePolicy::default(),
    };
    let asked = match (args.level, &args.admission_config) {
        (Some(AskedLevel::Baseline), _) => Asked::Level(Level::Baseline),
        (Some(AskedLevel::Restricted), _) | (None, None) => Asked::Level(Level::Restricted),
        (Some(AskedLevel::Namespace), _) | (None, Some(_)) => Asked::Namespace,
    };
    Ok(Request {
        asked,
        version: args.policy_version.unwrap_or(Version::Latest),
        namespace: args.namespace.clone(),
        admission,
        defaults,
    })
}

/// What should be known about the run as a whole.
pub(super) fn notices(request: &Request, report: &Report) -> Vec<String> {
    let mut notices = Vec::new();
    if request.version.is_unknown() {
        let (asked, newest) = (request.version, Version::Minor(Version::NEWEST));
        notices.push(format!("{asked} is newer than {newest}, the newest version known here: judged as {newest}"));
    }
    let unlabelled = unlabelled_namespaces(report, request);
    if !unlabelled.is_empty() {
        let names = unlabelled.into_iter().collect::<Vec<_>>().join(", ");
        let policy = request.defaults.enforce;
        notices.push(format!("no manifest here defines these namespaces, so {policy} is assumed for them: {names}"));
    }
    let users: Vec<_> = request.admission.exempt_usernames().collect();
    if !users.is_empty() {
        let users = users.join(", ");
        notices
            .push(format!("manifests do not tell who applies them: the exemption of these users is left out: {users}"));
    }
    if report.results.is_empty() && report.errors.is_empty() {
        notices.push("no pod template found, so there is nothing to judge".to_owned());
    }
    notices
}

/// The command line that names the same manifests.
pub(super) fn command(command: &str, args: &ManifestArgs) -> String {
    let mut command = command.to_owned();
    for name in &args.filename {
        command.push_str(&format!(" -f {}", quote(name)));
    }
    if let Some(folder) = &args.kustomize {
        command.push_str(&format!(" -k {}", quote(folder)));
    }
    if args.recursive {
        command.push_str(" -R");
    }
    command
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-:=@%+,~".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
