//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// diffDocument is an answer of /diff.
type diffDocument struct {
	SessionID string `json:"session_id"`
	From      int    `json:"from"`
	To        int    `json:"to"`
	AlignedBy string `json:"aligned_by"`
	Columns   struct {
		Added, Dropped   []struct{ Name, DType string }
		Renamed, Retyped []struct{ Name, From, To string }
		Moved            []string
	} `json:"columns"`
	Rows struct {
		From, To, Added, Removed, Moved int
	} `json:"rows"`
	CellsChanged int          `json:"cells_changed"`
	Total        int          `json:"total"`
	Offset       int          `json:"offset"`
	Returned     int          `json:"returned"`
	Next         *string      `json:"next"`
	Changes      []cellChange `json:"changes"`
	AddedRows    []int        `json:"added_rows"`
	RemovedRows  []int        `json:"removed_rows"`
}

type cellChange struct {
	RowFrom      int    `json:"row_from"`
	RowTo        int    `json:"row_to"`
	Column       string `json:"column"`
	Before       any    `json:"before"`
	After        any    `json:"after"`
	BeforeMarked bool   `json:"before_marked"`
	AfterMarked  bool   `json:"after_marked"`
}

// diff returns what differs between two versions.
func (s *sess) diff(params ...string) (doc diffDocument) {
	s.Helper()
	s.get("/diff", params...).decode(&doc)
	return doc
}

// is compares a diff with its counts, as a text, and its changes.
func (doc *diffDocument) is(c *client, want string, changes ...cellChange) {
	c.Helper()
	got := fmt.Sprintf("%d to %d by %s: %d of %d rows, +%d -%d, %d moved, %d cells", doc.From, doc.To, doc.AlignedBy, doc.Rows.To, doc.Rows.From, doc.Rows.Added, doc.Rows.Removed, doc.Rows.Moved, doc.CellsChanged)
	if got != want {
		c.Errorf("got %s, want %s", got, want)
	}
	if len(changes) == 0 {
		changes = []cellChange{}
	}
	if diff := cmp.Diff(changes, doc.Changes); diff != "" {
		c.Error(diff)
	}
	if doc.Total != doc.CellsChanged+doc.Rows.Added+doc.Rows.Removed {
		c.Errorf("%d differences in all", doc.Total)
	}
}

