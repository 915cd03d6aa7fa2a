package frame

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/zeebo/xxh3"
)

const (
	// ownDigest is the length of the longest key that is its own digest.
	ownDigest = 15
	// hashedDigest is set in the digests of longer keys. The first byte of the others is their length.
	hashedDigest = 0xf0 << 56
)

// digestOf returns 128 bits that are different for different keys: a short key itself with its length, and the hash
// of a longer one.
func digestOf(key []byte, seed uint64) xxh3.Uint128 {
	n := len(key)
	if n > ownDigest {
		d := xxh3.Hash128Seed(key, seed)
		d.Hi |= hashedDigest
		return d
	}
	d := xxh3.Uint128{Hi: uint64(n) << 56}
	switch {
	case n >= 8:
		d.Lo = binary.LittleEndian.Uint64(key)
		d.Hi |= binary.LittleEndian.Uint64(key[n-8:]) >> (8 * (16 - n))
	case n >= 4:
		d.Lo = uint64(binary.LittleEndian.Uint32(key)) | uint64(binary.LittleEndian.Uint32(key[n-4:]))<<(8*(n-4))
	case n > 0:
		d.Lo = uint64(key[0]) | uint64(key[n/2])<<(8*(n/2)) | uint64(key[n-1])<<(8*(n-1))
	}
	return d
}

// plainTexts returns the bytes of the texts of an array, and where each text begins and the last one ends. It returns
// nil for arrays that are not stored so.
func plainTexts(arr arrow.Array) (data []byte, offsets []int32) {
	texts, ok := arr.(*array.String)
	if !ok || texts.Len() == 0 {
		return nil, nil
	}
	buffers := texts.Data().Buffers()
	if buffers[2] != nil {
		data = buffers[2].Bytes()
	}
	return data, arrow.Int32Traits.CastFromBytes(buffers[1].Bytes())[texts.Data().Offset():][:texts.Len()+1]
}
