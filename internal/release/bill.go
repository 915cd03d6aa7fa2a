package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// module is a Go module that a program links. Sum is as in go.sum.
type module struct{ path, version, sum string }

// writeBill writes the software bill of materials (CycloneDX) of the program in dir: the modules that it
// links, and Go itself. It fails if THIRD_PARTY_LICENSES lacks the licence of one of them.
func writeBill(version, dir, target string, at time.Time) error {
	modules, goVersion, err := linked(dir)
	if err != nil {
		return err
	}
	licences, err := os.ReadFile("THIRD_PARTY_LICENSES")
	if err != nil {
		return err
	}
	main := cyclonedx.Component{
		BOMRef: filepath.Base(dir), Type: cyclonedx.ComponentTypeApplication, Name: filepath.Base(dir), Version: version,
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
	}
	components := []cyclonedx.Component{{
		BOMRef: "pkg:golang/std@" + goVersion, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: goVersion,
		PackageURL: "pkg:golang/std@" + goVersion,
	}}
	for _, m := range modules {
		if !bytes.Contains(licences, []byte("\n"+m.path+"@"+m.version+"\n")) {
			return fmt.Errorf("THIRD_PARTY_LICENSES has no %s@%s, which the program links", m.path, m.version)
		}
		hashes, err := m.hashes()
		if err != nil {
			return err
		}
		url := "pkg:golang/" + m.path + "@" + m.version
		components = append(components, cyclonedx.Component{
			BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: url, Hashes: hashes,
		})
	}
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Timestamp: at.Format(time.RFC3339), Component: &main}
	bill.Components = &components

	out, err := os.Create(target)
	if err != nil {
		return err
	}
	return errors.Join(cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bill), out.Close())
}

// hashes are those of the module's files: the hash "h1" of Go is SHA-256 of their hashes.
func (m module) hashes() (*[]cyclonedx.Hash, error) {
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:"))
	if err != nil {
		return nil, fmt.Errorf("the sum of %s@%s: %w", m.path, m.version, err)
	}
	return &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}, nil
}

// linked returns the modules of the program in dir, and the version of Go. A program for Wasm does not say
// them, so they are those of the list that .ci/modules checks.
func linked(dir string) (modules []module, goVersion string, err error) {
	for _, name := range programs {
		info, err := buildinfo.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		for _, dep := range info.Deps {
			modules = append(modules, module{dep.Path, dep.Version, dep.Sum})
		}
		return modules, strings.TrimPrefix(info.GoVersion, "go"), nil
	}
	return linkedByWorker()
}

func linkedByWorker() (modules []module, goVersion string, err error) {
	list, err := os.ReadFile(".ci/modules-worker.txt")
	if err != nil {
		return nil, "", err
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		return nil, "", err
	}
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSpace(line)
		_, after, found := strings.Cut("\n"+string(sums), "\n"+line+" ")
		if !found {
			return nil, "", fmt.Errorf("go.sum has no %s", line)
		}
		sum, _, _ := strings.Cut(after, "\n")
		path, version, _ := strings.Cut(line, " ")
		modules = append(modules, module{path, version, sum})
	}
	// The Go that runs this has built the Worker too.
	return modules, strings.TrimPrefix(runtime.Version(), "go"), nil
}
