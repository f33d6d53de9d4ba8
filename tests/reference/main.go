// Command reference says what the Kubernetes project's own libraries make of manifests and pods,
// so that the Rust implementation can be held against them. See README.md for the subcommands.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

const usage = `usage:
  reference fixtures DIR
  reference random -seed S -n N [-first I] [-valid]
  reference yaml FILE...
  reference judge [-versions V,V] [-warning] FILE...`

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, syscall.EPIPE) {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	out := newLines(os.Stdout)
	var err error
	switch command, rest := args[0], args[1:]; command {
	case "fixtures":
		err = fixtures(out, rest)
	case "random":
		err = random(out, rest)
	case "yaml":
		err = readings(out, rest)
	case "judge":
		err = judge(out, rest)
	default:
		err = fmt.Errorf("unknown subcommand %q\n%s", command, usage)
	}
	return errors.Join(err, out.buffer.Flush())
}

// lines writes one JSON value per line.
type lines struct {
	buffer  *bufio.Writer
	encoder *json.Encoder
}

func newLines(w io.Writer) *lines {
	l := &lines{buffer: bufio.NewWriterSize(w, 1<<20)}
	l.encoder = json.NewEncoder(l.buffer)
	// The text is compared by programs, never put into a web page.
	l.encoder.SetEscapeHTML(false)
	return l
}

func (l *lines) write(value any) error { return l.encoder.Encode(value) }
