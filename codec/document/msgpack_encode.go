package document

import (
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/tinylib/msgp/msgp"

	"edgeframe/codec"
	"edgeframe/codec/scalar"
)

// Encode implements [codec.Driver].
func (msgpackDriver) Encode(w io.Writer, src codec.Source, options codec.WriteOptions) error {
	opt, err := checked(options.Options)
	if err != nil {
		return err
	}
	if rows := src.NumRows(); rows > math.MaxUint32 {
		return codec.Errorf(codec.ErrUnsupported, "a MessagePack array cannot have %d rows", rows)
	}
	out := chunkWriter{w: w}
	writeMsgpack(&out, src, opt)
	return out.close()
}

func writeMsgpack(out *chunkWriter, src codec.Source, opt Options) {
	groups := src.Open(nil)
	names, rows := scalar.FieldNames(groups.Schema().Fields()), uint32(src.NumRows())
	style := msgpackStyle{opt.Int64Strings}
	switch opt.Orient {
	case Columns:
		out.buf = msgp.AppendMapHeader(out.buf, uint32(len(names)))
		out.eachColumn(src, func(c int, groups codec.RowGroups) {
			out.buf = msgp.AppendArrayHeader(appendMsgpackString(out.buf, names[c]), rows)
			out.rows(groups, "", func(r arrow.Record) scalar.Appender { return style.values(r.Column(0)) })
		})
	case Split:
		out.buf = msgp.AppendString(msgp.AppendMapHeader(out.buf, 2), splitColumns)
		out.buf = msgp.AppendArrayHeader(out.buf, uint32(len(names)))
		for _, name := range names {
			out.buf = appendMsgpackString(out.buf, name)
		}
		out.buf = msgp.AppendArrayHeader(msgp.AppendString(out.buf, splitData), rows)
		out.rows(groups, "", func(r arrow.Record) scalar.Appender { return style.tuples(r.Columns()) })
	default:
		out.buf = msgp.AppendArrayHeader(out.buf, rows)
		out.rows(groups, "", func(r arrow.Record) scalar.Appender { return style.maps(names, r.Columns()) })
	}
}

// msgpackStyle says how MessagePack spells values.
type msgpackStyle struct {
	// int64Strings makes strings of integers of type int64 and uint64.
	int64Strings bool
}

// values spells the values of arr as MessagePack: null as nil, integers, floats
// (NaN and infinities included), booleans, text and binary as themselves, lists as arrays,
// structs as maps, maps as arrays of {"key": …, "value": …}, timestamps with a time zone as
// timestamps. Everything else becomes a string with the text of [scalar.Text]; so do timestamps without a
// time zone, because they are not instants.
func (s msgpackStyle) values(arr arrow.Array) scalar.Appender {
	if a, ok := arr.(array.Union); ok {
		return scalar.UnionAppender(a, s.values)
	}
	value := s.valid(arr)
	bitmap, offset := arr.NullBitmapBytes(), arr.Data().Offset()
	if len(bitmap) == 0 {
		return value
	}
	return func(dst []byte, row int) []byte {
		if i := uint(offset + row); bitmap[i/8]>>(i%8)&1 == 0 {
			return msgp.AppendNil(dst)
		}
		return value(dst, row)
	}
}

// valid is values for rows that are valid in arr's own bitmap.
func (s msgpackStyle) valid(arr arrow.Array) scalar.Appender {
	if id := arr.DataType().ID(); s.int64Strings && (id == arrow.INT64 || id == arrow.UINT64) {
		return msgpackTexts(scalar.Text(arr))
	}
	switch a := arr.(type) {
	case *array.Null:
		return func(dst []byte, _ int) []byte { return msgp.AppendNil(dst) }
	case *array.Boolean:
		return func(dst []byte, row int) []byte { return msgp.AppendBool(dst, a.Value(row)) }
	case *array.Int8:
		return msgpackInts(a.Int8Values())
	case *array.Int16:
		return msgpackInts(a.Int16Values())
	case *array.Int32:
		return msgpackInts(a.Int32Values())
	case *array.Int64:
		return msgpackInts(a.Int64Values())
	case *array.Uint8:
		return msgpackUints(a.Uint8Values())
	case *array.Uint16:
		return msgpackUints(a.Uint16Values())
	case *array.Uint32:
		return msgpackUints(a.Uint32Values())
	case *array.Uint64:
		return msgpackUints(a.Uint64Values())
	case *array.String:
		return msgpackStrings(a.Value)
	case *array.LargeString:
		return msgpackStrings(a.Value)
	case *array.StringView:
		return msgpackStrings(a.Value)
	case *array.Binary:
		return msgpackBinaries(a.Value)
	case *array.LargeBinary:
		return msgpackBinaries(a.Value)
	case *array.BinaryView:
		return msgpackBinaries(a.Value)
	case *array.FixedSizeBinary:
		return msgpackBinaries(a.Value)
	case *array.Timestamp:
		return msgpackTimestamps(a)
	case *array.Map:
		return msgpackLists(a, s.maps(scalar.EntryNames, scalar.Entries(a)))
	case array.ListLike:
		return msgpackLists(a, s.values(a.ListValues()))
	case *array.Struct:
		return s.maps(scalar.StructParts(a))
	}
	if value, bits := scalar.FloatValue(arr); value != nil {
		return msgpackFloats(value, bits)
	}
	if inner, at := scalar.Indirect(arr); at != nil {
		value := s.values(inner)
		return func(dst []byte, row int) []byte { return value(dst, at(row)) }
	}
	return msgpackTexts(scalar.Text(arr))
}

