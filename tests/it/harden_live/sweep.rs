//! All of a namespace in one run, and all of several.

use serde_json::{Value, json};

use super::{Ground, image, is_hard, server};
use crate::live::{create, enforced, path, workload};

/// A spec that violates in one of several ways; the last one no edit mends.
fn spec(number: usize) -> Value {
    let mut spec = image("works");
    let own = &mut spec["containers"][0];
    match number % 4 {
        0 => own["securityContext"] = json!({"privileged": true}),
        1 => own["ports"] = json!([{"containerPort": 8000 + number, "hostPort": 8000 + number}]),
        2 => own["securityContext"] = json!({"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}}),
        _ => spec["hostPID"] = true.into(),
    }
    spec
}

fn unhardenable() -> Value {
    let mut spec = image("works");
    spec["containers"][0]["volumeMounts"] = json!([{"name": "node", "mountPath": "/node"}]);
    spec["volumes"] = json!([{"name": "node", "hostPath": {"path": "/opt/node"}}]);
    spec
}

/// Workloads of all kinds; how many.
fn create_workloads(ground: &Ground) -> usize {
    let at = |group: &str, plural: &str| path(group, ground.namespace, plural);
    let one = [("replicas", json!(1))];
    for number in 0..14 {
        create(server(), &at("apps/v1", "deployments"), &workload(&format!("d{number}"), &spec(number), &one));
    }
    let set = [("replicas", json!(1)), ("serviceName", json!("s"))];
    for number in 0..5 {
        create(server(), &at("apps/v1", "statefulsets"), &workload(&format!("s{number}"), &spec(number), &set));
        create(server(), &at("apps/v1", "replicasets"), &workload(&format!("r{number}"), &spec(number), &one));
    }
    for number in 0..3 {
        create(server(), &at("apps/v1", "daemonsets"), &workload(&format!("a{number}"), &spec(number), &[]));
        let (name, labels) = (format!("c{number}"), json!({"app": format!("c{number}")}));
        let controller = json!({"metadata": {"name": name}, "spec": {"replicas": 1, "selector": labels,
            "template": {"metadata": {"labels": labels}, "spec": spec(number)}}});
        create(server(), &at("v1", "replicationcontrollers"), &controller);
        let mut once = spec(number);
        once["restartPolicy"] = "Never".into();
        let template = json!({"spec": once});
        create(
            server(),
            &at("batch/v1", "jobs"),
            &json!({"metadata": {"name": format!("j{number}")}, "spec": {"template": template}}),
        );
        create(
            server(),
            &at("batch/v1", "cronjobs"),
            &json!({"metadata": {"name": format!("n{number}")}, "spec": {
            "schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": {"template": template}}}}),
        );
        create(server(), &at("v1", "pods"), &crate::live::pod(&format!("p{number}"), &spec(number)));
    }
    create(server(), &at("apps/v1", "deployments"), &workload("stays", &unhardenable(), &one));
    14 + 10 + 15 + 1
}

/// Pods that are ready and not going, by the label of their workload.
fn ready(ground: &Ground) -> usize {
    let pods = ground.get("v1", "pods");
    let is_ready = |pod: &&Value| {
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let is = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
        is && pod["metadata"]["deletionTimestamp"].is_null()
    };
    pods["items"].as_array().unwrap().iter().filter(is_ready).count()
}

/// Waits until so many pods are ready; who is missing or too many is told.
#[track_caller]
fn await_ready(ground: &Ground, count: usize, what: &str) {
    let started = std::time::Instant::now();
    while ready(ground) != count {
        if started.elapsed() > std::time::Duration::from_secs(60) {
            let pods = ground.get("v1", "pods");
            let line = |pod: &Value| {
                format!(
                    "{} {} {}",
                    pod["metadata"]["name"], pod["status"]["phase"], pod["metadata"]["deletionTimestamp"]
                )
            };
            let lines: Vec<String> = pods["items"].as_array().unwrap().iter().map(line).collect();
            panic!("{what}: {} in place of {count}: {lines:#?}", ready(ground));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_namespace_with_forty_violating_workloads_of_all_kinds() {
    let ground = Ground::new("hl-sweep");
    let count = create_workloads(&ground);
    assert_eq!(count, 40);
    // Deployments, sets, controllers, jobs and pods have a pod each; cron jobs are suspended.
    let running = count - 3;
    await_ready(&ground, running, "all pods");
    let ran = ground.run(&["--all", "--yes", "--recreate", "--no-wait"]);
    assert_eq!(ran.code, Some(1), "one cannot be hardened: {}{}", ran.stdout, ran.stderr);
    let (_, table) = ran.stdout.trim_end().rsplit_once("\n\n").unwrap();
    assert_eq!(table.lines().count(), count);
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with("  ✓ ")).collect();
    assert!(rows.iter().all(|row| row.contains("deployment/stays")), "{rows:#?}");
    assert!(rows.len() == 1 && rows[0].contains("restrictedVolumes"), "the rest is named: {}", ran.stdout);

    // The server is the judge: all pods go, and come back under the label, but for the one.
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": enforced("restricted")[0].1}}});
    server().request("PATCH", &format!("/api/v1/namespaces/{}", ground.namespace), Some(&labels));
    let bare = ["p0", "p1", "p2"].map(|name| ground.get("v1", &format!("pods/{name}")));
    let all = path("v1", ground.namespace, "pods");
    server().request("DELETE", &all, None);
    // Nobody brings back bare pods but who made them.
    for mut pod in bare {
        pod["metadata"] = json!({"name": format!("{}-again", pod["metadata"]["name"].as_str().unwrap())});
        pod["spec"].as_object_mut().unwrap().remove("nodeName");
        create(server(), &all, &pod);
    }
    await_ready(&ground, running - 1, "all pods under the label");
    for number in 0..3 {
        let cron = ground.get("batch/v1", &format!("cronjobs/n{number}"));
        let job = json!({"metadata": {"name": format!("n{number}-now")}, "spec": cron["spec"]["jobTemplate"]["spec"]});
        create(server(), &path("batch/v1", ground.namespace, "jobs"), &job);
    }
    await_ready(&ground, running - 1 + 3, "the cron jobs' pods");
}

#[test]
fn workloads_by_label_and_in_all_namespaces() {
    let (one, other) = (Ground::new("hl-many-a"), Ground::new("hl-many-b"));
    for (ground, name) in [(&one, "web"), (&other, "web"), (&one, "others")] {
        ground.deploy(name, &image("works"));
    }
    for ground in [&one, &other] {
        ground.change("apps/v1", "deployments/web", &json!({"metadata": {"labels": {"many": "yes"}}}));
    }
    let ran = one.run(&["deployments", "-l", "many=yes", "-A", "--yes", "--no-wait"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(is_hard(&one.deployment("web")) && is_hard(&other.deployment("web")));
    assert!(!is_hard(&one.deployment("others")));
    let rows = ran.stdout.lines().filter(|line| line.contains("patched")).count();
    assert_eq!(rows, 2, "{}", ran.stdout);
}
