//go:build !js

package main

import (
	"bytes"
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
	"testing"

	"edgeframe/internal/testenv"
)

// makeBuild returns the directory into which make build has put the program.
func makeBuild(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("make", "build", "BIN="+dir)
	build.Dir = testenv.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
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
