//! The dialogue from the first question to the last word, on a real terminal.

use serde_json::json;

use super::terminal::{DOWN, ENTER, Person};
use super::{Ground, bare_pod, behind, essence, image, is_hard, server, words};
use crate::support::eventually;
use crate::support::secctx::{Ran, secctx};

/// Takes what is proposed up to the menu.
fn through_the_questions(person: &mut Person) {
    person.picks("Which level?", 0).picks("Which user may containers run as?", 0);
    person.picks("Which capabilities are kept?", 0).picks("Make root file systems read-only?", 0);
    person.picks("The service account's token?", 0);
}

#[test]
fn what_is_proposed_is_applied_and_rolls_out() {
    let ground = Ground::new("hl-ask");
    ground.deploy("web", &image("works"));
    let mut person = Person::new(&ground, &["deploy/web"]);
    person.sees("deployment/web");
    through_the_questions(&mut person);
    person.sees("reaches restricted:v1.36").sees("@@").picks("What now?", 0);
    person.sees("the server would take it").answers("Apply this to deployment/web in hl-ask?", "y");
    person.sees("deployment/web patched");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("the same as a command: kubectl secctx harden deployment/web -n hl-ask"), "{seen}");
    assert!(is_hard(&ground.deployment("web")) && ground.ways_back().is_empty());
}

