//! A real API server: lists, types, rights, versions, warnings.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use kubectl_secctx::cluster::{Discovery, ErrorKind, ListQuery, Resource};
use serde_json::{Value, json};

use super::{Object, admin, at, batch, connect, names, resource, secret};
use crate::support::control_plane::ControlPlane;
use crate::support::faults::{FaultServer, Reply};

fn post(server: &ControlPlane, path: &str, object: &Value) {
    let answer = server.request("POST", path, Some(object));
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
}

/// Creates pods named `p-0` and so on, several at a time.
fn create_pods(server: &ControlPlane, namespace: &str, count: usize) {
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let create = |i: usize| {
        let labels = json!({"third": i.is_multiple_of(3).to_string()});
        let pod = json!({
            "metadata": {"name": format!("p-{i}"), "labels": labels},
            "spec": {"containers": [{"name": "c", "image": "app"}]},
        });
        post(server, &path, &pod);
    };
    thread::scope(|scope| {
        for start in 0..4 {
            scope.spawn(move || (start..count).step_by(4).for_each(create));
        }
    });
}

#[test]
fn a_list_comes_in_pages_and_whole() {
    let server = ControlPlane::shared(None);
    server.create_namespace("paging", &[]);
    create_pods(server, "paging", 620);
    let cluster = connect(&admin(server));
    let mut query = ListQuery::new(resource("po"), Some("paging".to_owned()));

    let (mut pages, mut remaining) = (Vec::new(), Vec::new());
    cluster
        .list::<Object>(&query, |page| {
            pages.push(page.items.len());
            remaining.push(page.remaining);
        })
        .unwrap();
    assert_eq!((pages, remaining), (vec![500, 120], vec![Some(120), None]));

    query.chunk_size = 100;
    let pages = names(&cluster, &query).unwrap();
    assert_eq!(pages.len(), 7);
    let all: BTreeSet<_> = pages.concat().into_iter().collect();
    assert_eq!(all, (0..620).map(|i| format!("p-{i}")).collect());
    query.chunk_size = 0;
    assert_eq!(names(&cluster, &query).unwrap().len(), 1);

    query.labels = Some("third in (true)".to_owned());
    query.fields = Some("metadata.name!=p-0".to_owned());
    assert_eq!(names(&cluster, &query).unwrap().concat().len(), 206);
    query.fields = Some("spec.nothing=x".to_owned());
    let error = names(&cluster, &query).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("spec.nothing"), "{error}");
}

#[test]
fn one_object_and_none() {
    let cluster = connect(&admin(ControlPlane::shared(None)));
    assert_eq!(cluster.get::<Object>(&resource("ns"), None, "default").unwrap().metadata.name, "default");
    let error = cluster.get::<Object>(&resource("po"), Some("default"), "ghost").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), r#"the server answered (NotFound): pods "ghost" not found"#);

    let (mut found, mut missing) = (None, false);
    let mut batch = cluster.batch();
    batch.get::<Object>(&resource("ns"), None, "kube-system", |object| found = Some(object));
    batch.get::<Object>(&resource("ns"), None, "ghost", |_| missing = true);
    let results = batch.run();
    assert!(results[0].is_ok() && results[1].is_err() && !missing);
    assert_eq!(found.unwrap().metadata.name, "kube-system");
}

fn create_custom_type(server: &ControlPlane) {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version = |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": schema}});
    post(
        server,
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        &json!({
            "metadata": {"name": "rollouts.shapes.example"},
            "spec": {
                "group": "shapes.example", "scope": "Namespaced",
                "names": {"plural": "rollouts", "singular": "rollout", "kind": "Rollout",
                          "shortNames": ["ro"], "categories": ["shapes"]},
                "versions": [version("v1", true), version("v1beta1", false)],
            },
        }),
    );
}

