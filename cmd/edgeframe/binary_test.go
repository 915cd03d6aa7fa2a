//go:build !js

package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"edgeframe/internal/testenv"
)

// TestTheBinaryNeedsNothingElse looks at what make build makes.
func TestTheBinaryNeedsNothingElse(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("make", "build", "BIN="+dir)
	build.Dir = testenv.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	path := filepath.Join(dir, "edgeframe")
	program, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a segment %s, so it needs other files to start", p.Type)
		}
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
