//go:build !js

package xlsx_test

import (
	"bytes"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
	"edgeframe/internal/testenv"
)

//go:embed testdata/workbook.py
var openpyxlScript string

// bookSheet is a sheet for the scripts. A cell is null, a number, a boolean, a text, or one of
// {"date"}, {"datetime"}, {"time"}, {"error"} and {"formula", "value"}.
type bookSheet struct {
	Name   string   `json:"name"`
	Rows   [][]any  `json:"rows"`
	Merges []string `json:"merges,omitempty"`
}

type cell = map[string]any

func date(s string) cell { return cell{"date": s} }

// books are workbooks and the tables that they are, as CSV.
var books = []struct {
	name string
	book []bookSheet
	want string
	// types are the types of the columns.
	types string
}{
	{
		"kinds of cells",
		[]bookSheet{{Name: "all", Rows: [][]any{
			{"whole", "number", "yes", "text", "day", "moment", "clock", "sum", "mixed", "007"},
			{1, 0.1, true, "a", date("2026-01-03"), cell{"datetime": "2026-01-03T10:30:00"}, cell{"time": "23:59:59"}, cell{"formula": "A2*2", "value": 2}, 1.5, "007"},
			{-9007199254740992, 1e300, false, " blanks ", date("1900-03-01"), cell{"datetime": "1999-12-31T00:00:00"}, cell{"time": "00:00:01"}, cell{"formula": "A3", "value": 2.5}, "x", "010"},
			{nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
			{3, -2.5, true, "ä€😀<&>\"\n", date("9999-12-31"), cell{"datetime": "2026-01-03T23:59:59"}, cell{"time": "12:00:00"}, cell{"formula": "A5", "value": 0}, date("2026-01-03"), "NA"},
		}}},
		"whole,number,yes,text,day,moment,clock,sum,mixed,007\n" +
			"1,0.1,true,a,2026-01-03,2026-01-03T10:30:00,23:59:59,2.0,1.5,007\n" +
			"-9007199254740992,1e+300,false, blanks ,1900-03-01,1999-12-31T00:00:00,00:00:01,2.5,x,010\n" +
			",,,,,,,,,\n" +
			"3,-2.5,true,\"ä€😀<&>\"\"\n\",9999-12-31,2026-01-03T23:59:59,12:00:00,0.0,2026-01-03,\"NA\"\n",
		"int64 float64 bool utf8 date32 timestamp[us] time64[us] float64 utf8 utf8",
	},
	{
		"a table that does not begin at A1",
		[]bookSheet{{Name: "empty", Rows: [][]any{}}, {Name: "table", Rows: [][]any{{}, {}, {nil, nil, "a", nil, "b"}, {nil, nil, 1, nil, 2}, {}, {nil, nil, 3, nil, nil}}}},
		"a,b\n1,2\n,\n3,\n", "int64 int64",
	},
	{
		"a header of merged cells",
		[]bookSheet{{Name: "s", Merges: []string{"A1:A2", "B1:C1", "D1:E1"}, Rows: [][]any{
			{"id", "2025", nil, "2026", nil}, {nil, "price", "sold", "price", "sold"}, {1, 2.5, 7, 3.5, 8},
		}}},
		"id,2025 price,2025 sold,2026 price,2026 sold\n1,2.5,7,3.5,8\n", "int64 float64 int64 float64 int64",
	},
	{
		"a merged name above data, and merged cells below the header",
		[]bookSheet{{Name: "s", Merges: []string{"A1:B1", "C2:C3"}, Rows: [][]any{{"at", nil, "what"}, {1, 2, "x"}, {3, 4, nil}}}},
		"at,at.1,what\n1,2,x\n3,4,\n", "int64 int64 utf8",
	},
	{
		"cells with errors are missing",
		[]bookSheet{{Name: "s", Rows: [][]any{{"n"}, {1}, {cell{"error": "#DIV/0!"}}, {3}}}},
		"n\n1\nNA\n3\n", "int64",
	},
}

// booksOf returns the workbook called name as two programs write it. Those of SheetJS 0.18.5 are
// files, because npm has no release of it without known vulnerabilities. testdata/workbook.mjs has
// made them.
func booksOf(t *testing.T, name string, book []bookSheet) map[string][]byte {
	t.Helper()
	files := map[string]string{
		"SheetJS":  filepath.Join("testdata", "sheetjs", strings.NewReplacer(" ", "-", ",", "").Replace(name)+".xlsx"),
		"openpyxl": filepath.Join(t.TempDir(), "openpyxl.xlsx"),
	}
	testenv.Python(t, openpyxlScript, book, nil, "write", files["openpyxl"])
	data := map[string][]byte{}
	for program, file := range files {
		var err error
		if data[program], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

func asCSV(t *testing.T, table *codec.Table) string {
	t.Helper()
	var out bytes.Buffer
	if err := formats.ByName("csv").Encode(&out, table, codec.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func typesOf(table *codec.Table) string {
	var types []string
	for _, f := range table.Schema.Fields() {
		types = append(types, scalar.DType(f.Type))
	}
	return strings.Join(types, " ")
}

func TestWorkbooksOfTwoProgramsReadTheSame(t *testing.T) {
	for _, tt := range books {
		t.Run(tt.name, func(t *testing.T) {
			for program, data := range booksOf(t, tt.name, tt.book) {
				if f := formats.Detect(data); f == nil || f.Name != "xlsx" {
					t.Errorf("%s: the first bytes look like %v", program, f)
				}
				table, err := formats.ByName("xlsx").Decode(data, codec.ReadOptions{})
				if err != nil {
					t.Errorf("%s: %v", program, err)
					continue
				}
				if diff := cmp.Diff(tt.want, asCSV(t, table)); diff != "" {
					t.Errorf("%s: %s", program, diff)
				}
				if got := typesOf(table); got != tt.types {
					t.Errorf("%s: types %s, want %s", program, got, tt.types)
				}
			}
		})
	}
}

// TestWorkbooksAreReadByOthers writes files of vega-datasets as workbooks. openpyxl must find
// their values, and so must we.
func TestWorkbooksAreReadByOthers(t *testing.T) {
	for _, name := range []string{"movies.json", "cars.json", "seattle-weather.csv", "birdstrikes.csv", "la-riots.csv", "stocks.csv"} {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(testenv.VegaFile(t, name))
			if err != nil {
				t.Fatal(err)
			}
			opt := codec.ReadOptions{}
			if strings.HasSuffix(name, ".csv") {
				opt.Options = delimited.Options{NullValues: []string{}}
			}
			table, err := formats.ByFilename(name).Decode(file, opt)
			if err != nil {
				t.Fatal(err)
			}
			var book, again bytes.Buffer
			for _, out := range []*bytes.Buffer{&book, &again} {
				if err := formats.ByName("xlsx").Encode(out, table, codec.WriteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(book.Bytes(), again.Bytes()) {
				t.Error("the same table gives different bytes")
			}
			back, err := formats.ByName("xlsx").Decode(book.Bytes(), codec.ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want := formatstest.Cells(t, table)
			if diff := firstDifferentCell(want, formatstest.Cells(t, back)); diff != "" {
				t.Errorf("read back: %s", diff)
			}
			path := filepath.Join(t.TempDir(), "book.xlsx")
			if err := os.WriteFile(path, book.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			var read [][]any
			testenv.Python(t, openpyxlScript, nil, &read, "read", path)
			if diff := firstDifferentCell(want, read); diff != "" {
				t.Errorf("openpyxl: %s", diff)
			}
		})
	}
}

// firstDifferentCell compares cells. What openpyxl makes of a date has a time of day.
func firstDifferentCell(want, got [][]any) string {
	if len(want) != len(got) {
		return "another number of rows"
	}
	for row := range want {
		for i := range want[row] {
			a, b := want[row][i], got[row][i]
			if s, ok := a.(string); ok && b == s+"T00:00:00" {
				continue
			}
			if a == "" && b == nil || a == b {
				continue
			}
			return cmp.Diff(a, b) + " in row " + string(rune('0'+min(row, 9)))
		}
	}
	return ""
}
