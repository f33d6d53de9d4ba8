//! Faults of who asks and of certificates: tokens that expire, plugins, rights, authorities, names and clocks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::commands::Grounds;
use super::{Fault, Group, Route};
use crate::support::authority::Authority;
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{Asked, FaultServer, Reply};

/// A server that takes tokens for which this holds, given how many requests came before.
fn guarded(server: &'static ControlPlane, takes: impl Fn(&str, usize) -> bool + Send + Sync + 'static) -> FaultServer {
    let so_far = AtomicUsize::new(0);
    FaultServer::start(move |asked: &Asked| {
        let token = asked.header("authorization").concat();
        match takes(token.trim_start_matches("Bearer "), so_far.fetch_add(1, Ordering::SeqCst)) {
            true => Reply::forward(server, asked),
            false => Reply::refusal(401, "Unauthorized", "Unauthorized"),
        }
    })
}

/// A row with a credential plugin; its script knows in `$RUN` how often it ran before, and `$STATUS` prints a credential
/// with `$TOKEN`.
fn plugin(name: &'static str, script: &'static str, takes: fn(&str, usize) -> bool) -> Fault {
    Fault::new(name, move |server, _| {
        let (proxy, folder) = (guarded(server, takes), TempDir::new().unwrap());
        let (program, log) = (folder.path().join("plugin"), folder.path().join("runs"));
        let text = format!(
            "#!/bin/sh\necho >>'{log}'\nRUN=$(wc -l <'{log}')\ngive() {{\n\
             echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", '\\\n\
             '\"status\": {{\"token\": \"'$1'\", \"expirationTimestamp\": \"'$2'\"}}}}'\n}}\n{script}\n",
            log = log.display()
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let exec =
            json!({"command": program, "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"});
        Route::with(json!({"server": proxy.url()}), json!({"exec": exec}), folder)
    })
}

/// Tokens.
pub(super) fn tokens() -> Group {
    const NEXT: &str = "give token-$RUN 2030-01-01T00:00:00Z";
    let faults = vec![
        Fault::new("a token that is not accepted", |server, _| Route::to(&guarded(server, |_, _| false).url())),
        Fault::new("a token that expires on the way", |server, _| {
            Route::to(&guarded(server, |_, so_far| so_far < 1).url())
        }),
        plugin("a plugin whose first token has expired", NEXT, |token, _| token == "token-2"),
        plugin("a token that expires on the way, and a plugin that gives a new one", NEXT, |token, so_far| {
            token == if so_far < 1 { "token-1" } else { "token-2" }
        }),
        plugin("a plugin that gives the same expired token again", "give old 2030-01-01T00:00:00Z", |_, so_far| {
            so_far < 1
        }),
        plugin(
            "a token that expires on the way, and a plugin that fails then",
            "[ $RUN = 1 ] || exit 1\ngive token-1 2030-01-01T00:00:00Z",
            |_, so_far| so_far < 1,
        ),
        plugin("a plugin that says its token has expired, and it has not", "give old 2001-01-01T00:00:00Z", |_, _| {
            true
        }),
        plugin(
            "a plugin that says its token never expires, and it has",
            "give token-$RUN 2099-01-01T00:00:00Z",
            |token, _| token != "token-1",
        ),
        plugin("a plugin that prints nonsense", "echo hello", |_, _| true),
        plugin("a plugin that never ends", "exec sleep 20", |_, _| true),
    ];
    Group { title: "Tokens and plugins", faults }
}

/// A server with a certificate, and whom its clients trust.
fn certificate(name: &'static str, names: &'static [&'static str], years: (i32, i32), is_known: bool) -> Fault {
    Fault::new(name, move |server, _| {
        let (authority, other) = (Authority::new(), Authority::new());
        let config = authority.server_config(names, years, false);
        let proxy = FaultServer::start_tls(config, move |asked| Reply::forward(server, asked));
        let trusted = if is_known { authority.file("ca.pem") } else { other.file("ca.pem") };
        let cluster = json!({"server": proxy.url(), "certificate-authority": trusted});
        Route::with(cluster, json!({"token": "t"}), (authority, other))
    })
}

/// A client with a certificate of these years at a server that asks for one.
fn client(name: &'static str, years: (i32, i32)) -> Fault {
    Fault::new(name, move |server, _| {
        let authority = Authority::new();
        let config = authority.server_config(&["127.0.0.1"], (2000, 2100), true);
        let proxy = FaultServer::start_tls(config, move |asked| Reply::forward(server, asked));
        let (certificate, key) = authority.issue(&["jane"], years);
        fs::write(authority.file("client.pem"), certificate.pem()).unwrap();
        fs::write(authority.file("client.key"), key.serialize_pem()).unwrap();
        let cluster = json!({"server": proxy.url(), "certificate-authority": authority.file("ca.pem")});
        let user =
            json!({"client-certificate": authority.file("client.pem"), "client-key": authority.file("client.key")});
        Route::with(cluster, user, authority)
    })
}

/// Certificates and clocks.
pub(super) fn certificates() -> Group {
    let here: &[&str] = &["127.0.0.1"];
    let faults = vec![
        certificate("certificates that fit", here, (2000, 2100), true),
        certificate("a server's certificate of another authority", here, (2000, 2100), false),
        certificate("a server's certificate for another name", &["elsewhere.example"], (2000, 2100), true),
        certificate("a server's certificate that has expired", here, (2000, 2001), true),
        certificate("a server's certificate that is not valid yet", here, (2090, 2100), true),
        client("a client's certificate that fits", (2000, 2100)),
        client("a client's certificate that has expired", (2000, 2001)),
        client("a client's certificate that is not valid yet", (2090, 2100)),
        Fault::new("a server without TLS behind https", |server, _| {
            let proxy = FaultServer::start(move |asked| Reply::forward(server, asked));
            let url = proxy.url().replace("http://", "https://");
            Route::with(json!({"server": url, "insecure-skip-tls-verify": true}), json!({"token": "t"}), ())
        }),
    ];
    Group { title: "Certificates and clocks", faults }
}

/// The administrator acting as somebody else.
fn acting(name: &'static str, user: &'static str) -> Fault {
    Fault::new(name, move |server, _| {
        let mut route = Route::direct(server);
        route.args = vec![format!("--as={user}")];
        route
    })
}

/// Rights of the real server's own RBAC.
pub(super) fn rights(grounds: &Grounds) -> Group {
    let read = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]});
    let core = ["pods", "replicationcontrollers", "namespaces", "events", "podtemplates"];
    let write: Value = json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["patch"]});
    let others = read("apps", &["statefulsets", "daemonsets", "replicasets"]);
    for ground in [&grounds.reading, &grounds.writing] {
        let rules = json!([read("", &core), others, read("batch", &["*"]), write]);
        ground.allow("no-deployments", None, &rules);
        let rules = json!([read("", &core), read("apps", &["*"]), read("batch", &["*"])]);
        ground.allow("only-reads", None, &rules);
        ground.allow("only-shop", Some("shop"), &rules);
    }
    let faults = vec![
        acting("who may not list Deployments", "no-deployments"),
        acting("who may only read", "only-reads"),
        acting("who may only see the namespace shop", "only-shop"),
        acting("who may see nothing", "nobody"),
    ];
    Group { title: "Rights", faults }
}
