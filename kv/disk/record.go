//go:build !js

package disk

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// The key space of the engine. The first byte says what an entry is:
//
//	m<key>              the meta record of an item
//	v<key>              its value
//	x<expiry><key>      an index of the items that expire, without a value
//	c<expiry><key>      an index of the items that count, without a value
//
// An expiry is 8 bytes of big-endian Unix nanoseconds, so that the indexes are ordered by time. All
// entries of an item change in one batch.
const (
	metaSpace    = 'm'
	valueSpace   = 'v'
	expirySpace  = 'x'
	countedSpace = 'c'
	// noSpace is above all others: no file has such a key.
	noSpace = 'z'
)

// never is the expiry of an item that is kept until it is deleted.
const never = math.MaxInt64

// meta describes an item without its value.
type meta struct {
	expires int64 // Unix nanoseconds
	size    uint32
	counted bool
}

const (
	metaVersion = 1
	metaSize    = 14 // version, counted, expires, size
)

func (m meta) encode() []byte {
	b := make([]byte, 0, metaSize)
	b = append(b, metaVersion, 0)
	if m.counted {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(m.expires))
	return binary.BigEndian.AppendUint32(b, m.size)
}

func decodeMeta(b []byte) (meta, error) {
	if len(b) != metaSize || b[0] != metaVersion {
		return meta{}, errors.New("a meta record has an unknown format")
	}
	return meta{
		counted: b[1] == 1,
		expires: int64(binary.BigEndian.Uint64(b[2:])),
		size:    binary.BigEndian.Uint32(b[10:]),
	}, nil
}

func spaceKey(space byte, key string) []byte {
	return append([]byte{space}, key...)
}

func indexKey(space byte, expires int64, key string) []byte {
	b := make([]byte, 0, 9+len(key))
	b = append(b, space)
	b = binary.BigEndian.AppendUint64(b, uint64(expires))
	return append(b, key...)
}

func splitIndexKey(b []byte) (expires int64, key string) {
	return int64(binary.BigEndian.Uint64(b[1:9])), string(b[9:])
}

// expiry returns when an item expires that is stored now with ttl. A time beyond the range of Unix
// nanoseconds counts as never.
func expiry(now int64, ttl time.Duration) int64 {
	if ttl == 0 || int64(ttl) > never-now {
		return never
	}
	return now + int64(ttl)
}