func msgpackInts[T int8 | int16 | int32 | int64](values []T) scalar.Appender {
	return func(dst []byte, row int) []byte { return msgp.AppendInt64(dst, int64(values[row])) }
}

func msgpackUints[T uint8 | uint16 | uint32 | uint64](values []T) scalar.Appender {
	return func(dst []byte, row int) []byte { return msgp.AppendUint64(dst, uint64(values[row])) }
}

func msgpackFloats(value func(int) float64, bits int) scalar.Appender {
	if bits == 32 {
		return func(dst []byte, row int) []byte { return msgp.AppendFloat32(dst, float32(value(row))) }
	}
	return func(dst []byte, row int) []byte { return msgp.AppendFloat64(dst, value(row)) }
}

func msgpackStrings(value func(int) string) scalar.Appender {
	return func(dst []byte, row int) []byte { return appendMsgpackString(dst, value(row)) }
}

// appendMsgpackString appends a string. MessagePack strings must be UTF-8, so other bytes are replaced.
func appendMsgpackString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	return msgp.AppendString(dst, s)
}

func msgpackBinaries(value func(int) []byte) scalar.Appender {
	return func(dst []byte, row int) []byte { return msgp.AppendBytes(dst, value(row)) }
}

func msgpackTexts(text scalar.Appender) scalar.Appender {
	var buf []byte
	return func(dst []byte, row int) []byte {
		buf = text(buf[:0], row)
		return msgp.AppendStringFromBytes(dst, buf)
	}
}

func msgpackTimestamps(a *array.Timestamp) scalar.Appender {
	t := a.DataType().(*arrow.TimestampType)
	text := msgpackTexts(scalar.Timestamps(a))
	if t.TimeZone == "" {
		return text
	}
	per := scalar.TicksPerSecond(t.Unit)
	return func(dst []byte, row int) []byte {
		sec, nanos := scalar.SplitTicks(int64(a.Value(row)), per)
		v := time.Unix(sec, nanos).UTC()
		if timeKind(v) == 0 {
			return text(dst, row)
		}
		return msgp.AppendTimeExt(dst, v)
	}
}

func msgpackLists(a array.ListLike, value scalar.Appender) scalar.Appender {
	return func(dst []byte, row int) []byte {
		start, end := a.ValueOffsets(row)
		dst = msgp.AppendArrayHeader(dst, uint32(end-start))
		for i := start; i < end; i++ {
			dst = value(dst, int(i))
		}
		return dst
	}
}

// maps spells the rows of several columns as maps, their names in order.
func (s msgpackStyle) maps(names []string, columns []arrow.Array) scalar.Appender {
	keys := make([][]byte, len(columns))
	values := make([]scalar.Appender, len(columns))
	for i, column := range columns {
		keys[i], values[i] = appendMsgpackString(nil, names[i]), s.values(column)
	}
	return func(dst []byte, row int) []byte {
		dst = msgp.AppendMapHeader(dst, uint32(len(keys)))
		for i, key := range keys {
			dst = values[i](append(dst, key...), row)
		}
		return dst
	}
}

// tuples spells the rows of several columns as arrays.
func (s msgpackStyle) tuples(columns []arrow.Array) scalar.Appender {
	values := make([]scalar.Appender, len(columns))
	for i, column := range columns {
		values[i] = s.values(column)
	}
	return func(dst []byte, row int) []byte {
		dst = msgp.AppendArrayHeader(dst, uint32(len(values)))
		for _, value := range values {
			dst = value(dst, row)
		}
		return dst
	}
}
