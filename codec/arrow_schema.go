package codec

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
)

// Numbers of the fields of the tables in Arrow's Schema.fbs, Message.fbs and File.fbs.
const (
	messageVersion, messageHeaderType, messageHeader, messageBodyLength = 0, 1, 2, 3
	schemaEndianness, schemaFields, schemaMetadata                      = 0, 1, 2
	fieldName, fieldTypeKind, fieldType                                 = 0, 2, 3
	fieldDictionary, fieldChildren, fieldMetadata                       = 4, 5, 6
	dictionaryID                                                        = 0
	timestampTimezone, unionTypeIDs                                     = 1, 1
	keyValueKey, keyValueValue                                          = 0, 1
	footerSchema, footerDictionaries, footerRecordBatches               = 1, 2, 3
	batchLength, batchNodes, batchBuffers                               = 0, 1, 2
	batchCompression, batchVariadicCounts                               = 3, 4
	dictionaryBatchID, dictionaryBatchData, dictionaryBatchIsDelta      = 0, 1, 2
)

// Values of fieldTypeKind for types that have parts of any size.
const (
	timestampKind = 10
	unionKind     = 14
)

// maxFieldWidth is the largest number of bytes that a value of a type of fixed size may
// take. Types can claim gigabytes for a value without holding a single one.
const maxFieldWidth = 1 << 16

// fieldShape is what an arrow.Field does not tell: which dictionary belongs to it.
type fieldShape struct {
	dictionary    int64
	hasDictionary bool
	children      []fieldShape
}

// dictionaryShape is the type of a dictionary and the dictionaries inside of it.
type dictionaryShape struct {
	values   arrow.DataType
	children []fieldShape
}

// schemaReader checks a Schema table before arrow-go sees it, which would trust its counts
// and follow shared children as often as they are mentioned.
type schemaReader struct {
	budget *budget
	limits Limits
	fields int
}

// read checks table and returns what open, which has arrow-go read it, makes of it.
func (r *schemaReader) read(table flatTable, open func() (*arrow.Schema, error)) (*arrow.Schema, []fieldShape, error) {
	if table.i16(schemaEndianness) != 0 {
		return nil, nil, Errorf(ErrUnsupported, "the Arrow data is big-endian; send it little-endian")
	}
	fields := table.vector(schemaFields, 4)
	if fields.n > r.limits.Columns {
		return nil, nil, Errorf(ErrTooLarge, "%d columns are more than the %d that a dataframe may have", fields.n, r.limits.Columns)
	}
	shapes := make([]fieldShape, fields.n)
	for i := range shapes {
		if err := r.field(fields.table(i), 1, &shapes[i]); err != nil {
			return nil, nil, err
		}
	}
	r.metadata(table.vector(schemaMetadata, 4))
	if table.buf.bad {
		return nil, nil, Errorf(ErrMalformed, "the schema of the Arrow data is damaged")
	}
	schema, err := open()
	if err != nil {
		return nil, nil, Errorf(ErrMalformed, "the schema of the Arrow data cannot be read: %v", err)
	}
	for _, f := range schema.Fields() {
		if _, err := checkType(f.Type); err != nil {
			return nil, nil, Errorf(ErrUnsupported, "column %q: %v", f.Name, err)
		}
	}
	return schema, shapes, nil
}

// field reads a field that stands in depth-1 others. The innermost one, which holds plain
// values, is no level of nesting.
func (r *schemaReader) field(f flatTable, depth int, shape *fieldShape) error {
	if depth > r.limits.Depth+1 {
		return Errorf(ErrTooLarge, "a column is nested deeper than %d levels", r.limits.Depth)
	}
	// What arrow-go makes of a field is charged for every mention of it, so that a few
	// bytes that are mentioned often cost what they expand to.
	r.budget.take(256)
	r.budget.take(int64(f.vector(fieldName, 1).n))
	switch f.u8(fieldTypeKind) {
	case timestampKind:
		r.budget.take(int64(f.table(fieldType).vector(timestampTimezone, 1).n))
	case unionKind:
		r.budget.take(int64(f.table(fieldType).vector(unionTypeIDs, 4).n))
	}
	r.metadata(f.vector(fieldMetadata, 4))
	if f.has(fieldDictionary) {
		shape.hasDictionary = true
		shape.dictionary = f.table(fieldDictionary).i64(dictionaryID)
	}
	children := f.vector(fieldChildren, 4)
	if r.fields += 1 + children.n; r.fields > 10*r.limits.Columns {
		return Errorf(ErrTooLarge, "the columns have more than %d nested fields", 10*r.limits.Columns)
	}
	shape.children = make([]fieldShape, children.n)
	for i := range shape.children {
		if err := r.field(children.table(i), depth+1, &shape.children[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *schemaReader) metadata(pairs flatVector) {
	for i := range pairs.n {
		pair := pairs.table(i)
		r.budget.take(int64(64 + pair.vector(keyValueKey, 1).n + pair.vector(keyValueValue, 1).n))
	}
}

// checkType returns the number of bytes that a value of t takes at least, or an error if t
// makes no sense.
func checkType(t arrow.DataType) (width int64, err error) {
	children := int64(0)
	if nested, ok := t.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			w, err := checkType(f.Type)
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
		_, err = checkType(t.ValueType)
	case arrow.UnionType:
		width, err = children, checkUnion(t)
	case arrow.DecimalType:
		width, err = 32, checkDecimal(t)
	case arrow.FixedWidthDataType:
		width = int64(t.Bytes())
	case *arrow.StructType:
		width = children
	}
	if width > maxFieldWidth {
		return 0, fmt.Errorf("values of type %s take more than %d bytes each", t.Name(), maxFieldWidth)
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

func checkDecimal(t arrow.DecimalType) error {
	most := int32(38)
	if t.ID() == arrow.DECIMAL256 {
		most = 76
	}
	if p, s := t.GetPrecision(), t.GetScale(); p < 1 || p > most || s > math.MaxInt8 || s < math.MinInt8 {
		return fmt.Errorf("a decimal of precision %d and scale %d", p, s)
	}
	return nil
}

// maxNameBytes is the longest name of a column. JSON repeats names for every row.
const maxNameBytes = 4096

// checkNames refuses column names that cannot be addressed.
func checkNames(schema *arrow.Schema) error {
	seen := make(map[string]bool, schema.NumFields())
	for i, f := range schema.Fields() {
		if f.Name == "" {
			return Errorf(ErrMalformed, "column %d has no name", i)
		}
		if len(f.Name) > maxNameBytes {
			return Errorf(ErrTooLarge, "column %d has a name of %d bytes; the most is %d", i, len(f.Name), maxNameBytes)
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
