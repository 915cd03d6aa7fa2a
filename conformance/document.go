//go:build !js

package conformance

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
)

// documentReceipt is what the receipt says about a JSON document.
type documentReceipt struct {
	Format  string            `json:"format"`
	Notes   []string          `json:"notes"`
	Renamed map[string]string `json:"renamed"`
	Columns map[string]struct {
		Changed int `json:"changed"`
		Samples []struct {
			Kind   string  `json:"kind"`
			Line   int     `json:"line"`
			Before string  `json:"before"`
			After  *string `json:"after"`
		} `json:"samples"`
	} `json:"columns"`
}

// readDocument uploads a file and returns its receipt and session, of which only the columns are known.
func (c *client) readDocument(contentType, file string, params ...string) (documentReceipt, *sess) {
	c.Helper()
	a := c.do("POST", query("/api/v1/sessions", params...), file, "Content-Type: "+contentType).is(http.StatusCreated)
	var doc struct {
		SessionID string          `json:"session_id"`
		Columns   []string        `json:"columns"`
		Upload    documentReceipt `json:"upload"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		c.Fatal(err)
	}
	return doc.Upload, &sess{c, doc.SessionID, sessionDocument{Columns: doc.Columns}}
}

var documentTests = []test{
	{"documents of pandas are read whatever their orient", func(c *client) {
		for orient, file := range map[string]string{
			"columns": `{"item":{"0":"a","1":"b"},"n":{"0":1,"1":2}}`,
			"index":   `{"0":{"item":"a","n":1},"1":{"item":"b","n":2}}`,
			"records": `[{"item":"a","n":1},{"item":"b","n":2}]`,
			"split":   `{"columns":["item","n"],"index":[0,1],"data":[["a",1],["b",2]]}`,
			"table":   `{"schema":{"fields":[{"name":"index","type":"integer"}],"primaryKey":["index"]},"data":[{"index":0,"item":"a","n":1},{"index":1,"item":"b","n":2}]}`,
			"lines":   "{\"item\":\"a\",\"n\":1}\n{\"item\":\"b\",\"n\":2}\n",
		} {
			_, s := c.readDocument(jsonType, file)
			if diff := cmp.Diff([]string{"item", "n"}, s.made.Columns); diff != "" {
				c.Errorf("%s: %s", orient, diff)
			}
			if diff := cmp.Diff("[\"a\",1]\n[\"b\",2]", s.cells()); diff != "" {
				c.Errorf("%s: %s", orient, diff)
			}
		}
		_, s := c.readDocument(jsonType, `{"n":{"r1":1,"r2":2}}`, "orient=columns")
		if diff := cmp.Diff("[\"r1\",1]\n[\"r2\",2]", s.cells()); diff != "" || s.made.Columns[0] != "index" {
			c.Errorf("columns %q: %s", s.made.Columns, diff)
		}
	}},
	{"the records of a document are read where the parameter says", func(c *client) {
		c.do("POST", "/api/v1/sessions", `{"count":2,"results":[{"a":1},{"a":2}]}`, "Content-Type: "+jsonType).
			refused(http.StatusUnprocessableEntity, "malformed_input", `"count"`, "records=/results")
		const file = `{"status":"ok","data":{"total":2,"items":[{"a":1},{"a":2}]}}`
		if up, _ := c.readDocument(jsonType, file); len(up.Notes) != 1 || !strings.Contains(up.Notes[0], "records=/data/items") {
			c.Errorf("without the parameter, the notes are %q", up.Notes)
		}
		up, s := c.readDocument(jsonType, file, "records=/data/items", "strict=true")
		if diff := cmp.Diff("[1]\n[2]", s.cells()); diff != "" || len(up.Notes) != 1 || !strings.Contains(up.Notes[0], "/data/items") {
			c.Errorf("the notes are %q: %s", up.Notes, diff)
		}
		for method, cells := range map[string]string{"POST": "[1]\n[2]\n[1]\n[2]", "PUT": "[1]\n[2]"} {
			s.do(method, s.path("/data", "records=/data/items"), file, "Content-Type: "+jsonType).is(http.StatusOK)
			if diff := cmp.Diff(cells, s.cells()); diff != "" {
				c.Errorf("%s: %s", method, diff)
			}
		}
		body, mediaType := form("x.json", "", []byte(file), "records=/data/items")
		c.do("POST", "/api/v1/sessions", body, "Content-Type: "+mediaType).is(http.StatusCreated)
		c.do("POST", "/api/v1/sessions?records=/data/item", file, "Content-Type: "+jsonType).
			refused(http.StatusUnprocessableEntity, "malformed_input", `/data has no "item"`, `"total", "items"`)
		c.do("POST", "/api/v1/sessions?records=data", file, "Content-Type: "+jsonType).
			refused(http.StatusBadRequest, "invalid_parameter", "records=data", "JSON pointer")
	}},
	{"lines of objects that are sent as JSON are NDJSON", func(c *client) {
		const file = "\ufeff{\"a\":1}\r\n\r\n{\"a\":\"x\"}"
		up, s := c.readDocument(jsonType, file)
		if len(up.Notes) != 1 || !strings.Contains(up.Notes[0], "ndjson") {
			c.Errorf("the notes are %q", up.Notes)
		}
		if diff := cmp.Diff("[\"1\"]\n[\"x\"]", s.cells()); diff != "" {
			c.Error(diff)
		}
		_, named := c.readDocument("application/octet-stream", file, "filename=x.json")
		if diff := cmp.Diff("[\"1\"]\n[\"x\"]", named.cells()); diff != "" {
			c.Errorf("x.json: %s", diff)
		}
	}},
	{"NaN of Python is missing and infinities are floats", func(c *client) {
		up, s := c.readDocument(jsonType, `[{"v":1.5},{"v":NaN},{"v":-Infinity}]`)
		v := up.Columns["v"]
		if v.Changed != 1 || len(v.Samples) != 1 || v.Samples[0].Kind != "to_missing" || v.Samples[0].Line != 2 || v.Samples[0].Before != "NaN" || v.Samples[0].After != nil {
			c.Errorf("the receipt says %+v", v)
		}
		if got, want := string(s.get("/data", "format=csv").body), "v\n1.5\nNA\n-Infinity\n"; got != want {
			c.Errorf("the values are %q, want %q", got, want)
		}
		c.do("POST", "/api/v1/sessions?strict=true", `[{"v":1.5},{"v":NaN}]`, "Content-Type: "+jsonType).
			refused(http.StatusUnprocessableEntity, "malformed_input", "row 2", `"v"`, "NaN", "strict=true", "null is accepted")
	}},
	{"numbers that a float spells with other digits are shown", func(c *client) {
		up, _ := c.readDocument(ndjsonType, "{\"a\":1.50}\n\n{\"a\":165860940095399.59}\n")
		a := up.Columns["a"]
		if a.Changed != 1 || len(a.Samples) != 1 || a.Samples[0].Kind != "coerced" || a.Samples[0].Line != 3 || a.Samples[0].Before != "165860940095399.59" || *a.Samples[0].After != "165860940095399.6" {
			c.Errorf("the receipt says %+v", a)
		}
		c.do("POST", "/api/v1/sessions?strict=true", `[{"a":165860940095399.59}]`, "Content-Type: "+jsonType).
			refused(http.StatusUnprocessableEntity, "malformed_input", "row 1", `"a"`, "165860940095399.59", "165860940095399.6", "strict=true")
		s := c.upload(jsonType, []byte(`[{"a":165860940095399.59}]`), "dtype=a:decimal(20, 2)", "strict=true")
		if diff := cmp.Diff(`["165860940095399.59"]`, s.cells()); diff != "" {
			c.Error(diff)
		}
	}},
	{"columns of documents without a name of their own get one", func(c *client) {
		const file = `{"columns":["a","","a"],"data":[[1,2,3]]}`
		up, s := c.readDocument(jsonType, file)
		if diff := cmp.Diff(map[string]string{"column_2": "", "a.1": "a"}, up.Renamed); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff([]string{"a", "column_2", "a.1"}, s.made.Columns); diff != "" {
			c.Error(diff)
		}
		c.do("POST", "/api/v1/sessions?strict=true", file, "Content-Type: "+jsonType).
			refused(http.StatusUnprocessableEntity, "malformed_input", "column 2 has no name", "strict=true")
	}},
	{"int64=string keeps integers exact in JavaScript", func(c *client) {
		s := c.upload(jsonType, []byte(`[{"id":9007199254740993,"l":[1],"x":0.5}]`))
		for params, want := range map[string]string{
			"":                            `[{"id":9007199254740993,"l":[1],"x":0.5}]`,
			"int64=number":                `[{"id":9007199254740993,"l":[1],"x":0.5}]`,
			"int64=string":                `[{"id":"9007199254740993","l":["1"],"x":0.5}]`,
			"int64=string&orient=split":   `{"columns":["id","l","x"],"data":[["9007199254740993",["1"],0.5]]}`,
			"int64=string&orient=columns": `{"id":["9007199254740993"],"l":[["1"]],"x":[0.5]}`,
		} {
			var page struct {
				Data   json.RawMessage   `json:"data"`
				DTypes map[string]string `json:"dtypes"`
			}
			if err := json.Unmarshal(s.do("GET", s.path("/data")+"?"+params, nil).is(http.StatusOK).body, &page); err != nil {
				c.Fatal(err)
			}
			if string(page.Data) != want || page.DTypes["id"] != "int64" {
				c.Errorf("%s: %s, dtypes %v, want %s", params, page.Data, page.DTypes, want)
			}
		}
		if got, want := string(s.get("/data", "format=ndjson", "int64=string").body), "{\"id\":\"9007199254740993\",\"l\":[\"1\"],\"x\":0.5}\n"; got != want {
			c.Errorf("NDJSON is %q, want %q", got, want)
		}
		v, _, err := msgp.ReadIntfBytes(s.get("/data", "format=msgpack", "int64=string").body)
		if err != nil {
			c.Fatal(err)
		}
		if id := v.([]any)[0].(map[string]any)["id"]; id != strconv.Itoa(9007199254740993) {
			c.Errorf("MessagePack has %v", id)
		}
		next := c.create("n\n1\n2\n").get("/data", "int64=string", "limit=1").header.Get("Link")
		if !strings.Contains(next, "int64=string") {
			c.Errorf("the next page is %s", next)
		}
		for _, format := range []string{"csv", "tsv", "arrow", "arrow_file", "parquet", "xlsx"} {
			s.do("GET", s.path("/data", "int64=string", "format="+format), nil).
				refused(http.StatusBadRequest, "invalid_parameter", "int64 is for json, ndjson and msgpack", "the format is "+format)
		}
		s.do("GET", s.path("/data", "int64=bigint"), nil).refused(http.StatusBadRequest, "invalid_parameter", "int64=bigint", "number or string")
	}},
}
