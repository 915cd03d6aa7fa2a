//go:build !js

package main

import "runtime/debug"

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
