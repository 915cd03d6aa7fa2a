package delimited

import (
	"bytes"
	"io"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/internal/blocks"
	"edgeframe/codec/scalar"
)

// Encode implements [codec.Driver]. It writes a header, then a line for each row, ending in LF. A
// missing value is an empty field, an empty text is "". Fields are quoted wherever reading them
// back would otherwise give something else, whichever delimiter is detected.
//
// In a table of one column a missing value is [singleMissing], because readers skip empty lines. TSV in
// which every line has as many fields although fields hold line ends has an empty line at its end: it says
// that quotes enclose fields, which [textScanner.quotesAreText] would doubt.
func (d driver) Encode(w io.Writer, src codec.Source, _ codec.WriteOptions) error {
	groups := scalar.SpellUUIDs(src).Open(nil)
	if groups.Schema().NumFields() == 0 {
		return codec.Errorf(codec.ErrUnsupported, "a table without columns cannot be written as delimited text: JSON and Arrow can hold it")
	}
	head := appendHeader(nil, groups.Schema(), d.written)
	if _, err := w.Write(head); err != nil {
		return err
	}
	to := &textWriter{delimiter: d.written, single: groups.Schema().NumFields() == 1}
	to.watch(head)
	out := blocks.NewWriter(w)
	err := codec.EachInPassing(groups, func(group arrow.Record) error {
		for _, column := range group.Columns() {
			scalar.Prepare(column)
		}
		return out.Rows(group, func(dst []byte, from, until int) []byte { return to.appendRows(dst, group, from, until) })
	})
	if err == nil {
		err = out.Close()
	}
	if err == nil && to.doubtful.Load() {
		_, err = w.Write([]byte("\n"))
	}
	return err
}

// singleMissing is a missing value in a table of one column.
const singleMissing = "NA"

// textWriter spells rows.
type textWriter struct {
	delimiter byte
	// single says that the table has one column: then a quoted name says that quotes enclose fields, and an
	// empty line would be a row.
	single bool
	// doubtful says that quotes in the text could be taken for ordinary characters.
	doubtful atomic.Bool
}

// watch looks at a row that has been written, or at the header.
func (to *textWriter) watch(row []byte) {
	if to.delimiter != '\t' || to.single || to.doubtful.Load() || !bytes.ContainsAny(row[:len(row)-1], "\r\n") {
		return
	}
	if s := (textScanner{data: row, delimiter: to.delimiter}); s.hasEvenLines(0) {
		to.doubtful.Store(true)
	}
}

// appendHeader quotes names that a reader could mistake for a blank line, a byte order mark or a line that
// names the delimiter.
func appendHeader(dst []byte, schema *arrow.Schema, delimiter byte) []byte {
	for i, field := range schema.Fields() {
		if i > 0 {
			dst = append(dst, delimiter)
		}
		start := len(dst)
		dst = append(dst, field.Name...)
		added := dst[start:]
		named, _ := separatorLine(append(bytes.Clone(added[:min(len(added), 8)]), '\n'))
		if named != 0 || len(trimBlanks(added)) == 0 || bytes.HasPrefix(added, []byte("\ufeff")) || hasSyntax(added) {
			dst = quoteFrom(dst, start)
		}
	}
	return append(dst, '\n')
}

// fieldWriter writes the fields of one column.
type fieldWriter struct {
	isNull func(row int) bool
	spell  scalar.Appender
	// plain says that no field of the column needs quotes.
	plain bool
}

// appendRows appends the rows from lo to hi.
func (to *textWriter) appendRows(dst []byte, group arrow.Record, lo, hi int) []byte {
	columns := make([]fieldWriter, group.NumCols())
	for i, arr := range group.Columns() {
		columns[i] = fieldWriter{scalar.NullChecker(arr), scalar.Text(arr), isPlainType(arr.DataType())}
	}
	nulls := scalar.NewNullSet(nil)
	for row := lo; row < hi; row++ {
		began, quoted := len(dst), false
		for i := range columns {
			c := &columns[i]
			if i > 0 {
				dst = append(dst, to.delimiter)
			}
			if c.isNull(row) {
				if to.single {
					dst = append(dst, singleMissing...)
				}
				continue
			}
			start := len(dst)
			dst = c.spell(dst, row)
			if !c.plain && (nulls.Has(dst[start:]) || hasSyntax(dst[start:])) {
				dst = quoteFrom(dst, start)
				quoted = true
			}
		}
		dst = append(dst, '\n')
		if quoted {
			to.watch(dst[began:])
		}
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
