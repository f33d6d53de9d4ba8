//! What happens beside a change: somebody else writes the same object again and again, or the same field, or presses Ctrl-C.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use serde_json::{Value, json};

use super::{Ground, behind, essence, image, is_hard, run_kubectl, server};
use crate::live::owners::create_type;
use crate::live::{create, path};
use crate::support::faults::{Asked, FaultServer, Reply};
use crate::support::secctx::{Ran, secctx, wait_at_most};

/// Whether this request changes something.
fn is_change(asked: &Asked) -> bool {
    asked.method == "PATCH" && asked.query("dryRun").is_none()
}

/// The command through a proxy that does something to changes.
fn command(ground: &Ground, args: &[&str], reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Command {
    let proxy = FaultServer::start(reply);
    let mut command = secctx();
    command.env("XDG_STATE_HOME", ground.home.path());
    command.args(["harden", "--server", &proxy.url(), "-n", ground.namespace]).args(args);
    command
}

fn set_pod_field(namespace: &str, field: &str, value: &Value) {
    let patch = json!({"spec": {"template": {"spec": {field: value}}}});
    let answer = server().request("PATCH", &path("apps/v1", namespace, "deployments/web"), Some(&patch));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn who_always_comes_first_is_left_alone() {
    let ground = Ground::new("hl-conflicts");
    ground.deploy("web", &image("works"));
    let (namespace, so_far) = (ground.namespace, AtomicUsize::new(0));
    let mut command = command(&ground, &["deploy/web", "--yes"], move |asked| {
        if is_change(asked) {
            let seconds = so_far.fetch_add(1, Ordering::SeqCst) + 40;
            set_pod_field(namespace, "terminationGracePeriodSeconds", &seconds.into());
        }
        Reply::forward(server(), asked)
    });
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr.matches("has changed since it was read").count(), 1, "planned anew once: {}", ran.stderr);
    assert!(ran.stdout.contains("somebody else keeps changing it: nothing was done"), "{}", ran.stdout);
    let after = ground.deployment("web");
    assert!(!is_hard(&after), "{after:#}");
    assert_eq!(after["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 41);
    assert!(ground.ways_back().is_empty(), "there is nothing to go back from");
}

#[test]
fn a_field_that_somebody_else_changed_since_is_not_rolled_back() {
    let ground = Ground::new("hl-same-field");
    ground.deploy("web", &image("root"));
    let (namespace, was_there) = (ground.namespace, AtomicBool::new(false));
    let args = ["deploy/web", "--yes", "--rollback-on-failure", "--timeout", "60"];
    let mut command = command(&ground, &args, move |asked| {
        let is_first = is_change(asked) && !was_there.swap(true, Ordering::SeqCst);
        let reply = Reply::forward(server(), asked);
        if is_first {
            // The image still runs as root, so that the rollout fails.
            let other = json!({"runAsNonRoot": true, "seccompProfile": {"type": "Unconfined"}});
            set_pod_field(namespace, "securityContext", &other);
        }
        reply
    });
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("not rolled back: somebody else has changed "), "{}", ran.stdout);
    assert!(ran.stdout.contains("securityContext.seccompProfile"), "the field is named: {}", ran.stdout);
    assert!(ran.stderr.contains("by hand: kubectl patch"), "{}", ran.stderr);
    let spec = ground.deployment("web")["spec"]["template"]["spec"].clone();
    assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "Unconfined", "theirs stays");
    assert_eq!(spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"], false, "nothing was half undone");
    assert_eq!(ground.ways_back().len(), 1);
}

/// Interrupts a run while its change is on its way; whether the change arrives is up to the caller.
fn interrupted(ground: &Ground, arrives: bool) -> String {
    let (sender, receiver) = mpsc::channel();
    let mut command = command(ground, &["deploy/web", "--yes"], move |asked| {
        if !is_change(asked) {
            return Reply::forward(server(), asked);
        }
        if arrives {
            let _ = Reply::forward(server(), asked);
        }
        sender.send(()).unwrap();
        Reply::Silence
    });
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    receiver.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = wait_at_most(child, 10).unwrap();
    assert_eq!(output.status.signal(), Some(2), "it ends as an interrupted program does");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("interrupted in the middle; this brings back what was:"), "{told}");
    assert_eq!(ground.ways_back().len(), 1, "the way back stays");
    let line = told.lines().find(|line| line.trim_start().starts_with("kubectl patch")).unwrap();
    let (line, _) = line.trim().split_once(" --server").unwrap();
    format!("{line} --kubeconfig {}", server().kubeconfig().display())
}

#[test]
fn an_interrupt_in_the_middle_of_a_change_leaves_the_way_back() {
    let ground = Ground::new("hl-interrupted");
    let before = ground.deploy("web", &image("works"));
    let line = interrupted(&ground, true);
    assert!(is_hard(&ground.deployment("web")), "it had arrived");
    run_kubectl(&line);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

#[test]
fn an_interrupt_of_a_change_that_does_not_arrive() {
    let ground = Ground::new("hl-interrupted-before");
    let before = ground.deploy("web", &image("works"));
    let line = interrupted(&ground, false);
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
    // What was not changed cannot be changed back: the patch looks first.
    let words = super::words(&line);
    let output = Command::new(crate::support::control_plane::kubectl()).args(&words[1..]).output().unwrap();
    assert!(!output.status.success(), "{line}");
    assert_eq!(essence(&ground.deployment("web")), essence(&before));
}

/// A custom resource with a template as a rollout has it, and one with several.
#[test]
fn custom_resources_with_templates_are_hardened() {
    let ground = Ground::new("hl-custom");
    let plural = create_type(server(), "ships.example", "Ship", "sh");
    let at = path("ships.example/v2", ground.namespace, &plural);
    let template = |name: &str| json!({"metadata": {"labels": {"part": name}}, "spec": image("works")});
    let make = |name: &str, spec: Value| {
        let object =
            json!({"apiVersion": "ships.example/v2", "kind": "Ship", "metadata": {"name": name}, "spec": spec});
        create(server(), &at, &object)
    };
    let one = make("one", json!({"speed": 7, "template": template("one")}));
    make("many", json!({"head": template("head"), "crew": [{"rank": 1, "template": template("crew")}]}));
    let get = |name: &str| ground.get("ships.example/v2", &format!("{plural}/{name}"));

    let ran = ground.run(&["ship/one", "ships.v2.ships.example/many", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let is_hard = |template: &Value| {
        template["spec"]["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
            && template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] == false
            && template["spec"]["containers"][0]["image"] == "works"
    };
    let (after, many) = (get("one"), get("many"));
    assert!(is_hard(&after["spec"]["template"]) && after["spec"]["speed"] == 7, "{after:#}");
    assert!(is_hard(&many["spec"]["head"]) && is_hard(&many["spec"]["crew"][0]["template"]), "{many:#}");
    assert_eq!((&many["spec"]["crew"][0]["rank"], many["spec"]["crew"].as_array().unwrap().len()), (&json!(1), 1));
    // A merge patch replaces lists: the way back has to bring the whole of them.
    let backs = ran.stderr.lines().filter(|line| line.contains("the way back: "));
    let backs: Vec<_> = backs.map(|line| behind("the way back: ", line).to_owned()).collect();
    assert_eq!(backs.len(), 2, "{}", ran.stderr);
    backs.iter().for_each(|line| run_kubectl(line));
    assert_eq!(essence(&get("one")), essence(&one));
    assert_eq!(get("many")["spec"]["crew"][0]["template"]["spec"], image("works"));

    let again = ground.run(&["sh", "--all", "--yes", "--no-wait", "-o", "plan"]);
    assert_eq!(again.code, Some(2), "a format only prints: {}", again.stdout);
    let ran = ground.run(&["sh", "--all", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_hard(&get("one")["spec"]["template"]));
}
