package session

import (
	"context"
	"maps"
	"slices"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/frame"
	"edgeframe/session/record"
)

// MarkCounts returns for each column of the current version how many of its cells are missing on
// purpose, and the session to which the counts belong: like the data of [Service.Read], they may be
// of one newer than sess. The marks are loaded only for a version of a release that did not count
// them.
func (s *Service) MarkCounts(ctx context.Context, sess *Session) (now *Session, counts []int64, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		now = sess
		counts, err = s.markCounts(ctx, sess.head, sess.head.current())
		return err
	})
	return now, counts, err
}

func (s *Service) markCounts(ctx context.Context, h *head, ver *record.Version) ([]int64, error) {
	counts := make([]int64, ver.Columns)
	for _, c := range ver.MarkCounts {
		counts[c.Column] = c.Marks
	}
	if ver.Marks == nil || len(ver.MarkCounts) > 0 {
		return counts, nil
	}
	schema, err := s.schema(h, ver)
	if err != nil {
		return nil, err
	}
	stored, err := s.loadMarks(ctx, h, ver)
	if err != nil {
		return nil, err
	}
	for i, f := range schema.Fields() {
		counts[i] = int64(len(stored.column(f.Name)))
	}
	return counts, nil
}

// MarksPage is a part of the cells of a version that are missing on purpose.
type MarksPage struct {
	Session *Session
	Version Version
	// Columns are the columns that have cells on the page, each once.
	Columns []ColumnMarks
	// Total is the number of marked cells of all selected columns, Returned that of the page.
	Total, Returned int64
}

// ColumnMarks are marked cells of a column. Rows ascend and must not be written to.
type ColumnMarks struct {
	Column string
	Rows   []int64
}

// Marks returns a page of the cells of a session that was opened that are missing on purpose.
// Offset and Limit of sel count marks, one column after the other. Like the data of [Service.Read],
// the page may be of a session newer than sess.
func (s *Service) Marks(ctx context.Context, sess *Session, sel Selection) (page *MarksPage, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		page, err = s.marksPage(ctx, sess, sel)
		return err
	})
	return page, err
}

func (s *Service) marksPage(ctx context.Context, sess *Session, sel Selection) (*MarksPage, error) {
	ver, err := sess.head.find(sel.Version)
	if err != nil {
		return nil, err
	}
	schema, err := s.schema(sess.head, ver)
	if err != nil {
		return nil, err
	}
	columns, err := sel.columns(schema)
	if err != nil {
		return nil, err
	}
	counts, err := s.markCounts(ctx, sess.head, ver)
	if err != nil {
		return nil, err
	}
	page := &MarksPage{Session: sess, Version: sess.head.viewVersion(ver)}
	parts := page.cut(columns, counts, sel)
	if len(parts) == 0 {
		return page, nil
	}
	stored, err := s.loadMarks(ctx, sess.head, ver)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		name := schema.Field(p.column).Name
		rows := stored.column(name)
		if int64(len(rows)) != counts[p.column] {
			return nil, fail(ErrCorrupt, "segment %s has other marks than version %d counts", record.SegmentKey(sess.ID, *ver.Marks), ver.ID)
		}
		page.Columns = append(page.Columns, ColumnMarks{name, rows[p.from:p.to]})
	}
	return page, nil
}

// markRange is a range of the marks of a column.
type markRange struct {
	column   int
	from, to int64
}

// cut sets the counts of the page and returns which marks of columns are on it.
func (page *MarksPage) cut(columns []int, counts []int64, sel Selection) (parts []markRange) {
	for _, c := range columns {
		page.Total += counts[c]
	}
	offset, left := sel.Offset, sel.Limit
	if left < 0 {
		left = page.Total
	}
	for _, c := range columns {
		from := min(offset, counts[c])
		to := from + min(left-page.Returned, counts[c]-from)
		if to > from {
			parts = append(parts, markRange{c, from, to})
		}
		offset -= from
		page.Returned += to - from
	}
	return parts
}

