// Package segment is the container in which parts of tables are stored.
package segment

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/zeebo/xxh3"

	"edgeframe/codec"
	"edgeframe/codec/arrowipc"
	"edgeframe/codec/compress"
)

// Method is how the payload of a segment is laid out before it is compressed.
type Method string

// The methods: an Arrow IPC stream of one record batch, or the same buffers framed in
// MessagePack.
const (
	MethodArrow   Method = "arrow"
	MethodMsgpack Method = "msgpack"
)

// methods has every Method at its number in the header of a segment. The order never changes.
var methods = []Method{MethodArrow, MethodMsgpack}

// ParseMethod returns the method named s, in upper or lower case. pyarrow is another name for arrow.
func ParseMethod(s string) (Method, error) {
	switch strings.ToLower(s) {
	case "arrow", "pyarrow":
		return MethodArrow, nil
	case "msgpack":
		return MethodMsgpack, nil
	case "pickle":
		return "", codec.Errorf(codec.ErrUnsupported, "serialization method pickle is Python's own and runs code when it is read; use arrow or msgpack")
	}
	return "", codec.Errorf(codec.ErrUnsupported, "unknown serialization method %q; accepted are arrow (or pyarrow) and msgpack", s)
}

// Hash is the XXH3 checksum of a segment, of 128 bits, which is also its name.
type Hash [16]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Options are how a segment is written. Reading does not depend on them.
type Options struct {
	Method      Method
	Compression compress.Codec
}

// Segment is a part of a table in its stored form.
type Segment struct {
	Hash Hash
	// Data is the whole container: header and payload.
	Data []byte
	// RawBytes is the size of the payload before compression.
	RawBytes int64
}

// A segment is a header of 32 bytes and a payload. Integers are little-endian.
//
//	0   4  magic "EFSG"
//	4   1  version of the container, 1
//	5   1  method
//	6   1  compression of the payload
//	7   1  zero
//	8   8  size of the payload before compression
//	16  16 XXH3-128 of the 16 bytes before and the payload; the segment's hash
const (
	segmentMagic   = "EFSG"
	segmentVersion = 1
	checksumAt     = 16
	payloadAt      = 32
)

// Payloads are built in buffers that are reused.
var (
	rawPayloads    = sync.Pool{New: func() any { return new([]byte) }}
	packedPayloads = sync.Pool{New: func() any { return new([]byte) }}
)

// Encode returns rec as a segment. The same rows, types and options always give the same bytes,
// whatever rec is a slice of. A payload that compression does not shrink is stored uncompressed.
func Encode(rec arrow.Record, opt Options) (Segment, error) {
	raw := rawPayloads.Get().(*[]byte)
	defer rawPayloads.Put(raw)
	var err error
	if *raw, err = appendPayload((*raw)[:0], rec, opt.Method); err != nil {
		return Segment{}, err
	}
	return seal(*raw, opt)
}

// EncodeDecoded is [Encode], and also returns what [Decode] returns for the segment. size is about how many bytes the
// payload takes.
func EncodeDecoded(rec arrow.Record, opt Options, size int64) (Segment, arrow.Record, error) {
	raw, err := appendPayload(make([]byte, 0, size), rec, opt.Method)
	if err != nil {
		return Segment{}, nil, err
	}
	sealed, err := seal(raw, opt)
	if err != nil {
		return Segment{}, nil, err
	}
	decoded, err := decodePayload(opt.Method, raw, math.MaxInt64)
	return sealed, decoded, err
}

func appendPayload(dst []byte, rec arrow.Record, method Method) ([]byte, error) {
	switch method {
	case MethodArrow:
		return arrowipc.AppendPayload(dst, rec)
	case MethodMsgpack:
		return appendMsgpackPayload(dst, rec)
	}
	return nil, codec.Errorf(codec.ErrUnsupported, "unknown serialization method %q", method)
}

// longPayload is the size from which a payload is not compressed as one block of Snappy or LZ4. The runtime
// cannot interrupt the decompression of a block, so nothing else would run for tens of milliseconds. A frame
// of Zstandard has blocks of 128 KiB.
const longPayload = 16 << 20

