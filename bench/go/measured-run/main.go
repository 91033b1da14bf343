// Runs a program and writes what it took, as one JSON object, to the file that comes first of the arguments: seconds from
// its start to its end, CPU seconds and peak resident set of it and of what it waited for (getrusage(2)).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const kib = 1024

type usage struct {
	ExitCode     int     `json:"exitCode"`
	Seconds      float64 `json:"seconds"`
	CpuSeconds   float64 `json:"cpuSeconds"`
	PeakRssBytes int64   `json:"peakRssBytes"`
}

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: measured-run FILE PROGRAM [ARGUMENT...]"))
	}
	// The signal comes when the thread ends that started the other program.
	runtime.LockOSThread()
	command := exec.Command(os.Args[2], os.Args[3:]...)
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	// Whoever ends this program ends the other, too.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := command.Start(); err != nil {
		fail(err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		fail(err)
	}
	seconds := time.Since(began).Seconds()
	state := command.ProcessState
	used := usage{ExitCode: state.ExitCode(), Seconds: seconds, CpuSeconds: (state.UserTime() + state.SystemTime()).Seconds()}
	if resources, isKnown := state.SysUsage().(*syscall.Rusage); isKnown {
		used.PeakRssBytes = resources.Maxrss * kib
	}
	text, err := json.Marshal(used)
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o600)
	}
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "measured-run:", err)
	os.Exit(1)
}
