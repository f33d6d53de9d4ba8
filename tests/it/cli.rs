//! `check` as a user sees it: arguments, exit codes, which stream says what.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::secctx::{Ran, run_in, run_with_input};

const GOOD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: good}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: a
    image: b
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

/// Meets baseline: only allowPrivilegeEscalation is missing.
const BASELINE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: b
        securityContext: {capabilities: {drop: [ALL]}}
";

const PRIVILEGED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: shop}
spec: {hostPID: true, containers: [{name: a, image: b}]}
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn check(folder: &TempDir, args: &[&str]) -> Ran {
    let args: Vec<&str> = ["check"].iter().chain(args).copied().collect();
    run_in(folder.path(), &args)
}

fn report(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

fn names(ran: &Ran) -> Vec<String> {
    let report = report(ran);
    let results = report["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| format!("{}:{}", result["source"]["file"].as_str().unwrap(), result["name"].as_str().unwrap()))
        .collect()
}

#[test]
fn exit_codes_tell_clean_violations_and_failures() {
    let files =
        folder(&[("good.yaml", GOOD), ("web.yaml", BASELINE), ("bad.yaml", PRIVILEGED), ("broken.yaml", "a: [\n")]);
    let code = |args: &[&str]| check(&files, args).code;
    assert_eq!(code(&["-f", "good.yaml"]), Some(0));
    assert_eq!(code(&["-f", "web.yaml"]), Some(1));
    assert_eq!(code(&["-f", "web.yaml", "--level", "baseline"]), Some(0));
    assert_eq!(code(&["-f", "bad.yaml", "--level", "baseline"]), Some(1));
    assert_eq!(code(&["-f", "web.yaml", "--exit-zero"]), Some(0));
    assert_eq!(code(&["-f", "web.yaml", "--fail-on", "baseline"]), Some(0));
    assert_eq!(code(&["-f", "bad.yaml", "--fail-on", "baseline"]), Some(1));
    assert_eq!(code(&["-f", "broken.yaml"]), Some(2));
    assert_eq!(code(&["-f", "bad.yaml", "-f", "broken.yaml", "--exit-zero"]), Some(2), "failures are never hidden");
    assert_eq!(code(&["-f", "web.yaml", "-q"]), Some(1));
    assert_eq!(check(&files, &["-f", "web.yaml", "-q"]).stdout, "");
}

#[test]
fn json_is_the_contract() {
    let files = folder(&[("web.yaml", BASELINE)]);
    let ran = check(&files, &["-f", "web.yaml", "-o", "json", "--version", "v1.36"]);
    let report = report(&ran);
    assert_eq!(report["apiVersion"], "secctx/v1");
    assert_eq!(report["kind"], "CheckReport");
    assert_eq!(report["level"], "restricted");
    assert_eq!(report["version"], "v1.36");
    for (member, count) in [("checked", 1), ("violating", 1), ("errors", 0)] {
        assert_eq!(report["summary"][member], count, "{member}");
    }
    let result = &report["results"][0];
    assert_eq!(result["source"], json!({"file": "web.yaml", "document": 0, "line": 1}));
    assert_eq!(result["apiVersion"], "apps/v1");
    assert_eq!(
        (&result["kind"], &result["namespace"], &result["name"]),
        (&json!("Deployment"), &json!("shop"), &json!("web"))
    );
    assert_eq!((&result["allowed"], &result["meets"]), (&json!(false), &json!("baseline")));
    assert_eq!(
        result["findings"],
        json!([{
            "check": "allowPrivilegeEscalation",
            "level": "restricted",
            "reason": "allowPrivilegeEscalation != false",
            "detail": "container \"web\" must set securityContext.allowPrivilegeEscalation=false",
            "fix": "safe",
            "violations": [{
                "path": "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation",
                "container": "web", "actual": null, "wanted": false, "line": 11, "column": 9,
            }],
        }])
    );
    assert_eq!(report["errors"], json!([]));
}

#[test]
fn every_way_to_name_files_works() {
    let files = folder(&[("a.yaml", GOOD), ("sub/b.yml", GOOD), ("c.json", "{}"), ("notes.txt", "no: manifest")]);
    fs::write(
        files.path().join("c.json"),
        serde_json::to_string(&json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "json"}, "spec": {"containers": []}}))
        .unwrap(),
    )
    .unwrap();
    let json = |args: &[&str]| names(&check(&files, &[args, &["-o", "json"]].concat()));
    assert_eq!(json(&["-f", "."]), ["./a.yaml:good", "./c.json:json"]);
    assert_eq!(json(&["-R", "-f", "."]), ["./a.yaml:good", "./c.json:json", "./sub/b.yml:good"]);
    assert_eq!(json(&["-f", "c.json,a.yaml", "-f", "sub/b.yml"]), ["c.json:json", "a.yaml:good", "sub/b.yml:good"]);
    assert_eq!(json(&["-f", "*.yaml"]), ["a.yaml:good"]);
    let ran = run_with_input(&["check", "-f", "-", "-o", "json"], GOOD.as_bytes());
    assert_eq!((names(&ran), ran.code), (vec!["-:good".to_owned()], Some(0)));
}

