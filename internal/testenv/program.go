//go:build !js

package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// buildCommand is how a wrangler.toml builds its Worker.
var buildCommand = regexp.MustCompile(`(?m)^command = "(.*)"$`)

// StartExample builds the Worker in a folder below the root of the repository, as its wrangler.toml says, and starts
// it. Its entry is worker.mjs.
func StartExample(t testing.TB, folder string, opt WorkerOptions) *Worker {
	t.Helper()
	dir := filepath.Join(Root(), folder)
	settings, err := os.ReadFile(filepath.Join(dir, "wrangler.toml"))
	if err != nil {
		t.Fatal(err)
	}
	found := buildCommand.FindSubmatch(settings)
	if found == nil {
		t.Fatalf("%s/wrangler.toml has no command", folder)
	}
	locked(t, filepath.Base(folder)+".lock", func() {
		build := exec.Command("sh", "-c", string(found[1]))
		build.Dir = dir
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", found[1], err, out)
		}
	})
	in := func(name string) string { return filepath.Join(folder, name) }
	return startModules(t, Root(), []string{in("worker.mjs"), "edge/runtime.mjs", "edge/border.mjs", in("build/wasm_exec.js"), in("build/app.wasm")}, opt)
}
