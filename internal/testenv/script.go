//go:build !js

package testenv

import "testing"

// StartScript starts a Worker of a test, which consists of modules below root, the first of which is its entry.
func StartScript(t testing.TB, root string, modules ...string) *Worker {
	t.Helper()
	return startModules(t, root, modules, WorkerOptions{NoKV: true})
}
