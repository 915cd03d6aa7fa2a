//go:build !js

package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// versionText returns the version that was linked, or else the one that the Go tool recorded.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// printVersion writes the version, the commit if it is known, and what built the program for which platform.
func printVersion(w io.Writer) {
	release, commit, known := strings.Cut(versionText(), "+")
	fmt.Fprintln(w, "edgeframe", release)
	if known {
		fmt.Fprintln(w, "commit", commit)
	}
	fmt.Fprintf(w, "built with %s for %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
