package parquet

import (
	"bytes"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/parquet-go/parquet-go/format"
)

// valueDictionary is the dictionary of a column chunk.
type valueDictionary struct {
	n int
	// values are the values as PLAIN, indices the index of each value of the chunk.
	values  []byte
	indices []uint32
}

// dictionary returns the dictionary of the values of arr at the positions dense: that of a
// dictionary array, or one of text if it makes the chunk smaller; otherwise nil.
func (t *target) dictionary(arr arrow.Array, dense []int32) (*valueDictionary, error) {
	if len(dense) == 0 || t.physical == format.Boolean {
		return nil, nil
	}
	if arr, ok := arr.(*array.Dictionary); ok {
		d := &valueDictionary{indices: make([]uint32, len(dense))}
		values := arr.Dictionary()
		var kept []int32
		number := make([]uint32, values.Len())
		for i := range number {
			if values.IsValid(i) {
				number[i] = uint32(len(kept))
				kept = append(kept, int32(i))
			}
		}
		for i, at := range dense {
			d.indices[i] = number[arr.GetValueIndex(int(at))]
		}
		d.n = len(kept)
		var err error
		d.values, err = t.plain(nil, values, kept)
		return d, err
	}
	at := textAt(arr)
	if at == nil {
		return nil, nil
	}
	return textDictionary(dense, at), nil
}

// textDictionary returns nil if a dictionary does not save space.
func textDictionary(dense []int32, at func(i int) []byte) *valueDictionary {
	d := &valueDictionary{indices: make([]uint32, len(dense))}
	known := map[string]uint32{}
	var latest recent
	plain := 0
	for i, k := range dense {
		value := at(int(k))
		plain += 4 + len(value)
		seen := latest.of(value)
		if seen.n > 0 && bytes.Equal(seen.value, value) {
			d.indices[i] = seen.n - 1
			continue
		}
		number, ok := known[string(value)]
		if !ok {
			if d.n > len(dense)/2 {
				return nil
			}
			number = uint32(d.n)
			known[string(value)] = number
			d.values = appendPrefixed(d.values, value)
			d.n++
		}
		d.indices[i] = number
		*seen = recentValue{value, number + 1}
	}
	if len(d.values)+len(dense)*bitWidth(uint64(d.n-1))/8 >= plain {
		return nil
	}
	return d
}

// recent has the numbers of values that came lately. Finding one of few short values in it takes half as long as in
// a map.
type recent [256]recentValue

// recentValue is a value and one more than its number.
type recentValue struct {
	value []byte
	n     uint32
}

// of returns where a value is, or another one.
func (r *recent) of(value []byte) *recentValue {
	at := len(value)
	if at > 0 {
		at += int(value[0])<<2 ^ int(value[at-1])<<4
	}
	return &r[at%len(r)]
}
