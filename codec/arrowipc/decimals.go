package arrowipc

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"edgeframe/codec"
)

// narrowDecimal returns the width in bytes of the values of a field whose decimals have fewer than 128 bits;
// otherwise 0. arrow-go does not know such types.
func narrowDecimal(f flatTable) int {
	if f.u8(fieldTypeKind) != decimalKind {
		return 0
	}
	if bits := f.table(fieldType).i32Or(decimalBitWidth, 128); bits == 32 || bits == 64 {
		return int(bits / 8)
	}
	return 0
}

// declareWide makes the fields at these positions, which have narrow decimals, fields of 128 bits. It changes
// the bytes of the message, because it is those that arrow-go reads.
func declareWide(fields []flatTable) {
	for _, f := range fields {
		dt := f.table(fieldType)
		binary.LittleEndian.PutUint32(dt.buf.data[dt.slot(decimalBitWidth):], 128)
	}
}

// widen returns n decimals of width bytes each as decimals of 128 bits.
func (b *batchReader) widen(values *memory.Buffer, n, width int) (*memory.Buffer, error) {
	data := values.Bytes()
	if len(data)/width < n {
		return nil, codec.Errorf(codec.ErrMalformed, "a buffer of the Arrow data has %d bytes for %d decimals of %d bytes", len(data), n, width)
	}
	b.budget.Take(16 * int64(n))
	out := make([]byte, 0, 16*n)
	for i := range n {
		var v int64
		if width == 4 {
			v = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
		} else {
			v = int64(binary.LittleEndian.Uint64(data[8*i:]))
		}
		out = binary.LittleEndian.AppendUint64(out, uint64(v))
		out = binary.LittleEndian.AppendUint64(out, uint64(v>>63))
	}
	return memory.NewBufferBytes(out), nil
}
