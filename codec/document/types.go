package document

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec/scalar"
)

// kinds is a set of kinds of values.
type kinds uint32

const (
	kindBool      kinds = 1 << iota
	kindInt             // an integer that int64 and float64 keep
	kindWide            // an integer that int64 keeps and float64 does not
	kindNegative        // set along with kindInt or kindWide
	kindUint            // an integer beyond int64 that uint64 keeps
	kindBig             // an integer beyond int64 that float64 keeps
	kindFloat           // a number with a fraction or exponent that float64 keeps
	kindFloat32         // a float of 32 bits
	kindRespelled       // set along with a number: a float64 of this value has other digits in its shortest spelling
	kindDigits          // a number with more digits than any of these types keeps
	kindString          //
	kindBinary          //
	kindTime            // an instant that nanoseconds and microseconds since 1970 keep
	kindTimeNano        // an instant that only nanoseconds keep
	kindTimeFar         // an instant that only microseconds keep
	kindList            //
	kindObject          //
	kindOpen            // set along with kindObject: too many different names for a struct
)

var (
	timestampMicros = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	timestampNanos  = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
)

// dataType is a type that loses nothing of a column's values. If no other type has them all, it is utf8:
// strings stay as they are, other scalars keep their spelling, and lists and
// objects become compact JSON.
func (c *dynColumn) dataType() arrow.DataType {
	if c.values != nil {
		return c.values.DataType()
	}
	if t := c.unified(); t != nil {
		return t
	}
	return arrow.BinaryTypes.String
}

// allNumbers are the kinds of numbers.
const allNumbers = kindInt | kindWide | kindNegative | kindUint | kindBig | kindFloat | kindFloat32 | kindRespelled | kindDigits

// typeFor is the type in which the values of a column are decoded if the table shall have it as want. Numbers
// that shall be text are decoded as text, and so are those that shall be decimals and that a
// float64 would round.
func (c *dynColumn) typeFor(want arrow.DataType) arrow.DataType {
	exact := want != nil && (scalar.IsText(want) || arrow.IsDecimal(want.ID()) && c.kinds&kindRespelled != 0)
	if exact && c.kinds != 0 && c.kinds&^allNumbers == 0 {
		return arrow.BinaryTypes.String
	}
	return c.dataType()
}

// unified returns the type that all values have without any of them becoming text, or nil.
func (c *dynColumn) unified() arrow.DataType {
	switch c.kinds {
	case kindList:
		elem := c.elem.unified()
		if elem == nil {
			return nil
		}
		return arrow.ListOf(elem)
	case kindObject:
		fields := make([]arrow.Field, len(c.fields.columns))
		for i, f := range c.fields.columns {
			t := f.unified()
			if t == nil {
				return nil
			}
			fields[i] = arrow.Field{Name: f.name, Type: t, Nullable: true}
		}
		return arrow.StructOf(fields...)
	}
	return scalarType(c.kinds)
}

// scalarType returns the type that keeps scalars of all the kinds in k, or nil.
func scalarType(k kinds) arrow.DataType {
	only := func(allowed kinds) bool { return k&^allowed == 0 }
	switch {
	case k == 0:
		return arrow.Null
	case only(kindBool):
		return arrow.FixedWidthTypes.Boolean
	case only(kindInt | kindWide | kindNegative | kindRespelled):
		return arrow.PrimitiveTypes.Int64
	case only(kindInt | kindWide | kindUint | kindRespelled):
		return arrow.PrimitiveTypes.Uint64
	case only(kindFloat32):
		return arrow.PrimitiveTypes.Float32
	case k&(kindFloat|kindFloat32) != 0 && only(kindFloat|kindFloat32|kindInt|kindNegative|kindBig|kindRespelled):
		return arrow.PrimitiveTypes.Float64
	case only(kindString):
		return arrow.BinaryTypes.String
	case only(kindBinary):
		return arrow.BinaryTypes.Binary
	case only(kindTime | kindTimeFar):
		return timestampMicros
	case only(kindTime | kindTimeNano):
		return timestampNanos
	}
	return nil
}

// intKind is the kind of an integer.
func intKind(v int64) kinds {
	const safe = 1 << 53 // up to which a float64 is spelled as the integer
	k := kindInt
	switch {
	case !scalar.ExactInFloat64(v):
		k = kindWide
	case v > safe || v < -safe:
		if _, same := scalar.DigitsKept(strconv.AppendInt(nil, v, 10)); !same {
			k |= kindRespelled
		}
	}
	if v < 0 {
		k |= kindNegative
	}
	return k
}

// timeKind is the kind of an instant; 0 if neither unit keeps it.
func timeKind(v time.Time) kinds {
	const (
		nanoSeconds  = math.MaxInt64/1_000_000_000 - 1 // about how far nanoseconds reach
		microSeconds = math.MaxInt64/1_000_000 - 1
	)
	sec := v.Unix()
	near := -nanoSeconds <= sec && sec <= nanoSeconds
	switch whole := v.Nanosecond()%1e3 == 0; {
	case near && whole:
		return kindTime
	case near:
		return kindTimeNano
	case whole && -microSeconds <= sec && sec <= microSeconds:
		return kindTimeFar
	}
	return 0
}
