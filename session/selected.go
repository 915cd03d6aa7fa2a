package session

import (
	"context"
	"errors"
	"sort"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
)

// selectedRows are the rows of a table that [Data] consist of if a query has selected them. They are taken in
// batches: the row groups that have rows of the batch are loaded one after the other, and only these rows
// are kept.
type selectedRows struct {
	selection *frame.Selection
	// The rows are n rows of the selection from offset on.
	offset, n int64
	// frame has the columns of the data; its chunks are loaded by loader.
	frame  *frame.Frame
	loader *queryLoader
	// batch is the number of rows that are taken at once.
	batch int64
	// window is the key of the window that the rows may be in.
	window string
}

const (
	// selectedBytes is about how much of the selected rows is in memory at once, in raw bytes; it is at
	// most the largest table divided by selectedPart. The rows of a sorted selection are anywhere in the
	// table, so that each batch may read all of it.
	selectedBytes = 32 << 20
	selectedPart  = 8
)

// selectedData returns the rows of a selection that q asks for, and loads the first of them.
func (s *Service) selectedData(ctx context.Context, sess *Session, t *storedTable, selection *frame.Selection, q *frame.Query) (*Data, error) {
	columns, err := queriedColumns(t.schema, q.Columns)
	if err != nil {
		return nil, err
	}
	rows := &selectedRows{selection: selection, offset: min(q.Offset, selection.Len())}
	rows.n = selection.Len() - rows.offset
	if q.Limit >= 0 {
		rows.n = min(rows.n, q.Limit)
	}
	p := t.page(columns)
	p.rows = rows.n
	rows.window = windowKey(selectionKey(t, q), columns)
	if w := s.windowOf(rows); w != nil {
		d := newData(s, sess, p)
		d.ctx, d.rows, d.whole, d.first = ctx, rows, true, w.part(rows)
		return d, nil
	}
	rows.batch = s.rowsAtOnce(p, t)
	p.ranges = rows.rangesOf(t.manifest, rows.n)
	d := newData(s, sess, p)
	// It reads as the data do: past the cache, if that is large.
	read := *t
	read.head = d.head
	rows.loader = &queryLoader{s: s, ctx: ctx, table: &read}
	rows.frame = read.frame(rows.loader, columns)
	d.rows = rows
	return d, d.begin(ctx)
}

// rowsAtOnce returns how many rows of a page are taken at once: as many as fill whole row groups of
// about selectedBytes.
func (s *Service) rowsAtOnce(p *page, t *storedTable) int64 {
	bytes := int64(0)
	for _, at := range p.segments(nil) {
		for _, g := range t.manifest.Groups {
			bytes += int64(g.Segments[at].Raw)
		}
	}
	most := min(selectedBytes, s.opt.MaxTableBytes/selectedPart)
	groups := most / max(bytes/max(t.version.Rows, 1), 1) / codec.RowGroupRows
	return codec.RowGroupRows * max(groups, 1)
}

// rangesOf returns the row groups that have any of the n rows from the first one on, or all if there are many.
func (rows *selectedRows) rangesOf(m *manifest, n int64) (ranges []groupRange) {
	ends, end := make([]int64, len(m.Groups)), int64(0)
	for g := range m.Groups {
		end += int64(m.Groups[g].Rows)
		ends[g] = end
	}
	used, all := make([]bool, len(m.Groups)), n > rows.batch
	if !all {
		for _, row := range rows.selection.Rows(rows.offset, n) {
			used[sort.Search(len(ends), func(g int) bool { return ends[g] > row })] = true
		}
	}
	for g := range m.Groups {
		if all || used[g] {
			ranges = append(ranges, groupRange{g, 0, m.Groups[g].Rows})
		}
	}
	return ranges
}

// queriedColumns returns the positions of the columns that a query names; nil means all.
func queriedColumns(schema *arrow.Schema, names []string) ([]int, error) {
	for i, name := range names {
		if !schema.HasField(name) {
			return nil, frame.NoColumn(name, nearest(schema, name), "/columns/"+strconv.Itoa(i))
		}
	}
	return (&Selection{Columns: names}).columns(schema)
}

