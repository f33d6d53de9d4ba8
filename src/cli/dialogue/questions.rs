//! The questions: pure data, from plans and what is known of workloads, and from answers to choices.
//!
//! A plan without choices says what is risky, so the questions are made of one: each risky group once, with what is known
//! that bears on it. How an answer was typed or picked is none of this file's business.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::question::{BIND, Effect, Question, Typed, choice, choose, type_in};
use super::{Answers, known};
use crate::checks;
use crate::cli::harden_args::WantedLevel;
use crate::model::{Applicability, FieldPath, Segment, VolumeChoice};
use crate::policy::{Level, Policy};
use crate::report::Opened;
use crate::report::apply::Evidence;
use crate::report::harden::Hardened;

/// Which level to reach: the first question.
pub(in crate::cli) fn level_question() -> Question {
    let options = vec![
        choice("restricted: the pod has no more rights than it needs", Effect::Level(WantedLevel::Restricted)),
        choice("baseline: the known ways out of a container are shut", Effect::Level(WantedLevel::Baseline)),
    ];
    choose("Which level?", Vec::new(), options, 0)
}

/// What is to be asked about plans that were made with the answers so far.
///
/// An item is a workload: what its templates come to, and what is known of it.
pub(in crate::cli) fn questions(
    items: &[(&[Hardened], &Evidence)],
    policy: Policy,
    answers: &Answers,
) -> Vec<Question> {
    let all = All { items, level: policy.level, minor: policy.version.minor(), answers };
    let mut questions = Vec::new();
    questions.extend(all.user());
    questions.extend(all.capabilities());
    questions.extend(all.others());
    questions.extend(all.volumes());
    if all.changes() {
        questions.extend(all.read_only());
        questions.extend(all.token());
    }
    questions
}

struct All<'a> {
    items: &'a [(&'a [Hardened], &'a Evidence)],
    level: Level,
    minor: u16,
    answers: &'a Answers,
}

/// Checks with questions of their own.
const USER_CHECKS: [&str; 2] = ["runAsNonRoot", "runAsUser"];
const CAPABILITIES: &str = "capabilities_restricted";
const VOLUME_CHECKS: [&str; 2] = ["hostPathVolumes", "restrictedVolumes"];

