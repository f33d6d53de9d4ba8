//! What is asked of whom, and what answers come to.

use serde_json::{Value, json};

use super::answers::Answers;
use super::question::{Form, Question};
use super::questions::questions;
use crate::harden::{Task, plan};
use crate::model::{Choices, ContainerKind, FieldPath, VolumeChoice};
use crate::policy::{Level, Policy, Version};
use crate::report::apply::{ContainerEvidence, ContainerState, Evidence, Mount, UserIds};
use crate::report::harden::Hardened;
use crate::report::{Kept, Source};

fn policy(minor: u16) -> Policy {
    Policy { level: Level::Restricted, version: Version::Minor(minor) }
}

fn hardened(template: Value, minor: u16) -> Vec<Hardened> {
    let planned = plan(&Task { template: &template, policy: policy(minor), choices: &Choices::default() }).unwrap();
    vec![Hardened {
        source: Source::file("cluster".into()),
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: Some("shop".to_owned()),
        name: "web".to_owned(),
        template: FieldPath::root(),
        custom: false,
        before: planned.before,
        after: planned.after,
        reached: planned.reached,
        edits: planned.edits,
        residue: planned.residue,
        refused: Vec::new(),
        notes: planned.notes,
        object: Kept::new(&template),
    }]
}

fn container(change: impl FnOnce(&mut ContainerEvidence)) -> Evidence {
    let mut container = ContainerEvidence {
        template: FieldPath::root(),
        name: "web".to_owned(),
        kind: ContainerKind::Regular,
        image: "shop/web".to_owned(),
        low_ports: Vec::new(),
        probes: Vec::new(),
        writable: Vec::new(),
        run_as_user: None,
        run_as_group: None,
        run_as_non_root: None,
        read_only_root_filesystem: false,
        capabilities: Vec::new(),
        state: ContainerState::default(),
    };
    change(&mut container);
    Evidence { containers: vec![container], ..Evidence::default() }
}

fn pod(more: Value) -> Value {
    let mut container = json!({"name": "web", "image": "shop/web"});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"metadata": {"name": "web"}, "spec": {"containers": [container]}})
}

fn asked(template: Value, minor: u16, evidence: &Evidence) -> Vec<Question> {
    questions(&[(&hardened(template, minor), evidence)], policy(minor), &Answers::default())
}

fn texts(questions: &[Question]) -> Vec<&str> {
    questions.iter().map(|question| question.text.as_str()).collect()
}

#[track_caller]
fn find<'q>(questions: &'q [Question], text: &str) -> &'q Question {
    questions.iter().find(|question| question.text.contains(text)).unwrap_or_else(|| panic!("{:?}", texts(questions)))
}

/// The label of the option that is proposed.
fn proposed(question: &Question) -> &str {
    match &question.form {
        Form::Choose { options, default } => &options[*default].label,
        Form::Type { default, .. } => default,
    }
}

/// The flags that the option with this label comes to, after texts for what is asked further.
#[track_caller]
fn flags(question: &Question, label: &str, typed: &[&str]) -> String {
    let Form::Choose { options, .. } = &question.form else { panic!("{question:?}") };
    let at = options.iter().position(|option| option.label.contains(label)).unwrap_or_else(|| panic!("{options:?}"));
    let mut answers = Answers::default();
    let mut next = question.choose(at, &mut answers);
    for text in typed {
        let first = next.remove(0);
        let more = first.typed(text, &mut answers);
        next.splice(0..0, more);
    }
    assert_eq!(next, [], "all is answered");
    answers.flags(Version::Latest)
}

#[test]
fn a_plain_pod_is_asked_about_what_is_risky() {
    let evidence = Evidence { mounts_token: true, ..container(|_| ()) };
    let asked = asked(pod(json!({})), 36, &evidence);
    let expected = [
        "Which user may containers run as?",
        "Which capabilities are kept?",
        "Make root file systems read-only?",
        "The service account's token?",
    ];
    assert_eq!(texts(&asked), expected);
    assert_eq!(asked[0].known, ["web: image shop/web; user unknown: the image decides"]);
    let usual = ["the image's own", "none: drop ALL", "no; the level", "keep it"];
    for (question, usual) in asked.iter().zip(usual) {
        assert!(proposed(question).starts_with(usual), "{question:?}");
        assert_eq!(flags(question, usual, &[]), "");
    }
}

