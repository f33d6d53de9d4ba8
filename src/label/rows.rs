//! What a namespace has, and what each mode would come to.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::judge::{Judge, Judged};
use super::{Request, notices, system};
use crate::live::{Branch, NamespaceObject};
use crate::policy::{LabelContext, Level, Mode, NamespacePolicy, Policy, Version, label_mistakes, pod_security_labels};
use crate::report::label::{ModeRow, NamespaceRow, Question};

/// Makes the rows of a report.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) judge: &'a Judge<'a>,
    pub(super) request: &'a Request,
    pub(super) question: &'a Question,
    /// The newest version that the server knows.
    pub(super) server: u16,
}

impl Rows<'_> {
    /// The same with another judge.
    pub(super) fn by<'b>(&'b self, judge: &'b Judge<'b>) -> Rows<'b> {
        Rows { judge, ..*self }
    }

    /// The row of a namespace with these workloads and pods.
    pub(super) fn row(&self, namespace: &NamespaceObject, branches: &[Branch], unread: Vec<String>) -> NamespaceRow {
        let (name, labels) = (&namespace.metadata.name, &namespace.metadata.labels);
        let now = NamespacePolicy::from_labels(labels, self.request.defaults).0;
        let exempt = self.judge.admission.exemption(name, None).map(|exemption| exemption.to_string());
        let context = LabelContext { annotations: None, defaults: self.request.defaults, newest: Some(self.server) };
        let mistakes = label_mistakes(labels, &context);
        let mut row = NamespaceRow {
            name: name.clone(),
            labels: pod_security_labels(labels),
            system: system::is_system(name),
            // What could not be read may meet no level.
            strictest: if unread.is_empty() { self.strictest(branches) } else { Level::Privileged },
            notices: mistakes.iter().map(Into::into).collect(),
            modes: Vec::new(),
            plan: Vec::new(),
            applied: None,
            exempt,
            ended: branches.iter().filter(|branch| branch.is_over()).map(|branch| branch.pods.len()).sum(),
            unread,
        };
        notices::of_exemption(&mut row, now);
        // What is exempt is not judged.
        let branches = if row.exempt.is_some() { &[] } else { branches };
        row.modes = match self.question {
            Question::Matrix => self.levels(now.enforce, branches),
            Question::Labels => self.labels(labels, now, branches),
            Question::Upgrade { from, to } => self.upgrade(&mut row, now, (*from, *to), branches),
        };
        if *self.question == Question::Labels {
            notices::of_lowered(&mut row);
        }
        self.notices(&mut row, now, branches);
        row
    }

    fn notices(&self, row: &mut NamespaceRow, now: NamespacePolicy, branches: &[Branch]) {
        let enforced = now.enforce.known_to(self.server);
        let judged = self.judge.judge(branches, enforced);
        notices::of_stricter_than_running(row, now.enforce, self.server, &judged.violating);
        let targets: Vec<Policy> = row.modes.iter().filter(|entry| entry.mode == Mode::Enforce).map(|e| e.to).collect();
        for to in targets {
            notices::of_ephemeral(row, self.judge, to.known_to(self.server), branches);
        }
    }

    /// The strictest level that all templates and pods meet at the server's version.
    fn strictest(&self, branches: &[Branch]) -> Level {
        let meets = |level: &Level| self.judge.judge(branches, self.current(*level)).is_clean();
        [Level::Restricted, Level::Baseline].into_iter().find(meets).unwrap_or(Level::Privileged)
    }

    fn current(&self, level: Level) -> Policy {
        Policy { level, version: Version::Minor(self.server) }
    }

    fn levels(&self, from: Policy, branches: &[Branch]) -> Vec<ModeRow> {
        let row = |level| {
            let to = self.current(level);
            entry(Mode::Enforce, from, to, self.judge.judge(branches, to))
        };
        [Level::Baseline, Level::Restricted].map(row).into()
    }

    /// The modes that the wanted labels change.
    fn labels(&self, labels: &BTreeMap<String, String>, now: NamespacePolicy, branches: &[Branch]) -> Vec<ModeRow> {
        let mut then = labels.clone();
        then.extend(self.request.wanted.labels());
        let then = NamespacePolicy::from_labels(&then, self.request.defaults).0;
        let row = |mode: &Mode| {
            let (from, to) = (now.mode(*mode), then.mode(*mode));
            (from != to).then(|| entry(*mode, from, to, self.judge.judge(branches, to.known_to(self.server))))
        };
        self.request.wanted.0.keys().filter_map(row).collect()
    }

    /// What the present modes would come to at another version. What is pinned stays as it is.
    fn upgrade(
        &self,
        row: &mut NamespaceRow,
        now: NamespacePolicy,
        (from, to): (u16, u16),
        branches: &[Branch],
    ) -> Vec<ModeRow> {
        let mut entries = Vec::new();
        for mode in Mode::ALL {
            let policy = now.mode(mode);
            if policy.level == Level::Privileged {
                continue;
            }
            let (old, new) = (policy.known_to(from), policy.known_to(to));
            let newly = |old: Policy, new: Policy| {
                let find = |id| {
                    if self.judge.find(old, id).is_empty() { self.judge.find(new, id) } else { Rc::default() }
                };
                self.judge.judge_by(branches, &find, &|_| Vec::new())
            };
            // Without one of its own, warn has the version of enforce.
            let is_own = row.labels.contains_key(&mode.version_label()) || mode == Mode::Enforce;
            if old == new && policy.version != Version::Latest && is_own {
                row.notices.push(notices::of_pin(mode, policy));
            }
            let mut one = entry(mode, old, new, newly(old, new));
            one.newly_allowed = newly(new, old).violating;
            entries.push(one);
        }
        entries
    }
}

fn entry(mode: Mode, from: Policy, to: Policy, judged: Judged) -> ModeRow {
    ModeRow {
        mode,
        from,
        to,
        pods: judged.pods,
        workloads: judged.workloads,
        violating: judged.violating,
        newly_allowed: Vec::new(),
        server: None,
        differences: Vec::new(),
    }
}
