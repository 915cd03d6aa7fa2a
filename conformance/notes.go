//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

type marks map[string][]int

// marks are the cells that are missing on purpose.
func (s *sess) marks() marks {
	s.Helper()
	doc := s.pageOfMarks()
	if inSession := s.document().IntentionalMissing; !cmp.Equal(inSession, doc.IntentionalMissing.counts()) {
		s.Errorf("the session document counts %v, /missing has %v", inSession, doc.IntentionalMissing)
	}
	return doc.IntentionalMissing
}

func (s *sess) pageOfMarks(params ...string) (doc missingDocument) {
	s.Helper()
	s.get("/missing", params...).decode(&doc)
	n := 0
	for _, rows := range doc.IntentionalMissing {
		n += len(rows)
	}
	if doc.Returned != n {
		s.Errorf("a page of %d marks says that it has %d", n, doc.Returned)
	}
	return doc
}

// counts are the numbers of marks as the session document has them.
func (m marks) counts() map[string]int {
	counts := map[string]int{}
	for column, rows := range m {
		counts[column] = len(rows)
	}
	return counts
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
		if doc := s.mark("PUT", marks{"score": {2, 0, 2}, "age": {1}}).session(); !cmp.Equal(doc.IntentionalMissing, map[string]int{"age": 1, "score": 2}) || doc.CurrentVersion != 2 {
			c.Errorf("PUT answers %+v", doc)
		}
		s.get("/missing").golden("missing.json")
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
	{"marks that are set again make no version and leave what can be redone", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1}, "score": {2}})
		s.mark("PATCH", marks{"age": {3}})
		s.post("/undo")
		before := string(s.get("/versions").body)
		for _, same := range []struct {
			method string
			marks  marks
		}{{"PUT", marks{"score": {2, 2}, "age": {1}}}, {"PATCH", marks{"age": {1}}}, {"PATCH", marks{"active": {}}}} {
			if doc := s.mark(same.method, same.marks).session(); !doc.CanRedo || doc.CurrentVersion != 2 {
				c.Errorf("%v: version %d, redo %v", same, doc.CurrentVersion, doc.CanRedo)
			}
		}
		if diff := cmp.Diff(before, string(s.get("/versions").body)); diff != "" {
			c.Error(diff)
		}
		s.post("/redo")
		s.areMarked(marks{"age": {3}, "score": {2}})
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
	{"the session document counts marks, whatever their number", func(c *client) {
		s := c.create(numbers(20_000))
		all := make([]int, 20_000)
		for i := range all {
			all[i] = i
		}
		want := map[string]int{"n": 20_000, "word": 1}
		marked := s.mark("PUT", marks{"n": all, "word": {7}})
		documents := []*answer{marked, s.get(""), s.do("PATCH", s.path(""), `{"metadata":{"a":1}}`), s.do("POST", s.path("/touch"), nil)}
		for _, a := range documents {
			if got := a.is(http.StatusOK).session().IntentionalMissing; !cmp.Equal(got, want) || len(a.body) > 2000 {
				c.Errorf("%s: %d bytes count %v, want %v", a.request, len(a.body), got, want)
			}
		}
		if doc := s.pageOfMarks(); doc.Total != 20_001 || doc.Returned != 10_000 || !cmp.Equal(doc.IntentionalMissing, marks{"n": all[:10_000]}) {
			c.Errorf("a page without parameters has %d of %d marks", doc.Returned, doc.Total)
		}
		if doc := s.pageOfMarks("offset=19999", "limit=100000"); !cmp.Equal(doc, missingDocument{marks{"n": {19_999}, "word": {7}}, 20_001, 19_999, 2}) {
			c.Errorf("the last page is %+v", doc)
		}
	}},
	{"marks are read page by page, of some columns and of a version", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"score": {0, 2}, "age": {1, 3}, "name": {0}})
		old := s.document().CurrentVersion
		s.edit(op{"op": "delete_rows", "rows": []int{0}})
		for _, tt := range []struct {
			params []string
			want   missingDocument
			link   string
		}{
			{nil, missingDocument{marks{"age": {0, 2}, "score": {1}}, 3, 0, 3}, ""},
			{[]string{"limit=1"}, missingDocument{marks{"age": {0}}, 3, 0, 1}, "limit=1&offset=1&version=3"},
			{[]string{"limit=2", "offset=1"}, missingDocument{marks{"age": {2}, "score": {1}}, 3, 1, 2}, ""},
			{[]string{"offset=3"}, missingDocument{marks{}, 3, 3, 0}, ""},
			{[]string{"limit=0"}, missingDocument{marks{}, 3, 0, 0}, ""},
			{[]string{"column=name"}, missingDocument{marks{}, 0, 0, 0}, ""},
			{[]string{"column=score", "column=age", "limit=2"}, missingDocument{marks{"score": {1}, "age": {0}}, 3, 0, 2}, "column=score&column=age&limit=2&offset=2&version=3"},
			{[]string{"version=" + strconv.Itoa(old), "limit=3"}, missingDocument{marks{"name": {0}, "age": {1, 3}}, 5, 0, 3}, "limit=3&offset=3&version=" + strconv.Itoa(old)},
		} {
			if diff := cmp.Diff(tt.want, s.pageOfMarks(tt.params...)); diff != "" {
				c.Errorf("%q: %s", tt.params, diff)
			}
			link := ""
			if tt.link != "" {
				link = "<" + s.path("/missing") + "?" + tt.link + `>; rel="next"`
			}
			s.get("/missing", tt.params...).has("Link", link)
		}
		for params, says := range map[string]string{"limit=100001": "0 to 100000", "limit=x": "whole number", "offset=-1": "whole number", "version=0": "whole number", "order=asc": `"order"`} {
			s.do("GET", s.path("/missing")+"?"+params, nil).refused(http.StatusBadRequest, "invalid_parameter", says)
		}
		s.do("GET", s.path("/missing", "column=nobody"), nil).refused(http.StatusUnprocessableEntity, "column_not_found", `"nobody"`)
		s.do("GET", s.path("/missing", "column=age", "column=age"), nil).refused(http.StatusBadRequest, "invalid_parameter", `"age"`, "twice")
		s.do("GET", s.path("/missing", "version=99"), nil).refused(http.StatusNotFound, "version_not_found", "99")
	}},
	{"a page of marks has the ETag of its version", func(c *client) {
		s := c.create(people)
		s.mark("PUT", marks{"age": {1, 3}})
		a := s.get("/missing")
		a.has("Edgeframe-Version", "2").has("Edgeframe-Revision", s.get("").header.Get("Edgeframe-Revision"))
		tag := a.header.Get("ETag")
		s.describe(`{"metadata":{"k":1}}`)
		s.do("GET", s.path("/missing"), nil, "If-None-Match: "+tag).is(http.StatusNotModified).has("ETag", tag)
		s.do("GET", s.path("/missing", "offset=1"), nil, "If-None-Match: "+tag).is(http.StatusOK)
		s.mark("PUT", marks{})
		s.do("GET", s.path("/missing"), nil, "If-None-Match: "+tag).is(http.StatusOK)
		s.do("PUT", s.path("/missing"), marks{"age": {0}}, "If-Match: "+tag).refused(http.StatusPreconditionFailed, "precondition_failed")
		s.do("HEAD", s.path("/missing"), nil).is(http.StatusOK)
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

func (s *sess) audit(params ...string) (doc auditDocument) {
	s.Helper()
	s.get("/audit", params...).decode(&doc)
	return doc
}

// log adds an entry to the audit log.
func (s *sess) log(entry string) (added entryDocument) {
	s.Helper()
	s.do("POST", s.path("/audit"), map[string]string{"entry": entry}).is(http.StatusCreated).decode(&added)
	return added
}

var auditTests = []test{
	{"the log begins with the creation and notes every change of the data", func(c *client) {
		s := c.create(people, "filename=x.csv")
		s.edit(setAge(1))
		s.post("/undo")
		s.do("POST", s.path("/versions"), map[string]string{"action_summary": "Checkpoint"}).is(http.StatusCreated)
		a := s.do("POST", s.path("/audit"), map[string]string{"entry": "Reviewed by Ann"}).is(http.StatusCreated)
		var added entryDocument
		a.golden("audit_entry.json").decode(&added)
		s.get("").has("Edgeframe-Revision", a.header.Get("Edgeframe-Revision")).has("ETag", a.header.Get("ETag"))
		var log auditDocument
		s.get("/audit").golden("audit.json").decode(&log)
		line := regexp.MustCompile(`^\[20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\] `)
		for _, e := range log.Entries {
			if !line.MatchString(e) {
				c.Errorf("entry %q", e)
			}
		}
		if log.InitialRows != 4 || log.Total != 5 || !strings.HasSuffix(log.Entries[0], "] Session created. Original file: 'x.csv'. Initial rows: 4") {
			c.Errorf("log %+v", log)
		}
		if log.Entries[4] != added.Entry || added.Index != 4 {
			c.Errorf("%q was added at %d to the log %+v", added.Entry, added.Index, log)
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
			if added := s.log(fmt.Sprintf("entry %d", i)); added.Index != i+1 {
				c.Errorf("entry %d is at %d of the log", i, added.Index)
			}
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
		for _, tt := range []struct {
			params   string
			from, to int
			link     string
		}{
			{"limit=100", 0, 100, "limit=100&offset=100"},
			{"limit=100&offset=100", 100, 200, "limit=100&offset=200"},
			{"offset=256", 256, 301, ""},
			{"limit=10&offset=127&order=asc", 127, 137, "limit=10&offset=137&order=asc"},
			{"offset=301", 301, 301, ""},
			{"limit=0", 0, 0, ""},
		} {
			a := s.do("GET", s.path("/audit")+"?"+tt.params, nil).is(http.StatusOK)
			var page auditDocument
			a.decode(&page)
			if !cmp.Equal(page.Entries, entries[tt.from:tt.to]) || page.Total != n+1 || page.Offset != tt.from {
				c.Errorf("%s: %d entries at %d of %d", tt.params, len(page.Entries), page.Offset, page.Total)
			}
			if tt.link != "" {
				tt.link = "<" + s.path("/audit") + "?" + tt.link + `>; rel="next"`
			}
			a.has("Link", tt.link)
		}
		slices.Reverse(entries)
		if page := s.audit("order=desc", "limit=200", "offset=50"); !cmp.Equal(page.Entries, entries[50:250]) {
			c.Errorf("%d entries, newest first, from %q", len(page.Entries), page.Entries[0])
		}
		for params, says := range map[string]string{"limit=10001": "0 to 10000", "offset=x": "whole number", "order=newest": "asc or desc", "version=1": `"version"`} {
			s.do("GET", s.path("/audit")+"?"+params, nil).refused(http.StatusBadRequest, "invalid_parameter", says)
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
