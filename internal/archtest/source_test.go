//go:build !js

package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/internal/testenv"
)

const maxLines = 500

// shared are the packages that the Wasm build links, with a star for all below a folder. At the
// edge every wait must be on I/O of the very request that waits, so they neither sleep nor wait
// for one another.
var shared = []string{
	"core", "config", "api", "session", "session/record", "staging", "frame", "codec", "codec/*", "kv", "kv/memory", "kv/cache", "kv/workerskv", "edge", "edge/border", "worker",
	"internal/fault", "internal/gather", "internal/large", "internal/lru", "internal/parallel", "internal/timing",
}

// isShared returns the entry of shared that stands for a folder.
func isShared(dir string) (entry string, ok bool) {
	for _, entry := range shared {
		if below, star := strings.CutSuffix(entry, "*"); dir == entry || star && strings.HasPrefix(dir, below) {
			return entry, true
		}
	}
	return "", false
}

// banned are the names that make a goroutine wait for a clock or for another request. "*"
// stands for everything that a package has.
var banned = map[string][]string{
	"time":                           {"Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"sync":                           {"Cond", "NewCond"},
	"golang.org/x/sync/singleflight": {"*"},
}

// source is one Go file of the repository.
type source struct {
	path string // relative to the root, with slashes
	fset *token.FileSet
	file *ast.File
}

func (s source) lines() int { return s.fset.File(s.file.FileStart).LineCount() }

// bannedUses returns one sentence for each use of a banned name.
func (s source) bannedUses() []string {
	imported := map[string][]string{} // banned names by the name of the import in this file
	for _, spec := range s.file.Imports {
		importPath, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = banned[importPath]
	}
	var found []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok {
			names := imported[pkg.Name]
			if slices.Contains(names, selector.Sel.Name) || slices.Contains(names, "*") {
				found = append(found, fmt.Sprintf("%s:%d: %s.%s", s.path, s.fset.Position(n.Pos()).Line, pkg.Name, selector.Sel.Name))
			}
		}
		return true
	})
	return found
}

func TestNoGoFileIsTooLong(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines() > maxLines && !ast.IsGenerated(s.file) {
			t.Errorf("%s has %d lines; split it at %d", s.path, s.lines(), maxLines)
		}
	}
}

func TestSharedPackagesNeverWaitForAClockOrAnotherRequest(t *testing.T) {
	checked := map[string]bool{}
	for _, s := range sources(t) {
		entry, ok := isShared(path.Dir(s.path))
		if !ok || strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		checked[entry] = true
		for _, use := range s.bannedUses() {
			t.Error(use)
		}
	}
	for _, dir := range shared {
		if !checked[dir] {
			t.Errorf("%s has no source", dir)
		}
	}
}

func TestBannedUsesAreFound(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", `package x

import (
	"sync"
	clock "time"

	"golang.org/x/sync/singleflight"
)

var (
	fine  = clock.Now
	wait  = clock.Sleep
	group singleflight.Group
	cond  sync.Cond
	mu    sync.Mutex
)
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"x.go:12: clock.Sleep", "x.go:13: singleflight.Group", "x.go:14: sync.Cond"}
	if diff := cmp.Diff(want, source{"x.go", fset, file}.bannedUses()); diff != "" {
		t.Error(diff)
	}
}

// sources parses every Go file of the repository.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	root := testenv.Root()
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || file != root && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(relative), fset, parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no source was found")
	}
	return all
}
