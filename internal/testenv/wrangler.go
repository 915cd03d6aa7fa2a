//go:build !js

package testenv

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Node is the program of the Node that npm installs: wrangler and miniflare need a newer one than
// other scripts.
func Node(t testing.TB) string {
	t.Helper()
	return filepath.Join(NodeModules(t), ".bin", "node")
}

var compatibility = regexp.MustCompile(`(?m)^compatibility_date = "(.+)"$`)

// compatibilityDate is that of wrangler.toml, so that Workers of tests run as deployed ones.
func compatibilityDate(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(), "wrangler.toml"))
	if err != nil {
		t.Fatal(err)
	}
	found := compatibility.FindSubmatch(text)
	if found == nil {
		t.Fatal("wrangler.toml has no compatibility_date")
	}
	return string(found[1])
}