// RowNumbers returns the positions of the rows in their version, nil unless a query has selected the rows.
func (d *Data) RowNumbers() []int64 {
	if d.rows == nil {
		return nil
	}
	return d.rows.selection.Rows(d.rows.offset, d.rows.n)
}

// beginRows loads the first rows of a selection.
func (d *Data) beginRows() (err error) {
	rows := d.rows
	d.whole = rows.n <= rows.batch
	if d.whole && rows.far(d.page) {
		d.first, err = d.takeWindow()
	} else {
		if !d.whole {
			d.watch()
		}
		if err = rows.reserve(d, min(rows.n, rows.batch)); err == nil {
			d.first, err = d.take(0, nil)
		}
	}
	if err != nil {
		d.Close()
	}
	return err
}

// reserve reserves the memory for taking n rows: they are in memory twice while they are put in order, and with
// them a batch of what they are taken from.
func (rows *selectedRows) reserve(d *Data, n int64) error {
	batch := int64(frame.QueryBatchBytes)
	if d.whole {
		batch = min(batch, d.page.bytes(0, len(d.page.ranges), nil))
	}
	return budget.From(d.ctx).Reserve(d.ctx, 2*n*rows.rowBytes(d.page)+3*batch)
}

// rowBytes is about the size of a row of the page, in raw bytes.
func (rows *selectedRows) rowBytes(p *page) int64 {
	held := int64(0)
	for _, r := range p.ranges {
		held += int64(r.to - r.from)
	}
	return p.bytes(0, len(p.ranges), nil) / max(held, 1)
}

// take returns the batch of rows from row from of the data on, of columns of the page, nil for all.
func (d *Data) take(from int64, columns []int) ([]arrow.Record, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	// The batch before is not in use any more.
	share := budget.From(d.ctx)
	share.Free(d.used)
	before := share.Used()
	defer func() {
		d.rows.loader.release()
		d.used = share.Used() - before
	}()
	if columns == nil {
		columns = everyColumn(d.page.schema)
	}
	return takeRows(d.rows.frame, columns, d.rows.selection.Rows(d.rows.offset+from, min(d.rows.batch, d.rows.n-from)))
}

// takeRows returns rows of a frame. If their dictionaries do not fit in one, they come in several parts.
func takeRows(f *frame.Frame, columns []int, rows []int64) ([]arrow.Record, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	taken, err := f.Take(columns, rows)
	if err == nil {
		return taken.RowGroups, nil
	}
	if !errors.Is(err, codec.ErrMismatch) || len(rows) == 1 {
		return nil, err
	}
	half := len(rows) / 2
	first, err := takeRows(f, columns, rows[:half])
	if err != nil {
		return nil, err
	}
	second, err := takeRows(f, columns, rows[half:])
	return append(first, second...), err
}

// takenGroups are the row groups of some columns of selected rows.
type takenGroups struct {
	data    *Data
	columns []int
	schema  *arrow.Schema
	// loaded are row groups that are in memory, next is the row after them.
	loaded []arrow.Record
	next   int64
}

// openRows is [Data.Open] for selected rows.
func (d *Data) openRows(columns []int) codec.RowGroups {
	g := &takenGroups{data: d, columns: columns, schema: codec.SelectFields(d.Schema, columns)}
	for _, rec := range d.first {
		g.loaded = append(g.loaded, codec.SelectColumns(rec, g.schema, columns))
		g.next += rec.NumRows()
	}
	if !d.whole {
		d.first = nil
	}
	return g
}

// Schema implements [codec.RowGroups].
func (g *takenGroups) Schema() *arrow.Schema { return g.schema }

// Next implements [codec.RowGroups].
func (g *takenGroups) Next() (arrow.Record, error) {
	if len(g.loaded) == 0 {
		if g.next >= g.data.rows.n {
			return nil, nil
		}
		loaded, err := g.data.take(g.next, g.columns)
		if err != nil {
			return nil, g.data.failed(err)
		}
		for _, rec := range loaded {
			g.next += rec.NumRows()
		}
		g.loaded = loaded
	}
	group := g.loaded[0]
	g.loaded[0] = nil
	g.loaded = g.loaded[1:]
	return group, nil
}
