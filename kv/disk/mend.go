//go:build !js

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"
)

// ErrUnreadable is in the error of [Open] if [Repair] has to come first. Nothing was changed then.
var ErrUnreadable = errors.New("run `edgeframe repair`, or restore a copy of the whole directory; nothing was changed")

// mender makes a damaged directory usable. Damaged files are moved to a directory beside the engine's
// and what is readable of them is written again. Nothing is deleted.
type mender struct {
	dir   string // the engine's directory
	aside string // where damaged files go; made when it is needed
	// powerCut says that a log may lack pages which the disk had not confirmed.
	powerCut bool
	// said are sentences about what was found and done, files the names of what is damaged.
	said, files []string
	// reindex is set if items may have lost some of their entries.
	reindex bool
	// lossy is set if a damaged file had something that is nowhere else.
	lossy bool
	// lost is what reindexing found.
	lost losses
}

func newMender(dir string, powerCut bool) *mender {
	name := "damaged-" + time.Now().UTC().Format("20060102-150405.000")
	return &mender{dir: dir, aside: filepath.Join(filepath.Dir(dir), name), powerCut: powerCut}
}

// tell logs what was damaged and notes it for the health document.
func (m *mender) tell(found *damages) {
	found.serve(m)
	if len(m.said) == 0 {
		return
	}
	kept := m.aside
	if !isDir(kept) {
		kept = "no file"
	}
	found.logger.Warn("the storage directory was damaged; what is readable is served", "found", strings.Join(m.said, "; "), "lost", m.lost.String(), "set_aside", kept)
}

func (m *mender) path(name string) string { return filepath.Join(m.dir, name) }

func (m *mender) say(file, format string, args ...any) {
	m.said = append(m.said, file+": "+fmt.Sprintf(format, args...))
	if !slices.Contains(m.files, file) {
		m.files = append(m.files, file)
	}
}

// keepAside moves a file to the directory of damaged files.
func (m *mender) keepAside(name string) error {
	if err := os.MkdirAll(m.aside, 0o700); err != nil {
		return fmt.Errorf("making a directory for damaged files: %w", err)
	}
	return os.Rename(m.path(name), filepath.Join(m.aside, name))
}

// replace puts data in place of a file, which is kept aside if it exists.
func (m *mender) replace(name string, data []byte) error {
	temporary := m.path("mended.tmp")
	if err := writeSynced(temporary, data); err != nil {
		return fmt.Errorf("writing what is readable of %s: %w", name, err)
	}
	return m.exchange(name, temporary)
}

// exchange sets a file aside, if it exists, and puts the one at path in its place.
func (m *mender) exchange(name, path string) error {
	if err := m.keepAside(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("setting %s aside: %w", name, err)
	}
	if err := os.Rename(path, m.path(name)); err != nil {
		return err
	}
	return syncDir(m.dir)
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir waits until the names in a directory are on the disk. Windows does that by itself.
func syncDir(dir string) error {
	f, err := vfs.Default.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// logs writes logs again that have damaged parts, with the records before and behind these. With torn,
// also those that end within a record though a newer log exists.
func (m *mender) logs(torn bool) error {
	logs, err := wal.Scan(wal.Dir{FS: vfs.Default, Dirname: m.dir})
	if err != nil {
		return err
	}
	for i, log := range logs {
		_, path := log.SegmentLocation(0)
		if err := m.log(filepath.Base(path), uint32(log.Num), i == len(logs)-1, torn); err != nil {
			return err
		}
	}
	return nil
}

func (m *mender) log(name string, number uint32, newest, torn bool) error {
	data, err := os.ReadFile(m.path(name))
	if err != nil {
		return err
	}
	s := scanLog(data, number)
	if len(s.gaps) == 0 && (newest || !torn || !s.torn) {
		return nil
	}
	records := s.records
	if len(s.gaps) > 0 && newest && m.powerCut && hasZeroPage(data, s.gaps[0][0], s.gaps[0][1]) {
		records = s.before(s.gaps[0][0])
		m.say(name, "the newest log is incomplete, as after a power cut; %d changes before the gap are kept, %d behind it are dropped", len(records), len(s.records)-len(records))
	} else {
		m.say(name, "the log is damaged in %d places; the %d changes that are intact are kept", max(1, len(s.gaps)), len(records))
	}
	m.reindex, m.lossy = true, true
	mended, err := encodeLog(records)
	if err != nil {
		return err
	}
	return m.replace(name, mended)
}

// encodeLog returns a log with the given records.
func encodeLog(records []logRecord) ([]byte, error) {
	var out strings.Builder
	w := record.NewWriter(&out)
	for _, r := range records {
		if _, err := w.WriteRecord(r.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return []byte(out.String()), err
}

// options sets an options file aside that the engine cannot read or that is for another engine. The
// engine writes a new one: all options are in the program.
func (m *mender) options(o *pebble.Options) error {
	names, err := filepath.Glob(m.path("OPTIONS-*"))
	if err != nil || len(names) == 0 {
		return err
	}
	name := filepath.Base(slices.Max(names))
	text, err := os.ReadFile(m.path(name))
	if err != nil {
		return err
	}
	if protect(func() error { return o.CheckCompatibility(m.dir, string(text)) }) == nil {
		return nil
	}
	m.say(name, "the list of options is damaged; nothing is lost")
	return m.keepAside(name)
}
