package metamorphic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/frame"
)

// Step is one step of a sequence: a call of the service, or something that happens around it.
// It is plain data, so that it can be printed, read again and left out. Numbers in it are
// [json.Number], as they are after it was read.
type Step struct {
	// Do says which step it is, for instance "edit"; see the generator for all of them.
	Do string `json:"do"`
	// Session is the slot of the session, 0 or 1. A create puts a new session into it.
	Session int `json:"session,omitempty"`
	// At is the instance of the service that is called, 0 or 1. On an eventually consistent
	// store each is at a location of its own.
	At int `json:"at,omitempty"`

	// After is the revision that the client names: "" for the newest that it knows, "old" for an
	// earlier one, "future" for one that does not exist yet, "forged" for the newest one with
	// another commit id.
	After string `json:"after,omitempty"`
	// Match is the revision of the precondition: "" for none, "current" or "old".
	Match string `json:"match,omitempty"`
	// Lose says what is lost once, at the write of the head: "request", so that nothing is
	// written; "answer", so that the caller hears of a failure; "retry", so that the driver
	// writes again and meets its own success. "segments" loses the answer to the write of
	// segments where the store has a call of its own for it.
	Lose string `json:"lose,omitempty"`
	// Race runs just before the head is written, or with Late just after, on the same session.
	Race *Step `json:"race,omitempty"`
	Late bool  `json:"late,omitempty"`

	Table   *Table             `json:"table,omitempty"`
	Ops     []Op               `json:"ops,omitempty"`
	Marks   map[string][]int64 `json:"marks,omitempty"`
	Merge   bool               `json:"merge,omitempty"`
	Summary string             `json:"summary,omitempty"`
	Name    string             `json:"name,omitempty"`
	// Metadata is a merge patch.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	// Seconds is a TTL.
	Seconds int64 `json:"seconds,omitempty"`
	// Milliseconds is how far the clock advances.
	Milliseconds int64  `json:"ms,omitempty"`
	Version      uint32 `json:"version,omitempty"`
	// Called is the name of the version that is read, in place of Version.
	Called string `json:"called,omitempty"`
	// Columns nil means all.
	Columns []string `json:"columns,omitempty"`
	Offset  int64    `json:"offset,omitempty"`
	// Limit is a number of rows, 0 for all.
	Limit int64 `json:"limit,omitempty"`
	// Back makes a read use the session as it was opened so many observations ago.
	Back int `json:"back,omitempty"`
	// Times repeats an audit entry.
	Times int `json:"times,omitempty"`
	// MaxVersions, SegmentBytes, CacheBytes, InlineBytes and FarStore are the options of the service. Only the first
	// step may be "options".
	MaxVersions  int   `json:"max_versions,omitempty"`
	SegmentBytes int   `json:"segment_bytes,omitempty"`
	CacheBytes   int64 `json:"cache_bytes,omitempty"`
	InlineBytes  int   `json:"inline_bytes,omitempty"`
	FarStore     bool  `json:"far_store,omitempty"`
}

// Table is the content of a table. A row takes the values of each column in turn, beginning
// anew when they are used up, so that a long table has a short form.
type Table struct {
	Rows int `json:"rows"`
	// Group is the number of rows of a row group, 0 for the default.
	Group   int      `json:"group,omitempty"`
	Columns []Column `json:"columns"`
}

// Column is one column of a [Table].
type Column struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Values []any  `json:"values"`
}

// Op is an operation of an edit.
type Op struct {
	Op      string   `json:"op"`
	Column  string   `json:"column,omitempty"`
	Columns []string `json:"columns,omitempty"`
	// Rename is what rename_columns takes as its columns.
	Rename map[string]string `json:"rename,omitempty"`
	Rows   []int64           `json:"rows,omitempty"`
	Values []any             `json:"values,omitempty"`
	Value  any               `json:"value,omitempty"`
	DType  string            `json:"dtype,omitempty"`
	Errors string            `json:"errors,omitempty"`
	Method string            `json:"method,omitempty"`
	How    string            `json:"how,omitempty"`
	Keep   string            `json:"keep,omitempty"`
	By     []By              `json:"by,omitempty"`
	Where  *Where            `json:"where,omitempty"`
}

// By is a column to sort by.
type By struct {
	Column     string `json:"column"`
	Descending bool   `json:"descending,omitempty"`
}

// Where is the condition of a filter.
type Where struct {
	Column string `json:"column"`
	Cmp    string `json:"cmp"`
	Value  any    `json:"value,omitempty"`
}

// String is the step as one line of JSON.
func (s Step) String() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a step is plain data
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// spell prints steps, one a line.
func spell(steps []Step) string {
	lines := make([]string, len(steps))
	for i, s := range steps {
		lines[i] = s.String()
	}
	return strings.Join(lines, "\n")
}

// parseSteps reads what spell wrote. Empty lines are ignored.
func parseSteps(text string) (steps []Step, err error) {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var s Step
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			return nil, fmt.Errorf("step %d: %w", len(steps)+1, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// operations turns ops into what the service takes.
func operations(ops []Op) (list []frame.Operation, sent []byte, err error) {
	raw := make([][]byte, len(ops))
	for i, op := range ops {
		b, err := json.Marshal(op)
		if err != nil {
			return nil, nil, err
		}
		if op.Rename != nil {
			b = bytes.Replace(b, []byte(`"rename":`), []byte(`"columns":`), 1)
		}
		raw[i] = b
	}
	sent = slices.Concat([]byte{'['}, bytes.Join(raw, []byte{','}), []byte{']'})
	list, err = frame.ReadOperations(jsontext.NewDecoder(bytes.NewReader(sent)))
	return list, sent, err
}

// simpler returns variants of s that do less, for the shrinker.
func (s Step) simpler() (variants []Step) {
	try := func(change func(*Step)) {
		v := s
		change(&v)
		if v.String() != s.String() {
			variants = append(variants, v)
		}
	}
	try(func(v *Step) { v.Race, v.Late = nil, false })
	try(func(v *Step) { v.Lose = "" })
	try(func(v *Step) { v.Match = "" })
	try(func(v *Step) { v.After = "" })
	try(func(v *Step) { v.At = 0 })
	try(func(v *Step) { v.Summary = "" })
	try(func(v *Step) { v.Times = 0 })
	try(func(v *Step) { v.Called = "" })
	try(func(v *Step) { v.Marks = nil })
	try(func(v *Step) { v.Metadata = nil })
	try(func(v *Step) { v.Columns, v.Offset, v.Limit = nil, 0, 0 })
	for i := range s.Ops {
		if len(s.Ops) > 1 {
			try(func(v *Step) { v.Ops = without(s.Ops, i, 1) })
		}
	}
	if t := s.Table; t != nil {
		try(func(v *Step) { v.Table = &Table{Rows: t.Rows / 2, Group: t.Group, Columns: t.Columns} })
		try(func(v *Step) { v.Table = &Table{Rows: t.Rows, Columns: t.Columns} })
		for i := range t.Columns {
			if len(t.Columns) > 1 {
				try(func(v *Step) { v.Table = &Table{Rows: t.Rows, Group: t.Group, Columns: without(t.Columns, i, 1)} })
			}
		}
	}
	return variants
}

// without returns list without n elements from i on.
func without[T any](list []T, i, n int) []T {
	return append(append(make([]T, 0, len(list)), list[:i]...), list[min(i+n, len(list)):]...)
}
