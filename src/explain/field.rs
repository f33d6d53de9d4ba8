//! The fields around the checks: those of both securityContexts that Pod Security does not judge, and the two fields
//! of a pod that change what it asks.

/// A field that no check judges.
#[derive(Debug)]
pub struct Field {
    /// Where it is, as the fields of a check are written.
    pub paths: &'static [&'static str],
    /// What it does, and what its default means.
    pub what: &'static str,
    /// When to set it.
    pub when: &'static str,
    /// What may stop working, and how to tell.
    pub breaks: &'static str,
    /// What Pod Security makes of it.
    pub judged: &'static str,
    /// Lines of a pod that use it, as YAML.
    pub example: &'static str,
}

/// What Pod Security makes of most of them.
const NOTHING: &str = "Pod Security asks nothing about this field, at any level.";

/// All of them, those of containers first.
pub static FIELDS: &[Field] = &[
    Field {
        paths: &["spec.containers[*].securityContext.readOnlyRootFilesystem"],
        what: "Mounts the container's own file system read-only; volumes keep the access that they are mounted with. \
               Not set means that the program may write anywhere its user may.",
        when: "Wherever the program writes to volumes only. An intruder then can neither change the program nor leave \
               tools beside it, and nobody relies on files that are gone after a restart.",
        breaks: "Programs that write a PID file, a cache or temporary files beside themselves: they report \
                 \"read-only file system\". Mount an emptyDir at each such folder, often /tmp, /run or /var/cache.",
        judged: NOTHING,
        example: "spec:\n  containers:\n  - name: app\n    securityContext:\n      readOnlyRootFilesystem: true\n    \
                  volumeMounts:\n    - name: tmp\n      mountPath: /tmp\n  volumes:\n  - name: tmp\n    emptyDir: {}\n",
    },
    Field {
        paths: &["spec.securityContext.runAsGroup", "spec.containers[*].securityContext.runAsGroup"],
        what: "The number of the primary group of the container's processes. Not set, it is the group that the image \
               gives its user, and 0, the group of root, for a user that the image does not know.",
        when: "Beside runAsUser, so that the program does not end up in root's group and its new files belong to a \
               group that you chose.",
        breaks: "Access to files of the image that only its former group may read or write; images made for random \
                 users often rely on group 0. The program reports \"permission denied\".",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    runAsUser: 10001\n    runAsGroup: 10001\n",
    },
    Field {
        paths: &["spec.securityContext.fsGroup"],
        what: "A group that every container of the pod is in and that owns the files of its volumes: when a volume is \
               mounted, the kubelet hands it over to the group and makes it writable for it. Not set, volumes keep \
               their owners.",
        when: "When a program that is not root must write to a volume. It takes the place of an init container that \
               runs chown as root.",
        breaks: "Volumes with very many files take long to mount; see fsGroupChangePolicy. Programs that insist on \
                 private key files refuse those that the group may read. hostPath volumes and most network file \
                 systems are left as they are.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    runAsUser: 10001\n    fsGroup: 10001\n",
    },
    Field {
        paths: &["spec.securityContext.fsGroupChangePolicy"],
        what: "When fsGroup is applied to the files of a volume: Always, the default, at every mount; OnRootMismatch \
               only where the volume's top folder does not look right already.",
        when: "With OnRootMismatch for large volumes whose pods take minutes to start.",
        breaks: "With OnRootMismatch, files deeper in the volume that came from elsewhere keep a wrong group: the \
                 program reports \"permission denied\" for some of them. Secrets, configMaps and emptyDirs ignore the \
                 field.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    fsGroup: 10001\n    fsGroupChangePolicy: OnRootMismatch\n",
    },
    Field {
        paths: &["spec.securityContext.supplementalGroups"],
        what: "More groups that the processes of all containers are in. Groups that the image's own group file gives \
               the user count as well, unless supplementalGroupsPolicy says otherwise.",
        when: "When the program must read files that belong to a group of their own, on a shared NFS export for one. \
               Unlike fsGroup it changes no file.",
        breaks: "Nothing by itself: it gives access and takes none. That is the risk too, so name no group that owns \
                 more than the program needs, and not 0.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    supplementalGroups: [2000]\n",
    },
    Field {
        paths: &["spec.securityContext.supplementalGroupsPolicy"],
        what: "Whether groups from the image's group file are added: Merge, the default, adds them; Strict gives the \
               processes only the groups that the manifest names.",
        when: "With Strict where groups decide who may read a volume: an image can otherwise put its user into any \
               group without a trace in the manifest.",
        breaks: "With Strict, programs that got at files through a group of the image report \"permission denied\". \
                 Nodes whose runtime does not know the policy turn the pod away.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    supplementalGroups: [2000]\n    supplementalGroupsPolicy: Strict\n",
    },
    Field {
        paths: &["spec.securityContext.seLinuxChangePolicy"],
        what: "How volumes get the pod's SELinux label: Recursive changes the label of every file, MountOption mounts \
               the volume with the label at once. Not set, the cluster's version decides. Nodes without SELinux \
               ignore it.",
        when: "With Recursive, when pods with different labels share a volume on one node, a privileged and an \
               ordinary one for example.",
        breaks: "With MountOption a second pod with another label cannot mount the volume on that node and stays in \
                 ContainerCreating. With Recursive, volumes with many files take long to mount.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    seLinuxChangePolicy: Recursive\n",
    },
    Field {
        paths: &[
            "spec.securityContext.seLinuxOptions.level",
            "spec.containers[*].securityContext.seLinuxOptions.level",
        ],
        what: "The level of the SELinux label, as s0:c123,c456. Not set, the runtime gives each pod categories of its \
               own, so that pods cannot touch each other's files even where all else is the same.",
        when: "When several pods must share the files of a volume on nodes with SELinux: give them the same level.",
        breaks: "A level that differs from that of the files: the program reports \"permission denied\", and the \
                 node's audit log has an \"avc: denied\" line.",
        judged: "Pod Security leaves the level free; type, user and role are judged by seLinuxOptions.",
        example: "spec:\n  securityContext:\n    seLinuxOptions:\n      level: s0:c123,c456\n",
    },
    Field {
        paths: &[
            "spec.securityContext.seccompProfile.localhostProfile",
            "spec.containers[*].securityContext.seccompProfile.localhostProfile",
        ],
        what: "The file with the seccomp profile on the node, named from the seccomp folder of the kubelet. It goes \
               with type: Localhost, and only with it.",
        when: "When RuntimeDefault forbids a system call that the program needs, or to allow even less than that.",
        breaks: "A profile that is missing on a node keeps the container in CreateContainerError; a profile that \
                 forbids too much makes the program report \"operation not permitted\". Bring profiles to all nodes \
                 before the pods, with the Security Profiles Operator for one.",
        judged: "Pod Security takes any name here, as long as the type passes; see seccompProfile_baseline and \
                 seccompProfile_restricted.",
        example: "spec:\n  securityContext:\n    seccompProfile:\n      type: Localhost\n      localhostProfile: \
                  profiles/app.json\n",
    },
    Field {
        paths: &[
            "spec.securityContext.appArmorProfile.localhostProfile",
            "spec.containers[*].securityContext.appArmorProfile.localhostProfile",
        ],
        what: "The name of an AppArmor profile that is loaded on the node. It goes with type: Localhost, and only \
               with it.",
        when: "When the runtime's profile keeps the program from something that it needs, a mount for example, or to \
               allow even less.",
        breaks: "Where the profile is not loaded, or the node has no AppArmor, the container does not start. What the \
                 profile forbids shows as apparmor=\"DENIED\" in the node's kernel log.",
        judged: "Pod Security takes any name here, as long as the type passes; see appArmorProfile.",
        example: "spec:\n  securityContext:\n    appArmorProfile:\n      type: Localhost\n      localhostProfile: \
                  app\n",
    },
    Field {
        paths: &["spec.securityContext.sysctls[*].value"],
        what: "The value of the kernel parameter that name names, as a text.",
        when: "Whenever there is a name.",
        breaks: "A value that the kernel does not take keeps the pod in ContainerCreating; its events say why.",
        judged: "Pod Security judges only the names; see sysctls.",
        example: "spec:\n  securityContext:\n    sysctls:\n    - name: net.ipv4.ip_unprivileged_port_start\n      \
                  value: \"80\"\n",
    },
    Field {
        paths: &[
            "spec.securityContext.windowsOptions.runAsUserName",
            "spec.containers[*].securityContext.windowsOptions.runAsUserName",
        ],
        what: "The Windows account that the container's program runs as, with or without a domain. Not set, it is the \
               account that the image names.",
        when: "To run as ContainerUser, which has few rights, where the image would run as ContainerAdministrator. \
               On Windows it takes the place of runAsUser.",
        breaks: "An account that the image does not have keeps the container from starting; ContainerUser cannot \
                 install anything or write to most folders.",
        judged: "Pod Security asks nothing about this field. runAsNonRoot is judged on Windows pods too, and the \
                 kubelet then refuses ContainerAdministrator.",
        example: "spec:\n  securityContext:\n    windowsOptions:\n      runAsUserName: ContainerUser\n",
    },
    Field {
        paths: &[
            "spec.securityContext.windowsOptions.gmsaCredentialSpecName",
            "spec.containers[*].securityContext.windowsOptions.gmsaCredentialSpecName",
        ],
        what: "The name of a GMSACredentialSpec object: the group managed service account as which Windows containers \
               meet Active Directory. A webhook of the cluster looks it up and fills in gmsaCredentialSpec.",
        when: "When a Windows program must sign in to a domain service, a SQL Server for example, without a password \
               in the manifest.",
        breaks: "Without the webhook, or without the right to use the object, the pod is refused or the program \
                 cannot sign in.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    windowsOptions:\n      gmsaCredentialSpecName: app-account\n",
    },
    Field {
        paths: &[
            "spec.securityContext.windowsOptions.gmsaCredentialSpec",
            "spec.containers[*].securityContext.windowsOptions.gmsaCredentialSpec",
        ],
        what: "The content of a GMSA credential spec itself, as JSON text. Usually a webhook writes it, from the \
               object that gmsaCredentialSpecName names.",
        when: "Hardly ever by hand: set gmsaCredentialSpecName.",
        breaks: "A content that the node cannot use keeps the container from starting, and the webhook refuses one \
                 that does not match the name.",
        judged: NOTHING,
        example: "spec:\n  securityContext:\n    windowsOptions:\n      gmsaCredentialSpecName: app-account\n",
    },
    Field {
        paths: &["spec.hostUsers"],
        what: "With false the pod gets a user namespace: its user IDs, root included, are mapped to IDs of the node \
               that own nothing there. Not set means true, the node's own user IDs.",
        when: "For programs that must be root in their container: package managers, builders, old daemons.",
        breaks: "The node's kernel, runtime and the file systems of all volumes must support it, or the pod does not \
                 start. It does not go with hostNetwork, hostPID or hostIPC.",
        judged: "From v1.35 on, false lets a pod off runAsNonRoot and runAsUser, and off procMount at the baseline \
                 level.",
        example: "spec:\n  hostUsers: false\n",
    },
    Field {
        paths: &["spec.os.name"],
        what: "The operating system that the pod is made for: linux or windows. The kubelet refuses pods that are made \
               for another one than the node's.",
        when: "On every pod for Windows nodes, so that it is judged as one.",
        breaks: "With windows the API server refuses the fields that only Linux has: capabilities, seccompProfile, \
                 runAsUser, allowPrivilegeEscalation and others.",
        judged: "From v1.25 on, windows lets a pod off allowPrivilegeEscalation, capabilities_restricted and \
                 seccompProfile_restricted.",
        example: "spec:\n  os:\n    name: windows\n  nodeSelector:\n    kubernetes.io/os: windows\n",
    },
];

