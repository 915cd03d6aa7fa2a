package session

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/session/record"
)

// relation is how two versions come from the same table: the steps to the earlier and to the later one of a
// comparison, the newest first. They are nil if that table is not known.
type relation struct{ from, to []*record.Step }

// relate returns how two versions come from the same table, nil if that is not known.
func (h *head) relate(from, to uint32) (*relation, error) {
	all, err := h.allSteps()
	if err != nil {
		return nil, err
	}
	r := &relation{ancestors(all, from), ancestors(all, to)}
	shared := 0
	for shared < min(len(r.from), len(r.to)) && r.from[len(r.from)-1-shared] == r.to[len(r.to)-1-shared] {
		shared++
	}
	if shared == 0 {
		return nil, nil
	}
	r.from, r.to = r.from[:len(r.from)-shared], r.to[:len(r.to)-shared]
	return r, nil
}

// segments lists the segments that the steps refer to.
func (r *relation) segments() (refs []record.SegmentRef) {
	for _, st := range slices.Concat(r.from, r.to) {
		st.Segments(func(ref record.SegmentRef) { refs = append(refs, ref) })
	}
	return refs
}

// lost reports whether it is not known where the rows were before one of the steps.
func (r *relation) lost() bool {
	return slices.ContainsFunc(slices.Concat(r.from, r.to), func(st *record.Step) bool { return st.Lost })
}

// originOf returns the row of the earlier table that a row of the later one is, -1 for none, and whether that is
// known.
func (s *Service) originOf(ctx context.Context, h *head, r *relation, row int64) (origin int64, known bool, err error) {
	if r == nil || r.lost() {
		return row, false, nil
	}
	var refs []record.SegmentRef
	for _, st := range slices.Concat(r.from, r.to) {
		if st.Map != nil {
			refs = append(refs, *st.Map)
		}
	}
	fetched, err := s.fetch(ctx, h, refs)
	if err != nil {
		return -1, false, err
	}
	for _, st := range r.to {
		m, err := mapOf(h, st, fetched)
		if err != nil {
			return -1, false, err
		}
		if row = m.Before(row); row < 0 {
			return -1, true, nil
		}
	}
	for _, st := range slices.Backward(r.from) {
		m, err := mapOf(h, st, fetched)
		if err != nil {
			return -1, false, err
		}
		if row = m.After(row); row < 0 {
			return -1, true, nil
		}
	}
	return row, true, nil
}

// earlierNames says what the columns of a table were called before some steps.
type earlierNames struct {
	// renamed has what columns that were renamed were called: nothing for one that was not there. Other columns have
	// the names that they had, unless the whole table was replaced.
	renamed  map[string]string
	replaced bool
	// unknown says that the operations of a step are not known.
	unknown bool
	// touched are the columns, by the names that they have after the steps, in which values may have changed, and
	// allTouched says that it may be any. In the others each row that has stayed has the values that it had.
	touched    map[string]bool
	allTouched bool
}

func newEarlierNames() *earlierNames {
	return &earlierNames{renamed: map[string]string{}, touched: map[string]bool{}}
}

// namesOver returns what the columns of a table were called before steps, which are the newest first.
func (s *Service) namesOver(ctx context.Context, h *head, steps []*record.Step) (*earlierNames, error) {
	n := newEarlierNames()
	if len(steps) == 0 {
		return n, nil
	}
	chain, err := s.unfold(ctx, h, steps)
	if err != nil {
		return nil, err
	}
	made, err := s.viewSteps(ctx, h, chain)
	if err != nil {
		return nil, err
	}
	for i := range made {
		n.after(&made[i])
	}
	return n, nil
}

// before returns what a column was called before, nothing if it was not there.
func (n *earlierNames) before(name string) string {
	if was, ok := n.renamed[name]; ok {
		return was
	}
	if n.replaced {
		return ""
	}
	return name
}

// after updates n after a step.
func (n *earlierNames) after(st *Step) {
	switch st.Kind {
	case StepReplace:
		*n = earlierNames{renamed: map[string]string{}, replaced: true, unknown: n.unknown, touched: map[string]bool{}, allTouched: true}
	case StepAppend, StepUpsert:
		// They may have added columns, and an upsert changes values.
		n.allTouched = true
	case StepEdit:
		if st.Operations == nil || n.afterOperations(st.Operations) != nil {
			n.unknown = true
		}
	case StepUnknown, record.StepMerged:
		n.unknown = true
	}
}

