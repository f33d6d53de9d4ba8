//! Pods must not mount folders of the node.

use serde_json::{Value, json};

use super::setters::Setter;
use super::text;
use super::volume_use::repair;
use super::{Check, Cis, Meaning, Revision};
use crate::model::{Applicability, FieldPath, HostPath, PodTemplate, Violated};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "hostPathVolumes",
    title: "Host path volumes",
    level: Level::Baseline,
    fix: Applicability::Manual,
    names: &["host path", "host paths", "hostPath volume", "hostPath volumes"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.12", about: "hostPath volumes" },
        Cis { benchmarks: &["v1.12"], number: "5.2.11", about: "hostPath volumes" },
    ],
    meaning: Meaning {
        what: "No volume may be a hostPath, whatever the path is and even where every mount is read-only.",
        why: "A hostPath opens the node's files to the pod. A runtime socket, the kubelet's folder or a cron folder \
              is enough to take over the node; a log folder is enough to read what other pods wrote.",
        fields: &["spec.volumes[*].hostPath"],
        allowed: &["not set"],
        remedy: "replace spec.volumes[*].hostPath by another source: persistentVolumeClaim, emptyDir, configMap, csi",
        example: "spec:\n  volumes:\n  - name: data\n    persistentVolumeClaim:\n      claimName: data\n",
        writes: false,
        breaks: "What reads or writes the node's files: log shippers, storage drivers, builders that use the \
                 runtime's socket, databases that keep their data on one node. With another source the files are not \
                 there, so move the data first. Agents that must read the node belong in a namespace of their own at \
                 the privileged level.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start: the node's files are the way out of a container.",
        overrides: &[],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "hostPath volumes";

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let volumes = pod.spec.volumes.iter().enumerate();
    let found = volumes.filter_map(|(at, volume)| Some((at, &volume.name, volume.host_path.as_ref()?)));
    let who = text::volumes(found.clone().map(|(_, name, _)| name))?;
    let violation = |(at, _, host_path): (usize, _, _)| {
        let path = FieldPath::fields(&["spec", "volumes"]).index(at).field("hostPath");
        Setter::Pod.violation_at(path, value(host_path), Value::Null)
    };
    Some(Violated::new(REASON, who, found.map(violation)))
}

/// The source as JSON, as far as the model keeps it.
pub(super) fn value(host_path: &HostPath) -> Value {
    json!({ "path": host_path.path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, repair_with, steps, violations};
    use crate::model::{Choices, VolumeChoice};

    #[test]
    fn names_come_in_the_order_of_the_list() {
        let pod = pod(r#"{"spec":{"volumes":[{"name":"b","hostPath":{"path":"/b"}},{"name":"c","hostPath":null},
            {"name":"d","emptyDir":{}},{"name":"a","hostPath":{}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "hostPath volumes");
        assert_eq!(found.detail, r#"volumes "b", "a""#);
        assert_eq!(
            violations(found),
            [r#"spec.volumes[0].hostPath {"path":"/b"} -> null"#, r#"spec.volumes[3].hostPath {"path":""} -> null"#,]
        );
    }

    #[test]
    fn one_volume() {
        let pod = pod(r#"{"spec":{"volumes":[{"name":"a","hostPath":{"path":"/var/log","type":"Directory"}}]}}"#);
        assert_eq!(v1_0(&pod).unwrap().detail, r#"volume "a""#);
    }

    #[test]
    fn other_sources_pass() {
        assert!(v1_0(&pod(r#"{"spec":{"volumes":[{"name":"a","nfs":{}},{"name":"b"}]}}"#)).is_none());
    }

    #[test]
    fn use_and_ways_are_told() {
        let json = r#"{"spec":{"initContainers":[{"name":"i","volumeMounts":[{"name":"logs","mountPath":"/in","readOnly":true}]}],
            "containers":[{"name":"a","volumeMounts":[{"name":"x","mountPath":"/x"},{"name":"logs","mountPath":"/logs"}]}],
            "volumes":[{"name":"logs","hostPath":{"path":"/var/log/pods"}},{"name":"free","hostPath":{"path":"/data"}}]}}"#;
        let repair = repair(&CHECK, json);
        assert!(repair.steps.is_empty());
        assert_eq!(
            repair.left[0].why,
            "volume \"logs\" is /var/log/pods of the node, its logs and those of all its pods; \
             container \"i\" reads it at /in; container \"a\" reads and may write it at /logs"
        );
        assert_eq!(repair.left[0].path.to_string(), "spec.volumes[0].hostPath");
        assert_eq!(repair.left[1].why, r#"volume "free" is /data of the node; no container mounts it"#);
        assert_eq!(repair.left[1].ways, ["--volume free=remove, where nothing needs it"]);
        for flag in ["emptyDir", "claim:NAME", "configMap:NAME", "remove"] {
            let way = format!("--volume logs={flag}, ");
            assert!(repair.left[0].ways.iter().any(|given| given.starts_with(&way)), "{way}");
        }
    }

    #[test]
    fn volumes_are_replaced_as_chosen() {
        let json = r#"{"spec":{"containers":[{"name":"a","volumeMounts":[{"name":"d","mountPath":"/d"},{"name":"a","mountPath":"/a"}]},
            {"name":"b","volumeMounts":[{"name":"d","mountPath":"/d"}],"volumeDevices":[{"name":"d","devicePath":"/e"}]}],
            "volumes":[{"name":"a","hostPath":{"path":"/"}},{"name":"b","hostPath":{"path":"/"}},
            {"name":"c","hostPath":{"path":"/"}},{"name":"d","hostPath":{"path":"/"}}]}}"#;
        let volumes = [
            ("a", VolumeChoice::EmptyDir),
            ("b", VolumeChoice::Claim("data".to_owned())),
            ("c", VolumeChoice::ConfigMap("conf".to_owned())),
            ("d", VolumeChoice::Remove),
        ];
        let volumes = volumes.map(|(name, choice)| (name.to_owned(), choice)).into();
        let repair = repair_with(&CHECK, json, &Choices { volumes, ..Choices::default() }, 37, &[]);
        assert_eq!(
            steps(&repair),
            [
                "spec.volumes[0].emptyDir = {} risky",
                "spec.volumes[0].hostPath removed risky",
                r#"spec.volumes[1].persistentVolumeClaim.claimName = "data" risky"#,
                "spec.volumes[1].hostPath removed risky",
                r#"spec.volumes[2].configMap.name = "conf" risky"#,
                "spec.volumes[2].hostPath removed risky",
                "spec.volumes[3] removed risky",
                "spec.containers[0].volumeMounts[0] removed risky",
                "spec.containers[1].volumeMounts[0] removed risky",
                "spec.containers[1].volumeDevices[0] removed risky",
            ]
        );
    }
}
