package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"edgeframe/codec"
	"edgeframe/codec/codectest"
	"edgeframe/codec/document"
	"edgeframe/frame"
	"edgeframe/internal/budget"
)

// send makes an edit whose operations are kept with the version.
func (h *harness) send(sess *Session, ops ...string) *Session {
	h.t.Helper()
	c := of(sess)
	c.Operations = []byte("[" + strings.Join(ops, ",") + "]")
	next, _, err := h.Edit(context.Background(), c, operations(h.t, ops...))
	if err != nil {
		h.t.Fatalf("edit %s: %v", ops, err)
	}
	return next
}

// diff compares two versions and returns at most 1,000 differences.
func (h *harness) diff(sess *Session, from, to uint32, key ...string) *Diff {
	h.t.Helper()
	d, err := h.Diff(context.Background(), sess, DiffSelection{From: from, To: to, Key: key, Limit: 1000})
	if err != nil {
		h.t.Fatalf("diff of %d and %d: %v", from, to, err)
	}
	return d
}

// spell spells a diff: a line for each thing that differs.
func (d *Diff) spell() []string {
	lines := []string{fmt.Sprintf("by %s: %d added, %d removed, %d moved, %d changed", d.AlignedBy, d.Rows.Added, d.Rows.Removed, d.Rows.Moved, d.Changed)}
	for _, f := range d.Columns.Added {
		lines = append(lines, "new column "+f.Name)
	}
	for _, f := range d.Columns.Dropped {
		lines = append(lines, "no column "+f.Name)
	}
	for _, r := range d.Columns.Renamed {
		lines = append(lines, r.From+" is "+r.To)
	}
	for _, r := range d.Columns.Retyped {
		lines = append(lines, fmt.Sprintf("%s: %s to %s", r.Name, r.From, r.To))
	}
	for _, name := range d.Columns.Moved {
		lines = append(lines, "moved column "+name)
	}
	for _, c := range d.Cells {
		line := fmt.Sprintf("%d/%d %s: %s to %s", c.RowBefore, c.RowAfter, d.Columns.Names[c.Column], c.Before, c.After)
		if c.WasMarked {
			line += ", was marked"
		}
		if c.IsMarked {
			line += ", is marked"
		}
		lines = append(lines, line)
	}
	if len(d.AddedRows)+len(d.RemovedRows) > 0 {
		lines = append(lines, fmt.Sprint("added ", d.AddedRows, ", removed ", d.RemovedRows))
	}
	return lines
}

// says fails unless a diff is that one.
func (d *Diff) says(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, d.spell()); diff != "" {
		t.Error(diff)
	}
}

// segmentsRead is how often segments were read since the last reset of the calls.
func (h *harness) segmentsRead() (n int) {
	for _, key := range h.calls.KeysRead() {
		if strings.Contains(key, ":seg:") {
			n++
		}
	}
	return n
}

