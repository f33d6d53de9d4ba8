//! Defaults and exemptions of a real AdmissionConfiguration, given or revealed by the server.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{ENFORCE, controlled, entry, label, labels_of, report, row, strings, violating};
use crate::live::{create, create_namespace, deploy, path, pod, privileged, text, workload};
use crate::support::control_plane::{ControlPlane, Options};
use crate::support::eventually;

fn configuration() -> Value {
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{
            "name": "PodSecurity",
            "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": {"enforce": "baseline", "enforce-version": "v1.30"},
                "exemptions": {"namespaces": ["trusted"], "runtimeClasses": ["sandbox"]},
            },
        }],
    })
}

#[test]
fn exemptions_are_honoured_and_shown() {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), configuration().to_string()).unwrap();
    let given = file.path().to_str().unwrap();
    let server =
        ControlPlane::start(Options { admission_config: Some(configuration().to_string()), ..Options::default() });
    let class = json!({"metadata": {"name": "sandbox"}, "handler": "sandbox"});
    create(&server, "/apis/node.k8s.io/v1/runtimeclasses", &class);
    for name in ["trusted", "boxed"] {
        server.create_namespace(name, &[(ENFORCE, "privileged")]);
    }
    server.create_namespace("plain", &[]);
    let mut sandboxed = privileged();
    sandboxed["runtimeClassName"] = "sandbox".into();
    create(&server, &path("v1", "trusted", "pods"), &pod("root", &privileged()));
    create(&server, &path("v1", "boxed", "pods"), &pod("inside", &sandboxed));
    create(&server, &path("v1", "boxed", "pods"), &pod("outside", &privileged()));
    create(&server, &path("apps/v1", "plain", "deployments"), &workload("web", &privileged(), &[]));

    let names = ["trusted", "boxed", "plain"];
    let ask = [&names[..], &["--enforce", "restricted"]].concat();
    let known = report(&server, 1, &[&ask[..], &["--admission-config", given]].concat());
    let trusted = row(&known, "trusted");
    assert_eq!(trusted["exempt"], "namespace \"trusted\" is exempt");
    let told = entry(trusted, "enforce", "restricted");
    assert_eq!((violating(told), strings(&told["differences"])), (vec![], vec![]));
    assert_eq!(strings(&told["server"]["warnings"]).len(), 1, "the server says so too");
    let boxed = entry(row(&known, "boxed"), "enforce", "restricted");
    assert_eq!((&boxed["pods"], &boxed["workloads"]["violating"]), (&json!({"judged": 2, "violating": 1}), &json!(1)));
    let inside = boxed["violating"].as_array().unwrap().iter().find(|one| one["name"] == "inside").unwrap();
    assert_eq!(inside["exempt"], "runtime class \"sandbox\" is exempt");
    assert_eq!(strings(&boxed["differences"]), [""; 0]);
    // What has no label has the default.
    assert_eq!(entry(row(&known, "plain"), "enforce", "restricted")["from"], "baseline:v1.30");

    // Without the file, the server's own warning tells of its exemptions.
    let revealed = report(&server, 1, &ask);
    let trusted = row(&revealed, "trusted");
    assert_eq!(trusted["exempt"], "namespace \"trusted\" is exempt");
    let told = entry(trusted, "enforce", "restricted");
    assert_eq!(violating(told), [""; 0]);
    assert_eq!(strings(&told["differences"]).len(), 1);
    let boxed = strings(&entry(row(&revealed, "boxed"), "enforce", "restricted")["differences"]);
    assert_eq!(boxed.len(), 1, "{boxed:?}");
    assert!(boxed[0].starts_with("the server counts 1 and not 2 pods of: privileged"), "{boxed:?}");

    let matrix = report(&server, 0, &["trusted", "--recommend", "--admission-config", given]);
    let step = &row(&matrix, "trusted")["plan"][0];
    assert!(text(&step["why"]).contains("is exempt") && step["labels"] == json!({}), "{step}");
}

