package frame

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
)

func TestOperationsAreReadAsStructsOfEncodingJSON(t *testing.T) {
	for _, tt := range []struct{ name, ops, want string }{
		{"the case of members does not count", `[{"Column":"a","ROWS":[0],"Value":9,"op":"set_values"}]`, `a int64 [9,2,3] [4,null]=`},
		{"null is not given", `[{"op":"drop_missing","columns":null,"how":null},{"op":"set_values","column":"a","rows":null,"values":[]}]`, ""},
		{"null is row 0", `[{"op":"set_values","column":"a","rows":[null],"value":9}]`, `a int64 [9,2,3] [4,null]=`},
		{"escapes in names", `[{"op":"set_values","col\u0075mn":"\u0061","rows":[-0],"values":[9]}]`, `a int64 [9,2,3] [4,null]=`},
		{"blanks", " [ { \"op\" : \"set_values\" , \"column\":\"a\",\n\"rows\": [ 0 , 1 ] ,\"values\":[ 9 ,\t8 ] } ] ", `a int64 [9,8,3] [4,null]=`},
		{"the last of two spellings counts", `[{"op":"delete_rows","rows":[0,1,2],"Rows":[]}]`, sameA},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t)
			ops, err := parse(t, tt.ops)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(b.Frame, ops); err != nil {
				t.Fatal(err)
			}
			if tt.want != "" && !slices.Contains(b.show(t), tt.want) {
				t.Errorf("%q, want %q", b.show(t), tt.want)
			}
		})
	}
}

func TestMembersOfTheWrongTypeAreNamed(t *testing.T) {
	for _, tt := range []struct{ op, want string }{
		{`{"columns":{"a":"b"},"op":"drop_columns"}`, `drop_columns: "columns" cannot be object; it takes a list`},
		{`{"columns":["a"],"op":"rename_columns"}`, `rename_columns: "columns" cannot be array; it takes an object`},
		{`{"columns":true,"op":"rename_columns"}`, `rename_columns: "columns" cannot be bool; it takes an object`},
		{`{"op":"cast","column":["a"]}`, `cast: "column" cannot be array; it takes text`},
		{`{"op":"sort","by":{}}`, `sort: "by" cannot be object; it takes a list`},
		{`{"op":"sort","by":["a"]}`, `sort: "by" cannot be string; it takes objects {"column", "descending"}`},
		{`{"op":"sort","by":[{"column":1}]}`, `sort: "by.column" cannot be number; it takes text`},
		{`{"op":"sort","by":[{"descending":"yes"}]}`, `sort: "by.descending" cannot be string; it takes true or false`},
		{`{"op":"sort","by":[{"ascending":true}]}`, `sort: unknown field "ascending"; the fields are column, descending`},
		{`{"op":"filter","where":[]}`, `filter: "where" cannot be array; it takes an object: {"column", "cmp", "value"}, {"and": […]}`},
		{`{"op":"filter","where":{"or":{}}}`, `filter: "where.or" cannot be object; it takes a list`},
		{`{"op":"filter","where":{"and":[{"column":1}]}}`, `filter: "where.and.column" cannot be number; it takes text`},
		{`{"op":"filter","where":{"not":{"like":1}}}`, `filter: unknown field "like"; the fields are column, cmp, value, ignore_case, and, or, not`},
		{`{"op":"delete_rows","rows":["1"]}`, `delete_rows: "rows" cannot be string; it takes whole numbers of 64 bits`},
		{`{"op":"delete_rows","rows":[9223372036854775808]}`, `"rows" cannot be number 9223372036854775808; it takes whole numbers of 64 bits`},
		{`{"subset":[],"op":"drop_missing","how":1}`, `drop_missing: unknown field "subset"; the fields are columns, how`},
		{`{"op":"sort","column":"a"}`, `sort: unknown field "column"; the fields are by`},
		{`{"op":"delete_rows","Op":"sort"}`, `delete_rows: unknown field "Op"; the fields are rows`},
	} {
		_, err := parse(t, `[{"op":"drop_missing"},`+tt.op+`]`)
		if !errors.Is(err, ErrInvalidOperation) || !says(err, "operation 2: ") || !says(err, tt.want) {
			t.Errorf("%s: %v, want %q", tt.op, err, tt.want)
		}
	}
}

