package formatstest

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/compress"
	"edgeframe/codec/formats"
	"edgeframe/codec/segment"
	"edgeframe/frame"
)

// Allocated is the number of bytes that have been allocated since the start.
func Allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// Use does everything with a decoded table that the server may do, and fails the test if anything
// fails.
func Use(t *testing.T, table *codec.Table) {
	t.Helper()
	stream := Encode(t, "arrow", table)
	again, err := formats.ByName("arrow").Decode(stream, codec.ReadOptions{})
	if err != nil {
		t.Fatalf("the table that was decoded cannot be decoded again: %v", err)
	}
	if err := codectest.Equal(table, again); err != nil {
		t.Fatal(err)
	}
	if err := formats.ByName("arrow_file").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
		CheckKind(t, err, codec.ErrUnsupported)
	}
	if err := formats.ByName("json").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
		CheckKind(t, err, codec.ErrUnsupported)
	}
	for _, group := range table.RowGroups {
		for _, method := range []segment.Method{segment.MethodArrow, segment.MethodMsgpack} {
			CheckSegment(t, group, segment.Options{Method: method, Compression: compress.Snappy})
		}
		n := int(group.NumRows())
		for _, column := range group.Columns() {
			checkUTF8(t, column)
			rearrange(t, column, n)
		}
	}
}

// CheckSegment checks that rec comes back unchanged from a segment.
func CheckSegment(t *testing.T, rec arrow.Record, opt segment.Options) {
	t.Helper()
	s, err := segment.Encode(rec, opt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := segment.Decode(s.Data, s.Hash, s.RawBytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.Equal(TableOf(rec), TableOf(got)); err != nil {
		t.Fatal(err)
	}
}

// checkUTF8 checks that all text of a column is UTF-8. Dictionary values that no row uses may be
// anything.
func checkUTF8(t *testing.T, column arrow.Array) {
	t.Helper()
	dict, _ := column.(*array.Dictionary)
	values := column
	if dict != nil {
		values = dict.Dictionary()
	}
	text, ok := values.(array.StringLike)
	if !ok {
		return
	}
	for row := range column.Len() {
		at := row
		if dict != nil && column.IsValid(row) {
			at = dict.GetValueIndex(row)
		}
		if column.IsValid(row) && text.IsValid(at) && !utf8.ValidString(text.Value(at)) {
			t.Fatalf("row %d has the text %q", row, text.Value(at))
		}
	}
}

// rearrange checks that an array that is joined from its parts equals the whole.
func rearrange(t *testing.T, column arrow.Array, n int) {
	t.Helper()
	first, err := frame.KeepRows(column, []frame.Span{{From: 0, To: n / 2}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := frame.KeepRows(column, []frame.Span{{From: n / 2, To: n}})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := frame.Concat([]arrow.Array{first, second})
	if err != nil {
		t.Fatal(err)
	}
	if err := codectest.EqualArrays(column, whole); err != nil {
		t.Fatal(err)
	}
}

// Encode returns table in the format of that name.
func Encode(t testing.TB, format string, table *codec.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := formats.ByName(format).Encode(&b, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TableOf is a table of one row group.
func TableOf(rec arrow.Record) *codec.Table {
	return &codec.Table{Schema: rec.Schema(), RowGroups: []arrow.Record{rec}}
}

// CheckKind fails the test unless err is of one of the kinds.
func CheckKind(t *testing.T, err error, kinds ...error) {
	t.Helper()
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	t.Fatalf("the error %q is of none of the kinds %q", err, kinds)
}

// OnlyColumn returns column i of the first two row groups of t.
func OnlyColumn(t *codec.Table, i int) *codec.Table {
	out := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{t.Schema.Field(i)}, nil)}
	for _, g := range t.RowGroups[:2] {
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, []arrow.Array{g.Column(i)}, g.NumRows()))
	}
	return out
}

// FuzzLimits are so low that a fuzzer notices an input that exceeds them.
var FuzzLimits = codec.Limits{Bytes: 16 << 20, Columns: 1000}