#[test]
fn answers_come_to_flags() {
    let evidence = Evidence { mounts_token: true, ..container(|_| ()) };
    let asked = asked(pod(json!({})), 36, &evidence);
    let of = |question: &str, label: &str, typed: &[&str]| flags(find(&asked, question), label, typed);
    assert_eq!(of("Which user", "a user ID", &["7", "8"]), " --run-as-user 7 --run-as-group 8");
    assert_eq!(of("Which user", "user namespace", &[]), " --user-namespace");
    assert_eq!(of("Which user", "leave it", &[]), " --skip runAsNonRoot,runAsUser");
    assert_eq!(of("capabilities", "NET_BIND_SERVICE", &[]), " --keep-capability NET_BIND_SERVICE");
    assert_eq!(of("capabilities", "leave", &[]), " --skip capabilities_restricted");
    assert_eq!(of("read-only", "yes", &["/tmp, /run"]), " --writable /tmp,/run --read-only-root-filesystem");
    assert_eq!(of("token", "take it away", &[]), " --no-service-account-token");
}

#[test]
fn what_is_known_decides_what_is_proposed() {
    let root = container(|web| web.state.users = vec![0]);
    assert!(proposed(find(&asked(pod(json!({})), 36, &root), "Which user")).starts_with("a user ID"));
    let low = container(|web| web.low_ports = vec![80]);
    let questions = asked(pod(json!({})), 36, &low);
    let capabilities = find(&questions, "capabilities");
    assert!(proposed(capabilities).starts_with("NET_BIND_SERVICE"));
    assert_eq!(capabilities.known, ["web: listens below 1024: 80"]);
    let data =
        Mount { volume: "data".to_owned(), source: "persistentVolumeClaim".to_owned(), path: "/data".to_owned() };
    let stateful = container(|web| web.writable = vec![data]);
    let user = asked(pod(json!({})), 36, &stateful);
    assert_eq!(flags(&user[0], "a user ID", &["7", "7", "9"]), " --run-as-user 7 --run-as-group 7 --fs-group 9");
    assert_eq!(flags(&user[0], "a user ID", &["7", "7", "-"]), " --run-as-user 7 --run-as-group 7");
}

#[test]
fn user_namespaces_are_offered_where_they_excuse_root() {
    let options = |minor: u16| match &asked(pod(json!({})), minor, &container(|_| ()))[0].form {
        Form::Choose { options, .. } => options.iter().any(|option| option.label.contains("namespace")),
        Form::Type { .. } => false,
    };
    assert_eq!((options(34), options(35)), (false, true));
}

#[test]
fn where_the_namespace_hands_out_users_none_is_asked_for() {
    let evidence = Evidence { user_ids: Some(UserIds { first: 1, count: 9 }), ..container(|_| ()) };
    assert!(texts(&asked(pod(json!({})), 36, &evidence))[0].starts_with("Forbid containers to run as root?"));
}

#[test]
fn each_other_risk_and_each_volume_is_asked_about_once() {
    let mut template = pod(json!({"securityContext": {"privileged": true}}));
    template["spec"]["hostPID"] = true.into();
    template["spec"]["volumes"] =
        json!([{"name": "a", "hostPath": {"path": "/tmp/x"}}, {"name": "b", "hostPath": {"path": "/etc"}}]);
    template["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/b"}]);
    let asked = asked(template, 36, &container(|web| web.state.restarts = 2));
    let volumes: Vec<_> = texts(&asked).into_iter().filter(|text| text.starts_with("Volume")).collect();
    assert_eq!(volumes, ["Volume a: what takes its place?", "Volume b: what takes its place?"]);
    let (a, b) = (find(&asked, "Volume a"), find(&asked, "Volume b"));
    assert!(proposed(a).starts_with("an empty folder") && proposed(b).starts_with("leave it"));
    assert_eq!(flags(b, "claim", &["data"]), " --volume b=claim:data");
    assert_eq!(flags(b, "ConfigMap", &["conf"]), " --volume b=configMap:conf");
    assert_eq!(flags(b, "nothing", &[]), " --volume b=remove");
    let taken: Vec<_> = texts(&asked).into_iter().filter(|text| text.ends_with("take it away?")).collect();
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert_eq!(flags(find(&asked, "rivileged"), "no, leave", &[]), " --skip privileged");
    assert!(find(&asked, "rivileged").known.iter().any(|line| line.contains("started again 2 times")));
}

#[test]
fn what_was_said_by_flags_is_not_asked() {
    let mut answers = Answers::default();
    answers.choices.run_as_user = Some(1000);
    answers.choices.keep_capability = vec!["NET_BIND_SERVICE".to_owned()];
    answers.choices.read_only_root_filesystem = true;
    answers.choices.no_service_account_token = true;
    answers.choices.volume = vec![("a".to_owned(), VolumeChoice::EmptyDir)];
    let evidence = Evidence { mounts_token: true, ..container(|_| ()) };
    let asked = questions(&[(&hardened(pod(json!({})), 36), &evidence)], policy(36), &answers);
    assert_eq!(texts(&asked), <[&str; 0]>::default());
}

#[test]
fn nothing_is_asked_where_nothing_is_to_be_done() {
    let good = json!({"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}});
    assert_eq!(asked(pod(good), 36, &container(|_| ())), []);
}
