// Package arrowipc reads and writes Arrow IPC: streams, files, schemas, and record batches as the
// payload of segments.
package arrowipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/codec/scalar"
	"edgeframe/internal/gather"
)

// The two formats of https://arrow.apache.org/docs/format/Columnar.html#format-ipc. Each decodes
// the other too, because both are often sent under one name.
var (
	// Stream is the stream format.
	Stream = &codec.Format{
		Name:       "arrow",
		MediaTypes: []string{"application/vnd.apache.arrow.stream"},
		Extensions: []string{".arrows"},
		Input:      "the Arrow data",
		Retype:     scalar.ApplyDTypes,
		Driver:     streamDriver{},
	}
	// File is the file format, which is also Feather of version 2.
	File = &codec.Format{
		Name:       "arrow_file",
		MediaTypes: []string{"application/vnd.apache.arrow.file"},
		Extensions: []string{".arrow", ".feather"},
		Input:      "the Arrow data",
		Retype:     scalar.ApplyDTypes,
		Driver:     fileDriver{},
	}
)

// reading decodes both formats, which the first bytes of an input tell apart.
type reading struct{}

type (
	streamDriver struct{ reading }
	fileDriver   struct{ reading }
)

// Sniff implements [codec.Driver].
func (streamDriver) Sniff(data []byte) bool { return isArrowStream(data) }

// Sniff implements [codec.Driver].
func (fileDriver) Sniff(data []byte) bool { return isArrowFile(data) }

// Encode implements [codec.Driver].
func (streamDriver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	return encodeArrowStream(w, src)
}

// Encode implements [codec.Driver].
func (fileDriver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	return encodeArrowFile(w, src)
}

func isArrowFile(data []byte) bool { return bytes.HasPrefix(data, ipc.Magic) }

// isArrowStream looks for the continuation marker and the length of a schema message. Streams from
// before Arrow 0.15 have no marker: they are not recognised, but they are decoded.
func isArrowStream(data []byte) bool {
	if len(data) < 8 || binary.LittleEndian.Uint32(data) != continuation {
		return false
	}
	size := binary.LittleEndian.Uint32(data[4:])
	return size >= 16 && size < 1<<28 && size%4 == 0
}

// Decode implements [codec.Driver].
func (reading) Decode(data []byte, opt codec.ReadOptions, mem *codec.Budget) (t *codec.Table, err error) {
	r := newReader(opt.Limits, mem)
	r.strict = opt.Strict
	if limit := opt.Limits.Bytes; int64(len(data)) > limit {
		return nil, codec.Errorf(codec.ErrTooLarge, "%d bytes of Arrow data are more than the %d that a dataframe may have", len(data), limit)
	}
	if bytes.HasPrefix(data, []byte("FEA1")) {
		return nil, codec.Errorf(codec.ErrUnsupported, "the file is Feather of version 1; write it as version 2, which is an Arrow file")
	}
	groups := grouper{mem: mem}
	// The arrays alias the copy.
	data = bytes.Clone(data)
	if isArrowFile(data) {
		err = r.readFile(data, groups.add)
	} else {
		var rest []byte
		if rest, err = r.readStream(data, groups.add); err == nil && len(rest) > 0 {
			err = codec.Errorf(codec.ErrMalformed, "%d bytes follow the end of the Arrow stream", len(rest))
		}
	}
	if err == nil {
		err = codec.CheckNameLengths(r.schema)
	}
	if err == nil {
		err = groups.flush()
	}
	if err != nil {
		return nil, err
	}
	return &codec.Table{Schema: r.schema, RowGroups: groups.done, Receipt: r.receipt}, nil
}

// grouper collects record batches of any size into row groups, which are copies. So it reserves as much
// from mem as the largest batch takes.
type grouper struct {
	mem     *codec.Budget
	largest int64
	done    []arrow.Record
	// pending are the parts of batches for the next row group, rows the number of their rows.
	pending []arrow.Record
	rows    int64
}

func (g *grouper) add(rec arrow.Record) error {
	if size := recordBytes(rec); size > g.largest {
		g.mem.Reserve(size - g.largest)
		g.largest = size
	}
	for from := int64(0); from < rec.NumRows(); from += codec.RowGroupRows {
		n := min(rec.NumRows()-from, codec.RowGroupRows)
		if g.rows+n > codec.RowGroupRows {
			if err := g.flush(); err != nil {
				return err
			}
		}
		g.pending = append(g.pending, rec.NewSlice(from, from+n))
		g.rows += n
	}
	return nil
}

// recordBytes is the size of the buffers of a record.
func recordBytes(rec arrow.Record) (n int64) {
	for _, column := range rec.Columns() {
		n += bufferBytes(column.Data())
	}
	return n
}

func bufferBytes(data arrow.ArrayData) (n int64) {
	for _, b := range data.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, child := range data.Children() {
		n += bufferBytes(child)
	}
	return n
}

func (g *grouper) flush() error {
	if len(g.pending) == 0 {
		return nil
	}
	merged, err := mergeRecords(g.pending)
	if errors.Is(err, gather.ErrOverflow) {
		// The dictionaries do not fit into one, so each part becomes a row group.
		for _, rec := range g.pending {
			trimmed, err := layout.TrimRecord(rec)
			if err != nil {
				return err
			}
			g.done = append(g.done, trimmed)
		}
	} else if err != nil {
		return err
	} else {
		g.done = append(g.done, merged)
	}
	g.pending, g.rows = nil, 0
	return nil
}

// mergeRecords joins records, which have one schema.
func mergeRecords(recs []arrow.Record) (arrow.Record, error) {
	if len(recs) == 1 {
		return layout.TrimRecord(recs[0])
	}
	runs := make([]gather.Run, len(recs))
	rows := int64(0)
	for i, rec := range recs {
		runs[i] = gather.Run{Source: i, To: int(rec.NumRows())}
		rows += rec.NumRows()
	}
	return layout.MapColumns(recs[0], rows, func(i int) (arrow.Array, error) {
		parts := make([]arrow.Array, len(recs))
		for j, rec := range recs {
			parts[j] = rec.Column(i)
		}
		return gather.Rows(parts, runs)
	})
}
