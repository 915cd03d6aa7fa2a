package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

var errPageShort = errors.New("a page has fewer values than it claims")

// hybrid reads what Parquet calls RLE: runs of one value and groups of eight bit-packed ones.
// It is the encoding of levels, dictionary indices and booleans.
type hybrid struct {
	data  []byte
	width int
	// left is the number of unread values of the current run.
	left   uint64
	packed bool
	value  uint32
	// bits are the packed values of the current run, at is the position in them.
	bits []byte
	at   uint64
}

func newHybrid(data []byte, width int) (*hybrid, error) {
	if width > 32 {
		return nil, fmt.Errorf("values of %d bits in a page", width)
	}
	return &hybrid{data: data, width: width}, nil
}

// advance starts the next run.
func (h *hybrid) advance() error {
	for h.left == 0 {
		head, n := binary.Uvarint(h.data)
		if n <= 0 {
			return errPageShort
		}
		h.data = h.data[n:]
		h.packed = head&1 == 1
		if h.packed {
			// Without the bound a huge claim would overflow the product.
			groups := min(head>>1, 1<<32)
			size := min(groups*uint64(h.width), uint64(len(h.data)))
			h.bits, h.data, h.at = h.data[:size], h.data[size:], 0
			if h.left = groups * 8; h.width > 0 {
				// The last group may end after its last value.
				h.left = min(h.left, size*8/uint64(h.width))
			}
			continue
		}
		size := (h.width + 7) / 8
		if len(h.data) < size {
			return errPageShort
		}
		h.value = 0
		for i := range size {
			h.value |= uint32(h.data[i]) << (8 * i)
		}
		h.data, h.left = h.data[size:], head>>1
	}
	return nil
}

// readHybrid fills out with the next values.
func readHybrid[T uint8 | uint32](h *hybrid, out []T) error {
	for len(out) > 0 {
		if h.left == 0 {
			if err := h.advance(); err != nil {
				return err
			}
		}
		n := int(min(h.left, uint64(len(out))))
		if h.packed {
			unpackBits(out[:n], h.bits, h.at, h.width)
			h.at += uint64(n) * uint64(h.width)
		} else {
			for i := range out[:n] {
				out[i] = T(h.value)
			}
		}
		h.left -= uint64(n)
		out = out[n:]
	}
	return nil
}

// unpackBits reads values of width bits, at most 32, from bit at of data on. data has all of them.
func unpackBits[T uint8 | uint32](out []T, data []byte, at uint64, width int) {
	mask := uint64(1)<<width - 1
	for i := range out {
		from := int(at >> 3)
		var word uint64
		if from+8 <= len(data) {
			word = binary.LittleEndian.Uint64(data[from:])
		} else {
			for k, b := range data[min(from, len(data)):] {
				word |= uint64(b) << (8 * k)
			}
		}
		out[i] = T(word >> (at & 7) & mask)
		at += uint64(width)
	}
}

// cutPrefixed cuts off a part that follows its length of 4 bytes.
func cutPrefixed(data []byte) (part, rest []byte, err error) {
	if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
		return nil, nil, errPageShort
	}
	size := binary.LittleEndian.Uint32(data)
	return data[4 : 4+size], data[4+size:], nil
}

// readLevels fills out with levels, and returns an error if one is above highest.
func readLevels(data []byte, highest uint8, out []uint8) error {
	h := &hybrid{data: data, width: bitWidth(uint64(highest))}
	if err := readHybrid(h, out); err != nil {
		return err
	}
	for _, level := range out {
		if level > highest {
			return fmt.Errorf("a level of %d where the highest is %d", level, highest)
		}
	}
	return nil
}

// bitWidth is the number of bits of a value.
func bitWidth(value uint64) int { return bits.Len64(value) }
