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
