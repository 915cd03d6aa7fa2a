package blocks_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/internal/blocks"
)

// TestRowsAreWrittenOnceAndInOrder writes row groups of several sizes.
func TestRowsAreWrittenOnceAndInOrder(t *testing.T) {
	for _, processors := range []int{1, 2, 8} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		var out, want bytes.Buffer
		w := blocks.NewWriter(&out)
		at := 0
		for _, rows := range []int{1, 5000, 31, 20_000, 0, 33, 3} {
			rec := codectest.Generate(max(rows, 1), 3, 1).RowGroups[0].NewSlice(0, int64(rows)%16_385)
			begin := at
			err := w.Rows(rec, func(dst []byte, from, to int) []byte {
				for row := from; row < to; row++ {
					dst = fmt.Appendf(dst, "%d ", begin+row)
				}
				return dst
			})
			if err != nil {
				t.Fatal(err)
			}
			for range rec.NumRows() {
				fmt.Fprintf(&want, "%d ", at)
				at++
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want.Bytes()) {
			t.Errorf("with %d processors %d bytes are written, and not as they should be", processors, out.Len())
		}
	}
}

func TestABufferIsUsedAgainOnceItIsWritten(t *testing.T) {
	rec := codectest.Generate(codec.RowGroupRows, 3, 1).RowGroups[0]
	spelling := func(c byte) func([]byte, int, int) []byte {
		return func(dst []byte, from, to int) []byte { return append(dst, bytes.Repeat([]byte{c}, to-from)...) }
	}
	for range 3 {
		var out bytes.Buffer
		w := blocks.NewWriter(&out)
		if err := w.Rows(rec, spelling('a')); err != nil {
			t.Fatal(err)
		}
		// Another one is written while some of the first is not.
		other := blocks.NewWriter(io.Discard)
		if err := errors.Join(other.Rows(rec, spelling('b')), other.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if want := bytes.Repeat([]byte{'a'}, codec.RowGroupRows); !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("%d bytes are written, %d of them wrong", out.Len(), bytes.Count(out.Bytes(), []byte{'b'}))
		}
	}
}

// full fails after some writes.
type full struct{ left int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestTheErrorOfWritingIsReturned(t *testing.T) {
	rec := codectest.Generate(16_000, 3, 1).RowGroups[0]
	for left := range 5 {
		w := blocks.NewWriter(&full{left})
		err := w.Rows(rec, func(dst []byte, from, to int) []byte { return append(dst, make([]byte, to-from)...) })
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("after %d blocks the error is %v", left, err)
		}
	}
}
