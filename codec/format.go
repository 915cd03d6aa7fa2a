package codec

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow"
)

// Format is one file format.
type Format struct {
	// Name is the value of the format parameter, for instance "csv".
	Name string
	// MediaTypes are the media types without parameters; the first is the one that is sent.
	MediaTypes []string
	// Extensions are lower-case file extensions with their dot.
	Extensions []string
	// Sniff reports whether data, the whole input or its beginning, looks like this format.
	Sniff func(data []byte) bool
	// Decode reads a whole input. It keeps no reference to data.
	Decode func(data []byte, opt ReadOptions) (*Table, error)
	// Open begins to read an input row group by row group, so that the table is never in memory as a
	// whole; nil for formats that are read as a whole. The input must not change until its end, and
	// options that Decode applies to the whole table are not applied. It claims to have so many rows.
	Open func(data []byte, opt ReadOptions) (groups RowGroups, rows int64, err error)
	// Encode writes t.
	Encode func(w io.Writer, t *Table, opt WriteOptions) error
}

// RowGroups is a table that comes row group by row group.
type RowGroups interface {
	Schema() *arrow.Schema
	// Next returns the next row group, nil after the last. All have the schema.
	Next() (arrow.Record, error)
}
