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

	"github.com/cockroachdb/pebble/v2"
)

// liveFile is a file that belongs to the store according to the manifest.
type liveFile struct {
	name       string
	size       int64
	references int // value files to which a table refers
	// original is set unless a value file was written anew with fewer values: then only its index
	// says which block is which.
	original bool
	// problem says what is wrong with a damaged file.
	problem string
}

// liveFiles returns the tables and the value files of the store.
func liveFiles(db *pebble.DB) (tables, values []liveFile) {
	v := db.DebugCurrentVersion()
	for i := range v.Levels {
		for f := range v.Levels[i].All() {
			tables = append(tables, liveFile{name: f.TableBacking.DiskFileNum.String() + ".sst", size: int64(f.TableBacking.Size), references: len(f.BlobReferences)})
		}
	}
	for b := range v.BlobFiles.All() {
		values = append(values, liveFile{name: b.Physical.FileNum.String() + ".blob", size: int64(b.Physical.Size), original: uint64(b.FileID) == uint64(b.Physical.FileNum)})
	}
	return tables, values
}

// suspects is a file with the names of files in which damage was found while the store was open.
const suspects = "damaged.list"

func (m *mender) suspects() ([]string, error) {
	text, err := readIfPresent(m.path(suspects))
	return strings.Fields(string(text)), err
}

// suspect adds a file to the suspects. An error means that the next start does not check it.
func suspect(dir, name string) error {
	f, err := os.OpenFile(filepath.Join(dir, suspects), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, name)
	return errors.Join(err, f.Close())
}

// damagedFiles returns the tables and value files of db that cannot be used as they are. With deep, all
// blocks of all tables are read, otherwise only those of suspects, and of the others the end and the
// index. A value file can be used as long as it can be opened.
func (m *mender) damagedFiles(o *pebble.Options, db *pebble.DB, deep bool) (tables, values []liveFile, err error) {
	suspected, err := m.suspects()
	if err != nil {
		return nil, nil, err
	}
	allTables, allValues := liveFiles(db)
	tables, err = m.damagedOf(allTables, func(f liveFile, path string) error {
		return checkTable(o, path, deep || slices.Contains(suspected, f.name))
	})
	if err != nil {
		return nil, nil, err
	}
	values, err = m.damagedOf(allValues, func(_ liveFile, path string) error { return checkValues(o, path) })
	return tables, values, err
}

func (m *mender) damagedOf(files []liveFile, content func(f liveFile, path string) error) (damaged []liveFile, err error) {
	for _, f := range files {
		err := m.check(f, func(path string) error {
			return protect(func() error { return content(f, path) })
		})
		switch {
		case err == nil:
		case !isLost(err):
			return nil, err
		default:
			f.problem = problem(err)
			damaged = append(damaged, f)
		}
	}
	return damaged, nil
}

// errSize says that a file does not have the size that the manifest says.
var errSize = errors.New("it is cut or has grown")

func problem(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is missing"
	case errors.Is(err, errSize):
		return errSize.Error()
	}
	return "it is damaged"
}

func isLost(err error) bool {
	return isDamage(err) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errSize)
}

func (m *mender) check(f liveFile, content func(path string) error) error {
	info, err := os.Stat(m.path(f.name))
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return errSize
	}
	return content(m.path(f.name))
}

// tables replaces damaged tables by ones with the entries that are readable.
func (m *mender) tables(o *pebble.Options, damaged []liveFile) error {
	for _, f := range damaged {
		data, err := readIfPresent(m.path(f.name))
		if err != nil {
			return err
		}
		rows := newSalvager(o).rows(data)
		kept, err := m.writeTable(o, f, rows)
		if err != nil {
			return fmt.Errorf("writing what is readable of %s: %w", f.name, err)
		}
		if kept == 0 {
			m.say(f.name, "%s; none of its entries is readable: sessions whose records were in it are gone or in an earlier state", f.problem)
		} else {
			m.say(f.name, "%s; %d of its entries are readable and kept, the others are lost", f.problem, kept)
		}
		m.reindex, m.lossy = true, true
	}
	return nil
}

func (m *mender) writeTable(o *pebble.Options, f liveFile, rows []row) (kept int, err error) {
	temporary := m.path("mended.tmp")
	kept, err = newSalvager(o).write(temporary, rows, f.references, f.size)
	if err != nil {
		return 0, err
	}
	return kept, m.exchange(f.name, temporary)
}

// open opens the engine. If it cannot be opened, or if it has tables that cannot be read, open mends
// the logs and tables first.
func (m *mender) open(o *pebble.Options, deep bool) (*pebble.DB, error) {
	db, err := openDB(m.dir, o)
	if isDiskError(err) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		if mended := m.mendClosed(o); mended != nil {
			return nil, fmt.Errorf("%s (%w)", firstLine(err), mended)
		}
		if db, err = openDB(m.dir, o); err != nil {
			return nil, errors.New(firstLine(err))
		}
	}
	tables, values, err := m.damagedFiles(o, db, deep)
	if err != nil {
		return nil, errors.Join(err, protect(db.Close))
	}
	if len(tables)+len(values) == 0 {
		return db, m.forgetSuspects()
	}
	if err := errors.Join(protect(db.Close), m.tables(o, tables), m.values(o, values)); err != nil {
		return nil, err
	}
	if db, err = openDB(m.dir, o); err != nil {
		return nil, errors.New(firstLine(err))
	}
	return db, m.forgetSuspects()
}

func (m *mender) forgetSuspects() error {
	if err := os.Remove(m.path(suspects)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// mendClosed mends what keeps the engine from being opened: damaged logs, and tables that do not have
// the size that the manifest says.
func (m *mender) mendClosed(o *pebble.Options) error {
	if err := m.logs(true); err != nil {
		return err
	}
	look := o.Clone()
	look.ReadOnly, look.DisableConsistencyCheck = true, true
	db, err := openDB(m.dir, look)
	if err != nil {
		return errors.New(firstLine(err))
	}
	tables, values, err := m.damagedFiles(o, db, false)
	if err := errors.Join(err, protect(db.Close)); err != nil {
		return err
	}
	return errors.Join(m.tables(o, tables), m.values(o, values))
}

func openDB(dir string, o *pebble.Options) (db *pebble.DB, err error) {
	err = protect(func() (err error) {
		db, err = pebble.Open(dir, o)
		return err
	})
	return db, err
}
