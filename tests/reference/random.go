package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	kjson "sigs.k8s.io/json"
)

// sample is one line of `reference random`.
type sample struct {
	Pod json.RawMessage `json:"pod"`
	verdicts
	// Template is what the server warns of where the pod is the template of a workload: restricted level.
	Template []versionRun `json:"template"`
}

// random writes pods with their verdicts. Each pod depends on the seed and its own number only, so any one of
// them can be made again with -first I -n 1.
func random(out *lines, args []string) error {
	flags := flag.NewFlagSet("random", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "seed")
	count := flags.Int("n", 1, "number of pods")
	first := flags.Int("first", 0, "number of the first pod")
	valid := flags.Bool("valid", false, "only pods that a server's validation lets through")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New(usage)
	}
	evaluator, err := newEvaluator()
	if err != nil {
		return err
	}
	for result := range inOrder(*count, func(i int) made {
		number := *first + i
		s, err := evaluator.sample(newDice(*seed, number, *valid), number)
		return made{s, err}
	}) {
		if result.err != nil {
			return result.err
		}
		if err := out.write(result.sample); err != nil {
			return err
		}
	}
	return nil
}

type made struct {
	sample *sample
	err    error
}

// inOrder runs a function for 0 to n-1 on all processors and yields the results in order.
func inOrder[T any](n int, f func(int) T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		pending := make(chan chan T, 64*runtime.NumCPU())
		work := make(chan func(), 64*runtime.NumCPU())
		stop := make(chan struct{})
		defer close(stop)
		for range runtime.NumCPU() {
			go func() {
				for job := range work {
					job()
				}
			}()
		}
		go func() {
			defer close(work)
			defer close(pending)
			for i := range n {
				result := make(chan T, 1)
				select {
				case pending <- result:
				case <-stop:
					return
				}
				work <- func() { result <- f(i) }
			}
		}()
		for result := range pending {
			if !yield(<-result) {
				return
			}
		}
	}
}

func (e *evaluator) sample(d *dice, number int) (*sample, error) {
	text, err := json.Marshal(d.pod(number))
	if err != nil {
		return nil, err
	}
	if text, err = d.roughen(text); err != nil {
		return nil, err
	}
	// From here on only the text counts, and it is read as a server reads it.
	read := func() (*corev1.Pod, error) {
		var pod corev1.Pod
		if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &pod); err != nil {
			return nil, fmt.Errorf("pod %d: %w in %s", number, err, text)
		}
		return &pod, nil
	}
	pod, err := read()
	if err != nil {
		return nil, err
	}
	template, err := read()
	if err != nil {
		return nil, err
	}
	preparePod(&pod.ObjectMeta, &pod.Spec)
	prepareTemplate(&template.Spec)
	return &sample{
		Pod:      text,
		verdicts: e.verdicts(pod),
		Template: e.runs(api.LevelRestricted, &template.ObjectMeta, &template.Spec),
	}, nil
}

// dice makes the choices for one pod, all within one mood.
type dice struct {
	*rand.Rand
	valid bool
	// present is the chance of a field that nothing asks for.
	present float64
	// odd is the chance of a value that some policy forbids, or that is strange in another way.
	odd float64
	// comply is the chance that a field which restricted asks for is set as it wants.
	comply float64
	// onPod and onContainer are the shares of it that the pod's and the containers' own fields take, where
	// either will do. Most pods rely on one of the two alone.
	onPod, onContainer float64
}

func newDice(seed uint64, number int, valid bool) *dice {
	d := &dice{Rand: rand.New(rand.NewPCG(seed, uint64(number))), valid: valid}
	// Nearly half of the pods are close to compliance: among pods with everything wrong, an evaluator that
	// always says no would look right, and most messages would never be seen alone.
	switch n := d.IntN(20); {
	case n < 3:
		d.present, d.odd, d.comply = 0.3, 0.003, 1
	case n < 9:
		d.present, d.odd, d.comply = 0.3, 0.02, 0.98
	case n < 12:
		d.present, d.odd, d.comply = 0.1, 0.5, 0.2
	case n < 16:
		d.present, d.odd, d.comply = 0.4, 0.4, 0.6
	default:
		d.present, d.odd, d.comply = 0.85, 0.6, 0.5
	}
	switch d.IntN(4) {
	case 0:
		d.onPod, d.onContainer = 1, 0
	case 1:
		d.onPod, d.onContainer = 0, 1
	case 2:
		d.onPod, d.onContainer = 1, 1
	default:
		d.onPod, d.onContainer = 0.6, 0.5
	}
	return d
}

func (d *dice) chance(p float64) bool { return d.Float64() < p }

func pick[T any](d *dice, values ...T) T { return values[d.IntN(len(values))] }

// value picks from the tame values, or now and then from the odd ones.
func value[T any](d *dice, tame, odd []T) T {
	if d.chance(d.odd) && len(odd) > 0 {
		return pick(d, odd...)
	}
	return pick(d, tame...)
}

// maybe makes a value with the chance of a free field.
func maybe[T any](d *dice, make func() T) *T { return withChance(d, d.present, make) }

func withChance[T any](d *dice, p float64, make func() T) *T {
	if !d.chance(p) {
		return nil
	}
	v := make()
	return &v
}

// some makes a list of up to most values.
func some[T any](d *dice, most int, make func(i int) T) []T {
	var list []T
	for i := range d.IntN(most + 1) {
		list = append(list, make(i))
	}
	return list
}

// unlessValid gives the values that a server's validation turns away, for pods that never meet one.
func unlessValid[T any](d *dice, values ...T) []T {
	if d.valid {
		return nil
	}
	return values
}
