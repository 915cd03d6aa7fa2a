package codectest

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"

	"edgeframe/codec"
)

// Equal returns an error that names the first difference between the schemas, including metadata,
// or the values of two tables. Row groups and the layout of dictionaries and runs may differ. Floats
// are equal if their bits are.
func Equal(a, b *codec.Table) error {
	if !a.Schema.Equal(b.Schema) || !a.Schema.Metadata().Equal(b.Schema.Metadata()) {
		return fmt.Errorf("schemas differ:\n%s\n%s", a.Schema, b.Schema)
	}
	if a.NumRows() != b.NumRows() {
		return fmt.Errorf("%d rows instead of %d", b.NumRows(), a.NumRows())
	}
	for column, f := range a.Schema.Fields() {
		left, right := cursor{table: a, column: column}, cursor{table: b, column: column}
		for row := range a.NumRows() {
			la, i := left.next()
			ra, j := right.next()
			if !equalValues(la, i, ra, j) {
				return fmt.Errorf("column %q, row %d: %s instead of %s", f.Name, row, ra.ValueStr(j), la.ValueStr(i))
			}
		}
	}
	return nil
}

// EqualArrays returns an error that names the first difference between two arrays.
func EqualArrays(a, b arrow.Array) error {
	if !arrow.TypeEqual(a.DataType(), b.DataType()) || a.Len() != b.Len() {
		return fmt.Errorf("%d values of %s instead of %d of %s", b.Len(), b.DataType(), a.Len(), a.DataType())
	}
	for i := range a.Len() {
		if !equalValues(a, i, b, i) {
			return fmt.Errorf("value %d: %s instead of %s", i, b.ValueStr(i), a.ValueStr(i))
		}
	}
	return nil
}

// cursor iterates over the values of one column.
type cursor struct {
	table              *codec.Table
	column, group, row int
}

func (c *cursor) next() (arrow.Array, int) {
	for c.row == int(c.table.RowGroups[c.group].NumRows()) {
		c.group++
		c.row = 0
	}
	c.row++
	return c.table.RowGroups[c.group].Column(c.column), c.row - 1
}

func equalValues(a arrow.Array, i int, b arrow.Array, j int) bool {
	a, i = resolve(a, i)
	b, j = resolve(b, j)
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) == b.IsNull(j)
	}
	switch a := a.(type) {
	case *array.Null:
		return true
	case array.Union:
		b := b.(array.Union)
		left, at := unionValue(a, i)
		right, bt := unionValue(b, j)
		return a.TypeCode(i) == b.TypeCode(j) && equalValues(left, at, right, bt)
	case *array.Struct:
		b := b.(*array.Struct)
		for k := range a.NumField() {
			if !equalValues(a.Field(k), i, b.Field(k), j) {
				return false
			}
		}
		return true
	case array.ListLike:
		b := b.(array.ListLike)
		from, to := a.ValueOffsets(i)
		at, end := b.ValueOffsets(j)
		if to-from != end-at {
			return false
		}
		for k := range to - from {
			if !equalValues(a.ListValues(), int(from+k), b.ListValues(), int(at+k)) {
				return false
			}
		}
		return true
	}
	return bytes.Equal(rawValue(a, i), rawValue(b, j))
}

// resolve follows dictionaries and runs to the array of the value and its index.
func resolve(arr arrow.Array, i int) (arrow.Array, int) {
	for {
		switch a := arr.(type) {
		case *array.Dictionary:
			if a.IsNull(i) {
				return arr, i
			}
			arr, i = a.Dictionary(), a.GetValueIndex(i)
		case *array.RunEndEncoded:
			arr, i = a.Values(), a.GetPhysicalIndex(i)
		default:
			return arr, i
		}
	}
}

// unionValue returns the child that holds value i of a union, and where.
func unionValue(u array.Union, i int) (arrow.Array, int) {
	child := u.Field(u.ChildID(i))
	if dense, ok := u.(*array.DenseUnion); ok {
		return child, int(dense.ValueOffset(i))
	}
	return child, i
}

// rawValue is the value of a type without children as bytes.
func rawValue(arr arrow.Array, i int) []byte {
	switch a := arr.(type) {
	case array.BinaryLike:
		return a.ValueBytes()[a.ValueOffset64(i)-a.ValueOffset64(0):][:a.ValueLen(i)]
	case *array.BinaryView:
		return a.Value(i)
	case *array.StringView:
		return []byte(a.Value(i))
	}
	data := arr.Data()
	buf := data.Buffers()[1].Bytes()
	i += data.Offset()
	if arr.DataType().ID() == arrow.BOOL {
		if bitutil.BitIsSet(buf, i) {
			return []byte{1}
		}
		return []byte{0}
	}
	w := arr.DataType().(arrow.FixedWidthDataType).Bytes()
	return buf[i*w : (i+1)*w]
}
