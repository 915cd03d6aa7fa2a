package session

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/frame"
	"edgeframe/session/record"
)

// Marks returns the cells of the current version that are missing on purpose, and the session to
// which they belong: like the data of [Service.Read], it may be newer than sess.
func (s *Service) Marks(ctx context.Context, sess *Session) (now *Session, marks frame.Marks, err error) {
	err = s.follow(ctx, sess, func(sess *Session) (err error) {
		now = sess
		marks, err = s.marks(ctx, sess.head, sess.head.current())
		return err
	})
	return now, marks, err
}

// SetMarks replaces the marks of the whole table, or with merge only those of the given columns;
// a column with no rows loses its marks. It makes a version, so that it can be undone.
func (s *Service) SetMarks(ctx context.Context, c Change, marks frame.Marks, merge bool) (*Session, error) {
	if c.Summary == "" {
		c.Summary = "Mark intentionally missing cells"
	}
	return s.commitVersion(ctx, c, func(h *head, out *sealer) (*record.Version, error) {
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
		ver := *base
		if ver.Marks, err = s.storeMarks(f, out); err != nil {
			return nil, err
		}
		ver.NewBytes = out.bytes
		return &ver, nil
	})
}

// Marks are stored as a segment with one row per mark, in order.
var marksSchema = arrow.NewSchema([]arrow.Field{
	{Name: "column", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}},
	{Name: "row", Type: arrow.PrimitiveTypes.Int64},
}, nil)

// storeMarks seals the marks of f and returns their ref, nil if there are none.
func (s *Service) storeMarks(f *frame.Frame, out *sealer) (*record.SegmentRef, error) {
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
	refs, err := out.seal([]arrow.Record{b.NewRecord()})
	if err != nil {
		return nil, err
	}
	return &refs[0], nil
}

// marks loads the marks of a version. Without an error the result is never nil.
func (s *Service) marks(ctx context.Context, h *head, ver *record.Version) (frame.Marks, error) {
	marks := frame.Marks{}
	if ver.Marks == nil {
		return marks, nil
	}
	fetched, err := s.fetch(ctx, h, []record.SegmentRef{*ver.Marks})
	if err != nil {
		return nil, err
	}
	fields := fetched[*ver.Marks]
	names, rows := fields[0].(*array.Dictionary), fields[1].(*array.Int64)
	dictionary := names.Dictionary().(*array.String)
	for i := range rows.Len() {
		name := dictionary.Value(names.GetValueIndex(i))
		marks[name] = append(marks[name], rows.Value(i))
	}
	return marks, nil
}
