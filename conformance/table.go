//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// send uploads a table to the session's data.
func (s *sess) send(method, contentType string, body any, params ...string) *answer {
	s.Helper()
	return s.do(method, s.path("/data", params...), body, "Content-Type: "+contentType)
}

var tableTests = []test{
	{"POST appends rows by the names of their columns", func(c *client) {
		s := c.create(people)
		doc := s.send("POST", "text/csv", "active,name,score,age\nfalse,Eve,7.5,19\n,Fay,,\n", "action_summary=Two more").is(http.StatusOK).session()
		last := doc.History[1]
		if doc.Shape != [2]int{6, 4} || last.Summary != "Two more" || last.RowsBefore != 4 || last.RowsAfter != 6 {
			c.Errorf("shape %v, history %+v", doc.Shape, doc.History)
		}
		if diff := cmp.Diff(peopleCells+"\n[\"Eve\",19,7.5,false]\n[\"Fay\",null,null,null]", s.cells()); diff != "" {
			c.Error(diff)
		}
		if diff := cmp.Diff(map[string]int{"name": 0, "age": 2, "score": 2, "active": 2}, doc.MissingValues); diff != "" {
			c.Error(diff)
		}
	}},
	{"every format can be appended", func(c *client) {
		for _, f := range peopleFiles() {
			c.run(f.format, func(c *client) {
				s := c.create(people)
				s.send("POST", f.contentType, f.body).is(http.StatusOK)
				if diff := cmp.Diff(peopleCells+"\n"+peopleCells, s.cells()); diff != "" {
					c.Error(diff)
				}
			})
		}
	}},
	{"appended values take the type of their column where they fit it", func(c *client) {
		s := c.create("f,t\n1.5,x\n")
		s.send("POST", "text/csv", "f,t\n2,3\n").is(http.StatusOK)
		if got := s.cells(); got != "[1.5,\"x\"]\n[2.0,\"3\"]" {
			c.Error(got)
		}
		if got := s.document().DTypes; !cmp.Equal(got, map[string]string{"f": "float64", "t": "utf8"}) {
			c.Error(got)
		}
	}},
	{"appending crosses row groups in order", func(c *client) {
		s := c.create(numbers(16_000))
		var b strings.Builder
		b.WriteString("n,square,word\n")
		for i := 16_000; i < 18_000; i++ {
			fmt.Fprintf(&b, "%d,%d,w%d\n", i, i*i, i%7)
		}
		s.send("POST", "text/csv", b.String()).is(http.StatusOK)
		if got, want := string(s.get("/data", "format=csv").body), numbers(18_000); got != want {
			c.Error("the table is not the two files in order")
		}
	}},
	{"what does not fit is refused and named", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, tt := range []struct {
			file string
			says []string
		}{
			{"name,age,score\nEve,1,1.5\n", []string{`"active"`, "missing"}},
			{"name,age,score,active,extra\nEve,1,1.5,true,1\n", []string{`"extra"`, "not in the table"}},
			{"name,age,score,active\nEve,old,1.5,true\n", []string{`"age"`, "int64"}},
			{"name,age,score,active\nEve,1.5,1.5,true\n", []string{`"age"`, "int64"}},
			{"name,age,score,active\nEve,1,1.5,7\n", []string{`"active"`, "bool"}},
		} {
			s.send("POST", "text/csv", tt.file).refused(http.StatusUnprocessableEntity, "schema_mismatch", tt.says...)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"PUT replaces the table, its columns too, and undo brings the old one back", func(c *client) {
		s := c.create(people)
		doc := s.send("PUT", "application/json", `[{"x":1,"y":"a"}]`, "action_summary=New").is(http.StatusOK).session()
		last := doc.History[1]
		if doc.Shape != [2]int{1, 2} || last.Summary != "New" || last.RowsBefore != 4 || last.RowsAfter != 1 || s.cells() != `[1,"a"]` {
			c.Errorf("shape %v, history %+v", doc.Shape, doc.History)
		}
		s.post("/undo")
		s.isPeople()
	}},
	{"PUT keeps the marks of cells that are still missing, and says how many go", func(c *client) {
		const before = "id,a,b\n1,NA,x\n2,NA,NA\n3,5,NA\n4,NA,y\n"
		for _, tt := range []struct {
			claim, table string
			params       []string
			marks        marks
			counts       carriedMarks
		}{
			{"the very same table", before, nil, marks{"a": {0, 1, 3}, "b": {1, 2}}, carriedMarks{5, 0}},
			{"as many rows, and a cell that has a value now", "id,a,b\n1,7,x\n2,NA,NA\n3,5,NA\n4,NA,y\n", nil, marks{"a": {1, 3}, "b": {1, 2}}, carriedMarks{4, 1}},
			{"as many rows without a column, and another order of columns", "b,id\nx,1\nNA,2\nNA,3\ny,4\n", nil, marks{"b": {1, 2}}, carriedMarks{2, 3}},
			{"another number of rows", "id,a,b\n1,NA,x\n2,NA,NA\n", nil, marks{}, carriedMarks{0, 5}},
			{"another number of rows with a key", "id,a,b\n9,1,z\n4,NA,y\n2,NA,NA\n", []string{"key=id"}, marks{"a": {1, 2}, "b": {2}}, carriedMarks{3, 2}},
			{"another order of rows with a key", "id,a,b\n4,NA,y\n3,5,NA\n2,NA,NA\n1,NA,x\n", []string{"key=id"}, marks{"a": {0, 2, 3}, "b": {1, 2}}, carriedMarks{5, 0}},
			{"no rows", "id,a,b\n", []string{"key=id"}, marks{}, carriedMarks{0, 5}},
		} {
			c.run(tt.claim, func(c *client) {
				s := c.create(before)
				s.mark("PUT", marks{"a": {0, 1, 3}, "b": {1, 2}})
				doc := s.send("PUT", "text/csv", tt.table, tt.params...).is(http.StatusOK).session()
				if doc.Marks == nil || *doc.Marks != tt.counts {
					c.Errorf("%+v, want %+v", doc.Marks, tt.counts)
				}
				if diff := cmp.Diff(tt.marks, s.marks()); diff != "" {
					c.Error(diff)
				}
				s.post("/undo")
				if diff := cmp.Diff(marks{"a": {0, 1, 3}, "b": {1, 2}}, s.marks()); diff != "" {
					c.Errorf("after undo: %s", diff)
				}
			})
		}
		s := c.create(before)
		if doc := s.send("PUT", "text/csv", before).is(http.StatusOK).session(); doc.Marks != nil {
			c.Errorf("without marks the answer says %+v", doc.Marks)
		}
		s.mark("PUT", marks{"a": {0, 1}})
		s.send("PUT", "text/csv", "a\n1\n", "key=id").refused(http.StatusUnprocessableEntity, "column_not_found", "key=id")
		s.send("PUT", "text/csv", "id,a\n1,NA\n1,NA\n", "key=id").refused(http.StatusUnprocessableEntity, "schema_mismatch", "key=id", `"1"`, "two rows")
	}},
	{"PUT and POST take forms, parse options and a filename that says the format", func(c *client) {
		s := c.create(people)
		body, mediaType := form("t.csv", "", []byte("a|b\n1|2\n"), "delimiter=pipe", "action_summary=From a form")
		doc := s.send("PUT", mediaType, body).is(http.StatusOK).session()
		if s.cells() != "[1,2]" || doc.History[1].Summary != "From a form" {
			c.Errorf("cells %s, history %+v", s.cells(), doc.History)
		}
		s.send("POST", "application/octet-stream", "a\tb\n3\t4\n", "filename=t.tsv").is(http.StatusOK)
		if got := s.cells(); got != "[1,2]\n[3,4]" {
			c.Error(got)
		}
	}},
	{"PUT and POST refuse what creating refuses", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, method := range []string{"PUT", "POST"} {
			s.send(method, "image/png", "x").refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "image/png", "text/csv")
			s.send(method, "text/csv", "").refused(http.StatusUnprocessableEntity, "malformed_input", "empty", "csv")
			s.send(method, "text/csv", "a,b\n1\n").refused(http.StatusUnprocessableEntity, "malformed_input", "line 2")
			s.send(method, "text/csv", people, "ttl_seconds=5").refused(http.StatusBadRequest, "invalid_parameter", "ttl_seconds", "action_summary")
			s.send(method, "text/csv", people, "action_summary="+strings.Repeat("x", 1001)).refused(http.StatusBadRequest, "invalid_parameter", "1000")
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}