impl Field {
    /// Its name: the last step of its paths.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path().rsplit('.').next().unwrap_or_default()
    }

    /// The first of its paths, which no other field has.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.paths.first().copied().unwrap_or_default()
    }

    /// What it is called where others are too: its path from the securityContext or the pod's spec on.
    #[must_use]
    pub fn label(&self) -> &'static str {
        let path = self.path();
        let tail = path.split_once("securityContext.").or_else(|| path.split_once("spec."));
        tail.map_or(path, |(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    #[test]
    fn every_field_is_told_about_in_full_and_judged_by_no_check() {
        for field in FIELDS {
            for text in [field.what, field.when, field.breaks, field.judged] {
                assert!(text.ends_with('.') && !text.contains("  "), "{:?}: {text}", field.paths);
            }
            let judged = |path: &&str| CHECKS.iter().any(|check| check.meaning.fields.contains(path));
            assert!(!field.paths.iter().any(judged), "{:?}", field.paths);
            assert!(field.paths.iter().all(|path| path.ends_with(field.label())), "{:?}", field.paths);
            assert!(field.label().ends_with(field.name()) && !field.name().is_empty(), "{:?}", field.paths);
        }
    }

    #[test]
    fn examples_are_yaml_that_pods_are_made_of() {
        for field in FIELDS {
            let example: Result<crate::model::PodTemplate, _> = serde_yaml::from_str(field.example);
            assert!(example.is_ok(), "{:?}: {example:?}", field.paths);
        }
    }
}
