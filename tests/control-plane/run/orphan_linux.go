package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child when this program is killed without a chance to do it itself.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
