package delimited

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func decodeCSV(t testing.TB, data string) *codec.Table {
	t.Helper()
	table, err := CSV.Decode([]byte(data), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// gridText spells a table with a header and one column per line.
func gridText(table *codec.Table) string {
	var lines []string
	for i, f := range table.Schema.Fields() {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s: %s", f.Name, columnText(table, i)), " "))
	}
	return strings.Join(lines, "\n")
}

func TestDelimitedTextIsCutIntoFields(t *testing.T) {
	const ab = "a: 1 3\nb: 2 4"
	for _, test := range []struct {
		name, input, want string
		opt               codec.ReadOptions
	}{
		{"lines end in LF", "a,b\n1,2\n3,4\n", ab, codec.ReadOptions{}},
		{"lines end in CRLF", "a,b\r\n1,2\r\n3,4\r\n", ab, codec.ReadOptions{}},
		{"lines end in CR", "a,b\r1,2\r3,4\r", ab, codec.ReadOptions{}},
		{"lines end in any of them", "a,b\r1,2\r\n3,4\n", ab, codec.ReadOptions{}},
		{"the last line has no end", "a,b\n1,2\n3,4", ab, codec.ReadOptions{}},
		{"a byte order mark is no part of a name", "\ufeffa,b\n1,2\n3,4\n", ab, codec.ReadOptions{}},
		{"blank lines are skipped", "\n \na,b\n\n1,2\n\t \r\n3,4\n\n", ab, codec.ReadOptions{}},
		{"semicolons are detected", "a;b\n1;2\n3;4\n", ab, codec.ReadOptions{}},
		{"tabs are detected", "a\tb\n1\t2\n3\t4\n", ab, codec.ReadOptions{}},
		{"bars are detected", "a|b\n1|2\n3|4\n", ab, codec.ReadOptions{}},
		{"decimal commas do not confuse the detection", "a;b\n\"1,5\";2,5\n1,5;2,5\n", "a: \"1,5\" \"1,5\"\nb: \"2,5\" \"2,5\"", codec.ReadOptions{}},
		{"delimiters in quotes do not confuse the detection", "a,b\n\"x;y;z\",1\n\"u;v;w\",2\n", "a: \"x;y;z\" \"u;v;w\"\nb: 1 2", codec.ReadOptions{}},
		{"nor do more of them in the header", "a,\";;b\"\n1,2\n", "a: 1\n;;b: 2", codec.ReadOptions{}},
		{"nor do quotes in quotes", "a,b\n\"1\"\";2\"\";3\",4\n", "a: \"1\\\";2\\\";3\"\nb: 4", codec.ReadOptions{}},
		{"a given delimiter is not detected", "a;b\n1;2\n", "a;b: \"1;2\"", codec.ReadOptions{Options: Options{Delimiter: ','}}},
		{"any character can be given", "a:b\n1:2\n3:4\n", ab, codec.ReadOptions{Options: Options{Delimiter: ':'}}},
		{"a space can be given", "a b\n1 2\n3 4\n", ab, codec.ReadOptions{Options: Options{Delimiter: ' '}}},
		{"quotes hold delimiters, line ends and quotes", "a,b\n\"1,2\",\"x\r\ny\"\n\"say \"\"hi\"\"\",\"\"\"\"\n", "a: \"1,2\" \"say \\\"hi\\\"\"\nb: \"x\\r\\ny\" \"\\\"\"", codec.ReadOptions{}},
		{"quotes inside a field are part of it", "a,b\n5\"x,a\"b\"\n", "a: \"5\\\"x\"\nb: \"a\\\"b\\\"\"", codec.ReadOptions{}},
		{"quotes in names", "\"a,1\",\"b\"\"\"\n1,2\n", "a,1: 1\nb\": 2", codec.ReadOptions{}},
		{"empty last fields", "a,b\n1,\n,2\n,", "a: 1 null null\nb: null 2 null", codec.ReadOptions{}},
		{"a header only", "a,b\n", "a:\nb:", codec.ReadOptions{}},
		{"a header without a line end", "a,b", "a:\nb:", codec.ReadOptions{}},
		{"a blank after a quote", "a,b\n\"1\" ,2\n", "a: 1\nb: 2", codec.ReadOptions{}},
		{"names keep their blanks", " a , b\n1,2\n", " a : 1\n b: 2", codec.ReadOptions{}},
		{"no header", "1,2\n3,4\n", "column_1: 1 3\ncolumn_2: 2 4", codec.ReadOptions{Options: Options{NoHeader: true}}},
		{"names may repeat in data", "1,1\n", "column_1: 1\ncolumn_2: 1", codec.ReadOptions{Options: Options{NoHeader: true}}},
		{"in one column a blank line is a missing value", "a\n1\n\n3\n\n", "a: 1 null 3 null", codec.ReadOptions{}},
		{"in one column blanks are text", "a\nx\n  \n", "a: \"x\" \"  \"", codec.ReadOptions{}},
		{"without a header leading blank lines of one column are values", "\n\n3\n", "column_1: null null 3", codec.ReadOptions{Options: Options{NoHeader: true}}},
		{"fields that end at any place of a word", "a,b,c,d\n1,22,333,4444\n55555,666666,7777777,88888888\n999999999,1,22,333", "a: 1 55555 999999999\nb: 22 666666 1\nc: 333 7777777 22\nd: 4444 88888888 333", codec.ReadOptions{}},
		{"control characters inside a field", "a,b\nx\x01\x1fy,\x0b\n", "a: \"x\\x01\\x1fy\"\nb: \"\\v\"", codec.ReadOptions{}},
		{"characters beyond ASCII", "ñ,日本\né,\u00ac\u008a\n", "ñ: \"é\"\n日本: \"¬\\u008a\"", codec.ReadOptions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := CSV.Decode([]byte(test.input), test.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := gridText(table); got != test.want {
				t.Errorf("the table is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestTSVIsCutAtTabs(t *testing.T) {
	table, err := TSV.Decode([]byte("a,1\tb,2,3\nx\ty\n"), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gridText(table), "a,1: \"x\"\nb,2,3: \"y\""; got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
}

func utf16Text(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestDelimitedTextRefusals(t *testing.T) {
	for _, c := range []refusal{
		{"nothing", "", codec.ReadOptions{}, codec.ErrMalformed, "the text is empty: expected a header line"},
		{"a byte order mark only", "\ufeff", codec.ReadOptions{}, codec.ErrMalformed, "the text is empty"},
		{"blank lines only", "\n  \r\n ", codec.ReadOptions{Options: Options{NoHeader: true}}, codec.ErrMalformed, "the text is empty"},
		{"too few fields", "a,b,c,d,e\n1,2,3,4,5\n\n\"x\ny\",2,3\n", codec.ReadOptions{}, codec.ErrMalformed, `line 4 has 3 fields, the header has 5`},
		{"one field", "a,b\n1,2\n3\n", codec.ReadOptions{}, codec.ErrMalformed, `line 3 has 1 field, the header has 2: every line must have as many, and a field with ',' inside must be quoted`},
		{"too many fields", "a,b\n1,2\n3,4,5,6\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has 4 fields, the header has 2"},
		{"too many fields for one column", "a\n1,2\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 2 fields, the header has 1"},
		{"a quoted blank line", "a,b\n\" \"\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has 1 field"},
		{"uneven without a header", "1,2\n1\n", codec.ReadOptions{Options: Options{NoHeader: true}}, codec.ErrMalformed, "line 2 has 1 field, the first line has 2"},
		{"uneven after CRLF", "a,b\r\n1,2\r\n3\r\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has 1 field"},
		{"uneven after CR", "a,b\r1,2\r3\r", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has 1 field"},
		{"invalid UTF-8", "a,b\n1,\"\n\"\n1,\xe9t\xe9\n", codec.ReadOptions{Options: Options{Encoding: "utf-8"}}, codec.ErrMalformed, "line 4 has the byte 0xe9, which is not valid UTF-8 there: UTF-8 text is accepted"},
		{"a cut character", "a\n日本\n\xe6\x97", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has the byte 0xe6"},
		{"a NUL byte", "a\n1\n\x00\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has a NUL byte: UTF-8 text without NUL bytes is accepted"},
		{"half a surrogate pair", utf16Text("a,b\r\n1,2\n") + "\x00\xd8,\x00", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has a code unit that is not valid utf-16le there"},
		{"half a code unit", utf16Text("a,b\n1,2\n") + "x", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has a code unit that is not valid utf-16le there"},
		{"a NUL in UTF-16", utf16Text("a,b\n1,\x00\n"), codec.ReadOptions{}, codec.ErrMalformed, "line 2 has a NUL byte"},
		{"a byte that windows-1252 has not", "a\n\xe9\n\x81\n", codec.ReadOptions{Options: Options{Encoding: "windows-1252"}}, codec.ErrMalformed, "line 3 has the byte 0x81, which means nothing in windows-1252"},
		{"neither UTF-8 nor windows-1252", "a\n\xe9\n\x81\n", codec.ReadOptions{}, codec.ErrMalformed, "line 2 has the byte 0xe9, which is not valid UTF-8"},
		{"a mark of another encoding", utf16Text("a\n1\n"), codec.ReadOptions{Options: Options{Encoding: "utf-16be"}}, codec.ErrMalformed, "the byte order mark of utf-16le and is not utf-16be"},
		{"an open quote", "a,b\n1,2\n3,\"4\n5,6\n7,8\n", codec.ReadOptions{}, codec.ErrMalformed, "the quote that opens a field on line 3 is never closed"},
		{"an open quote in the header", "a,\"b\n1,2\n", codec.ReadOptions{}, codec.ErrMalformed, "the quote that opens a field on line 1 is never closed"},
		{"text after a quote", "a,b\n1,\"2\nx\"y\n", codec.ReadOptions{}, codec.ErrMalformed, "line 3 has text after the closing quote of a field"},
		{"too many columns", strings.Repeat("c,", 100_000) + "c\n", codec.ReadOptions{}, codec.ErrTooLarge, "line 1 has more than 10000 columns: that is the most that is accepted"},
		{"more columns than asked for", "a,b,c\n", codec.ReadOptions{Limits: codec.Limits{Columns: 2}}, codec.ErrTooLarge, "line 1 has more than 2 columns"},
		{"a quote as delimiter", "a,b\n", codec.ReadOptions{Options: Options{Delimiter: '"'}}, codec.ErrUnsupported, `the delimiter '"' is not usable`},
		{"a line end as delimiter", "a,b\n", codec.ReadOptions{Options: Options{Delimiter: '\n'}}, codec.ErrUnsupported, `the delimiter '\n' is not usable`},
		{"half a character as delimiter", "a,b\n", codec.ReadOptions{Options: Options{Delimiter: 0xc3}}, codec.ErrUnsupported, "one ASCII character"},
		{"more memory than allowed", "a,b\n" + strings.Repeat("1,2\n", 10_000), codec.ReadOptions{Limits: codec.Limits{Bytes: 100_000}}, codec.ErrTooLarge, "the delimited text needs more than the 100000 bytes"},
		{"more text than allowed", "a\n" + strings.Repeat("x", 100_000), codec.ReadOptions{Limits: codec.Limits{Bytes: 50_000}}, codec.ErrTooLarge, "the delimited text needs more than the 50000 bytes"},
		{"missing values of text that comes late", "a\n" + strings.Repeat("\n", 100_000) + "x\n", codec.ReadOptions{Limits: codec.Limits{Bytes: 200_000}}, codec.ErrTooLarge, "the delimited text needs more than"},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, CSV) })
	}
}

func TestAWideHeaderIsRefusedCheaply(t *testing.T) {
	data := []byte(strings.Repeat("column,", 1_000_000) + "x\n1\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := CSV.Decode(data, codec.ReadOptions{}); err == nil {
		t.Fatal("a million columns are accepted")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
		t.Errorf("refusing took %d bytes", took)
	}
}

func TestStrictRefusesSpellingsThatAreLost(t *testing.T) {
	for _, test := range []struct{ name, input, says string }{
		{"everything is as it is written", "i,f,b,d,t,z,s,e\n1,2.5,true,2024-01-02,2024-01-02T03:04:05,2024-01-02T03:04:05Z,\" 007\"\"\",\n,,,,,,\"\",\n", ""},
		{"a missing value with a name", "a,b\n1,2\n3,NA\n", `line 3, column "b": "NA" would be written back as "", which strict=true refuses`},
		{"trailing zeros", "a\n1.5\n2.50\n", `line 3, column "a": "2.50" would be written back as "2.5"`},
		{"integers among floats", "a\n1\n2.5\n", `line 2, column "a": "1" would be written back as "1.0"`},
		{"an exponent", "a\n1e3\n", `"1e3" would be written back as "1000.0"`},
		{"a capital", "a\nTrue\n", `"True" would be written back as "true"`},
		{"a blank", "a\n 5\n", `" 5" would be written back as "5"`},
		{"minutes only", "a\n2024-01-02T03:04\n", `would be written back as "2024-01-02T03:04:00"`},
		{"the first of several, by line", "a,b\n1.50,x\n\"1\",NA\n2.50,x\n", `line 2, column "a"`},
		{"the first of several, by column", "a,b\n\"x\ny\",1\nNA,NA\n", `line 4, column "a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := CSV.Decode([]byte(test.input), codec.ReadOptions{Strict: true})
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refusal{test.name, test.input, codec.ReadOptions{Strict: true}, codec.ErrMalformed, test.says}.run(t, CSV)
		})
	}
}

// sized is CSV that is read with other sizes of work.
func sized(sizes textSizes) *codec.Format {
	f := *CSV
	f.Driver = driver{written: ',', sizes: sizes}
	return &f
}

// refusal is an input and the error that it must get.
type refusal struct {
	name, input string
	opt         codec.ReadOptions
	kind        error
	says        string
}

func (c refusal) run(t *testing.T, f *codec.Format) {
	codectest.Refuses(t, f, c.input, c.opt, c.kind, c.says)
}
