package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/tinylib/msgp/msgp"
	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// The versions of the head's stored form. Heads that carry segments have format 2, all others format 1. A
// release that knows format 1 only rejects a head of format 2, instead of losing its segments.
const (
	headFormat   = 1
	inlineFormat = 2
)

// The stored form of a head: the revision, by which the store compares and swaps; the format
// version, one byte; XXH3 of the bytes before and after it, 8 bytes big-endian; MessagePack.
//
// In format 2, the size of the MessagePack record is before it, 4 bytes big-endian, and the segments are
// after it, one after another. The checksum is about what is before the segments: each of these has its
// own hash, which is checked when it is read, so a request that needs no segment does not pay for them.
const (
	formatAt   = kv.RevisionSize
	checksumAt = formatAt + 1
	bodyAt     = checksumAt + 8
	lengthSize = 4
)

// Seal is the beginning of the stored form of a head: its revision, its format and the checksum. The zero Seal is that
// of none.
type Seal [bodyAt]byte

// SealOf returns the seal of a stored head.
func SealOf(b []byte) Seal { return Seal(b) }

// Matches reports whether b is the stored form of h, whose seal is s, and undamaged. That is found out without decoding
// it: of two heads with one checksum at one revision only the segments may differ, and these are compared.
func (s Seal) Matches(b []byte, h *Head) bool {
	if len(b) < bodyAt || s != Seal(b) {
		return false
	}
	checked, _, segments, err := split(b)
	if err != nil || !isChecked(checked) {
		return false
	}
	for _, segment := range h.Data {
		if !bytes.HasPrefix(segments, segment) {
			return false
		}
		segments = segments[len(segment):]
	}
	return len(segments) == 0
}

// Encode returns the stored form of h.
func (h *Head) Encode() ([]byte, error) {
	at := bodyAt
	if len(h.Inline) > 0 {
		at += lengthSize
	}
	// Before it is encoded, the size of the record is known within a factor of two or three. So it is encoded into a
	// buffer that is used again, and what is stored has the size that it needs.
	buffer, _ := buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	b, err := h.MarshalMsg(append((*buffer)[:0], make([]byte, bodyAt+lengthSize)[:at]...))
	if err != nil {
		return nil, err
	}
	rev := h.Revision.KV()
	copy(b, rev[:])
	b[formatAt] = headFormat
	if len(h.Inline) > 0 {
		b[formatAt] = inlineFormat
		binary.BigEndian.PutUint32(b[bodyAt:], uint32(len(b)-at))
	}
	setChecksum(b)
	for _, segment := range h.Data {
		b = append(b, segment...)
	}
	stored := bytes.Clone(b)
	if cap(b) <= maxBuffer {
		*buffer = b
		buffers.Put(buffer)
	}
	return stored, nil
}

// buffers are for [Head.Encode]. Longer ones than maxBuffer are not kept.
var buffers sync.Pool

const maxBuffer = 256 << 10

func setChecksum(b []byte) { binary.BigEndian.PutUint64(b[checksumAt:], headChecksum(b)) }

func headChecksum(b []byte) uint64 {
	return xxh3.HashSeed(b[bodyAt:], xxh3.Hash(b[:checksumAt]))
}

// DecodeHead reads the stored form of a head. All positions in a head that it returns are valid, and so are
// the references in Inline, each to a segment of a version, with as many bytes in Data as it says. Data
// is a part of b.
func DecodeHead(b []byte) (*Head, error) {
	b, at, segments, err := split(b)
	if err != nil {
		return nil, err
	}
	if !isChecked(b) {
		return nil, errors.New("head record fails its checksum")
	}
	h := &Head{Revision: TokenOf(kv.RevisionOf(b))}
	rest, err := unmarshal(h, b[at:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the head record", len(rest))
	}
	if (b[formatAt] == inlineFormat) != (len(h.Inline) > 0) {
		return nil, fmt.Errorf("head record of format %d has %d segments", b[formatAt], len(h.Inline))
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, h.takeSegments(segments)
}

// unmarshal reads v from the beginning of b and returns what follows. The generated code allocates as many elements as an
// array claims to have, so whether b has as many is looked at before.
func unmarshal(v msgp.Unmarshaler, b []byte) (rest []byte, err error) {
	if _, err := msgp.Skip(b); err != nil {
		return nil, err
	}
	return v.UnmarshalMsg(b)
}

// split divides a stored head into the part that has a checksum, in which the MessagePack record begins at the returned
// position, and the segments after it.
func split(b []byte) (checked []byte, at int, segments []byte, err error) {
	if len(b) < bodyAt {
		return nil, 0, nil, fmt.Errorf("%d bytes are too short for a head record", len(b))
	}
	switch f := b[formatAt]; f {
	case headFormat:
		return b, bodyAt, nil, nil
	case inlineFormat:
		at = bodyAt + lengthSize
		if len(b) < at || uint64(binary.BigEndian.Uint32(b[bodyAt:])) > uint64(len(b)-at) {
			return nil, 0, nil, fmt.Errorf("%d bytes are too short for a head record", len(b))
		}
		end := at + int(binary.BigEndian.Uint32(b[bodyAt:]))
		return b[:end], at, b[end:], nil
	default:
		return nil, 0, nil, fmt.Errorf("head record has format %d, this build reads formats %d and %d", f, headFormat, inlineFormat)
	}
}

// isChecked reports whether the part of a head that has a checksum fulfils it.
func isChecked(b []byte) bool { return binary.BigEndian.Uint64(b[checksumAt:]) == headChecksum(b) }

// check rejects a head with a position that is out of range, so that callers can use positions
// as indices without checking them.
func (h *Head) check() error {
	if h.Current < 0 || h.Current >= len(h.Versions) {
		return fmt.Errorf("current version %d of %d", h.Current, len(h.Versions))
	}
	for i := range h.Versions {
		ver := &h.Versions[i]
		if ver.Schema < 0 || ver.Schema >= len(h.Schemas) || ver.Manifest < 0 || ver.Manifest >= len(h.Manifests) {
			return fmt.Errorf("version %d has schema %d of %d and manifest %d of %d", ver.ID, ver.Schema, len(h.Schemas), ver.Manifest, len(h.Manifests))
		}
		if ver.Source < 0 || ver.Source > len(h.Sources) {
			return fmt.Errorf("version %d has source %d of %d", ver.ID, ver.Source, len(h.Sources))
		}
		for _, c := range ver.MarkCounts {
			if c.Column < 0 || c.Column >= ver.Columns {
				return fmt.Errorf("version %d counts the marks of column %d of %d", ver.ID, c.Column, ver.Columns)
			}
		}
	}
	return nil
}

// Tag identifies the table of the version for good: no other table of the session ever has it.
func (ver *Version) Tag() string {
	return "v" + strconv.FormatUint(uint64(ver.ID), 10) + "-" + hex.EncodeToString(ver.Commit)
}
