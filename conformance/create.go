//go:build !js

package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
)

// people is a small table with every type that is inferred from text, and one missing value in each
// column except the first.
const people = `name,age,score,active
Ann,31,1.5,true
Bob,,2.25,false
Cid,47,,true
Dee,28,4.0,
`

// peopleCells is people as [sess.cells] returns it.
const peopleCells = `["Ann",31,1.5,true]
["Bob",null,2.25,false]
["Cid",47,null,true]
["Dee",28,4.0,null]`

var peopleTypes = map[string]string{"name": "utf8", "age": "int64", "score": "float64", "active": "bool"}

// file is people in one of the formats.
type file struct {
	format, contentType, filename string
	body                          []byte
}

// peopleFiles returns people in every format and shape.
func peopleFiles() []file {
	records := `[{"name":"Ann","age":31,"score":1.5,"active":true},
		{"name":"Bob","age":null,"score":2.25,"active":false},
		{"name":"Cid","age":47,"score":null,"active":true},
		{"name":"Dee","age":28,"score":4.0,"active":null}]`
	return []file{
		{"csv", "text/csv", "people.csv", []byte(people)},
		{"csv with a byte order mark and CRLF", "text/csv", "people.csv", []byte("\ufeff" + strings.ReplaceAll(people, "\n", "\r\n"))},
		{"csv with semicolons", "text/csv", "people.csv", []byte(strings.ReplaceAll(people, ",", ";"))},
		{"tsv", "text/tab-separated-values", "people.tsv", []byte(strings.ReplaceAll(people, ",", "\t"))},
		{"json records", "application/json", "people.json", []byte(records)},
		{"json columns", "application/json", "people.json", []byte(
			`{"name":["Ann","Bob","Cid","Dee"],"age":[31,null,47,28],"score":[1.5,2.25,null,4.0],"active":[true,false,true,null]}`)},
		{"json split", "application/json", "people.json", []byte(
			`{"columns":["name","age","score","active"],"data":[["Ann",31,1.5,true],["Bob",null,2.25,false],["Cid",47,null,true],["Dee",28,4.0,null]]}`)},
		{"ndjson", "application/x-ndjson", "people.ndjson", []byte(strings.NewReplacer("[", "", "]", "", "},", "}", "\t", "").Replace(records))},
		{"arrow stream", "application/vnd.apache.arrow.stream", "people.arrows", arrowStream(peopleRecord())},
		{"arrow file", "application/vnd.apache.arrow.file", "people.arrow", arrowFile(peopleRecord())},
		{"msgpack", "application/msgpack", "people.msgpack", peopleMsgpack()},
	}
}

func peopleRecord() arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "age", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "score", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "active", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	}, nil))
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"Ann", "Bob", "Cid", "Dee"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{31, 0, 47, 28}, []bool{true, false, true, true})
	b.Field(2).(*array.Float64Builder).AppendValues([]float64{1.5, 2.25, 0, 4}, []bool{true, true, false, true})
	b.Field(3).(*array.BooleanBuilder).AppendValues([]bool{true, false, true, false}, []bool{true, true, true, false})
	return b.NewRecord()
}

func arrowStream(rec arrow.Record) []byte {
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(rec.Schema()))
	must(w.Write(rec))
	must(w.Close())
	return b.Bytes()
}

func arrowFile(rec arrow.Record) []byte {
	var b seekableBuffer
	w, err := ipc.NewFileWriter(&b, ipc.WithSchema(rec.Schema()))
	must(err)
	must(w.Write(rec))
	must(w.Close())
	return b.Bytes()
}

// seekableBuffer only reports its position, which is enough for a writer of Arrow files.
type seekableBuffer struct{ bytes.Buffer }

func (b *seekableBuffer) Seek(int64, int) (int64, error) { return int64(b.Len()), nil }

// must panics on an error. It is for writes to memory, which do not fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func peopleMsgpack() []byte {
	names := []string{"name", "age", "score", "active"}
	rows := [][]any{{"Ann", 31, 1.5, true}, {"Bob", nil, 2.25, false}, {"Cid", 47, nil, true}, {"Dee", 28, 4.0, nil}}
	b := msgp.AppendArrayHeader(nil, uint32(len(rows)))
	for _, row := range rows {
		b = msgp.AppendMapHeader(b, uint32(len(names)))
		for i, name := range names {
			var err error
			b, err = msgp.AppendIntf(msgp.AppendString(b, name), row[i])
			must(err)
		}
	}
	return b
}

