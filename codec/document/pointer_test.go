package document

import (
	"strings"
	"testing"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

// located are documents of services, where their tables are, and the tables.
var located = []struct{ name, input, records, want string }{
	{"one member of several", `{"count":2,"next":null,"results":[{"a":1},{"a":2}],"x":{"y":[]}}`, "/results", `[{"a":1},{"a":2}]`},
	{"deeper", `{"status":"ok","data":{"total":1,"items":[{"a":"x"}]}}`, "/data/items", `[{"a":"x"}]`},
	{"features", `{"type":"FeatureCollection","features":[{"properties":{"p":1},"type":"Feature"}]}`, "/features", `[{"properties":{"p":1},"type":"Feature"}]`},
	{"an element of an array", `[{"page":1},[{"a":1},{"b":2}]]`, "/1", `[{"a":1,"b":null},{"a":null,"b":2}]`},
	{"columns", `{"meta":1,"table":{"a":[1,2]}}`, "/table", `[{"a":1},{"a":2}]`},
	{"columns by label", `{"meta":1,"table":{"a":{"0":1,"1":2},"b":{"0":3,"1":4}}}`, "/table", `[{"a":1,"b":3},{"a":2,"b":4}]`},
	{"rows by label", `{"meta":1,"table":{"0":{"a":1},"1":{"b":"x"}}}`, "/table", `[{"a":1,"b":null},{"a":null,"b":"x"}]`},
	{"split", `{"meta":1,"table":{"columns":["a"],"data":[[1],[2]]},"z":0}`, "/table", `[{"a":1},{"a":2}]`},
	{"a single record", `{"meta":1,"one":{"a":1,"b":"x"}}`, "/one", `[{"a":1,"b":"x"}]`},
	{"no records", `{"results":[ ]}`, "/results", `[]`},
	{"a name with the marks of a pointer", `{"a/b~":[{"a":1}]}`, "/a~1b~0", `[{"a":1}]`},
	{"a name without letters", `{"":{"":[{"a":1}]}}`, "//", `[{"a":1}]`},
	{"white space", "{ \"n\" : 1 ,\n \"r\" :\t[ { \"a\" : 1 } ] \n}", "/r", `[{"a":1}]`},
	{"names that occur twice in what is left out", `{"x":{"n":1,"n":2},"r":[{"a":1}],"y":1,"y":2}`, "/r", `[{"a":1}]`},
	{"the whole document", `[{"a":1}]`, "", `[{"a":1}]`},
	{"a first line that is an object", "{\"r\":[{\"a\":1}]}\n", "/r", `[{"a":1}]`},
}

func TestRecordsThatAreAPartOfADocument(t *testing.T) {
	for _, c := range located {
		t.Run(c.name, func(t *testing.T) {
			opt := codec.ReadOptions{Options: Options{Records: c.records}}
			table, err := JSON.Decode([]byte(c.input), opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(appendJSON(nil, table, Records)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if notes := strings.Join(table.Receipt.Notes, " "); strings.Contains(notes, "was read from "+c.records) != (c.records != "") {
				t.Errorf("the notes are %q", notes)
			}
			table, err = MessagePack.Decode(packJSON(t, []byte(c.input)), opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(appendJSON(nil, table, Records)); got != c.want {
				t.Errorf("of MessagePack: got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNaNAroundRecords(t *testing.T) {
	table, err := JSON.Decode([]byte(`{"took":NaN,"r":[{"a":NaN,"b":Infinity},{"a":1}]}`), codec.ReadOptions{Options: Options{Records: "/r"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := codectest.SchemaText(table.Schema); got != "a int64, b float64" || table.Receipt.Changed[0] != 1 {
		t.Errorf("the schema is %s, changed %d", got, table.Receipt.Changed)
	}
}

var locatedRefusals = []refusal{
	{"no such member", `{"count":1,"results":[]}`, pointing("/result"), codec.ErrMalformed, `records=/result is not there: the document has no "result"; it has "count", "results"`},
	{"no such member of a member", `{"data":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}}`, pointing("/data/items"), codec.ErrMalformed, `/data has no "items"; it has "a", "b", "c", "d", "e", …`},
	{"no such element", `[[],[]]`, pointing("/2"), codec.ErrMalformed, `the document has no "2"`},
	{"an index with zeros before it", `[[],[]]`, pointing("/01"), codec.ErrMalformed, `the document has no "01"`},
	{"a member of a number", `{"n":1}`, pointing("/n/x"), codec.ErrMalformed, `/n has no "x"`},
	{"a number", `{"n":1}`, pointing("/n"), codec.ErrMalformed, "a table must be an array of objects"},
	{"numbers", `{"n":[1]}`, pointing("/n"), codec.ErrMalformed, "record 0 is not an object"},
	{"a name that occurs twice", `{"r":[],"r":[{"a":1}]}`, pointing("/r"), codec.ErrMalformed, `the name "r" occurs twice in one object`},
	{"something after the document", `{"r":[{"a":1}]} 1`, pointing("/r"), codec.ErrMalformed, "something after the end"},
	{"a rest that is not valid", `{"r":[{"a":1}],"x":tru}`, pointing("/r"), codec.ErrMalformed, "byte "},
	{"records that are not valid", `{"r":[{"a":}],"x":1}`, pointing("/r"), codec.ErrMalformed, "byte "},
	{"deep records", `{"r":` + deepJSON + `}`, pointing("/r"), codec.ErrMalformed, "byte "},
	{"another shape than is asked for", `{"r":[{"a":1}]}`, codec.ReadOptions{Options: Options{Records: "/r", Orient: Split}}, codec.ErrMalformed, "orient=split expects"},
	{"no pointer", `{"r":[]}`, pointing("r"), codec.ErrUnsupported, "records=r is not accepted; it must be a JSON pointer"},
	{"a pointer with a bare tilde", `{"r":[]}`, pointing("/r~2"), codec.ErrUnsupported, "JSON pointer"},
	{"a long pointer", `{"r":[]}`, pointing(strings.Repeat("/r", maxPointer)), codec.ErrUnsupported, "at most 1024 bytes"},
}

func pointing(pointer string) codec.ReadOptions {
	return codec.ReadOptions{Options: Options{Records: pointer}}
}

func TestRefusedPartsOfDocuments(t *testing.T) {
	for _, c := range locatedRefusals {
		t.Run(c.name, func(t *testing.T) { c.run(t, JSON) })
	}
}

// Whoever sends a document whose table is a part of it learns of the parameter.
func TestDocumentsAroundRecordsNameTheParameter(t *testing.T) {
	for input, says := range map[string]string{
		`{"count":1,"results":[{"a":1}]}`:                        "; records=/results reads the records there",
		`{"n":1,"a/b":[{"a":1}],"c":[{"a":1}],"d":[1],"e":[{}]}`: "; records=/a~1b, records=/c or records=/e reads the records there",
		`{"nodes":[{"a":1},{"a":2}],"links":[{"b":1}]}`:          "must have the same number; records=/nodes or records=/links reads",
		`{"status":"ok","data":{"items":[{"a":1}]},"x":[1]}`:     "such as records=/data/items",
		`{"data":{"items":[{"a":1}]},"meta":{"n":1}}`:            "such as records=/data/items",
	} {
		_, err := JSON.Decode([]byte(input), codec.ReadOptions{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: the error is %v, want %q", input, err, says)
		}
	}
	for input, note := range map[string]string{
		`{"results":[{"a":1},{"a":2}]}`:                   "The document was read as one column of objects; records=/results reads the records there.",
		`{"ok":true,"data":{"n":1,"items":[{"a":1}]}}`:    "The document was read as a single record; records=/data/items reads the records there.",
		`{"ok":true,"a":{"b":{"c":[{}]},"d~":[{"e":1}]}}`: "The document was read as a single record; records=/a/b/c or records=/a/d~0 reads the records there.",
		`{"ok":true,"data":{"n":1,"items":[1]}}`:          "",
	} {
		table, err := JSON.Decode([]byte(input), codec.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(table.Receipt.Notes, " "); got != note {
			t.Errorf("%s: the notes are %q, want %q", input, got, note)
		}
	}
}

func FuzzRecords(f *testing.F) {
	for _, c := range located {
		f.Add([]byte(c.input), c.records)
		f.Add(packJSON(f, []byte(c.input)), c.records)
	}
	for _, c := range locatedRefusals {
		if len(c.input) <= longestSeed {
			f.Add([]byte(c.input), c.opt.Options.(Options).Records)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, records string) {
		for _, format := range []*codec.Format{JSON, MessagePack} {
			opt := codec.ReadOptions{Options: Options{Records: records}, Limits: codectest.FuzzLimits}
			if table, err := format.Decode(data, opt); err == nil {
				encodeSplit(t, MessagePack, table)
			}
		}
	})
}
