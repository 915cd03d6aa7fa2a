package session

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/kv"
)

//go:generate go tool msgp -file=record.go -io=false -tests=false -unexported -o=record_gen.go

// head is the one mutable record of a session. Everything else that a session stores is an
// immutable segment that a head refers to. Times are Unix milliseconds.
//
//msgp:tuple segmentRef auditEntry rowGroup
//msgp:limit arrays:10000000 maps:1000
type head struct {
	ID       string `msg:"id"`
	Filename string `msg:"filename"`
	Created  int64  `msg:"created"`
	Accessed int64  `msg:"accessed"`
	Expires  int64  `msg:"expires"`
	// TTL is in milliseconds.
	TTL int64 `msg:"ttl"`
	// Lease is the time until which the store keeps every segment of the session at least.
	Lease int64 `msg:"lease"`
	// Commits holds the commit ids of the latest revisions, this one last.
	Commits [][]byte `msg:"commits"`

	// Versions are the kept versions, oldest first: previous ones, the current one, and those
	// that redo brings back.
	Versions    []version `msg:"versions"`
	Current     int       `msg:"current"`
	NextVersion uint32    `msg:"next_version"`
	// Schemas are the Arrow IPC schemas of the versions, and Manifests their manifests, each
	// once. They stay encoded until they are needed, so that what only moves versions about
	// costs the same for every size of table.
	Schemas   [][]byte `msg:"schemas"`
	Manifests [][]byte `msg:"manifests"`

	// Metadata is a JSON object, or empty.
	Metadata []byte `msg:"metadata"`
	// Audit holds the newest entries; AuditChunks the older ones, in full chunks.
	Audit       []auditEntry `msg:"audit"`
	AuditChunks []segmentRef `msg:"audit_chunks"`
	InitialRows int64        `msg:"initial_rows"`

	// revision is not part of the MessagePack record: it stands before it.
	revision Token `msg:"-"`
	// fetched are segments that came along when an access was noted.
	fetched map[segmentRef][]arrow.Array `msg:"-"`
}

// version is one state of the table.
type version struct {
	ID         uint32 `msg:"id"`
	Time       int64  `msg:"time"`
	Summary    string `msg:"summary"`
	RowsBefore int64  `msg:"rows_before"`
	Rows       int64  `msg:"rows"`
	// Commit is the commit that made the version; with ID it names its content for good.
	Commit  []byte `msg:"commit"`
	Columns int    `msg:"columns"`
	// StoredBytes, RawBytes and Segments are those of the manifest; NewBytes are the stored
	// bytes that the version added.
	StoredBytes int64 `msg:"stored_bytes"`
	RawBytes    int64 `msg:"raw_bytes"`
	NewBytes    int64 `msg:"new_bytes"`
	Segments    int   `msg:"segments"`
	// Method and Compression are those of the segments that the version added.
	Method      string `msg:"method"`
	Compression string `msg:"compression"`
	// Schema and Manifest are positions in head.Schemas and head.Manifests.
	Schema   int `msg:"schema"`
	Manifest int `msg:"manifest"`
	// Marks refers to the marks of intentionally missing cells, nil when there are none.
	Marks *segmentRef `msg:"marks"`
}

// manifest says which segments make up the table of a version.
type manifest struct {
	// Layout lists for each segment of a row group the table's columns that its fields hold, in
	// their order; -1 is a field whose column is gone. All row groups have the same layout.
	Layout [][]int    `msg:"layout"`
	Groups []rowGroup `msg:"groups"`
}

// rowGroup is a run of rows.
type rowGroup struct {
	Rows     int
	Segments []segmentRef
	// Missing is the number of nulls in each column of the table.
	Missing []int
}

// segmentRef names a stored segment.
type segmentRef struct {
	Hash [16]byte
	// Born is the revision whose commit stored the segment. It is part of the key, so that a
	// segment which one commit removes is never the one that a later commit stores again.
	Born   uint64
	Stored int
	Raw    int
}

type auditEntry struct {
	Time int64
	Text string
}

// heldRecord is the record of a held file, which is written after the parts of the file. It is
// never changed.
type heldRecord struct {
	// Expires is in Unix milliseconds.
	Expires int64 `msg:"expires"`
	// Parts is the number of values that the file is cut into.
	Parts int    `msg:"parts"`
	Note  []byte `msg:"note"`
}

// headFormat is the version of the record's format.
const headFormat = 1

// The stored form of a head: the revision, by which the store compares and swaps; the format
// version, one byte; XXH3 of the bytes before and after it, 8 bytes big-endian; MessagePack.
const (
	formatAt   = kv.RevisionSize
	checksumAt = formatAt + 1
	bodyAt     = checksumAt + 8
)

// encode returns the stored form of h.
func (h *head) encode() ([]byte, error) {
	b := make([]byte, bodyAt, bodyAt+h.Msgsize())
	rev := h.revision.kv()
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

// decodeHead reads the stored form of a head.
func decodeHead(b []byte) (*head, error) {
	if len(b) < bodyAt {
		return nil, fmt.Errorf("%d bytes are too short for a head record", len(b))
	}
	if f := b[formatAt]; f != headFormat {
		return nil, fmt.Errorf("head record has format %d, this build reads format %d", f, headFormat)
	}
	if binary.BigEndian.Uint64(b[checksumAt:]) != headChecksum(b) {
		return nil, errors.New("head record fails its checksum")
	}
	h := &head{revision: tokenOf(kv.RevisionOf(b))}
	rest, err := h.UnmarshalMsg(b[bodyAt:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the head record", len(rest))
	}
	return h, h.check()
}

// check refuses a record whose references do not hold together, so that the rest of the
// package may index without asking.
func (h *head) check() error {
	if h.Current < 0 || h.Current >= len(h.Versions) {
		return fmt.Errorf("current version %d of %d", h.Current, len(h.Versions))
	}
	for i := range h.Versions {
		v := &h.Versions[i]
		if v.Schema < 0 || v.Schema >= len(h.Schemas) || v.Manifest < 0 || v.Manifest >= len(h.Manifests) {
			return fmt.Errorf("version %d has schema %d of %d and manifest %d of %d", v.ID, v.Schema, len(h.Schemas), v.Manifest, len(h.Manifests))
		}
	}
	return nil
}
