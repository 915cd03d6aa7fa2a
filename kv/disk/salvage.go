//go:build !js

package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/blob"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// row is an entry of a table: a key with its sequence number and kind, and its value, which may be a
// reference to a value file.
type row struct {
	key       sstable.InternalKey
	value     []byte
	reference bool
}

// A data block of a table begins with the length of its longest key (4 bytes), the version of its
// layout (1), its number of columns (2) and of rows (4). The columns of the key are followed by those
// in which the engine keeps sequence number and kind, the change of the prefix, the value, whether
// the value is elsewhere, and whether the row is obsolete.
const (
	blockStart     = 11
	engineColumns  = 5
	valueColumn    = 2
	externalColumn = 3
	// maxTableBlock is above the size of any data block: it has 4 KiB and one more row.
	maxTableBlock = 64 << 10
)

// salvager reads what is intact of a table without its index, block by block.
type salvager struct {
	o      *pebble.Options
	schema *colblk.KeySchema
}

func newSalvager(o *pebble.Options) salvager {
	return salvager{o: o, schema: o.KeySchemas[o.KeySchema]}
}

// rows returns the rows of the intact data blocks of a table in their order. Blocks are recognized by
// their beginning and their checksum.
func (s salvager) rows(table []byte) (rows []row) {
	for at := 0; at+blockStart < len(table); {
		size := 0
		if s.beginsBlock(table[at:]) {
			size = blockSize(table[at:], maxTableBlock)
		}
		if size == 0 {
			at++
			continue
		}
		rows = append(rows, s.decode(table[at:at+size])...)
		at += size + trailerBytes
	}
	return rows
}

func (s salvager) beginsBlock(b []byte) bool {
	return b[4] == 1 && int(binary.LittleEndian.Uint16(b[5:])) == len(s.schema.ColumnTypes)+engineColumns
}

// blockSize returns the size of the block at the beginning of b: the first one whose trailer, a byte
// for the compression and a checksum, fits. It returns 0 if there is none within limit bytes.
func blockSize(b []byte, limit int) int {
	sum := uint32(0)
	for n := 0; n+trailerBytes <= min(len(b), limit); n++ {
		with := crc32.Update(sum, castagnoli, b[n:n+1])
		// The engine is set not to compress, so the first byte of the trailer is 0.
		if n > blockStart && b[n] == 0 && maskChecksum(with) == binary.LittleEndian.Uint32(b[n+1:]) {
			return n
		}
		sum = with
	}
	return 0
}

// decode returns the rows of a data block, none if it is a block of another kind.
func (s salvager) decode(data []byte) (rows []row) {
	defer func() {
		if recover() != nil {
			rows = nil
		}
	}()
	data = aligned(data)
	var check colblk.DataBlockValidator
	if check.Validate(data, s.o.Comparer, s.schema) != nil {
		return nil
	}
	var d colblk.DataBlockDecoder
	d.Init(s.schema, data)
	var meta colblk.KeySeekerMetadata
	s.schema.InitKeySeekerMetadata(&meta, &d)
	keys := s.schema.KeySeeker(&meta)
	var it colblk.PrefixBytesIter
	it.Init(maxKeyBytes+16, nil)
	first := len(s.schema.ColumnTypes)
	trailers := d.BlockDecoder().Uints(first)
	values := d.BlockDecoder().RawBytes(first + valueColumn)
	external := d.BlockDecoder().Bitmap(first + externalColumn)
	for i := range d.BlockDecoder().Rows() {
		user := keys.MaterializeUserKey(&it, i-1, i)
		r := row{value: values.At(i), reference: external.At(i)}
		r.key.UserKey = append([]byte(nil), user...)
		setUint(&r.key.Trailer, trailers.At(i))
		rows = append(rows, r)
	}
	return rows
}

// setUint sets a number whose type the engine does not export.
func setUint[T ~uint64](to *T, n uint64) { *to = T(n) }

// aligned returns a copy of b at an address that is a multiple of 8, as the decoder expects it.
func aligned(b []byte) []byte {
	words := make([]uint64, len(b)/8+1)
	c := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(b))
	copy(c, b)
	return c
}

