package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var errDelta = errors.New("a delta encoding is damaged")

// maxDeltaBlock is the largest number of values in a block. Writers have 128 to 4096.
const maxDeltaBlock = 1 << 14

// deltaInts reads the n integers of DELTA_BINARY_PACKED and returns what follows them:
// https://parquet.apache.org/docs/file-format/data-pages/encodings/
func deltaInts(data []byte, n int, take func(int64)) (out []int64, rest []byte, err error) {
	in := thriftWalk{data: data}
	block, minis, total, first := in.uvarint(), in.uvarint(), in.uvarint(), in.zigzag()
	if in.bad || block == 0 || block%128 != 0 || block > maxDeltaBlock || minis == 0 || minis > block/32 || block%minis != 0 || block/minis%32 != 0 {
		return nil, nil, errDelta
	}
	if total != uint64(n) {
		return nil, nil, fmt.Errorf("%d values in a delta encoding instead of %d", total, n)
	}
	if n == 0 {
		return nil, data[in.at:], nil
	}
	take(8 * int64(n))
	out = make([]int64, 1, n)
	out[0] = first
	last := first
	size := int(block / minis)
	values := make([]uint64, size)
	for len(out) < n {
		least := in.zigzag()
		widths := in.at
		in.skip(minis)
		for i := 0; i < int(minis) && len(out) < n && !in.bad; i++ {
			width := int(data[widths+i])
			if width > 64 {
				return nil, nil, errDelta
			}
			from := in.at
			in.skip(uint64(size * width / 8))
			if in.bad {
				break
			}
			unpackWide(values, data[from:in.at], width)
			for _, v := range values[:min(size, n-len(out))] {
				last += least + int64(v)
				out = append(out, last)
			}
		}
		if in.bad {
			return nil, nil, errDelta
		}
	}
	return out, data[in.at:], nil
}

func (w *thriftWalk) zigzag() int64 {
	v := w.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// unpackWide reads values of up to 64 bits that fill data.
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

// deltaBytes reads the n values of DELTA_BYTE_ARRAY, each of which begins like the one before.
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
		return nil, errParquetLong
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

// joinStreams undoes BYTE_STREAM_SPLIT of n values of width bytes.
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

// deltaFixed returns the n integers of DELTA_BINARY_PACKED as values of 4 or 8 bytes.
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
