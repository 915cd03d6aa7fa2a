//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/go-cmp/cmp"
)

type marks map[string][]int

// marks are the cells that are missing on purpose.
func (s *sess) marks() marks {
	s.Helper()
	var doc missingDocument
	s.get("/missing").decode(&doc)
	if inSession := s.document().IntentionalMissing; !cmp.Equal(inSession, doc.IntentionalMissing) {
		s.Errorf("the session document has %v, /missing %v", inSession, doc.IntentionalMissing)
	}
	return doc.IntentionalMissing
}

func (s *sess) areMarked(want marks) {
	s.Helper()
	if diff := cmp.Diff(want, s.marks()); diff != "" {
		s.Error(diff)
	}
}

// mark sends marks with PUT, which replaces marks, or PATCH, which merges them.
func (s *sess) mark(method string, m marks) *answer {
	s.Helper()
	return s.do(method, s.path("/missing"), m).is(http.StatusOK)
}

var missingTests = []test{
	{"PUT replaces all marks and PATCH those of the columns given", func(c *client) {
		s := c.create(people)
		s.areMarked(marks{})
		s.mark("PUT", marks{"score": {2, 0, 2}, "age": {1}}).golden("missing.json")
		s.areMarked(marks{"age": {1}, "score": {0, 2}})
		s.mark("PATCH", marks{"age": {3}, "active": {0}})
		s.areMarked(marks{"age": {3}, "score": {0, 2}, "active": {0}})
		s.mark("PATCH", marks{"score": {}})
		s.areMarked(marks{"age": {3}, "active": {0}})
		s.mark("PUT", marks{"name": {0}})
		s.areMarked(marks{"name": {0}})
		s.isPeople()
	}},
	{"marks are a version, which undo and redo walk", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1}})
		s.mark("PATCH", marks{"score": {2}})
		s.post("/undo")
		s.areMarked(marks{"age": {1}})
		s.post("/undo")
		s.areMarked(marks{})
		s.post("/redo")
		s.areMarked(marks{"age": {1}})
		if got := s.versions().ids(); !cmp.Equal(got, []int{1, 2, 3}) {
			c.Errorf("versions %v", got)
		}
	}},
	{"marks follow the operations", func(c *client) {
		s := c.create(numbers(10))
		s.mark("PUT", marks{"n": {0, 4, 5, 9}, "word": {4}, "square": {1}})
		s.edit(op{"op": "delete_rows", "rows": []int{9, 4, 2}})
		s.areMarked(marks{"n": {0, 3}, "square": {1}})
		s.edit(op{"op": "rename_columns", "columns": map[string]string{"n": "square", "square": "n"}})
		s.areMarked(marks{"square": {0, 3}, "n": {1}})
		s.edit(op{"op": "drop_columns", "columns": []string{"n"}})
		s.areMarked(marks{"square": {0, 3}})
		s.edit(op{"op": "set_values", "column": "square", "rows": []int{0, 1}, "values": []any{5, nil}})
		s.areMarked(marks{"square": {3}})
		s.edit(op{"op": "set_values", "column": "square", "rows": []int{3}, "value": nil})
		s.areMarked(marks{"square": {3}})
		s.edit(op{"op": "select_columns", "columns": []string{"word"}})
		s.areMarked(marks{})
		for range 3 {
			s.post("/undo")
		}
		s.areMarked(marks{"square": {0, 3}})
	}},
	{"marks survive appended rows and not a new table", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1}})
		s.send("POST", "text/csv", people).is(http.StatusOK)
		s.areMarked(marks{"age": {1}})
		s.send("PUT", "text/csv", people).is(http.StatusOK)
		s.areMarked(marks{})
		s.post("/undo")
		s.areMarked(marks{"age": {1}})
	}},
	{"marks of cells that there are not are refused", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1}})
		before := s.state()
		for _, method := range []string{"PUT", "PATCH"} {
			for _, tt := range []struct {
				body string
				code string
				says []string
			}{
				{`{"nobody":[0]}`, "column_not_found", []string{`"nobody"`}},
				{`{"age":[4]}`, "invalid_operation", []string{"row 4", `"age"`, "0 to 3"}},
				{`{"age":[-1]}`, "invalid_operation", []string{"row -1", "0 to 3"}},
				{`{"age":1}`, "malformed_input", []string{"JSON"}},
				{`{"age":["1"]}`, "malformed_input", []string{"JSON"}},
				{`[]`, "malformed_input", []string{"JSON"}},
				{`null`, "malformed_input", []string{"JSON"}},
				{``, "malformed_input", []string{"empty"}},
			} {
				s.do(method, s.path("/missing"), tt.body).refused(http.StatusUnprocessableEntity, tt.code, tt.says...)
			}
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}

