package scalar

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// From returns a function that appends the value in a row of arr and reports whether it fits. A value
// fits if the one that [JSON] spells for it does; so NaN and infinities, which JSON has not, do not.
// Rows that are null must not be asked for.
func (b *Builder) From(arr arrow.Array) func(row int) bool { return b.from(arr, false) }

// from is From. uuid says that values of 16 bytes are UUIDs.
func (b *Builder) from(arr arrow.Array, uuid bool) func(row int) bool {
	never := func(int) bool { return false }
	switch a := arr.(type) {
	case *array.Boolean:
		return func(row int) bool { return b.boolean(a.Value(row)) }
	case *array.Uint64:
		return func(row int) bool { return b.unsigned(a.Value(row)) }
	case *array.Null, array.ListLike, *array.Struct:
		return never
	case array.Union:
		children := make([]func(row int) bool, a.NumFields())
		for i, f := range a.DataType().(arrow.UnionType).Fields() {
			children[i] = b.from(a.Field(i), IsUUID(f))
		}
		at := unionIndex(a)
		return func(row int) bool { return children[a.ChildID(row)](at(row)) }
	}
	if inner, at := Indirect(arr); at != nil {
		put := b.from(inner, uuid)
		return func(row int) bool { return put(at(row)) }
	}
	if value, bits := FloatValue(arr); value != nil {
		return func(row int) bool {
			v := value(row)
			return !math.IsNaN(v) && !math.IsInf(v, 0) && b.float(v, bits)
		}
	}
	tick := Ticks(arr)
	if tick != nil && arrow.IsInteger(arr.DataType().ID()) {
		return func(row int) bool { return b.integer(tick(row)) }
	}
	if m, ok := b.maker.(*timeMaker); ok && tick != nil {
		put := m.from(arr.DataType())
		if put == nil {
			return never
		}
		return func(row int) bool { return put(tick(row)) }
	}
	return b.spelled(text(arr, uuid))
}

// spelled is [Builder.From] by way of the text of a value, which JSON has in quotes.
func (b *Builder) spelled(spell Appender) func(row int) bool {
	return func(row int) bool {
		b.scratch = spell(b.scratch[:0], row)
		return b.quoted(b.scratch)
	}
}
