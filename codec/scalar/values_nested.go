package scalar

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/go-json-experiment/json/jsontext"

	"edgeframe/codec"
)

// elements appends the elements of the list v.
func (f *fitter) elements(into []fitValue, v fitValue, nullable bool) ([]fitValue, error) {
	if !v.isList() {
		return nil, f.mismatch(v)
	}
	first := len(into)
	if v.from != nil {
		start, end := v.from.list.ValueOffsets(v.row)
		for i := start; i < end; i++ {
			into = f.keep(into, v.from.element.value(int(i), v.position))
		}
	} else {
		dec := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
		for dec.PeekKind() != ']' {
			raw, err := dec.ReadValue()
			if err != nil {
				return nil, err
			}
			into = f.add(into, raw, v.position)
		}
	}
	if !nullable && slices.ContainsFunc(into[first:], fitValue.isNull) {
		return nil, f.mismatch(v)
	}
	return into, nil
}

func (f *fitter) lists(values []fitValue, dt arrow.ListLikeType) (arrow.Array, error) {
	var all []fitValue
	ends := make([]int, len(values)+1)
	for i, v := range values {
		if !v.isNull() {
			var err error
			if all, err = f.elements(all, v, dt.ElemField().Nullable); err != nil {
				return nil, err
			}
		}
		ends[i+1] = len(all)
	}
	elements, err := f.listElements(all, dt)
	if err != nil {
		return nil, err
	}
	width := 4
	if _, ok := dt.(*arrow.LargeListType); ok {
		width = 8
	} else if len(all) > math.MaxInt32 {
		return nil, codec.Errorf(codec.ErrTooLarge, "the lists have more than %d elements", math.MaxInt32)
	}
	return f.nested(values, dt, f.integers(ends, width), elements), nil
}

// listElements makes the array of all elements. Those of maps are objects with the members
// key and value, whatever the schema calls them.
func (f *fitter) listElements(all []fitValue, dt arrow.ListLikeType) (arrow.Array, error) {
	if m, ok := dt.(*arrow.MapType); ok {
		return f.structs(all, m.Elem().(*arrow.StructType), EntryNames)
	}
	return f.array(all, dt.Elem())
}

func (f *fitter) fixedSizeLists(values []fitValue, dt *arrow.FixedSizeListType) (arrow.Array, error) {
	var all []fitValue
	size := int(dt.Len())
	for i, v := range values {
		if v.isNull() {
			for range size {
				all = f.keep(all, fitValue{position: v.position})
			}
			continue
		}
		var err error
		if all, err = f.elements(all, v, dt.ElemField().Nullable); err != nil {
			return nil, err
		}
		if len(all) != (i+1)*size {
			return nil, f.mismatch(v)
		}
	}
	elements, err := f.array(all, dt.Elem())
	if err != nil {
		return nil, err
	}
	return f.nested(values, dt, nil, elements), nil
}

// structs makes structs from objects whose members have the given names, in the order of
// the fields of dt.
func (f *fitter) structs(values []fitValue, dt *arrow.StructType, names []string) (arrow.Array, error) {
	members := make([][]fitValue, len(names))
	for i, v := range values {
		if err := f.members(members, v, names); err != nil {
			return nil, err
		}
		for m, field := range dt.Fields() {
			if len(members[m]) == i {
				members[m] = f.keep(members[m], fitValue{position: v.position})
			}
			if !field.Nullable && !v.isNull() && members[m][i].isNull() {
				return nil, f.mismatch(v)
			}
		}
	}
	children := make([]arrow.Array, len(names))
	for m, field := range dt.Fields() {
		var err error
		if children[m], err = f.array(members[m], field.Type); err != nil {
			return nil, err
		}
	}
	return f.nested(values, dt, nil, children...), nil
}

// members appends the members of the object v to those of the objects before it.
func (f *fitter) members(into [][]fitValue, v fitValue, names []string) error {
	switch {
	case v.isNull():
		return nil
	case !v.isObject():
		return f.mismatch(v)
	case v.from != nil:
		for i, name := range v.from.names {
			m := slices.Index(names, name)
			if m < 0 {
				return f.mismatch(v)
			}
			into[m] = f.keep(into[m], v.from.members[i].value(v.row, v.position))
		}
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(v.raw))
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		m := slices.Index(names, name.String())
		if m < 0 {
			return f.mismatch(v)
		}
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		into[m] = f.add(into[m], raw, v.position)
	}
	return nil
}

// dictionary numbers the different values in the order of their first appearance.
func (f *fitter) dictionary(values []fitValue, dt *arrow.DictionaryType) (arrow.Array, error) {
	const entryBytes = 64 // about what an entry of the map costs
	numbers := make(map[string]int)
	indices := make([]int, len(values))
	var different []fitValue
	spellings := map[*source]Appender{}
	var scratch []byte
	for i, v := range values {
		if v.isNull() {
			continue
		}
		key := []byte(v.raw)
		if v.from != nil {
			spell := spellings[v.from]
			if spell == nil {
				spell = text(v.from.arr, v.from.uuid)
				spellings[v.from] = spell
			}
			scratch = spell(scratch[:0], v.row)
			key = scratch
		}
		n, known := numbers[string(key)]
		if !known {
			f.mem.Take(entryBytes + int64(len(key)))
			n = len(different)
			numbers[string(key)] = n
			different = f.keep(different, v)
		}
		indices[i] = n
	}
	dictionary, err := f.array(different, dt.ValueType)
	if err != nil {
		return nil, err
	}
	bits := dt.IndexType.(arrow.FixedWidthDataType).BitWidth()
	if most := uint64(1) << (bits - 1); uint64(len(different)) > most {
		return nil, codec.Errorf(codec.ErrMismatch, "there are %d different values; %s keeps at most %d", len(different), DType(f.want), most)
	}
	bitmap, nulls := f.validity(values)
	buffers := []*memory.Buffer{bitmap, f.integers(indices, bits/8)}
	return array.NewDictionaryData(array.NewDataWithDictionary(dt, len(values), buffers, nulls, 0, dictionary.Data().(*array.Data))), nil
}

// integers returns a buffer of integers of so many bytes.
func (f *fitter) integers(values []int, width int) *memory.Buffer {
	buf := f.mem.Allocate(len(values) * width)
	var full [8]byte
	for i, v := range values {
		binary.NativeEndian.PutUint64(full[:], uint64(v))
		copy(buf[i*width:(i+1)*width], full[:width])
	}
	return memory.NewBufferBytes(buf)
}

// nested puts an array together from the validity of its values, its offsets, if it has
// any, and its children.
func (f *fitter) nested(values []fitValue, dt arrow.DataType, offsets *memory.Buffer, children ...arrow.Array) arrow.Array {
	bitmap, nulls := f.validity(values)
	buffers := []*memory.Buffer{bitmap}
	if offsets != nil {
		buffers = append(buffers, offsets)
	}
	data := make([]arrow.ArrayData, len(children))
	for i, child := range children {
		data[i] = child.Data()
	}
	return array.MakeFromData(array.NewData(dt, len(values), buffers, data, nulls, 0))
}

func (f *fitter) validity(values []fitValue) (bitmap *memory.Buffer, nulls int) {
	buf := f.mem.Allocate(int(bitutil.BytesForBits(int64(len(values)))))
	clear(buf)
	for i, v := range values {
		if v.isNull() {
			nulls++
		} else {
			bitutil.SetBit(buf, i)
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return memory.NewBufferBytes(buf), nulls
}
