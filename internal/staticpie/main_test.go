//go:build !js

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"edgeframe/internal/testenv"
)

// link returns a small program that Go has linked for a platform of Linux, with the start of edgeframe.
func link(t *testing.T, arch string, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	name := "static_pie_linux_" + arch + ".s"
	start, err := os.ReadFile(filepath.Join(testenv.Root(), "cmd", "edgeframe", name))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		name:      string(start),
		"go.mod":  "module small\n",
		"main.go": "package main\n\nfunc main() { println(\"alive\") }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append([]string{"build", "-o", "small"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "small"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// converted returns what convert makes of a program, and its error.
func converted(t *testing.T, program []byte) ([]byte, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "small")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	failed := convert(path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data, failed
}

func TestTheInterpreterIsTakenOut(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		before := link(t, arch, "-buildmode=pie", "-ldflags=-E _static_pie_linux")
		after, err := converted(t, before)
		if err != nil {
			t.Errorf("%s: %v", arch, err)
			continue
		}
		program, err := elf.NewFile(bytes.NewReader(after))
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
			t.Errorf("%s: it has an interpreter", arch)
		}
		different := 0
		for i := range before {
			if before[i] != after[i] {
				different++
			}
		}
		if len(after) != len(before) || different != 1 {
			t.Errorf("%s: %d bytes of %d are different, the size is %d", arch, different, len(before), len(after))
		}
		if again, err := converted(t, after); err != nil || !bytes.Equal(again, after) {
			t.Errorf("%s: the second time: %v", arch, err)
		}
	}
}

// TestOtherProgramsAreRefused changes one number of a program that is accepted.
func TestOtherProgramsAreRefused(t *testing.T) {
	program := link(t, "amd64", "-buildmode=pie", "-ldflags=-E _static_pie_linux")
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	dynamic, rela := file.Section(".dynamic").Offset, file.Section(".rela").Offset
	// dyn is where the value of an entry of the dynamic table is.
	dyn := func(tag elf.DynTag) uint64 {
		at := dynamic
		for elf.DynTag(binary.LittleEndian.Uint64(program[at:])) != tag {
			at += 16
		}
		return at + 8
	}
	// seg is where the entry of a segment is.
	seg := func(kind elf.ProgType) uint64 {
		return 64 + progSize*uint64(slices.IndexFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == kind }))
	}
	for _, test := range []struct {
		at, size, value uint64
		want            string
	}{
		{16, 2, uint64(elf.ET_EXEC), "has the type ET_EXEC; expected ET_DYN"},
		{18, 2, uint64(elf.EM_RISCV), "is for EM_RISCV"},
		{24, 8, file.Entry + 1, "does not start with _static_pie_linux"},
		{rela + 8, 4, uint64(elf.R_X86_64_64), "has the relocation 0x1 at"},
		{rela + 12, 4, 1, "has the relocation 0x100000008 at"},
		{rela, 8, file.Entry, "which is not writable"},
		{rela, 8, 1 << 63, "which is not writable"},
		{dyn(elf.DT_DEBUG) - 8, 8, uint64(elf.DT_NEEDED), "has the dynamic entry DT_NEEDED"},
		{dyn(elf.DT_DEBUG) - 8, 8, uint64(elf.DT_RELA), "has the dynamic entry DT_RELA"},
		{dyn(elf.DT_DEBUG) - 8, 8, 36, "has the dynamic entry"}, // DT_RELR
		{dyn(elf.DT_FLAGS_1), 8, 0, "expected DF_1_PIE"},
		{dyn(elf.DT_FLAGS_1), 8, uint64(elf.DF_1_PIE | elf.DF_1_INITFIRST), "expected DF_1_PIE"},
		{dyn(elf.DT_RELAENT), 8, 16, "has relocations of 16 bytes"},
		{dyn(elf.DT_RELASZ), 8, 0, "0 bytes in all"},
		{dyn(elf.DT_RELASZ), 8, 25, "25 bytes in all"},
		{dyn(elf.DT_RELASZ), 8, 24 << 40, "are not in the file"},
		{seg(elf.PT_PHDR), 4, uint64(elf.PT_NULL), "has 0 segments PT_PHDR"},
		{seg(elf.PT_NOTE), 4, uint64(elf.PT_SHLIB), "has a segment PT_SHLIB"},
		{seg(elf.PT_NOTE), 4, uint64(elf.PT_INTERP), "has 2 segments PT_INTERP"},
		{seg(elf.PT_TLS) + 32, 8, 8, "do not begin as zeros"},
	} {
		changed := slices.Clone(program)
		var value [8]byte
		binary.LittleEndian.PutUint64(value[:], test.value)
		copy(changed[test.at:], value[:test.size])
		after, err := converted(t, changed)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%#x at %#x: %v, want %s", test.value, test.at, err, test.want)
		}
		if !bytes.Equal(after, changed) {
			t.Errorf("%#x at %#x: the refused program was changed", test.value, test.at)
		}
	}

	for _, args := range [][]string{{"-buildmode=pie"}, {"-buildmode=exe"}} {
		if _, err := converted(t, link(t, "amd64", args...)); err == nil {
			t.Errorf("a program linked with %v is accepted", args)
		}
	}
	if _, err := converted(t, []byte("#!/bin/sh\n")); err == nil {
		t.Error("a script is accepted")
	}
}