// afterOperations updates n after operations.
func (n *earlierNames) afterOperations(operations json.RawMessage) error {
	var ops []sentOperation
	if err := json.Unmarshal(operations, &ops); err != nil {
		return err
	}
	for _, op := range ops {
		var names []string
		var err error
		switch op.Op {
		case "rename_columns":
			var renamed map[string]string
			err = json.Unmarshal(op.Columns, &renamed)
			n.rename(renamed)
		case "drop_columns":
			err = json.Unmarshal(op.Columns, &names)
			n.forget(names)
		case "select_columns":
			err = json.Unmarshal(op.Columns, &names)
			n.keep(names)
		}
		if err == nil {
			err = n.touch(op)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sentOperation is what operations say about columns.
type sentOperation struct {
	Op      string          `json:"op"`
	Column  string          `json:"column"`
	Columns json.RawMessage `json:"columns"`
	Cells   []struct {
		Column string `json:"column"`
	} `json:"cells"`
}

// touch notes the columns in which an operation may have changed values.
func (n *earlierNames) touch(op sentOperation) error {
	var names []string
	switch op.Op {
	case "rename_columns", "drop_columns", "select_columns", "sort", "filter", "delete_rows", "insert_rows", "drop_missing", "drop_duplicates":
		return nil
	case "set_values", "add_column", "compute", "cast", "mark_missing", "unmark_missing":
		for _, c := range op.Cells {
			names = append(names, c.Column)
		}
		if op.Column != "" {
			names = append(names, op.Column)
		}
	case "replace", "fill_missing":
		if op.Columns != nil {
			if err := json.Unmarshal(op.Columns, &names); err != nil {
				return err
			}
		}
	}
	n.allTouched = n.allTouched || len(names) == 0
	for _, name := range names {
		n.touched[name] = true
	}
	return nil
}

// rename gives columns other names, all at once.
func (n *earlierNames) rename(renamed map[string]string) {
	was, touched := make(map[string]string, len(renamed)), make(map[string]bool, len(renamed))
	for old := range renamed {
		was[old], touched[old] = n.before(old), n.touched[old]
	}
	for old := range renamed {
		n.renamed[old] = ""
		delete(n.touched, old)
	}
	for old, name := range renamed {
		n.renamed[name] = was[old]
		n.touched[name] = touched[old]
	}
}

// forget says that some of the columns are gone. A new one of the same name is another one.
func (n *earlierNames) forget(gone []string) {
	for _, name := range gone {
		n.renamed[name] = ""
	}
}

// keep says that all columns but some are gone. A new one of the name of one that is gone is another one.
func (n *earlierNames) keep(names []string) {
	kept := make(map[string]string, len(names))
	for _, name := range names {
		kept[name] = n.before(name)
	}
	n.renamed, n.replaced = kept, true
}

// columnOrigins are the columns of a table in an earlier one, as the operations between them say.
type columnOrigins struct {
	// at is for each column its position in the earlier table, -1 for none.
	at []int
	// known says that all operations are known.
	known bool
	// untouched says for each column that each row of both tables has in it the value that it had.
	untouched []bool
}

func (s *Service) columnOrigins(ctx context.Context, h *head, r *relation, from, to *arrow.Schema) (o *columnOrigins, err error) {
	was, is := newEarlierNames(), newEarlierNames()
	if r != nil {
		if was, err = s.namesOver(ctx, h, r.from); err != nil {
			return nil, err
		}
		if is, err = s.namesOver(ctx, h, r.to); err != nil {
			return nil, err
		}
	}
	o = &columnOrigins{at: make([]int, to.NumFields()), untouched: make([]bool, to.NumFields()), known: r != nil && !was.unknown && !is.unknown}
	still := o.known && !was.allTouched && !is.allTouched
	at := make(map[string]int, from.NumFields())
	for i, f := range from.Fields() {
		if name := was.before(f.Name); name != "" {
			at[name] = i
		}
	}
	for i, f := range to.Fields() {
		o.at[i] = -1
		if origin, ok := at[is.before(f.Name)]; ok {
			o.at[i] = origin
			o.untouched[i] = still && !is.touched[f.Name] && !was.touched[from.Field(origin).Name] && arrow.TypeEqual(f.Type, from.Field(origin).Type)
		}
	}
	return o, nil
}
