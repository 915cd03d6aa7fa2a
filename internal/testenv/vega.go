//go:build !js

package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// VegaFile returns the path of a file of vega-datasets, for instance "movies.json". It
// installs the package if that has not been done.
func VegaFile(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(), "node_modules", "vega-datasets", "data", name)
	locked(t, "npm.lock", func() {
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			command(t, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		}
	})
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("vega-datasets has no such file: %v", err)
	}
	return path
}
