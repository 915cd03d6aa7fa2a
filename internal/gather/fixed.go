package gather

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// validity returns the validity bitmap of n rows, nil if none of them is missing, and the
// number of missing rows.
func (g *gatherer) validity(ps pieces, n int) (*memory.Buffer, int) {
	missing := false
	for _, p := range ps {
		missing = missing || p.data.NullN() != 0 && len(p.buffer(0)) > 0
	}
	if !missing {
		return nil, 0
	}
	bitmap := g.bits(ps, 0, n)
	valid := bitutil.CountSetBits(bitmap.Bytes(), 0, n)
	if valid == n {
		return nil, 0
	}
	return bitmap, n - valid
}

// bits returns the bits of buffer i; a piece without that buffer has them all set.
func (g *gatherer) bits(ps pieces, i, n int) *memory.Buffer {
	if g.share && len(ps) == 1 {
		if aliased := wholeBytes(ps[0].buffer(i), ps[0].from, n); aliased != nil {
			return memory.NewBufferBytes(aliased)
		}
	}
	out := make([]byte, bitutil.BytesForBits(int64(n)))
	at := 0
	for _, p := range ps {
		switch bitmap := p.buffer(i); {
		case len(bitmap) == 0:
			bitutil.SetBitsTo(out, int64(at), int64(p.len()), true)
		case p.len() < 8:
			// CopyBitmap is slow for a few bits.
			for k := range p.len() {
				if bitutil.BitIsSet(bitmap, p.from+k) {
					bitutil.SetBit(out, at+k)
				}
			}
		default:
			bitutil.CopyBitmap(bitmap, p.from, p.len(), out, at)
		}
		at += p.len()
	}
	return memory.NewBufferBytes(out)
}

// wholeBytes returns the bytes of bitmap with the n bits from bit from on; nil if they do not
// start at a byte or bits that are set follow in the last byte.
func wholeBytes(bitmap []byte, from, n int) []byte {
	if from%8 != 0 || n == 0 || len(bitmap) == 0 {
		return nil
	}
	end := (from + n + 7) / 8
	if rest := (from + n) % 8; rest != 0 && bitmap[end-1]>>rest != 0 {
		return nil
	}
	return bitmap[from/8 : end : end]
}

// fixed returns the values of buffer i, each of width bytes.
func (g *gatherer) fixed(ps pieces, i, width int) *memory.Buffer {
	if g.share && len(ps) == 1 {
		p := ps[0]
		return memory.NewBufferBytes(p.buffer(i)[p.from*width : p.to*width : p.to*width])
	}
	out := make([]byte, 0, ps.rows()*width)
	for _, p := range ps {
		out = append(out, p.buffer(i)[p.from*width:p.to*width]...)
	}
	return memory.NewBufferBytes(out)
}

// integer is a type of offsets, sizes, run ends or dictionary indices.
type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// values returns buffer i as integers.
func values[T integer](p piece, i int) []T {
	return arrow.GetData[T](p.buffer(i))
}

func newIntegers[T integer](n int) ([]T, *memory.Buffer) {
	out := make([]T, n)
	return out, memory.NewBufferBytes(arrow.GetBytes(out))
}

// fits reports whether n can be a value of T.
func fits[T integer](n int) bool {
	v := T(n)
	return v >= 0 && int64(v) == int64(n)
}

func sizeOf[T integer]() int {
	var v T
	return int(unsafe.Sizeof(v))
}
