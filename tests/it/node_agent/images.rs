//! Each image does what its table says, in the security contexts that tell.

use serde_json::{Value, json};

use super::{Ground, condition, plain, pod, spec, string, waits};

/// What an image does in a security context: `Ok` when its pod gets ready, or what is said of its failure.
type Case = (&'static str, Value, Value, Result<(), &'static str>);

fn cases() -> Vec<Case> {
    let (none, non_root, user) = (json!({}), json!({"runAsNonRoot": true}), json!({"runAsUser": 1000}));
    let drop_all = json!({"capabilities": {"drop": ["ALL"]}});
    let drop_all_but = |keep: &str| json!({"capabilities": {"drop": ["ALL"], "add": [keep]}});
    let (read_only, no_escalation) =
        (json!({"readOnlyRootFilesystem": true}), json!({"allowPrivilegeEscalation": false}));
    let as_root = "container has runAsNonRoot and image will run as root (pod: ";
    let named = |user: &str| {
        format!(
            "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root (pod: "
        )
    };
    let (named_app, named_nginx) = (&*named("app").leak(), &*named("nginx").leak());
    let bind = "bind() to 0.0.0.0:80 failed (13: Permission denied)";
    let chown = "chown: changing ownership of '/data': Operation not permitted";
    let setgid = "setgid(101) failed (1: Operation not permitted)";
    vec![
        ("works", none.clone(), none.clone(), Ok(())),
        ("works:1.2", non_root.clone(), drop_all.clone(), Ok(())),
        ("works:user-0", non_root.clone(), none.clone(), Err(as_root)),
        ("works:user-nginx", non_root.clone(), none.clone(), Err(named_nginx)),
        ("root", none.clone(), none.clone(), Ok(())),
        ("root", non_root.clone(), none.clone(), Err(as_root)),
        ("root", non_root.clone(), user.clone(), Ok(())),
        ("root", none.clone(), non_root.clone(), Err(as_root)),
        ("root", json!({"runAsNonRoot": true, "runAsUser": 1000}), none.clone(), Ok(())),
        ("root", non_root.clone(), json!({"runAsNonRoot": false}), Ok(())),
        ("root", non_root.clone(), json!({"runAsUser": 0}), Err("container's runAsUser breaks non-root policy (pod: ")),
        ("named-user", none.clone(), none.clone(), Ok(())),
        ("named-user", non_root.clone(), none.clone(), Err(named_app)),
        ("named-user", non_root.clone(), user.clone(), Ok(())),
        ("needs-root", none.clone(), drop_all.clone(), Ok(())),
        ("needs-root", user.clone(), json!({"runAsUser": 0}), Ok(())),
        ("needs-root", none.clone(), user.clone(), Err("open() \"/var/run/app.pid\" failed (13: Permission denied)")),
        ("needs-chown", none.clone(), none.clone(), Ok(())),
        ("needs-chown", none.clone(), drop_all.clone(), Err(chown)),
        ("needs-chown", none.clone(), json!({"capabilities": {"drop": ["CHOWN"]}}), Err(chown)),
        ("needs-chown", none.clone(), drop_all_but("CHOWN"), Ok(())),
        ("needs-chown", user.clone(), none.clone(), Err(chown)),
        ("needs-setuid", none.clone(), none.clone(), Ok(())),
        ("needs-setuid", none.clone(), drop_all_but("SETUID"), Err(setgid)),
        ("needs-sudo", none.clone(), none.clone(), Ok(())),
        (
            "needs-sudo",
            none.clone(),
            no_escalation,
            Err("sudo: The \"no new privileges\" flag is set, which prevents sudo from running as root."),
        ),
        ("needs-token", none.clone(), none.clone(), Ok(())),
        ("writes-root-fs", none.clone(), none.clone(), Ok(())),
        ("writes-root-fs", none.clone(), read_only, Err("touch: cannot touch '/tmp/file': Read-only file system")),
        ("binds-80", none.clone(), none.clone(), Ok(())),
        ("binds-80", none.clone(), drop_all.clone(), Err(bind)),
        ("binds-80", none.clone(), drop_all_but("NET_BIND_SERVICE"), Ok(())),
        ("binds-80", user, drop_all_but("NET_BIND_SERVICE"), Err(bind)),
        ("binds-80-setcap", non_root.clone(), none.clone(), Ok(())),
        ("binds-80-setcap", non_root.clone(), drop_all, Err(bind)),
        ("binds-80-setcap", non_root, drop_all_but("NET_BIND_SERVICE"), Ok(())),
        ("crashes", none.clone(), none, Err("fatal: cannot go on")),
    ]
}

