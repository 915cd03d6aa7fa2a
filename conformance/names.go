//go:build !js

package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// versionDetails is the document of a version.
type versionDetails struct {
	versionEntry
	madeBy
}

// madeBy says how a version was made.
type madeBy struct {
	Kind       string          `json:"kind"`
	Parent     int             `json:"parent"`
	Key        []string        `json:"key"`
	Operations json.RawMessage `json:"operations"`
}

// version returns what the session says of a version.
func (s *sess) version(ref string) (doc versionDetails) {
	s.Helper()
	s.get("/versions/" + url.PathEscape(ref)).decode(&doc)
	return doc
}

// name gives a version a name.
func (s *sess) name(ref, name string) *answer {
	s.Helper()
	return s.do("PUT", s.path("/versions/"+url.PathEscape(ref)+"/name"), map[string]string{"name": name})
}

var nameTests = []test{
	{"a version says how it was made, with the operations as they were sent", func(c *client) {
		s := c.create(people, "filename=people.csv")
		sent := `[{"op":"set_values","column":"age","rows":[0],"value":7},{"op":"sort","by":[{"column":"age"}]}]`
		s.do("PATCH", s.path("/data"), `{"action_summary": "é", "operations": `+strings.ReplaceAll(sent, ",", " ,\n ")+`}`, "Content-Type: application/json").is(http.StatusOK)
		s.do("POST", s.path("/data", "key=name"), people, "Content-Type: text/csv").is(http.StatusOK)
		s.mark("PUT", marks{"age": {1}})
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		s.post("/versions/2/restore")
		for i, want := range []madeBy{
			{Kind: "create"},
			{Kind: "edit", Parent: 1, Operations: json.RawMessage(sent)},
			{Kind: "upsert", Parent: 2, Key: []string{"name"}},
			{Kind: "marks", Parent: 3},
			{Kind: "snapshot", Parent: 4},
			{Kind: "restore", Parent: 2},
		} {
			got := s.version(fmt.Sprint(i + 1))
			if diff := cmp.Diff(want, got.madeBy); diff != "" {
				c.Error(diff)
			}
			if diff := cmp.Diff(s.versions().Versions[i], got.versionEntry, cmp.AllowUnexported(versionEntry{})); diff != "" {
				c.Error(diff)
			}
		}
	}},
	{"a version with a name stays, and is found by it wherever a version is asked for", func(c *client) {
		s := c.create(people)
		var doc versionsDocument
		s.name("1", "raw, 'locked' é").is(http.StatusOK).decode(&doc)
		if doc.Versions[0].Name != "raw, 'locked' é" {
			c.Errorf("versions %+v", doc)
		}
		for i := range c.target.MaxVersions + 3 {
			s.edit(setAge(100 + i))
		}
		list := s.versions()
		if got := list.ids(); got[0] != 1 || got[1] != 4 || len(got) != c.target.MaxVersions+2 {
			c.Fatalf("versions %v", got)
		}
		ref := "@raw, 'locked' é"
		if first := s.version(ref); first.VersionID != 1 || first.Name != ref[1:] {
			c.Errorf("version %+v", first)
		}
		named := "version=" + ref
		if got := s.cells(named, "column=age", "limit=1"); got == s.cells("column=age", "limit=1") {
			c.Errorf("the first age of the named version is %s", got)
		}
		s.get("/data", named, "format=csv").has("Edgeframe-Version", "1")
		s.get("/describe", named).has("Edgeframe-Version", "1")
		s.get("/missing", named).has("Edgeframe-Version", "1")
		s.do("POST", s.path("/data/query"), op{"version": ref, "limit": 1}).is(http.StatusOK).has("Edgeframe-Version", "1")
		made := c.do("POST", "/api/v1/sessions", map[string]any{"from": map[string]any{"session": s.id, "version": ref}}).is(http.StatusCreated)
		if text := string(made.body); !strings.Contains(text, `"version":1,`) {
			c.Errorf("a session is made of %s", text)
		}
		s.post("/versions/" + url.PathEscape(ref) + "/restore")
		s.isPeople()
		s.do("DELETE", s.path("/versions/"+url.PathEscape(ref)+"/name"), nil).is(http.StatusOK)
		if got := s.versions().ids(); got[0] != 1 {
			c.Errorf("versions %v after the name was taken away", got)
		}
		s.edit(setAge(1))
		if got := s.versions().ids(); slices.Contains(got, 1) {
			c.Errorf("versions %v after the next edit", got)
		}
	}},
	{"what is not the name of a version is refused", func(c *client) {
		s := c.create(people)
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		before := s.state()
		for _, name := range []string{"1", "@x", " x", "x\n", strings.Repeat("x", 101), "2026-01-31T09:30:00Z"} {
			s.name("1", name).refused(http.StatusBadRequest, "invalid_parameter", "name")
		}
		s.name("1", "").refused(http.StatusUnprocessableEntity, "malformed_input", "DELETE")
		s.name("3", "x").refused(http.StatusNotFound, "version_not_found", "versions 1 to 2 are")
		s.name("@nobody", "x").refused(http.StatusNotFound, "version_not_found", "nobody")
		s.name("x", "x").refused(http.StatusBadRequest, "invalid_parameter", `"x"`)
		if diff := cmp.Diff(before, s.state()); diff != "" {
			c.Error(diff)
		}
		s.name("1", "raw").is(http.StatusOK)
		s.name("2", "raw").refused(http.StatusConflict, "name_taken", "raw", "version 1")
		for i := range 19 {
			s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
			s.name(fmt.Sprint(i+3), fmt.Sprint("n", i)).is(http.StatusOK)
		}
		s.do("POST", s.path("/versions"), nil).is(http.StatusCreated)
		s.name("22", "one more").refused(http.StatusConflict, "too_many_names", "20")
		s.name("1", "other").is(http.StatusOK)
	}},
	{"a time stands for the version that was current then", func(c *client) {
		s := c.create(people)
		at := []string{s.versions().Versions[0].Timestamp}
		for i := range 2 {
			s.edit(setAge(i))
			list := s.versions().Versions
			at = append(at, list[len(list)-1].Timestamp)
		}
		for i, time := range at {
			s.get("/data", "version="+time).has("Edgeframe-Version", fmt.Sprint(i+1))
		}
		s.get("/data", "version=2100-01-01T00:00:00+02:00").has("Edgeframe-Version", "3")
		s.do("GET", s.path("/data", "version=2020-01-01T00:00:00Z"), nil).refused(http.StatusNotFound, "version_not_found", "2020-01-01T00:00:00Z")
		s.do("GET", s.path("/data", "version=yesterday"), nil).refused(http.StatusBadRequest, "invalid_parameter", "yesterday", "2026-01-31T09:30:00Z")
		s.do("POST", s.path("/data/query"), op{"version": "yesterday"}).refused(http.StatusUnprocessableEntity, "invalid_query", "yesterday")
	}},
}