var createTests = []test{
	{"the answer is 201 with Location, ETag, revision and the session document", func(c *client) {
		a := c.do("POST", "/api/v1/sessions?filename=people.csv", people, "Content-Type: text/csv").is(http.StatusCreated)
		doc := a.golden("session.json").session()
		a.has("Location", "/api/v1/sessions/"+doc.SessionID).has("Content-Type", "application/json").has("Cache-Control", "no-store")
		if !regexp.MustCompile(`^1-[0-9a-f]{16}$`).MatchString(a.header.Get("Edgeframe-Revision")) {
			c.Errorf("revision %q", a.header.Get("Edgeframe-Revision"))
		}
		if tag := a.header.Get("ETag"); !regexp.MustCompile(`^"[^"]+"$`).MatchString(tag) {
			c.Errorf("ETag %q is not a strong entity tag", tag)
		}
		again := c.do("GET", a.header.Get("Location"), nil).is(http.StatusOK)
		if diff := cmp.Diff(string(withoutReceipt(withoutAccess(a.body))), string(withoutAccess(again.body))); diff != "" {
			c.Error(diff)
		}
	}},
	{"the answer to a file says how it was understood, and that to other requests does not", func(c *client) {
		s := c.create("id,when\n007,2026-01-01\n,NA\n")
		want := &uploadReceipt{Format: "csv", Encoding: "utf-8", Delimiter: ",", Quote: `"`, Header: "found", Line: 1, Columns: map[string]columnReceipt{
			"id":   {DType: "utf8", Missing: 1},
			"when": {DType: "date32", Missing: 1, Changed: 1},
		}}
		if diff := cmp.Diff(want, s.made.Upload); diff != "" {
			c.Error(diff)
		}
		more := s.do("POST", s.path("/data"), "id|when\n1|2026-01-02\n", "Content-Type: text/csv").is(http.StatusOK).session()
		if more.Upload == nil || more.Upload.Delimiter != "|" || more.Upload.Columns["id"] != (columnReceipt{DType: "utf8"}) {
			c.Errorf("receipt %+v of appended rows", more.Upload)
		}
		other := s.do("PUT", s.path("/data"), `[{"a":1},{"a":null}]`, "Content-Type: application/json").is(http.StatusOK).session()
		if other.Upload == nil || other.Upload.Format != "json" || other.Upload.Columns["a"] != (columnReceipt{DType: "int64", Missing: 1}) {
			c.Errorf("receipt %+v of another table", other.Upload)
		}
		if doc := s.do("POST", s.path("/undo"), nil).is(http.StatusOK).session(); doc.Upload != nil {
			c.Errorf("receipt %+v of an undo", doc.Upload)
		}
	}},
	{"every format is read by its content type", func(c *client) {
		for _, f := range peopleFiles() {
			c.run(f.format, func(c *client) { c.upload(f.contentType, f.body).isPeople() })
		}
	}},
	{"every format is read by the extension of its filename", func(c *client) {
		for _, f := range peopleFiles() {
			c.run(f.format, func(c *client) {
				c.upload("application/octet-stream", f.body, "filename="+f.filename).isPeople()
			})
		}
	}},
	{"every format is read by its first bytes", func(c *client) {
		for _, f := range peopleFiles() {
			c.run(f.format, func(c *client) { c.upload("application/octet-stream", f.body).isPeople() })
		}
	}},
	{"a content type may have parameters and any case", func(c *client) {
		c.upload("Text/CSV; charset=UTF-8; header=present", []byte(people)).isPeople()
	}},
	{"a form is read with its file, fields and the parameters of the query", func(c *client) {
		body, mediaType := form("people.csv", "", []byte(people), "ttl_seconds=120", "delimiter=comma")
		s := c.upload(mediaType, body)
		s.isPeople()
		if s.made.Filename != "people.csv" || s.made.TTLSeconds != 120 {
			c.Errorf("filename %q and ttl %d", s.made.Filename, s.made.TTLSeconds)
		}
		body, mediaType = form("other.bin", "text/csv", []byte(people))
		if named := c.upload(mediaType, body, "filename=named.csv"); named.made.Filename != "named.csv" {
			c.Errorf("filename %q, want that of the parameter", named.made.Filename)
		}
	}},
	{"an empty field of a form counts as not given", func(c *client) {
		fields := []string{
			"filename=", "ttl_seconds=", "dry_run=", "preview_rows=", "delimiter=", "header=", "header_row=", "skip_rows=", "skip_footer=", "short_rows=",
			"quote=", "escape=", "null_values=", "strict=", "encoding=", "decimal=", "thousands=", "comment=", "dtype=", "orient=", "records=", "sheet_name=", "sheet_name=",
		}
		body, mediaType := form("people.csv", "", []byte(people), fields...)
		s := c.upload(mediaType, body)
		s.isPeople()
		if s.made.Filename != "people.csv" || s.made.TTLSeconds != c.target.TTLSeconds {
			c.Errorf("filename %q and ttl %d", s.made.Filename, s.made.TTLSeconds)
		}
		body, mediaType = form("people.csv", "", []byte(people), "ttl_seconds=", "delimiter=comma")
		if s := c.upload(mediaType, body, "ttl_seconds=120"); s.made.TTLSeconds != 120 {
			c.Errorf("ttl %d, want that of the parameter", s.made.TTLSeconds)
		}
		body, mediaType = form("people.csv", "", []byte(people), "key=", "action_summary=")
		s.do("PUT", s.path("/data"), body, "Content-Type: "+mediaType).is(http.StatusOK)
		s.do("POST", s.path("/data"), body, "Content-Type: "+mediaType).is(http.StatusOK)
		if doc := s.document(); doc.Shape != [2]int{8, 4} {
			c.Errorf("shape %v", doc.Shape)
		}
		body, mediaType = form("people.csv", "", []byte(people), "colour=")
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).refused(http.StatusBadRequest, "invalid_parameter", `"colour"`)
	}},
	{"a filename loses its folders", func(c *client) {
		for _, name := range []string{"a/b/c.csv", `C:\data\c.csv`, "../../c.csv"} {
			if s := c.create(people, "filename="+name); s.made.Filename != "c.csv" {
				c.Errorf("%q became %q", name, s.made.Filename)
			}
		}
	}},
	{"ttl_seconds sets the TTL and its absence the default", func(c *client) {
		if s := c.create(people, "ttl_seconds=90"); s.made.TTLSeconds != 90 {
			c.Errorf("ttl %d", s.made.TTLSeconds)
		}
		if s := c.create(people); s.made.TTLSeconds != c.target.TTLSeconds {
			c.Errorf("ttl %d, want %d", s.made.TTLSeconds, c.target.TTLSeconds)
		}
	}},
	{"parse options change how the file is read", checkParseOptions},
	{"inference of text loses nothing", checkInference},
	{"a table without rows is a session", func(c *client) {
		s := c.create("a,b\n")
		if s.made.Shape != [2]int{0, 2} || s.cells() != "" {
			c.Errorf("shape %v", s.made.Shape)
		}
	}},
	{"columns keep the order of the file", func(c *client) {
		var names []string
		for i := range 200 {
			names = append(names, fmt.Sprintf("c%d", (i*37)%200))
		}
		s := c.create(strings.Join(names, ",") + "\n" + strings.Repeat("1,", 199) + "1\n")
		if diff := cmp.Diff(names, s.document().Columns); diff != "" {
			c.Error(diff)
		}
	}},
}

