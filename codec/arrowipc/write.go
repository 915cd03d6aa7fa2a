package arrowipc

import (
	"bufio"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"edgeframe/codec"
	"edgeframe/codec/internal/layout"
	"edgeframe/internal/gather"
)

func encodeArrowStream(w io.Writer, t *codec.Table) error {
	return writeArrow(w, t.RowGroups, layout.TrimRecord, func(w io.Writer) (recordWriter, error) {
		return ipc.NewWriter(w, ipc.WithSchema(t.Schema)), nil
	})
}

// encodeArrowFile writes an Arrow file. It has one dictionary per column, where a stream can replace
// it.
func encodeArrowFile(w io.Writer, t *codec.Table) error {
	groups := slices.Clone(t.RowGroups)
	unified := make([]bool, t.Schema.NumFields())
	for i, f := range t.Schema.Fields() {
		if len(groups) < 2 || !hasDictionary(f.Type) {
			continue
		}
		if err := unifyColumn(groups, i); err != nil {
			return codec.Errorf(codec.ErrUnsupported, "column %q cannot be written to an Arrow file: %v; fetch it as an Arrow stream (format=arrow)", f.Name, err)
		}
		unified[i] = true
	}
	trim := func(rec arrow.Record) (arrow.Record, error) {
		return layout.MapColumns(rec, rec.NumRows(), func(i int) (arrow.Array, error) {
			if unified[i] {
				return rec.Column(i), nil
			}
			return gather.Trim(rec.Column(i))
		})
	}
	return writeArrow(w, groups, trim, func(w io.Writer) (recordWriter, error) {
		return ipc.NewFileWriter(&countingWriter{w: w}, ipc.WithSchema(t.Schema))
	})
}

// unifyColumn gives column i the same dictionaries in all groups.
func unifyColumn(groups []arrow.Record, i int) error {
	parts := make([]arrow.Array, len(groups))
	for g, rec := range groups {
		parts[g] = rec.Column(i)
	}
	parts, err := gather.Unify(parts)
	if err != nil {
		return err
	}
	for g, rec := range groups {
		if groups[g], err = rec.SetColumn(i, parts[g]); err != nil {
			return err
		}
	}
	return nil
}

func hasDictionary(dt arrow.DataType) bool {
	if dt.ID() == arrow.DICTIONARY {
		return true
	}
	nested, ok := dt.(arrow.NestedType)
	return ok && slices.ContainsFunc(nested.Fields(), func(f arrow.Field) bool { return hasDictionary(f.Type) })
}

// recordWriter is what the stream and file writers of arrow-go have in common.
type recordWriter interface {
	Write(arrow.Record) error
	Close() error
}

// writeArrow trims groups and writes them. arrow-go v17 writes slices of some types wrongly.
func writeArrow(w io.Writer, groups []arrow.Record, trim func(arrow.Record) (arrow.Record, error), open func(io.Writer) (recordWriter, error)) (err error) {
	defer codec.Guard(&err, codec.ErrUnsupported, "the table")
	buffered := bufio.NewWriterSize(w, 64<<10)
	out, err := open(buffered)
	if err != nil {
		return err
	}
	for _, rec := range groups {
		if rec, err = trim(rec); err != nil {
			return err
		}
		if err := out.Write(rec); err != nil {
			return err
		}
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
