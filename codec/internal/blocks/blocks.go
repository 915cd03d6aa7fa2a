// Package blocks writes the rows of a table as text, on all processors and in order.
package blocks

import (
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/internal/parallel"
)

const (
	// blockBytes is about how large a block is. It has from leastRows to mostRows rows.
	blockBytes = 128 << 10
	leastRows  = 16
	mostRows   = 1024
	// mostAtOnce is how many blocks are made at once at most.
	mostAtOnce = 32
	// valueBytes is about the size of a value that is not text.
	valueBytes = 12
	// mostReused is the size of the largest buffer that other Writers use again.
	mostReused = 4 * blockBytes
)

// buffers are those of blocks that no Writer uses.
var buffers sync.Pool

// Writer writes blocks of rows. While some are written, the next ones are made. So up to two times as many are in
// memory as are made at once.
type Writer struct {
	out io.Writer
	// made are the blocks that are to be written, next buffers for those after them.
	made, next [][]byte
}

// NewWriter returns a Writer.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Rows writes the rows of a row group, of which spell appends those from from to to. Calls of spell run at the same
// time. Some of what was made is written by the next call, or by Close.
func (w *Writer) Rows(rec arrow.Record, spell func(dst []byte, from, to int) []byte) error {
	rows, size := int(rec.NumRows()), blockRows(rec)
	atOnce := min(2*parallel.Processors(), mostAtOnce)
	for first := 0; first < rows; first += atOnce * size {
		n := min(atOnce, (rows-first+size-1)/size)
		for len(w.next) < n {
			w.next = append(w.next, unusedBuffer())
		}
		next := w.next[:n]
		block := func(i int) error {
			from := first + i*size
			next[i] = spell(next[i][:0], from, min(from+size, rows))
			return nil
		}
		if err := w.beside(n, block); err != nil {
			return err
		}
		w.made, w.next = next, w.made[:cap(w.made)]
	}
	return nil
}

// beside makes n blocks, and writes those that were made before.
func (w *Writer) beside(n int, block func(i int) error) error {
	if n > 1 || len(w.made) > 0 {
		return parallel.Beside(w.flush, n, block)
	}
	return block(0)
}

// Close writes what was made. Other Writers use the buffers of w again.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	for _, list := range [][][]byte{w.made[:cap(w.made)], w.next[:cap(w.next)]} {
		for _, buffer := range list {
			if n := cap(buffer); n > 0 && n <= mostReused {
				buffers.Put(&buffer)
			}
		}
	}
	w.made, w.next = nil, nil
	return nil
}

// unusedBuffer takes a buffer from buffers. It returns nil if they are empty.
func unusedBuffer() []byte {
	if buffer, ok := buffers.Get().(*[]byte); ok {
		return *buffer
	}
	return nil
}

// flush writes what was made.
func (w *Writer) flush() error {
	for _, block := range w.made {
		if _, err := w.out.Write(block); err != nil {
			return err
		}
	}
	w.made = w.made[:0]
	return nil
}

// blockRows returns how many rows of a record are a block.
func blockRows(rec arrow.Record) int {
	rows, bytes := rec.NumRows(), int64(0)
	for _, column := range rec.Columns() {
		bytes += valueBytes * rows
		if texts, ok := column.(interface{ ValueBytes() []byte }); ok && rows > 0 {
			bytes += int64(len(texts.ValueBytes()))
		}
		if lists, ok := column.(array.ListLike); ok {
			bytes += valueBytes * int64(lists.ListValues().Len())
		}
	}
	return int(max(leastRows, min(mostRows, rows*blockBytes/max(bytes, 1))))
}
