package session

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/session/record"
)

// Answer is the answer to a query. It has Data if the query asks for rows, Table if it asks for groups, and
// JSON otherwise.
type Answer struct {
	Session *Session
	Version Version
	// Matched is the number of rows of the table that the condition selects.
	Matched int64
	// Data are the selected rows. The caller must close them.
	Data *Data
	// Table has one row for each group that was asked for. Groups is the number of all groups.
	Table  *codec.Table
	Groups int64
	// JSON is the document about a histogram or about distinct values.
	JSON []byte
}

// Query answers a query about the table of a session that was opened. Like the data of [Service.Read],
// the answer may be of a session newer than sess. Data are read with ctx.
func (s *Service) Query(ctx context.Context, sess *Session, q *frame.Query) (a *Answer, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		a, err = s.query(ctx, sess, q)
		return err
	})
	return a, err
}

func (s *Service) query(ctx context.Context, sess *Session, q *frame.Query) (*Answer, error) {
	table, err := s.tableOf(sess.head, q.Version)
	if err != nil {
		return nil, err
	}
	selection, err := s.selection(ctx, table, q)
	if err != nil {
		return nil, err
	}
	a := &Answer{Session: sess, Version: sess.head.viewVersion(table.version), Matched: selection.Len()}
	if q.Group == nil && q.Histogram == nil && q.Distinct == nil {
		a.Data, err = s.selectedData(ctx, sess, table, selection, q)
		return a, err
	}
	marks, err := s.marks(ctx, table.head, table.version)
	if err != nil {
		return nil, err
	}
	return a, s.compute(ctx, table, func(f *frame.Frame) (err error) {
		f.Marks = marks
		switch {
		case q.Group != nil:
			all := *q
			all.Offset, all.Limit = 0, -1
			if a.Table, err = f.Group(selection, &all); err == nil {
				a.Groups = a.Table.NumRows()
				a.Table.RowGroups = sliced(a.Table.RowGroups, q.Offset, q.Limit)
			}
		case q.Histogram != nil:
			var found *frame.Histogram
			if found, err = f.Histogram(selection, q); err == nil {
				a.JSON, err = found.JSON()
			}
		default:
			var found *frame.Distinct
			if found, err = f.Distinct(selection, q); err == nil {
				a.JSON, err = found.JSON()
			}
		}
		return err
	})
}

// sliced returns limit rows of row groups from offset on, all if limit is negative.
func sliced(groups []arrow.Record, offset, limit int64) (part []arrow.Record) {
	for _, g := range groups {
		n := g.NumRows()
		from := min(offset, n)
		to := n
		if limit >= 0 {
			to = from + min(limit, n-from)
			limit -= to - from
		}
		offset -= from
		if to > from {
			part = append(part, g.NewSlice(from, to))
		}
	}
	return part
}

// storedTable is the table of a version as one head has it.
type storedTable struct {
	head     *head
	version  *record.Version
	schema   *arrow.Schema
	manifest *manifest
	slots    []slot
}

// tableOf returns the table of the version with that id, of the current one for 0.
func (s *Service) tableOf(h *head, version uint32) (*storedTable, error) {
	t := &storedTable{head: h}
	var err error
	if t.version, err = h.find(version); err != nil {
		return nil, err
	}
	if t.schema, err = s.schema(h, t.version); err != nil {
		return nil, err
	}
	if t.manifest, err = h.manifest(t.version); err != nil {
		return nil, err
	}
	t.slots = t.manifest.slots()
	return t, nil
}

// page returns a plan of reading columns of the table, without its rows.
func (t *storedTable) page(columns []int) *page {
	return &page{version: t.version, schema: codec.SelectFields(t.schema, columns), columns: columns, manifest: t.manifest, slots: t.slots}
}

// frame returns a frame of columns of the table. Its chunks are loaded by l.
func (t *storedTable) frame(l *queryLoader, columns []int) *frame.Frame {
	f := storedFrame(t.schema, t.manifest, columns)
	f.Limits, f.Context = l.s.Limits(), l.ctx
	f.Load = l.load
	f.LoadBytes = func(columns []int, group int) (bytes int64) {
		seen := make([]bool, len(t.manifest.Layout))
		for _, c := range columns {
			if at := t.slots[f.Columns[c].Origin].segment; !seen[at] {
				seen[at] = true
				bytes += int64(t.manifest.Groups[group].Segments[at].Raw)
			}
		}
		return bytes
	}
	f.Reserve = func(bytes int64) error { return budget.From(l.ctx).UseWithin(l.ctx, bytes) }
	return f
}

