//! What the images do: the table of the test ground.
//!
//! A container's image decides by its nature what becomes of it, so that a change of the security context decides
//! whether it runs. The nature is the last part of the image's name; a tag `user-NAME` or `user-UID` sets the image's
//! user otherwise than in the table, any other tag says nothing.
//!
//! | Image | Its user | Needs | Without it exits with 1 and ends its log with |
//! |---|---|---|---|
//! | `works` | 1000 | nothing | |
//! | `root` | 0 | nothing | |
//! | `named-user` | `app` | nothing | |
//! | `needs-root` | 0 | to run as user 0 | `… failed (13: Permission denied)` |
//! | `needs-chown` | 0 | user 0 with CHOWN | `chown: …: Operation not permitted` |
//! | `needs-setuid` | 0 | user 0 with SETUID and SETGID | `setgid(101) failed (1: Operation not permitted)` |
//! | `needs-sudo` | 1000 | `allowPrivilegeEscalation` not false | `sudo: The "no new privileges" flag is set, …` |
//! | `needs-token` | 1000 | the service account's token | `open …/token: no such file or directory` |
//! | `writes-root-fs` | 1000 | to write to `/tmp`, or to what `WRITES` says | `… Read-only file system` |
//! | `binds-80` | 0 | user 0 with NET_BIND_SERVICE | `bind() to 0.0.0.0:80 failed (13: Permission denied)` |
//! | `binds-80-setcap` | 101 | NET_BIND_SERVICE, for any user | the same |
//! | `slow` | 1000 | to wait: it runs and its readiness probe fails | |
//! | `crashes` | 1000 | what is not there | `fatal: cannot go on` |
//! | `completes` | 1000 | nothing, and exits with 0 | |
//!
//! `WRITES` is a variable of the container: paths split by `,`. The program of `binds-80-setcap` carries the capability
//! in its file, so that it needs no more than that the container may have it.
//!
//! Whatever the image, `runAsNonRoot: true` is verified as kubelet does. As an init container, what would run for ever
//! ends with 0. An image that is not in the table cannot be pulled.

use serde_json::Value;

use super::{list, text};

/// The capabilities that container runtimes give when a container says nothing.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What becomes of a container.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// There is no such image.
    NoImage,
    /// Kubelet does not create it, with this message.
    Refused(String),
    /// It runs until it is told to end.
    Runs { ready: bool },
    /// It starts and ends by itself, with this last line in its log.
    Exits { code: i32, log: String },
}

/// The user of an image.
enum User {
    Id(i64),
    Name(String),
}

/// What becomes of a container of a pod.
pub(super) fn fate(pod: &Value, container: &Value) -> Fate {
    let (nature, tag) = nature_and_tag(text(&container["image"]));
    let Some(user) = tag.and_then(user_of_tag).or_else(|| user_of(nature)) else {
        return Fate::NoImage;
    };
    match refusal(pod, container, &user) {
        Some(message) => Fate::Refused(message),
        None => Context::new(pod, container, &user).fate(nature),
    }
}

/// The last part of an image's name, and its tag.
fn nature_and_tag(image: &str) -> (&str, Option<&str>) {
    let name = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    name.split_once(':').map_or((name, None), |(nature, tag)| (nature, Some(tag)))
}

fn user_of_tag(tag: &str) -> Option<User> {
    let user = tag.strip_prefix("user-")?;
    Some(user.parse().map_or_else(|_| User::Name(user.to_owned()), User::Id))
}

fn user_of(nature: &str) -> Option<User> {
    Some(match nature {
        "root" | "needs-root" | "needs-chown" | "needs-setuid" | "binds-80" => User::Id(0),
        "named-user" => User::Name("app".to_owned()),
        "binds-80-setcap" => User::Id(101),
        "works" | "needs-sudo" | "needs-token" | "writes-root-fs" | "slow" | "crashes" | "completes" => User::Id(1000),
        _ => return None,
    })
}

/// A field that the container has from its pod where it does not say it itself.
fn inherited<'p>(pod: &'p Value, container: &'p Value, field: &str) -> &'p Value {
    let own = &container["securityContext"][field];
    if own.is_null() { &pod["spec"]["securityContext"][field] } else { own }
}

/// Kubelet's `verifyRunAsNonRoot` in `pkg/kubelet/kuberuntime/security_context_others.go`, message for message.
fn refusal(pod: &Value, container: &Value, user: &User) -> Option<String> {
    if inherited(pod, container, "runAsNonRoot") != true {
        return None;
    }
    let complaint = match (inherited(pod, container, "runAsUser").as_i64(), user) {
        (Some(0), _) => "container's runAsUser breaks non-root policy".to_owned(),
        (Some(_), _) => return None,
        (None, User::Id(0)) => "container has runAsNonRoot and image will run as root".to_owned(),
        (None, User::Id(_)) => return None,
        (None, User::Name(name)) => format!(
            "container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
        ),
    };
    Some(format!("{complaint} (pod: {:?}, container: {})", super::full_name(pod), text(&container["name"])))
}