func (s *sess) isPeople() {
	s.Helper()
	if diff := cmp.Diff(peopleTypes, s.made.DTypes); diff != "" {
		s.Error(diff)
	}
	if diff := cmp.Diff([]string{"name", "age", "score", "active"}, s.made.Columns); diff != "" {
		s.Error(diff)
	}
	if diff := cmp.Diff(peopleCells, s.cells()); diff != "" {
		s.Error(diff)
	}
}

func checkParseOptions(c *client) {
	for _, tt := range []struct {
		claim, file, cells string
		params             []string
	}{
		{"delimiter names the separator", "a|b\n1,2|3\n", `["1,2",3]`, []string{"delimiter=pipe"}},
		{"delimiter is the separator itself", "a;b\n1,2;3\n", `["1,2",3]`, []string{"delimiter=;"}},
		{"header=false makes the first line data", "x,1\ny,2\n", "[\"x\",1]\n[\"y\",2]", []string{"header=false"}},
		{"null_values replaces the spellings of missing", "a,b\nNA,-\n?,1\n", "[\"NA\",null]\n[null,1]", []string{"null_values=-,?"}},
		{"null_values may be repeated", "a,b\nNA,-\n?,1\n", "[\"NA\",null]\n[null,1]", []string{"null_values=-", "null_values=?"}},
		{"an empty null_values leaves only empty fields missing", "a,b\nNA,\nx,1\n", "[\"NA\",null]\n[\"x\",1]", []string{"null_values="}},
	} {
		c.run(tt.claim, func(c *client) {
			if diff := cmp.Diff(tt.cells, c.create(tt.file, tt.params...).cells()); diff != "" {
				c.Error(diff)
			}
		})
	}
	c.run("header=false names columns by their position", func(c *client) {
		s := c.create("x,1\n", "header=false")
		if diff := cmp.Diff([]string{"column_1", "column_2"}, s.made.Columns); diff != "" {
			c.Error(diff)
		}
	})
	c.run("orient says the shape of a document that could have two", func(c *client) {
		both := []byte(`{"columns":["a"],"data":[[1]]}`)
		if s := c.upload("application/json", both, "orient=columns"); !cmp.Equal(s.made.Columns, []string{"columns", "data"}) {
			c.Errorf("columns %q", s.made.Columns)
		}
		if s := c.upload("application/json", both, "orient=split"); !cmp.Equal(s.made.Columns, []string{"a"}) {
			c.Errorf("columns %q", s.made.Columns)
		}
	})
	c.run("strict=true refuses what would not round-trip", func(c *client) {
		c.do("POST", "/api/v1/sessions?strict=true", "a,b\n1,2\n3,NA\n", "Content-Type: text/csv").
			refused(http.StatusUnprocessableEntity, "malformed_input", "line 3", `"NA"`, "strict=true")
	})
}