// write writes a table with rows, as many bytes long as the manifest says of the table that it
// replaces, and returns the number of rows in it. references is the number of value files of that
// table.
func (s salvager) write(path string, rows []row, references int, size int64) (kept int, err error) {
	f, err := vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, err
	}
	opt := s.o.MakeWriterOptions(0, pebble.FormatValueSeparation.MaxTableFormat())
	w := sstable.NewRawWriter(objstorageprovider.NewFileWritable(f), opt)
	kept, err = s.add(w, rows, references)
	if err = errors.Join(err, w.Close()); err != nil {
		return 0, err
	}
	return kept, pad(path, opt.TableFormat.FooterSize(), size)
}

func (s salvager) add(w sstable.RawWriter, rows []row, references int) (kept int, err error) {
	known := 0 // references that the table has so far; they must come in their order
	var previous []byte
	for _, r := range rows {
		if !r.reference {
			if err := w.Add(r.key, r.value, false); err != nil {
				return kept, err
			}
			kept, previous = kept+1, r.key.UserKey
			continue
		}
		prefix := block.ValuePrefix(r.value[0])
		if !prefix.IsBlobValueHandle() {
			continue
		}
		preface, rest := blob.DecodeInlineHandlePreface(r.value[1:])
		handle := blob.InlineHandle{InlineHandlePreface: preface, HandleSuffix: blob.DecodeHandleSuffix(rest)}
		id := int(preface.ReferenceID)
		if id >= references {
			continue
		}
		if known < id && (previous == nil || previous[0] != r.key.UserKey[0]) {
			previous = r.key.UserKey[:1]
		}
		for ; known < id; known++ {
			if err := addFiller(w, previous, known, r.key); err != nil {
				return kept, err
			}
			previous = append(previous[:len(previous):len(previous)], 0)
		}
		known = max(known, id+1)
		if err := w.AddWithBlobHandle(r.key, handle, prefix.ShortAttribute(), false); err != nil {
			return kept, err
		}
		kept, previous = kept+1, r.key.UserKey
	}
	return kept, nil
}

// addFiller adds a row that refers to a value file whose rows are all lost, because the engine expects
// that a table refers to its value files in their order. Its key is that of the row before in the same
// space, or the space itself, with a zero byte, which no key of an item ends with; [mender.reindexed]
// removes it, and does not read its value.
func addFiller(w sstable.RawWriter, previous []byte, id int, like sstable.InternalKey) error {
	key := like
	key.UserKey = append(previous[:len(previous):len(previous)], 0)
	handle := blob.InlineHandle{InlineHandlePreface: blob.InlineHandlePreface{ReferenceID: blob.ReferenceID(id), ValueLen: 1}}
	return w.AddWithBlobHandle(key, handle, 0, false)
}

// pad makes a table as long as size says, with zeros before its footer.
func pad(path string, footer int, size int64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	missing := size - int64(len(data))
	if missing < 0 {
		return fmt.Errorf("what is readable of the table has %d bytes, more than the table", len(data))
	}
	end := len(data) - footer
	padded := append(make([]byte, 0, size), data[:end]...)
	padded = append(padded, make([]byte, missing)...)
	return writeSynced(path, append(padded, data[end:]...))
}

// checkTable returns an error if a table cannot be used: its end or its index is damaged or, with
// deep, any of its blocks.
func checkTable(o *pebble.Options, path string, deep bool) error {
	f, err := vfs.Default.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	if deep {
		err = r.ValidateBlockChecksums()
	} else {
		_, err = r.Layout()
	}
	return errors.Join(err, r.Close())
}

// checkValues returns an error if the end of a value file is damaged.
func checkValues(o *pebble.Options, path string) error {
	f, err := vfs.Default.Open(path)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := blob.NewFileReader(context.Background(), readable, blob.FileReaderOptions{ReaderOptions: o.MakeReaderOptions().ReaderOptions})
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	return r.Close()
}