/// A Deployment about which everything is asked.
fn rich() -> serde_json::Value {
    json!({
        "containers": [{"name": "web", "image": "root", "ports": [{"containerPort": 80}],
            "securityContext": {"privileged": true}, "readinessProbe": {"exec": {"command": ["true"]}},
            "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}, {"name": "node", "mountPath": "/node"}]}],
        "volumes": [{"name": "scratch", "hostPath": {"path": "/tmp/scratch"}}, {"name": "node", "hostPath": {"path": "/opt/node"}}],
    })
}

/// Answers otherwise than proposed wherever that is possible.
fn answer_everything(person: &mut Person) {
    person.picks("Which level?", 0);
    person.sees("image root").sees("listens below 1024: 80");
    // The image runs as root, and the second option was typed for: an ID.
    person.sees("Which user may containers run as?").types(DOWN).types(ENTER);
    person.answers("User ID [1000]: ", "2000\r").answers("Group ID [2000]: ", "3000\r");
    person.answers("Group that owns the volumes", "4000\r");
    // Port 80 makes the second option the default.
    person.picks("Which capabilities are kept?", 0);
    person.picks("rivileged", 0);
    person.sees("Volume scratch: what takes its place?").types(ENTER);
    person.picks("Volume node: what takes its place?", 4);
    person.picks("Make root file systems read-only?", 1).answers("Folders to write to", "/tmp,/run\r");
    person.picks("The service account's token?", 1);
}

#[test]
fn all_questions_and_the_same_again_as_answers_and_as_a_command() {
    let ground = Ground::new("hl-all");
    for name in ["web", "replayed", "commanded"] {
        ground.deploy(name, &rich());
    }
    let mut person = Person::new(&ground, &["deploy/web", "--no-wait"]);
    answer_everything(&mut person);
    person.sees("reaches restricted");
    // The answers first, to a file.
    person.picks("What now?", 4).answers("File [answers.yaml]: ", "mine.yaml\r").sees("mine.yaml written");
    // Then from "leave", the default, round to the top.
    person.sees("What now?").types(DOWN).types(ENTER);
    person.answers("Apply this to deployment/web in hl-all?", "y");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    let spec = |name: &str| {
        let text = ground.deployment(name)["spec"]["template"]["spec"].to_string();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let web = spec("web");
    let ids = &web["securityContext"];
    assert_eq!((&ids["runAsUser"], &ids["runAsGroup"], &ids["fsGroup"]), (&json!(2000), &json!(3000), &json!(4000)));
    let own = &web["containers"][0]["securityContext"];
    assert_eq!(own["capabilities"], json!({"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}), "{own:#}");
    assert_eq!((&own["readOnlyRootFilesystem"], &web["automountServiceAccountToken"]), (&json!(true), &json!(false)));
    assert!(web["volumes"].as_array().unwrap().iter().all(|volume| volume["name"] != "node"), "{web:#}");

    let ran = ground.run(&["deploy/replayed", "--answers", "mine.yaml", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(spec("replayed"), web);

    let line =
        behind("the same as a command: kubectl secctx ", &seen).replace("deployment/web", "deployment/commanded");
    let mut command = secctx();
    command.env("XDG_STATE_HOME", ground.home.path()).args(words(&line)).arg("--no-wait");
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{line}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(spec("commanded"), web);
}

#[test]
fn a_workload_is_picked_from_the_list() {
    let ground = Ground::new("hl-pick");
    ground.deploy("alpha", &image("works"));
    ground.deploy("beta", &image("works"));
    let mut person = Person::new(&ground, &[]);
    person.answers("which one?", "beta").sees("beta").types(ENTER).picks("Which level?", 1);
    // Baseline is met: there is nothing to ask about and nothing to do.
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("deployment/beta") && seen.contains("nothing to do"), "{seen}");
}

#[test]
fn what_fails_is_explained_and_rolled_back_on_a_word() {
    let ground = Ground::new("hl-ask-back");
    let before = ground.deploy("web", &image("root"));
    let mut person = Person::new(&ground, &["deploy/web", "--level", "restricted"]);
    // An image whose user the node tells is proposed an ID; its own user is taken on purpose.
    person.sees("Which user may containers run as?").types(ENTER);
    person.picks("Which capabilities are kept?", 0).picks("Make root file systems read-only?", 0);
    person.picks("The service account's token?", 0).picks("What now?", 0).answers("Apply this to", "y");
    person.sees("image will run as root").answers("Roll it back?", "y").sees("rolled back");
    let (seen, code) = person.ends();
    assert_eq!(code, 1, "{seen}");
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
    assert!(ground.ways_back().is_empty());
}

#[test]
fn what_changes_while_it_is_asked_about_is_asked_about_again() {
    let ground = Ground::new("hl-ask-conflict");
    ground.deploy("web", &image("works"));
    let mut person = Person::new(&ground, &["deploy/web", "--no-wait"]);
    through_the_questions(&mut person);
    person.picks("What now?", 0).sees("Apply this to deployment/web in hl-ask-conflict?");
    let more = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "works:3"}]}}}});
    ground.change("apps/v1", "deployments/web", &more);
    person.types("y").sees("has changed since it was read").answers("Apply this to deployment/web?", "y");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    let after = ground.deployment("web");
    assert!(is_hard(&after));
    assert_eq!(after["spec"]["template"]["spec"]["containers"][0]["image"], "works:3");
}

#[test]
fn a_pod_is_made_anew_on_a_word() {
    let ground = Ground::new("hl-ask-pod");
    bare_pod(&ground, "one", "works");
    let before = ground.get("v1", "pods/one");
    let mut person = Person::new(&ground, &["pod", "one"]);
    through_the_questions(&mut person);
    person.picks("What now?", 0).answers("Delete pod/one and make it anew?", "y").sees("pod/one is made anew");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert_ne!(ground.get("v1", "pods/one")["metadata"]["uid"], before["metadata"]["uid"]);
}

#[test]
fn of_what_others_keep_a_patch_is_proposed() {
    let ground = Ground::new("hl-ask-flux");
    ground.deploy("web", &image("works"));
    let labels =
        json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    ground.change("apps/v1", "deployments/web", &json!({"metadata": {"labels": labels}}));
    let mut person = Person::new(&ground, &["deploy/web"]);
    through_the_questions(&mut person);
    person.sees("flux-system/shop").sees("What now?").types(ENTER).answers("File [patch.yaml]: ", ENTER);
    person.sees("patch.yaml written").sees("What now?").types(ENTER);
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(ground.file("patch.yaml").contains("runAsNonRoot: true"));
    assert!(!is_hard(&ground.deployment("web")));
}

#[test]
fn answers_can_be_changed_and_patches_printed() {
    let ground = Ground::new("hl-ask-change");
    ground.deploy("web", &image("works"));
    let mut person = Person::new(&ground, &["deploy/web"]);
    through_the_questions(&mut person);
    person.picks("What now?", 2).sees("# kubectl patch deployment.v1.apps web").picks("What now?", 4);
    person.picks("Which level?", 1);
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "baseline is met already: {seen}");
}

