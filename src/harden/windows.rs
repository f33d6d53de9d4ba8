//! Pods that are for Windows although they do not say so.

use serde_json::Value;

use super::Task;
use crate::checks::Step;
use crate::model::{Applicability, Edit, FieldPath, Finding, PodTemplate};
use crate::policy::Level;

/// What is taken for granted about a pod's operating system.
#[derive(Debug, Default)]
pub(super) struct Assumed {
    /// Whether it is a Windows pod.
    pub(super) is_windows: bool,
    /// What makes it say so.
    pub(super) steps: Vec<Step>,
    /// What should be known about that.
    pub(super) note: Option<String>,
}

/// The first version whose policy lets Windows pods off, if they say so.
const LET_OFF_SINCE: u16 = 25;

/// The checks that let them off.
const LET_OFF: &[&str] = &["allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"];

/// What the API server forbids in the pod's securityContext on Windows (`validateWindows` in
/// `k8s.io/kubernetes/pkg/apis/core/validation`).
const LINUX_POD_FIELDS: &[&str] = &[
    "appArmorProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsGroup",
    "runAsUser",
    "seLinuxChangePolicy",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
];

/// The same in the pod's spec.
const LINUX_SPEC_FIELDS: &[&str] = &["hostIPC", "hostPID", "hostUsers", "shareProcessNamespace"];

/// The same in a container's securityContext.
const LINUX_CONTAINER_FIELDS: &[&str] = &[
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
];

/// Finds out whether a pod is for Windows, and has it say so where that is all that three checks want.
pub(super) fn assume(task: &Task<'_>, pod: &PodTemplate, findings: &[Finding]) -> Assumed {
    if pod.spec.is_windows() {
        return Assumed { is_windows: true, ..Assumed::default() };
    }
    let hinted = pod.spec.os.is_none() && selects_windows(task.template);
    if !hinted || task.choices.windows == Some(false) {
        return Assumed::default();
    }
    let helps = task.policy.level == Level::Restricted && task.policy.version.minor() >= LET_OFF_SINCE;
    let wanted = |finding: &Finding| LET_OFF.contains(&finding.check) && task.choices.includes(finding.check);
    if !helps || !findings.iter().any(wanted) {
        return Assumed { is_windows: true, ..Assumed::default() };
    }
    let name = Edit::set(FieldPath::fields(&["spec", "os", "name"]), "windows");
    let linux = linux_fields(task.template, pod).map(Edit::remove);
    let safe = |edit| Step { edit, fix: Applicability::Safe, risk: String::new() };
    Assumed {
        is_windows: true,
        steps: [name].into_iter().chain(linux).map(safe).collect(),
        note: task.choices.windows.is_none().then(|| {
            "the node selector asks for Windows nodes, so it is taken for a Windows pod: spec.os.name says so, and it \
             gets no Linux fields"
                .to_owned()
        }),
    }
}

fn selects_windows(template: &Value) -> bool {
    let labels = ["kubernetes.io/os", "beta.kubernetes.io/os"];
    let selector = FieldPath::fields(&["spec", "nodeSelector"]);
    labels.iter().any(|label| selector.clone().key(*label).find(template).is_some_and(|value| value == "windows"))
}

/// What is written and must go before the pod may say that it is for Windows; Windows nodes do nothing with it.
fn linux_fields(template: &Value, pod: &PodTemplate) -> impl Iterator<Item = FieldPath> {
    let of =
        |holder: FieldPath, names: &'static [&'static str]| names.iter().map(move |name| holder.clone().field(name));
    let spec = FieldPath::fields(&["spec"]);
    let of_containers =
        pod.spec.all_containers().flat_map(move |c| of(c.path().field("securityContext"), LINUX_CONTAINER_FIELDS));
    let all = of(spec.clone(), LINUX_SPEC_FIELDS)
        .chain(of(spec.field("securityContext"), LINUX_POD_FIELDS))
        .chain(of_containers)
        .chain(shared_mounts(template, pod));
    all.filter(|path| path.find(template).is_some_and(|value| !value.is_null()))
}

/// Mounts that are shared back to the node, which the API server takes from privileged containers only.
fn shared_mounts(template: &Value, pod: &PodTemplate) -> impl Iterator<Item = FieldPath> {
    let lists = pod.spec.all_containers().map(|container| container.path().field("volumeMounts"));
    let mounts = lists.flat_map(|list| {
        let count = list.find(template).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(move |at| list.clone().index(at).field("mountPropagation"))
    });
    mounts.filter(|path| path.find(template).is_some_and(|value| value == "Bidirectional"))
}
