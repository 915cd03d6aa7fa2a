package codec

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The size of a sheet (Excel's specifications and limits).
const (
	maxSheetRows    = 1 << 20
	maxSheetColumns = 1 << 14
)

// xlsxKind is what a cell holds.
type xlsxKind uint8

const (
	xlsxEmpty xlsxKind = iota
	xlsxNumber
	xlsxBool
	xlsxText
	xlsxError
	// xlsxDate is a serial number that is shown as a date, xlsxTime one that is shown as a time of
	// day, xlsxElapsed one that is shown as hours, minutes or seconds without end.
	xlsxDate
	xlsxTime
	xlsxElapsed
)

// xlsxColumn has the cells of a column from the first row of the sheet that has any.
type xlsxColumn struct {
	kinds []xlsxKind
	// words are the bits of numbers, 0 or 1 for booleans, indexes of texts.
	words []uint64
}

const xlsxCellBytes = 9

// xlsxSheet is a sheet that has been read.
type xlsxSheet struct {
	book *xlsxWorkbook
	name string
	// columns are all columns of the sheet up to the last with a cell. Those without cells are
	// empty.
	columns []xlsxColumn
	// top is the row of the sheet, counted from 0, that is the first with a cell; rows is the
	// number of rows from there to the last with a cell.
	top, rows int
	merged    []xlsxRange
}

// xlsxRange is a block of cells, by the first and last row and column.
type xlsxRange struct{ top, left, bottom, right int }

// maxMerged is the number of merged blocks of a sheet that are looked at.
const maxMerged = 100_000

// readSheet reads all cells of a sheet.
func (w *xlsxWorkbook) readSheet(ref xlsxSheetRef) (*xlsxSheet, error) {
	s := &xlsxSheet{book: w, name: ref.name, top: -1}
	found, err := w.pkg.read(ref.part, func(r *xmlReader) error {
		p := &xlsxSheetParser{sheet: s, row: -1}
		return r.each(p.handle)
	})
	if err == nil && !found {
		return nil, Errorf(ErrMalformed, "the workbook has no part %s, in which sheet %s should be", quoted(ref.part), quoted(ref.name))
	}
	return s, err
}

// xlsxSheetParser reads the cells of a sheet as they come.
type xlsxSheetParser struct {
	sheet *xlsxSheet
	// row and column are where the current cell is; style and kind are its attributes s and t.
	row, column int
	style       int
	kind        string
	// value is the content of v, rich that of is.
	value          []byte
	rich           xlsxRichText
	inValue, isInl bool
}

func (p *xlsxSheetParser) handle(e xmlEvent) error {
	switch {
	case p.inValue && e.text != nil:
		p.value = append(p.value, e.text...)
		return nil
	case p.isInl && string(e.end) != "is":
		p.rich.handle(e)
		return nil
	}
	switch string(e.start) {
	case "row":
		return p.startRow(e)
	case "c":
		return p.startCell(e)
	case "v":
		p.inValue = true
	case "is":
		p.isInl = true
		p.rich.reset()
	case "mergeCell":
		return p.sheet.merge(string(e.attribute("ref")))
	}
	switch string(e.end) {
	case "v":
		p.inValue = false
	case "is":
		p.isInl = false
	case "c":
		return p.endCell()
	}
	return nil
}

// startRow goes to a row, which may say its number; if not it follows the one before.
func (p *xlsxSheetParser) startRow(e xmlEvent) error {
	p.row++
	p.column = -1
	if r := e.attribute("r"); r != nil {
		n, err := strconv.Atoi(string(r))
		if err != nil || n < 1 || n > maxSheetRows {
			return p.sheet.malformed("has a row with the number %s: rows are 1 to %d", quoted(string(r)), maxSheetRows)
		}
		p.row = n - 1
	}
	return nil
}

func (p *xlsxSheetParser) startCell(e xmlEvent) error {
	p.column++
	if r := e.attribute("r"); r != nil {
		row, column, ok := parseCellRef(string(r))
		if !ok {
			return p.sheet.malformed("has a cell at %s: cells are A1 to XFD1048576", quoted(string(r)))
		}
		p.row, p.column = row, column
	}
	if p.row < 0 || p.row >= maxSheetRows || p.column >= maxSheetColumns {
		return p.sheet.malformed("has cells beyond XFD1048576")
	}
	p.style, _ = strconv.Atoi(string(e.attribute("s")))
	p.kind = string(e.attribute("t"))
	p.value, p.rich.text = p.value[:0], p.rich.text[:0]
	return nil
}

// endCell keeps the cell that has been read.
func (p *xlsxSheetParser) endCell() error {
	s, w := p.sheet, p.sheet.book
	switch p.kind {
	case "s":
		if len(p.value) == 0 {
			return nil
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(p.value)))
		if err != nil || n < 0 || n >= len(w.texts.ends) {
			return s.malformed("has a cell %s with the text number %s: the workbook has %d texts", cellRef(p.row, p.column), quoted(string(p.value)), len(w.texts.ends))
		}
		return s.putText(p.row, p.column, n)
	case "str", "inlineStr":
		text := p.rich.value()
		if p.kind == "str" {
			text = unescapeXLSX(p.value)
		}
		return s.addText(p.row, p.column, text)
	case "b":
		word := uint64(0)
		if v := strings.TrimSpace(string(p.value)); v == "1" || v == "true" {
			word = 1
		}
		if len(p.value) == 0 {
			return nil
		}
		return s.put(p.row, p.column, xlsxBool, word)
	case "e":
		return s.put(p.row, p.column, xlsxError, 0)
	case "d":
		return p.isoDate()
	}
	return p.number()
}

