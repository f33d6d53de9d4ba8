// psa-checker-steps takes the steps that psa-checker takes from a file to verdicts, with the libraries that it is built
// with, for machines on which psa-checker itself cannot be had. Its source was read for what it does, not copied: each
// document is read by yaml.v3 into nodes, written out again, decoded into the type of its kind, and judged by an
// evaluator made for it.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"gopkg.in/yaml.v3"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: psa-checker-steps FILE")
		os.Exit(2)
	}
	allowed, err := judge(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	if !allowed {
		os.Exit(1)
	}
}

func judge(name string) (bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	documents, all := yaml.NewDecoder(file), true
	for {
		var node yaml.Node
		if err := documents.Decode(&node); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return false, err
		}
		text, err := yaml.Marshal(&node)
		if err != nil {
			return false, err
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
		if err != nil {
			continue
		}
		allowed, err := ofObject(out, object)
		if err != nil {
			return false, err
		}
		all = all && allowed
	}
}

func ofObject(out io.Writer, object runtime.Object) (bool, error) {
	meta, spec := podOf(object)
	if spec == nil {
		return true, nil
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return false, err
	}
	allowed := true
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	fmt.Fprintln(out, meta.Name)
	for _, result := range evaluator.EvaluatePod(level, meta, spec) {
		if !result.Allowed {
			fmt.Fprintln(out, result.ForbiddenReason, result.ForbiddenDetail)
			allowed = false
		}
	}
	return allowed, nil
}

func podOf(object runtime.Object) (*metav1.ObjectMeta, *corev1.PodSpec) {
	switch o := object.(type) {
	case *corev1.Pod:
		return &o.ObjectMeta, &o.Spec
	case *appsv1.Deployment:
		return &o.ObjectMeta, &o.Spec.Template.Spec
	case *appsv1.DaemonSet:
		return &o.ObjectMeta, &o.Spec.Template.Spec
	case *appsv1.ReplicaSet:
		return &o.ObjectMeta, &o.Spec.Template.Spec
	case *batchv1.Job:
		return &o.ObjectMeta, &o.Spec.Template.Spec
	case *batchv1.CronJob:
		return &o.ObjectMeta, &o.Spec.JobTemplate.Spec.Template.Spec
	}
	return nil, nil
}
