package main

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	appArmorAnnotation = corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix
	// The server compares with PATH_MAX less the closing NUL.
	longestAppArmorProfile = 4095
)

// prepareTemplate does to a workload's template what the API server does before it warns about it: a volume
// without a source becomes an emptyDir.
func prepareTemplate(spec *corev1.PodSpec) {
	for i := range spec.Volumes {
		if spec.Volumes[i].VolumeSource == (corev1.VolumeSource{}) {
			spec.Volumes[i].EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
}

// preparePod does to a pod what the API server does before its admission judges it.
func preparePod(meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	prepareTemplate(spec)
	if spec.HostNetwork {
		// Ephemeral containers are left out here, they cannot have ports in a real cluster.
		publishPorts(spec.InitContainers)
		publishPorts(spec.Containers)
	}
	copyAppArmorAnnotations(meta, spec)
}

func publishPorts(containers []corev1.Container) {
	for _, container := range containers {
		for i, port := range container.Ports {
			if port.HostPort == 0 {
				container.Ports[i].HostPort = port.ContainerPort
			}
		}
	}
}

// copyAppArmorAnnotations gives each container without a profile the one of its annotation, as servers since
// v1.30 do on creation.
func copyAppArmorAnnotations(meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	if spec.OS != nil && spec.OS.Name == corev1.Windows {
		return
	}
	var ofPod *corev1.AppArmorProfile
	if spec.SecurityContext != nil {
		ofPod = spec.SecurityContext.AppArmorProfile
	}
	// A pod is created without ephemeral containers, and what adds them later copies nothing.
	for _, container := range createdContainersOf(spec) {
		annotation, found := meta.Annotations[appArmorAnnotation+container.Name]
		if !found || (container.SecurityContext != nil && container.SecurityContext.AppArmorProfile != nil) {
			continue
		}
		profile := appArmorProfileOf(annotation)
		// A copy of the pod's own profile would be noise: the container has it by inheritance.
		if profile == nil || reflect.DeepEqual(profile, ofPod) {
			continue
		}
		if container.SecurityContext == nil {
			container.SecurityContext = &corev1.SecurityContext{}
		}
		container.SecurityContext.AppArmorProfile = profile
	}
}

// appArmorProfileOf reads an annotation's value; nil where the server would not copy it.
func appArmorProfileOf(annotation string) *corev1.AppArmorProfile {
	switch annotation {
	case corev1.DeprecatedAppArmorBetaProfileRuntimeDefault:
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
	case corev1.DeprecatedAppArmorBetaProfileNameUnconfined:
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	}
	name, local := strings.CutPrefix(annotation, corev1.DeprecatedAppArmorBetaProfileNamePrefix)
	if !local || name == "" || name != strings.TrimSpace(name) || len(name) > longestAppArmorProfile {
		return nil
	}
	return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &name}
}

// containersOf lists all containers in the order in which the server visits them.
func containersOf(spec *corev1.PodSpec) []*corev1.Container {
	all := createdContainersOf(spec)
	for i := range spec.EphemeralContainers {
		all = append(all, (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	return all
}

// createdContainersOf lists the containers that a pod can be created with.
func createdContainersOf(spec *corev1.PodSpec) []*corev1.Container {
	var all []*corev1.Container
	for i := range spec.InitContainers {
		all = append(all, &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		all = append(all, &spec.Containers[i])
	}
	return all
}
