// Command staticpie takes the interpreter out of a position-independent program, so that the kernel
// starts it without a dynamic loader. Go links such programs for a loader only. The program must relocate
// itself, as cmd/edgeframe/static_pie_*.s does. If it needs anything more of a loader, staticpie does not
// change it and exits with 1.
//
// Sources: System V ABI, chapters 4 and 5; its AMD64 supplement, "Relocation Types"; ELF for the Arm
// 64-bit Architecture, "Dynamic relocations".
package main

import (
	"debug/elf"
	"debug/gosym"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: staticpie <program>")
		os.Exit(2)
	}
	if err := convert(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "staticpie: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// relative is the relocation that adds the address of loading, by machine.
var relative = map[elf.Machine]uint32{
	elf.EM_X86_64:  uint32(elf.R_X86_64_RELATIVE),
	elf.EM_AARCH64: uint32(elf.R_AARCH64_RELATIVE),
}

// segments are the types of segments for which the kernel does all that is needed, or the start of the
// program. The runtime of Go makes the memory of PT_TLS itself.
var segments = []elf.ProgType{
	elf.PT_NULL, elf.PT_PHDR, elf.PT_INTERP, elf.PT_NOTE, elf.PT_LOAD, elf.PT_DYNAMIC, elf.PT_TLS, elf.PT_GNU_RELRO, elf.PT_GNU_STACK,
}

// tags are the entries of the dynamic table that Go writes when no symbol comes from another file.
var tags = []elf.DynTag{
	elf.DT_HASH, elf.DT_SYMTAB, elf.DT_SYMENT, elf.DT_STRTAB, elf.DT_STRSZ, elf.DT_PLTGOT, elf.DT_DEBUG,
	elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, elf.DT_FLAGS_1,
}

const (
	entry = "_static_pie_linux"

	relaSize = 24 // bytes of an Elf64_Rela

	// Offsets in an ELF header of 64 bits, and the size of one entry of the table that phoff leads to.
	phoff    = 32
	progSize = 56
)

// convert makes the segment PT_INTERP of the program at path a PT_NULL. A program that has none is not
// written to, since it may be running.
func convert(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	program, err := elf.NewFile(file)
	if err != nil {
		return err
	}
	for _, check := range []func(*elf.File) error{checkHeader, checkSegments, checkRelocations, checkEntry} {
		if err := check(program); err != nil {
			return err
		}
	}
	interpreter := slices.IndexFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	if interpreter < 0 {
		return nil
	}
	var table [8]byte
	if _, err := file.ReadAt(table[:], phoff); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	// The type is the first field of the entry, and PT_NULL is 0.
	_, err = out.WriteAt(make([]byte, 4), int64(binary.LittleEndian.Uint64(table[:]))+int64(interpreter)*progSize)
	return errors.Join(err, out.Close())
}

func checkHeader(program *elf.File) error {
	if _, known := relative[program.Machine]; !known || program.Class != elf.ELFCLASS64 || program.Data != elf.ELFDATA2LSB {
		return fmt.Errorf("is for %s, %s, %s; expected amd64 or arm64", program.Machine, program.Class, program.Data)
	}
	if program.Type != elf.ET_DYN {
		return fmt.Errorf("has the type %s; expected ET_DYN", program.Type)
	}
	return nil
}

// checkEntry looks the function up that the program starts with.
func checkEntry(program *elf.File) error {
	text, lines := program.Section(".text"), program.Section(".gopclntab")
	if text == nil || lines == nil {
		return errors.New("has no .text or no .gopclntab, so it is not a program of Go")
	}
	data, err := lines.Data()
	if err != nil {
		return err
	}
	functions, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return err
	}
	if f := functions.PCToFunc(program.Entry); f == nil || f.Entry != program.Entry || f.Name != entry {
		return fmt.Errorf("does not start with %s, which relocates it", entry)
	}
	return nil
}

