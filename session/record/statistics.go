package record

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// statisticsFormat is the version of the stored form of statistics, which is part of their key:
// XXH3 of the JSON document, 8 bytes big-endian, and the document.
const statisticsFormat = 1

// EncodeStatistics returns the stored form of a document of statistics.
func EncodeStatistics(doc []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, xxh3.Hash(doc)), doc...)
}

// DecodeStatistics reads the stored form of statistics. ok is false if b is not one, nil
// included: unreadable statistics count as absent.
func DecodeStatistics(b []byte) (doc []byte, ok bool) {
	if len(b) < 8 || binary.BigEndian.Uint64(b) != xxh3.Hash(b[8:]) {
		return nil, false
	}
	return b[8:], true
}
