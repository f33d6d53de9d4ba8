//! Esc and Ctrl-C at every question: the object stays as it is, the cursor comes back, and the exit code is 130.

use serde_json::json;

use super::terminal::{CTRL_C, DOWN, ENTER, ESC, Person};
use super::{Ground, image};

/// Questions of a Deployment about which everything is asked, each with the keys that lead on from it.
fn questions() -> Vec<(&'static str, String)> {
    let step = |below: usize| format!("{}{ENTER}", DOWN.repeat(below));
    vec![
        ("which one?", step(0)),
        ("Which level?", step(0)),
        ("Which user may containers run as?", step(1)),
        ("User ID", ENTER.to_owned()),
        ("Group ID", ENTER.to_owned()),
        ("Group that owns the volumes", ENTER.to_owned()),
        ("Which capabilities are kept?", step(0)),
        ("rivileged", step(0)),
        ("Volume node: what takes its place?", step(2)),
        ("Claim for volume node", "data\r".to_owned()),
        ("Make root file systems read-only?", step(1)),
        ("Folders to write to", ENTER.to_owned()),
        ("The service account's token?", step(0)),
        ("What now?", step(0)),
        ("Apply this to", String::new()),
    ]
}

#[test]
fn every_question_can_be_left() {
    let ground = Ground::new("hl-cancel");
    let mut spec = image("works");
    spec["containers"][0]["securityContext"] = json!({"privileged": true});
    spec["containers"][0]["volumeMounts"] = json!([{"name": "node", "mountPath": "/node"}]);
    spec["volumes"] = json!([{"name": "node", "hostPath": {"path": "/opt/node"}}]);
    let before = ground.deploy("web", &spec);
    let questions = questions();
    for last in 0..questions.len() {
        for key in [ESC, CTRL_C] {
            let mut person = Person::new(&ground, &[]);
            for (question, keys) in &questions[..last] {
                person.answers(question, keys);
            }
            let question = questions[last].0;
            person.answers(question, key);
            let (seen, code) = person.ends();
            assert_eq!(code, 130, "{question:?} left with {key:?}: {seen}");
        }
    }
    assert_eq!(ground.deployment("web")["metadata"]["generation"], before["metadata"]["generation"]);
    assert!(ground.ways_back().is_empty());
}

#[test]
fn a_file_and_a_new_pod_can_be_left() {
    let ground = Ground::new("hl-cancel-pod");
    super::bare_pod(&ground, "one", "works");
    let uid = ground.get("v1", "pods/one")["metadata"]["uid"].clone();
    for key in [ESC, CTRL_C, "n"] {
        for (below, question) in [(0, "Delete pod/one and make it anew?"), (1, "File [patch.yaml]: ")] {
            if (key, below) == ("n", 1) {
                continue;
            }
            let mut person = Person::new(&ground, &["pod/one", "--safe-only", "--level", "restricted"]);
            person.picks("What now?", below).answers(question, key);
            let (seen, code) = person.ends();
            assert_eq!(code, 130, "{question:?} left with {key:?}: {seen}");
        }
    }
    assert_eq!(ground.get("v1", "pods/one")["metadata"]["uid"], uid);
}

#[test]
fn the_way_back_can_be_declined() {
    let ground = Ground::new("hl-cancel-back");
    for (name, key, expected) in [("a", ESC, 130), ("b", CTRL_C, 130), ("c", "n", 1)] {
        ground.deploy(name, &image("root"));
        let target = format!("deploy/{name}");
        std::fs::write(ground.home.path().join("answers.yaml"), "apiVersion: secctx/v1\nkind: HardenAnswers\n")
            .unwrap();
        let mut person = Person::new(&ground, &[&target, "--answers", "answers.yaml"]);
        person.picks("What now?", 0).answers("Apply this to", "y").answers("Roll it back?", key).sees("to roll back: ");
        let (seen, code) = person.ends();
        assert_eq!(code, expected, "{seen}");
    }
    assert_eq!(ground.ways_back().len(), 3, "the ways back stay");
}
