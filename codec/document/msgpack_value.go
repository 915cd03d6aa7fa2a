package document

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec/scalar"
)

// The functions of this file work on values that msgpackDocument has read before, so the read functions of
// msgp cannot fail here.

// appendMsgpackTo returns a function that appends a MessagePack value to b, whose type
// [scalarType] chose. Text is the content of strings, the spelling of other scalars, and
// the compact JSON of arrays and maps.
func appendMsgpackTo(b array.Builder) func(raw []byte) {
	switch b := b.(type) {
	case *array.NullBuilder:
		return nil
	case *array.BooleanBuilder:
		return func(raw []byte) {
			v, _, _ := msgp.ReadBoolBytes(raw)
			b.UnsafeAppend(v)
		}
	case *array.Int64Builder:
		return func(raw []byte) {
			v, _, _ := msgp.ReadInt64Bytes(raw)
			b.UnsafeAppend(v)
		}
	case *array.Uint64Builder:
		return func(raw []byte) {
			v, _, _ := msgp.ReadUint64Bytes(raw)
			b.UnsafeAppend(v)
		}
	case *array.Float32Builder:
		return func(raw []byte) {
			v, _, _ := msgp.ReadFloat32Bytes(raw)
			b.UnsafeAppend(v)
		}
	case *array.Float64Builder:
		return func(raw []byte) { b.UnsafeAppend(msgpackFloat(raw)) }
	case *array.TimestampBuilder:
		unit := b.Type().(*arrow.TimestampType).Unit
		return func(raw []byte) {
			v, _, _ := msgp.ReadTimeUTCBytes(raw)
			b.UnsafeAppend(arrow.Timestamp(ticks(v, unit)))
		}
	case *array.StringBuilder:
		var buf []byte
		return func(raw []byte) {
			if msgpackType(raw) == msgp.StrType {
				text, _, _ := msgp.ReadStringZC(raw)
				b.BinaryBuilder.Append(text)
				return
			}
			buf = appendMsgpackText(buf[:0], raw)
			b.BinaryBuilder.Append(buf)
		}
	case *array.BinaryBuilder:
		return func(raw []byte) {
			v, _, _ := msgp.ReadBytesZC(raw)
			b.Append(v)
		}
	}
	panic("no MessagePack value has type " + b.Type().String())
}

// msgpackFloat returns the value of a number that float64 keeps.
func msgpackFloat(raw []byte) float64 {
	switch msgpackType(raw) {
	case msgp.IntType, msgp.UintType:
		v, _, _ := msgp.ReadInt64Bytes(raw)
		return float64(v)
	}
	v, _, _ := msgp.ReadFloat64Bytes(raw)
	return v
}

// ticks is the number of units since 1970.
func ticks(v time.Time, unit arrow.TimeUnit) int64 {
	if unit == arrow.Nanosecond {
		return v.UnixNano()
	}
	return v.UnixMicro()
}

// appendMsgpackText appends the text of a value of a textual column.
func appendMsgpackText(dst, raw []byte) []byte {
	switch msgpackType(raw) {
	case msgp.StrType:
		text, _, _ := msgp.ReadStringZC(raw)
		return append(dst, text...)
	case msgp.ArrayType, msgp.MapType:
		dst, _ = appendMsgpackJSON(dst, raw)
		return dst
	}
	dst, _ = appendMsgpackScalar(dst, raw)
	return dst
}

// appendMsgpackJSON appends the first value of raw as compact JSON, with the spellings of
// [scalar.JSON], and returns what follows it.
func appendMsgpackJSON(dst, raw []byte) (out, rest []byte) {
	switch msgpackType(raw) {
	case msgp.ArrayType:
		n, rest, _ := msgp.ReadArrayHeaderBytes(raw)
		dst = append(dst, '[')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, rest = appendMsgpackJSON(dst, rest)
		}
		return append(dst, ']'), rest
	case msgp.MapType:
		n, rest, _ := msgp.ReadMapHeaderBytes(raw)
		dst = append(dst, '{')
		for i := range n {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, rest = appendMsgpackJSON(dst, rest)
			dst, rest = appendMsgpackJSON(append(dst, ':'), rest)
		}
		return append(dst, '}'), rest
	case msgp.StrType:
		text, rest, _ := msgp.ReadStringZC(raw)
		return scalar.AppendQuoted(dst, string(text)), rest
	case msgp.BinType, msgp.TimeType:
		dst, rest = appendMsgpackScalar(append(dst, '"'), raw)
		return append(dst, '"'), rest
	case msgp.Float32Type, msgp.Float64Type:
		if f := msgpackFloat(raw); math.IsNaN(f) || math.IsInf(f, 0) {
			_, rest, _ := msgp.ReadFloat64Bytes(raw)
			return append(dst, "null"...), rest
		}
	}
	return appendMsgpackScalar(dst, raw)
}

// appendMsgpackScalar appends the text of the first value of raw, which is not a
// string, array or map, and returns what follows it.
func appendMsgpackScalar(dst, raw []byte) (out, rest []byte) {
	switch msgpackType(raw) {
	case msgp.BoolType:
		v, rest, _ := msgp.ReadBoolBytes(raw)
		return strconv.AppendBool(dst, v), rest
	case msgp.IntType:
		v, rest, _ := msgp.ReadInt64Bytes(raw)
		return strconv.AppendInt(dst, v, 10), rest
	case msgp.UintType:
		v, rest, _ := msgp.ReadUint64Bytes(raw)
		return strconv.AppendUint(dst, v, 10), rest
	case msgp.Float32Type:
		v, rest, _ := msgp.ReadFloat32Bytes(raw)
		return scalar.AppendFloat(dst, float64(v), 32), rest
	case msgp.Float64Type:
		v, rest, _ := msgp.ReadFloat64Bytes(raw)
		return scalar.AppendFloat(dst, v, 64), rest
	case msgp.BinType:
		v, rest, _ := msgp.ReadBytesZC(raw)
		return base64.StdEncoding.AppendEncode(dst, v), rest
	case msgp.TimeType:
		v, rest, _ := msgp.ReadTimeUTCBytes(raw)
		if timeKind(v) == kindTimeNano {
			return scalar.AppendTimestamp(dst, v.UnixNano(), 1e9, true), rest
		}
		return scalar.AppendTimestamp(dst, v.UnixMicro(), 1e6, true), rest
	}
	return append(dst, "null"...), raw[1:]
}
