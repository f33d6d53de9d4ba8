//! Judges the pod templates of one document.

use super::namespaces::{Namespaces, strings};
use super::walk::{Scene, Stop, parse, walk};
use super::{Job, Policies, Request};
use crate::admission;
use crate::evaluate::{selection, strictest_level};
use crate::model::{FieldPath, Finding, PodTemplate};
use crate::policy::{LabelContext, Level, Mode, NamespacePolicy, Policy, label_mistakes};
use crate::report::{Asked, ModeVerdict, PlacedFinding, Report, Verdict};
use crate::source::{Found, Manifest, Object, Places};
use crate::yaml::Document;

/// Verdicts of a part, at most.
const PART: usize = 256;

/// Violations of a finding that are listed, at most: a pod may have a hundred times as many bytes of them as of text.
const LISTED: usize = 1_000;

/// Judges documents by one request.
pub(super) struct Judge<'a> {
    pub(super) request: &'a Request,
    pub(super) namespaces: &'a Namespaces,
}

impl Judge<'_> {
    /// Judges the documents of a job and passes reports about some templates each on.
    pub(super) fn parts(&self, job: Job<'_>, pass: &mut dyn FnMut(Report)) {
        let mut part = self.nothing();
        match job.manifest() {
            Ok(manifest) => manifest.chunks().iter().for_each(|chunk| match parse(&manifest, chunk) {
                Ok(document) => self.document(&manifest, &document, &mut part, pass),
                Err(problem) => part.errors.push(problem),
            }),
            Err(problem) => part.errors.push(problem),
        }
        pass(part);
    }

    fn nothing(&self) -> Report {
        Report::new(self.request.asked, self.request.version)
    }

    /// Judges every template of a document. A list may hold more of them than there is memory for their verdicts.
    fn document(&self, manifest: &Manifest, document: &Document<'_>, part: &mut Report, pass: &mut dyn FnMut(Report)) {
        let scene = walk(manifest, document, self.request.namespace.as_deref(), &mut |scene, stop| match stop {
            Stop::Namespace(object) => self.namespace(scene, object),
            Stop::Template { object, found, pod } => {
                part.results.push(self.judge(scene, object, found, pod));
                if part.results.len() >= PART {
                    pass(std::mem::replace(part, self.nothing()));
                }
            }
        });
        part.errors.add(scene.errors);
        part.warnings.add(scene.warnings);
        part.without_template += usize::from(scene.is_without_template);
    }

    /// Mistakes in a namespace's labels, told where they stand. A value that the server cannot read is an error where
    /// verdicts come of it; what it does not look at at all is worth a warning whatever is asked.
    fn namespace(&self, scene: &mut Scene<'_>, object: &Object<'_>) {
        let (labels, annotations) = (strings(object.value, "labels"), strings(object.value, "annotations"));
        let defaults = self.request.defaults;
        let (_, unreadable) = NamespacePolicy::from_labels(&labels, defaults);
        let context = LabelContext { annotations: Some(&annotations), defaults, newest: None };
        for mistake in label_mistakes(&labels, &context) {
            let map = if mistake.is_annotation { "annotations" } else { "labels" };
            let path = FieldPath::fields(&["metadata", map]).key(mistake.label.as_str());
            let located = object.value.locate(&path);
            let span = located.key.unwrap_or(located.value).span();
            match unreadable.iter().find(|error| error.label == mistake.label && !mistake.is_annotation) {
                // In the server's own words first, which can be searched for.
                Some(error) if self.request.asked == Asked::Namespace => {
                    let rest: String =
                        mistake.effect.iter().chain(&mistake.hint()).map(|it| format!("; {it}")).collect();
                    scene.error(span, format!("{error}{rest}"));
                }
                _ => scene.warning(span, format!("namespace {:?}: {mistake}", object.name)),
            }
        }
    }

    fn policies(&self, object: &Object<'_>) -> Policies {
        Policies::new(self.request, self.namespaces.labels(self.namespace_of(object)))
    }

    fn namespace_of<'o>(&'o self, object: &Object<'o>) -> &'o str {
        object.namespace.or(self.request.namespace.as_deref()).unwrap_or("default")
    }

    fn judge(&self, scene: &mut Scene<'_>, object: &Object<'_>, found: &Found<'_>, mut pod: PodTemplate) -> Verdict {
        let policies = self.policies(object);
        // The template as it stands is needed again only where its own sentence differs from its pods'.
        let template = admission::pod_differs_from_template(&pod).then(|| pod.clone());
        admission::prepare_pod(&mut pod);
        let exempt = self
            .request
            .admission
            .exemption(self.namespace_of(object), pod.spec.runtime_class_name.as_deref())
            .map(|exemption| exemption.to_string());
        let is_exempt = exempt.is_some();
        let findings = if is_exempt { Vec::new() } else { selection(policies.enforce).evaluate_up_to(LISTED, &pod) };
        let seen = Seen { pod: &pod, template, findings: &findings };
        let sentence = if is_exempt { None } else { sentence(object, found, &policies, seen) };
        let mut placer = Placer { places: Places::new(&scene.manifest.text, object.value), found };
        let modes = if is_exempt { Vec::new() } else { placer.modes(&policies, &pod) };
        note_unlisted(scene, object, "", &findings);
        for mode in &modes {
            note_unlisted(
                scene,
                object,
                &format!(" ({})", mode.mode),
                mode.findings.iter().map(|placed| &placed.finding),
            );
        }
        let judged = (!is_exempt).then_some((policies.enforce.level, findings.is_empty()));
        let meets = strictest_level(policies.enforce.version, &pod, judged);
        Verdict {
            source: scene.source(object.value.span()),
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace.or(self.request.namespace.as_deref()).map(str::to_owned),
            name: object.name.to_owned(),
            template: found.path.clone(),
            custom: found.custom,
            policy: policies.enforce,
            namespace_is_known: policies.known,
            exempt,
            allowed: findings.is_empty(),
            meets,
            findings: placer.all(findings),
            sentence,
            modes,
            live: None,
        }
    }
}

