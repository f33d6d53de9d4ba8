package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// object is a JSON object on its way to become rougher.
type object = map[string]any

// roughen writes the pod's JSON as people and programs do write it, which Go's own encoder never does: fields
// that are null, lists and objects that are empty, and (unless the pod must be valid) keys that nothing reads.
func (d *dice) roughen(text []byte) ([]byte, error) {
	if !d.chance(0.4) {
		return text, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var pod object
	if err := decoder.Decode(&pod); err != nil {
		return nil, err
	}
	d.roughenPod(pod)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(d.chance(0.5))
	err := encoder.Encode(pod)
	return bytes.TrimSpace(out.Bytes()), err
}

func (d *dice) roughenPod(pod object) {
	if metadata, ok := pod["metadata"].(object); ok {
		d.absent(metadata, null, "labels", "annotations")
		d.absent(metadata, emptyObject, "labels", "annotations")
		if annotations, ok := metadata["annotations"].(object); ok && !d.valid && d.chance(0.1) {
			// A null reads as an empty string.
			annotations[appArmorAnnotation+"c0"] = nil
			annotations[seccompPodAnnotation] = nil
		}
	}
	spec, ok := pod["spec"].(object)
	if !ok {
		return
	}
	d.absent(spec, null, "securityContext", "hostUsers", "os", "volumes", "initContainers", "ephemeralContainers", "hostNetwork", "hostPID")
	d.absent(spec, emptyList, "volumes", "initContainers", "ephemeralContainers")
	d.absent(spec, emptyObject, "securityContext")
	d.unread(spec, "hostnetwork", "HostPID", "hostUser", "Volumes")
	// With a system named, a server refuses the other one's fields even where they are empty.
	empties := !d.valid || spec["os"] == nil
	d.roughenSecurity(spec, empties)
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		d.roughenContainers(spec, list, empties)
	}
	d.roughenVolumes(spec)
}

func (d *dice) roughenContainers(spec object, list string, empties bool) {
	containers, _ := spec[list].([]any)
	for _, c := range containers {
		container, ok := c.(object)
		if !ok {
			continue
		}
		d.absent(container, null, "securityContext", "livenessProbe", "lifecycle", "ports")
		d.absent(container, emptyList, "ports", "env")
		d.absent(container, emptyObject, "securityContext")
		d.roughenSecurity(container, empties)
		if lifecycle, ok := container["lifecycle"].(object); ok {
			d.absent(lifecycle, null, "postStart", "preStop")
		}
		d.roughenProbe(container, "livenessProbe")
	}
	if len(containers) > 0 && !d.valid && d.chance(0.02) {
		// A null in a list of objects is an object with nothing set.
		spec[list] = append(containers, nil)
	}
}

func (d *dice) roughenProbe(container object, name string) {
	if probe, ok := container[name].(object); ok {
		d.absent(probe, null, "httpGet", "tcpSocket", "exec")
		if get, ok := probe["httpGet"].(object); ok {
			d.absent(get, null, "host", "httpHeaders")
		}
	}
}

func (d *dice) roughenSecurity(parent object, empties bool) {
	c, ok := parent["securityContext"].(object)
	if !ok {
		return
	}
	_, isPod := parent["containers"]
	d.absent(c, null, "runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions")
	if empties {
		d.absent(c, emptyObject, "seLinuxOptions", "windowsOptions")
	}
	if isPod {
		d.absent(c, emptyList, "sysctls")
		d.absent(c, null, "sysctls")
	} else {
		d.absent(c, null, "privileged", "allowPrivilegeEscalation", "procMount", "capabilities")
		if empties {
			d.absent(c, emptyObject, "capabilities")
		}
	}
	d.unread(c, "runAsNonroot", "Privileged", "AllowPrivilegeEscalation", "seccompprofile", "capability")
	if windows, ok := c["windowsOptions"].(object); ok {
		d.absent(windows, null, "hostProcess")
	}
	capabilities, _ := c["capabilities"].(object)
	if capabilities == nil {
		return
	}
	d.absent(capabilities, null, "add", "drop")
	d.absent(capabilities, emptyList, "add", "drop")
	if added, ok := capabilities["add"].([]any); ok && !d.valid && d.chance(0.03) {
		capabilities["add"] = append(added, nil)
	}
}

func (d *dice) roughenVolumes(spec object) {
	volumes, _ := spec["volumes"].([]any)
	for _, v := range volumes {
		volume, ok := v.(object)
		if !ok {
			continue
		}
		d.absent(volume, null, "hostPath", "emptyDir", "nfs", "configMap")
		d.unread(volume, "hostpath", "emptydir", "cephFS", "tmpfs")
		for _, key := range slices.Sorted(maps.Keys(volume)) {
			if key != "name" && !d.valid && d.chance(0.1) {
				volume[key] = object{}
			}
		}
	}
	if len(volumes) > 0 && !d.valid && d.chance(0.02) {
		spec["volumes"] = append(volumes, nil)
	}
}

func null() any        { return nil }
func emptyList() any   { return []any{} }
func emptyObject() any { return object{} }

// absent gives fields that are not there a value that means the same.
func (d *dice) absent(o object, make func() any, keys ...string) {
	for _, key := range keys {
		if _, found := o[key]; !found && d.chance(0.1) {
			o[key] = make()
		}
	}
}

// unread adds keys that a server drops: it reads field names with their exact case.
func (d *dice) unread(o object, keys ...string) {
	if d.valid {
		return
	}
	for _, key := range keys {
		if d.chance(0.02) {
			o[key] = true
		}
	}
}
