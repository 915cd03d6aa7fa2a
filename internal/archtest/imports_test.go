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

// arrows says for each layer which layers it may import. A layer is a package, or, with a star,
// all packages below a folder that are not named themselves; these do not import one another.
// Of internal, the named packages belong to the product; the rest helps tests: only tests import
// it. The conformance suite and the benchmark know servers by their URL only; internal/calls is for the
// benchmark and for tests.
var arrows = map[string][]string{
	"cmd/*":          {"cli", "worker"},
	"cli":            {"cli/client", "native", "access", "codec", "codec/formats", "codec/scalar", "codec/unpack", "frame", "recipe"},
	"cli/client":     {},
	"native":         {"core", "config", "api", "session", "kv", "kv/*", "native/*", "native/live", "swagger", "console", "internal/budget", "internal/logsafe", "internal/lru", "internal/parallel"},
	"native/*":       {"kv", "kv/*", "internal/budget", "internal/logsafe", "internal/lru"},
	"native/live":    {"kv", "session"},
	"worker":         {"edge", "core", "config", "api", "session", "staging", "kv", "kv/*", "kv/workerskv", "kv/durableobjects", "internal/budget", "internal/logsafe"},
	"swagger":        {"api"},
	"console":        {"api"},
	"core":           {"access", "config", "api", "session", "codec/segment", "kv", "internal/budget", "internal/lru", "internal/timing"},
	"config":         {"access", "codec/segment", "codec/compress"},
	"api":            {"access", "session", "staging", "frame", "recipe", "codec", "codec/formats", "codec/delimited", "codec/arrowipc", "codec/scalar", "codec/unpack", "kv", "internal/budget", "internal/large", "internal/lru", "internal/timing"},
	"session":        {"internal/fault", "internal/budget", "session/record", "frame", "codec", "codec/segment", "codec/arrowipc", "codec/scalar", "codec/compress", "kv", "internal/lru", "internal/parallel"},
	"staging":        {"codec", "kv"},
	"access":         {},
	"session/record": {"kv"},
	"recipe":         {"frame", "codec", "codec/scalar"},
	"frame":          {"codec", "codec/scalar", "codec/document", "internal/gather", "internal/large", "internal/parallel"},

	"codec/formats":         {"codec", "codec/document", "codec/delimited", "codec/arrowipc", "codec/parquet", "codec/xlsx"},
	"codec/document":        {"codec", "codec/scalar", "codec/internal/blocks"},
	"codec/delimited":       {"codec", "codec/scalar", "codec/internal/blocks", "internal/parallel"},
	"codec/arrowipc":        {"codec", "codec/scalar", "codec/compress", "codec/internal/layout", "internal/gather", "internal/large"},
	"codec/parquet":         {"codec", "codec/scalar", "codec/arrowipc", "codec/compress", "codec/internal/layout", "internal/gather", "internal/parallel"},
	"codec/xlsx":            {"codec", "codec/scalar"},
	"codec/segment":         {"codec", "codec/arrowipc", "codec/compress", "codec/internal/layout"},
	"codec/scalar":          {"codec"},
	"codec/compress":        {"codec"},
	"codec/unpack":          {"codec"},
	"codec/internal/layout": {"codec", "internal/gather"},
	"codec/internal/blocks": {"internal/parallel"},
	"codec":                 {"internal/fault", "internal/large"},

	// The drivers of the Worker's bindings, and nothing else here, are on top of the runtime, which knows nothing of
	// edgeframe.
	"kv/*":              {"kv", "internal/lru"},
	"kv/workerskv":      {"kv", "edge"},
	"kv/durableobjects": {"kv", "edge"},
	"edge":              {"edge/border"},
	"edge/border":       {},
	"kv":                {},

	"internal/budget":   {},
	"internal/fault":    {},
	"internal/gather":   {},
	"internal/large":    {},
	"internal/logsafe":  {},
	"internal/lru":      {},
	"internal/parallel": {},
	"internal/timing":   {},

	"internal/calls":            {},
	"internal/*":                {"internal/*", "internal/calls", "api", "swagger", "session", "frame", "codec", "kv", "kv/*", "internal/gather"},
	"codec/codectest":           {"codec", "codec/scalar"},
	"codec/formats/formatstest": {"codec", "codec/codectest", "codec/compress", "codec/document", "codec/formats", "codec/segment", "frame"},
	"codec/formats/untidy":      {},
	"docs":                      {},
	"examples/*":                {"edge"},
	"session/metamorphic":       {},
	"conformance":               {"access", "internal/*", "codec/codectest", "codec/formats/formatstest"},
	"bench":                     {"internal/calls"},
	"attack":                    {},
	"deploy":                    {},
	"web/client":                {},
	"web/console":               {},
}

