//go:build !js

package delimited_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"edgeframe/codec"
	"edgeframe/codec/delimited"
	"edgeframe/codec/formats/formatstest"
	"edgeframe/codec/scalar"
	"edgeframe/internal/testenv"
)

// pandasScript reads texts with pandas.read_csv and prints their names and cells.
const pandasScript = `
import base64, io, json, sys
import pandas

def cell(v):
    if pandas.isna(v):
        return None
    return v.item() if hasattr(v, "item") else v

tables = []
for text in json.load(sys.stdin):
    frame = pandas.read_csv(io.BytesIO(base64.b64decode(text["data"])), float_precision="round_trip", **text["options"])
    tables.append([list(frame.columns)] + [[cell(v) for v in row] for row in frame.astype(object).values])
print(json.dumps(tables))
`

// pandasTypes are the names that pandas has for types, which can miss values but for int32: with a
// capital letter it reads 1.000 as 1 whatever separates thousands.
var pandasTypes = map[string]string{
	"utf8": "str", "int8": "Int8", "int32": "int32", "int64": "Int64", "uint8": "UInt8", "float64": "float64", "float32": "float32",
}

// sharedText is a text that pandas.read_csv and this package read with the same options.
type sharedText struct {
	name, text string
	// encoding is also that of the bytes; "" is UTF-8.
	encoding                             string
	sep, decimal, thousands, comment, na string
	dtype                                map[string]string
	// quote is the quoting character, escape the escape character; skip are lines before the header.
	quote, escape string
	skip          int
}

var sharedTexts = []sharedText{
	{name: "numbers", text: "a,b,c\n1,1.5,x\n-2,2e3,y\n,0.1,\n"},
	{name: "long numbers", text: "a,b\n9223372036854775807,0.30000000000000004\n-9223372036854775808,1.7976931348623157e308\n"},
	{name: "bools", text: "a,b\nTrue,x\nfalse,y\n"},
	{name: "missing values", text: "a,b,c\nNA,N/A,x\nnull,1.5,NULL\n3,NaN,<NA>\n"},
	{name: "quotes", text: "a,b\n\"x, \"\"y\"\"\",1\n\"line\nbreak\",2\n\"\r\n\",3\nin \"side\",4\n"},
	{name: "line ends", text: "a,b\r\n1,x\r\n\r\n2,y"},
	{name: "blanks", text: "a,b\n x ,1\ny, 2\n"},
	{name: "semicolons", text: "a;b\n1,5;x\n2;y,z\n", sep: ";"},
	{name: "tabs", text: "a\tb\n1\tx y\n", sep: "\t"},
	{name: "pipes", text: "a|b\n1|x\n", sep: "|"},
	{name: "decimal comma", text: "a;b;c\n1,5;-0,25;x,y\n,5;1e3;z\n-1,25e-2;7,;\n", sep: ";", decimal: ","},
	{name: "thousands with a comma", text: "a;b;c\n1,234;1,234,567.5;x\n999;-12,345.25;1,2 y\n", sep: ";", thousands: ","},
	{name: "quoted thousands", text: "a,b\n\"1,234\",x\n\"12,345\",y\n", thousands: ","},
	{name: "thousands with a point", text: "a;b\n1.234;1.234,5\n1.000.000;-1.000,25\n", sep: ";", decimal: ",", thousands: "."},
	{name: "thousands with an apostrophe", text: "a,b\n1'234,1'234.5\n", thousands: "'"},
	{name: "thousands with a blank", text: "a,b\n1 234,1 234.5\n", thousands: " "},
	{name: "thousands with an underscore", text: "a,b\n1_234,1_234_567.5\n", thousands: "_"},
	{name: "comments", text: "#x\n# y, z\na,b\n1,2\n#3,4\n5,6\n#", comment: "#"},
	{name: "comments of another character", text: "%\na;b\n%;;;\n1;x\n", sep: ";", comment: "%"},
	{name: "other missing values", text: "a,b\n-,x\n2,?\n3,NA\n", na: "-,?"},
	{name: "leading zeros", text: "a,b\n007,1\n042,2\n", dtype: map[string]string{"a": "utf8"}},
	{name: "every spelling", text: "a,b\n1.50,1\n+5,2\nNA,3\ntrue,4\n", dtype: map[string]string{"a": "utf8"}},
	{name: "integers of a type", text: "a,b,c\n007,255,-128\n,0,127\n", dtype: map[string]string{"a": "int64", "b": "uint8", "c": "int8"}},
	{name: "floats of a type", text: "a,b\n1,.5\n+2,5.\n,1.e3\n", dtype: map[string]string{"a": "float64", "b": "float64"}},
	{name: "types of a dialect", text: "a;b\n1.234,5;1.000\n-,5;7\n", sep: ";", decimal: ",", thousands: ".", dtype: map[string]string{"a": "float64", "b": "int32"}},
	{name: "a mark", text: "\ufeffä,b\né,1\n"},
	{name: "UTF-16", text: "\ufeffä,日\n😀,1\n\"x\ny\",2\n", encoding: "utf-16"},
	{name: "UTF-16LE", text: "ä,日\n😀,1\n", encoding: "utf-16le"},
	{name: "UTF-16BE", text: "ä,日\n😀,1\n", encoding: "utf-16be"},
	{name: "windows-1252", text: "ä,b\n5 €,1\n“é”…,2\nœŸ,3\n", encoding: "windows-1252"},
	{name: "Latin-1", text: "ä,b\n\u0080\u0085\u00a0é,1\nÿ,2\n", encoding: "iso-8859-1"},
	{name: "quoted tabs and line ends", text: "a\tb\n1\t\"x\ty\"\n2\t\"l1\nl2\"\n3\t\"say \"\"x\"\"\"\n", sep: "\t"},
	{name: "another quote", text: "a,b\n'1,5','it''s'\n2,\"x\"\n", quote: "'"},
	{name: "escapes", text: "a,b\n1,\"say \\\"x, y\\\"\"\n2,x\\, y\n3,\"\\\\\"\n", escape: "\\"},
	{name: "lines before the header", text: "Report, all\n\nx\na,b\n1,2\n", skip: 3},
	{name: "names twice", text: "x,y,x,x\n1,2,3,4\n"},
	{name: "short lines", text: "a,b,c\n1,2\n4,5,6\n7\n"},
	{name: "an encoding and a dialect", text: "größe;b\n1.234,5;½\n", encoding: "windows-1252", sep: ";", decimal: ",", thousands: "."},
}