func TestADiffOfOneEditedColumnOf1000ReadsTwoSegmentsOfARowGroup(t *testing.T) {
	h := newHarness(t, inStore)
	table := &codec.Table{}
	for seed := range uint64(3) {
		part := codectest.Generate(100, 1000, seed)
		table.Schema = part.Schema
		table.RowGroups = append(table.RowGroups, part.RowGroups...)
	}
	sess, err := h.Create(t.Context(), table, "wide.csv", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	next := h.send(sess, `{"op":"set_values","column":"column_501","rows":[5,105,299],"value":-1}`)
	h.calls.Reset()
	d := h.diff(next, 1, 2)
	if n := h.segmentsRead(); n > 2*len(table.RowGroups) {
		t.Errorf("%d segments read for %d row groups", n, len(table.RowGroups))
	}
	if d.Changed != 3 || len(d.Cells) != 3 || d.Cells[2].RowAfter != 299 || string(d.Cells[2].After) != "-1" {
		t.Errorf("%+v", d.Cells)
	}
	next = h.send(next, `{"op":"rename_columns","columns":{"column_7":"seven"}}`, `{"op":"drop_columns","columns":["column_9"]}`)
	h.calls.Reset()
	h.diff(next, 2, 3).says(t, "by origin: 0 added, 0 removed, 0 moved, 0 changed", "no column column_9", "column_7 is seven")
	h.diff(next, 3, 3)
	if n := h.segmentsRead(); n > 0 {
		t.Errorf("%d segments read for the names of columns", n)
	}
}

// A sort writes every segment anew, but changes no value: what is read is the row map, and columns with edits.
func TestADiffAcrossASortReadsOnlyWhatOperationsHaveChanged(t *testing.T) {
	h := newHarness(t, inStore)
	sess, err := h.Create(t.Context(), codectest.Generate(500, 200, 1), "wide.csv", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	next := h.send(sess, `{"op":"sort","by":[{"column":"column_2","descending":true}]}`, `{"op":"delete_rows","rows":[0,7]}`, `{"op":"rename_columns","columns":{"column_7":"seven"}}`)
	h.calls.Reset()
	d := h.diff(next, 1, 2)
	if n := h.segmentsRead(); n > 1 {
		t.Errorf("%d segments read for moved rows", n)
	}
	if d.AlignedBy != AlignedByOrigin || d.Changed != 0 || d.Rows.Removed != 2 || d.Rows.Moved == 0 {
		t.Errorf("by %s: %d changed, %+v", d.AlignedBy, d.Changed, d.Rows)
	}
	next = h.send(next, `{"op":"set_values","column":"column_5","rows":[3,4,5,6,8,9],"value":null}`, `{"op":"sort","by":[{"column":"column_1"}]}`, `{"op":"rename_columns","columns":{"seven":"column_5","column_5":"five"}}`)
	h.calls.Reset()
	d = h.diff(next, 1, 3)
	if n := h.segmentsRead(); n > 4 {
		t.Errorf("%d segments read for moved rows and one column with an edit", n)
	}
	if d.Changed == 0 || d.Changed > 6 || d.Columns.Names[d.Cells[0].Column] != "five" || string(d.Cells[0].After) != "null" {
		t.Errorf("%+v", d.Cells)
	}
	// A column that is made anew is another one, whatever it is called.
	column := func(value string) string {
		return `{"op":"add_column","column":"new","dtype":"int64","values":[` + value + strings.Repeat(","+value, int(next.Current.Rows)-1) + `]}`
	}
	next = h.send(next, column("1"))
	if next, err = h.Name(t.Context(), Change{Ref: Ref{ID: next.ID}}, VersionRef{ID: 4}, "one"); err != nil {
		t.Fatal(err)
	}
	if next, err = h.Undo(t.Context(), Change{Ref: Ref{ID: next.ID}}); err != nil {
		t.Fatal(err)
	}
	next = h.send(next, column("2"), `{"op":"sort","by":[{"column":"column_2"}]}`)
	if d := h.diff(next, 4, 0); d.Changed != next.Current.Rows {
		t.Errorf("%d cells changed between two columns of one name", d.Changed)
	}
}

// small makes a session of a small table.
func (h *harness) small() *Session {
	h.t.Helper()
	return h.load(`[{"id":1,"site":"A","dose":0.5},{"id":2,"site":"B","dose":null},{"id":3,"site":"A","dose":2.5},{"id":4,"site":null,"dose":4.0}]`)
}

func jsonTable(t testing.TB, text string) *codec.Table {
	t.Helper()
	table, err := document.JSON.Decode([]byte(text), codec.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// load makes a session of a table in JSON.
func (h *harness) load(text string) *Session {
	h.t.Helper()
	sess, err := h.Create(context.Background(), jsonTable(h.t, text), "t.json", 0, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return sess
}

func TestADiffSaysWhatWasEdited(t *testing.T) {
	for _, tt := range []struct {
		ops  []string
		want []string
	}{
		{
			[]string{`{"op":"set_values","column":"dose","rows":[3,0],"values":[4.5,0.5]}`, `{"op":"set_values","column":"site","rows":[3],"value":"C"}`},
			[]string{"0 added, 0 removed, 0 moved, 2 changed", `3/3 site: null to "C"`, "3/3 dose: 4.0 to 4.5"},
		},
		{
			[]string{`{"op":"mark_missing","column":"dose","rows":[1]}`},
			[]string{"0 added, 0 removed, 0 moved, 1 changed", "1/1 dose: null to null, is marked"},
		},
		{
			[]string{`{"op":"cast","column":"id","dtype":"float64"}`},
			[]string{"0 added, 0 removed, 0 moved, 0 changed", "id: int64 to float64"},
		},
		{
			[]string{`{"op":"add_column","column":"x","values":[1,2,3,4]}`, `{"op":"select_columns","columns":["x","dose","id"]}`},
			[]string{"0 added, 0 removed, 0 moved, 0 changed", "new column x", "no column site", "moved column dose", "moved column id"},
		},
	} {
		h := newHarness(t)
		h.diff(h.send(h.small(), tt.ops...), 1, 0).says(t, append([]string{"by origin: " + tt.want[0]}, tt.want[1:]...)...)
	}
}

func TestADiffAlignsRowsByAKey(t *testing.T) {
	h := newHarness(t)
	sess, _, err := h.Replace(t.Context(), of(h.small()), jsonTable(t, `[{"id":9,"site":"Z","dose":9},{"id":3,"site":"A","dose":3.5},{"id":1,"site":"A","dose":0.5},{"id":2,"site":null,"dose":null}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	h.diff(sess, 1, 2, "id").says(t, "by key: 1 added, 1 removed, 3 moved, 2 changed",
		"2/1 dose: 2.5 to 3.5", `1/3 site: "B" to null`, "added [0], removed [3]")
	for _, tt := range []struct {
		key  string
		kind error
		says string
	}{
		{"site", codec.ErrMismatch, "of version 1 have the same key"},
		{"nothing", frame.ErrColumnNotFound, "version 1 has no such column"},
	} {
		_, err := h.Diff(t.Context(), sess, DiffSelection{From: 1, To: 2, Key: []string{tt.key}, Limit: 1})
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("key %s: %v", tt.key, err)
		}
	}
	for _, ids := range [][2]uint32{{1, 7}, {7, 1}} {
		_, err := h.Diff(t.Context(), sess, DiffSelection{From: ids[0], To: ids[1], Limit: 1})
		wantKind(t, err, ErrVersionNotFound)
	}
}

func TestTheDifferencesOfAPageFollowThoseOfThePageBefore(t *testing.T) {
	h := newHarness(t)
	sess := h.send(h.create(500, 4), `{"op":"fill_missing","columns":["column_1","column_2"],"method":"constant","value":-5}`)
	sess, err := h.Append(t.Context(), of(sess), codectest.Generate(7, 4, 2))
	if err != nil {
		t.Fatal(err)
	}
	whole := h.diff(sess, 1, 3)
	var cells []frame.CellChange
	var added []int64
	for offset := int64(0); offset < whole.Total(); offset += 9 {
		page, err := h.Diff(t.Context(), sess, DiffSelection{From: 1, To: 3, Offset: offset, Limit: 9})
		if err != nil || page.Total() != whole.Total() {
			t.Fatalf("at %d: %d differences, %v", offset, page.Total(), err)
		}
		if n := len(page.Cells) + len(page.AddedRows) + len(page.RemovedRows); n != int(min(9, whole.Total()-offset)) {
			t.Errorf("%d differences at %d", n, offset)
		}
		cells, added = append(cells, page.Cells...), append(added, page.AddedRows...)
	}
	if whole.Changed < 20 || !cmp.Equal(cells, whole.Cells) || !slices.Equal(added, whole.AddedRows) {
		t.Errorf("%d changed cells, %d on the pages; added %v", whole.Changed, len(cells), added)
	}
}

func TestADiffThatNeedsMoreMemoryThanThereIsIsRefused(t *testing.T) {
	h := newHarness(t, inStore)
	sess := h.send(h.create(50_000, 8), `{"op":"sort","by":[{"column":"column_1"}]}`)
	ask := func(bytes int64) error {
		share := budget.New(budget.Options{Bytes: bytes}).Open()
		defer share.Close()
		_, err := h.Diff(budget.NewContext(t.Context(), share), sess, DiffSelection{From: 1, To: 2, Limit: 10})
		return err
	}
	if err := ask(64 << 20); err != nil {
		t.Error(err)
	}
	if _, ok := errors.AsType[*budget.TooLarge](ask(1 << 20)); !ok {
		t.Errorf("with 1 MB: %v", ask(1<<20))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Diff(ctx, sess, DiffSelection{From: 1, To: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("without a client: %v", err)
	}
}
