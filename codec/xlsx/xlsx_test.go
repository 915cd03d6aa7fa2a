package xlsx

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/delimited"
	"edgeframe/codec/document"
)

// bookParts is a workbook by its parts, those that are always the same left out. sheet is what is
// in the worksheet element, shared and styles are whole elements.
type bookParts struct{ sheet, shared, styles, workbook string }

// bytes zips a workbook.
func (p bookParts) bytes(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	if p.workbook == "" {
		p.workbook = `<workbook ` + nsMain + ` xmlns:r="` + nsRelations + `"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`
	}
	for name, content := range map[string]string{
		"_rels/.rels":     `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": p.workbook,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml": `<worksheet ` + nsMain + ` xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main">` + p.sheet + `</worksheet>`,
		"xl/sharedStrings.xml":     p.shared,
		"xl/styles.xml":            p.styles,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rowsXML writes rows of a sheet, their cells as elements.
func rowsXML(rows ...string) string {
	return `<sheetData><row>` + strings.Join(rows, `</row><row>`) + `</row></sheetData>`
}

func inlineCell(s string) string { return `<c t="inlineStr"><is><t>` + s + `</t></is></c>` }

func TestCellsAreWhatTheSheetSays(t *testing.T) {
	tests := []struct {
		name string
		book bookParts
		opt  codec.ReadOptions
		want string
	}{
		{
			"prefixes, texts in runs without their pronunciation, escapes and entities",
			bookParts{
				sheet:  `<x:sheetData><x:row r='1'><x:c r='A1' t='s'><x:v>0</x:v></x:c></x:row><x:row r='2'><x:c r='A2' t='s'><x:v>1</x:v></x:c></x:row></x:sheetData>`,
				shared: `<sst><si><r><t>na</t></r><r><t xml:space="preserve">me </t></r><rPh sb="0" eb="1"><t>x</t></rPh></si><si><t><![CDATA[<b>]]>&amp;&#65;_x0041__x005F_x0041__x00</t></si></sst>`,
			},
			codec.ReadOptions{},
			"name \n<b>&AA_x0041__x00\n",
		},
		{
			"cells without references follow one another",
			bookParts{sheet: rowsXML(inlineCell("a")+inlineCell("b"), `<c><v>1</v></c><c r="D2"/><c><v/></c>`, `<c r="B5"><v>2</v></c>`)},
			codec.ReadOptions{},
			"a,b\n1,\n,\n,\n,2\n",
		},
		{
			"no header",
			bookParts{sheet: rowsXML(`<c><v>1</v></c><c t="b"><v>1</v></c>`)},
			codec.ReadOptions{Options: Options{NoHeader: true}},
			"column_1,column_2\n1,true\n",
		},
		{
			"what users take for missing is only that if they say so",
			bookParts{sheet: rowsXML(inlineCell("a")+inlineCell("b"), inlineCell("NA")+inlineCell("-"))},
			codec.ReadOptions{Options: Options{NullValues: []string{"-"}}},
			"a,b\n\"NA\",\n",
		},
		{
			"dates since 1904",
			bookParts{
				workbook: `<workbook xmlns:r="` + nsRelations + `"><workbookPr date1904="1"/><sheets><sheet name="s" r:id="rId1"/></sheets></workbook>`,
				sheet:    rowsXML(inlineCell("d"), `<c s="1"><v>0</v></c>`, `<c s="1"><v>1462.5</v></c>`),
				styles:   `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
			},
			codec.ReadOptions{},
			"d\n1904-01-01T00:00:00\n1908-01-02T12:00:00\n",
		},
		{
			"dates before the leap day that 1900 did not have",
			bookParts{
				sheet:  rowsXML(inlineCell("d"), `<c s="0"><v>1</v></c>`, `<c s="0"><v>59</v></c>`, `<c s="0"><v>61</v></c>`),
				styles: `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[$-409]d/m/yy;@"/></numFmts><cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>`,
			},
			codec.ReadOptions{},
			"d\n1900-01-01\n1900-02-28\n1900-03-01\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table, err := Format.Decode(tt.book.bytes(t), tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := delimited.CSV.Encode(&out, table, codec.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFormatsShowWhatTheirCodesSay(t *testing.T) {
	for code, want := range map[string]shows{
		"General": showsNumber, "0.00E+00": showsNumber, `0.00" days"`: showsNumber, `#,##0\d`: showsNumber, "[Red]0.00": showsNumber, "@": showsNumber, "0_d": showsNumber,
		"yyyy-mm-dd": showsDate, "d. mmmm yyyy;@": showsDate, "mmm": showsDate, "[$-407]dd/mm/yy hh:mm": showsDate, "m/d/yy h:mm AM/PM": showsDate,
		"hh:mm": showsTime, "mm:ss.0": showsTime, "[h]:mm": showsElapsed, "[mm]:ss": showsElapsed, "[ss": showsNumber,
	} {
		if got := formatShows(code); got != want {
			t.Errorf("%q shows %d, want %d", code, got, want)
		}
	}
}

func TestNamesOfSheetsMayHaveQuotes(t *testing.T) {
	book := bookParts{
		workbook: `<workbook xmlns:r="` + nsRelations + `"><sheets><sheet name="a &quot;b&quot; &amp; 'c'" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		sheet:    rowsXML(inlineCell("n"), `<c><v>1</v></c>`),
	}
	table, err := Format.Decode(book.bytes(t), codec.ReadOptions{Options: Options{Sheets: []string{`a "b" & 'c'`}}})
	if err != nil || table.NumRows() != 1 || table.Receipt.Sheets[0].Name != `a "b" & 'c'` {
		t.Errorf("%v, %v", table, err)
	}
}

// mixedBook has a column of several kinds with an error in it.
var mixedBook = bookParts{sheet: rowsXML(inlineCell("n")+inlineCell("m"), `<c><v>1</v></c><c><v>2</v></c>`, `<c><v>3</v></c>`+inlineCell("x"), `<c t="e"><v>#N/A</v></c><c t="b"><v>0</v></c>`)}

func TestChangedCellsAreCountedAndRefusedStrictly(t *testing.T) {
	table, err := Format.Decode(mixedBook.bytes(t), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 2}, table.Receipt.Changed); diff != "" {
		t.Error(diff)
	}
	_, err = Format.Decode(mixedBook.bytes(t), codec.ReadOptions{Strict: true})
	if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), "A4") || !strings.Contains(err.Error(), "strict=true") {
		t.Errorf("strict: %v", err)
	}
}

// partsWithout are parts of a table that have no column in common, and the names of all columns.
func partsWithout(n int, suffix string) (parts []*part, names []string) {
	for i := range n {
		name := fmt.Sprint(i, suffix)
		names = append(names, name)
		parts = append(parts, &part{sheet: &sheet{name: name, rows: 2}, header: &header{data: 1}, columns: map[string]int{name: 0}})
	}
	return parts, names
}

func TestReceiptsOfSheetsWithoutACommonColumnAreBounded(t *testing.T) {
	parts, names := partsWithout(100, "")
	receipts, err := receiptsOf(parts, names)
	if err != nil || len(receipts) != 100 || len(receipts[7].Absent) != 99 || receipts[7].Name != "7" || receipts[7].Rows != 1 || receipts[7].Absent[7] != "8" {
		t.Errorf("%+v, %v", receipts, err)
	}
	for _, many := range []struct {
		n      int
		suffix string
	}{{1000, ""}, {4, strings.Repeat("x", maxAbsent/8)}} {
		parts, names := partsWithout(many.n, many.suffix)
		if _, err := receiptsOf(parts, names); !errors.Is(err, codec.ErrTooLarge) || !strings.Contains(err.Error(), "fewer sheets") {
			t.Errorf("%d sheets: %v", many.n, err)
		}
	}
}

func TestWorkbooksThatAreNoneAreRefused(t *testing.T) {
	sheet := func(content string) []byte { return bookParts{sheet: content}.bytes(t) }
	tests := []struct {
		name string
		data []byte
		kind error
		says string
	}{
		{"an old workbook", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), codec.ErrMalformed, "without a password"},
		{"an OpenDocument workbook", zipOf(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet"), codec.ErrMalformed, "(.ods): save it as .xlsx"},
		{"a binary workbook", zipOf(t, "xl/workbook.bin", "x"), codec.ErrMalformed, "(.xlsb): save it as .xlsx"},
		{"text", []byte("a,b\n1,2\n"), codec.ErrMalformed, "not a workbook"},
		{"half a file", sheet(rowsXML(inlineCell("a")))[:300], codec.ErrMalformed, "cannot be opened"},
		{"no cells", sheet(`<sheetData/>`), codec.ErrMalformed, "no sheet with cells"},
		{"a reference beyond the sheet", sheet(`<sheetData><row><c r="XFE1"><v>1</v></c></row></sheetData>`), codec.ErrMalformed, "XFE1"},
		{"a reference far beyond the sheet", sheet(`<sheetData><row><c r="A99999999999999999999"><v>1</v></c></row></sheetData>`), codec.ErrMalformed, "XFD1048576"},
		{"rows that go back", sheet(`<sheetData><row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row></sheetData>`), codec.ErrMalformed, "later row"},
		{"a cell twice", sheet(`<sheetData><row><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row></sheetData>`), codec.ErrMalformed, "A1 twice"},
		{"a text that is not there", sheet(`<sheetData><row><c t="s"><v>7</v></c></row></sheetData>`), codec.ErrMalformed, "0 texts"},
		{"a text with a negative number", sheet(`<sheetData><row><c t="s"><v>-1</v></c></row></sheetData>`), codec.ErrMalformed, "text number"},
		{"a text as a number", sheet(`<sheetData><row><c><v>1,5</v></c></row></sheetData>`), codec.ErrMalformed, "1,5"},
		{"an infinite number", sheet(`<sheetData><row><c><v>1e999</v></c></row></sheetData>`), codec.ErrMalformed, "1e999"},
		{"a document type", sheet(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>`), codec.ErrMalformed, "document type"},
		{"an entity", sheet(rowsXML(inlineCell("&b;"))), codec.ErrMalformed, "cannot be read"},
		{"too many ends", sheet(`</worksheet></x>`), codec.ErrMalformed, "ends"},
		{"an end of another element", sheet(`<sheetData><row><c t="inlineStr"><is><t>x</t></c></is></row></sheetData>`), codec.ErrMalformed, `"c" ends`},
		{"merged cells that overlap", sheet(rowsXML(inlineCell("a")+inlineCell("b"), `<c><v>1</v></c>`) + `<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A1:XFD1"/></mergeCells>`), codec.ErrMalformed, "overlap"},
		{"a part twice", twice(t), codec.ErrMalformed, "twice"},
		{"a part that claims 10 GB", claiming(t, 10<<30), codec.ErrTooLarge, "unpacks to more than"},
		{"a part that claims less than it has", claiming(t, 100), codec.ErrMalformed, "not a valid zip file"},
		{"a part of blanks", claiming(t, 20<<20), codec.ErrTooLarge, "250 times"},
		{"an element without an end", sheet(`<sheetData><row>`), codec.ErrMalformed, "has not begun"},
		{"a text that never ends", sheet(`<sheetData><row><c t="inlineStr"><is><t>` + strings.Repeat("x", 2*maxXMLToken)), codec.ErrMalformed, "longer than"},
		{"cells far apart", sheet(`<sheetData><row r="1">` + wideRow(300) + `</row><row r="1048576">` + wideRow(300) + `</row></sheetData>`), codec.ErrTooLarge, "memory"},
		{"elements nested deep", sheet(strings.Repeat("<a>", 1<<20)), codec.ErrMalformed, "100 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Format.Decode(tt.data, codec.ReadOptions{Limits: codec.Limits{Bytes: 64 << 20}})
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %v that says %q", err, tt.kind, tt.says)
			}
		})
	}
}

// zipOf is a zip file with one part.
func zipOf(t *testing.T, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Store, CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)), CRC32: crc32.ChecksumIEEE([]byte(content))})
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// claiming is a workbook whose sheet is blanks, 20 MiB of them, and claims to have so many bytes.
func claiming(t *testing.T, claimed uint64) []byte {
	t.Helper()
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err == nil {
		_, err = w.Write(bytes.Repeat([]byte(" "), 20<<20))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return repacked(t, func(z *zip.Writer, part *zip.File) error {
		if part.Name != "xl/worksheets/sheet1.xml" {
			return z.Copy(part)
		}
		out, err := z.CreateRaw(&zip.FileHeader{Name: part.Name, Method: zip.Deflate, CompressedSize64: uint64(deflated.Len()), UncompressedSize64: claimed})
		if err == nil {
			_, err = out.Write(deflated.Bytes())
		}
		return err
	})
}

// twice is a workbook that has its sheet twice.
func twice(t *testing.T) []byte {
	t.Helper()
	return repacked(t, func(z *zip.Writer, part *zip.File) error {
		if part.Name == "xl/worksheets/sheet1.xml" {
			if err := z.Copy(part); err != nil {
				return err
			}
		}
		return z.Copy(part)
	})
}

// repacked is a workbook whose parts are copied by add.
func repacked(t *testing.T, add func(z *zip.Writer, part *zip.File) error) []byte {
	t.Helper()
	whole := bookParts{sheet: rowsXML(inlineCell("a"), `<c><v>1</v></c>`)}.bytes(t)
	parts, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range parts.File {
		if err := add(z, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func wideRow(cells int) string {
	var b strings.Builder
	for range cells {
		b.WriteString(`<c><v>1</v></c>`)
	}
	return b.String()
}

func TestTablesThatNoSheetHasRoomForAreRefused(t *testing.T) {
	long, err := document.JSON.Decode([]byte(`[{"a":"`+strings.Repeat("x", maxCellText+1)+`"}]`), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var rows bytes.Buffer
	rows.WriteString("a\n")
	for i := range maxSheetRows {
		fmt.Fprintln(&rows, i)
	}
	many, err := delimited.CSV.Decode(rows.Bytes(), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for says, table := range map[string]*codec.Table{"32767 characters": long, "1048575 below the header": many} {
		var out bytes.Buffer
		if err := Format.Encode(&out, table, codec.WriteOptions{}); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), says) || out.Len() > 0 {
			t.Errorf("%v after %d bytes, want one that says %q", err, out.Len(), says)
		}
	}
}

func TestValuesThatCellsDoNotKeepAreText(t *testing.T) {
	for dtype, tt := range map[string]struct{ values, want string }{
		"int64":          {`[9007199254740993,9007199254740994,1]`, `["9007199254740993","9007199254740994","1"]`},
		"uint64":         {`[18446744073709551615]`, `["18446744073709551615"]`},
		"decimal(38, 2)": {`["123456789012345678901234567890.12"]`, `["123456789012345678901234567890.12"]`},
		"date32":         {`["1900-02-28"]`, `["1900-02-28"]`},
		"timestamp[us]":  {`["2026-01-01T00:00:00.000001"]`, `["2026-01-01T00:00:00.000001"]`},
		"utf8":           {`["_x0041_","\u0001","\r","a\tb"," "]`, `["_x0041_","\u0001","\r","a\tb"," "]`},
		"time64[us]":     {`["23:59:59.999"]`, `["23:59:59.999"]`},
		"duration[ms]":   {`["PT100000S"]`, `["PT100000S"]`},
	} {
		table := codectest.TableOf([]string{"a"}, []arrow.Array{codectest.ParseCells(t, dtype, tt.values)})
		var out bytes.Buffer
		if err := Format.Encode(&out, table, codec.WriteOptions{}); err != nil {
			t.Errorf("%s: %v", dtype, err)
			continue
		}
		back, err := Format.Decode(out.Bytes(), codec.ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", dtype, err)
			continue
		}
		if got := codectest.JSONArray(back.RowGroups[0].Column(0)); got != tt.want {
			t.Errorf("%s: %s came back as %s", dtype, tt.values, got)
		}
	}
}
