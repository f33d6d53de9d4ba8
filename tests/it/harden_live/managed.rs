//! Objects that somebody else keeps, and containers that somebody else puts in.

use serde_json::json;

use super::{Ground, image, is_hard, server};
use crate::live::{await_pods, create, path, workload};

fn keep_by_flux(ground: &Ground) {
    let labels =
        json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"});
    ground.change("apps/v1", "deployments/web", &json!({"metadata": {"labels": labels}}));
}

#[test]
fn what_others_keep_is_left_alone_unless_forced() {
    let ground = Ground::new("hl-flux");
    ground.deploy("web", &image("works"));
    keep_by_flux(&ground);
    let ran = ground.run(&["deploy/web", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("Flux") && ran.stderr.contains("flux-system/shop"), "{}", ran.stderr);
    assert!(ran.stdout.contains("--force-managed"), "{}", ran.stdout);
    assert!(!is_hard(&ground.deployment("web")));

    let ran = ground.run(&["deploy/web", "-o", "kustomize"]);
    assert!(ran.stdout.contains("patches:") && ran.stdout.contains("kind: Deployment"), "{}", ran.stdout);

    let ran = ground.run(&["deploy/web", "--yes", "--force-managed"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_hard(&ground.deployment("web")));
}

#[test]
fn what_is_put_in_by_others_is_told_and_not_patched() {
    let ground = Ground::new("hl-injected");
    let mut spec = image("works");
    spec["securityContext"] = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    spec["containers"][0]["securityContext"] =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    crate::live::owners::inject_into(server(), ground.namespace);
    create(
        server(),
        &path("apps/v1", ground.namespace, "deployments"),
        &workload("web", &spec, &[("replicas", 1.into())]),
    );
    let pod = await_pods(server(), ground.namespace, 1).remove(0);
    let before = ground.deployment("web");
    let ran = ground.run(&["pod", &pod, "--yes"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let flat = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("container istio-init is put into its pods by Istio"), "{}", ran.stdout);
    assert_eq!(ground.deployment("web")["spec"], before["spec"]);
}

/// Once, where it is seen: before the question what to do.
#[cfg(unix)]
#[test]
fn who_keeps_it_is_told_once_in_the_dialogue() {
    use super::terminal::{ESC, Person};

    let ground = Ground::new("hl-flux-once");
    ground.deploy("web", &image("works"));
    keep_by_flux(&ground);
    let mut person = Person::new(&ground, &["deploy/web", "--level", "restricted"]);
    person.picks("Which user may containers run as?", 0);
    person.picks("Which capabilities are kept?", 0).picks("Make root file systems read-only?", 0);
    person.picks("The service account's token?", 0).sees("@@").sees("flux-system/shop").answers("What now?", ESC);
    let (seen, code) = person.ends();
    assert_eq!((code, seen.matches("flux-system/shop").count()), (130, 1), "{seen}");
    assert!(!is_hard(&ground.deployment("web")));
}
