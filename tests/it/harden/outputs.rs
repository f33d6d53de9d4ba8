//! The formats, flags and exit codes.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{HARD_WEB, HOST, WEB, folder, harden, text};

#[test]
fn the_text_has_plan_diff_and_the_next_command() {
    let files = folder(&[("web.yaml", WEB)]);
    let ran = harden(&files, &["-f", "web.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let parts: Vec<_> = ran.stdout.split("\n\n").collect();
    assert_eq!(parts[0], "  ✓ deployment/web  shop  baseline → restricted  4 edits (2 risky)");
    assert_eq!(parts[1], "deployment/web (shop) reaches restricted:v1.37  web.yaml:2:1");
    assert!(parts[2].starts_with("  safe: "), "{}", ran.stdout);
    assert!(parts[3].starts_with("  risky: "), "{}", ran.stdout);
    for (part, line) in [
        (2, "\n    + web  securityContext.allowPrivilegeEscalation: false\n"),
        (2, "\n    + pod  securityContext.seccompProfile.type: RuntimeDefault\n"),
        (3, "\n    + web  securityContext.capabilities.drop: [ALL]\n"),
        (3, "\n    + pod  securityContext.runAsNonRoot: true\n"),
    ] {
        assert!(parts[part].contains(line), "{line}: {}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches("may break: ").count(), 4, "each edit says what it may break: {}", ran.stdout);
    assert!(parts[4].starts_with("--- web.yaml\n+++ web.yaml\n@@ -14,3 +14,12 @@\n"), "{}", ran.stdout);
    let closing = "1 workload, restricted:v1.37: reached\nnext: kubectl secctx harden -f web.yaml --write\n";
    assert_eq!(parts[5], closing);
    let plan = harden(&files, &["-f", "web.yaml", "-o", "plan"]).stdout;
    assert_eq!(plan, [&parts[..4], &parts[5..]].concat().join("\n\n"), "the plan is the text without the diff");
    assert_eq!(text(&files, "web.yaml"), WEB, "nothing was written");
}

#[test]
fn a_residue_says_why_and_what_could_be_done() {
    let files = folder(&[("host.yaml", HOST)]);
    let ran = harden(&files, &["-f", "host.yaml"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("\n    ! volume run  hostPath: {path: /run}  restrictedVolumes\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("--volume run=emptyDir"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 workload, restricted:v1.37: not reached (restrictedVolumes)\n"), "{}", ran.stdout);
    assert_eq!(harden(&files, &["-f", "host.yaml", "--exit-zero"]).code, Some(0));
    let ran = harden(&files, &["-f", "host.yaml", "--volume", "run=emptyDir"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let ran = harden(&files, &["-f", "host.yaml", "--volume", "rum=emptyDir"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "Warning: --volume rum: no pod template here has a volume of that name\n");
    let ran = harden(&files, &["-f", "host.yaml", "-q"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(1), "", ""));
    let ran = harden(&files, &["-f", "host.yaml", "-q", "--windows"]);
    assert_eq!(ran.stderr, "Warning: --windows: no pod template here has a node selector for Windows\n");
}

#[test]
fn yaml_is_the_whole_edited_stream() {
    let other = "---\n# not ours\napiVersion: v1\nkind: Service\nmetadata: {name:   web}\n";
    let files = folder(&[("a.yaml", WEB), ("b/all.yaml", &format!("{other}---\n{WEB}"))]);
    assert_eq!(harden(&files, &["-f", "a.yaml", "-o", "yaml"]).stdout, HARD_WEB);
    let both = harden(&files, &["-R", "-f", ".", "-o", "yaml"]).stdout;
    assert_eq!(both, format!("{HARD_WEB}{other}---\n{HARD_WEB}"), "a separator was there already");
    let swapped = harden(&files, &["-f", "b/all.yaml", "-f", "a.yaml", "-o", "yaml"]).stdout;
    assert_eq!(swapped, format!("{other}---\n{HARD_WEB}---\n{HARD_WEB}"));
}

#[test]
fn a_diff_is_one_that_patch_applies() {
    let files = folder(&[("a b.yaml", WEB), ("deep/host.yaml", HOST), ("web.yaml", WEB.trim_end())]);
    let ran = harden(&files, &["-R", "-f", ".", "-o", "diff", "--volume", "run=remove"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let edited = |file: &str| harden(&files, &["-f", file, "-o", "yaml", "--volume", "run=remove"]).stdout;
    let expected = ["a b.yaml", "deep/host.yaml", "web.yaml"].map(|file| (file, edited(file)));
    let mut git = Command::new("git")
        .args(["apply", "-p0", "-"])
        .current_dir(files.path())
        .env("GIT_CEILING_DIRECTORIES", files.path().parent().unwrap())
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    git.stdin.take().unwrap().write_all(ran.stdout.as_bytes()).unwrap();
    assert!(git.wait().unwrap().success(), "{}", ran.stdout);
    for (file, expected) in expected {
        assert_eq!(text(&files, file), expected, "{file}");
    }
}

#[test]
fn json_is_the_edited_objects() {
    let files = folder(&[("a.yaml", WEB), ("b.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n")]);
    let one: Value = serde_json::from_str(&harden(&files, &["-f", "a.yaml", "-o", "json"]).stdout).unwrap();
    let pod = &one["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"], json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
    let many: Value = serde_json::from_str(&harden(&files, &["-f", ".", "-o", "json"]).stdout).unwrap();
    assert_eq!(
        (&many["kind"], &many["items"][0], &many["items"][1]["kind"]),
        (&json!("List"), &one, &json!("Service"))
    );
}

#[test]
fn patches_are_small_and_name_their_objects() {
    let files = folder(&[("web.yaml", WEB)]);
    let patch = harden(&files, &["-f", "web.yaml", "-o", "patch"]).stdout;
    let expected = "\
# kubectl patch deployment.v1.apps web -n shop --type strategic --patch-file FILE
spec:
  template:
    spec:
      containers:
      - name: web
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
";
    assert_eq!(patch, expected);
    let patch = harden(&files, &["-f", "web.yaml", "-o", "json-patch"]).stdout;
    let operations: Value = serde_json::from_str(&patch).unwrap();
    let context = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    let of_pod = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    let expected = json!([
        {"op": "test", "path": "/spec/template/spec/containers/0/name", "value": "web"},
        {"op": "add", "path": "/spec/template/spec/containers/0/securityContext", "value": context},
        {"op": "add", "path": "/spec/template/spec/securityContext", "value": of_pod},
    ]);
    assert_eq!(operations, expected);
    let snippet = harden(&files, &["-f", "web.yaml", "-o", "kustomize"]).stdout;
    assert!(
        snippet.contains("patches:\n  - target:\n      group: apps\n      version: v1\n      kind: Deployment\n"),
        "{snippet}"
    );
}

#[test]
fn plan_json_is_the_contract() {
    let files = folder(&[("host.yaml", HOST), ("web.yaml", WEB), ("broken.yaml", "a: [\n")]);
    let ran = harden(&files, &["-f", ".", "-o", "plan-json"]);
    assert_eq!(ran.code, Some(2), "one file is broken");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&report["apiVersion"], &report["kind"]), (&json!("secctx/v1"), &json!("HardenReport")));
    assert_eq!((&report["level"], &report["version"]), (&json!("restricted"), &json!("v1.37")));
    assert_eq!(report["errors"][0]["source"]["file"], "./broken.yaml");
    let [agent, web] = [&report["results"][0], &report["results"][1]];
    assert_eq!(agent["source"], json!({"file": "./host.yaml", "document": 0, "line": 1}));
    assert_eq!((&agent["before"], &agent["reached"]), (&json!("privileged"), &json!(false)));
    assert_eq!(agent["residue"][0]["path"], "spec.volumes[0].hostPath");
    assert_eq!(
        (&web["before"], &web["after"], &web["reached"]),
        (&json!("baseline"), &json!("restricted"), &json!(true))
    );
    let edit = |path: &str| {
        let edits = web["edits"].as_array().unwrap();
        edits.iter().find(|edit| edit["path"] == path).unwrap_or_else(|| panic!("{path}: {edits:?}")).clone()
    };
    let edit = edit("spec.template.spec.securityContext.runAsNonRoot");
    assert_eq!(
        (&edit["op"], &edit["value"], &edit["check"], &edit["fix"]),
        (&json!("set"), &json!(true), &json!("runAsNonRoot"), &json!("risky"))
    );
}

#[test]
fn choices_reach_the_plan() {
    let files = folder(&[("web.yaml", WEB)]);
    let edited = |args: &[&str]| harden(&files, &[&["-f", "web.yaml", "-o", "yaml"], args].concat());
    let safe = edited(&["--safe-only"]);
    assert_eq!(safe.code, Some(1), "what is risky is left");
    assert!(!safe.stdout.contains("runAsNonRoot") && safe.stdout.contains("seccompProfile"), "{}", safe.stdout);
    let only = edited(&["--only", "seccomp"]).stdout;
    assert!(only.contains("seccompProfile") && !only.contains("allowPrivilegeEscalation"), "{only}");
    let skip = edited(&["--skip", "runAsNonRoot,seccomp"]).stdout;
    assert!(!skip.contains("seccompProfile") && skip.contains("allowPrivilegeEscalation"), "{skip}");
    assert!(edited(&["--run-as-user", "1000"]).stdout.contains("runAsUser: 1000"));
    let read_only = edited(&["--read-only-root-filesystem"]).stdout;
    assert!(read_only.contains("readOnlyRootFilesystem: true") && read_only.contains("mountPath: /tmp"), "{read_only}");
    assert_eq!(edited(&["--level", "baseline"]).stdout, WEB, "it meets baseline already");
}

#[test]
fn wrong_usage_is_told() {
    let files = folder(&[("web.yaml", WEB)]);
    let errors = [
        // Without manifests a cluster is meant, and there is none.
        (&[][..], "error: no cluster is configured"),
        (&["deploy/web"], "error: no cluster is configured"),
        (
            &["-f", "web.yaml", "--only", "runAsNonRot"],
            "error: --only: no control is called \"runAsNonRot\", did you mean \"runAsNonRoot\"",
        ),
        (&["-f", "-", "--write"], "error: --write is about files, and - is none: -o yaml prints the edited text\n"),
        (&["-k", ".", "--write"], "error: --write is about files, and -k builds none: -o kustomize prints patches"),
        (
            &["-f", "web.yaml", "--volume", "x=secret:y"],
            "error: invalid value 'x=secret:y' for '--volume <NAME=SOURCE>': must be NAME=emptyDir",
        ),
        (
            &["-f", "web.yaml", "--writable", "/a"],
            "error: the following required arguments were not provided:\n  --read-only-root-filesystem",
        ),
        (
            &["-f", "web.yaml", "--run-as-user", "0"],
            "error: --run-as-user 0 is root, which restricted does not allow: give another user, or ",
        ),
        (&["-f", "web.yaml", "-o", "x"], "error: invalid value 'x' for '--output <FORMAT>': unable to match a printer"),
        (&["-f", "gone.yaml"], "error: gone.yaml: the path \"gone.yaml\" does not exist\n"),
    ];
    for (args, message) in errors {
        let ran = harden(&files, args);
        assert_eq!((ran.code, ran.stdout.contains("next:")), (Some(2), false), "{args:?}");
        assert!(ran.stderr.starts_with(message), "{args:?}: {}", ran.stderr);
    }
    let ran = harden(&files, &["-f", "web.yaml", "-w"]);
    let message = "error: nothing was written: --write needs --yes where there is no terminal to ask on\n";
    assert!(ran.code == Some(2) && ran.stderr.starts_with(message), "{}", ran.stderr);
    assert_eq!(text(&files, "web.yaml"), WEB);
}
