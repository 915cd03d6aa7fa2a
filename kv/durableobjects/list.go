//go:build js && wasm

package durableobjects

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"
)

// The arguments and results of the objects are lists of byte strings, each as its length, four bytes, and its
// bytes.

// pack returns the list of parts.
func pack(parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += 4 + len(p)
	}
	list := make([]byte, 0, size)
	for _, p := range parts {
		list = binary.BigEndian.AppendUint32(list, uint32(len(p)))
		list = append(list, p...)
	}
	return list
}

var errResult = errors.New("a Durable Object has returned something else than a list; is its class that of edge/heads.mjs?")

// unpack returns the byte strings of a list. They are parts of it.
func unpack(list []byte) (parts [][]byte, err error) {
	for len(list) > 0 {
		if len(list) < 4 || uint64(len(list)-4) < uint64(binary.BigEndian.Uint32(list)) {
			return nil, errResult
		}
		n := 4 + int(binary.BigEndian.Uint32(list))
		parts = append(parts, list[4:n:n])
		list = list[n:]
	}
	return parts, nil
}

// packKeys returns the list of first and keys.
func packKeys(keys []string, first ...[]byte) []byte {
	parts := first
	for _, key := range keys {
		parts = append(parts, []byte(key))
	}
	return pack(parts...)
}

// milliseconds is a TTL as text, rounded up.
func milliseconds(ttl time.Duration) []byte {
	return strconv.AppendInt(nil, int64((ttl+time.Millisecond-1)/time.Millisecond), 10)
}