// repeated is a text that is repeated, up to about most bytes, between a beginning and an end. It counts
// what is read.
type repeated struct {
	start, repeat, end string
	most, read         int
	rest               string
}

func (r *repeated) Read(p []byte) (int, error) {
	switch {
	case r.rest != "":
	case r.read == 0:
		r.rest = r.start
	case r.read < r.most:
		r.rest = r.repeat
	case r.end != "":
		r.rest, r.end = r.end, ""
	default:
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	r.read += n
	return n, nil
}

// bodyBytes is the size of documents that are too large for what they say.
const bodyBytes = 16 << 20

func TestTooManyOfAThingEndTheReading(t *testing.T) {
	for _, tt := range []struct {
		name, start, repeat string
		kind                error
		want                string
		most                int // bytes that are read
	}{
		{"operations", `[{"op":"drop_missing"}`, `,{"op":"drop_missing"}`, ErrInvalidOperation, "1001 operations are too many; an edit takes at most 1000", 32 << 10},
		{"empty operations", `[{}`, `,{}`, ErrInvalidOperation, `operation 1: its "op" is not one of`, 8 << 10},
		{"values of in", `[{"op":"filter","where":{"column":"a","cmp":"in","value":[1`, `,1`, ErrInvalidOperation, "operation 1: the list of a condition has more than 1000000 values", 3 << 20},
		{"conditions", `[{"op":"filter","where":{"or":[{}`, `,{}`, ErrInvalidOperation, "operation 1: the condition is too large; it may have 1000 parts", 8 << 10},
		{"conditions that are null", `[{"op":"filter","where":{"or":[null`, `,null`, ErrInvalidOperation, "the condition is too large", 16 << 10},
		{"nested conditions", `[{"op":"filter","where":{"not":`, `{"not":`, ErrInvalidOperation, "the condition is too large", 8 << 10},
		{"names", `[{"op":"drop_columns","columns":[""`, `,""`, ErrInvalidOperation, "operation 1: columns has more than 100000 names", 512 << 10},
		{"columns to sort by", `[{"op":"sort","by":[{}`, `,{}`, ErrInvalidOperation, "operation 1: by has more than 100000 columns", 512 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := &repeated{start: tt.start, repeat: tt.repeat, most: bodyBytes}
			_, err := ReadOperations(jsontext.NewDecoder(body))
			if !errors.Is(err, tt.kind) || !says(err, tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if body.read > tt.most {
				t.Errorf("%d bytes were read", body.read)
			}
		})
	}
}

func TestRowsOfAllOperationsHaveALimit(t *testing.T) {
	body := &repeated{start: `[{"op":"delete_rows","rows":[0`, repeat: strings.Repeat(",1", 1000), most: 3 * MaxRows}
	_, err := ReadOperations(jsontext.NewDecoder(body))
	if !errors.Is(err, codec.ErrTooLarge) || !says(err, "operation 1: the document names more than 10000000 rows") {
		t.Error(err)
	}
	var marks MarksReader
	dec := jsontext.NewDecoder(strings.NewReader(`[1,2,3]`))
	marks.rows = MaxRows - 2
	if err := marks.Read(dec, "a"); !errors.Is(err, codec.ErrTooLarge) {
		t.Error(err)
	}
}

func TestSlicesOfAnyLengthComeTogether(t *testing.T) {
	for _, n := range []int{0, 1, firstPiece, firstPiece + 1, maxPiece, 3*maxPiece + 7} {
		var p pieces[int]
		for i := range n {
			p.add(i)
		}
		all := p.all()
		if len(all) != n {
			t.Fatalf("%d values of %d", len(all), n)
		}
		for i, v := range all {
			if v != i {
				t.Fatalf("%d at %d", v, i)
			}
		}
	}
}

func TestMarksAreReadColumnByColumn(t *testing.T) {
	var m MarksReader
	for name, rows := range map[string]string{"a": "[2,0,2]", "b": "[]", "n": "null"} {
		if err := m.Read(jsontext.NewDecoder(strings.NewReader(rows)), name); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(m.Marks); got != "map[a:[2 0 2] b:[] n:[]]" {
		t.Error(got)
	}
	err := m.Read(jsontext.NewDecoder(strings.NewReader(`[0,"x"]`)), "a")
	if !errors.Is(err, codec.ErrMalformed) || !says(err, "the JSON document cannot be read: \"a\" cannot be string; it takes whole numbers of 64 bits") {
		t.Error(err)
	}
}

func TestListsOfValuesHaveToBeAsLongAsTheTable(t *testing.T) {
	b := sample(t)
	// The wrong number is told before the values are looked at.
	ops, err := parse(t, `[{"op":"add_column","column":"c","values":[`+strings.Repeat(`"x",`, 1000)+`{"k":1}]}]`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Apply(b.Frame, ops); !says(err, "add_column has 1001 values for 5 rows") {
		t.Error(err)
	}
	b.apply(t, `[{"op":"add_column","column":"c","dtype":"utf8","values":[`+strings.Repeat(`"x",`, 4)+`"y"]}]`)
	if got := codectest.JSONArray(b.Columns[3].Chunks[1].Data); got != `["x","y"]` {
		t.Error(got)
	}
}

func TestNewValuesAreReservedBeforeTheyAreMade(t *testing.T) {
	full := errors.New("full")
	for _, op := range []string{
		`{"op":"set_values","column":"t","rows":[0,1,2],"value":"` + strings.Repeat("x", 100) + `"}`,
		`{"op":"cast","column":"n","dtype":"utf8"}`,
	} {
		ops, err := parse(t, "["+op+"]")
		if err != nil {
			t.Fatal(err)
		}
		tab := codectest.TableOf([]string{"n", "t"}, []arrow.Array{values(t, "bool", "[true,false,true]"), values(t, "utf8", `["a","b","c"]`)})
		f := FromTable(tab, codec.Limits{})
		var asked int64
		f.Reserve = func(bytes int64) error { asked += bytes; return nil }
		if _, err := Apply(f, ops); err != nil || asked == 0 {
			t.Errorf("%s reserved %d bytes, %v", op, asked, err)
		}
		f = FromTable(tab, codec.Limits{})
		f.Reserve = func(int64) error { return full }
		if _, err := Apply(f, ops); !errors.Is(err, full) {
			t.Errorf("%s got %v although there is no memory", op, err)
		}
	}
}

// What replaces values stays in memory beside them until the edit is stored.
func TestOperationsAccountForWhatTheyReplace(t *testing.T) {
	numbers := values(t, "int64", "[1,2,3]")
	for op, atLeast := range map[string]int64{
		`{"op":"set_values","column":"n","rows":[0],"value":5}`:                         RawBytes(numbers),
		`{"op":"cast","column":"n","dtype":"float64"}`:                                  RawBytes(numbers),
		`{"op":"delete_rows","rows":[0]}`:                                               RawBytes(slice(numbers, 1, 3)),
		`{"op":"replace","columns":["n"],"find":1,"with":2,"whole_cell":true}`:          RawBytes(numbers),
		`{"op":"filter","where":{"column":"n","cmp":"in","value":[1,2,3,4,5,6,7,8,9]}}`: 9 * listedWordBytes,
	} {
		ops, err := parse(t, "["+op+"]")
		if err != nil {
			t.Fatal(err)
		}
		f := FromTable(codectest.TableOf([]string{"n"}, []arrow.Array{numbers}), codec.Limits{})
		within := int64(0)
		f.Within = func(bytes int64) error { within += bytes; return nil }
		if _, err := Apply(f, ops); err != nil || within < atLeast {
			t.Errorf("%s accounted for %d bytes, want at least %d; %v", op, within, atLeast, err)
		}
	}
}
