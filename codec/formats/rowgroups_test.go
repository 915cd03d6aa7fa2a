package formats_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"
	"weak"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/codec/formats"
)

// watched is a source whose row groups exist only while a format refers to them.
type watched struct {
	groups int
	// most is the largest number of row groups that were alive when another one had been read.
	most int
	// fails is the error of the last row group.
	fails error
}

const watchedRows = 500

// group makes a row group of a column of numbers, one of text and one with a dictionary.
func (w *watched) group(g int) arrow.Record {
	numbers := codectest.Generate(watchedRows, 2, uint64(g)).RowGroups[0]
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.BinaryTypes.String}
	words := codectest.ArrayOf(dict, func(b *array.BinaryDictionaryBuilder) {
		for i := range watchedRows {
			if err := b.AppendString(fmt.Sprint("group ", g, " value ", i%7)); err != nil {
				panic(err)
			}
		}
	})
	columns := []arrow.Array{numbers.Column(0), numbers.Column(1), words}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: columns[0].DataType(), Nullable: true},
		{Name: "b", Type: columns[1].DataType(), Nullable: true},
		{Name: "c", Type: dict, Nullable: true},
	}, nil)
	return array.NewRecord(schema, columns, watchedRows)
}

func (w *watched) NumRows() int64 { return int64(w.groups) * watchedRows }

func (w *watched) Together(int) int { return 1 }

func (w *watched) Open(columns []int) codec.RowGroups {
	schema := w.group(0).Schema()
	return &watchedGroups{w: w, columns: columns, schema: codec.SelectFields(schema, columns)}
}

type watchedGroups struct {
	w       *watched
	columns []int
	schema  *arrow.Schema
	next    int
	// alive are the buffers of the row groups that were read.
	alive [][]weak.Pointer[memory.Buffer]
}

func (g *watchedGroups) Schema() *arrow.Schema { return g.schema }

func (g *watchedGroups) Next() (arrow.Record, error) {
	runtime.GC()
	alive := 0
	for _, buffers := range g.alive {
		for _, b := range buffers {
			if b.Value() != nil {
				alive++
				break
			}
		}
	}
	if g.next == g.w.groups {
		return nil, g.w.fails
	}
	rec := codec.SelectColumns(g.w.group(g.next), g.schema, g.columns)
	g.next++
	var buffers []weak.Pointer[memory.Buffer]
	for _, column := range rec.Columns() {
		for _, b := range column.Data().Buffers() {
			if b != nil {
				buffers = append(buffers, weak.Make(b))
			}
		}
	}
	g.alive = append(g.alive, buffers)
	g.w.most = max(g.w.most, alive+1)
	return rec, nil
}

// eachShape calls use with every format in every shape that it has.
func eachShape(t *testing.T, use func(t *testing.T, f *codec.Format, opt codec.WriteOptions)) {
	for _, f := range formats.All() {
		if f.Name != "json" && f.Name != "msgpack" {
			t.Run(f.Name, func(t *testing.T) { use(t, f, codec.WriteOptions{}) })
			continue
		}
		for _, orient := range document.Orients {
			t.Run(f.Name+" "+string(orient), func(t *testing.T) {
				use(t, f, codec.WriteOptions{Options: document.Options{Orient: orient}})
			})
		}
	}
}

func TestEveryFormatIsWrittenWithTwoRowGroupsInMemory(t *testing.T) {
	eachShape(t, func(t *testing.T, f *codec.Format, opt codec.WriteOptions) {
		src := &watched{groups: 6}
		var streamed, whole bytes.Buffer
		if err := f.Encode(&streamed, src, opt); err != nil {
			t.Fatal(err)
		}
		if src.most != 2 && src.most != 1 {
			t.Errorf("%d row groups were in memory", src.most)
		}
		table, err := codec.Collect(src)
		if err != nil {
			t.Fatal(err)
		}
		if src.most != src.groups {
			t.Errorf("of the %d row groups of a table in memory, %d are", src.groups, src.most)
		}
		if err := f.Encode(&whole, table, opt); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(streamed.Bytes(), whole.Bytes()) {
			t.Errorf("%d bytes differ from the %d of the table in memory", streamed.Len(), whole.Len())
		}
	})
}

func TestEveryFormatReportsASourceThatFails(t *testing.T) {
	broken := errors.New("the store is gone")
	eachShape(t, func(t *testing.T, f *codec.Format, opt codec.WriteOptions) {
		if err := f.Encode(io.Discard, &watched{groups: 2, fails: broken}, opt); !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
	})
}

// stopping counts the writes after the first that fails.
type stopping struct{ left, after int }

func (w *stopping) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		w.after++
		return 0, codectest.ErrFull
	}
	return len(p), nil
}

func TestEveryFormatStopsWhenNobodyReads(t *testing.T) {
	eachShape(t, func(t *testing.T, f *codec.Format, opt codec.WriteOptions) {
		src := &watched{groups: 200}
		out := &stopping{left: 100}
		opened := &counted{Source: src}
		if err := f.Encode(out, opened, opt); !errors.Is(err, codectest.ErrFull) {
			t.Fatalf("the error is %v", err)
		}
		// What is read before the first byte is not counted: XLSX checks the text, and an Arrow file
		// has all dictionaries in front.
		if opened.last > 60 || out.after > 1 {
			t.Errorf("%d row groups were read, and %d more writes tried", opened.last, out.after-1)
		}
	})
}

// counted counts the row groups that are read of what was opened last.
type counted struct {
	codec.Source
	last int
}

func (c *counted) Open(columns []int) codec.RowGroups {
	c.last = 0
	return &countedGroups{c.Source.Open(columns), c}
}

type countedGroups struct {
	codec.RowGroups
	of *counted
}

func (g *countedGroups) Next() (arrow.Record, error) {
	g.of.last++
	return g.RowGroups.Next()
}
