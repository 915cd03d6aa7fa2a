package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The types of fields and elements in Thrift's compact protocol:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
const (
	thriftTrue, thriftFalse, thriftByte          = 1, 2, 3
	thriftI16, thriftI32, thriftI64              = 4, 5, 6
	thriftDouble, thriftBinary, thriftList       = 7, 8, 9
	thriftSet, thriftMap, thriftStruct           = 10, 11, 12
	maxThriftDepth                               = 16
	structInListCost                             = int64(max(unsafe.Sizeof(columnChunk{}), unsafe.Sizeof(format.SchemaElement{})))
	valueInListCost                        int64 = 24
)

// thriftWalk checks a struct before the library decodes it, because the library allocates the length
// that a list claims and follows any depth. take is called with the memory that the elements of a
// list may need.
type thriftWalk struct {
	data []byte
	at   int
	take func(n int64)
	bad  bool
}

// readThrift reads the struct at the beginning of data into v and returns what follows it.
func readThrift(data []byte, v any, take func(n int64)) (rest []byte, err error) {
	w := thriftWalk{data: data, take: take}
	w.structure(0)
	if w.bad {
		return nil, errors.New("it ends early or is not Thrift")
	}
	// The library copies the data once, and its strings alias the copy.
	take(int64(w.at))
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, data[:w.at], v); err != nil {
		return nil, errors.New("a required field is missing or has another type than in the standard")
	}
	return data[w.at:], nil
}

// writeThrift returns v in the compact protocol.
func writeThrift(v any) ([]byte, error) {
	var b bytes.Buffer
	err := thrift.NewEncoder((&thrift.CompactProtocol{}).NewWriter(&b)).Encode(v)
	return b.Bytes(), err
}

func (w *thriftWalk) skip(n uint64) {
	if n > uint64(len(w.data)-w.at) {
		w.bad = true
		return
	}
	w.at += int(n)
}

func (w *thriftWalk) byte() byte {
	if w.at >= len(w.data) {
		w.bad = true
		return 0
	}
	w.at++
	return w.data[w.at-1]
}

func (w *thriftWalk) uvarint() uint64 {
	v, n := binary.Uvarint(w.data[w.at:])
	if n <= 0 {
		w.bad = true
		return 0
	}
	w.at += n
	return v
}

func (w *thriftWalk) structure(depth int) {
	if depth > maxThriftDepth {
		w.bad = true
	}
	for !w.bad {
		b := w.byte()
		if b == 0 {
			return
		}
		if b>>4 == 0 {
			w.uvarint()
		}
		// The value of a field of type bool is its type.
		if kind := b & 0xF; kind != thriftTrue && kind != thriftFalse {
			w.value(kind, depth)
		}
	}
}

func (w *thriftWalk) value(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		w.uvarint()
	case thriftDouble:
		w.skip(8)
	case thriftBinary:
		w.skip(w.uvarint())
	case thriftList, thriftSet:
		head := w.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = w.uvarint()
		}
		w.elements(n, depth, head&0xF)
	case thriftMap:
		if n := w.uvarint(); n > 0 {
			kinds := w.byte()
			w.elements(n, depth, kinds>>4, kinds&0xF)
		}
	case thriftStruct:
		w.structure(depth + 1)
	default:
		w.bad = true
	}
}

func (w *thriftWalk) elements(n uint64, depth int, kinds ...byte) {
	// Every element takes at least a byte.
	if n > uint64(len(w.data)-w.at) || depth > maxThriftDepth {
		w.bad = true
		return
	}
	cost := valueInListCost
	if kinds[0] == thriftStruct {
		cost = structInListCost
	}
	w.take(int64(n) * cost)
	for i := uint64(0); i < n && !w.bad; i++ {
		for _, kind := range kinds {
			w.value(kind, depth+1)
		}
	}
}
