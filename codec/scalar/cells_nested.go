package scalar

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// CellKeys returns a function that appends the key of a row so that the keys of several columns can be
// joined: 0 for a missing value; 1, the length of the key and the key for any other. Two rows have the
// same joined keys if and only if all their cells are equal, where all missing values are equal.
func CellKeys(arr arrow.Array) func(dst []byte, row int) []byte {
	return cellKeys(Missing(arr), Keys(arr))
}

func cellKeys(missing func(row int) bool, key Appender) Appender {
	const lengthBytes = 4
	return func(dst []byte, row int) []byte {
		if missing(row) {
			return append(dst, 0)
		}
		dst = append(dst, 1, 0, 0, 0, 0)
		start := len(dst)
		dst = key(dst, row)
		binary.LittleEndian.PutUint32(dst[start-lengthBytes:], uint32(len(dst)-start))
		return dst
	}
}

// nestedKeys is [Keys] for lists, maps, structs and unions, nil for other types. Inside of
// them, null and NaN are different values.
func nestedKeys(arr arrow.Array) Appender {
	part := func(arr arrow.Array) Appender { return cellKeys(NullChecker(arr), Keys(arr)) }
	switch a := arr.(type) {
	case array.ListLike:
		element := part(a.ListValues())
		return func(dst []byte, row int) []byte {
			start, end := a.ValueOffsets(row)
			for i := start; i < end; i++ {
				dst = element(dst, int(i))
			}
			return dst
		}
	case *array.Struct:
		fields := make([]Appender, a.NumField())
		for i := range fields {
			fields[i] = part(a.Field(i))
		}
		return func(dst []byte, row int) []byte {
			for _, field := range fields {
				dst = field(dst, row)
			}
			return dst
		}
	case array.Union:
		children := make([]Appender, a.NumFields())
		for i := range children {
			children[i] = part(a.Field(i))
		}
		at := unionIndex(a)
		return func(dst []byte, row int) []byte {
			child := a.ChildID(row)
			return children[child](append(dst, byte(child)), at(row))
		}
	}
	return nil
}
