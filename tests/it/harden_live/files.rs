//! What is printed and written in place of applying: every format, patch files, answers.

use serde_json::{Value, json};

use super::{Ground, bare_pod, exists, image, is_hard, run_kubectl};

#[test]
fn every_format_of_a_live_object() {
    let ground = Ground::new("hl-formats");
    let before = ground.deploy("web", &image("works"));
    let out = |format: &str| {
        let ran = ground.run(&["deploy/web", "-o", format]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{format}");
        ran.stdout
    };
    assert!(out("diff").starts_with("--- hl-formats/deployment/web\n+++ hl-formats/deployment/web\n"));
    assert!(out("plan").contains("reaches restricted") && !out("plan").contains("@@"));
    let json: Value = serde_json::from_str(&out("json")).unwrap();
    assert!(is_hard(&json), "{json:#}");
    let report: Value = serde_json::from_str(&out("plan-json")).unwrap();
    assert_eq!((&report["kind"], &report["results"][0]["reached"]), (&json!("HardenReport"), &json!(true)));
    assert!(out("yaml").contains("kind: Deployment") && !out("yaml").contains("status:"));
    assert!(out("kustomize").contains("patches:"));
    assert!(out("json-patch").starts_with('['));
    assert!(out("patch").starts_with("# kubectl patch deployment.v1.apps web -n hl-formats --type strategic"));
    assert_eq!(ground.run(&["deploy/web", "-q"]).stdout, "");
    assert_eq!(ground.deployment("web")["spec"], before["spec"]);
}

#[test]
fn patches_are_written_and_work() {
    let ground = Ground::new("hl-patch-file");
    ground.deploy("web", &image("works"));
    bare_pod(&ground, "one", "works");
    let ran = ground.run(&["deploy/web", "pod/one", "--patch-file", "all.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = ground.file("all.yaml");
    assert!(
        text.contains("# kubectl patch deployment.v1.apps web") && text.contains("# kubectl replace --force -f FILE"),
        "{text}"
    );
    let again = ground.run(&["deploy/web", "--patch-file", "all.yaml"]);
    assert_eq!(again.code, Some(2), "nothing is overwritten: {}", again.stderr);

    let ran = ground.run(&["deploy/web", "pod/one", "--output-dir", "out"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let file = ground.home.path().join("out/deployment-web.patch.yaml");
    assert!(exists(&file) && exists(&ground.home.path().join("out/pod-one.yaml")));
    let line = ground.file("out/deployment-web.patch.yaml");
    let line = line.lines().next().unwrap().trim_start_matches("# ");
    let line = line.replace("FILE", file.to_str().unwrap());
    run_kubectl(&format!("{line} --kubeconfig {}", super::server().kubeconfig().display()));
    assert!(is_hard(&ground.deployment("web")));
}

#[test]
fn answers_are_read_and_flags_go_before_them() {
    let ground = Ground::new("hl-answers");
    ground.deploy("web", &image("root"));
    let answers = "apiVersion: secctx/v1\nkind: HardenAnswers\nlevel: restricted\nrunAsUser: 1000\nkeepCapabilities: [NET_BIND_SERVICE]\n";
    std::fs::write(ground.home.path().join("a.yaml"), answers).unwrap();
    let ran = ground.run(&["deploy/web", "--answers", "a.yaml", "--run-as-user", "2000", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ground.deployment("web")["spec"]["template"]["spec"]["securityContext"]["runAsUser"], 2000);
    std::fs::write(ground.home.path().join("b.yaml"), "apiVersion: secctx/v1\nkind: HardenAnswers\nrunAsUsr: 1\n")
        .unwrap();
    let ran = ground.run(&["deploy/web", "--answers", "b.yaml", "--yes"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("b.yaml:3:1: unknown field"), "{}", ran.stderr);
}
