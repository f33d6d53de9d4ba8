//! Pods under their owners, and what they have that their owners' templates have not.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    ESCALATES, await_pods, check, controlled, create, create_namespace, deploy, enforced, escalating, eventually, good,
    judged, path, pod, pods_of, report, result, server_says, text, workload,
};
use crate::support::control_plane::{self, ControlPlane};

/// An owner as a controller writes it.
pub(crate) fn owned_by(owner: &Value, api_version: &str, kind: &str) -> Value {
    json!([{
        "apiVersion": api_version, "kind": kind, "controller": true,
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
    }])
}

fn kubectl(server: &ControlPlane, args: &[&str]) {
    let output = Command::new(control_plane::kubectl())
        .arg("--kubeconfig")
        .arg(server.kubeconfig())
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
}

/// Workloads of all kinds of Kubernetes' own, with the pods that their controllers make: of each, how many.
fn create_workloads(server: &ControlPlane, namespace: &str) -> Vec<(&'static str, usize)> {
    let restart = |spec: &Value, policy: &str| {
        let mut spec = spec.clone();
        spec["restartPolicy"] = policy.into();
        spec
    };
    // Daemon sets make pods for nodes; nobody needs to be behind one.
    create(server, "/api/v1/nodes", &json!({"metadata": {"name": format!("node-of-{namespace}")}}));
    let apps = |plural: &str| path("apps/v1", namespace, plural);
    deploy(server, namespace, "web", &good(), 3);
    deploy(server, namespace, "idle", &escalating(), 0);
    // Without a kubelet no pod gets ready, which in order the next one would wait for.
    let parallel = [("serviceName", "db".into()), ("podManagementPolicy", "Parallel".into()), ("replicas", 2.into())];
    create(server, &apps("statefulsets"), &workload("db", &good(), &parallel));
    create(server, &apps("daemonsets"), &workload("agent", &escalating(), &[]));
    create(server, &apps("replicasets"), &workload("set", &good(), &[("replicas", 1.into())]));
    let controller = json!({
        "metadata": {"name": "old"},
        "spec": {"replicas": 1, "selector": {"app": "old"}, "template": pod("old", &good())},
    });
    create(server, &path("v1", namespace, "replicationcontrollers"), &controller);
    let job = json!({"metadata": {"name": "once"}, "spec": {"template": {"spec": restart(&good(), "Never")}}});
    create(server, &path("batch/v1", namespace, "jobs"), &job);
    for (name, spec) in [("nightly", good()), ("weekly", escalating())] {
        let template = json!({"spec": {"template": {"spec": restart(&spec, "OnFailure")}}});
        let cron_job = json!({
            "metadata": {"name": name},
            "spec": {"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": template},
        });
        create(server, &path("batch/v1", namespace, "cronjobs"), &cron_job);
    }
    kubectl(server, &["create", "job", "by-hand", "--from=cronjob/nightly", "-n", namespace]);
    create(server, &path("v1", namespace, "pods"), &pod("alone", &good()));
    vec![
        ("CronJob/nightly", 1),
        ("CronJob/weekly", 0),
        ("DaemonSet/agent", 1),
        ("Deployment/idle", 0),
        ("Deployment/web", 3),
        ("Job/once", 1),
        ("Pod/alone", 1),
        ("ReplicaSet/set", 1),
        ("ReplicationController/old", 1),
        ("StatefulSet/db", 2),
    ]
}

#[test]
fn pods_stand_under_the_top_of_their_owners() {
    let server = controlled();
    create_namespace(server, "owners", &[]);
    let expected = create_workloads(server, "owners");
    let all = expected.iter().map(|(_, pods)| pods).sum();
    // Any other daemon set gets pods on this test's node as well, but in its own namespace.
    await_pods(server, "owners", all);

    let report = report(server, 1, &["-n", "owners"]);
    let expected: Vec<_> = expected.into_iter().map(|(name, pods)| (name.to_owned(), pods)).collect();
    assert_eq!(pods_of(&report).into_iter().collect::<Vec<_>>(), expected);
    for name in judged(&report) {
        let result = result(&report, &name);
        let fails = ["CronJob/weekly", "DaemonSet/agent", "Deployment/idle"].contains(&name.as_str());
        assert_eq!(result["allowed"], !fails, "{name}, with or without pods");
        assert_eq!(result["meets"], if fails { "baseline" } else { "restricted" }, "{name}");
        assert_eq!(result.get("message").map(text), fails.then_some(ESCALATES), "{name}");
        let template = match name.split_once('/').unwrap().0 {
            "Pod" => None,
            "CronJob" => Some("spec.jobTemplate.spec.template"),
            _ => Some("spec.template"),
        };
        assert_eq!(result.get("template").map(text), template, "{name}");
    }
    let web = &result(&report, "Deployment/web")["pods"];
    assert_eq!(web.as_array().unwrap().len(), 1, "the same verdict is told once: {web}");

    let table = check(server, &["-n", "owners"]).stdout;
    let row = |name: &str| {
        let line = table.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {table}"));
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("NAMESPACE"), "NAMESPACE WORKLOAD PODS MEETS MISSING FOR restricted:v1.36");
    assert_eq!(row("deployment/web"), "✓ owners deployment/web 3 restricted -");
    assert_eq!(row("deployment/idle"), "✗ owners deployment/idle 0 baseline allowPrivilegeEscalation");
    assert_eq!(row("daemonset/agent"), "✗ owners daemonset/agent 1 baseline allowPrivilegeEscalation");
    assert!(table.contains("10 workloads checked against restricted:v1.36: 7 meet it, 3 do not"), "{table}");
}