// fileFormats are the packages that know a file format. Neither session nor frame links one: to
// them a table is columns. (The values of operations are JSON, so frame knows documents.)
var fileFormats = []string{"codec/formats", "codec/delimited", "codec/parquet", "codec/xlsx"}

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
			if to == "" || slices.Contains(allowed, to) {
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
	if _, known := arrows[path]; known {
		return path
	}
	if top, _, below := strings.Cut(path, "/"); below {
		return top + "/*"
	}
	return path
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

func TestTheDomainLinksNoFileFormat(t *testing.T) {
	closure := list(t, "linux/amd64", "-deps", "./session", "./frame")
	if !slices.ContainsFunc(closure, func(p goPackage) bool { return p.ImportPath == module+"/codec/scalar" }) {
		t.Fatal("the closure lacks codec/scalar, so it is not the closure of session and frame")
	}
	for _, p := range closure {
		if slices.Contains(fileFormats, strings.TrimPrefix(p.ImportPath, module+"/")) {
			t.Errorf("session or frame links %s", p.ImportPath)
		}
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	got := forbidden([]goPackage{
		{"edgeframe/cmd/edgeframe", []string{"fmt", "edgeframe/native", "edgeframe/api"}},
		{"edgeframe/native", []string{"edgeframe/api", "edgeframe/kv/disk", "edgeframe/worker", "edgeframe/internal/testenv"}},
		{"edgeframe/core", []string{"edgeframe/api", "edgeframe/config", "edgeframe/session", "edgeframe/kv", "edgeframe/native"}},
		{"edgeframe/config", []string{"edgeframe/codec", "edgeframe/api", "edgeframe/kv"}},
		{"edgeframe/api", []string{"edgeframe/session", "edgeframe/kv", "edgeframe/kv/memory", "edgeframe/config"}},
		{"edgeframe/session", []string{"edgeframe/codec", "net/http", "edgeframe/api", "edgeframe/session/record"}},
		{"edgeframe/session/record", []string{"edgeframe/session", "edgeframe/codec"}},
		{"edgeframe/staging", []string{"edgeframe/kv", "edgeframe/session"}},
		{"edgeframe/frame", []string{"edgeframe/codec", "edgeframe/kv"}},
		{"edgeframe/codec", []string{"edgeframe/kv"}},
		{"edgeframe/codec/xlsx", []string{"edgeframe/codec", "edgeframe/codec/delimited"}},
		{"edgeframe/codec/html", nil},
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
		"edgeframe/cmd/edgeframe must not import edgeframe/native",
		"edgeframe/codec must not import edgeframe/kv",
		"edgeframe/codec/html is in no known layer",
		"edgeframe/codec/xlsx must not import edgeframe/codec/delimited",
		"edgeframe/config must not import edgeframe/api",
		"edgeframe/config must not import edgeframe/codec",
		"edgeframe/config must not import edgeframe/kv",
		"edgeframe/conformance must not import edgeframe/api",
		"edgeframe/core must not import edgeframe/native",
		"edgeframe/frame must not import edgeframe/kv",
		"edgeframe/internal/gather must not import edgeframe/codec",
		"edgeframe/internal/gather must not import edgeframe/internal/testenv",
		"edgeframe/kv must not import edgeframe/kv/memory",
		"edgeframe/kv/disk must not import edgeframe/kv/cache",
		"edgeframe/native must not import edgeframe/internal/testenv",
		"edgeframe/native must not import edgeframe/worker",
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
	closure := list(t, "js/wasm", "-deps", "./core")
	if !slices.ContainsFunc(closure, func(p goPackage) bool { return p.ImportPath == "github.com/apache/arrow/go/v17/arrow" }) {
		t.Fatal("the closure lacks arrow, so it is not the closure of core")
	}
	for _, p := range closure {
		for _, h := range heavy {
			if p.ImportPath == h || strings.HasPrefix(p.ImportPath, h+"/") {
				t.Errorf("core links %s", p.ImportPath)
			}
		}
		// Patterns in conditions are regular expressions. Nothing else needs them, and each is compiled at a cost.
		for _, imported := range p.Imports {
			if imported == "regexp" && p.ImportPath != "edgeframe/frame" {
				t.Errorf("%s imports regexp", p.ImportPath)
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
