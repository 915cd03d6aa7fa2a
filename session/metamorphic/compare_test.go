package metamorphic

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/kv"
	"edgeframe/session"
)

// kinds are the errors by which a client tells refusals apart.
var kinds = []error{
	session.ErrSessionNotFound, session.ErrVersionNotFound, session.ErrNothingToUndo, session.ErrNothingToRedo,
	session.ErrNameTaken, session.ErrConflict, session.ErrPreconditionFailed, session.ErrStaleRead, session.ErrCorrupt, session.ErrInvalidParameter,
	frame.ErrColumnNotFound, frame.ErrInvalidOperation, codec.ErrMismatch, codec.ErrMalformed, kv.ErrUnavailable,
}

// kindOf returns the kind of an error, or the error itself if it is of none.
func kindOf(err error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

// checkKind compares the error of a call with the kind that it has to have, nil for success.
func checkKind(err, want error) error {
	if kindOf(err) != want {
		return fmt.Errorf("the call returned %v, the model %v", orSuccess(err), orSuccess(want))
	}
	return nil
}

func orSuccess(err error) any {
	if err == nil {
		return "success"
	}
	return err
}

// differs returns an error unless two values are equal.
func differs(what string, got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("%s: %v, the model has %v", what, got, want)
}

// checkSession compares what a session says of itself.
func (m *model) checkSession(v *session.Session, s *state) error {
	var metadata map[string]any
	if err := json.Unmarshal(v.Metadata, &metadata); err != nil {
		return fmt.Errorf("metadata %q: %w", v.Metadata, err)
	}
	_, canUndo := s.beside(-1)
	_, canRedo := s.beside(+1)
	return errors.Join(
		differs("revision", v.Revision.Revision, s.revision),
		differs("filename", v.Filename, s.filename),
		differs("metadata", metadata, s.metadata),
		differs("created", v.Created, s.created),
		differs("ttl", v.TTL, s.ttl),
		m.checkExpiry(v, s),
		m.checkVersions(v, s),
		differs("current version", v.Current.ID, s.versions[s.current].id),
		differs("can undo", v.CanUndo, canUndo),
		differs("can redo", v.CanRedo, canRedo),
	)
}

// checkExpiry compares when a session was accessed and ends. Instances that do not see what
// others note must not promise less than the TTL, nor more than what may go unnoted.
func (m *model) checkExpiry(v *session.Session, s *state) error {
	if !m.eventual {
		return errors.Join(differs("last access", v.LastAccessed, s.accessed), differs("expires", v.Expires, s.expires))
	}
	if v.Expires.Before(s.ends) || v.Expires.After(s.expires) {
		return fmt.Errorf("expires %s, the model has %s to %s", v.Expires, s.ends, s.expires)
	}
	return nil
}

func (m *model) checkVersions(v *session.Session, s *state) error {
	type line struct {
		id            uint32
		at            time.Time
		summary       string
		before, after int64
		columns       int
		name          string
	}
	var got, want []line
	for _, ver := range v.Versions {
		got = append(got, line{ver.ID, ver.Time, ver.Summary, ver.RowsBefore, ver.Rows, ver.Columns, ver.Name})
	}
	for _, ver := range s.versions {
		want = append(want, line{ver.id, ver.time, ver.summary, ver.rowsBefore, int64(len(ver.table.rows)), len(ver.table.columns), ver.name})
	}
	return differs("versions", got, want)
}

// selection is a part of the model of a table.
type selection struct {
	columns  []int
	from, to int
}

func (t *table) whole() selection {
	all, _ := t.positions(nil)
	return selection{all, 0, len(t.rows)}
}

// checkTable compares a table with a part of the model.
func checkTable(got *codec.Table, t *table, part selection) error {
	chosen := &table{columns: mapped(part.columns, func(i int) column { return t.columns[i] })}
	if want := schemaOf(chosen); !got.Schema.Equal(want) {
		return fmt.Errorf("schema:\n%s\nthe model has\n%s", got.Schema, want)
	}
	if err := differs("rows", got.NumRows(), int64(part.to-part.from)); err != nil {
		return err
	}
	at := part.from
	for _, group := range got.RowGroups {
		for i, c := range part.columns {
			arr := group.Column(i)
			for r := range arr.Len() {
				if got, want := valueAt(arr, r), t.rows[at+r].cells[c].value; got != want {
					return fmt.Errorf("column %q, row %d: %v, the model has %v", t.columns[c].name, at+r, got, want)
				}
			}
		}
		at += int(group.NumRows())
	}
	return nil
}

// checkGroups compares the sizes of the row groups.
func checkGroups(got *codec.Table, t *table) error {
	var sizes []int
	for _, g := range got.RowGroups {
		sizes = append(sizes, int(g.NumRows()))
	}
	return differs("row groups", sizes, t.groups())
}

// marks returns the marked rows by column.
func (t *table) marks() frame.Marks {
	marks := frame.Marks{}
	for i, c := range t.columns {
		for r := range t.rows {
			if t.rows[r].cells[i].marked {
				marks[c.name] = append(marks[c.name], int64(r))
			}
		}
	}
	return marks
}

// missing returns for each column how many values are missing.
func (t *table) missing() []int64 {
	n := make([]int64, len(t.columns))
	for _, r := range t.rows {
		for i, c := range r.cells {
			if c.value == nil {
				n[i]++
			}
		}
	}
	return n
}

// markCounts returns for each column how many cells are marked.
func (t *table) markCounts() []int64 {
	n := make([]int64, len(t.columns))
	for _, r := range t.rows {
		for i, c := range r.cells {
			if c.marked {
				n[i]++
			}
		}
	}
	return n
}

func checkAudit(got *session.AuditLog, s *state) error {
	var want []session.AuditEntry
	for _, e := range s.audit {
		want = append(want, session.AuditEntry{Time: e.time, Text: e.text})
	}
	return errors.Join(differs("audit log", got.Entries, want), differs("initial rows", got.InitialRows, s.initialRows))
}

// description is the part of the statistics of a table that the model knows.
type description struct {
	Rows          int64                 `json:"rows"`
	DuplicateRows int64                 `json:"duplicate_rows"`
	Columns       []describedColumnPart `json:"columns"`
}

type describedColumnPart struct {
	Name               string `json:"name"`
	DType              string `json:"dtype"`
	Count              int64  `json:"count"`
	Missing            int64  `json:"missing"`
	IntentionalMissing int64  `json:"intentional_missing"`
	Unique             int64  `json:"unique"`
}

func (t *table) describe() description {
	d := description{Rows: int64(len(t.rows)), Columns: make([]describedColumnPart, len(t.columns))}
	all := t.whole().columns
	seen := map[string]bool{}
	for r := range t.rows {
		seen[t.key(r, all)] = true
	}
	d.DuplicateRows = d.Rows - int64(len(seen))
	for i, c := range t.columns {
		part := describedColumnPart{Name: c.name, DType: c.typ}
		unique := map[any]bool{}
		for _, r := range t.rows {
			cell := r.cells[i]
			if cell.value != nil {
				part.Count++
				unique[cell.value] = true
			}
			if cell.missing() {
				part.Missing++
			}
			if cell.marked {
				part.IntentionalMissing++
			}
		}
		part.Unique = int64(len(unique))
		d.Columns[i] = part
	}
	return d
}

func checkDescription(doc []byte, t *table) error {
	var got description
	if err := json.Unmarshal(doc, &got); err != nil {
		return fmt.Errorf("statistics: %w", err)
	}
	return differs("statistics", got, t.describe())
}
