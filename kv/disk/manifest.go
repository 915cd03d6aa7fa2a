//go:build !js

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// The manifest lists the tables and value files that belong to the store; what it does not list, the
// engine deletes. Without it the values cannot be found. So [guardFS] writes a copy of it, always
// before the manifest itself. Markers are empty files whose names say which manifest is in use, and
// the version of the format.
const (
	manifestPrefix = "MANIFEST-"
	copyPrefix     = "copy."
	markerPrefix   = "marker."
	manifestMarker = "manifest"
	formatMarker   = "format-version"
)

func isManifest(name string) bool {
	return strings.HasPrefix(filepath.Base(name), manifestPrefix)
}

// copyOf returns the path of the copy of a manifest.
func copyOf(manifest string) string {
	return filepath.Join(filepath.Dir(manifest), copyPrefix+filepath.Base(manifest))
}

// errNoManifest says that neither a start nor a repair can find the values.
var errNoManifest = errors.New("neither the manifest (MANIFEST-*) nor its copy can be read, so the values cannot be found; restore a copy of the whole directory, or move it away to start with an empty store; nothing was changed")

// contents are the engine's files in a directory, by kind.
type contents struct {
	manifests     []string
	tables, logs  bool
	data          bool // tables, value files or logs with content
	inUse, format string
}

func readContents(dir string) (c contents, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return c, err
	}
	for _, e := range entries {
		name := e.Name()
		info, err := e.Info()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
		switch ext := filepath.Ext(name); {
		case isManifest(name):
			c.manifests = append(c.manifests, name)
		case ext == ".sst", ext == ".blob":
			c.tables, c.data = true, true
		case ext == ".log":
			c.logs, c.data = true, c.data || err == nil && info.Size() > 0
		}
	}
	if c.inUse, err = atomicfs.ReadMarker(vfs.Default, dir, manifestMarker); err != nil {
		return c, err
	}
	c.format, err = atomicfs.ReadMarker(vfs.Default, dir, formatMarker)
	return c, err
}

// markers returns an error if there is data without markers, because the engine would take the
// directory for a new store and delete the data. With repair it places the markers.
func (m *mender) markers(repair bool) error {
	c, err := readContents(m.dir)
	if err != nil || !c.data {
		return err
	}
	if c.tables && !c.logs {
		m.say("the log", "it is missing; changes since the newest table was written are lost")
		m.reindex, m.lossy = true, true
	}
	if c.inUse != "" && c.format != "" {
		return nil
	}
	if !repair {
		return fmt.Errorf("there is data, but the empty files %s* that say which data is in use are missing, as after a copy that leaves out empty files; %w", markerPrefix, ErrUnreadable)
	}
	if c.inUse == "" {
		newest, err := m.newestManifest(c.manifests)
		if err != nil {
			return err
		}
		m.say(markerPrefix+manifestMarker, "the marker was missing; %s is the newest manifest", newest)
		if err := placeMarker(m.dir, manifestMarker, newest); err != nil {
			return err
		}
	}
	if c.format != "" {
		return nil
	}
	m.say(markerPrefix+formatMarker, "the marker was missing")
	return placeMarker(m.dir, formatMarker, pebble.FormatValueSeparation.String())
}

// newestManifest returns the name of the newest manifest that has a copy or records.
func (m *mender) newestManifest(names []string) (string, error) {
	copies, err := filepath.Glob(m.path(copyPrefix + manifestPrefix + "*"))
	if err != nil {
		return "", err
	}
	for _, path := range copies {
		names = append(names, strings.TrimPrefix(filepath.Base(path), copyPrefix))
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		if best, _, err := m.bestManifest(name); err != nil || best != nil {
			return name, err
		}
	}
	return "", errNoManifest
}

func placeMarker(dir, name, value string) error {
	marker, _, err := atomicfs.LocateMarker(vfs.Default, dir, name)
	if err != nil {
		return err
	}
	return errors.Join(marker.Move(value), marker.Close())
}

// manifest replaces a manifest that is damaged, shorter than its copy or missing by the copy.
func (m *mender) manifest() error {
	c, err := readContents(m.dir)
	if err != nil || c.inUse == "" {
		return err
	}
	best, damaged, err := m.bestManifest(c.inUse)
	if err != nil {
		return err
	}
	if best == nil {
		return errNoManifest
	}
	if !damaged {
		return nil
	}
	m.say(c.inUse, "the manifest is damaged or missing; its copy takes its place, nothing is lost")
	return m.replace(c.inUse, best)
}

// bestManifest returns the content of a manifest or of its copy, whichever has more intact records
// from its beginning on, nil if neither has one. It reports whether that is the copy.
func (m *mender) bestManifest(name string) (best []byte, isCopy bool, err error) {
	own, err := readIfPresent(m.path(name))
	if err != nil {
		return nil, false, err
	}
	other, err := readIfPresent(copyOf(m.path(name)))
	if err != nil {
		return nil, false, err
	}
	ownEnd, otherEnd := intactManifest(own), intactManifest(other)
	switch {
	case ownEnd == 0 && otherEnd == 0:
		return nil, false, nil
	case otherEnd > ownEnd:
		return other[:otherEnd], true, nil
	}
	return own, false, nil
}

// intactManifest returns the offset behind the last intact record before any damage.
func intactManifest(data []byte) int {
	s := scanLog(data, 0)
	records := s.records
	if len(s.gaps) > 0 {
		records = s.before(s.gaps[0][0])
	}
	if len(records) == 0 {
		return 0
	}
	return records[len(records)-1].end
}

func readIfPresent(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return bytes.Clone(data), err
}
