//! Reports that all renderers' tests share.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::checks;
use crate::model::{Applicability, FieldPath, Finding, Violation};
use crate::policy::{Level, Mode, Policy, Version};
use crate::report::{Asked, ModeVerdict, Origin, Place, PlacedFinding, Problem, Report, Source, Verdict};

/// A violation at `spec.template.` and `path`; parts that are numbers are list positions.
pub(super) fn violation(path: &[&'static str], container: &str, actual: Value, wanted: Value) -> Violation {
    let path = path.iter().fold(FieldPath::fields(&["spec", "template"]), |path, part| match part.parse() {
        Ok(index) => path.index(index),
        Err(_) => path.field(part),
    });
    let container = (!container.is_empty()).then(|| container.to_owned());
    Violation { path, container, actual, wanted }
}

/// A finding of a check, at the level and with the fix of that check.
pub(super) fn finding(check: &'static str, reason: &'static str, detail: &str, violations: Vec<Violation>) -> Finding {
    let known = checks::by_id(check).expect("a known check");
    let fix = if check == "hostPathVolumes" { Applicability::Manual } else { known.fix };
    Finding {
        check,
        level: known.level,
        fix,
        reason: reason.into(),
        detail: detail.to_owned(),
        violations,
        unlisted: 0,
    }
}

/// A spot in a text.
pub(super) fn place(line: usize, column: usize, width: usize, exact: bool, text: &str) -> Place {
    Place { line, column, width, exact, text: text.into(), cut: 0 }
}

/// What `check` has to say to people.
pub(super) fn remedy(check: &str) -> &'static str {
    checks::by_id(check).expect("a known check").meaning.remedy
}

/// A verdict that lets a template pass.
pub(super) fn passing(file: &str, line: usize, kind: &str, namespace: Option<&str>, name: &str) -> Verdict {
    let api_version = match kind {
        "Pod" => "v1",
        "CronJob" => "batch/v1",
        "Rollout" => "argoproj.io/v1alpha1",
        _ => "apps/v1",
    };
    Verdict {
        source: source(file, 0, line),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        template: if kind == "Pod" { FieldPath::root() } else { FieldPath::fields(&["spec", "template"]) },
        custom: kind == "Rollout",
        policy: Policy { level: Level::Restricted, version: Version::Latest },
        namespace_is_known: true,
        exempt: None,
        allowed: true,
        meets: Level::Restricted,
        findings: Vec::new(),
        sentence: None,
        modes: Vec::new(),
        live: None,
    }
}

fn source(file: &str, document: usize, line: usize) -> Source {
    Source { file: Arc::from(file), document: Some(document), line: Some(line), column: Some(1), origin: Origin::File }
}

fn failing(verdict: Verdict, meets: Level, findings: Vec<PlacedFinding>) -> Verdict {
    let sentence = Finding::sentence(findings.iter().map(|placed| &placed.finding));
    let sentence = Some(format!("would violate PodSecurity \"restricted:latest\": {sentence}"));
    Verdict { allowed: false, meets, findings, sentence, ..verdict }
}

fn report(asked: Asked, results: Vec<Verdict>) -> Report {
    Report { results, ..Report::new(asked, Version::Latest) }
}

/// A file as a person would have it: one workload that passes, one that does not, one that is exempt.
pub(super) fn shop() -> Report {
    let web = failing(passing("shop.yaml", 12, "Deployment", Some("shop"), "web"), Level::Privileged, web_findings());
    let exempt = Verdict {
        exempt: Some("namespace \"kube-system\" is exempt".to_owned()),
        meets: Level::Privileged,
        ..passing("agents/log.yaml", 1, "DaemonSet", Some("kube-system"), "log")
    };
    let results = vec![passing("shop.yaml", 1, "CronJob", Some("shop"), "cleanup"), web, exempt];
    Report { without_template: 2, ..report(Asked::Level(Level::Restricted), results) }
}

