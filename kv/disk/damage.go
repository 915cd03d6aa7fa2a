//go:build !js

package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"edgeframe/kv"
)

// damages are the damaged files that are known since the directory was opened.
type damages struct {
	logger *slog.Logger
	dir    string // the engine's directory

	mu      sync.Mutex
	serving bool     // the directory is open; before, damage is mended at once
	files   []string // their names, sorted
	// before has what was found in files before the directory was open.
	before map[string]string
}

// found notes a file in which damage was found while the directory is open. It logs it the first time.
func (ds *damages) found(path, what string) {
	name := filepath.Base(path)
	ds.mu.Lock()
	at, known := slices.BinarySearch(ds.files, name)
	if !ds.serving {
		known = true
		ds.before[name] = what
	}
	if !known {
		ds.files = slices.Insert(ds.files, at, name)
	}
	ds.mu.Unlock()
	if !known {
		if err := suspect(ds.dir, name); err != nil {
			ds.logger.Warn("noting a damaged file for the next start", "file", path, "error", err)
		}
		ds.logger.Error("a file of the storage directory is damaged; sessions in it answer corrupt_session", "file", path, "error", what)
	}
}

// serve says that the directory is open after m has mended it, and tells m about damage that it could
// not mend.
func (ds *damages) serve(m *mender) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(ds.before)) {
		if !slices.Contains(m.files, name) {
			m.say(name, "%s; sessions with values in it answer corrupt_session", ds.before[name])
		}
	}
	ds.serving = true
	ds.files = slices.Sorted(slices.Values(m.files))
}

// any reports whether any file is known to be damaged.
func (ds *damages) any() bool {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return len(ds.files) > 0
}

// shownFiles is how many damaged files the health document names.
const shownFiles = 5

// report returns the number of damaged files and a sentence about them, "" if there are none.
func (ds *damages) report() (n int, sentence string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if n = len(ds.files); n == 0 {
		return 0, ""
	}
	names := strings.Join(ds.files[:min(n, shownFiles)], ", ")
	if n > shownFiles {
		names += ", …"
	}
	return n, fmt.Sprintf("damaged files of the storage directory since the start: %d (%s); sessions in them answer corrupt_session or are gone; see the log", n, names)
}

// damaged returns err as a [kv.ErrCorrupt] with a short text if it says that a file of the engine is
// damaged or gone. Other errors, and nil, stay as they are.
func (ds *damages) damaged(err error) error {
	if err == nil || errors.Is(err, kv.ErrCorrupt) || !isDamage(err) {
		return err
	}
	what, file := firstLine(err), "a file of the storage directory"
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		file, what = filepath.Base(info.Path), firstLine(info.Details)
		ds.found(info.Path, what)
	}
	return fmt.Errorf("%w: %s: %s", kv.ErrCorrupt, file, what)
}

// isDamage reports whether an error of the engine is about the content of a file, or about a file
// that is gone or too short.
func isDamage(err error) bool {
	return pebble.IsCorruptionError(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// firstLine returns the first line of the text of err: the engine appends stack traces and markers.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return cmp.Or(strings.TrimSpace(line), "damaged")
}

// try calls the engine through [protect] and returns damage as a [kv.ErrCorrupt].
func (d *Driver) try(call func() error) error { return d.damages.damaged(protect(call)) }

// indexEntries returns the entries of both indexes that belong to key. It reads all of the indexes,
// so it is only for keys whose meta record is damaged. Entries that cannot be read are left out.
func (d *Driver) indexEntries(key string) (found [][]byte) {
	for _, space := range []byte{expirySpace, countedSpace} {
		_ = d.scan(context.Background(), []byte{space}, after([]byte{space}), func(k, _ []byte) (bool, error) {
			if _, of := splitIndexKey(k); of == key {
				found = append(found, slices.Clone(k))
			}
			return true, nil
		})
	}
	return found
}
