package scalar

import (
	"fmt"
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

// plainTypes returns the types whose names take no parameters.
var plainTypes = sync.OnceValue(func() map[string]arrow.DataType {
	return map[string]arrow.DataType{
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
})

const acceptedTypes = "null, bool, int8 to int64, uint8 to uint64, float16, float32, float64, utf8, large_utf8, " +
	"binary, large_binary, date32, date64, time32[s|ms], time64[us|ns], timestamp[s|ms|us|ns], " +
	"timestamp[unit, tz=Zone], duration[s|ms|us|ns], decimal(precision, scale) and decimal256(precision, scale)"

// ParseDType returns the type that a user named. It accepts what [DType] says of types
// without children; for anything else the error is [codec.ErrUnsupported] with a list of the types.
func ParseDType(s string) (arrow.DataType, error) {
	name := strings.TrimSpace(s)
	if t, ok := plainTypes()[name]; ok {
		return t, nil
	}
	if t, ok := parseTimestampType(name); ok {
		return t, nil
	}
	if bits, precision, scale, ok := cutDecimal(name); ok {
		return parseDecimalType(bits, precision, scale)
	}
	return nil, codec.Errorf(codec.ErrUnsupported, "unknown dtype %.100q; accepted are %s", s, acceptedTypes)
}

// ParseFormattedDType is [ParseDType] for types that may have a format for dates and times:
// date32[%d/%m/%Y], timestamp[us, %d.%m.%Y %H:%M], timestamp[us, tz=UTC, %Y-%m-%d %H:%M %z],
// timestamp[ms, epoch[ms]], time32[s, %H.%M]. format is "" if there is none; [ParseTimeFormat] accepts it
// otherwise.
func ParseFormattedDType(s string) (dt arrow.DataType, format string, err error) {
	if dt, err = ParseDType(s); err == nil {
		return dt, "", nil
	}
	name, format, ok := cutFormat(strings.TrimSpace(s))
	if !ok {
		return nil, "", codec.Errorf(codec.ErrUnsupported, "%s; dates and times may have a format, such as date32[%%d/%%m/%%Y]", err)
	}
	if dt, err = ParseDType(name); err != nil {
		return nil, "", err
	}
	_, err = ParseTimeFormat(format, dt)
	return dt, format, err
}

// cutFormat cuts the format out of the name of a type.
func cutFormat(s string) (name, format string, ok bool) {
	base, inner, _ := strings.Cut(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !closed {
		return "", "", false
	}
	if base == "date32" || base == "date64" {
		return base, inner, true
	}
	unit, format, ok := strings.Cut(inner, ",")
	if _, known := timeUnits[unit]; !ok || !known {
		return "", "", false
	}
	if format = strings.TrimPrefix(format, " "); strings.HasPrefix(format, "tz=") {
		var zone string
		if zone, format, ok = strings.Cut(format, ","); !ok {
			return "", "", false
		}
		unit += ", " + zone
		format = strings.TrimPrefix(format, " ")
	}
	return base + "[" + unit + "]", format, true
}

var timeUnits = map[string]arrow.TimeUnit{
	"s":  arrow.Second,
	"ms": arrow.Millisecond,
	"us": arrow.Microsecond,
	"ns": arrow.Nanosecond,
}

// parseTimestampType reads timestamp[unit] and timestamp[unit, tz=Zone]. It uses no regular expression,
// because the Worker would link that package for little else.
func parseTimestampType(name string) (*arrow.TimestampType, bool) {
	inner, ok := strings.CutPrefix(name, "timestamp[")
	if !ok || !strings.HasSuffix(inner, "]") {
		return nil, false
	}
	unit, zone, zoned := strings.Cut(inner[:len(inner)-1], ",")
	if zoned {
		zone, ok = strings.CutPrefix(strings.TrimLeft(zone, " "), "tz=")
		ok = ok && isZoneName(zone)
	}
	u, known := timeUnits[unit]
	return &arrow.TimestampType{Unit: u, TimeZone: zone}, ok && known
}

// isZoneName reports whether a text may be the name of a time zone or an offset: 1 to 64 letters,
// digits and _ + : / -.
func isZoneName(s string) bool {
	allowed := func(r rune) bool {
		return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("_+:/-", r)
	}
	return len(s) >= 1 && len(s) <= 64 && strings.TrimFunc(s, allowed) == ""
}

// cutDecimal cuts decimal(precision, scale), where decimal may be decimal128 or decimal256, into its
// parts. The numbers have at most two digits.
func cutDecimal(name string) (bits, precision, scale string, ok bool) {
	head, inner, found := strings.Cut(name, "(")
	bits, isDecimal := strings.CutPrefix(head, "decimal")
	inner, closed := strings.CutSuffix(inner, ")")
	precision, scale, two := strings.Cut(inner, ",")
	precision, scale = strings.Trim(precision, " "), strings.Trim(scale, " ")
	ok = found && isDecimal && closed && two && (bits == "" || bits == "128" || bits == "256") &&
		isShortNumber(precision) && isShortNumber(strings.TrimPrefix(scale, "-"))
	return bits, precision, scale, ok
}

func isShortNumber(s string) bool {
	return len(s) >= 1 && len(s) <= 2 && strings.Trim(s, "0123456789") == ""
}

// parseDecimalType takes the parts that cutDecimal returns.
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
