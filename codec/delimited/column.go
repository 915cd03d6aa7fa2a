package delimited

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// textCells are the fields of one column in a window.
type textCells struct {
	data  []byte
	spans []textSpan
	nulls *scalar.NullSet
	// parsers are those of the dialect.
	parsers *[cellText]cellParser
	// plain are those of [plainParsersOf].
	plain *[cellText]plainParser
	// rows is the likely number of rows of their row group.
	rows int
	// single says that the table has one column.
	single bool
}

// until returns the fields of the rows before one.
func (in textCells) until(row int) textCells {
	in.spans = in.spans[:row]
	return in
}

// writesMissing reports whether b, which spells a missing value, is how missing values are written.
func (in *textCells) writesMissing(b []byte) bool {
	return len(b) == 0 || in.single && string(b) == singleMissing
}

// textColumn is a column that is being read. It begins as the null kind and is widened when
// a cell does not fit.
type textColumn struct {
	// index is the column's place in the table.
	index int
	kind  cellKind
	// chunks are the row groups that are complete, chunk the one that grows.
	chunks []textChunk
	chunk  textChunk
	// soft says that some missing cells are not missing if the column becomes text.
	soft bool
	// rebuild says that the column is text but was read as something else before the
	// current window, so that it must be read again.
	rebuild bool
	// want reads the cells of a column that has a dtype; nil infers the type.
	want *wanted
	// changed counts the cells that would be written with another spelling.
	changed int64
	// respelled counts those of them that are not missing, in columns of neither text nor
	// missing values only, and in columns with a dtype; intoFloats counts integers that became floats.
	respelled, intoFloats int64
	// seen are some of the changed cells.
	seen changedCells

	mem *codec.Budget
	// used is the memory taken from mem.
	used int64
	// spare is reused for the words of the next row group.
	spare   []uint64
	scratch []byte
}

func (c *textColumn) take(n int) {
	c.mem.Take(int64(n))
	c.used += int64(n)
}

// mustReadAgain reports whether the column is text but was read as something else.
func (c *textColumn) mustReadAgain() bool {
	return c.rebuild || c.kind == cellNull && c.soft
}

// forget makes the column one of text that has no rows yet.
func (c *textColumn) forget() {
	c.mem.Release(c.used)
	*c = textColumn{index: c.index, kind: cellText, chunk: textChunk{kind: cellText}, want: c.want, mem: c.mem}
}

// setWanted makes the column one with a dtype, if dt is not nil, whose dates are in a format, if it is not "".
func (c *textColumn) setWanted(dt arrow.DataType, format string, d *dialect) (err error) {
	if c.want, err = newWanted(dt, format, d, c.mem); c.want != nil && c.want.builder == nil {
		c.forget()
	}
	return err
}

// add appends the cells of a window, whose first row is row, and widens the column
// where they do not fit.
func (c *textColumn) add(row int, in textCells) {
	switch {
	case c.rebuild:
		return
	case c.want != nil && c.want.builder != nil:
		c.addWanted(in, row)
		c.seen.addWanted(c, row, in)
		return
	}
	c.addInferred(row, in)
	c.seen.add(c, row, in)
}

func (c *textColumn) addInferred(firstRow int, in textCells) {
	first := c.chunk.rows
	onlyMissing, changed, seen := c.kind == cellNull && !c.soft, c.changed, c.seen
	for row := c.addCells(in, 0); row < len(in.spans); row = c.addCells(in, row) {
		kind := c.widened(inferKind(trimBlanks(in.spans[row].content(in.data, &c.scratch)), in.parsers))
		if kind != cellText {
			if kind == cellFloat {
				c.seen.add(c, firstRow, in.until(row))
			}
			c.become(kind, in.rows)
			continue
		}
		if !onlyMissing {
			c.forget()
			c.rebuild = true
			return
		}
		c.chunk = textChunk{rows: first, nulls: first}
		c.become(cellText, in.rows)
		row, c.changed, c.respelled, c.intoFloats, c.seen = 0, changed, 0, 0, seen
	}
}

// addCells appends cells from row on and returns the first that does not fit.
func (c *textColumn) addCells(in textCells, row int) int {
	switch c.kind {
	case cellNull:
		return c.addMissing(in, row)
	case cellText:
		return c.addText(in, row)
	}
	return c.addWords(in, row)
}

func (c *textColumn) addMissing(in textCells, row int) int {
	for ; row < len(in.spans); row++ {
		span := in.spans[row]
		b := span.content(in.data, &c.scratch)
		spelled := b
		if !in.nulls.Has(b) {
			if b = trimBlanks(b); !in.nulls.Has(b) {
				break
			}
			c.soft = true
		}
		if !in.writesMissing(spelled) {
			c.changed++
		}
		c.soft = c.soft || span.quoted()
		c.chunk.rows++
		c.chunk.nulls++
	}
	return row
}

