package scalar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// DType is the name of a type, as Arrow prints it.
func DType(t arrow.DataType) string {
	if s, ok := t.(fmt.Stringer); ok {
		return s.String()
	}
	return t.Name()
}

// plainTypes are the types whose names take no parameters.
var plainTypes = map[string]arrow.DataType{
	"null":         arrow.Null,
	"bool":         arrow.FixedWidthTypes.Boolean,
	"int8":         arrow.PrimitiveTypes.Int8,
	"int16":        arrow.PrimitiveTypes.Int16,
	"int32":        arrow.PrimitiveTypes.Int32,
	"int64":        arrow.PrimitiveTypes.Int64,
	"uint8":        arrow.PrimitiveTypes.Uint8,
	"uint16":       arrow.PrimitiveTypes.Uint16,
	"uint32":       arrow.PrimitiveTypes.Uint32,
	"uint64":       arrow.PrimitiveTypes.Uint64,
	"float16":      arrow.FixedWidthTypes.Float16,
	"float32":      arrow.PrimitiveTypes.Float32,
	"float64":      arrow.PrimitiveTypes.Float64,
	"utf8":         arrow.BinaryTypes.String,
	"large_utf8":   arrow.BinaryTypes.LargeString,
	"binary":       arrow.BinaryTypes.Binary,
	"large_binary": arrow.BinaryTypes.LargeBinary,
	"date32":       arrow.FixedWidthTypes.Date32,
	"date64":       arrow.FixedWidthTypes.Date64,
	"time32[s]":    arrow.FixedWidthTypes.Time32s,
	"time32[ms]":   arrow.FixedWidthTypes.Time32ms,
	"time64[us]":   arrow.FixedWidthTypes.Time64us,
	"time64[ns]":   arrow.FixedWidthTypes.Time64ns,
	"duration[s]":  arrow.FixedWidthTypes.Duration_s,
	"duration[ms]": arrow.FixedWidthTypes.Duration_ms,
	"duration[us]": arrow.FixedWidthTypes.Duration_us,
	"duration[ns]": arrow.FixedWidthTypes.Duration_ns,
}

const acceptedTypes = "null, bool, int8 to int64, uint8 to uint64, float16, float32, float64, utf8, large_utf8, " +
	"binary, large_binary, date32, date64, time32[s|ms], time64[us|ns], timestamp[s|ms|us|ns], " +
	"timestamp[unit, tz=Zone], duration[s|ms|us|ns], decimal(precision, scale) and decimal256(precision, scale)"

// The patterns are compiled on first use: a Worker starts when its first request arrives, and few
// requests name a type.
var (
	timestampName = lazily(`^timestamp\[(s|ms|us|ns)(?:, *tz=([A-Za-z0-9_+:/-]{1,64}))?\]$`)
	decimalName   = lazily(`^decimal(128|256)?\( *([0-9]{1,2}) *, *(-?[0-9]{1,2}) *\)$`)
)

func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// ParseDType returns the type that a user named. It accepts what [DType] says of types
// without children; for anything else the error is [codec.ErrUnsupported] with a list of the types.
func ParseDType(s string) (arrow.DataType, error) {
	name := strings.TrimSpace(s)
	if t, ok := plainTypes[name]; ok {
		return t, nil
	}
	if m := timestampName().FindStringSubmatch(name); m != nil {
		return &arrow.TimestampType{Unit: timeUnits[m[1]], TimeZone: m[2]}, nil
	}
	if m := decimalName().FindStringSubmatch(name); m != nil {
		return parseDecimalType(m[1], m[2], m[3])
	}
	return nil, codec.Errorf(codec.ErrUnsupported, "unknown dtype %.100q; accepted are %s", s, acceptedTypes)
}

var timeUnits = map[string]arrow.TimeUnit{
	"s":  arrow.Second,
	"ms": arrow.Millisecond,
	"us": arrow.Microsecond,
	"ns": arrow.Nanosecond,
}

// parseDecimalType takes the parts that decimalName has matched, which are short numbers.
func parseDecimalType(bits, precision, scale string) (arrow.DataType, error) {
	p, _ := strconv.ParseInt(precision, 10, 32)
	s, _ := strconv.ParseInt(scale, 10, 32)
	id := arrow.DECIMAL128
	if bits == "256" {
		id = arrow.DECIMAL256
	}
	t, err := arrow.NewDecimalType(id, int32(p), int32(s))
	if err == nil {
		err = codec.CheckDecimal(t)
	}
	if err != nil {
		return nil, codec.Errorf(codec.ErrUnsupported, "dtype decimal%s(%s, %s) is not possible: the precision is 1 to 38, of decimal256 1 to 76", bits, precision, scale)
	}
	return t, nil
}
