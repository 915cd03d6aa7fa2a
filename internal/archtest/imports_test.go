//go:build !js

package archtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

const module = "edgeframe"

// arrows says for each layer which layers it may import. A layer is a top-level folder.
// Below kv every engine is a layer of its own and counts as kv/*, and so is session/record. Of
// internal, gather, lru and promise belong to the product; the rest, internal/*, helps tests: only
// tests import it. The conformance suite and the benchmark know servers by their URL only.
var arrows = map[string][]string{
	"cmd":     {"native", "edge"},
	"native":  {"config", "api", "session", "frame", "codec", "kv", "kv/*"},
	"edge":    {"config", "api", "session", "frame", "codec", "kv", "kv/*", "internal/promise"},
	"config":  {"api", "session", "codec", "kv"},
	"api":     {"session", "staging", "frame", "codec", "kv"},
	"session": {"session/record", "frame", "codec", "kv", "internal/lru"},
	"staging": {"codec", "kv"},
	"frame":   {"codec", "internal/gather"},
	"codec":   {"internal/gather"},
	"kv/*":    {"kv", "internal/lru", "internal/promise"},
	"kv":      {},

	"session/record": {"kv"},

	"internal/gather":  {},
	"internal/lru":     {},
	"internal/promise": {},
	"internal/*":       {"api", "session", "frame", "codec", "kv", "kv/*", "internal/gather"},
	"conformance":      {"internal/*"},
	"bench":            {},
}

// goPackage is what `go list -json` says of a package, tests left out.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// forbidden returns one sentence for each import that arrows does not allow, sorted.
func forbidden(packages []goPackage) []string {
	var found []string
	for _, p := range packages {
		from := layer(p.ImportPath)
		allowed, known := arrows[from]
		if !known {
			found = append(found, fmt.Sprintf("%s is in no known layer", p.ImportPath))
			continue
		}
		for _, imported := range p.Imports {
			to := layer(imported)
			if to == "" || to == from && from != "kv/*" || slices.Contains(allowed, to) {
				continue
			}
			found = append(found, fmt.Sprintf("%s must not import %s", p.ImportPath, imported))
		}
	}
	slices.Sort(found)
	return found
}

// layer is empty for packages outside of the module.
func layer(importPath string) string {
	path, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	top, below, _ := strings.Cut(path, "/")
	switch {
	case top == "kv" && below != "":
		return "kv/*"
	case path == "session/record", path == "internal/gather", path == "internal/lru", path == "internal/promise":
		return path
	case top == "internal":
		return "internal/*"
	}
	return top
}

func TestImportsRunOneWay(t *testing.T) {
	for _, target := range []string{"linux/amd64", "js/wasm"} {
		t.Run(target, func(t *testing.T) {
			packages := list(t, target, "./...")
			if len(packages) == 0 {
				t.Fatal("no packages were listed")
			}
			for _, violation := range forbidden(packages) {
				t.Error(violation)
			}
		})
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	got := forbidden([]goPackage{
		{"edgeframe/cmd/edgeframe", []string{"fmt", "edgeframe/native", "edgeframe/api"}},
		{"edgeframe/native", []string{"edgeframe/api", "edgeframe/kv/disk", "edgeframe/edge", "edgeframe/internal/testenv"}},
		{"edgeframe/config", []string{"edgeframe/api", "edgeframe/session", "edgeframe/kv", "edgeframe/native"}},
		{"edgeframe/api", []string{"edgeframe/session", "edgeframe/kv", "edgeframe/kv/memory", "edgeframe/config"}},
		{"edgeframe/session", []string{"edgeframe/codec", "net/http", "edgeframe/api", "edgeframe/session/record"}},
		{"edgeframe/session/record", []string{"edgeframe/session", "edgeframe/codec"}},
		{"edgeframe/staging", []string{"edgeframe/kv", "edgeframe/session"}},
		{"edgeframe/frame", []string{"edgeframe/codec", "edgeframe/kv"}},
		{"edgeframe/codec", []string{"edgeframe/kv"}},
		{"edgeframe/kv/disk", []string{"edgeframe/kv", "edgeframe/kv/cache"}},
		{"edgeframe/kv", []string{"edgeframe/kv/memory"}},
		{"edgeframe/internal/gather", []string{"edgeframe/internal/testenv", "edgeframe/codec"}},
		{"edgeframe/internal/testenv", []string{"edgeframe/internal/locks", "edgeframe/codec"}},
		{"edgeframe/conformance", []string{"edgeframe/internal/testenv", "edgeframe/api"}},
		{"edgeframe/util", nil},
	})
	want := []string{
		"edgeframe/api must not import edgeframe/config",
		"edgeframe/api must not import edgeframe/kv/memory",
		"edgeframe/cmd/edgeframe must not import edgeframe/api",
		"edgeframe/codec must not import edgeframe/kv",
		"edgeframe/config must not import edgeframe/native",
		"edgeframe/conformance must not import edgeframe/api",
		"edgeframe/frame must not import edgeframe/kv",
		"edgeframe/internal/gather must not import edgeframe/codec",
		"edgeframe/internal/gather must not import edgeframe/internal/testenv",
		"edgeframe/kv must not import edgeframe/kv/memory",
		"edgeframe/kv/disk must not import edgeframe/kv/cache",
		"edgeframe/native must not import edgeframe/edge",
		"edgeframe/native must not import edgeframe/internal/testenv",
		"edgeframe/session must not import edgeframe/api",
		"edgeframe/session/record must not import edgeframe/codec",
		"edgeframe/session/record must not import edgeframe/session",
		"edgeframe/staging must not import edgeframe/session",
		"edgeframe/util is in no known layer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// heavy are packages that would make the Wasm build too large to deploy.
var heavy = []string{
	"github.com/apache/arrow/go/v17/arrow/compute",
	"github.com/apache/arrow/go/v17/parquet/pqarrow",
}

func TestTheWasmBuildLinksNothingHeavy(t *testing.T) {
	closure := list(t, "js/wasm", "-deps", "./config")
	if !slices.ContainsFunc(closure, func(p goPackage) bool { return p.ImportPath == "github.com/apache/arrow/go/v17/arrow" }) {
		t.Fatal("the closure lacks arrow, so it is not the closure of config")
	}
	for _, p := range closure {
		for _, h := range heavy {
			if p.ImportPath == h || strings.HasPrefix(p.ImportPath, h+"/") {
				t.Errorf("config links %s", p.ImportPath)
			}
		}
	}
}

// list runs go list for a target such as js/wasm.
func list(t *testing.T, target string, args ...string) []goPackage {
	t.Helper()
	goos, goarch, _ := strings.Cut(target, "/")
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	cmd.Dir = testenv.Root()
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}