// SetMarks replaces the marks of the whole table, or with merge only those of the given columns;
// a column with no rows loses its marks. It makes a version, so that it can be undone,
// unless the marks stay as they are.
func (s *Service) SetMarks(ctx context.Context, c Change, marks frame.Marks, merge bool) (*Session, error) {
	return s.commitVersion(ctx, c, func(h *head, out *sealer) (*record.Version, error) {
		base := h.current()
		f, err := s.frame(ctx, h, base, true)
		if err != nil {
			return nil, err
		}
		next := marks
		if merge {
			next = maps.Clone(f.Marks)
			maps.Copy(next, marks)
		}
		if f.Marks, err = next.Check(f); err != nil {
			return nil, err
		}
		ver := *base
		if err := s.storeMarks(&ver, f, out); err != nil {
			return nil, err
		}
		ver.NewBytes = out.bytes
		h.step = newStep(record.StepMarks, "Mark intentionally missing cells", nil)
		h.remade = s.remadeColumns(h, base, f)
		return unlessSame(h, base, &ver)
	})
}

// Marks are stored as a segment with one row per mark, by the names of the columns in ascending
// order, then by row.
var marksSchema = arrow.NewSchema([]arrow.Field{
	{Name: "column", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}},
	{Name: "row", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// storeMarks seals the marks of f and makes them those of ver.
func (s *Service) storeMarks(ver *record.Version, f *frame.Frame, out *sealer) error {
	ver.Marks, ver.MarkCounts = nil, nil
	if len(f.Marks) == 0 {
		return nil
	}
	refs, err := out.seal([]arrow.Record{marksRecord(f.Marks)})
	if err != nil {
		return err
	}
	ver.Marks = &refs[0]
	for i, c := range f.Columns {
		if n := len(f.Marks[c.Field.Name]); n > 0 {
			ver.MarkCounts = append(ver.MarkCounts, record.MarkCount{Column: i, Marks: int64(n)})
		}
	}
	return nil
}

// marksRecord returns marks as they are stored.
func marksRecord(marks frame.Marks) arrow.Record {
	names := array.NewStringBuilder(memory.DefaultAllocator)
	index := array.NewInt32Builder(memory.DefaultAllocator)
	rows := array.NewInt64Builder(memory.DefaultAllocator)
	for i, name := range slices.Sorted(maps.Keys(marks)) {
		names.Append(name)
		index.Reserve(len(marks[name]))
		for range marks[name] {
			index.UnsafeAppend(int32(i))
		}
		rows.AppendValues(marks[name], nil)
	}
	columns := array.NewDictionaryArray(marksSchema.Field(0).Type, index.NewArray(), names.NewArray())
	return array.NewRecord(marksSchema, []arrow.Array{columns, rows.NewArray()}, int64(columns.Len()))
}

// storedMarks are the marks of a version as their segment has them.
type storedMarks struct {
	index *array.Dictionary
	names *array.String
	rows  []int64
}

// loadMarks loads the marks of a version that has some.
func (s *Service) loadMarks(ctx context.Context, h *head, ver *record.Version) (*storedMarks, error) {
	fetched, err := s.fetch(ctx, h, []record.SegmentRef{*ver.Marks})
	if err != nil {
		return nil, err
	}
	return newStoredMarks(fetched[*ver.Marks]), nil
}

// newStoredMarks returns the marks in the fields of their segment.
func newStoredMarks(fields []arrow.Array) *storedMarks {
	index := fields[0].(*array.Dictionary)
	return &storedMarks{index, index.Dictionary().(*array.String), fields[1].(*array.Int64).Int64Values()}
}

// name returns the column of the mark at i.
func (m *storedMarks) name(i int) string { return m.names.Value(m.index.GetValueIndex(i)) }

// column returns the marked rows of a column. They are a part of the segment, which is never
// written to.
func (m *storedMarks) column(name string) []int64 {
	from := sort.Search(len(m.rows), func(i int) bool { return m.name(i) >= name })
	if from == len(m.rows) || m.name(from) != name {
		return nil
	}
	return m.run(from)
}

// run returns the marked rows of the column whose marks begin at from.
func (m *storedMarks) run(from int) []int64 {
	name := m.name(from)
	n := sort.Search(len(m.rows)-from, func(i int) bool { return m.name(from+i) > name })
	return slices.Clip(m.rows[from : from+n])
}

// marks loads the marks of a version. Without an error the result is never nil. Its rows are those
// of the segment: operations replace them and do not write to them.
func (s *Service) marks(ctx context.Context, h *head, ver *record.Version) (frame.Marks, error) {
	marks := frame.Marks{}
	if ver.Marks == nil {
		return marks, nil
	}
	stored, err := s.loadMarks(ctx, h, ver)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(stored.rows); {
		rows := stored.run(i)
		marks[stored.name(i)] = rows
		i += len(rows)
	}
	return marks, nil
}
