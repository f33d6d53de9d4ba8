//! Reports for the tests of all formats.

use serde_json::{Value, json};

use crate::model::{Applicability, Edit, FieldPath};
use crate::policy::{Level, Policy, Version};
use crate::report::harden::{HardenReport, Hardened, HardenedFile, PlannedEdit, Refusal, Residue};
use crate::report::{Kept, Source};

pub(super) fn empty() -> HardenReport {
    HardenReport::new(Policy { level: Level::Restricted, version: Version::Minor(37) })
}

/// A file without results.
pub(super) fn of_text(name: &str, before: &str, after: &str) -> HardenReport {
    let mut report = empty();
    let (name, before, after) = (name.into(), before.to_owned(), after.to_owned());
    report.files.push(HardenedFile { name, before, edited: Some(after), changes: Vec::new(), results: 0..0 });
    report
}

fn template() -> FieldPath {
    FieldPath::fields(&["spec", "template"])
}

fn planned(edit: Edit, check: &'static str, fix: Applicability, before: Value, risk: &str) -> PlannedEdit {
    PlannedEdit { edit, check, fix, container: None, before, risk: risk.to_owned(), parts: Vec::new() }
}

fn result(kind: &str, name: &str, line: usize) -> Hardened {
    Hardened {
        source: Source { document: Some(0), line: Some(line), column: Some(1), ..Source::file("shop.yaml".into()) },
        api_version: "apps/v1".to_owned(),
        kind: kind.to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
        template: template(),
        custom: false,
        before: Level::Restricted,
        after: Level::Restricted,
        reached: true,
        edits: Vec::new(),
        residue: Vec::new(),
        refused: Vec::new(),
        notes: Vec::new(),
        object: Kept::new(&json!({})),
    }
}

/// A workload with edits of all kinds and a residue, and one without.
pub(super) fn shop() -> HardenReport {
    let spec = || template().field("spec");
    let web = || spec().field("containers").index(0).field("securityContext");
    let escalation = Edit::set(web().field("allowPrivilegeEscalation"), false);
    let edits = vec![
        planned(
            Edit::set(spec().field("securityContext").field("runAsNonRoot"), true),
            "runAsNonRoot",
            Applicability::Risky,
            Value::Null,
            "an image that runs as root does not start",
        ),
        PlannedEdit {
            container: Some("web".to_owned()),
            ..planned(escalation, "allowPrivilegeEscalation", Applicability::Safe, json!(true), "")
        },
        planned(
            Edit::remove(spec().field("hostNetwork")),
            "hostNamespaces",
            Applicability::Risky,
            json!(true),
            "the pod no longer sees the node's network",
        ),
    ];
    let residue = Residue {
        check: "hostPathVolumes",
        path: spec().field("volumes").index(0).field("hostPath"),
        why: "volume \"run\" is /run of the node".to_owned(),
        ways: vec!["--volume run=emptyDir, where it only holds what may go with the pod".to_owned()],
    };
    let volumes = json!([{"name": "run", "hostPath": {"path": "/run"}}]);
    let web = Hardened {
        before: Level::Privileged,
        after: Level::Baseline,
        reached: false,
        edits,
        residue: vec![residue],
        notes: vec!["Helm rendered this".to_owned()],
        object: Kept::new(&json!({"spec": {"template": {"spec": {"volumes": volumes}}}})),
        ..result("Deployment", "web", 1)
    };
    let mut report = of_text("shop.yaml", "a: 1\n", "a: 1\nb: 2\n");
    report.results = vec![web, result("CronJob", "cleanup", 30)];
    report.files[0].results = 0..2;
    report
}

/// Names, values and sentences that want to be more than text, and a place that cannot be edited.
pub(super) fn hostile() -> HardenReport {
    const TEXT: &str = "x\u{1b}[2J\n\u{202e}";
    let mut report = shop();
    report.files[0].name = TEXT.into();
    report.files[0].edited = Some(format!("{TEXT}\n"));
    let web = &mut report.results[0];
    web.source.file = TEXT.into();
    (web.name, web.kind, web.namespace) = (TEXT.to_owned(), TEXT.to_owned(), Some(TEXT.to_owned()));
    web.edits[1].container = Some(TEXT.to_owned());
    web.edits[1].before = json!({TEXT: TEXT});
    web.edits[1].risk = TEXT.to_owned();
    web.edits[2].edit.path = template().field("metadata").field("annotations").key(TEXT);
    web.residue[0].why = TEXT.to_owned();
    web.residue[0].ways = vec![TEXT.to_owned()];
    web.notes = vec![TEXT.to_owned()];
    let path = template().key(TEXT);
    web.refused = vec![Refusal { path, line: 3, column: 4, why: TEXT.to_owned() }];
    report
}