#[test]
fn several_are_planned_together_and_asked_about_once() {
    let ground = Ground::new("hl-ask-all");
    ground.deploy("a", &image("works"));
    ground.deploy("b", &image("works"));
    let mut person = Person::new(&ground, &["--all", "--no-wait"]);
    person.sees("2 workloads").picks("What now?", 0).answers("Apply this to 2 workloads in 1 namespace?", "y");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    for name in ["a", "b"] {
        assert!(is_hard(&ground.deployment(name)), "{name}");
    }
}

#[test]
fn what_the_server_would_refuse_comes_back_to_the_menu() {
    let ground = Ground::new("hl-ask-frozen");
    ground.deploy("web", &image("works"));
    super::outcomes::forbid_changes(&ground);
    let mut person = Person::new(&ground, &["deploy/web"]);
    through_the_questions(&mut person);
    person.picks("What now?", 0).sees("frozen until Monday").picks("What now?", 5);
    let (seen, code) = person.ends();
    assert_eq!(code, 130, "{seen}");
    assert!(!is_hard(&ground.deployment("web")));
}

#[test]
fn keys_come_from_the_terminal_whatever_standard_input_is() {
    let ground = Ground::new("hl-ask-stdin");
    ground.deploy("web", &image("works"));
    let mut person = Person::with_other_input(&ground, &["deploy/web", "--no-wait"]);
    through_the_questions(&mut person);
    person.picks("What now?", 0).answers("Apply this to", "y");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(is_hard(&ground.deployment("web")));
}

#[test]
fn ctrl_c_while_it_waits_tells_the_way_back() {
    let ground = Ground::new("hl-ask-interrupt");
    ground.deploy("web", &image("works"));
    ground.change(
        "apps/v1",
        "deployments/web",
        &json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "slow"}]}}}}),
    );
    let before = ground.deployment("web");
    let mut person = Person::new(&ground, &["deploy/web"]);
    through_the_questions(&mut person);
    person.picks("What now?", 0).answers("Apply this to", "y").sees("new pod").types(super::terminal::CTRL_C);
    let rest = person.dies_of_a_signal();
    let line =
        rest.lines().find(|line| line.trim_start().starts_with("kubectl patch")).unwrap_or_else(|| panic!("{rest}"));
    eventually("the change", || is_hard(&ground.deployment("web")).then_some(()));
    super::run_kubectl(line.trim());
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

/// All namespaces at once are only changed after a question that says how many.
#[test]
fn everywhere_is_confirmed_with_how_much_that_is() {
    let grounds = [Ground::new("hl-everywhere-1"), Ground::new("hl-everywhere-2")];
    for ground in &grounds {
        ground.deploy("web", &image("works"));
        ground.change("apps/v1", "deployments/web", &json!({"metadata": {"labels": {"team": "everywhere"}}}));
    }
    let ask = || {
        let mut command = secctx();
        command.env("XDG_STATE_HOME", grounds[0].home.path()).arg("harden").arg("--kubeconfig");
        command.arg(server().kubeconfig()).args(["deployments", "-A", "-l", "team=everywhere", "--no-wait"]);
        let mut person = Person::before(command);
        person.picks("What now?", 0).sees("Apply this to 2 workloads in 2 namespaces?");
        person
    };
    let mut person = ask();
    person.types("n");
    let (seen, code) = person.ends();
    assert_eq!(code, 130, "{seen}");
    assert!(seen.contains("cancelled: nothing was changed"), "{seen}");
    assert!(grounds.iter().all(|ground| !is_hard(&ground.deployment("web"))), "{seen}");
    let mut person = ask();
    person.types("y");
    let (seen, code) = person.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(grounds.iter().all(|ground| is_hard(&ground.deployment("web"))), "{seen}");
}
