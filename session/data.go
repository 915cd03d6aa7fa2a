package session

import (
	"context"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/internal/budget"
	"edgeframe/session/record"
)

// Data is a part of a table of one version. It is a [codec.Source]: its row groups are loaded when they
// are needed, one batch after the other. It is not safe for concurrent use.
type Data struct {
	Session *Session
	Version Version
	// Schema is that of the selected columns.
	Schema *arrow.Schema

	s    *Service
	ctx  context.Context
	head *head
	page *page
	// first are the row groups that were loaded before anything was opened, for all columns, until
	// they are read. If these are all they stay, so that they can be read again.
	first []arrow.Record
	whole bool
	// rows, unless nil, are the rows that a query has selected.
	rows *selectedRows
	// watched says that commits keep the segments of the page.
	watched bool
	// passed, unless nil, is called when the data are not read any more.
	passed  func()
	buffers buffers
	// used is the memory of the batch that was loaded last, in bytes.
	used int64
}

// newData returns the data of a page of sess.
func newData(s *Service, sess *Session, p *page) *Data {
	// Only the first row groups need what came along with the head. The copies let go of it.
	h, seen := *sess.head, *sess
	seen.head = &h
	d := &Data{Session: &seen, Version: h.viewVersion(p.version), Schema: p.schema, s: s, head: &h, page: p}
	raw, stored := d.size()
	// The cache of what is stored is as large as that of what is decoded.
	most := s.opt.CacheBytes / 4 * 3
	d.head.passing.decoded, d.head.passing.stored = raw > most, stored > most
	if d.head.passing.decoded {
		d.head.passing.stored = stored > s.opt.CacheBytes/4
	}
	return d
}

// size returns the size of the segments of the page before compression and as they are stored, in bytes.
func (d *Data) size() (raw, stored int64) {
	segments := d.page.segments(nil)
	for _, r := range d.page.ranges {
		for _, at := range segments {
			ref := d.page.manifest.Groups[r.group].Segments[at]
			raw += int64(ref.Raw)
			stored += int64(ref.Stored)
		}
	}
	return raw, stored
}

// begin loads the first row groups.
func (d *Data) begin(ctx context.Context) error {
	d.ctx = ctx
	if d.rows != nil {
		return d.beginRows()
	}
	if d.head.passing.decoded {
		d.head.memory = d.buffers.make
	}
	end := d.page.batch(0, nil)
	d.whole = end == len(d.page.ranges)
	if !d.whole {
		// A batch as it is stored, as it is decoded and as it is written.
		if err := budget.From(ctx).Reserve(ctx, 3*d.page.bytes(0, end, nil)); err != nil {
			return err
		}
		d.watch()
	}
	var err error
	d.first, err = d.load(0, end, d.Schema, nil)
	d.head.fetched = nil
	if err != nil {
		d.Close()
	}
	return err
}

// watch says that the data are read in parts until Close is called.
func (d *Data) watch() {
	d.s.readers.add(d)
	d.watched = true
	if d.head.passing.decoded {
		d.passed = d.s.opt.Passing()
	}
}

// Close ends the reading. It must be called once the data are no longer needed.
func (d *Data) Close() {
	d.first = nil
	if !d.watched {
		return
	}
	d.watched = false
	if d.passed != nil {
		d.passed()
	}
	if left := d.s.readers.remove(d); left != nil {
		// The request may have been canceled. What is not deleted expires.
		_ = d.s.store.Delete(context.WithoutCancel(d.ctx), left...)
	}
}

// NumRows implements [codec.Source].
func (d *Data) NumRows() int64 { return d.page.rows }

// Open implements [codec.Source].
func (d *Data) Open(columns []int) codec.RowGroups {
	if d.rows != nil {
		return d.openRows(columns)
	}
	g := &groups{data: d, columns: columns, schema: codec.SelectFields(d.Schema, columns), next: len(d.first)}
	for _, rec := range d.first {
		g.loaded = append(g.loaded, codec.SelectColumns(rec, g.schema, columns))
	}
	if !d.whole {
		d.first = nil
	}
	return g
}

// Together implements [codec.Source]. Columns of one segment are read together if what is read for
// them is a batch at most; otherwise they are read one by one, so that no more than a segment of each
// row group of the batch is in memory.
func (d *Data) Together(first int) int {
	if d.whole {
		return len(d.page.columns) - first
	}
	n, bytes := 0, int64(0)
	seen := make([]bool, len(d.page.manifest.Layout))
	for _, c := range d.page.columns[first:] {
		if at := d.page.slots[c].segment; !seen[at] {
			seen[at] = true
			for _, r := range d.page.ranges {
				bytes += int64(d.page.manifest.Groups[r.group].Segments[at].Raw)
			}
		}
		if n++; bytes > batchBytes {
			return max(1, n-1)
		}
	}
	return n
}

// load returns the row groups of the ranges from to end. All that is read of tables goes through it.
func (d *Data) load(from, end int, schema *arrow.Schema, columns []int) ([]arrow.Record, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	// The batch before is not in use any more.
	share := budget.From(d.ctx)
	share.Free(d.used)
	before := share.Used()
	defer func() { d.used = share.Used() - before }()
	ranges := d.page.ranges[from:end]
	arrays, err := d.s.loadPlaces(d.ctx, d.head, d.page.places(ranges, columns), map[record.SegmentRef][]arrow.Array{})
	if err != nil {
		return nil, err
	}
	return d.page.records(ranges, schema, arrays), nil
}

// failed returns the error to report for err, an error of a later row group. If a segment is gone
// because another instance has committed, it is worth reading again.
func (d *Data) failed(err error) error {
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	now, loadErr := d.s.load(d.ctx, Ref{ID: d.head.ID})
	if loadErr != nil {
		return loadErr
	}
	if now.Revision != d.head.Revision {
		return &Error{Kind: ErrStaleRead, Detail: "session " + d.head.ID + " was changed while it was read; read it again", Err: err}
	}
	return d.s.heads.missing(d.head, err)
}

// groups are the row groups of some columns of data.
type groups struct {
	data    *Data
	columns []int
	schema  *arrow.Schema
	// loaded are row groups that are in memory, next is the range after them.
	loaded []arrow.Record
	next   int
	// passing says that nobody uses a row group when the next one is read.
	passing bool
}

// InPassing implements [codec.Passing].
func (g *groups) InPassing() { g.passing = true }

// Schema implements [codec.RowGroups].
func (g *groups) Schema() *arrow.Schema { return g.schema }

// Next implements [codec.RowGroups].
func (g *groups) Next() (arrow.Record, error) {
	d := g.data
	if len(g.loaded) == 0 {
		if g.next == len(d.page.ranges) {
			return nil, nil
		}
		end := d.page.batch(g.next, g.columns)
		d.buffers.next(g.passing)
		loaded, err := d.load(g.next, end, g.schema, g.columns)
		if err != nil {
			return nil, d.failed(err)
		}
		g.loaded, g.next = loaded, end
	}
	group := g.loaded[0]
	g.loaded[0] = nil
	g.loaded = g.loaded[1:]
	return group, nil
}
