package scalar

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// Accepted says in an error message what a type takes, with an example in JSON.
func Accepted(dt arrow.DataType) string {
	switch t := ValueType(dt).(type) {
	case *arrow.BooleanType:
		return "true or false"
	case arrow.DecimalType:
		whole := max(t.GetPrecision()-t.GetScale(), 0)
		return fmt.Sprintf("numbers of at most %d digits before and %d behind the point, such as 1", whole, t.GetScale())
	case *arrow.Date32Type, *arrow.Date64Type:
		return `dates such as "2026-01-18"`
	case *arrow.Time32Type, *arrow.Time64Type:
		return `times such as "10:30:00"`
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return `times such as "2026-01-18T10:30:00Z"`
		}
		return `times without a zone, such as "2026-01-18T10:30:00"`
	case *arrow.DurationType:
		return `durations such as "PT1.5S"`
	case *arrow.NullType:
		return "only null"
	case arrow.ListLikeType:
		return "lists such as []"
	case *arrow.StructType:
		return "objects such as {}"
	case arrow.ExtensionType:
		return "what " + DType(t.StorageType()) + " takes"
	}
	return acceptedPlain(ValueType(dt))
}

// acceptedPlain is [Accepted] for types without parameters.
func acceptedPlain(dt arrow.DataType) string {
	switch id := dt.ID(); {
	case IsText(dt):
		return `text such as "abc"`
	case isSixteenBytes(dt):
		return `UUIDs such as "550e8400-e29b-41d4-a716-446655440000", or text of base64`
	case arrow.IsBaseBinary(id), id == arrow.FIXED_SIZE_BINARY:
		return `text of base64 such as "AAEC"`
	case arrow.IsFloating(id):
		return "numbers such as 1.5"
	case arrow.IsInteger(id):
		const widest = 64 // whose ends nobody needs to know
		bits := uint(8 * dt.(arrow.FixedWidthDataType).Bytes())
		switch {
		case bits == widest && arrow.IsUnsignedInteger(id):
			return "whole numbers from 0, such as 7"
		case bits == widest:
			return "whole numbers such as 7"
		case arrow.IsUnsignedInteger(id):
			return fmt.Sprintf("whole numbers from 0 to %d, such as 7", uint64(1)<<bits-1)
		}
		return fmt.Sprintf("whole numbers from %d to %d, such as 7", int64(-1)<<(bits-1), int64(1)<<(bits-1)-1)
	}
	return "other values"
}
