package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/frame"
	"edgeframe/internal/budget"
	"edgeframe/session/record"
)

// DiffSelection says which versions are compared, and which of the differences are returned.
type DiffSelection struct {
	// From and To are versions, 0 for the current one.
	From, To uint32
	// Key are the columns whose values say which row is which; without them the history says it or, where that is
	// not known, the place of the row.
	Key []string
	// Offset and Limit are those of [frame.DiffOptions].
	Offset, Limit int64
	// Style is how values are spelled.
	Style scalar.JSONStyle
}

// The ways in which a [Diff] finds out which row is which.
const (
	AlignedByOrigin   = "origin"
	AlignedByKey      = "key"
	AlignedByPosition = "position"
)

// Diff is what differs between two versions.
type Diff struct {
	Session  *Session
	From, To Version
	// AlignedBy is how rows were found: [AlignedByOrigin], [AlignedByKey] or [AlignedByPosition].
	AlignedBy string
	Columns   ColumnDiff
	*frame.Diff
}

// Diff compares two versions of a session that was opened. Like the data of [Service.Read], the result may be of a
// session newer than sess. Segments that both versions have at the same place are not read.
func (s *Service) Diff(ctx context.Context, sess *Session, sel DiffSelection) (d *Diff, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		d, err = s.diff(ctx, sess, sel)
		return err
	})
	return d, err
}

func (s *Service) diff(ctx context.Context, sess *Session, sel DiffSelection) (*Diff, error) {
	c, err := s.compareVersions(ctx, sess, sel.From, sel.To)
	if err != nil {
		return nil, err
	}
	end, err := c.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	d := &Diff{Session: sess, From: sess.head.viewVersion(c.from.version), To: sess.head.viewVersion(c.to.version)}
	pairs, err := c.matchColumns()
	if err != nil {
		return nil, err
	}
	d.Columns = diffColumns(c.from.schema, c.to.schema, pairs)
	opt := frame.DiffOptions{
		Columns: pairs, Same: c.sameChunk, Segment: func(column int) int { return c.to.slots[column].segment },
		Offset: sel.Offset, Limit: sel.Limit, Style: sel.Style,
	}
	before, after := c.frames()
	var rows []int64
	if rows, d.AlignedBy, err = c.align(before, after, sel.Key); err != nil {
		return nil, err
	}
	if d.AlignedBy == AlignedByOrigin {
		opt.Untouched = func(p frame.ColumnPair) bool { return c.untouched[p.After] }
	}
	if rows != nil {
		// A bit for each row.
		if err := budget.From(ctx).Use(ctx, c.from.version.Rows/8); err != nil {
			return nil, err
		}
	}
	opt.Rows = frame.NewAlignment(rows, c.from.version.Rows, c.to.version.Rows)
	opt.SameMarks = c.sameMarks(pairs, rows == nil)
	opt.LoadMarks = func() (err error) {
		if before.Marks, err = s.marks(ctx, sess.head, c.from.version); err == nil {
			after.Marks, err = s.marks(ctx, sess.head, c.to.version)
		}
		return err
	}
	d.Diff, err = frame.CompareTables(before, after, opt)
	return d, err
}

// versionDiff is the work on one [Diff].
type versionDiff struct {
	s        *Service
	ctx      context.Context
	sess     *Session
	from, to *storedTable
	relation *relation
	// untouched says for each column of to that no operation has changed a value in it.
	untouched []bool
	// before and after load the tables.
	before, after *diffLoader
}

// compareVersions returns the work on a comparison that has not begun.
func (s *Service) compareVersions(ctx context.Context, sess *Session, from, to uint32) (c *versionDiff, err error) {
	c = &versionDiff{s: s, ctx: ctx, sess: sess}
	if c.from, err = s.tableOf(sess.head, from); err != nil {
		return nil, err
	}
	if c.to, err = s.tableOf(sess.head, to); err != nil {
		return nil, err
	}
	c.relation, err = sess.head.relate(c.from.version.ID, c.to.version.ID)
	return c, err
}

// begin reserves memory for what is going to be read, and waits for its turn if that is much. The caller calls end.
func (c *versionDiff) begin() (end func(), err error) {
	share := budget.From(c.ctx)
	c.before, c.after = newDiffLoader(c, c.from), newDiffLoader(c, c.to)
	// A batch of each table as it is stored, as it is decoded, and what is worked out of it.
	bytes := min(unshared(c.from, c.to), frame.QueryBatchBytes) + min(unshared(c.to, c.from), frame.QueryBatchBytes)
	if err := share.Reserve(c.ctx, 3*bytes); err != nil {
		return nil, err
	}
	done, err := share.Begin(c.ctx, c.sess.ID)
	if err != nil {
		return nil, err
	}
	return func() {
		c.before.release()
		c.after.release()
		done()
	}, nil
}

