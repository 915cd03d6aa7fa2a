package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var errDelta = errors.New("a delta encoding is damaged")

// maxDeltaBlock is the largest accepted number of values in a block. Writers use 128 to 4096.
const maxDeltaBlock = 1 << 14

// deltaHeader begins the data of DELTA_BINARY_PACKED.
type deltaHeader struct {
	// A block is minis miniblocks of size values each.
	minis, size int
	// total is the number of values, the first of which is first.
	total uint64
	first int64
}

// readDeltaHeader reads a header and reports whether it is valid.
func readDeltaHeader(in *thriftWalk) (h deltaHeader, ok bool) {
	block, minis := in.uvarint(), in.uvarint()
	h.total, h.first = in.uvarint(), in.zigzag()
	if in.bad || block == 0 || block > maxDeltaBlock || block%128 != 0 {
		return h, false
	}
	if minis == 0 || minis > block/32 || block%minis != 0 || block/minis%32 != 0 {
		return h, false
	}
	h.minis, h.size = int(minis), int(block/minis)
	return h, true
}

// deltaInts reads the n integers of DELTA_BINARY_PACKED and returns the data that follows them:
// https://parquet.apache.org/docs/file-format/data-pages/encodings/
func deltaInts(data []byte, n int, take func(int64)) (out []int64, rest []byte, err error) {
	in := thriftWalk{data: data}
	h, ok := readDeltaHeader(&in)
	if !ok {
		return nil, nil, errDelta
	}
	if h.total != uint64(n) {
		return nil, nil, fmt.Errorf("%d values in a delta encoding instead of %d", h.total, n)
	}
	if n == 0 {
		return nil, data[in.at:], nil
	}
	take(8 * int64(n))
	out = append(make([]int64, 0, n), h.first)
	deltas := make([]uint64, h.size)
	for len(out) < n {
		if out, ok = h.appendBlock(&in, out, n, deltas); !ok {
			return nil, nil, errDelta
		}
	}
	return out, data[in.at:], nil
}

// appendBlock appends the values of the next block to out until it has n, and reports whether the
// block is valid. deltas is scratch space for a miniblock.
func (h *deltaHeader) appendBlock(in *thriftWalk, out []int64, n int, deltas []uint64) ([]int64, bool) {
	least := in.zigzag()
	widths := in.at
	in.skip(uint64(h.minis))
	last := out[len(out)-1]
	for i := 0; i < h.minis && len(out) < n && !in.bad; i++ {
		width := int(in.data[widths+i])
		if width > 64 {
			return out, false
		}
		from := in.at
		if in.skip(uint64(h.size * width / 8)); in.bad {
			return out, false
		}
		unpackWide(deltas, in.data[from:in.at], width)
		for _, delta := range deltas[:min(h.size, n-len(out))] {
			last += least + int64(delta)
			out = append(out, last)
		}
	}
	return out, !in.bad
}

func (w *thriftWalk) zigzag() int64 {
	v := w.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// unpackWide reads values of width bits each, at most 64, which fill data.
func unpackWide(out []uint64, data []byte, width int) {
	at := uint64(0)
	for i := range out {
		v := uint64(0)
		for got := 0; got < width; {
			b := uint64(data[at>>3]) >> (at & 7)
			n := min(8-int(at&7), width-got)
			v |= b & (1<<n - 1) << got
			got += n
			at += uint64(n)
		}
		out[i] = v
	}
}

// deltaLengths reads n lengths and returns their sum.
func deltaLengths(data []byte, n int, take func(int64)) (lengths []int64, sum int64, rest []byte, err error) {
	lengths, rest, err = deltaInts(data, n, take)
	for _, l := range lengths {
		if l < 0 || l > math.MaxInt32 {
			return nil, 0, nil, errDelta
		}
		sum += l
	}
	return lengths, sum, rest, err
}

// deltaLengthBytes reads the n values of DELTA_LENGTH_BYTE_ARRAY.
func deltaLengthBytes(data []byte, n int, take func(int64)) (*vector, error) {
	lengths, sum, rest, err := deltaLengths(data, n, take)
	if err != nil {
		return nil, err
	}
	if sum > int64(len(rest)) || sum > math.MaxInt32 {
		return nil, errPageShort
	}
	take(4 * int64(n+1))
	out := &vector{offsets: make([]int32, 1, n+1), data: rest[:sum]}
	end := int32(0)
	for _, l := range lengths {
		end += int32(l)
		out.offsets = append(out.offsets, end)
	}
	return out, nil
}

// deltaBytes reads the n values of DELTA_BYTE_ARRAY: the length of the prefix that each shares with
// the value before it, and the rest of it.
func deltaBytes(data []byte, n int, take func(int64)) (*vector, error) {
	prefixes, shared, rest, err := deltaLengths(data, n, take)
	if err != nil {
		return nil, err
	}
	suffixes, err := deltaLengthBytes(rest, n, take)
	if err != nil {
		return nil, err
	}
	size := shared + int64(len(suffixes.data))
	if size > math.MaxInt32 {
		return nil, errTooLong
	}
	take(size + 4*int64(n+1))
	out := &vector{offsets: make([]int32, 1, n+1), data: make([]byte, 0, size)}
	from := 0
	for i, prefix := range prefixes {
		if prefix > int64(len(out.data)-from) {
			return nil, errDelta
		}
		start := len(out.data)
		out.data = append(out.data, out.data[from:from+int(prefix)]...)
		out.data = append(out.data, suffixes.at(i)...)
		out.offsets = append(out.offsets, int32(len(out.data)))
		from = start
	}
	return out, nil
}

// joinStreams reads the n values, of width bytes each, of BYTE_STREAM_SPLIT.
func joinStreams(data []byte, n, width int, take func(int64)) ([]byte, error) {
	if int64(len(data)) < int64(n)*int64(width) {
		return nil, errPageShort
	}
	take(int64(n) * int64(width))
	out := make([]byte, n*width)
	for k := range width {
		stream := data[k*n : (k+1)*n]
		for i, b := range stream {
			out[i*width+k] = b
		}
	}
	return out, nil
}

// deltaFixed reads the n integers of DELTA_BINARY_PACKED as values of width bytes, 4 or 8.
func deltaFixed(data []byte, n, width int, take func(int64)) ([]byte, error) {
	values, _, err := deltaInts(data, n, take)
	if err != nil {
		return nil, err
	}
	take(int64(n) * int64(width))
	out := make([]byte, 0, n*width)
	for _, v := range values {
		if width == 4 {
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		} else {
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
	}
	return out, nil
}
