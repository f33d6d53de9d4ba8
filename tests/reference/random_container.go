package main

import (
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

type containerKind int

const (
	regular containerKind = iota
	initial
	ephemeral
)

func (d *dice) container(name string, kind containerKind) corev1.Container {
	c := corev1.Container{
		Name:            d.containerName(name),
		Image:           pick(d, "nginx", "registry.example/app:1.0"),
		SecurityContext: d.containerSecurity(),
	}
	c.Ports = d.ports()
	if kind == initial && d.chance(d.present) {
		always := corev1.ContainerRestartPolicyAlways
		c.RestartPolicy = &always
	}
	if d.valid && kind == initial && c.RestartPolicy == nil {
		return c
	}
	for _, probe := range []**corev1.Probe{&c.LivenessProbe, &c.ReadinessProbe, &c.StartupProbe} {
		if d.chance(d.present / 2) {
			*probe = &corev1.Probe{ProbeHandler: d.probeHandler()}
		}
	}
	if d.chance(d.present / 2) {
		c.Lifecycle = &corev1.Lifecycle{PostStart: maybe(d, d.lifecycleHandler), PreStop: maybe(d, d.lifecycleHandler)}
	}
	return c
}

// containerName is the plain one nearly always. Names are only put between quotes in the messages, so they may
// hold anything there; repeated ones are printed twice by some checks and once by others.
func (d *dice) containerName(plain string) string {
	if d.valid {
		return plain
	}
	if d.chance(0.06) {
		return pick(d, "c0", "c1", "i0")
	}
	if d.chance(0.06) {
		return pick(d, "", `say "hi"`, `back\slash`, "ünïcödé", "漢字", "two\nlines", "tab\there", "\x00", "\x1b[31m", "a, b", "\U0001f600", "e\u0301",
			" ", "A", "container-with-a-rather-long-name-"+strings.Repeat("x", 64))
	}
	return plain
}

func (d *dice) containerSecurity() *corev1.SecurityContext {
	return withChance(d, max(d.comply, d.present), func() corev1.SecurityContext {
		c := corev1.SecurityContext{
			Privileged:             maybe(d, func() bool { return value(d, []bool{false}, []bool{true}) }),
			RunAsNonRoot:           d.nonRoot(d.onContainer),
			RunAsUser:              d.user(),
			ReadOnlyRootFilesystem: maybe(d, func() bool { return pick(d, true, false) }),
			SeccompProfile:         d.seccomp(d.onContainer),
			AppArmorProfile:        d.appArmor(),
			SELinuxOptions:         d.seLinux(),
			WindowsOptions:         d.windows(),
			Capabilities:           d.capabilities(),
		}
		c.AllowPrivilegeEscalation = withChance(d, max(d.comply, d.present), func() bool {
			return value(d, []bool{false}, []bool{true})
		})
		c.ProcMount = withChance(d, d.present/2, func() corev1.ProcMountType {
			return value(d, []corev1.ProcMountType{corev1.DefaultProcMount},
				append(unlessValid(d, corev1.ProcMountType(""), "default", `We"ird`), corev1.UnmaskedProcMount))
		})
		return c
	})
}

// nonRoot takes the share of complying that the pod or the container has.
func (d *dice) nonRoot(share float64) *bool {
	return withChance(d, max(d.comply*share, d.present), func() bool { return value(d, []bool{true}, []bool{false}) })
}

func (d *dice) user() *int64 {
	return withChance(d, d.present/2, func() int64 {
		return value(d, []int64{1, 1000, math.MaxInt32}, append(unlessValid[int64](d, -1, math.MaxInt64), 0, 0))
	})
}

func (d *dice) seccomp(share float64) *corev1.SeccompProfile {
	return withChance(d, max(d.comply*share, d.present), func() corev1.SeccompProfile {
		p := corev1.SeccompProfile{Type: value(d,
			[]corev1.SeccompProfileType{corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeLocalhost},
			append(unlessValid[corev1.SeccompProfileType](d, "", "runtimeDefault", "Bogus", `q"`), corev1.SeccompProfileTypeUnconfined))}
		if p.Type == corev1.SeccompProfileTypeLocalhost || (!d.valid && d.chance(d.odd/4)) {
			p.LocalhostProfile = new(pick(d, "profile.json", "a/b.json"))
		}
		return p
	})
}

func (d *dice) appArmor() *corev1.AppArmorProfile {
	return withChance(d, d.present/3, func() corev1.AppArmorProfile {
		p := corev1.AppArmorProfile{Type: value(d,
			[]corev1.AppArmorProfileType{corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeLocalhost},
			append(unlessValid[corev1.AppArmorProfileType](d, "", "unconfined", "Bogus", `q"`), corev1.AppArmorProfileTypeUnconfined))}
		if p.Type == corev1.AppArmorProfileTypeLocalhost || (!d.valid && d.chance(d.odd/4)) {
			p.LocalhostProfile = new(pick(d, "k8s-nginx", "a/b"))
		}
		return p
	})
}

func (d *dice) seLinux() *corev1.SELinuxOptions {
	return withChance(d, d.present/3, func() corev1.SELinuxOptions {
		return corev1.SELinuxOptions{
			Type: value(d, []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"},
				[]string{"spc_t", "container_t ", "Container_t", `a"b`}),
			User:  value(d, []string{""}, []string{"system_u", " "}),
			Role:  value(d, []string{""}, []string{"system_r", " "}),
			Level: pick(d, "", "s0:c1,c2"),
		}
	})
}

func (d *dice) windows() *corev1.WindowsSecurityContextOptions {
	return withChance(d, d.present/4, func() corev1.WindowsSecurityContextOptions {
		o := corev1.WindowsSecurityContextOptions{HostProcess: withChance(d, 0.7, func() bool {
			return value(d, []bool{false}, []bool{true})
		})}
		if d.chance(0.3) {
			o.RunAsUserName = new("ContainerUser")
		}
		return o
	})
}

var (
	baselineCapabilities = []corev1.Capability{"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
		"NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
	oddCapabilities = []corev1.Capability{"ALL", "NET_RAW", "SYS_ADMIN", "NET_ADMIN", "all", "chown", "net_bind_service", "CAP_CHOWN",
		"CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN", "CAP_ALL", "Net_Bind_Service", "", " CHOWN", `q"uote`, "ÜBER"}
)

func (d *dice) capabilities() *corev1.Capabilities {
	return withChance(d, max(d.comply, d.present), func() corev1.Capabilities {
		c := corev1.Capabilities{}
		if d.chance(d.comply) {
			c.Drop = []corev1.Capability{"ALL"}
		}
		if d.chance(d.present) {
			more := value(d, [][]corev1.Capability{{}, {"NET_RAW"}, {"MKNOD", "CHOWN"}}, [][]corev1.Capability{{"all"}, {"CAP_ALL"}, {"", "ALL"}, {"All"}})
			c.Drop = append(more[:len(more):len(more)], c.Drop...)
		}
		if d.chance(d.present) {
			c.Add = some(d, 3, func(int) corev1.Capability {
				return value(d, []corev1.Capability{"NET_BIND_SERVICE"}, append(baselineCapabilities[:len(baselineCapabilities):len(baselineCapabilities)], oddCapabilities...))
			})
		}
		return c
	})
}

func (d *dice) ports() []corev1.ContainerPort {
	return some(d, pick(d, 0, 1, 3), func(i int) corev1.ContainerPort {
		p := corev1.ContainerPort{ContainerPort: pick(d, int32(80), 443, 8080, 9090) + int32(i)}
		p.HostPort = value(d, []int32{0}, append(unlessValid[int32](d, -1, 65536, math.MaxInt32, math.MinInt32), p.ContainerPort, 80, 8081, 10250))
		p.Protocol = pick(d, corev1.ProtocolTCP, corev1.ProtocolUDP, "")
		return p
	})
}

var someHosts = []string{"127.0.0.1", "::1", "localhost", "10.0.0.1", "example.test", " ", `q"uote`, "ü", "0"}

func (d *dice) host() string { return value(d, []string{""}, someHosts) }

func (d *dice) probeHandler() corev1.ProbeHandler {
	var h corev1.ProbeHandler
	port := intstr.FromInt32(8080)
	switch d.IntN(5) {
	case 0, 1:
		h.HTTPGet = &corev1.HTTPGetAction{Path: "/", Host: d.host(), Port: port}
	case 2:
		h.TCPSocket = &corev1.TCPSocketAction{Host: d.host(), Port: intstr.FromString("http")}
	case 3:
		h.Exec = &corev1.ExecAction{Command: []string{"true"}}
	default:
		h.GRPC = &corev1.GRPCAction{Port: 8080}
	}
	if !d.valid && d.chance(d.odd/3) {
		h.HTTPGet = &corev1.HTTPGetAction{Host: d.host(), Port: port}
		h.TCPSocket = &corev1.TCPSocketAction{Host: d.host(), Port: port}
	}
	return h
}

func (d *dice) lifecycleHandler() corev1.LifecycleHandler {
	h := d.probeHandler()
	l := corev1.LifecycleHandler{HTTPGet: h.HTTPGet, TCPSocket: h.TCPSocket, Exec: h.Exec}
	if h.GRPC != nil && h.HTTPGet == nil {
		l.Sleep = &corev1.SleepAction{Seconds: 1}
	}
	return l
}
