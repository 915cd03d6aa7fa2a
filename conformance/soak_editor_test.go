//go:build linux

package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// editor changes a session of its own at random, and knows what each version has to contain.
type editor struct {
	*soak
	id     string
	random *rand.Rand
	// doc is the session document of the last change that was acknowledged.
	doc sessionDocument
	// tables are the lines of the CSV file of each version, without the header. They are not
	// changed in place.
	tables map[int][]string
}

const editorHeader = "n,square,word\n"

func newEditor(s *soak, seed uint64) *editor {
	c := s.client.Load()
	made := c.create(numbers(200))
	e := &editor{soak: s, id: made.id, random: rand.New(rand.NewPCG(seed, 17)), doc: made.made, tables: map[int][]string{}}
	e.tables[e.doc.CurrentVersion] = slices.Collect(strings.Lines(strings.TrimPrefix(numbers(200), editorHeader)))
	return e
}

// edit is a change of a session.
type edit struct {
	kind, method, below string
	body                any
	headers             []string
	// after is the table of the version that the change makes. It is nil if it makes none.
	after []string
}

// work makes changes until the soak is over.
func (e *editor) work() {
	for !closed(e.done) {
		change := e.next()
		a := e.ask(change.kind, true, change.method, "/api/v1/sessions/"+e.id+change.below, change.body, change.headers...)
		switch {
		case a != nil && a.status < 300:
			var doc sessionDocument
			if err := json.Unmarshal(a.body, &doc); err != nil {
				e.Errorf("%s: %v", a.request, err)
				return
			}
			if doc.Revision != e.doc.Revision+1 {
				e.loses("%s: revision %d after %d", a.request, doc.Revision, e.doc.Revision)
			}
			e.took(change, doc)
		case a != nil && a.status == http.StatusConflict: // nothing to undo or redo
		default:
			if !e.settle(&change) {
				return
			}
		}
	}
}

// next returns a random change.
func (e *editor) next() edit {
	now := e.tables[e.doc.CurrentVersion]
	row, value := e.random.IntN(len(now)), e.random.IntN(1_000_000)
	operation := func(kind string, after []string, o op) edit {
		return edit{kind: kind, method: "PATCH", below: "/data", body: map[string]any{"operations": []op{o}}, after: after}
	}
	switch n := e.random.IntN(20); {
	case n < 9:
		after := slices.Clone(now)
		cells := strings.Split(now[row], ",")
		after[row] = fmt.Sprintf("%s,%d,%s", cells[0], value, cells[2])
		return operation("set", after, op{"op": "set_values", "column": "square", "rows": []int{row}, "value": value})
	case n < 11 || len(now) < 50:
		line := fmt.Sprintf("%d,%d,new\n", value, value+1)
		return edit{"append", "POST", "/data", editorHeader + line, []string{"Content-Type: text/csv"}, append(slices.Clone(now), line)}
	case n < 13:
		return operation("delete row", slices.Delete(slices.Clone(now), row, row+1), op{"op": "delete_rows", "rows": []int{row}})
	case n < 16:
		return edit{kind: "undo", method: "POST", below: "/undo"}
	case n < 18:
		return edit{kind: "redo", method: "POST", below: "/redo"}
	default:
		ids := slices.Sorted(maps.Keys(e.tables))
		id := ids[e.random.IntN(len(ids))]
		return edit{kind: "restore", method: "POST", below: fmt.Sprintf("/versions/%d/restore", id), after: e.tables[id]}
	}
}

// took notes the document of a change that was made, and forgets the versions that it dropped.
func (e *editor) took(change edit, doc sessionDocument) {
	if change.after != nil {
		e.tables[doc.CurrentVersion] = change.after
	} else if e.tables[doc.CurrentVersion] == nil {
		e.loses("%s leads to the unknown version %d", change.kind, doc.CurrentVersion)
	}
	maps.DeleteFunc(e.tables, func(id int, _ []string) bool {
		return !slices.ContainsFunc(doc.History, func(h historyEntry) bool { return h.VersionID == id })
	})
	e.doc = doc
}

// settle finds out whether a change that got no answer, or 503, was made, as soon as there is a server
// again. It returns false if the session cannot be read.
func (e *editor) settle(change *edit) bool {
	doc, ok := e.current()
	if ok {
		// What was on its way to a store that did not answer may arrive when it does.
		time.Sleep(200 * time.Millisecond)
		doc, ok = e.current()
	}
	if !ok {
		e.loses("session %s cannot be read", e.id)
		return false
	}
	switch doc.Revision - e.doc.Revision {
	case 0:
		e.same(doc)
	case 1:
		e.took(*change, doc)
	default:
		e.loses("session %s is at revision %d, acknowledged was %d", e.id, doc.Revision, e.doc.Revision)
		return false
	}
	return true
}

// same checks that a document has the state that was acknowledged.
func (e *editor) same(doc sessionDocument) {
	if want := e.doc; doc.Revision != want.Revision || doc.CurrentVersion != want.CurrentVersion || !slices.Equal(doc.History, want.History) {
		e.loses("session %s is at revision %d with history %+v, acknowledged was %d with %+v", e.id, doc.Revision, doc.History, want.Revision, want.History)
	}
}

// current reads the session, and waits for a server that can.
func (e *editor) current() (doc sessionDocument, ok bool) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		a := e.ask("settle", false, "GET", "/api/v1/sessions/"+e.id, nil)
		if a != nil && a.status == http.StatusOK {
			err := json.Unmarshal(a.body, &doc)
			return doc, err == nil
		}
		if a != nil && a.status == http.StatusNotFound {
			return doc, false
		}
	}
	return doc, false
}

// verify compares the session and the table of every version with what was acknowledged.
func (e *editor) verify() {
	doc, ok := e.current()
	if !ok {
		e.loses("session %s cannot be read", e.id)
		return
	}
	e.same(doc)
	for _, h := range doc.History {
		a := e.ask("check", false, "GET", fmt.Sprintf("/api/v1/sessions/%s/data?format=csv&version=%d", e.id, h.VersionID), nil)
		if a == nil || a.status != http.StatusOK {
			e.loses("version %d of session %s cannot be read", h.VersionID, e.id)
		} else if want := editorHeader + strings.Join(e.tables[h.VersionID], ""); string(a.body) != want {
			e.loses("version %d of session %s has other data", h.VersionID, e.id)
		}
	}
}
