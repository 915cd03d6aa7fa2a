package parquet

import (
	"encoding/binary"
	"math"

	"edgeframe/codec"
)

// errTooLong says that offsets of 32 bits do not reach.
var errTooLong = codec.Errorf(codec.ErrTooLarge, "the values of a column of the Parquet file take more than 2 GiB in a page or a row group")

// vector holds n present values as Parquet has them: width bytes each, or of any length if width
// is 0. A boolean takes a byte.
type vector struct {
	width int
	data  []byte
	// offsets delimit the values in data if width is 0.
	offsets []int32
	n       int
	// indices are the values as indices into dict, unless dict is nil.
	indices []uint32
	dict    *vector
}

// at is value i of a vector of any length.
func (v *vector) at(i int) []byte { return v.data[v.offsets[i]:v.offsets[i+1]] }

// value is value i of any vector.
func (v *vector) value(i int) []byte {
	if v.width > 0 {
		return v.data[i*v.width : (i+1)*v.width]
	}
	return v.at(i)
}

// plainVector reads the n values of a dictionary, which are PLAIN. Values of fixed width alias data.
func plainVector(data []byte, n, width int, take func(int64)) (*vector, error) {
	if width > 0 {
		if int64(len(data)) < int64(n)*int64(width) {
			return nil, errPageShort
		}
		return &vector{width: width, data: data[:n*width], n: n}, nil
	}
	if int64(len(data)) < 4*int64(n) {
		return nil, errPageShort
	}
	v := &vector{offsets: []int32{0}}
	_, err := v.appendPlainBytes(data, n, take)
	return v, err
}

// appendPlainBytes appends the first n values of data, each preceded by its length, and returns how
// many bytes they take.
func (v *vector) appendPlainBytes(data []byte, n int, take func(int64)) (int, error) {
	at := 0
	for range n {
		if len(data)-at < 4 {
			return 0, errPageShort
		}
		size := uint64(binary.LittleEndian.Uint32(data[at:]))
		if at += 4; size > uint64(len(data)-at) {
			return 0, errPageShort
		}
		at += int(size)
	}
	if err := v.growBytes(int64(at)-4*int64(n), n, take); err != nil {
		return 0, err
	}
	for rest := data; n > 0; n-- {
		size := int(binary.LittleEndian.Uint32(rest))
		v.data = append(v.data, rest[4:4+size]...)
		v.offsets = append(v.offsets, int32(len(v.data)))
		rest = rest[4+size:]
		v.n++
	}
	return at, nil
}

// growBytes makes room for n more values of size bytes in all.
func (v *vector) growBytes(size int64, n int, take func(int64)) error {
	if size > math.MaxInt32-int64(len(v.data)) {
		return errTooLong
	}
	take(size + 4*int64(n))
	v.data = growCapacity(v.data, int(size))
	v.offsets = growCapacity(v.offsets, n)
	return nil
}

// growCapacity makes room for n more elements. The first time it makes no more room than that,
// because one append is often all.
func growCapacity[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	room := len(s) + n
	if len(s) > 0 {
		room = max(room, len(s)+len(s)/2)
	}
	return append(make([]T, 0, room), s...)
}

// appendFrom appends the values from from to to of another vector.
func (v *vector) appendFrom(src *vector, from, to int, take func(int64)) error {
	if v.width > 0 {
		v.appendFixed(src.data[from*v.width:to*v.width], take)
		return nil
	}
	if err := v.growBytes(int64(src.offsets[to])-int64(src.offsets[from]), to-from, take); err != nil {
		return err
	}
	shift := int32(len(v.data)) - src.offsets[from]
	v.data = append(v.data, src.data[src.offsets[from]:src.offsets[to]]...)
	for _, o := range src.offsets[from+1 : to+1] {
		v.offsets = append(v.offsets, o+shift)
	}
	v.n += to - from
	return nil
}

func (v *vector) appendFixed(data []byte, take func(int64)) {
	take(int64(len(data)))
	v.data = append(growCapacity(v.data, len(data)), data...)
	v.n += len(data) / v.width
}

// appendIndexed appends the values of dict at indices, which are in range.
func (v *vector) appendIndexed(dict *vector, indices []uint32, take func(int64)) error {
	if v.width > 0 {
		take(int64(len(indices)) * int64(v.width))
		v.data = growCapacity(v.data, len(indices)*v.width)
		start := len(v.data)
		v.data = v.data[:start+len(indices)*v.width]
		v.n += len(indices)
		switch out := v.data[start:]; v.width {
		case 4:
			for i, at := range indices {
				copy(out[4*i:4*i+4], dict.data[4*at:4*at+4])
			}
		case 8:
			for i, at := range indices {
				binary.LittleEndian.PutUint64(out[8*i:], binary.LittleEndian.Uint64(dict.data[8*at:]))
			}
		default:
			for i, at := range indices {
				copy(out[v.width*i:], dict.value(int(at)))
			}
		}
		return nil
	}
	size := int64(0)
	for _, at := range indices {
		size += int64(dict.offsets[at+1] - dict.offsets[at])
	}
	if err := v.growBytes(size, len(indices), take); err != nil {
		return err
	}
	for _, at := range indices {
		v.data = append(v.data, dict.data[dict.offsets[at]:dict.offsets[at+1]]...)
		v.offsets = append(v.offsets, int32(len(v.data)))
	}
	v.n += len(indices)
	return nil
}

// resolve replaces indices by their values.
func (v *vector) resolve(take func(int64)) error {
	if v.dict == nil {
		return nil
	}
	dict, indices := v.dict, v.indices
	v.dict, v.indices, v.n = nil, nil, 0
	return v.appendIndexed(dict, indices, take)
}
