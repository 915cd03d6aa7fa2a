//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// descriptionDocument is an answer of /describe.
type descriptionDocument struct {
	SessionID     string              `json:"session_id"`
	Version       int                 `json:"version"`
	Rows          int                 `json:"rows"`
	DuplicateRows *int                `json:"duplicate_rows"`
	Columns       []columnDescription `json:"columns"`
}

// columnDescription describes a column. Which members are set depends on its type.
type columnDescription struct {
	Name               string `json:"name"`
	DType              string `json:"dtype"`
	Count              int    `json:"count"`
	Missing            int    `json:"missing"`
	IntentionalMissing int    `json:"intentional_missing"`
	Unique             int    `json:"unique"`
	UniqueExact        bool   `json:"unique_exact"`
	Min                any    `json:"min"`
	Q1                 any    `json:"q1"`
	Median             any    `json:"median"`
	Q3                 any    `json:"q3"`
	Max                any    `json:"max"`
	Mean               any    `json:"mean"`
	Std                any    `json:"std"`
	Skewness           any    `json:"skewness"`
	Kurtosis           any    `json:"kurtosis"`
	Outliers           *struct {
		Count      int `json:"count"`
		LowerBound any `json:"lower_bound"`
		UpperBound any `json:"upper_bound"`
	} `json:"outliers"`
	MinLength *int `json:"min_length"`
	MaxLength *int `json:"max_length"`
	Top       []struct {
		Value     any  `json:"value"`
		Count     int  `json:"count"`
		Truncated bool `json:"truncated"`
	} `json:"top"`
}

// statistics returns the description of the session's table.
func (s *sess) statistics(params ...string) (doc descriptionDocument) {
	s.Helper()
	s.get("/describe", params...).decode(&doc)
	return doc
}

