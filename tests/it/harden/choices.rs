//! Choices: what is written beyond what the level asks for, and otherwise than usual.

use super::*;

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    image: web:1
";

/// The container as restricted wants it.
const CONTAINER: &str = "    securityContext:
      allowPrivilegeEscalation: false
      capabilities:
        drop:
        - ALL
";

/// The pod with the container as restricted wants it, and what stands behind that.
fn with(rest: &str) -> String {
    format!("{POD}{CONTAINER}{rest}")
}

/// What becomes of a manifest, which reaches the level.
#[track_caller]
fn hardened(manifest: &str, flags: &[&str]) -> String {
    let folder = folder(&[("pod.yaml", manifest)]);
    let ran = harden(&folder, &[&["-f", "pod.yaml", "-o", "yaml"], flags].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{flags:?}");
    ran.stdout
}

#[test]
fn ids_and_the_token_are_written_where_they_are_wished_for() {
    let flags = ["--run-as-user", "1000", "--run-as-group", "3000", "--fs-group", "2000", "--no-service-account-token"];
    let rest = "  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 3000
    fsGroup: 2000
    seccompProfile:
      type: RuntimeDefault
";
    assert_eq!(hardened(POD, &flags), with(rest));
}

#[test]
fn a_user_namespace_takes_the_place_of_another_user() {
    let rest = "  hostUsers: false
  securityContext:
    seccompProfile:
      type: RuntimeDefault
";
    assert_eq!(hardened(POD, &["--user-namespace"]), with(rest));
    // Older servers ask for another user all the same.
    let older = hardened(POD, &["--user-namespace", "--version", "v1.34"]);
    assert!(older.contains("runAsNonRoot: true"), "{older}");
}

#[test]
fn windows_pods_say_so_and_get_no_linux_fields() {
    let selector = format!("{POD}  nodeSelector:\n    kubernetes.io/os: windows\n");
    let rest = "  os:
    name: windows
  securityContext:
    runAsNonRoot: true
";
    assert_eq!(hardened(&selector, &["--windows"]), format!("{selector}{rest}"));
}

#[test]
fn what_a_choice_cannot_do_is_told() {
    let folder = folder(&[("pod.yaml", POD)]);
    let kept = ["--keep-capability", "net_bind_service,SYS_ADMIN"];
    let ran = harden(&folder, &[&["-f", "pod.yaml", "-o", "plan"], &kept[..]].concat());
    let warning = "Warning: --keep-capability SYS_ADMIN: restricted does not allow this capability\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), warning));
    let ran = harden(&folder, &["-f", "pod.yaml", "-o", "plan", "--read-only-root-filesystem"]);
    let lines: Vec<_> = ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let volume = "+ pod volumes[0]: {name: tmp, emptyDir: {}}".to_owned();
    assert!(lines.contains(&volume), "a new volume is the pod's: {}", ran.stdout);
    let ran = harden(&folder, &["-f", "pod.yaml", "-o", "plan", "--safe-only"]);
    let left = "    ! web  securityContext.capabilities.drop  capabilities_restricted\n";
    assert!(ran.stdout.contains(left), "what is left of a container is told under its name: {}", ran.stdout);
    let ran = harden(&folder, &["-f", "pod.yaml", "-q", "--level", "baseline", "--run-as-user", "0"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn what_could_not_be_edited_is_not_sent_to_the_server() {
    let shared = POD.replace("  containers:", "  securityContext: &shared\n    runAsNonRoot: false\n  containers:");
    let folder = folder(&[("pod.yaml", &format!("{shared}    securityContext: *shared\n")), ("plain.yaml", POD)]);
    let next = |file: &str| harden(&folder, &["-f", file, "--write", "--yes"]).stdout.contains("--dry-run=server");
    assert!(!next("pod.yaml") && next("plain.yaml"));
}
