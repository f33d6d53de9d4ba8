package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/pod-security-admission/api"
)

// judgement is one line of `reference judge`.
type judgement struct {
	File      string `json:"file"`
	Document  int    `json:"document"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Level     string `json:"level"`
	Version   string `json:"version"`
	Allowed   bool   `json:"allowed"`
	Text      string `json:"text,omitempty"`
}

// judge goes the whole way from files to verdicts, one document after the other, as a program on the
// project's own libraries would: the peer that the speed of the Rust program is measured against.
func judge(out *lines, args []string) error {
	flags := flag.NewFlagSet("judge", flag.ContinueOnError)
	names := flags.String("versions", "latest", "policy versions, separated by commas")
	warning := flags.Bool("warning", false, "judge templates as the server's warning on the workload does")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var versions []api.Version
	for _, name := range strings.Split(*names, ",") {
		version, err := api.ParseVersion(name)
		if err != nil {
			return err
		}
		versions = append(versions, version)
	}
	evaluator, err := newEvaluator()
	if err != nil {
		return err
	}
	j := &judgeRun{out: out, evaluator: evaluator, versions: versions, warning: *warning, decoder: newDecoder()}
	for _, file := range flags.Args() {
		if err := j.file(file); err != nil {
			fmt.Fprintf(os.Stderr, "error: %s: %v\n", file, err)
		}
	}
	return nil
}

type judgeRun struct {
	out       *lines
	evaluator *evaluator
	versions  []api.Version
	warning   bool
	decoder   runtime.Decoder
}

func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(appsv1.AddToScheme(scheme))
	utilruntime.Must(batchv1.AddToScheme(scheme))
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}

// file ends at the first error, as kubectl does.
func (j *judgeRun) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	stream := newStream(f)
	for i := 0; ; i++ {
		raw, err := stream.next()
		if err != nil {
			return withoutEOF(err)
		}
		if len(raw) == 0 {
			continue
		}
		if err := j.object(name, i, raw); err != nil {
			return err
		}
	}
}

func (j *judgeRun) object(file string, index int, raw []byte) error {
	object, _, err := j.decoder.Decode(raw, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if list, ok := object.(*corev1.List); ok {
		for _, item := range list.Items {
			if err := j.object(file, index, item.Raw); err != nil {
				return err
			}
		}
		return nil
	}
	objects := []runtime.Object{object}
	if meta.IsListType(object) {
		if objects, err = meta.ExtractList(object); err != nil {
			return err
		}
	}
	for _, object := range objects {
		if err := j.template(file, index, object); err != nil {
			return err
		}
	}
	return nil
}

func (j *judgeRun) template(file string, index int, object runtime.Object) error {
	t := templateOf(object)
	if t == nil {
		return nil
	}
	if j.warning && t.kind != "Pod" {
		prepareTemplate(t.spec)
	} else {
		preparePod(t.meta, t.spec)
	}
	for _, version := range j.versions {
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			v := j.evaluator.at(level, version, t.meta, t.spec)
			line := judgement{
				File: file, Document: index, Kind: t.kind, Namespace: t.owner.Namespace, Name: t.owner.Name,
				Level: string(level), Version: version.String(), Allowed: v.Text == "", Text: v.Text,
			}
			if err := j.out.write(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// template is what admission looks at, and the object that it belongs to.
type template struct {
	kind  string
	owner *metav1.ObjectMeta
	meta  *metav1.ObjectMeta
	spec  *corev1.PodSpec
}

// templateOf finds the pod template of the nine kinds that have one; nil for any other object.
func templateOf(object runtime.Object) *template {
	of := func(kind string, owner *metav1.ObjectMeta, t *corev1.PodTemplateSpec) *template {
		return &template{kind, owner, &t.ObjectMeta, &t.Spec}
	}
	switch o := object.(type) {
	case *corev1.Pod:
		return &template{"Pod", &o.ObjectMeta, &o.ObjectMeta, &o.Spec}
	case *corev1.PodTemplate:
		return of("PodTemplate", &o.ObjectMeta, &o.Template)
	case *corev1.ReplicationController:
		if o.Spec.Template == nil {
			return nil
		}
		return of("ReplicationController", &o.ObjectMeta, o.Spec.Template)
	case *appsv1.ReplicaSet:
		return of("ReplicaSet", &o.ObjectMeta, &o.Spec.Template)
	case *appsv1.Deployment:
		return of("Deployment", &o.ObjectMeta, &o.Spec.Template)
	case *appsv1.StatefulSet:
		return of("StatefulSet", &o.ObjectMeta, &o.Spec.Template)
	case *appsv1.DaemonSet:
		return of("DaemonSet", &o.ObjectMeta, &o.Spec.Template)
	case *batchv1.Job:
		return of("Job", &o.ObjectMeta, &o.Spec.Template)
	case *batchv1.CronJob:
		return of("CronJob", &o.ObjectMeta, &o.Spec.JobTemplate.Spec.Template)
	}
	return nil
}