/// Tells of findings that have more violations than are listed; `mode` is put behind the check.
fn note_unlisted<'f>(
    scene: &mut Scene<'_>,
    object: &Object<'_>,
    mode: &str,
    findings: impl IntoIterator<Item = &'f Finding>,
) {
    for finding in findings.into_iter().filter(|finding| finding.unlisted > 0) {
        let (kind, count) = (object.kind.to_lowercase(), finding.unlisted + finding.violations.len());
        let (name, check) = (object.name, finding.check);
        let message = format!("{kind}/{name}: {check}{mode}: of {count} violations only {LISTED} are listed");
        scene.warning(object.value.span(), message);
    }
}

/// A template's pod as admission sees it, and what was found.
struct Seen<'a> {
    pod: &'a PodTemplate,
    /// The template itself, where admission sees that differently.
    template: Option<PodTemplate>,
    findings: &'a [Finding],
}

/// What the server itself would say when the object is created: it refuses pods, and only warns about templates. Of
/// custom resources it says nothing; their pods are refused later.
fn sentence(object: &Object<'_>, found: &Found<'_>, policies: &Policies, seen: Seen<'_>) -> Option<String> {
    if found.custom {
        return None;
    }
    let warned =
        |warn: Policy, findings: &[Finding]| (!findings.is_empty()).then(|| admission::warning(warn, findings));
    let modes = policies.modes;
    if object.kind == "Pod" {
        if !seen.findings.is_empty() {
            return Some(admission::refusal(object.name, policies.enforce, seen.findings));
        }
        return modes.and_then(|modes| warned(modes.warn, &selection(modes.warn).evaluate_up_to(0, seen.pod)));
    }
    let warn = modes.map_or(policies.enforce, |modes| modes.warn);
    match seen.template {
        Some(mut template) => {
            admission::prepare_template(&mut template);
            warned(warn, &selection(warn).evaluate_up_to(0, &template))
        }
        None if warn == policies.enforce => warned(warn, seen.findings),
        None => warned(warn, &selection(warn).evaluate_up_to(0, seen.pod)),
    }
}

/// Gives findings their places in the text.
struct Placer<'a> {
    places: Places<'a>,
    found: &'a Found<'a>,
}

impl Placer<'_> {
    fn all(&mut self, findings: Vec<Finding>) -> Vec<PlacedFinding> {
        findings.into_iter().map(|finding| self.one(finding)).collect()
    }

    fn one(&mut self, mut finding: Finding) -> PlacedFinding {
        let places = finding
            .violations
            .iter_mut()
            .map(|violation| {
                violation.path = self.found.path.join(&violation.path);
                self.places.place(&violation.path)
            })
            .collect();
        PlacedFinding { finding, places }
    }

    /// What audit and warn find, where labels decide.
    fn modes(&mut self, policies: &Policies, pod: &PodTemplate) -> Vec<ModeVerdict> {
        let Some(modes) = policies.modes else { return Vec::new() };
        [Mode::Audit, Mode::Warn]
            .into_iter()
            .map(|mode| (mode, modes.mode(mode)))
            .filter(|(_, policy)| policy.level != Level::Privileged && *policy != policies.enforce)
            .map(|(mode, policy)| ModeVerdict {
                mode,
                policy,
                findings: self.all(selection(policy).evaluate_up_to(LISTED, pod)),
            })
            .filter(|verdict| !verdict.findings.is_empty())
            .collect()
    }
}
