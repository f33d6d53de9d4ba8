//! Reports that all tests of these renderers share.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{FieldPath, Finding};
use crate::policy::{Level, Mode, Policy, Version};
use crate::render::sample::{finding, violation};
use crate::report::label::{
    Applied, Count, LabelReport, ModeRow, NamespaceRow, Notice, Question, ServerAnswer, Step, Violator,
};
use crate::report::{Problem, Source};

pub(super) const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn policy(level: Level, version: Version) -> Policy {
    Policy { level, version }
}

pub(super) fn labels_of(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(super) fn privileged(container: &str) -> Finding {
    let path = ["spec", "containers", "0", "securityContext", "privileged"];
    let detail = format!("container \"{container}\" must not set securityContext.privileged=true");
    finding("privileged", "privileged", &detail, vec![violation(&path, container, json!(true), json!(false))])
}

pub(super) fn escalation(container: &str) -> Finding {
    let path = ["spec", "containers", "0", "securityContext", "allowPrivilegeEscalation"];
    let detail = format!("container \"{container}\" must set securityContext.allowPrivilegeEscalation=false");
    let violations = vec![violation(&path, container, Value::Null, json!(false))];
    finding("allowPrivilegeEscalation", "allowPrivilegeEscalation != false", &detail, violations)
}

pub(super) fn violator(kind: &str, name: &str, pods: &[&str], findings: Vec<Finding>) -> Violator {
    let is_pod = kind == "Pod";
    Violator {
        api_version: if is_pod { "v1" } else { "apps/v1" }.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        template: if is_pod { FieldPath::root() } else { FieldPath::fields(&["spec", "template"]) },
        pods: pods.iter().map(|pod| (*pod).to_owned()).collect(),
        running: pods.len(),
        lost: pods.len(),
        template_violates: true,
        findings,
        injected: Vec::new(),
        by_injection: false,
        ephemeral: Vec::new(),
        exempt: None,
    }
}

pub(super) fn mode(mode: Mode, from: Policy, to: Policy, judged: usize, violating: Vec<Violator>) -> ModeRow {
    ModeRow {
        mode,
        from,
        to,
        pods: Count { judged: judged * 2, violating: violating.iter().map(|one| one.pods.len()).sum() },
        workloads: Count { judged, violating: violating.len() },
        violating,
        newly_allowed: Vec::new(),
        server: None,
        differences: Vec::new(),
    }
}

pub(super) fn namespace(name: &str, labels: &[(&str, &str)], strictest: Level, modes: Vec<ModeRow>) -> NamespaceRow {
    NamespaceRow {
        ended: 0,
        unread: Vec::new(),
        name: name.to_owned(),
        labels: labels_of(labels),
        system: name == "kube-system",
        exempt: (name == "kube-system").then(|| "namespace \"kube-system\" is exempt".to_owned()),
        strictest,
        notices: Vec::new(),
        modes,
        plan: Vec::new(),
        applied: None,
    }
}

fn report(question: Question, namespaces: Vec<NamespaceRow>) -> LabelReport {
    LabelReport { server: 36, question, namespaces, errors: Vec::new(), warnings: Vec::new() }
}

fn levels(from: Policy, judged: usize, baseline: Vec<Violator>, restricted: Vec<Violator>) -> Vec<ModeRow> {
    let to = |level| policy(level, Version::Minor(36));
    vec![
        mode(Mode::Enforce, from, to(Level::Baseline), judged, baseline),
        mode(Mode::Enforce, from, to(Level::Restricted), judged, restricted),
    ]
}

fn misspelt() -> Notice {
    Notice {
        label: Some("pod-security.kubernets.io/enforce".to_owned()),
        message: "label \"pod-security.kubernets.io/enforce\" is not read by anything; did you mean \
                  \"pod-security.kubernetes.io/enforce\"?"
            .to_owned(),
        instead: Some("pod-security.kubernetes.io/enforce=baseline".to_owned()),
    }
}

/// Five namespaces: one that breaks, one that is exempt, one with room, one that is done, one with a misspelt label.
pub(super) fn matrix() -> LabelReport {
    let none = policy(Level::Privileged, Version::Latest);
    let debug = || violator("Pod", "debug", &["debug"], vec![privileged("debug")]);
    let web = || violator("Deployment", "web", &["web-1", "web-2"], vec![escalation("web")]);
    let infra = namespace("infra", &[(ENFORCE, "baseline")], Level::Privileged, {
        levels(policy(Level::Baseline, Version::Latest), 4, vec![debug()], vec![debug(), web()])
    });
    let system = namespace("kube-system", &[], Level::Privileged, levels(none, 9, vec![], vec![]));
    let shop = namespace("shop", &[], Level::Baseline, levels(none, 5, vec![], vec![web()]));
    let done = [(ENFORCE, "restricted"), ("pod-security.kubernetes.io/enforce-version", "v1.30")];
    let from = policy(Level::Restricted, Version::Minor(30));
    let site = namespace("site", &done, Level::Restricted, levels(from, 2, vec![], vec![]));
    let mislabelled = [("pod-security.kubernets.io/enforce", "baseline")];
    let mut team = namespace("team-7", &mislabelled, Level::Restricted, levels(none, 0, vec![], vec![]));
    team.notices.push(misspelt());
    report(Question::Matrix, vec![infra, system, shop, site, team])
}

/// Enforce baseline, warn and audit restricted: all kinds of violators, and a server that answers.
pub(super) fn labels() -> LabelReport {
    let (none, minor) = (policy(Level::Privileged, Version::Latest), Version::Minor(36));
    let (baseline, restricted) = (policy(Level::Baseline, minor), policy(Level::Restricted, minor));
    let modes = |judged, broken: Vec<Violator>, warned: Vec<Violator>| {
        vec![
            mode(Mode::Enforce, none, baseline, judged, broken),
            mode(Mode::Audit, none, restricted, judged, warned.clone()),
            mode(Mode::Warn, none, restricted, judged, warned),
        ]
    };
    let debug = violator("Pod", "debug", &["debug"], vec![privileged("debug")]);
    let mut db = violator("StatefulSet", "db", &["db-0"], vec![privileged("istio-init"), escalation("istio-init")]);
    db.template_violates = false;
    db.by_injection = true;
    db.injected = vec!["istio-init".to_owned()];
    let api = violator("Deployment", "api", &[], vec![escalation("api")]);
    let mut web = violator("Deployment", "web", &["web-1", "web-2"], vec![escalation("web")]);
    web.running = 3;
    let warned = vec![api, web, db.clone(), debug.clone()];
    let mut shop = namespace("shop", &[], Level::Privileged, modes(5, vec![db, debug], warned));
    shop.modes[0].server = Some(ServerAnswer {
        warnings: vec!["existing pods in namespace \"shop\" violate the new PodSecurity enforce level".to_owned()],
        error: None,
    });
    shop.modes[0].differences.push("the server says nothing of pod/debug".to_owned());
    let clean = namespace("clean", &[], Level::Restricted, modes(2, vec![], vec![]));
    let system = namespace("kube-system", &[], Level::Privileged, modes(9, vec![], vec![]));
    let mut team = namespace("team-7", &[], Level::Restricted, modes(0, vec![], vec![]));
    team.notices.push(misspelt());
    let error = Some("may not patch namespaces: this is our own verdict alone".to_owned());
    team.modes[0].server = Some(ServerAnswer { warnings: Vec::new(), error });
    report(Question::Labels, vec![clean, system, shop, team])
}

/// The matrix with what is recommended, and what became of it.
pub(super) fn planned() -> LabelReport {
    let mut report = matrix();
    let pinned = |mode: &str, level: &str| {
        let key = format!("pod-security.kubernetes.io/{mode}");
        labels_of(&[(key.as_str(), level), (format!("{key}-version").as_str(), "v1.36")])
    };
    let step =
        |when: &str, labels, why: &str| Step { when: when.to_owned(), labels, remove: Vec::new(), why: why.to_owned() };
    let first = step("now", pinned("warn", "baseline"), "whoever applies what will be refused is told");
    let mut second = step("after a week without warnings", pinned("enforce", "baseline"), "nothing violates it");
    second.remove = vec!["pod-security.kubernetes.io/warn-version".to_owned()];
    for at in [2, 4] {
        report.namespaces[at].plan = vec![first.clone(), second.clone()];
    }
    let applied = [
        Applied::Skipped("1 workload would break".to_owned()),
        Applied::Skipped("one of the system's own".to_owned()),
        Applied::Done,
        Applied::Unchanged,
        Applied::Failed("somebody else changed it".to_owned()),
    ];
    report.namespaces.iter_mut().zip(applied).for_each(|(row, applied)| row.applied = Some(applied));
    report
}

/// What v1.37 newly denies and admits.
pub(super) fn upgrade() -> LabelReport {
    let at = |minor| policy(Level::Restricted, Version::Minor(minor));
    let web = violator("Deployment", "web", &["web-1"], vec![escalation("web")]);
    let mut row = mode(Mode::Enforce, at(36), at(37), 5, vec![web]);
    row.newly_allowed.push(violator("DaemonSet", "log", &["log-1"], vec![privileged("log")]));
    let shop = namespace("shop", &[(ENFORCE, "restricted")], Level::Baseline, vec![row]);
    let same = namespace(
        "site",
        &[(ENFORCE, "restricted")],
        Level::Restricted,
        vec![mode(Mode::Enforce, at(36), at(37), 2, vec![])],
    );
    report(Question::Upgrade { from: 36, to: 37 }, vec![shop, same])
}

/// No namespace.
pub(super) fn empty() -> LabelReport {
    report(Question::Matrix, Vec::new())
}

/// Names, values and messages that want to be more than text.
pub(super) fn hostile() -> LabelReport {
    const EVIL: &str = "x\u{1b}[2J|`<b>'$(id)\n---\nkind: \u{202e}@all";
    let mut report = labels();
    let row = &mut report.namespaces[2];
    row.name = EVIL.to_owned();
    row.labels = labels_of(&[(EVIL, EVIL), (ENFORCE, EVIL)]);
    row.exempt = None;
    row.notices =
        vec![Notice { label: Some(EVIL.to_owned()), message: EVIL.to_owned(), instead: Some(EVIL.to_owned()) }];
    row.plan = vec![
        Step {
            when: EVIL.to_owned(),
            labels: labels_of(&[(EVIL, EVIL)]),
            remove: vec![EVIL.to_owned()],
            why: EVIL.to_owned()
        };
        2
    ];
    row.applied = Some(Applied::Failed(EVIL.to_owned()));
    for mode in &mut row.modes {
        mode.server = Some(ServerAnswer { warnings: vec![EVIL.to_owned()], error: Some(EVIL.to_owned()) });
        mode.differences = vec![EVIL.to_owned()];
        for violator in &mut mode.violating {
            violator.kind = EVIL.to_owned();
            violator.name = EVIL.to_owned();
            violator.pods = vec![EVIL.to_owned()];
            violator.injected = vec![EVIL.to_owned()];
            violator.ephemeral = vec![EVIL.to_owned()];
            violator.exempt = Some(EVIL.to_owned());
            for finding in &mut violator.findings {
                finding.detail = EVIL.to_owned();
                finding.violations[0].actual = json!(EVIL);
                finding.violations[0].path = FieldPath::root().name(EVIL);
            }
        }
    }
    // One whose name is right and whose plan is not.
    let mut planned = report.namespaces[2].clone();
    planned.name = "shop".to_owned();
    report.namespaces.push(planned);
    let problem = Problem { source: Source::file(EVIL.into()), message: EVIL.to_owned() };
    report.errors = vec![problem.clone()];
    report.warnings = vec![problem];
    report
}

/// Sixty namespaces with fifty workloads each, of which half violate.
pub(super) fn big() -> LabelReport {
    let (none, to) = (policy(Level::Privileged, Version::Latest), policy(Level::Restricted, Version::Minor(36)));
    let row = |at: usize| {
        let workload = |number: usize| {
            let name = format!("workload-{number}");
            let container = format!("c{number}");
            let findings = match number % 3 {
                0 => vec![escalation(&container)],
                1 => vec![privileged(&container)],
                _ => vec![privileged(&container), escalation(&container)],
            };
            violator("Deployment", &name, &["pod-1", "pod-2"], findings)
        };
        let modes = vec![mode(Mode::Enforce, none, to, 50, (0..25).map(workload).collect())];
        namespace(&format!("team-{at:02}"), &[], Level::Privileged, modes)
    };
    report(Question::Labels, (0..60).map(row).collect())
}

/// All of them.
pub(super) fn all() -> Vec<LabelReport> {
    vec![matrix(), labels(), planned(), upgrade(), empty(), hostile()]
}
