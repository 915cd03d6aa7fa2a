package arrowipc

import (
	"github.com/apache/arrow/go/v17/arrow"

	"edgeframe/codec"
)

// Field numbers of the tables in Arrow's Schema.fbs, Message.fbs and File.fbs.
const (
	messageVersion, messageHeaderType, messageHeader, messageBodyLength = 0, 1, 2, 3
	schemaEndianness, schemaFields, schemaMetadata                      = 0, 1, 2
	fieldName, fieldTypeKind, fieldType                                 = 0, 2, 3
	fieldDictionary, fieldChildren, fieldMetadata                       = 4, 5, 6
	dictionaryID                                                        = 0
	keyValueKey, keyValueValue                                          = 0, 1
	footerSchema, footerDictionaries, footerRecordBatches               = 1, 2, 3
	batchLength, batchNodes, batchBuffers                               = 0, 1, 2
	batchCompression, batchVariadicCounts                               = 3, 4
	dictionaryBatchID, dictionaryBatchData, dictionaryBatchIsDelta      = 0, 1, 2
)

// fieldShape is what an arrow.Field does not have: the ids of its dictionaries, and the width in bytes of
// decimals that are narrower than their type, otherwise 0.
type fieldShape struct {
	dictionary    int64
	hasDictionary bool
	narrow        int
	children      []fieldShape
}

// dictionaryShape is the type of a dictionary, the width of narrow decimals and the shapes of the children of
// its values.
type dictionaryShape struct {
	values   arrow.DataType
	narrow   int
	children []fieldShape
}

// schemaReader checks a Schema table before arrow-go decodes it. arrow-go trusts its counts and
// decodes shared children once per reference.
type schemaReader struct {
	budget *codec.Budget
	limits codec.Limits
	fields int
	// column is the name of the column that is being checked.
	column string
	// narrow are the fields with decimals of fewer than 128 bits.
	narrow []flatTable
	notes  []string
}

// read checks table and returns the schema that open decodes, and the shapes of its fields.
func (r *schemaReader) read(table flatTable, open func() (*arrow.Schema, error)) (*arrow.Schema, []fieldShape, error) {
	if table.i16(schemaEndianness) != 0 {
		return nil, nil, codec.Errorf(codec.ErrUnsupported, "the Arrow data is big-endian; send it little-endian")
	}
	fields := table.vector(schemaFields, 4)
	if fields.n > r.limits.Columns {
		return nil, nil, codec.Errorf(codec.ErrTooLarge, "%d columns are more than the %d that a dataframe may have", fields.n, r.limits.Columns)
	}
	shapes := make([]fieldShape, fields.n)
	for i := range shapes {
		r.column = fields.table(i).text(fieldName)
		if err := r.field(fields.table(i), 1, &shapes[i]); err != nil {
			return nil, nil, err
		}
	}
	r.metadata(table.vector(schemaMetadata, 4))
	if table.buf.bad {
		return nil, nil, codec.Errorf(codec.ErrMalformed, "the schema of the Arrow data is damaged")
	}
	declareWide(r.narrow)
	schema, err := open()
	if err != nil {
		return nil, nil, &codec.Error{Kind: codec.ErrMalformed, Detail: "the schema of the Arrow data cannot be read: its types do not fit together", Err: err}
	}
	for _, f := range schema.Fields() {
		if _, err := codec.CheckType(f.Type); err != nil {
			return nil, nil, codec.Errorf(codec.ErrUnsupported, "column %q: %v", f.Name, err)
		}
	}
	return schema, shapes, nil
}

// field checks a field that is nested in depth-1 others. The innermost one, which has plain values,
// does not count as a level of nesting.
func (r *schemaReader) field(f flatTable, depth int, shape *fieldShape) error {
	if depth > r.limits.Depth+1 {
		return codec.Errorf(codec.ErrTooLarge, "a column is nested deeper than %d levels", r.limits.Depth)
	}
	// A field is charged for every reference, so that a few bytes with many references cost what
	// they expand to.
	r.budget.Take(256)
	r.budget.Take(int64(f.vector(fieldName, 1).n))
	switch f.u8(fieldTypeKind) {
	case timestampKind:
		r.budget.Take(int64(f.table(fieldType).vector(timestampTimezone, 1).n))
	case unionKind:
		r.budget.Take(int64(f.table(fieldType).vector(unionTypeIDs, 4).n))
	}
	r.metadata(f.vector(fieldMetadata, 4))
	if f.has(fieldDictionary) {
		shape.hasDictionary = true
		shape.dictionary = f.table(fieldDictionary).i64(dictionaryID)
	}
	problem := invalidType(f)
	if f.buf.bad {
		return codec.Errorf(codec.ErrMalformed, "the schema of the Arrow data is damaged")
	}
	if problem != "" {
		return codec.Errorf(codec.ErrMalformed, "column %q of the Arrow data has %s", codec.Shorten(r.column), problem)
	}
	if shape.narrow = narrowDecimal(f); shape.narrow > 0 {
		dt := f.table(fieldType)
		r.narrow = append(r.narrow, f)
		r.notes = codec.AddNote(r.notes, "column %q: decimal%d is kept as decimal128 of the same precision and scale", codec.Shorten(r.column), dt.i32Or(decimalBitWidth, 128))
	}
	children := f.vector(fieldChildren, 4)
	if r.fields += 1 + children.n; r.fields > 10*r.limits.Columns {
		return codec.Errorf(codec.ErrTooLarge, "the columns have more than %d nested fields", 10*r.limits.Columns)
	}
	shape.children = make([]fieldShape, children.n)
	for i := range shape.children {
		if err := r.field(children.table(i), depth+1, &shape.children[i]); err != nil {
			return err
		}
	}
	return nil
}

// metadata charges the budget for key-value pairs.
func (r *schemaReader) metadata(pairs flatVector) {
	for i := range pairs.n {
		pair := pairs.table(i)
		r.budget.Take(int64(64 + pair.vector(keyValueKey, 1).n + pair.vector(keyValueValue, 1).n))
	}
}
