package codec_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// lines is a format of one column: a line of text for each row.
type lines struct{}

func (lines) Sniff(data []byte) bool { return bytes.IndexByte(data, '\n') >= 0 }

func (lines) Decode(data []byte, _ codec.ReadOptions, mem *codec.Budget) (*codec.Table, error) {
	b := array.NewStringBuilder(mem)
	for line := range strings.Lines(string(data)) {
		b.Append(strings.TrimSuffix(line, "\n"))
	}
	column := b.NewArray()
	schema := arrow.NewSchema([]arrow.Field{{Name: "line", Type: arrow.BinaryTypes.String}}, nil)
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{codec.NewRecord(schema, []arrow.Array{column}, uint32(column.Len()))}}, nil
}

func (lines) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	return codec.Errorf(codec.ErrUnsupported, "lines cannot be written")
}

// A new format is a driver. Format adds limits, panics that become errors, checks of names, and the
// types that the caller asks for.
func ExampleFormat() {
	format := &codec.Format{Name: "lines", Input: "the text", Retype: scalar.ApplyDTypes, Driver: lines{}}
	table, err := format.Decode([]byte("2026-01-18\n2026-01-19\n"), codec.ReadOptions{
		DTypes: map[string]arrow.DataType{"line": arrow.FixedWidthTypes.Date32},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scalar.DType(table.Schema.Field(0).Type), table.RowGroups[0].Column(0))

	_, err = format.Decode([]byte("a long line\n"), codec.ReadOptions{Limits: codec.Limits{Bytes: 4}})
	fmt.Println(err)
	// Output:
	// date32 [20471 20472]
	// the text needs more than the 4 bytes of memory that a dataframe may take
}
