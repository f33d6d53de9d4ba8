//! Names, values, messages and file names that would steer a terminal or deceive its reader.

use std::fs;

use serde_json::{Value, json};

use super::{HARM, assert_harmless, folder, run};
use crate::live::{create, escalating, path, pod, workload};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Reply};
use crate::support::secctx::{Ran, run_in, run_with_input, secctx};

const CHECK_FORMATS: [&str; 10] =
    ["table", "wide", "json", "yaml", "sarif", "junit", "github", "markdown", "name", "psa"];
const HARDEN_FORMATS: [&str; 9] =
    ["text", "plan", "plan-json", "diff", "yaml", "json", "patch", "json-patch", "kustomize"];

/// A workload, a custom resource, a namespace and a broken document that are hostile wherever a text may stand.
fn manifest() -> String {
    let harm = |text: &str| format!("{text}{HARM}");
    let container = json!({
        "name": harm("a"), "image": harm("b"), harm("unknown"): 1,
        "ports": [{"name": harm("p"), "hostPort": 80}],
        "securityContext": {
            "privileged": true, harm("runAsNonroot"): true, "procMount": harm("Un"),
            "capabilities": {"add": [harm("SYS")], "drop": [harm("ALL")]},
            "seccompProfile": {"type": harm("Localhost"), "localhostProfile": harm("l")},
            "seLinuxOptions": {"type": harm("t"), "user": harm("u")},
        },
        "livenessProbe": {"httpGet": {"host": harm("h"), "port": 1}},
    });
    let template = json!({
        "metadata": {"annotations": {
            harm("container.apparmor.security.beta.kubernetes.io/"): harm("un"),
            harm("seccomp.security.alpha.kubernetes.io/pod"): harm("x"),
        }},
        "spec": {
            "hostNetwork": true, "containers": [container], "os": {"name": harm("linux")},
            "volumes": [{"name": harm("v"), "hostPath": {"path": harm("/")}}],
            "securityContext": {"sysctls": [{"name": harm("s"), "value": harm("1")}]},
        },
    });
    let metadata = json!({"name": harm("web"), "namespace": harm("shop"), "annotations": {harm("k"): harm("v")}});
    let objects = [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}),
        json!({"apiVersion": harm("example.org/v1"), "kind": harm("Machine"), "metadata": metadata, "spec": {harm("t"): template}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": harm("shop"), "labels": {
            "pod-security.kubernetes.io/enforce": harm("restricted"), format!("pod-security.kubernetes.io/{HARM}"): "x",
        }}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": harm("p")}, "spec": {"hostPID": harm("yes")}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": harm("p")}, "spec": {"containers": [{"name": "a"}]}}),
    ];
    // Written as JSON, for YAML lets few of these characters stand; the errors of the last document quote its text.
    let all: Vec<String> = objects.iter().map(yaml_of).collect();
    format!("{}\n---\na: \"\u{202e}\u{200b}\n---\n\u{202e}: *\u{200b}\n---\n!<\u{202e}> a\n", all.join("\n---\n"))
}