/// Discovers until the type is there: the server takes it up in the background.
fn discover_with(name: &str, discover: impl Fn() -> Discovery) -> Discovery {
    let started = Instant::now();
    loop {
        let discovery = discover();
        if discovery.resolve(name).is_ok() {
            return discovery;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain for {name}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn all_types_of_a_server_old_and_new() {
    let real = ControlPlane::shared(None);
    create_custom_type(real);
    let cluster = connect(&admin(real));
    let discovery = discover_with("rollouts", || cluster.discover().unwrap());
    assert!(discovery.problems.is_empty(), "{:?}", discovery.problems);
    for name in ["ro", "rollout", "Rollout", "ROLLOUTS", "ro.shapes", "rollouts.v1.shapes.example"] {
        assert_eq!(discovery.resolve(name).unwrap().api_version(), "shapes.example/v1", "{name}");
    }
    assert_eq!(discovery.resolve("ro.v1beta1.shapes.example").unwrap().version, "v1beta1");
    assert_eq!(discovery.resolve("svc").unwrap().kind, "Service");
    assert!(discovery.custom().any(|found| found.full_name() == "rollouts.shapes.example"));
    assert!(discovery.custom().all(|found| !found.is_built_in()));
    assert_eq!(discovery.category("shapes").count(), 1);
    assert!(discovery.category("all").any(|found| found.kind == "Deployment"));
    for workload in Resource::workloads() {
        let found = discovery.resolve(&format!("{}.{}.{}", workload.plural, workload.version, workload.group));
        let found = found.unwrap();
        assert_eq!((&found.kind, &found.singular, found.namespaced), (&workload.kind, &workload.singular, true));
        assert_eq!(found.short_names, workload.short_names);
    }

    // A server before v1.26 has its types group by group.
    let old = FaultServer::start(|asked| Reply::forward(real, &asked.without("accept")));
    let old_cluster = connect(&at(&old.url()));
    let old_discovery = discover_with("rollouts", || old_cluster.discover().unwrap());
    assert!(old.asked().len() > 10, "it was asked for each group");
    let set = |discovery: &Discovery| -> BTreeSet<_> {
        discovery.resources().iter().map(|found| format!("{} {}", found.api_version(), found.plural)).collect()
    };
    assert_eq!(set(&old_discovery), set(&discovery));
    assert_eq!(old_discovery.resolve("ro").unwrap(), discovery.resolve("ro").unwrap());
}

#[test]
fn a_user_with_some_rights() {
    let server = ControlPlane::shared(None);
    server.create_namespace("rights", &[]);
    create_pods(server, "rights", 3);
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    server.allow("jane", "rights", &rules);
    let mut options = admin(server);
    options.impersonation.user = Some("jane".to_owned());
    let jane = connect(&options);

    let own = |name| ListQuery::new(resource(name), Some("rights".to_owned()));
    let mut count = 0;
    let mut requests = jane.batch();
    requests.list::<Object>(own("deploy"), |_| ());
    requests.list::<Object>(own("po"), |page| count += page.items.len());
    let results = requests.run();
    assert!(results[1].is_ok());
    assert_eq!(count, 3);
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let told = r#"the server answered (Forbidden): deployments.apps is forbidden: User "jane" cannot list resource"#;
    assert!(error.to_string().starts_with(told), "{error}");
    assert!(batch(&jane, &["po"])[0].is_err(), "not in all namespaces");
    assert_eq!(jane.server_version().unwrap().minor, 36);
}

#[test]
fn a_token_that_is_not_known() {
    let mut options = admin(ControlPlane::shared(None));
    options.token = secret("wrong");
    let error = batch(&connect(&options), &["po"]).remove(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}

#[test]
fn an_emulated_version_counts() {
    let newest = connect(&admin(ControlPlane::shared(None))).server_version().unwrap();
    assert_eq!((newest.minor, newest.emulated), (36, false));
    let older = connect(&admin(ControlPlane::shared(Some("1.34")))).server_version().unwrap();
    assert_eq!((older.minor, older.emulated), (34, true));
    assert_eq!(older.git_version, newest.git_version);
}

#[test]
fn warnings_of_the_server_come_once() {
    let cluster = connect(&admin(ControlPlane::shared(None)));
    let discovery = cluster.discover().unwrap();
    let endpoints = discovery.resolve("endpoints").unwrap();
    for _ in 0..2 {
        names(&cluster, &ListQuery::new(endpoints.clone(), None)).unwrap();
    }
    let warnings = cluster.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("v1 Endpoints is deprecated in v1.33+"), "{warnings:?}");
}
