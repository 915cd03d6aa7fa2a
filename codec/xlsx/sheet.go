// Package xlsx reads and writes workbooks: Office Open XML, ECMA-376.
package xlsx

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"edgeframe/codec"
)

// The size of a sheet (Excel's specifications and limits).
const (
	maxSheetRows    = 1 << 20
	maxSheetColumns = 1 << 14
)

// kind is what a cell holds.
type kind uint8

const (
	kindEmpty kind = iota
	// kindInteger is a whole number of 64 bits, kindNumber another number whose digits a float64 keeps,
	// kindDigits one whose digits neither of them keeps.
	kindInteger
	kindNumber
	kindDigits
	kindBool
	kindText
	// kindError is a value such as #DIV/0!, kindFormula a formula without a stored value.
	kindError
	kindFormula
	// kindDate is a serial number that is displayed as a date, kindTime as a time of day,
	// kindElapsed as hours, minutes or seconds that may exceed a day.
	kindDate
	kindTime
	kindElapsed
	kindCount
)

// sheetColumn is the cells of a column, from the first row of the sheet that has cells on.
type sheetColumn struct {
	kinds []kind
	// words are integers, the bits of floats, 0 or 1 for booleans, or indexes of texts: of what is
	// displayed, of the digits of a number, or of a formula.
	words []uint64
}

const (
	cellBytes = 9
	// columnBytes is about the memory of a column beside its cells.
	columnBytes = 128
)

// sheet is a sheet that has been read.
type sheet struct {
	book *workbook
	name string
	// columns are all columns up to the last one with a cell. Those without cells are empty.
	columns []sheetColumn
	// top is the first row with a cell, counted from 0; rows is the number of rows from there to the
	// last one with a cell.
	top, rows int
	merged    []cellRange
	// footer is the note about the rows that are left out. It is "" if all rows are read.
	footer string
}

// cellRange is a block of cells: its first and last row and column.
type cellRange struct{ top, left, bottom, right int }

// maxMerged is the largest accepted number of merged blocks of a sheet.
const maxMerged = 100_000

// readSheet reads all cells of a sheet.
func (w *workbook) readSheet(ref sheetRef) (*sheet, error) {
	s := &sheet{book: w, name: ref.name, top: -1}
	found, err := w.pkg.read(ref.part, func(r *xmlReader) error {
		p := &sheetParser{sheet: s, row: -1}
		return r.each(p.handle)
	})
	if err == nil && !found {
		return nil, codec.Errorf(codec.ErrMalformed, "the workbook has no part %s, in which sheet %s should be", codec.Quoted(ref.part), codec.Quoted(ref.name))
	}
	return s, err
}

// sheetParser reads the cells of a sheet from XML events.
type sheetParser struct {
	sheet *sheet
	// row and column are the position of the current cell; style and kind are its attributes s and t.
	row, column int
	style       int
	kind        string
	// value is the content of the element v, formula that of f, rich that of is.
	value, formula []byte
	rich           richText
	// inside is the element of these that is open; hasValue and hasFormula say which of them there were.
	inside               inside
	hasValue, hasFormula bool
}

// inside is an element of a cell.
type inside uint8

const (
	inNothing inside = iota
	inValue
	inFormula
	inText
)

func (p *sheetParser) handle(e xmlEvent) error {
	switch {
	case p.inside == inText && string(e.end) != "is":
		p.rich.handle(e)
		return nil
	case e.text != nil:
		switch p.inside {
		case inValue:
			p.value = append(p.value, e.text...)
		case inFormula:
			p.formula = append(p.formula, e.text...)
		}
		return nil
	}
	switch string(e.start) {
	case "row":
		return p.startRow(e)
	case "c":
		return p.startCell(e)
	case "v":
		p.inside, p.hasValue = inValue, true
	case "f":
		p.inside, p.hasFormula = inFormula, true
	case "is":
		p.inside = inText
		p.rich.reset()
	case "mergeCell":
		return p.sheet.merge(string(e.attribute("ref")))
	}
	switch string(e.end) {
	case "v", "f", "is":
		p.inside = inNothing
	case "c":
		return p.endCell()
	}
	return nil
}

// startRow moves to a row: the one whose number it gives, otherwise the next one.
func (p *sheetParser) startRow(e xmlEvent) error {
	p.row++
	p.column = -1
	if r := e.attribute("r"); r != nil {
		n, err := strconv.Atoi(string(r))
		if err != nil || n < 1 || n > maxSheetRows {
			return p.sheet.malformed("has a row with the number %s: rows are 1 to %d", codec.Quoted(string(r)), maxSheetRows)
		}
		p.row = n - 1
	}
	return nil
}

