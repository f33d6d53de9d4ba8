//! `explain` as a user sees it: checks, fields, messages, manifests.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    AppArmorProfile, Capabilities, PodSecurityContext, SELinuxOptions, SeccompProfile, SecurityContext, Sysctl,
    WindowsSecurityContextOptions,
};
use kubectl_secctx::checks::{self, CHECKS};
use kubectl_secctx::explain::{FIELDS, Kind, lookup, read};
use kubectl_secctx::policy::Level;
use serde_json::{Value, json};

use crate::support::secctx::{Ran, run_in, run_with_input};

fn explain(args: &[&str]) -> Ran {
    let args: Vec<&str> = ["explain"].iter().chain(args).copied().collect();
    run_in(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), &args)
}

fn explain_text(args: &[&str], text: &str) -> Ran {
    let args: Vec<&str> = ["explain"].iter().chain(args).copied().collect();
    run_with_input(&args, text.as_bytes())
}

#[track_caller]
fn assert_output(ran: &Ran, expected: &str) {
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.stdout, expected);
}

// Everything has an explanation.

#[test]
fn every_check_is_explained() {
    let list = explain(&[]);
    for check in CHECKS {
        assert!(list.stdout.contains(&format!("  {}  ", check.id)), "{}", check.id);
        let ran = explain(&[&check.id.to_lowercase().replace('_', "-")]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains(&format!("CHECK:    {} ({})\n", check.id, check.title)), "{}", ran.stdout);
        for field in check.meaning.fields {
            let answer = lookup(field).unwrap_or_else(|| panic!("{field} is not known"));
            assert!(answer.checks.iter().any(|found| found.id == check.id), "{field}");
        }
        for name in check.names.iter().chain(check.reasons).chain([&check.title]) {
            let answer = lookup(name).unwrap_or_else(|| panic!("{name} is not known"));
            assert!(answer.checks.iter().any(|found| found.id == check.id), "{name}");
        }
    }
}

/// All fields set, without any `..Default`: a field that a new version brings does not compile here.
fn contexts() -> (SecurityContext, PodSecurityContext) {
    let text = || Some("x".to_owned());
    let app_armor_profile = Some(AppArmorProfile { localhost_profile: text(), type_: "x".to_owned() });
    let seccomp_profile = Some(SeccompProfile { localhost_profile: text(), type_: "x".to_owned() });
    let se_linux_options = Some(SELinuxOptions { level: text(), role: text(), type_: text(), user: text() });
    let windows_options = Some(WindowsSecurityContextOptions {
        gmsa_credential_spec: text(),
        gmsa_credential_spec_name: text(),
        host_process: Some(true),
        run_as_user_name: text(),
    });
    let container = SecurityContext {
        allow_privilege_escalation: Some(true),
        app_armor_profile: app_armor_profile.clone(),
        capabilities: Some(Capabilities { add: Some(vec!["x".to_owned()]), drop: Some(vec!["x".to_owned()]) }),
        privileged: Some(true),
        proc_mount: text(),
        read_only_root_filesystem: Some(true),
        run_as_group: Some(1),
        run_as_non_root: Some(true),
        run_as_user: Some(1),
        se_linux_options: se_linux_options.clone(),
        seccomp_profile: seccomp_profile.clone(),
        windows_options: windows_options.clone(),
    };
    let pod = PodSecurityContext {
        app_armor_profile,
        fs_group: Some(1),
        fs_group_change_policy: text(),
        run_as_group: Some(1),
        run_as_non_root: Some(true),
        run_as_user: Some(1),
        se_linux_change_policy: text(),
        se_linux_options,
        seccomp_profile,
        supplemental_groups: Some(vec![1]),
        supplemental_groups_policy: text(),
        sysctls: Some(vec![Sysctl { name: "x".to_owned(), value: "x".to_owned() }]),
        windows_options,
    };
    (container, pod)
}

fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, &format!("{path}.{key}"), found))
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| leaves(item, &format!("{path}[*]"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn every_field_of_both_security_contexts_is_explained() {
    let (container, pod) = contexts();
    let mut paths = Vec::new();
    leaves(&json!(container), "spec.containers[*].securityContext", &mut paths);
    leaves(&json!(pod), "spec.securityContext", &mut paths);
    assert_eq!(paths.len(), 43, "{paths:#?}");
    let mut known: BTreeSet<&str> = CHECKS.iter().flat_map(|check| check.meaning.fields).copied().collect();
    known.extend(FIELDS.iter().flat_map(|field| field.paths));
    for path in paths {
        assert!(known.contains(path.as_str()), "{path}");
        let answer = lookup(&path).unwrap_or_else(|| panic!("{path} is not known"));
        assert!(!answer.is_parent, "{path}");
        let parent = path.rsplit_once('.').unwrap().0;
        assert!(lookup(parent).is_some(), "{parent}");
    }
}

// What people see.

#[test]
fn the_list() {
    let expected = "  CHECK                       CONTROL                   SINCE  FIX     CIS v1.12
baseline
  appArmorProfile             AppArmor profile          v1.0   safe    -
  capabilities_baseline       Added capabilities        v1.0   risky   -
  hostNamespaces              Host namespaces           v1.0   risky   5.2.3-5
  hostPathVolumes             Host path volumes         v1.0   manual  5.2.11
  hostPorts                   Host ports                v1.0   risky   5.2.12
  hostProbesAndHostLifecycle  Probe and hook hosts      v1.34  risky   -
  privileged                  Privileged containers     v1.0   risky   5.2.2
  procMount                   Masked /proc              v1.0   safe    -
  seLinuxOptions              SELinux options           v1.0   risky   -
  seccompProfile_baseline     Seccomp profile           v1.0   safe    5.6.2
  sysctls                     Kernel parameters         v1.0   risky   -
  windowsHostProcess          Windows host processes    v1.0   risky   5.2.10
restricted, besides baseline
  allowPrivilegeEscalation    Privilege escalation      v1.8   safe    5.2.6
  capabilities_restricted     Dropped capabilities      v1.22  risky   5.2.8-9
  procMount_restricted        Masked /proc, always      v1.35  safe    -
  restrictedVolumes           Volume types              v1.0   manual  5.2.11
  runAsNonRoot                Running as non-root       v1.0   risky   5.2.7
  runAsUser                   User ID                   v1.23  risky   5.2.7
  seccompProfile_restricted   Required seccomp profile  v1.19  safe    5.6.2

next: kubectl secctx explain runAsNonRoot
";
    assert_output(&explain(&[]), expected);
}

#[test]
fn one_check() {
    let expected = "\
CHECK:    runAsNonRoot (Running as non-root)
LEVEL:    restricted, since v1.0
FIX:      risky: may stop a workload that relies on what it takes away
CIS:      5.2.7 root containers (benchmark v1.10 to v1.12)

DESCRIPTION:
    Every container must have runAsNonRoot set to true, on itself or through the
    pod's securityContext. The kubelet then refuses to start a container whose
    image would run as user 0.

FIELDS:
    spec.securityContext.runAsNonRoot
    spec.containers[*].securityContext.runAsNonRoot
    (containers stands for initContainers and ephemeralContainers as well)

PASSES:
    - true
    - not set on a container, where the pod's securityContext sets true
    - anything or nothing, where spec.hostUsers is false (from v1.35 on)

VERSIONS:
    v1.0   Part of the standard from the start.
    v1.35  Pods with hostUsers: false pass, since their root is nobody on the
           node.

WHY:
    Root in a container is root on the node as soon as it gets out through a
    kernel or runtime hole or a careless mount; an ordinary user has little to
    gain there.

HOW TO FIX:
    Set spec.securityContext.runAsNonRoot: true and remove every runAsNonRoot:
    false.

        spec:
          securityContext:
            runAsNonRoot: true

WHAT MAY BREAK:
    Images that run as root, or name their user instead of numbering it, no
    longer start: the pod stays in CreateContainerConfigError. Build the image
    with a numeric USER, or set runAsUser to an ID that can read and write what
    the program needs.
";
    assert_output(&explain(&["runAsNonRoot"]), expected);
    assert_output(&explain(&["running", "as", "non-root"]), expected);
}

#[test]
fn one_field() {
    let expected = "\
FIELD:    spec.securityContext.fsGroupChangePolicy
LEVEL:    Pod Security asks nothing about this field, at any level.

DESCRIPTION:
    When fsGroup is applied to the files of a volume: Always, the default, at
    every mount; OnRootMismatch only where the volume's top folder does not look
    right already.

WHEN TO SET IT:
    With OnRootMismatch for large volumes whose pods take minutes to start.

        spec:
          securityContext:
            fsGroup: 10001
            fsGroupChangePolicy: OnRootMismatch

WHAT MAY BREAK:
    With OnRootMismatch, files deeper in the volume that came from elsewhere
    keep a wrong group: the program reports \"permission denied\" for some of
    them. Secrets, configMaps and emptyDirs ignore the field.
";
    assert_output(&explain(&["spec.template.spec.securityContext.fsGroupChangePolicy"]), expected);
}

const ERROR: &str = "Error from server (Forbidden): error when creating \"web.yaml\": pods \"web\" is forbidden: violates \
    PodSecurity \"restricted:latest\": hostPort (container \"web\" uses hostPort 8080), allowPrivilegeEscalation != false \
    (containers \"web\", \"proxy\" must set securityContext.allowPrivilegeEscalation=false)\n";

#[test]
fn one_message() {
    let expected = "\
pod \"web\" was not let in: it violates restricted:latest

  hostPorts                                                            risky fix
    hostPort (container \"web\" uses hostPort 8080)
    field: spec.containers[*].ports[*].hostPort
    fix:   remove hostPort from every container port; let a Service publish the
           port
    risk:  Clients that connect to the node's address: they get a refused
           connection or a timeout. Publish the port with a Service (NodePort or
           LoadBalancer) or an Ingress, and tell the clients before the change.

  allowPrivilegeEscalation                                              safe fix
    allowPrivilegeEscalation != false (containers \"web\", \"proxy\" must set
    securityContext.allowPrivilegeEscalation=false)
    field: spec.containers[*].securityContext.allowPrivilegeEscalation
    fix:   set securityContext.allowPrivilegeEscalation: false on every
           container
    risk:  Programs that raise their rights when they start: sudo and su, a ping
           that is set-user-ID, a server whose file carries
           cap_net_bind_service. They report \"operation not permitted\" or say
           that the no new privileges flag is set. The API server refuses false
           on a container with privileged: true; drop that first.

  lines to write, in a pod (in a workload below spec.template):

    spec:
      containers:
      - name: web
        securityContext:
          allowPrivilegeEscalation: false
      - name: proxy
        securityContext:
          allowPrivilegeEscalation: false

next: kubectl secctx explain -f web.yaml
";
    assert_output(&explain_text(&["-"], ERROR), expected);
}

#[test]
fn unknown_names_and_what_they_may_have_meant() {
    let ran = explain(&["runAsNonRot"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        ran.stderr,
        "error: no control or field is called \"runAsNonRot\", did you mean \"runAsNonRoot\" or \"run as root\"? \
         (\"kubectl secctx explain\" lists the controls)\nSee 'kubectl secctx explain -h' for help and examples\n"
    );
    let ran = explain(&["seccomp", "nothing\u{1b}[31m"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: no control or field is called \"nothing"), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'));
    let ran = explain(&["deployment/web"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.starts_with("error: no cluster is configured"), "a live object is meant: {}", ran.stderr);
    let ran = explain(&["deployment/web", "sysctls"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: \"deployment/web\" is an object of a cluster"), "{}", ran.stderr);
}

#[test]
fn several_topics_and_parents() {
    let ran = explain(&["sysctls", "fsGroup"]);
    assert!(
        ran.stdout.starts_with("CHECK:    sysctls")
            && ran.stdout.contains("\nFIELD:    spec.securityContext.fsGroup\n")
    );
    let ran = explain(&["securityContext"]);
    assert_eq!(ran.code, Some(0));
    for name in ["allowPrivilegeEscalation", "readOnlyRootFilesystem", "fsGroup", "seLinuxOptions"] {
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
    }
}

#[test]
fn manifests_are_walked_through() {
    let ran = explain(&["-f", "examples/kuard-privileged.yaml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    for text in [
        "pod/kuard-privileged (shop) does not meet restricted:v1.37\n",
        "    privileged (container \"kuard\" must not set securityContext.privileged=true)\n",
        " --> examples/kuard-privileged.yaml:17:7 ",
        "= fix: ",
        "= why: ",
        "= risk: ",
        "\n  lines to write:\n\n    spec:\n      hostPID: false\n      containers:\n      - name: kuard\n",
    ] {
        assert!(ran.stdout.contains(text), "{text}\n{}", ran.stdout);
    }
    let ran = explain(&["-f", "examples/kuard-privileged.yaml", "--level", "baseline", "-o", "json"]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&document["kind"], &document["results"][0]["meets"]), (&json!("Explanation"), &json!("privileged")));
    let named: BTreeSet<&str> =
        document["checks"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    let found = document["results"][0]["findings"].as_array().unwrap();
    assert_eq!(named, found.iter().map(|finding| finding["check"].as_str().unwrap()).collect());
    assert!(named.iter().all(|id| checks::by_id(id).is_some_and(|check| check.level == Level::Baseline)));
    let ran = explain(&["-f", "examples/kuard-restricted.yaml"]);
    assert_eq!((ran.code, ran.stdout.ends_with(" meets restricted:v1.37: nothing to explain\n")), (Some(0), true));
    assert_eq!(explain(&["-f", "examples/none.yaml"]).code, Some(2));
    assert_eq!(explain(&["-f", "examples/namespaces.yaml", "sysctls"]).code, Some(2));
    let ran = explain(&["--level", "baseline"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.starts_with("error: --level is about objects and goes with -f, -k or TYPE/NAME only\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn pasted_text_of_all_kinds() {
    let ran = explain_text(&["-", "-o", "json"], ERROR);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["messages"][0]["parts"][1]["containers"], json!(["web", "proxy"]));
    assert_eq!(document["ignored"], json!([]));
    for nothing in ["", "hello\n", "{\"kind\":\"List\"}", "pods \"a\" is forbidden: exceeded quota\n", "\u{0}\u{1}"] {
        let ran = explain_text(&["-"], nothing);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{nothing:?}");
        assert!(ran.stderr.starts_with("error: standard input holds no message of Pod Security"), "{}", ran.stderr);
    }
    let ran = run_with_input(&["explain", "-"], b"\xff\xfeprivileged\n\xff\n");
    assert!(matches!(ran.code, Some(0 | 2)));
    assert_eq!(explain_text(&["-", "sysctls"], ERROR).code, Some(2));
    let hostile = ERROR.replace("\"proxy\"", "\"pr\u{202e}oxy\u{1b}[2J\"");
    let ran = explain_text(&["-"], &hostile);
    assert_eq!(ran.code, Some(0));
    assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{}", ran.stdout);
    let pasted =
        read("namespace \"x\" is exempt from Pod Security, and the policy (enforce=baseline:latest) will be ignored");
    assert_eq!(pasted.messages[0].kind, Kind::Note);
}