/// JSON that is YAML: escaped beyond ASCII.
fn yaml_of(value: &Value) -> String {
    let escaped = |c: char| match u32::from(c) {
        32..=126 => c.to_string(),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    value.to_string().chars().map(escaped).collect()
}

#[test]
fn no_format_of_check_lets_a_manifest_steer_a_terminal() {
    let folder = folder(&[("a.yaml", &manifest())]);
    for format in CHECK_FORMATS {
        for more in [&[][..], &["--level", "namespace"], &["--level", "baseline", "-n", "other"]] {
            let ran = run(&folder, &[&["check", "-f", "a.yaml", "-o", format], more].concat());
            assert_eq!(ran.code, Some(2), "{format}: {}", ran.stderr);
            assert_harmless(format, &ran);
            is_read(format, &ran.stdout);
        }
    }
    let ran = run(&folder, &["explain", "-f", "a.yaml"]);
    assert_harmless("explain", &ran);
    assert!(ran.stdout.contains("web^[[31m"), "the name is shown all the same: {}", ran.stdout);
}

/// Programs can read what is written for them.
fn is_read(format: &str, text: &str) {
    match format {
        "json" | "sarif" => assert!(serde_json::from_str::<Value>(text).unwrap().is_object()),
        "yaml" => assert!(serde_yaml::from_str::<Value>(text).unwrap().is_object()),
        "github" => {
            let is_command = |line: &str| {
                ["::error ", "::warning ", "::notice ", "::debug::"].iter().any(|head| line.starts_with(head))
            };
            assert!(text.lines().all(is_command), "{text}");
        }
        _ => {}
    }
}

#[test]
fn no_format_of_harden_lets_a_manifest_steer_a_terminal() {
    let folder = folder(&[("a.yaml", &manifest())]);
    for format in HARDEN_FORMATS {
        let ran = run(&folder, &["harden", "-f", "a.yaml", "-o", format]);
        // A text for programs is the file's own, and the file's last documents are as hostile as YAML may be.
        let own = ran.stdout.replace(['\u{202e}', '\u{200b}'], "");
        let ran = if matches!(format, "yaml" | "diff") { Ran { stdout: own, ..ran } } else { ran };
        assert_harmless(format, &ran);
    }
}

#[cfg(unix)]
#[test]
fn file_names_are_shown_and_not_obeyed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let good = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n";
    let folder = folder(&[]);
    let name = HARM.replace('/', "");
    fs::write(folder.path().join(format!("{name}.yaml")), good).unwrap();
    fs::write(folder.path().join(format!("{name}2.yaml")), "a: [\n").unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"\xff\x1b.yaml")), good).unwrap();
    for format in CHECK_FORMATS {
        let ran = run(&folder, &["check", "-f", ".", "-o", format]);
        assert_eq!(ran.code, Some(2), "{format}: {}", ran.stderr);
        assert_harmless(format, &ran);
        is_read(format, &ran.stdout);
    }
    for format in HARDEN_FORMATS {
        assert_harmless(format, &run(&folder, &["harden", "-f", ".", "-o", format]));
    }
    for args in [&["--write", "--yes"][..], &["--output-dir", "out"], &["--output-dir", &name]] {
        let ran = run(&folder, &[&["harden", "-f", "."], args].concat());
        assert_harmless(args[0], &ran);
    }
}

