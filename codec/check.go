package codec

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// MaxFieldWidth is the largest size in bytes of a value of a fixed-size type. Without a limit, an
// input could declare values of gigabytes and contain none.
const MaxFieldWidth = 1 << 16

// CheckType returns the smallest number of bytes that a value of t takes. It returns an error if t is
// not valid or a value takes more than [MaxFieldWidth] bytes.
func CheckType(t arrow.DataType) (width int64, err error) {
	children := int64(0)
	if nested, ok := t.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			w, err := CheckType(f.Type)
			if err != nil {
				return 0, err
			}
			children += w
		}
	}
	switch t := t.(type) {
	case *arrow.FixedSizeListType:
		if t.Len() < 0 {
			return 0, fmt.Errorf("lists of %d elements", t.Len())
		}
		width = int64(t.Len()) * max(children, 1)
	case *arrow.FixedSizeBinaryType:
		if t.ByteWidth < 0 {
			return 0, fmt.Errorf("values of %d bytes", t.ByteWidth)
		}
		width = int64(t.ByteWidth)
	case *arrow.DictionaryType:
		width = int64(t.Bytes())
		_, err = CheckType(t.ValueType)
	case arrow.UnionType:
		width, err = children, checkUnion(t)
	case arrow.DecimalType:
		width, err = 32, CheckDecimal(t)
	case arrow.FixedWidthDataType:
		width = int64(t.Bytes())
	case *arrow.StructType:
		width = children
	}
	if width > MaxFieldWidth {
		return 0, fmt.Errorf("values of type %s take more than %d bytes each", t.Name(), MaxFieldWidth)
	}
	return width, err
}

func checkUnion(t arrow.UnionType) error {
	seen := map[arrow.UnionTypeCode]bool{}
	for _, code := range t.TypeCodes() {
		if code < 0 || seen[code] {
			return fmt.Errorf("the type code %d of a union is negative or there twice", code)
		}
		seen[code] = true
	}
	return nil
}

// CheckDecimal returns an error if the precision or the scale of t is out of range.
func CheckDecimal(t arrow.DecimalType) error {
	most := int32(38)
	if t.ID() == arrow.DECIMAL256 {
		most = 76
	}
	if p, s := t.GetPrecision(), t.GetScale(); p < 1 || p > most || s > math.MaxInt8 || s < math.MinInt8 {
		return fmt.Errorf("a decimal of precision %d and scale %d", p, s)
	}
	return nil
}

// CheckNames rejects column names that are empty, not UTF-8 or repeated: such a column cannot be
// addressed. The error is [ErrMalformed].
func CheckNames(schema *arrow.Schema) error {
	seen := make(map[string]bool, schema.NumFields())
	for i, f := range schema.Fields() {
		if f.Name == "" {
			return Errorf(ErrMalformed, "column %d has no name", i)
		}
		if !utf8.ValidString(f.Name) {
			return Errorf(ErrMalformed, "the name of column %d is not valid UTF-8: %q", i, f.Name)
		}
		if seen[f.Name] {
			return Errorf(ErrMalformed, "there are two columns named %q", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// maxNameBytes is the length in bytes of the longest column name in a binary format. There, a name can
// be far larger than the data, and JSON repeats it for every row.
const maxNameBytes = 4096

// CheckNameLengths rejects column names of more than maxNameBytes with [ErrTooLarge].
func CheckNameLengths(schema *arrow.Schema) error {
	for i, f := range schema.Fields() {
		if len(f.Name) > maxNameBytes {
			return Errorf(ErrTooLarge, "column %d has a name of %d bytes; the most is %d", i, len(f.Name), maxNameBytes)
		}
	}
	return nil
}

// NewRecord returns a record with that many rows, even if it has no columns.
func NewRecord(schema *arrow.Schema, columns []arrow.Array, rows uint32) arrow.Record {
	return array.NewRecord(schema, columns, int64(rows))
}
