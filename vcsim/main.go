// Command vsphere-motion-vcsim is a vCenter simulator in which a vMotion takes time: govmomi's simulator with a believable
// inventory, a control endpoint for tests and an engine that moves virtual machines the way vCenter does.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// Exit codes of the command.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// version is set by the build (-ldflags "-X main.version=..."); a plain build says "dev".
var version = "dev"

const usage = `usage: vsphere-motion-vcsim [serve] [flags]      start the simulator (see serve -h)
       vsphere-motion-vcsim health URL --ca FILE  exit 0 if the simulator at URL answers
       vsphere-motion-vcsim scenarios             names of the scenarios inside the binary
       vsphere-motion-vcsim version
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run dispatches to a sub-command and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	command, rest := "serve", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, rest = args[0], args[1:]
	}
	switch command {
	case "serve":
		return report(serveCommand(rest, stdout, stderr), stderr)
	case "health":
		return report(healthCommand(rest, stdout), stderr)
	case "scenarios":
		return report(printScenarios(stdout), stderr)
	case "version":
		fmt.Fprintln(stdout, versionLine())
		return exitOK
	case "help":
		fmt.Fprint(stdout, usage)
		return exitOK
	}
	return report(usageError{fmt.Errorf("unknown command %q; known are serve, health, scenarios, version", command)}, stderr)
}

// usageError marks a mistake on the command line: exit code 2 instead of 1.
type usageError struct{ error }

// report prints err as one line and returns the exit code that belongs to it.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(stderr, "vsphere-motion-vcsim: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitError
}

// versionLine names this program's version and that of the govmomi inside.
func versionLine() string {
	line := "vsphere-motion-vcsim " + version
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return line
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/vmware/govmomi" {
			line += " (govmomi " + module.Version + ", " + info.GoVersion + ")"
		}
	}
	return line
}
