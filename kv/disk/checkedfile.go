//go:build !js

package disk

import (
	"encoding/binary"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// checkedFile is a table or value file that checks the blocks which are read from it. The engine does
// so too, but to say whether a single bit is wrong it then computes the checksum again for each bit of
// the first 40 KiB, which takes seconds for a block of 100 KB, and longer the larger the block is.
type checkedFile struct {
	vfs.File
	path  string
	size  int64
	found *damages
}

func isChecked(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".sst" || ext == ".blob"
}

func newCheckedFile(f vfs.File, path string, found *damages) (vfs.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &checkedFile{File: f, path: path, size: info.Size(), found: found}, nil
}

// ReadAt implements [vfs.File]. All reads of the engine are of whole blocks with their trailers, except
// that of the footer, which ends the file.
func (f *checkedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if err != nil || off+int64(n) >= f.size || n <= trailerBytes {
		return n, err
	}
	if want := binary.LittleEndian.Uint32(p[n-4:]); checksum(p[:n-4]) != want {
		err := fmt.Errorf("%w: %s: the checksum of the block of %d bytes at %d is wrong", pebble.ErrCorruption, filepath.Base(f.path), n, off)
		f.found.found(f.path, err.Error())
		return n, err
	}
	return n, nil
}
