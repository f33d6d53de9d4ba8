package main

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// makeValid takes out of a random pod what a server's validation turns away because of another field. Values
// that are wrong by themselves are never picked for such a pod. Annotations come last: they must agree with the
// fields that are left.
func makeValid(pod *corev1.Pod) {
	spec := &pod.Spec
	agreeOnHostProcess(spec)
	if spec.OS != nil {
		agreeWithSystem(spec)
	}
	if spec.HostUsers != nil && !*spec.HostUsers {
		spec.HostNetwork, spec.HostPID, spec.HostIPC = false, false, false
		dropHostProcess(spec)
	}
	for _, container := range containersOf(spec) {
		agreeOnEscalation(container.SecurityContext)
		agreeOnProcMount(spec, container.SecurityContext)
	}
	spreadPorts(spec)
	if spec.SecurityContext != nil {
		keepSysctls(spec)
	}
	agreeOnSeccomp(pod)
	agreeOnAppArmor(pod)
}

// agreeOnHostProcess: with one host process, all containers are one, and the pod is on the host's network.
func agreeOnHostProcess(spec *corev1.PodSpec) {
	on := false
	for _, options := range windowsOptions(spec) {
		on = on || (options.HostProcess != nil && *options.HostProcess)
	}
	if !on {
		return
	}
	spec.HostNetwork = true
	for _, options := range windowsOptions(spec) {
		options.HostProcess = new(true)
	}
	for _, container := range containersOf(spec) {
		if container.SecurityContext == nil {
			container.SecurityContext = &corev1.SecurityContext{}
		}
		if container.SecurityContext.WindowsOptions == nil {
			container.SecurityContext.WindowsOptions = &corev1.WindowsSecurityContextOptions{HostProcess: new(true)}
		}
	}
}

func dropHostProcess(spec *corev1.PodSpec) {
	for _, options := range windowsOptions(spec) {
		options.HostProcess = nil
	}
}

func windowsOptions(spec *corev1.PodSpec) []*corev1.WindowsSecurityContextOptions {
	var all []*corev1.WindowsSecurityContextOptions
	if spec.SecurityContext != nil && spec.SecurityContext.WindowsOptions != nil {
		all = append(all, spec.SecurityContext.WindowsOptions)
	}
	for _, container := range containersOf(spec) {
		if container.SecurityContext != nil && container.SecurityContext.WindowsOptions != nil {
			all = append(all, container.SecurityContext.WindowsOptions)
		}
	}
	return all
}

// agreeWithSystem drops the fields of the other operating system.
func agreeWithSystem(spec *corev1.PodSpec) {
	windows := spec.OS.Name == corev1.Windows
	if windows {
		spec.HostUsers, spec.HostPID, spec.HostIPC = nil, false, false
	}
	if c := spec.SecurityContext; c != nil {
		if windows {
			spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: c.RunAsNonRoot, WindowsOptions: c.WindowsOptions}
		} else {
			c.WindowsOptions = nil
		}
	}
	for _, container := range containersOf(spec) {
		switch c := container.SecurityContext; {
		case c == nil:
		case windows:
			container.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: c.RunAsNonRoot, WindowsOptions: c.WindowsOptions}
		default:
			c.WindowsOptions = nil
		}
	}
}

// agreeOnEscalation: what implies more privileges cannot be had without escalation.
func agreeOnEscalation(c *corev1.SecurityContext) {
	if c == nil || c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation {
		return
	}
	privileged := c.Privileged != nil && *c.Privileged
	if privileged || (c.Capabilities != nil && slices.Contains(c.Capabilities.Add, "CAP_SYS_ADMIN")) {
		c.AllowPrivilegeEscalation = nil
	}
}

func agreeOnProcMount(spec *corev1.PodSpec, c *corev1.SecurityContext) {
	inUserNamespace := spec.HostUsers != nil && !*spec.HostUsers
	if c != nil && c.ProcMount != nil && *c.ProcMount == corev1.UnmaskedProcMount && !inUserNamespace {
		c.ProcMount = nil
	}
}

// spreadPorts gives every port a number of its own, and on the host's network the same one outside.
func spreadPorts(spec *corev1.PodSpec) {
	next := int32(8000)
	for _, container := range containersOf(spec) {
		for i := range container.Ports {
			next++
			port := &container.Ports[i]
			port.ContainerPort = next
			if port.HostPort != 0 {
				port.HostPort = next
			}
		}
	}
}

// keepSysctls drops repeated sysctls and those of a namespace that is the host's.
func keepSysctls(spec *corev1.PodSpec) {
	seen := map[string]bool{}
	spec.SecurityContext.Sysctls = slices.DeleteFunc(spec.SecurityContext.Sysctls, func(s corev1.Sysctl) bool {
		name := strings.ReplaceAll(s.Name, "/", ".")
		ofNetwork := strings.HasPrefix(name, "net.")
		ofIPC := strings.HasPrefix(name, "kernel.") || strings.HasPrefix(name, "fs.mqueue.")
		drop := seen[s.Name] || (ofNetwork && spec.HostNetwork) || (ofIPC && spec.HostIPC)
		seen[s.Name] = true
		return drop
	})
}

// agreeOnSeccomp drops the annotations that contradict a field.
func agreeOnSeccomp(pod *corev1.Pod) {
	agree := func(key string, profile *corev1.SeccompProfile) {
		annotation, found := pod.Annotations[key]
		if !found || profile == nil {
			return
		}
		matches := false
		switch profile.Type {
		case corev1.SeccompProfileTypeUnconfined:
			matches = annotation == "unconfined"
		case corev1.SeccompProfileTypeRuntimeDefault:
			matches = annotation == "runtime/default" || annotation == "docker/default"
		case corev1.SeccompProfileTypeLocalhost:
			matches = annotation == "localhost/"+*profile.LocalhostProfile
		}
		if !matches {
			delete(pod.Annotations, key)
		}
	}
	if c := pod.Spec.SecurityContext; c != nil {
		agree(seccompPodAnnotation, c.SeccompProfile)
	}
	for _, container := range containersOf(&pod.Spec) {
		if c := container.SecurityContext; c != nil {
			agree(seccompContainerAnnotation+container.Name, c.SeccompProfile)
		}
	}
}

// agreeOnAppArmor drops the annotations of containers that are not there and those that contradict the profile
// which the container ends up with.
func agreeOnAppArmor(pod *corev1.Pod) {
	windows := pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows
	var ofPod *corev1.AppArmorProfile
	if c := pod.Spec.SecurityContext; c != nil {
		ofPod = c.AppArmorProfile
	}
	keep := map[string]bool{}
	for _, container := range containersOf(&pod.Spec) {
		key := appArmorAnnotation + container.Name
		profile := ofPod
		annotated := appArmorProfileOf(pod.Annotations[key])
		if c := container.SecurityContext; c != nil && c.AppArmorProfile != nil {
			profile = c.AppArmorProfile
		} else if annotated != nil {
			profile = annotated
		}
		keep[key] = windows || profile == nil || sameAppArmor(profile, annotated)
	}
	for key := range pod.Annotations {
		if strings.HasPrefix(key, appArmorAnnotation) && !keep[key] {
			delete(pod.Annotations, key)
		}
	}
}

func sameAppArmor(a, b *corev1.AppArmorProfile) bool {
	if a == nil || b == nil || a.Type != b.Type {
		return a == b
	}
	return a.LocalhostProfile == nil || *a.LocalhostProfile == *b.LocalhostProfile
}
