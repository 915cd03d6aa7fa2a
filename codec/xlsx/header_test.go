package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
)

// gridXML writes rows of a sheet, each a list of cells separated by blanks: "-" is no cell, digits are a
// number and everything else is text. An empty row has no cells.
func gridXML(rows ...string) string {
	var b strings.Builder
	b.WriteString(`<sheetData>`)
	for r, row := range rows {
		fmt.Fprintf(&b, `<row r="%d">`, r+1)
		for c, cell := range strings.Fields(row) {
			switch {
			case cell == "-":
			case strings.Trim(cell, "0123456789") == "":
				fmt.Fprintf(&b, `<c r="%s"><v>%s</v></c>`, cellRef(r, c), cell)
			default:
				fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, cellRef(r, c), cell)
			}
		}
		b.WriteString(`</row>`)
	}
	b.WriteString(`</sheetData>`)
	return b.String()
}

// mergesXML merges blocks of cells.
func mergesXML(refs ...string) string {
	return `<mergeCells><mergeCell ref="` + strings.Join(refs, `"/><mergeCell ref="`) + `"/></mergeCells>`
}

func textOf(t *testing.T, table *codec.Table) string {
	t.Helper()
	var out bytes.Buffer
	if err := delimited.CSV.Encode(&out, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHeadersTakeTheRowsThatTheyHave(t *testing.T) {
	const found, given, assumed, absent = codec.HeaderFound, codec.HeaderGiven, codec.HeaderAssumed, codec.HeaderAbsent
	for _, tt := range []struct {
		claim, sheet string
		opt          Options
		want         string
		source       codec.HeaderSource
		rows         []int
		// strict says that strict reading accepts the sheet.
		strict bool
	}{
		{"a merged name takes one row", gridXML("Name Contact", "Ann a@x 555-1", "Bob b@x 555-2") + mergesXML("B1:C1"), Options{}, "Name,Contact,Contact.1\nAnn,a@x,555-1\nBob,b@x,555-2\n", found, []int{1}, true},
		{"merged cells over two rows", gridXML("id 2025", "- price sold", "1 2 3") + mergesXML("A1:A2", "B1:C1"), Options{}, "id,2025 price,2025 sold\n1,2,3\n", found, []int{1, 2}, true},
		{"groups of columns", gridXML("region 2023 - 2024 -", "- Q1 Q2 Q1 Q2", "N 1 2 3 4", "S 5 6 7 8") + mergesXML("B1:C1", "D1:E1"), Options{}, "region,2023 Q1,2023 Q2,2024 Q1,2024 Q2\nN,1,2,3,4\nS,5,6,7,8\n", found, []int{1, 2}, true},
		{"groups of columns with the other names below", gridXML("- 2023 - 2024 -", "region Q1 Q2 Q1 Q2", "N 1 2 3 4") + mergesXML("B1:C1", "D1:E1"), Options{}, "region,2023 Q1,2023 Q2,2024 Q1,2024 Q2\nN,1,2,3,4\n", found, []int{1, 2}, true},
		{"groups of all columns", gridXML("2023 - 2024 -", "Q1 Q2 Q1 Q2", "1 2 3 4") + mergesXML("A1:B1", "C1:D1"), Options{}, "2023 Q1,2023 Q2,2024 Q1,2024 Q2\n1,2,3,4\n", found, []int{1, 2}, true},
		{"one group", gridXML("region Sales - total", "- in out -", "N 1 2 3") + mergesXML("B1:C1"), Options{}, "region,Sales in,Sales out,total\nN,1,2,3\n", found, []int{1, 2}, true},
		{"one group beside names below", gridXML("- Sales -", "region in out", "N 1 2") + mergesXML("B1:C1"), Options{}, "region,Sales in,Sales out\nN,1,2\n", found, []int{1, 2}, true},
		{"groups of years", gridXML("region Sales - Cost -", "- 2023 2024 2023 2024", "N 1 2 3 4") + mergesXML("B1:C1", "D1:E1"), Options{}, "region,Sales 2023,Sales 2024,Cost 2023,Cost 2024\nN,1,2,3,4\n", found, []int{1, 2}, true},
		{"groups below a title", gridXML("Report", "", "- 2023 - 2024 -", "region Q1 Q2 Q1 Q2", "N 1 2 3 4") + mergesXML("B3:C3", "D3:E3"), Options{}, "region,2023 Q1,2023 Q2,2024 Q1,2024 Q2\nN,1,2,3,4\n", found, []int{3, 4}, false},
		{"groups below header_row", gridXML("x y", "region Sales -", "- in out", "N 1 2") + mergesXML("B2:C2"), Options{HeaderRow: 2}, "region,Sales in,Sales out\nN,1,2\n", given, []int{2, 3}, true},
		{"the second row of groups", gridXML("- Sales -", "region in out", "N 1 2") + mergesXML("B1:C1"), Options{HeaderRow: 2}, "region,in,out\nN,1,2\n", given, []int{2}, true},
		{"a merged name above data with a name of its own", gridXML("Name Score -", "Ann x y", "Bob 3 4") + mergesXML("B1:C1"), Options{}, "Name,Score,Score.1\nAnn,x,y\nBob,3,4\n", found, []int{1}, false},
		{"a merged name above numbers", gridXML("Name Score -", "- 1 2", "- 3 4") + mergesXML("B1:C1"), Options{}, "Name,Score,Score.1\n,1,2\n,3,4\n", found, []int{1}, true},
		{"a merged name above years", gridXML("Name Time -", "- 2020 2021", "- 2021 2022") + mergesXML("B1:C1"), Options{}, "Name,Time,Time.1\n,2020,2021\n,2021,2022\n", found, []int{1}, true},
		{"a merged name above texts that are equal", gridXML("Name Time -", "- x x", "- 1 2") + mergesXML("B1:C1"), Options{}, "Name,Time,Time.1\n,x,x\n,1,2\n", found, []int{1}, false},
		{"a merged name above the last row", gridXML("Name Time -", "- x y") + mergesXML("B1:C1"), Options{}, "Name,Time,Time.1\n,x,y\n", found, []int{1}, true},
		{"a title that is merged over some columns", gridXML("Report - -", "item n price", "a 1 2") + mergesXML("A1:B1"), Options{}, "item,n,price\na,1,2\n", found, []int{2}, false},
		{"a title that is merged over columns in the middle", gridXML("- Report - -", "item n price sold", "a 1 2 3") + mergesXML("B1:C1"), Options{}, "item,n,price,sold\na,1,2,3\n", found, []int{2}, false},
		{"a title that is merged over all columns", gridXML("Report - -", "item n price", "a 1 2") + mergesXML("A1:C1"), Options{}, "item,n,price\na,1,2\n", found, []int{2}, false},
		{"a title and an empty row", gridXML("Report", "", "item n", "a 1"), Options{}, "item,n\na,1\n", found, []int{3}, false},
		{"a title above numbers", gridXML("Report", "item n", "a 1"), Options{}, "item,n\na,1\n", found, []int{2}, false},
		{"a merged title", gridXML("Report", "made", "item n", "a 1") + mergesXML("A1:B1"), Options{}, "item,n\na,1\n", found, []int{3}, false},
		{"a title above a table that begins in another column", gridXML("Report", "", "- - item n", "- - a 1"), Options{}, "item,n\na,1\n", found, []int{3}, false},
		{"a title above a table with an index", gridXML("Report", "", "- item n", "0 a 1"), Options{}, "column_1,item,n\n0,a,1\n", found, []int{3}, false},
		{"a title above years", gridXML("Sales", "land 2023 2024", "de 5 6"), Options{}, "land,2023,2024\nde,5,6\n", found, []int{2}, false},
		{"a year in a row of data is no header", gridXML("Name", "Ann 2023 1", "Bob 2024 2"), Options{}, "Name,column_2,column_3\nAnn,2023,1\nBob,2024,2\n", found, []int{1}, false},
		{"years in rows of data are no header", gridXML("Name", "Ann 2023 2024", "Bob 2021 2022"), Options{}, "Name,column_2,column_3\nAnn,2023,2024\nBob,2021,2022\n", found, []int{1}, false},
		{"texts below a name are no header", gridXML("Name", "Ann 555-1", "Bob 555-2"), Options{}, "Name,column_2\nAnn,555-1\nBob,555-2\n", found, []int{1}, false},
		{"notes are no title", gridXML("About", "", "made by"), Options{}, "About,column_2\n,\nmade,by\n", found, []int{1}, false},
		{"a column of texts", gridXML("a", "b", "c"), Options{}, "a\nb\nc\n", found, []int{1}, true},
		{"an index without a name", gridXML("- item n", "0 a 1", "1 b 2"), Options{}, "column_1,item,n\n0,a,1\n1,b,2\n", found, []int{1}, false},
		{"a name twice", gridXML("item Jan Jan", "a 1 2"), Options{}, "item,Jan,Jan.1\na,1,2\n", found, []int{1}, false},
		{"numbers above numbers", gridXML("1 2", "3 4"), Options{}, "1,2\n3,4\n", assumed, []int{1}, true},
		{"years above numbers", gridXML("land 2024", "de 7"), Options{}, "land,2024\nde,7\n", assumed, []int{1}, true},
		{"years above texts", gridXML("land 2024", "de x"), Options{}, "land,2024\nde,x\n", found, []int{1}, true},
		{"header_row", gridXML("a b", "Report 1", "item n", "x 1"), Options{HeaderRow: 3}, "item,n\nx,1\n", given, []int{3}, true},
		{"header_row counts empty rows", gridXML("", "", "item n", "x 1"), Options{HeaderRow: 3}, "item,n\nx,1\n", given, []int{3}, true},
		{"header_row with a merged cell", gridXML("t", "id 2025", "- a b", "1 2 3") + mergesXML("A2:A3", "B2:C2"), Options{HeaderRow: 2}, "id,2025 a,2025 b\n1,2,3\n", given, []int{2, 3}, true},
		{"columns that only a title has are left out", gridXML("- - - Report 2020", "item n", "x 1"), Options{HeaderRow: 2}, "item,n\nx,1\n", given, []int{2}, true},
		{"skip_rows", gridXML("made by", "the lab", "item n", "x 1"), Options{SkipRows: 2}, "item,n\nx,1\n", found, []int{3}, true},
		{"skip_rows before empty rows", gridXML("made by", "", "item n", "x 1"), Options{SkipRows: 1}, "item,n\nx,1\n", found, []int{3}, true},
		{"skip_rows of rows without cells", gridXML("", "item n", "x 1"), Options{SkipRows: 1}, "item,n\nx,1\n", found, []int{2}, true},
		{"skip_rows without a header", gridXML("made by", "x 1", "y 2"), Options{SkipRows: 1, NoHeader: true}, "column_1,column_2\nx,1\ny,2\n", absent, nil, true},
	} {
		t.Run(tt.claim, func(t *testing.T) {
			data := bookParts{sheet: tt.sheet}.bytes(t)
			table, err := Format.Decode(data, codec.ReadOptions{Options: tt.opt})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, textOf(t, table)); diff != "" {
				t.Error(diff)
			}
			want := codec.Header{Source: tt.source}
			if tt.rows != nil {
				want.Line = tt.rows[0]
			}
			if table.Receipt.Header != want {
				t.Errorf("header %+v, want %+v", table.Receipt.Header, want)
			}
			if diff := cmp.Diff(tt.rows, table.Receipt.Sheets[0].HeaderRows); diff != "" {
				t.Error(diff)
			}
			_, err = Format.Decode(data, codec.ReadOptions{Options: tt.opt, Strict: true})
			if (err == nil) != tt.strict || err != nil && !strings.Contains(err.Error(), "strict=true") {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

func TestRenamedColumnsAreInTheReceipt(t *testing.T) {
	table, err := Format.Decode(bookParts{sheet: gridXML("- Jan Jan", "0 1 2")}.bytes(t), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []codec.Renamed{{Column: 0, Name: "column_1", From: ""}, {Column: 2, Name: "Jan.1", From: "Jan"}}
	if diff := cmp.Diff(want, table.Receipt.Renamed); diff != "" {
		t.Error(diff)
	}
}

func TestHeadersThatAreNotThereAreRefused(t *testing.T) {
	data := bookParts{sheet: gridXML("", "item n", "", "a 1")}.bytes(t)
	for says, opt := range map[string]Options{
		"row 1, which header_row=1": {HeaderRow: 1},
		"row 3, which header_row=3": {HeaderRow: 3},
		"rows 2 to 4":               {HeaderRow: 9},
		"skip_rows=4":               {SkipRows: 4},
	} {
		if _, err := Format.Decode(data, codec.ReadOptions{Options: opt}); !errors.Is(err, codec.ErrMalformed) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
	for says, given := range map[string]codec.Values{
		"from 1 to 1048576":                   {"header_row": {"0"}},
		"from 0 to 1048576":                   {"skip_rows": {"x"}},
		"header=false are not accepted":       {"header_row": {"1"}, "header": {"false"}},
		"skip_rows are not accepted together": {"header_row": {"2"}, "skip_rows": {"1"}},
	} {
		if _, err := reading.Parse(given); !errors.Is(err, codec.ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", given, err)
		}
	}
}

// sheetPart is a sheet of a workbook of several: its state and its rows.
type sheetPart struct{ name, state, content string }

// bookOf zips a workbook of several sheets.
func bookOf(t testing.TB, sheets ...sheetPart) []byte {
	t.Helper()
	list, relations := "", ""
	parts := map[string]string{"_rels/.rels": `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`}
	for i, s := range sheets {
		list += fmt.Sprintf(`<sheet name="%s" state="%s" r:id="r%d"/>`, s.name, s.state, i)
		relations += fmt.Sprintf(`<Relationship Id="r%d" Type="x/worksheet" Target="sheet%d.xml"/>`, i, i)
		parts[fmt.Sprintf("xl/sheet%d.xml", i)] = `<worksheet>` + s.content + `</worksheet>`
	}
	parts["xl/workbook.xml"] = `<workbook xmlns:r="` + nsRelations + `"><sheets>` + list + `</sheets></workbook>`
	parts["xl/_rels/workbook.xml.rels"] = `<Relationships>` + relations + `</Relationships>`
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHiddenSheetsAreNotReadBeforeVisibleOnes(t *testing.T) {
	data, lists := gridXML("item n", "a 1", "b 2"), gridXML("unit", "kg", "g", "t", "mg", "lb")
	for _, tt := range []struct {
		claim  string
		sheets []sheetPart
		want   string
		note   string
	}{
		{"a hidden sheet beside a visible one", []sheetPart{{"Lists", "hidden", lists}, {"Data", "visible", data}}, "Data", `"Lists"`},
		{"a very hidden sheet beside a visible one", []sheetPart{{"Data", "", data}, {"Lists", "veryHidden", lists}}, "Data", `"Lists"`},
		{"a hidden sheet that cannot be read", []sheetPart{{"Lists", "hidden", `<row><c>`}, {"Data", "", data}}, "Data", `"Lists"`},
		{"a hidden sheet beside empty ones", []sheetPart{{"Cover", "", gridXML()}, {"Data", "hidden", data}}, "Data", "no visible sheet"},
	} {
		table, err := Format.Decode(bookOf(t, tt.sheets...), codec.ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", tt.claim, err)
			continue
		}
		if r := table.Receipt; r.Sheets[0].Name != tt.want || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], tt.note) {
			t.Errorf("%s: %+v, want the sheet %s and a note that says %s", tt.claim, r, tt.want, tt.note)
		}
	}
}

func TestSheetsToChooseSayWhatTheyAre(t *testing.T) {
	data := gridXML("item n", "a 1")
	book := bookOf(t,
		sheetPart{"Lists", "hidden", gridXML("unit", "kg", "g", "t", "mg", "lb", "oz")},
		sheetPart{"Damaged", "", `<sheetData><row><c t="s"><v>7</v></c></row></sheetData>`},
		sheetPart{"Small", "", data}, sheetPart{"Empty", "", gridXML()}, sheetPart{"Large", "", gridXML("item n", "a 1", "b 2")})
	_, err := Format.Decode(book, codec.ReadOptions{Strict: true})
	choice, ok := errors.AsType[*codec.SheetChoice](err)
	if !ok {
		t.Fatalf("%v, want a choice", err)
	}
	var got []string
	for i, s := range choice.Sheets {
		got = append(got, fmt.Sprint(s.Name, " ", s.Rows, " hidden=", s.Hidden, " error=", s.Err != nil, " suggested=", i == choice.Suggested()))
	}
	want := []string{
		"Lists 6 hidden=true error=false suggested=false",
		"Damaged 0 hidden=false error=true suggested=false",
		"Small 1 hidden=false error=false suggested=false",
		"Large 2 hidden=false error=false suggested=true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = Format.Decode(book, codec.ReadOptions{Options: Options{Sheets: []string{"Damaged"}}})
	if err == nil || err.Error() != choice.Sheets[1].Err.Error() {
		t.Errorf("%v when it is chosen, %v in the list", err, choice.Sheets[1].Err)
	}
	_, err = Format.Decode(bookOf(t, sheetPart{"Damaged", "", `<sheetData><row><c t="s"><v>7</v></c></row></sheetData>`}, sheetPart{"Lists", "hidden", data}), codec.ReadOptions{})
	if choice, ok := errors.AsType[*codec.SheetChoice](err); !ok || choice.Suggested() != 1 {
		t.Errorf("%v, want a choice that suggests the hidden sheet", err)
	}
}

func TestGroupsOfColumnsAreNoted(t *testing.T) {
	const note = `Row 1 of the sheet "Sheet1" names groups of columns: its names are joined with those of the row below.`
	table, err := Format.Decode(bookParts{sheet: gridXML("region Sales -", "- in out", "N 1 2") + mergesXML("B1:C1")}.bytes(t), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{note}, table.Receipt.Notes); diff != "" {
		t.Error(diff)
	}
}