func (s sharedText) data(t *testing.T) []byte {
	t.Helper()
	out := s.text
	var err error
	switch s.encoding {
	case "utf-16", "utf-16le":
		out, err = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String(out)
	case "utf-16be":
		out, err = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(out)
	case "windows-1252":
		out, err = charmap.Windows1252.NewEncoder().String(out)
	case "iso-8859-1":
		out, err = charmap.ISO8859_1.NewEncoder().String(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

// pandas are the options of pandas.read_csv.
func (s sharedText) pandas() map[string]any {
	options := map[string]any{}
	for name, value := range map[string]string{"sep": s.sep, "decimal": s.decimal, "thousands": s.thousands, "comment": s.comment, "encoding": s.encoding} {
		if value != "" {
			options[name] = value
		}
	}
	if s.quote != "" {
		options["quotechar"] = s.quote
	}
	if s.escape != "" {
		options["escapechar"] = s.escape
	}
	if s.skip > 0 {
		options["skiprows"] = s.skip
	}
	if s.na != "" {
		options["na_values"], options["keep_default_na"] = append(strings.Split(s.na, ","), ""), false
	}
	if s.dtype != nil {
		types := map[string]string{}
		for name, dtype := range s.dtype {
			types[name] = pandasTypes[dtype]
		}
		options["dtype"] = types
	}
	return options
}

func (s sharedText) options(t *testing.T, delimiter byte) (opt codec.ReadOptions) {
	t.Helper()
	first := func(text string) byte { return (text + "\x00")[0] }
	own := delimited.Options{
		Decimal: first(s.decimal), Thousands: first(s.thousands), Comment: first(s.comment), Encoding: s.encoding, Delimiter: delimiter,
		Quote: first(s.quote), Escape: first(s.escape), SkipRows: s.skip, FillShort: s.name == "short lines",
	}
	if s.na != "" {
		own.NullValues = strings.Split(s.na, ",")
	}
	opt.Options = own
	opt.DTypes = map[string]arrow.DataType{}
	for name, dtype := range s.dtype {
		var err error
		if opt.DTypes[name], err = scalar.ParseDType(dtype); err != nil {
			t.Fatal(err)
		}
	}
	return opt
}

func TestPandasReadsTextsTheSame(t *testing.T) {
	type sent struct {
		Data    []byte         `json:"data"`
		Options map[string]any `json:"options"`
	}
	texts := make([]sent, len(sharedTexts))
	for i, s := range sharedTexts {
		texts[i] = sent{s.data(t), s.pandas()}
	}
	var read [][][]any
	testenv.Python(t, pandasScript, texts, &read)
	for i, s := range sharedTexts {
		t.Run(s.name, func(t *testing.T) {
			for _, delimiter := range []byte{0, (s.sep + ",")[0]} {
				table, err := delimited.CSV.Decode(s.data(t), s.options(t, delimiter))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(read[i], formatstest.Cells(t, table)); diff != "" {
					t.Errorf("delimiter %s: pandas (-) has other cells (+): %s", fmt.Sprintf("%q", delimiter), diff)
				}
			}
		})
	}
}
