//! What helps against a failure that edits caused, the best first: what keeps the level before what gives it up.

use serde_json::json;

use super::blame::{concerns, mount_of};
use super::log::LogSign;
use super::objects::{Object, list, text};
use super::symptom::{Sign, Symptom};
use crate::model::Op;
use crate::report::harden::PlannedEdit;
use crate::report::rollout::Remedy;

/// The first version whose policy excuses root in a user namespace.
const USER_NAMESPACES_SINCE: u16 = 35;

/// What remedies depend on.
pub(super) struct Case<'a> {
    pub(super) symptom: &'a Symptom,
    pub(super) pod: Option<&'a Object>,
    /// The edits that are blamed, the likeliest first.
    pub(super) blamed: &'a [&'a PlannedEdit],
    /// All edits that were made.
    pub(super) edits: &'a [PlannedEdit],
    /// Minor version of the server.
    pub(super) minor: u16,
}

impl Case<'_> {
    /// What helps.
    pub(super) fn remedies(&self) -> Vec<Remedy> {
        match &self.symptom.sign {
            Sign::RunsAsRoot => vec![self.other_user("1000", "where the image can work as another user")],
            Sign::AsksForRoot => vec![self.other_user("1000", "in place of the root user that the pod asks for")],
            Sign::NamedUser(name) => return self.numbered_user(name),
            Sign::Log(sign) => return self.of_log(sign),
            Sign::Refused => return self.refused(),
            _ => return self.skips().into_iter().collect(),
        }
        .into_iter()
        .chain(self.user_namespace(&[]))
        .chain(self.skips())
        .collect()
    }

    fn of_log(&self, sign: &LogSign) -> Vec<Remedy> {
        match sign {
            LogSign::ReadOnly(path) => self.writable(path.as_deref()),
            LogSign::Port(port) => self.port(*port),
            LogSign::Chown(path) => {
                let group = path.as_deref().filter(|path| self.is_on_volume(path)).map(group_of_volume);
                group.into_iter().chain(self.rights_of_root()).collect()
            }
            LogSign::SwitchUser(id) => {
                let id = id.filter(|id| *id > 0).unwrap_or(1000);
                let starts =
                    format!("start it as the user that it switches to (user {id}), so that it need not switch");
                vec![adding(&starts, &["--run-as-user", &id.to_string()])]
                    .into_iter()
                    .chain(self.rights_of_root())
                    .collect()
            }
            LogSign::Denied(path) => self.denied(path.as_deref()),
            LogSign::NoNewPrivileges => {
                let text = "better: start it as the user that it needs, without sudo or set-user-ID programs";
                self.skips().into_iter().chain([by_hand(text)]).collect()
            }
            LogSign::NoToken | LogSign::NotPermitted => self.skips().into_iter().collect(),
        }
    }

    fn other_user(&self, id: &str, when: &str) -> Remedy {
        adding(&format!("run it as user {id}, {when}"), &["--run-as-user", id])
    }

    fn numbered_user(&self, name: &str) -> Vec<Remedy> {
        let image = self.pod.zip(self.symptom.container.as_deref()).and_then(|(pod, name)| pod.container(name));
        let image = image.map_or("the image", |container| text(&container["image"]));
        let text =
            format!("give the number of user {name} in {image} (in a container of it, `id -u {name}` prints it)");
        vec![adding(&text, &["--run-as-user", "1000"])].into_iter().chain(self.skips()).collect()
    }

    /// An image that needs root keeps it in a user namespace.
    fn user_namespace(&self, more: &[&str]) -> Option<Remedy> {
        let has_one = self.edits.iter().any(|edit| concerns(edit, "hostUsers"));
        (self.minor >= USER_NAMESPACES_SINCE && !has_one).then(|| {
            let text = "let it stay root, in a user namespace of its own (hostUsers: false)";
            let remedy = adding(text, &[&["--user-namespace"], more].concat());
            Remedy { leave_out: self.wished_user(), ..remedy }
        })
    }

    /// What takes back the wish for another user.
    fn wished_user(&self) -> Vec<String> {
        self.edits.iter().filter_map(wish).filter(|flag| flag.starts_with("--run-as")).map(str::to_owned).collect()
    }

    fn changes_user(&self) -> bool {
        self.blamed.iter().any(|edit| concerns(edit, "runAsUser"))
    }

    fn is_on_volume(&self, path: &str) -> bool {
        self.pod.is_some_and(|pod| mount_of(pod, self.symptom, path).is_some())
    }

    fn writable(&self, path: Option<&str>) -> Vec<Remedy> {
        let folder = path.map(folder_of);
        let known = self.edits.iter().filter_map(|edit| match &edit.edit.op {
            Op::Set(value) => value["mountPath"].as_str(),
            Op::Remove => None,
        });
        // Those that are writable already have to be named again: without names, it is /tmp alone.
        let mut folders: Vec<&str> = known.collect();
        folders.extend(folder);
        folders.sort_unstable();
        folders.dedup();
        let add: Vec<&str> = folders.iter().flat_map(|folder| ["--writable", folder]).collect();
        let mount = folder.map(|folder| adding(&format!("mount an emptyDir at {folder}, for it to write to"), &add));
        mount.into_iter().chain(self.skips()).collect()
    }

    fn port(&self, port: Option<u16>) -> Vec<Remedy> {
        let keep = ["--keep-capability", "NET_BIND_SERVICE"];
        let keeps = |edit: &PlannedEdit| edit.edit.op == Op::Set(json!(keep[1]));
        let dropped = self.blamed.iter().any(|edit| concerns(edit, "capabilities"));
        let capability = (dropped && !self.edits.iter().any(keeps)).then(|| {
            let text = "keep the capability that ports below 1024 need; a user other than root has it only if the \
                        program's file carries it";
            if self.declares_low_port() {
                return adding(text, &keep);
            }
            by_hand(&format!("declare the port in the container's ports, so that {} applies: {text}", keep.join(" ")))
        });
        let port = port.map_or_else(|| "the port".to_owned(), |port| format!("port {port}"));
        let other = by_hand(&format!(
            "let it listen above 1024 in place of {port}, or set the pod's sysctl \
             net.ipv4.ip_unprivileged_port_start to 0, which baseline allows"
        ));
        let has_namespace = self.changes_user() && self.declares_low_port();
        let namespace = has_namespace.then(|| self.user_namespace(&keep)).flatten();
        namespace.into_iter().chain(capability).chain([other]).chain(self.skips()).collect()
    }

    /// Capabilities are kept only for containers that say that they listen below port 1024.
    fn declares_low_port(&self) -> bool {
        let container = self.pod.zip(self.symptom.container.as_deref()).and_then(|(pod, name)| pod.container(name));
        let ports = container.map_or(&[][..], |container| list(&container["ports"]));
        ports.iter().any(|port| port["containerPort"].as_i64().is_some_and(|port| port < 1024))
    }

    /// A file that the user may not touch.
    fn denied(&self, path: Option<&str>) -> Vec<Remedy> {
        let mut remedies = Vec::new();
        match path {
            Some(path) if self.is_on_volume(path) => remedies.push(group_of_volume(path)),
            Some(path) if self.changes_user() => {
                let folder = folder_of(path);
                remedies.push(by_hand(&format!("give {folder} to the user in the image, or mount an emptyDir there")));
            }
            _ => {}
        }
        remedies.splice(0..0, self.changes_user().then(|| self.user_namespace(&[])).flatten());
        remedies.extend(self.skips());
        remedies
    }

    /// A program that wants to be root with capabilities.
    fn rights_of_root(&self) -> Vec<Remedy> {
        self.skips().into_iter().collect()
    }

    fn refused(&self) -> Vec<Remedy> {
        if !self.blamed.is_empty() {
            let text = "give runAsNonRoot in place of a user namespace, which this server does not take for it";
            return vec![Remedy { leave_out: vec!["--user-namespace".to_owned()], ..by_hand(text) }];
        }
        vec![by_hand(
            "harden to the level that the namespace enforces; what a webhook adds to pods has to be mended where the \
             webhook is set up",
        )]
    }

    /// Takes back the edits that are blamed.
    fn skips(&self) -> Option<Remedy> {
        let mut skip: Vec<&str> = Vec::new();
        let mut leave_out: Vec<&str> = Vec::new();
        for edit in self.blamed {
            match wish(edit) {
                Some(flag) => {
                    leave_out.push(flag);
                    // Without the other user, the control would keep the container from being started.
                    let asks = self.edits.iter().filter(|edit| concerns(edit, "runAsNonRoot"));
                    skip.extend(asks.filter(|_| flag == "--run-as-user").map(|edit| edit.check));
                }
                None => skip.push(edit.check),
            }
        }
        let (skip, leave_out) = (each_once(skip), each_once(leave_out));
        let text = match (skip.as_slice(), leave_out.as_slice()) {
            ([], []) => return None,
            ([], flags) => format!("leave out {}", flags.join(" and ")),
            (checks, _) => format!("leave {} as it was, and miss the level", checks.join(" and ")),
        };
        let add: Vec<&str> = skip.iter().flat_map(|check| ["--skip", check]).collect();
        let keeps_level = skip.is_empty();
        let leave_out = leave_out.into_iter().map(str::to_owned).collect();
        Some(Remedy { keeps_level, leave_out, ..adding(&text, &add) })
    }
}

