//! From what is wrong with pods to what it comes from and what helps. Pure: all that was asked of the server is given.

use super::blame;
use super::log::LogSign;
use super::objects::Object;
use super::remedy::Case;
use super::symptom::{Sign, Symptom};
use super::{Applied, Before};
use crate::report::rollout::{Confidence, Diagnosis, Origin};

/// What a list of symptoms comes from, each cause once, those of the edits first. The pods are those of the symptoms.
pub(super) fn diagnose(symptoms: &[Symptom], pods: &[Object], applied: &Applied, before: &Before) -> Vec<Diagnosis> {
    let mut found: Vec<(&Symptom, Diagnosis)> = Vec::new();
    for symptom in symptoms {
        let same = |(known, _): &&mut (&Symptom, Diagnosis)| is_alike(known, symptom);
        if let Some((_, diagnosis)) = found.iter_mut().find(same) {
            diagnosis.pods.push(symptom.pod.clone());
        } else {
            let pod = pods.iter().find(|pod| pod.metadata.name == symptom.pod);
            found.push((symptom, of_symptom(symptom, pod, applied, before)));
        }
    }
    let mut diagnoses: Vec<Diagnosis> = found.into_iter().map(|(_, diagnosis)| diagnosis).collect();
    diagnoses.sort_by_key(|diagnosis| (diagnosis.origin, diagnosis.confidence));
    diagnoses
}

fn is_alike(one: &Symptom, other: &Symptom) -> bool {
    one.container == other.container && one.sign == other.sign && !one.pod.is_empty() && !other.pod.is_empty()
}

fn of_symptom(symptom: &Symptom, pod: Option<&Object>, applied: &Applied, before: &Before) -> Diagnosis {
    let (blamed, mut confidence) = blame::blamed(symptom, pod, &applied.edits);
    let (origin, blamed) = if before.had(symptom) {
        confidence = Confidence::Certain;
        (Origin::Before, Vec::new())
    } else if !blamed.is_empty() {
        (Origin::Edits, blamed)
    } else if symptom.sign == Sign::Crash && before.ran(symptom) {
        confidence = Confidence::Possible;
        let risky = blame::risky(symptom.container.as_deref(), &applied.edits);
        (if risky.is_empty() { Origin::Elsewhere } else { Origin::Edits }, risky)
    } else {
        confidence = Confidence::Likely;
        (Origin::Elsewhere, Vec::new())
    };
    let case = Case { symptom, pod, blamed: &blamed, edits: &applied.edits, minor: applied.minor };
    let helps = origin == Origin::Edits || symptom.sign == Sign::Refused && origin == Origin::Elsewhere;
    Diagnosis {
        what: what(symptom, origin),
        pods: Some(symptom.pod.clone()).filter(|name| !name.is_empty()).into_iter().collect(),
        container: symptom.container.clone(),
        evidence: symptom.evidence.clone(),
        origin,
        remedies: if helps { case.remedies() } else { Vec::new() },
        edits: blamed.into_iter().cloned().collect(),
        confidence,
    }
}

fn what(symptom: &Symptom, origin: Origin) -> String {
    let who = symptom.container.as_ref().map_or_else(|| "the pod".to_owned(), |name| format!("container \"{name}\""));
    match &symptom.sign {
        Sign::RunsAsRoot => format!("{who} is not started: its image runs as root, and runAsNonRoot forbids it"),
        Sign::NamedUser(name) => {
            format!(
                "{who} is not started: its image runs as \"{name}\", and only a number proves that this is not root"
            )
        }
        Sign::AsksForRoot => format!("{who} is not started: it asks for user 0, and runAsNonRoot forbids it"),
        Sign::Log(sign) => format!("{who} ends: {}", of_log(sign)),
        Sign::BadCall => format!("{who} ends: the seccomp profile does not let it make a system call"),
        Sign::Crash if origin == Origin::Edits => format!("{who} ends, and ran before; its log does not say why"),
        Sign::Crash => format!("{who} ends, and its log says nothing of missing rights"),
        Sign::Memory => format!("{who} takes more memory than it may"),
        Sign::Config => format!("{who} cannot be created of what the pod says"),
        Sign::Image => format!("the image of {who} cannot be had"),
        Sign::Probe => format!("a probe of {who} fails"),
        Sign::Sandbox => "the node cannot set up the pod".to_owned(),
        Sign::Unschedulable => "no node takes the pod".to_owned(),
        Sign::PodFailed => "the pod was ended".to_owned(),
        Sign::Refused => "new pods are refused: they do not meet the level that the namespace enforces".to_owned(),
        Sign::NotCreated => "new pods cannot be created".to_owned(),
    }
}

