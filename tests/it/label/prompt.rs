//! The question before labels are written, on a real terminal.
#![cfg(unix)]

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use super::{ENFORCE, controlled, labels_of};
use crate::live::{create, create_namespace, path, pod, privileged};
use crate::support::secctx::secctx;

fn ask(args: &[&str]) -> PtySession {
    let mut command: Command = secctx();
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    command.arg("dry-run-label").arg("--kubeconfig").arg(controlled().kubeconfig()).args(args);
    spawn_command(command, Some(60_000)).unwrap()
}

fn code(mut session: PtySession) -> (String, i32) {
    let rest = session.exp_eof().unwrap();
    // The type of the status is not exported: `Exited(Pid(7), 130)`.
    let status = format!("{:?}", session.process().wait().unwrap());
    let code =
        status.strip_prefix("Exited(").and_then(|rest| rest.trim_end_matches(')').rsplit(' ').next()?.parse().ok());
    (rest, code.unwrap_or_else(|| panic!("{status}")))
}

#[test]
fn a_yes_writes_and_everything_else_does_not() {
    let server = controlled();
    create_namespace(server, "asked-a", &[("team", "asked")]);
    create_namespace(server, "asked-b", &[("team", "asked")]);
    create(server, &path("v1", "asked-b", "pods"), &pod("bad", &privileged()));
    let args = ["-l", "team=asked", "--enforce", "baseline", "--apply", "--allow-violations"];
    for key in ["n", "\r", "\x1b", "\x03", "q"] {
        let mut session = ask(&args);
        session.exp_string("About to label 2 namespaces:").unwrap();
        session.exp_string("asked-a  pod-security.kubernetes.io/enforce=baseline").unwrap();
        session.exp_string("asked-b  pod-security.kubernetes.io/enforce=baseline").unwrap();
        session.exp_string("breaks pod/bad").unwrap();
        session.exp_string("Write these labels? [y/N] ").unwrap();
        session.send(key).unwrap();
        session.flush().unwrap();
        let (rest, code) = code(session);
        assert_eq!(code, 130, "{key:?}: {rest}");
        assert!(rest.contains("no label was written"), "{key:?}: {rest:?}");
        let (hidden, shown) = (rest.rfind("\x1b[?25l"), rest.rfind("\x1b[?25h"));
        assert!(hidden < shown, "the cursor comes back after {key:?}: {rest:?}");
        assert_eq!(labels_of(server, "asked-a").get(ENFORCE), None, "{key:?}");
    }
    let mut session = ask(&args);
    session.exp_string("Write these labels? [y/N] ").unwrap();
    session.send("y").unwrap();
    session.flush().unwrap();
    let (rest, code) = code(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("labelled, and read back"), "{rest}");
    for name in ["asked-a", "asked-b"] {
        assert_eq!(labels_of(server, name)[ENFORCE], "baseline");
    }
}

#[test]
fn where_nothing_is_to_be_written_nothing_is_asked() {
    create_namespace(controlled(), "unasked", &[]);
    create(controlled(), &path("v1", "unasked", "pods"), &pod("bad", &privileged()));
    let (rest, code) = code(ask(&["unasked", "--enforce", "baseline", "--apply"]));
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("not labelled: 1 workload would break") && !rest.contains("[y/N]"), "{rest}");
}
