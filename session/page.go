package session

import (
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
	if sel.Columns == nil {
		return everyColumn(schema), nil
	}
	var columns []int
	seen := make([]bool, schema.NumFields())
	for _, name := range sel.Columns {
		at := schema.FieldIndices(name)
		if len(at) == 0 {
			return nil, noColumn(schema, name, "this version")
		}
		if seen[at[0]] {
			return nil, fail(ErrInvalidParameter, "column %q is given twice", codec.Shorten(name))
		}
		seen[at[0]] = true
		columns = append(columns, at[0])
	}
	return columns, nil
}

// noColumn is the error about a column that a table lacks. It proposes the nearest name.
func noColumn(schema *arrow.Schema, name, table string) error {
	if near := nearest(schema, name); near != "" {
		return codec.Errorf(frame.ErrColumnNotFound, "there is no column %q in %s; did you mean %q?", codec.Shorten(name), table, near)
	}
	return codec.Errorf(frame.ErrColumnNotFound, "there is no column %q in %s", codec.Shorten(name), table)
}

// nearest is [frame.Nearest] among the columns of a table.
func nearest(schema *arrow.Schema, name string) string {
	names := make([]string, schema.NumFields())
	for i, field := range schema.Fields() {
		names[i] = field.Name
	}
	return frame.Nearest(name, names)
}

// everyColumn returns the positions of all columns.
func everyColumn(schema *arrow.Schema) []int {
	columns := make([]int, schema.NumFields())
	for i := range columns {
		columns[i] = i
	}
	return columns
}

// page is the plan of a read: a selection, and where its data is according to one head. It is made
// once for an opened session, for the prefetch or for the read, whichever comes first.
type page struct {
	selection Selection
	version   *record.Version
	// schema is that of the selected columns, and columns are their positions in the version.
	schema  *arrow.Schema
	columns []int
	ranges  []groupRange
	// rows is the number of rows in ranges.
	rows     int64
	manifest *manifest
	slots    []slot
}

// plan returns the plan of reading a selection of h.
func (s *Service) plan(h *head, sel Selection) (*page, error) {
	t, err := s.tableOf(h, sel.Version)
	if err != nil {
		return nil, err
	}
	columns, err := sel.columns(t.schema)
	if err != nil {
		return nil, err
	}
	p := t.page(columns)
	p.selection, p.ranges = sel, t.manifest.cut(sel.Offset, sel.Limit)
	for _, r := range p.ranges {
		p.rows += int64(r.to - r.from)
	}
	return p, nil
}

// is reports whether p is the plan of a selection.
func (p *page) is(sel Selection) bool {
	mine := p.selection
	return slices.Equal(mine.Columns, sel.Columns) && (mine.Columns == nil) == (sel.Columns == nil) &&
		mine.Offset == sel.Offset && mine.Limit == sel.Limit && mine.Version == sel.Version
}

// batchBytes is about how much of a table is read at once, in raw bytes, and at least one row group.
// Small row groups would cost a round trip each.
const batchBytes = 8 << 20

// batch returns the end of the batch of ranges that begins with range from, for columns of the page.
func (p *page) batch(from int, columns []int) (end int) {
	segments, bytes := p.segments(columns), int64(0)
	for end = from; end < len(p.ranges); end++ {
		if bytes += p.groupBytes(end, segments); bytes > batchBytes && end > from {
			return end
		}
	}
	return end
}

// bytes is the size of what is read for the ranges from to end, in raw bytes.
func (p *page) bytes(from, end int, columns []int) (bytes int64) {
	segments := p.segments(columns)
	for i := from; i < end; i++ {
		bytes += p.groupBytes(i, segments)
	}
	return bytes
}

// groupBytes is the size of segments of the row group of a range, in raw bytes.
func (p *page) groupBytes(i int, segments []int) (bytes int64) {
	group := &p.manifest.Groups[p.ranges[i].group]
	for _, at := range segments {
		bytes += int64(group.Segments[at].Raw)
	}
	return bytes
}

// segments returns the positions, in the layout, of the segments that have columns of the page, nil
// for all.
func (p *page) segments(columns []int) []int {
	var segments []int
	seen := make([]bool, len(p.manifest.Layout))
	for _, c := range p.positions(columns) {
		if at := p.slots[c].segment; !seen[at] {
			seen[at] = true
			segments = append(segments, at)
		}
	}
	return segments
}

// positions returns the positions in the version of columns of the page, nil for all.
func (p *page) positions(columns []int) []int {
	if columns == nil {
		return p.columns
	}
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = p.columns[c]
	}
	return out
}

// places returns the places of the chunks of columns of the page, nil for all, in each of ranges.
func (p *page) places(ranges []groupRange, columns []int) []place {
	positions := p.positions(columns)
	places := make([]place, 0, len(ranges)*len(positions))
	for _, r := range ranges {
		group := &p.manifest.Groups[r.group]
		for _, c := range positions {
			at := p.slots[c]
			places = append(places, place{group.Segments[at.segment], at.field, group.Rows})
		}
	}
	return places
}

// records returns arrays, those at the places of ranges, as row groups.
func (p *page) records(ranges []groupRange, schema *arrow.Schema, arrays []arrow.Array) []arrow.Record {
	columns := schema.NumFields()
	records := make([]arrow.Record, len(ranges))
	for i, r := range ranges {
		part := slices.Clone(arrays[:columns])
		arrays = arrays[columns:]
		for c, a := range part {
			if r.from > 0 || r.to < a.Len() {
				part[c] = array.NewSlice(a, int64(r.from), int64(r.to))
			}
		}
		records[i] = array.NewRecord(schema, part, int64(r.to-r.from))
	}
	return records
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
