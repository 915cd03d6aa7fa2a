package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/klauspost/compress/flate"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// maxCellText is the longest text of a cell, in UTF-16 code units.
const maxCellText = 32_767

// The styles of cells, by their position in xl/styles.xml.
const (
	styleDate     = `" s="1"><v>`
	styleDateTime = `" s="2"><v>`
	styleTime     = `" s="3"><v>`
	styleElapsed  = `" s="4"><v>`
)

const (
	xmlDeclaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	nsMain         = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	nsPackage      = `xmlns="http://schemas.openxmlformats.org/package/2006/`
	nsRelations    = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	nsTypes        = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
)

// parts are the constant parts of a workbook, in the order in which they are written.
var parts = []struct{ name, content string }{
	{"[Content_Types].xml", `<Types ` + nsPackage + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + nsTypes + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + nsTypes + `styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + nsTypes + `worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships ` + nsPackage + `relationships">` +
		`<Relationship Id="rId1" Type="` + nsRelations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook ` + nsMain + ` xmlns:r="` + nsRelations + `">` +
		`<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships ` + nsPackage + `relationships">` +
		`<Relationship Id="rId1" Type="` + nsRelations + `/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + nsRelations + `/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet ` + nsMain + `><numFmts count="4">` +
		`<numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/>` +
		`<numFmt numFmtId="166" formatCode="hh:mm:ss.000"/><numFmt numFmtId="167" formatCode="[h]:mm:ss.000"/></numFmts>` +
		`<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="166" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="167" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`},
}

// encodeXLSX writes a workbook of one sheet, with the names of the columns in the first row. Numbers
// with the digits of their float64 are written as numbers, dates from 1900-03-01 on and times in whole
// milliseconds as dates and times, everything else as text as in CSV. Missing values are empty cells.
// The same table always gives the same bytes. Columns whose values can be too long for a cell are read
// twice, so that nothing has been written when one is.
func encodeXLSX(w io.Writer, src codec.Source) error {
	if err := fitsSheet(src); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, part := range parts {
		out, err := z.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(out, xmlDeclaration+part.content); err != nil {
			return err
		}
	}
	out, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	if err := writeSheet(out, src.Open(nil)); err != nil {
		return err
	}
	return z.Close()
}

// fitsSheet returns an error if a table is too large for a sheet.
func fitsSheet(src codec.Source) error {
	schema := src.Open(nil).Schema()
	if rows := src.NumRows(); rows >= maxSheetRows {
		return codec.Errorf(codec.ErrUnsupported, "the table has %d rows: a sheet has room for %d below the header; choose another format or fewer rows", rows, maxSheetRows-1)
	}
	if n := schema.NumFields(); n > maxSheetColumns {
		return codec.Errorf(codec.ErrUnsupported, "the table has %d columns: a sheet has room for %d", n, maxSheetColumns)
	}
	var long []int
	for i, f := range schema.Fields() {
		if tooLongForCell([]byte(f.Name)) {
			return codec.Errorf(codec.ErrUnsupported, "the name %s is longer than the %d characters of a cell", codec.Quoted(f.Name), maxCellText)
		}
		if canBeLong(f.Type) {
			long = append(long, i)
		}
	}
	if long == nil {
		return nil
	}
	return codec.EachGroup(src.Open(long), func(g arrow.Record) error {
		for i, column := range g.Columns() {
			if err := fitsCells(g.ColumnName(i), column); err != nil {
				return err
			}
		}
		return nil
	})
}

// canBeLong reports whether a value of a type can be too long for a cell.
func canBeLong(dt arrow.DataType) bool {
	id := scalar.ValueType(dt).ID()
	return !arrow.IsInteger(id) && !arrow.IsFloating(id) && id != arrow.BOOL && id != arrow.TIMESTAMP && id != arrow.DATE32 && id != arrow.NULL
}

// fitsCells returns an error if a value is too long for a cell.
func fitsCells(name string, arr arrow.Array) error {
	isNull, spell := scalar.NullChecker(arr), scalar.Text(arr)
	var text []byte
	for row := range arr.Len() {
		if isNull(row) {
			continue
		}
		if text = spell(text[:0], row); tooLongForCell(text) {
			return codec.Errorf(codec.ErrUnsupported, "column %s has a value that is longer than the %d characters of a cell; choose another format", codec.Quoted(name), maxCellText)
		}
	}
	return nil
}

func tooLongForCell(text []byte) bool {
	if len(text) <= maxCellText {
		return false
	}
	units := 0
	for _, r := range string(text) {
		units += utf16.RuneLen(r)
	}
	return units > maxCellText
}

func writeSheet(w io.Writer, groups codec.RowGroups) error {
	buf := []byte(xmlDeclaration + `<worksheet ` + nsMain + `><sheetData><row r="1">`)
	names := make([][]byte, groups.Schema().NumFields())
	for i, f := range groups.Schema().Fields() {
		names[i] = []byte(cellRef(0, i))
		names[i] = names[i][:len(names[i])-1]
		buf = appendTextCell(appendCellStart(buf, names[i], 1), []byte(f.Name))
	}
	buf = append(buf, `</row>`...)
	row := 1
	err := codec.EachGroup(groups, func(g arrow.Record) error {
		cells := make([]scalar.Appender, len(names))
		for i, column := range g.Columns() {
			cells[i] = cellAppender(column)
		}
		for at := range int(g.NumRows()) {
			row++
			buf = append(strconv.AppendInt(append(buf, `<row r="`...), int64(row), 10), `">`...)
			for i, cell := range cells {
				start := len(buf)
				buf = appendCellStart(buf, names[i], row)
				begun := len(buf)
				if buf = cell(buf, at); len(buf) == begun {
					buf = buf[:start]
				}
			}
			buf = append(buf, `</row>`...)
			const enough = 32 << 10
			if len(buf) >= enough {
				if _, err := w.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = w.Write(append(buf, `</sheetData></worksheet>`...))
	return err
}

// appendCellStart appends the start of a cell. Style, type and content follow.
func appendCellStart(dst, column []byte, row int) []byte {
	return strconv.AppendInt(append(append(dst, `<c r="`...), column...), int64(row), 10)
}

// cellAppender returns a function that appends what follows the reference of a cell, or nothing if the
// value is missing.
func cellAppender(arr arrow.Array) scalar.Appender {
	isNull, write := scalar.NullChecker(arr), presentCell(arr)
	return func(dst []byte, row int) []byte {
		if isNull(row) {
			return dst
		}
		return write(dst, row)
	}
}

// presentCell is cellAppender for present values.
func presentCell(arr arrow.Array) scalar.Appender {
	if inner, at := scalar.Indirect(arr); at != nil {
		write := presentCell(inner)
		return func(dst []byte, row int) []byte { return write(dst, at(row)) }
	}
	spell := scalar.Text(arr)
	var scratch []byte
	text := func(dst []byte, row int) []byte {
		scratch = spell(scratch[:0], row)
		return appendTextCell(dst, scratch)
	}
	// A float64 does not represent every integer above this one.
	const most = 1 << 53
	number := func(dst []byte, row int) []byte {
		scratch = spell(scratch[:0], row)
		v, err := strconv.ParseFloat(string(scratch), 64)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || !writtenAs(v, scratch) || math.Abs(v) > most && scalar.IsInteger(scratch) {
			return appendTextCell(dst, scratch)
		}
		return appendNumberCell(dst, `"><v>`, v)
	}
	if a, ok := arr.(*array.Boolean); ok {
		return func(dst []byte, row int) []byte {
			dst = append(dst, `" t="b"><v>0</v></c>`...)
			if a.Value(row) {
				dst[len(dst)-len(`0</v></c>`)] = '1'
			}
			return dst
		}
	}
	if value, bits := scalar.FloatValue(arr); value != nil && bits == 64 {
		return func(dst []byte, row int) []byte {
			if v := value(row); !math.IsInf(v, 0) && !math.IsNaN(v) {
				return appendNumberCell(dst, `"><v>`, v)
			}
			return text(dst, row)
		}
	}
	id := arr.DataType().ID()
	if arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id) {
		return number
	}
	return temporalCell(arr, text)
}

