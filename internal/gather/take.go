package gather

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Place is a row of one of the sources.
type Place struct{ Source, Row uint32 }

// Taker takes single rows of its sources. It is for rows in any order: where many follow one another, [Rows] is as
// fast. Several goroutines may use it at the same time.
type Taker struct {
	sources []arrow.Array
	lengths []int
	// take is nil for types whose rows are taken as runs.
	take func(places []Place) []*memory.Buffer
	// valid has the bitmaps of the sources, nil if none of them lacks a value. Those of sources without a missing
	// value are nil.
	valid []bitmap
}

// bitmap is bits from one of them on.
type bitmap struct {
	bits []byte
	from int
}

func (b bitmap) isSet(i uint32) bool { return b.bits == nil || bitutil.BitIsSet(b.bits, b.from+int(i)) }

// NewTaker returns a Taker of rows of sources, which have one type, and of which there is at least one.
func NewTaker(sources []arrow.Array) (t *Taker, err error) {
	defer recovered(&err)
	if err := sameType(sources); err != nil {
		return nil, err
	}
	t = &Taker{sources: sources}
	if t.take = takerOf(sources); t.take == nil {
		return t, nil
	}
	t.lengths = make([]int, len(sources))
	valid, missing := make([]bitmap, len(sources)), false
	for i, s := range sources {
		t.lengths[i] = s.Len()
		if bits := buffer(s, 0); len(bits) > 0 && s.NullN() != 0 {
			valid[i], missing = bitmap{bits, s.Data().Offset()}, true
		}
	}
	if missing {
		t.valid = valid
	}
	return t, nil
}

// Take returns the rows at places in their order, as [Rows] returns them.
func (t *Taker) Take(places []Place) (out arrow.Array, err error) {
	defer recovered(&err)
	if t.take == nil {
		return Rows(t.sources, runsOf(places))
	}
	for _, p := range places {
		if int(p.Row) >= t.lengths[p.Source] {
			return nil, fmt.Errorf("%w: row %d of an array of %d", arrow.ErrIndex, p.Row, t.lengths[p.Source])
		}
	}
	validity, nulls := t.validity(places)
	buffers := t.take(places)
	if buffers == nil {
		return nil, fmt.Errorf("%w: offsets beyond their bits", ErrOverflow)
	}
	data := array.NewData(t.sources[0].DataType(), len(places), append([]*memory.Buffer{validity}, buffers...), nil, nulls, 0)
	return array.MakeFromData(data), nil
}