func (p *sheetParser) startCell(e xmlEvent) error {
	p.column++
	p.style, p.kind = 0, ""
	for key, value, rest := nextAttribute(e.attributes); key != nil; key, value, rest = nextAttribute(rest) {
		switch string(key) {
		case "r":
			ref := string(unescaped(value))
			row, column, ok := parseCellRef(ref)
			if !ok {
				return p.sheet.malformed("has a cell at %s: cells are A1 to XFD1048576", codec.Quoted(ref))
			}
			p.row, p.column = row, column
		case "s":
			p.style, _ = strconv.Atoi(string(unescaped(value)))
		case "t":
			p.kind = string(unescaped(value))
		}
	}
	if p.row < 0 || p.row >= maxSheetRows || p.column >= maxSheetColumns {
		return p.sheet.malformed("has cells beyond XFD1048576")
	}
	p.value, p.formula, p.rich.text = p.value[:0], p.formula[:0], p.rich.text[:0]
	p.hasValue, p.hasFormula = false, false
	return nil
}

// endCell stores the current cell.
func (p *sheetParser) endCell() error {
	s, w := p.sheet, p.sheet.book
	if len(p.value) == 0 && p.kind != "inlineStr" {
		// A formula whose value is the empty text has an element v.
		if p.hasFormula && !(p.kind == "str" && p.hasValue) {
			return s.addText(p.row, p.column, kindFormula, p.formula)
		}
		return nil
	}
	switch p.kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(string(p.value)))
		if err != nil || n < 0 || n >= len(w.texts.ends) {
			return s.malformed("has a cell %s with the text number %s: the workbook has %d texts", cellRef(p.row, p.column), codec.Quoted(string(p.value)), len(w.texts.ends))
		}
		return s.putText(p.row, p.column, n)
	case "str", "inlineStr":
		text := p.rich.value()
		if p.kind == "str" {
			text = unescapeXLSX(p.value)
		}
		return s.addText(p.row, p.column, kindText, text)
	case "b":
		word := uint64(0)
		if v := strings.TrimSpace(string(p.value)); v == "1" || v == "true" {
			word = 1
		}
		return s.put(p.row, p.column, kindBool, word)
	case "e":
		return s.addText(p.row, p.column, kindError, p.value)
	case "d":
		return p.isoDate()
	}
	return p.number()
}

func (s *sheet) malformed(format string, args ...any) error {
	return codec.Errorf(codec.ErrMalformed, "sheet %s "+format, append([]any{codec.Quoted(s.name)}, args...)...)
}

// addText stores a cell with a text of its own. A cell of kindText without characters is empty.
func (s *sheet) addText(row, column int, kind kind, text []byte) error {
	if len(text) == 0 && kind == kindText {
		return nil
	}
	if !utf8.Valid(text) {
		return s.malformed("has a cell %s that is not UTF-8 text", cellRef(row, column))
	}
	index, err := s.book.texts.add(s.book.mem, text)
	if err != nil {
		return err
	}
	return s.put(row, column, kind, uint64(index))
}

// putText stores a cell with shared string number index.
func (s *sheet) putText(row, column, index int) error {
	text := s.book.texts.get(index)
	if len(text) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return s.malformed("has a cell %s that is not UTF-8 text", cellRef(row, column))
	}
	return s.put(row, column, kindText, uint64(index))
}

// put stores a cell. Rows must be in ascending order.
func (s *sheet) put(row, column int, kind kind, word uint64) error {
	if s.top < 0 {
		s.top = row
	}
	at := row - s.top
	if at < s.rows-1 {
		return s.malformed("has cell %s after one of a later row", cellRef(row, column))
	}
	s.rows = at + 1
	if column >= len(s.columns) {
		s.book.mem.Take(int64(column+1-len(s.columns)) * columnBytes)
		s.columns = append(s.columns, make([]sheetColumn, column+1-len(s.columns))...)
	}
	c := &s.columns[column]
	if at < len(c.kinds) {
		return s.malformed("has cell %s twice", cellRef(row, column))
	}
	s.book.mem.Take(int64(at+1-len(c.kinds)) * cellBytes)
	c.kinds = appendZeros(c.kinds, at-len(c.kinds))
	c.words = appendZeros(c.words, at-len(c.words))
	c.kinds, c.words = append(c.kinds, kind), append(c.words, word)
	return nil
}

func appendZeros[T any](list []T, n int) []T {
	if n <= 0 {
		return list
	}
	return append(list, make([]T, n)...)
}

// merge stores a block of merged cells.
func (s *sheet) merge(ref string) error {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		to = from
	}
	top, left, ok1 := parseCellRef(from)
	bottom, right, ok2 := parseCellRef(to)
	if !ok1 || !ok2 || bottom < top || right < left {
		return s.malformed("has merged cells at %s, which is not a block of cells", codec.Quoted(ref))
	}
	if len(s.merged) == maxMerged {
		return s.malformed("has more than %d blocks of merged cells", maxMerged)
	}
	s.merged = append(s.merged, cellRange{top, left, bottom, right})
	return nil
}

// parseCellRef parses a reference, for instance B7, into row and column counted from 0.
func parseCellRef(ref string) (row, column int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	i := 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	return row - 1, column - 1, err == nil && i > 0 && row >= 1 && row <= maxSheetRows && column <= maxSheetColumns
}

// cellRef returns the reference of a cell.
func cellRef(row, column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name + strconv.Itoa(row+1)
}