// seal compresses raw and puts the header before it.
func seal(raw []byte, opt Options) (Segment, error) {
	if len(raw) > longPayload && (opt.Compression == compress.Snappy || opt.Compression == compress.LZ4) {
		opt.Compression = compress.Zstd
	}
	packed := packedPayloads.Get().(*[]byte)
	defer packedPayloads.Put(packed)
	*packed = slices.Grow((*packed)[:0], payloadAt)[:payloadAt]
	out, smaller, err := compress.Append(opt.Compression, *packed, raw)
	if err != nil {
		return Segment{}, err
	}
	*packed = out
	compression := opt.Compression
	if !smaller {
		out, compression = append(out[:payloadAt], raw...), compress.None
		*packed = out
	}
	data := append([]byte(nil), out...)
	copy(data, segmentMagic)
	data[4] = segmentVersion
	data[5] = byte(slices.Index(methods, opt.Method))
	data[6] = byte(slices.Index(compress.Codecs, compression))
	data[7] = 0
	binary.LittleEndian.PutUint64(data[8:], uint64(len(raw)))
	hash := checksum(data)
	copy(data[checksumAt:], hash[:])
	return Segment{Hash: hash, Data: data, RawBytes: int64(len(raw))}, nil
}

// Check returns [codec.ErrCorrupt] unless data is the whole segment with the hash want. It does not
// decode it.
func Check(data []byte, want Hash) error {
	if len(data) < payloadAt || string(data[:4]) != segmentMagic {
		return codec.Errorf(codec.ErrCorrupt, "segment %s: not a segment", want)
	}
	if hash := checksum(data); hash != want || hash != Hash(data[checksumAt:payloadAt]) {
		return codec.Errorf(codec.ErrCorrupt, "segment %s: the checksum of its content is %s", want, hash)
	}
	return nil
}

// Decode returns the rows of the segment data, whose hash must be want. Damage is
// [codec.ErrCorrupt], a payload of more than limit bytes [codec.ErrTooLarge]. The record may share
// memory with data.
func Decode(data []byte, want Hash, limit int64) (arrow.Record, error) {
	return DecodeIn(data, want, limit, func(size int) []byte { return make([]byte, size) })
}

// DecodeIn is [Decode] with the function that makes the memory for the rows, which the record shares. What is in
// that memory before does not matter.
func DecodeIn(data []byte, want Hash, limit int64, memory func(size int) []byte) (arrow.Record, error) {
	if err := Check(data, want); err != nil {
		return nil, err
	}
	method, compression := int(data[5]), int(data[6])
	if data[4] != segmentVersion || method >= len(methods) || compression >= len(compress.Codecs) || data[7] != 0 {
		return nil, codec.Errorf(codec.ErrCorrupt, "segment %s: version %d, method %d and compression %d are not known", want, data[4], method, compression)
	}
	size := binary.LittleEndian.Uint64(data[8:])
	if limit < 0 || size > uint64(limit) {
		return nil, codec.Errorf(codec.ErrTooLarge, "segment %s takes %d bytes; the limit is %d", want, size, limit)
	}
	payload := data[payloadAt:]
	if c := compress.Codecs[compression]; c != compress.None {
		var err error
		if payload, err = compress.DecompressInto(memory(int(size)), c, payload); err != nil {
			return nil, codec.Errorf(codec.ErrCorrupt, "segment %s: %v", want, err)
		}
	} else if uint64(len(payload)) != size {
		return nil, codec.Errorf(codec.ErrCorrupt, "segment %s: %d bytes instead of %d", want, len(payload), size)
	}
	rec, err := decodePayload(methods[method], payload, limit)
	if err != nil && !errors.Is(err, codec.ErrTooLarge) {
		return nil, codec.Errorf(codec.ErrCorrupt, "segment %s: %v", want, err)
	}
	return rec, err
}

func decodePayload(method Method, payload []byte, limit int64) (rec arrow.Record, err error) {
	defer codec.Guard(&err, codec.ErrCorrupt, "the payload")
	if method == MethodMsgpack {
		return readMsgpackPayload(payload, limit)
	}
	return arrowipc.ReadPayload(payload, limit)
}

func checksum(segment []byte) Hash {
	h := xxh3.New()
	// Writing to a hash never fails.
	_, _ = h.Write(segment[:checksumAt])
	_, _ = h.Write(segment[payloadAt:])
	return h.Sum128().Bytes()
}
