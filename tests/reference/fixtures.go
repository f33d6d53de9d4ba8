package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"sigs.k8s.io/yaml"
)

// fixture is one file of the library's own test data: LEVEL/VERSION/{pass,fail}/NAME.yaml.
type fixture struct {
	File     string   `json:"file"`
	Level    string   `json:"level"`
	Version  string   `json:"version"`
	Expect   string   `json:"expect"`
	YAML     string   `json:"yaml"`
	Verdicts verdicts `json:"verdicts"`
}

// verdicts holds the runs of both levels.
type verdicts struct {
	Baseline   []versionRun `json:"baseline"`
	Restricted []versionRun `json:"restricted"`
}

func fixtures(out *lines, args []string) error {
	if len(args) != 1 {
		return errors.New(usage)
	}
	root := args[0]
	evaluator, err := newEvaluator()
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		fixture, err := evaluator.fixture(path, filepath.ToSlash(relative))
		if err != nil {
			return fmt.Errorf("%s: %w", relative, err)
		}
		return out.write(fixture)
	})
}

func (e *evaluator) fixture(path, name string) (*fixture, error) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 {
		return nil, errors.New("not LEVEL/VERSION/EXPECT/NAME.yaml")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(text, &pod); err != nil {
		return nil, err
	}
	preparePod(&pod.ObjectMeta, &pod.Spec)
	f := &fixture{File: name, Level: parts[0], Version: parts[1], Expect: parts[2], YAML: string(text), Verdicts: e.verdicts(&pod)}
	return f, e.confirm(f, &pod)
}

func (e *evaluator) verdicts(pod *corev1.Pod) verdicts {
	return verdicts{
		Baseline:   e.runs(api.LevelBaseline, &pod.ObjectMeta, &pod.Spec),
		Restricted: e.runs(api.LevelRestricted, &pod.ObjectMeta, &pod.Spec),
	}
}

// confirm guards the reference itself: the folder that a fixture lies in says what its verdict must be.
func (e *evaluator) confirm(f *fixture, pod *corev1.Pod) error {
	version, err := api.ParseVersion(f.Version)
	if err != nil {
		return err
	}
	v := e.at(api.Level(f.Level), version, &pod.ObjectMeta, &pod.Spec)
	if allowed := v.Text == ""; allowed != (f.Expect == "pass") {
		return fmt.Errorf("the library says %q", v.Text)
	}
	return nil
}