func (p *xlsxSheetParser) number() error {
	text := strings.TrimSpace(string(p.value))
	if text == "" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return p.sheet.malformed("has a cell %s with the number %s, which is none", cellRef(p.row, p.column), quoted(text))
	}
	kind := xlsxNumber
	if p.style >= 0 && p.style < len(p.sheet.book.styles) {
		kind = kindShown(v, p.sheet.book.styles[p.style])
	}
	return p.sheet.put(p.row, p.column, kind, math.Float64bits(v))
}

// lastSerial is the day behind 9999-12-31, the last date that a cell can show.
const lastSerial = 2958466

// kindShown is the kind of a number that a format shows as something.
func kindShown(v float64, shows xlsxShows) xlsxKind {
	switch {
	case v < 0 || v >= lastSerial:
		return xlsxNumber
	case shows == showsDate, shows == showsTime && v >= 1:
		return xlsxDate
	case shows == showsTime:
		return xlsxTime
	case shows == showsElapsed:
		return xlsxElapsed
	}
	return xlsxNumber
}

// isoDate reads a cell of type d: a date, with or without a time of day, as ISO 8601 has it.
func (p *xlsxSheetParser) isoDate() error {
	text := strings.TrimSuffix(strings.TrimSpace(string(p.value)), "Z")
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			days := float64(t.Unix())/secondsPerDay + float64(t.Nanosecond())/(1e9*secondsPerDay)
			return p.sheet.put(p.row, p.column, xlsxDate, math.Float64bits(days+p.sheet.book.serialOfEpoch()))
		}
	}
	return p.sheet.addText(p.row, p.column, unescapeXLSX(p.value))
}

// serialOfEpoch is the serial number of 1970-01-01.
func (w *xlsxWorkbook) serialOfEpoch() float64 {
	if w.since1904 {
		return 24107
	}
	return 25569
}

func (s *xlsxSheet) malformed(format string, args ...any) error {
	return Errorf(ErrMalformed, "sheet %s "+format, append([]any{quoted(s.name)}, args...)...)
}

func (s *xlsxSheet) addText(row, column int, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return s.malformed("has a cell %s that is not UTF-8 text", cellRef(row, column))
	}
	index, err := s.book.texts.add(s.book.mem, text)
	if err != nil {
		return err
	}
	return s.put(row, column, xlsxText, uint64(index))
}

func (s *xlsxSheet) putText(row, column, index int) error {
	text := s.book.texts.get(index)
	if len(text) == 0 {
		return nil
	}
	if !utf8.Valid(text) {
		return s.malformed("has a cell %s that is not UTF-8 text", cellRef(row, column))
	}
	return s.put(row, column, xlsxText, uint64(index))
}

// put keeps a cell. Rows come in ascending order.
func (s *xlsxSheet) put(row, column int, kind xlsxKind, word uint64) error {
	if s.top < 0 {
		s.top = row
	}
	at := row - s.top
	if at < s.rows-1 {
		return s.malformed("has cell %s behind one of a later row", cellRef(row, column))
	}
	s.rows = at + 1
	if column >= len(s.columns) {
		s.book.mem.take(int64(column+1-len(s.columns)) * textColumnBytes / 8)
		s.columns = append(s.columns, make([]xlsxColumn, column+1-len(s.columns))...)
	}
	c := &s.columns[column]
	if at < len(c.kinds) {
		return s.malformed("has cell %s twice", cellRef(row, column))
	}
	s.book.mem.take(int64(at+1-len(c.kinds)) * xlsxCellBytes)
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

// merge notes a block of merged cells.
func (s *xlsxSheet) merge(ref string) error {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		to = from
	}
	top, left, ok1 := parseCellRef(from)
	bottom, right, ok2 := parseCellRef(to)
	if !ok1 || !ok2 || bottom < top || right < left {
		return s.malformed("has merged cells at %s, which is no block of cells", quoted(ref))
	}
	if len(s.merged) == maxMerged {
		return s.malformed("has more than %d blocks of merged cells", maxMerged)
	}
	s.merged = append(s.merged, xlsxRange{top, left, bottom, right})
	return nil
}

// parseCellRef reads a reference such as B7, as row and column counted from 0.
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

// cellRef spells the reference of a cell.
func cellRef(row, column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name + strconv.Itoa(row+1)
}
