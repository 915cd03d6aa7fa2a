//go:build !js

package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"edgeframe/internal/testenv"
)

// makeBuild returns the folder into which make build has put the program of this tree. It is built once.
func makeBuild(t *testing.T) string {
	t.Helper()
	dir, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var builtOnce = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join(testenv.Root(), "bin", "test", "static"))
	if err != nil {
		return "", err
	}
	// What an earlier run has left there, such as its storage, goes.
	return dir, cmp.Or(os.RemoveAll(dir), build(testenv.Root(), dir))
})

// build runs make build in a tree. COMMIT is set, because a copy of the tree does not know it.
func build(tree, dir string) error {
	build := exec.Command("make", "build", "BIN="+dir, "COMMIT=1ca5d04f2a11")
	build.Dir = tree
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("make build: %w\n%s", err, out)
	}
	return nil
}

// TestTwoBuildsAreEqual compares the program of this tree with that of a copy elsewhere, whose files are newer.
func TestTwoBuildsAreEqual(t *testing.T) {
	tree, again := t.TempDir(), t.TempDir()
	copying := exec.Command("bash", "-c", `tar -cf - --exclude=./.git --exclude=./bin --exclude=./build --exclude=./node_modules --exclude=./storage . | tar -xmf - -C "$0"`, tree)
	copying.Dir = testenv.Root()
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := build(tree, again); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(makeBuild(t), "edgeframe"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(again, "edgeframe")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the programs differ: %d and %d bytes, %v", len(want), len(got), err)
	}
}

// TestTheBinaryNamesItsRelease compares the version that the program prints and serves with the file VERSION,
// and that of the client's package.
func TestTheBinaryNamesItsRelease(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(testenv.Root(), "VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	release := strings.TrimSpace(string(file))
	printed, err := exec.Command(filepath.Join(makeBuild(t), "edgeframe"), "version").Output()
	if want := "edgeframe " + release + "\ncommit 1ca5d04f2a11\nbuilt with go"; err != nil || !strings.HasPrefix(string(printed), want) {
		t.Errorf("%q, %v, want %q", printed, err, want)
	}
	client, err := os.ReadFile(filepath.Join(testenv.Root(), "web", "client", "package.json"))
	if err != nil || !strings.Contains(string(client), `"version": "`+release+`"`) {
		t.Errorf("the client's package does not have the version %s: %v", release, err)
	}
	s := testenv.StartServerIn(t, makeBuild(t))
	if _, body := fetch(t, http.DefaultClient, s.URL+"/health/storage"); !strings.Contains(body, `"version":"`+release+`+1ca5d04f2a11"`) {
		t.Errorf("the health document has another version: %s", body)
	}
}

func TestTheBinaryNeedsNothingElse(t *testing.T) {
	dir := makeBuild(t)
	path := filepath.Join(dir, "edgeframe")
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			t.Errorf("it has a segment %s, so it needs other files to start", p.Type)
		}
	}
	if libraries, err := program.ImportedLibraries(); len(libraries) > 0 {
		t.Errorf("it needs %v, %v", libraries, err)
	}
	for _, name := range []string{".symtab", ".debug_info", ".zdebug_info"} {
		if program.Section(name) != nil {
			t.Errorf("it has a section %s", name)
		}
	}

	info, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range info.Settings {
		got[s.Key] = s.Value
	}
	for key, want := range map[string]string{"CGO_ENABLED": "0", "-trimpath": "true"} {
		if got[key] != want {
			t.Errorf("%s=%q, want %q", key, got[key], want)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if root, err := filepath.Abs(testenv.Root()); err != nil || bytes.Contains(data, []byte(root)) {
		t.Errorf("it contains the path of its sources, %v", err)
	}

	for _, name := range []string{"LICENSE", "THIRD_PARTY_LICENSES"} {
		want, err := os.ReadFile(filepath.Join(testenv.Root(), name))
		if err != nil {
			t.Fatal(err)
		}
		if have, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is not beside it: %v", name, err)
		}
	}
}

// TestTheBinaryIsLoadedAnywhere starts what make build makes twice. Other platforms than these two have
// a program with fixed addresses.
func TestTheBinaryIsLoadedAnywhere(t *testing.T) {
	dir := makeBuild(t)
	program, err := elf.Open(filepath.Join(dir, "edgeframe"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	want := elf.ET_EXEC
	if platform := runtime.GOOS + "/" + runtime.GOARCH; platform == "linux/amd64" || platform == "linux/arm64" {
		want = elf.ET_DYN
	}
	if program.Type != want {
		t.Errorf("it has the type %s, want %s", program.Type, want)
	}
	random, err := os.ReadFile("/proc/sys/kernel/randomize_va_space")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]bool{}
	for range 2 {
		s := testenv.StartServerIn(t, dir)
		if status, body := fetch(t, http.DefaultClient, s.URL+"/health/live"); status != http.StatusOK {
			t.Errorf("%d %s", status, body)
		}
		session := upload(t, s.URL, "a\n1\n")
		if got := get(t, session+"/data?format=csv"); got != "a\n1\n" {
			t.Errorf("the table is %q", got)
		}
		base, permissions := mapped(t, s.Cmd.Process.Pid, program)
		if seen[base] && want == elf.ET_DYN && string(random) != "0\n" {
			t.Errorf("it was loaded at %#x twice", base)
		}
		seen[base] = true
		for _, p := range program.Progs {
			if got := permissions[base+p.Vaddr]; p.Type == elf.PT_GNU_RELRO && got != "r--p" {
				t.Errorf("the data that only the start changes is %s, want r--p", got)
			}
		}
		if code := s.Stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// mapped returns what a process adds to the addresses of the program, and the permissions of its
// segments by where they begin.
func mapped(t *testing.T, pid int, program *elf.File) (base uint64, permissions map[uint64]string) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	permissions = map[uint64]string{}
	lowest := uint64(math.MaxUint64)
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || filepath.Base(fields[5]) != "edgeframe" {
			continue
		}
		from, _, _ := strings.Cut(fields[0], "-")
		address, err := strconv.ParseUint(from, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		permissions[address] = fields[1]
		lowest = min(lowest, address)
	}
	if len(permissions) == 0 {
		t.Fatalf("the program is not in the memory of its process:\n%s", maps)
	}
	first := slices.IndexFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_LOAD })
	return lowest - program.Progs[first].Vaddr, permissions
}
