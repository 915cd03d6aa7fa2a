package staging

import (
	"fmt"
	"strings"
)

//go:generate go tool msgp -file=record.go -io=false -tests=false -unexported -o=record_gen.go

// record is the record of a staged upload. It is written after the parts of the file, and never
// changed.
//
//msgp:limit arrays:10000000 maps:1000
type record struct {
	// Request is the hash of the request, 8 bytes, if that has a key. It is the first member, with a short name, so
	// that it is within the first bytes of the stored form.
	Request []byte `msg:"req,omitempty"`
	// Expires is in Unix milliseconds.
	Expires int64 `msg:"expires"`
	// Parts is the number of values that the file is cut into.
	Parts int    `msg:"parts"`
	Note  []byte `msg:"note"`
	// Attempt is in the keys of the parts, unless it is 0: repeats of a request store theirs apart.
	Attempt uint32 `msg:"attempt,omitempty"`
}

// recordFormat is the version of the stored form, which is its first byte; MessagePack follows.
const recordFormat = 1

// encode returns the stored form of r. If the request has a key, its hash is among the first bytes, which the store
// compares when one of several repeats stores the record.
func (r *record) encode() ([]byte, error) { return r.MarshalMsg([]byte{recordFormat}) }

// decodeRecord reads the stored form of a record.
func decodeRecord(b []byte) (*record, error) {
	if len(b) == 0 || b[0] != recordFormat {
		return nil, fmt.Errorf("it does not begin with format %d", recordFormat)
	}
	r := new(record)
	_, err := r.UnmarshalMsg(b[1:])
	return r, err
}

// recordKey is the key of the record of an upload. The braces keep the keys of an upload in one
// slot of a Redis Cluster.
func recordKey(id string) string { return "{" + id + "}" + recordSuffix }

const recordSuffix = ":upload"

// IsRecord reports whether a key of a store, with its prefix, is that of the record of an upload: the only
// values of uploads that are swapped.
func IsRecord(key string) bool { return strings.HasSuffix(key, "}"+recordSuffix) }

// partKey is the key of a part of the file of an upload, which an attempt of its request has stored.
func partKey(id string, attempt uint32, part int) string {
	if attempt == 0 {
		return fmt.Sprintf("%s:%d", recordKey(id), part)
	}
	return fmt.Sprintf("%s:%x:%d", recordKey(id), attempt, part)
}