// validity is the bitmap of the rows at places, nil if none of them is missing, and how many are.
func (t *Taker) validity(places []Place) (*memory.Buffer, int) {
	if t.valid == nil {
		return nil, 0
	}
	out, nulls := make([]byte, bitutil.BytesForBits(int64(len(places)))), 0
	for i, p := range places {
		if t.valid[p.Source].isSet(p.Row) {
			out[i/8] |= 1 << (i % 8)
		} else {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return memory.NewBufferBytes(out), nulls
}

func runsOf(places []Place) []Run {
	runs := make([]Run, 0, len(places))
	for _, p := range places {
		source, row := int(p.Source), int(p.Row)
		if last := len(runs) - 1; last >= 0 && runs[last].Source == source && runs[last].To == row {
			runs[last].To++
			continue
		}
		runs = append(runs, Run{source, row, row + 1})
	}
	return runs
}

// takerOf returns what takes the buffers after the bitmap, for types whose values are in one place.
func takerOf(sources []arrow.Array) func(places []Place) []*memory.Buffer {
	switch dt := sources[0].DataType().(type) {
	case arrow.ExtensionType, *arrow.DictionaryType, arrow.NestedType:
		return nil
	case *arrow.BooleanType:
		return takeBits(sources)
	case *arrow.BinaryType, *arrow.StringType:
		return takeBinaries[int32](sources)
	case *arrow.LargeBinaryType, *arrow.LargeStringType:
		return takeBinaries[int64](sources)
	case arrow.FixedWidthDataType:
		switch dt.Bytes() {
		case 1:
			return takeValues[uint8](sources)
		case 2:
			return takeValues[uint16](sources)
		case 4:
			return takeValues[uint32](sources)
		case 8:
			return takeValues[uint64](sources)
		}
		return takeWide(sources, dt.Bytes())
	}
	return nil
}

// buffer returns a buffer of an array, nil if it has none.
func buffer(arr arrow.Array, i int) []byte {
	if all := arr.Data().Buffers(); i < len(all) && all[i] != nil {
		return all[i].Bytes()
	}
	return nil
}

func takeValues[T integer](sources []arrow.Array) func(places []Place) []*memory.Buffer {
	values := make([][]T, len(sources))
	for i, s := range sources {
		from := s.Data().Offset()
		values[i] = arrow.GetData[T](buffer(s, 1))[from : from+s.Len()]
	}
	return func(places []Place) []*memory.Buffer {
		out, buf := newIntegers[T](len(places))
		for i, p := range places {
			out[i] = values[p.Source][p.Row]
		}
		return []*memory.Buffer{buf}
	}
}

// takeWide takes values of width bytes.
func takeWide(sources []arrow.Array, width int) func(places []Place) []*memory.Buffer {
	values := make([][]byte, len(sources))
	for i, s := range sources {
		from := s.Data().Offset()
		values[i] = buffer(s, 1)[from*width : (from+s.Len())*width]
	}
	return func(places []Place) []*memory.Buffer {
		out := make([]byte, 0, len(places)*width)
		for _, p := range places {
			at := int(p.Row) * width
			out = append(out, values[p.Source][at:at+width]...)
		}
		return []*memory.Buffer{memory.NewBufferBytes(out)}
	}
}

func takeBits(sources []arrow.Array) func(places []Place) []*memory.Buffer {
	values := make([]bitmap, len(sources))
	for i, s := range sources {
		values[i] = bitmap{buffer(s, 1), s.Data().Offset()}
	}
	return func(places []Place) []*memory.Buffer {
		out := make([]byte, bitutil.BytesForBits(int64(len(places))))
		for i, p := range places {
			if values[p.Source].isSet(p.Row) {
				out[i/8] |= 1 << (i % 8)
			}
		}
		return []*memory.Buffer{memory.NewBufferBytes(out)}
	}
}

// wordBytes is the size of a word.
const wordBytes = 8

// takeBinaries returns what takes texts and bytes. Its result is nil if they are too long for their offsets.
func takeBinaries[T int32 | int64](sources []arrow.Array) func(places []Place) []*memory.Buffer {
	offsets, bytes := make([][]T, len(sources)), make([][]byte, len(sources))
	for i, s := range sources {
		if s.Len() > 0 { // an empty array may have no offsets
			from := s.Data().Offset()
			offsets[i], bytes[i] = arrow.GetData[T](buffer(s, 1))[from:from+s.Len()+1], buffer(s, 2)
		}
	}
	return func(places []Place) []*memory.Buffer {
		ends, buf := newIntegers[T](len(places) + 1)
		total := 0
		for i, p := range places {
			of := offsets[p.Source]
			if total += int(of[p.Row+1] - of[p.Row]); !fits[T](total) {
				return nil
			}
			ends[i+1] = T(total)
		}
		// There is room behind the bytes, so that short ones are copied as a word.
		out := make([]byte, total+wordBytes)
		for i, p := range places {
			of, in := offsets[p.Source], bytes[p.Source]
			from, to := int(of[p.Row]), int(of[p.Row+1])
			if to-from <= wordBytes && from+wordBytes <= len(in) {
				binary.NativeEndian.PutUint64(out[ends[i]:], binary.NativeEndian.Uint64(in[from:]))
			} else {
				copy(out[ends[i]:], in[from:to])
			}
		}
		return []*memory.Buffer{buf, memory.NewBufferBytes(out[:total:total])}
	}
}
