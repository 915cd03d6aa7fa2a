// Command release packs what .ci/release has built: an archive and a bill of materials for each folder, and
// the checksums of everything. Equal folders make equal bytes, wherever and whenever they are packed: archives
// are sorted, and SOURCE_DATE_EPOCH (seconds) is the only time in them.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: SOURCE_DATE_EPOCH=<seconds> release <version> <folder with what was built> <folder for the release>")
		os.Exit(2)
	}
	if err := release(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

// release packs the folders below built into out, which it makes, and copies the files there.
func release(version, built, out string) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	at := time.Unix(seconds, 0).UTC()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(built)
	if err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(built, e.Name()), filepath.Join(out, e.Name())
		if e.IsDir() {
			err = errors.Join(writeArchive(source, target, at), writeBill(version, source, target+".cdx.json", at))
		} else {
			err = copyFile(source, target)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	return writeSums(out)
}

func copyFile(source, target string) error {
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, data, 0o644)
}

// filesBelow returns the paths of the files below dir, relative to it, with slashes and sorted.
func filesBelow(dir string) ([]string, error) {
	var files []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}

// writeSums writes SHA256SUMS, as sha256sum does and checks it.
func writeSums(dir string) error {
	files, err := filesBelow(dir)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, name := range files {
		if name == "SHA256SUMS" {
			continue
		}
		sum, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sum, name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

func sumOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return hash.Sum(nil), err
}
