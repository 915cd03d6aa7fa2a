//go:build !js

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// makeVariable returns a variable of the Makefile.
func makeVariable(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` *:= (.+)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("the Makefile has no %s", name)
	}
	return string(found[1])
}

// startsGoroutines reports whether a file has a go statement, or a call of a method Go, as those of
// sync.WaitGroup and errgroup.Group.
func (s source) startsGoroutines() (found bool) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = true
		case *ast.CallExpr:
			selector, ok := n.Fun.(*ast.SelectorExpr)
			found = found || ok && selector.Sel.Name == "Go"
		}
		return true
	})
	return found
}

// TestWhatRunsWithoutTheRaceDetectorStartsNoGoroutines checks the packages that make test calls SERIAL, and what
// they import.
func TestWhatRunsWithoutTheRaceDetectorStartsNoGoroutines(t *testing.T) {
	args := []string{"-deps"}
	for dir := range strings.FieldsSeq(makeVariable(t, "SERIAL")) {
		args = append(args, "./"+dir)
	}
	var linked []string
	for _, p := range list(t, runtime.GOOS+"/"+runtime.GOARCH, args...) {
		if dir, own := strings.CutPrefix(p.ImportPath, module+"/"); own {
			linked = append(linked, dir)
		}
	}
	checked := 0
	for _, s := range sources(t) {
		if !slices.Contains(linked, path.Dir(s.path)) || strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		if checked++; s.startsGoroutines() {
			t.Errorf("%s starts a goroutine, so its package and those that import it must not be in SERIAL of the Makefile", s.path)
		}
	}
	if checked < len(args) {
		t.Errorf("only %d files were checked", checked)
	}
}

// TestEveryTestThatIsLeftOutWithTheRaceDetectorRunsWithoutIt checks that no test has a name that COMPARED of the
// Makefile matches in a package that make test runs with the race detector alone.
func TestEveryTestThatIsLeftOutWithTheRaceDetectorRunsWithoutIt(t *testing.T) {
	compared, test := regexp.MustCompile(makeVariable(t, "COMPARED")), regexp.MustCompile(`^(Test|Fuzz|Example)`)
	var without []string
	for _, name := range []string{"WITHOUT", "SERIAL", "OUTSIDE"} {
		without = append(without, strings.Fields(makeVariable(t, name))...)
	}
	left := 0
	for _, s := range sources(t) {
		if !strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, declared := range s.file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !test.MatchString(f.Name.Name) || !compared.MatchString(f.Name.Name) {
				continue
			}
			if left++; !slices.Contains(without, path.Dir(s.path)) {
				t.Errorf("make test leaves out %s of %s: name it otherwise, or add the package to WITHOUT of the Makefile", f.Name.Name, path.Dir(s.path))
			}
		}
	}
	if left == 0 {
		t.Error("COMPARED matches no test")
	}
}

func TestGoroutinesAreFound(t *testing.T) {
	for code, want := range map[string]bool{
		"package x; func f() { go f() }":            true,
		"package x; func f(g group) { g.Go(f) }":    true,
		"package x; func f(g group) { g.Gone(f) }":  false,
		"package x; func Go() {}; func f() { f() }": false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := (source{file: file}).startsGoroutines(); got != want {
			t.Errorf("%s: %t", code, got)
		}
	}
}
