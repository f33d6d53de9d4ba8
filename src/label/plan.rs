//! What is recommended for a namespace: what is safe today, and how to get to restricted.

use std::collections::BTreeMap;

use super::judge::some;
use crate::policy::{Level, Mode, NamespacePolicy, Policy, Version, is_read_label};
use crate::report::label::{NamespaceRow, Step};

/// The steps for a namespace with these labels: warn and audit first, then enforce, with the versions of the server. What
/// is enforced now is never weakened, and neither is what is warned of.
pub(super) fn plan(
    row: &NamespaceRow,
    labels: &BTreeMap<String, String>,
    defaults: NamespacePolicy,
    server: u16,
) -> Vec<Step> {
    if let Some(why) = &row.exempt {
        return vec![leave(format!("{why}: admission does not look at it, whatever its labels say"))];
    }
    if row.system {
        return vec![leave(
            "it belongs to Kubernetes or to the distribution, which may need the node at its next upgrade".to_owned(),
        )];
    }
    if !row.unread.is_empty() {
        let names = some(row.unread.clone(), 3);
        return vec![leave(format!("{names} could not be read, so nobody knows yet what is safe"))];
    }
    let now = NamespacePolicy::from_labels(labels, defaults).0;
    let is_empty = !row.modes.is_empty() && row.modes.iter().all(|entry| entry.workloads.judged == 0);
    let runs_nothing = !row.modes.is_empty() && row.modes.iter().all(|entry| entry.pods.judged == 0);
    let plan = Plan { labels, now, strictest: row.strictest, is_empty, runs_nothing, server };
    let mut steps = plan.steps();
    if let Some(first) = steps.first_mut() {
        take_away(first, misspelt(row));
    }
    steps
}

/// Keys of labels that were meant to be others, and that nothing reads.
fn misspelt(row: &NamespaceRow) -> Vec<String> {
    let meant = row.notices.iter().filter(|notice| notice.instead.is_some()).filter_map(|notice| notice.label.clone());
    meant.filter(|label| row.labels.contains_key(label) && !is_read_label(label)).collect()
}

fn take_away(step: &mut Step, labels: Vec<String>) {
    if !labels.is_empty() {
        let (what, it) =
            if labels.len() == 1 { ("a misspelt label goes", "it") } else { ("misspelt labels go", "them") };
        step.why.push_str(&format!("; {what}, as nothing reads {it}"));
        step.remove = labels;
    }
}

fn leave(why: String) -> Step {
    Step { when: "leave it as it is".to_owned(), labels: BTreeMap::new(), remove: Vec::new(), why }
}

struct Plan<'a> {
    labels: &'a BTreeMap<String, String>,
    now: NamespacePolicy,
    strictest: Level,
    /// Whether there is no workload that could break.
    is_empty: bool,
    /// Whether no pod runs in it.
    runs_nothing: bool,
    server: u16,
}

impl Plan<'_> {
    fn steps(&self) -> Vec<Step> {
        let enforce = self.strictest.max(self.now.enforce.level);
        let next = stricter(enforce);
        let mut first = BTreeMap::new();
        self.set_enforce(&mut first);
        for mode in [Mode::Audit, Mode::Warn] {
            self.set(&mut first, mode, next.max(self.now.mode(mode).level));
        }
        first.retain(|key, value| self.labels.get(key) != Some(value));
        let mut why = self.why_first(enforce);
        // What webhooks put into pods is only seen in pods.
        if self.runs_nothing && first.contains_key(&Mode::Enforce.level_label()) {
            why.push_str("; no pod runs in it, so nobody knows whether a webhook would put something into its pods");
        }
        let mut steps = vec![self.step("now", first, why)];
        let mut level = enforce;
        while level < Level::Restricted {
            level = stricter(level);
            let mut labels = BTreeMap::new();
            self.set(&mut labels, Mode::Enforce, level);
            for mode in [Mode::Audit, Mode::Warn] {
                if stricter(level) > level {
                    self.set(&mut labels, mode, stricter(level));
                }
            }
            let when = format!("once nothing violates {level}");
            steps.push(self.step(
                &when,
                labels,
                format!("warnings and the audit log tell what is left to do for {level}"),
            ));
        }
        steps
    }

    /// Enforces the strictest safe level. What is stricter already, though not everything meets it, stays.
    fn set_enforce(&self, labels: &mut BTreeMap<String, String>) {
        if self.strictest > Level::Privileged && self.strictest >= self.now.enforce.level {
            self.set(labels, Mode::Enforce, self.strictest);
        }
    }

    fn set(&self, labels: &mut BTreeMap<String, String>, mode: Mode, level: Level) {
        let policy = Policy { level, version: Version::Minor(self.server) };
        labels.insert(mode.level_label(), policy.level.to_string());
        labels.insert(mode.version_label(), policy.version.to_string());
    }

    fn why_first(&self, enforce: Level) -> String {
        let now = self.now.enforce.level;
        match (self.strictest, now) {
            (strictest, now) if now > strictest => {
                format!("it enforces {now}, which not everything meets that runs: mend that before anything restarts")
            }
            (Level::Privileged, _) => {
                "nothing is enforced yet, as something violates baseline: be told of it first".to_owned()
            }
            (Level::Restricted, _) if self.is_empty => "no workload is in it that could break".to_owned(),
            (Level::Restricted, _) => "everything meets restricted, the strictest level".to_owned(),
            _ => format!("everything meets {enforce}, and nobody is broken by being told what violates the next level"),
        }
    }

    fn step(&self, when: &str, labels: BTreeMap<String, String>, why: String) -> Step {
        let why = if labels.is_empty() { format!("{why}, and its labels say so") } else { why };
        Step { when: when.to_owned(), labels, remove: Vec::new(), why }
    }
}