impl All<'_> {
    fn results(&self) -> impl Iterator<Item = &Hardened> {
        self.items.iter().flat_map(|(results, _)| *results)
    }

    fn changes(&self) -> bool {
        self.results().any(|result| !result.edits.is_empty() || !result.residue.is_empty())
    }

    fn edits_of(&self, check: &str) -> bool {
        self.results().flat_map(|result| &result.edits).any(|edit| edit.check == check)
    }

    /// Lines about all workloads; of several, each with the workload's name.
    fn known(&self, of: fn(&Evidence) -> Vec<String>) -> Vec<String> {
        let is_one = self.items.len() == 1;
        let lines = self.items.iter().flat_map(|(results, evidence)| {
            let name = results.first().map(Hardened::short_name).unwrap_or_default();
            of(evidence).into_iter().map(move |line| if is_one { line } else { format!("{name}: {line}") })
        });
        let mut lines: Vec<String> = lines.collect();
        let more = lines.len().saturating_sub(MOST_LINES);
        if more > 0 {
            lines.truncate(MOST_LINES);
            lines.push(format!("and {more} more"));
        }
        lines
    }

    fn containers(&self) -> impl Iterator<Item = &crate::report::apply::ContainerEvidence> {
        self.items.iter().flat_map(|(_, evidence)| known::containers(evidence))
    }

    /// What the user is to be, where the plan forbids root.
    fn user(&self) -> Option<Question> {
        let given = &self.answers.choices;
        if !USER_CHECKS.iter().any(|check| self.edits_of(check)) || given.run_as_user.is_some() || given.user_namespace
        {
            return None;
        }
        if self.items.iter().all(|(_, evidence)| evidence.user_ids.is_some()) {
            let options = vec![
                choice("yes; the namespace hands out their user IDs", Effect::Usual),
                choice("no, leave it: the level is not reached", Effect::Skip(USER_CHECKS.to_vec())),
            ];
            return Some(choose("Forbid containers to run as root?", self.known(known::users), options, 0));
        }
        let id = self.items.iter().flat_map(|(_, evidence)| &evidence.containers).find_map(|one| one.run_as_group);
        let mut ids = vec![type_in("User ID", "1000", Typed::User)];
        let keeps_data = self.containers().flat_map(|one| &one.writable).any(|mount| mount.source != "emptyDir");
        if keeps_data && given.fs_group.is_none() {
            ids.push(type_in(
                "Group that owns the volumes, so that the user can write to them (- for none)",
                &id.unwrap_or(1000).to_string(),
                Typed::FsGroup,
            ));
        }
        let mut options = vec![
            choice("the image's own, which must not be root", Effect::Usual),
            choice("a user ID that I give", Effect::Ask(ids)),
        ];
        if self.minor >= USER_NAMESPACES_SINCE {
            options.push(choice(
                "root within a user namespace of the pod, nobody outside (hostUsers: false)",
                Effect::UserNamespace,
            ));
        }
        options.push(choice("leave it as it is: the level is not reached", Effect::Skip(USER_CHECKS.to_vec())));
        // An image that runs as root now does not start as its own user.
        let is_root =
            self.containers().any(|one| one.run_as_user.is_none_or(|user| user == 0) && one.state.users.contains(&0));
        let was_root = self.containers().any(|one| one.run_as_user == Some(0));
        let default = usize::from(is_root || was_root);
        Some(choose("Which user may containers run as?", self.known(known::users), options, default))
    }

    fn capabilities(&self) -> Option<Question> {
        if !self.edits_of(CAPABILITIES) || !self.answers.choices.keep_capability.is_empty() {
            return None;
        }
        let options = vec![
            choice("none: drop ALL", Effect::Usual),
            choice(format!("{BIND}, to listen below 1024; drop all others"), Effect::KeepBind),
            choice("leave them as they are: the level is not reached", Effect::Skip(vec![CAPABILITIES])),
        ];
        let needs_it = |one: &crate::report::apply::ContainerEvidence| {
            !one.low_ports.is_empty() || one.capabilities.iter().any(|name| name.trim_start_matches("CAP_") == BIND)
        };
        let default = usize::from(self.containers().any(needs_it));
        Some(choose("Which capabilities are kept?", self.known(known::capabilities), options, default))
    }

    /// A question for each other check with risky edits.
    fn others(&self) -> Vec<Question> {
        let mut groups: BTreeMap<usize, (&'static str, BTreeSet<String>)> = BTreeMap::new();
        for edit in self.results().flat_map(|result| &result.edits).filter(|edit| edit.fix == Applicability::Risky) {
            let position = checks::CHECKS.iter().position(|check| check.id == edit.check);
            let has_its_own = USER_CHECKS.contains(&edit.check) || edit.check == CAPABILITIES;
            let Some(position) = position.filter(|_| !has_its_own && !VOLUME_CHECKS.contains(&edit.check)) else {
                continue;
            };
            let group = groups.entry(position).or_insert_with(|| (edit.check, BTreeSet::new()));
            let who = edit.container.as_deref().unwrap_or("pod");
            let field = edit.edit.path.segments().iter().rev().find_map(Segment::as_key).unwrap_or_default();
            let risk = if edit.risk.is_empty() { String::new() } else { format!("; may break: {}", edit.risk) };
            group.1.insert(format!("{who}: {field}{risk}"));
        }
        groups.into_values().map(|(check, lines)| self.other(check, lines)).collect()
    }

    fn other(&self, check: &'static str, lines: BTreeSet<String>) -> Question {
        let title = checks::by_id(check).map_or(check, |known| known.title);
        let options = vec![
            choice("yes, make the edits", Effect::Usual),
            choice("no, leave it: the level is not reached", Effect::Skip(vec![check])),
        ];
        let mut known: Vec<String> = lines.into_iter().take(MOST_LINES).collect();
        known.extend(self.known(known::trouble));
        choose(format!("{title}: take it away?"), known, options, 0)
    }

    /// What takes the place of each volume that the level forbids.
    fn volumes(&self) -> Vec<Question> {
        let mut seen = BTreeSet::new();
        let mut questions = Vec::new();
        let opened = Opened::default();
        for result in self.results() {
            for left in result.residue.iter().filter(|left| VOLUME_CHECKS.contains(&left.check)) {
                let object = opened.value(&result.object);
                let Some(volume) = volume_at(&left.path, &object) else { continue };
                let name = volume["name"].as_str().unwrap_or_default();
                if !name.is_empty() && seen.insert(name.to_owned()) {
                    questions.push(self.volume(name, volume, &left.why));
                }
            }
        }
        questions
    }

    fn volume(&self, name: &str, volume: &Value, why: &str) -> Question {
        let of = |choice: VolumeChoice| Effect::Volume(name.to_owned(), choice);
        let claim = type_in(format!("Claim for volume {name}"), "", Typed::Claim(name.to_owned()));
        let map = type_in(format!("ConfigMap for volume {name}"), "", Typed::ConfigMap(name.to_owned()));
        let options = vec![
            choice("leave it as it is: the level is not reached", Effect::Usual),
            choice("an empty folder that goes with the pod (emptyDir)", of(VolumeChoice::EmptyDir)),
            choice("a persistent volume claim", Effect::Ask(vec![claim])),
            choice("a ConfigMap", Effect::Ask(vec![map])),
            choice("nothing: the volume and its mounts go", of(VolumeChoice::Remove)),
        ];
        let mounted = |container: &crate::report::apply::ContainerEvidence| {
            let mounts = container.writable.iter().filter(|mount| mount.volume == name);
            let paths: Vec<_> = mounts.map(|mount| mount.path.clone()).collect();
            (!paths.is_empty()).then(|| format!("{}: may write to it at {}", container.name, paths.join(", ")))
        };
        let known = [why.to_owned()].into_iter().chain(self.containers().filter_map(mounted)).collect();
        // What lies in such a folder of a node is nobody's data.
        let path = volume["hostPath"]["path"].as_str().unwrap_or_default();
        let is_scratch = ["/tmp", "/var/tmp", "/var/cache"].iter().any(|folder| path.starts_with(folder));
        choose(format!("Volume {name}: what takes its place?"), known, options, usize::from(is_scratch))
    }

    fn read_only(&self) -> Option<Question> {
        let is_done = self.containers().all(|one| one.read_only_root_filesystem);
        if is_done || self.answers.choices.read_only_root_filesystem || self.level != Level::Restricted {
            return None;
        }
        let options = vec![
            choice("no; the level does not ask for it", Effect::Usual),
            choice("yes, but for folders that I name", Effect::ReadOnly),
        ];
        Some(choose("Make root file systems read-only?", self.known(known::writing), options, 0))
    }

    fn token(&self) -> Option<Question> {
        let mounts = self.items.iter().any(|(_, evidence)| evidence.mounts_token);
        if !mounts || self.answers.choices.no_service_account_token || self.level != Level::Restricted {
            return None;
        }
        let options = vec![
            choice("keep it; the level does not ask for it", Effect::Usual),
            choice("take it away: nothing in there talks to the Kubernetes API", Effect::NoToken),
        ];
        Some(choose("The service account's token?", Vec::new(), options, 0))
    }
}

/// The most lines of what is known with one question.
const MOST_LINES: usize = 8;

/// The first version in which a user namespace excuses root.
const USER_NAMESPACES_SINCE: u16 = 35;

/// The volume that a path leads into.
fn volume_at<'a>(path: &FieldPath, object: &'a Value) -> Option<&'a Value> {
    let segments = path.segments();
    let list = segments.iter().position(|segment| segment.as_key() == Some("volumes"))?;
    path.head(list + 2).find(object)
}
