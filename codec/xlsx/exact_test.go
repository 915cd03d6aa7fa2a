package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/delimited"
	"edgeframe/codec/scalar"
)

// numberCells are the rows of a sheet with a column of numbers named n.
func numberCells(numbers ...string) string {
	rows := []string{inlineCell("n")}
	for _, n := range numbers {
		rows = append(rows, `<c><v>`+n+`</v></c>`)
	}
	return rowsXML(rows...)
}

// columnOf reads the first column of a workbook: its type and its values as CSV, one a line.
func columnOf(t *testing.T, data []byte, opt codec.ReadOptions) (dtype, values string, receipt codec.Receipt) {
	t.Helper()
	table, err := Format.Decode(data, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := delimited.CSV.Encode(&out, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, values, _ = strings.Cut(out.String(), "\n")
	return scalar.DType(table.Schema.Field(0).Type), values, table.Receipt
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	for _, tt := range []struct {
		claim, cells, dtype, want string
		changed                   int64
	}{
		{"ids of 19 digits", "1234567890123456789 1234567890123456788", "int64", "1234567890123456789 1234567890123456788", 0},
		{"integers next to 2^53", "9007199254740992 9007199254740993 -9007199254740993", "int64", "9007199254740992 9007199254740993 -9007199254740993", 0},
		{"the largest and the smallest integer", "9223372036854775807 -9223372036854775808", "int64", "9223372036854775807 -9223372036854775808", 0},
		{"integers beyond 64 bits", "18446744073709551615 7", "decimal(20, 0)", "18446744073709551615 7", 0},
		{"integers beyond 38 digits", "123456789012345678901234567890123456789 7", "utf8", "123456789012345678901234567890123456789 7", 2},
		{"ids beside a fraction", "1234567890123456789 0.5", "utf8", "1234567890123456789 0.5", 2},
		{"whole numbers with a point or an exponent", "1.0 1E3 +5 007", "int64", "1 1000 5 7", 0},
		{"integers that a float keeps beside a fraction", "1 9007199254740992 1234567890123456800 0.5", "float64", "1.0 9007199254740992.0 1.2345678901234568e+18 0.5", 0},
		{"floats as Excel writes them", "0.10000000000000001 1.2345678901234568E+18 5.0000000000000001E-3", "float64", "0.1 1.2345678901234568e+18 0.005", 0},
		{"a fraction of which a float loses digits", "0.1234567890123456789 2", "float64", "0.12345678901234568 2.0", 1},
		{"a whole number with a point of which a float loses digits", "9007199254740993.0 2", "float64", "9007199254740992.0 2.0", 1},
		{"a negative zero", "-0 1", "float64", "-0.0 1.0", 0},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			data := bookParts{sheet: numberCells(strings.Fields(tt.cells)...)}.bytes(t)
			dtype, values, receipt := columnOf(t, data, codec.ReadOptions{})
			if got := strings.Join(strings.Fields(values), " "); got != tt.want || dtype != tt.dtype || receipt.Changed[0] != tt.changed {
				t.Errorf("%s of type %s, %d changed; want %s of type %s, %d changed", got, dtype, receipt.Changed[0], tt.want, tt.dtype, tt.changed)
			}
			if int64(len(receipt.Samples[0])) != tt.changed {
				t.Errorf("%d samples of %d changed cells", len(receipt.Samples[0]), tt.changed)
			}
			_, err := Format.Decode(data, codec.ReadOptions{Strict: true})
			if refused := errors.Is(err, codec.ErrMalformed); refused != (tt.changed > 0) {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestDTypesAreMadeOfTheDigits(t *testing.T) {
	for _, tt := range []struct{ cells, dtype, want string }{
		{"1234567890123456789 1234567890123456788", "int64", "1234567890123456789 1234567890123456788"},
		{"1234567890123456789 1234567890123456788", "utf8", "1234567890123456789 1234567890123456788"},
		{"1234567890123456789 0.5", "utf8", "1234567890123456789 0.5"},
		{"1234567890123456789 0.5", "decimal(20, 1)", "1234567890123456789.0 0.5"},
		{"1234567890123456789 0.5", "float64", "1.2345678901234568e+18 0.5"},
		{"0.1234567890123456789", "decimal(38, 20)", "0.12345678901234567890"},
		{"18446744073709551615", "decimal(38, 2)", "18446744073709551615.00"},
	} {
		want, err := scalar.ParseDType(tt.dtype)
		if err != nil {
			t.Fatal(err)
		}
		dtype, values, _ := columnOf(t, bookParts{sheet: numberCells(strings.Fields(tt.cells)...)}.bytes(t), codec.ReadOptions{DTypes: map[string]arrow.DataType{"n": want}})
		if got := strings.Join(strings.Fields(values), " "); got != tt.want || dtype != tt.dtype {
			t.Errorf("%s as %s is %s of type %s, want %s", tt.cells, tt.dtype, got, dtype, tt.want)
		}
	}
}

func TestDecimalsThatAFloatRoundsAreWrittenAsText(t *testing.T) {
	for text, kept := range map[string]bool{
		"165860940095399.59": false, // the nearest float64 is written as 165860940095399.6
		"165860940095399.60": true,
		"0.10":               true,
		"9007199254740992":   true,
		"9007199254740993":   false,
	} {
		table := codectest.TableOf([]string{"n"}, []arrow.Array{codectest.ParseCells(t, "decimal(20, 2)", `["`+text+`"]`)})
		if !strings.Contains(text, ".") {
			table = codectest.TableOf([]string{"n"}, []arrow.Array{codectest.ParseCells(t, "int64", `[`+text+`]`)})
		}
		var book bytes.Buffer
		if err := Format.Encode(&book, table, codec.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		dtype, values, _ := columnOf(t, book.Bytes(), codec.ReadOptions{})
		if isText := dtype == "utf8"; isText == kept || isText && values != text+"\n" {
			t.Errorf("%s came back as %s of type %s", text, values, dtype)
		}
	}
}

// changesBook has a cell of each kind that changes: a formula without a value, an error, a number among
// texts, a fraction with too many digits, and days that the calendar does not have.
var changesBook = bookParts{
	sheet: rowsXML(
		inlineCell("sum")+inlineCell("error")+inlineCell("mixed")+inlineCell("ratio")+inlineCell("day"),
		`<c r="A2"><f>B2*2</f></c><c r="B2" t="e"><v>#DIV/0!</v></c><c r="C2"><v>7</v></c><c r="D2"><v>0.1234567890123456789</v></c><c r="E2" s="0"><v>60</v></c>`,
		`<c r="A3"><f>B3*2</f><v></v></c><c r="B3"><v>2</v></c><c r="C3" t="b"><v>1</v></c><c r="D3"><v>2</v></c><c r="E3" s="0"><v>0.5</v></c>`,
		`<c r="A4"><f>B4*2</f><v>8</v></c><c r="B4"><v>2</v></c>`+strings.Replace(inlineCell("x"), `<c `, `<c r="C4" `, 1)+`<c r="D4"><v>3</v></c><c r="E4" s="0"><v>61</v></c>`,
	),
	styles: `<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>`,
}

func TestSamplesShowTheCellsThatChange(t *testing.T) {
	// Cells without a style have the first one, which shows a date here.
	book := changesBook
	book.sheet = strings.ReplaceAll(strings.ReplaceAll(book.sheet, `"><v>`, `" s="1"><v>`), `s="0" s="1"`, `s="0"`)
	data := book.bytes(t)
	_, _, receipt := columnOf(t, data, codec.ReadOptions{})
	want := [][]codec.Sample{
		{{Kind: codec.ToMissing, Line: 2, Before: "=B2*2"}, {Kind: codec.ToMissing, Line: 3, Before: "=B3*2"}},
		{{Kind: codec.ToMissing, Line: 2, Before: "#DIV/0!"}},
		{{Kind: codec.Respelled, Line: 2, Before: "7", After: "7"}, {Kind: codec.Respelled, Line: 3, Before: "TRUE", After: "true"}},
		{{Kind: codec.Coerced, Line: 2, Before: "0.1234567890123456789", After: "0.12345678901234568"}},
		{{Kind: codec.Coerced, Line: 2, Before: "1900-02-29", After: "1900-02-28"}, {Kind: codec.Coerced, Line: 3, Before: "1900-01-00T12:00:00", After: "1899-12-31T12:00:00"}},
	}
	if diff := cmp.Diff(want, receipt.Samples); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2, 1, 2, 1, 2}, receipt.Changed); diff != "" {
		t.Error(diff)
	}
	_, err := Format.Decode(data, codec.ReadOptions{Strict: true})
	if err == nil || !strings.Contains(err.Error(), `"=B2*2" in cell A2`) || !strings.Contains(err.Error(), "computes formulas") {
		t.Errorf("strict: %v", err)
	}
}

func TestAFormulaMayHaveTheEmptyTextAsItsValue(t *testing.T) {
	book := bookParts{sheet: rowsXML(inlineCell("a"), `<c t="str"><f>""</f><v></v></c>`, inlineCell("x"))}
	_, values, receipt := columnOf(t, book.bytes(t), codec.ReadOptions{Strict: true})
	if values != "NA\nx\n" || receipt.Changed[0] != 0 {
		t.Errorf("%q, changed %d", values, receipt.Changed[0])
	}
}

const (
	nsStrict = `xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main"`
	nsX14    = `xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"`
)

func TestElementsOfExtensionsAreLeftOut(t *testing.T) {
	book := bookParts{
		workbook: `<workbook ` + nsMain + ` xmlns:r="` + nsRelations + `"><workbookPr date1904="1"/><sheets><sheet name="s" x14:state="hidden" ` + nsX14 + ` r:id="rId1"/></sheets>` +
			`<extLst><ext ` + nsX14 + `><x14:workbookPr defaultImageDpi="32767"/><x14:sheet name="t" r:id="rId1"/></ext></extLst></workbook>`,
		sheet: `<sheetData><row><c t="inlineStr"><is><t>d</t></is></c></row><row><c s="1"><v>0</v><x14:v ` + nsX14 + `>7</x14:v></c></row></sheetData>` +
			`<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice><mergeCell ref="x"/></mc:Choice><mc:Fallback><mergeCells/></mc:Fallback></mc:AlternateContent>` +
			`<y:mergeCell xmlns:y="urn:y" ref="nonsense"><mergeCell ref="nonsense"/></y:mergeCell>`,
		styles: `<styleSheet ` + nsMain + `><numFmts><numFmt numFmtId="164" formatCode="0"/></numFmts><dxfs><dxf><numFmt numFmtId="165" formatCode="0"/></dxf></dxfs>` +
			`<numFmts><numFmt numFmtId="165" formatCode="yyyy"/></numFmts><cellXfs><x14:xf ` + nsX14 + ` numFmtId="164"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
	}
	dtype, values, _ := columnOf(t, book.bytes(t), codec.ReadOptions{})
	if dtype != "date32" || values != "1904-01-01\n" {
		t.Errorf("%q of type %s", values, dtype)
	}
}

func TestBothFormsOfTheStandardAreRead(t *testing.T) {
	book := bookParts{
		workbook: `<w:workbook xmlns:w="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:q="http://purl.oclc.org/ooxml/officeDocument/relationships"><w:sheets><w:sheet name="s" q:id="rId1"/></w:sheets></w:workbook>`,
		sheet:    `<x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c></x:row><x:row><x:c><x:v>7</x:v></x:c></x:row></x:sheetData>`,
		shared:   `<sst ` + nsStrict + `><si><t>n</t></si></sst>`,
		styles:   `<styleSheet ` + nsStrict + `/>`,
	}
	if _, values, _ := columnOf(t, book.bytes(t), codec.ReadOptions{}); values != "7\n" {
		t.Errorf("%q", values)
	}
}

func TestNamespacesThatCannotBeToldAreRefused(t *testing.T) {
	var many strings.Builder
	for i := range maxNamespaces + 1 {
		fmt.Fprintf(&many, ` xmlns:p%d="urn:x"`, i)
	}
	for says, book := range map[string]bookParts{
		"prefix is not declared": {sheet: `<z:sheetData/>`},
		"256 namespaces":         {sheet: `<sheetData` + many.String() + `/>`},
		"namespace of workbooks": {sheet: `<sheetData/>`, styles: `<styleSheet xmlns="urn:x"/>`},
		"refers to no part":      {workbook: `<workbook><sheets><sheet name="s" id="rId1"/></sheets></workbook>`},
	} {
		if _, err := Format.Decode(book.bytes(t), codec.ReadOptions{}); !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want one that says %q", err, says)
		}
	}
}
