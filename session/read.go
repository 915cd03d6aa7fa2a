package session

import (
	"context"
	"errors"

	"edgeframe/codec"
	"edgeframe/frame"
)

// Open returns a session and extends its life.
func (s *Service) Open(ctx context.Context, ref Ref) (*Session, error) {
	h, err := s.load(ctx, ref)
	if err != nil {
		return nil, err
	}
	s.access(ctx, h)
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
	// Columns are names in the order wanted; nil means all.
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
func (s *Service) Read(ctx context.Context, v *Session, sel Selection) (*Data, error) {
	data, err := s.read(ctx, v, sel)
	if !errors.Is(err, errSegmentGone) {
		return data, err
	}
	h, err := s.load(ctx, Ref{ID: v.ID})
	if err != nil {
		return nil, err
	}
	data, err = s.read(ctx, s.view(h), sel)
	return data, corrupt(v.ID, err)
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
	columns := make([]int, 0, max(len(sel.Columns), schema.NumFields()))
	for _, name := range sel.Columns {
		at := schema.FieldIndices(name)
		if len(at) == 0 {
			return nil, codec.Errorf(frame.ErrColumnNotFound, "there is no column %q in version %d", shorten(name), from.ID)
		}
		columns = append(columns, at[0])
	}
	if sel.Columns == nil {
		for c := range schema.NumFields() {
			columns = append(columns, c)
		}
	}
	table, err := s.project(ctx, v.head, from, columns, sel.Offset, sel.Limit)
	if err != nil {
		return nil, err
	}
	return &Data{Session: v, Version: from.view(), Table: table}, nil
}