fn each_once(words: Vec<&str>) -> Vec<&str> {
    let mut kept: Vec<&str> = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

/// The flag that asked for an edit, where no control did.
fn wish(edit: &PlannedEdit) -> Option<&'static str> {
    match edit.check {
        "readOnlyRootFilesystem" => Some("--read-only-root-filesystem"),
        "automountServiceAccountToken" => Some("--no-service-account-token"),
        "runAsGroup" => Some("--run-as-group"),
        "fsGroup" => Some("--fs-group"),
        // The control of that name takes user 0 away; the wish sets another.
        "runAsUser" if matches!(&edit.edit.op, Op::Set(value) if value.as_i64() > Some(0)) => Some("--run-as-user"),
        "runAsNonRoot" | "runAsUser" if concerns(edit, "hostUsers") => Some("--user-namespace"),
        _ => None,
    }
}

/// The folder that a file is in; of one at the top, itself.
fn folder_of(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => path,
    }
}

fn group_of_volume(path: &str) -> Remedy {
    let text = format!("let the volume of {path} belong to a group that the container is in");
    adding(&text, &["--fs-group", "1000"])
}

fn adding(text: &str, arguments: &[&str]) -> Remedy {
    let add = arguments.iter().map(|&word| word.to_owned()).collect();
    Remedy { text: text.to_owned(), add, leave_out: Vec::new(), keeps_level: true }
}

fn by_hand(text: &str) -> Remedy {
    adding(text, &[])
}
