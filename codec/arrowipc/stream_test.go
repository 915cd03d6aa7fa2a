package arrowipc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/codectest"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
)

// streamed reads a stream as a table.
func streamed(in io.Reader, limits codec.Limits, most int64) (*codec.Table, error) {
	s, err := arrowipc.OpenStream(in, codec.ReadOptions{Limits: limits}, most)
	if err != nil {
		return nil, err
	}
	t := &codec.Table{Schema: s.Schema()}
	for {
		group, err := s.Next()
		if err != nil {
			return nil, err
		}
		if group == nil {
			return t, nil
		}
		t.RowGroups = append(t.RowGroups, group)
	}
}

func TestAStreamReadInPiecesIsTheSameTable(t *testing.T) {
	for name, table := range map[string]*codec.Table{
		"all types":      codectest.AllTypes(),
		"no rows":        codectest.Generate(0, 4, 1),
		"one row group":  codectest.Generate(1000, 4, 1),
		"several":        codectest.Generate(3*codec.RowGroupRows+5, 4, 1),
		"many small":     inBatches(codectest.Generate(50_000, 4, 1), 700),
		"few large ones": inBatches(codectest.Generate(100_000, 4, 1), 60_000),
	} {
		data := formatstest.Encode(t, "arrow", table)
		want, err := formats.ByName("arrow").Decode(data, codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for how, in := range map[string]io.Reader{"at once": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data))} {
			got, err := streamed(in, codec.Limits{}, 1<<30)
			if err == nil {
				err = codectest.Equal(got, want)
			}
			if err == nil && len(got.RowGroups) != len(want.RowGroups) {
				err = errors.New("other row groups")
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

// inBatches cuts the rows of a table anew.
func inBatches(t *codec.Table, rows int64) *codec.Table {
	out := &codec.Table{Schema: t.Schema}
	for _, g := range t.RowGroups {
		for from := int64(0); from < g.NumRows(); from += rows {
			out.RowGroups = append(out.RowGroups, g.NewSlice(from, min(from+rows, g.NumRows())))
		}
	}
	return out
}

func TestAStreamMayBeLargerThanItsBudgetInMemory(t *testing.T) {
	table := codectest.Generate(400_000, 10, 1)
	data := formatstest.Encode(t, "arrow", table)
	limits := codec.Limits{Bytes: int64(len(data)) * 2}
	if _, err := streamed(bytes.NewReader(data), limits, 4<<20); err != nil {
		t.Fatal(err)
	}
	before := formatstest.Allocated()
	s, err := arrowipc.OpenStream(bytes.NewReader(data), codec.ReadOptions{Limits: limits}, 4<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if used := formatstest.Allocated() - before; used > uint64(len(data)/2) {
		t.Errorf("the first of %d row groups took %d bytes of a stream of %d", len(table.RowGroups), used, len(data))
	}
}

func TestAStreamIsRefusedForWhatItClaims(t *testing.T) {
	data := formatstest.Encode(t, "arrow", codectest.Generate(20_000, 4, 1))
	claim := func(size uint32) []byte {
		lie := bytes.Clone(data)
		binary.LittleEndian.PutUint32(lie[4:], size)
		return lie
	}
	for name, tt := range map[string]struct {
		in   io.Reader
		kind error
		says string
	}{
		"a message of 2 GiB":             {bytes.NewReader(claim(1 << 31)), codec.ErrTooLarge, "smaller record batches"},
		"a message longer than there is": {bytes.NewReader(claim(900_000)), codec.ErrMalformed, "ends early"},
		"a batch over the limit":         {bytes.NewReader(formatstest.Encode(t, "arrow", codectest.Generate(codec.RowGroupRows, 20, 1))), codec.ErrTooLarge, "smaller record batches"},
		"a broken connection":            {io.MultiReader(bytes.NewReader(data[:100_000]), iotest.ErrReader(errBroken)), errBroken, "broken"},
	} {
		before := formatstest.Allocated()
		_, err := streamed(tt.in, codec.Limits{}, 1<<20)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
		if used := formatstest.Allocated() - before; used > 16<<20 {
			t.Errorf("%s took %d bytes", name, used)
		}
	}
}

var errBroken = errors.New("broken")

// FuzzArrowStream compares reading in pieces with reading as a whole.
func FuzzArrowStream(f *testing.F) {
	all := codectest.AllTypes()
	for i := range all.Schema.NumFields() {
		stream := formatstest.Encode(f, "arrow", formatstest.OnlyColumn(all, i))
		f.Add(stream)
		f.Add(stream[:len(stream)*2/3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("ARROW1")) || bytes.HasPrefix(data, []byte("FEA1")) {
			return
		}
		before := formatstest.Allocated()
		got, err := streamed(bytes.NewReader(data), formatstest.FuzzLimits, formatstest.FuzzLimits.Bytes)
		if n := formatstest.Allocated() - before; n > 3*uint64(formatstest.FuzzLimits.Bytes) {
			t.Errorf("%d bytes of memory were used where %d are the limit", n, formatstest.FuzzLimits.Bytes)
		}
		want, whole := formats.ByName("arrow").Decode(data, codec.ReadOptions{Limits: formatstest.FuzzLimits})
		switch {
		case err != nil && whole == nil:
			t.Errorf("in pieces: %v; as a whole it is fine", err)
		case err != nil:
			formatstest.CheckKind(t, err, codec.ErrMalformed, codec.ErrTooLarge, codec.ErrUnsupported)
		case whole != nil && !errors.Is(whole, codec.ErrTooLarge):
			t.Errorf("as a whole: %v; in pieces it is fine", whole)
		case whole == nil:
			if err := codectest.Equal(got, want); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestColumnsOfArrowGetNames(t *testing.T) {
	for _, name := range arrowFormats {
		data := formatstest.Encode(t, name, twins())
		table, err := decodeArrow(data, codec.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("[{1 %s.1 %[1]s}]", table.Schema.Field(0).Name)
		if got := fmt.Sprint(table.Receipt.Renamed); got != want || table.Schema.Field(1).Name != table.Schema.Field(0).Name+".1" {
			t.Errorf("%s: %s instead of %s", name, got, want)
		}
		if _, err := formats.ByName(name).Decode(data, codec.ReadOptions{Strict: true}); !errors.Is(err, codec.ErrMalformed) {
			t.Errorf("%s: the error of strict reading is %v", name, err)
		}
		if name != "arrow" {
			continue
		}
		s, err := arrowipc.OpenStream(bytes.NewReader(data), codec.ReadOptions{}, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Receipt().Renamed); got != want {
			t.Errorf("in pieces: %s instead of %s", got, want)
		}
	}
}

// twins has two columns of one name.
func twins() *codec.Table {
	t := codectest.Generate(10, 2, 1)
	fields := t.Schema.Fields()
	fields[1].Name = fields[0].Name
	schema := arrow.NewSchema(fields, nil)
	rec := t.RowGroups[0]
	return &codec.Table{Schema: schema, RowGroups: []arrow.Record{array.NewRecord(schema, rec.Columns(), rec.NumRows())}}
}

func TestAMessageIsReservedBeforeItIsRead(t *testing.T) {
	full := errors.New("full")
	asked := int64(0)
	// A schema message that claims 3 MiB, of which nothing arrives.
	claim := []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0x30, 0}
	_, err := arrowipc.OpenStream(bytes.NewReader(claim), codec.ReadOptions{Reserve: func(n int64) error {
		if asked += n; asked > 1<<20 {
			return full
		}
		return nil
	}}, 4<<20)
	if !errors.Is(err, full) || asked < 3<<20 {
		t.Errorf("got %v after %d bytes were asked for, want the error of the reservation of 3 MiB", err, asked)
	}
}
