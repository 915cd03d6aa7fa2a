package metamorphic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"edgeframe/session"
)

var origins atomic.Int64

// newOrigin is one that nothing else has.
func newOrigin() int64 { return origins.Add(1) }

// takeOrigins makes the rows of t those of the table that it replaces, if there are as many.
func (t *table) takeOrigins(before *table) {
	if len(t.rows) != len(before.rows) {
		return
	}
	t.origin = before.origin
	for r := range t.rows {
		t.rows[r].origin = before.rows[r].origin
	}
}

// matchRows returns for each row of t which row of another table it is, -1 for none, and whether that is known.
func (t *table) matchRows(before *table) (rows []int, aligned bool) {
	if t.origin != before.origin {
		for r := range t.rows {
			if r >= len(before.rows) {
				r = -1
			}
			rows = append(rows, r)
		}
		return rows, false
	}
	at := map[int64]int{}
	for r := range before.rows {
		at[before.rows[r].origin] = r
	}
	for _, r := range t.rows {
		from, ok := at[r.origin]
		if !ok {
			from = -1
		}
		rows = append(rows, from)
	}
	return rows, true
}

// matchColumns returns for each column of t which column of another table it is, -1 for none: the one of the same
// origin, otherwise the one of the same name.
func (t *table) matchColumns(before *table) []int {
	columns, taken := make([]int, len(t.columns)), map[int]bool{}
	for i := range columns {
		columns[i] = -1
	}
	for _, same := range []func(a, b column) bool{
		func(a, b column) bool { return a.origin == b.origin },
		func(a, b column) bool { return a.name == b.name },
	} {
		for i, c := range t.columns {
			for j, was := range before.columns {
				if columns[i] < 0 && !taken[j] && same(c, was) {
					columns[i], taken[j] = j, true
				}
			}
		}
	}
	return columns
}

// equalValues reports whether two cells hold the same, whatever the types of their columns are.
func equalValues(a, b any) bool {
	if n, ok := a.(int64); ok {
		if _, ok := b.(float64); ok {
			a = float64(n)
		}
	}
	if n, ok := b.(int64); ok {
		if _, ok := a.(float64); ok {
			b = float64(n)
		}
	}
	return a == b
}

// tableDiff is what differs between two tables, as texts.
type tableDiff struct {
	counts  string
	changes []string
}

// compare compares t with an earlier table cell by cell.
func (t *table) compare(before *table) (c tableDiff) {
	rows, aligned := t.matchRows(before)
	columns := t.matchColumns(before)
	stays, kept, moved := map[int]bool{}, []int{}, 0
	var added []string
	cells := 0
	for r, from := range rows {
		if from < 0 {
			added = append(added, fmt.Sprint("added ", r))
			continue
		}
		stays[from] = true
		kept = append(kept, from)
		for i, at := range columns {
			if at < 0 {
				continue
			}
			was, is := before.rows[from].cells[at], t.rows[r].cells[i]
			if !equalValues(was.value, is.value) || was.marked != is.marked {
				cells++
				c.changes = append(c.changes, fmt.Sprintf("%d %d %s %v %v %t %t", from, r, t.columns[i].name, was.value, is.value, was.marked, is.marked))
			}
		}
	}
	next := 0
	c.changes = append(c.changes, added...)
	for r := range before.rows {
		if !stays[r] {
			c.changes = append(c.changes, fmt.Sprint("removed ", r))
			continue
		}
		if kept[next] != r {
			moved++
		}
		next++
	}
	by := session.AlignedByOrigin
	if !aligned {
		by = session.AlignedByPosition
	}
	c.counts = fmt.Sprintf("by %s: %d added, %d removed, %d moved, %d changed, %s", by, len(added), len(before.rows)-len(kept), moved, cells, t.describeColumns(before, columns))
	return c
}

// describeColumns says which columns differ.
func (t *table) describeColumns(before *table, columns []int) string {
	var added, dropped, renamed, retyped []string
	stays := map[int]bool{}
	for i, at := range columns {
		is := t.columns[i]
		if at < 0 {
			added = append(added, is.name)
			continue
		}
		stays[at] = true
		was := before.columns[at]
		if was.name != is.name {
			renamed = append(renamed, was.name+" "+is.name)
		}
		if was.typ != is.typ {
			retyped = append(retyped, is.name)
		}
	}
	for i, c := range before.columns {
		if !stays[i] {
			dropped = append(dropped, c.name)
		}
	}
	return fmt.Sprintf("added %q, dropped %q, renamed %q, retyped %q", added, dropped, renamed, retyped)
}