/// The namespace is judged again as the server judges it: what the file excuses breaks, and the exit code says so.
#[test]
fn an_exemption_that_the_server_does_not_know_excuses_nothing() {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), configuration().to_string()).unwrap();
    let given = file.path().to_str().unwrap();
    let server = controlled();
    create_namespace(server, "trusted", &[]);
    create(server, &path("v1", "trusted", "pods"), &pod("root", &privileged()));
    let ask = ["trusted", "--enforce", "restricted", "--admission-config", given];
    let told = eventually("the pod in the server's answer", || {
        let report = report(server, 1, &ask);
        let warnings = strings(&entry(row(&report, "trusted"), "enforce", "restricted")["server"]["warnings"]);
        (!warnings.is_empty()).then_some(report)
    });
    let trusted = row(&told, "trusted");
    let judged = entry(trusted, "enforce", "restricted");
    assert_eq!((&trusted["exempt"], violating(judged)), (&Value::Null, vec!["Pod/root".to_owned()]));
    assert_eq!((&judged["pods"], &trusted["strictest"]), (&json!({"judged": 1, "violating": 1}), &json!("privileged")));
    assert_eq!(strings(&judged["differences"]), [NOT_EXEMPT]);
    let shown = label(server, &ask);
    assert_eq!(shown.code, Some(1));
    assert!(shown.stdout.contains("1 namespace at v1.36: enforce breaks 1 workload\n"), "{}", shown.stdout);

    let ran = label(server, &[&ask[..], &["--apply", "--yes"]].concat());
    assert!(ran.stdout.contains("not labelled: 1 workload would break"), "{}", ran.stdout);
    assert_eq!((ran.code, labels_of(server, "trusted").get(ENFORCE)), (Some(1), None));
}

const NOT_EXEMPT: &str =
    "the server does not take the namespace for exempt: its configuration is not the one that was given";

/// No pod runs, so the server has none to name; that it does not call the namespace exempt is told by its silence.
#[test]
fn a_denied_exemption_is_known_by_the_servers_silence_too() {
    let file = NamedTempFile::new().unwrap();
    let text = configuration().to_string().replace("trusted", "silent");
    std::fs::write(file.path(), text).unwrap();
    let server = controlled();
    create_namespace(server, "silent", &[]);
    deploy(server, "silent", "web", &privileged(), 0);
    let report =
        report(server, 1, &["silent", "--enforce", "restricted", "--admission-config", file.path().to_str().unwrap()]);
    let told = entry(row(&report, "silent"), "enforce", "restricted");
    assert_eq!((strings(&told["server"]["warnings"]), violating(told)), (vec![], vec!["Deployment/web".to_owned()]));
    assert_eq!(strings(&told["differences"])[0], NOT_EXEMPT);
}

#[test]
fn a_runtime_class_that_only_the_file_exempts_excuses_nothing() {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), configuration().to_string()).unwrap();
    let server = controlled();
    let class = json!({"metadata": {"name": "sandbox"}, "handler": "sandbox"});
    create(server, "/apis/node.k8s.io/v1/runtimeclasses", &class);
    create_namespace(server, "classy", &[]);
    let mut sandboxed = privileged();
    sandboxed["runtimeClassName"] = "sandbox".into();
    create(server, &path("v1", "classy", "pods"), &pod("inside", &sandboxed));
    let ask = ["classy", "--enforce", "restricted", "--admission-config", file.path().to_str().unwrap()];
    // The server's list is made in the background.
    eventually("the pod in the server's answer", || {
        let ran = label(server, &[&ask[..], &["-o", "json"]].concat());
        ran.stdout.contains("inside: ").then_some(())
    });
    let report = report(server, 1, &ask);
    let told = entry(row(&report, "classy"), "enforce", "restricted");
    assert_eq!((violating(told), &told["violating"][0]["exempt"]), (vec!["Pod/inside".to_owned()], &Value::Null));
    let denied = "the server does not take runtime class \"sandbox\" for exempt: its configuration is not the one that was given";
    assert_eq!(strings(&told["differences"]), [denied]);
}
