//! `docs/img/`: pictures of what commands write to a terminal.

use std::collections::BTreeMap;
use std::fs;

use rexpect::session::spawn_command;
use serde_json::{Value, json};

use super::picture::svg;
use super::{keep, root};
use crate::live::workload;
use crate::support::control_plane::{ControlPlane, Options};
use crate::support::secctx::secctx;

/// A picture's name, the command, and which lines of its output are shown: so many of the first, and of the last.
const PICTURES: &[(&str, &str, (usize, usize))] = &[
    ("check", "kubectl secctx check -f examples/", (28, 3)),
    ("explain", "kubectl secctx explain runAsNonRoot", ALL),
    ("harden", "kubectl secctx harden -f examples/bad-cronjob.yaml", ALL),
    ("dry-run-label", "kubectl secctx dry-run-label infra shop team-7 --recommend", ALL),
];

/// Namespaces of the cluster in the pictures, with a label, and a workload with how its pod differs from one that asks for
/// nothing. Beside them there are two of the examples in `shop`.
const NAMESPACES: [(&str, [&str; 2], [&str; 2]); 3] = [
    ("infra", ["pod-security.kubernetes.io/enforce", "privileged"], ["gateway", "hostNetwork"]),
    ("shop", ["team", "shop"], ["cart", "enableServiceLinks"]),
    ("team-7", ["pod-security.kubernets.io/enforce", "baseline"], ["search", "enableServiceLinks"]),
];

const ALL: (usize, usize) = (usize::MAX, 0);

/// Columns of the terminal in the pictures.
const COLUMNS: &str = "100";

#[test]
fn every_picture_shows_what_is_printed() {
    let cluster = cluster();
    let pictures: BTreeMap<_, _> = PICTURES
        .iter()
        .map(|(name, command, lines)| (format!("{name}.svg"), svg(command, &shown(&output(command, &cluster), *lines))))
        .collect();
    keep("docs/img", "svg", &pictures);
}

/// A cluster of its own, since tests make namespaces in those that they share.
fn cluster() -> ControlPlane {
    let server = ControlPlane::start(Options::default());
    for (namespace, [label, value], [name, field]) in NAMESPACES {
        server.create_namespace(namespace, &[(label, value)]);
        let spec = json!({"containers": [{"name": name, "image": name}], field: true});
        create(&server, "apps/v1", namespace, "deployments", &workload(name, &spec, &[]));
    }
    for (file, version, kind) in
        [("good-deployment", "apps/v1", "deployments"), ("bad-cronjob", "batch/v1", "cronjobs")]
    {
        let text = fs::read_to_string(root().join(format!("examples/{file}.yaml"))).unwrap();
        create(&server, version, "shop", kind, &serde_yaml::from_str(&text).unwrap());
    }
    server
}

fn create(server: &ControlPlane, version: &str, namespace: &str, kind: &str, object: &Value) {
    let answer = server.request("POST", &format!("/apis/{version}/namespaces/{namespace}/{kind}"), Some(object));
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// What a command writes to a terminal that shows colours.
fn output(command: &str, cluster: &ControlPlane) -> String {
    let args = command.strip_prefix("kubectl secctx ").expect("a command of this program");
    let mut process = secctx();
    process.args(args.split(' ')).current_dir(root()).env("COLUMNS", COLUMNS).env("TERM", "xterm-256color");
    process.env("KUBECONFIG", cluster.kubeconfig());
    let mut terminal = spawn_command(process, Some(30_000)).expect("a terminal");
    let bytes = terminal.exp_eof().expect("the command ends");
    // Each byte came as a character of its own.
    let bytes = bytes.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
    String::from_utf8(bytes).expect("output is UTF-8").replace("\r\n", "\n")
}

/// The first and the last lines; an ellipsis stands for those between them.
fn shown(output: &str, (first, last): (usize, usize)) -> String {
    let lines: Vec<_> = output.lines().collect();
    if first.saturating_add(last) >= lines.len() {
        return output.to_owned();
    }
    [&lines[..first], &["", "…"], &lines[lines.len() - last..]].concat().join("\n")
}