fn of_log(sign: &LogSign) -> String {
    let at = |path: &Option<String>, words: &str, rest: &str| match path {
        Some(path) => format!("{words} {path}{rest}"),
        None => format!("{words} something{rest}"),
    };
    match sign {
        LogSign::NoNewPrivileges => "it wants more rights by sudo or the like, and may not get them".to_owned(),
        LogSign::NoToken => "it finds no service account token".to_owned(),
        LogSign::ReadOnly(path) => at(path, "it writes to", ", and the file system is read-only"),
        LogSign::Port(Some(port)) => format!("it may not listen on port {port}"),
        LogSign::Port(None) => "it may not listen on its port".to_owned(),
        LogSign::Chown(path) => at(path, "it may not change the owner of", ""),
        LogSign::SwitchUser(_) => "it may not become another user".to_owned(),
        LogSign::NotPermitted => "the kernel does not let it do something".to_owned(),
        LogSign::Denied(path) => at(path, "it may not use", ""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Applicability, Edit, FieldPath};
    use crate::report::harden::PlannedEdit;
    use crate::rollout::log;
    use crate::rollout::symptom::{Logs, not_created, of_pod};

    fn edit(path: FieldPath, value: Value, check: &'static str, fix: Applicability) -> PlannedEdit {
        let container = path.segments().iter().any(|step| step.as_key() == Some("containers"));
        let (container, before, risk) = (container.then(|| "app".to_owned()), Value::Null, String::new());
        let op = if value.is_null() { Edit::remove(path) } else { Edit::set(path, value) };
        PlannedEdit { edit: op, check, fix, container, before, risk, parts: Vec::new() }
    }

    fn of_spec(fields: &[&'static str], value: Value, check: &'static str) -> PlannedEdit {
        let path = FieldPath::fields(&["spec", "template", "spec"]).join(&FieldPath::fields(fields));
        edit(path, value, check, Applicability::Risky)
    }

    fn of_container(fields: &[&'static str], value: Value, check: &'static str) -> PlannedEdit {
        let path = FieldPath::fields(&["spec", "template", "spec", "containers"]).index(0);
        edit(path.join(&FieldPath::fields(fields)), value, check, Applicability::Risky)
    }

    fn non_root() -> PlannedEdit {
        of_spec(&["securityContext", "runAsNonRoot"], json!(true), "runAsNonRoot")
    }

    fn drop_all() -> PlannedEdit {
        of_container(&["securityContext", "capabilities", "drop"], json!(["ALL"]), "capabilities_restricted")
    }

    fn pod(state: Value, last: Value, restarts: u64) -> Object {
        Object {
            metadata: serde_json::from_value(json!({"name": "web-1", "uid": "u"})).unwrap(),
            spec: json!({"containers": [{"name": "app", "image": "shop/web:1", "volumeMounts": [
                {"name": "data", "mountPath": "/data"},
            ]}]}),
            status: json!({"phase": "Running", "containerStatuses": [
                {"name": "app", "ready": false, "restartCount": restarts, "state": state, "lastState": last},
            ]}),
            ..Object::default()
        }
    }

    fn waiting(reason: &str, message: &str) -> Object {
        pod(json!({"waiting": {"reason": reason, "message": message}}), json!({}), 0)
    }

    fn crashing(code: i32) -> Object {
        pod(
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container=app"}}),
            json!({"terminated": {"exitCode": code, "reason": "Error"}}),
            2,
        )
    }

    fn logs(log: &str) -> Logs {
        [(("web-1".to_owned(), "app".to_owned()), log::read(log))].into()
    }

    fn one(pod: &Object, log: &str, events: &[(String, String)], edits: &[PlannedEdit]) -> Diagnosis {
        let symptoms = of_pod(pod, &logs(log), events);
        let applied = Applied { edits: edits.to_vec(), minor: 36 };
        let mut found = diagnose(&symptoms, std::slice::from_ref(pod), &applied, &Before::default());
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    fn checks(diagnosis: &Diagnosis) -> Vec<&'static str> {
        diagnosis.edits.iter().map(|edit| edit.check).collect()
    }

    #[test]
    fn messages_of_the_kubelet() {
        let edits = [non_root(), drop_all()];
        for (message, what) in [
            (
                "container has runAsNonRoot and image will run as root (pod: \"web-1_shop(u)\", container: app)",
                "runs as root",
            ),
            (
                "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root (pod: \
                 \"web-1_shop(u)\", container: app)",
                "runs as \"nginx\"",
            ),
            (
                "container's runAsUser breaks non-root policy (pod: \"web-1_shop(u)\", container: app)",
                "asks for user 0",
            ),
        ] {
            let found = one(&waiting("CreateContainerConfigError", message), "", &[], &edits);
            assert!(found.what.contains(what), "{}", found.what);
            assert_eq!((found.origin, found.confidence), (Origin::Edits, Confidence::Certain));
            assert_eq!((checks(&found), found.evidence.as_str()), (vec!["runAsNonRoot"], message));
        }
        let message = "secret \"db\" not found";
        let found = one(&waiting("CreateContainerConfigError", message), "", &[], &edits);
        assert_eq!((found.origin, found.edits.len(), found.remedies.len()), (Origin::Elsewhere, 0, 0));
    }

    #[test]
    fn edits_that_were_not_made_are_not_blamed() {
        let message = "container has runAsNonRoot and image will run as root";
        let found = one(&waiting("CreateContainerConfigError", message), "", &[], &[drop_all()]);
        assert_eq!((found.origin, found.edits.len()), (Origin::Elsewhere, 0));
        let log = "touch: cannot touch '/tmp/x': Read-only file system";
        let found = one(&crashing(1), log, &[], &[non_root(), drop_all()]);
        assert_eq!((found.origin, found.edits.len()), (Origin::Elsewhere, 0));
        // `runAsNonRoot` changes nobody's user, and another container's edits are none of this one's.
        let mut other = drop_all();
        other.container = Some("proxy".to_owned());
        let found = one(&crashing(1), "chown: /x: Operation not permitted", &[], &[non_root(), other]);
        assert_eq!((found.origin, found.edits.len()), (Origin::Elsewhere, 0));
    }

    #[test]
    fn capabilities_are_not_blamed_for_a_user_who_had_none() {
        let log = "chown: changing ownership of '/x': Operation not permitted";
        let mut pod = crashing(1);
        assert_eq!(checks(&one(&pod, log, &[], &[drop_all()])), ["capabilities_restricted"]);
        pod.spec["securityContext"] = json!({"runAsNonRoot": true});
        assert_eq!(one(&pod, log, &[], &[drop_all()]).origin, Origin::Elsewhere);
        pod.spec["containers"][0]["securityContext"] = json!({"runAsUser": 0, "runAsNonRoot": false});
        assert_eq!(one(&pod, log, &[], &[drop_all()]).origin, Origin::Edits);
        // A program's file may carry one.
        pod.spec["containers"][0]["securityContext"] = json!({"runAsUser": 7});
        assert_eq!(one(&pod, "ping: socket: Operation not permitted", &[], &[drop_all()]).origin, Origin::Edits);
    }

    #[test]
    fn a_volume_that_is_read_only_is_not_the_root_file_system() {
        let edits =
            [of_container(&["securityContext", "readOnlyRootFilesystem"], json!(true), "readOnlyRootFilesystem")];
        let log = |path: &str| format!("OSError: [Errno 30] Read-only file system: '{path}'");
        assert_eq!(one(&crashing(1), &log("/data/x"), &[], &edits).origin, Origin::Elsewhere);
        let found = one(&crashing(1), &log("/datasets/x"), &[], &edits);
        assert_eq!(found.remedies[0].add, ["--writable", "/datasets"]);
        assert_eq!(found.remedies[1].leave_out, ["--read-only-root-filesystem"]);
    }

    #[test]
    fn remedies_of_crashes() {
        let user = of_spec(&["securityContext", "runAsUser"], json!(1000), "runAsUser");
        let edits = [non_root(), user, drop_all()];
        let first = |log: &str| one(&crashing(1), log, &[], &edits).remedies[0].clone();
        assert_eq!(
            first("chown: changing ownership of '/data/x': Operation not permitted").add,
            ["--fs-group", "1000"]
        );
        assert_eq!(first("setgid(101) failed (1: Operation not permitted)").add, ["--run-as-user", "101"]);
        let remedy = first("mkdir: cannot create directory '/var/cache/x': Permission denied");
        assert_eq!(
            (remedy.add, remedy.leave_out),
            (vec!["--user-namespace".to_owned()], vec!["--run-as-user".to_owned()])
        );
        // A port that the template does not tell of is not known to `--keep-capability`.
        let remedy = first("listen tcp :80: bind: permission denied");
        assert!(remedy.add.is_empty() && remedy.text.starts_with("declare the port"), "{remedy:?}");
        let found = one(
            &crashing(159),
            "",
            &[],
            &[of_spec(&["securityContext", "seccompProfile"], json!({}), "seccompProfile_restricted")],
        );
        assert_eq!(
            (checks(&found), &*found.remedies[0].add.join(" ")),
            (vec!["seccompProfile_restricted"], "--skip seccompProfile_restricted")
        );
    }

    #[test]
    fn no_user_namespace_where_the_policy_does_not_take_it() {
        let pod = waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
        for (minor, has) in [(34, false), (35, true)] {
            let applied = Applied { edits: vec![non_root()], minor };
            let found = diagnose(&of_pod(&pod, &Logs::new(), &[]), &[], &applied, &Before::default());
            let flags: Vec<_> = found[0].remedies.iter().flat_map(|remedy| &remedy.add).collect();
            assert_eq!(flags.iter().any(|flag| *flag == "--user-namespace"), has, "{minor}: {flags:?}");
        }
    }

    #[test]
    fn probes_are_blamed_on_their_hosts_and_the_host_network_alone() {
        let pod = pod(json!({"running": {"startedAt": "2026-11-24T10:00:00Z"}}), json!({}), 0);
        let said =
            "Readiness probe failed: Get \"http://10.0.0.7:80/\": dial tcp 10.0.0.7:80: connect: connection refused";
        let events = [("Unhealthy".to_owned(), said.to_owned())];
        let host = of_container(&["readinessProbe", "httpGet", "host"], Value::Null, "hostProbesAndHostLifecycle");
        let network = of_spec(&["hostNetwork"], Value::Null, "hostNamespaces");
        let found = one(&pod, "", &events, &[non_root(), host, network.clone()]);
        assert_eq!(checks(&found), ["hostProbesAndHostLifecycle"]);
        assert_eq!(found.remedies[0].add, ["--skip", "hostProbesAndHostLifecycle"]);
        let found = one(&pod, "", &events, &[non_root(), network]);
        assert_eq!((checks(&found), found.confidence), (vec!["hostNamespaces"], Confidence::Possible));
        assert_eq!(one(&pod, "", &events, &[non_root(), drop_all()]).origin, Origin::Elsewhere);
        assert!(!found.evidence.contains("http://"), "{}", found.evidence);
        // A container that is only starting does not fail.
        assert_eq!(of_pod(&pod, &Logs::new(), &[]), []);
    }

    #[test]
    fn refusals_are_blamed_only_on_a_user_namespace_that_an_older_server_does_not_take() {
        let message = "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:v1.34\": runAsNonRoot != true (pod or \
                       container \"app\" must set securityContext.runAsNonRoot=true)";
        let namespace = of_spec(&["hostUsers"], json!(false), "runAsNonRoot");
        let found = |edits: Vec<PlannedEdit>, message: &str| {
            let applied = Applied { edits, minor: 34 };
            diagnose(&[not_created(message)], &[], &applied, &Before::default()).remove(0)
        };
        let blamed = found(vec![namespace.clone(), drop_all()], message);
        assert_eq!((blamed.origin, blamed.edits.len()), (Origin::Edits, 1));
        assert_eq!(blamed.remedies[0].leave_out, ["--user-namespace"]);
        assert_eq!(found(vec![drop_all()], message).origin, Origin::Elsewhere);
        let other = "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:v1.34\": seccompProfile (pod …)";
        assert_eq!(found(vec![namespace.clone()], other).origin, Origin::Elsewhere);
        assert_eq!(found(vec![namespace], "exceeded quota: few").what, "new pods cannot be created");
    }

    #[test]
    fn pods_that_fail_alike_are_told_once() {
        let mut second = crashing(1);
        second.metadata.name = "web-2".to_owned();
        let line = log::read("sudo: The \"no new privileges\" flag is set").unwrap();
        let symptoms: Vec<_> = [crashing(1), second]
            .iter()
            .flat_map(|pod| of_pod(pod, &Logs::new(), &[]))
            .map(|symptom| Symptom { sign: Sign::Log(line.0.clone()), ..symptom })
            .collect();
        let found = diagnose(&symptoms, &[], &Applied::default(), &Before::default());
        assert_eq!((found.len(), found[0].pods.len()), (1, 2));
    }

    #[test]
    fn nothing_of_a_log_is_told_but_what_is_known_to_be_harmless() {
        let log = "password=hunter2 open '/etc/x': Permission denied";
        let found =
            one(&crashing(1), log, &[], &[of_spec(&["securityContext", "runAsUser"], json!(1000), "runAsUser")]);
        assert!(!format!("{found:?}").contains("hunter2"), "{found:#?}");
        assert_eq!(found.evidence, "open '/etc/x': Permission denied");
    }
}
