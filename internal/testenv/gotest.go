//go:build !js

package testenv

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"testing"
)

// RunTestsInWorker runs the tests that a package has for js/wasm, a path below the root of the
// repository, in a Worker with an empty KV namespace and Durable Objects, with arguments of the test
// program. It returns what they print; that they fail is a failure of t.
func RunTestsInWorker(t testing.TB, pkg string, args ...string) (output string) {
	t.Helper()
	dir := buildOnce(t, "gotest-"+path.Base(pkg), func(dir string) {
		command(t, "mkdir", "-p", dir)
		command(t, "sh", "-c", `install -m 644 "$(go env GOROOT)/lib/wasm/wasm_exec.js" "$0"`, dir)
		command(t, "env", "GOOS=js", "GOARCH=wasm", "go", "test", "-c", "-tags", "noasm", "-o", filepath.Join(dir, "test.wasm"), "./"+pkg)
		command(t, "cp", append(append([]string{"internal/testenv/gotest.mjs"}, scripts...), dir)...)
	})
	modules := []string{"gotest.mjs", "wasm_exec.js", "test.wasm"}
	for _, path := range scripts {
		modules = append(modules, filepath.Base(path))
	}
	w := startModules(t, dir, modules, WorkerOptions{Heads: true})
	query := url.Values{"arg": append(args, "-test.v", "-test.timeout=0")}
	response, err := http.Get(w.URL + "/?" + query.Encode())
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Logs())
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil || response.Header.Get("Exit-Code") != "0" {
		t.Fatalf("the tests of %s failed: %v, exit code %q:\n%s\n%s", pkg, err, response.Header.Get("Exit-Code"), all, w.Logs())
	}
	return string(all)
}