// unshared is the size of the segments of a table that another one does not have, in raw bytes.
func unshared(t, other *storedTable) (bytes int64) {
	has := map[[16]byte]bool{}
	for _, g := range other.manifest.Groups {
		for _, r := range g.Segments {
			has[r.Hash] = true
		}
	}
	for _, g := range t.manifest.Groups {
		for _, r := range g.Segments {
			if !has[r.Hash] {
				bytes += int64(r.Raw)
			}
		}
	}
	return bytes
}

// frames returns the two tables.
func (c *versionDiff) frames() (before, after *frame.Frame) {
	return c.before.frame(), c.after.frame()
}

// diffLoader loads chunks of one of the tables. It keeps the segments of about a batch, so that those of a small
// difference are read once, although their values are asked for after all is compared.
type diffLoader struct {
	queryLoader
	kept map[record.SegmentRef][]arrow.Array
	// bytes is the size of kept, in raw bytes.
	bytes int64
}

func newDiffLoader(c *versionDiff, t *storedTable) *diffLoader {
	return &diffLoader{queryLoader: queryLoader{s: c.s, ctx: c.ctx, table: t}, kept: map[record.SegmentRef][]arrow.Array{}}
}

// frame returns the table.
func (l *diffLoader) frame() *frame.Frame {
	f := l.table.frame(&l.queryLoader, everyColumn(l.table.schema))
	f.Load = l.load
	return f
}

// release says that nothing that was loaded is in use any more.
func (l *diffLoader) release() {
	l.queryLoader.release()
	l.kept, l.bytes = map[record.SegmentRef][]arrow.Array{}, 0
}

func (l *diffLoader) load(chunks []frame.Chunk) ([]arrow.Array, error) {
	places := l.table.manifest.places(chunks)
	more := int64(0)
	for ref := range distinct(refsOf(places)) {
		if l.kept[ref] == nil {
			more += int64(ref.Raw)
		}
	}
	if l.bytes > 0 && l.bytes+more > frame.QueryBatchBytes {
		l.release()
	}
	share := budget.From(l.ctx)
	before := share.Used()
	arrays, err := l.s.loadPlaces(l.ctx, l.head(), places, l.kept)
	l.used += share.Used() - before
	l.bytes += more
	l.loaded += more
	return arrays, err
}

// align returns for each row of the later table its row in the earlier one, nil if it is the same, and how that was
// found.
func (c *versionDiff) align(before, after *frame.Frame, key []string) (rows []int64, by string, err error) {
	if len(key) == 0 {
		return c.origins()
	}
	share := budget.From(c.ctx)
	used := share.Used()
	names := [2]string{fmt.Sprintf("version %d", c.from.version.ID), fmt.Sprintf("version %d", c.to.version.ID)}
	if rows, err = frame.AlignByKey(before, after, key, names); err != nil {
		return nil, "", err
	}
	c.before.release()
	c.after.release()
	// The keys are not in use any more.
	share.Free(share.Used() - used - 8*int64(len(rows)))
	return rows, AlignedByKey, nil
}

// rowMapBytes is about what the maps of rows take for each row of the larger table while they are put together, if
// each row is by itself.
const rowMapBytes = 48

// origins is align by the history or, where that is not known, by the places of the rows.
func (c *versionDiff) origins() (rows []int64, by string, err error) {
	share := budget.From(c.ctx)
	used := share.Used()
	if c.relation != nil && len(c.relation.segments()) > 0 {
		if err := share.Reserve(c.ctx, rowMapBytes*max(c.from.version.Rows, c.to.version.Rows)); err != nil {
			return nil, "", err
		}
	}
	rows, aligned, err := c.s.rowMap(c.ctx, c.sess.head, c.from.version.ID, c.to.version.ID)
	switch {
	case err != nil:
		return nil, "", err
	case !aligned:
		return nil, AlignedByPosition, nil
	}
	// The maps of the steps are not in use any more.
	share.Free(share.Used() - used)
	return rows, AlignedByOrigin, share.Use(c.ctx, 8*int64(len(rows)))
}

// sameChunk reports whether both tables have a column in the same field of the same segment.
func (c *versionDiff) sameChunk(column frame.ColumnPair, before, after int) bool {
	was, is := c.from.slots[column.Before], c.to.slots[column.After]
	return was.field == is.field && c.from.manifest.Groups[before].Segments[was.segment].Hash == c.to.manifest.Groups[after].Segments[is.segment].Hash
}

// sameMarks reports whether the tables are known to have the same marks. still says that all rows are where they were.
func (c *versionDiff) sameMarks(pairs []frame.ColumnPair, still bool) bool {
	was, is := c.from.version.Marks, c.to.version.Marks
	if was == nil || is == nil {
		return was == is
	}
	renamed := func(p frame.ColumnPair) bool {
		return c.from.schema.Field(p.Before).Name != c.to.schema.Field(p.After).Name
	}
	return was.Hash == is.Hash && still && !slices.ContainsFunc(pairs, renamed)
}
