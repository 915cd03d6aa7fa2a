//go:build !js

package testenv

import (
	"path/filepath"
	"testing"

	"edgeframe/internal/calls"
)

// StartRecordedWorker starts the Worker of this repository as [StartWorker] does, behind the entry of package
// calls, which records what it asks of its bindings.
func StartRecordedWorker(t testing.TB, opt WorkerOptions) *Worker {
	t.Helper()
	dir := BuildWorker(t, opt.Tags)
	command(t, "cp", "edge/worker.mjs", filepath.Join(dir, "edge"))
	entry, err := calls.Install(filepath.Join(dir, "edge"), opt.Heads)
	if err != nil {
		t.Fatal(err)
	}
	modules := append([]string{"edge/" + entry, "edge/worker.mjs"}, scripts...)
	if opt.Heads {
		modules = append(modules, "edge/recorded.mjs")
	}
	return startModules(t, dir, append(modules, "build/wasm_exec.js", "build/app.wasm"), opt)
}
