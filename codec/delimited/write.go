package delimited

import (
	"bytes"
	"io"
	"runtime"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
	"edgeframe/internal/parallel"
)

// Encode implements [codec.Driver]. It writes a header, then a line for each row, ending in LF. A
// missing value is an empty field, an empty text is "". Fields are quoted wherever reading them
// back would otherwise give something else, whichever delimiter is detected.
func (d driver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	groups := scalar.SpellUUIDs(src).Open(nil)
	if groups.Schema().NumFields() == 0 {
		return codec.Errorf(codec.ErrUnsupported, "a table without columns cannot be written as delimited text: JSON and Arrow can hold it")
	}
	if _, err := w.Write(appendHeader(nil, groups.Schema(), d.written)); err != nil {
		return err
	}
	blocks := make([][]byte, runtime.GOMAXPROCS(0))
	return codec.EachGroup(groups, func(group arrow.Record) error {
		return writeGroup(w, group, d.written, blocks)
	})
}

// appendHeader quotes names that a reader could mistake for a blank line or a byte order mark.
func appendHeader(dst []byte, schema *arrow.Schema, delimiter byte) []byte {
	for i, field := range schema.Fields() {
		if i > 0 {
			dst = append(dst, delimiter)
		}
		start := len(dst)
		dst = append(dst, field.Name...)
		added := dst[start:]
		if len(trimBlanks(added)) == 0 || bytes.HasPrefix(added, []byte("\ufeff")) || hasSyntax(added) {
			dst = quoteFrom(dst, start)
		}
	}
	return append(dst, '\n')
}

// writeGroup writes a row group. It encodes as many blocks of rows in parallel as there are
// buffers in blocks, and reuses the buffers.
func writeGroup(w io.Writer, group arrow.Record, delimiter byte, blocks [][]byte) error {
	for _, column := range group.Columns() {
		scalar.Prepare(column)
	}
	const blockRows = 256
	rows := int(group.NumRows())
	for first := 0; first < rows; first += len(blocks) * blockRows {
		n := min(len(blocks), (rows-first+blockRows-1)/blockRows)
		err := parallel.Do(n, func(i int) error {
			lo := first + i*blockRows
			blocks[i] = appendRows(blocks[i][:0], group, lo, min(lo+blockRows, rows), delimiter)
			return nil
		})
		if err != nil {
			return err
		}
		for _, block := range blocks[:n] {
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldWriter writes the fields of one column.
type fieldWriter struct {
	isNull func(row int) bool
	spell  scalar.Appender
	// plain says that no field of the column needs quotes.
	plain bool
}

// appendRows appends the rows from lo to hi.
func appendRows(dst []byte, group arrow.Record, lo, hi int, delimiter byte) []byte {
	columns := make([]fieldWriter, group.NumCols())
	for i, arr := range group.Columns() {
		columns[i] = fieldWriter{scalar.NullChecker(arr), scalar.Text(arr), isPlainType(arr.DataType())}
	}
	nulls := scalar.NewNullSet(nil)
	for row := lo; row < hi; row++ {
		for i := range columns {
			c := &columns[i]
			if i > 0 {
				dst = append(dst, delimiter)
			}
			if c.isNull(row) {
				continue
			}
			start := len(dst)
			dst = c.spell(dst, row)
			if !c.plain && (nulls.Has(dst[start:]) || hasSyntax(dst[start:])) {
				dst = quoteFrom(dst, start)
			}
		}
		dst = append(dst, '\n')
	}
	return dst
}

// isPlainType reports whether values of a type never need quotes.
func isPlainType(t arrow.DataType) bool {
	switch id := t.ID(); id {
	case arrow.BOOL, arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP:
		return true
	default:
		return arrow.IsInteger(id) || arrow.IsFloating(id)
	}
}

// syntaxBytes are the bytes with a meaning in delimited text, with any of the delimiters that
// can be detected.
var syntaxBytes = func() (is [256]bool) {
	for _, c := range slices.Concat(delimiters, []byte("\"\r\n")) {
		is[c] = true
	}
	return is
}()

func hasSyntax(field []byte) bool {
	return slices.ContainsFunc(field, func(c byte) bool { return syntaxBytes[c] })
}

// quoteFrom puts quotes around dst[start:] and doubles the quotes in it, from its end on.
func quoteFrom(dst []byte, start int) []byte {
	from := len(dst)
	added := 2 + bytes.Count(dst[start:], []byte(`"`))
	dst = slices.Grow(dst, added)[:from+added]
	to := len(dst) - 1
	dst[to] = '"'
	for from--; from >= start; from-- {
		to--
		dst[to] = dst[from]
		if dst[from] == '"' {
			to--
			dst[to] = '"'
		}
	}
	dst[start] = '"'
	return dst
}
