//go:build !js

// Command edgeframe is the native server, and the command line for servers and files.
//
// Package cli says what its verbs do and with which codes it exits. A second signal while it stops ends it as that
// signal does by default.
package main

import (
	"io"
	"os"

	"edgeframe/cli"
)

// version is set by the linker: the release, and behind a plus sign the commit, such as 1.2.3+1ca5d04f2a11.
var version string

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run does what main does, and returns the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	return cli.Program{Version: versionText(), Environ: environ, Stdin: os.Stdin, Stdout: stdout, Stderr: stderr}.Run(args)
}
