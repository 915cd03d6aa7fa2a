package session

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/frame"
	"edgeframe/session/record"
)

// CellSelection names a cell by its row and column in a version.
type CellSelection struct {
	// Version is the version, 0 for the current one.
	Version uint32
	Row     int64
	Column  string
	// Style is how values are spelled.
	Style scalar.JSONStyle
}

// CellHistory is what a cell held in each version.
type CellHistory struct {
	Session *Session
	// Version is the one in which the cell was named.
	Version Version
	// Cells has one element for each kept version, the newest first.
	Cells []CellVersion
}

// CellVersion is a cell in one version.
type CellVersion struct {
	Version Version
	// AlignedBy is how the row was found: [AlignedByOrigin] or [AlignedByPosition].
	AlignedBy string
	// Row is the row in that version, -1 if it is not there, and Column the name of the column, empty if that is not
	// there.
	Row    int64
	Column string
	// Value is the value as JSON, nil if the row or the column is not there. Marked says that it is missing on
	// purpose.
	Value  []byte
	Marked bool
}

// CellHistory returns what a cell of a session that was opened held in each kept version. Like the data of
// [Service.Read], it may be of a session newer than sess. It reads one segment of each version, unless versions
// share it.
func (s *Service) CellHistory(ctx context.Context, sess *Session, sel CellSelection) (h *CellHistory, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		h, err = s.cellHistory(ctx, sess, sel)
		return err
	})
	return h, err
}

func (s *Service) cellHistory(ctx context.Context, sess *Session, sel CellSelection) (*CellHistory, error) {
	of, err := s.tableOf(sess.head, sel.Version)
	if err != nil {
		return nil, err
	}
	column := of.schema.FieldIndices(sel.Column)
	if len(column) == 0 {
		return nil, noColumn(of.schema, sel.Column, fmt.Sprintf("version %d", of.version.ID))
	}
	if sel.Row >= of.version.Rows {
		return nil, fail(ErrRowNotFound, "version %d has no row %d; it has %d rows, which count from 0", of.version.ID, sel.Row, of.version.Rows)
	}
	h := &CellHistory{Session: sess, Version: sess.head.viewVersion(of.version)}
	if err := s.fetchSteps(ctx, sess.head, of.version.ID); err != nil {
		return nil, err
	}
	var found []foundCell
	for i := range slices.Backward(sess.head.Versions) {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		at, err := s.findCell(ctx, sess, of, sess.head.Versions[i].ID, sel.Row, column[0])
		if err != nil {
			return nil, err
		}
		found = append(found, at)
	}
	if err := s.readCells(ctx, sess.head, found, sel.Style); err != nil {
		return nil, err
	}
	for _, at := range found {
		h.Cells = append(h.Cells, at.CellVersion)
	}
	return h, nil
}

// fetchSteps brings what the steps between a version and all others refer to into the cache, in one round trip.
func (s *Service) fetchSteps(ctx context.Context, h *head, version uint32) error {
	var refs []record.SegmentRef
	for i := range h.Versions {
		r, err := h.relate(h.Versions[i].ID, version)
		if err != nil {
			return err
		}
		if r != nil {
			refs = append(refs, r.segments()...)
		}
	}
	if s.opt.CacheBytes == 0 || len(refs) == 0 {
		return nil
	}
	_, err := s.fetch(ctx, h, refs)
	return err
}

// foundCell is where a cell is in a version.
type foundCell struct {
	CellVersion
	table *storedTable
	// column is the position of the column, -1 for none, and place has its chunk of the row, which is there row.
	column int
	place  place
	row    int
}

// findCell finds a cell of a version in another one.
func (s *Service) findCell(ctx context.Context, sess *Session, of *storedTable, version uint32, row int64, column int) (at foundCell, err error) {
	c, err := s.compareVersions(ctx, sess, version, of.version.ID)
	if err != nil {
		return at, err
	}
	at = foundCell{CellVersion: CellVersion{Version: sess.head.viewVersion(c.from.version), AlignedBy: AlignedByOrigin}, table: c.from, column: -1}
	pairs, err := c.matchColumns()
	if err != nil {
		return at, err
	}
	for _, p := range pairs {
		if p.After == column {
			at.column, at.Column = p.Before, c.from.schema.Field(p.Before).Name
		}
	}
	var known bool
	if at.Row, known, err = s.originOf(ctx, sess.head, c.relation, row); err != nil {
		return at, err
	}
	if !known {
		at.AlignedBy = AlignedByPosition
	}
	if at.Row >= c.from.version.Rows {
		at.Row = -1
	}
	if at.Row >= 0 && at.column >= 0 {
		r := c.from.manifest.cut(at.Row, 1)[0]
		at.row = r.from
		at.place = c.from.manifest.places([]frame.Chunk{{Group: r.group, Column: at.column}})[0]
	}
	return at, nil
}

// readCells sets the values of cells and which are marked.
func (s *Service) readCells(ctx context.Context, h *head, cells []foundCell, style scalar.JSONStyle) error {
	var places []place
	var at []*foundCell
	for i := range cells {
		if c := &cells[i]; c.Row >= 0 && c.column >= 0 {
			places, at = append(places, c.place), append(at, c)
		}
	}
	arrays, err := s.loadPlaces(ctx, h, places, map[record.SegmentRef][]arrow.Array{})
	if err != nil {
		return err
	}
	var marked []*foundCell
	var marks []record.SegmentRef
	for i, c := range at {
		c.Value = style.Field(c.table.schema.Field(c.column), arrays[i])(nil, c.row)
		if c.mayBeMarked() {
			marked, marks = append(marked, c), append(marks, *c.table.version.Marks)
		}
	}
	fetched, err := s.fetch(ctx, h, marks)
	if err != nil {
		return err
	}
	for _, c := range marked {
		rows := newStoredMarks(fetched[*c.table.version.Marks]).column(c.Column)
		i := sort.Search(len(rows), func(i int) bool { return rows[i] >= c.Row })
		c.Marked = i < len(rows) && rows[i] == c.Row
	}
	return nil
}

// mayBeMarked reports whether a column has marks. Releases before counted none.
func (c *foundCell) mayBeMarked() bool {
	ver := c.table.version
	return ver.Marks != nil && (len(ver.MarkCounts) == 0 || slices.ContainsFunc(ver.MarkCounts, func(n record.MarkCount) bool { return n.Column == c.column }))
}
