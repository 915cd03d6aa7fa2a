package record

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

// headFormat is the version of the head's stored form.
const headFormat = 1

// The stored form of a head: the revision, by which the store compares and swaps; the format
// version, one byte; XXH3 of the bytes before and after it, 8 bytes big-endian; MessagePack.
const (
	formatAt   = kv.RevisionSize
	checksumAt = formatAt + 1
	bodyAt     = checksumAt + 8
)

// Encode returns the stored form of h.
func (h *Head) Encode() ([]byte, error) {
	b := make([]byte, bodyAt, bodyAt+h.Msgsize())
	rev := h.Revision.KV()
	copy(b, rev[:])
	b[formatAt] = headFormat
	b, err := h.MarshalMsg(b)
	if err != nil {
		return nil, err
	}
	setChecksum(b)
	return b, nil
}

func setChecksum(b []byte) { binary.BigEndian.PutUint64(b[checksumAt:], headChecksum(b)) }

func headChecksum(b []byte) uint64 {
	return xxh3.HashSeed(b[bodyAt:], xxh3.Hash(b[:checksumAt]))
}

// DecodeHead reads the stored form of a head. All positions in a head that it returns are valid.
func DecodeHead(b []byte) (*Head, error) {
	if len(b) < bodyAt {
		return nil, fmt.Errorf("%d bytes are too short for a head record", len(b))
	}
	if f := b[formatAt]; f != headFormat {
		return nil, fmt.Errorf("head record has format %d, this build reads format %d", f, headFormat)
	}
	if binary.BigEndian.Uint64(b[checksumAt:]) != headChecksum(b) {
		return nil, errors.New("head record fails its checksum")
	}
	h := &Head{Revision: TokenOf(kv.RevisionOf(b))}
	rest, err := h.UnmarshalMsg(b[bodyAt:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the head record", len(rest))
	}
	return h, h.check()
}

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