func (c *textColumn) addWords(in textCells, row int) int {
	chunk, parse, count := &c.chunk, in.parsers[c.kind], [3]int64{}
	if chunk.words == nil {
		chunk.words, c.spare = c.spare, nil
	}
	chunk.words = reserve(c, chunk.words, len(in.spans)-row, in.rows)
	words, plain := chunk.words, in.plain[c.kind]
	for ; row < len(in.spans); row++ {
		if plain != nil {
			before := len(words)
			words = plain(words, in.data, in.spans[row:])
			if row += len(words) - before; row == len(in.spans) {
				break
			}
		}
		span := in.spans[row]
		b := span.content(in.data, &c.scratch)
		spelled := b
		word, fit, missing := uint64(0), scalar.NoFit, in.nulls.Has(b)
		if !missing {
			word, fit = parse(b)
		}
		if !missing && fit == scalar.NoFit {
			b = trimBlanks(b)
			if missing = in.nulls.Has(b); missing {
				c.soft = true
			} else if word, fit = parse(b); fit == scalar.NoFit {
				break
			}
			fit = scalar.Respelled
		}
		if missing {
			c.soft = c.soft || span.quoted()
			c.setMissing(len(words))
			fit = scalar.NoFit
			if !in.writesMissing(spelled) {
				c.changed++
			}
		}
		count[fit]++
		words = append(words, word)
	}
	chunk.words, chunk.rows = words, len(words)
	c.respelled += count[scalar.Respelled]
	c.changed += count[scalar.Respelled]
	return row
}

// wordBytes is how many bytes are copied at once, which takes less than a call for a short text.
const wordBytes = 8

func (c *textColumn) addText(in textCells, row int) int {
	chunk, size := &c.chunk, 0
	for _, span := range in.spans[row:] {
		size += int(span.end&^spanFlag) - int(span.start&^spanFlag)
	}
	chunk.text = reserve(c, chunk.text, size, 0)
	chunk.offsets = reserve(c, chunk.offsets, len(in.spans)-row+1, in.rows+1)
	if len(chunk.offsets) == 0 {
		chunk.offsets = append(chunk.offsets, 0)
	}
	offsets, text := chunk.offsets, chunk.text
	for _, span := range in.spans[row:] {
		b := in.data[span.start&^spanFlag : span.end&^spanFlag]
		switch {
		case span.end&spanFlag != 0:
			text = span.appendUndoubled(text, in.data)
		case !span.quoted() && in.nulls.Has(b):
			c.setMissing(len(offsets) - 1)
			if !in.writesMissing(b) {
				c.changed++
			}
		case len(b) <= wordBytes && len(text)+wordBytes <= cap(text) && int(span.start&^spanFlag)+wordBytes <= len(in.data):
			// What is behind the cell is copied as well, and overwritten by the next one.
			end := len(text)
			binary.LittleEndian.PutUint64(text[end:end+wordBytes], binary.LittleEndian.Uint64(in.data[span.start&^spanFlag:]))
			text = text[:end+len(b)]
		default:
			text = append(text, b...)
		}
		offsets = append(offsets, int32(len(text)))
	}
	chunk.offsets, chunk.text, chunk.rows = offsets, text, len(offsets)-1
	return len(in.spans)
}

// widened returns the kind that the column needs for a cell of a kind that it does not hold.
func (c *textColumn) widened(kind cellKind) cellKind {
	switch {
	case c.kind == cellNull:
		return kind
	case c.kind == cellInt && kind == cellFloat && c.integersAreExact():
		return cellFloat
	}
	return cellText
}

// integersAreExact reports whether all integers so far can be kept as floats.
func (c *textColumn) integersAreExact() bool {
	exact := func(words []uint64) bool {
		for _, w := range words {
			if !scalar.ExactInFloat64(int64(w)) {
				return false
			}
		}
		return true
	}
	for i := range c.chunks {
		if !exact(c.chunks[i].words) {
			return false
		}
	}
	return exact(c.chunk.words)
}

// spelledIntegers counts the cells of integers that were not changed so far and will be as
// floats, which are written with a point.
func (c *textColumn) spelledIntegers() int64 {
	cells := int64(c.chunk.rows - c.chunk.nulls)
	for i := range c.chunks {
		cells += int64(c.chunks[i].rows - c.chunks[i].nulls)
	}
	return cells - c.respelled
}

// become widens the column, which is of the null kind or has integers that become floats.
func (c *textColumn) become(kind cellKind, rows int) {
	c.kind = kind
	if kind == cellFloat {
		n := c.spelledIntegers()
		c.changed, c.intoFloats = c.changed+n, c.intoFloats+n
		for i := range c.chunks {
			c.chunks[i].toFloat()
		}
		c.chunk.toFloat()
	}
	missing := c.chunk.rows
	switch {
	case c.chunk.kind != cellNull:
		return
	case kind == cellText:
		c.chunk.offsets = reserve(c, c.chunk.offsets, missing+1, rows+1)[:missing+1]
	default:
		c.chunk.words = reserve(c, c.chunk.words, missing, rows)[:missing]
	}
	c.chunk.kind, c.chunk.nulls = kind, 0
	for row := range missing {
		c.setMissing(row)
	}
}
