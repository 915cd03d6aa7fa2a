package session

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
	"edgeframe/frame"
)

// ColumnDiff is what differs between the columns of two versions. Each list is in the order of the later version,
// except for Dropped.
type ColumnDiff struct {
	Added, Dropped []arrow.Field
	Renamed        []RenamedColumn
	Retyped        []RetypedColumn
	// Moved are the names of the columns that are at another place among those that both versions have.
	Moved []string
	// Names are those of the columns of the changed cells, in the later version.
	Names []string
}

// RenamedColumn is a column with two names.
type RenamedColumn struct{ From, To string }

// RetypedColumn is a column with two types. Name is the later one.
type RetypedColumn struct {
	Name     string
	From, To arrow.DataType
}

// diffColumns describes what differs between two schemas.
func diffColumns(from, to *arrow.Schema, pairs []frame.ColumnPair) (d ColumnDiff) {
	kept, stays := make([]bool, to.NumFields()), make([]bool, from.NumFields())
	for _, p := range pairs {
		kept[p.After], stays[p.Before] = true, true
		was, is := from.Field(p.Before), to.Field(p.After)
		d.Names = append(d.Names, is.Name)
		if was.Name != is.Name {
			d.Renamed = append(d.Renamed, RenamedColumn{was.Name, is.Name})
		}
		if scalar.DType(was.Type) != scalar.DType(is.Type) {
			d.Retyped = append(d.Retyped, RetypedColumn{is.Name, was.Type, is.Type})
		}
	}
	for i, is := range kept {
		if !is {
			d.Added = append(d.Added, to.Field(i))
		}
	}
	next := 0
	for i, stays := range stays {
		switch {
		case !stays:
			d.Dropped = append(d.Dropped, from.Field(i))
		case pairs[next].Before != i:
			d.Moved = append(d.Moved, to.Field(pairs[next].After).Name)
			next++
		default:
			next++
		}
	}
	return d
}

// matchColumns returns the columns that both tables have, in the order of the later one: those that are the same as
// the operations between them say, of the others those of the same name and, if not all operations are known, of the
// rest those with the same segments.
func (c *versionDiff) matchColumns() (pairs []frame.ColumnPair, err error) {
	origins, err := c.s.columnOrigins(c.ctx, c.sess.head, c.relation, c.from.schema, c.to.schema)
	if err != nil {
		return nil, err
	}
	c.untouched = origins.untouched
	before := origins.at
	taken := make([]bool, c.from.schema.NumFields())
	for _, at := range before {
		if at >= 0 {
			taken[at] = true
		}
	}
	match := func(of func(column int) (int, bool)) {
		for i := range before {
			if before[i] >= 0 {
				continue
			}
			if at, ok := of(i); ok && !taken[at] {
				before[i], taken[at] = at, true
			}
		}
	}
	match(func(column int) (int, bool) {
		at := c.from.schema.FieldIndices(c.to.schema.Field(column).Name)
		return append(at, -1)[0], len(at) > 0
	})
	if !origins.known {
		match(c.sameSegments(taken))
	}
	for i, at := range before {
		if at >= 0 {
			pairs = append(pairs, frame.ColumnPair{Before: at, After: i})
		}
	}
	return pairs, nil
}

// sameSegments finds columns of the earlier table, of those that are not taken, by their segments.
func (c *versionDiff) sameSegments(taken []bool) func(column int) (int, bool) {
	stored := map[string]int{}
	for i := range taken {
		if key := c.from.places(i); !taken[i] && key != "" {
			stored[key] = i
		}
	}
	return func(column int) (int, bool) {
		at, ok := stored[c.to.places(column)]
		return at, ok
	}
}

// places returns where a column is stored: its row groups, and in which field of which segment each is.
func (t *storedTable) places(column int) string {
	at := t.slots[column]
	var b []byte
	for _, g := range t.manifest.Groups {
		b = binary.BigEndian.AppendUint32(b, uint32(g.Rows))
		b = append(b, g.Segments[at.segment].Hash[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(at.field))
	}
	return string(b)
}
