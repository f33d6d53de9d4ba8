//! What the API server does to a pod before Pod Security admission sees it, and the sentences that it then says.

use std::borrow::Cow;

use crate::model::{APP_ARMOR_ANNOTATION, AppArmorProfile, Container, Finding, PodTemplate};
use crate::policy::Policy;

/// Makes of a pod what admission sees when the pod is created.
///
/// Container ports of pods on the host network become host ports (`SetDefaults_PodSpec` in
/// `k8s.io/kubernetes/pkg/apis/core/v1`; ephemeral containers have no ports), volumes without a source become an
/// emptyDir (`SetDefaults_Volume`), and AppArmor annotations are copied to the containers' fields
/// (`applyAppArmorVersionSkew` in `pkg/registry/core/pod`).
pub fn prepare_pod(pod: &mut PodTemplate) {
    if pod.spec.host_network == Some(true) {
        default_host_ports(&mut pod.spec.containers);
        default_host_ports(&mut pod.spec.init_containers);
    }
    copy_app_armor_annotations(pod);
    prepare_template(pod);
}

/// Makes of a workload's template what admission sees when the workload is created: volumes without a source become
/// an emptyDir. The rest of [`prepare_pod`] happens only to the pods that are made of it.
pub fn prepare_template(pod: &mut PodTemplate) {
    for volume in pod.spec.volumes.iter_mut().filter(|volume| volume.sources.is_empty()) {
        volume.sources.push("emptyDir");
    }
}

/// Whether [`prepare_pod`] does more than [`prepare_template`], so that a pod's text differs from its template's.
#[must_use]
pub fn pod_differs_from_template(pod: &PodTemplate) -> bool {
    pod.spec.host_network == Some(true) || pod.metadata.annotations.keys().any(|k| k.starts_with(APP_ARMOR_ANNOTATION))
}

fn default_host_ports(containers: &mut [Container]) {
    for port in containers.iter_mut().flat_map(|container| &mut container.ports) {
        if port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
}

fn copy_app_armor_annotations(pod: &mut PodTemplate) {
    if pod.metadata.annotations.is_empty() || pod.spec.is_windows() {
        return;
    }
    let of_pod = pod.spec.security_context.as_ref().and_then(|context| context.app_armor_profile.clone());
    for container in pod.spec.init_containers.iter_mut().chain(&mut pod.spec.containers) {
        let Some(value) = pod.metadata.annotations.get(&format!("{APP_ARMOR_ANNOTATION}{}", container.name)) else {
            continue;
        };
        if container.security_context.as_ref().is_some_and(|context| context.app_armor_profile.is_some()) {
            continue;
        }
        let profile = app_armor_profile(value).map(Box::new);
        if profile.is_some() && profile != of_pod {
            container.security_context.get_or_insert_default().app_armor_profile = profile;
        }
    }
}

/// The profile that an annotation's value stands for; `None` for values that the server does not take.
fn app_armor_profile(annotation: &str) -> Option<AppArmorProfile> {
    /// Longest name of a profile on the node that the server takes, in bytes.
    const LONGEST: usize = 4095;
    let of_type = |type_: &str, file: Option<&str>| {
        Some(AppArmorProfile { type_: type_.to_owned(), localhost_profile: file.map(str::to_owned) })
    };
    match annotation {
        "runtime/default" => of_type("RuntimeDefault", None),
        "unconfined" => of_type("Unconfined", None),
        _ => {
            let file = annotation.strip_prefix("localhost/")?;
            let is_valid = !file.is_empty() && file.trim() == file && file.len() <= LONGEST;
            if is_valid { of_type("Localhost", Some(file)) } else { None }
        }
    }
}

/// What the server answers to the creation of a pod that `policy` forbids, without kubectl's own words before it.
#[must_use]
pub fn refusal(pod_name: &str, policy: Policy, findings: &[Finding]) -> String {
    // The API server puts the name between quotes as it is, and "unknown" for a pod that only has a generateName.
    let name: Cow<'_, str> = if pod_name.is_empty() { "unknown".into() } else { pod_name.into() };
    let sentence = Finding::sentence(findings);
    format!("pods \"{name}\" is forbidden: violates PodSecurity \"{policy}\": {sentence}")
}

/// What the server warns about a workload or pod that does not meet a warn policy.
#[must_use]
pub fn warning(policy: Policy, findings: &[Finding]) -> String {
    format!("would violate PodSecurity \"{policy}\": {}", Finding::sentence(findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(json: &str) -> PodTemplate {
        let mut pod: PodTemplate = serde_json::from_str(json).expect("valid");
        prepare_pod(&mut pod);
        pod
    }

    #[test]
    fn host_network_turns_ports_into_host_ports() {
        let pod = prepared(
            r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a","ports":[{"containerPort":80},
               {"containerPort":81,"hostPort":82}]}],"initContainers":[{"name":"i","ports":[{"containerPort":9}]}]}}"#,
        );
        let ports: Vec<_> = pod.spec.containers[0].ports.iter().map(|port| port.host_port).collect();
        assert_eq!(ports, [80, 82]);
        assert_eq!(pod.spec.init_containers[0].ports[0].host_port, 9);
    }

    #[test]
    fn a_volume_without_a_source_becomes_an_empty_dir() {
        let pod = prepared(r#"{"spec":{"volumes":[{"name":"a"},{"name":"b","hostPath":{"path":"/"}}]}}"#);
        assert_eq!(pod.spec.volumes[0].sources, ["emptyDir"]);
        assert_eq!(pod.spec.volumes[1].sources, ["hostPath"]);
    }

    #[test]
    fn app_armor_annotations_become_fields() {
        let annotated = |value: &str, rest: &str| {
            let json = format!(
                r#"{{"metadata":{{"annotations":{{"container.apparmor.security.beta.kubernetes.io/a":"{value}"}}}},
                   "spec":{{"containers":[{{"name":"a"}}]{rest}}}}}"#
            );
            prepared(&json).spec.containers[0].security_context.as_ref().and_then(|c| c.app_armor_profile.clone())
        };
        assert_eq!(annotated("unconfined", "").map(|profile| profile.type_), Some("Unconfined".to_owned()));
        let local = annotated("localhost/web", "").and_then(|profile| profile.localhost_profile);
        assert_eq!(local, Some("web".to_owned()));
        assert_eq!(annotated("localhost/", ""), None);
        assert_eq!(annotated("something", ""), None);
        assert_eq!(annotated("unconfined", r#","os":{"name":"windows"}"#), None);
        let same = r#","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#;
        assert_eq!(annotated("runtime/default", same), None);
    }
}
