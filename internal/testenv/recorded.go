//go:build !js

package testenv

import (
	"path/filepath"
	"strings"
	"testing"

	"edgeframe/internal/calls"
)

// StartRecordedWorker starts the Worker of this repository as [StartWorker] does, behind the entry of package
// calls, which records what it asks of its bindings.
func StartRecordedWorker(t testing.TB, opt WorkerOptions) *Worker {
	t.Helper()
	dir := BuildWorker(t, opt.Tags)
	paths, err := filepath.Glob(filepath.Join(dir, "edge", "*.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	entry, err := calls.Install(filepath.Join(dir, "edge"), false)
	if err != nil {
		t.Fatal(err)
	}
	modules := []string{"edge/" + entry, "build/wasm_exec.js", "build/app.wasm"}
	for _, path := range paths {
		if name := filepath.Base(path); !strings.HasPrefix(name, "recorded") {
			modules = append(modules, "edge/"+name)
		}
	}
	return startModules(t, dir, modules, opt)
}
