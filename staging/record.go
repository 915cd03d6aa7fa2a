package staging

import (
	"fmt"

	"edgeframe/kv"
)

//go:generate go tool msgp -file=record.go -io=false -tests=false -unexported -o=record_gen.go

// record is the record of a staged upload. It is written after the parts of the file, and never
// changed.
//
//msgp:limit arrays:10000000 maps:1000
type record struct {
	// Expires is in Unix milliseconds.
	Expires int64 `msg:"expires"`
	// Parts is the number of values that the file is cut into.
	Parts int    `msg:"parts"`
	Note  []byte `msg:"note"`
	// Attempt is in the keys of the parts, unless it is 0: repeats of a request store theirs apart.
	Attempt uint32 `msg:"attempt,omitempty"`
}

// The versions of the stored form, which are its first byte. After recordFormat comes MessagePack. The record of a
// request with a key begins with a revision, so that of several repeats one stores it: keyedFormat, 7 zero bytes
// and the hash of the request. MessagePack follows.
const (
	recordFormat = 1
	keyedFormat  = 2
)

// encode returns the stored form of r.
func (r *record) encode() ([]byte, error) { return r.MarshalMsg([]byte{recordFormat}) }

// encodeKeyed returns the stored form of the record of a request with a key and that hash.
func (r *record) encodeKeyed(content [8]byte) ([]byte, error) {
	rev := keyedRevision(content)
	return r.MarshalMsg(rev[:])
}

func keyedRevision(content [8]byte) (rev kv.Revision) {
	rev[0] = keyedFormat
	copy(rev[kv.RevisionSize-len(content):], content[:])
	return rev
}

// decodeRecord reads the stored form of a record.
func decodeRecord(b []byte) (*record, error) {
	body := 0
	switch {
	case len(b) > 0 && b[0] == recordFormat:
		body = 1
	case len(b) >= kv.RevisionSize && b[0] == keyedFormat:
		body = kv.RevisionSize
	default:
		return nil, fmt.Errorf("it does not begin with format %d or %d", recordFormat, keyedFormat)
	}
	r := new(record)
	_, err := r.UnmarshalMsg(b[body:])
	return r, err
}

// recordKey is the key of the record of an upload. The braces keep the keys of an upload in one
// slot of a Redis Cluster.
func recordKey(id string) string { return "{" + id + "}:upload" }

// partKey is the key of a part of the file of an upload, which an attempt of its request has stored.
func partKey(id string, attempt uint32, part int) string {
	if attempt == 0 {
		return fmt.Sprintf("%s:%d", recordKey(id), part)
	}
	return fmt.Sprintf("%s:%x:%d", recordKey(id), attempt, part)
}
