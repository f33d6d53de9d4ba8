package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// tailBytes is how much of a server's log is shown when it fails.
const tailBytes = 6000

// process is one running server, its output in a log file.
type process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read after done is closed
	// stopped says that it is ended on purpose, to be started again.
	stopped atomic.Bool
}

// startProcess runs a program; ended receives the process when it ends without having been stopped.
func startProcess(bin, dir, name string, args []string, ended chan<- *process) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = exec.Command(filepath.Join(bin, name), args...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = out, out
	dieWithParent(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
		if !p.stopped.Load() {
			ended <- p
		}
	}()
	return p, nil
}

// kill ends the process at once: its data are thrown away, so nothing needs a tidy shutdown.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) tail() string {
	b, _ := os.ReadFile(p.log)
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	return string(b)
}

// failure describes a process that ended though nobody asked it to.
func (p *process) failure() error {
	return fmt.Errorf("%s ended by itself (%v); the end of its log:\n%s", p.name, p.err, p.tail())
}

// lostPort tells whether the process ended because somebody else took its port first.
func (p *process) lostPort() bool {
	return strings.Contains(p.tail(), "address already in use")
}
