package main

import (
	"fmt"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func init() {
	known := map[string]bool{}
	for _, source := range append(allowedSources, restrictedSources...) {
		known[sourceField(source())] = true
	}
	all := reflect.TypeFor[corev1.VolumeSource]()
	for i := range all.NumField() {
		if name := all.Field(i).Name; !known[name] {
			panic("no random volume has the source " + name + " of this version of the API")
		}
	}
}

// The sources that restricted allows. All have the fields that a server asks for.
var allowedSources = []func() corev1.VolumeSource{
	func() corev1.VolumeSource { return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}} },
	func() corev1.VolumeSource {
		name := corev1.LocalObjectReference{Name: "settings"}
		return corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: name}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "token"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{}}
	},
	func() corev1.VolumeSource {
		name := corev1.LocalObjectReference{Name: "settings"}
		source := corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: name}}
		return corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{source}}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "csi.example.test"}}
	},
	func() corev1.VolumeSource {
		claim := corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		}
		template := &corev1.PersistentVolumeClaimTemplate{Spec: claim}
		return corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{VolumeClaimTemplate: template}}
	},
	imageSource,
}

// imageSource is kept from valid pods: servers before v1.35 drop the field unless told otherwise, and then
// refuse a volume without a source.
func imageSource() corev1.VolumeSource {
	return corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: "registry.example/data:1.0"}}
}

var restrictedSources = []func() corev1.VolumeSource{
	func() corev1.VolumeSource {
		return corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/var/log"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{GCEPersistentDisk: &corev1.GCEPersistentDiskVolumeSource{PDName: "disk"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{GitRepo: &corev1.GitRepoVolumeSource{Repository: "https://example.test/a.git"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "nfs.example.test", Path: "/export"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{TargetPortal: "10.0.0.1:3260", IQN: "iqn.2001-04.test.example:storage"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{Glusterfs: &corev1.GlusterfsVolumeSource{EndpointsName: "gluster", Path: "vol"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{CephMonitors: []string{"10.0.0.1:6789"}, RBDImage: "image"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{FlexVolume: &corev1.FlexVolumeSource{Driver: "example.test/driver"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{Cinder: &corev1.CinderVolumeSource{VolumeID: "vol-1"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{CephFS: &corev1.CephFSVolumeSource{Monitors: []string{"10.0.0.1:6789"}}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{Flocker: &corev1.FlockerVolumeSource{DatasetName: "data"}}
	},
	func() corev1.VolumeSource {
		lun := int32(1)
		return corev1.VolumeSource{FC: &corev1.FCVolumeSource{TargetWWNs: []string{"50060e801049cfd1"}, Lun: &lun}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{AzureFile: &corev1.AzureFileVolumeSource{SecretName: "azure", ShareName: "share"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{VsphereVolume: &corev1.VsphereVirtualDiskVolumeSource{VolumePath: "[store] disk"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{Quobyte: &corev1.QuobyteVolumeSource{Registry: "quobyte.example.test:7861", Volume: "vol"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{DiskName: "disk", DataDiskURI: "https://example.test/disk.vhd"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{PhotonPersistentDisk: &corev1.PhotonPersistentDiskVolumeSource{PdID: "disk"}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{VolumeID: "vol"}}
	},
	func() corev1.VolumeSource {
		secret := &corev1.LocalObjectReference{Name: "scaleio"}
		return corev1.VolumeSource{ScaleIO: &corev1.ScaleIOVolumeSource{Gateway: "https://example.test", System: "s", VolumeName: "v", SecretRef: secret}}
	},
	func() corev1.VolumeSource {
		return corev1.VolumeSource{StorageOS: &corev1.StorageOSVolumeSource{VolumeName: "vol"}}
	},
}

func (d *dice) volumes() []corev1.Volume {
	return some(d, pick(d, 0, 1, 4), func(i int) corev1.Volume {
		v := corev1.Volume{Name: fmt.Sprintf("v%d", i), VolumeSource: d.source()}
		if d.valid {
			return v
		}
		if d.chance(0.05) {
			v.Name = pick(d, "", "v0", `q"uote`, "漢字", "a\tb")
		}
		if d.chance(d.odd / 5) {
			addSource(&v.VolumeSource, d.source())
		}
		return v
	})
}

func (d *dice) source() corev1.VolumeSource {
	if d.chance(0.1) {
		return corev1.VolumeSource{}
	}
	source := value(d, allowedSources, restrictedSources)()
	if d.chance(d.odd / 4) {
		// The one source with a check of its own; it would be rare among so many.
		source = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
	}
	if d.valid && source.Image != nil {
		return corev1.VolumeSource{}
	}
	return source
}

// sourceField is the name of the one source that is set.
func sourceField(source corev1.VolumeSource) string {
	v := reflect.ValueOf(source)
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			return v.Type().Field(i).Name
		}
	}
	return ""
}

// addSource sets a second source in a volume, which only a server's validation forbids.
func addSource(to *corev1.VolumeSource, from corev1.VolumeSource) {
	if name := sourceField(from); name != "" {
		reflect.ValueOf(to).Elem().FieldByName(name).Set(reflect.ValueOf(from).FieldByName(name))
	}
}
