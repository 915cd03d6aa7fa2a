//go:build js && wasm

// Command worker is the program of the Worker; edge/worker.mjs runs it.
package main

import "edgeframe/edge"

// version is set by the linker.
var version = "unknown"

func main() { edge.Serve(version) }