#[test]
fn images_do_what_their_table_says() {
    let ground = Ground::new("node-images");
    let cases = cases();
    for (i, (image, of_pod, of_container, _)) in cases.iter().enumerate() {
        ground.create("v1", "pods", &pod(&format!("p{i}"), &spec(image, of_pod, of_container)));
    }
    for (i, (image, of_pod, of_container, expected)) in cases.iter().enumerate() {
        let about = format!("{image}, {of_pod}, {of_container}");
        assert_eq!(outcome(&ground, &format!("p{i}")), expected.map_err(str::to_owned), "{about}");
    }
}

/// What became of a pod: the beginning of kubelet's message, or the last line of the log.
#[track_caller]
fn outcome(ground: &Ground, name: &str) -> Result<(), String> {
    let pod = ground.await_that("the pod's fate", "v1", &format!("pods/{name}"), |pod| {
        let reason = &waits(pod)["reason"];
        reason == "CrashLoopBackOff"
            || reason == "CreateContainerConfigError"
            || pod["status"]["phase"] == "Running" && condition(pod, "Ready") == "True"
    });
    if waits(&pod).is_null() {
        return Ok(());
    }
    if waits(&pod)["reason"] == "CreateContainerConfigError" {
        let message = string(&waits(&pod)["message"]);
        let of = format!("\"{name}_node-images({})\", container: web)", string(&pod["metadata"]["uid"]));
        return Err(message.strip_suffix(&of).unwrap_or_else(|| panic!("{message}")).to_owned());
    }
    let path = ground.path("v1", &format!("pods/{name}/log?tailLines=1&previous=true"));
    Err(string(&ground.server.request("GET", &path, None).body).trim_end().to_owned())
}

#[test]
fn volumes_and_the_token_count_for_images() {
    let ground = Ground::new("node-volumes");
    let read_only = json!({"readOnlyRootFilesystem": true});
    let mounted = |path: &str, volume: Value, writes: &str| {
        let mut spec = spec("writes-root-fs", &json!({}), &read_only);
        spec["volumes"] = json!([volume]);
        spec["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": path}]);
        spec["containers"][0]["env"] = json!([{"name": "WRITES", "value": writes}]);
        spec
    };
    let empty = json!({"name": "v", "emptyDir": {}});
    let mut tokenless = plain("needs-token");
    tokenless["automountServiceAccountToken"] = false.into();
    let config = json!({"name": "v", "downwardAPI": {"items": []}});
    for (name, spec, expected) in [
        ("mounted", mounted("/tmp", empty.clone(), "/tmp"), None),
        ("above", mounted("/var", empty.clone(), "/var/cache/nginx"), None),
        (
            "two",
            mounted("/tmp", empty.clone(), "/tmp,/run"),
            Some("touch: cannot touch '/run/file': Read-only file system"),
        ),
        ("beside", mounted("/tm", empty, "/tmp"), Some("touch: cannot touch '/tmp/file': Read-only file system")),
        ("filled", mounted("/tmp", config, "/tmp"), Some("touch: cannot touch '/tmp/file': Read-only file system")),
        (
            "tokenless",
            tokenless,
            Some("open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"),
        ),
    ] {
        ground.create("v1", "pods", &pod(name, &spec));
        assert_eq!(outcome(&ground, name).err().as_deref(), expected, "{name}");
    }
}