#[test]
fn an_address_is_fetched_and_server_errors_are_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/pods.yaml", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for (status, body) in [("503 Service Unavailable", ""), ("200 OK", GOOD)] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
                .unwrap();
        }
    });
    let files = folder(&[]);
    let ran = check(&files, &["-f", &address, "-o", "json"]);
    server.join().unwrap();
    assert_eq!((names(&ran), ran.code), (vec![format!("{address}:good")], Some(0)));
}

#[test]
fn what_is_missing_is_told_and_the_rest_goes_on() {
    let files = folder(&[("good.yaml", GOOD), ("empty/notes.txt", "")]);
    let ran = check(&files, &["-f", "nothing.yaml", "-f", "empty", "-f", "good.yaml", "-o", "json"]);
    assert_eq!((names(&ran), ran.code), (vec!["good.yaml:good".to_owned()], Some(2)));
    assert!(ran.stderr.contains("error: nothing.yaml: the path \"nothing.yaml\" does not exist\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: empty: no .json, .yaml or .yml file in this folder"), "{}", ran.stderr);
    let ran = check(&files, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.starts_with("error: no cluster is configured"), "{}", ran.stderr);
    let ran = check(&files, &["other.yaml", "-f", "good.yaml"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("unexpected argument \"other.yaml\""), "{}", ran.stderr);
}

/// A shell makes many names of one pattern, and so does pre-commit of a change.
#[test]
fn one_flag_takes_many_files() {
    let files = folder(&[("a.yaml", GOOD), ("b.yaml", GOOD)]);
    let ran = check(&files, &["-f", "a.yaml", "b.yaml", "-o", "json"]);
    assert_eq!((names(&ran), ran.code), (vec!["a.yaml:good".to_owned(), "b.yaml:good".to_owned()], Some(0)));
}

#[test]
fn lists_and_documents_are_counted_apart() {
    let text = "# nothing here\n---\napiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: List\nitems:\n\
        - apiVersion: v1\n  kind: Pod\n  metadata: {name: one}\n  spec: {containers: []}\n\
        - apiVersion: v1\n  kind: Pod\n  metadata: {name: two}\n  spec: {containers: []}\n";
    let files = folder(&[("list.yaml", text)]);
    let report = report(&check(&files, &["-f", "list.yaml", "-o", "json"]));
    let sources: Vec<_> = report["results"].as_array().unwrap().iter().map(|result| result["source"].clone()).collect();
    let at = |line: u32| json!({"file": "list.yaml", "document": 2, "line": line});
    assert_eq!(sources, [at(9), at(13)]);
}

#[test]
fn one_broken_document_does_not_stop_the_others() {
    let text = format!("{GOOD}---\na: b: c\n---\n{PRIVILEGED}---\njust text\n");
    let files = folder(&[("mixed.yaml", &text)]);
    let ran = check(&files, &["-f", "mixed.yaml", "-o", "json"]);
    assert_eq!((names(&ran), ran.code), (vec!["mixed.yaml:good".to_owned(), "mixed.yaml:bad".to_owned()], Some(2)));
    let report = report(&ran);
    let errors = report["errors"].as_array().unwrap();
    let lines: Vec<_> =
        errors.iter().map(|error| (error["source"]["document"].as_u64(), error["source"]["line"].as_u64())).collect();
    assert_eq!(lines, [(Some(1), Some(11)), (Some(3), Some(18))]);
    assert_eq!(errors[1]["message"], "expected an object with apiVersion and kind, found text");
}

#[test]
fn wrong_types_and_misspelt_fields_are_named_with_their_place() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: typo}\nspec:\n  containers:\n  - name: a\n    image: b\n    \
        securityContext:\n      runAsNonroot: true\n";
    let quoted = text.replace("runAsNonroot: true", "runAsNonRoot: \"yes\"");
    let files = folder(&[("typo.yaml", text), ("quoted.yaml", &quoted)]);
    let ran = check(&files, &["-f", "typo.yaml", "-f", "quoted.yaml", "-o", "name"]);
    assert_eq!(ran.code, Some(2));
    let typo = "error: typo.yaml:9:7: spec.containers[0].securityContext.runAsNonroot: unknown field, did you mean \"runAsNonRoot\"?\n";
    let wrong = "error: quoted.yaml:9:21: spec.containers[0].securityContext.runAsNonRoot: expected a boolean, found the string \"yes\" (the API server refuses it)\n";
    assert_eq!(ran.stderr, format!("{typo}{wrong}"));
    assert_eq!(ran.stdout, "pod/typo\n", "the misspelt one is judged, as the server drops the field; the other is not");
}

