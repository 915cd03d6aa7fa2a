package codec

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/internal/gather"
)

// The two formats of https://arrow.apache.org/docs/format/Columnar.html#format-ipc. Each
// decodes the other too, as both are often sent under one name.
var (
	arrowStreamFormat = &Format{
		Name:       "arrow",
		MediaTypes: []string{"application/vnd.apache.arrow.stream"},
		Extensions: []string{".arrows"},
		Sniff:      isArrowStream,
		Decode:     decodeArrow,
		Encode:     encodeArrowStream,
	}
	arrowFileFormat = &Format{
		Name:       "arrow_file",
		MediaTypes: []string{"application/vnd.apache.arrow.file"},
		Extensions: []string{".arrow", ".feather"},
		Sniff:      isArrowFile,
		Decode:     decodeArrow,
		Encode:     encodeArrowFile,
	}
)

func isArrowFile(data []byte) bool { return bytes.HasPrefix(data, ipc.Magic) }

// isArrowStream wants the continuation marker and the length of a schema message. Streams
// from before Arrow 0.15 have no marker and are not recognised, but they are decoded.
func isArrowStream(data []byte) bool {
	if len(data) < 8 || binary.LittleEndian.Uint32(data) != continuation {
		return false
	}
	size := binary.LittleEndian.Uint32(data[4:])
	return size >= 16 && size < 1<<28 && size%4 == 0
}

func decodeArrow(data []byte, opt ReadOptions) (t *Table, err error) {
	defer guard(&err, ErrMalformed, "the Arrow data")
	limits := opt.Limits.WithDefaults()
	r := newArrowReader(limits)
	if int64(len(data)) > limits.Bytes {
		return nil, Errorf(ErrTooLarge, "%d bytes of Arrow data are more than the %d that a dataframe may have", len(data), limits.Bytes)
	}
	if bytes.HasPrefix(data, []byte("FEA1")) {
		return nil, Errorf(ErrUnsupported, "the file is Feather of version 1; write it as version 2, which is an Arrow file")
	}
	var groups grouper
	// The arrays alias the copy.
	data = bytes.Clone(data)
	if isArrowFile(data) {
		err = r.readFile(data, groups.add)
	} else {
		var rest []byte
		if rest, err = r.readStream(data, groups.add); err == nil && len(rest) > 0 {
			err = Errorf(ErrMalformed, "%d bytes follow the end of the Arrow stream", len(rest))
		}
	}
	if err == nil {
		err = checkNames(r.schema)
	}
	if err == nil {
		err = groups.flush()
	}
	if err != nil {
		return nil, err
	}
	return applyDTypes(&Table{Schema: r.schema, RowGroups: groups.done}, opt)
}

// grouper makes row groups out of record batches of any size.
type grouper struct {
	done []arrow.Record
	// pending are parts of batches, of rows rows in all, that become the next row group.
	pending []arrow.Record
	rows    int64
}

func (g *grouper) add(rec arrow.Record) error {
	for from := int64(0); from < rec.NumRows(); from += RowGroupRows {
		n := min(rec.NumRows()-from, RowGroupRows)
		if g.rows+n > RowGroupRows {
			if err := g.flush(); err != nil {
				return err
			}
		}
		g.pending = append(g.pending, rec.NewSlice(from, from+n))
		g.rows += n
	}
	return nil
}

func (g *grouper) flush() error {
	if len(g.pending) == 0 {
		return nil
	}
	merged, err := mergeRecords(g.pending)
	if errors.Is(err, gather.ErrOverflow) {
		// Dictionaries that do not fit into one stay in row groups of their own.
		for _, rec := range g.pending {
			trimmed, err := trimRecord(rec)
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

// mergeRecords returns the rows of recs, which have one schema, as one record.
func mergeRecords(recs []arrow.Record) (arrow.Record, error) {
	if len(recs) == 1 {
		return trimRecord(recs[0])
	}
	runs := make([]gather.Run, len(recs))
	rows := int64(0)
	for i, rec := range recs {
		runs[i] = gather.Run{Source: i, To: int(rec.NumRows())}
		rows += rec.NumRows()
	}
	return mapColumns(recs[0], rows, func(i int) (arrow.Array, error) {
		parts := make([]arrow.Array, len(recs))
		for j, rec := range recs {
			parts[j] = rec.Column(i)
		}
		return gather.Rows(parts, runs)
	})
}

// trimRecord returns rec in the one form that equal rows have, whatever they were cut from.
func trimRecord(rec arrow.Record) (arrow.Record, error) {
	return mapColumns(rec, rec.NumRows(), func(i int) (arrow.Array, error) { return gather.Trim(rec.Column(i)) })
}

func mapColumns(rec arrow.Record, rows int64, column func(i int) (arrow.Array, error)) (arrow.Record, error) {
	columns := make([]arrow.Array, rec.NumCols())
	for i := range columns {
		var err error
		if columns[i], err = column(i); err != nil {
			return nil, err
		}
	}
	return array.NewRecord(rec.Schema(), columns, rows), nil
}
