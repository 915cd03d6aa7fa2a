//go:build !js

package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// NodeModules returns the directory of the npm packages. It installs them if that has not been
// done.
func NodeModules(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Root(), "node_modules")
	locked(t, "npm.lock", func() {
		if _, err := os.Stat(filepath.Join(dir, ".package-lock.json")); err != nil {
			command(t, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
		}
	})
	return dir
}

// VegaFile returns the path of a file of vega-datasets, for instance "movies.json".
func VegaFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(NodeModules(t), "vega-datasets", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("vega-datasets has no such file: %v", err)
	}
	return path
}