/// Makes the server serve a custom type with pod templates anywhere in it.
pub(crate) fn create_type(server: &ControlPlane, group: &str, kind: &str, short: &str) -> String {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let definition = json!({
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": plural, "singular": singular, "kind": kind, "shortNames": [short]},
            "versions": [
                {"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1", "served": true, "storage": false, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    });
    create(server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition);
    let list = format!("/apis/{group}/v2/{plural}");
    eventually("the custom type", || (server.request("GET", &list, None).status == 200).then_some(()));
    plural
}

#[test]
fn custom_resources_own_pods_too() {
    let server = controlled();
    create_namespace(server, "custom", &[]);
    let kinds =
        [("fleets.example", "Fleet", "fl"), ("fleets.example", "Convoy", "cv"), ("fleets.example", "Plan", "pl")];
    for (group, kind, short) in kinds {
        create_type(server, group, kind, short);
    }
    let make = |kind: &str, mut object: Value| {
        object["apiVersion"] = "fleets.example/v2".into();
        object["kind"] = kind.into();
        create(server, &path("fleets.example/v2", "custom", &format!("{}s", kind.to_lowercase())), &object)
    };
    let owned_set = |name: &str, owner: &Value, kind: &str, spec: &Value, replicas: u32| {
        let mut set = workload(name, spec, &[("replicas", replicas.into())]);
        set["metadata"]["ownerReferences"] = owned_by(owner, "fleets.example/v2", kind);
        create(server, &path("apps/v1", "custom", "replicasets"), &set)
    };
    // As a rollout: the template is the custom resource's, its pods are made through a replica set.
    let template = |spec: &Value| json!({"metadata": {"labels": {}}, "spec": spec});
    let ship = make("Fleet", json!({"metadata": {"name": "ship"}, "spec": {"template": template(&good())}}));
    owned_set("ship-1", &ship, "Fleet", &good(), 2);
    // Two templates in one object, as a head and its workers; and an owner above that has none.
    let plan = make("Plan", json!({"metadata": {"name": "plan"}, "spec": {"ships": 2}}));
    let mut worker = escalating();
    worker["containers"][0]["name"] = "worker".into();
    let mut convoy = json!({
        "metadata": {"name": "convoy", "ownerReferences": owned_by(&plan, "fleets.example/v2", "Plan")},
        "spec": {"head": template(&good()), "workers": [template(&worker)]},
    });
    convoy = make("Convoy", convoy);
    owned_set("convoy-head", &convoy, "Convoy", &good(), 1);
    owned_set("convoy-worker", &convoy, "Convoy", &worker, 2);
    // What an owner without a template made is told itself, also without pods.
    owned_set("plan-idle", &plan, "Plan", &escalating(), 0);
    await_pods(server, "custom", 5);

    let all = report(server, 1, &["-n", "custom"]);
    assert_eq!(judged(&all), ["Convoy/convoy", "Convoy/convoy", "Fleet/ship", "ReplicaSet/plan-idle"]);
    let facts = |result: &Value| {
        let pods = result["pods"].as_array().unwrap();
        let names: usize = pods.iter().map(|group| group["names"].as_array().unwrap().len()).sum();
        let path = text(&result["template"]).to_owned();
        (path, result["allowed"].as_bool().unwrap(), names, result["apiVersion"].as_str().unwrap().to_owned())
    };
    let results: Vec<_> = all["results"].as_array().unwrap().iter().map(facts).collect();
    let expected = [
        ("spec.head", true, 1, "fleets.example/v2"),
        ("spec.workers[0]", false, 2, "fleets.example/v2"),
        ("spec.template", true, 2, "fleets.example/v2"),
        ("spec.template", false, 0, "apps/v1"),
    ];
    assert_eq!(results, expected.map(|(path, allowed, pods, version)| (path.into(), allowed, pods, version.into())));
    let worker_pods = &all["results"][1]["pods"][0];
    assert_eq!((&worker_pods["injected"], &worker_pods["allowed"]), (&json!([]), &json!(false)));
    let place = "spec.workers[0].spec.containers[0].securityContext.allowPrivilegeEscalation";
    assert_eq!(all["results"][1]["findings"][0]["violations"][0]["path"], place);

    for asked in [["fl", "ship"], ["Fleet", "ship"], ["fleets.v1.fleets.example", "ship"], ["fleets.fleets", "ship"]] {
        let one = report(server, 0, &[&asked[..], &["-n", "custom"]].concat());
        assert_eq!(pods_of(&one), [("Fleet/ship".to_owned(), 2)].into(), "{asked:?}");
    }
    let of_pods = report(server, 1, &["pods", "-n", "custom"]);
    assert_eq!(judged(&of_pods), ["Convoy/convoy", "Convoy/convoy", "Fleet/ship"]);
    let ran = check(server, &["plan/plan", "-n", "custom"]);
    assert_eq!(ran.code, Some(2));
    let complaint = "plans.fleets.example \"plan\" has no pod template, so there is nothing to judge\n";
    assert!(ran.stderr.ends_with(complaint) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

/// No schema keeps a custom resource from values that its pods could not have.
#[test]
fn custom_resources_that_cannot_be_read_are_told() {
    let server = controlled();
    create_namespace(server, "unreadable", &[]);
    create_type(server, "unreadable.example", "Wreck", "wr");
    let make = |name: &str, spec: &Value| {
        let wreck = json!({
            "apiVersion": "unreadable.example/v2", "kind": "Wreck", "metadata": {"name": name},
            "spec": {"template": {"spec": spec}},
        });
        create(server, &path("unreadable.example/v2", "unreadable", "wrecks"), &wreck);
    };
    let mut wrong = good();
    wrong["securityContext"]["runAsNonRoot"] = "yes".into();
    let mut odd = good();
    odd["containers"][0]["image"] = "app\u{7f}\u{ffff}\u{1}".into();
    make("wrong", &wrong);
    make("odd", &odd);
    let ran = check(server, &["wrecks", "-n", "unreadable", "-o", "json"]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(judged(&serde_json::from_str(&ran.stdout).unwrap()), ["Wreck/odd"], "{}", ran.stderr);
    let told = "error: test: wreck/wrong in namespace \"unreadable\": ";
    assert!(ran.stderr.starts_with(told) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("runAsNonRoot") && ran.stderr.contains("\"yes\""), "{}", ran.stderr);
    let named = check(server, &["wreck/wrong", "-n", "unreadable", "-o", "json"]);
    assert_eq!((named.code, named.stderr), (Some(2), ran.stderr), "nothing is said of a missing template");
}

/// A policy of the server that does to pods what a mesh's webhook does.
pub(crate) fn inject_into(server: &ControlPlane, namespace: &str) {
    let init = "Object.spec.initContainers{name: \"istio-init\", image: \"mesh\", securityContext: \
                Object.spec.initContainers.securityContext{privileged: true}}";
    let expression = format!("Object{{spec: Object.spec{{initContainers: [{init}]}}}}");
    let policy = json!({
        "metadata": {"name": format!("inject-{namespace}")},
        "spec": {
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ]},
            "failurePolicy": "Fail", "reinvocationPolicy": "Never",
            "mutations": [
                {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
            ],
        },
    });
    let group = "/apis/admissionregistration.k8s.io/v1";
    create(server, &format!("{group}/mutatingadmissionpolicies"), &policy);
    let selector = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}});
    let binding = json!({
        "metadata": {"name": format!("inject-{namespace}")},
        "spec": {"policyName": format!("inject-{namespace}"), "matchResources": selector},
    });
    create(server, &format!("{group}/mutatingadmissionpolicybindings"), &binding);
    eventually("the injection", || {
        let answer = server.dry_run_pods(namespace, &[pod("probe", &good())]).remove(0);
        answer.body["spec"]["initContainers"].is_array().then_some(())
    });
}

#[test]
fn injected_containers_are_told_from_the_templates() {
    let server = controlled();
    create_namespace(server, "mesh", &[]);
    // One that is there already, and one that comes after.
    deploy(server, "mesh", "early", &good(), 1);
    await_pods(server, "mesh", 1);
    inject_into(server, "mesh");
    deploy(server, "mesh", "late", &good(), 2);
    await_pods(server, "mesh", 3);

    let report = report(server, 1, &["-n", "mesh"]);
    let early = result(&report, "Deployment/early");
    assert_eq!((&early["allowed"], &early["pods"][0]["injected"]), (&json!(true), &json!([])));
    let late = result(&report, "Deployment/late");
    assert_eq!((&late["allowed"], &late["meets"]), (&json!(false), &json!("privileged")));
    assert_eq!(late["findings"], json!([]), "its template is good");
    let pods = &late["pods"][0];
    assert_eq!(pods["names"].as_array().unwrap().len(), 2);
    assert_eq!((&pods["injected"], &pods["comesBack"]), (&json!(["istio-init"]), &json!(false)));
    let findings = pods["findings"].as_array().unwrap();
    let details: Vec<_> = findings.iter().map(|found| text(&found["detail"])).collect();
    assert_eq!(
        details,
        [
            "container \"istio-init\" must not set securityContext.privileged=true",
            "container \"istio-init\" must set securityContext.allowPrivilegeEscalation=false",
            "container \"istio-init\" must set securityContext.capabilities.drop=[\"ALL\"]",
        ]
    );
    let told = check(server, &["deploy/late", "-n", "mesh"]).stdout;
    for piece in ["container not in the template, hence injected: istio-init", "Istio: install its CNI plugin"] {
        assert!(told.contains(piece), "{told}");
    }
}

#[test]
fn ephemeral_containers_are_told_apart() {
    let server = controlled();
    create_namespace(server, "debugged", &[]);
    let pods = path("v1", "debugged", "pods");
    create(server, &pods, &pod("alone", &good()));
    let mut bad = escalating();
    bad["containers"].as_array_mut().unwrap().push(super::good_container("side"));
    create(server, &pods, &pod("bad", &bad));
    for name in ["alone", "bad"] {
        let debugger = json!({"name": "debugger", "image": "tools", "securityContext": {"privileged": true}});
        let patch = json!({"spec": {"ephemeralContainers": [debugger]}});
        let answer = server.request("PATCH", &format!("{pods}/{name}/ephemeralcontainers"), Some(&patch));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    let report = report(server, 1, &["-n", "debugged"]);
    for (name, message) in [("Pod/alone", None), ("Pod/bad", Some(ESCALATES))] {
        let result = result(&report, name);
        // Whoever made the pod anew would make it without them.
        assert_eq!(result.get("message").map(text), message);
        let group = &result["pods"][0];
        assert_eq!(group["ephemeralContainers"], json!(["debugger"]));
        let found: Vec<_> = group["ephemeralFindings"].as_array().unwrap().iter().collect();
        let sentences: Vec<_> =
            found.iter().map(|f| format!("{} ({})", text(&f["reason"]), text(&f["detail"]))).collect();
        assert_eq!(
            sentences,
            [
                "privileged (container \"debugger\" must not set securityContext.privileged=true)",
                "allowPrivilegeEscalation != false (container \"debugger\" must set \
                 securityContext.allowPrivilegeEscalation=false)",
                "unrestricted capabilities (container \"debugger\" must set securityContext.capabilities.drop=[\"ALL\"])",
            ],
            "{name}: only of the ephemeral container"
        );
        assert_eq!(found[0]["violations"][0]["path"], "spec.ephemeralContainers[0].securityContext.privileged");
    }
    let told = check(server, &["pod/alone", "-n", "debugged"]).stdout;
    assert!(told.contains("ephemeral containers (debugger) cannot be removed; they go with the pod:"), "{told}");
}

#[test]
fn refused_pods_are_told_with_their_workload() {
    let server = controlled();
    create_namespace(server, "refused", &enforced("restricted"));
    deploy(server, "refused", "web", &escalating(), 1);
    let set = workload("set", &escalating(), &[("replicas", 1.into()), ("serviceName", "set".into())]);
    create(server, &path("apps/v1", "refused", "statefulsets"), &set);
    eventually("the events", || {
        let events = format!("{}?fieldSelector=reason%3DFailedCreate", path("v1", "refused", "events"));
        let events = server.request("GET", &events, None).body;
        let of = |kind: &str| events["items"].as_array()?.iter().find(|event| event["involvedObject"]["kind"] == kind);
        of("ReplicaSet").and(of("StatefulSet")).map(|_| ())
    });

    let says = server_says(server, "refused", &escalating()).unwrap();
    assert_eq!(says, ESCALATES);
    let report = report(server, 1, &["-n", "refused"]);
    assert_eq!(judged(&report), ["Deployment/web", "StatefulSet/set"]);
    for name in ["Deployment/web", "StatefulSet/set"] {
        let refusals = &result(&report, name)["refusals"];
        assert_eq!(*refusals, json!([format!("violates PodSecurity \"restricted:latest\": {says}")]), "{name}");
    }
    let told = check(server, &["deploy/web", "-n", "refused"]).stdout;
    assert!(told.contains("deployment/web (refused) could not make pods lately"), "{told}");
    let list = check(server, &["-n", "refused"]).stdout;
    assert_eq!(list.matches("pods were refused lately").count(), 2, "{list}");
}
