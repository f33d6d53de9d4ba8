//! Pods may only use volume types that give no way to the node.

use serde_json::{Value, json};

use super::host_path_volumes;
use super::setters::Setter;
use super::text::{distinct, join_quote, plural, volumes_use};
use super::volume_use::repair;
use super::{Check, Cis, Meaning, Revision};
use crate::model::{Applicability, FieldPath, HARMLESS_SOURCES, PodTemplate, Violated, Violation, Volume};
use crate::policy::Level;

pub(super) const CHECK: Check = Check {
    id: "restrictedVolumes",
    title: "Volume types",
    level: Level::Restricted,
    fix: Applicability::Manual,
    names: &["volume", "volumes", "volume type", "volume types", "restricted volumes"],
    reasons: &[REASON],
    cis: &[
        Cis { benchmarks: &["v1.10", "v1.11"], number: "5.2.12", about: "hostPath volumes" },
        Cis { benchmarks: &["v1.12"], number: "5.2.11", about: "hostPath volumes" },
    ],
    meaning: Meaning {
        what: "A pod may use only volume types whose content comes from the cluster: configuration, empty folders, \
               images, claims and CSI drivers. Storage that a pod reaches by naming a server, a disk or a path itself \
               is not allowed.",
        why: "Who may name the storage in the pod chooses it past every StorageClass and quota: another team's NFS \
              export or disk, or the node's own files. Some of the old drivers also run code of their own on the \
              node.",
        fields: &["spec.volumes[*]"],
        allowed: &[
            "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret",
            "no volumes",
        ],
        remedy: "put the storage behind a PersistentVolume and mount it by spec.volumes[*].persistentVolumeClaim",
        example: "spec:\n  volumes:\n  - name: data\n    persistentVolumeClaim:\n      claimName: data\n",
        writes: false,
        breaks: "The pod waits in Pending or ContainerCreating until the claim is bound; kubectl describe pod and pvc \
                 say why. A PersistentVolume may name the same NFS export or disk, so the data stays where it is. \
                 hostPath data must be moved, and a gitRepo becomes an emptyDir that an init container fills.",
    },
    revisions: &[Revision {
        since: 0,
        changed: "Part of the standard from the start; it contains hostPathVolumes.",
        overrides: &["hostPathVolumes"],
        evaluate: v1_0,
    }],
    repair,
};

const REASON: &str = "restricted volume types";

/// In the order in which admission asks for them: a volume that has several is called by the first.
const RESTRICTED: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn v1_0(pod: &PodTemplate) -> Option<Violated<'_>> {
    let volumes = pod.spec.volumes.iter().enumerate();
    let found = volumes.filter(|(_, volume)| !HARMLESS_SOURCES.iter().any(|source| volume.has(source)));
    let who = volumes_use(found.clone().map(|(_, volume)| &volume.name))?;
    let types = distinct(found.clone().map(|(_, volume)| restricted_source(volume).unwrap_or("unknown")));
    let kind = plural("restricted volume type", "restricted volume types", types.len());
    let detail = format!("{who} {kind} {}", join_quote(types));
    Some(Violated::new(REASON, detail, found.map(|(at, volume)| violation(at, volume))))
}

fn restricted_source(volume: &Volume) -> Option<&'static str> {
    RESTRICTED.iter().copied().find(|source| volume.has(source))
}

/// Of the source, or of the whole volume where it has none that the API knows.
fn violation(at: usize, volume: &Volume) -> Violation {
    let path = FieldPath::fields(&["spec", "volumes"]).index(at);
    let (path, actual) = match (restricted_source(volume), &volume.host_path) {
        (Some("hostPath"), Some(host_path)) => (path.field("hostPath"), host_path_volumes::value(host_path)),
        (Some(source), _) => (path.field(source), json!(volume.settings)),
        (None, _) => (path, json!({ "name": volume.name })),
    };
    Setter::Pod.violation_at(path, actual, Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{pod, repair, violations};
    use crate::model::VOLUME_SOURCES;

    #[test]
    fn types_are_sorted_and_given_once() {
        let pod = pod(r#"{"spec":{"volumes":[{"name":"a","nfs":{"server":"s"}},{"name":"b","secret":{}},
            {"name":"c","hostPath":{"path":"/c"}},{"name":"d"},{"name":"e","nfs":{}},{"name":"f","newSource":{}}]}}"#);
        let found = v1_0(&pod).unwrap();
        assert_eq!(found.reason, "restricted volume types");
        assert_eq!(
            found.detail,
            r#"volumes "a", "c", "d", "e", "f" use restricted volume types "hostPath", "nfs", "unknown""#
        );
        assert_eq!(
            violations(found),
            [
                r#"spec.volumes[0].nfs {"server":"s"} -> null"#,
                r#"spec.volumes[2].hostPath {"path":"/c"} -> null"#,
                r#"spec.volumes[3] {"name":"d"} -> null"#,
                "spec.volumes[4].nfs {} -> null",
                r#"spec.volumes[5] {"name":"f"} -> null"#,
            ]
        );
    }

    #[test]
    fn singular_and_plural_count_apart() {
        let one = pod(r#"{"spec":{"volumes":[{"name":"a","gitRepo":{}}]}}"#);
        assert_eq!(v1_0(&one).unwrap().detail, r#"volume "a" uses restricted volume type "gitRepo""#);
        let same = pod(r#"{"spec":{"volumes":[{"name":"a","rbd":{}},{"name":"b","rbd":{}}]}}"#);
        assert_eq!(v1_0(&same).unwrap().detail, r#"volumes "a", "b" use restricted volume type "rbd""#);
    }

    #[test]
    fn two_sources() {
        let allowed = pod(r#"{"spec":{"volumes":[{"name":"a","hostPath":{},"emptyDir":{}}]}}"#);
        assert!(v1_0(&allowed).is_none());
        let neither = pod(r#"{"spec":{"volumes":[{"name":"a","awsElasticBlockStore":{},"gcePersistentDisk":{}}]}}"#);
        let found = v1_0(&neither).unwrap();
        assert_eq!(found.detail, r#"volume "a" uses restricted volume type "gcePersistentDisk""#);
        assert_eq!(violations(found), ["spec.volumes[0].gcePersistentDisk {} -> null"]);
    }

    #[test]
    fn every_source_of_the_api_is_judged() {
        for source in VOLUME_SOURCES {
            let name = format!("{{\"spec\":{{\"volumes\":[{{\"name\":\"v\",\"{source}\":{{}}}}]}}}}");
            match v1_0(&pod(&name)) {
                None => assert!(HARMLESS_SOURCES.contains(source), "{source}"),
                Some(found) => {
                    assert_eq!(found.detail, format!("volume \"v\" uses restricted volume type \"{source}\""));
                }
            }
        }
        assert_eq!(HARMLESS_SOURCES.len() + RESTRICTED.len(), VOLUME_SOURCES.len());
    }

    #[test]
    fn other_types_are_told_by_name() {
        let json = r#"{"spec":{"containers":[{"name":"a","volumeMounts":[{"name":"v","mountPath":"/v"}]}],
            "volumes":[{"name":"v","nfs":{"server":"s","path":"/"}}]}}"#;
        let left = &repair(&CHECK, json).left[0];
        assert_eq!(left.why, r#"volume "v" is of type nfs; container "a" reads and may write it at /v"#);
        assert!(left.ways[0].starts_with("--volume v=claim:NAME, "));
    }
}