#[test]
fn arguments_are_shown_and_not_obeyed() {
    let folder = folder(&[]);
    let (flag, pair) = (format!("--{HARM}"), format!("{HARM}={HARM}"));
    for args in [
        &["check", "-f", HARM][..],
        &["check", "-f", "*", "-o", HARM],
        &["check", "-f", "*", "--level", HARM],
        &["check", "-f", "*", "--version", HARM],
        &["check", "-f", "*", "--admission-config", HARM],
        &["check", &flag],
        &[HARM],
        &["explain", HARM],
        &["explain", "runAsNonRot", HARM],
        &["harden", "-f", "*", "--only", HARM],
        &["harden", "-f", "*", "--volume", &pair],
        &["harden", "-f", "*", "--run-as-user", HARM],
        &["dry-run-label", HARM, "--kubeconfig", HARM],
        &["check", "-n", HARM, "--kubeconfig", HARM],
        &["check", HARM, "--server", HARM],
        &["check", "--request-timeout", HARM, "--server", "http://127.0.0.1:1"],
        &["completion", HARM],
    ] {
        let ran = run(&folder, args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert_harmless(&format!("{args:?}"), &ran);
    }
}

#[test]
fn pasted_text_is_shown_and_not_obeyed() {
    let message = format!(
        "{HARM}\nError from server (Forbidden): error when creating \"{HARM}.yaml\": pods \"web{HARM}\" is forbidden: \
         violates PodSecurity \"restricted:latest{HARM}\": privileged (container \"a{HARM}\" must not set \
         securityContext.privileged=true), {HARM} (x), hostNamespaces (hostNetwork=true)\n"
    );
    for format in ["text", "json"] {
        let ran = run_with_input(&["explain", "-", "-o", format], message.replace('\r', "").as_bytes());
        assert_harmless(format, &ran);
        assert!(ran.stdout.contains("restricted"), "the message is understood: {}", ran.stdout);
    }
}

#[test]
fn a_hostile_kubeconfig_is_shown_and_not_obeyed() {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": format!("c{HARM}"),
        "contexts": [{"name": format!("c{HARM}"), "context": {"cluster": "k", "user": "u", "namespace": format!("n{HARM}")}}],
        "clusters": [{"name": "k", "cluster": {"server": format!("http://127.0.0.1:1/{HARM}")}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": format!("no{HARM}")}}}],
    });
    let missing = json!({"apiVersion": "v1", "kind": "Config", "current-context": format!("gone{HARM}")});
    let odd =
        json!({"apiVersion": "v1", "kind": "Config", "users": [{"name": format!("u{HARM}"), "user": {"token": 5}}]});
    let folder = folder(&[
        ("config", &yaml_of(&config)),
        ("missing", &yaml_of(&missing)),
        ("odd", &yaml_of(&odd)),
        ("broken", "\u{202e}: [\u{200b}\n"),
    ]);
    for file in ["config", "missing", "odd", "broken"] {
        for command in [&["check"][..], &["dry-run-label", "--all"], &["harden"], &["version"]] {
            let ran = run_in(folder.path(), &[command, &["--kubeconfig", file, "--request-timeout", "2s"]].concat());
            assert_harmless(&format!("{file} {command:?}"), &ran);
        }
    }
}

/// A server whose every text is hostile, in front of a real one: lists, refusals, warnings, its version.
fn hostile_server(namespace: &'static str, spoil: fn(&Asked) -> bool) -> FaultServer {
    let real = ControlPlane::shared(None);
    real.create_namespace(namespace, &[]);
    create(real, &path("v1", namespace, "pods"), &pod("web", &escalating()));
    create(real, &path("apps/v1", namespace, "deployments"), &workload("web", &escalating(), &[]));
    FaultServer::start(move |asked: &Asked| {
        if spoil(asked) {
            return Reply::refusal(403, &format!("Forbidden{HARM}").replace('\r', ""), &format!("no {HARM}"));
        }
        match Reply::forward(real, asked) {
            Reply::Answer { status, headers, body } => {
                let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
                spoil_texts(&mut body);
                let body = body.to_string().into_bytes();
                let warning = format!("299 - \"w{}\"", HARM.replace(['\r', '"'], ""));
                Reply::Answer { status, headers, body }.with_header("Warning", &warning)
            }
            other => other,
        }
    })
}

/// Makes texts hostile that are nobody's key: names, messages, values of labels and annotations.
fn spoil_texts(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                let is_free = ["name", "message", "namespace", "image", "generateName", "gitVersion", "reason", "path"];
                match field {
                    Value::String(text) if is_free.contains(&key.as_str()) && !text.contains('.') => {
                        text.push_str(HARM)
                    }
                    field => spoil_texts(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spoil_texts),
        _ => {}
    }
}

#[test]
fn a_hostile_server_is_shown_and_not_obeyed() {
    let server = hostile_server("hostile", |_| false);
    let refusing =
        hostile_server("hostile-refusals", |asked| asked.path.contains("pods") || asked.path.contains("namespaces/"));
    for server in [server, refusing] {
        for (command, formats) in [
            (&["check", "-A"][..], &CHECK_FORMATS[..]),
            (&["check", "-n", "hostile"], &["table", "json"]),
            (&["check", "deployment/web", "-n", "hostile"], &["table"]),
            (&["dry-run-label", "--all"], &["table", "wide", "json", "yaml", "kubectl", "manifest", "markdown"]),
            (&["dry-run-label", "hostile", "--enforce", "restricted"], &["table", "markdown"]),
            (&["harden", "-n", "hostile", "--dry-run"], &["text"]),
            (&["explain", "deployment/web", "-n", "hostile"], &["text", "json"]),
            (&["version"], &["text", "json"]),
        ] {
            for format in formats {
                let mut secctx = secctx();
                secctx.args(command).args(["-o", format, "--server", &server.url(), "--request-timeout", "10s"]);
                let ran = Ran::from(secctx.output().unwrap());
                assert!(ran.code.is_some(), "{command:?} ended");
                assert_harmless(&format!("{command:?} -o {format}"), &ran);
            }
        }
    }
}
