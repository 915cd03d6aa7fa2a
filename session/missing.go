package session

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/frame"
	"edgeframe/kv"
)

// Marks returns the cells of the current version that are missing on purpose, and the
// session whose they are: like that of [Service.Read], it may be newer than v.
func (s *Service) Marks(ctx context.Context, v *Session) (now *Session, marks frame.Marks, err error) {
	err = s.follow(ctx, v, func(v *Session) (err error) {
		now = v
		marks, err = s.marks(ctx, v.head, v.head.current())
		return err
	})
	return now, marks, err
}

// SetMarks replaces the marks of the whole table, or with merge those of the columns given;
// a column with no rows loses its marks. It makes a version, which undo takes back.
func (s *Service) SetMarks(ctx context.Context, c Change, marks frame.Marks, merge bool) (*Session, error) {
	if c.Summary == "" {
		c.Summary = "Mark intentionally missing cells"
	}
	return s.commit(ctx, c.Ref, c.Pre, func(h *head) ([]kv.Item, error) {
		base := h.current()
		f, err := s.frame(ctx, h, base)
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
		v := *base
		se := s.newSealer(h)
		if v.Marks, err = s.storeMarks(f, se); err != nil {
			return nil, err
		}
		v.RowsBefore = base.Rows
		v.NewBytes = se.bytes
		return s.push(h, &v, c.Summary, se)
	})
}

// Marks are stored as a segment with one row per mark, in order.
var marksSchema = arrow.NewSchema([]arrow.Field{
	{Name: "column", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}},
	{Name: "row", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// storeMarks seals the marks of f and returns their ref, nil when there are none.
func (s *Service) storeMarks(f *frame.Frame, se *sealer) (*segmentRef, error) {
	if len(f.Marks) == 0 {
		return nil, nil
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, marksSchema)
	names, rows := b.Field(0).(*array.BinaryDictionaryBuilder), b.Field(1).(*array.Int64Builder)
	for _, name := range slices.Sorted(maps.Keys(f.Marks)) {
		for _, row := range f.Marks[name] {
			if err := names.AppendString(name); err != nil {
				return nil, err
			}
			rows.Append(row)
		}
	}
	refs, err := se.seal([]arrow.Record{b.NewRecord()})
	if err != nil {
		return nil, err
	}
	return &refs[0], nil
}

// marks loads the marks of a version; there may be none, never nil.
func (s *Service) marks(ctx context.Context, h *head, v *version) (frame.Marks, error) {
	marks := frame.Marks{}
	if v.Marks == nil {
		return marks, nil
	}
	fetched, err := s.fetch(ctx, h, []segmentRef{*v.Marks})
	if err != nil {
		return nil, err
	}
	fields := fetched[*v.Marks]
	names, rows := fields[0].(*array.Dictionary), fields[1].(*array.Int64)
	dictionary := names.Dictionary().(*array.String)
	for i := range rows.Len() {
		name := dictionary.Value(names.GetValueIndex(i))
		marks[name] = append(marks[name], rows.Value(i))
	}
	return marks, nil
}