var diffTests = []test{
	{"a diff follows rows through deletions, insertions and sorts, and columns through renames", func(c *client) {
		s := c.create(people)
		s.edit(
			op{"op": "delete_rows", "rows": []int{1}},
			op{"op": "rename_columns", "columns": map[string]string{"age": "years"}},
			op{"op": "set_values", "column": "years", "rows": []int{0}, "value": 32},
			op{"op": "insert_rows", "at": 0, "rows": []op{{"name": "Eve"}}},
			op{"op": "cast", "column": "score", "dtype": "utf8"},
			op{"op": "add_column", "column": "note", "values": []any{nil, nil, nil, "x"}},
		)
		s.edit(op{"op": "sort", "by": []op{{"column": "name", "descending": true}}}, op{"op": "set_values", "column": "active", "rows": []int{1}, "value": true})
		// Eve, Dee, Cid, Ann
		doc := s.diff("from=1")
		doc.is(c, "1 to 3 by origin: 4 of 4 rows, +1 -1, 2 moved, 4 cells",
			cellChange{3, 1, "score", 4.0, "4.0", false, false}, cellChange{3, 1, "active", nil, true, false, false},
			cellChange{0, 3, "years", 31.0, 32.0, false, false}, cellChange{0, 3, "score", 1.5, "1.5", false, false})
		if diff := cmp.Diff([][]int{{0}, {1}}, [][]int{doc.AddedRows, doc.RemovedRows}); diff != "" {
			c.Error(diff)
		}
		columns := fmt.Sprintf("%+v", doc.Columns)
		if want := "{Added:[{Name:note DType:utf8}] Dropped:[] Renamed:[{Name: From:age To:years}] Retyped:[{Name:score From:float64 To:utf8}] Moved:[]}"; columns != want {
			c.Errorf("columns %s, want %s", columns, want)
		}
		back := s.diff("from=3", "to=1")
		if back.CellsChanged != 4 || back.Rows.Added != 1 || back.Rows.Removed != 1 || back.Changes[0] != (cellChange{3, 0, "age", 32.0, 31.0, false, false}) {
			c.Errorf("the other way round: %+v", back)
		}
	}},
	{"undo, restore and versions that are equal differ in nothing", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "sort", "by": []op{{"column": "name", "descending": true}}})
		s.do("POST", s.path("/versions/1/restore"), nil).is(http.StatusOK)
		doc := s.diff("from=1", "to=3")
		doc.is(c, "1 to 3 by origin: 4 of 4 rows, +0 -0, 0 moved, 0 cells")
		doc = s.diff("from=2", "to=2")
		doc.is(c, "2 to 2 by origin: 4 of 4 rows, +0 -0, 0 moved, 0 cells")
		s.do("PUT", s.path("/versions/1/name"), map[string]any{"name": "raw"}).is(http.StatusOK)
		s.post("/undo")
		doc = s.diff("from=@raw")
		doc.is(c, "1 to 2 by origin: 4 of 4 rows, +0 -0, 4 moved, 0 cells")
	}},
	{"a cell that becomes missing on purpose has changed", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1}})
		doc := s.diff("from=1")
		doc.is(c, "1 to 2 by origin: 4 of 4 rows, +0 -0, 0 moved, 1 cells", cellChange{1, 1, "age", nil, nil, false, true})
		s.edit(op{"op": "set_values", "column": "age", "rows": []int{1}, "value": 9})
		doc = s.diff("from=2")
		doc.is(c, "2 to 3 by origin: 4 of 4 rows, +0 -0, 0 moved, 1 cells", cellChange{1, 1, "age", nil, 9.0, true, false})
	}},
	{"rows of another table are aligned by a key, otherwise by their place", func(c *client) {
		s := c.create(people)
		s.send("PUT", "text/csv", "name,age,score,active\nEve,1,1.5,true\nCid,47,2.5,true\nAnn,31,1.5,true\n").is(http.StatusOK)
		doc := s.diff("from=1", "key=name")
		doc.is(c, "1 to 2 by key: 3 of 4 rows, +1 -2, 2 moved, 1 cells", cellChange{2, 1, "score", nil, 2.5, false, false})
		if diff := cmp.Diff([][]int{{0}, {1, 3}}, [][]int{doc.AddedRows, doc.RemovedRows}); diff != "" {
			c.Error(diff)
		}
		s.do("GET", s.path("/diff", "from=1", "key=name", "key=age"), nil).refused(http.StatusUnprocessableEntity, "schema_mismatch", `row 1 of version 1 has no value in the key column "age"`)
		if doc = s.diff("from=1"); doc.AlignedBy != "position" || doc.Rows.Removed != 1 || doc.RemovedRows[0] != 3 || doc.CellsChanged != 9 {
			c.Errorf("by position: %+v", doc)
		}
		for _, tt := range []struct{ key, code, says string }{
			{"active", "schema_mismatch", "rows 0 and 2 of version 1 have the same key, true"},
			{"score", "schema_mismatch", `row 2 of version 1 has no value in the key column "score"`},
			{"who", "column_not_found", "version 1 has no such column"},
		} {
			s.do("GET", s.path("/diff", "from=1", "key="+tt.key), nil).refused(http.StatusUnprocessableEntity, tt.code, tt.says)
		}
		s.edit(op{"op": "rename_columns", "columns": map[string]string{"name": "who"}})
		s.do("GET", s.path("/diff", "from=1", "key=name"), nil).refused(http.StatusUnprocessableEntity, "column_not_found", "version 3 has no such column")
	}},
	{"pages of differences follow one another and name their versions", func(c *client) {
		s := c.create(numbers(200))
		s.edit(op{"op": "set_values", "column": "n", "rows": []int{3, 5, 7, 150}, "value": -1}, op{"op": "delete_rows", "rows": []int{0, 199}})
		s.send("POST", "text/csv", numbers(3)).is(http.StatusOK)
		whole := s.diff("from=1")
		if whole.Total != 4+2+3 || whole.Next != nil {
			c.Fatalf("%+v", whole)
		}
		all := diffDocument{}
		next := s.path("/diff", "from=1", "limit=2")
		for pages := 0; next != ""; pages++ {
			a := c.do("GET", next, nil).is(http.StatusOK)
			var page diffDocument
			a.decode(&page)
			if page.Returned != len(page.Changes)+len(page.AddedRows)+len(page.RemovedRows) || page.Total != whole.Total || page.Offset != 2*pages {
				c.Errorf("page %d: %+v", pages, page)
			}
			all.Changes, all.AddedRows, all.RemovedRows = append(all.Changes, page.Changes...), append(all.AddedRows, page.AddedRows...), append(all.RemovedRows, page.RemovedRows...)
			if pages == 0 {
				s.edit(op{"op": "drop_columns", "columns": []string{"n"}})
			}
			next = c.nextLink(a)
			if page.Next == nil != (next == "") || page.Next != nil && *page.Next != next {
				c.Errorf("next is %v, the link %q", page.Next, next)
			}
		}
		whole = s.diff("from=1", "to=3")
		if diff := cmp.Diff([]any{whole.Changes, whole.AddedRows, whole.RemovedRows}, []any{all.Changes, all.AddedRows, all.RemovedRows}); diff != "" {
			c.Error(diff)
		}
	}},
	{"values are those of pages of data", func(c *client) {
		s := c.create("id,when,day,x\n9007199254740993,2020-01-01T00:00:00,2020-01-01,\n2,,2020-01-03,1.5\n")
		s.edit(op{"op": "set_values", "column": "id", "rows": []int{0}, "values": []any{7}}, op{"op": "set_values", "column": "when", "rows": []int{0}, "value": nil},
			op{"op": "set_values", "column": "day", "rows": []int{1}, "value": "2021-12-31"}, op{"op": "set_values", "column": "x", "rows": []int{0}, "value": 2})
		for style, id := range map[string]string{"int64=number": `9007199254740993,"after":7`, "int64=string": `"9007199254740993","after":"7"`} {
			body := string(s.get("/diff", "from=1", style).body)
			for _, want := range []string{`"column":"id","before":` + id, `"before":"2020-01-01T00:00:00","after":null`, `"before":"2020-01-03","after":"2021-12-31"`, `"before":null,"after":2.0`} {
				if !strings.Contains(body, want) {
					c.Errorf("%s is not in %s", want, body)
				}
			}
		}
	}},
	{"the ETag stands for both versions, and HEAD has the headers of GET", func(c *client) {
		s := c.create(people)
		s.edit(setAge(1))
		s.edit(setAge(2))
		for _, below := range []string{"/diff?from=1&to=2", "/cells?row=0&column=age"} {
			get := s.do("GET", s.path("")+below, nil).is(http.StatusOK)
			tag := get.header.Get("ETag")
			for _, method := range []string{"GET", "HEAD"} {
				s.do(method, s.path("")+below, nil, "If-None-Match: "+tag).is(http.StatusNotModified).has("ETag", tag)
			}
			head := s.do("HEAD", s.path("")+below, nil).is(http.StatusOK)
			for _, name := range []string{"Content-Type", "ETag", "Edgeframe-Revision", "Edgeframe-Version", "Cache-Control"} {
				head.has(name, get.header.Get(name))
			}
			if other := s.do("GET", s.path("")+strings.Replace(strings.Replace(below, "from=1", "from=3", 1), "row=0", "row=1", 1), nil); other.header.Get("ETag") == tag {
				c.Errorf("%s has the ETag of another answer", below)
			}
		}
	}},
	{"a diff without versions that are kept is refused", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			params, code string
			status       int
			says         string
		}{
			{"from=2", "version_not_found", http.StatusNotFound, "version 2"},
			{"from=1&to=9", "version_not_found", http.StatusNotFound, "version 9"},
			{"", "invalid_parameter", http.StatusBadRequest, "from is needed"},
			{"from=0", "invalid_parameter", http.StatusBadRequest, "from=0 is not accepted"},
			{"from=1&limit=10001", "invalid_parameter", http.StatusBadRequest, "from 0 to 10000"},
			{"from=1&int64=text", "invalid_parameter", http.StatusBadRequest, "number or string"},
			{"from=1&version=1", "invalid_parameter", http.StatusBadRequest, `"version"`},
		} {
			s.do("GET", s.path("/diff")+"?"+tt.params, nil).refused(tt.status, tt.code, tt.says)
		}
	}},
}