func checkSegments(program *elf.File) error {
	count := map[elf.ProgType]int{}
	for _, p := range program.Progs {
		if !slices.Contains(segments, p.Type) {
			return fmt.Errorf("has a segment %s", p.Type)
		}
		if p.Type == elf.PT_TLS && p.Filesz != 0 {
			return errors.New("has variables of threads that do not begin as zeros")
		}
		count[p.Type]++
	}
	for _, once := range []elf.ProgType{elf.PT_PHDR, elf.PT_DYNAMIC, elf.PT_GNU_RELRO} {
		if count[once] != 1 {
			return fmt.Errorf("has %d segments %s; expected 1", count[once], once)
		}
	}
	if count[elf.PT_INTERP] > 1 {
		return fmt.Errorf("has %d segments PT_INTERP", count[elf.PT_INTERP])
	}
	return nil
}

func checkRelocations(program *elf.File) error {
	dynamic, err := dynamicTable(program)
	if err != nil {
		return err
	}
	if flags := elf.DynFlag1(dynamic[elf.DT_FLAGS_1]); flags != elf.DF_1_PIE {
		return fmt.Errorf("has the flags %s; expected DF_1_PIE", flags)
	}
	size := dynamic[elf.DT_RELASZ]
	if dynamic[elf.DT_RELAENT] != relaSize || size == 0 || size%relaSize != 0 {
		return fmt.Errorf("has relocations of %d bytes, %d bytes in all", dynamic[elf.DT_RELAENT], size)
	}
	data, err := read(program, dynamic[elf.DT_RELA], size)
	if err != nil {
		return fmt.Errorf("relocations: %w", err)
	}
	for r := range slices.Chunk(data, relaSize) {
		offset, info := binary.LittleEndian.Uint64(r), binary.LittleEndian.Uint64(r[8:])
		// The upper half of info is a symbol; it is 0 for this relocation.
		if info != uint64(relative[program.Machine]) {
			return fmt.Errorf("has the relocation %#x at %#x; expected %#x, which adds the address of loading", info, offset, relative[program.Machine])
		}
		if s := segment(program, offset, 8); s == nil || s.Flags&elf.PF_W == 0 {
			return fmt.Errorf("has a relocation at %#x, which is not writable", offset)
		}
	}
	return nil
}

// dynamicTable returns the values by their tags.
func dynamicTable(program *elf.File) (map[elf.DynTag]uint64, error) {
	at := slices.IndexFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_DYNAMIC })
	data, err := read(program, program.Progs[at].Vaddr, program.Progs[at].Filesz)
	if err != nil {
		return nil, fmt.Errorf("dynamic table: %w", err)
	}
	values := map[elf.DynTag]uint64{}
	for ; len(data) >= 16; data = data[16:] {
		tag, value := elf.DynTag(binary.LittleEndian.Uint64(data)), binary.LittleEndian.Uint64(data[8:])
		if tag == elf.DT_NULL {
			return values, nil
		}
		if _, again := values[tag]; again || !slices.Contains(tags, tag) {
			return nil, fmt.Errorf("has the dynamic entry %s", tag)
		}
		values[tag] = value
	}
	return nil, errors.New("has a dynamic table without an end")
}

// read returns size bytes of the file at an address.
func read(program *elf.File, address, size uint64) ([]byte, error) {
	s := segment(program, address, size)
	if s == nil {
		return nil, fmt.Errorf("%d bytes at %#x are not in the file", size, address)
	}
	data := make([]byte, size)
	_, err := s.ReadAt(data, int64(address-s.Vaddr))
	return data, err
}

// segment returns the loaded segment that has size bytes of the file at an address, nil if none has.
func segment(program *elf.File, address, size uint64) *elf.Prog {
	for _, p := range program.Progs {
		if p.Type == elf.PT_LOAD && address >= p.Vaddr && size <= p.Filesz && address-p.Vaddr <= p.Filesz-size {
			return p
		}
	}
	return nil
}