/// What a container finds when it starts.
struct Context<'p> {
    is_root: bool,
    capabilities: Vec<String>,
    pod: &'p Value,
    container: &'p Value,
}

impl<'p> Context<'p> {
    fn new(pod: &'p Value, container: &'p Value, user: &User) -> Context<'p> {
        let is_root = match inherited(pod, container, "runAsUser").as_i64() {
            Some(id) => id == 0,
            None => matches!(user, User::Id(0)),
        };
        Context { is_root, capabilities: capabilities(container), pod, container }
    }

    fn fate(&self, nature: &str) -> Fate {
        if let Some(log) = self.failure(nature) {
            return Fate::Exits { code: 1, log };
        }
        match nature {
            "completes" => Fate::Exits { code: 0, log: "done".to_owned() },
            _ => Fate::Runs { ready: nature != "slow" },
        }
    }

    /// The last line of the log of an image that does not find what it needs.
    fn failure(&self, nature: &str) -> Option<String> {
        let (met, log) = match nature {
            "needs-root" => (self.is_root, "open() \"/var/run/app.pid\" failed (13: Permission denied)"),
            "needs-chown" => (self.root_with("CHOWN"), "chown: changing ownership of '/data': Operation not permitted"),
            "needs-setuid" => (
                self.root_with("SETUID") && self.root_with("SETGID"),
                "setgid(101) failed (1: Operation not permitted)",
            ),
            "needs-sudo" => (
                self.container["securityContext"]["allowPrivilegeEscalation"] != false,
                "sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root.",
            ),
            "needs-token" => {
                return (!self.mounts(TOKEN)).then(|| format!("open {TOKEN}/token: no such file or directory"));
            }
            "writes-root-fs" => {
                return self
                    .unwritable()
                    .map(|path| format!("touch: cannot touch '{path}/file': Read-only file system"));
            }
            "binds-80" => (self.root_with("NET_BIND_SERVICE"), "bind() to 0.0.0.0:80 failed (13: Permission denied)"),
            "binds-80-setcap" => (self.has("NET_BIND_SERVICE"), "bind() to 0.0.0.0:80 failed (13: Permission denied)"),
            "crashes" => (false, "fatal: cannot go on"),
            _ => return None,
        };
        (!met).then(|| log.to_owned())
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|has| has == capability)
    }

    /// Programs of other users start without the capabilities of their container.
    fn root_with(&self, capability: &str) -> bool {
        self.is_root && self.has(capability)
    }

    fn mounts(&self, path: &str) -> bool {
        list(&self.container["volumeMounts"]).iter().any(|mount| mount["mountPath"] == path)
    }

    /// The first path that the image writes to and cannot.
    fn unwritable(&self) -> Option<&'p str> {
        if self.container["securityContext"]["readOnlyRootFilesystem"] != true {
            return None;
        }
        let variable = list(&self.container["env"]).iter().find(|variable| variable["name"] == "WRITES");
        let paths = variable.map_or("/tmp", |variable| text(&variable["value"]));
        paths.split(',').find(|path| !self.writes_to_volume(path))
    }

    fn writes_to_volume(&self, path: &str) -> bool {
        let below = |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        list(&self.container["volumeMounts"])
            .iter()
            .filter(|mount| mount["readOnly"] != true && below(text(&mount["mountPath"]).trim_end_matches('/')))
            .any(|mount| self.is_writable(text(&mount["name"])))
    }

    /// Whether files can be made in a volume: not in those that kubelet fills.
    fn is_writable(&self, volume: &str) -> bool {
        let volume = list(&self.pod["spec"]["volumes"]).iter().find(|known| known["name"] == volume);
        let filled = ["configMap", "secret", "projected", "downwardAPI"];
        volume.is_some_and(|volume| filled.iter().all(|source| volume[*source].is_null()))
    }
}

/// The capabilities that a runtime leaves a container: ALL first, then those added, then those dropped.
fn capabilities(container: &Value) -> Vec<String> {
    let context = &container["securityContext"];
    let named = |verb: &str| -> Vec<String> {
        let names = list(&context["capabilities"][verb]).iter().map(text);
        names.map(|name| name.trim_start_matches("CAP_").to_owned()).collect()
    };
    let (add, drop) = (named("add"), named("drop"));
    let all = |names: &[String]| names.iter().any(|name| name == "ALL");
    let mut has: Vec<String> = DEFAULT_CAPABILITIES.map(str::to_owned).into();
    if all(&drop) && !all(&add) {
        has.clear();
    }
    has.extend(add);
    if context["privileged"] != true {
        has.retain(|name| !drop.contains(name));
    }
    has
}