// historyDocument is an answer of /cells.
type historyDocument struct {
	SessionID string        `json:"session_id"`
	Version   int           `json:"version"`
	Row       int           `json:"row"`
	Column    string        `json:"column"`
	History   []cellVersion `json:"history"`
}

type cellVersion struct {
	Version   int     `json:"version"`
	Timestamp string  `json:"timestamp"`
	Summary   string  `json:"action_summary"`
	AlignedBy string  `json:"aligned_by"`
	Row       *int    `json:"row"`
	Column    *string `json:"column"`
	Value     any     `json:"value"`
	Marked    bool    `json:"marked"`
}

// history spells what a cell held in each version, the newest first.
func (s *sess) history(params ...string) (lines []string) {
	s.Helper()
	var doc historyDocument
	s.get("/cells", params...).decode(&doc)
	for _, v := range doc.History {
		row, column, marked := "none", "none", ""
		if v.Row != nil {
			row = fmt.Sprint(*v.Row)
		}
		if v.Column != nil {
			column = *v.Column
		}
		if v.Marked {
			marked = ", marked"
		}
		lines = append(lines, fmt.Sprintf("%d by %s: row %s of %s is %v%s", v.Version, v.AlignedBy, row, column, v.Value, marked))
	}
	return lines
}

var historyTests = []test{
	{"the history of a cell follows it through deletions, sorts, renames and undo", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "set_values", "column": "age", "rows": []int{1}, "value": 50})
		s.edit(op{"op": "delete_rows", "rows": []int{0}}, op{"op": "rename_columns", "columns": map[string]string{"age": "years"}})
		s.edit(op{"op": "sort", "by": []op{{"column": "name", "descending": true}}}, op{"op": "set_values", "column": "years", "rows": []int{2}, "value": nil}, op{"op": "mark_missing", "column": "years", "rows": []int{2}})
		want := []string{
			"4 by origin: row 2 of years is <nil>, marked", "3 by origin: row 0 of years is 50",
			"2 by origin: row 1 of age is 50", "1 by origin: row 1 of age is <nil>",
		}
		for _, params := range [][]string{{"row=2", "column=years"}, {"row=1", "column=age", "version=1"}} {
			if diff := cmp.Diff(want, s.history(params...)); diff != "" {
				c.Error(diff)
			}
		}
		s.post("/undo")
		if diff := cmp.Diff(want, s.history("row=0", "column=years")); diff != "" {
			c.Error(diff)
		}
		ann := s.history("row=0", "column=age", "version=1")
		if ann[0] != "4 by origin: row none of years is <nil>" || ann[3] != "1 by origin: row 0 of age is 31" {
			c.Errorf("%q", ann)
		}
	}},
	{"the history names who and when, and a column that is not there", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "add_column", "column": "n", "values": []int{1, 2, 3, 4}})
		a := s.get("/cells", "row=3", "column=n", "int64=string")
		for _, want := range []string{`"row":3,"column":"n","history":[{"version":2,"timestamp":"`, `"action_summary":"added the column n","aligned_by":"origin","row":3,"column":"n","value":"4"},{"version":1`, `"row":3,"column":null}]`} {
			if !strings.Contains(string(a.body), want) {
				c.Errorf("%s is not in %s", want, a.body)
			}
		}
	}},
	{"a cell that the version does not have is refused", func(c *client) {
		s := c.create(people)
		for _, tt := range []struct {
			params, code string
			status       int
			says         string
		}{
			{"row=4&column=age", "row_not_found", http.StatusUnprocessableEntity, "version 1 has no row 4; it has 4 rows"},
			{"row=0&column=nobody", "column_not_found", http.StatusUnprocessableEntity, `"nobody"`},
			{"row=0&column=age&version=2", "version_not_found", http.StatusNotFound, "version 2"},
			{"column=age", "invalid_parameter", http.StatusBadRequest, "row is needed"},
			{"row=0", "invalid_parameter", http.StatusBadRequest, "column is needed"},
			{"row=-1&column=age", "invalid_parameter", http.StatusBadRequest, "row=-1"},
			{"row=0&column=age&column=name", "invalid_parameter", http.StatusBadRequest, "give it once"},
		} {
			s.do("GET", s.path("/cells")+"?"+tt.params, nil).refused(tt.status, tt.code, tt.says)
		}
	}},
}