// writtenAs reports whether v is written with the digits of a number, up to zeros at its end.
func writtenAs(v float64, number []byte) bool {
	if len(number) <= scalar.SafeDigits {
		return true
	}
	var buf, digits, shortest [64]byte
	written := strconv.AppendFloat(buf[:0], v, 'e', -1, 64)
	return bytes.Equal(appendDigits(digits[:0], number), appendDigits(shortest[:0], written))
}

// appendDigits appends the digits of a number without zeros at its beginning and end.
func appendDigits(dst, number []byte) []byte {
	for _, c := range number {
		if c == 'e' || c == 'E' {
			break
		}
		if '0' <= c && c <= '9' && (c != '0' || len(dst) > 0) {
			dst = append(dst, c)
		}
	}
	return bytes.TrimRight(dst, "0")
}

func appendNumberCell(dst []byte, style string, v float64) []byte {
	dst = append(dst, style...)
	return append(strconv.AppendFloat(dst, v, 'g', -1, 64), `</v></c>`...)
}

// temporalCell appends dates and times as serial numbers if those are exact, otherwise with text.
func temporalCell(arr arrow.Array, text scalar.Appender) scalar.Appender {
	style, perDay, dated := "", int64(0), false
	switch dt := arr.DataType().(type) {
	case *arrow.Date32Type:
		style, perDay, dated = styleDate, 1, true
	case *arrow.Date64Type:
		style, perDay, dated = styleDate, scalar.MillisPerDay, true
	case *arrow.TimestampType:
		if dt.TimeZone == "" {
			style, perDay, dated = styleDateTime, scalar.SecondsPerDay*scalar.TicksPerSecond(dt.Unit), true
		}
	case *arrow.Time32Type:
		style, perDay = styleTime, scalar.SecondsPerDay*scalar.TicksPerSecond(dt.Unit)
	case *arrow.Time64Type:
		style, perDay = styleTime, scalar.SecondsPerDay*scalar.TicksPerSecond(dt.Unit)
	case *arrow.DurationType:
		style, perDay = styleElapsed, scalar.SecondsPerDay*scalar.TicksPerSecond(dt.Unit)
	}
	if style == "" {
		return text
	}
	tick := scalar.Ticks(arr)
	return func(dst []byte, row int) []byte {
		serial, ok := serialOf(tick(row), perDay, dated)
		if !ok {
			return text(dst, row)
		}
		return appendNumberCell(dst, style, serial)
	}
}