fn stricter(level: Level) -> Level {
    Level::ALL.into_iter().find(|other| *other > level).unwrap_or(Level::Restricted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::label::{Count, ModeRow};

    fn row(strictest: Level) -> NamespaceRow {
        NamespaceRow {
            unread: Vec::new(),
            ended: 0,
            name: "shop".to_owned(),
            labels: BTreeMap::new(),
            system: false,
            exempt: None,
            strictest,
            notices: Vec::new(),
            modes: Vec::new(),
            plan: Vec::new(),
            applied: None,
        }
    }

    fn short(labels: &[(&str, &str)], row: &NamespaceRow) -> Vec<String> {
        let key = |key: &str| format!("pod-security.kubernetes.io/{key}");
        let labels = labels.iter().map(|(k, v)| (key(k), (*v).to_owned())).collect();
        let strip = |(key, value): (&String, &String)| {
            format!(" {}={value}", key.trim_start_matches("pod-security.kubernetes.io/"))
        };
        let text = |step: &Step| format!("{}:{}", step.when, step.labels.iter().map(strip).collect::<String>());
        plan(row, &labels, NamespacePolicy::default(), 36).iter().map(text).collect()
    }

    #[test]
    fn warn_and_audit_go_ahead_of_enforce() {
        assert_eq!(
            short(&[], &row(Level::Privileged)),
            [
                "now: audit=baseline audit-version=v1.36 warn=baseline warn-version=v1.36",
                "once nothing violates baseline: audit=restricted audit-version=v1.36 enforce=baseline \
                 enforce-version=v1.36 warn=restricted warn-version=v1.36",
                "once nothing violates restricted: enforce=restricted enforce-version=v1.36",
            ]
        );
        assert_eq!(
            short(&[], &row(Level::Baseline)),
            [
                "now: audit=restricted audit-version=v1.36 enforce=baseline enforce-version=v1.36 warn=restricted \
                 warn-version=v1.36",
                "once nothing violates restricted: enforce=restricted enforce-version=v1.36",
            ]
        );
    }

    #[test]
    fn what_is_there_is_kept_and_never_weakened() {
        let done = ["enforce", "audit", "warn"].map(|mode| (mode, "restricted"));
        let versions = ["enforce-version", "audit-version", "warn-version"].map(|key| (key, "v1.36"));
        assert_eq!(short(&[done, versions].concat(), &row(Level::Restricted)), ["now:"]);
        // Not everything meets what is enforced: it stays, whatever its version.
        let strict = short(&[("enforce", "restricted"), ("enforce-version", "v1.30")], &row(Level::Privileged));
        assert_eq!(strict, ["now: audit=restricted audit-version=v1.36 warn=restricted warn-version=v1.36"]);
        let warned = short(&[("warn", "restricted")], &row(Level::Privileged));
        assert!(warned[0].contains(" warn-version=v1.36") && warned[0].contains("audit=baseline"), "{warned:?}");
        assert!(!warned[0].contains("warn=baseline"), "{warned:?}");
    }

    fn first(labels: &[(&str, &str)], row: &NamespaceRow) -> Step {
        let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        plan(row, &labels, NamespacePolicy::default(), 36).remove(0)
    }

    #[test]
    fn what_webhooks_do_is_not_known_where_no_pod_runs() {
        let mut idle = row(Level::Baseline);
        let policy = |level| Policy { level, version: Version::Minor(36) };
        idle.modes = vec![ModeRow {
            mode: Mode::Enforce,
            from: policy(Level::Privileged),
            to: policy(Level::Baseline),
            pods: Count::default(),
            workloads: Count { judged: 2, violating: 0 },
            violating: Vec::new(),
            newly_allowed: Vec::new(),
            server: None,
            differences: Vec::new(),
        }];
        let told = "; no pod runs in it, so nobody knows whether a webhook would put something into its pods";
        assert!(first(&[], &idle).why.ends_with(told), "{}", first(&[], &idle).why);
        idle.modes[0].pods.judged = 1;
        assert!(!first(&[], &idle).why.contains("webhook"));
    }

    #[test]
    fn misspelt_labels_go() {
        let labels = [("security.kubernetes.io/enforce", "baseline"), ("pod-security.kubernetes.io/team", "a")];
        let mut misspelt = row(Level::Restricted);
        misspelt.labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mistakes = crate::policy::label_mistakes(&misspelt.labels, &crate::policy::LabelContext::default());
        misspelt.notices = mistakes.iter().map(Into::into).collect();
        let step = first(&labels, &misspelt);
        assert_eq!(step.remove, ["security.kubernetes.io/enforce"], "nobody knows what the other was meant to be");
        assert!(step.why.ends_with("; a misspelt label goes, as nothing reads it"), "{}", step.why);
    }

    #[test]
    fn what_is_not_to_be_labelled_is_left_with_a_reason() {
        let mut system = row(Level::Privileged);
        system.system = true;
        assert_eq!(short(&[], &system), ["leave it as it is:"]);
        let mut exempt = row(Level::Privileged);
        exempt.exempt = Some("namespace \"shop\" is exempt".to_owned());
        assert_eq!(short(&[], &exempt), ["leave it as it is:"]);
        let mut hidden = row(Level::Restricted);
        hidden.unread = vec!["deployments.apps".to_owned()];
        assert_eq!(short(&[], &hidden), ["leave it as it is:"]);
    }
}