func checkInference(c *client) {
	for _, tt := range []struct{ claim, file, dtype, cells string }{
		{"leading zeros stay text", "a\n007\n042\n", "utf8", "[\"007\"]\n[\"042\"]"},
		{"numbers of 20 digits stay text", "a\n12345678901234567890\n1\n", "utf8", "[\"12345678901234567890\"]\n[\"1\"]"},
		{"a mixed column keeps its spelling", "a\n1\n2.50\nx\n", "utf8", "[\"1\"]\n[\"2.50\"]\n[\"x\"]"},
		{"integers with missing values stay integers", "a,b\n1,x\n,y\n3,z\n", "int64", "[1,\"x\"]\n[null,\"y\"]\n[3,\"z\"]"},
		{"the largest integers stay exact", "a\n9223372036854775807\n-9223372036854775808\n", "int64", "[9223372036854775807]\n[-9223372036854775808]"},
		{"the usual spellings of missing are missing", "a,b\n1,x\nNA,x\nN/A,x\nNaN,x\nnull,x\nNone,x\n", "int64", "[1,\"x\"]\n[null,\"x\"]\n[null,\"x\"]\n[null,\"x\"]\n[null,\"x\"]\n[null,\"x\"]"},
		{"quoted fields hold separators, quotes and line breaks", "a,b\n\"x, \"\"y\"\"\nz\",1\n", "utf8", `["x, \"y\"\nz",1]`},
	} {
		c.run(tt.claim, func(c *client) {
			s := c.create(tt.file)
			if got := s.made.DTypes["a"]; got != tt.dtype {
				c.Errorf("dtype %s, want %s", got, tt.dtype)
			}
			if diff := cmp.Diff(tt.cells, s.cells()); diff != "" {
				c.Error(diff)
			}
		})
	}
}
