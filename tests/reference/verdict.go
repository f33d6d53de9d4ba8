package main

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const (
	// newestMinor is the newest policy version that the pinned library knows.
	newestMinor = 37
	// latestIndex stands for `latest` where a run starts at it, one after the newest numbered version.
	latestIndex = newestMinor + 1
)

// run is a verdict that holds from policy version v1.From up to the next run.
type versionRun struct {
	From int `json:"from"`
	verdict
}

// verdict is the outcome of all checks of one level and version. Text is empty where the pod is allowed.
type verdict struct {
	Text    string      `json:"text"`
	Results [][2]string `json:"results"`
}

// evaluator wraps the library's with the versions at which each level's list of checks changes.
type evaluator struct {
	inner policy.Evaluator
	// changes holds, per level, the minor versions where some check gets a new revision. In between, the
	// library runs the very same functions, so there is no need to ask it 39 times for each pod.
	changes map[api.Level][]int
}

func newEvaluator() (*evaluator, error) {
	checks := policy.DefaultChecks()
	inner, err := policy.NewEvaluator(checks, nil)
	if err != nil {
		return nil, err
	}
	e := &evaluator{inner: inner, changes: map[api.Level][]int{}}
	for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
		minors := []int{0, newestMinor, latestIndex}
		for _, check := range checks {
			if check.Level == api.LevelRestricted && level == api.LevelBaseline {
				continue
			}
			for _, revision := range check.Versions {
				minors = append(minors, revision.MinimumVersion.Minor())
			}
		}
		slices.Sort(minors)
		e.changes[level] = slices.Compact(minors)
	}
	return e, nil
}

func versionOf(index int) api.Version {
	if index == latestIndex {
		return api.LatestVersion()
	}
	return api.MajorMinorVersion(1, index)
}

// at evaluates one level and version.
func (e *evaluator) at(level api.Level, version api.Version, meta *metav1.ObjectMeta, spec *corev1.PodSpec) verdict {
	results := e.inner.EvaluatePod(api.LevelVersion{Level: level, Version: version}, meta, spec)
	total := policy.AggregateCheckResults(results)
	v := verdict{Results: make([][2]string, len(total.ForbiddenReasons))}
	for i, reason := range total.ForbiddenReasons {
		v.Results[i] = [2]string{reason, total.ForbiddenDetails[i]}
	}
	if !total.Allowed {
		v.Text = total.ForbiddenDetail()
	}
	return v
}

// runs evaluates every version of a level and keeps the verdicts that differ from the one before.
func (e *evaluator) runs(level api.Level, meta *metav1.ObjectMeta, spec *corev1.PodSpec) []versionRun {
	var all []versionRun
	for _, index := range e.changes[level] {
		v := e.at(level, versionOf(index), meta, spec)
		if n := len(all); n == 0 || !slices.Equal(all[n-1].Results, v.Results) {
			all = append(all, versionRun{From: index, verdict: v})
		}
	}
	return all
}
