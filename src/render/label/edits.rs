//! Which labels a report comes to, namespace by namespace: what `-o kubectl` and `-o manifest` write.

use std::collections::BTreeMap;

use super::words;
use crate::policy::{Level, Mode, NamespacePolicy, Policy, Version, is_read_label};
use crate::report::label::{LabelReport, ModeRow, NamespaceRow, Question, Step};

/// What to do with the labels of a namespace.
pub(super) struct Edit<'a> {
    /// The namespace.
    pub(super) row: &'a NamespaceRow,
    /// Labels to set.
    pub(super) set: BTreeMap<String, String>,
    /// Labels to take away.
    pub(super) remove: Vec<String>,
    /// Steps that come later.
    pub(super) later: &'a [Step],
    /// What should be known before, a sentence each; safe to print.
    pub(super) remarks: Vec<String>,
}

/// The edits of all namespaces; one without labels to set or remove says why in its remarks.
pub(super) fn edits(report: &LabelReport) -> impl Iterator<Item = Edit<'_>> {
    report.namespaces.iter().map(|row| edit(report, row))
}

fn edit<'a>(report: &LabelReport, row: &'a NamespaceRow) -> Edit<'a> {
    let mut edit = Edit { row, set: BTreeMap::new(), remove: Vec::new(), later: &[], remarks: Vec::new() };
    if let Some((first, later)) = row.plan.split_first() {
        edit.step(first, later);
    } else {
        match report.question {
            Question::Matrix => edit.strictest(report.server),
            Question::Labels => edit.modes(),
            Question::Upgrade { .. } => edit.pins(),
        }
    }
    if edit.is_empty() && edit.remarks.is_empty() {
        edit.remarks.push("nothing to change".to_owned());
    }
    edit
}