// serialOf returns the serial number of a date or time. ok is false unless it is positive, in whole
// milliseconds, and means the same to all programs.
func serialOf(ticks, perDay int64, dated bool) (serial float64, ok bool) {
	const (
		unixEpoch = 25569
		march1900 = 61
	)
	days, rest := ticks/perDay, ticks%perDay
	if rest < 0 {
		days, rest = days-1, rest+perDay
	}
	if perDay > scalar.MillisPerDay && rest%(perDay/scalar.MillisPerDay) != 0 {
		return 0, false
	}
	least := int64(0)
	if dated {
		days += unixEpoch
		least = march1900
	}
	if days < least || days >= endSerial {
		return 0, false
	}
	return float64(days) + float64(rest)/float64(perDay), true
}

// appendTextCell appends a cell with its text in it.
func appendTextCell(dst, text []byte) []byte {
	dst = append(dst, `" t="inlineStr"><is><t xml:space="preserve">`...)
	return append(appendXLSXText(dst, text), `</t></is></c>`...)
}

// appendXLSXText appends text escaped for XML. Characters that XML does not allow become _xHHHH_, and
// so does the _ of a text that looks like such an escape (ECMA-376, part 1, 22.9.2.19).
func appendXLSXText(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '_' && looksEscaped(text[i:]),
			r < ' ' && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff:
			const hex = "0123456789ABCDEF"
			dst = append(dst, '_', 'x', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15], '_')
		default:
			dst = append(dst, text[i:i+size]...)
		}
		i += size
	}
	return dst
}

// looksEscaped reports whether text starts with an escape _xHHHH_.
func looksEscaped(text []byte) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return err == nil
}
