//go:build js && wasm

// Command worker is the Wasm program of the Worker. It is run by edge/worker.mjs.
package main

import "edgeframe/worker"

// version is set by the linker.
var version = "unknown"

func main() { worker.Serve(version) }
