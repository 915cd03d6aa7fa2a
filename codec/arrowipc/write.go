package arrowipc

import (
	"bufio"
	"io"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/internal/gather"
)

func encodeArrowStream(w io.Writer, src codec.Source) (err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the table")
	groups := src.Open(nil)
	schema, names := forOthers(groups.Schema())
	trim := func(rec arrow.Record) (arrow.Record, error) { return layout.TrimRecord(withSchema(rec, schema)) }
	return writeArrow(w, groups, trim, func(w io.Writer) (recordWriter, error) {
		if names != nil {
			w = &schemaWriter{w: w, names: names}
		}
		return ipc.NewWriter(w, ipc.WithSchema(schema)), nil
	})
}

// encodeArrowFile writes an Arrow file. It has one dictionary per column, where a stream can replace
// it, so the dictionaries of all row groups are read before the first one is written.
func encodeArrowFile(w io.Writer, src codec.Source) (err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the table")
	unified, err := unify(src)
	if err != nil {
		return err
	}
	groups := src.Open(nil)
	schema, names := forOthers(groups.Schema())
	trim := func(rec arrow.Record) (arrow.Record, error) {
		return layout.MapColumns(withSchema(rec, schema), rec.NumRows(), func(i int) (arrow.Array, error) {
			if next := unified[i]; next != nil {
				return next(rec.Column(i))
			}
			return gather.Trim(rec.Column(i))
		})
	}
	return writeArrow(w, groups, trim, func(w io.Writer) (recordWriter, error) {
		return newFileWriter(w, schema, names)
	})
}

// recordWriter is what the stream and file writers of arrow-go have in common.
type recordWriter interface {
	Write(arrow.Record) error
	Close() error
}

// buffers are buffers of writeArrow that are free. A new one for each answer would be the largest part of
// what a small answer allocates.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 128<<10) }}

// writeArrow trims row groups and writes them. arrow-go v17 writes slices of some types wrongly.
func writeArrow(w io.Writer, groups codec.RowGroups, trim func(arrow.Record) (arrow.Record, error), open func(io.Writer) (recordWriter, error)) error {
	buffered := buffers.Get().(*bufio.Writer)
	buffered.Reset(w)
	defer func() {
		buffered.Reset(nil)
		buffers.Put(buffered)
	}()
	out, err := open(buffered)
	if err != nil {
		return err
	}
	each := codec.EachInPassing
	if slices.ContainsFunc(groups.Schema().Fields(), func(f arrow.Field) bool { return hasDictionary(f.Type) || f.Type.ID() == arrow.EXTENSION }) {
		each = codec.EachGroup // arrow-go compares dictionaries with those before
	}
	err = each(groups, func(rec arrow.Record) error {
		trimmed, err := trim(rec)
		if err != nil {
			return err
		}
		return out.Write(trimmed)
	})
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// countingWriter counts the bytes written. arrow-go's file writer seeks only to learn its position.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (c *countingWriter) Seek(int64, int) (int64, error) { return c.n, nil }