func (s *sess) audit() (doc auditDocument) {
	s.Helper()
	s.get("/audit").decode(&doc)
	return doc
}

var auditTests = []test{
	{"the log begins with the creation and notes every change of the data", func(c *client) {
		s := c.create(people, "filename=x.csv")
		s.edit(setAge(1))
		s.post("/undo")
		s.do("POST", s.path("/versions"), map[string]string{"action_summary": "Checkpoint"}).is(http.StatusCreated)
		a := s.do("POST", s.path("/audit"), map[string]string{"entry": "Reviewed by Ann"}).is(http.StatusCreated)
		var added auditDocument
		a.golden("audit.json").decode(&added)
		if diff := cmp.Diff(added, s.audit()); diff != "" {
			c.Error(diff)
		}
		line := regexp.MustCompile(`^\[20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\] `)
		for _, e := range added.Entries {
			if !line.MatchString(e) {
				c.Errorf("entry %q", e)
			}
		}
		if added.InitialRows != 4 || !strings.HasSuffix(added.Entries[0], "] Session created. Original file: 'x.csv'. Initial rows: 4") {
			c.Errorf("log %+v", added)
		}
	}},
	{"undo takes nothing out of the log", func(c *client) {
		s := c.create(people)
		s.edit(setAge(1))
		before := s.audit().Entries
		s.post("/undo")
		if after := s.audit().Entries; len(after) != len(before)+1 || !cmp.Equal(after[:len(before)], before) {
			c.Errorf("log %q became %q", before, after)
		}
	}},
	{"a long log is kept whole and in order", func(c *client) {
		s := c.create("a\n1\n")
		const n = 300
		for i := range n {
			s.do("POST", s.path("/audit"), map[string]string{"entry": fmt.Sprintf("entry %d", i)}).is(http.StatusCreated)
		}
		entries := s.audit().Entries
		if len(entries) != n+1 {
			c.Fatalf("%d entries", len(entries))
		}
		for i, e := range entries[1:] {
			if !strings.HasSuffix(e, fmt.Sprintf("] entry %d", i)) {
				c.Errorf("entry %d is %q", i, e)
			}
		}
	}},
	{"what is no entry is refused", func(c *client) {
		s := c.create(people)
		before := s.state()
		for _, tt := range []struct {
			body, code string
			status     int
			says       string
		}{
			{`{"entry":""}`, "invalid_parameter", http.StatusBadRequest, "1 to 2000"},
			{`{}`, "invalid_parameter", http.StatusBadRequest, "1 to 2000"},
			{`{"entry":"` + strings.Repeat("x", 2001) + `"}`, "invalid_parameter", http.StatusBadRequest, "1 to 2000"},
			{`{"entry":7}`, "malformed_input", http.StatusUnprocessableEntity, "entry"},
			{`{"text":"x"}`, "malformed_input", http.StatusUnprocessableEntity, `"text"`},
			{``, "malformed_input", http.StatusUnprocessableEntity, "empty"},
		} {
			s.do("POST", s.path("/audit"), tt.body).refused(tt.status, tt.code, tt.says)
		}
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
}