#[test]
fn a_key_set_twice_is_a_warning_and_the_last_one_counts() {
    let text = GOOD.replace("kind: Pod\n", "kind: Pod\nspec: {hostPID: true}\n");
    let files = folder(&[("twice.yaml", &text)]);
    let ran = check(&files, &["-f", "twice.yaml", "-o", "name"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    assert_eq!(ran.stderr, "Warning: twice.yaml:3:1: key \"spec\" is set again in line 5, which is what counts\n");
}

#[test]
fn labels_that_do_nothing_are_told_where_they_stand() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations:\n    \
                     pod-security.kubernetes.io/audit: baseline\n  labels:\n    team: a\n    \
                     pod-security.kubernets.io/enforce: baseline\n    pod-security.kubernetes.io/warn: Baseline\n";
    let warned = |line: usize, rest: &str| format!("Warning: ns.yaml:{line}:5: namespace \"shop\": {rest}\n");
    let misspelt = warned(
        9,
        "label \"pod-security.kubernets.io/enforce\" is not read by anything; did you mean \
         \"pod-security.kubernetes.io/enforce\"?",
    );
    let annotation = warned(
        6,
        "annotation \"pod-security.kubernetes.io/audit\" is not read by anything: Pod Security looks at labels; make \
         \"pod-security.kubernetes.io/audit\" a label",
    );
    let effect = "the server refuses a namespace that is made with it, and warns of nothing in one that has it \
                  already; did you mean \"baseline\"?";
    let files = folder(&[("ns.yaml", namespace), ("good.yaml", GOOD)]);
    let ran = check(&files, &["-f", "ns.yaml", "-f", "good.yaml", "-o", "name"]);
    let value =
        warned(10, &format!("label \"pod-security.kubernetes.io/warn\" is \"Baseline\", which is no level: {effect}"));
    assert_eq!((ran.code, ran.stderr), (Some(0), format!("{value}{misspelt}{annotation}")), "no verdict comes of them");
    let ran = check(&files, &["-f", "ns.yaml", "-f", "good.yaml", "-o", "name", "--level", "namespace"]);
    assert_eq!(ran.code, Some(2), "verdicts come of the value");
    assert!(ran.stderr.contains(&format!("{misspelt}{annotation}")), "{}", ran.stderr);
    let error = "error: ns.yaml:10:5: metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"Baseline\": must \
                 be one of privileged, baseline, restricted; ";
    assert!(ran.stderr.ends_with(&format!("{error}{effect}\n")), "{}", ran.stderr);
}

#[test]
fn namespaces_of_other_groups_are_none() {
    let other = "apiVersion: messaging.example.com/v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    \
                 pod-security.kubernets.io/enforce: baseline\n";
    let files = folder(&[("other.yaml", other), ("good.yaml", GOOD)]);
    let ran = check(&files, &["-f", "other.yaml", "-f", "good.yaml", "-o", "name"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn namespaces_decide_where_they_are_asked_to() {
    let namespace =
        |labels: &str| format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n{labels}");
    let run = |labels: &str| {
        let files = folder(&[("a.yaml", BASELINE), ("z.yaml", &namespace(labels))]);
        check(&files, &["-f", ".", "--level", "namespace", "-o", "json"])
    };
    let ran =
        run("    pod-security.kubernetes.io/enforce: baseline\n    pod-security.kubernetes.io/audit: restricted\n");
    assert_eq!(ran.code, Some(0));
    let report_ = report(&ran);
    assert_eq!(report_["results"][0]["allowed"], true);
    assert_eq!(report_["level"], "namespace");
    let ran = run(
        "    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/enforce-version: v1.7\n",
    );
    assert_eq!(ran.code, Some(0), "v1.7 does not know allowPrivilegeEscalation yet: {}{}", ran.stdout, ran.stderr);
    let ran = run("    pod-security.kubernetes.io/enforce: Restricted\n");
    assert_eq!(ran.code, Some(2), "the label is told");
    assert_eq!(report(&ran)["results"][0]["allowed"], false, "and fails closed");
    assert!(
        ran.stderr.starts_with("error: ./z.yaml:6:5: metadata.labels[pod-security.kubernetes.io/enforce]"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("must be one of privileged, baseline, restricted"), "{}", ran.stderr);
    let files = folder(&[("a.yaml", BASELINE)]);
    let ran = check(&files, &["-f", ".", "--level", "namespace"]);
    assert_eq!(ran.code, Some(0), "no labels, nothing enforced");
    assert!(ran.stderr.starts_with("Warning: no manifest here defines these namespaces"), "{}", ran.stderr);
}

#[test]
fn an_admission_configuration_gives_defaults_and_exemptions() {
    let plugin = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n\
        defaults: {enforce: restricted, enforce-version: latest}\nexemptions: {namespaces: [shop], usernames: [ci]}\n";
    let indented = plugin.replace('\n', "\n    ");
    let whole = format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: PodSecurity\n  configuration:\n    {indented}"
    );
    let files = folder(&[
        ("web.yaml", BASELINE),
        ("conf/plugin.yaml", plugin),
        ("conf/whole.yaml", &whole),
        (
            "conf/outer.yaml",
            "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- {name: PodSecurity, path: plugin.yaml}\n",
        ),
        ("other.yaml", &BASELINE.replace("namespace: shop", "namespace: prod")),
    ]);
    for config in ["conf/plugin.yaml", "conf/whole.yaml", "conf/outer.yaml"] {
        let ran = check(&files, &["-f", "web.yaml,other.yaml", "--admission-config", config, "-o", "json"]);
        let report = report(&ran);
        assert_eq!(ran.code, Some(1), "{config}: {}", ran.stderr);
        assert_eq!(report["results"][0]["exempt"], "namespace \"shop\" is exempt", "{config}");
        assert_eq!(
            (&report["results"][0]["allowed"], &report["results"][1]["allowed"]),
            (&json!(true), &json!(false)),
            "{config}"
        );
        assert!(ran.stderr.contains("manifests do not tell who applies them"), "{}", ran.stderr);
    }
    let broken = folder(&[("a.yaml", GOOD), ("c.yaml", &plugin.replace("enforce: restricted", "enfroce: restricted"))]);
    let ran = check(&broken, &["-f", "a.yaml", "--admission-config", "c.yaml"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(2), "error: c.yaml:3:12: defaults.enfroce: unknown field, did you mean \"enforce\"?\n")
    );
}

#[test]
fn dash_n_is_a_check_not_an_override() {
    let files = folder(&[("good.yaml", GOOD), ("web.yaml", BASELINE)]);
    let ran = check(&files, &["-f", ".", "-n", "prod", "-o", "json"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(report(&ran)["results"][0]["namespace"], "prod");
    assert_eq!(
        ran.stderr,
        "error: ./web.yaml:1:1: the namespace of deployment/web is \"shop\", which is not the one asked for with -n, \"prod\"\n"
    );
}

#[test]
fn a_version_from_the_future_is_judged_as_the_newest_known() {
    let files = folder(&[("good.yaml", GOOD)]);
    let ran = check(&files, &["-f", "good.yaml", "--version", "v1.99", "-o", "json"]);
    assert_eq!((ran.code, report(&ran)["version"].as_str()), (Some(0), Some("v1.37")));
    assert_eq!(ran.stderr, "Warning: v1.99 is newer than v1.37, the newest version known here: judged as v1.37\n");
    let ran = check(&files, &["-f", "good.yaml", "--version", "1.30"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("must be \"latest\" or \"v1.x\""), "{}", ran.stderr);
}

#[test]
fn custom_resources_are_named_as_such() {
    let text = BASELINE.replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout");
    let files = folder(&[("rollout.yaml", &text)]);
    let ran = check(&files, &["-f", "rollout.yaml"]);
    assert!(ran.stdout.contains("rollout/web"), "{}", ran.stdout);
    assert!(ran.stdout.contains("custom resource"), "{}", ran.stdout);
    assert_eq!(report(&check(&files, &["-f", "rollout.yaml", "-o", "json"]))["results"][0]["custom"], true);
}

#[test]
fn the_servers_sentence_is_the_servers() {
    let files = folder(&[("web.yaml", BASELINE), ("bad.yaml", PRIVILEGED)]);
    let ran = check(&files, &["-f", "web.yaml,bad.yaml", "-o", "psa", "--level", "baseline", "--version", "v1.30"]);
    assert_eq!(
        ran.stdout,
        "pods \"bad\" is forbidden: violates PodSecurity \"baseline:v1.30\": host namespaces (hostPID=true)\n"
    );
    let ran = check(&files, &["-f", "web.yaml", "-o", "psa"]);
    assert_eq!(
        ran.stdout,
        "would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"web\" must set \
         securityContext.allowPrivilegeEscalation=false)\n"
    );
}

#[test]
fn the_readmes_first_command_shows_the_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = run_in(root, &["check", "-f", "examples/"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    for shown in ["kuard-restricted", "kuard-privileged", "storefront", "nightly-report", "checkout"] {
        assert!(ran.stdout.contains(shown), "{shown}");
    }
    let ran = run_in(root, &["check", "-R", "-f", "examples/", "-o", "json"]);
    let report = report(&ran);
    let meets: Vec<_> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| format!("{} {}", result["name"].as_str().unwrap(), result["meets"].as_str().unwrap()))
        .collect();
    assert_eq!(
        meets,
        [
            "nightly-report baseline",
            "storefront restricted",
            "kuard-privileged privileged",
            "kuard-restricted restricted",
            "cart baseline",
            "checkout privileged"
        ]
    );
}

#[test]
fn hostile_configurations_never_reach_the_terminal() {
    let config = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n\
        defaults: {\"enf\\e[31mX\": restricted}\n";
    let files = folder(&[("good.yaml", GOOD), ("config.yaml", config)]);
    let ran = check(&files, &["-f", "good.yaml", "--admission-config", "config.yaml"]);
    assert_eq!(ran.code, Some(2));
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
}

#[test]
fn the_next_command_judges_by_the_same_policy() {
    let files = folder(&[("my pods.yaml", PRIVILEGED)]);
    let ran = check(&files, &["-f", "my pods.yaml", "--level", "baseline", "--version", "v1.30", "-n", "shop"]);
    let next = "next: kubectl secctx harden -f 'my pods.yaml' --level baseline --version v1.30 -n shop\n";
    assert!(ran.stdout.ends_with(next), "{}", ran.stdout);
}

#[test]
fn api_versions_of_the_past_are_refused_as_by_a_server() {
    let files = folder(&[("old.yaml", &BASELINE.replace("apps/v1", "extensions/v1beta1"))]);
    let ran = check(&files, &["-f", "old.yaml"]);
    assert_eq!(ran.code, Some(2));
    let message =
        "error: old.yaml:1:1: apiVersion: no server has a Deployment in \"extensions/v1beta1\"; it is in \"apps/v1\"\n";
    assert_eq!(ran.stderr, message);
}

#[test]
fn no_command_and_help_show_the_first_screen() {
    let files = folder(&[]);
    for args in [&[][..], &["help"], &["--help"]] {
        let ran = run_in(files.path(), args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
        assert!(ran.stdout.contains("Usage:\n  kubectl secctx"), "{args:?}: {}", ran.stdout);
    }
    let ran = run_in(files.path(), &["chekc"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("check"), "a typo gets a suggestion: {}", ran.stderr);
}
