package scalar

import (
	"bytes"
	"encoding/base64"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"edgeframe/codec"
)

// kept keeps values of any length in a builder of Arrow.
type kept struct {
	builder array.Builder
	append  func(v []byte)
}

func newKept(dt arrow.DataType, mem *codec.Budget) kept {
	k := kept{builder: array.NewBuilder(mem, dt)}
	switch b := k.builder.(type) {
	case *array.StringBuilder:
		k.append = b.BinaryBuilder.Append
	case *array.LargeStringBuilder:
		k.append = b.BinaryBuilder.Append
	case *array.StringViewBuilder:
		k.append = b.BinaryViewBuilder.Append
	case *array.BinaryBuilder:
		k.append = b.Append
	case *array.BinaryViewBuilder:
		k.append = b.Append
	case *array.FixedSizeBinaryBuilder:
		k.append = b.Append
	}
	return k
}

func (k kept) null()              { k.builder.AppendNull() }
func (k kept) reserve(n int)      { k.builder.Reserve(n) }
func (k kept) array() arrow.Array { return k.builder.NewArray() }

// textMaker makes text.
type textMaker struct {
	refuses
	kept
}

func (m *textMaker) quoted(text []byte) bool {
	m.append(text)
	return true
}

func (m *textMaker) text(text []byte) Fit {
	m.append(text)
	return Same
}

// binaryMaker makes binary of base64 and, if values have 16 bytes, of UUIDs.
type binaryMaker struct {
	refuses
	kept
	// width is the number of bytes of each value, -1 if values differ in length.
	width            int
	decoded, scratch []byte
}

func newBinaryMaker(dt arrow.DataType, mem *codec.Budget) *binaryMaker {
	m := &binaryMaker{kept: newKept(dt, mem), width: -1}
	if t, ok := dt.(*arrow.FixedSizeBinaryType); ok {
		m.width = t.ByteWidth
	}
	return m
}

func (m *binaryMaker) quoted(text []byte) bool {
	if m.width == uuidBytes && len(text) == uuidTextBytes {
		var ok bool
		if m.decoded, ok = decodeUUID(m.decoded[:0], text); ok {
			m.append(m.decoded)
		}
		return ok
	}
	var err error
	m.decoded, err = base64.StdEncoding.Strict().AppendDecode(m.decoded[:0], text)
	if err != nil || m.width >= 0 && len(m.decoded) != m.width {
		return false
	}
	m.append(m.decoded)
	return true
}

// text reads values of 16 bytes for columns of UUIDs, which are given back as UUIDs.
func (m *binaryMaker) text(text []byte) Fit {
	if !m.quoted(text) {
		return NoFit
	}
	if m.width == uuidBytes {
		m.scratch = appendUUID(m.scratch[:0], m.decoded)
		return fitOf(bytes.Equal(m.scratch, text))
	}
	// The decoder ignores line ends.
	m.scratch = base64.StdEncoding.AppendEncode(m.scratch[:0], m.decoded)
	return fitOf(bytes.Equal(m.scratch, text))
}
