//go:build !js

package native

import "runtime/debug"

// version is set by the linker: -ldflags "-X edgeframe/native.version=…".
var version string

// Version is the version of the program: the linked one, or what the build recorded.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
