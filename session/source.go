package session

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/compress"
	"edgeframe/session/record"
)

// MaxSource is the longest document about a file that is kept with a version, in bytes.
const MaxSource = 16 << 10

// SourceFunc returns the document about the file that a new table was made of: a JSON object of at most
// [MaxSource] bytes, or nil if nothing is to be kept. It is called once the table is stored, with its
// schema and the number of missing values of each column.
type SourceFunc func(schema *arrow.Schema, missing []int64) []byte

// Source says of which file a table was made.
type Source struct {
	// Version is the version that was made of the file. Edits after it keep its source.
	Version uint32

	session string
	stored  []byte
}

// packedFrom is the length from which documents are packed, in bytes. From there on the first byte of a
// Snappy block, which begins with the length of what it holds, is never that of a JSON object.
const packedFrom = 128

// pack returns the stored form of a document: a Snappy block if that is smaller, because every commit
// writes the head anew, and otherwise the document.
func pack(document []byte) []byte {
	if len(document) < packedFrom {
		return document
	}
	packed, smaller, err := compress.Append(compress.Snappy, nil, document)
	if err != nil || !smaller {
		return document
	}
	return packed
}

// Key identifies the document: sources with the same key have the same document.
func (s *Source) Key() string { return string(s.stored) }

// Document returns the JSON object that was given when the version was made.
func (s *Source) Document() (json.RawMessage, error) {
	document, err := unpack(s.stored, '{', MaxSource)
	if err != nil {
		return nil, damaged(s.session, fmt.Errorf("the source of version %d: %w", s.Version, err))
	}
	return document, nil
}

// unpack returns what [pack] has packed: a document that begins with the byte first, of at most so many bytes.
func unpack(packed []byte, first byte, most int) ([]byte, error) {
	if len(packed) > 0 && packed[0] == first {
		return packed, nil
	}
	size, n := binary.Uvarint(packed)
	if n <= 0 || size > uint64(most) {
		return nil, fmt.Errorf("it has a length of %d bytes", size)
	}
	return compress.Decompress(compress.Snappy, packed, int(size))
}

// checkSource rejects a document that is too long to be kept.
func checkSource(document []byte) error {
	if len(document) > MaxSource {
		return fail(ErrInvalidParameter, "a source of %d bytes is not accepted; it may have at most %d", len(document), MaxSource)
	}
	return nil
}

// setSource makes the file that document is about the source of ver, which will be the next version. Without
// a document ver keeps the source of the current version.
func (h *head) setSource(ver *record.Version, document []byte) {
	if document == nil {
		ver.Source, ver.SourceVersion = h.current().Source, h.current().SourceVersion
		return
	}
	var at int
	h.Sources, at = addOnce(h.Sources, pack(document))
	ver.Source, ver.SourceVersion = at+1, h.NextVersion
}

// source returns the source of ver, nil if none is known.
func (h *head) source(ver *record.Version) *Source {
	if ver.Source == 0 {
		return nil
	}
	return &Source{Version: ver.SourceVersion, session: h.ID, stored: h.Sources[ver.Source-1]}
}
