//go:build !js

package conformance

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// setAge sets the age in the first row.
func setAge(age int) op {
	return op{"op": "set_values", "column": "age", "rows": []int{0}, "value": age}
}

// age returns the age in the first row.
func (s *sess) age() int {
	s.Helper()
	return int(s.page("column=age", "limit=1").Data.Data[0][0].(float64))
}

var versionTests = []test{
	{"the list has every version with its sizes", func(c *client) {
		s := c.create(people)
		s.edit(op{"op": "delete_rows", "rows": []int{0}})
		doc := versionsDocument{}
		s.get("/versions").golden("versions.json").decode(&doc)
		first, second := doc.Versions[0], doc.Versions[1]
		if first.Shape != [2]int{4, 4} || second.Shape != [2]int{3, 4} || doc.CurrentVersion != 2 {
			c.Errorf("versions %+v", doc)
		}
		if first.NewBytes <= 0 || first.NewBytes != first.StoredBytes || second.NewBytes <= 0 {
			c.Errorf("sizes %+v", doc)
		}
	}},
	{"a snapshot is a version that stores nothing", func(c *client) {
		s := c.create(people)
		a := s.do("POST", s.path("/versions"), map[string]string{"action_summary": "Before the experiment"}).is(http.StatusCreated)
		doc := versionsDocument{}
		a.golden("snapshot.json").decode(&doc)
		if v := doc.Versions[1]; v.Summary != "Before the experiment" || v.NewBytes != 0 || v.StoredBytes != doc.Versions[0].StoredBytes || doc.CurrentVersion != 2 {
			c.Errorf("versions %+v", doc)
		}
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		s.isPeople()
	}},
	{"undo and redo walk the versions and stop at both ends", func(c *client) {
		s := c.create(people)
		s.do("POST", s.path("/undo"), nil).refused(http.StatusConflict, "nothing_to_undo", "before the current one")
		s.do("POST", s.path("/redo"), nil).refused(http.StatusConflict, "nothing_to_redo", "after the current one")
		s.edit(setAge(1))
		s.edit(setAge(2))
		for _, tt := range []struct {
			step     string
			age      int
			version  int
			canUndo  bool
			canRedo  bool
			revision uint64
		}{
			{"/undo", 1, 2, true, true, 4},
			{"/undo", 31, 1, false, true, 5},
			{"/redo", 1, 2, true, true, 6},
			{"/redo", 2, 3, true, false, 7},
			{"/undo", 1, 2, true, true, 8},
		} {
			doc := s.post(tt.step)
			if got := s.age(); got != tt.age || doc.CurrentVersion != tt.version || doc.CanUndo != tt.canUndo || doc.CanRedo != tt.canRedo || doc.Revision != tt.revision {
				c.Errorf("after %s: age %d, document %+v; want %+v", tt.step, got, doc, tt)
			}
		}
		if diff := cmp.Diff([]int{1, 2, 3}, s.versions().ids()); diff != "" {
			c.Error(diff)
		}
	}},
	{"a change after undo cuts off what could be redone", func(c *client) {
		s := c.create(people)
		s.edit(setAge(1))
		s.edit(setAge(2))
		s.post("/undo")
		doc := s.edit(setAge(3))
		if doc.CanRedo || s.age() != 3 {
			c.Errorf("age %d, can_redo %t", s.age(), doc.CanRedo)
		}
		if diff := cmp.Diff([]int{1, 2, 4}, s.versions().ids()); diff != "" {
			c.Error(diff)
		}
		s.do("POST", s.path("/redo"), nil).refused(http.StatusConflict, "nothing_to_redo")
		s.do("GET", s.path("/data", "version=3"), nil).refused(http.StatusNotFound, "version_not_found", "version 3")
	}},
	{"restore makes a new version of an old table", func(c *client) {
		s := c.create(people)
		s.edit(setAge(1))
		s.edit(op{"op": "drop_columns", "columns": []string{"name"}})
		doc := s.do("POST", s.path("/versions/2/restore"), nil).is(http.StatusOK).session()
		if doc.CurrentVersion != 4 || doc.Shape != [2]int{4, 4} || s.age() != 1 || doc.History[3].Summary != "Restore version 2" {
			c.Errorf("document %+v", doc)
		}
		if v := s.versions().Versions[3]; v.NewBytes != 0 || v.RowsBefore != 4 {
			c.Errorf("version %+v", v)
		}
		s.do("POST", s.path("/versions/1/restore"), map[string]string{"action_summary": "Back"}).is(http.StatusOK)
		s.isPeople()
		if doc := s.post("/undo"); doc.CurrentVersion != 4 || s.age() != 1 {
			c.Errorf("undo of a restore: version %d, age %d", doc.CurrentVersion, s.age())
		}
	}},
	{"restore refuses versions that there are not", func(c *client) {
		s := c.create(people)
		before := s.state()
		s.do("POST", s.path("/versions/7/restore"), nil).refused(http.StatusNotFound, "version_not_found", "version 7", "version 1 is")
		s.do("POST", s.path("/versions/0/restore"), nil).refused(http.StatusNotFound, "version_not_found", "begin at 1")
		s.do("POST", s.path("/versions/first/restore"), nil).refused(http.StatusBadRequest, "invalid_parameter", `"first"`, "whole number")
		s.do("POST", s.path("/versions/-1/restore"), nil).refused(http.StatusBadRequest, "invalid_parameter", `"-1"`, "whole number")
		s.do("POST", s.path("/versions/4294967296/restore"), nil).refused(http.StatusBadRequest, "invalid_parameter", "4294967296")
		s.do("POST", s.path("/versions"), map[string]string{"action_summary": strings.Repeat("x", 1001)}).refused(http.StatusBadRequest, "invalid_parameter", "1001", "1000")
		s.do("POST", s.path("/versions"), `{"summary":"x"}`).refused(http.StatusUnprocessableEntity, "malformed_input", `"summary"`)
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
	}},
	{"MAX_VERSIONS previous versions are kept, the oldest goes first", func(c *client) {
		s := c.create(people)
		last := c.target.MaxVersions + 4
		for v := 2; v <= last; v++ {
			s.edit(setAge(v))
		}
		var want []int
		for v := last - c.target.MaxVersions; v <= last; v++ {
			want = append(want, v)
		}
		if diff := cmp.Diff(want, s.versions().ids()); diff != "" {
			c.Error(diff)
		}
		for _, v := range want {
			if got := s.cells("column=age", "limit=1", fmt.Sprintf("version=%d", v)); got != fmt.Sprintf("[%d]", v) {
				c.Errorf("version %d has %s", v, got)
			}
		}
		for range c.target.MaxVersions {
			s.post("/undo")
		}
		if got := s.age(); got != want[0] {
			c.Errorf("the oldest has age %d, want %d", got, want[0])
		}
		s.do("POST", s.path("/undo"), nil).refused(http.StatusConflict, "nothing_to_undo")
	}},
	{"a version that restore has brought back survives its original", func(c *client) {
		s := c.create(people)
		s.edit(setAge(99))
		s.do("POST", s.path("/versions/1/restore"), nil).is(http.StatusOK)
		for range c.target.MaxVersions + 1 {
			s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		}
		s.isPeople()
	}},
	{"an edit of one column stores little of a wide table", func(c *client) {
		var b strings.Builder
		b.WriteString("c0")
		for i := 1; i < 50; i++ {
			fmt.Fprintf(&b, ",c%d", i)
		}
		b.WriteByte('\n')
		for row := range 10_000 {
			fmt.Fprintf(&b, "%d", row)
			for i := 1; i < 50; i++ {
				fmt.Fprintf(&b, ",%d", (row*7919+i*104_729)%1_000_003)
			}
			b.WriteByte('\n')
		}
		s := c.create(b.String())
		s.edit(op{"op": "set_values", "column": "c25", "rows": []int{5000}, "value": -1})
		if v := s.versions().Versions; v[1].NewBytes <= 0 || v[1].NewBytes*4 > v[0].StoredBytes {
			c.Errorf("%d bytes for one column of a table of %d", v[1].NewBytes, v[0].StoredBytes)
		}
	}},
}
