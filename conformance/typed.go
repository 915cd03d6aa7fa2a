//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// typedTests are about values that are read by the types of a table, and about errors that say where they are.
var typedTests = []test{
	{"appended text is read by the types of the table", func(c *client) {
		s := c.create("code,dose,at\n1A,0.5,2020-01-01 10:00:00\n")
		s.send("POST", csvType, "code,dose,at\n2.50,1,2020-01-02\nTrue,,\n1e5,1e2,2020-01-02T10:30\n").is(http.StatusOK)
		s.send("POST", jsonType, `[{"code":2.50,"dose":"7","at":"2020-01-03"},{"code":true,"dose":null,"at":null}]`).is(http.StatusOK)
		want := "[\"1A\",0.5,\"2020-01-01T10:00:00\"]\n[\"2.50\",1.0,\"2020-01-02T00:00:00\"]\n[\"True\",null,null]\n[\"1e5\",100.0,\"2020-01-02T10:30:00\"]\n" +
			"[\"2.50\",7.0,\"2020-01-03T00:00:00\"]\n[\"true\",null,null]"
		if diff := cmp.Diff(want, s.cells()); diff != "" {
			c.Error(diff)
		}
		s.send("POST", csvType, "code,dose,at\nx,0.7,\ny,n/k,\nz,x,\n").refused(http.StatusUnprocessableEntity, "schema_mismatch", `line 3, column "dose": "n/k" does not fit float64`)
		s.send("POST", jsonType, `[{"code":"x","dose":0.7,"at":null},{"code":"y","dose":"n/k","at":null}]`).refused(http.StatusUnprocessableEntity, "schema_mismatch", `row 2, column "dose": "n/k" does not fit float64`)
	}},
	{"cast reads dates in a format, keeps floats exactly and makes whole floats integers", func(c *client) {
		s := c.upload(jsonType, []byte(`[{"day":"31/01/2020","n":20200131,"v":1e18},{"day":"1/2/2020","n":20200201,"v":-7.0}]`))
		s.edit(op{"op": "cast", "column": "day", "dtype": "date32[%d/%m/%Y]"}, op{"op": "cast", "column": "n", "dtype": "date32[%Y%m%d]"}, op{"op": "cast", "column": "v", "dtype": "int64"})
		if diff := cmp.Diff("[\"2020-01-31\",\"2020-01-31\",1000000000000000000]\n[\"2020-02-01\",\"2020-02-01\",-7]", s.cells()); diff != "" {
			c.Error(diff)
		}
		s = c.create("f\n0.1\n", "dtype=f:float32")
		s.edit(op{"op": "cast", "column": "f", "dtype": "float64"})
		if got := s.cells(); got != "[0.10000000149011612]" {
			c.Error(got)
		}
	}},
	{"a format of dates that is not accepted is refused with its position", func(c *client) {
		for dtype, says := range map[string]string{
			"date32[%d/%q/%Y]":           "has %q at position 4",
			"timestamp[us, %H:%M]":       "has no year",
			"timestamp[us, %Y-%m-%d %z]": "tz=UTC",
		} {
			c.do("POST", query("/api/v1/sessions", "dtype=day:"+dtype), "day,n\n31/01/2020,1\n", "Content-Type: "+csvType).refused(http.StatusBadRequest, "invalid_parameter", "dtype=day:"+dtype, says)
			s := c.create("day,n\n31/01/2020,1\n")
			s.patch(op{"op": "cast", "column": "day", "dtype": dtype}).refused(http.StatusUnprocessableEntity, "invalid_operation", "operation 1", says)
		}
	}},
	{"a time of day without seconds is read wherever a time is", func(c *client) {
		s := c.create("at\n2020-01-01 10:00:00\n")
		s.edit(op{"op": "set_values", "column": "at", "rows": []int{0}, "value": "2020-02-02T10:00"})
		s.edit(op{"op": "filter", "where": op{"column": "at", "cmp": "eq", "value": "2020-02-02T10:00"}})
		if got := s.cells(); got != `["2020-02-02T10:00:00"]` {
			c.Error(got)
		}
	}},
	{"integers beyond 2^53 are accepted in quotes", func(c *client) {
		s := c.create("id,n\n9007199254740993,1\n9007199254740995,2\n")
		s.edit(op{"op": "set_values", "column": "id", "rows": []int{0}, "value": "9007199254740997"})
		s.edit(op{"op": "filter", "where": op{"column": "id", "cmp": "in", "value": []any{"9007199254740997", "1"}}})
		if got := s.cells(); got != "[9007199254740997,1]" {
			c.Error(got)
		}
	}},
	{"an error of an operation says which part of the document it is about", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			op   op
			want string
		}{
			{op{"op": "set_values", "column": "age", "rows": []int{2, 1}, "values": []any{1, "x"}}, `[{"pointer":"/operations/0/values/1","column":"age","row":1,"value":"x","expected":"int64: whole numbers such as 7"}]`},
			{op{"op": "delete_rows", "rows": []int{0, 9}}, `[{"pointer":"/operations/0/rows/1","value":9,"expected":"its rows are 0 to 3"}]`},
			{op{"op": "drop_columns", "columns": []string{"agee"}}, `[{"pointer":"/operations/0/columns/0","column":"agee","value":"agee","expected":"age"}]`},
			{op{"op": "filter", "where": op{"not": op{"column": "age", "cmp": "lt", "value": "x"}}}, `[{"pointer":"/operations/0/where/not/value","column":"age","value":"x","expected":"int64: whole numbers such as 7"}]`},
		} {
			var doc struct {
				Errors json.RawMessage `json:"errors"`
			}
			a := s.patch(tt.op).is(http.StatusUnprocessableEntity)
			if err := json.Unmarshal(a.body, &doc); err != nil {
				c.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(doc.Errors)); diff != "" {
				c.Error(diff)
			}
		}
		s.patch(op{"op": "sort", "by": []op{{"column": "Age"}}}).refused(http.StatusUnprocessableEntity, "column_not_found", `did you mean "age"?`)
	}},
	{"the history says what an edit did, unless the edit has a summary", func(c *client) {
		s := c.create("a,b\n1,x\n1,x\n2,\n")
		s.edit(op{"op": "drop_duplicates"}, op{"op": "set_values", "column": "b", "rows": []int{1}, "value": "y"}, op{"op": "sort", "by": []op{{"column": "a", "descending": true}, {"column": "b"}}})
		s.do("PATCH", s.path("/data"), op{"action_summary": "Mine", "operations": []op{{"op": "delete_rows", "rows": []int{0}}}}).is(http.StatusOK)
		var summaries []string
		for _, v := range s.versions().Versions {
			summaries = append(summaries, v.Summary)
		}
		if diff := cmp.Diff([]string{"Session created", "dropped 1 duplicate row; set 1 cell of b; sorted by a descending, b", "Mine"}, summaries); diff != "" {
			c.Error(diff)
		}
	}},
	{"cells are marked in one version with data", func(c *client) {
		s := c.create("a,b\n1,x\n,y\n,z\n")
		doc := s.edit(op{"op": "mark_missing", "column": "a", "rows": []int{1}}, op{"op": "fill_missing", "columns": []string{"a"}, "method": "constant", "value": 7})
		if got := s.cells(); got != "[1,\"x\"]\n[null,\"y\"]\n[7,\"z\"]" || doc.IntentionalMissing["a"] != 1 {
			c.Errorf("%s, marks %v", got, doc.IntentionalMissing)
		}
		if doc := s.edit(op{"op": "unmark_missing", "column": "a", "rows": []int{1, 2}}); doc.IntentionalMissing["a"] != 0 {
			c.Errorf("marks %v", doc.IntentionalMissing)
		}
		if doc := s.post("/undo"); doc.IntentionalMissing["a"] != 1 {
			c.Errorf("marks after undo %v", doc.IntentionalMissing)
		}
	}},
	{"the mean of integers is refused with what to do, and can be a float or rounded", func(c *client) {
		mean := op{"op": "fill_missing", "columns": []string{"n"}, "method": "mean"}
		s := c.create("n,x\n1,a\n2,b\n,c\n")
		s.patch(mean).refused(http.StatusUnprocessableEntity, "schema_mismatch", `"as": "float64"`, `"round": true`)
		mean["round"] = true
		s.edit(mean)
		if got := s.cells("column=n"); got != "[1]\n[2]\n[2]" {
			c.Error(got)
		}
		s.post("/undo")
		delete(mean, "round")
		mean["as"] = "float64"
		if doc := s.edit(mean); doc.DTypes["n"] != "float64" || s.cells("column=n") != "[1.0]\n[2.0]\n[1.5]" {
			c.Errorf("%v %s", doc.DTypes, s.cells())
		}
	}},
	{"a dry run shows as many cells and rows as are asked for", func(c *client) {
		s := c.create(numbers(40))
		ops := op{"operations": []op{{"op": "set_values", "column": "square", "rows": []int{30, 2, 3, 5, 7, 11, 13}, "value": -1}, {"op": "rename_columns", "columns": op{"word": "term"}}}}
		for _, tt := range []struct {
			params  []string
			samples int
			preview string
		}{
			{[]string{"dry_run=true"}, 5, ""},
			{[]string{"dry_run=true", "samples=2"}, 2, ""},
			{[]string{"dry_run=true", "samples=100", "preview_rows=3"}, 7, `{"columns":["n","square","term"],"dtypes":{"n":"int64","square":"int64","term":"utf8"},"data":[{"n":0,"square":0,"term":"w0"},{"n":1,"square":1,"term":"w1"},{"n":2,"square":-1,"term":"w2"}]}`},
		} {
			var doc struct {
				Samples []json.RawMessage `json:"samples"`
				Preview json.RawMessage   `json:"preview"`
			}
			a := s.do("PATCH", s.path("/data", tt.params...), ops).is(http.StatusOK)
			if err := json.Unmarshal(a.body, &doc); err != nil {
				c.Fatal(err)
			}
			if len(doc.Samples) != tt.samples || string(doc.Preview) != tt.preview {
				c.Errorf("%v: %d samples, preview %s", tt.params, len(doc.Samples), doc.Preview)
			}
		}
		for _, params := range [][]string{{"samples=5"}, {"dry_run=true", "samples=101"}, {"dry_run=true", "preview_rows=1001"}} {
			s.do("PATCH", s.path("/data", params...), ops).refused(http.StatusBadRequest, "invalid_parameter")
		}
	}},
	{"describe has the columns, frequent values and percentiles that are asked for", func(c *client) {
		var b strings.Builder
		b.WriteString("n,w,day\n")
		for i := range 30 {
			fmt.Fprintf(&b, "%d,w%02d,2026-01-%02d\n", i, i, i+1)
		}
		s := c.create(b.String())
		var doc struct {
			Duplicates int `json:"duplicate_rows"`
			Columns    []struct {
				Name        string            `json:"name"`
				Top         []json.RawMessage `json:"top"`
				Percentiles json.RawMessage   `json:"percentiles"`
				Skewness    *float64          `json:"skewness"`
				Kurtosis    *float64          `json:"kurtosis"`
			} `json:"columns"`
		}
		a := s.get("/describe", "column=w", "column=n", "top=20", "percentiles=0.05,0.5")
		if err := json.Unmarshal(a.body, &doc); err != nil {
			c.Fatal(err)
		}
		if len(doc.Columns) != 2 || doc.Columns[0].Name != "w" || len(doc.Columns[0].Top) != 20 || doc.Columns[0].Percentiles != nil {
			c.Fatalf("%s", a.body)
		}
		if n := doc.Columns[1]; string(n.Percentiles) != `[{"p":0.05,"value":1.4500000000000002},{"p":0.5,"value":14.5}]` || *n.Skewness != 0 || math.Abs(*n.Kurtosis+1.2) > 1e-9 {
			c.Errorf("%s", a.body)
		}
		if tag := a.header.Get("ETag"); tag == s.get("/describe").header.Get("ETag") || s.do("GET", s.path("/describe", "column=w", "column=n", "top=20", "percentiles=0.05,0.5"), nil, "If-None-Match: "+tag).status != http.StatusNotModified {
			c.Errorf("the tag %s is not that of the selection", tag)
		}
		if got := string(s.get("/describe", "column=day", "percentiles=0.95").body); !strings.Contains(got, `"percentiles":[{"p":0.95,"value":"2026-01-28T13:12:00"}]`) {
			c.Error(got)
		}
		s.do("GET", s.path("/describe", "column=x"), nil).refused(http.StatusUnprocessableEntity, "column_not_found", `"x"`)
		for _, params := range [][]string{{"top=0"}, {"top=1001"}, {"percentiles=2"}, {"percentiles="}, {"percentiles=0.5,NaN"}, {"percentiles=0.5%"}} {
			s.do("GET", s.path("/describe", params...), nil).refused(http.StatusBadRequest, "invalid_parameter")
		}
	}},
	{"an edit that changes nothing makes no version and leaves what can be redone", func(c *client) {
		s := c.create("a,b\n1,x\n2,y\n")
		s.edit(op{"op": "set_values", "column": "a", "rows": []int{0}, "value": 9})
		s.post("/undo")
		before := string(s.get("/versions").body)
		for _, nothing := range []op{
			{"op": "drop_duplicates"},
			{"op": "set_values", "column": "a", "rows": []int{0, 1}, "values": []any{1, "2"}},
			{"op": "sort", "by": []op{{"column": "a"}}},
			{"op": "cast", "column": "a", "dtype": "int64"},
			{"op": "select_columns", "columns": []string{"a", "b"}},
			{"op": "fill_missing", "columns": []string{"b"}, "method": "mode"},
			{"op": "filter", "where": op{"column": "a", "cmp": "gt", "value": 0}},
			{"op": "unmark_missing", "column": "a", "rows": []int{0}},
		} {
			if doc := s.edit(nothing); !doc.CanRedo || doc.CurrentVersion != 1 {
				c.Errorf("%v: version %d, redo %v", nothing, doc.CurrentVersion, doc.CanRedo)
			}
		}
		if diff := cmp.Diff(before, string(s.get("/versions").body)); diff != "" {
			c.Error(diff)
		}
		s.post("/redo")
		if got := s.cells(); got != "[9,\"x\"]\n[2,\"y\"]" {
			c.Error(got)
		}
	}},
}