/// Two containers without a setting, two places in one line, two violations at one spot, one that is not in the text.
pub(super) fn web_findings() -> Vec<PlacedFinding> {
    let web = "      - name: web";
    let caps = "            add: [NET_ADMIN, SYS_TIME]";
    let context = |index, field| ["spec", "containers", index, "securityContext", field];
    let escalation = finding(
        "allowPrivilegeEscalation",
        "allowPrivilegeEscalation != false",
        "containers \"web\", \"proxy\" must set securityContext.allowPrivilegeEscalation=false",
        vec![
            violation(&context("0", "allowPrivilegeEscalation"), "web", Value::Null, json!(false)),
            violation(&context("1", "allowPrivilegeEscalation"), "proxy", json!(true), json!(false)),
        ],
    );
    let escalation_places =
        vec![place(21, 9, 9, false, web), place(104, 11, 30, true, "          allowPrivilegeEscalation: true")];
    let capability = |rest: &[&'static str], actual, wanted| {
        violation(&[&context("0", "capabilities"), rest].concat(), "web", actual, wanted)
    };
    let capabilities = finding(
        "capabilities_restricted",
        "unrestricted capabilities",
        "container \"web\" must set securityContext.capabilities.drop=[\"ALL\"]; container \"web\" must not include \
         \"NET_ADMIN\", \"SYS_TIME\" in securityContext.capabilities.add",
        vec![
            capability(&["drop"], Value::Null, json!(["ALL"])),
            capability(&["add", "0"], json!("NET_ADMIN"), Value::Null),
            capability(&["add", "1"], json!("SYS_TIME"), Value::Null),
        ],
    );
    let capability_places = vec![
        place(25, 11, 12, false, "          capabilities:"),
        place(26, 19, 9, true, caps),
        place(26, 30, 8, true, caps),
    ];
    let host_path = finding(
        "hostPathVolumes",
        "hostPath volumes",
        "volume \"run\"",
        vec![violation(&["spec", "volumes", "0", "hostPath"], "", json!({"path": "/run"}), Value::Null)],
    );
    vec![
        PlacedFinding { finding: host_path, places: vec![place(31, 9, 9, true, "        hostPath: {path: /run}")] },
        PlacedFinding { finding: escalation, places: escalation_places },
        PlacedFinding { finding: capabilities, places: capability_places },
    ]
}

/// Names, values and texts that want to be more than text; a custom resource; errors and warnings.
pub(super) fn hostile() -> Report {
    let name = "x\u{1b}[2J|`<b>%0A\n::error::\u{202e}@all";
    let text = "\t- 名前: \"x\u{1b}[31m\" # |`";
    let types = violation(
        &["spec", "securityContext", "seLinuxOptions", "type"],
        "",
        json!("t\u{1b}\"\n%|`{0}[a](b)"),
        json!(""),
    );
    let detail = "pod set forbidden securityContext.seLinuxOptions: type \"t\u{1b}\n%|`{0}[a](b)\"";
    let placed = PlacedFinding {
        finding: finding("seLinuxOptions", "seLinuxOptions", detail, vec![types]),
        places: vec![place(3, 4, 2, true, text)],
    };
    let rollout = passing("a b\u{1b}#,:%/ü.yaml", 2, "Rollout", None, name);
    let mut report = report(Asked::Level(Level::Restricted), vec![failing(rollout, Level::Privileged, vec![placed])]);
    let problem = |file: &str, line, message: &str| Problem {
        source: Source { line, column: line.map(|_| 3), document: line.map(|_| 2), ..Source::file(file.into()) },
        message: message.to_owned(),
    };
    report.errors =
        vec![problem("b.yaml", Some(40), "not YAML: \u{1b}[31m<oops>"), problem("gone.yaml", None, "no such file")]
            .into();
    report.warnings = vec![problem("a b\u{1b}#,:%/ü.yaml", Some(5), "the key \"na\u{202e}me\" comes twice")].into();
    report
}

/// Judged by the labels of namespaces: refused, let in with a warning, let in by default.
pub(super) fn labelled() -> Report {
    let policy = |level| Policy { level, version: Version::Minor(36) };
    let findings = web_findings();
    let baseline = vec![findings[0].clone()];
    let mode = |mode, findings: &[PlacedFinding]| ModeVerdict {
        mode,
        policy: policy(Level::Restricted),
        findings: findings.to_vec(),
    };
    let modes = vec![mode(Mode::Audit, &findings), mode(Mode::Warn, &findings)];
    let judged = |verdict| Verdict { policy: policy(Level::Baseline), ..verdict };
    let refused = failing(judged(passing("s.yaml", 1, "Deployment", Some("shop"), "web")), Level::Privileged, baseline);
    let warned = judged(passing("s.yaml", 9, "Deployment", Some("shop"), "api"));
    let warned = Verdict { meets: Level::Baseline, modes: vec![mode(Mode::Warn, &findings[1..2])], ..warned };
    let let_in = judged(passing("s.yaml", 20, "Deployment", Some("lost"), "ok"));
    let let_in = Verdict { namespace_is_known: false, ..let_in };
    report(Asked::Namespace, vec![Verdict { modes, ..refused }, warned, let_in])
}

/// Nothing at all.
pub(super) fn empty() -> Report {
    report(Asked::Level(Level::Baseline), Vec::new())
}
