// Command run starts etcd and kube-apiserver (with -controllers also kube-controller-manager) on free loopback
// ports, prints one JSON line when they are ready, and ends them when its standard input closes, on a signal,
// or when its life is over. It is the parent of those servers so that a test process that dies, however it
// dies, leaves nothing running: the system closes the pipe for it.
//
// A line "stop" on its standard input ends kube-apiserver at once, and "start" starts it again on the same port; each is
// answered by the same word once it is done.
//
//	run -bin DIR [-emulated-version 1.34] [-controllers] [-admission-config FILE] [-life 60m]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// options says which servers to start and for how long.
type options struct {
	bin             string
	emulatedVersion string
	admissionConfig string
	controllers     bool
	life            time.Duration
	readyIn         time.Duration
}

func parseOptions() (options, error) {
	var o options
	flag.StringVar(&o.bin, "bin", "", "folder with etcd, kube-apiserver and, for -controllers, kube-controller-manager")
	flag.StringVar(&o.emulatedVersion, "emulated-version", "", "behave as this older Kubernetes, such as 1.34")
	flag.StringVar(&o.admissionConfig, "admission-config", "", "AdmissionConfiguration `file` for kube-apiserver")
	flag.BoolVar(&o.controllers, "controllers", false, "start kube-controller-manager too, and service account admission with it")
	flag.DurationVar(&o.life, "life", time.Hour, "end after this time whatever happens")
	flag.DurationVar(&o.readyIn, "ready-in", time.Minute, "give up when the servers are not ready by then")
	flag.Parse()
	if o.bin == "" || flag.NArg() > 0 {
		return o, errors.New("usage: run -bin DIR [flags]; see -help")
	}
	// The servers run in a folder of their own.
	for _, p := range []*string{&o.bin, &o.admissionConfig} {
		if *p == "" {
			continue
		}
		abs, err := filepath.Abs(*p)
		if err != nil {
			return o, err
		}
		*p = abs
	}
	return o, nil
}

// errAsked is the cause of an end that somebody asked for, which is no failure.
var errAsked = errors.New("asked to end")

// lifetime is cancelled when standard input closes, on a signal, or after life. Lines of standard input are sent to orders.
func lifetime(life time.Duration, orders chan<- string) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			orders <- lines.Text()
		}
		cancel(errAsked)
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel(errAsked)
	}()
	time.AfterFunc(life, func() { cancel(fmt.Errorf("life of %v is over", life)) })
	return ctx
}

func supervise(o options) error {
	orders := make(chan string)
	ctx := lifetime(o.life, orders)
	c, err := startOnFreePorts(ctx, o)
	if err != nil {
		return err
	}
	defer c.stop()
	if err := json.NewEncoder(os.Stdout).Encode(c.info); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case p := <-c.ended:
			return p.failure()
		case order := <-orders:
			if err := c.obey(ctx, o, order); err != nil {
				return err
			}
			fmt.Println(order)
		}
	}
}

func main() {
	// The parent-death signal of children (see orphan_linux.go) is bound to the thread that started them.
	runtime.LockOSThread()
	o, err := parseOptions()
	if err == nil {
		err = supervise(o)
	}
	if err != nil && !errors.Is(err, errAsked) {
		fmt.Fprintln(os.Stderr, "control plane:", err)
		os.Exit(1)
	}
}