// spelled is what differs between two versions as the service says it, the values by the types of the columns.
func spelled(d *session.Diff, before, after *table) (c tableDiff, err error) {
	var added, dropped, renamed, retyped []string
	was := map[string]string{}
	for _, r := range d.Columns.Renamed {
		renamed, was[r.To] = append(renamed, r.From+" "+r.To), r.From
	}
	for _, f := range d.Columns.Added {
		added = append(added, f.Name)
	}
	for _, f := range d.Columns.Dropped {
		dropped = append(dropped, f.Name)
	}
	for _, r := range d.Columns.Retyped {
		retyped = append(retyped, r.Name)
	}
	c.counts = fmt.Sprintf("by %s: %d added, %d removed, %d moved, %d changed, added %q, dropped %q, renamed %q, retyped %q",
		d.AlignedBy, d.Rows.Added, d.Rows.Removed, d.Rows.Moved, d.Changed, added, dropped, renamed, retyped)
	for _, cell := range d.Cells {
		name := d.Columns.Names[cell.Column]
		earlier := name
		if from, ok := was[name]; ok {
			earlier = from
		}
		old, oldErr := valueOf(cell.Before, before, earlier)
		now, nowErr := valueOf(cell.After, after, name)
		err = errors.Join(err, oldErr, nowErr)
		c.changes = append(c.changes, fmt.Sprintf("%d %d %s %v %v %t %t", cell.RowBefore, cell.RowAfter, name, old, now, cell.WasMarked, cell.IsMarked))
	}
	for _, r := range d.AddedRows {
		c.changes = append(c.changes, fmt.Sprint("added ", r))
	}
	for _, r := range d.RemovedRows {
		c.changes = append(c.changes, fmt.Sprint("removed ", r))
	}
	return c, err
}

// valueOf returns the value that is spelled as JSON, of a column.
func valueOf(text []byte, t *table, name string) (any, error) {
	at := t.position(name)
	if at < 0 {
		return nil, fmt.Errorf("a changed cell is of the column %q, which the table does not have", name)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("a changed cell of %q is %q: %w", name, text, err)
	}
	value, ok := fit(v, t.columns[at].typ)
	if !ok {
		return nil, fmt.Errorf("a changed cell of %q is %s, and its column is %s", name, text, t.columns[at].typ)
	}
	return value, nil
}

// checkDiff compares the diff of two versions with a plain comparison of their tables, page by page.
func (w *world) checkDiff(svc *session.Service, v *session.Session, s *state) error {
	from, to := &s.versions[w.turn%len(s.versions)], &s.versions[w.turn/len(s.versions)%len(s.versions)]
	want := to.table.compare(from.table)
	all := tableDiff{}
	limit := max(w.pageSize(), int64(len(want.changes)/2+1))
	for offset := int64(0); ; offset += limit {
		d, err := svc.Diff(w.ctx, v, session.DiffSelection{From: from.id, To: to.id, Offset: offset, Limit: limit})
		if err != nil {
			return fmt.Errorf("diff of versions %d and %d: %w", from.id, to.id, err)
		}
		page, err := spelled(d, from.table, to.table)
		if err != nil {
			return err
		}
		all.counts, all.changes = page.counts, append(all.changes, page.changes...)
		if offset+limit >= d.Total() {
			break
		}
	}
	w.count("diff by " + map[bool]string{true: "origin", false: "position"}[from.table.origin == to.table.origin])
	return differs(fmt.Sprintf("diff of versions %d and %d", from.id, to.id), all, want)
}

// checkHistory compares the history of a cell of the current version with what the tables hold.
func (w *world) checkHistory(svc *session.Service, v *session.Session, s *state) error {
	t := s.table()
	if len(t.rows) == 0 {
		return nil
	}
	row, column := w.turn%len(t.rows), w.turn/3%len(t.columns)
	h, err := svc.CellHistory(w.ctx, v, session.CellSelection{Row: int64(row), Column: t.columns[column].name})
	if err != nil {
		return fmt.Errorf("history of row %d of %q: %w", row, t.columns[column].name, err)
	}
	var got, want []string
	for i := len(s.versions) - 1; i >= 0; i-- {
		of := s.versions[i].table
		want = append(want, t.historyIn(of, row, column))
		c := h.Cells[len(want)-1]
		var value any
		if c.Value != nil {
			if value, err = valueOf(c.Value, of, c.Column); err != nil {
				return err
			}
		}
		got = append(got, fmt.Sprintf("by %s: row %d of %q is %v, %t", c.AlignedBy, c.Row, c.Column, value, c.Marked))
	}
	w.count("history")
	return differs(fmt.Sprintf("history of row %d of %q", row, t.columns[column].name), got, want)
}

// historyIn spells what a cell of t was in another version.
func (t *table) historyIn(of *table, row, column int) string {
	rows, aligned := t.matchRows(of)
	by, name, value := session.AlignedByOrigin, "", cell{}
	if !aligned {
		by = session.AlignedByPosition
	}
	at := t.matchColumns(of)[column]
	if at >= 0 {
		name = of.columns[at].name
		if rows[row] >= 0 {
			value = of.rows[rows[row]].cells[at]
		}
	}
	return fmt.Sprintf("by %s: row %d of %q is %v, %t", by, rows[row], name, value.value, value.marked)
}
