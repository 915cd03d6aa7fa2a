package xlsx

import (
	"bytes"
	"errors"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// FuzzXLSX reads whole files.
func FuzzXLSX(f *testing.F) {
	f.Add(mixedBook.bytes(f))
	f.Add(bookParts{sheet: rowsXML(inlineCell("a"), `<c s="0"><v>45000.5</v></c>`)}.bytes(f))
	f.Fuzz(func(t *testing.T, data []byte) { readFuzzedBook(t, data) })
}

// FuzzXLSXParts reads workbooks that are packed well, of parts that are anything.
func FuzzXLSXParts(f *testing.F) {
	f.Add(mixedBook.sheet, "", "", "", uint8(0))
	f.Add(rowsXML(`<c r="B1" t="s"><v>0</v></c><c t="str"><v>x</v></c>`, `<c r="B2" s="1"><v>44927</v></c><c t="d"><v>2026-01-03T10:30:00</v></c>`)+
		`<mergeCells><mergeCell ref="B1:C1"/></mergeCells>`,
		`<sst><si><t xml:space="preserve"> a_x000D_</t></si><si><r><t>b</t></r><rPh><t>c</t></rPh></si></sst>`,
		`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs></styleSheet>`,
		`<workbook xmlns:r="`+nsRelations+`"><workbookPr date1904="1"/><sheets><sheet name="s" r:id="rId1"/><sheet name="t" r:id="rId1"/></sheets></workbook>`, uint8(3))
	f.Add(gridXML("Report", "", "- item item", "0 a 1"), "", "", "", uint8(3<<5))
	f.Add(gridXML("Report", "", "- a - b -", "x c d c d", "y 1 2 3 4")+mergesXML("B3:C3", "D3:E3"), "", "", "", uint8(16))
	f.Add(changesBook.sheet, "", changesBook.styles, `<workbook `+nsMain+` xmlns:r="`+nsRelations+`" xmlns:x="urn:x"><sheets><sheet name="s" state="hidden" r:id="rId1"/><x:sheet/></sheets></workbook>`, uint8(1|1<<5))
	f.Add(numberCells("12345678901234567890", "0.1234567890123456789", "-0", "1E3", "+7"), "", "", "", uint8(2))
	f.Fuzz(func(t *testing.T, sheet, shared, styles, workbook string, options uint8) {
		data := bookParts{sheet, shared, styles, workbook}.bytes(t)
		readFuzzedBook(t, data)
		opt := codec.ReadOptions{Limits: codectest.FuzzLimits, Strict: options&2 != 0}
		own := Options{NoHeader: options&1 != 0}
		if options&4 != 0 {
			own.Sheets = []string{"s", "Sheet1"}[:1+options>>3&1]
		}
		if rows := int(options >> 5); options&1 != 0 {
			own.SkipRows = rows
		} else {
			own.HeaderRow = rows
		}
		if options&16 != 0 {
			own.SkipFooter = 1
		}
		opt.Options = own
		_, err := Format.Decode(data, opt)
		knownKind(t, err)
	})
}

// readFuzzedBook reads a workbook. What can be read can be written, and then gives the same text.
func readFuzzedBook(t *testing.T, data []byte) {
	table, err := Format.Decode(data, codec.ReadOptions{Limits: codectest.FuzzLimits})
	if knownKind(t, err); err != nil {
		return
	}
	var book bytes.Buffer
	if err := Format.Encode(&book, table, codec.WriteOptions{}); err != nil {
		knownKind(t, err)
		return
	}
	again, err := Format.Decode(book.Bytes(), codec.ReadOptions{})
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	if again.Schema.NumFields() != table.Schema.NumFields() || again.NumRows() > table.NumRows() {
		t.Fatalf("%d columns and %d rows came back as %d and %d", table.Schema.NumFields(), table.NumRows(), again.Schema.NumFields(), again.NumRows())
	}
}

// knownKind refuses errors of a kind that no input may have.
func knownKind(t *testing.T, err error) {
	if err != nil && !errors.Is(err, codec.ErrMalformed) && !errors.Is(err, codec.ErrTooLarge) && !errors.Is(err, codec.ErrUnsupported) && !errors.Is(err, codec.ErrMismatch) {
		t.Fatalf("error of no known kind: %v", err)
	}
}
