package session

import (
	"context"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Open returns a session and extends its life. What the caller says that it will read comes
// along where that saves a round trip.
func (s *Service) Open(ctx context.Context, ref Ref, wants Want) (*Session, error) {
	h, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	s.access(ctx, h, wants)
	return s.view(h), nil
}

// Version returns the kept version of v with that id, the current one for 0.
func (v *Session) Version(id uint32) (Version, error) {
	found, err := v.head.find(id)
	if err != nil {
		return Version{}, err
	}
	return found.view(), nil
}

// Selection is a part of a table.
type Selection struct {
	// Columns are names in the order wanted, each once; nil means all.
	Columns []string
	// Offset is the first row. One past the end selects no rows.
	Offset int64
	// Limit is the largest number of rows; a negative one means all.
	Limit int64
	// Version is the version to read, 0 for the current one.
	Version uint32
}

// Data is what a selection found.
type Data struct {
	Session *Session
	Version Version
	Table   *codec.Table
}

// Read returns a part of the table of a session that was opened. If a commit has removed
// what v refers to since then, the session is read once more, so the data may be newer than v.
func (s *Service) Read(ctx context.Context, v *Session, sel Selection) (data *Data, err error) {
	err = s.follow(ctx, v, func(v *Session) (err error) {
		data, err = s.read(ctx, v, sel)
		return err
	})
	return data, err
}

// follow runs read on v and, if a commit has removed a segment that v refers to, once more on
// the session as it is then.
func (s *Service) follow(ctx context.Context, v *Session, read func(*Session) error) error {
	err := read(v)
	if !errors.Is(err, errSegmentGone) {
		return err
	}
	h, err := s.load(ctx, Ref{ID: v.ID})
	if err != nil {
		return err
	}
	return s.gone(h, read(s.view(h)))
}

func (s *Service) read(ctx context.Context, v *Session, sel Selection) (*Data, error) {
	from, err := v.head.find(sel.Version)
	if err != nil {
		return nil, err
	}
	schema, err := s.schema(v.head, from)
	if err != nil {
		return nil, err
	}
	columns, err := sel.columns(schema)
	if err != nil {
		return nil, err
	}
	table, err := s.project(ctx, v.head, from, columns, sel.Offset, sel.Limit)
	if err != nil {
		return nil, err
	}
	return &Data{Session: v, Version: from.view(), Table: table}, nil
}

// columns returns the positions of the selected columns.
func (sel *Selection) columns(schema *arrow.Schema) ([]int, error) {
	var columns []int
	if sel.Columns == nil {
		for c := range schema.NumFields() {
			columns = append(columns, c)
		}
		return columns, nil
	}
	seen := make([]bool, schema.NumFields())
	for _, name := range sel.Columns {
		at := schema.FieldIndices(name)
		if len(at) == 0 {
			return nil, codec.Errorf(frame.ErrColumnNotFound, "there is no column %q in this version", codec.Shorten(name))
		}
		if seen[at[0]] {
			return nil, fail(ErrInvalidParameter, "column %q is given twice", codec.Shorten(name))
		}
		seen[at[0]] = true
		columns = append(columns, at[0])
	}
	return columns, nil
}
