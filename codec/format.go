package codec

import (
	"io"
	"slices"
	"strings"

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
	// It must not accept what another format's Sniff accepts.
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

// ReadOptions are the choices of whoever sends a table. The zero value means: find out.
type ReadOptions struct {
	Limits Limits
	// Delimiter separates the fields of delimited text; 0 means that it is detected.
	Delimiter byte
	// NoHeader says that the first line of delimited text is data; columns are then named
	// column_1, column_2, ….
	NoHeader bool
	// NullValues are the spellings of a missing value in delimited text; nil means
	// [DefaultNullValues]. The empty field is always missing.
	NullValues []string
	// Encoding is the character encoding of delimited text, by its WHATWG name;
	// "" means that it is detected.
	Encoding string
	// Comment begins lines of delimited text that are skipped; 0 means that there are none.
	Comment byte
	// Decimal is the decimal point of numbers in delimited text, '.' or ','; 0 means '.'.
	Decimal byte
	// Thousands stands between groups of three digits in delimited text; 0 means that nothing may.
	Thousands byte
	// DTypes are the types that columns must have, by name, instead of the inferred ones.
	DTypes map[string]arrow.DataType
	// Sheets are the names of the sheets of a workbook to read, one below the other. Nil means its
	// only sheet that is not empty; if there are several, the error is a [*SheetChoice].
	Sheets []string
	// Strict refuses values whose spelling would not survive a round trip.
	Strict bool
	// Orient is the shape of a JSON or MessagePack document; "" means that it is detected.
	Orient Orient
}

// WriteOptions are the choices of whoever fetches a table.
type WriteOptions struct {
	// Orient is the shape of a JSON or MessagePack document; "" means Records.
	Orient Orient
}

// Orient is the shape of a JSON or MessagePack document, named as in pandas.
type Orient string

// The shapes: [{column: value}], {column: [value]}, and {"columns": [], "data": [[value]]}.
const (
	Records Orient = "records"
	Columns Orient = "columns"
	Split   Orient = "split"
)

// Orients lists every Orient.
var Orients = []Orient{Records, Columns, Split}

// Formats returns all formats in the order in which the server prefers them.
func Formats() []*Format { return formats }

// formats is ordered: where a client has no preference, the first is sent.
var formats = []*Format{
	jsonFormat,
	ndjsonFormat,
	csvFormat,
	tsvFormat,
	arrowStreamFormat,
	arrowFileFormat,
	parquetFormat,
	msgpackFormat,
	xlsxFormat,
}

// ByName returns the format with that name, or nil.
func ByName(name string) *Format {
	return find(func(f *Format) bool { return f.Name == strings.ToLower(name) })
}

// ByMediaType returns the format with that media type (no parameters), or nil.
func ByMediaType(mediaType string) *Format {
	return find(func(f *Format) bool { return slices.Contains(f.MediaTypes, strings.ToLower(mediaType)) })
}

// ByFilename returns the format that filename's extension names, or nil.
func ByFilename(filename string) *Format {
	name := strings.ToLower(filename)
	return find(func(f *Format) bool {
		return slices.ContainsFunc(f.Extensions, func(ext string) bool { return strings.HasSuffix(name, ext) })
	})
}

// BySniffing returns the format that data looks like, or nil.
func BySniffing(data []byte) *Format {
	return find(func(f *Format) bool { return f.Sniff(data) })
}

func find(match func(*Format) bool) *Format {
	if i := slices.IndexFunc(formats, match); i >= 0 {
		return formats[i]
	}
	return nil
}
