package codec_test

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
	"edgeframe/frame"
	"edgeframe/internal/tabletest"
)

// fuzzLimits keep what one input may cost so low that a fuzzer notices what exceeds it.
var fuzzLimits = codec.Limits{Bytes: 16 << 20, Columns: 1000}

func FuzzArrow(f *testing.F) {
	// One type at a time keeps inputs short, which is what a fuzzer is good at.
	all := tabletest.AllTypes()
	for i := range all.Schema.NumFields() {
		column := onlyColumn(all, i)
		stream := encoded(f, "arrow", column)
		f.Add(stream)
		f.Add(stream[:len(stream)*2/3])
		f.Add(encoded(f, "arrow_file", column))
	}
	for _, wrap := range textContainers {
		f.Add(encoded(f, "arrow", inColumn(wrap(texts("a", "b", halves[0], halves[1])))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		table, err := codec.ByName("arrow").Decode(data, codec.ReadOptions{Limits: fuzzLimits})
		if n := allocated() - before; n > 3*uint64(fuzzLimits.Bytes) {
			t.Errorf("%d bytes of memory were used where %d are the limit", n, fuzzLimits.Bytes)
		}
		if err != nil {
			checkKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported)
			return
		}
		use(t, table)
	})
}

func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// use does with a decoded table what the server may do with it.
func use(t *testing.T, table *codec.Table) {
	t.Helper()
	stream := encoded(t, "arrow", table)
	again, err := codec.ByName("arrow").Decode(stream, codec.ReadOptions{})
	if err != nil {
		t.Fatalf("the table that was decoded cannot be decoded again: %v", err)
	}
	if err := tabletest.Equal(table, again); err != nil {
		t.Fatal(err)
	}
	if err := codec.ByName("arrow_file").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
		checkKind(t, err, codec.ErrUnsupported)
	}
	if err := codec.ByName("json").Encode(io.Discard, table, codec.WriteOptions{}); err != nil {
		checkKind(t, err, codec.ErrUnsupported)
	}
	for _, group := range table.RowGroups {
		for _, method := range []codec.Method{codec.MethodArrow, codec.MethodMsgpack} {
			checkSegment(t, group, codec.SegmentOptions{Method: method, Compression: codec.Snappy})
		}
		n := int(group.NumRows())
		for _, column := range group.Columns() {
			checkUTF8(t, column)
			rearrange(t, column, n)
		}
	}
}

// checkSegment checks that rec comes back from a segment as it is.
func checkSegment(t *testing.T, rec arrow.Record, opt codec.SegmentOptions) {
	t.Helper()
	s, err := codec.EncodeSegment(rec, opt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := codec.DecodeSegment(s.Data, s.Hash, s.RawBytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := tabletest.Equal(tableOf(rec), tableOf(got)); err != nil {
		t.Fatal(err)
	}
}

// checkUTF8 checks that a column of text, or its dictionary where rows refer to it, has
// UTF-8 only.
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

// rearrange checks that an array put together from its parts is the same array.
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
	if err := tabletest.EqualArrays(column, whole); err != nil {
		t.Fatal(err)
	}
}

// onlyColumn returns column i of the first two row groups of t.
func onlyColumn(t *codec.Table, i int) *codec.Table {
	out := &codec.Table{Schema: arrow.NewSchema([]arrow.Field{t.Schema.Field(i)}, nil)}
	for _, g := range t.RowGroups[:2] {
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, []arrow.Array{g.Column(i)}, g.NumRows()))
	}
	return out
}

func encoded(t testing.TB, format string, table *codec.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := codec.ByName(format).Encode(&b, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tableOf(rec arrow.Record) *codec.Table {
	return &codec.Table{Schema: rec.Schema(), RowGroups: []arrow.Record{rec}}
}

func checkKind(t *testing.T, err error, kinds ...error) {
	t.Helper()
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	t.Fatalf("the error %q is of none of the kinds %q", err, kinds)
}
