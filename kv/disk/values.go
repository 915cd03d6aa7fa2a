//go:build !js

package disk

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable/blob"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// valuesFooter is the length of the footer of a value file.
	valuesFooter = 38
	// leastBlock is below the size of a block of values, which has one of at least 1 KiB.
	leastBlock = 256
)

// readValueBlocks returns the values of the blocks from the beginning of a value file up to the first
// that is damaged, and the offset at which that one begins.
func readValueBlocks(data []byte) (blocks [][][]byte, end int) {
	for end < len(data) {
		size := blockSize(data[end:], len(data))
		values := decodeValues(data[end : end+size])
		if values == nil {
			break
		}
		blocks = append(blocks, values)
		end += size + trailerBytes
	}
	return blocks, end
}

// decodeValues returns the values of a block, nil if it is a block of another kind.
func decodeValues(data []byte) (values [][]byte) {
	defer func() {
		if recover() != nil {
			values = nil
		}
	}()
	const header = 7 // the version, and the numbers of columns and rows
	if len(data) < header || data[0] != 1 || data[1] != 1 || data[2] != 0 {
		return nil
	}
	var d colblk.BlockDecoder
	d.Init(aligned(data), 0)
	column := d.RawBytes(0)
	for i := range d.Rows() {
		values = append(values, column.At(i))
	}
	return values
}

// writeValues writes a value file in place of a damaged one, with its first blocks as they were and
// damaged ones behind them, so that reading these says that they are damaged. The engine cannot be
// opened to serve the rest if a value file is missing or cut. lost is the number of bytes that cannot
// be read.
func writeValues(o *pebble.Options, path string, blocks [][][]byte, lost int64) error {
	f, err := vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	w := blob.NewFileWriter(0, objstorageprovider.NewFileWritable(f), o.MakeBlobWriterOptions(0))
	for _, values := range blocks {
		for _, value := range values {
			w.AddValue(value)
		}
		w.FlushForTesting()
	}
	filler := []byte(rand.Text())
	for range max(lost/leastBlock, int64(1-len(blocks))) {
		w.AddValue(filler)
		w.FlushForTesting()
	}
	if _, err := w.Close(); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, filler, []byte(strings.Repeat("?", len(filler))))
	return writeSynced(path, data)
}

// values replaces value files that cannot be opened by ones with the blocks that are readable.
func (m *mender) values(o *pebble.Options, damaged []liveFile) error {
	for _, f := range damaged {
		data, err := readIfPresent(m.path(f.name))
		if err != nil {
			return err
		}
		var blocks [][][]byte
		end := 0
		if f.original {
			blocks, end = readValueBlocks(data)
		}
		temporary := m.path("mended.tmp")
		write := func() error {
			if err := writeValues(o, temporary, blocks, f.size-int64(end)); err != nil {
				return err
			}
			return pad(temporary, valuesFooter, f.size)
		}
		if err := write(); err != nil {
			return fmt.Errorf("writing what is readable of %s: %w", f.name, err)
		}
		if err := m.exchange(f.name, temporary); err != nil {
			return err
		}
		m.say(f.name, "%s; its first %d blocks of values are readable and kept, sessions with values in the rest of %.1f MB answer corrupt_session", f.problem, len(blocks), float64(f.size)/1e6)
		m.reindex, m.lossy = true, true
	}
	return nil
}