var describeTests = []test{
	{"a description has every member and header", func(c *client) {
		s := c.create(people)
		for range 2 {
			a := s.get("/describe").golden("describe.json")
			a.has("Content-Type", "application/json").has("Edgeframe-Version", "1").has("Content-Length", fmt.Sprint(len(a.body)))
			a.has("Edgeframe-Revision", s.get("").header.Get("Edgeframe-Revision")).has("Cache-Control", "private, no-cache")
		}
	}},
	{"each type has its statistics", func(c *client) {
		s := c.create("when,day,id,note\n2020-01-01T00:00:00,2020-01-01,9007199254740993,a\n2020-01-01T00:00:01,2020-01-02,9007199254740992,\n2020-01-01T00:00:00,2020-01-01,9007199254740993,a\n")
		s.get("/describe").golden("describe_types.json")
	}},
	{"a description follows the table, and undo brings the old one back", func(c *client) {
		s := c.create(numbers(1000))
		first := s.get("/describe")
		s.edit(op{"op": "delete_rows", "rows": []int{0, 1, 2}})
		if doc := s.statistics(); doc.Rows != 997 || doc.Version != 2 || doc.Columns[0].Min != 3.0 || doc.Columns[2].Unique != 7 {
			c.Errorf("after an edit: %+v", doc)
		}
		if doc := s.statistics("version=1"); doc.Rows != 1000 || doc.Version != 1 || doc.Columns[0].Min != 0.0 {
			c.Errorf("version 1: %+v", doc)
		}
		s.post("/undo")
		if again := s.get("/describe"); string(again.body) != string(first.body) || again.header.Get("ETag") != first.header.Get("ETag") {
			c.Errorf("after undo: %s with ETag %s", again.body, again.header.Get("ETag"))
		}
		s.post("/redo")
		if doc := s.statistics(); doc.Rows != 997 {
			c.Errorf("after redo: %+v", doc)
		}
	}},
	{"marked cells are not missing", func(c *client) {
		s := c.create(people)
		before := s.statistics().Columns[1]
		s.mark("PUT", marks{"age": {1}})
		after := s.statistics().Columns[1]
		if before.Missing != 1 || before.IntentionalMissing != 0 || after.Missing != 0 || after.IntentionalMissing != 1 || after.Count != before.Count {
			c.Errorf("%+v became %+v", before, after)
		}
	}},
	{"renamed columns are described by their new names", func(c *client) {
		s := c.create(people)
		s.statistics()
		s.edit(op{"op": "rename_columns", "columns": map[string]string{"age": "years"}})
		if got := s.statistics().Columns[1].Name; got != "years" {
			c.Errorf("the column is %q", got)
		}
	}},
	{"duplicate rows are counted over all row groups", func(c *client) {
		s := c.create(numbers(20_000))
		if n := *s.statistics().DuplicateRows; n != 0 {
			c.Errorf("%d duplicate rows of different ones", n)
		}
		s.send("POST", "text/csv", numbers(20_000)).is(http.StatusOK)
		doc := s.statistics()
		if *doc.DuplicateRows != 20_000 || doc.Rows != 40_000 || doc.Columns[0].Unique != 20_000 || !doc.Columns[0].UniqueExact {
			c.Errorf("%d duplicate rows of %d, n has %d values", *doc.DuplicateRows, doc.Rows, doc.Columns[0].Unique)
		}
	}},
	{"a table without rows has no statistics", func(c *client) {
		s := c.create("a,b\n")
		doc := s.statistics()
		if doc.Rows != 0 || *doc.DuplicateRows != 0 || len(doc.Columns) != 2 || doc.Columns[0].Count != 0 {
			c.Errorf("%+v", doc)
		}
	}},
	{"infinities are null, and so is what follows from them", func(c *client) {
		s := c.create("x\n1.0\nInfinity\n2.0\n3.0\n")
		if x := s.statistics().Columns[0]; x.DType != "float64" || x.Count != 4 || x.Max != nil || x.Mean != nil || x.Std != nil || x.Min != 1.0 || x.Median != 2.5 {
			c.Errorf("%+v", x)
		}
	}},
	{"the ETag stands for the version and answers 304", func(c *client) {
		s := c.create(people)
		a := s.get("/describe")
		tag := a.header.Get("ETag")
		if data := s.get("/data").header.Get("ETag"); tag == "" || tag == data {
			c.Errorf("ETag %s, of the data %s", tag, data)
		}
		for _, method := range []string{"GET", "HEAD"} {
			b := s.do(method, s.path("/describe"), nil, "If-None-Match: "+tag).is(http.StatusNotModified)
			b.has("ETag", tag).has("Edgeframe-Revision", a.header.Get("Edgeframe-Revision"))
		}
		s.do("PATCH", s.path("/data"), map[string]any{"operations": []op{dropAge}}, "If-Match: "+tag).is(http.StatusOK)
		s.do("GET", s.path("/describe"), nil, "If-None-Match: "+tag).is(http.StatusOK)
	}},
	{"HEAD has the headers of GET", func(c *client) {
		s := c.create(people)
		get := s.get("/describe")
		head := s.do("HEAD", s.path("/describe"), nil).is(http.StatusOK)
		if len(head.body) != 0 {
			c.Errorf("%d bytes of body", len(head.body))
		}
		for _, name := range []string{"Content-Type", "ETag", "Edgeframe-Revision", "Edgeframe-Version"} {
			head.has(name, get.header.Get(name))
		}
	}},
	{"other versions and parameters are refused", func(c *client) {
		s := c.create(people)
		s.do("GET", s.path("/describe", "version=2"), nil).refused(http.StatusNotFound, "version_not_found", "version 2")
		s.do("GET", s.path("/describe", "version=0"), nil).refused(http.StatusBadRequest, "invalid_parameter", "version=0")
		s.do("GET", s.path("/describe", "limit=1"), nil).refused(http.StatusBadRequest, "invalid_parameter", `"limit"`, "version")
	}},
	{"movies.json is described by column", func(c *client) {
		s := c.upload("application/json", c.vega("movies.json"), "filename=movies.json")
		doc := s.statistics()
		missing := s.document().MissingValues
		got := map[string]int{}
		for _, column := range doc.Columns {
			got[column.Name] = column.Missing
			if column.Count+column.Missing != doc.Rows {
				c.Errorf("%s: %d values and %d missing of %d", column.Name, column.Count, column.Missing, doc.Rows)
			}
			if n := len(column.Top); n > 10 || strings.HasPrefix(column.DType, "utf8") && n == 0 {
				c.Errorf("%s: %d frequent values", column.Name, n)
			}
		}
		if diff := cmp.Diff(missing, got); diff != "" {
			c.Error(diff)
		}
		if !json.Valid(s.get("/describe").body) {
			c.Error("the answer is no JSON")
		}
	}},
}
