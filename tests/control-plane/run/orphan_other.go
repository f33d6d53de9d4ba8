//go:build !linux

package main

import "os/exec"

// dieWithParent does nothing: only Linux offers it, and only a killed supervisor would need it.
func dieWithParent(*exec.Cmd) {}