// queryLoader loads chunks for a query, which keeps nothing of what was loaded before.
type queryLoader struct {
	s     *Service
	ctx   context.Context
	table *storedTable
	// used is the memory of what was loaded last, in bytes, and loaded the size of all that was loaded.
	used, loaded int64
}

func (l *queryLoader) load(chunks []frame.Chunk) ([]arrow.Array, error) {
	l.release()
	share := budget.From(l.ctx)
	before := share.Used()
	got := map[record.SegmentRef][]arrow.Array{}
	arrays, err := l.s.loadPlaces(l.ctx, l.head(), l.table.manifest.places(chunks), got)
	l.used = share.Used() - before
	for ref := range got {
		l.loaded += int64(ref.Raw)
	}
	return arrays, err
}

// head returns the head to load with: past the cache once as much has been loaded as it has room for. If all
// were kept of a table that is larger, the next query would find nothing of what it reads first.
func (l *queryLoader) head() *head {
	if l.loaded <= l.s.opt.CacheBytes/4*3 {
		return l.table.head
	}
	past := *l.table.head
	past.passing.decoded = true
	return &past
}

// release says that what was loaded last is not in use any more.
func (l *queryLoader) release() {
	budget.From(l.ctx).Free(l.used)
	l.used = 0
}

// compute calls work with a frame of all columns of a table. A large computation waits for its turn.
func (s *Service) compute(ctx context.Context, t *storedTable, work func(*frame.Frame) error) error {
	share := budget.From(ctx)
	// A batch as it is stored, as it is decoded, and what is worked out of it.
	if err := share.Reserve(ctx, 3*min(t.version.RawBytes, frame.QueryBatchBytes)); err != nil {
		return err
	}
	end, err := share.Begin(ctx, t.head.ID)
	if err != nil {
		return err
	}
	defer end()
	l := &queryLoader{s: s, ctx: ctx, table: t}
	defer l.release()
	return work(t.frame(l, everyColumn(t.schema)))
}

// cachedValue is what the cache of a service has under a key: the fields of a segment, a selection, or a window
// of the rows of a selection.
type cachedValue struct {
	fields    []arrow.Array
	selection *frame.Selection
	window    *window
}

// selectionKey is the key of the rows that q selects of a table.
func selectionKey(t *storedTable, q *frame.Query) string {
	// A version keeps its table for good, and has a tag that no other one has.
	return "selection " + t.head.ID + " " + t.version.Tag() + " " + q.SelectionKey()
}

// selection returns the rows that q selects. It is cached: it depends on nothing but the table, the condition
// and the order.
func (s *Service) selection(ctx context.Context, t *storedTable, q *frame.Query) (*frame.Selection, error) {
	key := selectionKey(t, q)
	if cached, ok := s.cache.Get(key); ok {
		return cached.selection, nil
	}
	var mine *frame.Selection
	work := func(ctx context.Context) (_ []byte, err error) {
		mine, err = s.selectRows(ctx, t, q)
		if err == nil {
			s.cache.Add(key, cachedValue{selection: mine}, mine.Bytes()+int64(len(key)))
		}
		return nil, err
	}
	if _, err := s.opt.Join(ctx, key, work); mine != nil || err != nil {
		return mine, err
	}
	// Another request has worked it out.
	if cached, ok := s.cache.Get(key); ok {
		return cached.selection, nil
	}
	_, err := work(ctx)
	return mine, err
}

// selectRows works out which rows q selects.
func (s *Service) selectRows(ctx context.Context, t *storedTable, q *frame.Query) (selection *frame.Selection, err error) {
	share := budget.From(ctx)
	before := share.Used()
	err = s.compute(ctx, t, func(f *frame.Frame) error {
		selection, err = f.Select(q)
		return err
	})
	if err != nil {
		return nil, err
	}
	// What the work took besides its result is free again.
	share.Free(share.Used() - before - selection.Bytes())
	return selection, nil
}
