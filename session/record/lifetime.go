package record

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// Lifetime is the record beside a head on an eventually consistent store: readers write it to
// extend the session. Times are Unix milliseconds.
type Lifetime struct {
	// Accessed is the latest access that was noted.
	Accessed int64
	// Lease is the time until which the segments of Revision, and the copy of its head, are kept
	// at least.
	Lease    int64
	Revision Token
}

// The stored form of a lifetime: a format version, one byte; XXH3 of what follows; Accessed;
// Lease; the revision. Integers are big-endian.
const (
	lifetimeFormat = 1
	lifetimeSize   = 1 + 8 + 8 + 8 + kv.RevisionSize
)

// Encode returns the stored form of l.
func (l Lifetime) Encode() []byte {
	b := make([]byte, 9, lifetimeSize)
	b[0] = lifetimeFormat
	b = binary.BigEndian.AppendUint64(b, uint64(l.Accessed))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Lease))
	rev := l.Revision.KV()
	b = append(b, rev[:]...)
	binary.BigEndian.PutUint64(b[1:], xxh3.Hash(b[9:]))
	return b
}

// DecodeLifetime reads the stored form of a lifetime. ok is false if b is not one, nil included:
// an unreadable lifetime counts as absent, because the head alone is enough to serve the session.
func DecodeLifetime(b []byte) (l Lifetime, ok bool) {
	if len(b) != lifetimeSize || b[0] != lifetimeFormat || binary.BigEndian.Uint64(b[1:]) != xxh3.Hash(b[9:]) {
		return Lifetime{}, false
	}
	l.Accessed = int64(binary.BigEndian.Uint64(b[9:]))
	l.Lease = int64(binary.BigEndian.Uint64(b[17:]))
	l.Revision = TokenOf(kv.RevisionOf(b[25:]))
	return l, true
}
