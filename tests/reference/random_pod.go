package main

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	seccompPodAnnotation       = "seccomp.security.alpha.kubernetes.io/pod"
	seccompContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/"
)

func (d *dice) pod(number int) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", number)},
	}
	spec := &pod.Spec
	spec.OS = withChance(d, d.present/2, func() corev1.PodOS {
		return corev1.PodOS{Name: value(d, []corev1.OSName{corev1.Linux, corev1.Windows, corev1.Windows}, unlessValid(d, corev1.OSName("plan9"), "", "Windows"))}
	})
	spec.HostUsers = withChance(d, d.present/2, func() bool { return pick(d, true, false, false) })
	spec.HostNetwork = d.chance(d.odd / 4)
	spec.HostPID = d.chance(d.odd / 4)
	spec.HostIPC = d.chance(d.odd / 4)
	spec.SecurityContext = d.podSecurity()
	d.containers(spec)
	spec.Volumes = d.volumes()
	pod.Annotations = d.annotations(spec)
	if d.valid {
		makeValid(pod)
	}
	return pod
}

func (d *dice) containers(spec *corev1.PodSpec) {
	for i := range 1 + d.IntN(3) {
		spec.Containers = append(spec.Containers, d.container(fmt.Sprintf("c%d", i), regular))
	}
	spec.InitContainers = some(d, pick(d, 0, 1, 2), func(i int) corev1.Container {
		return d.container(fmt.Sprintf("i%d", i), initial)
	})
	if d.valid {
		return
	}
	spec.EphemeralContainers = some(d, pick(d, 0, 0, 1, 2), func(i int) corev1.EphemeralContainer {
		common := d.container(fmt.Sprintf("e%d", i), ephemeral)
		return corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon(common)}
	})
	if d.chance(d.odd / 40) {
		// A server turns such a pod away, but templates of custom resources may look like this.
		spec.Containers = nil
	}
}

func (d *dice) podSecurity() *corev1.PodSecurityContext {
	return withChance(d, max(d.comply, d.present), func() corev1.PodSecurityContext {
		c := corev1.PodSecurityContext{
			RunAsNonRoot:    d.nonRoot(d.onPod),
			RunAsUser:       d.user(),
			SeccompProfile:  d.seccomp(d.onPod),
			AppArmorProfile: d.appArmor(),
			SELinuxOptions:  d.seLinux(),
			WindowsOptions:  d.windows(),
		}
		if d.chance(d.present) {
			c.Sysctls = some(d, 3, func(int) corev1.Sysctl { return d.sysctl() })
		}
		return c
	})
}

// Every list of allowed sysctls in the library's history is covered here, and a few beyond them.
var (
	knownSysctls = []string{
		"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
		"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
		"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
		"net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat",
	}
	otherSysctls   = []string{"kernel.msgmax", "net.core.somaxconn", "kernel/shm_rmid_forced", "vm.swappiness", "fs.mqueue.msg_max"}
	invalidSysctls = []string{"", "Net.ipv4.tcp_rmem", " kernel.shm_rmid_forced", `a"b`, "net.ipv4.tcp_rmem, kernel.sem"}
)

func (d *dice) sysctl() corev1.Sysctl {
	return corev1.Sysctl{
		Name:  value(d, knownSysctls, append(unlessValid(d, invalidSysctls...), otherSysctls...)),
		Value: pick(d, "0", "1", "1024 65535"),
	}
}

// annotations sets the two families that checks read, for containers that exist and for some that do not.
func (d *dice) annotations(spec *corev1.PodSpec) map[string]string {
	if !d.chance(max(d.present/2, 0.2)) {
		return nil
	}
	all := map[string]string{}
	names := []string{"ghost", "c0", "i0", "e0"}
	for _, container := range containersOf(spec) {
		names = append(names, container.Name)
	}
	for _, name := range names {
		if d.chance(0.3) {
			all[appArmorAnnotation+name] = value(d, tameAppArmorAnnotations, d.oddAnnotations())
		}
		if d.chance(0.3) {
			all[seccompContainerAnnotation+name] = value(d, tameSeccompAnnotations, d.oddAnnotations())
		}
	}
	if d.chance(0.4) {
		all[seccompPodAnnotation] = value(d, tameSeccompAnnotations, d.oddAnnotations())
	}
	if d.chance(0.2) {
		all["example.test/team"] = "a"
	}
	return all
}

var (
	tameAppArmorAnnotations = []string{"runtime/default", "localhost/k8s-nginx", "localhost/a/b", ""}
	tameSeccompAnnotations  = []string{"runtime/default", "docker/default", "localhost/profile.json"}
)

// oddAnnotations has values for both families: what is right for one is wrong for the other.
func (d *dice) oddAnnotations() []string {
	odd := []string{"unconfined", "unconfined", "localhost/ padded "}
	if !d.valid && d.chance(0.01) {
		odd = []string{tooLongAnnotation}
	}
	return append(odd, unlessValid(d, "docker/default", "", "localhost/", "localhost", "Runtime/Default", " runtime/default",
		"runtime/default\n", d.text(), d.text(), d.text())...)
}

// tooLongAnnotation is no profile to a server, for its length alone.
var tooLongAnnotation = "localhost/" + strings.Repeat("x", longestAppArmorProfile+1)

// text makes a string that is hard to quote: the messages print annotation values with Go's %q, which spells
// out all that is not printable in its own Unicode tables.
func (d *dice) text() string {
	var b strings.Builder
	for range 1 + d.IntN(6) {
		switch d.IntN(4) {
		case 0:
			b.WriteString(pick(d, `"`, `\`, "'", "`", "\n", "\t", "\r", "\a", "\b", "\f", "\v", "\x00", "\x1b", "\x7f", " ", "%s", "&<>"))
		case 1:
			b.WriteString(pick(d, "\u0080", "\u0085", "\u00a0", "\u00ad", "\u0301", "\u0378", "\u200b", "\u202e", "\u2028", "\u2029", "\u3000",
				"\ue000", "\ufeff", "\ufffd", "\uffff", "é", "ß", "漢", "\U0001f600", "\U000e0001", "\U0001f1e6", "\U0010ffff"))
		case 2:
			b.WriteRune(d.rune())
		default:
			b.WriteString(pick(d, "a", "unconfined", "/", "B", "0"))
		}
	}
	return b.String()
}

// rune picks from all of Unicode, with the planes that have assignments more often.
func (d *dice) rune() rune {
	r := rune(d.IntN(pick(d, 0x300, 0x3000, 0x10000, 0x20000, 0x110000)))
	if r >= 0xd800 && r < 0xe000 {
		return 'x' // A surrogate cannot stand in a JSON string.
	}
	return r
}
