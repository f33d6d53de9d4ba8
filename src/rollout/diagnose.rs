//! From what is wrong with pods to what it comes from and what helps. Pure: all that was asked of the server is given.

use super::blame;
use super::log::LogSign;
use super::objects::Object;
use super::remedy::Case;
use super::symptom::{Sign, Symptom};
use super::{Applied, Before};
use crate::report::harden::PlannedEdit;
use crate::report::rollout::{Confidence, Diagnosis, Origin};

/// What a list of symptoms comes from, each cause once, those of the edits first. The pods are those of the symptoms.
pub(super) fn diagnose(symptoms: &[Symptom], pods: &[Object], applied: &Applied, before: &Before) -> Vec<Diagnosis> {
    let mut found: Vec<(&Symptom, Diagnosis)> = Vec::new();
    for symptom in symptoms {
        let same = |(known, _): &&mut (&Symptom, Diagnosis)| is_alike(known, symptom);
        if let Some((_, diagnosis)) = found.iter_mut().find(same) {
            diagnosis.pods.push(symptom.pod.clone());
        } else {
            let pod = pods.iter().find(|pod| pod.metadata.name == symptom.pod);
            found.push((symptom, of_symptom(symptom, pod, applied, before)));
        }
    }
    let mut diagnoses: Vec<Diagnosis> = found.into_iter().map(|(_, diagnosis)| diagnosis).collect();
    diagnoses.sort_by_key(|diagnosis| (diagnosis.origin, diagnosis.confidence));
    diagnoses
}

fn is_alike(one: &Symptom, other: &Symptom) -> bool {
    one.container == other.container && one.sign == other.sign && !one.pod.is_empty() && !other.pod.is_empty()
}

fn of_symptom(symptom: &Symptom, pod: Option<&Object>, applied: &Applied, before: &Before) -> Diagnosis {
    let (blamed, mut confidence) = blame::blamed(symptom, pod, &applied.edits);
    let (origin, blamed) = if before.had(symptom) {
        confidence = Confidence::Certain;
        (Origin::Before, Vec::new())
    } else if !blamed.is_empty() {
        (Origin::Edits, blamed)
    } else if symptom.sign == Sign::Crash && before.ran(symptom) {
        confidence = Confidence::Possible;
        let risky = blame::risky(symptom.container.as_deref(), &applied.edits);
        (if risky.is_empty() { Origin::Elsewhere } else { Origin::Edits }, risky)
    } else {
        confidence = Confidence::Likely;
        (Origin::Elsewhere, Vec::new())
    };
    let case = Case { symptom, pod, blamed: &blamed, edits: &applied.edits, minor: applied.minor };
    let helps = origin == Origin::Edits || symptom.sign == Sign::Refused && origin == Origin::Elsewhere;
    Diagnosis {
        what: what(symptom, origin),
        pods: Some(symptom.pod.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
        container: symptom.container.clone(),
        evidence: symptom.evidence.clone(),
        origin,
        remedies: if helps { case.remedies() } else { Vec::new() },
        edits: blamed.into_iter().map(PlannedEdit::clone).collect(),
        confidence,
    }
}

fn what(symptom: &Symptom, origin: Origin) -> String {
    let who = symptom.container.as_ref().map_or_else(|| "the pod".to_owned(), |name| format!("container \"{name}\""));
    match &symptom.sign {
        Sign::RunsAsRoot => format!("{who} is not started: its image runs as root, and runAsNonRoot forbids it"),
        Sign::NamedUser(name) => {
            format!(
                "{who} is not started: its image runs as \"{name}\", and only a number proves that this is not root"
            )
        }
        Sign::AsksForRoot => format!("{who} is not started: it asks for user 0, and runAsNonRoot forbids it"),
        Sign::Log(sign) => format!("{who} ends: {}", of_log(sign)),
        Sign::BadCall => format!("{who} ends: the seccomp profile does not let it make a system call"),
        Sign::Crash if origin == Origin::Edits => format!("{who} ends, and ran before; its log does not say why"),
        Sign::Crash => format!("{who} ends, and its log says nothing of missing rights"),
        Sign::Memory => format!("{who} takes more memory than it may"),
        Sign::Config => format!("{who} cannot be created of what the pod says"),
        Sign::Image => format!("the image of {who} cannot be had"),
        Sign::Probe => format!("a probe of {who} fails"),
        Sign::Sandbox => "the node cannot set up the pod".to_owned(),
        Sign::Unschedulable => "no node takes the pod".to_owned(),
        Sign::PodFailed => "the pod was ended".to_owned(),
        Sign::Refused => "new pods are refused: they do not meet the level that the namespace enforces".to_owned(),
        Sign::NotCreated => "new pods cannot be created".to_owned(),
    }
}

fn of_log(sign: &LogSign) -> String {
    let at = |path: &Option<String>, words: &str, rest: &str| match path {
        Some(path) => format!("{words} {path}{rest}"),
        None => format!("{words} something{rest}"),
    };
    match sign {
        LogSign::NoNewPrivileges => "it wants more rights by sudo or the like, and may not get them".to_owned(),
        LogSign::NoToken => "it finds no service account token".to_owned(),
        LogSign::ReadOnly(path) => at(path, "it writes to", ", and the file system is read-only"),
        LogSign::Port(Some(port)) => format!("it may not listen on port {port}"),
        LogSign::Port(None) => "it may not listen on its port".to_owned(),
        LogSign::Chown(path) => at(path, "it may not change the owner of", ""),
        LogSign::SwitchUser(_) => "it may not become another user".to_owned(),
        LogSign::NotPermitted => "the kernel does not let it do something".to_owned(),
        LogSign::Denied(path) => at(path, "it may not use", ""),
    }
}
