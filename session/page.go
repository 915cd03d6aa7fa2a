package session

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
	"edgeframe/frame"
	"edgeframe/session/record"
)

// Selection is a part of a table.
type Selection struct {
	// Columns are names in the order of the result, each once; nil means all.
	Columns []string
	// Offset is the first row. One past the end selects no rows.
	Offset int64
	// Limit is the largest number of rows; a negative one means all.
	Limit int64
	// Version is the version to read, 0 for the current one.
	Version uint32
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

// page is the plan of a read: a selection, and where its data is according to one head. It is made
// once for an opened session, for the prefetch or for the read, whichever comes first.
type page struct {
	selection Selection
	version   *record.Version
	// schema is that of the selected columns.
	schema *arrow.Schema
	ranges []groupRange
	// places are those of the chunks of all selected columns in each of ranges.
	places []place
}

// plan returns the plan of reading a selection of h.
func (s *Service) plan(h *head, sel Selection) (*page, error) {
	ver, err := h.find(sel.Version)
	if err != nil {
		return nil, err
	}
	schema, err := s.schema(h, ver)
	if err != nil {
		return nil, err
	}
	columns, err := sel.columns(schema)
	if err != nil {
		return nil, err
	}
	m, err := h.manifest(ver)
	if err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
	}
	meta := schema.Metadata()
	p := &page{selection: sel, version: ver, schema: arrow.NewSchema(fields, &meta), ranges: m.cut(sel.Offset, sel.Limit)}
	var chunks []frame.Chunk
	for _, r := range p.ranges {
		for _, c := range columns {
			chunks = append(chunks, frame.Chunk{Group: r.group, Column: c})
		}
	}
	p.places = m.places(chunks)
	return p, nil
}

// is reports whether p is the plan of a selection.
func (p *page) is(sel Selection) bool {
	mine := p.selection
	return slices.Equal(mine.Columns, sel.Columns) && (mine.Columns == nil) == (sel.Columns == nil) &&
		mine.Offset == sel.Offset && mine.Limit == sel.Limit && mine.Version == sel.Version
}

// loadPage returns a page as a table.
func (s *Service) loadPage(ctx context.Context, h *head, p *page) (*codec.Table, error) {
	arrays, err := s.loadPlaces(ctx, h, p.places, map[record.SegmentRef][]arrow.Array{})
	if err != nil {
		return nil, err
	}
	out := &codec.Table{Schema: p.schema}
	columns := p.schema.NumFields()
	for _, r := range p.ranges {
		part := slices.Clone(arrays[:columns])
		arrays = arrays[columns:]
		for i, a := range part {
			if r.from > 0 || r.to < a.Len() {
				part[i] = array.NewSlice(a, int64(r.from), int64(r.to))
			}
		}
		out.RowGroups = append(out.RowGroups, array.NewRecord(out.Schema, part, int64(r.to-r.from)))
	}
	return out, nil
}

// groupRange is a range of the rows of a row group.
type groupRange struct{ group, from, to int }

// cut returns where limit rows from offset on are; a negative limit means all.
func (m *manifest) cut(offset, limit int64) (ranges []groupRange) {
	for g, group := range m.Groups {
		n := int64(group.Rows)
		if offset >= n {
			offset -= n
			continue
		}
		to := n
		if limit >= 0 {
			to = offset + min(limit, n-offset)
		}
		if to > offset {
			ranges = append(ranges, groupRange{g, int(offset), int(to)})
		}
		if limit >= 0 {
			if limit -= to - offset; limit == 0 {
				break
			}
		}
		offset = 0
	}
	return ranges
}
