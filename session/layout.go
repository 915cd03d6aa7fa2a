package session

import (
	"slices"
	"strconv"

	"edgeframe/frame"
)

// Columns are packed into segments so that a change of one column rewrites little, and a page of
// many columns reads few keys. A row group of a table of common width has about segmentsPerGroup
// segments, each of at least minSegmentBytes and at most the configured target, in raw bytes.
const (
	segmentsPerGroup = 16
	minSegmentBytes  = 64 << 10
)

// layout is how the columns of a frame are distributed over the segments of each row group.
type layout struct {
	segments []plannedSegment
}

// plannedSegment is one segment of each row group.
type plannedSegment struct {
	// columns are the frame's columns in the order of the fields, -1 for a field whose column has
	// been dropped.
	columns []int
	// base is the position of the segment in the old layout, -1 for a new one.
	base int
}

// newLayout keeps the segments of the old layout as they are, so that unchanged ones need not be
// written again, and packs the new columns of f into further ones. A segment that has outgrown
// most raw bytes by more than a factor of two, because a small table grew, is packed anew.
func newLayout(old *manifest, f *frame.Frame, most int) (*layout, error) {
	position := map[int]int{}
	var loose []int
	for i, c := range f.Columns {
		if c.Origin < 0 {
			loose = append(loose, i)
		} else {
			position[c.Origin] = i
		}
	}
	l := &layout{}
	total := 0
	for base, columns := range old.Layout {
		mapped := make([]int, len(columns))
		for i, c := range columns {
			mapped[i] = -1
			if at, ok := position[c]; ok && c >= 0 {
				mapped[i] = at
			}
		}
		p := plannedSegment{columns: mapped, base: base}
		if used := p.columnsInUse(); len(used) > 1 && p.grownWidth(f) > 2*most {
			loose = append(loose, used...)
		} else if len(used) > 0 {
			l.segments = append(l.segments, p)
			total += old.width(base)
		}
	}
	return l, l.pack(old, f, loose, total, most)
}

// pack distributes loose columns over segments in their order. If the last segment has room left
// it takes the first of them, so that columns which are added one by one do not get a segment
// each. packed is the width of the present segments, in bytes.
func (l *layout) pack(old *manifest, f *frame.Frame, loose []int, packed, most int) error {
	if len(loose) == 0 {
		return nil
	}
	if err := f.LoadColumns(loose); err != nil {
		return err
	}
	widths := make([]int, len(loose))
	total := packed
	for i, c := range loose {
		for _, chunk := range f.Columns[c].Chunks {
			widths[i] = max(widths[i], int(frame.RawBytes(chunk.Data)))
		}
		total += widths[i]
	}
	room := 0
	target := min(max(total/segmentsPerGroup, minSegmentBytes), most)
	if n := len(l.segments); n > 0 {
		room = target - old.width(l.segments[n-1].base)
	}
	for i, c := range loose {
		if len(l.segments) == 0 || widths[i] > room {
			l.segments = append(l.segments, plannedSegment{base: -1})
			room = target
		}
		last := &l.segments[len(l.segments)-1]
		last.columns = append(last.columns, c)
		room -= widths[i]
	}
	return nil
}

// grownWidth is the raw size of the largest of the segment's changed row groups, in bytes.
func (p *plannedSegment) grownWidth(f *frame.Frame) int {
	widest := 0
	for g := range f.Rows {
		width := 0
		for _, c := range p.columnsInUse() {
			if chunk := f.Columns[c].Chunks[g]; !chunk.Stored {
				width += int(frame.RawBytes(chunk.Data))
			}
		}
		widest = max(widest, width)
	}
	return widest
}

// columnsInUse returns the columns of the segment without those that have been dropped.
func (p *plannedSegment) columnsInUse() []int {
	return slices.DeleteFunc(slices.Clone(p.columns), func(c int) bool { return c < 0 })
}

// unchanged reports whether the segment of row group g is stored already, and of which row group
// it is stored.
func (p *plannedSegment) unchanged(f *frame.Frame, g int) (from int, ok bool) {
	for i, c := range p.columnsInUse() {
		chunk := f.Columns[c].Chunks[g]
		if !chunk.Stored || (i > 0 && chunk.Group != from) {
			return 0, false
		}
		from = chunk.Group
	}
	return from, p.base >= 0
}

// fieldName is the name of a field within a segment.
func fieldName(i int) string { return strconv.Itoa(i) }