impl Edit<'_> {
    /// Whether nothing is to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }

    /// The Pod Security labels as they would be then. What the server does not read is not among them.
    pub(super) fn result(&self) -> BTreeMap<String, String> {
        let kept = self.row.labels.iter().filter(|(key, _)| is_read_label(key) && !self.remove.contains(key));
        kept.chain(&self.set).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl<'a> Edit<'a> {
    fn step(&mut self, first: &'a Step, later: &'a [Step]) {
        self.set = first.labels.clone();
        self.remove = first.remove.clone();
        self.later = later;
        self.remarks.push(crate::render::sanitize(&first.why).into_owned());
    }

    /// Enforce the strictest safe level. What the system's own namespaces need is for a person to decide.
    fn strictest(&mut self, server: u16) {
        let (row, strictest) = (self.row, self.row.strictest);
        let now = words::now(row, Mode::Enforce).map_or(Level::Privileged, |policy| policy.level);
        if let Some(why) = &row.exempt {
            self.remarks.push(format!("admission does not look at it: {}", crate::render::sanitize(why)));
        } else if !row.unread.is_empty() {
            let unread = words::list(row.unread.clone(), 3);
            let unread = crate::render::sanitize(&unread).into_owned();
            self.remarks.push(format!("{unread} could not be read, so nobody knows yet what is safe"));
        } else if now > strictest {
            self.remarks.push(format!("enforces {now}, though what runs there only meets {strictest}"));
        } else if now == strictest {
            self.remarks.push(format!("enforces the strictest level that is safe already: {now}"));
        } else if row.system {
            self.remarks.push(format!("one of the system's own: it could enforce {strictest} as it is now"));
        } else {
            self.policy(Mode::Enforce, Policy { level: strictest, version: Version::Minor(server) });
        }
    }

    fn modes(&mut self) {
        if let Some(why) = self.row.exempt.as_ref().filter(|_| !self.row.modes.is_empty()) {
            self.remarks.push(format!("labels do nothing here: {}", crate::render::sanitize(why)));
        }
        self.row.modes.iter().for_each(|mode| self.mode(mode));
    }

    fn mode(&mut self, mode: &ModeRow) {
        if !mode.violating.is_empty() {
            let names = words::list(mode.violating.iter().map(words::name).collect(), 5);
            let outcome = words::outcome(self.row, mode.mode, mode.workloads);
            self.remarks.push(format!("{} {}: {outcome}: {names}", mode.mode, mode.to));
        }
        self.policy(mode.mode, mode.to);
    }

    /// Only who pinned a version has one to raise.
    fn pins(&mut self) {
        for mode in &self.row.modes {
            let key = mode.mode.version_label();
            if self.row.labels.get(&key).is_some_and(|value| value != "latest") {
                self.mode(mode);
            }
        }
        if self.set.is_empty() {
            self.remarks.push("goes with the server's version, no label says one".to_owned());
        }
    }

    /// The labels of a mode that are not there yet.
    fn policy(&mut self, mode: Mode, to: Policy) {
        let (level, version) = (mode.level_label(), mode.version_label());
        self.set_unless_there(level, to.level.to_string());
        match to.version {
            Version::Minor(_) => self.set_unless_there(version, to.version.to_string()),
            Version::Latest if self.row.labels.get(&version).is_some_and(|value| value != "latest") => {
                self.remove.push(version);
            }
            Version::Latest => {}
        }
    }

    fn set_unless_there(&mut self, key: String, value: String) {
        if self.row.labels.get(&key) != Some(&value) {
            self.set.insert(key, value);
        }
    }
}

/// What labels alone come to, mode by mode, where no entry of a row says it.
pub(super) fn policy_of(labels: &BTreeMap<String, String>) -> NamespacePolicy {
    NamespacePolicy::from_labels(labels, NamespacePolicy::default()).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::label::sample;

    #[test]
    fn labels_come_to_the_policies_that_were_asked_about() {
        for report in [sample::labels(), sample::upgrade()] {
            for edit in edits(&report).filter(|edit| !edit.is_empty()) {
                let then = policy_of(&edit.result());
                for mode in &edit.row.modes {
                    assert_eq!(then.mode(mode.mode), mode.to, "{}", edit.row.name);
                }
            }
        }
    }

    #[test]
    fn a_pin_goes_where_latest_is_asked_for() {
        let mut report = sample::labels();
        let row = &mut report.namespaces[0];
        row.labels = sample::labels_of(&[
            ("pod-security.kubernetes.io/enforce", "baseline"),
            ("pod-security.kubernetes.io/enforce-version", "v1.20"),
            ("pod-security.kubernets.io/warn", "baseline"),
        ]);
        row.modes.truncate(1);
        row.modes[0].to = sample::policy(Level::Baseline, Version::Latest);
        let edit = edits(&report).next().unwrap();
        assert_eq!(edit.remove, ["pod-security.kubernetes.io/enforce-version"]);
        assert!(edit.set.is_empty(), "the level is there");
        assert_eq!(edit.result(), sample::labels_of(&[("pod-security.kubernetes.io/enforce", "baseline")]));
    }

    #[test]
    fn the_matrix_comes_to_what_is_safe_and_stricter() {
        let report = sample::matrix();
        let all: Vec<_> =
            edits(&report).map(|edit| (edit.set.values().cloned().collect::<Vec<_>>(), edit.remarks)).collect();
        let nothing = |why: &str| (Vec::new(), vec![why.to_owned()]);
        assert_eq!(all[0], nothing("enforces baseline, though what runs there only meets privileged"));
        assert_eq!(all[1], nothing("admission does not look at it: namespace \"kube-system\" is exempt"));
        assert_eq!(all[2], (vec!["baseline".to_owned(), "v1.36".to_owned()], Vec::new()));
        assert_eq!(all[3], nothing("enforces the strictest level that is safe already: restricted"));
        let mut report = report;
        report.namespaces[2].unread = vec!["pods".to_owned()];
        let edit = edits(&report).nth(2).unwrap();
        assert_eq!(edit.remarks, ["pods could not be read, so nobody knows yet what is safe"]);
        assert!(edit.is_empty());
    }
}
