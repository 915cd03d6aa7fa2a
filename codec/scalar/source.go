package scalar

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// source reads the values of an array as [JSON] spells them: as lists, as objects, or as values
// without parts.
type source struct {
	arr arrow.Array
	// uuid says that values of 16 bytes are UUIDs.
	uuid   bool
	isNull func(row int) bool
	// follow leads to the value that a value stands for: of dictionaries, run-end encoded arrays,
	// unions and extensions.
	follow func(row int) (*source, int)
	// list has the lists of the array, element their elements.
	list    array.ListLike
	element *source
	// names and members are the parts of objects.
	names   []string
	members []*source
}

func newSource(arr arrow.Array, uuid bool) *source {
	s := &source{arr: arr, uuid: uuid, isNull: NullChecker(arr)}
	switch a := arr.(type) {
	case array.Union:
		children := make([]*source, a.NumFields())
		for i, f := range a.DataType().(arrow.UnionType).Fields() {
			children[i] = newSource(a.Field(i), IsUUID(f))
		}
		at := unionIndex(a)
		s.follow = func(row int) (*source, int) { return children[a.ChildID(row)], at(row) }
	case *array.Map:
		s.list, s.element = a, newSource(a.ListValues(), false)
		s.element.names = EntryNames
	case array.ListLike:
		s.list, s.element = a, newSource(a.ListValues(), IsUUID(elementField(a.DataType())))
	case *array.Struct:
		names, fields := StructParts(a)
		s.names = names
		for i, field := range fields {
			s.members = append(s.members, newSource(field, IsUUID(a.DataType().(*arrow.StructType).Field(i))))
		}
	default:
		if inner, at := Indirect(arr); at != nil {
			child := newSource(inner, uuid)
			s.follow = func(row int) (*source, int) { return child, at(row) }
		}
	}
	return s
}

// value returns the value of a row.
func (s *source) value(row, position int) fitValue {
	for !s.isNull(row) {
		if s.follow == nil {
			return fitValue{from: s, row: row, position: position}
		}
		s, row = s.follow(row)
	}
	return fitValue{position: position}
}

// isList reports whether a value that is not null is a list, isObject whether it is an object.
func (v fitValue) isList() bool {
	if v.from != nil {
		return v.from.list != nil
	}
	return v.raw.Kind() == '['
}

func (v fitValue) isObject() bool {
	if v.from != nil {
		return v.from.arr.DataType().ID() == arrow.STRUCT
	}
	return v.raw.Kind() == '{'
}
