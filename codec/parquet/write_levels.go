package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// levelled are the entries of a column: their levels, and the positions of their values in an array,
// -1 for entries without a value.
type levelled struct {
	rep, def []uint8
	at       []int32
}

// shred calls use with every leaf of arr, in order, and its entries. arr and its children have
// offset 0. e are the entries of the parent of arr, rep is the number of lists around arr.
func shred(arr arrow.Array, f arrow.Field, e levelled, rep uint8, use func(arrow.Array, levelled) error) error {
	e, err := withoutNulls(arr, f, e)
	if err != nil {
		return err
	}
	switch arr := arr.(type) {
	case structArray:
		dt := f.Type.(*arrow.StructType)
		for i, child := range dt.Fields() {
			if err := shred(arr.Field(i), child, e, rep, use); err != nil {
				return err
			}
		}
		return nil
	case mapArray:
		dt := f.Type.(*arrow.MapType)
		inner := elementsOf(arr, e, rep+1)
		key := dt.KeyField()
		key.Nullable = false
		if err := shred(arr.Keys(), key, inner, rep+1, use); err != nil {
			return err
		}
		return shred(arr.Items(), dt.ItemField(), inner, rep+1, use)
	case listArray:
		inner := elementsOf(arr, e, rep+1)
		return shred(arr.ListValues(), f.Type.(arrow.NestedType).Fields()[0], inner, rep+1, use)
	}
	return use(arr, e)
}

// What shred needs of arrays with children.
type (
	structArray interface {
		Field(i int) arrow.Array
		NumField() int
	}
	listArray interface {
		ListValues() arrow.Array
		ValueOffsets(i int) (start, end int64)
	}
	mapArray interface {
		listArray
		Keys() arrow.Array
		Items() arrow.Array
	}
)

// withoutNulls raises the definition level of the values that are not missing.
func withoutNulls(arr arrow.Array, f arrow.Field, e levelled) (levelled, error) {
	missing := nullCheck(arr)
	if !f.Nullable {
		if missing != nil {
			for _, at := range e.at {
				if at >= 0 && missing(int(at)) {
					return e, fmt.Errorf("%q is not nullable, but has missing values", codec.Shorten(f.Name))
				}
			}
		}
		return e, nil
	}
	def := make([]uint8, len(e.def))
	copy(def, e.def)
	at := e.at
	if missing != nil {
		at = make([]int32, len(e.at))
		copy(at, e.at)
	}
	for i, k := range at {
		if k < 0 {
			continue
		}
		if missing != nil && missing(int(k)) {
			at[i] = -1
		} else {
			def[i]++
		}
	}
	return levelled{rep: e.rep, def: def, at: at}, nil
}

// nullCheck returns a function that reports whether a value of arr is missing; nil if all are present.
func nullCheck(arr arrow.Array) func(i int) bool {
	switch arr := arr.(type) {
	case *array.Null:
		return func(int) bool { return true }
	case *array.Dictionary:
		if arr.NullN() == 0 && arr.Dictionary().NullN() == 0 {
			return nil
		}
		return func(i int) bool { return arr.IsNull(i) || arr.Dictionary().IsNull(arr.GetValueIndex(i)) }
	}
	if arr.NullN() == 0 {
		return nil
	}
	return arr.IsNull
}

// elementsOf returns the entries of the elements of lists. rep is the repetition level of the
// elements after the first one of a list.
func elementsOf(arr listArray, e levelled, rep uint8) levelled {
	out := levelled{}
	for i, k := range e.at {
		if k >= 0 {
			if start, end := arr.ValueOffsets(int(k)); start < end {
				for at := start; at < end; at++ {
					level := rep
					if at == start {
						level = e.rep[i]
					}
					out.rep, out.def, out.at = append(out.rep, level), append(out.def, e.def[i]+1), append(out.at, int32(at))
				}
				continue
			}
		}
		out.rep, out.def, out.at = append(out.rep, e.rep[i]), append(out.def, e.def[i]), append(out.at, -1)
	}
	return out
}

// appendHybrid appends values of width bits, in what Parquet calls RLE: eight or more equal ones as
// a run, others packed.
func appendHybrid[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	literals := values[:0:0]
	flush := func() {
		if len(literals) > 0 {
			groups := (len(literals) + 7) / 8
			dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
			dst = packBits(dst, literals, groups*8, width)
			literals = literals[:0]
		}
	}
	for i := 0; i < len(values); {
		if len(literals)%8 == 0 {
			run := 1
			for i+run < len(values) && values[i+run] == values[i] {
				run++
			}
			if run >= 8 {
				flush()
				dst = binary.AppendUvarint(dst, uint64(run)<<1)
				for k := range (width + 7) / 8 {
					dst = append(dst, byte(uint32(values[i])>>(8*k)))
				}
				i += run
				continue
			}
		}
		literals = append(literals, values[i])
		i++
	}
	flush()
	return dst
}

// packBits appends n values of width bits; those after the end of values are zero.
func packBits[T uint8 | uint32](dst []byte, values []T, n, width int) []byte {
	word, bits := uint64(0), 0
	for i := range n {
		if i < len(values) {
			word |= uint64(values[i]) << bits
		}
		for bits += width; bits >= 8; bits -= 8 {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	return dst
}
